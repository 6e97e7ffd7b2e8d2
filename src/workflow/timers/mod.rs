//! What happens to a case because time passes: its clocks warn, breach and escalate (Article 3).
//!
//! When a clock has to be looked at next stands in its row. A round takes the rows whose time has
//! come and locks them, skipping those that another instance is at; what is raised is noted in the
//! same transaction as its event. So every alarm is raised once, whoever was down and whoever else
//! is running.

mod store;

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use metrics::counter;
use serde_json::json;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::cases::CaseId;
use crate::clock::Alarm;
use crate::rules::{RuleSet, Rules};
use crate::telemetry;

use store::{DueClock, RaisedAlarm};

/// Clocks looked at in one transaction.
const BATCH: i64 = 200;
/// Between two rounds at most: a clock that another instance starts is not seen before.
const SLEEP_MAX: TimeDelta = TimeDelta::seconds(1);
/// Between two rounds at least: what is due may be locked by somebody's action.
const SLEEP_MIN: TimeDelta = TimeDelta::milliseconds(50);
/// After a round that failed.
const RETRY: TimeDelta = TimeDelta::seconds(2);

/// What a round did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Round {
    /// Cases that have a new event.
    pub cases: Vec<CaseId>,
    /// As many were due as a round takes: the next one should follow at once.
    pub full: bool,
}

/// Goes its rounds until `stop`, at the time that `now` tells.
pub async fn run(
    db: PgPool,
    rules: Rules,
    now: impl Fn() -> DateTime<Utc>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let pause = match go_round(&db, &rules, now()).await {
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
async fn go_round(db: &PgPool, rules: &Rules, now: DateTime<Utc>) -> anyhow::Result<TimeDelta> {
    if round(db, rules, now).await?.full {
        return Ok(TimeDelta::zero());
    }
    let next_at = store::next_alarm_at(db).await?;
    let wait = next_at.map_or(SLEEP_MAX, |next_at| next_at - now);
    Ok(wait.clamp(SLEEP_MIN, SLEEP_MAX))
}

/// Raises what is due at `now`, in one transaction.
///
/// # Errors
/// When the database does not do its part; nothing is raised then.
pub async fn round(db: &PgPool, rules: &Rules, now: DateTime<Utc>) -> anyhow::Result<Round> {
    let mut tx = db.begin().await?;
    let due = store::lock_due(&mut *tx, now, BATCH)
        .await
        .context("find due clocks")?;
    let full = i64::try_from(due.len()).is_ok_and(|due| due == BATCH);
    let mut raised = Vec::new();
    let mut looked_at = Vec::new();
    for clock in due {
        let of_case = clock.rule_set_id.and_then(|id| rules.get(id));
        let set = of_case.unwrap_or_else(|| rules.in_force(now));
        looked_at.push(raise(clock, &set, now, &mut raised));
    }
    store::update_clocks(&mut *tx, &looked_at)
        .await
        .context("note what was raised")?;
    store::insert_alarms(&mut *tx, &raised, now)
        .await
        .context("tell what was raised")?;
    tx.commit().await?;
    for alarm in &raised {
        counter!(telemetry::CLOCK_ALARMS, "alarm" => name(alarm.alarm)).increment(1);
    }
    let mut cases: Vec<CaseId> = raised.iter().map(|alarm| alarm.case_id).collect();
    cases.sort_unstable();
    cases.dedup();
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

fn name(alarm: Alarm) -> &'static str {
    match alarm {
        Alarm::Warn => "warn",
        Alarm::Breach => "breach",
        Alarm::Escalate => "escalate",
    }
}
