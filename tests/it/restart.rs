//! Kill -9 in the middle of a pushing run, again and again: what a pusher was told stays true.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use cityward::cases::PictureSha256;
use cityward::cases::redaction::Redactions;
use cityward::demo::{self, FramesArgs};
use cityward::vision::Model;
use nix::sys::signal::Signal;
use reqwest::Client;
use serde_json::Value;
use tempfile::tempdir;
use tokio::sync::mpsc;

use crate::city::TestCity;
use crate::program::Program;
use crate::service::{config, evidence_store};

const ROUNDS: usize = 10;
/// Cameras that begin to push in each round, each at a street corner of its own.
const NEW_CAMERAS: usize = 2;
/// Farther apart than any class joins sightings.
const CORNERS_M: f64 = 120.0;
/// Reports after which a round ends even if no new case was told.
const PATIENCE: usize = 60;
/// Confidence far above every class's threshold.
const SURE: f32 = 0.65;

#[tokio::test]
async fn no_case_that_was_told_is_lost_or_doubled_by_ten_kills() {
    let data = tempdir().unwrap();
    let pictures = pictures_with_events();
    let mut told = BTreeSet::new();
    let mut token = None;
    for round in 0..ROUNDS {
        let program = Program::serve(data.path());
        let city = TestCity::of_program(data.path()).await;
        let token = match &token {
            Some(token) => token,
            None => token.insert(lay_out(&city).await),
        };
        check_everything_told(&city, &told, data.path()).await;

        // last round's cameras go on: what they see must join the cases that are there
        let first = (round * NEW_CAMERAS).saturating_sub(NEW_CAMERAS);
        let (sender, mut reports) = mpsc::channel(64);
        for camera in first..(round + 1) * NEW_CAMERAS {
            let url = format!(
                "{}/api/v1/cameras/corner-{camera}/frames?wait=true",
                program.url
            );
            let picture = pictures[camera % pictures.len()].clone();
            tokio::spawn(push_until_refused(
                url,
                token.clone(),
                picture,
                sender.clone(),
            ));
        }
        drop(sender);
        // each round ends at another moment of a frame's way, soon after it opened a case
        let before = told.len();
        let (mut reported, enough) = (0, 10 + 2 * round);
        while reported < enough || (told.len() == before && reported < PATIENCE) {
            let report = reports.recv().await.expect("the program ended by itself");
            told.extend(cases_in(&report));
            reported += 1;
        }
        tokio::time::sleep(Duration::from_millis(23 * round as u64)).await;
        assert_eq!(program.end(Signal::SIGKILL), None);
        while let Some(report) = reports.recv().await {
            told.extend(cases_in(&report));
        }
    }

    let program = Program::serve(data.path());
    let city = TestCity::of_program(data.path()).await;
    check_everything_told(&city, &told, data.path()).await;
    println!("{} cases were told of over {ROUNDS} kills", told.len());
    assert!(
        told.len() >= ROUNDS,
        "too few cases to prove anything: {told:?}"
    );
    city.db.close().await;
    assert_eq!(program.end(Signal::SIGTERM), Some(0));
}

/// Pictures of rendered streets in which the shipped model is sure of an event.
fn pictures_with_events() -> Vec<Bytes> {
    let folder = tempdir().unwrap();
    demo::write_frames(&FramesArgs {
        out: folder.path().to_owned(),
        count: 24,
        seed: 7,
        width: 640,
        split: false,
    })
    .unwrap();
    let config = config(folder.path()).vision;
    let model = Model::load(&config.model_dirs[0], &config.runtime).unwrap();
    let mut detector = model.detector().unwrap();
    let mut pictures: Vec<PathBuf> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|is| is == "jpg"))
        .collect();
    pictures.sort();
    pictures
        .iter()
        .map(|path| Bytes::from(fs::read(path).unwrap()))
        .filter(|jpeg| {
            let seen = detector.detect(jpeg).unwrap();
            seen.found
                .iter()
                .any(|it| it.class.is_some() && it.confidence > SURE)
        })
        .collect::<Vec<_>>()
}

/// A row of cells with a camera at every corner. Returns the token they are pushed with.
async fn lay_out(city: &TestCity) -> String {
    let edition = city.edition().await;
    let unit = city.unit(1).await;
    for cell in city.cells(edition, 27, 1).await {
        city.responsible(edition, cell, None, unit).await;
    }
    let (platform, token) = city.platform("kill").await;
    for camera in 0..ROUNDS * NEW_CAMERAS {
        let east_m = CORNERS_M * camera as f64;
        city.camera_at(&format!("corner-{camera}"), platform, east_m)
            .await;
    }
    token
}

/// Pushes the picture of a street where nothing moves, over and over, until nobody answers.
async fn push_until_refused(
    url: String,
    token: String,
    picture: Bytes,
    reports: mpsc::Sender<Value>,
) {
    let client = Client::new();
    loop {
        let captured_at: DateTime<Utc> = SystemTime::now().into();
        let request = client
            .post(&url)
            .bearer_auth(&token)
            .header("content-type", "image/jpeg")
            .header("x-captured-at", captured_at.to_rfc3339())
            .body(picture.clone());
        let Ok(answer) = request.send().await else {
            return; // the program is dead; what was not answered was not told
        };
        let status = answer.status();
        let Ok(report) = answer.json::<Value>().await else {
            return;
        };
        // a camera laid out a moment ago may not be known yet
        assert!(status.is_success() || status == 404, "{status}: {report}");
        if status.is_success() && reports.send(report).await.is_err() {
            return;
        }
    }
}

fn cases_in(report: &Value) -> Vec<i64> {
    let frames = report["frames"].as_array().unwrap();
    let detections = frames
        .iter()
        .flat_map(|frame| frame["detections"].as_array().unwrap());
    detections
        .filter_map(|found| found["case_id"].as_i64())
        .collect()
}

async fn check_everything_told(city: &TestCity, told: &BTreeSet<i64>, data: &Path) {
    let there: Vec<i64> = sqlx::query_scalar("select case_id from city_case")
        .fetch_all(&city.db)
        .await
        .unwrap();
    let lost: Vec<_> = told.iter().filter(|id| !there.contains(id)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");

    let doubled: Vec<(i64, i64)> = sqlx::query_as(
        "select one.case_id, other.case_id
         from city_case one
         join city_case other
             on other.class_code = one.class_code and other.case_id > one.case_id
         join sighting_rule rule on rule.class_code = one.class_code
         where st_dwithin(one.location::geography, other.location::geography, rule.join_radius_m)",
    )
    .fetch_all(&city.db)
    .await
    .unwrap();
    assert_eq!(doubled, [], "doubled");

    let half: Vec<i64> = sqlx::query_scalar(
        "select case_id from city_case
         where 1 <> (select count(*) from case_event
                     where case_event.case_id = city_case.case_id and action = 'opened')
             or not exists (select from case_evidence
                            where case_evidence.case_id = city_case.case_id)",
    )
    .fetch_all(&city.db)
    .await
    .unwrap();
    assert!(
        half.is_empty(),
        "without its opening or its picture: {half:?}"
    );

    let store = evidence_store(data);
    let redactions = Redactions::new(city.db.clone(), store.clone());
    // of a held picture that is lost it says so
    let long_after = DateTime::from_timestamp(4_000_000_000, 0).unwrap();
    while redactions.finish_one(long_after).await.unwrap() {}
    let pictures: Vec<Vec<u8>> = sqlx::query_scalar(
        "select image_sha256 from case_evidence left join evidence_picture using (evidence_id)",
    )
    .fetch_all(&city.db)
    .await
    .unwrap();
    for sha256 in pictures {
        let sha256 = PictureSha256(sha256.try_into().unwrap());
        let picture = store.read(sha256).await.unwrap();
        assert!(picture.is_some(), "the picture {sha256} is lost");
    }
}
