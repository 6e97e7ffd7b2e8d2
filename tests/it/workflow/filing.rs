//! Articles 3, 10 and 12: who files and dispatches what, where.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::json;

use super::office::{COVER, Office, at};
use crate::city::place;
use crate::service::problem;

#[tokio::test]
async fn r3_6_supervision_is_answered_and_marks_the_case() {
    let mut office = Office::open().await;
    let case = office.handling(4).await;
    let order = json!({"level": "leader", "reason": "the square is full of people"});
    office
        .forbidden("operator", case, "supervise", order.clone(), "role")
        .await;
    let row = office.act("leader", case, "supervise", order).await;
    assert_eq!(
        (row["supervised"].as_bool(), row["state"].as_str()),
        (Some(true), Some("handling"))
    );
    // to another unit the case does not exist
    let answer = office
        .try_act(
            "roads manager",
            case,
            "reply_supervision",
            json!({"text": "…"}),
        )
        .await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    office
        .act(
            "water manager",
            case,
            "reply_supervision",
            json!({"text": "a team is there"}),
        )
        .await;
    let detail = office.case(case).await;
    assert_eq!(detail["supervision"]["reply"], "a team is there");
    assert_eq!(detail["supervision"]["level"], "leader");
    let row = office
        .act("leader", case, "end_supervision", json!({}))
        .await;
    assert_eq!(row["supervised"], false);
    // two working days pass
    office.set_time(at("2026-11-20T09:01"));
    let mut supervised = false;
    for _ in 0..100 {
        supervised = office.case(case).await["supervised"] == true;
        if supervised {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(supervised, "nobody supervises what is overdue");
    office.service.stop().await;
}

#[tokio::test]
async fn r10_1_only_the_city_centre_files_and_closes_in_its_area() {
    let mut office = Office::open().await;
    let district = Some(office.district);
    office
        .hire("district operator", "operator", Some("centre"), district)
        .await;
    let case = office.report(COVER).await;
    let condition = json!({"condition_id": office.condition(COVER, 2).await});
    office
        .forbidden("district", case, "file", condition.clone(), "role")
        .await;
    office
        .forbidden(
            "district operator",
            case,
            "file",
            condition.clone(),
            "shared_district",
        )
        .await;
    office.act("operator", case, "file", condition).await;
    let case = office.checked("passed").await;
    let met = office.all_met(case).await;
    office
        .forbidden("district", case, "approve", met.clone(), "role")
        .await;
    office
        .forbidden(
            "district operator",
            case,
            "approve",
            met.clone(),
            "shared_district",
        )
        .await;
    office.act("operator", case, "approve", met).await;
    office.service.stop().await;
}

#[tokio::test]
async fn r10_2_the_district_sends_on_under_one_deadline() {
    let mut office = Office::open().await;
    let case = office.dispatched(4, "centre").await;
    let due = office.case(case).await["clock"]["due_at"].clone();
    office.pass(TimeDelta::minutes(30));
    let far = json!({"unit_id": office.units["far"]});
    office
        .refused("district", case, "redispatch", far, "outside_district")
        .await;
    let street = json!({"unit_id": office.units["street"]});
    office
        .forbidden("dispatcher", case, "redispatch", street.clone(), "role")
        .await;
    let row = office.act("district", case, "redispatch", street).await;
    assert_eq!(row["dispatch_level"], 2);
    assert_eq!(row["state"], "dispatched");
    assert_eq!(row["clock"]["due_at"], due);
    office
        .act("street manager", case, "receive", json!({}))
        .await;
    let row = office.feed_back("street manager", case).await;
    assert_eq!(row["state"], "handled");
    let detail = office.case(case).await;
    let history = detail["history"].as_array().unwrap();
    let levels = history
        .iter()
        .filter(|event| ["dispatch", "redispatch"].contains(&event["action"].as_str().unwrap()));
    assert_eq!(levels.count(), 2);
    let handling = detail["clocks"].as_array().unwrap().iter();
    assert_eq!(
        handling
            .filter(|clock| clock["stage"] == "handling")
            .count(),
        1
    );
    office
        .act(
            "district",
            case,
            "send_back",
            json!({"reason": "the lid rattles"}),
        )
        .await;
    office.service.stop().await;
}

#[tokio::test]
async fn r10_3_a_district_with_its_own_system_does_everything_itself() {
    let mut office = Office::open().await;
    let district = Some(office.district);
    for (name, role) in [
        ("own operator", "operator"),
        ("own dispatcher", "dispatcher"),
    ] {
        office.hire(name, role, Some("centre"), district).await;
    }
    sqlx::query("update district set mode = 'own_system' where district_id = $1")
        .bind(office.district)
        .execute(&office.city.db)
        .await
        .unwrap();
    let case = office.report(COVER).await;
    let condition = json!({"condition_id": office.condition(COVER, 2).await});
    office
        .forbidden("operator", case, "file", condition.clone(), "own_system")
        .await;
    office.act("own operator", case, "file", condition).await;
    let unit = json!({"unit_id": office.units["street"]});
    office
        .forbidden("dispatcher", case, "dispatch", unit.clone(), "own_system")
        .await;
    office.act("own dispatcher", case, "dispatch", unit).await;
    office.service.stop().await;
}

#[tokio::test]
async fn r12_1_filing_needs_a_condition_and_refusing_a_reason() {
    let office = Office::open().await;
    let case = office.report(COVER).await;
    office
        .refused("operator", case, "file", json!({}), "no_condition")
        .await;
    let other = office.condition("C03005", 1).await;
    office
        .refused(
            "operator",
            case,
            "file",
            json!({"condition_id": other}),
            "other_condition",
        )
        .await;
    let answer = office.try_act("operator", case, "reject", json!({})).await;
    let body = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(body["errors"][0]["field"], "/reason");
    let condition = json!({"condition_id": office.condition(COVER, 2).await});
    let row = office.act("chief", case, "file", condition).await;
    assert_eq!(row["state"], "filed");
    assert_eq!(row["clock"]["stage"], "dispatch");
    let other = office.report(COVER).await;
    let row = office
        .act(
            "operator",
            other,
            "reject",
            json!({"reason": "no cover there"}),
        )
        .await;
    assert_eq!(row["state"], "rejected");
    assert!(!row["ended_at"].is_null());
    office.service.stop().await;
}

#[tokio::test]
async fn verification_stands_still_the_filing_clock_and_is_done_on_site() {
    let office = Office::open().await;
    let case = office.report(COVER).await;
    let collector = office.id("collector");
    let task = json!({"assignee_id": collector});
    let row = office.act("operator", case, "send_to_verify", task).await;
    assert_eq!(row["state"], "verifying");
    assert_eq!(row["assignee_id"], collector);
    let mut finding = Office::there();
    finding["result"] = json!("confirmed");
    finding["attachments"] = json!([office.photo("collector").await]);
    // it was given to somebody else, so the checker does not see it
    let answer = office
        .try_act("checker", case, "verify", finding.clone())
        .await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let row = office.act("collector", case, "verify", finding).await;
    assert_eq!(row["state"], "reported");
    let detail = office.case(case).await;
    assert_eq!(detail["attachments"][0]["kind"], "verification");
    office.service.stop().await;
}

#[tokio::test]
async fn somebody_is_drawn_to_go_where_nobody_is_named() {
    let office = Office::open().await;
    let case = office.report(COVER).await;
    let row = office
        .act("operator", case, "send_to_verify", json!({}))
        .await;
    let drawn = row["assignee_id"].as_i64().unwrap();
    let people = ["collector", "checker"].map(|name| i64::from(office.id(name)));
    assert!(people.contains(&drawn), "{drawn}");
    office.service.stop().await;
}

#[tokio::test]
async fn r12_2_the_unit_has_the_case_at_once_and_its_receipt_is_logged() {
    let office = Office::open().await;
    let case = office.filed(2).await;
    let water = office.units["water"];
    let path = format!("/api/v1/cases/{case}");
    let before = office.people["water manager"]
        .client
        .get(&path)
        .send()
        .await
        .unwrap();
    assert_eq!(before.status(), StatusCode::NOT_FOUND);
    let order = json!({"unit_id": water, "helper_unit_ids": [office.units["roads"]], "note": "bring a lid"});
    office.act("dispatcher", case, "dispatch", order).await;
    let seen = office.people["water manager"].client.json(&path).await;
    assert_eq!(seen["handling_unit"]["id"], water);
    assert_eq!(seen["helper_unit_ids"], json!([office.units["roads"]]));
    office
        .act("water manager", case, "receive", json!({}))
        .await;
    let detail = office.case(case).await;
    assert!(!detail["notified_at"].is_null());
    assert_eq!(
        detail["history"].as_array().unwrap().last().unwrap()["action"],
        "receive"
    );
    office.service.stop().await;
}

#[tokio::test]
async fn r12_3_none_of_the_four_results_may_be_missing() {
    let office = Office::open().await;
    let case = office.filed(2).await;
    let unit = office.units["water"];
    for (order, code) in [
        (json!({"unit_id": unit, "class": ""}), "no_class"),
        (json!({}), "no_unit"),
        (json!({"unit_id": unit, "limit_s": 0}), "no_limit"),
        (json!({"unit_id": unit, "closing": []}), "no_closing"),
    ] {
        office
            .refused("dispatcher", case, "dispatch", order, code)
            .await;
    }
    let longer = json!({"unit_id": unit, "limit_s": 14_400});
    office
        .refused("dispatcher", case, "dispatch", longer, "limit_reason")
        .await;
    let reasoned = json!({"unit_id": unit, "limit_s": 14_400, "reason": "the lid has to be cast"});
    office.act("dispatcher", case, "dispatch", reasoned).await;
    let detail = office.case(case).await;
    assert_eq!(detail["condition"]["limit_s"], 14_400);
    let event = detail["history"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(event["reason"], "the lid has to be cast");
    office.service.stop().await;
}

#[tokio::test]
async fn a_step_is_taken_back_while_nobody_acted_since() {
    let mut office = Office::open().await;
    let case = office.filed(2).await;
    let before = office.case(case).await;
    let unit = json!({"unit_id": office.units["water"]});
    office
        .act("dispatcher", case, "dispatch", unit.clone())
        .await;
    office
        .refused("other dispatcher", case, "undo", json!({}), "acted_since")
        .await;
    // what a camera notes is nobody's act
    sqlx::query(
        "insert into case_event (case_id, action, at, actor, detail)
         select case_id, 'seen_gone', max(at), 'system', '{}' from case_event
         where case_id = $1 group by case_id",
    )
    .bind(case)
    .execute(&office.city.db)
    .await
    .unwrap();
    let row = office.act("dispatcher", case, "undo", json!({})).await;
    assert_eq!(row["state"], "filed");
    assert!(row["handling_unit"].is_null());
    let after = office.case(case).await;
    assert_eq!(after["clocks"], before["clocks"]);
    assert_eq!(after["clock"], before["clock"]);
    office
        .act("dispatcher", case, "dispatch", unit.clone())
        .await;
    office.pass(TimeDelta::hours(1));
    office
        .refused("dispatcher", case, "undo", json!({}), "too_late")
        .await;
    office.service.stop().await;
}

#[tokio::test]
async fn duplicates_are_merged_and_recurrences_linked() {
    let office = Office::open().await;
    let (kept, twin) = (office.report(COVER).await, office.report(COVER).await);
    office
        .refused("operator", twin, "merge", json!({"into": twin}), "itself")
        .await;
    let row = office
        .act("operator", twin, "merge", json!({"into": kept}))
        .await;
    assert_eq!(
        (row["state"].as_str(), row["merged_into"].as_i64()),
        (Some("merged"), Some(kept))
    );
    assert_eq!(office.case(kept).await["links"]["merged"], json!([twin]));
    let closed = office.checked("passed").await;
    let met = office.all_met(closed).await;
    office.act("operator", closed, "approve", met).await;
    office
        .act("operator", closed, "recur", json!({"reason": "gone again"}))
        .await;
    let links = office.case(closed).await["links"]["recurrences"].clone();
    let again = links[0].as_i64().unwrap();
    let new = office.case(again).await;
    assert_eq!(new["state"], "reported");
    assert_eq!(new["recurrence_of"], closed);
    assert_eq!(new["clock"]["stage"], "filing");
    let spot = place(10.0, 10.0);
    assert!((new["lon"].as_f64().unwrap() - spot.lon).abs() < 1e-9);
    office.service.stop().await;
}

/// What nobody could read, tick or wait for is a wrong field.
#[tokio::test]
async fn orders_without_measure_are_wrong_fields() {
    let office = Office::open().await;
    let case = office.filed(2).await;
    let unit = office.units["water"];
    let one = |zh: String| json!({"zh": zh, "en": "done"});
    let many: Vec<_> = (0..21).map(|number| one(number.to_string())).collect();
    for (name, action, fields, field) in [
        (
            "dispatcher",
            "dispatch",
            json!({"unit_id": unit, "closing": many}),
            "/closing",
        ),
        (
            "dispatcher",
            "dispatch",
            json!({"unit_id": unit, "closing": [one("好".to_owned()), one("长".repeat(501))]}),
            "/closing/1/zh",
        ),
        (
            "dispatcher",
            "dispatch",
            json!({"unit_id": unit, "limit_s": i32::MAX, "reason": "later"}),
            "/limit_s",
        ),
        (
            "leader",
            "supervise",
            json!({"level": "leader", "reason": "x", "due_at": "2999-01-01T00:00:00Z"}),
            "/due_at",
        ),
    ] {
        let answer = office.try_act(name, case, action, fields).await;
        let body = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(body["errors"][0]["field"], field);
    }
    office.service.stop().await;
}

/// Whoever reads an answer without a page reads a sentence.
#[tokio::test]
async fn a_refusal_is_said_in_a_sentence() {
    let office = Office::open().await;
    let case = office.filed(2).await;
    let answer = office
        .try_act("dispatcher", case, "dispatch", json!({}))
        .await;
    let body = problem(answer, StatusCode::UNPROCESSABLE_ENTITY, "rule-broken").await;
    assert_eq!(body["detail"], "A unit has to be named.");
    let answer = office
        .try_act(
            "operator",
            case,
            "supervise",
            json!({"level": "leader", "reason": "x"}),
        )
        .await;
    let body = problem(answer, StatusCode::FORBIDDEN, "not-allowed").await;
    assert_eq!(body["detail"], "Your roles do not allow this step.");
    office.service.stop().await;
}
