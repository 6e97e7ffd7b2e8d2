//! What a model sees counts where it can be: at a component, over some time, of a size that such things
//! have, and not in a crowd that passes.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::city::{TestCity, place};
use crate::departures::wall;
use crate::service::TestService;

/// A street with two overflowing bins, of which the second shows where the picture is bright; the
/// register knows a bin at the first.
struct Street {
    city: TestCity,
    service: TestService,
    token: String,
    began: DateTime<Utc>,
    _model: tempfile::TempDir,
}

impl Street {
    /// `rule`: what the city changes of the rule for overflowing bins.
    async fn new(rule: &str) -> Self {
        let city = TestCity::new().await;
        let token = city.watched().await;
        city.component("C03005", place(15.6, 17.8), None).await;
        let changed = format!("update sighting_rule set {rule} where class_code = 'M06042'");
        sqlx::query(&changed).execute(&city.db).await.unwrap();
        let model = crate::stays::model_of("M06042");
        let dirs = vec![model.path().to_owned()];
        let service =
            TestService::start_with(&city, |config| config.vision.model_dirs = dirs).await;
        #[expect(clippy::disallowed_methods, reason = "a test lives in the present")]
        let began = Utc::now() - TimeDelta::seconds(3000);
        Self {
            city,
            service,
            token,
            began,
            _model: model,
        }
    }

    /// What became of what was seen so many seconds after it began.
    async fn show(&self, s: i64, bright: bool) -> Vec<Value> {
        let at = self.began + TimeDelta::seconds(s);
        let report = self.service.push(&self.token, at, wall(bright)).await;
        report["detections"].as_array().unwrap().clone()
    }

    async fn cases(&self) -> i64 {
        sqlx::query_scalar("select count(*) from city_case")
            .fetch_one(&self.city.db)
            .await
            .unwrap()
    }
}

const AT_ONCE: &str = "confirm_frames = 1, confirm_of = 1";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wider_than_such_things_are() {
    let street = Street::new(AT_ONCE).await;
    for seen in street.show(0, true).await {
        // 6.25 m
        assert_eq!(seen["dropped"], "impossible_size", "{seen}");
    }
    assert_eq!(street.cases().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_says_whether_it_counts_where_no_component_is() {
    let anywhere = Street::new(&format!("{AT_ONCE}, width_max_m = null")).await;
    let seen = anywhere.show(0, true).await;
    assert!(seen[0]["place"]["component"].is_object(), "{seen:?}");
    assert!(seen[1]["place"]["component"].is_null());
    assert_eq!(anywhere.cases().await, 2, "of both");

    let rule = format!("{AT_ONCE}, width_max_m = null, only_at_component = true");
    let known = Street::new(&rule).await;
    let seen = known.show(0, true).await;
    assert!(seen[0]["case_id"].is_i64(), "{seen:?}");
    assert_eq!(seen[1]["dropped"], "no_component");
    assert_eq!(known.cases().await, 1);

    // 12.5 m away
    let reach = Street::new(&format!("{rule}, reach_m = 20")).await;
    let seen = reach.show(0, true).await;
    assert!(seen[1]["case_id"].is_i64(), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_seen_in_k_of_n_frames_over_some_time() {
    let rule = "confirm_frames = 3, confirm_of = 5, over_s = 120, width_max_m = null";
    let street = Street::new(rule).await;
    // a glint of half a minute is nothing; two frames a second of it neither
    for s in 0..30 {
        assert!(street.show(s, false).await[0]["case_id"].is_null());
    }
    let mut filed = None;
    for s in (30..200).step_by(10) {
        let seen = street.show(s, false).await;
        filed = filed.or(seen[0]["case_id"].as_i64().map(|_| s));
    }
    assert_eq!(
        filed,
        Some(60),
        "three frames, each 30 s after the one before"
    );
    assert_eq!(street.cases().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_move_counts_where_the_background_shows_it() {
    let street = Street::new(&format!("{AT_ONCE}, width_max_m = null")).await;
    for n in 0..40 {
        let seen = street.show(n * 10, false).await;
        assert!(seen[0]["case_id"].is_i64(), "frame {n}: {seen:?}");
    }
    // something else is where the bins are: it passes, or was put there a moment ago
    let mut counted = None;
    for n in 40..60 {
        let seen = street.show(n * 10, true).await;
        match seen[0]["dropped"].as_str() {
            Some(dropped) => assert_eq!(dropped, "not_standing"),
            None => counted = counted.or(Some(n)),
        }
    }
    let counted = counted.expect("it stays");
    assert!((44..55).contains(&counted), "from frame {counted} on");
}
