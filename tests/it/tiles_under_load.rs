//! Tiles while much of them is asked for, much changes, and the database dies.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use mvt_reader::Reader;
use mvt_reader::feature::Value;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::StatusCode;
use sqlx::{Connection as _, PgConnection};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::city::TestCity;
use crate::service::{TestClient, TestService};

/// Five seconds of a thousand rows a second; on a busy machine it takes longer.
const COMMITS: i64 = 250;
const COMMIT_EVERY: Duration = Duration::from_millis(20);
const ROWS_A_COMMIT: i64 = 20;
const COMPONENTS: i64 = 2_000;
/// Beside other tests, in an unoptimised build.
const MISSED_AFTER: Duration = Duration::from_secs(30);
const LOADERS: u32 = 2;

/// Twenty to a tile of zoom 16, one tile beside the other.
async fn lay_out(city: &TestCity) {
    sqlx::query(
        "insert into component (class_code, name, geom, source)
         select 'C03005', '0', st_setsrid(st_makepoint(
                 119.9185 + (n / 20) * 360 / 65536.0 + n % 20 * 1e-5, 32.452), 4326), 'load'
         from generate_series(0, $1 - 1) as n",
    )
    .bind(COMPONENTS)
    .execute(&city.db)
    .await
    .unwrap();
}

/// The tile that a group of twenty is in.
fn tile(group: i64) -> String {
    format!("/tiles/components/16/{}/26516?full=1", 54_598 + group)
}

/// Gives a group's components a new name; the round is the name.
async fn commit(db: &mut PgConnection, group: i64, round: i64) -> sqlx::Result<()> {
    sqlx::query(
        "update component set name = $2::text where component_id > $1 * $3 and component_id <= ($1 + 1) * $3",
    )
    .bind(group)
    .bind(round)
    .bind(ROWS_A_COMMIT)
    .execute(db)
    .await?;
    Ok(())
}

/// The round that each component of a tile shows.
async fn rounds(client: &TestClient, group: i64) -> HashMap<u64, i64> {
    let answer = client.get(&tile(group)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{group}");
    let bytes = answer.bytes().await.unwrap().to_vec();
    let features = Reader::new(bytes).unwrap().get_features(0).unwrap();
    let round = |feature: mvt_reader::feature::Feature| {
        let name = feature.properties.unwrap().remove("name");
        let Some(Value::String(name)) = name else {
            panic!("{name:?}");
        };
        (feature.id.unwrap(), name.parse().unwrap())
    };
    features.into_iter().map(round).collect()
}

/// Until all twenty of a group show this round or a later one, and all of them the same.
async fn look(client: &TestClient, group: i64, round: i64) {
    let began = Instant::now();
    let ids = group * ROWS_A_COMMIT + 1..=(group + 1) * ROWS_A_COMMIT;
    loop {
        let rounds = rounds(client, group).await;
        let mut seen = ids.clone().map(|id| rounds[&id.unsigned_abs()]);
        let first = seen.next().unwrap();
        assert!(
            seen.all(|round| round == first),
            "half a commit: {rounds:?}"
        );
        if first >= round {
            return;
        }
        assert!(
            began.elapsed() < MISSED_AFTER,
            "round {round} of group {group} was missed"
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// People who ask for one tile after the other, and always get it.
fn load(service: &TestService, client: &TestClient, stop: &CancellationToken) -> JoinSet<()> {
    let mut loaders = JoinSet::new();
    for first in 0..LOADERS {
        let (client, stop) = (service.client_with(client), stop.clone());
        loaders.spawn(async move {
            let mut group = i64::from(first) * 37;
            while !stop.is_cancelled() {
                group = (group + 7) % (COMPONENTS / ROWS_A_COMMIT);
                assert!(rounds(&client, group).await.len() >= 20);
            }
        });
    }
    loaders
}

/// Which group a round changes.
fn group_of(round: i64) -> i64 {
    round * 7 % (COMPONENTS / ROWS_A_COMMIT)
}

async fn all_ended(mut tasks: JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_of_a_thousand_changes_a_second_is_missed() {
    let city = TestCity::new().await;
    lay_out(&city).await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let stop = CancellationToken::new();
    let loaders = load(&service, &client, &stop);
    let mut db = PgConnection::connect_with(&city.options).await.unwrap();
    let mut tick = tokio::time::interval(COMMIT_EVERY);
    let mut looks = JoinSet::new();
    for round in 1..=COMMITS {
        tick.tick().await;
        commit(&mut db, group_of(round), round).await.unwrap();
        let client = service.client_with(&client);
        looks.spawn(async move { look(&client, group_of(round), round).await });
    }
    all_ended(looks).await;
    stop.cancel();
    all_ended(loaders).await;
}

/// One of the server's processes dies, so it throws everybody out and recovers, three times: tiles
/// go on from memory, and what was committed is in them afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgis_dies_under_load_and_nothing_is_stale() {
    let (city, _server) = TestCity::in_a_server_of_its_own().await;
    lay_out(&city).await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let stop = CancellationToken::new();
    // everybody who asks is known for as long as the database is away
    rounds(&client, 0).await;
    let loaders = load(&service, &client, &stop);
    let mut committed = HashMap::new();
    let mut round = 0;
    for _ in 0..3 {
        let mut db = back(&city).await;
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(1) {
            round += 1;
            commit(&mut db, group_of(round), round).await.unwrap();
            committed.insert(group_of(round), round);
        }
        let pid: i32 = sqlx::query_scalar("select pg_backend_pid()")
            .fetch_one(&mut db)
            .await
            .unwrap();
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        // in doubt: it may have been committed, and is not looked for
        drop(commit(&mut db, 0, round).await);
    }
    drop(back(&city).await);
    for (group, round) in committed {
        look(&client, group, round).await;
    }
    stop.cancel();
    all_ended(loaders).await;
    let ready = client.get("/readyz").send().await.unwrap();
    assert_eq!(ready.status(), StatusCode::OK);
}

/// A connection, as soon as there can be one.
async fn back(city: &TestCity) -> PgConnection {
    let began = Instant::now();
    loop {
        match PgConnection::connect_with(&city.options).await {
            Ok(db) => return db,
            Err(error) => assert!(began.elapsed() < MISSED_AFTER, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
