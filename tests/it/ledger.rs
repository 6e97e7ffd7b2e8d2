//! What quick disposal costs: budget, spends, approvals and recoveries (R16.3).

use cityward::cases::CaseId;
use cityward::ledger::{self, Item, Spend, SpendError, Spent};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::cases::{BIN_FULL, Street, second};
use crate::door::now;
use crate::people::{Colleague, colleague};
use crate::service::{TestService, problem};

async fn case(street: &Street) -> CaseId {
    let seen = street.sighting(BIN_FULL, 10.5, second(0));
    street.record(seen).await.case_id()
}

fn bill(quantity: f64, unit_price_fen: i64) -> Vec<Item> {
    let line =
        json!({ "item": "沥青冷补料", "quantity": quantity, "unit_price_fen": unit_price_fen });
    serde_json::from_value(json!([line])).unwrap()
}

async fn spend(
    street: &Street,
    case_id: CaseId,
    by: &Colleague,
    fen: i64,
) -> Result<Spent, SpendError> {
    let items = bill(1.0, fen);
    let spend = Spend {
        case_id,
        items: &items,
        person_id: by.id,
        at: now(),
    };
    let mut tx = street.city.db.begin().await.unwrap();
    let spent = ledger::spend(&mut tx, &spend).await?;
    tx.commit().await?;
    Ok(spent)
}

async fn post(by: &Colleague, path: &str, body: Value) -> reqwest::Response {
    by.client.post(path).json(&body).send().await.unwrap()
}

async fn budget(leader: &Colleague, fen: i64) {
    let body = json!({ "year": year(), "amount_fen": fen, "reason": "年初预算" });
    let answer = post(leader, "/api/v1/ledger/budget", body).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
}

fn year() -> i32 {
    use chrono::{Datelike as _, TimeDelta};
    (now() + TimeDelta::hours(8)).year()
}

#[tokio::test]
async fn r16_3_the_balance_falls_by_each_task_and_recovered_cost_comes_back() {
    let street = Street::new().await;
    let service = TestService::start(&street.city).await;
    let leader = colleague(&street.city, &service, "leader", None, None).await;
    let operator = colleague(&street.city, &service, "operator", None, None).await;
    let case = case(&street).await;
    budget(&leader, 100_000).await;
    let spent = spend(&street, case, &operator, 30_000).await.unwrap();
    assert_eq!((spent.amount_fen, spent.balance_fen), (30_000, 70_000));
    spend(&street, case, &operator, 20_000).await.unwrap();

    let unit: i32 = sqlx::query_scalar("select unit_id from unit limit 1")
        .fetch_one(&street.city.db)
        .await
        .unwrap();
    let recovery = |fen: i64| json!({ "case_id": case, "amount_fen": fen, "from_unit_id": unit, "reason": "权属单位已查明" });
    let too_much = post(&operator, "/api/v1/ledger/recoveries", recovery(50_001)).await;
    let body = problem(too_much, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(body["errors"][0]["field"], "/amount_fen");
    let back = post(&operator, "/api/v1/ledger/recoveries", recovery(45_000)).await;
    assert_eq!(back.status(), StatusCode::CREATED);

    let ledger = operator.client.json("/api/v1/ledger").await;
    assert_eq!(ledger["year"], year());
    for (sum, fen) in [
        ("budget_fen", 100_000),
        ("spent_fen", 50_000),
        ("recovered_fen", 45_000),
        ("balance_fen", 95_000),
    ] {
        assert_eq!(ledger[sum], fen, "{sum}");
    }
    let kinds: Vec<&str> = ledger["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["recovery", "spend", "spend", "budget"]);
    assert_eq!(ledger["entries"][1]["items"][0]["item"], "沥青冷补料");
    let page = operator.client.json("/api/v1/ledger?limit=3").await;
    let rest = operator
        .client
        .json(&format!("/api/v1/ledger?before={}", page["next"]))
        .await;
    assert_eq!(rest["entries"][0]["kind"], "budget");
}

#[tokio::test]
async fn r16_3_spending_beyond_the_balance_needs_an_approval_that_is_used_once() {
    let street = Street::new().await;
    let service = TestService::start(&street.city).await;
    let leader = colleague(&street.city, &service, "leader", None, None).await;
    let chief = colleague(&street.city, &service, "duty_chief", None, None).await;
    let operator = colleague(&street.city, &service, "operator", None, None).await;
    let case = case(&street).await;
    budget(&leader, 1_000).await;
    let Err(SpendError::BeyondBalance {
        missing_fen,
        balance_fen,
        ..
    }) = spend(&street, case, &operator, 1_500).await
    else {
        panic!("spent more than there is")
    };
    assert_eq!((missing_fen, balance_fen), (500, 1_000));
    let approval = |fen: i64| json!({ "case_id": case, "amount_fen": fen, "reason": "夜间塌陷，必须立即修复" });
    let by_operator = post(&operator, "/api/v1/ledger/approvals", approval(500)).await;
    problem(by_operator, StatusCode::FORBIDDEN, "forbidden").await;
    let too_little = post(&chief, "/api/v1/ledger/approvals", approval(499)).await;
    assert_eq!(too_little.status(), StatusCode::CREATED);
    assert!(spend(&street, case, &operator, 1_500).await.is_err());
    post(&chief, "/api/v1/ledger/approvals", approval(500)).await;
    let spent = spend(&street, case, &operator, 1_500).await.unwrap();
    assert_eq!(spent.balance_fen, -500);
    assert!(
        spend(&street, case, &operator, 500).await.is_err(),
        "an approval is used once"
    );
    let missing = json!({ "case_id": 999_999, "amount_fen": 1, "reason": "x" });
    let unknown = post(&chief, "/api/v1/ledger/approvals", missing).await;
    problem(unknown, StatusCode::NOT_FOUND, "not-found").await;
}

#[tokio::test]
async fn two_spends_at_once_cannot_both_take_the_last_money() {
    let street = Street::new().await;
    let service = TestService::start(&street.city).await;
    let leader = colleague(&street.city, &service, "leader", None, None).await;
    let case = case(&street).await;
    budget(&leader, 1_000).await;
    let tries = (0..6).map(|_| spend(&street, case, &leader, 600));
    let outcomes = futures::future::join_all(tries).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refused = |outcome: &Result<Spent, SpendError>| {
        matches!(
            outcome,
            Err(SpendError::BeyondBalance {
                balance_fen: 400,
                missing_fen: 200,
                ..
            })
        )
    };
    assert_eq!(
        outcomes.iter().filter(|outcome| refused(outcome)).count(),
        5
    );
    let (row, entries): (i64, i64) = sqlx::query_as(
        "select spent_fen, (select sum(amount_fen)::bigint from ledger_entry where kind = 'spend')
         from ledger_year",
    )
    .fetch_one(&street.city.db)
    .await
    .unwrap();
    assert_eq!((row, entries), (600, 600));
}

#[tokio::test]
async fn what_stands_in_the_ledger_stays() {
    let street = Street::new().await;
    let service = TestService::start(&street.city).await;
    let leader = colleague(&street.city, &service, "leader", None, None).await;
    let operator = colleague(&street.city, &service, "operator", None, None).await;
    let collector = colleague(&street.city, &service, "collector", None, None).await;
    budget(&leader, 1_000).await;
    for change in [
        "update ledger_entry set amount_fen = 1",
        "delete from ledger_entry",
        "truncate ledger_entry",
    ] {
        let error = sqlx::query(change)
            .execute(&street.city.db)
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("append-only")
                || error.to_string().contains("permission denied"),
            "{error}"
        );
    }
    let cut = json!({ "year": year(), "amount_fen": -1_001, "reason": "压缩" });
    let too_deep = post(&leader, "/api/v1/ledger/budget", cut).await;
    problem(too_deep, StatusCode::BAD_REQUEST, "invalid-field").await;
    let body = json!({ "year": year(), "amount_fen": 1, "reason": "x" });
    let not_theirs = post(&operator, "/api/v1/ledger/budget", body).await;
    problem(not_theirs, StatusCode::FORBIDDEN, "forbidden").await;
    let silent = post(
        &leader,
        "/api/v1/ledger/budget",
        json!({ "year": year(), "amount_fen": 1, "reason": " " }),
    )
    .await;
    let body = problem(silent, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(body["errors"][0]["field"], "/reason");
    let closed = collector.client.get("/api/v1/ledger").send().await.unwrap();
    problem(closed, StatusCode::FORBIDDEN, "forbidden").await;
    let logged: i64 = sqlx::query_scalar(
        "select count(*) from audit_entry where subject like 'ledger:%' and action = 'budget'",
    )
    .fetch_one(&street.city.db)
    .await
    .unwrap();
    assert_eq!(logged, 1);
}
