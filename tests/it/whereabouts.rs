//! Collectors on duty: what they say of themselves, and who sees it where.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use cityward::config::TileChanges;
use cityward::space::GroundPoint;
use cityward::time::{SetTime, TimeSource};
use cityward::whereabouts;
use mvt_reader::Reader;
use mvt_reader::feature::Value as Tag;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::city::{TestCity, place};
use crate::live::EventSource;
use crate::people::{Colleague, colleague};
use crate::row_level_security::refused;
use crate::service::{TestService, problem};

const OWN: &str = "/api/v1/me/position";
/// The tile of zoom 14 in which the test city lies, and the columns and rows around it.
const TILE: &str = "14/13649/6629";

fn morning() -> DateTime<Utc> {
    "2026-11-30T01:00:00Z".parse().unwrap()
}

/// A city with a district of the city's and one with a system of its own.
struct Town {
    city: TestCity,
    service: TestService,
    clock: SetTime,
    districts: [i32; 2],
}

impl Town {
    async fn open(way: TileChanges) -> Self {
        let city = TestCity::new().await;
        let mut districts = [0; 2];
        for (index, (code, mode)) in [("321202", "shared"), ("321203", "own_system")]
            .into_iter()
            .enumerate()
        {
            districts[index] = sqlx::query_scalar(
                "insert into district (division_code, name_zh, name_en, mode)
                 values ($1, $1, $1, $2::district_mode) returning district_id",
            )
            .bind(code)
            .bind(mode)
            .fetch_one(&city.db)
            .await
            .unwrap();
        }
        let clock = SetTime::new(morning());
        let given = clock.clone();
        let service = TestService::start_with(&city, |config| {
            config.time = TimeSource::Set(given);
            config.tiles.tile_changes = way;
        })
        .await;
        Self {
            city,
            service,
            clock,
            districts,
        }
    }

    async fn hire(&self, role: &str, unit: Option<i32>, district: Option<usize>) -> Colleague {
        let district = district.map(|index| self.districts[index]);
        colleague(&self.city, &self.service, role, unit, district).await
    }

    /// Has the service's clock go on.
    fn wait(&self, seconds: i64) -> DateTime<Utc> {
        let now = morning() + TimeDelta::seconds(seconds);
        self.clock.set(now);
        now
    }

    /// Feature ids of somebody's tile with the state of each, with everything committed until now.
    async fn tile(&self, who: &Colleague) -> BTreeMap<u64, String> {
        let lsn: String = sqlx::query_scalar("select pg_current_wal_insert_lsn()::text")
            .fetch_one(&self.city.db)
            .await
            .unwrap();
        let path = format!("/tiles/collectors/{TILE}?min_lsn={lsn}");
        let answer = who.client.get(&path).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        let bytes = answer.bytes().await.unwrap().to_vec();
        if bytes.is_empty() {
            return BTreeMap::new();
        }
        let features = Reader::new(bytes).unwrap().get_features(0).unwrap();
        let states = features.into_iter().map(|feature| {
            let Some(Tag::String(state)) = feature.properties.unwrap().remove("state") else {
                panic!("somebody without a state");
            };
            (feature.id.unwrap(), state)
        });
        states.collect()
    }
}

fn report(at: GroundPoint, when: DateTime<Utc>) -> Value {
    json!({ "lon": at.lon, "lat": at.lat, "accuracy_m": 8.0, "at": when })
}

async fn says(who: &Colleague, body: &Value) -> reqwest::Response {
    who.client.put(OWN).json(body).send().await.unwrap()
}

async fn says_where(who: &Colleague, at: GroundPoint, when: DateTime<Utc>) {
    let answer = says(who, &report(at, when)).await;
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, StatusCode::OK, "{text}");
}

fn id(who: &Colleague) -> u64 {
    u64::try_from(who.id).unwrap()
}

/// R17.3: people on the live map; the tiles, the lists and the database's policy say the same.
#[tokio::test]
async fn r17_3_who_is_on_duty_is_seen_by_those_who_send_them_and_by_nobody_else() {
    for way in [TileChanges::CommitLog, TileChanges::Written] {
        seen_by_those_who_send_them(way).await;
    }
}

async fn seen_by_those_who_send_them(way: TileChanges) {
    let town = Town::open(way).await;
    let unit = town.city.unit(1).await;
    let of_city = town.hire("collector", None, None).await;
    let of_first = town.hire("checker", None, Some(0)).await;
    let of_second = town.hire("collector", None, Some(1)).await;
    for (index, who) in [&of_city, &of_first, &of_second].into_iter().enumerate() {
        says_where(who, place(100.0 * index as f64, 50.0), morning()).await;
    }
    let (city, first, second) = (id(&of_city), id(&of_first), id(&of_second));
    for (role, unit, district, expected) in [
        ("dispatcher", None, None, vec![city, first]),
        ("operator", None, None, vec![city, first]),
        ("district_dispatcher", None, Some(0), vec![first]),
        ("district_dispatcher", None, Some(1), vec![second]),
        // whose work is looked at, and who reads without sending anybody
        ("unit_manager", Some(unit), None, vec![]),
        ("auditor", None, None, vec![]),
        ("planner", None, None, vec![]),
        ("collector", None, None, vec![]),
    ] {
        let who = town.hire(role, unit, district).await;
        let tile: Vec<u64> = town.tile(&who).await.into_keys().collect();
        assert_eq!(tile, expected, "{role} {district:?}, {way:?}");
        let nearest = who
            .client
            .get("/api/v1/collectors?lon=119.92&lat=32.45")
            .send()
            .await
            .unwrap();
        if ["unit_manager", "auditor", "planner"].contains(&role) {
            problem(nearest, StatusCode::FORBIDDEN, "forbidden").await;
            continue;
        }
        let nearest: Value = nearest.json().await.unwrap();
        let listed: Vec<u64> = nearest["collectors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["person_id"].as_u64().unwrap())
            .collect();
        assert_eq!(listed, expected, "{role} {district:?}, {way:?}");
    }
    let own: Vec<u64> = town.tile(&of_second).await.into_keys().collect();
    assert_eq!(own, [second], "one sees oneself");
}

/// R14.1: the nearest first, in metres.
#[tokio::test]
async fn r14_1_the_nearest_are_first() {
    let town = Town::open(TileChanges::CommitLog).await;
    let dispatcher = town.hire("dispatcher", None, None).await;
    let (far, near) = (
        town.hire("collector", None, None).await,
        town.hire("checker", None, None).await,
    );
    says_where(&far, place(300.0, 0.0), morning()).await;
    says_where(&near, place(40.0, 0.0), morning()).await;
    let list = "/api/v1/collectors?lon=119.92&lat=32.45";
    let found = dispatcher.client.json(list).await;
    let found = found["collectors"].as_array().unwrap();
    let metres = |one: &Value| one["distance_m"].as_f64().unwrap().round();
    assert_eq!(
        found.iter().map(metres).collect::<Vec<_>>(),
        [40.0, 300.0],
        "{found:?}"
    );
    assert_eq!(found[0]["person_id"], near.id);
    assert_eq!(found[0]["since"], json!(morning()));
    assert_eq!(found[0]["state"], "present");
    let one = format!("/api/v1/collectors/{}", near.id);
    assert_eq!(dispatcher.client.json(&one).await["name"], found[0]["name"]);
    let first = dispatcher.client.json(&format!("{list}&limit=1")).await;
    assert_eq!(first["collectors"].as_array().unwrap().len(), 1);
    for (query, field) in [
        ("lon=181&lat=32", "lon"),
        ("lon=120&lat=91", "lat"),
        ("lon=120&lat=32&limit=0", "limit"),
        ("lon=120&lat=32&limit=101", "limit"),
        ("lon=120", "lat"),
    ] {
        let path = format!("/api/v1/collectors?{query}");
        let answer = dispatcher.client.get(&path).send().await.unwrap();
        let body = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(body["errors"][0]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn what_is_no_place_of_now_is_refused_with_the_field() {
    let town = Town::open(TileChanges::CommitLog).await;
    let collector = town.hire("collector", None, None).await;
    let here = report(place(0.0, 0.0), morning());
    for (name, value, field) in [
        ("lon", json!(180.5), "/lon"),
        ("lat", json!(-90.5), "/lat"),
        ("lat", json!("north"), "/lat"),
        ("accuracy_m", json!(-1), "/accuracy_m"),
        ("accuracy_m", json!(1000.5), "/accuracy_m"),
        ("at", json!("2026-11-30T00:57:59Z"), "/at"),
        ("at", json!("2026-11-30T01:01:01Z"), "/at"),
    ] {
        let mut body = here.clone();
        body[name] = value;
        let answer = says(&collector, &body).await;
        let body = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(body["errors"][0]["field"], field);
    }
    assert_eq!(collector.client.json(OWN).await["on_duty"], Value::Null);

    says_where(&collector, place(0.0, 0.0), morning()).await;
    let at_once = says(&collector, &here).await;
    assert_eq!(at_once.headers()["retry-after"], "3");
    problem(at_once, StatusCode::TOO_MANY_REQUESTS, "too-soon").await;
    let now = town.wait(5);
    says_where(&collector, place(10.0, 0.0), now).await;
    town.wait(10);
    let overtaken = says(&collector, &here).await;
    problem(overtaken, StatusCode::CONFLICT, "overtaken").await;

    let dispatcher = town.hire("dispatcher", None, None).await;
    let other = says(&dispatcher, &here).await;
    problem(other, StatusCode::FORBIDDEN, "forbidden").await;
}

/// R17.3: offline people are shown as such; and nothing stays of who is gone.
#[tokio::test]
async fn r17_3_who_is_not_heard_of_is_away_and_then_forgotten() {
    let town = Town::open(TileChanges::CommitLog).await;
    let (collector, dispatcher) = (
        town.hire("collector", None, None).await,
        town.hire("dispatcher", None, None).await,
    );
    let who = id(&collector);
    let seen_as = |state: &str| BTreeMap::from([(who, state.to_owned())]);
    says_where(&collector, place(0.0, 0.0), morning()).await;
    assert_eq!(town.tile(&dispatcher).await, seen_as("present"));
    let machine = town.city.pools().machine;
    for (second, expected) in [
        (119, seen_as("present")),
        (121, seen_as("away")),
        (599, seen_as("away")),
    ] {
        let now = town.wait(second);
        whereabouts::expire(&machine, now).await.unwrap();
        assert_eq!(town.tile(&dispatcher).await, expected, "{second} s");
    }
    says_where(&collector, place(5.0, 0.0), town.wait(599)).await;
    assert_eq!(town.tile(&dispatcher).await, seen_as("present"));
    whereabouts::expire(&machine, town.wait(1_200))
        .await
        .unwrap();
    assert_eq!(town.tile(&dispatcher).await, BTreeMap::new());
    let rows: i64 = sqlx::query_scalar("select count(*) from collector_position")
        .fetch_one(&town.city.db)
        .await
        .unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn off_duty_and_without_the_role_nothing_is_kept() {
    let town = Town::open(TileChanges::CommitLog).await;
    let (collector, dispatcher) = (
        town.hire("collector", None, None).await,
        town.hire("dispatcher", None, None).await,
    );
    says_where(&collector, place(0.0, 0.0), morning()).await;
    for _ in 0..2 {
        let left = collector.client.delete(OWN).send().await.unwrap();
        assert_eq!(left.status(), StatusCode::NO_CONTENT);
        assert_eq!(town.tile(&dispatcher).await, BTreeMap::new());
    }
    // on duty again, and since then
    let now = town.wait(60);
    says_where(&collector, place(0.0, 0.0), now).await;
    assert_eq!(
        collector.client.json(OWN).await["on_duty"]["since"],
        json!(now)
    );
    sqlx::query(
        "update role_grant set valid = tstzrange(lower(valid), now()) where person_id = $1",
    )
    .bind(collector.id)
    .execute(&town.city.db)
    .await
    .unwrap();
    assert_eq!(town.tile(&dispatcher).await, BTreeMap::new());
    let answer = says(&collector, &report(place(0.0, 0.0), town.wait(90))).await;
    problem(answer, StatusCode::FORBIDDEN, "forbidden").await;
}

/// The database holds the line also where a handler forgets to.
#[tokio::test]
async fn nobody_says_where_somebody_else_is() {
    let town = Town::open(TileChanges::CommitLog).await;
    let (collector, other) = (
        town.hire("collector", None, None).await,
        town.hire("checker", None, None).await,
    );
    let unit = town.city.unit(1).await;
    let manager = town.hire("unit_manager", Some(unit), None).await;
    says_where(&collector, place(0.0, 0.0), morning()).await;
    let options = town.city.options.clone();
    let options = options.options([("role", "cityward_service")]);
    let mut service = PgConnection::connect_with(&options).await.unwrap();
    for who in [&other, &manager] {
        for write in [
            "update collector_position set accuracy_m = 0",
            "delete from collector_position",
        ] {
            let mut tx = service.begin().await.unwrap();
            sqlx::query("select cityward_act_as($1)")
                .bind(who.id)
                .execute(&mut *tx)
                .await
                .unwrap();
            let done = sqlx::query(write).execute(&mut *tx).await.unwrap();
            assert_eq!(done.rows_affected(), 0, "{write}");
            let insert = sqlx::query(
                "insert into collector_position (person_id, position, accuracy_m, found_at, seen_at,
                    since, state)
                 values ($1, 'srid=4326;point(120 32)', 1, now(), now(), now(), 'present')
                 on conflict (person_id) do update set position = excluded.position",
            )
            .bind(collector.id)
            .execute(&mut *tx)
            .await;
            refused(&insert.unwrap_err());
        }
    }
}

/// Pages are told where somebody moves, those who may know it.
#[tokio::test]
async fn a_move_is_told_to_the_pages_of_those_who_see_it() {
    let town = Town::open(TileChanges::CommitLog).await;
    let mover = town.hire("collector", None, Some(0)).await;
    let (sender, elsewhere) = (
        town.hire("district_dispatcher", None, Some(0)).await,
        town.hire("district_dispatcher", None, Some(1)).await,
    );
    let view = "tiles=14/13640-13660/6620-6635&layers=collectors,components";
    let mut page = EventSource::watching(&sender.client, view).await;
    let mut others = EventSource::watching(&elsewhere.client, view).await;
    says_where(&mover, place(0.0, 0.0), morning()).await;
    let told = page.tile_news("collectors").await.data;
    assert_eq!(told["tiles"], json!([[13_649, 6_629]]));
    // the first that the others hear of is something that everybody sees
    town.city.component("C03005", place(0.0, 0.0), None).await;
    let first = others.any_tile_news().await.data;
    assert_eq!(first["layer"], "components");
}
