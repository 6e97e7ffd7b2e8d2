//! Article 14: the check and its outcomes; what stands beside them.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::office::Office;
use crate::city::place;

async fn finding(office: &Office, name: &str, result: &str) -> Value {
    let mut finding = Office::there();
    finding["result"] = json!(result);
    finding["attachments"] = json!([office.photo(name).await]);
    finding
}

#[tokio::test]
async fn r14_1_the_checker_is_on_site_and_no_handler() {
    let mut office = Office::open().await;
    // somebody who works for the unit and also checks
    office.hire("both", "checker", None, None).await;
    sqlx::query(
        "insert into role_grant (person_id, role, unit_id, valid)
        values ($1, 'unit_worker', $2, tstzrange('2020-01-01', null))",
    )
    .bind(office.id("both"))
    .bind(office.units["water"])
    .execute(&office.city.db)
    .await
    .unwrap();
    let case = office.handled(2).await;
    let both = json!({"assignee_id": office.id("both")});
    office
        .refused(
            "operator",
            case,
            "send_to_check",
            both,
            "handler_may_not_check",
        )
        .await;
    for _ in 0..5 {
        let row = office
            .act("operator", case, "send_to_check", json!({}))
            .await;
        assert_ne!(row["assignee_id"], office.id("both"));
        office.act("operator", case, "undo", json!({})).await;
    }
    let checker = json!({"assignee_id": office.id("checker")});
    let row = office.act("operator", case, "send_to_check", checker).await;
    assert_eq!(row["clock"]["stage"], "check");
    let mut far = finding(&office, "checker", "passed").await;
    let away = place(2_010.0, 10.0);
    far["lon"] = json!(away.lon);
    far["lat"] = json!(away.lat);
    office
        .refused("checker", case, "check", far, "too_far")
        .await;
    let mut blind = Office::there();
    blind["result"] = json!("passed");
    office
        .refused("checker", case, "check", blind, "photos")
        .await;
    let good = finding(&office, "checker", "passed").await;
    assert_eq!(
        office.act("checker", case, "check", good).await["state"],
        "checked"
    );
    office.service.stop().await;
}

#[tokio::test]
async fn r14_2_closing_needs_every_condition_ticked() {
    let office = Office::open().await;
    let case = office.checked("passed").await;
    let params = office
        .refused(
            "operator",
            case,
            "approve",
            json!({"closing_met": []}),
            "closing_unmet",
        )
        .await;
    assert_eq!(params["missing"][0], 0);
    let met = office.all_met(case).await;
    assert_eq!(
        office.act("chief", case, "approve", met).await["state"],
        "closed"
    );
    let failed = office.checked("failed").await;
    let met = office.all_met(failed).await;
    office
        .refused("operator", failed, "approve", met, "check_failed")
        .await;
    office.service.stop().await;
}

#[tokio::test]
async fn r14_3_rework_is_counted_and_has_the_whole_limit_again() {
    let mut office = Office::open().await;
    let case = office.checked("failed").await;
    let why = json!({"reason": "still loose"});
    for round in 1..=2 {
        office.pass(TimeDelta::minutes(10));
        let row = office.act("operator", case, "rehandle", why.clone()).await;
        assert_eq!(
            (row["state"].as_str(), row["round"].as_i64()),
            (Some("handling"), Some(round))
        );
        let due: chrono::DateTime<chrono::Utc> =
            row["clock"]["due_at"].as_str().unwrap().parse().unwrap();
        assert_eq!(due, office.now() + TimeDelta::hours(2));
        office.feed_back("water manager", case).await;
        office.check(case, "failed").await;
    }
    let detail = office.case(case).await;
    let rounds: Vec<i64> = detail["clocks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|clock| clock["stage"] == "handling")
        .map(|clock| clock["round"].as_i64().unwrap())
        .collect();
    assert_eq!(rounds, [0, 1, 2]);
    office.service.stop().await;
}

#[tokio::test]
async fn r14_4_closing_as_unqualified_is_the_duty_chiefs() {
    let office = Office::open().await;
    let case = office.checked("failed").await;
    let why = json!({"reason": "not repaired in two rounds"});
    office
        .forbidden("operator", case, "close_unqualified", why.clone(), "role")
        .await;
    let row = office.act("chief", case, "close_unqualified", why).await;
    assert_eq!(row["state"], "closed_unqualified");
    assert!(!row["ended_at"].is_null());
    office.service.stop().await;
}

#[tokio::test]
async fn r14_5_redispatch_releases_the_first_unit() {
    let mut office = Office::open().await;
    let case = office.checked("failed").await;
    let first = office.case(case).await;
    let why = json!({"reason": "it is a road matter", "dispatcher_fault": true});
    let row = office.act("operator", case, "redirect", why).await;
    assert_eq!(row["state"], "filed");
    assert!(row["handling_unit"].is_null());
    let path = format!("/api/v1/cases/{case}");
    let gone = office.people["water manager"]
        .client
        .get(&path)
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status().as_u16(), 404);
    office.pass(TimeDelta::hours(9));
    let water = json!({"unit_id": office.units["water"]});
    office
        .refused("dispatcher", case, "dispatch", water, "released_unit")
        .await;
    let roads = json!({"unit_id": office.units["roads"]});
    office.act("dispatcher", case, "dispatch", roads).await;
    let detail = office.case(case).await;
    let handling = |detail: &Value| {
        let mut clocks = detail["clocks"].as_array().unwrap().clone();
        clocks.retain(|clock| clock["stage"] == "handling");
        clocks
    };
    assert_eq!(
        handling(&detail)[0],
        handling(&first)[0],
        "the first unit's clock moved"
    );
    assert_eq!(handling(&detail).len(), 2);
    office.service.stop().await;
}

#[tokio::test]
async fn a_late_case_is_appealed_once_and_the_fact_stays() {
    let mut office = Office::open().await;
    let case = office.handling(2).await;
    office.pass(TimeDelta::hours(3));
    office.feed_back("water manager", case).await;
    office.check(case, "passed").await;
    let met = office.all_met(case).await;
    office.act("operator", case, "approve", met).await;
    office
        .act(
            "water manager",
            case,
            "appeal_overdue",
            json!({"reason": "flood"}),
        )
        .await;
    office
        .refused("operator", case, "grant_appeal", json!({}), "not_supported")
        .await;
    office
        .act(
            "dispatcher",
            case,
            "support_appeal",
            json!({"opinion": "true"}),
        )
        .await;
    office
        .act("operator", case, "grant_appeal", json!({}))
        .await;
    let detail = office.case(case).await;
    assert_eq!(detail["overdue"], true);
    assert_eq!(detail["overdue_exempt"], true);
    office
        .refused(
            "water manager",
            case,
            "appeal_overdue",
            json!({"reason": "again"}),
            "not_overdue",
        )
        .await;
    office.service.stop().await;
}

#[tokio::test]
async fn a_leader_closes_by_force_with_a_reason() {
    let office = Office::open().await;
    let case = office.handling(2).await;
    let why = json!({"reason": "the road is given up"});
    office
        .forbidden("chief", case, "force_close", why.clone(), "role")
        .await;
    let row = office.act("leader", case, "force_close", why).await;
    assert_eq!(row["state"], "closed_forced");
    assert!(row["clock"].is_null());
    office.service.stop().await;
}

#[tokio::test]
async fn voiding_is_asked_for_and_approved_by_the_duty_chief() {
    let office = Office::open().await;
    let case = office.filed(2).await;
    office
        .act("dispatcher", case, "ask_void", json!({"reason": "a test"}))
        .await;
    let unit = json!({"unit_id": office.units["water"]});
    office
        .refused("dispatcher", case, "dispatch", unit, "pending")
        .await;
    office
        .forbidden("dispatcher", case, "approve_void", json!({}), "role")
        .await;
    let row = office.act("chief", case, "approve_void", json!({})).await;
    assert_eq!(row["state"], "voided");
    office.service.stop().await;
}

#[tokio::test]
async fn r14_6_every_number_of_the_outcomes_has_exactly_its_cases() {
    let mut office = Office::open().await;
    let from = office.now() - TimeDelta::hours(1);
    let reason = json!({"reason": "not repaired"});
    let mut expected = Vec::new();
    for _ in 0..2 {
        let case = office.checked("passed").await;
        let met = office.all_met(case).await;
        office.act("operator", case, "approve", met).await;
        expected.push(("water", "approve", case));
    }
    let case = office.checked("failed").await;
    // twice, and one case
    office
        .act("operator", case, "rehandle", reason.clone())
        .await;
    office.feed_back("water manager", case).await;
    office.check(case, "failed").await;
    office
        .act("operator", case, "rehandle", reason.clone())
        .await;
    office.feed_back("water manager", case).await;
    office.check(case, "failed").await;
    let unqualified = json!({"reason": "not repaired in two rounds"});
    office
        .act("chief", case, "close_unqualified", unqualified)
        .await;
    expected.extend([
        ("water", "rehandle", case),
        ("water", "close_unqualified", case),
    ]);
    // counted for who had it then, not for who has it now
    let case = office.checked("failed").await;
    let fault = json!({"reason": "a road matter", "dispatcher_fault": true});
    office.act("operator", case, "redirect", fault).await;
    let roads = json!({"unit_id": office.units["roads"]});
    office.act("dispatcher", case, "dispatch", roads).await;
    expected.push(("water", "redirect", case));
    office.pass(TimeDelta::hours(1));

    let leader = &office.people["leader"].client;
    let ask = |what: &str, until| {
        let time = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%dT%H:%M:%SZ");
        let mark = if what.contains('?') { '&' } else { '?' };
        let (from, until) = (time(from), time(until));
        format!("/api/v1/outcomes{what}{mark}from={from}&until={until}")
    };
    let told = leader.json(&ask("", office.now())).await;
    let units = told["units"].as_array().unwrap();
    assert_eq!(units.len(), 1, "{told}");
    let water = office.units["water"];
    assert_eq!(units[0]["unit"]["id"], water);
    for outcome in ["approve", "rehandle", "close_unqualified", "redirect"] {
        let what = format!("/cases?unit={water}&outcome={outcome}");
        let list = leader.json(&ask(&what, office.now())).await;
        let listed = list["cases"].as_array().unwrap().iter();
        let mut listed: Vec<i64> = listed.map(|row| row["id"].as_i64().unwrap()).collect();
        listed.sort_unstable();
        let of_outcome = expected.iter().filter(|(_, which, _)| *which == outcome);
        let expected: Vec<i64> = of_outcome.map(|(_, _, case)| *case).collect();
        assert_eq!(listed, expected, "{outcome}");
        assert_eq!(units[0][outcome], expected.len(), "{outcome}");
    }
    // of another time: nothing
    let before = leader.json(&ask("", from + TimeDelta::minutes(1))).await;
    assert_eq!(before["units"], json!([]));
    let unit = &office.people["water manager"].client;
    let refused = unit.get(&ask("", office.now())).send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 403);
    office.service.stop().await;
}
