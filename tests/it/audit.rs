//! The record: what is written into it, and that whatever is done to it afterwards is found.

use std::time::SystemTime;

use cityward::journal::{self, Break, Entry, NotedSeal, Verdict};
use reqwest::StatusCode;
use serde_json::json;
use sqlx::PgPool;

use crate::cases::{BIN_FULL, Street, confirmed, second};
use crate::city::TestCity;
use crate::people::colleague;
use crate::program::{Program, run};
use crate::service::{TestService, problem};

async fn execute(db: &PgPool, sql: &str) {
    sqlx::query(sql).execute(db).await.unwrap();
}

/// Gives the administrator, who signed in before, a role.
pub(crate) async fn grant(db: &PgPool, role: &str) {
    sqlx::query(
        "insert into role_grant (person_id, role, valid)
        select person_id, $1::role, tstzrange('2020-01-01', null) from person where login = 'admin'
        on conflict do nothing",
    )
    .bind(role)
    .execute(db)
    .await
    .unwrap();
}

/// Three bins seen at three places: three cases with two events each, and two other entries.
async fn written() -> Street {
    let street = Street::new().await;
    for n in [0, 120] {
        for (class, east_m) in [(BIN_FULL, 10.0), (BIN_FULL, 15.0), ("M06010", 60.0)] {
            let seen = [confirmed(street.sighting(class, east_m, second(n)))];
            cityward::cases::record(&street.city.db, &street.evidence, &seen, None, second(n))
                .await
                .unwrap();
        }
    }
    for action in ["create", "approve"] {
        let entry = Entry::of_city("test", second(200), "rule_set:2", action)
            .because("新规则")
            .after(json!({ "name": "2026 规则", "b": [1, null] }));
        journal::record(&street.city.db, &entry).await.unwrap();
    }
    seal(&street.city.db).await;
    street
}

/// Seals once everything so far is before every transaction that still runs, of any database of
/// the server.
async fn seal(db: &PgPool) {
    for _ in 0..1_000 {
        journal::seal(db, second(300)).await.unwrap();
        let open: i64 = sqlx::query_scalar(
            "select count(*) from (select xact from case_event union all select xact from audit_entry) r
            where xact >= (select coalesce(max(to_xact::text::bigint), 0)::text::xid8 from audit_seal)",
        )
        .fetch_one(db)
        .await
        .unwrap();
        if open == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("some transaction of this server does not end");
}

async fn verdict(db: &PgPool) -> Verdict {
    journal::verify(db, None).await.unwrap()
}

/// Does `sql` to a record that is whole, as nobody but a superuser can, and returns what is found.
async fn break_with(sql: &[&str]) -> Break {
    let street = written().await;
    let db = &street.city.db;
    assert!(verdict(db).await.ok);
    let mut tx = db.begin().await.unwrap();
    // the triggers that guard the tables are off in this transaction
    for sql in ["set local session_replication_role = replica"]
        .iter()
        .chain(sql)
    {
        sqlx::query(sql).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    let found = verdict(db).await;
    assert!(!found.ok);
    found.first_break.unwrap()
}

#[tokio::test]
async fn r5_3_a_whole_record_verifies() {
    let street = written().await;
    let verdict = verdict(&street.city.db).await;
    assert!(verdict.ok, "{verdict:?}");
    assert_eq!((verdict.case_events, verdict.audit_entries), (6, 2));
    assert!(verdict.seals >= 1);
}

#[tokio::test]
async fn r5_3_no_update_or_delete_of_the_record_is_possible() {
    let street = written().await;
    for table in ["case_event", "audit_entry", "audit_seal"] {
        for sql in [
            format!("update {table} set at = at"),
            format!("delete from {table}"),
            format!("truncate {table} cascade"),
        ] {
            let refused = sqlx::query(&sql).execute(&street.city.db).await;
            let error = refused.unwrap_err().to_string();
            assert!(error.contains("append-only"), "{sql}: {error}");
        }
    }
}

#[tokio::test]
async fn r5_3_a_changed_row_is_named() {
    let found = break_with(&["update case_event set reason = 'x' where event_id = 2"]).await;
    let Break::EventChanged { event_id: 2, .. } = found else {
        panic!("{found:?}")
    };
    let found = break_with(&["update audit_entry set reason = null where entry_id = 1"]).await;
    assert_eq!(found, Break::EntryChanged { entry_id: 1 });
}

#[tokio::test]
async fn r5_3_a_changed_row_with_a_hash_to_match_is_named() {
    let sql = "update case_event set actor = 'nobody' where event_id = 1";
    let hash = "update case_event e set hash = case_event_hash(e) where event_id = 1";
    let found = break_with(&[sql, hash]).await;
    let Break::EventUnlinked { event_id: 4, .. } = found else {
        panic!("{found:?}")
    };
    // the last of its chain has nobody after it: its seal tells
    let sql = "update audit_entry set subject = 'person:1' where entry_id = 2";
    let hash = "update audit_entry e set hash = audit_entry_hash(e) where entry_id = 2";
    let found = break_with(&[sql, hash]).await;
    assert!(matches!(found, Break::RowsReplaced { .. }), "{found:?}");
}

#[tokio::test]
async fn r5_3_a_deleted_row_is_named() {
    let found = break_with(&["delete from case_event where event_id = 3"]).await;
    let Break::EventUnlinked { event_id: 6, .. } = found else {
        panic!("{found:?}")
    };
    let found = break_with(&["delete from audit_entry where entry_id = 1"]).await;
    assert_eq!(found, Break::EntryUnlinked { entry_id: 2 });
}

#[tokio::test]
async fn r5_3_a_deleted_case_is_named() {
    let found = break_with(&[
        "delete from case_event where case_id = 2",
        "delete from case_evidence where case_id = 2",
        "delete from city_case where case_id = 2",
    ])
    .await;
    assert!(
        matches!(found, Break::EventMissing { event_id: 2, .. }),
        "{found:?}"
    );
}

#[tokio::test]
async fn r5_3_a_cut_tail_is_named() {
    let found = break_with(&["delete from case_event where event_id = 6"]).await;
    assert!(
        matches!(found, Break::EventMissing { event_id: 6, .. }),
        "{found:?}"
    );
    let found = break_with(&["delete from audit_entry where entry_id = 2"]).await;
    assert!(
        matches!(found, Break::EntryMissing { entry_id: 2, .. }),
        "{found:?}"
    );
}

#[tokio::test]
async fn r5_3_a_rewritten_record_is_found_by_a_noted_seal() {
    let street = written().await;
    let db = &street.city.db;
    let last = verdict(db).await.last_seal.unwrap();
    let noted = NotedSeal {
        number: last.number,
        hash: last.hash,
    };
    assert!(journal::verify(db, Some(&noted)).await.unwrap().ok);
    let mut tx = db.begin().await.unwrap();
    for sql in [
        "set local session_replication_role = replica",
        "delete from case_event where event_id = 6",
        "delete from audit_seal",
    ] {
        sqlx::query(sql).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    seal(db).await;
    assert!(verdict(db).await.ok);
    let found = journal::verify(db, Some(&noted)).await.unwrap().first_break;
    let seal = noted.number;
    assert_eq!(found, Some(Break::NotedSealGone { seal }));
}

#[tokio::test]
async fn r5_3_writers_of_one_case_make_one_chain() {
    let street = written().await;
    let db = &street.city.db;
    let writers = (0..8).map(|n| {
        let db = db.clone();
        tokio::spawn(async move {
            for m in 0..25 {
                sqlx::query(
                    "insert into case_event (case_id, action, at, actor, detail)
                    values (1 + $1 % 2, 'seen_again', $2, 'test', '{}')",
                )
                .bind(m)
                .bind(second(400 + n))
                .execute(&db)
                .await
                .unwrap();
                let entry = Entry::of_city("test", second(400), format!("test:{m}"), "touch");
                journal::record(&db, &entry).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    seal(db).await;
    let verdict = verdict(db).await;
    assert!(verdict.ok, "{verdict:?}");
    assert_eq!((verdict.case_events, verdict.audit_entries), (206, 202));
}

#[tokio::test]
async fn r5_3_the_record_can_be_read_by_auditors_only() {
    let street = written().await;
    let service = TestService::start(&street.city).await;
    let client = service.sign_in(&street.city).await;
    execute(&street.city.db, "delete from role_grant").await;
    for path in ["/api/v1/audit", "/api/v1/audit/verify"] {
        let answer = client.get(path).send().await.unwrap();
        problem(answer, StatusCode::FORBIDDEN, "forbidden").await;
    }
    execute(
        &street.city.db,
        "with new as (insert into district (division_code, name_zh, name_en)
            values ('321299', 'x', 'x') returning district_id)
         insert into role_grant (person_id, role, district_id)
         select person_id, role, district_id from person, new,
            unnest(array['auditor', 'administrator']::role[]) as role",
    )
    .await;
    for path in ["/api/v1/audit", "/api/v1/audit/verify"] {
        let answer = client.get(path).send().await.unwrap();
        problem(answer, StatusCode::FORBIDDEN, "forbidden").await;
    }
    grant(&street.city.db, "auditor").await;
    let page = client.json("/api/v1/audit?subject=case:1&limit=1").await;
    assert_eq!(page["entries"][0]["action"], "seen_again");
    assert_eq!(page["entries"][0]["subject"], "case:1");
    let next = page["next"].as_str().unwrap();
    let page = client
        .json(&format!("/api/v1/audit?subject=case:1&before={next}"))
        .await;
    assert_eq!(page["entries"][0]["action"], "opened");
    assert!(page["next"].is_null());
    let page = client.json("/api/v1/audit?subject=rule_set:2").await;
    assert_eq!(page["entries"][0]["action"], "approve");
    assert_eq!(page["entries"][0]["reason"], "新规则");
    let verdict = client.json("/api/v1/audit/verify").await;
    assert_eq!(verdict["ok"], true, "{verdict}");
    let answer = client.get("/api/v1/audit?before=x").send().await.unwrap();
    let refused = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(refused["errors"][0]["field"], "before");
    service.stop().await;
}

#[tokio::test]
async fn r5_3_a_change_through_the_api_is_in_the_record_with_who_and_what() {
    let street = written().await;
    let service = TestService::start(&street.city).await;
    let hire = async |role| colleague(&street.city, &service, role, None, None).await;
    let (operator, auditor) = (hire("operator").await, hire("auditor").await);
    let answer = operator
        .client
        .post("/api/v1/cases/1/actions/reject")
        .header("idempotency-key", "reject-case-1")
        .json(&json!({ "version": 2, "reason": "不在管理范围" }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{:?}", answer.text().await);
    let page = auditor.client.json("/api/v1/audit?subject=case:1").await;
    let newest = &page["entries"][0];
    assert_eq!(newest["action"], "reject");
    assert_eq!(newest["person_id"], operator.id);
    assert_eq!(newest["role"], "operator");
    assert_eq!(newest["reason"], "不在管理范围");
    assert_eq!(newest["before"]["state"], "reported");
    assert_eq!(newest["after"]["state"], "rejected");
    assert_eq!(newest["hash"].as_str().unwrap().len(), 64);
    seal(&street.city.db).await;
    assert!(verdict(&street.city.db).await.ok);
    service.stop().await;
}

#[tokio::test]
async fn r5_3_the_command_verifies_beside_a_running_service() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::serve(folder.path());
    let city = TestCity::of_program(folder.path()).await;
    let entry = Entry::of_city("test", SystemTime::now().into(), "person:1", "create");
    journal::record(&city.db, &entry).await.unwrap();
    let before: i64 = sqlx::query_scalar("select count(*) from audit_entry")
        .fetch_one(&city.db)
        .await
        .unwrap();
    while verdict(&city.db).await.seals == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let output = run(folder.path(), &["audit", "verify"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("The record is whole"), "{said}");
    let seal = said.split("The last seal is ").nth(1).unwrap();
    let seal = seal.split(' ').next().unwrap();
    let output = run(folder.path(), &["audit", "verify", "--seal", seal]);
    assert!(output.status.success());

    execute(&city.db, "alter table audit_entry disable trigger all").await;
    execute(&city.db, "delete from audit_entry").await;
    let output = run(folder.path(), &["audit", "verify"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("audit entry 1, closed by seal 1, is missing"),
        "{before} entries, {said}"
    );
    city.db.close().await;
    drop(program);
}
