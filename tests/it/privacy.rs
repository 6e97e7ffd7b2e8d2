//! Pictures: faces and plates go before they are stored; who sees the original is written down (R5.2).

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use cityward::access::Role;
use cityward::cases::{original as originals, without_metadata};
use cityward::vision::Redactor;
use image::{GrayImage, RgbImage};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::audit::grant;
use crate::cases::GARBAGE;
use crate::city::TestCity;
use crate::jpeg::jpeg;
use crate::people::{Colleague, colleague};
use crate::service::{TestClient, TestService, config, evidence_store, problem};
use crate::stays::model_of;

/// A street frame cut to the shape that the test's camera is calibrated for, and where vehicles
/// that are wide enough for their plates to be looked at are labelled: left, top, right, bottom.
pub(crate) struct Scene {
    pub(crate) jpeg: Vec<u8>,
    pub(crate) vehicles: Vec<[f64; 4]>,
}

/// Vehicles less wide than this are far away, pixels.
const WIDE_PX: f64 = 64.0;
/// Motorcycles and bicycles have no plate in front.
const CYCLES: [&str; 2] = ["0", "5"];

/// None: the data is not there.
pub(crate) fn scene(number: usize) -> Option<Scene> {
    let data = std::env::var("CITYWARD_DATA").ok()?;
    let street = Path::new(&data).join("street/view-07");
    let picture = fs::read(street.join(format!("images/{number:05}.jpg"))).ok()?;
    let labels = fs::read_to_string(street.join(format!("labels/{number:05}.txt"))).ok()?;
    let picture = image::load_from_memory(&picture).unwrap();
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let cut_top = 140.0;
    let cut = picture.crop_imm(0, 140, 640, 360).into_rgb8();
    let vehicles = labels.lines().filter_map(|line| {
        let (class, numbers) = line.split_once(' ')?;
        let numbers: Vec<f64> = numbers.split(' ').filter_map(|n| n.parse().ok()).collect();
        let [x, y, wide, high] = numbers[..] else {
            return None;
        };
        let vehicle = [
            (x - wide / 2.0) * width,
            (y - high / 2.0) * height - cut_top,
            (x + wide / 2.0) * width,
            (y + high / 2.0) * height - cut_top,
        ];
        let [_, top, _, bottom] = vehicle;
        let seen = wide * width >= WIDE_PX && top >= 0.0 && bottom <= 360.0;
        (seen && !CYCLES.contains(&class)).then_some(vehicle)
    });
    Some(Scene {
        vehicles: vehicles.collect(),
        jpeg: encoded(&cut),
    })
}

pub(crate) fn encoded(picture: &RgbImage) -> Vec<u8> {
    jpeg(picture, 95)
}

/// A picture full of detail.
pub(crate) fn noise() -> Vec<u8> {
    let mut state = 1_u32;
    encoded(&RgbImage::from_fn(640, 360, |_, _| {
        image::Rgb([0; 3].map(|_: u8| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        }))
    }))
}

pub(crate) fn grey(jpeg: &[u8]) -> GrayImage {
    image::load_from_memory(jpeg).unwrap().into_luma8()
}

/// How far neighbours in a row differ in a part of a picture, on the mean.
pub(crate) fn detail(picture: &GrayImage, [left, top, right, bottom]: [u32; 4]) -> f64 {
    let mut sum = 0_u32;
    for y in top..bottom {
        for x in left + 1..right {
            let pair = [x - 1, x].map(|x| picture.get_pixel(x, y).0[0]);
            sum += u32::from(pair[0].abs_diff(pair[1]));
        }
    }
    f64::from(sum) / f64::from((bottom - top) * (right - left - 1))
}

/// Where the plate of a vehicle is, whichever way it looks.
pub(crate) fn plate_of([left, top, right, bottom]: [f64; 4]) -> [u32; 4] {
    let (wide, high) = (right - left, bottom - top);
    let at = |from: f64, share: f64, of: f64| (from + share * of).max(0.0) as u32;
    [
        at(left, 0.25, wide),
        at(top, 0.6, high),
        at(left, 0.75, wide),
        at(top, 0.95, high),
    ]
}

/// A camera over garbage, and a service that sees it.
pub(crate) struct Watch {
    pub(crate) city: TestCity,
    pub(crate) service: TestService,
    token: String,
    data: tempfile::TempDir,
    model: tempfile::TempDir,
    began: DateTime<Utc>,
}

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "a test lives in the present")]
    pub(crate) async fn new(blind: bool) -> Self {
        let city = TestCity::new().await;
        let token = city.watched().await;
        let (data, model) = (tempfile::tempdir().unwrap(), model_of(GARBAGE));
        let service = serve(&city, data.path(), model.path(), blind).await;
        Self {
            city,
            service,
            token,
            data,
            model,
            began: Utc::now() - TimeDelta::seconds(400),
        }
    }

    /// What became of the garbage in the frame of that second.
    pub(crate) async fn push(&self, second: i64, jpeg: &[u8]) -> Value {
        let at = self.began + TimeDelta::seconds(second);
        let report = self.service.push(&self.token, at, jpeg.to_vec()).await;
        assert_eq!(report["outcome"], "processed", "{report}");
        report["detections"][0].clone()
    }

    /// Pushes a picture until it is a case; returns that.
    pub(crate) async fn case_of(&self, jpeg: &[u8], person: &TestClient) -> Value {
        for second in 0..2 {
            assert!(self.push(second, jpeg).await["case_id"].is_null());
        }
        let case = self.push(2, jpeg).await["case_id"].as_i64().unwrap();
        let path = format!("/api/v1/cases/{case}");
        let seen = person.json(&path).await;
        let image = seen["evidence"][0]["image"]["url"].as_str().unwrap();
        // who asks for its picture has it made fit to be seen
        assert!(!picture_at(person, image).await.is_empty());
        person.json(&path).await
    }

    /// Files in the data folder that could be pictures.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.data.path().to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false if path.extension().is_some_and(|it| it == "key") => {}
                    false => files.push(path),
                }
            }
        }
        files
    }

    /// Asserts that no file and no table holds what a picture looks like.
    pub(crate) async fn nowhere(&self, jpeg: &[u8]) {
        let middle = &jpeg[jpeg.len() / 2..][..24];
        for file in self.files() {
            let bytes = fs::read(&file).unwrap();
            let found = bytes.windows(middle.len()).any(|window| window == middle);
            assert!(!found, "{}", file.display());
        }
        let tables: Vec<String> = sqlx::query_scalar(
            "select tablename::text from pg_tables
             where schemaname = 'public' and tablename <> 'spatial_ref_sys'",
        )
        .fetch_all(&self.city.db)
        .await
        .unwrap();
        for table in tables {
            let query = format!("select count(*) from {table} as t where strpos(t::text, $1) > 0");
            let found: i64 = sqlx::query_scalar(&query)
                .bind(hex::encode(middle))
                .fetch_one(&self.city.db)
                .await
                .unwrap();
            assert_eq!(found, 0, "{table}");
        }
    }
}

async fn serve(city: &TestCity, data: &Path, model: &Path, blind: bool) -> TestService {
    TestService::start_with(city, |config| {
        config.data.data_dir = data.to_owned();
        config.vision.model_dirs = vec![model.to_owned()];
        if blind {
            config.privacy.privacy_model_dirs = vec!["nowhere".into()];
        }
    })
    .await
}

pub(crate) async fn picture_at(person: &TestClient, url: &str) -> Vec<u8> {
    let answer = person.get(url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.bytes().await.unwrap().to_vec()
}

pub(crate) async fn original(
    person: &TestClient,
    evidence: &Value,
    purpose: &str,
) -> reqwest::Response {
    let path = format!("/api/v1/evidence/{}/original", evidence["id"]);
    let asked = person.post(&path).json(&json!({ "purpose": purpose }));
    asked.send().await.unwrap()
}

async fn person(watch: &Watch, role: &str) -> Colleague {
    let unit = match role {
        "unit_manager" | "unit_worker" => Some(
            sqlx::query_scalar("select min(unit_id) from unit")
                .fetch_one(&watch.city.db)
                .await
                .unwrap(),
        ),
        _ => None,
    };
    let district = match role {
        "district_dispatcher" => Some(
            sqlx::query_scalar(
                "insert into district (division_code, name_zh, name_en)
                 values ('321202', '海陵区', 'Hailing') returning district_id",
            )
            .fetch_one(&watch.city.db)
            .await
            .unwrap(),
        ),
        _ => None,
    };
    colleague(&watch.city, &watch.service, role, unit, district).await
}

#[test]
fn the_shipped_models_are_fit_for_use() {
    let config = config(Path::new("nowhere"));
    let redactor = Redactor::new(&config.privacy, &config.vision.runtime);
    assert!(redactor.warm());
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_2_plates_go_before_a_picture_is_kept_and_the_rest_stays() {
    let Some(scene) = scene(0) else {
        println!("CITYWARD_DATA is not set: not checked on real streets");
        return;
    };
    assert!(!scene.vehicles.is_empty());
    let watch = Watch::new(false).await;
    let officer = person(&watch, "data_officer").await;
    let case = watch.case_of(&scene.jpeg, &officer.client).await;
    let evidence = &case["evidence"][0];
    assert_eq!(evidence["original"], "kept");
    let url = evidence["image"]["url"].as_str().unwrap();
    let (kept, pushed) = (
        grey(&picture_at(&officer.client, url).await),
        grey(&scene.jpeg),
    );
    let plates = scene.vehicles.iter().map(|vehicle| plate_of(*vehicle));
    let told: Vec<f64> = plates
        .map(|plate| detail(&kept, plate) / detail(&pushed, plate))
        .collect();
    let gone = told.iter().filter(|told| **told < 0.4).count();
    assert!(gone * 10 >= told.len() * 8, "{told:?}");
    let pixels = kept.as_raw().iter().zip(pushed.as_raw());
    let same = pixels.filter(|(a, b)| a.abs_diff(**b) < 16).count();
    assert!(same * 2 > kept.as_raw().len(), "{same} pixels are the same");
    // neither the frames that made it a case nor the one that is its evidence is anywhere in clear
    watch.nowhere(&scene.jpeg).await;
    let shown = picture_at(&officer.client, "/api/v1/cameras/cam-1/frame").await;
    let plates = scene.vehicles.iter().map(|vehicle| plate_of(*vehicle));
    let shown = grey(&shown);
    let gone = plates.filter(|plate| detail(&shown, *plate) < 0.4 * detail(&pushed, *plate));
    assert!(gone.count() * 10 >= told.len() * 8, "of the newest frame");
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_2_without_models_the_case_is_filed_with_a_coarse_picture() {
    let watch = Watch::new(true).await;
    let officer = person(&watch, "data_officer").await;
    let pushed = noise();
    let case = watch.case_of(&pushed, &officer.client).await;
    let evidence = &case["evidence"][0];
    let url = evidence["image"]["url"].as_str().unwrap();
    let kept = grey(&picture_at(&officer.client, url).await);
    let all = [0, 0, 640, 360];
    assert!(detail(&kept, all) < 0.1 * detail(&grey(&pushed), all));
    let clear = original(&officer.client, evidence, "核实").await;
    assert_eq!(clear.status(), StatusCode::OK);
    let metrics = reqwest::get(watch.service.url("/metrics")).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let counted = "cityward_pictures_total{redaction=\"whole\"}";
    assert!(metrics.contains(counted), "{metrics}");
    watch.nowhere(&pushed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_2_the_original_is_for_two_roles_and_a_purpose_and_every_look_is_recorded() {
    let watch = Watch::new(true).await;
    let administrator = watch.service.sign_in(&watch.city).await;
    let pushed = noise();
    let case = watch.case_of(&pushed, &administrator).await;
    let evidence = &case["evidence"][0];
    let nobody = original(&watch.service.client(), evidence, "查车牌").await;
    problem(nobody, StatusCode::UNAUTHORIZED, "unauthenticated").await;
    let refused = original(&administrator, evidence, "查车牌").await;
    problem(refused, StatusCode::FORBIDDEN, "forbidden").await;
    let mut may = Vec::new();
    for role in Role::ALL {
        let role = serde_json::to_value(role).unwrap();
        let role = role.as_str().unwrap();
        if role == "administrator" {
            continue;
        }
        let somebody = person(&watch, role).await;
        let answer = original(&somebody.client, evidence, "查车牌").await;
        if answer.status() == StatusCode::OK {
            assert_eq!(answer.headers()["cache-control"], "no-store");
            assert_eq!(answer.headers()["content-type"], "image/jpeg");
            let bytes = answer.bytes().await.unwrap();
            assert_eq!(bytes, without_metadata(&pushed).unwrap());
            may.push((role.to_owned(), somebody));
        } else {
            problem(answer, StatusCode::FORBIDDEN, "forbidden").await;
        }
    }
    let roles: Vec<&str> = may.iter().map(|(role, _)| role.as_str()).collect();
    assert_eq!(roles, ["duty_chief", "data_officer"]);
    let (_, officer) = &may[1];
    for silent in ["", " 查 ", &"长".repeat(201)] {
        let answer = original(&officer.client, evidence, silent).await;
        let body = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(body["errors"][0]["field"], "purpose");
    }
    let unknown = original(&officer.client, &json!({ "id": 999_999 }), "查车牌").await;
    problem(unknown, StatusCode::NOT_FOUND, "not-found").await;

    let who: Vec<&Colleague> = may.iter().map(|(_, who)| who).collect();
    are_recorded(&watch, &administrator, &case, &who).await;
}

/// Each looked once at the first picture of the case, to check a plate.
async fn are_recorded(watch: &Watch, administrator: &TestClient, case: &Value, who: &[&Colleague]) {
    let evidence = &case["evidence"][0];
    let detail = who[0]
        .client
        .json(&format!("/api/v1/cases/{}", case["id"]))
        .await;
    let looks = detail["original_accesses"].as_array().unwrap();
    assert_eq!(looks.len(), 2);
    for (who, look) in who.iter().zip(looks) {
        assert_eq!(look["evidence_id"], evidence["id"]);
        assert_eq!(look["purpose"], "查车牌");
        assert!(
            look["person"].as_str().unwrap().contains(' '),
            "{look} of {}",
            who.id
        );
    }
    grant(&watch.city.db, "auditor").await;
    let subject = format!("/api/v1/audit?subject=evidence:{}", evidence["id"]);
    let entries = administrator.json(&subject).await;
    let entries = entries["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    for entry in entries {
        assert_eq!(entry["action"], "view-original");
        assert_eq!(entry["reason"], "查车牌");
        assert_eq!(entry["after"]["case_id"], case["id"]);
    }
    let verdict = administrator.json("/api/v1/audit/verify").await;
    assert_eq!(verdict["ok"], true, "{verdict}");
    for change in [
        "update original_access set purpose = ''",
        "delete from original_access",
    ] {
        let changed = sqlx::query(change).execute(&watch.city.db).await;
        assert!(changed.is_err(), "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_2_originals_are_sealed_survive_a_restart_and_are_erased_after_their_days() {
    let watch = Watch::new(true).await;
    let officer = person(&watch, "data_officer").await;
    let pushed = noise();
    let case = watch.case_of(&pushed, &officer.client).await;
    let evidence = &case["evidence"][0];
    watch.nowhere(&pushed).await;
    let Watch {
        city,
        service,
        data,
        model,
        began,
        ..
    } = watch;
    service.stop().await;
    let service = serve(&city, data.path(), model.path(), true).await;
    let officer = service.client_with(&officer.client);
    let again = original(&officer, evidence, "复核").await;
    assert_eq!(
        again.bytes().await.unwrap(),
        without_metadata(&pushed).unwrap()
    );

    let store = evidence_store(data.path());
    let erase = async |days| {
        let at = began + TimeDelta::days(days);
        originals::erase_expired(&city.db, &store, 30, at)
            .await
            .unwrap()
    };
    assert_eq!(erase(29).await, 0);
    assert_eq!(erase(31).await, 1);
    assert_eq!(erase(32).await, 0, "once");
    let gone = original(&officer, evidence, "复核").await;
    problem(gone, StatusCode::GONE, "original-erased").await;
    let case = officer.json(&format!("/api/v1/cases/{}", case["id"])).await;
    assert_eq!(case["evidence"][0]["original"], "erased");
    let url = case["evidence"][0]["image"]["url"].as_str().unwrap();
    assert!(
        !picture_at(&officer, url).await.is_empty(),
        "the blurred one stays"
    );

    // a file whose transaction failed belongs to nothing
    let stray = data.path().join("originals/ab");
    fs::create_dir_all(&stray).unwrap();
    fs::write(stray.join(format!("{}.sealed", "ab".repeat(32))), b"sealed").unwrap();
    let swept = originals::sweep(&city.db, &store, began).await.unwrap();
    assert_eq!(swept, 0, "its transaction may still run");
    let later = began + TimeDelta::days(2);
    assert_eq!(originals::sweep(&city.db, &store, later).await.unwrap(), 1);
    service.stop().await;
}
