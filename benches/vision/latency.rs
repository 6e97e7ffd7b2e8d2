//! From the 202 a platform gets for a frame to the event a browser gets for what was seen in it,
//! with the shipped model, the embedded database and real sockets.
//!
//! First the most frames per second that get through are measured, then half of that is pushed
//! at an even pace. Each camera shows an invented street in which the model sees something, and
//! its clock runs faster than ours, so that every frame is worth an event.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::Value;

use crate::browser::Browser;
use crate::latencies::Latencies;
use crate::platform::{Moments, Platform, Street, with_street};
use crate::street::Camera;

const GOAL: Duration = Duration::from_secs(1);
/// Enough that the frames of any class are confirmed.
const WARM_UP_FRAMES: u32 = 7;
const FULL_LOAD_FOR: Duration = Duration::from_secs(8);
const HALF_LOAD_FOR: Duration = Duration::from_secs(25);

pub(crate) fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(measure())
}

async fn measure() -> anyhow::Result<()> {
    let street = Street {
        cameras: 16,
        width: 1280,
        step: TimeDelta::seconds(3),
    };
    with_street(street, measure_with).await
}

async fn measure_with(
    platform: Arc<Platform>,
    cameras: Vec<Camera>,
    mut browser: Browser,
) -> anyhow::Result<()> {
    let cameras = telling(&platform, cameras).await?;
    println!(
        "{} cameras with something to see, 1280 x 720 JPEG",
        cameras.len()
    );
    let (cameras, full_per_s) = full_load(&platform, cameras).await?;
    let half_per_s = full_per_s / 2.0;
    let arrivals = browser.listen().await?;
    let pushed = half_load(&platform, cameras, half_per_s).await?;
    // what is still on its way at the end
    tokio::time::sleep(GOAL * 2).await;
    let arrivals = arrivals.stop().await?;
    report(full_per_s, half_per_s, &pushed, &arrivals)
}

/// The cameras in whose street the model sees enough for a case.
async fn telling(platform: &Platform, cameras: Vec<Camera>) -> anyhow::Result<Vec<Camera>> {
    let mut telling = Vec::new();
    for mut camera in cameras {
        let mut last = Value::Null;
        for _ in 0..WARM_UP_FRAMES {
            let (status, report) = platform.push(&mut camera, "?wait=true").await?;
            ensure!(status == StatusCode::OK, "{status}: {report}");
            last = report;
        }
        let mut found = last["frames"][0]["detections"]
            .as_array()
            .into_iter()
            .flatten();
        if found.any(|found| found["case_id"].is_i64()) {
            telling.push(camera);
        }
    }
    ensure!(
        telling.len() >= 4,
        "the model sees too little in the rendered streets"
    );
    Ok(telling)
}

/// Every camera pushes its next frame as soon as its last one is done. Frames per second.
async fn full_load(
    platform: &Arc<Platform>,
    cameras: Vec<Camera>,
) -> anyhow::Result<(Vec<Camera>, f64)> {
    let began = Instant::now();
    let pushing = cameras.into_iter().map(|mut camera| {
        let platform = Arc::clone(platform);
        tokio::spawn(async move {
            let mut done = 0_u32;
            while began.elapsed() < FULL_LOAD_FOR {
                platform.push(&mut camera, "?wait=true").await?;
                done += 1;
            }
            anyhow::Ok((camera, done))
        })
    });
    let pushed = futures::future::try_join_all(pushing).await?;
    let elapsed = began.elapsed().as_secs_f64();
    let pushed: Vec<(Camera, u32)> = pushed.into_iter().collect::<anyhow::Result<_>>()?;
    let done: u32 = pushed.iter().map(|(_, done)| done).sum();
    let cameras = pushed.into_iter().map(|(camera, _)| camera).collect();
    Ok((cameras, f64::from(done) / elapsed))
}

/// Pushes at an even pace, cameras in turn. When each frame was answered with 202.
async fn half_load(
    platform: &Arc<Platform>,
    mut cameras: Vec<Camera>,
    frames_per_s: f64,
) -> anyhow::Result<Moments> {
    let mut pace = tokio::time::interval(Duration::from_secs_f64(1.0 / frames_per_s));
    let mut pushing = Vec::new();
    let began = Instant::now();
    let mut turn = 0;
    while began.elapsed() < HALF_LOAD_FOR {
        pace.tick().await;
        let count = cameras.len();
        let camera = &mut cameras[turn % count];
        let mut this_one = camera.clone();
        camera.frames += 1;
        turn += 1;
        let platform = Arc::clone(platform);
        pushing.push(tokio::spawn(async move {
            let (status, answer) = platform.push(&mut this_one, "").await?;
            let answered = Instant::now();
            ensure!(status == StatusCode::ACCEPTED, "{status}: {answer}");
            let captured_at = platform.captured_at(this_one.frames);
            Ok(((this_one.id, captured_at), answered))
        }));
    }
    let pushed = futures::future::try_join_all(pushing).await?;
    pushed.into_iter().collect()
}

fn report(
    full_per_s: f64,
    half_per_s: f64,
    pushed: &Moments,
    arrivals: &Moments,
) -> anyhow::Result<()> {
    let latency = |(frame, answered): (&_, &Instant)| {
        let arrived = arrivals.get(frame)?;
        // an event may overtake the answer
        Some(arrived.saturating_duration_since(*answered))
    };
    let latencies = Latencies::of(pushed.iter().filter_map(latency).collect())?;
    let (p50, p99) = (latencies.at(50), latencies.at(99));
    println!("full load {full_per_s:.1} frames/s, pushed at half: {half_per_s:.1} frames/s");
    println!("| frames | with an event | p50 ms | p90 ms | p99 ms | worst ms | goal |");
    println!("|---:|---:|---:|---:|---:|---:|---|");
    println!(
        "| {} | {} | {:.0} | {:.0} | {:.0} | {:.0} | p99 < {} ms: {} |",
        pushed.len(),
        latencies.count(),
        p50.as_secs_f64() * 1e3,
        latencies.at(90).as_secs_f64() * 1e3,
        p99.as_secs_f64() * 1e3,
        latencies.at(100).as_secs_f64() * 1e3,
        GOAL.as_millis(),
        if p99 < GOAL { "met" } else { "missed" },
    );
    println!(
        "A frame without an event was superseded, or its case changed again in the same batch."
    );
    Ok(())
}
