//! Whom the embedded server runs as: PostgreSQL refuses root.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use nix::unistd::{Uid, User};

/// The user and group of the embedded server.
#[derive(Debug, Clone)]
pub(super) struct ServerUser {
    /// `None`: the user we run as.
    other: Option<User>,
}

impl ServerUser {
    /// Ourselves, or when we are root the first that exists of `postgres` and `nobody`.
    pub(super) fn choose() -> anyhow::Result<Self> {
        if !Uid::effective().is_root() {
            return Ok(Self { other: None });
        }
        for name in ["postgres", "nobody"] {
            if let Some(user) = User::from_name(name).context("look up system users")? {
                return Ok(Self { other: Some(user) });
            }
        }
        bail!("the embedded database may not run as root, and there is no user postgres or nobody");
    }

    /// Makes `command` run as this user, away from our terminal's Ctrl-C.
    pub(super) fn run_as(&self, command: &mut Command) {
        command.process_group(0);
        if let Some(user) = &self.other {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
    }

    /// Gives a file or folder to this user.
    pub(super) fn own(&self, path: &Path) -> anyhow::Result<()> {
        let Some(user) = &self.other else {
            return Ok(());
        };
        chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
            .with_context(|| format!("give {} to user {}", path.display(), user.name))
    }
}
