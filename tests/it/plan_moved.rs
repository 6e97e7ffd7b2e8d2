//! What an edition moved can be asked of it: ground, components and cases.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::cases::BIN;
use crate::city::place;
use crate::drawing::Town;
use crate::service::problem;

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story from beginning to end")]
async fn an_edition_says_what_it_moved() {
    let town = Town::new().await;
    let [west, east] = [place(20.0, 50.0), place(80.0, 50.0)];
    let bins = [
        town.city.component(BIN, west, None).await,
        town.city.component(BIN, east, None).await,
        // in a cell that only changes hands, and in one that nothing happens to
        town.city.component(BIN, place(150.0, 150.0), None).await,
        town.city.component(BIN, place(150.0, 50.0), None).await,
    ];
    let case = town.case(town.cells[0], east, None).await;
    let [one, two] = town.units;

    let plan = town.begin().await;
    town.stepped(plan, &town.split(50.0).await).await;
    let planned = town
        .partition(&format!("/api/v1/plans/{plan}/partition"))
        .await;
    let half = planned.face_at(town.at(80.0, 50.0)).unwrap();
    let handed = town.face(town.cells[3]).await;
    for (face, owner) in [(json!(half), two), (json!(handed), one)] {
        let owner = json!({ "set_owner": { "faces": [face], "owner": owner } });
        town.stepped(plan, &owner).await;
    }
    let edition = town.approved(plan, json!({})).await["edition_id"].clone();
    let asked = format!("/api/v1/editions/{edition}/moved");
    let client = &town.planner.client;
    assert_eq!(
        client.json(&asked).await,
        json!({ "cells": 3, "components": 3, "cases": 1 })
    );

    let of = |row: &Value| {
        let digits = |cell: &Value| cell.as_str().map(|code| code[12..].to_owned());
        let units = [&row["from_unit"], &row["to_unit"]].map(Value::as_i64);
        (digits(&row["from_cell"]), digits(&row["to_cell"]), units)
    };
    let page = async |kind: &str| {
        let page = client.json(&format!("{asked}/{kind}")).await;
        assert_eq!(page["next"], Value::Null);
        page["moved"].as_array().unwrap().clone()
    };
    let text = |digits: &str| Some(digits.to_owned());
    let [one, two] = [one, two].map(|unit| Some(i64::from(unit)));
    let ground = page("cells").await;
    let expected = [
        (text("001"), text("005"), [one, one]),
        (text("001"), text("006"), [one, two]),
        (text("004"), text("004"), [two, one]),
    ];
    assert_eq!(ground.iter().map(of).collect::<Vec<_>>(), expected);
    let area = ground[1]["area_m2"].as_f64().unwrap();
    assert!((4_900.0..5_100.0).contains(&area), "{area}");
    let components = page("components").await;
    assert_eq!(components.iter().map(of).collect::<Vec<_>>(), expected);
    let ids: Vec<i64> = components
        .iter()
        .filter_map(|it| it["id"].as_i64())
        .collect();
    assert_eq!(ids, bins[..3]);
    let cases = page("cases").await;
    assert_eq!(cases.iter().map(of).collect::<Vec<_>>(), expected[1..2]);
    assert_eq!(cases[0]["id"], case);

    let first = client.json(&format!("{asked}/components?limit=2")).await;
    assert_eq!(first["next"], 2);
    let rest = client
        .json(&format!("{asked}/components?limit=2&after=2"))
        .await;
    assert_eq!(rest["moved"].as_array().unwrap(), &components[2..]);

    let sheet = client
        .get(&format!("{asked}/components/csv"))
        .send()
        .await
        .unwrap();
    assert_eq!(sheet.headers()["content-type"], "text/csv; charset=utf-8");
    let sheet = sheet.text().await.unwrap();
    let lines: Vec<&str> = sheet.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines.len(), 4, "{sheet}");
    assert_eq!(
        lines[0],
        "id,class,from_cell,to_cell,from_unit,to_unit,area_m2"
    );
    assert!(
        lines[2].starts_with(&format!("{},{BIN},", bins[1])),
        "{sheet}"
    );

    let none = client
        .get("/api/v1/editions/999/moved")
        .send()
        .await
        .unwrap();
    problem(none, StatusCode::NOT_FOUND, "not-found").await;
    let much = client
        .get(&format!("{asked}/cells?limit=0"))
        .send()
        .await
        .unwrap();
    problem(much, StatusCode::BAD_REQUEST, "invalid-field").await;
}

/// Decided disputes hold for a place; where its code ends they go on with the ground.
#[tokio::test]
async fn r15_4_what_was_decided_about_a_cell_holds_in_the_cells_that_have_its_ground() {
    let town = Town::new().await;
    let case = town.case(town.cells[0], place(80.0, 50.0), None).await;
    let bin = town.city.component(BIN, place(80.0, 50.0), None).await;
    let other = town.case(town.cells[1], place(150.0, 50.0), None).await;
    for (cell, component, of) in [
        ("001", None, case),
        ("001", Some(bin), case),
        ("002", None, other),
    ] {
        sqlx::query(
            "insert into precedent (class_code, place, component_id, unit_id, case_id, reason, valid)
             values ('M06042', '321202001001' || $1, $2, $3, $4, '判定', tstzrange('2020-01-01', null))",
        )
        .bind(cell)
        .bind(component)
        .bind(town.units[1])
        .bind(of)
        .execute(&town.city.db)
        .await
        .unwrap();
    }
    let plan = town.begin().await;
    town.stepped(plan, &town.split(50.0).await).await;
    town.approved(plan, json!({})).await;
    let in_force: Vec<(String, Option<i64>, i64)> = sqlx::query_as(
        "select right(place, 3), component_id, case_id from precedent where valid @> now()
         order by place, component_id nulls first",
    )
    .fetch_all(&town.city.db)
    .await
    .unwrap();
    let of = |cell: &str, component, case| (cell.to_owned(), component, case);
    assert_eq!(
        in_force,
        [
            of("002", None, other),
            of("005", None, case),
            of("005", Some(bin), case),
            of("006", None, case),
            of("006", Some(bin), case),
        ]
    );
    let ended: i64 =
        sqlx::query_scalar("select count(*) from precedent where upper(valid) <= now()")
            .fetch_one(&town.city.db)
            .await
            .unwrap();
    assert_eq!(ended, 2, "they held until then");
}

/// Also of ground that had no cell before or has none afterwards, by class as the units are told.
#[tokio::test]
async fn ground_that_comes_and_goes_is_listed_with_its_classes() {
    let town = Town::new().await;
    let [one, two] = town.units;
    let duty = |face: u32, owner: i32| json!({ "set_duty": { "faces": [face], "subject": "M06", "owner": owner } });
    let south_west = town.face(town.cells[0]).await;
    let plan = town.begin().await;
    town.stepped(plan, &duty(south_west, two)).await;
    town.approved(plan, json!({})).await;

    let plan = town.begin().await;
    // the south-west cell is left out, and a strip in the east is taken in
    let outline = [
        (100.0, 0.0),
        (250.0, 0.0),
        (250.0, 200.0),
        (0.0, 200.0),
        (0.0, 100.0),
        (100.0, 100.0),
    ];
    let exterior = outline.map(|(east_m, north_m)| town.at(east_m, north_m));
    let scope = json!([{ "exterior": exterior, "holes": [] }]);
    let redraw = json!({ "redraw_scope": { "scope": scope, "to": null } });
    town.stepped(plan, &redraw).await;
    let path = format!("/api/v1/plans/{plan}/partition");
    let planned = town.partition(&path).await;
    let strip = planned.face_at(town.at(225.0, 50.0)).unwrap();
    town.stepped(plan, &json!({ "settle": { "face": strip } }))
        .await;
    let owner = json!({ "set_owner": { "faces": [strip], "owner": two } });
    town.stepped(plan, &owner).await;
    town.stepped(plan, &duty(strip.0, one)).await;
    let edition = town.approved(plan, json!({})).await["edition_id"].clone();

    let asked = format!("/api/v1/editions/{edition}/moved");
    let page = town.planner.client.json(&format!("{asked}/cells")).await;
    let rows: Vec<_> = { page["moved"].as_array().unwrap().iter() }
        .map(|row| {
            let cells = ["from_cell", "to_cell"].map(|cell| row[cell].as_str().map(|it| &it[12..]));
            let units = ["from_unit", "to_unit"].map(|unit| row[unit].as_i64());
            (cells, row["class"].as_str(), units)
        })
        .collect();
    let [one, two] = [one, two].map(|unit| Some(i64::from(unit)));
    let expected = [
        ([Some("001"), None], None, [one, None]),
        ([Some("001"), None], Some("M06"), [two, None]),
        ([None, Some("005")], None, [None, two]),
        ([None, Some("005")], Some("M06"), [None, one]),
    ];
    assert_eq!(rows, expected);
    let counted = town.planner.client.json(&asked).await;
    assert_eq!(counted["cells"], 4, "{counted}");
}

/// A cell that grows into new ground, or loses a strip of it, keeps its code: what it got from nobody and
/// what nobody has any more is listed all the same.
#[tokio::test]
async fn ground_that_an_existing_cell_takes_in_or_gives_up_is_listed() {
    let town = Town::new().await;
    let plan = town.begin().await;
    let south_east = town.face(town.cells[1]).await;
    let outline = [(20.0, 0.0), (250.0, 0.0), (250.0, 200.0), (20.0, 200.0)];
    let exterior = outline.map(|(east_m, north_m)| town.at(east_m, north_m));
    let scope = json!([{ "exterior": exterior, "holes": [] }]);
    let redraw = json!({ "redraw_scope": { "scope": scope, "to": south_east } });
    town.stepped(plan, &redraw).await;
    let edition = town.approved(plan, json!({})).await["edition_id"].clone();
    let asked = format!("/api/v1/editions/{edition}/moved/cells");
    let page = town.planner.client.json(&asked).await;
    let rows: Vec<_> = { page["moved"].as_array().unwrap().iter() }
        .map(|row| {
            let cells = ["from_cell", "to_cell"].map(|cell| row[cell].as_str().map(|it| &it[12..]));
            let units = ["from_unit", "to_unit"].map(|unit| row[unit].is_number());
            (cells, units, row["area_m2"].as_f64().unwrap().round())
        })
        .collect();
    let expected = [
        ([Some("001"), None], [true, false], 2_000.0),
        ([Some("003"), None], [true, false], 2_000.0),
        ([None, Some("002")], [false, true], 10_000.0),
    ];
    let near = |one: f64, other: f64| (one - other).abs() <= other * 0.01;
    for (row, wanted) in rows.iter().zip(&expected) {
        assert_eq!((&row.0, &row.1), (&wanted.0, &wanted.1), "{page}");
        assert!(near(row.2, wanted.2), "{page}");
    }
    assert_eq!(rows.len(), expected.len(), "{page}");
    // nothing is counted twice: what a cell has is what it had and what came
    let (has, parts): (f64, f64) = sqlx::query_as(
        "select sum(c.area_m2), (select sum(area_m2) from cell_lineage)
             + (select sum(area_m2) from cell_outside where came)
         from cell c where valid @> now() and edition_id = $1",
    )
    .bind(edition.as_i64().unwrap() as i32)
    .fetch_one(&town.city.db)
    .await
    .unwrap();
    assert!((has - parts).abs() < has * 0.01, "{has} {parts}");
}

/// A gap that becomes a cell had ground before it got any from its neighbour.
#[tokio::test]
async fn a_gap_that_becomes_a_cell_is_new_ground() {
    let town = Town::new().await;
    let at = |east_m: f64, north_m: f64| {
        let there = place(east_m, north_m);
        format!("{} {}", there.lon, there.lat)
    };
    let hole = [
        (40.0, 40.0),
        (60.0, 40.0),
        (60.0, 60.0),
        (40.0, 60.0),
        (40.0, 40.0),
    ];
    let hole = hole.map(|(east_m, north_m)| at(east_m, north_m)).join(", ");
    sqlx::query(
        "with old as (
             update cell set valid = tstzrange(lower(valid), now()) where cell_id = $1 returning *
         ), new as (
             insert into cell (code, name, geom, edition_id, valid)
             select code, name, st_multi(st_difference(geom, st_geomfromtext($2, 4326))), edition_id,
                 tstzrange(now(), null) from old returning cell_id, edition_id
         )
         insert into responsibility (cell_id, unit_id, edition_id, valid)
         select cell_id, $3, edition_id, tstzrange(now(), null) from new",
    )
    .bind(town.cells[0])
    .bind(format!("POLYGON(({hole}))"))
    .bind(town.units[0])
    .execute(&town.city.db)
    .await
    .unwrap();
    let plan = town.begin().await;
    let path = format!("/api/v1/plans/{plan}/partition");
    let planned = town.partition(&path).await;
    let face_at = |east_m: f64| planned.face_at(town.at(east_m, 50.0)).unwrap();
    let (gap, around) = (face_at(50.0), face_at(20.0));
    assert_ne!(gap, around);
    town.stepped(plan, &json!({ "settle": { "face": gap } }))
        .await;
    let strip = [(60.0, 40.0), (70.0, 40.0), (70.0, 60.0), (60.0, 60.0)];
    let strip = strip.map(|(east_m, north_m)| town.at(east_m, north_m));
    let polygon = json!({ "exterior": strip, "holes": [] });
    let transfer = json!({ "transfer": { "polygon": polygon, "from": around, "to": gap } });
    town.stepped(plan, &transfer).await;
    let owner = json!({ "set_owner": { "faces": [gap], "owner": town.units[1] } });
    town.stepped(plan, &owner).await;
    let edition = town.approved(plan, json!({})).await["edition_id"].clone();
    let asked = format!("/api/v1/editions/{edition}/moved/cells");
    let page = town.planner.client.json(&asked).await;
    let rows: Vec<_> = { page["moved"].as_array().unwrap().iter() }
        .map(|row| {
            let cells = ["from_cell", "to_cell"].map(|cell| row[cell].as_str().map(|it| &it[12..]));
            (
                cells,
                (row["area_m2"].as_f64().unwrap() / 20.0).round() * 20.0,
            )
        })
        .collect();
    let expected = [
        ([Some("001"), Some("005")], 200.0),
        ([None, Some("005")], 400.0),
    ];
    assert_eq!(rows, expected, "{page}");
}
