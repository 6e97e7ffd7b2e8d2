//! What processes have spent: `/proc/<pid>/stat`, proc(5).

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

/// Of Linux, whatever the machine: `sysconf(_SC_CLK_TCK)`.
pub(crate) const TICKS_PER_S: f64 = 100.0;

/// Fields after the command's name, which may hold anything: the first is the state.
pub(crate) fn fields(pid: u32) -> anyhow::Result<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("a stat line")?;
    Ok(fields.split_whitespace().map(str::to_owned).collect())
}

/// Sum of fields of a stat line, by their numbers in proc(5).
pub(crate) fn ticks(fields: &[String], numbers: &[usize]) -> anyhow::Result<f64> {
    let mut sum = 0.0;
    for number in numbers {
        // proc(5) counts from 1, and the first two fields are cut off
        sum += fields[number - 3].parse::<f64>()?;
    }
    Ok(sum)
}

/// CPU time of a process so far: utime and stime.
pub(crate) fn of_process(pid: u32) -> anyhow::Result<Duration> {
    let ticks = ticks(&fields(pid)?, &[14, 15])?;
    Ok(Duration::from_secs_f64(ticks / TICKS_PER_S))
}

/// Bytes of memory that a process has in use (`VmRSS`).
pub(crate) fn resident_bytes(pid: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kib.context("VmRSS")?.parse::<u64>()? * 1024)
}
