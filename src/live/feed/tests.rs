use super::*;
use crate::access::Scope;
use crate::cases::{CaseCell, CaseSource, CaseState};
use crate::territory::Unit;

fn row(id: i64, version: i32) -> CaseRow {
    CaseRow {
        id: CaseId(id),
        class: "M06042".parse().unwrap(),
        state: CaseState::Reported,
        source: CaseSource::Camera,
        lon: 119.92,
        lat: 32.45,
        cell: CaseCell {
            id: 1,
            code: "321202001001001".to_owned(),
        },
        district_id: None,
        component_id: None,
        unit: None,
        handling_unit: None,
        camera_id: None,
        first_seen_at: DateTime::UNIX_EPOCH,
        last_seen_at: DateTime::UNIX_EPOCH,
        sighting_count: 1,
        opened_at: DateTime::UNIX_EPOCH,
        version,
        condition_id: None,
        text: String::new(),
        place_text: String::new(),
        emergency: false,
        dispatch_level: 0,
        worker_id: None,
        assignee_id: None,
        pending: None,
        dispute_level: None,
        round: 0,
        supervised: false,
        overdue: false,
        ended_at: None,
        merged_into: None,
        recurrence_of: None,
        clock: None,
        helper_unit_ids: Vec::new(),
        reported_by: None,
    }
}

/// Of unit 7, or of everybody.
fn scope(sees_all: bool) -> Scope {
    Scope {
        person_id: 1,
        sees_all,
        works_all: false,
        districts: Vec::new(),
        work_districts: Vec::new(),
        cells: Vec::new(),
        units: vec![7],
        sector_units: Vec::new(),
    }
}

fn of_unit(id: i32, row: CaseRow) -> CaseRow {
    let unit = Unit {
        id,
        name_zh: String::new(),
        name_en: String::new(),
    };
    CaseRow {
        handling_unit: Some(unit),
        ..row
    }
}

fn publish(feed: &LiveFeed, change: CaseChange) {
    feed.publish(&[change], DateTime::UNIX_EPOCH);
    feed.send_batch();
}

/// `(case, version)` of each change, and the new cases, of the batch a step holds.
fn content(step: Option<LiveStep>) -> (Vec<(i64, i64)>, Vec<i64>) {
    let Some(LiveStep::Batch(event)) = step else {
        panic!("{step:?}")
    };
    let data = event.for_scope(&scope(true)).unwrap();
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    assert_eq!(data["seq"], event.seq);
    let number = |value: &serde_json::Value| value.as_i64().unwrap();
    let up = data["up"].as_array().unwrap().iter();
    let new = data["new"].as_array().unwrap().iter();
    (
        up.map(|row| (number(&row["id"]), number(&row["version"])))
            .collect(),
        new.map(number).collect(),
    )
}

#[tokio::test]
async fn changes_of_one_case_collapse_into_the_newest() {
    let feed = LiveFeed::start();
    let mut client = feed.subscribe(None);
    let changes = [
        CaseChange::Opened(row(1, 1)),
        CaseChange::SeenAgain(row(2, 7)),
        CaseChange::SeenAgain(row(1, 3)),
        CaseChange::SeenAgain(row(1, 2)),
        CaseChange::Unchanged(CaseId(9)),
    ];
    feed.publish(&changes, DateTime::UNIX_EPOCH);
    assert_eq!(
        content(client.next().await),
        (vec![(1, 3), (2, 7)], vec![1])
    );
    publish(&feed, CaseChange::SeenAgain(row(1, 4)));
    assert_eq!(content(client.next().await), (vec![(1, 4)], vec![]));
}

#[tokio::test]
async fn a_client_that_comes_back_gets_exactly_what_it_missed() {
    let feed = LiveFeed::start();
    let start = feed.seq();
    publish(&feed, CaseChange::Opened(row(1, 1)));
    let seen = feed.seq();
    publish(&feed, CaseChange::Opened(row(2, 1)));
    publish(&feed, CaseChange::SeenAgain(row(1, 2)));
    let missed = |after: &str| {
        let mut client = feed.subscribe(Some(after));
        let steps = std::iter::from_fn(move || client.known());
        steps
            .map(|step| content(Some(step)).0[0])
            .collect::<Vec<_>>()
    };
    assert_eq!(missed(&start), [(1, 1), (2, 1), (1, 2)]);
    assert_eq!(missed(&seen), [(2, 1), (1, 2)]);
    assert_eq!(missed(&feed.seq()), []);
}

#[tokio::test]
async fn an_unknown_past_is_a_reset() {
    let feed = LiveFeed::start();
    publish(&feed, CaseChange::Opened(row(1, 1)));
    let later = format!("{}-{}", feed.epoch, 99);
    for after in ["00000000-1", later.as_str(), "", "7", "x-y"] {
        let mut client = feed.subscribe(Some(after));
        assert_eq!(client.known(), Some(LiveStep::Reset), "{after:?}");
        assert_eq!(client.known(), None);
        assert_eq!(client.seq(), feed.seq());
    }
}

#[tokio::test]
async fn what_is_kept_is_bounded_and_its_loss_is_a_reset() {
    let feed = LiveFeed::start();
    let start = feed.seq();
    let mut before_last = String::new();
    for version in 0..8 {
        let crowd: Vec<CaseChange> = (0..5_000)
            .map(|id| CaseChange::SeenAgain(row(id, version)))
            .collect();
        before_last = feed.seq();
        feed.publish(&crowd, DateTime::UNIX_EPOCH);
        feed.send_batch();
        assert!(feed.lock().kept_bytes <= KEPT_BYTES_MAX);
    }
    assert_eq!(feed.subscribe(Some(&start)).known(), Some(LiveStep::Reset));
    let (up, _) = content(feed.subscribe(Some(&before_last)).known());
    assert_eq!(up.len(), 5_000);
}

#[tokio::test]
async fn a_client_that_lags_starts_over() {
    let feed = LiveFeed::start();
    let mut slow = feed.subscribe(None);
    for version in 0..=i32::try_from(BEHIND_MAX).unwrap() {
        publish(&feed, CaseChange::SeenAgain(row(1, version)));
    }
    assert_eq!(slow.next().await, Some(LiveStep::Reset));
    publish(&feed, CaseChange::SeenAgain(row(1, 1_000)));
    assert_eq!(content(slow.next().await), (vec![(1, 1_000)], vec![]));
}

#[tokio::test]
async fn closing_sends_what_waits_and_ends_every_stream() {
    let feed = LiveFeed::start();
    let mut client = feed.subscribe(None);
    feed.publish(&[CaseChange::Opened(row(1, 1))], DateTime::UNIX_EPOCH);
    feed.close();
    assert_eq!(content(client.next().await), (vec![(1, 1)], vec![1]));
    assert_eq!(client.next().await, None);
}

/// `(up, new, gone)` as ids, of the next batch for a scope; `None`: it is not for them.
fn seen_by(scope: &Scope, step: Option<LiveStep>) -> Option<[Vec<i64>; 3]> {
    let Some(LiveStep::Batch(event)) = step else {
        panic!("{step:?}")
    };
    let data: serde_json::Value = serde_json::from_str(&event.for_scope(scope)?).unwrap();
    let ids = |name: &str| {
        let list = data[name].as_array().unwrap().iter();
        list.map(|one| one.as_i64().or(one["id"].as_i64()).unwrap())
            .collect()
    };
    Some([ids("up"), ids("new"), ids("gone")])
}

#[tokio::test]
async fn a_unit_sees_its_cases_come_and_go_and_no_others() {
    let feed = LiveFeed::start();
    let mut client = feed.subscribe(None);
    let unit = scope(false);
    publish(&feed, CaseChange::Opened(row(1, 1)));
    assert_eq!(seen_by(&unit, client.next().await), None);
    let mine = of_unit(7, row(1, 2));
    let others = of_unit(8, row(2, 1));
    feed.publish(
        &[CaseChange::Changed(mine), CaseChange::Opened(others)],
        DateTime::UNIX_EPOCH,
    );
    feed.send_batch();
    assert_eq!(
        seen_by(&unit, client.next().await),
        Some([vec![1], vec![], vec![]])
    );
    publish(&feed, CaseChange::Changed(of_unit(8, row(1, 3))));
    assert_eq!(
        seen_by(&unit, client.next().await),
        Some([vec![], vec![], vec![1]])
    );
    publish(&feed, CaseChange::Changed(of_unit(9, row(1, 4))));
    assert_eq!(seen_by(&unit, client.next().await), None);
}

#[tokio::test]
async fn a_case_is_shown_to_the_one_person_it_was_given_to() {
    let feed = LiveFeed::start();
    let mut client = feed.subscribe(None);
    let [one, other] = [1, 2].map(|person_id| Scope {
        person_id,
        units: Vec::new(),
        ..scope(false)
    });
    let given = CaseRow {
        assignee_id: Some(2),
        ..row(1, 1)
    };
    publish(&feed, CaseChange::Opened(given));
    let Some(LiveStep::Batch(event)) = client.next().await else {
        panic!()
    };
    assert!(event.for_scope(&one).is_none());
    assert!(event.for_scope(&other).is_some());
    assert!(event.for_scope(&one).is_none());
}

#[tokio::test]
async fn what_went_out_already_is_not_sent_again() {
    let feed = LiveFeed::start();
    let mut client = feed.subscribe(None);
    publish(&feed, CaseChange::Opened(row(1, 1)));
    publish(&feed, CaseChange::Changed(row(1, 2)));
    content(client.next().await);
    content(client.next().await);
    feed.relay(&[CaseChange::Opened(row(1, 1))], DateTime::UNIX_EPOCH);
    feed.relay(&[CaseChange::Changed(row(1, 2))], DateTime::UNIX_EPOCH);
    feed.send_batch();
    assert_eq!(feed.seq(), client.seq());
    feed.relay(&[CaseChange::Changed(row(1, 3))], DateTime::UNIX_EPOCH);
    assert_eq!(content(client.next().await).0, [(1, 3)]);
}
