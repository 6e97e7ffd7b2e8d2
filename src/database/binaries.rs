//! Where PostgreSQL's programs are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

/// The folder with `postgres` and `initdb`: the one given, the newest of Debian's, or the first
/// on the search path.
pub(super) fn find_binaries(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    let has_both = |bin: &PathBuf| bin.join("postgres").is_file() && bin.join("initdb").is_file();
    if let Some(given) = given {
        let bin = given.to_owned();
        if has_both(&bin) {
            return Ok(bin);
        }
        bail!(
            "--postgres-bin {} holds no postgres and initdb",
            bin.display()
        );
    }
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(version, bin)| *version >= 15 && has_both(bin))
        .collect();
    versions.sort_unstable();
    if let Some((_, newest)) = versions.pop() {
        return Ok(newest);
    }
    if Command::new("postgres").arg("--version").output().is_ok() {
        // an empty folder makes bare names, which are looked up on the search path
        return Ok(PathBuf::new());
    }
    bail!(
        "PostgreSQL 15 or newer with PostGIS was not found: install the packages postgresql and \
         postgresql-postgis, name its folder with --postgres-bin, or give a server with DATABASE_URL"
    );
}
