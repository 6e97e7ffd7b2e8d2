//! The clock against the slow one, on any calendar, with any deeds in any order.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::reference_tests::{DAY, Deed, SlowClock, SlowOffice};
use super::{
    Alarm, CalendarKind, Clock, ClockError, DayKind, Lamp, SpecialDay, Stage, WorkCalendar,
};

/// 2026-01-01, the first day of what is tried.
const FIRST_DAY: i64 = 20_454;
const DAYS: i64 = 28;
/// Every limit is reached within so many days: they have an hour of office time at least.
const HORIZON_DAYS: i64 = 140;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

fn time_of_day(minute: i64) -> NaiveTime {
    NaiveTime::MIN + TimeDelta::minutes(minute)
}

fn date(day: i64) -> NaiveDate {
    NaiveDate::default() + TimeDelta::days(day)
}

/// One to three openings; the first has an hour at least, the last may end at midnight.
fn hours() -> impl Strategy<Value = Vec<(i64, i64)>> {
    let edges = prop::collection::btree_set(60..=DAY, 2..=6);
    edges.prop_map(|edges| {
        let edges: Vec<i64> = edges.into_iter().collect();
        let mut hours: Vec<(i64, i64)> = edges
            .chunks_exact(2)
            .map(|pair| (pair[0], pair[1]))
            .collect();
        hours[0].0 -= 60;
        hours
    })
}

fn office() -> impl Strategy<Value = SlowOffice> {
    let days = prop::collection::btree_map(FIRST_DAY..FIRST_DAY + DAYS, any::<bool>(), 0..10);
    (-14 * 60..=14 * 60_i64, hours(), days).prop_map(|(ahead, hours, days)| SlowOffice {
        ahead,
        hours,
        days,
    })
}

/// The same office, as the product knows it.
fn calendar(office: &SlowOffice) -> WorkCalendar {
    let special = |(day, open): (&i64, &bool)| {
        let kind = if *open {
            DayKind::Workday
        } else {
            DayKind::Holiday
        };
        let day_of_kind = SpecialDay {
            kind,
            name_zh: "某日".to_owned(),
            name_en: "some day".to_owned(),
        };
        (date(*day), day_of_kind)
    };
    let days: BTreeMap<NaiveDate, SpecialDay> = office.days.iter().map(special).collect();
    let hours = office.hours.iter();
    let hours = hours.map(|(from, to)| (time_of_day(*from), time_of_day(*to)));
    let seconds = i32::try_from(office.ahead * 60).unwrap();
    let zone = FixedOffset::east_opt(seconds).unwrap();
    WorkCalendar::new(zone, hours.collect(), days).unwrap()
}

fn moment() -> impl Strategy<Value = i64> {
    FIRST_DAY * DAY..(FIRST_DAY + DAYS) * DAY
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => Just(Deed::Pause),
        4 => Just(Deed::Resume),
        1 => Just(Deed::Stop),
    ]
}

/// What should come of a deed, from what was done before.
fn verdict(slow: &SlowClock, when: i64, deed: Deed) -> Result<(), ClockError> {
    let last = slow.deeds.last();
    if matches!(last, Some((_, Deed::Stop))) {
        return Err(ClockError::Stopped);
    }
    if when < last.map_or(slow.started, |(seen, _)| *seen) {
        return Err(ClockError::Backwards);
    }
    let paused = matches!(last, Some((_, Deed::Pause)));
    match deed {
        Deed::Pause if paused => Err(ClockError::Paused),
        Deed::Resume if !paused => Err(ClockError::NotPaused),
        Deed::Pause | Deed::Resume | Deed::Stop => Ok(()),
    }
}

fn perform(clock: &mut Clock, when: i64, deed: Deed) -> Result<(), ClockError> {
    match deed {
        Deed::Pause => clock.pause(at(when), "test"),
        Deed::Resume => clock.resume(at(when)),
        Deed::Stop => clock.stop(at(when)),
    }
}

/// A clock and the slow one, with the same past; and the office, which a continuous clock ignores.
#[derive(Debug)]
struct Pair {
    clock: Clock,
    slow: SlowClock,
    calendar: WorkCalendar,
    /// Minutes.
    limit: i64,
}

fn pair() -> impl Strategy<Value = Pair> {
    // not sorted, so that many are refused; three in four are in order
    let deeds = prop::collection::vec((moment(), deed()), 0..8);
    let deeds = (deeds, 0..4).prop_map(|(mut deeds, any_order)| {
        if any_order > 0 {
            deeds.sort_by_key(|(when, _)| *when);
        }
        deeds
    });
    let limit = (1..=600_i64, 0..=600_i64);
    (office(), any::<bool>(), moment(), limit, deeds).prop_map(
        |(office, working, started, (limit, extension), deeds)| {
            let calendar = calendar(&office);
            let kind = if working {
                CalendarKind::Working
            } else {
                CalendarKind::Continuous
            };
            let mut slow = SlowClock {
                office: working.then_some(office),
                started,
                deeds: Vec::new(),
            };
            let mut clock = Clock::start(Stage::Handling, 0, kind, minutes(limit), at(started));
            for (number, (when, deed)) in deeds.into_iter().enumerate() {
                let expected = verdict(&slow, when, deed);
                assert_eq!(perform(&mut clock, when, deed), expected);
                if expected.is_ok() {
                    slow.deeds.push((when, deed));
                }
                // the limit changes in the middle of its life
                if number == 2 {
                    clock.extend(minutes(extension));
                }
            }
            let limit = clock.limit.num_minutes();
            Pair {
                clock,
                slow,
                calendar,
                limit,
            }
        },
    )
}

/// The clock as if it were not stopped: a due time says when it would be due.
fn unstopped(slow: &SlowClock) -> SlowClock {
    let mut slow = slow.clone();
    if let Some((_, last)) = slow
        .deeds
        .last_mut()
        .filter(|(_, deed)| *deed == Deed::Stop)
    {
        *last = Deed::Resume;
    }
    slow
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn office_time_is_counted_as_minute_by_minute(
        office in office(), from in moment(), to in moment(),
    ) {
        let calendar = calendar(&office);
        let slow = SlowClock { office: Some(office), started: from, deeds: Vec::new() };
        let counted = calendar.working_between(at(from), at(to));
        prop_assert_eq!(counted, minutes(slow.elapsed(to)));
    }

    #[test]
    fn after_and_between_undo_each_other(
        office in office(), from in moment(), worked in 0..3_000_i64, to in moment(),
    ) {
        let calendar = calendar(&office);
        let end = calendar.after(at(from), minutes(worked));
        prop_assert_eq!(calendar.working_between(at(from), end), minutes(worked));
        // the earliest such instant: a moment before it, some was still missing
        if worked > 0 {
            let before = end - TimeDelta::nanoseconds(1);
            prop_assert!(calendar.working_between(at(from), before) < minutes(worked));
        }
        let counted = calendar.working_between(at(from), at(to));
        if from <= to {
            prop_assert!(calendar.after(at(from), counted) <= at(to));
        } else {
            prop_assert_eq!(counted, TimeDelta::zero());
        }
        prop_assert!(calendar.next_opening(at(from)) >= at(from));
        let wait = calendar.working_between(at(from), calendar.next_opening(at(from)));
        prop_assert_eq!(wait, TimeDelta::zero());
    }

    #[test]
    fn what_has_elapsed_is_what_the_minutes_say(pair in pair(), now in moment()) {
        let elapsed = pair.clock.elapsed(at(now), &pair.calendar);
        prop_assert_eq!(elapsed, minutes(pair.slow.elapsed(now)));
        prop_assert_eq!(pair.clock.left(at(now), &pair.calendar), minutes(pair.limit) - elapsed);
        let lamp = match elapsed.num_minutes() {
            gone if gone >= pair.limit => Lamp::Red,
            gone if gone * 5 >= pair.limit * 4 => Lamp::Yellow,
            _ => Lamp::Green,
        };
        prop_assert_eq!(pair.clock.lamp(at(now), &pair.calendar), lamp);
    }

    #[test]
    fn it_is_due_with_the_minute_that_fills_the_limit(pair in pair(), now in moment()) {
        let horizon = (FIRST_DAY + HORIZON_DAYS) * DAY;
        let due = unstopped(&pair.slow).reaches(pair.limit, horizon);
        prop_assert_eq!(pair.clock.due_at(&pair.calendar), due.map(at));
        // late: the minute that filled the limit is over, and the clock had not stopped before
        let stopped = pair.slow.deeds.iter().find(|(_, deed)| *deed == Deed::Stop);
        let end = stopped.map_or(now, |(stopped, _)| now.min(*stopped));
        let late = due.is_some_and(|due| end > due);
        prop_assert_eq!(pair.clock.is_breached(at(now), &pair.calendar), late);
    }

    #[test]
    fn every_alarm_is_called_once_in_order_at_its_time(pair in pair(), grace in 0..600_i64) {
        let horizon = (FIRST_DAY + HORIZON_DAYS) * DAY;
        let slow = unstopped(&pair.slow);
        let stopped = pair.slow.deeds.iter().find(|(_, deed)| *deed == Deed::Stop);
        // in fifths of a minute: four fifths of a limit need not be whole minutes
        let counted = |fifths: i64| slow.reaches(fifths.div_euclid(5).max(1), horizon);
        let mut clock = pair.clock.clone();
        let expected = [
            (Alarm::Warn, pair.limit * 4),
            (Alarm::Breach, pair.limit * 5),
            (Alarm::Escalate, (pair.limit + grace) * 5),
        ];
        for (alarm, fifths) in expected {
            let next = clock.next_alarm(&pair.calendar, minutes(grace));
            if fifths % 5 == 0 {
                let reached = counted(fifths)
                    .filter(|reached| stopped.is_none_or(|(stopped, _)| reached < stopped));
                prop_assert_eq!(next, reached.map(|reached| (at(reached), alarm)));
            }
            let Some((when, called)) = next else { return Ok(()) };
            prop_assert_eq!(called, alarm);
            clock.raised(alarm, when);
        }
        prop_assert_eq!(clock.next_alarm(&pair.calendar, minutes(grace)), None);
    }

    #[test]
    fn what_it_explains_is_what_the_minutes_say(pair in pair(), now in moment()) {
        let told = pair.clock.explain(at(now), &pair.calendar);
        let mut end = at(pair.slow.started);
        let mut counted = TimeDelta::zero();
        for interval in &told {
            prop_assert_eq!(interval.from, end);
            prop_assert!(interval.to > interval.from);
            let from = (interval.from - DateTime::UNIX_EPOCH).num_minutes();
            let to = (interval.to - DateTime::UNIX_EPOCH).num_minutes();
            for minute in from..to {
                prop_assert_eq!(interval.why, pair.slow.state(minute), "minute {}", minute);
            }
            if interval.counted {
                counted += interval.to - interval.from;
            }
            end = interval.to;
        }
        prop_assert_eq!(end, at(now.max(pair.slow.started)));
        prop_assert_eq!(counted, pair.clock.elapsed(at(now), &pair.calendar));
    }
}
