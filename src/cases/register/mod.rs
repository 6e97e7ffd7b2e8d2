//! Problems that people report become cases: collectors on site, operators for callers, media and
//! departments, leaders. Article 11.

mod external;
mod http;
mod rule;
mod store;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::access::Role;
use crate::clock::{CalendarKind, Clock, Stage};
use crate::rules::RuleSet;

use super::{CaseId, CaseSource, recurrence};

pub use http::routes;
pub use rule::RuleBroken;

/// Who may report, and what their reports come from.
const REPORTERS: &[(Role, &[CaseSource])] = &[
    (Role::Collector, &[CaseSource::Collector]),
    (
        Role::Operator,
        &[
            CaseSource::Hotline,
            CaseSource::Public,
            CaseSource::Media,
            CaseSource::Department,
            CaseSource::Exchange,
        ],
    ),
    (Role::Leader, &[CaseSource::Leader]),
];

/// What the filing clock's columns of a case and of its clock say.
struct FilingClock {
    calendar: CalendarKind,
    limit_s: i32,
    due_at: Option<DateTime<Utc>>,
    warn_at: Option<DateTime<Utc>>,
    next_alarm_at: Option<DateTime<Utc>>,
}

/// Starts a case that somebody reported; returns the settled case that it is a recurrence of.
async fn start(
    tx: &mut PgConnection,
    case: CaseId,
    rules: &RuleSet,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<CaseId>> {
    start_filing_clock(tx, case, rules, at).await?;
    // as near as another report has to be to be offered as a duplicate
    recurrence::link(tx, case, rules.policy().duplicate_radius_m, rules, at).await
}

/// Writes the rule set a new case is kept to, and starts its filing clock. Article 12.
pub async fn start_filing_clock(
    tx: &mut PgConnection,
    case: CaseId,
    rules: &RuleSet,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let limit = rules.stage_limit(Stage::Filing);
    let clock = Clock::start(Stage::Filing, 0, limit.calendar, limit.limit, at);
    let office = rules.calendar();
    let started = FilingClock {
        calendar: clock.calendar,
        limit_s: i32::try_from(limit.limit.num_seconds()).unwrap_or(i32::MAX),
        due_at: clock.due_at(office),
        warn_at: clock.warn_at(office),
        next_alarm_at: clock
            .next_alarm(office, rules.policy().escalate_after)
            .map(|(alarm_at, _)| alarm_at),
    };
    store::start_filing_clock(tx, case, rules.id(), &started, at).await
}
