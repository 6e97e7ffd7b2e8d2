//! Plans that say who answers for single classes and groups of many cells.

use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta};
use cityward::space::GroundPoint;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::city::place;
use crate::door::now;
use crate::drawing::Town;
use crate::people::{Colleague, colleague};
use crate::service::problem;

const OVERFLOW: &str = "M06042";
const GARBAGE: &str = "M06010";
const STALL: &str = "M09006";

fn set_duty(faces: &[u32], subject: &str, owner: impl Into<Value>) -> Value {
    json!({ "set_duty": { "faces": faces, "subject": subject, "owner": owner.into() } })
}

impl Town {
    async fn faces(&self) -> Vec<u32> {
        let mut faces = Vec::new();
        for cell in &self.cells {
            faces.push(self.face(*cell).await);
        }
        faces
    }

    /// Unit and rule for a class at a place, at a moment; of now when none is given.
    async fn whose(&self, at: GroundPoint, class: &str, moment: Option<&str>) -> (Value, String) {
        let moment = moment.map_or_else(String::new, |moment| format!("&at={moment}"));
        let GroundPoint { lon, lat } = at;
        let path = format!("/api/v1/locate?lon={lon}&lat={lat}&class={class}{moment}");
        let placed = self.planner.client.json(&path).await;
        let rule = placed["because"]["rule"].as_str().unwrap().to_owned();
        (placed["unit"]["id"].clone(), rule)
    }

    /// Waits until the service has read who answers for a class at a place.
    async fn goes_to(&self, at: GroundPoint, class: &str, unit: i32, rule: &str) {
        let wanted = (json!(unit), rule.to_owned());
        for _ in 0..200 {
            if self.whose(at, class, None).await == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{class} does not go to {unit} by {rule}");
    }

    /// An open case of a class, with the unit that answers for all classes of the cell.
    async fn case_of(
        &self,
        class: &str,
        cell: usize,
        at: GroundPoint,
        sent_to: Option<i32>,
    ) -> i64 {
        let case = self.case(self.cells[cell], at, sent_to).await;
        sqlx::query("update city_case set class_code = $2 where case_id = $1")
            .bind(case)
            .bind(class)
            .execute(&self.city.db)
            .await
            .unwrap();
        case
    }

    /// Unit and rule of a case.
    async fn case_is(&self, case: i64) -> (Option<i32>, String) {
        sqlx::query_as("select unit_id, because ->> 'rule' from city_case where case_id = $1")
            .bind(case)
            .fetch_one(&self.city.db)
            .await
            .unwrap()
    }

    async fn history(&self, plan: i64) -> Value {
        let plan = self
            .planner
            .client
            .json(&format!("/api/v1/plans/{plan}"))
            .await;
        plan["history"].clone()
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story from beginning to end")]
async fn classes_and_groups_of_cells_go_to_other_units_and_cases_follow() {
    let town = Town::new().await;
    let [first, second] = town.units;
    let faces = town.faces().await;
    let (south_west, north_west) = (place(50.0, 50.0), place(50.0, 150.0));
    let overflow = town.case_of(OVERFLOW, 0, south_west, None).await;
    let garbage = town.case_of(GARBAGE, 0, south_west, None).await;
    let stall = town.case_of(STALL, 0, south_west, None).await;
    let sent = town.case_of(OVERFLOW, 0, south_west, Some(first)).await;
    let bin = town.city.component("C03005", north_west, None).await;
    town.city.component("C01001", north_west, None).await;

    let plan = town.begin().await;
    let west = [faces[0], faces[2]];
    town.stepped(plan, &set_duty(&west, "M06", second)).await;
    town.stepped(plan, &set_duty(&west[..1], OVERFLOW, first))
        .await;
    town.stepped(plan, &set_duty(&west[1..], "C03", second))
        .await;

    let impact = town
        .planner
        .client
        .json(&format!("/api/v1/plans/{plan}/impact"))
        .await;
    let handed: Vec<(&Value, &Value, &Value, &Value)> = impact["cells"]["handed_over"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                &one["face"],
                &one["classes"],
                &one["from_unit"],
                &one["unit_id"],
            )
        })
        .collect();
    let (one, two) = (json!(first), json!(second));
    let expected = [
        (&json!(west[0]), &json!("M06"), &one, &two),
        (&json!(west[0]), &json!(OVERFLOW), &one, &one),
        (&json!(west[1]), &json!("C03"), &one, &two),
        (&json!(west[1]), &json!("M06"), &one, &two),
    ];
    assert_eq!(handed, expected);
    // the manhole cover is of another group
    let components = json!({ "other_cell": 0, "other_unit": 1 });
    assert_eq!(impact["components"], components);
    // the stall is another matter; who was sent to a case keeps it
    assert_eq!(
        (&impact["open_cases_total"], &impact["cases_moved"]),
        (&json!(3), &json!(1))
    );
    let load = |unit: usize, side: &str, what: &str| impact["units"][unit][side][what].clone();
    assert_eq!(
        (load(1, "before", "duties"), load(1, "after", "duties")),
        (json!(0), json!(3))
    );
    assert_eq!(
        (load(0, "before", "cells"), load(0, "after", "cells")),
        (json!(2), json!(2))
    );
    assert_eq!(
        (
            load(1, "before", "open_cases"),
            load(1, "after", "open_cases")
        ),
        (json!(0), json!(1))
    );

    let before = (now() - TimeDelta::days(1)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let edition = town.approved(plan, json!({})).await["edition_id"].clone();
    town.goes_to(south_west, GARBAGE, second, "cell_group")
        .await;
    town.goes_to(south_west, OVERFLOW, first, "cell_class")
        .await;
    town.goes_to(south_west, STALL, first, "cell_default").await;
    town.goes_to(north_west, OVERFLOW, second, "cell_group")
        .await;
    for class in [OVERFLOW, GARBAGE, STALL] {
        let was = town.whose(south_west, class, Some(&before)).await;
        assert_eq!(was, (json!(first), "cell_default".to_owned()), "{class}");
    }
    assert_eq!(
        town.case_is(garbage).await,
        (Some(second), "cell_group".to_owned())
    );
    for case in [overflow, stall, sent] {
        assert_eq!(town.case_is(case).await.0, Some(first));
    }
    // rows begin; what was goes on
    let rows: Vec<(String, bool)> = sqlx::query_as(
        "select classes, upper(valid) is null from responsibility
         where cell_id = $1 order by classes",
    )
    .bind(town.cells[0])
    .fetch_all(&town.city.db)
    .await
    .unwrap();
    let expected = ["", "M06", OVERFLOW].map(|classes| (classes.to_owned(), true));
    assert_eq!(rows, expected);

    let view = format!("/api/v1/cells/{}", town.cells[0]);
    let view = town.planner.client.json(&view).await;
    let told: Vec<(&Value, &Value)> = view["responsibilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["class"], &one["group"]))
        .collect();
    let none = Value::Null;
    assert_eq!(
        told,
        [
            (&none, &none),
            (&none, &json!("M06")),
            (&json!(OVERFLOW), &none)
        ]
    );

    let moved = format!("/api/v1/editions/{edition}/moved");
    let count = town.planner.client.json(&moved).await;
    assert_eq!(count, json!({ "cells": 3, "components": 1, "cases": 1 }));
    let ground = town.planner.client.json(&format!("{moved}/cells")).await;
    let classes: Vec<&Value> = ground["moved"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["class"])
        .collect();
    assert_eq!(classes, ["M06", "C03", "M06"]);
    let components = town
        .planner
        .client
        .json(&format!("{moved}/components"))
        .await;
    assert_eq!(components["moved"][0]["id"], bin);
    let record: Value = sqlx::query_scalar(
        "select after -> 'units' from audit_entry where action = 'put_in_force'",
    )
    .fetch_one(&town.city.db)
    .await
    .unwrap();
    let of = |unit: usize, what: &str| record[unit][what].as_i64().unwrap();
    assert_eq!(
        (
            of(0, "duties_lost"),
            of(1, "duties_gained"),
            of(1, "cells_gained")
        ),
        (3, 3, 0)
    );

    // what is cleared goes to whoever has more than that
    let clear = town.begin().await;
    town.stepped(clear, &set_duty(&west[..1], OVERFLOW, Value::Null))
        .await;
    town.approved(clear, json!({})).await;
    town.goes_to(south_west, OVERFLOW, second, "cell_group")
        .await;
    assert_eq!(
        town.case_is(overflow).await,
        (Some(second), "cell_group".to_owned())
    );
    assert_eq!(town.case_is(sent).await.0, Some(first));
}

#[tokio::test]
async fn duties_are_taken_back_and_what_is_unknown_is_refused_by_field() {
    let town = Town::new().await;
    let face = town.face(town.cells[0]).await;
    let plan = town.begin().await;
    let path = format!("/api/v1/plans/{plan}/partition");
    let base = town.partition(&path).await;
    let taken = town
        .stepped(plan, &set_duty(&[face], "M06", town.units[1]))
        .await;
    assert_eq!(taken["step"]["operation"]["set_duty"]["subject"], "M06");
    let given = town.partition(&path).await;
    town.turned(&town.planner, plan, "undo", json!({})).await;
    assert_eq!(town.partition(&path).await.to_bytes(), base.to_bytes());
    town.turned(&town.planner, plan, "redo", json!({})).await;
    assert_eq!(town.partition(&path).await.to_bytes(), given.to_bytes());

    for (operation, field) in [
        (
            set_duty(&[face], "M99", town.units[1]),
            "/operation/set_duty/subject",
        ),
        (
            set_duty(&[face], "M99001", town.units[1]),
            "/operation/set_duty/subject",
        ),
        (
            set_duty(&[face], OVERFLOW, 999),
            "/operation/set_duty/owner",
        ),
        (
            json!({ "set_owner": { "faces": [face], "owner": 999 } }),
            "/operation/set_owner/owner",
        ),
    ] {
        let refused = town.step(plan, &operation).await;
        let told = problem(refused, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(told["errors"][0]["field"], field, "{operation}");
    }
    let again = town
        .step(plan, &set_duty(&[face], "M06", town.units[1]))
        .await;
    let told = problem(again, StatusCode::UNPROCESSABLE_ENTITY, "operation-refused").await;
    assert_eq!(told["refusal"], "nothing");
}

/// Before its date a planned duty is answered for moments after it, and no row holds it.
#[tokio::test]
async fn a_duty_that_waits_for_its_date_is_known_for_then() {
    let town = Town::new().await;
    let faces = town.faces().await;
    let plan = town.begin().await;
    town.stepped(plan, &set_duty(&faces[..1], "M06", town.units[1]))
        .await;
    // a cell that begins has its duties, too
    let taken = town.split(50.0).await;
    town.stepped(plan, &taken).await;
    let from = now() + TimeDelta::days(2);
    town.approved(plan, json!({ "in_force_from": from })).await;
    let then = (from + TimeDelta::days(1)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let [first, second] = town.units;
    for at in [place(20.0, 50.0), place(80.0, 50.0)] {
        let planned = town.whose(at, OVERFLOW, Some(&then)).await;
        assert_eq!(planned, (json!(second), "cell_group".to_owned()));
        let other = town.whose(at, STALL, Some(&then)).await;
        assert_eq!(other, (json!(first), "cell_default".to_owned()));
        let today = town.whose(at, OVERFLOW, None).await;
        assert_eq!(today, (json!(first), "cell_default".to_owned()));
    }
    // a unit that ends still later answers until then
    sqlx::query("update unit set valid = tstzrange(lower(valid), $2) where unit_id = $1")
        .bind(second)
        .bind(from + TimeDelta::days(10))
        .execute(&town.city.db)
        .await
        .unwrap();
    let at = place(80.0, 50.0);
    for (days, expected) in [(9, (second, "cell_group")), (10, (first, "cell_default"))] {
        let moment = from + TimeDelta::days(days);
        let moment = moment.to_rfc3339_opts(SecondsFormat::Micros, true);
        let found = town.whose(at, OVERFLOW, Some(&moment)).await;
        assert_eq!(found, (json!(expected.0), expected.1.to_owned()), "{days}");
    }
}

#[tokio::test]
async fn pieces_inherit_their_duties_with_their_end_and_a_merge_says_what_it_gives_up() {
    let town = Town::new().await;
    let faces = town.faces().await;
    sqlx::query(
        "insert into responsibility (cell_id, class_group, unit_id, edition_id, valid)
         values ($1, 'M06', $2, $3, tstzrange('2020-01-01', '2999-06-01'))",
    )
    .bind(town.cells[0])
    .bind(town.units[1])
    .bind(town.edition)
    .execute(&town.city.db)
    .await
    .unwrap();
    let plan = town.begin().await;
    town.stepped(plan, &town.split(50.0).await).await;
    let merged = json!({ "merge": { "faces": [faces[1], faces[3]] } });
    town.stepped(plan, &set_duty(&faces[1..2], OVERFLOW, town.units[0]))
        .await;
    let merged = town.stepped(plan, &merged).await;
    let warning = &merged["step"]["warnings"].as_array().unwrap();
    let told = warning
        .iter()
        .find_map(|one| one.get("other_duties"))
        .unwrap();
    assert_eq!(told["subject"], OVERFLOW);
    let history = town.history(plan).await;
    assert_eq!(history[2]["warnings"], merged["step"]["warnings"]);

    town.approved(plan, json!({})).await;
    let rows: Vec<(String, i32, Option<String>)> = sqlx::query_as(
        "select classes, unit_id, (extract(year from upper(r.valid) at time zone 'utc'))::text
         from responsibility r join cell c using (cell_id)
         where classes <> '' and r.valid @> now() and c.valid @> now() order by classes",
    )
    .fetch_all(&town.city.db)
    .await
    .unwrap();
    let inherited = ("M06".to_owned(), town.units[1], Some("2999".to_owned()));
    let kept = (OVERFLOW.to_owned(), town.units[0], None);
    assert_eq!(rows, [inherited.clone(), inherited, kept]);
}

#[tokio::test]
async fn a_draft_whose_duties_changed_elsewhere_is_looked_at_cell_by_cell() {
    for take in ["mine", "theirs"] {
        let town = Town::new().await;
        let [first, second] = town.units;
        let face = town.face(town.cells[0]).await;
        let plan = town.begin().await;
        town.stepped(plan, &set_duty(&[face], "M06", second)).await;
        let other = town.begin().await;
        town.stepped(other, &set_duty(&[face], "C03", second)).await;
        town.stepped(other, &set_duty(&[face], "M06", first)).await;
        town.approved(other, json!({})).await;

        let look = async |choices: &Value| -> Value {
            let body = json!({ "choices": choices });
            let told = town.told(&town.planner, plan, "reconcile", &body).await;
            assert_eq!(told.status(), StatusCode::OK);
            told.json().await.unwrap()
        };
        let told = look(&json!([])).await;
        assert_eq!(
            (&told["conflicts"], &told["theirs_only"]),
            (&json!(1), &json!(0))
        );
        let duties = |told: &Value, side: &str| told["cells"][0][side]["duties"].clone();
        let duty = |classes: &str, unit: i32| json!({ "classes": classes, "unit_id": unit });
        let mine = json!([duty("M06", second)]);
        let theirs = json!([duty("C03", second), duty("M06", first)]);
        // the draft's step comes after what was published
        let merged = json!([duty("C03", second), duty("M06", second)]);
        assert_eq!(duties(&told, "before"), json!([]));
        assert_eq!(duties(&told, "mine"), mine);
        assert_eq!(duties(&told, "theirs"), theirs);
        assert_eq!(duties(&told, "merged"), merged);

        let choices = json!([{ "face": face, "take": take }]);
        let chosen = look(&choices).await;
        let wanted = if take == "mine" { &mine } else { &theirs };
        assert_eq!(duties(&chosen, "merged"), *wanted, "{take}");
        let body = json!({ "choices": choices, "leave_out": true });
        town.turned(&town.planner, plan, "rebase", body).await;
        let partition = town
            .partition(&format!("/api/v1/plans/{plan}/partition"))
            .await;
        let known = &partition.faces()[&cityward_partition::FaceId(face)].duties;
        assert_eq!(known.len(), wanted.as_array().unwrap().len(), "{take}");
    }
}

/// A routing rule for one cell goes by the cell's code, which a plan may end.
#[tokio::test]
async fn a_routing_rule_for_a_cell_whose_code_ends_is_pointed_out() {
    let town = Town::new().await;
    let [author, chief] = [
        colleague(&town.city, &town.service, "administrator", None, None).await,
        colleague(&town.city, &town.service, "administrator", None, None).await,
    ];
    let post = async |by: &Colleague, path: &str, body: Value| -> Value {
        let answer = by.client.post(path).json(&body).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    };
    let sets = author.client.json("/api/v1/rule-sets").await;
    let first = sets["sets"].as_array().unwrap().last().unwrap()["id"].clone();
    let new = json!({ "name": "修订", "based_on": first });
    let set = post(&author, "/api/v1/rule-sets", new).await["id"].clone();
    let path = format!("/api/v1/rule-sets/{set}");
    for cell in ["001", "002"] {
        let place = format!("321202001001{cell}");
        let route = json!({ "classes": "M06", "place": place, "to": { "unit": town.units[1] } });
        post(&author, &format!("{path}/routes"), route).await;
    }
    let from = json!({ "in_force_from": now() + TimeDelta::hours(5) });
    post(&chief, &format!("{path}/approve"), from).await;

    let plan = town.begin().await;
    town.stepped(plan, &town.split(50.0).await).await;
    let said = town
        .turned(&town.planner, plan, "validate", json!({}))
        .await;
    assert_eq!(said["ok"], true, "it is a warning: {said}");
    let lost: Vec<&Value> = { said["findings"].as_array().unwrap().iter() }
        .filter(|finding| finding["kind"] == "route_lost")
        .collect();
    assert_eq!(lost.len(), 1, "{said}");
    assert_eq!(lost[0]["code"], "321202001001001");
    assert_eq!(
        lost[0]["about"],
        json!({ "route": { "classes": "M06", "rule_set": set } })
    );
    assert!(lost[0]["place"]["lon"].is_number());
}
