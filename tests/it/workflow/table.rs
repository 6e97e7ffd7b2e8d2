//! Every state, every action, every role: what the table says is what the service does.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};
use cityward::access::{Grant, Person, Role};
use cityward::cases::{Action, CaseId, CaseSource, CaseState, DisputeLevel};
use cityward::rules::Rules;
use cityward::workflow::{self, Actor, DistrictMode, Facts, STEPS, Step, Who, WorkCase, may};
use serde::Deserialize;
use serde_json::{Value, json};

use super::office::{COVER, MORNING, Office, at};
use crate::city::{TestCity, place};

const UNIT: i32 = 7;
const DISTRICT: i32 = 3;
const PERSON: i32 = 11;

/// A case in a state, of the unit and in the district of whoever is asked about.
fn case(state: CaseState, level: DisputeLevel) -> WorkCase {
    let now = at(MORNING);
    let ended = (!state.is_open()).then_some(now);
    let facts = json!({
        "state": state, "class_code": COVER, "text": "", "emergency": false,
        "handling_unit_id": UNIT, "helper_unit_ids": [], "released_unit_ids": [],
        "dispatch_level": 1, "dispatched_at": now, "assignee_id": PERSON, "handler_ids": [],
        "dispute_level": level,
        "dispute": {"level": level, "unit": UNIT, "department_id": UNIT,
            "district_id": DISTRICT, "reason": "no", "by": 1, "at": now},
        "dispute_final": false, "round": 0, "extensions": 0, "suspensions": 0,
        "supervised": false, "ended_at": ended, "overdue": false, "overdue_exempt": false,
        "appealed": false,
    });
    WorkCase {
        id: CaseId(1),
        version: 1,
        acted_version: 1,
        written_version: 1,
        source: CaseSource::Hotline,
        place: place(10.0, 10.0),
        cell_id: 1,
        cell_code: "321202001001001".to_owned(),
        component_id: None,
        district_id: Some(DISTRICT),
        district_mode: DistrictMode::Shared,
        district_centre_id: None,
        area_ids: vec![],
        opened_at: now,
        facts: Facts::deserialize(facts).unwrap(),
        clocks: vec![],
        units: vec![],
        people: vec![],
        pictures: vec![],
        site_people: vec![],
        other_state: None,
        last: None,
    }
}

/// Somebody with one role, who is where the case is and of its unit — or of neither.
fn person(role: Role, here: bool) -> Person {
    let elsewhere = i32::from(!here);
    Person {
        id: PERSON,
        login: "somebody".to_owned(),
        name: "Somebody".to_owned(),
        grants: vec![Grant {
            role,
            unit_id: Some(UNIT + elsewhere),
            district_id: Some(DISTRICT + elsewhere),
            area_id: None,
        }],
    }
}

/// The level at which a role settles disputes.
fn level_of(role: Role) -> DisputeLevel {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other role acts for the city"
    )]
    match role {
        Role::DistrictDispatcher => DisputeLevel::District,
        Role::UnitManager => DisputeLevel::Department,
        Role::Committee => DisputeLevel::Committee,
        _ => DisputeLevel::City,
    }
}

/// What the table alone says of who takes a step.
fn in_table(state: CaseState, action: Action, role: Role) -> bool {
    STEPS
        .iter()
        .filter(|step| step.action == action && step.from.contains(&state))
        .flat_map(|step| step.who)
        .any(|who| [Who::Role(role), Who::Unit(role), Who::Assignee(role)].contains(who))
}

fn has_right(
    case: &WorkCase,
    action: Action,
    who: &Person,
    rules: &Rules,
    now: DateTime<Utc>,
) -> bool {
    let Some(step) = Step::from_state(case.facts.state, action) else {
        return false;
    };
    let answer = may(step, case, &Actor::Person(who), &rules.in_force(now), now);
    !matches!(answer, Err(refusal) if refusal.code.is_about_rights())
}

#[tokio::test]
async fn every_state_action_and_role_is_as_the_table_says() {
    let city = TestCity::new().await;
    cityward::rules::load(&city.db).await.unwrap();
    let rules = Rules::open(city.db.clone()).await.unwrap();
    let now = at(MORNING);
    let mut asked = 0;
    for state in CaseState::ALL {
        for action in Action::ALL {
            for role in Role::ALL {
                let case = case(state, level_of(role));
                let here = has_right(&case, action, &person(role, true), &rules, now);
                assert_eq!(
                    here,
                    in_table(state, action, role),
                    "{state:?} {action:?} {role:?}"
                );
                let away = has_right(&case, action, &person(role, false), &rules, now);
                assert!(!away, "{role:?} of elsewhere does {action:?} in {state:?}");
                asked += 1;
            }
        }
    }
    assert_eq!(
        asked,
        CaseState::ALL.len() * Action::ALL.len() * Role::ALL.len()
    );
}

#[tokio::test]
async fn the_service_offers_what_the_table_says() {
    let mut office = Office::open().await;
    for role in Role::ALL {
        let name = role_name(role);
        let unit = ["unit_manager", "unit_worker"]
            .contains(&name)
            .then_some("water");
        let district = (name == "district_dispatcher").then_some(office.district);
        office.hire(name, name, unit, district).await;
    }
    let case = office.report(COVER).await;
    for state in CaseState::ALL {
        for role in Role::ALL {
            put(&office, case, state, role).await;
            let path = format!("/api/v1/cases/{case}/actions");
            let offered = office.people[role_name(role)].client.json(&path).await;
            let mine = |action: &Value| {
                let code = action["refusal"]["code"].as_str().unwrap_or_default();
                !["role", "area", "unit", "assignee", "level"].contains(&code)
            };
            let offered: BTreeSet<Action> = offered["actions"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|action| mine(action))
                .map(|action| Action::deserialize(&action["action"]).unwrap())
                .collect();
            let expected = Action::ALL.into_iter();
            let expected: BTreeSet<Action> = expected
                .filter(|action| in_table(state, *action, role))
                .collect();
            assert_eq!(offered, expected, "{state:?} {role:?}");
        }
    }
    office.service.stop().await;
}

fn role_name(role: Role) -> &'static str {
    let name = serde_json::to_value(role).unwrap();
    // tests may leak: a name is needed for as long as they run
    name.as_str().unwrap().to_owned().leak()
}

/// Puts a case into a state as if the one with the role had it.
async fn put(office: &Office, case: i64, state: CaseState, role: Role) {
    let level = level_of(role);
    let water = office.units["water"];
    sqlx::query(
        "update city_case set state = $2, ended_at = case when $3 then null else now() end,
            handling_unit_id = $4, assignee_id = $5, dispute_level = $6, dispute = $7
        where case_id = $1",
    )
    .bind(case)
    .bind(state)
    .bind(state.is_open())
    .bind(water)
    .bind(office.id(role_name(role)))
    .bind(level)
    .bind(
        json!({"level": level, "unit": water, "proposed_unit": null, "department_id": water,
        "district_id": office.district, "reason": "no", "by": 1, "at": at(MORNING)}),
    )
    .execute(&office.city.db)
    .await
    .unwrap();
}

#[test]
fn the_table_has_every_transition_of_the_regulation() {
    let names =
        |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
    let mut rows = csv::Reader::from_path(root().join("tests/data/transitions.csv")).unwrap();
    let mut count = 0;
    for row in rows.records() {
        let row = row.unwrap();
        let (from, actions, to, who) = (
            names(&row[0]),
            names(&row[2]),
            names(&row[3]),
            names(&row[4]),
        );
        let actions: Vec<Action> = actions.iter().map(|name| read(name)).collect();
        let steps: Vec<&Step> = STEPS
            .iter()
            .filter(|step| actions.contains(&step.action))
            .collect();
        let what = &row[1];
        for state in &from {
            let state: CaseState = read(state);
            let starts = |step: &&&Step| step.from.contains(&state);
            assert!(
                steps.iter().any(|step| starts(&step)),
                "{what} from {state:?}"
            );
        }
        for state in &to {
            let state: CaseState = read(state);
            let leads = |step: &&Step| step.to.contains(&state) || step.to.is_empty();
            assert!(steps.iter().any(leads), "{what} to {state:?}");
        }
        for who in &who {
            let takes = |step: &&Step| {
                step.who.iter().any(|one| match one {
                    Who::Role(role) | Who::Unit(role) | Who::Assignee(role) => {
                        role_name(*role) == who
                    }
                    Who::System => who == "system",
                })
            };
            assert!(steps.iter().any(takes), "{what} by {who}");
        }
        count += 1;
    }
    assert_eq!(count, 36);
}

fn read<T: for<'a> Deserialize<'a>>(name: &str) -> T {
    serde_json::from_value(json!(name)).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_document_is_printed_from_the_table() {
    let document = fs::read_to_string(root().join("docs/workflow.md")).unwrap();
    assert!(
        document.trim_end() == workflow::document().trim_end(),
        "docs/workflow.md is not what `cityward workflow` prints"
    );
}

/// The page has words of its own for every code the service refuses with.
#[test]
fn every_refusal_has_its_words_on_the_page() {
    let document = serde_json::to_value(cityward::router::openapi()).unwrap();
    let codes = &document["components"]["schemas"]["RefusalCode"]["enum"];
    let codes: Vec<&str> = codes
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap())
        .collect();
    assert!(codes.len() > 50, "{codes:?}");
    for language in ["en", "zh"] {
        let file = format!("web/src/i18n/refusal.{language}.ts");
        let words = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&file)).unwrap();
        for code in &codes {
            assert!(
                words.contains(&format!("\n  {code}: (")),
                "{code} in {file}"
            );
        }
    }
}
