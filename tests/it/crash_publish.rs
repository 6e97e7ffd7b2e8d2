//! Kill -9 while a plan is put in force, twenty times: the ground is the one before or the one
//! after, the cases with it, and what was approved is in force in the end.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};
use tempfile::tempdir;

use crate::city::TestCity;
use crate::program::{Program, run};

const KILLS: u64 = 20;
const COLUMNS: u32 = 12;
const CASES: i32 = 2_000;

/// What one look at the database sees.
#[derive(Debug, sqlx::FromRow)]
struct Seen {
    /// Units that answer for cells.
    owners: i64,
    owner: i32,
    cells: i64,
    /// Open cases that are another's than their ground.
    strays: i64,
    /// Editions of which only a part was written, or that a plan does not know of.
    halves: i64,
    waiting: i64,
}

#[tokio::test]
async fn twenty_kills_while_publishing_leave_the_old_ground_or_the_new() {
    let data = tempdir().unwrap();
    let units = lay_out(data.path()).await;
    let mut owner = units[0];
    let mut before = 0;
    for round in 0..KILLS {
        let program = Program::serve(data.path());
        let next = units[usize::from(owner == units[0])];
        let plan = plan(&program.url, next).await;
        let city = TestCity::of_program(data.path()).await;
        // every second time somebody holds a case, so that publishing stands in the middle
        let held = if round % 2 == 0 {
            Some(hold_a_case(&city).await)
        } else {
            None
        };
        let approving = tokio::spawn(approve(program.url.clone(), plan));
        if held.is_some() {
            is_waited_for(&city).await;
        } else {
            // each round dies at another moment
            tokio::time::sleep(Duration::from_millis(20 * round)).await;
        }
        assert_eq!(program.end(Signal::SIGKILL), None);
        let in_the_middle = held.is_some();
        drop(held);
        city.db.close().await;
        approving.await.unwrap();

        let program = Program::serve(data.path());
        let city = TestCity::of_program(data.path()).await;
        let first = look(&city).await;
        assert!(first.owner == owner || first.owner == next, "{first:?}");
        if in_the_middle {
            // what was under way is undone, or was done once more since
            assert!(first.waiting == 1 || first.owner == next, "{first:?}");
        }
        before += i32::from(first.owner == owner);
        if first.waiting == 0 && first.owner == owner {
            // the approval itself was lost: nobody was told of it
            approve(program.url.clone(), plan).await;
        }
        let mut seen = look(&city).await;
        for _ in 0..200 {
            if seen.owner == next {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            seen = look(&city).await;
        }
        assert_eq!((seen.owner, seen.waiting), (next, 0), "{seen:?}");
        owner = next;
        city.db.close().await;
        assert_eq!(program.end(Signal::SIGTERM), Some(0));
    }
    let program = Program::serve(data.path());
    tokio::time::sleep(Duration::from_secs(3)).await;
    let verified = run(data.path(), &["audit", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
    assert_eq!(program.end(Signal::SIGTERM), Some(0));
    println!("of {KILLS} kills {before} found the ground as it was");
    assert!(before > 0, "no kill came before the end");
}

/// A transaction that holds one of the cases whose ground is about to change hands.
async fn hold_a_case(city: &TestCity) -> Transaction<'static, Postgres> {
    let mut held = city.db.begin().await.unwrap();
    sqlx::query("select from city_case where ended_at is null order by case_id limit 1 for update")
        .execute(&mut *held)
        .await
        .unwrap();
    held
}

/// Waits until a transaction that has changed cells or responsibilities waits for a lock.
async fn is_waited_for(city: &TestCity) {
    for _ in 0..400 {
        let waits: bool = sqlx::query_scalar(
            "select exists (
                select from pg_locks waiting join pg_locks has using (pid)
                where not waiting.granted
                    and has.granted and has.mode = 'RowExclusiveLock'
                    and has.relation = 'responsibility'::regclass)",
        )
        .fetch_one(&city.db)
        .await
        .unwrap();
        if waits {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("publishing did not come to the held case");
}

/// One statement, so that it sees one moment; whatever it sees fits together.
async fn look(city: &TestCity) -> Seen {
    let seen: Seen = sqlx::query_as(
        "with ground as (
            select cell_id, unit_id from responsibility
            where class_code is null and valid @> now())
        select (select count(distinct unit_id) from ground) as owners,
            (select min(unit_id) from ground) as owner,
            (select count(*) from ground) as cells,
            (select count(*) from city_case c join ground g using (cell_id)
                where c.ended_at is null and c.unit_id is distinct from g.unit_id) as strays,
            (select count(*) from plan p join edition e using (edition_id)
                where (p.state = 'in_force') <> (e.written_at is not null)
                    or (p.state = 'in_force') <> exists (
                        select from responsibility r where r.edition_id = e.edition_id)) as halves,
            (select count(*) from plan where state = 'approved') as waiting",
    )
    .fetch_one(&city.db)
    .await
    .unwrap();
    let whole = (1, i64::from(COLUMNS * COLUMNS), 0, 0);
    assert_eq!(
        (seen.owners, seen.cells, seen.strays, seen.halves),
        whole,
        "{seen:?}"
    );
    seen
}

async fn asked(url: &str, who: &str, path: &str, body: &Value) -> Option<(StatusCode, Value)> {
    let request = Client::new()
        .post(format!("{url}/api/v1/plans{path}"))
        .header("cookie", format!("cityward_session={who}"))
        .json(body);
    let answer = request.send().await.ok()?;
    let status = answer.status();
    Some((status, answer.json().await.ok()?))
}

/// A plan that gives all cells to a unit and waits for approval; its id.
async fn plan(url: &str, unit: i32) -> i64 {
    let told = asked(url, "planner", "", &json!({ "title": "t", "reason": "r" })).await;
    let (status, plan) = told.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{plan}");
    let id = plan["id"].as_i64().unwrap();
    let head = Client::new()
        .get(format!("{url}/api/v1/partition"))
        .header("cookie", "cityward_session=planner");
    let head: Value = head.send().await.unwrap().json().await.unwrap();
    let faces = head["faces"].as_array().unwrap().iter();
    let faces: Vec<&Value> = faces.map(|face| &face["face"]).collect();
    let operation = json!({ "set_owner": { "faces": faces, "owner": unit } });
    let step = json!({ "version": plan["version"], "operation": operation });
    let (status, stepped) = asked(url, "planner", &format!("/{id}/steps"), &step)
        .await
        .unwrap();
    assert_eq!(status, StatusCode::CREATED, "{stepped}");
    let version = json!({ "version": stepped["version"] });
    let (status, told) = asked(url, "planner", &format!("/{id}/submit"), &version)
        .await
        .unwrap();
    assert_eq!(status, StatusCode::OK, "{told}");
    id
}

/// Approves a plan at once, if the program lives so long.
async fn approve(url: String, plan: i64) {
    let path = format!("{url}/api/v1/plans/{plan}");
    let found = Client::new().get(path);
    let found = found.header("cookie", "cityward_session=planner").send();
    let Ok(found) = found.await else {
        return;
    };
    let Ok(found) = found.json::<Value>().await else {
        return;
    };
    let version = json!({ "version": found["version"] });
    if let Some((status, told)) = asked(&url, "leader", &format!("/{plan}/approve"), &version).await
    {
        assert_eq!(status, StatusCode::OK, "{told}");
    }
}

/// Cells of one unit with open cases in them, another unit, and two people whose session cookies are
/// their names. The units.
async fn lay_out(data: &Path) -> [i32; 2] {
    let program = Program::serve(data);
    let city = TestCity::of_program(data).await;
    let edition = city.edition().await;
    let units = [city.unit(1).await, city.unit(2).await];
    for cell in city.cells(edition, COLUMNS, COLUMNS).await {
        city.responsible(edition, cell, None, units[0]).await;
    }
    for role in ["planner", "leader"] {
        city.signed_in(role).await;
    }
    sqlx::query(
        "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m,
             bearing_deg, cell_id, edition_id, unit_id, because, first_seen_at, last_seen_at,
             sighting_count, opened_at, state)
         select 'M06042', 'hotline', st_centroid(geom), 1, 1, 0, cell_id, $1, $2,
             jsonb_build_object('rule', 'cell_default', 'cell_code', code, 'class', 'M06042'),
             now(), now(), 1, now(), 'filed'
         from cell, generate_series(1, $3)",
    )
    .bind(edition)
    .bind(units[0])
    .bind(CASES / i32::try_from(COLUMNS * COLUMNS).unwrap())
    .execute(&city.db)
    .await
    .unwrap();
    city.db.close().await;
    assert_eq!(program.end(Signal::SIGTERM), Some(0));
    units
}
