//! Platforms that push one picture a minute, or one in five: what stands is a case once, and what a
//! picture in between does not show is not gone.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::background::{BACKGROUND, SQUARE, Street, jpeg, view, with_stall};
use crate::city::{TestCity, place};
use crate::departures::wall;
use crate::service::{TestClient, TestService};

/// Seconds between two pictures, as platforms have them.
const PACES_S: [i64; 2] = [60, 300];

/// The crates are before a shop and on a pavement; each is one case of its class.
#[tokio::test(flavor = "multi_thread")]
async fn goods_and_stalls_are_one_case_each_from_few_pictures() {
    for every_s in PACES_S {
        let Some(frames) = view("view-08") else {
            return;
        };
        let both = json!([
            { "kind": "pavement", "corners": SQUARE },
            { "kind": "shop_front", "corners": SQUARE },
        ]);
        let mut street = Street::paced(every_s, both).await;
        let mut shown = frames.iter().cycle();
        let mut next = || shown.next().unwrap();
        for _ in 0..14 {
            let told = street.push(jpeg(next())).await;
            assert!(
                told.is_empty(),
                "{every_s} s: nothing was put there: {told:?}"
            );
        }
        let mut first = None;
        for n in 0..18 {
            // somebody stands before it in every sixth picture
            let picture = if n % 6 == 4 {
                next().clone()
            } else {
                with_stall(next(), 330, 440)
            };
            for told in street.push(jpeg(&picture)).await {
                assert_eq!(told["label"], "standing", "{every_s} s: {told}");
                first = first.or(told["case_id"].as_i64().map(|_| n));
            }
        }
        // in the median after the seventh of thirteen, and two hundred seconds more
        let first = first.unwrap_or_else(|| panic!("{every_s} s: it stands"));
        assert!(
            (7..=14).contains(&first),
            "{every_s} s: after {first} pictures"
        );
        assert_eq!(street.classes().await, ["M09005", "M09006"], "{every_s} s");
        let state = street.client.json(BACKGROUND).await;
        assert_eq!(state["standing"].as_array().unwrap().len(), 1, "{state}");
        assert_eq!(state["needed"], 9, "{state}");

        assert_eq!(street.noted_gone().await, 0);
        for _ in 0..30 {
            street.push(jpeg(next())).await;
        }
        let state = street.client.json(BACKGROUND).await;
        assert_eq!(state["standing"], json!([]));
        assert_eq!(
            street.noted_gone().await,
            2,
            "{every_s} s: it is seen to be gone"
        );
        assert_eq!(street.cases().await.len(), 2, "{every_s} s");
    }
}

impl Street {
    async fn classes(&self) -> Vec<String> {
        sqlx::query_scalar("select class_code from city_case order by class_code")
            .fetch_all(&self.city.db)
            .await
            .unwrap()
    }
}

/// As at one picture in ten seconds: shadows wander, traffic passes, and nothing is filed.
#[tokio::test(flavor = "multi_thread")]
async fn few_pictures_of_real_streets_file_nothing() {
    let views = [
        (
            "view-07",
            [[0.2, 0.6], [0.45, 0.6], [0.55, 0.95], [0.25, 0.95]],
        ),
        (
            "view-09",
            [[0.45, 0.75], [0.8, 0.7], [0.85, 0.97], [0.4, 0.97]],
        ),
    ];
    for ((name, corners), every_s) in views.into_iter().zip(PACES_S) {
        let Some(frames) = view(name) else { return };
        let zones = json!([{ "kind": "pavement", "corners": corners }]);
        let mut street = Street::paced(every_s, zones).await;
        for frame in frames.iter().step_by(2) {
            let told = street.push(jpeg(frame)).await;
            assert!(told.is_empty(), "{name}: {told:?}");
        }
        assert_eq!(street.cases().await, [0_i64; 0], "{name}");
        assert_eq!(street.client.json(BACKGROUND).await["phase"], "ready");
    }
}

/// A street whose camera's model sees a second thing where the picture is bright.
struct Seen {
    city: TestCity,
    service: TestService,
    client: TestClient,
    token: String,
    began: DateTime<Utc>,
    _model: tempfile::TempDir,
}

impl Seen {
    /// `rule`: what the city changes of the rule for this class.
    async fn new(class: &str, rule: &str) -> Self {
        let city = TestCity::new().await;
        let token = city.watched().await;
        city.component("C03005", place(15.6, 17.8), None).await;
        let changed = format!("update sighting_rule set {rule} where class_code = '{class}'");
        sqlx::query(&changed).execute(&city.db).await.unwrap();
        let model = crate::stays::model_of(class);
        let dirs = vec![model.path().to_owned()];
        let service =
            TestService::start_with(&city, |config| config.vision.model_dirs = dirs).await;
        #[expect(clippy::disallowed_methods, reason = "a test lives in the present")]
        let began = Utc::now() - TimeDelta::hours(9);
        Self {
            client: service.sign_in(&city).await,
            city,
            service,
            token,
            began,
            _model: model,
        }
    }

    /// What became of the second thing, so many seconds after it began.
    async fn show(&self, s: i64, bright: bool) -> Value {
        let at = self.began + TimeDelta::seconds(s);
        let report = self.service.push(&self.token, at, wall(bright)).await;
        assert_eq!(report["outcome"], "processed", "{report}");
        report["detections"][1].clone()
    }

    async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(&self.city.db)
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_vehicle_is_one_case_from_few_pictures() {
    for every_s in PACES_S {
        let street = Seen::new("M09009", "reach_m = 3").await;
        let zone = json!({
            "kind": "no_parking",
            "corners": [[0.6, 0.01], [0.95, 0.01], [0.95, 0.99], [0.6, 0.99]],
        });
        let put = street.client.put("/api/v1/cameras/cam-1/zones");
        let drawn = put.json(&json!({ "zones": [zone] })).send().await.unwrap();
        assert_eq!(drawn.status(), StatusCode::OK);

        // three pictures of an empty street; then it stands there, hidden in two, and drives off
        let hidden = [12, 13];
        let (mut case, mut first) = (Value::Null, None);
        for n in 0..18 {
            // pictures do not come to the second
            let s = n * every_s + n % 3;
            let seen = street
                .show(s, (3..18).contains(&n) && !hidden.contains(&n))
                .await;
            if let Some(id) = seen["case_id"].as_i64() {
                first = first.or(Some(n - 3));
                assert!(
                    case.is_null() || case == id,
                    "{every_s} s: one event while it lasts"
                );
                case = id.into();
            }
        }
        // a minute apart: after 300 s; five minutes apart: in the fourth picture
        let expected = if every_s == 60 { 5 } else { 3 };
        assert_eq!(first, Some(expected), "{every_s} s");
        for n in 18..22 {
            street.show(n * every_s, false).await;
        }
        let cases = street.count("select count(*) from city_case").await;
        assert_eq!(cases, 1, "{every_s} s");
    }
}

/// What the pictures show for one of them, or two, is no bin that overflows.
#[tokio::test(flavor = "multi_thread")]
async fn a_bin_is_one_case_from_few_pictures_once_it_stands() {
    for every_s in PACES_S {
        let street = Seen::new("M06042", "width_max_m = null").await;
        let mut n = 0;
        let mut show = async |bright: bool| {
            n += 1;
            street.show(n * every_s, bright).await
        };
        for _ in 0..12 {
            show(false).await;
        }
        let cases = async || street.count("select count(*) from city_case").await;
        assert_eq!(cases().await, 1, "{every_s} s: of the first");
        for bright in [true, false, false, true, true, false, false, false] {
            let seen = show(bright).await;
            assert!(seen["case_id"].is_null(), "{every_s} s: {seen}");
        }
        let mut filed = None;
        for k in 0..12 {
            let seen = show(true).await;
            filed = filed.or(seen["case_id"].as_i64().map(|_| k));
        }
        let filed = filed.unwrap_or_else(|| panic!("{every_s} s: it stays"));
        assert!((4..=6).contains(&filed), "{every_s} s: in picture {filed}");
        assert_eq!(cases().await, 2, "{every_s} s: one of each");
    }
}
