//! Whom the embedded server runs as: PostgreSQL refuses root.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use nix::unistd::{Gid, Uid, User};

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

    /// Refuses a folder this user cannot reach because one above it is closed.
    pub(super) fn check_reach(&self, folder: &Path) -> anyhow::Result<()> {
        let Some(user) = &self.other else {
            return Ok(());
        };
        for above in folder.ancestors().skip(1) {
            let facts =
                fs::metadata(above).with_context(|| format!("look at {}", above.display()))?;
            if !may_pass(&facts, user.uid, user.gid) {
                bail!(
                    "the embedded database runs as user {name} (PostgreSQL refuses root), which may not enter {closed}: \
                     choose another place with --data-dir, or open it with `chmod o+x {closed}`",
                    name = user.name,
                    closed = above.display(),
                );
            }
        }
        Ok(())
    }

    /// What a folder above the server's own must at least allow when it is ours to make.
    pub(super) fn folder_mode(&self) -> u32 {
        if self.other.is_some() { 0o711 } else { 0o700 }
    }
}

/// Whether the mode bits let a user through a folder.
fn may_pass(facts: &fs::Metadata, user: Uid, group: Gid) -> bool {
    let mode = facts.permissions().mode();
    let bit = if facts.uid() == user.as_raw() {
        0o100
    } else if facts.gid() == group.as_raw() {
        0o010
    } else {
        0o001
    };
    mode & bit != 0
}
