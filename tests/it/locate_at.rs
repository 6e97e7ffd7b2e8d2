//! Whose spot was it, and whose will it be? The same question of other moments.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cityward::space::GroundPoint;
use cityward::territory::{Territory, TerritoryWatch};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::city::{CELL_M, TestCity, place};
use crate::service::{TestClient, TestService, problem};

/// A cell of two units' time, divided since, whose eastern half changes hands one day.
struct Redrawn {
    city: TestCity,
    whole: i32,
    halves: [i32; 2],
    units: [i32; 3],
}

/// When it was drawn, handed over, divided, and handed over to come.
const DRAWN: &str = "2020-01-01T00:00:00Z";
const HANDED_OVER: &str = "2024-01-01T00:00:00Z";
const DIVIDED: &str = "2025-01-01T00:00:00Z";
const TO_COME: &str = "2999-01-01T00:00:00Z";

impl Redrawn {
    async fn new() -> Self {
        let city = TestCity::new().await;
        let edition = city.edition().await;
        let units = [city.unit(1).await, city.unit(2).await, city.unit(3).await];
        let redrawn = Self {
            whole: cell(&city, edition, "001", [0.0, 1.0], DRAWN, Some(DIVIDED)).await,
            halves: [
                cell(&city, edition, "002", [0.0, 0.5], DIVIDED, None).await,
                cell(&city, edition, "003", [0.5, 1.0], DIVIDED, None).await,
            ],
            units,
            city,
        };
        let [west, east] = redrawn.halves;
        for (cell, unit, from, to) in [
            (redrawn.whole, units[0], DRAWN, Some(HANDED_OVER)),
            (redrawn.whole, units[1], HANDED_OVER, Some(DIVIDED)),
            (west, units[0], DIVIDED, None),
            (east, units[1], DIVIDED, Some(TO_COME)),
            (east, units[2], TO_COME, None),
        ] {
            sqlx::query(
                "insert into responsibility (cell_id, unit_id, edition_id, valid)
                 values ($1, $2, $3, tstzrange($4::timestamptz, $5::timestamptz))",
            )
            .bind(cell)
            .bind(unit)
            .bind(edition)
            .bind(from)
            .bind(to)
            .execute(&redrawn.city.db)
            .await
            .unwrap();
        }
        redrawn
    }
}

/// A cell of the test city's height from `across[0]` to `across[1]`, in parts of its width.
async fn cell(
    city: &TestCity,
    edition: i32,
    sequence: &str,
    across: [f64; 2],
    from: &str,
    to: Option<&str>,
) -> i32 {
    let south_west = place(across[0] * CELL_M, 0.0);
    let north_east = place(across[1] * CELL_M, CELL_M);
    sqlx::query_scalar(
        "insert into cell (code, geom, edition_id, valid)
         values ('321202001001' || $1, st_multi(st_makeenvelope($2, $3, $4, $5, 4326)), $6,
             tstzrange($7::timestamptz, $8::timestamptz))
         returning cell_id",
    )
    .bind(sequence)
    .bind(south_west.lon)
    .bind(south_west.lat)
    .bind(north_east.lon)
    .bind(north_east.lat)
    .bind(edition)
    .bind(from)
    .bind(to)
    .fetch_one(&city.db)
    .await
    .unwrap()
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn just_before(text: &str) -> String {
    (time(text) - TimeDelta::milliseconds(1)).to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

fn url(point: GroundPoint, at: &str) -> String {
    format!(
        "/api/v1/locate?lon={}&lat={}&class=M06010&at={at}",
        point.lon, point.lat
    )
}

/// Cell and unit by both ways of asking.
async fn whose(client: &TestClient, point: GroundPoint, at: &str) -> (Value, Value) {
    let one = client.json(&url(point, at)).await;
    let answer = client
        .post("/api/v1/locate")
        .json(&json!({ "class": "M06010", "at": at, "points": [[point.lon, point.lat]] }))
        .send()
        .await
        .unwrap();
    let many: Value = answer.json().await.unwrap();
    assert_eq!(many["results"][0][0], one["cell"]["id"], "{at}");
    assert_eq!(many["results"][0][1], one["unit"]["id"], "{at}");
    (one["cell"]["id"].clone(), one["unit"]["id"].clone())
}

#[tokio::test]
async fn a_spot_is_whose_it_was_and_whose_it_will_be() {
    let redrawn = Redrawn::new().await;
    let service = TestService::start(&redrawn.city).await;
    let client = service.sign_in(&redrawn.city).await;
    let (east, [one, two, three]) = (place(80.0, 50.0), redrawn.units);
    for (at, cell, unit) in [
        (DRAWN, redrawn.whole, one),
        (&just_before(HANDED_OVER), redrawn.whole, one),
        (HANDED_OVER, redrawn.whole, two),
        (&just_before(DIVIDED), redrawn.whole, two),
        (DIVIDED, redrawn.halves[1], two),
        (&just_before(TO_COME), redrawn.halves[1], two),
        (TO_COME, redrawn.halves[1], three),
        ("+250000-01-01T00:00:00Z", redrawn.halves[1], three),
    ] {
        let at = at.replace('+', "%2B");
        let answer = client.json(&url(east, &at)).await;
        let found = (&answer["cell"]["id"], &answer["unit"]["id"]);
        assert_eq!(found, (&json!(cell), &json!(unit)), "{at}");
    }
    for at in [DRAWN, HANDED_OVER, DIVIDED, TO_COME] {
        whose(&client, east, at).await;
    }
    let before = client.get(&url(east, &just_before(DRAWN)));
    let before = before.send().await.unwrap();
    problem(before, StatusCode::NOT_FOUND, "outside-city").await;
    let long_before = client.get(&url(east, "-250000-01-01T00:00:00Z"));
    let long_before = long_before.send().await.unwrap();
    problem(long_before, StatusCode::NOT_FOUND, "outside-city").await;
    let wrong = client.get(&url(east, "yesterday")).send().await.unwrap();
    let wrong = problem(wrong, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(wrong["errors"][0]["field"], "at");
    service.stop().await;
}

#[tokio::test]
async fn a_moment_is_read_once_for_as_long_as_nothing_changes() {
    let redrawn = Redrawn::new().await;
    let city = &redrawn.city;
    // pools of their own, so that one can end
    let pools = city.pools();
    let watch = TerritoryWatch::open(pools.machine.clone()).await.unwrap();
    let at = async |text: &str| watch.at(time(text)).await.unwrap();
    let first = at("2021-01-01T00:00:00Z").await;
    let same = at("2022-02-02T00:00:00Z").await;
    assert!(Arc::ptr_eq(&first, &same), "nothing changed in between");
    let other = at(HANDED_OVER).await;
    assert!(!Arc::ptr_eq(&first, &other));
    let present = at("2026-11-28T00:00:00Z").await;
    assert!(Arc::ptr_eq(&watch.now(), &present));

    // a cell that is found to have stood beside it then
    let edition = city.edition().await;
    cell(city, edition, "009", [1.0, 2.0], DRAWN, Some(DIVIDED)).await;
    let becomes_two = async || {
        for _ in 0..200 {
            let then = at("2021-01-01T00:00:00Z").await;
            if then.cells().count() == 2 {
                return then;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not within 10 s: the past as it is known now");
    };
    let corrected = becomes_two().await;
    pools.machine.close().await;
    let again = at("2022-02-02T00:00:00Z").await;
    assert!(Arc::ptr_eq(&corrected, &again), "it asks no database");
    assert!(watch.at(time(HANDED_OVER)).await.is_err(), "this one does");
}

#[tokio::test]
async fn memory_and_postgis_agree_about_every_moment() {
    let redrawn = Redrawn::new().await;
    let watch = TerritoryWatch::open(redrawn.city.db.clone()).await.unwrap();
    let class = "M06010".parse().unwrap();
    let unit_at = |territory: &Territory, point| {
        let placement = territory.locate(point, class, &[], 0.0);
        placement.map(|placement| (placement.cell.id, placement.unit.map(|unit| unit.id)))
    };
    for number in 0..120 {
        let step = f64::from(number);
        let point = place((step * 7.3) % 140.0 - 20.0, (step * 3.7) % 140.0 - 20.0);
        let at = time("2019-06-01T00:00:00Z") + TimeDelta::days(30 * i64::from(number));
        let expected: Option<(i32, Option<i32>)> = sqlx::query_as(
            "select cell_id, unit_id from cell
             left join responsibility r using (cell_id)
             where cell.valid @> $1 and (r.valid is null or r.valid @> $1) and st_covers(geom, $2)",
        )
        .bind(at)
        .bind(point)
        .fetch_optional(&redrawn.city.db)
        .await
        .unwrap();
        let territory = watch.at(at).await.unwrap();
        assert_eq!(unit_at(&territory, point), expected, "{at} {point:?}");
    }
}

/// What the database was told is in memory soon.
async fn becomes(ask: impl AsyncFn() -> Value, expected: Value) {
    for _ in 0..200 {
        if ask().await == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(ask().await, expected, "after 10 s");
}

async fn ends(city: &TestCity, unit: i32, at: &str) {
    sqlx::query("update unit set valid = tstzrange(null, $2::timestamptz) where unit_id = $1")
        .bind(unit)
        .bind(at)
        .execute(&city.db)
        .await
        .unwrap();
}

/// R3.5: a unit that has ended answers for nothing; what it had falls to the next rule, and where there
/// is none it is listed as nobody's.
#[tokio::test]
async fn r3_5_what_a_unit_had_falls_to_the_next_rule_when_it_ends() {
    let redrawn = Redrawn::new().await;
    let (city, [west, _]) = (&redrawn.city, redrawn.halves);
    let [of_the_rest, _, of_the_group] = redrawn.units;
    let of_the_class = city.unit(4).await;
    for (class, group, unit) in [
        (Some("M06010"), None, of_the_class),
        (None, Some("M06"), of_the_group),
    ] {
        sqlx::query(
            "insert into responsibility (cell_id, class_code, class_group, unit_id, edition_id, valid)
             select $1, $2, $3, $4, edition_id, valid from cell where cell_id = $1",
        )
        .bind(west)
        .bind(class)
        .bind(group)
        .bind(unit)
        .execute(&city.db)
        .await
        .unwrap();
    }
    let service = TestService::start(city).await;
    let client = service.sign_in(city).await;
    let spot = place(20.0, 50.0);
    let unit_at = async |at: &str| client.json(&url(spot, at)).await["unit"]["id"].clone();
    let (first, second) = ("2025-06-01T00:00:00Z", "2025-09-01T00:00:00Z");
    assert_eq!(unit_at(second).await, json!(of_the_class), "none has ended");
    ends(city, of_the_class, first).await;
    ends(city, of_the_group, second).await;
    for (at, unit) in [
        (&*just_before(first), of_the_class),
        (first, of_the_group),
        (&just_before(second), of_the_group),
        (second, of_the_rest),
    ] {
        becomes(async || unit_at(at).await, json!(unit)).await;
    }
    let gaps = client.json("/api/v1/rules/gaps").await;
    assert_eq!(gaps["cells"], 0, "{gaps}");
    let end = client.post(&format!("/api/v1/units/{of_the_rest}/end"));
    let ended = end.json(&json!({})).send().await.unwrap();
    assert_eq!(ended.status(), StatusCode::OK);
    let ended: Value = ended.json().await.unwrap();
    let now = ended["valid_to"].as_str().unwrap().to_owned();
    becomes(async || unit_at(&now).await, Value::Null).await;
    let gaps = client.json("/api/v1/rules/gaps").await;
    assert_eq!(gaps["gaps"][0]["cell_id"], json!(west), "{gaps}");
    for (at, unit) in [
        (&*just_before(first), json!(of_the_class)),
        (&now, Value::Null),
    ] {
        assert_eq!(whose(&client, spot, at).await.1, unit);
    }
    service.stop().await;
}

/// Cells that were divided and joined again over the years, with rules that came and went.
async fn live_through(city: &TestCity, random: &mut ChaCha8Rng) {
    let edition = city.edition().await;
    let units = [city.unit(1).await, city.unit(2).await, city.unit(3).await];
    let year = |year: i64| format!("{}-01-01T00:00:00Z", 2000 + year);
    ends(city, units[1], &year(14)).await;
    ends(city, units[2], &year(29)).await;
    let mut number = 0;
    for column in 0..6_i32 {
        let west = f64::from(column);
        let mut from = random.random_range(0..5);
        while from < 30 {
            let to = from + random.random_range(1..12);
            let (begins, ends) = (year(from), (to < 30).then(|| year(to)));
            let middle = west + random.random_range(0.2..0.8);
            // whole, or in two, or nobody's
            let parts = match random.random_range(0..5) {
                0 => Vec::new(),
                1 | 2 => vec![[west, west + 1.0]],
                _ => vec![[west, middle], [middle, west + 1.0]],
            };
            for across in parts {
                number += 1;
                let sequence = format!("{number:03}");
                let id = cell(city, edition, &sequence, across, &begins, ends.as_deref()).await;
                for (class, group) in [(None, None), (None, Some("M06")), (Some("M06010"), None)] {
                    let handed = year(random.random_range(from..=to));
                    for (from, to) in [(&begins, Some(&handed)), (&handed, ends.as_ref())] {
                        if to == Some(from) || random.random_bool(0.2) {
                            continue;
                        }
                        sqlx::query(
                            "insert into responsibility
                                 (cell_id, class_code, class_group, unit_id, edition_id, valid)
                             values ($1, $2, $7, $3, $4, tstzrange($5::timestamptz, $6::timestamptz))",
                        )
                        .bind(id)
                        .bind(class)
                        .bind(units[random.random_range(0..3)])
                        .bind(edition)
                        .bind(from)
                        .bind(to)
                        .bind(group)
                        .execute(&city.db)
                        .await
                        .unwrap();
                    }
                }
            }
            from = to;
        }
    }
}

#[tokio::test]
async fn a_past_laid_over_the_present_is_the_past_read_whole() {
    let city = TestCity::new().await;
    let mut random = ChaCha8Rng::seed_from_u64(6);
    live_through(&city, &mut random).await;
    let watch = TerritoryWatch::open(city.db.clone()).await.unwrap();
    let classes = ["M06010", "M06042"].map(|class| class.parse().unwrap());
    let mut found = 0;
    for months in 0..400 {
        let at = time("1999-06-01T00:00:00Z") + TimeDelta::days(30 * months);
        let laid_over = watch.at(at).await.unwrap();
        let whole = Territory::load(&city.db, at).await.unwrap();
        assert_eq!(laid_over.newest_edition(), whole.newest_edition(), "{at}");
        for _ in 0..20 {
            let point = place(
                random.random_range(-50.0..650.0),
                random.random_range(0.0..100.0),
            );
            for class in classes {
                let of = |territory: &Territory| {
                    let mut placement = territory.locate(point, class, &[], 0.0)?;
                    let border_m = placement.because.border_m.take();
                    Some((placement, border_m))
                };
                let (one, other) = (of(&laid_over), of(&whole));
                let [(one, one_m), (other, other_m)] = [one, other].map(Option::unzip);
                // each layer rounds in a frame of its own, to a tenth of a millimetre
                let apart_m = one_m
                    .flatten()
                    .zip(other_m.flatten())
                    .map(|(a, b)| (a - b).abs());
                assert!(
                    apart_m.is_none_or(|apart_m| apart_m < 0.001),
                    "{at} {point:?}"
                );
                found += i32::from(one.is_some());
                assert_eq!(one, other, "{at} {point:?}");
            }
        }
    }
    assert!(found > 5_000, "{found}");
}
