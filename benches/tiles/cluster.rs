//! What a PostgreSQL server has spent.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::cpu::{TICKS_PER_S, fields, ticks};

/// CPU time of a PostgreSQL server in a folder so far: its own, of its backends, and of those that
/// have ended.
pub(crate) fn cpu(folder: &Path) -> anyhow::Result<Duration> {
    let pid_file = fs::read_to_string(folder.join("postmaster.pid"))?;
    let postmaster: u32 = pid_file.lines().next().context("a pid")?.trim().parse()?;
    let mut sum = ticks(&fields(postmaster)?, &[14, 15, 16, 17])?;
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // may have ended meanwhile
        if let Ok(fields) = fields(pid)
            && fields[1] == postmaster.to_string()
        {
            sum += ticks(&fields, &[14, 15])?;
        }
    }
    Ok(Duration::from_secs_f64(sum / TICKS_PER_S))
}
