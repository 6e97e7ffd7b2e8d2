//! The clock on real requests, and a service that lives in a time it is given.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use cityward::clock::{Alarm, CalendarKind, Clock, Stage, WorkCalendar};
use cityward::time::{SetTime, TimeSource};

use crate::city::TestCity;
use crate::real_data::real_data;
use crate::service::TestService;

/// A request with both dates that judge it. The file's times have no zone; a continuous clock
/// does not need one.
struct Request {
    number: String,
    created: DateTime<Utc>,
    due: DateTime<Utc>,
    closed: DateTime<Utc>,
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    let time = NaiveDateTime::parse_from_str(text, "%m/%d/%Y %I:%M:%S %p");
    time.ok().map(|time| time.and_utc())
}

fn requests(csv: &Path) -> Vec<Request> {
    let mut reader = csv::Reader::from_path(csv).unwrap();
    let headers = reader.headers().unwrap().clone();
    let column = |name| headers.iter().position(|header| header == name).unwrap();
    let number = column("SRRecordID");
    let (created, due, closed) = (
        column("CreatedDate"),
        column("DueDate"),
        column("CloseDate"),
    );
    reader
        .records()
        .filter_map(|row| {
            let row = row.unwrap();
            Some(Request {
                number: row[number].to_owned(),
                created: time(&row[created])?,
                due: time(&row[due])?,
                closed: time(&row[closed])?,
            })
        })
        .collect()
}

/// Of every request with a due and a close date, a continuous clock with the limit that the file
/// grants (due less created) is started when it was created and stopped when it was closed. Those
/// late by the clock, in three ways of asking it, are exactly those whose `CloseDate` lies after
/// their `DueDate`. The 135 closed at the very second they were due are in time.
#[test]
fn the_overdue_requests_of_a_city_are_those_of_its_own_dates() {
    let Some(file) = real_data("requests/baltimore_311_sample.csv") else {
        return;
    };
    let office = WorkCalendar::china_2026();
    let requests = requests(&file);
    assert_eq!(requests.len(), 9_555);
    let late_by = |judge: &dyn Fn(&Clock, &Request) -> bool| -> BTreeSet<&str> {
        let late = requests.iter().filter(|request| {
            let limit = request.due - request.created;
            let kind = CalendarKind::Continuous;
            let mut clock = Clock::start(Stage::Handling, 0, kind, limit, request.created);
            clock.stop(request.closed).unwrap();
            judge(&clock, request)
        });
        late.map(|request| &*request.number).collect()
    };
    let own = late_by(&|_, request| request.closed > request.due);
    assert_eq!(own.len(), 1_567);
    let breached = late_by(&|clock, request| clock.is_breached(request.closed, &office));
    assert!(breached == own);
    let elapsed = late_by(&|clock, request| {
        let counted = clock.explain(request.closed, &office);
        let counted = counted.iter().filter(|interval| interval.counted);
        counted
            .map(|interval| interval.to - interval.from)
            .sum::<TimeDelta>()
            > clock.limit
    });
    assert!(elapsed == own);
    let alarmed = late_by(&|clock, request| {
        let mut clock = clock.clone();
        while let Some((at, alarm)) = clock.next_alarm(&office, TimeDelta::zero()) {
            if alarm == Alarm::Breach {
                assert_eq!(at, request.due);
                return true;
            }
            clock.raised(alarm, at);
        }
        false
    });
    assert!(alarmed == own);
}

#[tokio::test]
async fn the_service_lives_in_the_time_it_is_given() {
    let city = TestCity::new().await;
    let noon: DateTime<Utc> = "2026-03-02T04:00:00Z".parse().unwrap();
    let time = SetTime::new(noon);
    let set = time.clone();
    let service = TestService::start_with(&city, |config| config.time = TimeSource::Set(set)).await;
    let client = service.sign_in(&city).await;
    let works = async || client.get("/api/v1/session").send().await.unwrap().status();
    assert_eq!(works().await, 200);
    // the session is over after a while, however fast the while passes
    time.set(noon + TimeDelta::days(60));
    assert_eq!(works().await, 401);
    service.stop().await;
}
