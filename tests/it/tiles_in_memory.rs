//! The components' tiles in memory against the database they follow.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use cityward::config::TileChanges;
use mvt_reader::Reader;
use reqwest::StatusCode;
use sqlx::Connection as _;

use crate::city::{TestCity, place};
use crate::service::{TestClient, TestService, problem};

const Z: u32 = 16;
/// The tile of zoom 16 in which the test city's corner lies.
const X: u32 = 54_598;
const Y: u32 = 26_516;

/// Features of a tile's bytes: id, class, state, place.
fn features(bytes: Vec<u8>) -> BTreeSet<String> {
    if bytes.is_empty() {
        return BTreeSet::new();
    }
    let reader = Reader::new(bytes).unwrap();
    reader
        .get_features(0)
        .unwrap()
        .into_iter()
        .map(|feature| {
            let mut tags: Vec<String> = feature
                .properties
                .iter()
                .flatten()
                .map(|(key, value)| format!("{key}={value:?}"))
                .collect();
            tags.sort();
            format!("{:?} {} {:?}", feature.id, tags.join(" "), feature.geometry)
        })
        .collect()
}

async fn ours(client: &TestClient, query: &str) -> BTreeSet<String> {
    // in full: with nothing left out where there is much
    let path = format!("/tiles/components/{Z}/{X}/{Y}?full=1{query}");
    let mut answer = client.get(&path).send().await.unwrap();
    for _ in 0..10 {
        // much at once takes a slow machine longer than a request waits
        if answer.status() != StatusCode::SERVICE_UNAVAILABLE {
            break;
        }
        answer = client.get(&path).send().await.unwrap();
    }
    let expected = [StatusCode::OK, StatusCode::NO_CONTENT];
    assert!(expected.contains(&answer.status()), "{answer:?}");
    features(answer.bytes().await.unwrap().to_vec())
}

/// A service whose tiles learn of changes in that way.
async fn following(city: &TestCity, tile_changes: TileChanges) -> TestService {
    TestService::start_with(city, |config| config.tiles.tile_changes = tile_changes).await
}

const WAYS: [TileChanges; 2] = [TileChanges::CommitLog, TileChanges::Written];

async fn after_commit(city: &TestCity, client: &TestClient) -> BTreeSet<String> {
    let lsn: String = sqlx::query_scalar("select pg_current_wal_insert_lsn()::text")
        .fetch_one(&city.db)
        .await
        .unwrap();
    ours(client, &format!("&min_lsn={lsn}")).await
}

/// The same tile made by PostGIS.
async fn postgis(city: &TestCity) -> BTreeSet<String> {
    let bytes: Vec<u8> = sqlx::query_scalar(
        "select coalesce(st_asmvt(row, 'components', 4096, 'geom', 'component_id'), '')
         from (
             select component_id, class_code as class, state::text as state,
                 st_asmvtgeom(st_transform(anchor, 3857), st_tileenvelope($1, $2, $3), 4096, 64, true) as geom
             from component where state <> 'removed'
         ) as row where geom is not null",
    )
    .bind(Z as i32)
    .bind(X as i32)
    .bind(Y as i32)
    .fetch_one(&city.db)
    .await
    .unwrap();
    features(bytes)
}

async fn scatter(city: &TestCity, count: i32) {
    sqlx::query(
        "insert into component (class_code, geom, source)
         select (array['C03005', 'C01002', 'C01037'])[1 + n % 3],
             st_setsrid(st_makepoint(119.918 + (n * 7919 % 1000) * 1e-5, 32.447 + (n * 104729 % 997) * 1e-5), 4326),
             'scatter'
         from generate_series(1, $1) as n",
    )
    .bind(count)
    .execute(&city.db)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_tile_holds_what_postgis_would_put_into_it() {
    let city = TestCity::new().await;
    scatter(&city, 3_000).await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let theirs = postgis(&city).await;
    assert!(theirs.len() > 300, "{}", theirs.len());
    assert_eq!(ours(&client, "").await, theirs);
}

#[tokio::test]
async fn every_kind_of_change_by_plain_sql_is_in_the_next_tile() {
    for way in WAYS {
        every_kind_of_change_is_in_the_next_tile(way).await;
    }
}

async fn every_kind_of_change_is_in_the_next_tile(way: TileChanges) {
    let city = TestCity::new().await;
    scatter(&city, 300).await;
    let service = following(&city, way).await;
    let client = service.sign_in(&city).await;
    for change in [
        "update component set state = 'damaged' where component_id % 3 = 0",
        "update component set state = 'removed' where component_id % 7 = 0",
        "delete from component where component_id % 5 = 0",
        "update component set geom = st_translate(geom, 0.0005, 0) where component_id % 4 = 0",
        "insert into component (class_code, geom, source)
         select 'C03005', geom, 'more' from component limit 20",
        // the same component several times in one transaction, and one that never was
        "do $$ begin
             insert into component (class_code, geom, source)
                 values ('C03005', 'srid=4326;point(119.9205 32.4507)', 'twice'),
                     ('C03005', 'srid=4326;point(119.9206 32.4507)', 'never');
             update component set state = 'damaged' where source = 'twice';
             update component set geom = st_translate(geom, 0.0001, 0) where source = 'twice';
             delete from component where source = 'never';
         end $$",
        "do $$ declare kept regclass; begin
             for kept in select tgrelid::regclass from pg_trigger where tgname like '%append_only' loop
                 execute format('alter table %s disable trigger user', kept);
             end loop;
             truncate component cascade;
         end $$",
        "insert into component (class_code, geom, source)
         select 'C01037', st_setsrid(st_makepoint(119.9 + (n % 900) * 2.3e-5, 32.451), 4326), 'flood'
         from generate_series(1, 50001) as n",
        "insert into component (class_code, geom, source)
         values ('C03005', 'srid=4326;point(119.921 32.451)', 'last')",
    ] {
        sqlx::query(change).execute(&city.db).await.unwrap();
        assert_eq!(
            after_commit(&city, &client).await,
            postgis(&city).await,
            "{way:?}, after: {change}"
        );
    }
}

#[tokio::test]
async fn a_transaction_is_seen_whole_and_only_when_it_is_committed() {
    for way in WAYS {
        a_transaction_is_seen_whole(way).await;
    }
}

async fn a_transaction_is_seen_whole(way: TileChanges) {
    let city = TestCity::new().await;
    city.component("C03005", place(50.0, 50.0), None).await;
    let service = following(&city, way).await;
    let client = service.sign_in(&city).await;
    let mut writer = sqlx::PgConnection::connect_with(&city.options)
        .await
        .unwrap();
    sqlx::query("begin").execute(&mut writer).await.unwrap();
    sqlx::query("update component set state = 'damaged'")
        .execute(&mut writer)
        .await
        .unwrap();
    // a younger transaction commits first
    city.component("C01002", place(60.0, 50.0), None).await;
    assert_eq!(after_commit(&city, &client).await.len(), 2);
    sqlx::query(
        "insert into component (class_code, geom, source)
         select 'C01037', st_setsrid(st_makepoint(119.921 + n * 1e-8, 32.4505), 4326), 'many'
         from generate_series(1, 20000) as n",
    )
    .execute(&mut writer)
    .await
    .unwrap();
    let seen = ours(&client, "").await;
    assert!(seen.len() == 2 && !seen.iter().any(|it| it.contains("damaged")));
    sqlx::query("commit").execute(&mut writer).await.unwrap();
    // watched without asking for it, every look shows all of it or nothing
    let committed = Instant::now();
    while committed.elapsed() < Duration::from_secs(60) {
        let seen = ours(&client, "").await;
        let damaged = seen.iter().any(|it| it.contains("damaged"));
        assert_eq!(damaged, seen.len() == 20_002, "{} features", seen.len());
        if damaged {
            return;
        }
    }
    panic!("the transaction did not come");
}

#[tokio::test]
async fn a_lost_bell_and_a_lost_connection_leave_nothing_stale() {
    let city = TestCity::new().await;
    let service = following(&city, TileChanges::Written).await;
    let client = service.sign_in(&city).await;
    sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid() and query ilike '%listen%'",
    )
    .execute(&city.db)
    .await
    .unwrap();
    // the change is written down without a bell
    let mut writer = sqlx::PgConnection::connect_with(&city.options)
        .await
        .unwrap();
    sqlx::raw_sql(
        "set session_replication_role = replica;
         insert into component (class_code, geom, source)
             values ('C03005', 'srid=4326;point(119.921 32.451)', 'quiet');
         insert into tile_change (layer, feature_id)
             select 'components', component_id from component;",
    )
    .execute(&mut writer)
    .await
    .unwrap();
    for _ in 0..100 {
        if ours(&client, "").await.len() == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("still stale after five seconds");
}

async fn is_on(city: &TestCity, tile_changes: &str) -> bool {
    let on = format!("select {tile_changes}");
    sqlx::query_scalar(&on).fetch_one(&city.db).await.unwrap()
}

/// Who lost the log of commits reads everything anew, and what happened meanwhile is there.
#[tokio::test]
async fn a_lost_slot_leaves_nothing_stale() {
    let city = TestCity::new().await;
    let service = following(&city, TileChanges::CommitLog).await;
    let client = service.sign_in(&city).await;
    assert!(!is_on(&city, "tile_changes_are_written()").await);
    let mut writer = sqlx::PgConnection::connect_with(&city.options)
        .await
        .unwrap();
    for round in 1..=3 {
        let lost: i64 = sqlx::query_scalar(
            "select count(pg_terminate_backend(active_pid)) from pg_replication_slots
             where database = current_database()",
        )
        .fetch_one(&mut writer)
        .await
        .unwrap();
        assert_eq!(lost, 1);
        city.component("C03005", place(50.0, f64::from(round)), None)
            .await;
        let mut looks = 0;
        while ours(&client, "").await.len() != usize::try_from(round).unwrap() {
            looks += 1;
            assert!(looks < 200, "still stale after ten seconds");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    assert_eq!(ours(&client, "").await, postgis(&city).await);
}

/// A transaction that stays open makes the server keep its log: not for us without end.
#[tokio::test]
async fn the_log_is_let_go_when_much_of_it_is_kept() {
    let city = TestCity::new().await;
    let service = TestService::start_with(&city, |config| {
        config.tiles.tile_log_kept_bytes_max = 1 << 20;
    })
    .await;
    let client = service.sign_in(&city).await;
    let mut open = city.db.begin().await.unwrap();
    sqlx::query("select pg_current_xact_id()")
        .execute(&mut *open)
        .await
        .unwrap();
    sqlx::query("select pg_logical_emit_message(false, 'test', repeat('x', 2000000))")
        .execute(&city.db)
        .await
        .unwrap();
    // another slot would have to wait for that transaction, so changes are written down
    let mut looks = 0;
    while !is_on(&city, "tile_changes_are_written()").await {
        looks += 1;
        assert!(looks < 600, "the log is kept after thirty seconds");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    city.component("C03005", place(50.0, 1.0), None).await;
    assert_eq!(after_commit(&city, &client).await, postgis(&city).await);
    assert_eq!(after_commit(&city, &client).await.len(), 1);
    let kept = "exists (select from pg_replication_slots where database = current_database())";
    while is_on(&city, kept).await {
        looks += 1;
        assert!(looks < 600, "the slot is there after thirty seconds");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Published columns cannot be altered, PostgreSQL says; what is written down can be thrown away.
#[tokio::test]
async fn a_truncated_record_of_changes_leaves_nothing_stale() {
    let city = TestCity::new().await;
    scatter(&city, 200).await;
    let service = following(&city, TileChanges::Written).await;
    let client = service.sign_in(&city).await;
    let before = ours(&client, "").await;
    let altered =
        sqlx::query("alter table component alter column name type text using upper(name)");
    let refused = altered.execute(&city.db).await.unwrap_err().to_string();
    assert!(refused.contains("publication"), "{refused}");
    sqlx::raw_sql("update component set state = 'damaged'; truncate tile_change")
        .execute(&city.db)
        .await
        .unwrap();
    let mut looks = 0;
    while ours(&client, "").await == before {
        looks += 1;
        assert!(looks < 200, "still stale after ten seconds");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(ours(&client, "").await, postgis(&city).await);
    service.stop().await;
}

/// Of two processes on one database one may know one way only: the other does not spoil it.
#[tokio::test]
async fn those_who_follow_differently_show_the_same() {
    let city = TestCity::new().await;
    let first = following(&city, TileChanges::CommitLog).await;
    assert!(!is_on(&city, "tile_changes_are_written()").await);
    let second = following(&city, TileChanges::Written).await;
    assert!(is_on(&city, "tile_changes_are_written()").await);
    let third = following(&city, TileChanges::CommitLog).await;
    assert!(is_on(&city, "tile_changes_are_written()").await);
    let client = first.sign_in(&city).await;
    let all = [
        first.client_with(&client),
        second.client_with(&client),
        third.client_with(&client),
    ];
    scatter(&city, 500).await;
    sqlx::query("update component set name = '长' || component_id, surveyed_on = date '1999-12-31' + component_id::integer")
        .execute(&city.db)
        .await
        .unwrap();
    let theirs = postgis(&city).await.len();
    let mut seen = Vec::new();
    for client in &all {
        seen.push(after_commit(&city, client).await);
    }
    assert_eq!(seen[0].len(), theirs);
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[1], seen[2]);
    second.stop().await;
    let fourth = following(&city, TileChanges::CommitLog).await;
    assert!(!is_on(&city, "tile_changes_are_written()").await);
    let alone = fourth.client_with(&client);
    city.component("C03005", place(50.0, 50.0), None).await;
    assert_eq!(
        after_commit(&city, &alone).await,
        after_commit(&city, &all[2]).await
    );
}

#[tokio::test]
async fn a_commit_that_never_was_is_not_waited_for_for_ever() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let path = format!("/tiles/components/{Z}/{X}/{Y}");
    let future = client.get(&format!("{path}?min_lsn=FFFFFFFF/0"));
    problem(
        future.send().await.unwrap(),
        StatusCode::SERVICE_UNAVAILABLE,
        "commit-not-reached",
    )
    .await;
    let nonsense = client.get(&format!("{path}?min_lsn=yesterday"));
    let body = problem(
        nonsense.send().await.unwrap(),
        StatusCode::BAD_REQUEST,
        "invalid-field",
    )
    .await;
    assert_eq!(body["errors"][0]["field"], "min_lsn");
}
