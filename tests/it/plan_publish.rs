//! A plan's date has come.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use cityward::space::GroundPoint;
use cityward_partition::difference;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::city::place;
use crate::door::now;
use crate::drawing::Town;
use crate::service::{TestService, problem};

impl Town {
    async fn text(&self, sql: &str) -> Vec<String> {
        sqlx::query_scalar(sql)
            .fetch_all(&self.city.db)
            .await
            .unwrap()
    }

    /// The code of the cell at a place, once the service has read what is published.
    async fn becomes(&self, at: GroundPoint, code: &str) -> Value {
        let path = format!("/api/v1/locate?lon={}&lat={}&class=M06042", at.lon, at.lat);
        for _ in 0..200 {
            let placed = self.planner.client.json(&path).await;
            if placed["cell"]["code"] == code {
                return placed;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{at:?} does not become {code}");
    }
}

#[tokio::test]
async fn what_waits_for_a_unit_that_has_ended_goes_to_who_answers_now() {
    let town = Town::new().await;
    let (at, cell) = (place(80.0, 50.0), town.cells[0]);
    let of_the_cell = town.case(cell, at, None).await;
    let of_a_thing = town.case(cell, at, None).await;
    let things_own = town.city.unit(8).await;
    sqlx::query(
        "update city_case set unit_id = $2,
            because = because || '{\"rule\": \"component_maintenance\"}' where case_id = $1",
    )
    .bind(of_a_thing)
    .bind(things_own)
    .execute(&town.city.db)
    .await
    .unwrap();
    sqlx::query("update unit set valid = tstzrange(lower(valid), now()) where unit_id = $1")
        .bind(town.units[0])
        .execute(&town.city.db)
        .await
        .unwrap();
    let plan = town.begin().await;
    let planned = town
        .partition(&format!("/api/v1/plans/{plan}/partition"))
        .await;
    let face = planned.face_at(town.at(80.0, 50.0)).unwrap();
    let owner = json!({ "set_owner": { "faces": [face], "owner": town.units[1] } });
    town.stepped(plan, &owner).await;
    assert_eq!(town.approved(plan, json!({})).await["state"], "in_force");
    let units: Vec<(i64, Option<i32>)> =
        sqlx::query_as("select case_id, unit_id from city_case order by case_id")
            .fetch_all(&town.city.db)
            .await
            .unwrap();
    let expected = [
        (of_the_cell, Some(town.units[1])),
        (of_a_thing, Some(things_own)),
    ];
    assert_eq!(units, expected);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story from beginning to end")]
async fn a_cell_is_split_and_what_hangs_on_it_follows() {
    let town = Town::new().await;
    let [west, east] = [place(20.0, 50.0), place(80.0, 50.0)];
    let waiting = town.case(town.cells[0], east, None).await;
    let sent = town.case(town.cells[0], east, Some(town.units[0])).await;
    let elsewhere = town.case(town.cells[3], place(150.0, 150.0), None).await;
    sqlx::query(
        "insert into responsibility (cell_id, class_code, unit_id, edition_id, valid)
        select $1, 'M06010', $2, $3, tstzrange(now(), null)",
    )
    .bind(town.cells[0])
    .bind(town.units[1])
    .bind(town.edition)
    .execute(&town.city.db)
    .await
    .unwrap();

    let plan = town.begin().await;
    town.stepped(plan, &town.split(50.0).await).await;
    // the eastern half is the first of the two new faces or the second
    let planned = town
        .partition(&format!("/api/v1/plans/{plan}/partition"))
        .await;
    let half = planned.face_at(town.at(80.0, 50.0)).unwrap();
    let owner = json!({ "set_owner": { "faces": [half], "owner": town.units[1] } });
    town.stepped(plan, &owner).await;
    let approved = town.approved(plan, json!({})).await;
    assert_eq!(approved["state"], "in_force");
    let edition = approved["edition_id"].as_i64().unwrap();

    // west to east, after the four that are taken
    town.becomes(west, "321202001001005").await;
    let placed = town.becomes(east, "321202001001006").await;
    assert_eq!(placed["unit"]["id"], town.units[1]);
    assert_eq!(placed["because"]["edition"]["id"], edition);
    let ended: (bool, Option<i32>) = sqlx::query_as(
        "select upper(valid) is not null, ended_edition_id from cell where cell_id = $1",
    )
    .bind(town.cells[0])
    .fetch_one(&town.city.db)
    .await
    .unwrap();
    assert_eq!(ended, (true, Some(i32::try_from(edition).unwrap())));
    // only the cell that was split ended: a new corner on a neighbour's side is no new cell
    let valid = "select code from cell where valid @> now() order by code";
    let last_digits: Vec<String> = town
        .text(valid)
        .await
        .iter()
        .map(|code| code[12..].to_owned())
        .collect();
    assert_eq!(last_digits, ["002", "003", "004", "005", "006"]);
    let lineage: Vec<(i32, i64)> = sqlx::query_as(
        "select parent_id, round(area_m2 / 100)::bigint from cell_lineage order by child_id",
    )
    .fetch_all(&town.city.db)
    .await
    .unwrap();
    assert_eq!(lineage, [(town.cells[0], 50), (town.cells[0], 50)]);
    let inherited = "select count(*)::text from responsibility r join cell c using (cell_id)
        where r.class_code = 'M06010' and r.valid @> now() and c.valid @> now()";
    assert_eq!(town.text(inherited).await, ["2"]);

    let case = async |id: i64| -> (String, Option<i32>, Option<i32>, i32) {
        sqlx::query_as(
            "select code, unit_id, handling_unit_id, c.edition_id
            from city_case c join cell using (cell_id) where case_id = $1",
        )
        .bind(id)
        .fetch_one(&town.city.db)
        .await
        .unwrap()
    };
    let (first, second) = (Some(town.units[0]), Some(town.units[1]));
    let edition = i32::try_from(edition).unwrap();
    let east_code = "321202001001006".to_owned();
    assert_eq!(
        case(waiting).await,
        (east_code.clone(), second, None, edition)
    );
    assert_eq!(case(sent).await, (east_code, first, first, town.edition));
    let stays = ("321202001001004".to_owned(), second, None, town.edition);
    assert_eq!(case(elsewhere).await, stays);
    let events = "select case_id::text from case_event where actor = 'system' order by case_id";
    assert_eq!(
        town.text(events).await,
        [waiting.to_string(), sent.to_string()]
    );
    let record: Value =
        sqlx::query_scalar("select after from audit_entry where action = 'put_in_force'")
            .fetch_one(&town.city.db)
            .await
            .unwrap();
    assert_eq!(record["cases"], 2);
    let of_second = &record["units"][1];
    assert_eq!(
        (
            &of_second["unit_id"],
            &of_second["cells_gained"],
            &of_second["cases_gained"]
        ),
        (&json!(town.units[1]), &json!(1), &json!(1))
    );
}

#[tokio::test]
async fn a_border_moves_and_the_cells_keep_their_codes_and_faces() {
    let town = Town::new().await;
    let plan = town.begin().await;
    // the middle of the town, ten metres to the north
    let vertex =
        json!({ "move_vertex": { "at": town.at(100.0, 100.0), "to": town.at(100.0, 110.0) } });
    town.stepped(plan, &vertex).await;
    let planned = town
        .partition(&format!("/api/v1/plans/{plan}/partition"))
        .await;
    town.approved(plan, json!({})).await;
    let published = town.partition("/api/v1/partition/bytes").await;
    let between = difference(&planned, &published);
    assert!(
        between.reshaped.is_empty() && between.moved.is_empty(),
        "{between:?}"
    );
    let head = town.planner.client.json("/api/v1/partition").await;
    let codes: Vec<&Value> = head["faces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|face| &face["code"])
        .collect();
    let numbers = [
        "321202001001001",
        "321202001001002",
        "321202001001003",
        "321202001001004",
    ];
    assert_eq!(codes, numbers);
    let ended = "select count(*)::text from cell where upper(valid) is not null";
    assert_eq!(town.text(ended).await, ["4"]);
    // the ground before is answered as it was
    let before = town
        .partition("/api/v1/partition/bytes?at=2021-01-01T00:00:00Z")
        .await;
    assert_eq!(before.faces().len(), 4);
    assert_ne!(before, published);
}

#[tokio::test]
async fn a_plan_waits_for_its_date_and_two_services_publish_it_once() {
    let town = Town::new().await;
    let _second = TestService::start(&town.city).await;
    let plan = town.begin().await;
    let east = town.face(town.cells[1]).await;
    let owner = json!({ "set_owner": { "faces": [east], "owner": town.units[0] } });
    town.stepped(plan, &owner).await;
    let past = json!({ "in_force_from": now() - TimeDelta::seconds(60), "version": 3 });
    town.turned(&town.planner, plan, "submit", json!({})).await;
    let refused = town.told(&town.leader, plan, "approve", &past).await;
    problem(refused, StatusCode::BAD_REQUEST, "invalid-field").await;
    let from = now() + TimeDelta::seconds(12);
    let approved = town
        .turned(
            &town.leader,
            plan,
            "approve",
            json!({ "in_force_from": from }),
        )
        .await;
    assert_eq!(approved["state"], "approved");
    let editions = town.planner.client.json("/api/v1/editions").await;
    assert_eq!(editions["editions"][0]["state"], "scheduled");

    let spot = place(150.0, 50.0);
    let locate = format!(
        "/api/v1/locate?lon={}&lat={}&class=M06042",
        spot.lon, spot.lat
    );
    let whose = async |path: &str| town.planner.client.json(path).await["unit"]["id"].clone();
    let then = (from + TimeDelta::days(1)).to_rfc3339_opts(SecondsFormat::Secs, true);
    assert_eq!(whose(&locate).await, town.units[1]);
    assert_eq!(whose(&format!("{locate}&at={then}")).await, town.units[0]);

    // another has to wait
    let other = town.begin().await;
    town.stepped(other, &town.split(50.0).await).await;
    town.turned(&town.planner, other, "submit", json!({})).await;
    let body = json!({ "version": town.version(other).await });
    let told = town.told(&town.leader, other, "approve", &body).await;
    problem(told, StatusCode::CONFLICT, "another-scheduled").await;

    let owners = "select unit_id::text from responsibility r
        where cell_id = (select min(cell_id) + 1 from cell) and valid @> now()";
    assert_eq!(town.text(owners).await, [town.units[1].to_string()]);
    for _ in 0..600 {
        if town.text(owners).await == [town.units[0].to_string()] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(town.text(owners).await, [town.units[0].to_string()]);
    let entries =
        "select action from audit_entry where subject like 'plan:%' and action = 'put_in_force'";
    assert_eq!(town.text(entries).await.len(), 1);
    let begun: DateTime<Utc> = sqlx::query_scalar("select max(lower(valid)) from responsibility")
        .fetch_one(&town.city.db)
        .await
        .unwrap();
    assert!((begun - from).abs() < TimeDelta::milliseconds(1));
    // the other's base moved
    let moved = town
        .planner
        .client
        .json(&format!("/api/v1/plans/{other}"))
        .await;
    assert_eq!(moved["base_moved"], true);
    let told = town.told(&town.leader, other, "approve", &body).await;
    problem(told, StatusCode::UNPROCESSABLE_ENTITY, "not-valid").await;
    town.turned(&town.leader, other, "reject", json!({ "reason": "base" }))
        .await;
    town.turned(&town.planner, other, "rebase", json!({})).await;
    let approved = town.approved(other, json!({})).await;
    assert_eq!(approved["state"], "in_force");
}

#[tokio::test]
async fn a_withdrawn_edition_never_takes_effect() {
    let town = Town::new().await;
    let plan = town.begin().await;
    town.stepped(plan, &town.split(50.0).await).await;
    let from = now() + TimeDelta::seconds(6);
    town.approved(plan, json!({ "in_force_from": from })).await;
    let withdrawn = town
        .turned(&town.leader, plan, "withdraw", json!({ "reason": "缓行" }))
        .await;
    assert_eq!(withdrawn["state"], "withdrawn");
    tokio::time::sleep(Duration::from_secs(8)).await;
    let count = "select count(*)::text from cell";
    assert_eq!(town.text(count).await, ["4"]);
    let editions = town.planner.client.json("/api/v1/editions").await;
    let states: Vec<&Value> = editions["editions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["state"])
        .collect();
    assert_eq!(states, ["withdrawn", "in_force"]);
}

#[tokio::test]
async fn nothing_is_given_to_a_unit_that_has_ended() {
    let town = Town::new().await;
    let second = town.units[1];
    let end = "update unit set valid = tstzrange(lower(valid), $2) where unit_id = $1";
    let ends = async |at: DateTime<Utc>| {
        let end = sqlx::query(end).bind(second).bind(at);
        end.execute(&town.city.db).await.unwrap();
    };
    ends(now() + TimeDelta::hours(1)).await;
    let west = [
        town.face(town.cells[0]).await,
        town.face(town.cells[2]).await,
    ];
    let plan = town.begin().await;
    let owner = json!({ "set_owner": { "faces": west, "owner": second } });
    town.stepped(plan, &owner).await;
    // it is there today, not on the date of the plan
    let found = town
        .turned(&town.planner, plan, "validate", json!({}))
        .await;
    assert_eq!(found["ok"], true, "{found}");
    town.turned(&town.planner, plan, "submit", json!({})).await;
    let late = json!({
        "version": town.version(plan).await, "in_force_from": now() + TimeDelta::hours(2),
    });
    let refused = town.told(&town.leader, plan, "approve", &late).await;
    let told = problem(refused, StatusCode::UNPROCESSABLE_ENTITY, "not-valid").await;
    let about: Vec<_> = { told["findings"].as_array().unwrap().iter() }
        .map(|one| (&one["kind"], &one["face"], &one["about"]["unit"]["unit_id"]))
        .collect();
    // what it has already is nobody's then, which a plan may leave so
    let east = [
        town.face(town.cells[1]).await,
        town.face(town.cells[3]).await,
    ];
    let given = west.map(|face| (json!("unit_absent"), json!(face), json!(second)));
    let had = east.map(|face| (json!("owner_absent"), json!(face), json!(second)));
    let expected: Vec<_> = { given.iter().chain(&had) }
        .map(|(kind, face, unit)| (kind, face, unit))
        .collect();
    assert_eq!(about, expected);

    // it ends while the plan waits
    let from = json!({ "in_force_from": now() + TimeDelta::seconds(12) });
    let waits = town.turned(&town.leader, plan, "approve", from).await;
    assert_eq!(waits["state"], "approved");
    ends(now()).await;
    let path = format!("/api/v1/plans/{plan}");
    let mut is = waits;
    for _ in 0..600 {
        if is["state"] != "approved" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        is = town.planner.client.json(&path).await;
    }
    assert_eq!(is["state"], "draft", "{is}");
    let why = format!("unit {second} is not there any more");
    assert_eq!(is["decision"], why);
    // whoever draws there is told which units have ended, on ground that was read before they did
    let base = town.planner.client.json(&format!("{path}/base")).await;
    let ended = { base["units"].as_array().unwrap().iter() }
        .filter(|unit| !unit["ends_at"].is_null())
        .map(|unit| &unit["id"]);
    assert!(ended.eq([&json!(second)]), "{base}");
}

#[tokio::test]
async fn who_comes_later_is_waited_for_and_who_went_on_before_holds_up_nothing() {
    let town = Town::new().await;
    let [first, second] = town.units;
    let is_there = async |unit: i32, from: DateTime<Utc>, to: Option<DateTime<Utc>>| {
        let set = "update unit set valid = tstzrange($2, $3) where unit_id = $1";
        let set = sqlx::query(set).bind(unit).bind(from).bind(to);
        set.execute(&town.city.db).await.unwrap();
    };
    is_there(second, now() + TimeDelta::hours(1), None).await;
    let plan = town.begin().await;
    let west = town.face(town.cells[0]).await;
    let owner = json!({ "set_owner": { "faces": [west], "owner": second } });
    town.stepped(plan, &owner).await;
    town.turned(&town.planner, plan, "submit", json!({})).await;
    let at_once = json!({ "version": town.version(plan).await });
    let refused = town.told(&town.leader, plan, "approve", &at_once).await;
    let told = problem(refused, StatusCode::UNPROCESSABLE_ENTITY, "not-valid").await;
    assert_eq!(told["findings"][0]["kind"], "unit_absent");
    let later = json!({ "in_force_from": now() + TimeDelta::hours(2) });
    let waits = town.turned(&town.leader, plan, "approve", later).await;
    assert_eq!(waits["state"], "approved");
    town.turned(&town.leader, plan, "withdraw", json!({ "reason": "缓行" }))
        .await;

    // its cells are nobody's for an hour; their borders can be drawn all the same
    is_there(
        first,
        now() - TimeDelta::days(900),
        Some(now() - TimeDelta::hours(1)),
    )
    .await;
    let plan = town.begin().await;
    town.stepped(plan, &town.split(50.0).await).await;
    let approved = town.approved(plan, json!({})).await;
    assert_eq!(approved["state"], "in_force", "{approved}");
}
