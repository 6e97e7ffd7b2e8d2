//! Confirmed sightings become cases in a real database.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use cityward::camera::CameraId;
use cityward::cases::{self, CaseChange, CaseId, Confirmed, EvidenceStore, Picture, Sighting};
use cityward::catalogue::{Catalogue, ClassCode};
use cityward::ground::Fix;
use cityward::space::{ErrorEllipse, PixelBox};
use cityward::territory::Territory;
use cityward::vision::ModelRef;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use crate::city::{TestCity, place};
use crate::service::{TestService, evidence_store, problem};

pub(crate) const BIN_FULL: &str = "M06042";
pub(crate) const BIN: &str = "C03005";
pub(crate) const GARBAGE: &str = "M06010";

/// A street with a camera: four cells with one unit, and two bins, 5 m apart.
pub(crate) struct Street {
    pub(crate) city: TestCity,
    pub(crate) bins: [i64; 2],
    calibration_id: i32,
    territory: Territory,
    pub(crate) evidence: EvidenceStore,
    folder: tempfile::TempDir,
}

/// The `n`th second of the test's time.
pub(crate) fn second(n: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000 + n, 0).unwrap()
}

impl Street {
    pub(crate) async fn new() -> Self {
        let city = TestCity::new().await;
        let edition = city.edition().await;
        let unit = city.unit(1).await;
        for cell in city.cells(edition, 2, 2).await {
            city.responsible(edition, cell, None, unit).await;
        }
        let bins = [
            city.component(BIN, place(10.0, 10.0), Some(unit)).await,
            city.component(BIN, place(15.0, 10.0), Some(unit)).await,
        ];
        let (platform, _) = city.platform("street").await;
        city.camera("street-1", platform).await;
        let calibration_id = sqlx::query_scalar("select calibration_id from calibration")
            .fetch_one(&city.db)
            .await
            .unwrap();
        let territory = Territory::load(&city.db, second(0)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let evidence = evidence_store(folder.path());
        Self {
            city,
            bins,
            calibration_id,
            territory,
            evidence,
            folder,
        }
    }

    /// Something of `class` seen `east_m`, 10 m from the origin, to within 1 m.
    pub(crate) fn sighting(&self, class: &str, east_m: f64, at: DateTime<Utc>) -> Sighting {
        let class: ClassCode = class.parse().unwrap();
        let rule = Catalogue::shipped().sighting_rules()[&class].clone();
        let point = place(east_m, 10.0);
        Sighting {
            class,
            placement: self
                .territory
                .locate(point, class, &rule.snap_classes, 3.0)
                .unwrap(),
            rule: Arc::new(rule),
            frame_id: Uuid::now_v7(),
            camera_id: CameraId::try_from("street-1".to_owned()).unwrap(),
            captured_at: at,
            picture: Picture {
                jpeg: picture(u8::try_from(at.timestamp() % 251).unwrap()),
                masks: Arc::default(),
                width_px: 16,
                height_px: 16,
            },
            pixel_box: PixelBox {
                left: 1.0,
                top: 2.0,
                right: 8.0,
                bottom: 12.0,
            },
            confidence: 0.75,
            model: Arc::new(ModelRef {
                name: "eye".to_owned(),
                version: "1".to_owned(),
            }),
            calibration_id: self.calibration_id,
            fix: Fix {
                point,
                ellipse: ErrorEllipse {
                    semi_major_m: 1.0,
                    semi_minor_m: 0.5,
                    bearing_deg: 30.0,
                },
            },
        }
    }

    /// Records what was seen, at the moment it was seen.
    pub(crate) async fn record(&self, sighting: Sighting) -> CaseChange {
        let at = sighting.captured_at;
        let confirmed = [confirmed(sighting)];
        let changes = cases::record(&self.city.db, &self.evidence, &confirmed, None, at).await;
        let [change] = changes.unwrap().try_into().unwrap();
        change
    }

    /// Where pictures are kept.
    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }

    async fn count(&self, query: &str) -> i64 {
        sqlx::query_scalar(query)
            .fetch_one(&self.city.db)
            .await
            .unwrap()
    }
}

pub(crate) fn confirmed(sighting: Sighting) -> Confirmed {
    Confirmed {
        first_seen_at: sighting.captured_at,
        seen_in: 1,
        sighting,
    }
}

/// A grey JPEG that says where it was taken.
fn picture(grey: u8) -> Bytes {
    let mut plain = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut plain)
        .encode(&[grey; 256], 16, 16, image::ExtendedColorType::L8)
        .unwrap();
    let mut jpeg = plain[..2].to_vec();
    jpeg.extend_from_slice(b"\xff\xe1\x00\x0eExif\0\0secret");
    jpeg.extend_from_slice(&plain[2..]);
    jpeg.into()
}

fn opened(change: &CaseChange) -> bool {
    matches!(change, CaseChange::Opened(_))
}

#[tokio::test]
async fn the_same_thing_again_joins_its_case() {
    let street = Street::new().await;
    let first = street
        .record(street.sighting(BIN_FULL, 10.5, second(0)))
        .await;
    let CaseChange::Opened(case) = &first else {
        panic!("{first:?}")
    };
    assert_eq!(case.component_id, Some(street.bins[0]));
    let again = street
        .record(street.sighting(BIN_FULL, 9.5, second(10)))
        .await;
    let CaseChange::SeenAgain(row) = &again else {
        panic!("{again:?}")
    };
    assert_eq!(row.id, case.id);
    assert_eq!((row.sighting_count, row.version), (2, 2));
    assert_eq!(
        (row.first_seen_at, row.last_seen_at),
        (second(0), second(10))
    );
    let too_soon = street
        .record(street.sighting(BIN_FULL, 10.5, second(11)))
        .await;
    assert_eq!(too_soon, CaseChange::Unchanged(case.id));
}

#[tokio::test]
async fn frames_out_of_order_keep_first_and_last() {
    let street = Street::new().await;
    street
        .record(street.sighting(BIN_FULL, 10.0, second(100)))
        .await;
    let late = street
        .record(street.sighting(BIN_FULL, 10.0, second(40)))
        .await;
    let CaseChange::SeenAgain(row) = &late else {
        panic!("{late:?}")
    };
    assert_eq!(
        (row.first_seen_at, row.last_seen_at),
        (second(40), second(100))
    );
    let between = street
        .record(street.sighting(BIN_FULL, 10.0, second(70)))
        .await;
    assert_eq!(between, CaseChange::Unchanged(row.id));
}

#[tokio::test]
async fn what_is_not_the_same_opens_its_own_case() {
    let street = Street::new().await;
    let record = async |class, east_m, at| street.record(street.sighting(class, east_m, at)).await;
    let first = record(BIN_FULL, 10.0, second(0)).await;
    assert_eq!(
        first.case_id(),
        record(BIN_FULL, 12.0, second(5)).await.case_id()
    );
    // 5 m away, well within the join radius, but pinned to the other bin
    assert!(opened(&record(BIN_FULL, 15.0, second(6)).await));
    assert!(opened(&record(GARBAGE, 10.0, second(7)).await));
    // the window of an overflowing bin is six hours
    let late = 6 * 3600 + 60;
    assert!(opened(&record(BIN_FULL, 10.0, second(late)).await));
    assert_eq!(street.count("select count(*) from city_case").await, 4);
}

#[tokio::test]
async fn things_without_a_component_join_by_distance() {
    let street = Street::new().await;
    let record = async |east_m, n| {
        street
            .record(street.sighting(GARBAGE, east_m, second(n)))
            .await
    };
    assert!(opened(&record(20.0, 0).await));
    assert!(!opened(&record(34.9, 5).await));
    assert!(opened(&record(35.1, 10).await));
}

#[tokio::test]
async fn where_the_place_is_unsure_the_ellipse_joins() {
    let street = Street::new().await;
    street
        .record(street.sighting(GARBAGE, 20.0, second(0)))
        .await;
    let mut far = street.sighting(GARBAGE, 45.0, second(5));
    far.fix.ellipse.semi_major_m = 26.0;
    assert!(!opened(&street.record(far).await));
}

#[tokio::test]
async fn processes_that_record_at_once_open_one_case() {
    let street = Street::new().await;
    let tasks = (0..8).map(|n| {
        let options = street.city.options.clone();
        let evidence = street.evidence.clone();
        let seen = [
            confirmed(street.sighting(BIN_FULL, 10.0, second(n))),
            confirmed(street.sighting(GARBAGE, 30.0, second(n))),
        ];
        tokio::spawn(async move {
            let pool = PgPoolOptions::new()
                .max_connections(1)
                .connect_with(options)
                .await
                .unwrap();
            cases::record(&pool, &evidence, &seen, None, second(n))
                .await
                .unwrap()
        })
    });
    let changes: Vec<_> = futures::future::try_join_all(tasks).await.unwrap().concat();
    assert_eq!(changes.iter().filter(|change| opened(change)).count(), 2);
    assert_eq!(street.count("select count(*) from city_case").await, 2);
}

#[tokio::test]
async fn nothing_of_a_batch_is_filed_when_one_part_is_refused() {
    let street = Street::new().await;
    let mut broken = street.sighting(GARBAGE, 30.0, second(0));
    broken.calibration_id = 0;
    let batch = [
        confirmed(street.sighting(BIN_FULL, 10.0, second(0))),
        confirmed(broken),
    ];
    let refused = cases::record(&street.city.db, &street.evidence, &batch, None, second(0)).await;
    assert!(format!("{:#}", refused.unwrap_err()).contains("case_evidence_calibration_fk"));
    assert_eq!(street.count("select count(*) from city_case").await, 0);
}

/// A bin that stays full for a day, looked at every six minutes.
#[tokio::test]
async fn a_lasting_case_stays_small() {
    let street = Street::new().await;
    for n in 0..240 {
        street
            .record(street.sighting(BIN_FULL, 10.0, second(n * 360)))
            .await;
    }
    assert_eq!(street.count("select count(*) from city_case").await, 1);
    assert_eq!(
        street
            .count("select sighting_count::bigint from city_case")
            .await,
        240
    );
    assert_eq!(street.count("select count(*) from case_evidence").await, 5);
    let history = street.count("select count(*) from case_event").await;
    assert!((20..100).contains(&history), "{history} entries");
}

#[tokio::test]
async fn history_and_evidence_are_append_only() {
    let street = Street::new().await;
    street
        .record(street.sighting(BIN_FULL, 10.0, second(0)))
        .await;
    for refused in [
        "update case_event set actor = 'nobody'",
        "delete from case_event",
        "truncate case_event",
        "update case_evidence set confidence = 1",
        "delete from case_evidence",
        "truncate case_evidence cascade",
    ] {
        let error = sqlx::query(refused)
            .execute(&street.city.db)
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("append-only"),
            "{refused}: {error}"
        );
    }
}

#[tokio::test]
async fn finding_the_same_case_asks_an_index() {
    let street = Street::new().await;
    sqlx::query(
        "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m,
            bearing_deg, cell_id, edition_id, because, first_seen_at, last_seen_at,
            sighting_count, opened_at)
        select 'M06042', 'camera', st_point(119.9 + n * 1e-5, 32.4, 4326), 1, 1, 0,
            (select min(cell_id) from cell), (select min(edition_id) from edition), '{}',
            now(), now(), 1, now()
        from generate_series(1, 20000) as n",
    )
    .execute(&street.city.db)
    .await
    .unwrap();
    sqlx::query("analyze city_case")
        .execute(&street.city.db)
        .await
        .unwrap();
    let plan: Vec<String> = sqlx::query_scalar(
        "explain select case_id from city_case
        where class_code = 'M06042' and ended_at is null and (component_id = 1
            or location && st_expand(st_point(119.92, 32.45, 4326), 0.0001, 0.0001))",
    )
    .fetch_all(&street.city.db)
    .await
    .unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("city_case_open_location_idx"), "{plan}");
    assert!(plan.contains("city_case_component_idx"), "{plan}");
}

#[tokio::test]
async fn a_case_tells_everything() {
    let street = Street::new().await;
    let id = street
        .record(street.sighting(BIN_FULL, 10.5, second(0)))
        .await
        .case_id();
    let data_dir = street.folder.path().to_owned();
    let service =
        TestService::start_with(&street.city, |config| config.data.data_dir = data_dir).await;
    let person = service.sign_in(&street.city).await;

    let case = person.json(&format!("/api/v1/cases/{id}")).await;
    assert_eq!(case["class"], BIN_FULL);
    assert_eq!(case["state"], "reported");
    assert_eq!(case["unit"]["name_en"], "Unit 1");
    assert_eq!(case["cell"]["code"], "321202001001001");
    assert_eq!(case["ellipse"]["bearing_deg"], 30.0);
    assert_eq!(case["because"]["rule"], "component_maintenance");
    assert_eq!(case["because"]["component_id"], street.bins[0]);
    assert_eq!(case["component"]["class"], BIN);
    assert_eq!(case["edition"]["note"], "test");
    let [evidence] = case["evidence"].as_array().unwrap().as_slice() else {
        panic!("{case}")
    };
    assert_eq!(
        evidence["box"],
        json!({"left": 1.0, "top": 2.0, "right": 8.0, "bottom": 12.0})
    );
    assert_eq!(evidence["model"], json!({"name": "eye", "version": "1"}));
    assert_eq!(evidence["calibration_version"], 1);
    assert_eq!(case["history"][0]["action"], "opened");
    assert_eq!(case["history"][0]["actor"], "camera:street-1");
    assert_eq!(case["history"][0]["detail"]["evidence_id"], evidence["id"]);

    let image = evidence["image"]["url"].as_str().unwrap();
    let answer = person.get(image).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "image/jpeg");
    let jpeg = answer.bytes().await.unwrap();
    assert!(image::load_from_memory(&jpeg).is_ok());
    assert!(!jpeg.windows(6).any(|bytes| bytes == b"secret"));

    let nobody = service.client();
    for path in [image, "/api/v1/cases", "/api/v1/cases/1"] {
        let answer = nobody.get(path).send().await.unwrap();
        problem(answer, StatusCode::UNAUTHORIZED, "unauthenticated").await;
    }
    for path in ["/api/v1/cases/999", "/api/v1/evidence/999/image"] {
        let answer = person.get(path).send().await.unwrap();
        problem(answer, StatusCode::NOT_FOUND, "not-found").await;
    }
    service.stop().await;
}

fn ids(page: &Value) -> Vec<i64> {
    let cases = page["cases"].as_array().unwrap();
    cases
        .iter()
        .map(|case| case["id"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn cases_are_listed_page_by_page() {
    let street = Street::new().await;
    let mut newest_first = Vec::new();
    for n in 0..5_u8 {
        let class = if n == 0 { BIN_FULL } else { GARBAGE };
        let east_m = 10.0 + 20.0 * f64::from(n);
        let CaseId(id) = street
            .record(street.sighting(class, east_m, second(n.into())))
            .await
            .case_id();
        newest_first.insert(0, id);
    }
    let service = TestService::start(&street.city).await;
    let person = service.sign_in(&street.city).await;

    let mut listed = Vec::new();
    let mut path = "/api/v1/cases?limit=2".to_owned();
    loop {
        let page = person.json(&path).await;
        listed.extend(ids(&page));
        match page["next"].as_i64() {
            Some(next) => path = format!("/api/v1/cases?limit=2&before={next}"),
            None => break,
        }
    }
    assert_eq!(listed, newest_first);

    for (filter, expected) in [
        ("class=M06042", &newest_first[4..]),
        ("camera=street-1&limit=5", &newest_first[..]),
        ("camera=street-2", &[]),
        ("unit=999999", &[]),
        ("since=2026-05-28T20:26:43Z", &newest_first[..2]),
    ] {
        let page = person.json(&format!("/api/v1/cases?{filter}")).await;
        assert_eq!(ids(&page), expected, "{filter}");
    }

    for (query, field) in [
        ("class=bin", "class"),
        ("unit=x", "unit"),
        ("cell=1.5", "cell"),
        ("camera=a/b", "camera"),
        ("since=yesterday", "since"),
        ("before=first", "before"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("colour=red", "colour"),
    ] {
        let answer = person
            .get(&format!("/api/v1/cases?{query}"))
            .send()
            .await
            .unwrap();
        let body = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(body["errors"][0]["field"], field, "{query}: {body}");
    }
    service.stop().await;
}
