//! What stands where nothing stood becomes one case while it stands, on a real street; and what a
//! camera's background is can be looked at, set anew and survives a restart.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use image::{Rgb, RgbImage};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::city::{TestCity, place};
use crate::service::{TestClient, TestService, problem};
use crate::vision::data_of_others;

pub(crate) const BACKGROUND: &str = "/api/v1/cameras/cam-1/background";
/// Between two pictures, seconds.
const EVERY_S: i64 = 10;

/// A street that one camera watches, and pictures of it.
pub(crate) struct Street {
    pub(crate) city: TestCity,
    service: TestService,
    pub(crate) client: TestClient,
    token: String,
    began: DateTime<Utc>,
    pushed: i64,
    /// Between two pictures, seconds.
    every_s: i64,
}

/// Vehicles, and what supports a stall.
fn models() -> Vec<PathBuf> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    vec![shipped.join("vehicles"), shipped.join("objects")]
}

async fn serve(city: &TestCity) -> (TestService, TestClient) {
    let service = TestService::start_with(city, |config| config.vision.model_dirs = models()).await;
    let client = service.sign_in(city).await;
    (service, client)
}

impl Street {
    /// Its camera's picture is 640 x 640 and shows 20 m x 20 m from above, and nobody may put
    /// anything on the part of it between these corners.
    async fn new(corners: [[f64; 2]; 4]) -> Self {
        Self::paced(EVERY_S, json!([{ "kind": "pavement", "corners": corners }])).await
    }

    /// The same with these zones, and so many seconds between two pictures.
    pub(crate) async fn paced(every_s: i64, zones: Value) -> Self {
        let city = TestCity::new().await;
        let token = city.watched().await;
        let (service, client) = serve(&city).await;
        let pair = |x: f64, y: f64| {
            let ground = place(x / 32.0, (640.0 - y) / 32.0);
            json!({ "x": x, "y": y, "lon": ground.lon, "lat": ground.lat })
        };
        let drawn = json!({
            "image_width_px": 640,
            "image_height_px": 640,
            "pairs": [pair(0., 0.), pair(640., 0.), pair(640., 640.), pair(0., 640.), pair(320., 320.)],
        });
        let calibrated = client.put("/api/v1/cameras/cam-1/calibration").json(&drawn);
        assert_eq!(calibrated.send().await.unwrap().status(), StatusCode::OK);
        let put = client.put("/api/v1/cameras/cam-1/zones");
        let put = put.json(&json!({ "zones": zones }));
        assert_eq!(put.send().await.unwrap().status(), StatusCode::OK);
        #[expect(clippy::disallowed_methods, reason = "a test lives in the present")]
        let began = DateTime::from_timestamp(Utc::now().timestamp() - 600 * every_s, 0).unwrap();
        Self {
            city,
            service,
            client,
            token,
            began,
            pushed: 0,
            every_s,
        }
    }

    /// Pushes a picture; answers what was told of what stands.
    pub(crate) async fn push(&mut self, jpeg: Vec<u8>) -> Vec<Value> {
        let at = self.began + TimeDelta::seconds(self.pushed * self.every_s);
        self.pushed += 1;
        let report = self.service.push(&self.token, at, jpeg).await;
        assert_eq!(report["outcome"], "processed", "{report}");
        let detections = report["detections"].as_array().unwrap().iter();
        let stands = detections.filter(|it| it["model"] == "background");
        stands.cloned().collect()
    }

    pub(crate) async fn cases(&self) -> Vec<i64> {
        sqlx::query_scalar("select case_id from city_case order by 1")
            .fetch_all(&self.city.db)
            .await
            .unwrap()
    }

    pub(crate) async fn noted_gone(&self) -> i64 {
        sqlx::query_scalar("select count(*) from case_event where action = 'seen_gone'")
            .fetch_one(&self.city.db)
            .await
            .unwrap()
    }
}

/// Every picture of a real view, in time order.
pub(crate) fn view(name: &str) -> Option<Vec<RgbImage>> {
    let folder = data_of_others()?.join("street").join(name).join("images");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let open = |file: &PathBuf| image::open(file).unwrap().to_rgb8();
    Some(files.iter().map(open).collect())
}

pub(crate) fn jpeg(picture: &RgbImage) -> Vec<u8> {
    crate::jpeg::jpeg(picture, 85)
}

/// Two rows of crates with fruit, 80 pixels wide.
pub(crate) fn with_stall(picture: &RgbImage, left: u32, top: u32) -> RgbImage {
    let mut picture = picture.clone();
    for y in 0..64 {
        for x in 0..80 {
            let (column, row) = (x / 20, y / 32);
            let board = x % 20 < 2 || y % 32 < 3;
            let colour = if board {
                [120, 84, 50]
            } else {
                [[205, 60, 40], [235, 150, 40], [90, 160, 60], [220, 190, 60]]
                    [(column + row) as usize % 4]
            };
            let grain = ((x * 31 + y * 17) % 23) as u8;
            picture.put_pixel(
                left + x,
                top + y,
                Rgb(colour.map(|c: u8| c.saturating_sub(grain))),
            );
        }
    }
    picture
}

/// The square before the crossing of view-08, in shares of the picture.
pub(crate) const SQUARE: [[f64; 2]; 4] = [[0.45, 0.66], [0.85, 0.66], [0.85, 0.95], [0.35, 0.95]];

#[tokio::test(flavor = "multi_thread")]
async fn a_stall_on_a_pavement_is_one_case_while_it_stands() {
    let Some(frames) = view("view-08") else {
        return;
    };
    let mut street = Street::new(SQUARE).await;
    let mut shown = frames.iter().cycle();
    let mut next = || shown.next().unwrap();
    for _ in 0..104 {
        let told = street.push(jpeg(next())).await;
        assert!(told.is_empty(), "nothing was put there: {told:?}");
    }
    assert_eq!(street.cases().await, [0_i64; 0]);

    let (mut cases, mut first) = (Vec::new(), None);
    for n in 0..84 {
        for told in street.push(jpeg(&with_stall(next(), 330, 440))).await {
            assert_eq!(told["class"], "M09006");
            assert_eq!(told["label"], "standing");
            first = first.or(Some(n));
            cases.extend(told["case_id"].as_i64());
        }
    }
    let first = first.expect("it stands");
    assert!((21..=35).contains(&first), "after {first} pictures");
    assert!(cases.len() >= 3, "{cases:?}");
    cases.dedup();
    assert_eq!(cases.len(), 1, "one event while it lasts: {cases:?}");
    let state = street.client.json(BACKGROUND).await;
    assert_eq!(state["standing"].as_array().unwrap().len(), 1, "{state}");
    let width_m = state["standing"][0]["width_m"].as_f64().unwrap();
    assert!((2.0..3.0).contains(&width_m), "{width_m} m");
    let case = street
        .client
        .json(&format!("/api/v1/cases/{}", cases[0]))
        .await;
    assert_eq!(case["evidence"][0]["model"]["name"], "background", "{case}");

    assert_eq!(street.noted_gone().await, 0);
    for _ in 0..120 {
        street.push(jpeg(next())).await;
    }
    assert_eq!(street.noted_gone().await, 1, "it is seen to be gone");
    assert_eq!(street.cases().await.len(), 1);
    let state = street.client.json(BACKGROUND).await;
    assert_eq!(state["standing"], json!([]));
}

/// Real streets on which stands what stood there: also where shadows wander for half an hour.
#[tokio::test(flavor = "multi_thread")]
async fn real_streets_on_which_nothing_was_put_file_nothing() {
    for (name, corners) in [
        (
            "view-07",
            [[0.2, 0.6], [0.45, 0.6], [0.55, 0.95], [0.25, 0.95]],
        ),
        (
            "view-09",
            [[0.45, 0.75], [0.8, 0.7], [0.85, 0.97], [0.4, 0.97]],
        ),
    ] {
        let Some(frames) = view(name) else { return };
        let mut street = Street::new(corners).await;
        for frame in &frames {
            let told = street.push(jpeg(frame)).await;
            assert!(told.is_empty(), "{name}: {told:?}");
        }
        assert_eq!(street.cases().await, [0_i64; 0], "{name}");
        let state = street.client.json(BACKGROUND).await;
        assert_eq!(state["phase"], "ready");
    }
}

/// A wall of bricks that nothing is wrong with, and a crate before it.
fn wall(full: bool) -> RgbImage {
    let wall = RgbImage::from_fn(640, 640, |x, y| {
        let mixed = ((x / 9) * 7919 + (y / 7) * 104_729).wrapping_mul(2_654_435_761) >> 24;
        Rgb([
            (60 + mixed / 2) as u8,
            (55 + mixed / 2) as u8,
            (50 + mixed / 2) as u8,
        ])
    });
    if full {
        with_stall(&wall, 300, 300)
    } else {
        wall
    }
}

const EVERYWHERE: [[f64; 2]; 4] = [[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98]];

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story from beginning to end")]
async fn a_background_is_looked_at_set_anew_and_survives_a_restart() {
    let mut street = Street::new(EVERYWHERE).await;
    let reference = format!("{BACKGROUND}/reference");
    let state = street.client.json(BACKGROUND).await;
    assert_eq!(
        (&state["phase"], &state["taken"]),
        (&json!("filling"), &json!(0))
    );
    let early = street.client.put(&reference).send().await.unwrap();
    problem(early, StatusCode::CONFLICT, "no-background").await;
    let early = street
        .client
        .get(&format!("{BACKGROUND}/median"))
        .send()
        .await
        .unwrap();
    problem(early, StatusCode::NOT_FOUND, "not-found").await;

    for _ in 0..35 {
        street.push(jpeg(&wall(false))).await;
    }
    for _ in 0..35 {
        street.push(jpeg(&wall(true))).await;
    }
    let state = street.client.json(BACKGROUND).await;
    assert_eq!(state["phase"], "ready", "{state}");
    assert_eq!(state["reference"]["origin"], "first");
    let [left, top, right, bottom]: [f64; 4] =
        serde_json::from_value(state["standing"][0]["box"].clone()).unwrap();
    let off = [
        left - 300. / 640.,
        top - 300. / 640.,
        right - 380. / 640.,
        bottom - 364. / 640.,
    ];
    assert!(off.iter().all(|off: &f64| off.abs() < 0.02), "{state}");
    for picture in ["median", "reference"] {
        let shown = street
            .client
            .get(&format!("{BACKGROUND}/{picture}"))
            .send()
            .await
            .unwrap();
        assert_eq!(shown.status(), StatusCode::OK);
        assert!(shown.headers().contains_key("x-captured-at"));
        let shown = image::load(
            Cursor::new(shown.bytes().await.unwrap()),
            image::ImageFormat::Jpeg,
        );
        let shown = shown.unwrap().to_rgb8();
        assert_eq!(shown.dimensions(), (480, 270));
        let [red, green, _] = shown.get_pixel(247, 133).0;
        let fruit = red > 150 && red > green + 30;
        assert_eq!(fruit, picture == "median", "{red} {green} in the {picture}");
    }

    let set_at = state["reference"]["set_at"].clone();
    street.service.stop().await;
    let (service, client) = serve(&street.city).await;
    (street.service, street.client) = (service, client);
    street.push(jpeg(&wall(true))).await;
    let state = street.client.json(BACKGROUND).await;
    assert_eq!(state["phase"], "filling");
    assert_eq!(state["reference"]["set_at"], set_at, "{state}");
    for _ in 0..34 {
        street.push(jpeg(&wall(true))).await;
    }
    let state = street.client.json(BACKGROUND).await;
    assert_eq!(state["standing"].as_array().unwrap().len(), 1, "{state}");

    street.city.signed_in("operator").await;
    let mut operator = street.service.client();
    operator.cookie = Some("cityward_session=operator".to_owned());
    assert_eq!(operator.json(BACKGROUND).await["phase"], "ready");
    let refused = operator.put(&reference).send().await.unwrap();
    problem(refused, StatusCode::FORBIDDEN, "forbidden").await;
    let set = street.client.put(&reference).send().await.unwrap();
    assert_eq!(set.status(), StatusCode::OK);
    let state: Value = set.json().await.unwrap();
    assert_eq!(
        (&state["reference"]["origin"], &state["standing"]),
        (&json!("person"), &json!([]))
    );
    let recorded: i64 = sqlx::query_scalar(
        "select count(*) from audit_entry where action = 'set-background' and subject = 'camera:cam-1'",
    )
    .fetch_one(&street.city.db)
    .await
    .unwrap();
    assert_eq!(recorded, 1);
    for _ in 0..7 {
        street.push(jpeg(&wall(true))).await;
    }
    assert_eq!(street.client.json(BACKGROUND).await["standing"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_in_a_background_what_masks_hide() {
    let mut street = Street::new(EVERYWHERE).await;
    for _ in 0..35 {
        street.push(jpeg(&wall(true))).await;
    }
    let corners = [[0.4, 0.4], [0.7, 0.4], [0.7, 0.7], [0.4, 0.7]];
    let masks = json!({ "masks": [{ "corners": corners }] });
    let drawn = street
        .client
        .put("/api/v1/cameras/cam-1/masks")
        .json(&masks);
    assert_eq!(drawn.send().await.unwrap().status(), StatusCode::OK);
    for picture in ["median", "reference"] {
        let shown = street.client.get(&format!("{BACKGROUND}/{picture}"));
        let shown = shown.send().await.unwrap().bytes().await.unwrap();
        let shown = image::load(Cursor::new(shown), image::ImageFormat::Jpeg).unwrap();
        let shown = shown.to_rgb8();
        for (x, y) in [(200, 115), (247, 133), (270, 150), (330, 180)] {
            let pixel = shown.get_pixel(x, y).0;
            let grey = pixel.iter().all(|part| part.abs_diff(93) < 10);
            assert!(grey, "{pixel:?} at {x}, {y} in the {picture}");
        }
        let beside: Vec<u8> = (0..180).map(|x| shown.get_pixel(x, 133).0[0]).collect();
        assert!(beside.iter().max() > beside.iter().min().map(|low| low + 40).as_ref());
    }
    // a picture later the database has it no more, either
    street.push(jpeg(&wall(true))).await;
    street.service.stop().await;
    let stored: Vec<u8> = sqlx::query_scalar("select picture from camera_background")
        .fetch_one(&street.city.db)
        .await
        .unwrap();
    assert!(stored[133 * 480 + 200..][..120].iter().all(|y| *y == 96));
    assert!(stored[133 * 480..][..180].iter().any(|y| *y != 96));
}
