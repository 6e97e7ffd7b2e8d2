//! What an earlier run left running on the cluster's folder.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::sleep;

/// How long the server of an earlier run may take to finish.
const STOP_MAX: Duration = Duration::from_secs(60);

/// Stops what a killed program, or a killed server, left running on this folder.
pub(super) async fn stop_survivors(folder: &Path) -> anyhow::Result<()> {
    let note = folder.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&note) else {
        return Ok(());
    };
    let pid = text
        .lines()
        .next()
        .and_then(|line| line.trim().parse().ok());
    let postmaster = Pid::from_raw(pid.unwrap_or(0));
    let started = Instant::now();
    let mut signalled = false;
    loop {
        let alive = servers_in(folder)?;
        if alive.is_empty() {
            break;
        }
        if !signalled {
            signalled = true;
            tracing::warn!(%postmaster, "stop the embedded database that outlived its program");
            if alive.contains(&postmaster) {
                stop_process(postmaster, Signal::SIGINT)?;
            } else {
                // their postmaster was killed: nothing they hold can be finished any more
                for pid in alive {
                    stop_process(pid, Signal::SIGQUIT)?;
                }
            }
        }
        if started.elapsed() > STOP_MAX {
            bail!("process {postmaster}, the embedded database of an earlier run, does not stop");
        }
        sleep(Duration::from_millis(20)).await;
    }
    if kill(postmaster, None) != Err(Errno::ESRCH) {
        // The number in the notes is another process by now, or one that ended and that nobody
        // has collected; PostgreSQL would take it for a running server.
        for note in [note, folder.join(".s.PGSQL.5432.lock")] {
            if note.exists() {
                fs::remove_file(&note).with_context(|| format!("remove {}", note.display()))?;
            }
        }
    }
    Ok(())
}

/// Signals a process that may just have ended.
fn stop_process(pid: Pid, signal: Signal) -> anyhow::Result<()> {
    match kill(pid, signal) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("stop process {pid}")),
    }
}

/// The PostgreSQL processes of this cluster: all of them work inside its folder.
fn servers_in(folder: &Path) -> anyhow::Result<Vec<Pid>> {
    let folder = folder.canonicalize().context("find the cluster's folder")?;
    let processes = fs::read_dir("/proc").context("list processes")?;
    Ok(processes
        .flatten()
        .filter_map(|process| {
            let pid: i32 = process.file_name().to_str()?.parse().ok()?;
            // a process that is not ours to look into is not ours at all
            let is_postgres = fs::read_to_string(process.path().join("comm")).ok()? == "postgres\n";
            let works_here = fs::read_link(process.path().join("cwd")).ok()? == folder;
            (is_postgres && works_here).then(|| Pid::from_raw(pid))
        })
        .collect())
}
