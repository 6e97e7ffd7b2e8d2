//! Several processes on one database, and people who may not see everything.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cityward::cases::{self, CaseChange};
use cityward::live::{self, LiveFeed};
use tokio_util::sync::CancellationToken;

use crate::audit::grant;
use crate::cases::{BIN_FULL, Street, confirmed, second};
use crate::live::EventSource;
use crate::service::TestService;

/// A case that another process files, at `east_m`.
async fn file_elsewhere(street: &Street, east_m: f64, n: i64) -> CaseChange {
    let seen = [confirmed(street.sighting(BIN_FULL, east_m, second(n)))];
    let changes = cases::record(&street.city.db, &street.evidence, &seen, None, second(n));
    changes.await.unwrap().remove(0)
}

#[tokio::test]
async fn a_change_at_one_process_shows_at_the_others() {
    let street = Street::new().await;
    let [one, other] = [
        TestService::start(&street.city).await,
        TestService::start(&street.city).await,
    ];
    let person = one.sign_in(&street.city).await;
    let mut at_one = EventSource::open(&person, None).await;
    let elsewhere = other.client_with(&person);
    let mut at_other = EventSource::open(&elsewhere, None).await;

    // a third process rings after its commit
    let (feed, stop) = (LiveFeed::start(), CancellationToken::new());
    let ringing = tokio::spawn(live::ring(
        Arc::clone(&feed),
        street.city.db.clone(),
        stop.clone(),
    ));
    let change = file_elsewhere(&street, 10.0, 0).await;
    let committed = Instant::now();
    feed.publish(std::slice::from_ref(&change), second(0));
    for source in [&mut at_one, &mut at_other] {
        let batch = source.batch().await;
        assert_eq!(batch.data["up"][0]["id"], change.case_id().0);
        assert_eq!(batch.data["new"][0], change.case_id().0);
    }
    let took = committed.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    stop.cancel();
    ringing.await.unwrap();
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn a_lost_bell_loses_no_change() {
    let street = Street::new().await;
    let service = TestService::start(&street.city).await;
    let person = service.sign_in(&street.city).await;
    let mut source = EventSource::open(&person, None).await;
    for n in 0..3 {
        sqlx::query(
            "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and query ilike 'listen%city_case%'",
        )
        .execute(&street.city.db)
        .await
        .unwrap();
        let change = file_elsewhere(&street, 10.0, 100 * n).await;
        let committed = Instant::now();
        let batch = source.batch().await;
        assert_eq!(batch.data["up"][0]["id"], change.case_id().0);
        assert_eq!(batch.data["up"][0]["version"], n + 1);
        let took = committed.elapsed();
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
    service.stop().await;
}

#[tokio::test]
async fn a_transaction_that_takes_long_is_not_forgotten() {
    let street = Street::new().await;
    let service = TestService::start(&street.city).await;
    let person = service.sign_in(&street.city).await;
    let mut source = EventSource::open(&person, None).await;
    let first = file_elsewhere(&street, 10.0, 0).await.case_id();
    source.batch().await;
    let mut slow = street.city.db.begin().await.unwrap();
    sqlx::query("update city_case set version = version + 1, text = 'slow' where case_id = $1")
        .bind(first)
        .execute(&mut *slow)
        .await
        .unwrap();
    sqlx::query(
        "insert into case_event (case_id, action, at, actor, detail)
        values ($1, 'file', now(), 'test', '{}')",
    )
    .bind(first)
    .execute(&mut *slow)
    .await
    .unwrap();
    let quick = file_elsewhere(&street, 60.0, 10).await.case_id();
    assert_eq!(source.batch().await.data["up"][0]["id"], quick.0);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    slow.commit().await.unwrap();
    let batch = source.batch().await;
    assert_eq!(batch.data["up"][0]["id"], first.0);
    assert_eq!(batch.data["up"][0]["text"], "slow");
    service.stop().await;
}

#[tokio::test]
async fn a_stream_shows_what_its_person_may_see_and_ends_with_their_rights() {
    let street = Street::new().await;
    let db = &street.city.db;
    let service = TestService::start(&street.city).await;
    let person = service.sign_in(&street.city).await;
    let unit: i32 = sqlx::query_scalar("select unit_id from unit")
        .fetch_one(db)
        .await
        .unwrap();
    for sql in [
        "delete from role_grant",
        "insert into role_grant (person_id, role, unit_id, valid)
            select person_id, 'unit_manager', unit_id, tstzrange('2020-01-01', null)
            from person, unit where login = 'admin'",
    ] {
        sqlx::query(sql).execute(db).await.unwrap();
    }
    let mut source = EventSource::open(&person, None).await;
    // nobody's: it never shows
    file_elsewhere(&street, 10.0, 0).await;
    let mine = file_elsewhere(&street, 60.0, 0).await.case_id();
    let give = async |case: i64, to: Option<i32>| {
        let mut tx = db.begin().await.unwrap();
        sqlx::query(
            "update city_case set handling_unit_id = $2, version = version + 1 where case_id = $1",
        )
        .bind(case)
        .bind(to)
        .execute(&mut *tx)
        .await
        .unwrap();
        sqlx::query(
            "insert into case_event (case_id, action, at, actor, detail)
            values ($1, 'dispatch', now(), 'test', '{}')",
        )
        .bind(case)
        .execute(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
    };
    give(mine.0, Some(unit)).await;
    let batch = source.batch().await;
    assert_eq!(batch.data["up"][0]["id"], mine.0);
    assert_eq!(batch.data["up"].as_array().unwrap().len(), 1);
    let snapshot = person.json("/api/v1/live/snapshot").await;
    assert_eq!(snapshot["cases"], batch.data["up"]);

    give(mine.0, None).await;
    let batch = source.batch().await;
    assert_eq!(batch.data["gone"][0], mine.0);
    assert_eq!(batch.data["up"].as_array().unwrap().len(), 0);

    grant(db, "operator").await;
    let changed = Instant::now();
    while let Some(event) = source.next().await {
        let harmless = ["hb", "n", "reset"].contains(&event.kind.as_str());
        assert!(harmless, "{event:?}");
    }
    assert!(changed.elapsed() < Duration::from_secs(6));
    service.stop().await;
}
