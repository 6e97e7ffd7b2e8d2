//! What a plan would mean, before it is published.

use serde_json::{Value, json};

use crate::city::place;
use crate::drawing::Town;

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story from beginning to end")]
async fn the_impact_says_what_publishing_then_does() {
    let town = Town::new().await;
    let [first, second] = town.units;
    let waiting = town.case(town.cells[0], place(80.0, 50.0), None).await;
    let sent = town
        .case(town.cells[0], place(81.0, 50.0), Some(first))
        .await;
    town.case(town.cells[3], place(150.0, 150.0), None).await;
    sqlx::query("update city_case set warn_at = now() - interval '1 hour', due_at = now()")
        .execute(&town.city.db)
        .await
        .unwrap();
    // of a unit that is no more: it goes with the ground
    let gone = town.city.unit(9).await;
    sqlx::query("update unit set valid = tstzrange(lower(valid), now()) where unit_id = $1")
        .bind(gone)
        .execute(&town.city.db)
        .await
        .unwrap();
    town.city
        .component("C03005", place(70.0, 20.0), Some(gone))
        .await;
    town.city
        .component("C03005", place(70.0, 30.0), Some(second))
        .await;
    town.city
        .component("C03005", place(170.0, 30.0), None)
        .await;
    let (platform, _) = town.city.platform("p").await;
    town.city.camera_at("east", platform, 60.0).await;
    town.city.camera_at("far", platform, 120.0).await;

    let plan = town.begin().await;
    town.stepped(plan, &town.split(50.0).await).await;
    let planned = town
        .partition(&format!("/api/v1/plans/{plan}/partition"))
        .await;
    let half = planned.face_at(town.at(80.0, 50.0)).unwrap();
    let owner = json!({ "set_owner": { "faces": [half], "owner": second } });
    town.stepped(plan, &owner).await;

    let path = format!("/api/v1/plans/{plan}/impact");
    let impact = town.planner.client.json(&path).await;
    let cells = &impact["cells"];
    let count = |what: &str| cells[what].as_array().unwrap().len();
    assert_eq!(
        (count("added"), count("changed"), count("gone")),
        (2, 0, 1),
        "{cells}"
    );
    assert_eq!(cells["added"][0]["from"], json!(["321202001001001"]));
    assert_eq!(
        impact["components"],
        json!({ "other_cell": 2, "other_unit": 1 })
    );
    assert_eq!(
        (&impact["open_cases_total"], &impact["recent_cases"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(
        (&impact["cases_moved"], &impact["cases_at_risk"]),
        (&json!(1), &json!(1))
    );
    let cases: Vec<(&Value, &Value, &Value)> = impact["open_cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| (&case["id"], &case["to_unit"], &case["at_risk"]))
        .collect();
    let expected = [
        (&json!(waiting), &json!(second), &json!(true)),
        (&json!(sent), &json!(first), &json!(false)),
    ];
    assert_eq!(cases, expected);
    let cameras = impact["cameras"].as_array().unwrap();
    assert_eq!((cameras.len(), &cameras[0]["id"]), (1, &json!("east")));
    let load = |unit: usize, side: &str, what: &str| {
        impact["units"][unit][side][what].as_f64().unwrap().round() as i64
    };
    assert_eq!(
        (load(0, "before", "cells"), load(0, "after", "cells")),
        (2, 2)
    );
    assert_eq!(
        (load(1, "before", "cells"), load(1, "after", "cells")),
        (2, 3)
    );
    let areas = ["before", "after"].map(|side| load(0, side, "area_m2") + load(1, side, "area_m2"));
    assert!((areas[0] - areas[1]).abs() <= 1, "{areas:?}");
    assert_eq!(
        (
            load(1, "before", "components"),
            load(1, "after", "components")
        ),
        (1, 2)
    );
    assert_eq!(
        (
            load(0, "before", "open_cases"),
            load(0, "after", "open_cases")
        ),
        (2, 1)
    );

    let sheet = town
        .planner
        .client
        .get(&format!("{path}.csv"))
        .send()
        .await
        .unwrap();
    let text = sheet.text().await.unwrap();
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    // two units and two cases under their headings
    assert_eq!(lines.len(), 6);
    assert!(lines[0].starts_with("unit,") && lines[3].starts_with("case,"));
    assert!(lines[4].starts_with(&format!("{waiting},M06042,filed,")));
    files_have_all(&town, &path, half.0).await;

    town.approved(plan, json!({})).await;
    let moved: Vec<i64> =
        sqlx::query_scalar("select case_id from city_case where unit_id = $1 and cell_id > $2")
            .bind(second)
            .bind(town.cells[3])
            .fetch_all(&town.city.db)
            .await
            .unwrap();
    assert_eq!(moved, [waiting]);
}

/// Each table by itself, and everything as features.
async fn files_have_all(town: &Town, path: &str, half: u32) {
    let text = async |path: String| {
        let answer = town.planner.client.get(&path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let text = answer.text().await.unwrap();
        text.trim_start_matches('\u{feff}').to_owned()
    };
    let table = async |of: &str| {
        let text = text(format!("{path}.csv?of={of}")).await;
        text.lines().map(ToOwned::to_owned).collect::<Vec<String>>()
    };
    let [first, second] = town.units;
    let cells = table("cells").await;
    assert_eq!(cells.len(), 4, "{cells:?}");
    assert!(cells[1].starts_with("added,,") && cells[3].starts_with("gone,321202001001001,"));
    assert!(cells[3].ends_with(&format!(",{first},,,")), "{cells:?}");
    let components = table("components").await;
    assert_eq!(components.len(), 3);
    // the one that has no unit of its own gets the new one
    let moved = format!(",C03005,,{},", place(70.0, 20.0).lon);
    let row = components.iter().find(|row| row.contains(&moved)).unwrap();
    assert!(
        row.ends_with(&format!(",321202001001001,,{first},{second}")),
        "{row}"
    );
    assert_eq!(table("cases").await.len(), 3);
    assert_eq!(table("units").await.len(), 3);
    assert!(table("cameras").await[1].starts_with("east,"));
    let wrong = town
        .planner
        .client
        .get(&format!("{path}.csv?of=everything"));
    assert_eq!(wrong.send().await.unwrap().status(), 400);

    let map: Value = serde_json::from_str(&text(format!("{path}.geojson")).await).unwrap();
    let features = map["features"].as_array().unwrap();
    let of_kind = |kind: &str| -> Vec<&Value> {
        let kinds = features.iter();
        kinds
            .filter(|each| each["properties"]["kind"] == kind)
            .collect()
    };
    let counts =
        ["cell_added", "cell_gone", "component", "case", "camera"].map(|kind| of_kind(kind).len());
    assert_eq!(counts, [2, 1, 2, 2, 1]);
    let planned = of_kind("cell_added");
    let given = planned
        .iter()
        .find(|each| each["properties"]["face"] == half);
    let given = given.unwrap();
    assert_eq!(given["properties"]["unit_id"], second);
    assert_eq!(given["geometry"]["type"], "MultiPolygon");
    assert_eq!(of_kind("case")[0]["geometry"]["type"], "Point");
    assert!(of_kind("case")[0]["properties"]["at_risk"].is_boolean());
}

/// Whose a case is by a routing rule or a decided dispute is not the ground's to say.
#[tokio::test]
async fn what_is_whose_by_a_decision_stays_whose_it_is() {
    let town = Town::new().await;
    let [first, second] = town.units;
    let by_ground = town.case(town.cells[0], place(20.0, 50.0), None).await;
    let decided = town.case(town.cells[0], place(80.0, 50.0), None).await;
    let because = json!({ "rule": "precedent", "precedent_id": 1, "case_id": by_ground });
    sqlx::query("update city_case set route = $2 where case_id = $1")
        .bind(decided)
        .bind(json!({ "unit_id": first, "because": because }))
        .execute(&town.city.db)
        .await
        .unwrap();
    // and one in a cell of which nothing says whose it is
    sqlx::query(
        "update responsibility set valid = tstzrange(lower(valid), now()) where cell_id = $1",
    )
    .bind(town.cells[3])
    .execute(&town.city.db)
    .await
    .unwrap();
    let named = town.case(town.cells[3], place(150.0, 150.0), None).await;
    let plan = town.begin().await;
    let [face, bare] = [
        town.face(town.cells[0]).await,
        town.face(town.cells[3]).await,
    ];
    for (face, owner) in [(face, second), (bare, first)] {
        let owner = json!({ "set_owner": { "faces": [face], "owner": owner } });
        town.stepped(plan, &owner).await;
    }
    let path = format!("/api/v1/plans/{plan}/impact");
    let impact = town.planner.client.json(&path).await;
    let said: Vec<(i64, i64)> = { impact["open_cases"].as_array().unwrap().iter() }
        .filter_map(|case| Some((case["id"].as_i64()?, case["to_unit"].as_i64()?)))
        .collect();
    town.approved(plan, json!({})).await;
    let is: Vec<(i64, i64)> =
        sqlx::query_as("select case_id, unit_id::bigint from city_case order by case_id")
            .fetch_all(&town.city.db)
            .await
            .unwrap();
    let [first, second] = [first, second].map(i64::from);
    assert_eq!(is, [(by_ground, second), (decided, first), (named, second)]);
    assert_eq!(said[..2], is[..2], "{impact}");
    let rule: String =
        sqlx::query_scalar("select because ->> 'rule' from city_case where case_id = $1")
            .bind(named)
            .fetch_one(&town.city.db)
            .await
            .unwrap();
    assert_eq!(
        rule, "cell_default",
        "it is not the ground's, so neither is its reason"
    );
}
