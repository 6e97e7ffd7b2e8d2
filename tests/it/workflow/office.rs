//! A city at work: desks, units and people with every role, in a time that the test sets.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use cityward::time::{SetTime, TimeSource};
use reqwest::StatusCode;
use serde_json::{Map, Value, json};

use crate::city::{TestCity, place};
use crate::people::{Colleague, colleague};
use crate::service::{TestService, problem};

/// A supply-water manhole cover: condition 1 is an emergency, 2 is due in 2 continuous hours, 4
/// in 2 working days.
pub(super) const COVER: &str = "C01001";

/// An instant of China's local time.
pub(super) fn at(local: &str) -> DateTime<Utc> {
    format!("{local}:00+08:00").parse().unwrap()
}

/// A Wednesday morning without holidays around.
pub(super) const MORNING: &str = "2026-11-18T09:00";

pub(super) struct Office {
    pub(super) city: TestCity,
    pub(super) service: TestService,
    pub(super) time: SetTime,
    now: DateTime<Utc>,
    pub(super) edition: i32,
    pub(super) cell: i32,
    /// The district of all cells.
    pub(super) district: i32,
    pub(super) people: HashMap<&'static str, Colleague>,
    pub(super) units: HashMap<&'static str, i32>,
}

impl Office {
    pub(super) async fn open() -> Self {
        Self::open_at(MORNING).await
    }

    pub(super) async fn open_at(local: &str) -> Self {
        let city = TestCity::new().await;
        let edition = city.edition().await;
        let cell = city.cells(edition, 3, 3).await[0];
        let district = district(&city, "321202").await;
        let other_district = self::district(&city, "321203").await;
        let now = at(local);
        let time = SetTime::new(now);
        let set = time.clone();
        let service = TestService::start_with(&city, |config| {
            config.time = TimeSource::Set(set);
            config.http.session_h = 24 * 365;
        })
        .await;
        let mut office = Self {
            city,
            service,
            time,
            now,
            edition,
            cell,
            district,
            people: HashMap::new(),
            units: HashMap::new(),
        };
        office.hire_units(other_district).await;
        office.hire_people().await;
        office
    }

    async fn hire_units(&mut self, other_district: i32) {
        let district = Some(self.district);
        let other = Some(other_district);
        for (number, name, kind, district) in [
            (1, "water", "responsible", None),
            (2, "roads", "responsible", None),
            (3, "street", "responsible", district),
            (4, "park", "responsible", district),
            (5, "far", "responsible", other),
            (6, "crew", "crew", None),
            (7, "centre", "district_centre", district),
            (8, "bureau", "department", None),
        ] {
            let unit = self.city.unit(number).await;
            sqlx::query(
                "update unit set kind = $2::unit_kind, district_id = $3 where unit_id = $1",
            )
            .bind(unit)
            .bind(kind)
            .bind(district)
            .execute(&self.city.db)
            .await
            .unwrap();
            self.units.insert(name, unit);
        }
    }

    async fn hire_people(&mut self) {
        for (name, role, unit) in [
            ("operator", "operator", None),
            ("chief", "duty_chief", None),
            ("dispatcher", "dispatcher", None),
            ("other dispatcher", "dispatcher", None),
            ("collector", "collector", None),
            ("checker", "checker", None),
            ("leader", "leader", None),
            ("committee", "committee", None),
            ("water manager", "unit_manager", Some("water")),
            ("water worker", "unit_worker", Some("water")),
            ("roads manager", "unit_manager", Some("roads")),
            ("street manager", "unit_manager", Some("street")),
            ("park manager", "unit_manager", Some("park")),
            ("crew manager", "unit_manager", Some("crew")),
            ("bureau manager", "unit_manager", Some("bureau")),
        ] {
            self.hire(name, role, unit, None).await;
        }
        let district = Some(self.district);
        self.hire("district", "district_dispatcher", None, district)
            .await;
    }

    pub(super) async fn hire(
        &mut self,
        name: &'static str,
        role: &str,
        unit: Option<&str>,
        district: Option<i32>,
    ) {
        let unit = unit.map(|unit| self.units[unit]);
        let person = colleague(&self.city, &self.service, role, unit, district).await;
        self.people.insert(name, person);
    }

    pub(super) fn id(&self, name: &str) -> i32 {
        self.people[name].id
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    pub(super) fn set_time(&mut self, now: DateTime<Utc>) {
        self.now = now;
        self.time.set(now);
    }

    pub(super) fn pass(&mut self, time: TimeDelta) {
        self.set_time(self.now + time);
    }

    /// A case of a class, reported now.
    pub(super) async fn report(&self, class: &str) -> i64 {
        let spot = place(10.0, 10.0);
        let case = sqlx::query_scalar(
            "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m,
                bearing_deg, cell_id, edition_id, because, first_seen_at, last_seen_at,
                sighting_count, opened_at, rule_set_id)
            values ($1, 'hotline', $2, 1, 1, 0, $3, $4, $5, $6, $6, 1, $6,
                (select max(rule_set_id) from rule_set where state = 'approved'))
            returning case_id",
        )
        .bind(class)
        .bind(spot)
        .bind(self.cell)
        .bind(self.edition)
        .bind(json!({
            "rule": "none", "cell_code": "321202001001001", "class": class,
            "edition": {"id": self.edition, "note": "test", "published_at": "2020-01-01T00:00:00Z"},
        }))
        .bind(self.now)
        .fetch_one(&self.city.db)
        .await
        .unwrap();
        sqlx::query(
            "insert into case_event (case_id, action, at, actor, detail)
            values ($1, 'opened', $2, 'hotline', '{}')",
        )
        .bind(case)
        .bind(self.now)
        .execute(&self.city.db)
        .await
        .unwrap();
        case
    }

    /// A picture that somebody has uploaded.
    pub(super) async fn photo(&self, name: &str) -> i64 {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let sha256: Vec<u8> = (0..32).map(|at| (number >> (at % 4 * 8)) as u8).collect();
        sqlx::query_scalar(
            "insert into case_attachment (image_sha256, image_width_px, image_height_px,
                uploaded_by, uploaded_at) values ($1, 8, 8, $2, $3) returning attachment_id",
        )
        .bind(sha256)
        .bind(self.id(name))
        .bind(self.now)
        .fetch_one(&self.city.db)
        .await
        .unwrap()
    }

    /// The number of a condition of a class in the rule set in force.
    pub(super) async fn condition(&self, class: &str, number: i16) -> i64 {
        sqlx::query_scalar(
            "select condition_id from filing_condition join rule_set using (rule_set_id)
            where class_code = $1 and number = $2 and state = 'approved'",
        )
        .bind(class)
        .bind(number)
        .fetch_one(&self.city.db)
        .await
        .unwrap()
    }

    /// The case as the whole city sees it.
    pub(super) async fn case(&self, case: i64) -> Value {
        self.people["leader"]
            .client
            .json(&format!("/api/v1/cases/{case}"))
            .await
    }

    /// Does something at the version the case has now.
    pub(super) async fn try_act(
        &self,
        name: &str,
        case: i64,
        action: &str,
        fields: Value,
    ) -> reqwest::Response {
        let version: i32 = sqlx::query_scalar("select version from city_case where case_id = $1")
            .bind(case)
            .fetch_one(&self.city.db)
            .await
            .unwrap();
        self.try_at(name, case, action, version, fields).await
    }

    /// Does something at a version of the case.
    pub(super) async fn try_at(
        &self,
        name: &str,
        case: i64,
        action: &str,
        version: i32,
        fields: Value,
    ) -> reqwest::Response {
        static KEYS: AtomicU32 = AtomicU32::new(0);
        let key = format!("test-key-{}", KEYS.fetch_add(1, Ordering::Relaxed));
        self.try_with(name, case, action, version, fields, &key)
            .await
    }

    /// Does something with a key.
    pub(super) async fn try_with(
        &self,
        name: &str,
        case: i64,
        action: &str,
        version: i32,
        fields: Value,
        key: &str,
    ) -> reqwest::Response {
        let mut body: Map<String, Value> = fields.as_object().unwrap().clone();
        body.insert("version".to_owned(), json!(version));
        self.people[name]
            .client
            .post(&format!("/api/v1/cases/{case}/actions/{action}"))
            .header("Idempotency-Key", key)
            .json(&body)
            .send()
            .await
            .unwrap()
    }

    /// Does something that has to succeed; returns the case as it is then. Where the clock was
    /// first (a supervision of its own), the person looks again.
    pub(super) async fn act(&self, name: &str, case: i64, action: &str, fields: Value) -> Value {
        loop {
            let answer = self.try_act(name, case, action, fields.clone()).await;
            let status = answer.status();
            let text = answer.text().await.unwrap();
            let body: Value = serde_json::from_str(&text).unwrap();
            if status == StatusCode::CONFLICT && body["current"]["last"]["actor"] == "system" {
                continue;
            }
            assert_eq!(status, StatusCode::OK, "{name} {action}: {text}");
            return body["case"].clone();
        }
    }

    /// Tries something that breaks a rule; returns the refusal's parameters.
    pub(super) async fn refused(
        &self,
        name: &str,
        case: i64,
        action: &str,
        fields: Value,
        code: &str,
    ) -> Value {
        let answer = self.try_act(name, case, action, fields).await;
        let body = problem(answer, StatusCode::UNPROCESSABLE_ENTITY, "rule-broken").await;
        assert_eq!(body["refusal"]["code"], code, "{name} {action}: {body}");
        body["refusal"]["params"].clone()
    }

    /// Tries something that is not theirs to do.
    pub(super) async fn forbidden(
        &self,
        name: &str,
        case: i64,
        action: &str,
        fields: Value,
        code: &str,
    ) {
        let answer = self.try_act(name, case, action, fields).await;
        let body = problem(answer, StatusCode::FORBIDDEN, "not-allowed").await;
        assert_eq!(body["refusal"]["code"], code, "{name} {action}: {body}");
    }

    /// Where the case is, for somebody on site.
    pub(super) fn there() -> Value {
        let spot = place(12.0, 10.0);
        json!({"lon": spot.lon, "lat": spot.lat})
    }

    /// A case filed under a condition.
    pub(super) async fn filed(&self, number: i16) -> i64 {
        let case = self.report(COVER).await;
        let condition = self.condition(COVER, number).await;
        self.act("operator", case, "file", json!({"condition_id": condition}))
            .await;
        case
    }

    /// A case sent to a unit.
    pub(super) async fn dispatched(&self, number: i16, unit: &str) -> i64 {
        let case = self.filed(number).await;
        let unit = self.units[unit];
        self.act("dispatcher", case, "dispatch", json!({"unit_id": unit}))
            .await;
        case
    }

    /// A case that the water unit handles.
    pub(super) async fn handling(&self, number: i16) -> i64 {
        let case = self.dispatched(number, "water").await;
        self.act("water manager", case, "receive", json!({})).await;
        case
    }

    pub(super) async fn feed_back(&self, name: &str, case: i64) -> Value {
        let photos = [self.photo(name).await, self.photo(name).await];
        self.act(
            name,
            case,
            "feed_back",
            json!({"text": "repaired", "attachments": photos}),
        )
        .await
    }

    /// A case that the water unit says is done.
    pub(super) async fn handled(&self, number: i16) -> i64 {
        let case = self.handling(number).await;
        self.feed_back("water manager", case).await;
        case
    }

    /// A case whose check has had a result.
    pub(super) async fn checked(&self, result: &str) -> i64 {
        let case = self.handled(2).await;
        self.check(case, result).await;
        case
    }

    /// Sends a handled case to check and checks it.
    pub(super) async fn check(&self, case: i64, result: &str) {
        let checker = self.id("checker");
        self.act(
            "operator",
            case,
            "send_to_check",
            json!({"assignee_id": checker}),
        )
        .await;
        let mut fields = Self::there();
        fields["result"] = json!(result);
        fields["attachments"] = json!([self.photo("checker").await]);
        self.act("checker", case, "check", fields).await;
    }

    /// Every closing condition of the case, ticked.
    pub(super) async fn all_met(&self, case: i64) -> Value {
        let case = self.case(case).await;
        let closing = case["condition"]["closing"].as_array().unwrap().len();
        json!({"closing_met": (0..closing).collect::<Vec<_>>()})
    }
}

async fn district(city: &TestCity, division: &str) -> i32 {
    sqlx::query_scalar(
        "insert into district (division_code, name_zh, name_en) values ($1, $1, $1)
        returning district_id",
    )
    .bind(division)
    .fetch_one(&city.db)
    .await
    .unwrap()
}
