//! Article 15: disputes about who is responsible. Article 16: quick disposal.

use chrono::TimeDelta;
use cityward::rules::Rules;
use cityward::territory::TerritoryWatch;
use cityward::workflow::Workflow;
use cityward::workflow::timers;
use serde_json::{Value, json};

use super::office::{Office, at};

async fn disputed(office: &Office, unit: &str, proposed: Option<&str>) -> i64 {
    let case = office.dispatched(4, unit).await;
    let mut fields = json!({"reason": "not our pipe"});
    if let Some(proposed) = proposed {
        fields["proposed_unit_id"] = json!(office.units[proposed]);
    }
    let manager = [unit, " manager"].concat();
    let row = office.act(&manager, case, "dispute", fields).await;
    assert_eq!(row["state"], "disputed");
    case
}

fn level(detail: &Value) -> &str {
    detail["dispute_level"].as_str().unwrap()
}

#[tokio::test]
async fn r15_1_a_dispute_has_its_window_and_pauses_the_clock() {
    let mut office = Office::open().await;
    let case = office.dispatched(4, "water").await;
    let late = office.dispatched(4, "water").await;
    office.pass(TimeDelta::hours(1));
    let why = json!({"reason": "not our pipe"});
    office
        .act("water manager", case, "dispute", why.clone())
        .await;
    office.pass(TimeDelta::hours(2));
    let paused = office.case(case).await;
    let handling = |detail: &Value| {
        let clocks = detail["clocks"].as_array().unwrap().clone();
        clocks
            .into_iter()
            .find(|clock| clock["stage"] == "handling")
            .unwrap()
    };
    assert_eq!(handling(&paused)["elapsed_s"], 3_600);
    assert!(handling(&paused)["due_at"].is_null());
    office
        .act("dispatcher", case, "uphold", json!({"reason": "it is"}))
        .await;
    assert_eq!(office.case(case).await["state"], "handling");
    // 8 working hours after dispatch have passed
    office.set_time(at("2026-11-19T09:01"));
    office
        .refused("water manager", late, "dispute", why, "window_closed")
        .await;
    office.service.stop().await;
}

#[tokio::test]
async fn r15_2_parties_of_two_districts_go_to_the_city_centre() {
    let office = Office::open().await;
    let case = disputed(&office, "street", Some("far")).await;
    assert_eq!(level(&office.case(case).await), "city");
    let reason = json!({"reason": "theirs"});
    office
        .forbidden("district", case, "uphold", reason.clone(), "level")
        .await;
    office.act("dispatcher", case, "uphold", reason).await;
    office.service.stop().await;
}

#[tokio::test]
async fn r15_3_escalation_needs_an_opinion_and_the_committee_is_final() {
    let office = Office::open().await;
    let case = disputed(&office, "water", Some("roads")).await;
    let answer = office
        .try_act("dispatcher", case, "escalate", json!({}))
        .await;
    assert_eq!(answer.status().as_u16(), 400);
    let opinion = json!({"opinion": "both have a point"});
    office.act("dispatcher", case, "escalate", opinion).await;
    let detail = office.case(case).await;
    assert_eq!(level(&detail), "committee");
    assert_eq!(detail["dispute"]["opinion"], "both have a point");
    let to_roads = json!({"unit_id": office.units["roads"], "reason": "decided"});
    office
        .forbidden("dispatcher", case, "reassign", to_roads.clone(), "level")
        .await;
    let row = office.act("committee", case, "reassign", to_roads).await;
    assert_eq!(row["state"], "dispatched");
    assert_eq!(row["handling_unit"]["id"], office.units["roads"]);
    office
        .refused(
            "roads manager",
            case,
            "dispute",
            json!({"reason": "no"}),
            "final",
        )
        .await;
    office.service.stop().await;
}

#[tokio::test]
async fn r15_4_a_decision_becomes_the_rule_for_the_next_case() {
    let mut office = Office::open().await;
    let case = disputed(&office, "water", Some("roads")).await;
    office.pass(TimeDelta::minutes(10));
    let decision = json!({"unit_id": office.units["roads"], "reason": "theirs", "precedent": true});
    let row = office.act("dispatcher", case, "reassign", decision).await;
    // a full limit, from now
    let due: chrono::DateTime<chrono::Utc> =
        row["clock"]["due_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(due, at("2026-11-20T09:10"));
    office
        .refused(
            "roads manager",
            case,
            "dispute",
            json!({"reason": "no"}),
            "final",
        )
        .await;
    let mut next = Value::Null;
    for _ in 0..50 {
        let filed = office.filed(4).await;
        next = office.case(filed).await;
        if next["unit"]["id"] == office.units["roads"] {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(next["unit"]["id"], office.units["roads"]);
    // and it says so
    assert_eq!(next["route"]["rule"], "precedent", "{next}");
    assert_eq!(next["route"]["case_id"], case);
    office.service.stop().await;
}

#[tokio::test]
async fn r15_5_a_district_settles_its_own_and_a_department_its_sector() {
    let office = Office::open().await;
    let case = disputed(&office, "street", Some("park")).await;
    assert_eq!(level(&office.case(case).await), "district");
    let park = json!({"unit_id": office.units["park"], "reason": "theirs"});
    office
        .forbidden("dispatcher", case, "reassign", park.clone(), "level")
        .await;
    let water = json!({"unit_id": office.units["water"], "reason": "theirs"});
    office
        .refused("district", case, "reassign", water, "outside_level")
        .await;
    office.act("district", case, "reassign", park).await;

    let bureau = office.units["bureau"];
    sqlx::query("update unit set department_id = $1 where unit_id = any($2)")
        .bind(bureau)
        .bind([office.units["water"], office.units["roads"]])
        .execute(&office.city.db)
        .await
        .unwrap();
    let case = disputed(&office, "water", Some("roads")).await;
    assert_eq!(level(&office.case(case).await), "department");
    let decision = json!({"reason": "yours"});
    office
        .forbidden("dispatcher", case, "uphold", decision.clone(), "level")
        .await;
    office.act("bureau manager", case, "uphold", decision).await;
    office.service.stop().await;
}

#[tokio::test]
async fn r16_1_quick_disposal_needs_a_reason_and_stays_under_the_cap() {
    let office = Office::open().await;
    let case = office.filed(2).await;
    let crew = office.units["crew"];
    let reason = quick_reason(&office, case).await;
    let order = |reasons: Value, fen: i64, unit: i32| json!({"reasons": reasons, "estimate_fen": fen, "unit_id": unit});
    let refused = async |fields, code| {
        office
            .refused("dispatcher", case, "dispatch_quick", fields, code)
            .await
    };
    refused(order(json!([]), 10_000, crew), "no_quick_reason").await;
    let params = refused(order(json!([reason]), 900_000_000, crew), "beyond_cap").await;
    assert!(params["cap_fen"].as_i64().unwrap() < 900_000_000);
    refused(
        order(json!([reason]), 10_000, office.units["water"]),
        "not_a_crew",
    )
    .await;
    let good = order(json!([reason]), 10_000, crew);
    let row = office.act("dispatcher", case, "dispatch_quick", good).await;
    assert_eq!(
        (row["state"].as_str(), row["clock"]["stage"].as_str()),
        (Some("quick"), Some("quick"))
    );
    office.service.stop().await;
}

/// The first reason that the rules offer.
async fn quick_reason(office: &Office, case: i64) -> String {
    let path = format!("/api/v1/cases/{case}/actions");
    let offered = office.people["dispatcher"].client.json(&path).await;
    let quick = offered["actions"].as_array().unwrap().iter();
    let quick = quick
        .clone()
        .find(|one| one["action"] == "dispatch_quick")
        .unwrap();
    quick["fields"][0]["choices"][0]["value"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn r16_2_the_crew_finishes_with_photos_and_its_costs_are_booked() {
    let office = Office::open().await;
    sqlx::query("insert into ledger_year (year, budget_fen) values (2026, 1000000)")
        .execute(&office.city.db)
        .await
        .unwrap();
    let case = office.filed(2).await;
    let reason = quick_reason(&office, case).await;
    let crew = office.units["crew"];
    let order = json!({"reasons": [reason], "estimate_fen": 5_000, "unit_id": crew});
    office
        .act("dispatcher", case, "dispatch_quick", order)
        .await;
    let items = json!([{"item": "cold asphalt", "quantity": 2.5, "unit_price_fen": 1_000}]);
    let bare = json!({"text": "filled", "items": items});
    office
        .refused("crew manager", case, "finish_quick", bare, "photos")
        .await;
    let photos = [
        office.photo("crew manager").await,
        office.photo("crew manager").await,
    ];
    let done = json!({"text": "filled", "items": items, "attachments": photos, "close": true});
    let row = office.act("crew manager", case, "finish_quick", done).await;
    assert_eq!(row["state"], "closed");
    let spent: i64 = sqlx::query_scalar("select spent_fen from ledger_year where year = 2026")
        .fetch_one(&office.city.db)
        .await
        .unwrap();
    assert_eq!(spent, 2_500);
    office.service.stop().await;
}

#[tokio::test]
async fn r15_5_an_overdue_dispute_rises_once_whoever_runs() {
    let mut office = Office::open().await;
    let (inside, across) = (
        disputed(&office, "street", Some("park")).await,
        disputed(&office, "water", None).await,
    );
    assert_eq!(level(&office.case(inside).await), "district");
    assert_eq!(level(&office.case(across).await), "city");
    // beside the service that runs, others look at the same moment, long after the time
    let workflow = Workflow {
        rules: Rules::open(office.city.db.clone()).await.unwrap(),
        territory: TerritoryWatch::open(office.city.db.clone()).await.unwrap(),
    };
    office.set_time(at("2026-11-27T10:00"));
    let round = || timers::round(&office.city.db, &workflow, office.now());
    let (one, other, third) = tokio::join!(round(), round(), round());
    assert!(one.is_ok() && other.is_ok() && third.is_ok());
    let rise = async |case| {
        for _ in 0..100 {
            let detail = office.case(case).await;
            let history = detail["history"].as_array().unwrap().iter();
            let risen = history.filter(|event| event["action"] == "escalate");
            let risen: Vec<Value> = risen.cloned().collect();
            if !risen.is_empty() {
                return (detail.clone(), risen);
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("nobody raised it");
    };
    for (case, to) in [(inside, "city"), (across, "committee")] {
        rise(case).await;
        // time for a second one, should there be one
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let (detail, risen) = rise(case).await;
        assert_eq!(level(&detail), to);
        assert_eq!(risen.len(), 1, "{risen:?}");
        assert_eq!(risen[0]["actor"], "system");
        assert_eq!(detail["state"], "disputed");
        let clocks = detail["clocks"].as_array().unwrap().iter();
        let running = clocks.filter(|clock| clock["stage"] == "dispute");
        let started: Vec<&str> = running
            .map(|clock| clock["started_at"].as_str().unwrap())
            .collect();
        assert_eq!(started.len(), 2);
        assert_eq!(started[1].parse(), Ok(office.now()));
    }
    let told = office.people["committee"].client.json("/api/v1/notices");
    let told = told.await["notices"].to_string();
    assert!(told.contains("\"dispute\""), "{told}");
    office.service.stop().await;
}

#[tokio::test]
async fn r3_2_the_committee_sees_the_whole_city_and_decides_what_is_escalated_to_it() {
    let office = Office::open().await;
    let case = disputed(&office, "street", Some("far")).await;
    let filed = office.filed(2).await;
    let committee = &office.people["committee"].client;
    let list = committee.json("/api/v1/cases").await;
    let seen: Vec<i64> = list["cases"].as_array().unwrap().iter().map(id).collect();
    assert!(seen.contains(&case) && seen.contains(&filed), "{list}");
    // read only: nothing of the daily work is theirs, nor a dispute that was not escalated
    let water = json!({"unit_id": office.units["water"]});
    office
        .forbidden("committee", filed, "dispatch", water, "role")
        .await;
    let decision = json!({"reason": "theirs"});
    office
        .forbidden("committee", case, "uphold", decision.clone(), "level")
        .await;
    for case in [case, filed] {
        let path = format!("/api/v1/cases/{case}/actions");
        let actions = committee.json(&path).await;
        let mut actions = actions["actions"].as_array().unwrap().iter();
        assert!(actions.all(|action| action["allowed"] != true));
    }

    let opinion = json!({"opinion": "both have a point"});
    office.act("dispatcher", case, "escalate", opinion).await;
    let row = office.act("committee", case, "uphold", decision).await;
    assert_eq!(row["state"], "handling");
    let detail = office.case(case).await;
    let last = detail["history"].as_array().unwrap().last().unwrap();
    assert_eq!(last["role"], "committee");
    assert_eq!(last["reason"], "theirs");
    office.service.stop().await;
}

fn id(row: &Value) -> i64 {
    row["id"].as_i64().unwrap()
}
