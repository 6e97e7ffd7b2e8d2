//! Metric names and the recorder behind `/metrics`.
//!
//! Names follow Prometheus: unit as suffix, `_total` for counters. Every name stands here, so
//! that one look tells what is measured.

use std::sync::OnceLock;

use anyhow::Context as _;
use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Frames by `outcome` (accepted, processed, superseded, refused, failed) and `reason`.
pub const FRAMES: &str = "cityward_frames_total";
/// Pictures that devices of the view library sent, by `outcome` (taken, refused) and `reason`.
pub const VIID_PICTURES: &str = "cityward_viid_pictures_total";
/// Digests that devices came with, by `outcome` (right, wrong, stale).
pub const VIID_SIGN_INS: &str = "cityward_viid_sign_ins_total";
/// Devices of the view library by `presence` (online, offline, unregistered).
pub const VIID_DEVICES: &str = "cityward_viid_devices";
/// Frames waiting for a detector.
pub const FRAME_QUEUE_DEPTH: &str = "cityward_frame_queue_depth";
/// Seconds by `stage` (queue, detect, glance, view, background, place, record, redact, publish).
pub const STAGE_SECONDS: &str = "cityward_stage_seconds";
/// Detections that were not followed further, by `reason`.
pub const DETECTIONS_DROPPED: &str = "cityward_detections_dropped_total";
/// Cameras by `condition` (offline, frozen, dark, blurred, covered, moved, wrong_time).
pub const CAMERAS: &str = "cityward_cameras";
/// Since when a `camera` is in a `condition`, seconds since 1970; 0: it is not any more.
pub const CAMERA_CONDITION_SINCE: &str = "cityward_camera_condition_since_seconds";
/// Changes of cameras' health by `condition` and `change` (entered, left).
pub const CAMERA_CHANGES: &str = "cityward_camera_changes_total";
/// Cameras that are asked for their pictures here, by `phase` (connecting, streaming, waiting).
pub const PULLS: &str = "cityward_pulls";
/// Failures of cameras that are asked, by `reason`.
pub const PULL_FAILURES: &str = "cityward_pull_failures_total";
/// Cameras that need a background, by `phase` (no_room, filling, ready).
pub const BACKGROUNDS: &str = "cityward_backgrounds";
/// Bytes they take at most.
pub const BACKGROUND_BYTES: &str = "cityward_background_bytes";
/// Changes of backgrounds by `change` (renewed; first, light, person: another reference; taken_away;
/// begun anew because of a gap, calibrated, moved).
pub const BACKGROUND_CHANGES: &str = "cityward_background_changes_total";
/// Things that stay where they must not, by `change` (entered, left).
pub const STAYS: &str = "cityward_stays_total";
/// Things found by the models in use and by the one in the shadow, by `label` and `by` (both,
/// in_use_only, shadow_only).
pub const SHADOW: &str = "cityward_shadow_total";
/// 1 for each model by `model`, `version`, what it computes `on`, and what was `wanted` first.
pub const MODELS: &str = "cityward_model";
/// Pictures made fit to be stored or shown, by `redaction` (nothing, found, whole: no model could look).
pub const PICTURES: &str = "cityward_pictures_total";
/// Pictures of evidence that wait to be made fit to be seen.
pub const PICTURES_WAITING: &str = "cityward_pictures_waiting";
/// Case changes by `change` (opened, joined).
pub const CASES: &str = "cityward_cases_total";
/// Alarms that clocks of cases raised, by `alarm` (warn, breach, escalate).
pub const CLOCK_ALARMS: &str = "cityward_clock_alarms_total";
/// Clients on the live stream.
pub const LIVE_CLIENTS: &str = "cityward_live_clients";
/// Batches of case changes sent on the live stream.
pub const LIVE_BATCHES: &str = "cityward_live_batches_total";
/// Seconds per request by `method`, `route`, `status`.
pub const HTTP_SECONDS: &str = "cityward_http_seconds";
/// Tiles by `layer` and `result` (made, kept, not_modified).
pub const TILES: &str = "cityward_tiles_total";
/// Seconds to make a tile by `layer`.
pub const TILE_SECONDS: &str = "cityward_tile_seconds";

/// Points held in memory by `layer`.
pub const TILE_POINTS: &str = "cityward_tile_points";
/// Bytes they take by `layer`.
pub const TILE_BYTES: &str = "cityward_tile_bytes";
/// Seconds since the tiles of a `layer` were last known to be as the database is.
pub const TILE_AGE_SECONDS: &str = "cityward_tile_age_seconds";
/// Bytes of the log of commits that the server keeps for the tiles.
pub const TILE_LOG_KEPT_BYTES: &str = "cityward_tile_log_kept_bytes";

/// Bounds for everything that takes from a tenth of a millisecond to ten seconds.
const SECONDS: [f64; 15] = [
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0,
];

/// The process-wide recorder; installed by the first call.
pub fn recorder() -> anyhow::Result<&'static PrometheusHandle> {
    static RECORDER: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
    let recorder = RECORDER.get_or_init(|| install().map_err(|error| format!("{error:#}")));
    recorder
        .as_ref()
        .map_err(|error| anyhow::anyhow!("{error}"))
}

fn install() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets(&SECONDS)
        .context("bad histogram bounds")?
        .install_recorder()
        .context("another metrics recorder is installed")?;
    describe_counter!(FRAMES, "frames by outcome and reason");
    describe_counter!(VIID_PICTURES, "pictures of the view library's devices");
    describe_counter!(VIID_SIGN_INS, "digests of the view library's devices");
    describe_gauge!(VIID_DEVICES, "devices of the view library");
    describe_gauge!(FRAME_QUEUE_DEPTH, "frames waiting for a detector");
    describe_histogram!(
        STAGE_SECONDS,
        metrics::Unit::Seconds,
        "time per stage of a frame's way"
    );
    describe_counter!(
        DETECTIONS_DROPPED,
        "detections that were not followed further, by reason"
    );
    describe_gauge!(PICTURES_WAITING, "pictures not yet fit to be seen");
    describe_gauge!(CAMERAS, "cameras in a condition");
    describe_gauge!(
        CAMERA_CONDITION_SINCE,
        metrics::Unit::Seconds,
        "since when a camera is in a condition"
    );
    describe_counter!(CAMERA_CHANGES, "changes of cameras' health");
    describe_gauge!(PULLS, "cameras that are asked for their pictures");
    describe_counter!(PULL_FAILURES, "failures of cameras that are asked");
    describe_gauge!(BACKGROUNDS, "cameras that need a background");
    describe_gauge!(
        BACKGROUND_BYTES,
        metrics::Unit::Bytes,
        "bytes that backgrounds take at most"
    );
    describe_counter!(BACKGROUND_CHANGES, "changes of backgrounds");
    describe_counter!(STAYS, "things that stay where they must not");
    describe_counter!(SHADOW, "things found beside a model in the shadow");
    describe_gauge!(MODELS, "models and what they compute on");
    describe_counter!(PICTURES, "pictures made fit to be stored or shown");
    describe_counter!(CASES, "case changes");
    describe_counter!(CLOCK_ALARMS, "alarms of clocks");
    describe_gauge!(LIVE_CLIENTS, "clients on the live stream");
    describe_counter!(LIVE_BATCHES, "batches of case changes sent");
    describe_histogram!(HTTP_SECONDS, metrics::Unit::Seconds, "time per request");
    describe_counter!(TILES, "tiles answered");
    describe_histogram!(TILE_SECONDS, metrics::Unit::Seconds, "time to make a tile");
    describe_gauge!(TILE_POINTS, "points held in memory");
    describe_gauge!(TILE_BYTES, metrics::Unit::Bytes, "bytes they take");
    describe_gauge!(
        TILE_AGE_SECONDS,
        metrics::Unit::Seconds,
        "time since the tiles were last as the database is"
    );
    describe_gauge!(
        TILE_LOG_KEPT_BYTES,
        metrics::Unit::Bytes,
        "the log of commits that is kept for the tiles"
    );
    Ok(handle)
}
