//! Rule sets over HTTP: drafting, approving, trying.

use std::time::Duration;

use cityward::rules::{RuleSetId, Rules};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::city::place;
use crate::office::{Office, condition, time};
use crate::people::colleague;
use crate::service::problem;

/// R7.3, R20.1: what was approved holds from its date on and not before; what holds stays.
#[tokio::test]
async fn r7_3_a_shorter_limit_holds_from_its_date_on_and_the_old_one_can_be_cited() {
    let office = Office::open("2026-11-30T10:00:00Z").await;
    let (first, draft) = (office.first().await, office.draft().await);
    let number = office.shorten(draft).await;
    let old = condition(&office, first, "C01004", number).await;
    assert_eq!(old["limit_s"], 28800, "the base is untouched");
    // a draft applies to nothing
    let open = office
        .author
        .client
        .json("/api/v1/conditions?class=C01004")
        .await;
    assert_eq!(open["rule_set_id"], first);

    let from = "2026-12-01T00:00:00+08:00";
    let approved = office.approve(&office.chief, draft, from).await;
    assert_eq!(approved.status(), StatusCode::OK);
    let in_force = async |now: &str| {
        office.clock.set(time(now));
        let list = office
            .author
            .client
            .json("/api/v1/conditions?class=C01004")
            .await;
        list["rule_set_id"].as_i64().unwrap()
    };
    assert_eq!(in_force("2026-11-30T15:59:59Z").await, first);
    assert_eq!(in_force("2026-11-30T16:00:00Z").await, draft);
    // the old version is still there, and still says what it said
    let kept = condition(&office, first, "C01004", number).await;
    assert_eq!(kept, old);
    let new = condition(&office, draft, "C01004", number).await;
    assert_eq!(new["limit_s"], 14400);
}

/// R7.1: drafted by one, approved by another; never edited after.
#[tokio::test]
async fn r7_1_a_draft_is_approved_by_somebody_else_and_then_stays() {
    let office = Office::open("2026-11-02T02:00:00Z").await;
    let draft = office.draft().await;
    let from = "2026-12-01T00:00:00Z";
    let own = office.approve(&office.author, draft, from).await;
    problem(own, StatusCode::FORBIDDEN, "own-draft").await;
    let past = office
        .approve(&office.chief, draft, "2026-11-02T01:59:59Z")
        .await;
    let past = problem(past, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(past["errors"][0]["field"], "/in_force_from");
    let taken = office
        .approve(&office.chief, draft, "2026-01-01T00:00:00+08:00")
        .await;
    problem(taken, StatusCode::BAD_REQUEST, "invalid-field").await;
    let approved = office.approve(&office.chief, draft, from).await;
    assert_eq!(approved.status(), StatusCode::OK);

    let again = office.approve(&office.chief, draft, from).await;
    problem(again, StatusCode::CONFLICT, "no-draft").await;
    for (path, body) in [
        ("policy", json!({})),
        (
            "calendar",
            json!({ "zone": "+08:00", "hours": [], "days": [] }),
        ),
        ("stage-limits", json!({ "stage_limits": [] })),
        ("collection", json!({ "rules": [] })),
    ] {
        let path = format!("/api/v1/rule-sets/{draft}/{path}");
        let body = match path.ends_with("policy") {
            true => office.author.client.json(&path).await,
            false => body,
        };
        problem(
            office.put(&path, body).await,
            StatusCode::CONFLICT,
            "no-draft",
        )
        .await;
    }
    let route = json!({ "classes": "M06", "to": "owner" });
    let path = format!("/api/v1/rule-sets/{draft}/routes");
    problem(
        office.post(&path, route).await,
        StatusCode::CONFLICT,
        "no-draft",
    )
    .await;

    // another is scheduled for the same moment
    let second = office.draft().await;
    let same = office.approve(&office.chief, second, from).await;
    let same = problem(same, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(same["errors"][0]["field"], "/in_force_from");
}

/// Whoever wrote a line of a draft is one of its authors, also of somebody else's draft.
#[tokio::test]
async fn a_second_author_may_not_approve_either() {
    let office = Office::open("2026-11-02T02:00:00Z").await;
    let draft = office.draft().await;
    let path = format!("/api/v1/rule-sets/{draft}/policy");
    let mut policy = office.chief.client.json(&path).await;
    policy["extensions_max"] = json!(1);
    let put = office.chief.client.put(&path).json(&policy);
    assert_eq!(put.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    let own = office
        .approve(&office.chief, draft, "2026-12-01T00:00:00Z")
        .await;
    problem(own, StatusCode::FORBIDDEN, "own-draft").await;
}

/// R20.1: a scheduled set can be taken back; one in force cannot.
#[tokio::test]
async fn r20_1_a_scheduled_set_is_withdrawn_before_its_date_only() {
    let office = Office::open("2026-11-02T02:00:00Z").await;
    let (first, draft) = (office.first().await, office.draft().await);
    let from = "2026-11-02T12:00:00Z";
    office.approve(&office.chief, draft, from).await;
    let withdraw = async |set: i64, reason: &str| {
        let path = format!("/api/v1/rule-sets/{set}/withdraw");
        office.post(&path, json!({ "reason": reason })).await
    };
    let silent = problem(
        withdraw(draft, " ").await,
        StatusCode::BAD_REQUEST,
        "invalid-field",
    )
    .await;
    assert_eq!(silent["errors"][0]["field"], "/reason");
    let in_force = withdraw(first, "not wanted").await;
    problem(in_force, StatusCode::CONFLICT, "rules-in-force").await;
    let withdrawn = withdraw(draft, "the council decided otherwise").await;
    assert_eq!(withdrawn.status(), StatusCode::OK);
    office.clock.set(time("2026-11-02T12:30:00Z"));
    let list = office.author.client.json("/api/v1/conditions").await;
    assert_eq!(list["rule_set_id"], first);
    // the date is free again
    office.clock.set(time("2026-11-02T03:00:00Z"));
    let other = office.draft().await;
    let approved = office.approve(&office.chief, other, from).await;
    assert_eq!(approved.status(), StatusCode::OK);
    // every step was recorded
    let actions: Vec<String> =
        sqlx::query_scalar("select action from audit_entry where subject = $1 order by entry_id")
            .bind(format!("rule_set:{draft}"))
            .fetch_all(&office.city.db)
            .await
            .unwrap();
    assert_eq!(actions, ["draft", "approve", "withdraw"]);
}

#[tokio::test]
async fn administrators_write_some_roles_read_drafts_and_everybody_what_is_in_force() {
    let office = Office::open("2026-11-02T02:00:00Z").await;
    let (first, draft) = (office.first().await, office.draft().await);
    let planner = colleague(&office.city, &office.service, "planner", None, None).await;
    let operator = colleague(&office.city, &office.service, "operator", None, None).await;
    let path = |set: i64| format!("/api/v1/rule-sets/{set}/policy");
    planner.client.json(&path(draft)).await;
    operator.client.json(&path(first)).await;
    let hidden = operator.client.get(&path(draft)).send().await.unwrap();
    problem(hidden, StatusCode::FORBIDDEN, "forbidden").await;
    let seen = operator.client.json("/api/v1/rule-sets").await;
    assert_eq!(seen["sets"].as_array().unwrap().len(), 1);
    let policy = planner.client.json(&path(draft)).await;
    let written = planner.client.put(&path(draft)).json(&policy).send().await;
    problem(written.unwrap(), StatusCode::FORBIDDEN, "forbidden").await;
    let begun = planner
        .client
        .post("/api/v1/rule-sets")
        .json(&json!({ "name": "x", "based_on": first }));
    problem(
        begun.send().await.unwrap(),
        StatusCode::FORBIDDEN,
        "forbidden",
    )
    .await;
}

#[tokio::test]
async fn a_condition_that_makes_no_sense_is_refused_and_the_field_named() {
    let office = Office::open("2026-11-02T02:00:00Z").await;
    let draft = office.draft().await;
    let base = format!("/api/v1/rule-sets/{draft}");
    let good = json!({
        "class": "M06042", "text_zh": "满溢", "text_en": "overflowing", "calendar": "working",
        "limit_s": 7200, "closing": [{ "zh": "清空", "en": "emptied" }], "emergency": false,
    });
    let spoilt = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    for (body, field) in [
        (spoilt("class", json!("X1")), "/class"),
        (spoilt("class", json!("M99999")), "/class"),
        (spoilt("number", json!(0)), "/number"),
        (spoilt("text_zh", json!(" ")), "/text_zh"),
        (spoilt("limit_s", json!(59)), "/limit_s"),
        (spoilt("emergency", json!(true)), "/calendar"),
        (spoilt("closing", json!([])), "/closing"),
        (
            spoilt("closing", json!([{ "zh": "", "en": "x" }])),
            "/closing/0/zh",
        ),
        (spoilt("calendar", json!("lunar")), "/calendar"),
    ] {
        let answer = office.post(&format!("{base}/conditions"), body).await;
        let wrong = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(wrong["errors"][0]["field"], field, "{wrong}");
    }
    let added = office
        .post(&format!("{base}/conditions"), good.clone())
        .await;
    assert_eq!(added.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn numbers_that_make_no_sense_are_refused_and_the_field_named() {
    let office = Office::open("2026-11-02T02:00:00Z").await;
    let draft = office.draft().await;
    let base = format!("/api/v1/rule-sets/{draft}");
    let policy = office.author.client.json(&format!("{base}/policy")).await;
    for (field, value) in [
        ("arrive_within_s", json!(7201)),
        ("repair_within_s", json!(86401)),
        ("quick_reasons", json!([])),
        ("arrival_radius_m", json!(0.0)),
    ] {
        let mut body = policy.clone();
        body[field] = value;
        let answer = office.put(&format!("{base}/policy"), body).await;
        let wrong = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(wrong["errors"][0]["field"], format!("/{field}"));
    }

    let calendar = office.author.client.json(&format!("{base}/calendar")).await;
    for (field, value, named) in [
        ("zone", json!("Beijing"), "/zone"),
        ("hours", json!([]), "/hours"),
        (
            "hours",
            json!([{ "opens": "12:00:00", "closes": "08:00:00" }]),
            "/hours",
        ),
        (
            "days",
            json!([
                { "date": "2027-01-01", "kind": "holiday", "name_zh": "元旦", "name_en": "New Year" },
                { "date": "2027-01-01", "kind": "workday", "name_zh": "元旦", "name_en": "New Year" },
            ]),
            "/days",
        ),
    ] {
        let mut body = calendar.clone();
        body[field] = value;
        let answer = office.put(&format!("{base}/calendar"), body).await;
        let wrong = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(wrong["errors"][0]["field"], named);
    }
    for (path, body) in [
        ("stage-limits", json!({ "stage_limits": [] })),
        ("collection", json!({ "rules": [] })),
    ] {
        let answer = office.put(&format!("{base}/{path}"), body).await;
        problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
    }
    let contradiction = json!({ "classes": "M06", "place": "321202", "to": { "unit": 1 } });
    let path = format!("{base}/routes");
    let route = office.post(&path, contradiction.clone()).await;
    assert_eq!(route.status(), StatusCode::CREATED);
    let again = office.post(&path, contradiction).await;
    problem(again, StatusCode::CONFLICT, "contradicting-route").await;
    let place = json!({ "place": "3212", "to": { "unit": 1 } });
    let wrong = problem(
        office.post(&path, place).await,
        StatusCode::BAD_REQUEST,
        "invalid-field",
    )
    .await;
    assert_eq!(wrong["errors"][0]["field"], "/place");
}

/// R13.3: a missing cover at 23:00 on a holiday: on site by 01:00, repaired by 23:00 next day.
#[tokio::test]
async fn r13_3_an_emergency_is_counted_through_night_and_holiday() {
    let office = Office::open("2026-10-01T02:00:00Z").await;
    let at = "2026-10-01T23:00:00+08:00";
    let answer = office.try_at("M01002", at, json!({})).await;
    assert_eq!(answer["condition"]["emergency"], true);
    assert_eq!(answer["arrive_by"], "2026-10-01T17:00:00Z");
    assert_eq!(answer["due_at"], "2026-10-02T15:00:00Z");
    assert_eq!(answer["because"]["rule"], "cell_default");
    let intervals = answer["intervals"].as_array().unwrap();
    assert!(intervals.iter().all(|interval| interval["counted"] == true));
}

/// The tester explains a working limit over a holiday and a make-up workday.
#[tokio::test]
async fn the_tester_says_whose_why_and_due_when() {
    let office = Office::open("2026-11-02T02:00:00Z").await;
    let first = office.first().await;
    let grate = office
        .author
        .client
        .json("/api/v1/conditions?class=C01004")
        .await;
    let blocked = grate["conditions"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    // Wednesday 30 September, 16:00; 1 to 7 October is a holiday
    let answer = office
        .try_at(
            "C01004",
            "2026-09-30T16:00:00+08:00",
            json!({ "condition_id": blocked["id"] }),
        )
        .await;
    assert_eq!(answer["limit_s"], 28800);
    assert_eq!(answer["due_at"], "2026-10-08T08:00:00Z", "{answer}");
    assert_eq!(answer["rule_set"]["id"], first);
    assert_eq!(answer["unit"]["name_en"], "Unit 1");
    let counted: i64 = answer["intervals"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|interval| interval["counted"] == true)
        .map(|interval| {
            let at = |key: &str| time(interval[key].as_str().unwrap());
            (at("to") - at("from")).num_seconds()
        })
        .sum();
    assert_eq!(counted, 28800);

    // of another day it says whose it was then
    sqlx::query("update unit set valid = tstzrange(lower(valid), '2026-10-15T00:00:00Z')")
        .execute(&office.city.db)
        .await
        .unwrap();
    let mut after = Value::Null;
    for _ in 0..100 {
        after = office
            .try_at("C01004", "2026-10-16T00:00:00Z", json!({}))
            .await;
        if after["unit"].is_null() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(after["because"]["rule"], "nobody", "{after}");
    let before = office
        .try_at("C01004", "2026-10-14T00:00:00Z", json!({}))
        .await;
    assert_eq!(before["unit"]["name_en"], "Unit 1", "{before}");
}

/// A draft tried against past cases says which would have been otherwise, and changes nothing.
#[tokio::test]
async fn a_dry_run_lists_the_cases_a_draft_would_change() {
    let office = Office::open("2026-11-05T02:00:00Z").await;
    let (first, draft) = (office.first().await, office.draft().await);
    let number = office.shorten(draft).await;
    let unit = office.city.unit(2).await;
    let route = json!({ "classes": "M06", "place": "321202001001001", "to": { "unit": unit } });
    office
        .post(&format!("/api/v1/rule-sets/{draft}/routes"), route)
        .await;
    let old = condition(&office, first, "C01004", number).await;
    let insert = async |class: &str, opened_at: &str, condition: Option<i64>| {
        let point = place(50.0, 50.0);
        sqlx::query(
            "insert into city_case (class_code, location, source, state, opened_at, rule_set_id,
                                    condition_id, first_seen_at, last_seen_at, cell_id, because,
                                    semi_major_m, semi_minor_m, bearing_deg, edition_id, sighting_count)
             select $1, st_setsrid(st_makepoint($2, $3), 4326), 'hotline', 'reported', $4, $5, $6,
                    $4, $4, cell_id, '{}', 5, 5, 0, edition_id, 1 from cell",
        )
        .bind(class)
        .bind(point.lon)
        .bind(point.lat)
        .bind(time(opened_at))
        .bind(i32::try_from(first).unwrap())
        .bind(condition)
        .execute(&office.city.db)
        .await
        .unwrap();
    };
    insert("C01004", "2026-11-04T02:00:00Z", old["id"].as_i64()).await; // shorter limit
    insert("M06042", "2026-11-04T03:00:00Z", None).await; // other unit
    insert("M09006", "2026-11-04T04:00:00Z", None).await; // as before
    insert("M06042", "2026-10-01T03:00:00Z", None).await; // too long ago
    let path = format!("/api/v1/rule-sets/{draft}/dry-run");
    let run = async || {
        let ran = office.post(&path, json!({ "days": 7 })).await;
        assert_eq!(ran.status(), StatusCode::OK);
        ran.json::<Value>().await.unwrap()
    };
    let mut ran = run().await;
    for _ in 0..50 {
        if ran["changed_unit"] == 1 {
            break; // the territory in memory knows the new unit
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        ran = run().await;
    }
    assert_eq!(
        (
            &ran["cases"],
            &ran["changed"],
            &ran["changed_limit"],
            &ran["changed_unit"]
        ),
        (&json!(3), &json!(2), &json!(1), &json!(1)),
        "{ran}"
    );
    let list = ran["list"].as_array().unwrap();
    assert_eq!(list[0]["after"]["unit_id"], unit);
    assert_eq!(
        (&list[1]["before"]["limit_s"], &list[1]["after"]["limit_s"]),
        (&json!(28800), &json!(14400))
    );
    let wrong = office.post(&path, json!({ "days": 0 })).await;
    problem(wrong, StatusCode::BAD_REQUEST, "invalid-field").await;
}

/// Another process on the same database goes by what was approved here.
#[tokio::test]
async fn an_approval_reaches_other_processes() {
    let office = Office::open("2026-11-02T02:00:00Z").await;
    let other = Rules::open(office.city.db.clone()).await.unwrap();
    let draft = office.draft().await;
    let id = RuleSetId(i32::try_from(draft).unwrap());
    assert!(other.get(id).is_none(), "a draft applies to nothing");
    let from = "2026-11-02T03:00:00Z";
    office.approve(&office.chief, draft, from).await;
    for _ in 0..50 {
        if other.get(id).is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(other.in_force(time(from)).id(), id);
    assert_ne!(other.in_force(time("2026-11-02T02:59:59Z")).id(), id);
}
