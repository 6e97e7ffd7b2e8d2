//! Where collectors and checkers on duty are, so that the map shows them (R17.3) and a check goes to
//! somebody who is near (R14.1).
//!
//! A person's page says so while they are on duty and agree. Their last place is kept and no track;
//! who is not heard of is away after two minutes and forgotten after ten.

mod http;
mod store;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgPool};
use utoipa::ToSchema;

pub use http::{own_routes, routes};

use crate::access::Scope;
use crate::space::GroundPoint;

/// Least time between two reports of a person.
const REPORTED_EVERY: TimeDelta = TimeDelta::seconds(2);
/// Who is not heard of for longer is away.
const AWAY_AFTER: TimeDelta = TimeDelta::minutes(2);
/// Who is not heard of for longer is forgotten.
const GONE_AFTER: TimeDelta = TimeDelta::minutes(10);
/// A place that was found earlier says where somebody was.
const FOUND_BEFORE_MAX: TimeDelta = TimeDelta::minutes(2);
/// By how much a device's clock may be ahead of ours.
const AHEAD_MAX: TimeDelta = TimeDelta::minutes(1);
/// What is known less exactly says nothing about who is near, metres.
const ACCURACY_MAX_M: f64 = 1_000.0;

/// Whether somebody on duty is heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "presence", rename_all = "snake_case")]
enum Presence {
    Present,
    /// Not for two minutes.
    Away,
}

/// Where a device says that its person is.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Report {
    at: GroundPoint,
    /// Radius within which the device believes to be.
    accuracy_m: f64,
    /// When the device found out.
    found_at: DateTime<Utc>,
}

/// What is known of a person from before.
#[derive(Debug, Clone, Copy, FromRow)]
struct Known {
    found_at: DateTime<Utc>,
    seen_at: DateTime<Utc>,
}

/// Why a report is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum NotTaken {
    #[error("must be 0 to {ACCURACY_MAX_M}: a place known less exactly is of no use")]
    Inexact,
    #[error("is ahead of the service's clock by more than {} s", AHEAD_MAX.num_seconds())]
    Ahead,
    #[error("is more than {} s old: it says where somebody was", FOUND_BEFORE_MAX.num_seconds())]
    Old,
    #[error("a later place is known already")]
    Overtaken,
    #[error("a place is taken every {} s", REPORTED_EVERY.num_seconds())]
    TooSoon { wait: TimeDelta },
}

impl Report {
    fn check(&self, known: Option<Known>, now: DateTime<Utc>) -> Result<(), NotTaken> {
        if !(0.0..=ACCURACY_MAX_M).contains(&self.accuracy_m) {
            return Err(NotTaken::Inexact);
        }
        if self.found_at > now + AHEAD_MAX {
            return Err(NotTaken::Ahead);
        }
        if self.found_at < now - FOUND_BEFORE_MAX {
            return Err(NotTaken::Old);
        }
        let Some(known) = known else {
            return Ok(());
        };
        if self.found_at < known.found_at {
            return Err(NotTaken::Overtaken);
        }
        let wait = known.seen_at + REPORTED_EVERY - now;
        if wait > TimeDelta::zero() {
            return Err(NotTaken::TooSoon { wait });
        }
        Ok(())
    }
}

/// Of somebody on duty, what decides who sees them: the reading policy of `collector_position`, for
/// rows that are in memory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, FromRow)]
pub struct Onlookers {
    pub person_id: i32,
    /// They go to places that the city works itself.
    pub of_city: bool,
    /// In which they go to places by name.
    pub district_ids: Vec<i32>,
}

impl Scope {
    /// Whether somebody on duty is within reach: one's own, and of those who send people.
    pub(crate) fn sees_on_duty(&self, who: &Onlookers) -> bool {
        let own = who.person_id == self.person_id;
        let sent_by = |district: &i32| self.work_districts.contains(district);
        own || (self.works_all && who.of_city) || who.district_ids.iter().any(sent_by)
    }
}

/// Says who is away and forgets who is gone.
///
/// # Errors
/// The database does not answer.
pub async fn expire(machine: &PgPool, now: DateTime<Utc>) -> sqlx::Result<()> {
    store::expire(machine, now - AWAY_AFTER, now - GONE_AFTER).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(1) + TimeDelta::seconds(second)
    }

    fn report(accuracy_m: f64, found: i64) -> Report {
        Report {
            at: GroundPoint {
                lon: 119.92,
                lat: 32.45,
            },
            accuracy_m,
            found_at: at(found),
        }
    }

    #[test]
    fn a_report_is_of_now_and_of_a_place() {
        assert_eq!(report(8.0, 0).check(None, at(0)), Ok(()));
        assert_eq!(report(1_000.0, -120).check(None, at(0)), Ok(()));
        assert_eq!(report(0.0, 60).check(None, at(0)), Ok(()));
        for (wrong, why) in [
            (report(1_000.1, 0), NotTaken::Inexact),
            (report(-1.0, 0), NotTaken::Inexact),
            (report(f64::NAN, 0), NotTaken::Inexact),
            (report(8.0, 61), NotTaken::Ahead),
            (report(8.0, -121), NotTaken::Old),
        ] {
            assert_eq!(wrong.check(None, at(0)), Err(why));
        }
    }

    #[test]
    fn reports_come_in_order_and_not_too_often() {
        let known = Some(Known {
            found_at: at(0),
            seen_at: at(1),
        });
        assert_eq!(report(8.0, 0).check(known, at(3)), Ok(()));
        let wait = TimeDelta::seconds(1);
        assert_eq!(
            report(8.0, 2).check(known, at(2)),
            Err(NotTaken::TooSoon { wait })
        );
        assert_eq!(
            report(8.0, -1).check(known, at(9)),
            Err(NotTaken::Overtaken)
        );
    }

    #[test]
    fn who_sends_people_sees_those_they_send() {
        let who = |of_city, district_ids: &[i32]| Onlookers {
            person_id: 5,
            of_city,
            district_ids: district_ids.to_vec(),
        };
        let scope = |person_id, works_all, work_districts: &[i32]| Scope {
            person_id,
            // an auditor, too, sees the whole city
            sees_all: true,
            works_all,
            districts: vec![1, 2],
            work_districts: work_districts.to_vec(),
            cells: Vec::new(),
            units: Vec::new(),
            sector_units: Vec::new(),
        };
        for (scope, who, sees) in [
            (scope(1, true, &[]), who(true, &[]), true),
            (scope(1, true, &[]), who(true, &[2]), true),
            // of a district that runs a system of its own
            (scope(1, true, &[]), who(false, &[2]), false),
            (scope(1, false, &[2]), who(false, &[1, 2]), true),
            (scope(1, false, &[2]), who(true, &[1]), false),
            (scope(1, false, &[]), who(true, &[1]), false),
            (scope(5, false, &[]), who(true, &[1]), true),
        ] {
            assert_eq!(scope.sees_on_duty(&who), sees, "{scope:?} {who:?}");
        }
    }
}
