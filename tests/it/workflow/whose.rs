//! Articles 3 and 4: whose a case is, and that it says why, whatever becomes of units and ground.

use std::time::Duration;

use serde_json::{Value, json};

use super::office::{COVER, Office};

/// The case, once something is true of it.
async fn case_when(office: &Office, case: i64, is: impl Fn(&Value) -> bool) -> Value {
    let mut seen = Value::Null;
    for _ in 0..200 {
        seen = office.case(case).await;
        if is(&seen) {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never was: {seen}");
}

/// Waits until the rules in memory name this unit for a case.
async fn until_suggested(office: &Office, case: i64, unit: Option<i32>) {
    let path = format!("/api/v1/cases/{case}/actions");
    let mut offers = Value::Null;
    for _ in 0..200 {
        offers = office.people["dispatcher"].client.json(&path).await;
        if offers["suggestion"]["unit_id"] == json!(unit) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the rules do not name {unit:?}: {offers}");
}

async fn end_unit(office: &Office, unit: &str) {
    sqlx::query("update unit set valid = tstzrange(lower(valid), $2) where unit_id = $1")
        .bind(office.units[unit])
        .bind(office.now())
        .execute(&office.city.db)
        .await
        .unwrap();
}

/// The units it left because they ended.
fn left(case: &Value) -> Vec<&Value> {
    let history = case["history"].as_array().unwrap();
    let leaves = |event: &&Value| {
        let action = event["action"].as_str();
        action == Some("unit_ended") || action == Some("take_back")
    };
    history
        .iter()
        .filter(leaves)
        .map(|event| &event["detail"]["ended_unit"])
        .collect()
}

fn running(case: &Value) -> Vec<&str> {
    let clocks = case["clocks"].as_array().unwrap().iter();
    let running = clocks.filter(|clock| clock["stopped_at"].is_null());
    running
        .map(|clock| clock["stage"].as_str().unwrap())
        .collect()
}

/// Water answers for covers, roads for everything else.
async fn water_and_roads() -> Office {
    let office = Office::open().await;
    for (class, unit) in [(Some(COVER), "water"), (None, "roads")] {
        let unit = office.units[unit];
        let (edition, cell) = (office.edition, office.cell);
        office.city.responsible(edition, cell, class, unit).await;
    }
    let reported = office.report(COVER).await;
    until_suggested(&office, reported, Some(office.units["water"])).await;
    office
}

#[tokio::test]
async fn r3_5_what_waits_for_a_unit_that_ends_is_whose_the_rules_say_then() {
    let office = water_and_roads().await;
    let (water, roads) = (office.units["water"], office.units["roads"]);
    let reported = office.report(COVER).await;
    let filed = office.filed(4).await;
    let case = office.case(filed).await;
    assert_eq!(case["unit"]["id"], water);
    assert_eq!(case["route"]["rule"], "cell_class", "{case}");

    end_unit(&office, "water").await;
    let case = case_when(&office, filed, |case| case["unit"]["id"] == roads).await;
    assert_eq!(case["route"]["rule"], "cell_default", "{case}");
    assert_eq!(left(&case), [&json!(water)]);
    assert_eq!(case["state"], "filed");
    // what was only reported had no unit, and has none taken away
    assert_eq!(left(&office.case(reported).await).len(), 0);

    end_unit(&office, "roads").await;
    let case = case_when(&office, filed, |case| case["unit"].is_null()).await;
    assert_eq!(case["route"]["rule"], "nobody", "{case}");
    assert_eq!(left(&case), [&json!(water), &json!(roads)]);
    let street = json!({"unit_id": office.units["street"]});
    office.act("dispatcher", filed, "dispatch", street).await;
    office.service.stop().await;
}

/// Waits until the dispatcher is told of so many cases that came back.
async fn until_told(office: &Office, count: usize) {
    let mut notices = Value::Null;
    for _ in 0..200 {
        notices = office.people["dispatcher"]
            .client
            .json("/api/v1/notices")
            .await;
        let told = notices["notices"].as_array().unwrap().iter();
        let came_back = told.filter(|notice| notice["params"]["action"] == "take_back");
        if came_back.count() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the dispatcher was not told of {count} cases: {notices}");
}

#[tokio::test]
async fn r4_3_what_a_unit_that_ends_has_not_done_is_sent_anew() {
    let office = water_and_roads().await;
    let (water, roads) = (office.units["water"], office.units["roads"]);
    let sent = office.dispatched(4, "water").await;
    let handling = office.handling(4).await;
    let asked = office.handling(4).await;
    let until = json!({"reason": "frost", "until": office.now() + chrono::TimeDelta::days(3)});
    office
        .act("water manager", asked, "ask_suspension", until)
        .await;
    let emergency = office.handling(1).await;
    let order = json!({"level": "leader", "reason": "the square is full of people"});
    office.act("leader", emergency, "supervise", order).await;
    let reply = json!({"text": "a team is there"});
    office
        .act("water manager", emergency, "reply_supervision", reply)
        .await;
    let handled = office.handled(4).await;

    end_unit(&office, "water").await;
    for case in [sent, handling, asked, emergency] {
        let case = case_when(&office, case, |case| case["state"] == "filed").await;
        assert_eq!(case["handling_unit"], Value::Null, "{case}");
        assert_eq!(case["unit"]["id"], roads, "{case}");
        assert_eq!(left(&case), [&json!(water)]);
        assert_eq!(running(&case), ["dispatch"], "{case}");
        assert_eq!(case["request"], Value::Null);
    }
    until_told(&office, 4).await;
    // whoever has it next has not replied yet
    let emergency = office.case(emergency).await;
    assert_eq!(emergency["supervised"], true);
    assert_eq!(emergency["supervision"]["reply"], Value::Null);
    let roads = json!({"unit_id": roads});
    office.act("dispatcher", handling, "dispatch", roads).await;
    office
        .act("roads manager", handling, "receive", json!({}))
        .await;
    // what it has done is judged, and only when it has to be done again somebody else does it
    let done = office.case(handled).await;
    assert_eq!(
        (&done["state"], &done["handling_unit"]["id"]),
        (&json!("handled"), &json!(water))
    );
    office.check(handled, "failed").await;
    let reason = json!({"reason": "it rattles still"});
    office.act("operator", handled, "rehandle", reason).await;
    let again = case_when(&office, handled, |case| case["state"] == "filed").await;
    assert_eq!(running(&again), ["dispatch"]);
    office.service.stop().await;
}

#[tokio::test]
async fn r3_6_that_a_unit_was_late_is_not_held_against_the_next() {
    let mut office = water_and_roads().await;
    let case = office.handling(4).await;
    office.pass(chrono::TimeDelta::days(5));
    let late = case_when(&office, case, |case| case["supervised"] == true).await;
    assert_eq!(late["supervision"]["by"], Value::Null);
    end_unit(&office, "water").await;
    let case = case_when(&office, case, |case| case["state"] == "filed").await;
    assert_eq!(
        (&case["supervised"], running(&case)),
        (&json!(false), vec!["dispatch"])
    );
    let last = case["history"].as_array().unwrap().last().unwrap();
    assert_eq!(last["unit"]["id"], office.units["water"]);
    assert_eq!(
        (&last["action"], &last["detail"]["on_time"]),
        (&json!("take_back"), &json!(false))
    );
    office.service.stop().await;
}

#[tokio::test]
async fn r3_5_what_comes_back_is_whose_the_ground_is_now() {
    let office = Office::open().await;
    let closed = office.checked("passed").await;
    let met = office.all_met(closed).await;
    office.act("operator", closed, "approve", met).await;
    let (edition, cell, roads) = (office.edition, office.cell, office.units["roads"]);
    office.city.responsible(edition, cell, None, roads).await;
    let reported = office.report(COVER).await;
    until_suggested(&office, reported, Some(roads)).await;
    let reason = json!({"reason": "gone again"});
    office.act("operator", closed, "recur", reason).await;
    let again = office.case(closed).await["links"]["recurrences"][0].clone();
    let new = office.case(again.as_i64().unwrap()).await;
    assert_eq!(new["unit"]["id"], roads, "{new}");
    assert_eq!(new["because"]["rule"], "cell_default");
    assert_eq!(new["route"], Value::Null);
    office.service.stop().await;
}
