//! Two hundred cameras that each push a frame every two seconds into one service. No frame may be
//! lost without being counted, memory must not grow, and from the push to the event a page hears of
//! it must not take long.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use chrono::TimeDelta;
use reqwest::StatusCode;

use crate::browser::Browser;
use crate::cpu;
use crate::latencies::Latencies;
use crate::platform::{Moments, Platform, Street, with_street};
use crate::street::Camera;

const CAMERAS: u32 = 200;
const EVERY: Duration = Duration::from_secs(2);
const FOR: Duration = Duration::from_secs(90);
/// Until sessions, pools and caches are as large as they get, and every thing that two hundred cameras
/// see for the first time has its case and its pictures.
const WARM_UP: Duration = Duration::from_secs(60);
const GOAL: Duration = Duration::from_secs(2);
/// By how much memory may differ between the warm service and the end, per cent.
const GROWTH_MAX: f64 = 5.0;

pub(crate) fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let street = Street {
        cameras: CAMERAS,
        width: 1920,
        step: TimeDelta::from_std(EVERY)?,
    };
    runtime.block_on(with_street(street, measure))
}

async fn measure(
    platform: Arc<Platform>,
    mut cameras: Vec<Camera>,
    mut browser: Browser,
) -> anyhow::Result<()> {
    let (_, early) = push(&platform, &mut cameras, WARM_UP).await?;
    settle(&platform).await?;
    let (me, before) = (std::process::id(), outcomes(&platform).await?);
    let stages_before = stages(&platform).await?;
    let (rss_before, cpu_before) = (cpu::resident_bytes(me)?, cpu::of_process(me)?);
    let arrivals = browser.listen().await?;
    let began = Instant::now();
    let (pushed, refused) = push(&platform, &mut cameras, FOR).await?;
    let spent = (cpu::of_process(me)? - cpu_before).as_secs_f64() / began.elapsed().as_secs_f64();
    settle(&platform).await?;
    let arrivals = arrivals.stop().await?;
    let rss = cpu::resident_bytes(me)?;
    let outcomes = outcomes(&platform).await?;
    let of = |outcome: &str| count(&outcomes, outcome) - count(&before, outcome);
    let (accepted, ended) = (
        of("accepted"),
        of("processed") + of("superseded") + of("failed"),
    );
    println!(
        "{CAMERAS} cameras, 1920 x 1080 JPEG, {} frames/s",
        CAMERAS / 2
    );
    println!("refused because the queue was full: {early} while warming up, {refused} after it");
    println!(
        "taken {} = accepted {accepted} = processed {} + superseded by a newer one {} + failed {}",
        pushed.len(),
        of("processed"),
        of("superseded"),
        of("failed"),
    );
    stages_between(&stages_before, &stages(&platform).await?);
    let all_counted = pushed.len() as u64 == accepted && accepted == ended;
    println!("no frame lost without being counted: {}", met(all_counted));
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let growth = 100.0 * (rss as f64 / rss_before as f64 - 1.0);
    println!(
        "service, bench and page in one process: {spent:.2} cores; {:.0} MiB when warm, {:.0} MiB at \
         the end, {growth:+.1} % (goal: at most {GROWTH_MAX} %: {})",
        mib(rss_before),
        mib(rss),
        met(growth <= GROWTH_MAX),
    );
    let latency = |(frame, pushed): (&_, &Instant)| {
        let arrived = arrivals.get(frame)?;
        Some(arrived.saturating_duration_since(*pushed))
    };
    let latencies = Latencies::of(pushed.iter().filter_map(latency).collect())?;
    println!("| from the push to the event | p50 ms | p99 ms | worst ms | goal |");
    println!("|---:|---:|---:|---:|---|");
    println!(
        "| {} frames | {}",
        latencies.count(),
        latencies.columns(GOAL)
    );
    Ok(())
}

fn met(is: bool) -> &'static str {
    if is { "met" } else { "missed" }
}

/// Every camera at its own moment of the two seconds. When each frame that was taken began to be
/// pushed, and how many were refused, as the platform is told at once.
async fn push(
    platform: &Arc<Platform>,
    cameras: &mut [Camera],
    length: Duration,
) -> anyhow::Result<(Moments, usize)> {
    let mut pace = tokio::time::interval(EVERY / CAMERAS);
    let began = Instant::now();
    let mut pushing = Vec::new();
    'all: loop {
        for camera in &mut *cameras {
            pace.tick().await;
            if began.elapsed() >= length {
                break 'all;
            }
            let mut this_one = camera.clone();
            camera.frames += 1;
            let platform = Arc::clone(platform);
            pushing.push(tokio::spawn(async move {
                let at = Instant::now();
                let (status, answer) = platform.push(&mut this_one, "").await?;
                if status == StatusCode::TOO_MANY_REQUESTS {
                    return anyhow::Ok(None);
                }
                ensure!(status == StatusCode::ACCEPTED, "{status}: {answer}");
                let captured_at = platform.captured_at(this_one.frames);
                Ok(Some(((this_one.id, captured_at), at)))
            }));
        }
    }
    let (mut taken, mut refused) = (Moments::new(), 0);
    for pushed in futures::future::try_join_all(pushing).await? {
        match pushed? {
            Some((frame, at)) => {
                taken.insert(frame, at);
            }
            None => refused += 1,
        }
    }
    Ok((taken, refused))
}

/// Waits until no frame waits any more.
async fn settle(platform: &Platform) -> anyhow::Result<()> {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let outcomes = outcomes(platform).await?;
        let of = |outcome: &str| count(&outcomes, outcome);
        if of("accepted") == of("processed") + of("superseded") + of("failed") {
            // and what it led to is told
            tokio::time::sleep(Duration::from_secs(2)).await;
            return Ok(());
        }
        ensure!(Instant::now() < until, "frames are left over: {outcomes:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Seconds and times by stage, as the service measures them.
async fn stages(platform: &Platform) -> anyhow::Result<BTreeMap<String, [f64; 2]>> {
    let metrics = platform.client.get(format!("{}/metrics", platform.base));
    let metrics = metrics.send().await?.error_for_status()?.text().await?;
    let mut stages: BTreeMap<String, [f64; 2]> = BTreeMap::new();
    for line in metrics.lines() {
        for (place, what) in ["sum", "count"].into_iter().enumerate() {
            let named = line.strip_prefix(&format!("cityward_stage_seconds_{what}{{stage=\""));
            if let Some((stage, value)) = named.and_then(|rest| rest.split_once("\"} ")) {
                stages.entry(stage.to_owned()).or_default()[place] = value.parse()?;
            }
        }
    }
    Ok(stages)
}

/// Where the time went.
fn stages_between(before: &BTreeMap<String, [f64; 2]>, after: &BTreeMap<String, [f64; 2]>) {
    println!("| stage | times | ms each | s in all |");
    println!("|---|---:|---:|---:|");
    for (stage, [seconds, times]) in after {
        let [seconds_before, times_before] = before.get(stage).copied().unwrap_or_default();
        let (seconds, times) = (seconds - seconds_before, times - times_before);
        println!(
            "| {stage} | {times} | {:.1} | {seconds:.1} |",
            1000.0 * seconds / times.max(1.0)
        );
    }
}

/// Frames by outcome, as the service counts them.
async fn outcomes(platform: &Platform) -> anyhow::Result<BTreeMap<String, u64>> {
    let metrics = platform.client.get(format!("{}/metrics", platform.base));
    let metrics = metrics.send().await?.error_for_status()?.text().await?;
    let mut outcomes = BTreeMap::new();
    for line in metrics.lines() {
        let Some((labels, value)) = line
            .strip_prefix("cityward_frames_total{")
            .and_then(|line| line.split_once("} "))
        else {
            continue;
        };
        let outcome = labels
            .split(',')
            .find_map(|label| label.strip_prefix("outcome=\"")?.strip_suffix('"'));
        let outcome = outcome.context("an outcome")?.to_owned();
        *outcomes.entry(outcome).or_default() += value.parse::<u64>()?;
    }
    Ok(outcomes)
}

fn count(outcomes: &BTreeMap<String, u64>, outcome: &str) -> u64 {
    outcomes.get(outcome).copied().unwrap_or_default()
}
