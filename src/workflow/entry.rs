//! From what a step changes to the row that says so.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::act::{Order, hexadecimal};
use super::apply::UNDO_CLOCKS;
use super::case::{CaseClock, Facts, WorkCase};
use super::store::{ClockRow, Entry};
use super::{Change, Step};
use crate::access::Role;
use crate::rules::RuleSet;

/// The row a step becomes.
pub(super) fn entry<'a>(
    order: &Order<'a>,
    case: &WorkCase,
    rules: &RuleSet,
    change: &Change,
    step: &Step,
    role: Option<Role>,
    now: DateTime<Utc>,
) -> Entry<'a> {
    let (mut before, after) = difference(&case.facts, &change.facts);
    if step.undo {
        // what a step that is taken back has to restore
        let clocks = serde_json::to_value(&case.clocks).unwrap_or_default();
        before.insert(UNDO_CLOCKS.to_owned(), clocks);
    }
    let row = |clock: &CaseClock| clock_row(clock, rules);
    let is_new = |clock: &&CaseClock| clock.clock_id.is_none();
    let is_changed = |clock: &&CaseClock| clock.clock_id.is_some() && !case.clocks.contains(clock);
    let stays = |id: &i64| change.clocks.iter().any(|now| now.clock_id == Some(*id));
    let ids = case.clocks.iter().filter_map(|clock| clock.clock_id);
    let key = order.key.filter(|_| order.actor.person_id().is_some());
    Entry {
        case: case.id,
        written_version: case.written_version,
        after: Value::Object(after),
        before: Value::Object(before),
        changed_clocks: change.clocks.iter().filter(is_changed).map(row).collect(),
        new_clocks: change.clocks.iter().filter(is_new).map(row).collect(),
        gone_clocks: ids.filter(|id| !stays(id)).collect(),
        pictures: order.command.picture_ids(),
        picture_kind: change.pictures,
        action: step.action,
        at: now,
        actor: order.actor.name(),
        person: order.actor.person_id(),
        role,
        reason: change.reason.clone(),
        detail: Value::Object(change.detail.clone()),
        key: key.map(|(key, _)| key),
        request_sha256: key.map(|(_, sha256)| hexadecimal(&sha256)),
    }
}

/// The columns that differ, as they were and as they are to be.
fn difference(before: &Facts, after: &Facts) -> (Map<String, Value>, Map<String, Value>) {
    let object = |facts| match serde_json::to_value(facts) {
        Ok(Value::Object(columns)) => columns,
        Ok(_) | Err(_) => Map::new(),
    };
    let (mut before, mut after) = (object(before), object(after));
    before.retain(|column, old| after.get(column) != Some(old));
    after.retain(|column, _| before.contains_key(column));
    (before, after)
}

fn clock_row(stored: &CaseClock, rules: &RuleSet) -> ClockRow {
    let clock = stored.clock();
    let calendar = rules.calendar();
    let next = clock.next_alarm(calendar, rules.policy().escalate_after);
    ClockRow {
        clock_id: stored.clock_id,
        stage: clock.stage,
        round: clock.round,
        calendar: clock.calendar,
        limit_s: stored.limit_s,
        started_at: clock.started_at,
        stopped_at: clock.stopped_at,
        due_at: clock.due_at(calendar),
        next_alarm_at: next.map(|(at, _)| at),
        pauses: clock.pauses,
    }
}
