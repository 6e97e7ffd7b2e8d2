//! One program per data folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process;

use anyhow::Context;

/// Holds the data folder; the kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

/// Another process holds the data folder.
#[derive(Debug, thiserror::Error)]
#[error("the data folder {} is in use by process {pid}; stop that one first, or give this one another folder with --data-dir", folder.display())]
pub struct FolderInUse {
    pub folder: PathBuf,
    /// Its process id, as it wrote it down.
    pub pid: String,
}

impl FolderLock {
    /// Takes the folder, or says who has it.
    ///
    /// # Errors
    /// The outer error is the file system's; the inner one means that another process holds it.
    pub fn try_take(folder: &Path) -> anyhow::Result<Result<Self, FolderInUse>> {
        let path = folder.join("cityward.lock");
        let what = || format!("lock the data folder with {}", path.display());
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(what)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).with_context(what)?;
                file.rewind().with_context(what)?;
                writeln!(file, "{}", process::id()).with_context(what)?;
                Ok(Ok(Self { _file: file }))
            }
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid).with_context(what)?;
                let folder = folder.to_owned();
                let pid = pid.trim().to_owned();
                Ok(Err(FolderInUse { folder, pid }))
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(what),
        }
    }
}
