//! Cases with dates one can look up, among them mistakes that are easily made.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Alarm, CalendarKind, Clock, ClockError, Lamp, Stage, Why, WorkCalendar};

/// An instant of China's local time.
fn at(local: &str) -> DateTime<Utc> {
    let with_zone = format!("{local}:00+08:00");
    with_zone.parse().unwrap()
}

fn hours(hours: i64) -> TimeDelta {
    TimeDelta::hours(hours)
}

fn working(limit: TimeDelta, from: &str) -> Clock {
    Clock::start(Stage::Handling, 0, CalendarKind::Working, limit, at(from))
}

fn continuous(limit: TimeDelta, from: &str) -> Clock {
    Clock::start(Stage::Arrival, 0, CalendarKind::Continuous, limit, at(from))
}

#[test]
fn what_pends_over_a_weekend_loses_no_office_time() {
    let office = WorkCalendar::china_2026();
    // Friday 16:00 to Monday 10:00
    let clock = working(hours(4), "2026-03-06T16:00");
    assert_eq!(clock.due_at(&office), Some(at("2026-03-09T10:00")));
    assert_eq!(clock.elapsed(at("2026-03-08T12:00"), &office), hours(2));
    // paused from Friday 17:00 to Monday 9:00: an hour before, three after
    let mut clock = working(hours(4), "2026-03-06T16:00");
    clock.pause(at("2026-03-06T17:00"), "材料未到").unwrap();
    assert_eq!(clock.due_at(&office), None);
    clock.resume(at("2026-03-09T09:00")).unwrap();
    assert_eq!(clock.due_at(&office), Some(at("2026-03-09T12:00")));
    assert_eq!(clock.left(at("2026-03-09T11:00"), &office), hours(1));
}

#[test]
fn a_pause_survives_a_change_of_the_limit() {
    let office = WorkCalendar::china_2026();
    let mut clock = working(hours(4), "2026-03-02T08:00");
    clock.pause(at("2026-03-02T09:00"), "争议协调").unwrap();
    clock.resume(at("2026-03-02T11:00")).unwrap();
    assert_eq!(clock.due_at(&office), Some(at("2026-03-02T16:00")));
    clock.extend(hours(4));
    assert_eq!(clock.elapsed(at("2026-03-02T12:00"), &office), hours(2));
    assert_eq!(clock.due_at(&office), Some(at("2026-03-03T10:00")));
}

#[test]
fn an_office_matter_escalates_in_office_hours() {
    let office = WorkCalendar::china_2026();
    let mut clock = working(hours(2), "2026-03-06T16:00");
    let raise = |clock: &mut Clock, expected: (&str, Alarm)| {
        let next = clock.next_alarm(&office, hours(2)).unwrap();
        assert_eq!(next, (at(expected.0), expected.1));
        clock.raised(next.1, next.0);
    };
    raise(&mut clock, ("2026-03-06T17:36", Alarm::Warn));
    raise(&mut clock, ("2026-03-06T18:00", Alarm::Breach));
    // not Friday 20:00
    raise(&mut clock, ("2026-03-09T10:00", Alarm::Escalate));
    assert_eq!(clock.next_alarm(&office, hours(2)), None);
}

#[test]
fn a_make_up_workday_counts() {
    let office = WorkCalendar::china_2026();
    // Friday 13 February 17:00; Saturday 14 is worked, then nine days are free
    let day = working(office.working_day(), "2026-02-13T17:00");
    assert_eq!(day.due_at(&office), Some(at("2026-02-14T17:00")));
    let two_days = working(office.working_day() * 2, "2026-02-13T17:00");
    assert_eq!(two_days.due_at(&office), Some(at("2026-02-24T17:00")));
}

#[test]
fn an_emergency_runs_through_the_night_of_a_holiday() {
    let office = WorkCalendar::china_2026();
    let clock = continuous(hours(2), "2026-10-01T23:00");
    assert_eq!(clock.due_at(&office), Some(at("2026-10-02T01:00")));
}

#[test]
fn the_due_time_itself_is_in_time() {
    let office = WorkCalendar::china_2026();
    let clock = continuous(hours(2), "2026-03-02T08:00");
    assert_eq!(clock.lamp(at("2026-03-02T09:35"), &office), Lamp::Green);
    assert_eq!(clock.lamp(at("2026-03-02T09:36"), &office), Lamp::Yellow);
    assert_eq!(clock.lamp(at("2026-03-02T10:00"), &office), Lamp::Red);
    assert!(!clock.is_breached(at("2026-03-02T10:00"), &office));
    assert!(clock.is_breached(at("2026-03-02T10:01"), &office));
    // due on Friday at 18:00: no office time has passed on Saturday, but the due time has
    let clock = working(hours(2), "2026-03-06T16:00");
    assert!(!clock.is_breached(at("2026-03-06T18:00"), &office));
    assert!(clock.is_breached(at("2026-03-07T09:00"), &office));
}

#[test]
fn what_was_reached_before_the_stop_is_still_called() {
    let office = WorkCalendar::china_2026();
    let mut clock = continuous(hours(10), "2026-03-02T08:00");
    clock.stop(at("2026-03-02T17:00")).unwrap();
    let warn = Some((at("2026-03-02T16:00"), Alarm::Warn));
    assert_eq!(clock.next_alarm(&office, hours(2)), warn);
    clock.raised(Alarm::Warn, at("2026-03-02T17:30"));
    assert_eq!(clock.next_alarm(&office, hours(2)), None);
    assert!(!clock.is_breached(at("2026-03-09T00:00"), &office));
    assert_eq!(clock.elapsed(at("2026-03-09T00:00"), &office), hours(9));
}

#[test]
fn what_was_due_before_a_pause_stays_due_then() {
    let office = WorkCalendar::china_2026();
    let mut clock = continuous(hours(2), "2026-03-02T08:00");
    clock.pause(at("2026-03-02T11:00"), "挂账").unwrap();
    assert_eq!(clock.due_at(&office), Some(at("2026-03-02T10:00")));
    assert!(clock.is_breached(at("2026-03-02T12:00"), &office));
}

#[test]
fn a_longer_limit_calls_its_own_alarms() {
    let office = WorkCalendar::china_2026();
    let mut clock = continuous(hours(10), "2026-03-02T08:00");
    clock.raised(Alarm::Warn, at("2026-03-02T16:00"));
    clock.extend(hours(10));
    let warn = Some((at("2026-03-03T00:00"), Alarm::Warn));
    assert_eq!(clock.next_alarm(&office, hours(2)), warn);
}

#[test]
fn deeds_out_of_order_are_refused() {
    let mut clock = continuous(hours(2), "2026-03-02T08:00");
    assert_eq!(
        clock.resume(at("2026-03-02T09:00")),
        Err(ClockError::NotPaused)
    );
    assert_eq!(
        clock.pause(at("2026-03-02T07:59"), "早"),
        Err(ClockError::Backwards)
    );
    clock.pause(at("2026-03-02T09:00"), "一").unwrap();
    assert_eq!(
        clock.pause(at("2026-03-02T09:30"), "二"),
        Err(ClockError::Paused)
    );
    assert_eq!(
        clock.resume(at("2026-03-02T08:30")),
        Err(ClockError::Backwards)
    );
    clock.resume(at("2026-03-02T10:00")).unwrap();
    assert_eq!(
        clock.pause(at("2026-03-02T09:59"), "叠"),
        Err(ClockError::Backwards)
    );
    clock.stop(at("2026-03-02T11:00")).unwrap();
    assert_eq!(clock.stop(at("2026-03-02T11:30")), Err(ClockError::Stopped));
    assert_eq!(
        clock.pause(at("2026-03-02T12:00"), "三"),
        Err(ClockError::Stopped)
    );
}

#[test]
fn it_tells_every_interval_and_why() {
    let office = WorkCalendar::china_2026();
    // Friday before the Spring Festival
    let mut clock = working(hours(16), "2026-02-13T16:00");
    clock.pause(at("2026-02-14T10:00"), "等待配件").unwrap();
    clock.resume(at("2026-02-14T15:00")).unwrap();
    clock.stop(at("2026-02-24T09:00")).unwrap();
    let told: Vec<(Why, DateTime<Utc>, bool, Option<String>)> = clock
        .explain(at("2026-02-24T12:00"), &office)
        .into_iter()
        .map(|told| (told.why, told.to, told.counted, told.reason.or(told.day_zh)))
        .collect();
    let row =
        |why, to, counted, said: Option<&str>| (why, at(to), counted, said.map(str::to_owned));
    let spring = Some("春节");
    let expected = [
        row(Why::OfficeHours, "2026-02-13T18:00", true, None),
        row(Why::Closed, "2026-02-14T08:00", false, None),
        row(Why::MakeUpWorkday, "2026-02-14T10:00", true, spring),
        row(Why::Paused, "2026-02-14T15:00", false, Some("等待配件")),
        row(Why::MakeUpWorkday, "2026-02-14T18:00", true, spring),
        row(Why::Closed, "2026-02-15T00:00", false, None),
        row(Why::Holiday, "2026-02-24T00:00", false, spring),
        row(Why::Closed, "2026-02-24T08:00", false, None),
        row(Why::OfficeHours, "2026-02-24T09:00", true, None),
        row(Why::Stopped, "2026-02-24T12:00", false, None),
    ];
    assert_eq!(told, expected);
}
