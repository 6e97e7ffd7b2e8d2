//! What happens to cases because time passes. Article 3.

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use cityward::cases::{CaseId, CaseState};
use cityward::clock::{CalendarKind, Clock, Stage};
use cityward::rules::Rules;
use cityward::territory::TerritoryWatch;
use cityward::time::{SetTime, TimeSource};
use cityward::workflow::Workflow;
use cityward::workflow::timers::{self, Round};
use serde_json::Value;
use sqlx::types::Json;

use crate::city::TestCity;
use crate::service::TestService;

/// An instant of China's local time.
fn at(local: &str) -> DateTime<Utc> {
    format!("{local}:00+08:00").parse().unwrap()
}

fn hours(hours: i64) -> TimeDelta {
    TimeDelta::hours(hours)
}

/// A city with rules and cases that units handle.
struct Office {
    city: TestCity,
    workflow: Workflow,
}

impl Office {
    async fn new() -> Self {
        let city = TestCity::new().await;
        let edition = city.edition().await;
        city.cells(edition, 1, 1).await;
        let workflow = Workflow {
            rules: Rules::open(city.db.clone()).await.unwrap(),
            territory: TerritoryWatch::open(city.db.clone()).await.unwrap(),
        };
        Self { city, workflow }
    }

    async fn case(&self) -> i64 {
        sqlx::query_scalar(
            "insert into city_case (class_code, state, source, location, semi_major_m,
                semi_minor_m, bearing_deg, cell_id, edition_id, because, first_seen_at,
                last_seen_at, sighting_count, opened_at)
            select 'M06042', 'handling', 'hotline', st_point(119.9, 32.4, 4326), 1, 1, 0, cell_id,
                edition_id, '{}', '2026-03-01', '2026-03-01', 1, '2026-03-01'
            from cell limit 1
            returning case_id",
        )
        .fetch_one(&self.city.db)
        .await
        .unwrap()
    }

    /// Gives a case this clock, as an action would.
    async fn run_clock(&self, case: i64, clock: &Clock) -> i64 {
        let rules = self.workflow.rules.in_force(clock.started_at);
        let next = clock.next_alarm(rules.calendar(), rules.policy().escalate_after);
        sqlx::query_scalar(
            "insert into case_clock (case_id, stage, round, calendar, limit_s, started_at,
                stopped_at, pauses, due_at, next_alarm_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning clock_id",
        )
        .bind(case)
        .bind(clock.stage)
        .bind(clock.round)
        .bind(clock.calendar)
        .bind(clock.limit.num_seconds() as i32)
        .bind(clock.started_at)
        .bind(clock.stopped_at)
        .bind(Json(&clock.pauses))
        .bind(clock.due_at(rules.calendar()))
        .bind(next.map(|(at, _)| at))
        .fetch_one(&self.city.db)
        .await
        .unwrap()
    }

    async fn round(&self, now: DateTime<Utc>) -> Round {
        timers::round(&self.city.db, &self.workflow, now)
            .await
            .unwrap()
    }

    fn escalate_after(&self) -> TimeDelta {
        self.workflow
            .rules
            .in_force(SystemTime::now().into())
            .policy()
            .escalate_after
    }

    /// What a case's clock of handling called out, in order.
    async fn alarms(&self, case: i64) -> Vec<(String, DateTime<Utc>, Value)> {
        sqlx::query_as(
            "select action, at, detail from case_event
            where case_id = $1 and actor = 'system' and detail ->> 'stage' = 'handling'
            order by event_id",
        )
        .bind(case)
        .fetch_all(&self.city.db)
        .await
        .unwrap()
    }

    async fn alarm_names(&self, case: i64) -> Vec<String> {
        let alarms = self.alarms(case).await;
        alarms.into_iter().map(|(action, ..)| action).collect()
    }
}

const ALL: [&str; 3] = ["warned", "breached", "escalated"];

fn continuous(limit: TimeDelta, from: &str) -> Clock {
    Clock::start(
        Stage::Handling,
        0,
        CalendarKind::Continuous,
        limit,
        at(from),
    )
}

fn working(limit: TimeDelta, from: &str) -> Clock {
    Clock::start(Stage::Handling, 0, CalendarKind::Working, limit, at(from))
}

#[tokio::test]
async fn r3_7_warns_at_80_percent_breaches_at_100_and_escalates_once_each() {
    let office = Office::new().await;
    let case = office.case().await;
    let clock = office
        .run_clock(case, &continuous(hours(10), "2026-03-02T08:00"))
        .await;
    let escalated = at("2026-03-02T18:00") + office.escalate_after();
    let mut now = at("2026-03-02T08:00");
    while now <= escalated + hours(2) {
        office.round(now).await;
        now += TimeDelta::minutes(10);
    }
    let alarms = office.alarms(case).await;
    let times: Vec<(&str, DateTime<Utc>)> = alarms
        .iter()
        .map(|(action, at, _)| (&**action, *at))
        .collect();
    let expected = [
        ("warned", at("2026-03-02T16:00")),
        ("breached", at("2026-03-02T18:00")),
        ("escalated", escalated),
    ];
    assert_eq!(times, expected);
    let (_, _, detail) = &alarms[1];
    assert_eq!(detail["stage"], "handling");
    assert_eq!(detail["clock_id"], clock);
    assert_eq!(detail["due_at"], "2026-03-02T10:00:00Z");
    let next: Option<DateTime<Utc>> =
        sqlx::query_scalar("select next_alarm_at from case_clock where clock_id = $1")
            .bind(clock)
            .fetch_one(&office.city.db)
            .await
            .unwrap();
    assert_eq!(next, None);
}

#[tokio::test]
async fn what_came_while_nobody_looked_is_raised_once_in_order() {
    let office = Office::new().await;
    let case = office.case().await;
    office
        .run_clock(case, &continuous(hours(1), "2026-03-02T08:00"))
        .await;
    let back = at("2026-03-20T03:00");
    assert_eq!(office.round(back).await.cases, [CaseId(case)].into());
    assert_eq!(office.round(back).await, Round::default());
    let alarms = office.alarms(case).await;
    let names: Vec<&str> = alarms.iter().map(|(action, ..)| &**action).collect();
    assert_eq!(names, ALL);
    // told when it is told, and when it came to pass
    assert!(alarms.iter().all(|(_, at, _)| *at == back));
    assert_eq!(alarms[0].2["reached_at"], "2026-03-02T00:48:00Z");
}

#[tokio::test]
async fn two_instances_raise_every_alarm_once() {
    let office = Office::new().await;
    let mut cases = Vec::new();
    for number in 0..450 {
        let case = office.case().await;
        let mut clock = continuous(hours(1), "2026-03-02T08:00");
        clock.started_at += TimeDelta::seconds(number);
        office.run_clock(case, &clock).await;
        cases.push(case);
    }
    let now = at("2026-03-20T08:00");
    let instance = async || {
        while !office.round(now).await.cases.is_empty() {}
    };
    tokio::join!(instance(), instance(), instance());
    // what one had locked when another looked is due still
    while office.round(now).await.full {}
    for case in cases {
        assert_eq!(office.alarm_names(case).await, ALL);
    }
}

#[tokio::test]
async fn a_case_somebody_acts_on_is_not_waited_for() {
    let office = Office::new().await;
    let (busy, free) = (office.case().await, office.case().await);
    for case in [busy, free] {
        office
            .run_clock(case, &continuous(hours(1), "2026-03-02T08:00"))
            .await;
    }
    let now = at("2026-03-02T09:00");
    let mut action = office.city.db.begin().await.unwrap();
    sqlx::query("select from city_case where case_id = $1 for update")
        .bind(busy)
        .execute(&mut *action)
        .await
        .unwrap();
    assert_eq!(office.round(now).await.cases, [CaseId(free)].into());
    action.commit().await.unwrap();
    assert_eq!(office.round(now).await.cases, [CaseId(busy)].into());
}

#[tokio::test]
async fn an_office_matter_is_quiet_at_midnight() {
    let office = Office::new().await;
    let case = office.case().await;
    // Friday: 80 % at 17:36, due at 18:00
    office
        .run_clock(case, &working(hours(2), "2026-03-06T16:00"))
        .await;
    let mut now = at("2026-03-06T16:00");
    while now < at("2026-03-11T00:00") {
        office.round(now).await;
        now += TimeDelta::minutes(12);
    }
    let alarms = office.alarms(case).await;
    assert_eq!(alarms.len(), 3);
    assert_eq!(alarms[0].1, at("2026-03-06T17:36"));
    assert_eq!(alarms[1].1, at("2026-03-06T18:00"));
    let rules = office.workflow.rules.in_force(now);
    let escalated = rules
        .calendar()
        .after(at("2026-03-09T08:00"), office.escalate_after());
    assert!(office.escalate_after() > TimeDelta::zero());
    assert!(alarms[2].1 >= escalated && alarms[2].1 < escalated + TimeDelta::minutes(12));
}

#[tokio::test]
async fn a_paused_clock_and_an_ended_case_are_quiet() {
    let office = Office::new().await;
    let (paused, ended) = (office.case().await, office.case().await);
    let mut clock = continuous(hours(1), "2026-03-02T08:00");
    office.run_clock(ended, &clock).await;
    clock.pause(at("2026-03-02T08:30"), "挂账").unwrap();
    office.run_clock(paused, &clock).await;
    sqlx::query("update city_case set state = 'closed', ended_at = opened_at where case_id = $1")
        .bind(ended)
        .execute(&office.city.db)
        .await
        .unwrap();
    let round = office.round(at("2026-03-20T08:00")).await;
    assert_eq!(round, Round::default());
    assert!(office.alarm_names(ended).await.is_empty());
    assert!(office.alarm_names(paused).await.is_empty());
}

#[tokio::test]
async fn r3_6_a_breach_puts_the_case_under_supervision() {
    let office = Office::new().await;
    let (case, watched) = (office.case().await, office.case().await);
    for case in [case, watched] {
        office
            .run_clock(case, &continuous(hours(10), "2026-03-02T08:00"))
            .await;
    }
    // a desk's own delay is no reason to press the unit
    let checked = office.case().await;
    let mut check = continuous(hours(10), "2026-03-02T08:00");
    check.stage = Stage::Check;
    office.run_clock(checked, &check).await;
    sqlx::query("update city_case set supervised = true where case_id = $1")
        .bind(watched)
        .execute(&office.city.db)
        .await
        .unwrap();
    let orders = async |case: i64| -> Vec<(Option<String>, Value)> {
        sqlx::query_as(
            "select reason, after -> 'supervised' from case_event
            where case_id = $1 and actor = 'system' and action = 'supervise'",
        )
        .bind(case)
        .fetch_all(&office.city.db)
        .await
        .unwrap()
    };
    office.round(at("2026-03-02T17:59")).await;
    assert_eq!(orders(case).await, []);
    office.round(at("2026-03-02T18:00")).await;
    office.round(at("2026-03-02T18:01")).await;
    let [(Some(reason), supervised)] = &orders(case).await[..] else {
        panic!("one order with a reason: {:?}", orders(case).await);
    };
    assert!(reason.contains("超时"), "{reason}");
    assert_eq!(supervised, true);
    assert_eq!(orders(watched).await, []);
    assert_eq!(orders(checked).await, []);
    let stages: Vec<Stage> = sqlx::query_scalar(
        "select stage from case_clock where case_id = $1 and stopped_at is null order by clock_id",
    )
    .bind(case)
    .fetch_all(&office.city.db)
    .await
    .unwrap();
    assert_eq!(stages, [Stage::Handling, Stage::Supervision]);
}

#[tokio::test]
async fn a_suspension_ends_on_its_date_whoever_was_down() {
    let office = Office::new().await;
    let case = office.case().await;
    let mut clock = continuous(hours(10), "2026-03-02T08:00");
    clock.pause(at("2026-03-02T10:00"), "挂账").unwrap();
    office.run_clock(case, &clock).await;
    sqlx::query(
        "update city_case set state = 'suspended', resume_at = $2, rule_set_id = $3
        where case_id = $1",
    )
    .bind(case)
    .bind(at("2026-03-09T08:00"))
    .bind(office.workflow.rules.in_force(at("2026-03-02T08:00")).id())
    .execute(&office.city.db)
    .await
    .unwrap();
    assert_eq!(office.round(at("2026-03-09T07:59")).await, Round::default());
    // two of the ten hours had gone, so it is due at 16:00; nobody looked until 15:00
    let round = office.round(at("2026-03-09T15:00")).await;
    assert_eq!(round.cases, [CaseId(case)].into());
    assert_eq!(office.round(at("2026-03-09T15:00")).await, Round::default());
    let (state, resume_at): (CaseState, Option<DateTime<Utc>>) =
        sqlx::query_as("select state, resume_at from city_case where case_id = $1")
            .bind(case)
            .fetch_one(&office.city.db)
            .await
            .unwrap();
    assert_eq!((state, resume_at), (CaseState::Handling, None));
    let alarms = office.alarms(case).await;
    assert_eq!(alarms.len(), 1);
    assert_eq!(alarms[0].2["reached_at"], "2026-03-09T06:00:00Z");
    assert_eq!(alarms[0].2["due_at"], "2026-03-09T08:00:00Z");
}

#[tokio::test]
async fn the_service_raises_alarms_also_those_of_when_it_was_down() {
    let office = Office::new().await;
    let (soon, later) = (office.case().await, office.case().await);
    office
        .run_clock(soon, &continuous(hours(1), "2026-03-02T08:00"))
        .await;
    office
        .run_clock(later, &continuous(hours(10), "2026-03-02T08:00"))
        .await;
    let time = SetTime::new(at("2026-03-02T08:50"));
    let given = TimeSource::Set(time.clone());
    let start = || TestService::start_with(&office.city, |config| config.time = given.clone());

    let service = start().await;
    wait_for(&office, soon, &["warned"]).await;
    time.set(at("2026-03-02T09:00"));
    wait_for(&office, soon, &["warned", "breached"]).await;
    assert!(office.alarm_names(later).await.is_empty());
    service.stop().await;

    time.set(at("2026-03-20T08:00"));
    let service = start().await;
    wait_for(&office, soon, &ALL).await;
    wait_for(&office, later, &ALL).await;
    service.stop().await;
}

async fn wait_for(office: &Office, case: i64, expected: &[&str]) {
    for _ in 0..200 {
        if office.alarm_names(case).await == expected {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(office.alarm_names(case).await, expected);
}
