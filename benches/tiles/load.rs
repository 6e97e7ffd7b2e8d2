//! Load from wrk, and what it cost whom.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::process::Command;

use crate::visitor::Visitor;
use crate::{cluster, cpu};

const CONNECTIONS: u32 = 16;
/// Of a load that is held back: enough that wrk's milliseconds are fine steps.
const CONNECTIONS_PACED: u32 = 64;

/// A request that is sent again and again.
pub(crate) struct Ask {
    pub(crate) path: String,
    /// What the client has already.
    pub(crate) tag: Option<String>,
}

/// Whose CPU time counts.
pub(crate) struct Payers {
    pub(crate) server: u32,
    pub(crate) cluster: PathBuf,
}

/// What a load showed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    pub(crate) per_s: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// A request, of the server and of the database.
    pub(crate) server_ms: f64,
    pub(crate) database_ms: f64,
}

impl Shown {
    pub(crate) fn cpu_ms(&self) -> f64 {
        self.server_ms + self.database_ms
    }
}

impl Payers {
    fn spent(&self) -> anyhow::Result<(Duration, Duration)> {
        Ok((cpu::of_process(self.server)?, cluster::cpu(&self.cluster)?))
    }

    /// Sends these requests at random from 16 connections.
    pub(crate) async fn under_load(
        &self,
        who: &Visitor,
        coding: &str,
        asks: &[Ask],
        length: Duration,
    ) -> anyhow::Result<Shown> {
        let before = self.spent()?;
        let load = load(who, coding, asks, length, None).await?;
        let after = self.spent()?;
        Ok(Shown {
            per_s: load.per_s,
            p50: load.p50,
            p99: load.p99,
            server_ms: (after.0 - before.0).as_secs_f64() * 1000.0 / load.count,
            database_ms: (after.1 - before.1).as_secs_f64() * 1000.0 / load.count,
        })
    }
}

/// What wrk says of a load.
pub(crate) struct Load {
    pub(crate) count: f64,
    pub(crate) per_s: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

/// Sends these requests at random; `per_s`: about so many a second, by somebody who leaves the machine
/// to whoever is asked.
pub(crate) async fn load(
    who: &Visitor,
    coding: &str,
    asks: &[Ask],
    length: Duration,
    per_s: Option<f64>,
) -> anyhow::Result<Load> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("load.lua");
    std::fs::write(&script, lua(who, coding, asks, per_s)?)?;
    let connections = match per_s {
        Some(_) => CONNECTIONS_PACED,
        None => CONNECTIONS,
    };
    let output = wrk(&who.base, &script, length, connections).await?;
    let number = |text: &str| text.trim().parse::<f64>();
    let line = |what: &str| {
        let line = output.lines().find(|line| line.contains(what));
        line.with_context(|| format!("wrk said nothing of {what}:\n{output}"))
    };
    ensure!(
        !output.contains("Non-2xx") && !output.contains("Socket errors"),
        "not everything was answered:\n{output}"
    );
    let requests = line("requests in")?;
    let percentile = |of: &str| -> anyhow::Result<Duration> {
        let line = output
            .lines()
            .find(|line| line.trim().starts_with(of))
            .with_context(|| format!("wrk said no {of}:\n{output}"))?;
        duration(line.split_whitespace().nth(1).unwrap_or_default())
    };
    Ok(Load {
        count: number(requests.split_whitespace().next().unwrap_or_default())?,
        per_s: number(line("Requests/sec")?.rsplit(':').next().unwrap_or_default())?,
        p50: percentile("50%")?,
        p99: percentile("99%")?,
    })
}

async fn wrk(
    base: &str,
    script: &Path,
    length: Duration,
    connections: u32,
) -> anyhow::Result<String> {
    // a machine that is asked does not carry those who ask
    let output = Command::new("nice")
        .args(["-n", "10", "wrk"])
        .args(["-t", "2", "--latency", "--timeout", "60s"])
        .args(["-c", &connections.to_string()])
        .args(["-d", &format!("{}s", length.as_secs())])
        .arg("-s")
        .arg(script)
        .arg(base)
        .output()
        .await
        .context("wrk is needed: apt install wrk")?;
    ensure!(
        output.status.success(),
        "wrk: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// The requests as a script for wrk, each written out beforehand.
fn lua(who: &Visitor, coding: &str, asks: &[Ask], per_s: Option<f64>) -> anyhow::Result<String> {
    let mut script = String::from("local asks = {\n");
    for ask in asks {
        let tag = ask
            .tag
            .as_ref()
            .map(|tag| format!(", [\"If-None-Match\"] = '{tag}'"))
            .unwrap_or_default();
        let cookie = match &*who.cookie {
            "" => String::new(),
            cookie => format!(", [\"Cookie\"] = '{cookie}'"),
        };
        writeln!(
            script,
            "  {{ '{}', {{ [\"Accept-Encoding\"] = '{coding}'{cookie}{tag} }} }},",
            ask.path
        )?;
    }
    script.push_str(
        "}
local ready = {}
function init(args)
  math.randomseed(42)
  for i, ask in ipairs(asks) do ready[i] = wrk.format('GET', ask[1], ask[2]) end
end
function request() return ready[math.random(#ready)] end
",
    );
    if let Some(per_s) = per_s {
        let pause_ms = f64::from(CONNECTIONS_PACED) / per_s * 1000.0;
        writeln!(script, "function delay() return {pause_ms:.0} end")?;
    }
    Ok(script)
}

/// As wrk writes it: `1.39ms`, `870.00us`, `2.10s`.
fn duration(text: &str) -> anyhow::Result<Duration> {
    let (number, scale) = [("us", 1e-6), ("ms", 1e-3), ("m", 60.0), ("s", 1.0)]
        .into_iter()
        .find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, scale)))
        .with_context(|| format!("{text} is no duration"))?;
    Ok(Duration::from_secs_f64(number.parse::<f64>()? * scale))
}
