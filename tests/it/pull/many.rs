//! Sources come and go by the thousand, and nothing of them stays.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::camera::{Mood, PASSWORD, TestCamera};
use super::rtsp::{RtspServer, children};
use super::{mjpeg, set, settings, state, taken};
use crate::city::TestCity;
use crate::door::picture;
use crate::service::{TestClient, TestService};

/// Of each round: this many cameras, streams and snapshots by halves.
const CAMERAS: usize = 100;
const ROUNDS: usize = 11;
const PLAYERS: usize = 50;

/// Resident memory of this process, which is the service, the cameras and the test; MiB.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

async fn city_of(cameras: usize) -> (TestCity, TestService, TestClient) {
    let city = TestCity::new().await;
    city.watched().await;
    let (platform, _) = city.platform("many").await;
    for n in 0..cameras {
        city.camera_at(&format!("many-{n}"), platform, 0.0).await;
    }
    let service = TestService::start_with(&city, settings).await;
    let administrator = service.sign_in(&city).await;
    (city, service, administrator)
}

/// How many cameras have had a picture since `from`.
async fn shown(administrator: &TestClient, from: DateTime<Utc>) -> usize {
    let list = administrator.json("/api/v1/cameras").await;
    let cameras = list["cameras"].as_array().unwrap().iter();
    let heard = |camera: &&serde_json::Value| {
        let at = camera["heard_at"].as_str();
        at.is_some_and(|at| at.parse::<DateTime<Utc>>().unwrap() >= from)
    };
    cameras.filter(heard).count()
}

/// `cargo test --test it a_thousand -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn a_thousand_sources_come_and_go_and_memory_stays() {
    let (_city, service, administrator) = city_of(CAMERAS).await;
    let camera = TestCamera::new(picture()).await;
    let mut resident = Vec::new();
    for round in 0..ROUNDS {
        let from = crate::door::now();
        for n in 0..CAMERAS {
            let kind = ["mjpeg", "snapshot"][n % 2];
            let source = json!({ "kind": kind, "url": camera.url("open", kind), "period_s": 0.5 });
            set(&administrator, &format!("many-{n}"), source).await;
        }
        while shown(&administrator, from).await < CAMERAS {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // half of the rounds the camera hangs up, so that they are connected to again
        if round % 2 == 1 {
            camera.is(Mood::HangsUp);
            tokio::time::sleep(Duration::from_secs(2)).await;
            camera.is(Mood::Well);
        }
        for n in 0..CAMERAS {
            let url = format!("/api/v1/cameras/many-{n}/source");
            administrator.delete(&url).send().await.unwrap();
        }
        while camera.open() > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        resident.push(resident_mib());
        println!(
            "after {} sources, {} connections: {} MiB, {} open files",
            (round + 1) * CAMERAS,
            camera.asked(),
            resident_mib(),
            open_files()
        );
    }
    let (warm, last) = (resident[2], resident[ROUNDS - 1]);
    assert!(last < warm + warm / 10, "{resident:?}");
    service.stop().await;
}

/// `cargo test --test it fifty_players -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn fifty_players_come_and_go_and_nothing_stays() {
    let Some(server) = RtspServer::start() else {
        return;
    };
    let (_city, service, administrator) = city_of(0).await;
    let mut resident = Vec::new();
    for n in 0..PLAYERS {
        set(&administrator, "cam-1", server.source(PASSWORD, 4.0)).await;
        taken(&administrator, 1).await;
        if n % 10 == 9 {
            resident.push(resident_mib());
            println!(
                "after {} players: {} MiB, {} open files, {} at work",
                n + 1,
                resident_mib(),
                open_files(),
                children().len()
            );
        }
        assert!(children().len() <= 2, "{:?}", children());
    }
    administrator.delete(super::SOURCE).send().await.unwrap();
    let none = mjpeg("http://127.0.0.1:1/");
    set(&administrator, "cam-1", none).await;
    state(&administrator, |state| state["failure"].is_object()).await;
    assert!(children().is_empty(), "{:?}", children());
    assert!(resident[4] < resident[0] + resident[0] / 10, "{resident:?}");
    service.stop().await;
}
