//! Kill -9 in the middle of a thousand concurrent actions, twenty times: what was acknowledged is
//! there once, what was not can be asked again with the same key, the record is whole and the
//! clocks stand where the record says.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tempfile::tempdir;
use tokio::sync::mpsc;

use crate::city::TestCity;
use crate::program::{Program, run};

const KILLS: usize = 20;
const CASES: usize = 1_000;
const CLASS: &str = "M06042";

/// One intent of a person: kept until it was acknowledged.
#[derive(Clone)]
struct Intent {
    case: i64,
    version: i64,
    action: &'static str,
    key: String,
}

struct Acknowledged {
    intent: Intent,
    event: i64,
    version: i64,
}

#[tokio::test]
async fn no_acknowledged_action_is_lost_or_doubled_by_twenty_kills() {
    let data = tempdir().unwrap();
    let mut told: HashMap<String, Acknowledged> = HashMap::new();
    let mut unanswered: Vec<Intent> = Vec::new();
    let mut repeated = 0;
    lay_out(data.path()).await;
    for round in 0..KILLS {
        let program = Program::serve(data.path());
        let city = TestCity::of_program(data.path()).await;
        check(&city, &told).await;
        let condition = condition(&city).await;

        // what was not answered is asked again first, with the key it had
        let mut intents = std::mem::take(&mut unanswered);
        repeated += intents.len();
        let waiting: Vec<i64> = intents.iter().map(|intent| intent.case).collect();
        intents.extend(next_intents(&city, round, &waiting).await);
        city.db.close().await;
        let (sender, mut answers) = mpsc::channel(CASES);
        let client = Client::new();
        for intent in intents {
            tokio::spawn(act(
                client.clone(),
                program.url.clone(),
                condition,
                intent,
                sender.clone(),
            ));
        }
        drop(sender);
        // each round dies at another moment
        let enough = 20 + 37 * round;
        let mut answered = 0;
        while answered < enough {
            let (intent, answer) = answers.recv().await.expect("the program ended by itself");
            take_down(&mut told, &mut unanswered, intent, answer);
            answered += 1;
        }
        tokio::time::sleep(Duration::from_millis(3 * round as u64)).await;
        assert_eq!(program.end(Signal::SIGKILL), None);
        while let Some((intent, answer)) = answers.recv().await {
            take_down(&mut told, &mut unanswered, intent, answer);
        }
    }
    let program = Program::serve(data.path());
    let city = TestCity::of_program(data.path()).await;
    check(&city, &told).await;
    city.db.close().await;
    // the tail is sealed within a second or two
    tokio::time::sleep(Duration::from_secs(3)).await;
    let verified = run(data.path(), &["audit", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
    assert_eq!(program.end(Signal::SIGTERM), Some(0));
    println!(
        "{} actions acknowledged over {KILLS} kills, {repeated} asked again",
        told.len()
    );
    assert!(told.len() > KILLS * 20 && repeated > 0);
}

fn take_down(
    told: &mut HashMap<String, Acknowledged>,
    unanswered: &mut Vec<Intent>,
    intent: Intent,
    answer: Option<(StatusCode, Value)>,
) {
    let Some((status, body)) = answer else {
        unanswered.push(intent);
        return;
    };
    assert_eq!(status, StatusCode::OK, "{} {body}", intent.action);
    let version = body["case"]["version"].as_i64().unwrap();
    let event = body["event_id"].as_i64().unwrap();
    let before = told.insert(
        intent.key.clone(),
        Acknowledged {
            intent,
            event,
            version,
        },
    );
    assert!(before.is_none(), "one intent was answered twice");
}

async fn act(
    client: Client,
    url: String,
    condition: i64,
    intent: Intent,
    answers: mpsc::Sender<(Intent, Option<(StatusCode, Value)>)>,
) {
    let (cookie, body) = match intent.action {
        "file" => (
            "operator",
            json!({"version": intent.version, "condition_id": condition}),
        ),
        _ => (
            "dispatcher",
            json!({"version": intent.version, "reason": "不属于本中心受理范围"}),
        ),
    };
    let request = client
        .post(format!(
            "{url}/api/v1/cases/{}/actions/{}",
            intent.case, intent.action
        ))
        .header("cookie", format!("cityward_session={cookie}"))
        .header("idempotency-key", &intent.key)
        .json(&body);
    let answer = match request.send().await {
        Ok(answer) => {
            let status = answer.status();
            answer.json().await.ok().map(|body| (status, body))
        }
        Err(_) => None,
    };
    answers.send((intent, answer)).await.unwrap();
}

/// A city with two people, whose session cookies are their names, and a thousand reported cases.
async fn lay_out(data: &Path) {
    let program = Program::serve(data);
    let city = TestCity::of_program(data).await;
    let edition = city.edition().await;
    let unit = city.unit(1).await;
    let cell = city.cells(edition, 1, 1).await[0];
    city.responsible(edition, cell, None, unit).await;
    for role in ["operator", "dispatcher"] {
        city.signed_in(role).await;
    }
    sqlx::query(
        "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m,
             bearing_deg, cell_id, edition_id, because, first_seen_at, last_seen_at,
             sighting_count, opened_at, rule_set_id)
         select $1, 'collector', st_setsrid(st_makepoint(119.92, 32.45), 4326), 1, 1, 0, $2, $3,
             '{\"rule\":\"none\"}', now(), now(), 1, now(),
             (select max(rule_set_id) from rule_set where state = 'approved')
         from generate_series(1, $4)",
    )
    .bind(CLASS)
    .bind(cell)
    .bind(edition)
    .bind(CASES as i32)
    .execute(&city.db)
    .await
    .unwrap();
    city.db.close().await;
    assert_eq!(program.end(Signal::SIGTERM), Some(0));
}

async fn condition(city: &TestCity) -> i64 {
    sqlx::query_scalar(
        "select min(filing_condition.condition_id) from filing_condition join city_case using (rule_set_id)
         where filing_condition.class_code = $1",
    )
    .bind(CLASS)
    .fetch_one(&city.db)
    .await
    .unwrap()
}

/// For every case nobody waits for: filing it, or sending it back.
async fn next_intents(city: &TestCity, round: usize, waiting: &[i64]) -> Vec<Intent> {
    let cases: Vec<(i64, i32, String)> =
        sqlx::query_as("select case_id, version, state::text from city_case")
            .fetch_all(&city.db)
            .await
            .unwrap();
    cases
        .into_iter()
        .filter(|(case, ..)| !waiting.contains(case))
        .map(|(case, version, state)| Intent {
            case,
            version: version.into(),
            action: match state.as_str() {
                "reported" => "file",
                "filed" => "return_to_operator",
                other => panic!("case {case} is {other}"),
            },
            key: format!("round-{round}-case-{case}"),
        })
        .collect()
}

async fn check(city: &TestCity, told: &HashMap<String, Acknowledged>) {
    let events: Vec<(i64, i64, String, Option<i32>)> = sqlx::query_as(
        "select event_id, case_id, action, version from case_event order by event_id",
    )
    .fetch_all(&city.db)
    .await
    .unwrap();
    let by_id: HashMap<i64, _> = events.iter().map(|event| (event.0, event)).collect();
    for told in told.values() {
        let (_, case, action, version) = by_id
            .get(&told.event)
            .unwrap_or_else(|| panic!("event {} is lost", told.event));
        assert_eq!(
            (*case, action.as_str()),
            (told.intent.case, told.intent.action)
        );
        assert_eq!(version.map(i64::from), Some(told.version));
    }
    // one key, one event: nothing is doubled
    let doubled: i64 = sqlx::query_scalar(
        "select count(*) - count(distinct (case_id, version)) from case_event
         where action in ('file', 'return_to_operator')",
    )
    .fetch_one(&city.db)
    .await
    .unwrap();
    assert_eq!(doubled, 0, "two events made the same version of a case");
    let keyless: i64 = sqlx::query_scalar(
        "select count(*) from case_event e
         where action in ('file', 'return_to_operator')
             and not exists (select from idempotency i where i.event_id = e.event_id)",
    )
    .fetch_one(&city.db)
    .await
    .unwrap();
    assert_eq!(keyless, 0, "an action without its key");
    // the case is what its last event says, and the clock that runs is the one of its state
    let wrong: Vec<(i64, String)> = sqlx::query_as(
        "select c.case_id, c.state::text from city_case c
         join lateral (
             select action, version, at from case_event e
             where e.case_id = c.case_id and action in ('file', 'return_to_operator')
             order by event_id desc limit 1
         ) as last on true
         where last.version <> c.version
             or (last.action = 'file') <> (c.state = 'filed')
             or (select array_agg(stage::text) from case_clock k
                 where k.case_id = c.case_id and stopped_at is null)
                is distinct from case c.state when 'filed' then array['dispatch'] else array['filing'] end",
    )
    .fetch_all(&city.db)
    .await
    .unwrap();
    assert!(wrong.is_empty(), "{wrong:?}");
}
