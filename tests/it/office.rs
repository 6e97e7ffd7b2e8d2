//! An office where rules are written, approved and tried.

use chrono::{DateTime, Utc};
use cityward::time::{SetTime, TimeSource};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::city::{TestCity, place};
use crate::people::{Colleague, colleague};
use crate::service::TestService;

pub(crate) fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A city with one cell, whose default unit is the first, at a time that the test sets.
pub(crate) struct Office {
    pub(crate) city: TestCity,
    pub(crate) service: TestService,
    pub(crate) clock: SetTime,
    /// Writes drafts.
    pub(crate) author: Colleague,
    /// Approves them.
    pub(crate) chief: Colleague,
}

impl Office {
    pub(crate) async fn open(now: &str) -> Self {
        let city = TestCity::new().await;
        let edition = city.edition().await;
        let cell = city.cells(edition, 1, 1).await[0];
        let unit = city.unit(1).await;
        city.responsible(edition, cell, None, unit).await;
        let clock = SetTime::new(time(now));
        let given = clock.clone();
        let service =
            TestService::start_with(&city, |config| config.time = TimeSource::Set(given)).await;
        let author = colleague(&city, &service, "administrator", None, None).await;
        let chief = colleague(&city, &service, "administrator", None, None).await;
        Self {
            city,
            service,
            clock,
            author,
            chief,
        }
    }

    pub(crate) async fn first(&self) -> i64 {
        let sets = self.author.client.json("/api/v1/rule-sets").await;
        sets["sets"].as_array().unwrap().last().unwrap()["id"]
            .as_i64()
            .unwrap()
    }

    /// A draft based on the first set.
    pub(crate) async fn draft(&self) -> i64 {
        let body = json!({ "name": "修订 Revision", "based_on": self.first().await });
        let answer = self.post("/api/v1/rule-sets", body).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        let draft: Value = answer.json().await.unwrap();
        assert_eq!(draft["state"], "draft");
        draft["id"].as_i64().unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> reqwest::Response {
        let request = self.author.client.post(path).json(&body);
        request.send().await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> reqwest::Response {
        self.author
            .client
            .put(path)
            .json(&body)
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn approve(&self, who: &Colleague, set: i64, from: &str) -> reqwest::Response {
        who.client
            .post(&format!("/api/v1/rule-sets/{set}/approve"))
            .json(&json!({ "in_force_from": from }))
            .send()
            .await
            .unwrap()
    }

    /// The tester's answer about the middle of the cell.
    pub(crate) async fn try_at(&self, class: &str, at: &str, more: Value) -> Value {
        let point = place(50.0, 50.0);
        let mut body = json!({ "class": class, "lon": point.lon, "lat": point.lat, "at": at });
        let fields = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(fields);
        let answer = self.post("/api/v1/rules/test", body).await;
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }

    /// Gives the grate that is blocked half a working day instead of a whole one.
    pub(crate) async fn shorten(&self, draft: i64) -> i64 {
        let path = format!("/api/v1/rule-sets/{draft}/conditions");
        let list = self
            .author
            .client
            .json(&format!("{path}?class=C01004"))
            .await;
        let blocked = list["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["text_zh"].as_str().unwrap().starts_with("堵塞"))
            .unwrap()
            .clone();
        assert_eq!(blocked["limit_s"], 28800);
        let mut written = blocked.clone();
        written["limit_s"] = json!(14400);
        for key in ["id", "mark"] {
            written.as_object_mut().unwrap().remove(key);
        }
        let changed = self
            .put(&format!("{path}/{}", blocked["id"]), written)
            .await;
        assert_eq!(changed.status(), StatusCode::NO_CONTENT);
        blocked["number"].as_i64().unwrap()
    }
}

/// The condition of a class and number in a set.
pub(crate) async fn condition(office: &Office, set: i64, class: &str, number: i64) -> Value {
    let path = format!("/api/v1/rule-sets/{set}/conditions?class={class}");
    let list = office.author.client.json(&path).await;
    let conditions = list["conditions"].as_array().unwrap();
    conditions
        .iter()
        .find(|row| row["number"] == number)
        .unwrap()
        .clone()
}
