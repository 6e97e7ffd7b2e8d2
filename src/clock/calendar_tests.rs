use chrono::{DateTime, Datelike as _, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::{CalendarError, DayKind, WorkCalendar};

/// An instant of China's local time.
fn at(local: &str) -> DateTime<Utc> {
    let with_zone = format!("{local}:00+08:00");
    with_zone.parse().unwrap()
}

fn hours(hours: i64) -> TimeDelta {
    TimeDelta::hours(hours)
}

fn time(hour: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, 0, 0).unwrap()
}

#[test]
fn the_calendar_of_2026_is_that_of_the_notice() {
    let calendar = WorkCalendar::china_2026();
    let of_kind = |kind| -> Vec<NaiveDate> {
        let days = calendar.days().iter();
        days.filter(|(_, day)| day.kind == kind)
            .map(|(date, _)| *date)
            .collect()
    };
    let holidays = of_kind(DayKind::Holiday);
    assert_eq!(holidays.len(), 3 + 9 + 3 + 5 + 3 + 3 + 7);
    let workdays: Vec<String> = of_kind(DayKind::Workday)
        .iter()
        .map(|date| date.to_string())
        .collect();
    let expected = [
        "2026-01-04",
        "2026-02-14",
        "2026-02-28",
        "2026-05-09",
        "2026-09-20",
        "2026-10-10",
    ];
    assert_eq!(workdays, expected);
    // what makes up for a holiday would be free otherwise
    for date in of_kind(DayKind::Workday) {
        assert!(date.weekday().number_from_monday() > 5, "{date}");
    }
    let spring = &calendar.days()[&NaiveDate::from_ymd_opt(2026, 2, 17).unwrap()];
    assert_eq!(
        (&*spring.name_zh, &*spring.name_en),
        ("春节", "Spring Festival")
    );
    // 365 days, 104 of them weekends; the holidays take 33 days, of which 9 are weekends
    let year = calendar.working_between(at("2026-01-01T00:00"), at("2027-01-01T00:00"));
    let weekends_off = holidays
        .iter()
        .filter(|date| date.weekday().number_from_monday() > 5)
        .count();
    let working_days = 365 - 104 - (33 - weekends_off) + 6;
    assert_eq!(year, hours(8) * i32::try_from(working_days).unwrap());
}

#[test]
fn a_working_day_is_eight_hours() {
    assert_eq!(WorkCalendar::china_2026().working_day(), hours(8));
}

#[test]
fn what_ends_with_an_opening_does_not_wait_for_the_next() {
    let calendar = WorkCalendar::china_2026();
    // a Monday
    let morning = calendar.after(at("2026-03-02T08:00"), hours(4));
    assert_eq!(morning, at("2026-03-02T12:00"));
    let day = calendar.after(at("2026-03-02T08:00"), hours(8));
    assert_eq!(day, at("2026-03-02T18:00"));
    let friday = calendar.after(at("2026-03-06T14:00"), hours(4));
    assert_eq!(friday, at("2026-03-06T18:00"));
}

#[test]
fn outside_office_hours_the_next_opening_begins() {
    let calendar = WorkCalendar::china_2026();
    for (instant, opening) in [
        ("2026-03-02T07:59", "2026-03-02T08:00"),
        ("2026-03-02T08:00", "2026-03-02T08:00"),
        ("2026-03-02T11:59", "2026-03-02T11:59"),
        ("2026-03-02T12:00", "2026-03-02T14:00"),
        ("2026-03-06T18:00", "2026-03-09T08:00"),
        ("2026-02-14T18:00", "2026-02-24T08:00"),
        ("2026-02-27T18:00", "2026-02-28T08:00"),
    ] {
        assert_eq!(calendar.next_opening(at(instant)), at(opening), "{instant}");
        let due = calendar.after(at(instant), hours(1));
        assert_eq!(calendar.working_between(at(opening), due), hours(1));
    }
}

#[test]
fn hours_that_are_none_are_refused() {
    let zone = FixedOffset::east_opt(0).unwrap();
    let made = |hours| WorkCalendar::new(zone, hours, Default::default()).map(|_| ());
    assert_eq!(made(vec![]), Err(CalendarError::NoHours));
    let (eight, twelve, eighteen, midnight) = (time(8), time(12), time(18), time(0));
    assert_eq!(made(vec![(twelve, eight)]), Err(CalendarError::Reversed));
    assert_eq!(made(vec![(twelve, twelve)]), Err(CalendarError::Reversed));
    let overlapping = vec![(eight, eighteen), (twelve, midnight)];
    assert_eq!(made(overlapping), Err(CalendarError::Overlapping));
    let after_midnight = vec![(twelve, midnight), (eight, eighteen)];
    assert_eq!(made(after_midnight), Err(CalendarError::Overlapping));
    assert_eq!(made(vec![(midnight, midnight)]), Ok(()));
    assert_eq!(made(vec![(eight, twelve), (twelve, midnight)]), Ok(()));
}
