//! The demo city: what it is made of, what its cameras see, how their frames come in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use cityward::catalogue;
use cityward::demo::{
    City, DemoArgs, FramesArgs, Stage, ensure_city, ensure_organisation, start, write_frames,
};
use serde::Deserialize;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::city::TestCity;

static CITY: LazyLock<City> = LazyLock::new(|| City::build(1));

fn noon() -> DateTime<Utc> {
    "2026-11-22T04:00:00Z".parse().unwrap()
}

async fn count(db: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(db).await.unwrap()
}

async fn with_demo_city() -> TestCity {
    let city = TestCity::new().await;
    catalogue::load(&city.db).await.unwrap();
    assert!(ensure_city(&city.db, &CITY).await.unwrap());
    city
}

#[test]
fn the_same_seed_builds_the_same_city() {
    let digest = CITY.digest().unwrap();
    assert_eq!(City::build(1).digest().unwrap(), digest);
    assert_ne!(City::build(2).digest().unwrap(), digest);
}

#[tokio::test]
async fn the_city_has_somebody_for_every_role_and_adds_only_who_is_missing() {
    let city = with_demo_city().await;
    let newcomers = ensure_organisation(&city.db).await.unwrap().unwrap();
    let table = newcomers.to_string();
    assert!(
        table.contains("\n  dispatcher   派遣员 Dispatcher"),
        "{table}"
    );
    assert!(table.contains("\n  unit-12 "), "{table}");
    let roles = "select count(distinct role) from role_grant where valid @> now()";
    assert_eq!(count(&city.db, roles).await, 15);
    let homeless = "select count(*) from role_grant g join unit u using (unit_id)
        where g.role = 'unit_manager' and u.kind = 'responsible'";
    assert_eq!(count(&city.db, homeless).await, 12);
    assert!(ensure_organisation(&city.db).await.unwrap().is_none());
    sqlx::query("delete from role_grant using person where person.person_id = role_grant.person_id and login = 'crew'")
        .execute(&city.db)
        .await
        .unwrap();
    sqlx::query("delete from person where login = 'crew'")
        .execute(&city.db)
        .await
        .unwrap();
    let added = ensure_organisation(&city.db).await.unwrap().unwrap();
    assert_eq!(added.to_string().lines().count(), 2, "{added}");
}

#[tokio::test]
async fn a_city_is_written_once_and_kept() {
    let city = with_demo_city().await;
    let db = &city.db;
    let components = count(db, "select count(*) from component").await;
    assert!((17_000..=24_000).contains(&components), "{components}");
    let classes = count(db, "select count(distinct class_code) from component").await;
    assert!(classes >= 30, "{classes}");
    let cells = count(db, "select count(*) from cell").await;
    assert!((350..=450).contains(&cells), "{cells}");
    assert_eq!(count(db, "select count(*) from unit").await, 12);
    assert_eq!(
        count(
            db,
            "select count(*) from camera join calibration using (camera_id)"
        )
        .await,
        12
    );
    for kind in ["street", "building", "water", "green"] {
        let rows: i64 =
            sqlx::query_scalar("select count(*) from basemap where kind = $1::basemap_kind")
                .bind(kind)
                .fetch_one(db)
                .await
                .unwrap();
        assert!(rows > 1, "{rows} of {kind}");
    }
    assert_eq!(
        count(
            db,
            "select count(*) from component where source <> 'demo:1'"
        )
        .await,
        0
    );

    assert!(!ensure_city(db, &CITY).await.unwrap());
    assert_eq!(
        count(db, "select count(*) from component").await,
        components
    );
    let other = ensure_city(db, &City::build(2)).await.unwrap_err();
    assert!(other.to_string().contains("demo:1"), "{other}");
}

#[tokio::test]
async fn cells_cover_the_city_once() {
    let city = with_demo_city().await;
    let (together, apart): (f64, f64) =
        sqlx::query_as("select st_area(st_union(geom)), sum(st_area(geom)) from cell")
            .fetch_one(&city.db)
            .await
            .unwrap();
    assert!((apart / together - 1.0).abs() < 1e-9, "{apart} {together}");
    // one outline without a hole: neighbours share every vertex of their border
    let (outlines, holes): (i32, i32) = sqlx::query_as(
        "select st_numgeometries(st_multi(area)), st_numinteriorrings(st_geometryn(st_multi(area), 1))
         from (select st_union(geom) as area from cell) as city",
    )
    .fetch_one(&city.db)
    .await
    .unwrap();
    assert_eq!((outlines, holes), (1, 0));
    let off_cells = count(
        &city.db,
        "select count(*) from component
         where not exists (select from cell where st_intersects(cell.geom, anchor))",
    )
    .await;
    // the streets on the city's edge have one side outside
    assert!(off_cells < 1500, "{off_cells}");
}

#[tokio::test]
async fn cell_codes_count_through_each_community() {
    let city = with_demo_city().await;
    let codes: Vec<String> = sqlx::query_scalar("select code from cell order by code")
        .fetch_all(&city.db)
        .await
        .unwrap();
    let mut communities: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for code in &codes {
        assert!(code.starts_with("321202"), "{code}");
        communities
            .entry(&code[..12])
            .or_default()
            .push(code[12..].parse().unwrap());
    }
    assert_eq!(communities.len(), 20);
    for (community, numbers) in communities {
        let expected: Vec<u32> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, expected, "{community}");
    }
}

#[tokio::test]
async fn somebody_answers_for_everything_everywhere() {
    let city = with_demo_city().await;
    assert_eq!(
        count(
            &city.db,
            "select count(*) from cell where not exists (
                 select from responsibility as r
                 where r.cell_id = cell.cell_id and r.class_code is null)",
        )
        .await,
        0
    );
    assert!(
        count(
            &city.db,
            "select count(distinct unit_id) from responsibility"
        )
        .await
            >= 8
    );
}

/// GB 32100-2015 as its text has it, written apart from the program's own.
#[tokio::test]
async fn credit_codes_carry_their_check_character() {
    let city = with_demo_city().await;
    let codes: Vec<String> = sqlx::query_scalar("select credit_code from unit")
        .fetch_all(&city.db)
        .await
        .unwrap();
    let alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let weights = [
        1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28,
    ];
    for code in codes {
        let sum: usize = code
            .chars()
            .zip(weights)
            .map(|(c, weight)| alphabet.find(c).unwrap() * weight)
            .sum();
        let check = alphabet.find(code.chars().nth(17).unwrap()).unwrap();
        assert_eq!((sum + check) % 31, 0, "{code}");
    }
}

#[tokio::test]
async fn calibrations_are_as_good_as_a_careful_click() {
    let city = with_demo_city().await;
    let errors: Vec<f64> = sqlx::query_scalar("select error_loo_m from calibration")
        .fetch_all(&city.db)
        .await
        .unwrap();
    assert_eq!(errors.len(), 12);
    for error_m in errors {
        assert!((0.001..0.6).contains(&error_m), "{error_m}");
    }
    // what a camera can report lies in the ground it is believed in
    let stage = Stage::of(&CITY);
    let mut seen = 0;
    for event in stage.staged(noon()) {
        let believed: bool = sqlx::query_scalar(
            "select st_contains(ground, $1) from calibration where camera_id = $2",
        )
        .bind(event.place)
        .bind(format!("demo-{:02}", event.camera + 1))
        .fetch_one(&city.db)
        .await
        .unwrap();
        assert!(believed, "{event:?}");
        seen += 1;
    }
    assert!(seen > 10);
}

#[test]
fn new_events_keep_coming() {
    let stage = Stage::of(&CITY);
    let mut begun = BTreeSet::new();
    let mut labels = BTreeSet::new();
    let mut places = BTreeSet::new();
    for second in 0..3600 {
        let at = noon() + TimeDelta::seconds(second);
        let staged = stage.staged(at);
        assert!((5..60).contains(&staged.len()), "{} at {at}", staged.len());
        for event in staged {
            begun.insert(event.number);
            labels.insert(event.label);
            places.insert(format!("{:?}", event.place));
        }
    }
    assert!(begun.len() > 3600 / 15, "{}", begun.len());
    let all = ["garbage", "open_cover", "overflow", "stall", "water"];
    assert_eq!(labels.into_iter().collect::<Vec<_>>(), all);
    assert!(places.len() > 100, "{}", places.len());
}

#[test]
fn a_moment_has_one_picture() {
    let stage = Stage::of(&CITY);
    let first = stage.frame(3, noon()).unwrap();
    assert_eq!(Stage::of(&CITY).frame(3, noon()).unwrap(), first);
    let later = stage.frame(3, noon() + TimeDelta::seconds(2)).unwrap();
    assert_ne!(later, first);
    let (width, height) = image::load_from_memory(&first)
        .unwrap()
        .into_rgb8()
        .dimensions();
    assert_eq!((width, height), (1280, 720));
}

#[derive(Deserialize)]
struct Labelled {
    file: String,
    width: f32,
    height: f32,
    boxes: Vec<LabelledBox>,
}

#[derive(Deserialize)]
struct LabelledBox {
    label: String,
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
    visible: f32,
}

#[test]
fn training_pictures_are_labelled_and_repeatable() {
    let write = |folder: &std::path::Path| {
        write_frames(&FramesArgs {
            out: folder.to_owned(),
            count: 66,
            seed: 5,
            width: 320,
            split: true,
        })
        .unwrap();
    };
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(one.path());
    write(two.path());
    let mut labels = BTreeSet::new();
    let mut pictures = 0;
    for part in ["train", "valid"] {
        let text = fs::read_to_string(one.path().join(part).join("labels.jsonl")).unwrap();
        let again = fs::read_to_string(two.path().join(part).join("labels.jsonl")).unwrap();
        assert_eq!(text, again);
        for line in text.lines() {
            let labelled: Labelled = serde_json::from_str(line).unwrap();
            let jpeg = fs::read(one.path().join(part).join(&labelled.file)).unwrap();
            assert_eq!(
                jpeg,
                fs::read(two.path().join(part).join(&labelled.file)).unwrap()
            );
            pictures += 1;
            for found in labelled.boxes {
                assert!(found.left < found.right && found.top < found.bottom);
                assert!(found.left >= 0.0 && found.right <= labelled.width);
                assert!(found.top >= 0.0 && found.bottom <= labelled.height);
                assert!((0.0..=1.001).contains(&found.visible));
                labels.insert(found.label);
            }
        }
    }
    assert_eq!(pictures, 66);
    let all = [
        "bin",
        "cover",
        "garbage",
        "open_cover",
        "overflow",
        "stall",
        "water",
    ];
    assert_eq!(labels.into_iter().collect::<Vec<_>>(), all);
}

/// A service that says once that it is full, then takes everything and remembers it.
#[derive(Clone, Default)]
struct Door(Arc<Mutex<Vec<(String, HeaderMap, Bytes)>>>);

async fn take(
    State(door): State<Door>,
    Path(camera): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut taken = door.0.lock().unwrap();
    taken.push((camera, headers, body));
    if taken.len() == 1 {
        (StatusCode::TOO_MANY_REQUESTS, [("Retry-After", "3600")]).into_response()
    } else {
        StatusCode::ACCEPTED.into_response()
    }
}

#[tokio::test]
async fn cameras_push_through_the_front_door_and_stop() {
    let city = with_demo_city().await;
    let door = Door::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new()
        .route("/api/v1/cameras/{camera}/frames", post(take))
        .with_state(door.clone());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });

    let stop = CancellationToken::new();
    let args = DemoArgs {
        seed: 1,
        period_s: 1.0,
    };
    let pushing = start(&city.db, &args, url, stop.clone()).await.unwrap();
    let enough = async {
        // most cameras, and one long enough to be waited for
        let most = || {
            let taken = door.0.lock().unwrap();
            let cameras: BTreeSet<&str> = taken.iter().map(|frame| frame.0.as_str()).collect();
            taken.len() >= 16 && cameras.len() > 10
        };
        while !most() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(300), enough)
        .await
        .unwrap();
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(10), pushing)
        .await
        .unwrap()
        .unwrap();

    let taken = door.0.lock().unwrap().clone();
    let refused = &taken[0].0;
    let of = |camera: &str| taken.iter().filter(|frame| frame.0 == camera).count();
    assert_eq!(of(refused), 1, "a camera that was told to wait waits");
    let cameras: BTreeSet<&str> = taken.iter().map(|frame| frame.0.as_str()).collect();
    assert!(cameras.len() > 10, "{cameras:?}");
    let (_, headers, body) = &taken[1];
    assert_eq!(headers["content-type"], "image/jpeg");
    assert!(body.starts_with(&[0xFF, 0xD8, 0xFF]));
    let at = headers["x-captured-at"].to_str().unwrap();
    assert!(DateTime::parse_from_rfc3339(at).is_ok(), "{at}");
    let token = headers["authorization"]
        .to_str()
        .unwrap()
        .strip_prefix("Bearer ")
        .unwrap();
    let owned: i64 = sqlx::query_scalar(
        "select count(*) from platform join camera using (platform_id)
         where token_sha256 = sha256($1::text::bytea) and revoked_at is null",
    )
    .bind(token)
    .fetch_one(&city.db)
    .await
    .unwrap();
    assert_eq!(owned, 12);
}
