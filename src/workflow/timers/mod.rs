//! What happens to a case because time passes: its clocks warn, breach and escalate, a breach puts
//! it under supervision, a dispute nobody settles rises, what was suspended until a date is resumed,
//! and what waits for a unit goes to another when the unit ends. Article 3.
//!
//! When a clock has to be looked at next stands in its row. A round takes the rows whose time has
//! come and locks them with their cases, skipping what others are at; what is raised is noted in
//! the same transaction as its event. So every alarm is raised once, whoever was down and whoever
//! else is running.

mod store;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use metrics::counter;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;

use super::{ActError, Command, SupervisionLevel, Workflow};
use crate::cases::{CaseId, DisputeLevel};
use crate::clock::{Alarm, Stage};
use crate::rules::RuleSet;
use crate::telemetry;

use store::{DueClock, RaisedAlarm};

/// Cases or clocks looked at in one transaction.
const BATCH: i64 = 200;
/// Between two rounds at most: a clock that another instance starts is not seen before.
const SLEEP_MAX: TimeDelta = TimeDelta::seconds(1);
/// Between two rounds at least: what is due may be locked by somebody's action.
const SLEEP_MIN: TimeDelta = TimeDelta::milliseconds(50);
/// After a round that failed.
const RETRY: TimeDelta = TimeDelta::seconds(2);

/// What history says why the service supervises.
const OVERDUE: &str = "超时自动督办 / Supervised by the service: the time limit has passed";

/// What history says why a dispute rises by itself.
const UNSETTLED: &str = "协调超时，自动提交上一级 / Not settled in time: raised by the service";

/// What a round did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Round {
    /// Cases that have a new event.
    pub cases: BTreeSet<CaseId>,
    /// As much was due as a round takes: the next one should follow at once.
    pub full: bool,
}

/// Goes its rounds until `stop`, at the time that `now` tells.
pub async fn run(
    db: PgPool,
    workflow: Workflow,
    now: impl Fn() -> DateTime<Utc>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let pause = match go_round(&db, &workflow, now()).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a round of the timers failed");
                RETRY
            }
        };
        let pause = pause.to_std().unwrap_or(Duration::ZERO);
        stop.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
}

/// One round; returns how long nothing is to be done.
async fn go_round(
    db: &PgPool,
    workflow: &Workflow,
    now: DateTime<Utc>,
) -> anyhow::Result<TimeDelta> {
    if round(db, workflow, now).await?.full {
        return Ok(TimeDelta::zero());
    }
    let next_at = store::next_at(db).await?;
    let wait = next_at.map_or(SLEEP_MAX, |next_at| next_at - now);
    Ok(wait.clamp(SLEEP_MIN, SLEEP_MAX))
}

/// Does what is due at `now`. Suspensions end first: what their clocks reached since is due too.
///
/// # Errors
/// When the database does not do its part; what was not committed is due still.
pub async fn round(db: &PgPool, workflow: &Workflow, now: DateTime<Utc>) -> anyhow::Result<Round> {
    let mut done = end_suspensions(db, workflow, now).await?;
    let raised = raise_alarms(db, workflow, now).await?;
    let given_on = leave_ended_units(db, workflow, now).await?;
    for part in [raised, given_on] {
        done.cases.extend(part.cases);
        done.full |= part.full;
    }
    Ok(done)
}

/// Resumes what was suspended until now, at the time that was agreed: a service that was down
/// gives nobody more time.
async fn end_suspensions(
    db: &PgPool,
    workflow: &Workflow,
    now: DateTime<Utc>,
) -> anyhow::Result<Round> {
    let mut tx = db.begin().await?;
    let due = store::lock_suspended(&mut *tx, now, BATCH)
        .await
        .context("find suspensions that end")?;
    let mut round = Round {
        cases: BTreeSet::new(),
        full: is_batch(due.len()),
    };
    for (case, resume_at) in due {
        let resume = Command::Resume { reason: None };
        if act(workflow, &mut tx, case, &resume, resume_at).await? {
            round.cases.insert(case);
        }
    }
    tx.commit().await?;
    Ok(round)
}

/// Takes cases from units that have ended. What the memory of the rules still gives to such a unit is
/// looked at again in the next round.
async fn leave_ended_units(
    db: &PgPool,
    workflow: &Workflow,
    now: DateTime<Utc>,
) -> anyhow::Result<Round> {
    let mut round = Round::default();
    let territory = workflow.territory.now();
    let mut ended = store::ended_units(db, now)
        .await
        .context("find units that have ended")?;
    ended.retain(|unit| !territory.is_standing(*unit));
    if ended.is_empty() {
        return Ok(round);
    }
    let mut tx = db.begin().await?;
    let theirs = store::lock_of_ended_units(&mut *tx, now, &ended, BATCH)
        .await
        .context("find cases of units that have ended")?;
    for (case, sent) in theirs {
        let leave = if sent {
            Command::TakeBack
        } else {
            Command::Reroute
        };
        if act(workflow, &mut tx, case, &leave, now).await? {
            round.cases.insert(case);
        }
    }
    tx.commit().await?;
    round.full = is_batch(round.cases.len());
    Ok(round)
}

/// Raises the alarms that have come.
async fn raise_alarms(
    db: &PgPool,
    workflow: &Workflow,
    now: DateTime<Utc>,
) -> anyhow::Result<Round> {
    let mut tx = db.begin().await?;
    let due = store::lock_due(&mut *tx, now, BATCH)
        .await
        .context("find due clocks")?;
    let full = is_batch(due.len());
    let mut raised = Vec::new();
    let mut overdue = BTreeSet::new();
    let mut unsettled = BTreeSet::new();
    let mut looked_at = Vec::new();
    for clock in due {
        let own = clock.rule_set_id.and_then(|id| workflow.rules.get(id));
        let set = own.unwrap_or_else(|| workflow.rules.in_force(clock.opened_at));
        let before = raised.len();
        let clock = raise(clock, &set, now, &mut raised);
        let breached = raised[before..]
            .iter()
            .any(|new| new.alarm == Alarm::Breach);
        if breached && !clock.supervised && judges_a_unit(clock.clock.stage) {
            overdue.insert((clock.case_id, clock.emergency));
        }
        if breached && can_rise(&clock) {
            unsettled.insert(clock.case_id);
        }
        looked_at.push(clock);
    }
    store::update_clocks(&mut *tx, &looked_at)
        .await
        .context("note what was raised")?;
    store::insert_alarms(&mut *tx, &raised, now)
        .await
        .context("tell what was raised")?;
    for (case, emergency) in overdue {
        act(workflow, &mut tx, case, &supervision(emergency), now).await?;
    }
    // the new level has its own clock, from now: a service that was down skips no level
    for case in unsettled {
        let escalate = Command::Escalate {
            opinion: UNSETTLED.to_owned(),
        };
        act(workflow, &mut tx, case, &escalate, now).await?;
    }
    tx.commit().await?;
    for alarm in &raised {
        counter!(telemetry::CLOCK_ALARMS, "alarm" => name(alarm.alarm)).increment(1);
    }
    let cases = raised.iter().map(|alarm| alarm.case_id).collect();
    Ok(Round { cases, full })
}

/// Raises every alarm of a clock that has come, in their order, also those long past.
fn raise(
    mut due: DueClock,
    rules: &RuleSet,
    now: DateTime<Utc>,
    raised: &mut Vec<RaisedAlarm>,
) -> DueClock {
    let office = rules.calendar();
    let escalate_after = rules.policy().escalate_after;
    let due_at = due.clock.due_at(office);
    let mut next = due.clock.next_alarm(office, escalate_after);
    // a case that has ended is not spoken of any more
    if due.ended {
        next = None;
    }
    while let Some((at, alarm)) = next.filter(|(at, _)| *at <= now) {
        due.clock.raised(alarm, now);
        raised.push(RaisedAlarm {
            case_id: due.case_id,
            alarm,
            detail: json!({
                "clock_id": due.clock_id,
                "stage": due.clock.stage,
                "round": due.clock.round,
                "reached_at": at,
                "due_at": due_at,
            }),
        });
        next = due.clock.next_alarm(office, escalate_after);
    }
    due.next_alarm_at = next.map(|(at, _)| at);
    due
}

/// Whether a clock measures the unit that has the case: it can answer an order.
fn judges_a_unit(stage: Stage) -> bool {
    match stage {
        Stage::Handling | Stage::Arrival | Stage::Repair | Stage::Quick => true,
        Stage::Filing
        | Stage::Verification
        | Stage::Dispatch
        | Stage::Dispute
        | Stage::Review
        | Stage::Check
        | Stage::Closing
        | Stage::Supervision => false,
    }
}

/// Whether a dispute that was not settled in time goes to the next level. Article 15.
fn can_rise(due: &DueClock) -> bool {
    let runs = due.clock.stage == Stage::Dispute && due.clock.stopped_at.is_none();
    runs && due.dispute_level != Some(DisputeLevel::Committee)
}

fn supervision(emergency: bool) -> Command {
    Command::Supervise {
        level: if emergency {
            SupervisionLevel::Important
        } else {
            SupervisionLevel::Normal
        },
        reason: OVERDUE.to_owned(),
        due_at: None,
    }
}

/// Takes a step as the service; whether it was possible. A refusal is no reason to leave other
/// cases undone.
async fn act(
    workflow: &Workflow,
    tx: &mut PgConnection,
    case: CaseId,
    command: &Command,
    at: DateTime<Utc>,
) -> anyhow::Result<bool> {
    match workflow.act_as_system(tx, case, command, at).await {
        Ok(_) => Ok(true),
        Err(ActError::Other(error)) => Err(error),
        Err(refused) => {
            tracing::error!(%case, ?command, %refused, "the timers may not take a step");
            Ok(false)
        }
    }
}

fn is_batch(count: usize) -> bool {
    i64::try_from(count).is_ok_and(|count| count == BATCH)
}

fn name(alarm: Alarm) -> &'static str {
    match alarm {
        Alarm::Warn => "warn",
        Alarm::Breach => "breach",
        Alarm::Escalate => "escalate",
    }
}
