//! From a commit by plain SQL to the tile that shows it, while tiles are loaded at half of what
//! goes and a thousand rows change a second: each of them is looked for in the tile it is in.
//!
//! It goes on for a minute, or for `CITYWARD_FRESHNESS_S` seconds.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use cityward::database::Database;
use mvt_reader::Reader;
use mvt_reader::feature::Value;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::data;
use crate::load::{Ask, Load, load};
use crate::stage::{with_database, with_service};
use crate::visitor::Visitor;

const COMPONENTS: i64 = 1_000_000;
const FOR: Duration = Duration::from_secs(60);
/// A thousand rows a second.
const COMMIT_EVERY: Duration = Duration::from_millis(20);
const ROWS_A_COMMIT: usize = 20;
/// A change that is in no tile by then was missed.
const MISSED_AFTER: Duration = Duration::from_secs(10);
/// Between two questions for the same tile, as part of what is measured: who asks without a pause takes
/// the processor from those who are to answer. Shorter than a timer of the runtime can be.
const PAUSE: Duration = Duration::from_micros(200);
const MAXIMUM_FOR: Duration = Duration::from_secs(5);
/// For the large transaction, after the others.
const LARGE_FOR: Duration = Duration::from_secs(5);
const GOAL_MEDIAN: Duration = Duration::from_millis(2);
const GOAL_P99: Duration = Duration::from_millis(50);
const GOAL_LARGE: Duration = Duration::from_millis(500);
/// Of a tile at zoom 14 at half of what goes.
const GOAL_TILE_P99: Duration = Duration::from_millis(10);
/// Rows of the transaction that must be seen whole.
const LARGE: i64 = 20_000;

pub(crate) fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(with_database(16, async |database: &Database| {
        data::components(&database.pool, COMPONENTS).await?;
        with_service(database, async |base| measure(database, base).await).await
    }))
}

async fn measure(database: &Database, base: &str) -> anyhow::Result<()> {
    let visitor = Visitor::sign_in(&database.pool, base).await?;
    let options = database.pool.connect_options().as_ref().clone();
    let tiles = data::tiles_with_components(&database.pool, 14).await?;
    let asks: Vec<Ask> = tiles
        .into_iter()
        .map(|(tile, _)| Ask {
            path: format!("/tiles/components/{tile}?full=1"),
            tag: None,
        })
        .collect();
    let length = match std::env::var("CITYWARD_FRESHNESS_S") {
        Ok(seconds) => Duration::from_secs(seconds.parse()?),
        Err(_) => FOR,
    };
    let groups = neighbours(&database.pool).await?;
    let writer = change_and_look(options.clone(), visitor.again(), groups, length);
    let maximum = load(&visitor, "gzip", &asks, MAXIMUM_FOR, None)
        .await?
        .per_s;
    // the writer has begun by now; what it sees counts from when it is told
    let loading = {
        let visitor = visitor.again();
        let length = length + LARGE_FOR;
        tokio::spawn(
            async move { load(&visitor, "gzip", &asks, length, Some(maximum / 2.0)).await },
        )
    };
    writer.begin.cancel();
    let mut seen = writer.seen.await.context("the writer has ended")??;
    let mut db = PgConnection::connect_with(&options).await?;
    let large = large(&mut db, &visitor).await?;
    let loaded = loading.await??;
    seen.sort_unstable();
    ensure!(!seen.is_empty(), "nothing was measured");
    println!(
        "{} changes in {} commits in {:.0} s, each looked for in its tile, while {:.0} tiles of zoom 14 \
         were loaded a second, where {maximum:.0} go; none was missed",
        seen.len() * ROWS_A_COMMIT,
        seen.len(),
        length.as_secs_f64(),
        loaded.per_s,
    );
    report(&seen, large, &loaded);
    Ok(())
}

fn report(seen: &[Duration], large: Duration, loaded: &Load) {
    let ms = |wait: Duration| format!("{:.2}", wait.as_secs_f64() * 1000.0);
    let line = |what: &str, took: Duration, goal: Option<Duration>| {
        let judged = goal.map_or_else(String::new, |goal| {
            let met = if took <= goal { "met" } else { "missed" };
            format!("{} ms: {met}", goal.as_millis())
        });
        println!("| {what} | {} | {judged} |", ms(took));
    };
    println!("| from the commit to a tile that shows it | ms | goal |");
    println!("|---|---:|---:|");
    line("median", seen[seen.len() / 2], Some(GOAL_MEDIAN));
    line("p99", seen[seen.len() * 99 / 100], Some(GOAL_P99));
    line("worst", seen[seen.len() - 1], None);
    let whole = format!("{LARGE} rows in one transaction, seen whole");
    line(&whole, large, Some(GOAL_LARGE));
    let tile = "a tile of zoom 14 meanwhile, p99";
    line(tile, loaded.p99, Some(GOAL_TILE_P99));
}

/// Components that are in one tile of zoom 16, as many as a commit changes.
struct Neighbours {
    tile: String,
    ids: Vec<i64>,
}

async fn neighbours(db: &sqlx::PgPool) -> anyhow::Result<Vec<Neighbours>> {
    let tiles: Vec<(String, Vec<i64>)> = sqlx::query_as(
        "with at as (
             select component_id,
                 16 || '/' || floor((st_x(anchor) + 180) / 360 * 65536)::integer || '/'
                    || floor((1 - asinh(tan(radians(st_y(anchor)))) / pi()) / 2 * 65536)::integer as tile
             from component where component_id <= $1
         )
         select tile, (array_agg(component_id order by component_id))[:$2] from at
         group by tile having count(*) >= $2 order by md5(tile)",
    )
    .bind(600_000_i64)
    .bind(i32::try_from(ROWS_A_COMMIT)?)
    .fetch_all(db)
    .await?;
    let neighbours = |(tile, ids)| Neighbours { tile, ids };
    Ok(tiles.into_iter().map(neighbours).collect())
}

/// Who changes and looks.
struct Writer {
    /// From when on what is seen counts.
    begin: CancellationToken,
    seen: tokio::sync::oneshot::Receiver<anyhow::Result<Vec<Duration>>>,
}

/// Commits at a steady pace and looks for each commit by itself: one that takes long holds up
/// neither the next commit nor its look. On a thread of its own, which is nobody's way.
fn change_and_look(
    options: PgConnectOptions,
    visitor: Visitor,
    groups: Vec<Neighbours>,
    length: Duration,
) -> Writer {
    let (tell, seen) = tokio::sync::oneshot::channel();
    let begin = CancellationToken::new();
    let began = begin.clone();
    std::thread::spawn(move || {
        let work = || -> anyhow::Result<Vec<Duration>> {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let work = commits(&options, visitor, groups, length, &began);
            LocalSet::new().block_on(&runtime, work)
        };
        drop(tell.send(work()));
    });
    Writer { begin, seen }
}

async fn commits(
    options: &PgConnectOptions,
    visitor: Visitor,
    groups: Vec<Neighbours>,
    length: Duration,
    begin: &CancellationToken,
) -> anyhow::Result<Vec<Duration>> {
    let mut db = PgConnection::connect_with(options).await?;
    let visitor = Rc::new(visitor);
    let mut tick = tokio::time::interval(COMMIT_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looks = JoinSet::new();
    let mut counts_until = None;
    for (round, group) in (1_u64..).zip(groups.iter().cycle()) {
        tick.tick().await;
        let counts = begin.is_cancelled();
        if counts && *counts_until.get_or_insert_with(|| Instant::now() + length) <= Instant::now()
        {
            break;
        }
        sqlx::query("update component set name = $2 where component_id = any($1)")
            .bind(&group.ids)
            .bind(format!("{round:09}"))
            .execute(&mut db)
            .await?;
        let committed = Instant::now();
        let look = look(
            Rc::clone(&visitor),
            group.tile.clone(),
            group.ids.clone(),
            round,
            committed,
        );
        looks.spawn_local(async move { anyhow::Ok(counts.then_some(look.await?)) });
    }
    let mut seen = Vec::new();
    while let Some(look) = looks.join_next().await {
        if let Some(took) = look?? {
            seen.push(took);
        }
    }
    Ok(seen)
}

/// Asks for a tile, as a page does that has it already, until all these components show this round
/// or a later one.
async fn look(
    visitor: Rc<Visitor>,
    tile: String,
    ids: Vec<i64>,
    round: u64,
    committed: Instant,
) -> anyhow::Result<Duration> {
    let path = format!("/tiles/components/{tile}?full=1");
    let mut had: Option<String> = None;
    loop {
        let answer = visitor.get_newer(&path, "identity", had.as_deref()).await?;
        let tag = answer.headers().get("etag");
        had = tag.and_then(|tag| Some(tag.to_str().ok()?.to_owned()));
        let bytes = answer.bytes().await?;
        let took = committed.elapsed();
        if !bytes.is_empty() && shows(&bytes, &ids, round)? {
            return Ok(took);
        }
        pause();
        if took > MISSED_AFTER {
            bail!("the change of round {round} was missed");
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a pause is what is wanted, shorter than a timer's"
)]
fn pause() {
    std::thread::sleep(PAUSE);
}

fn shows(tile: &[u8], ids: &[i64], round: u64) -> anyhow::Result<bool> {
    let reader = Reader::new(tile.to_vec())?;
    let rounds = reader.get_features(0)?.into_iter().filter_map(|feature| {
        let id = i64::try_from(feature.id?).ok()?;
        match feature.properties?.get("name") {
            Some(Value::String(name)) => Some((id, name.parse::<u64>().ok()?)),
            _ => None,
        }
    });
    let rounds: HashMap<i64, u64> = rounds.collect();
    let is_seen = |id: &i64| rounds.get(id).is_some_and(|&seen| seen >= round);
    Ok(ids.iter().all(is_seen))
}

/// Until a tile at zoom 0 counts all rows of a large transaction; it must never count some of them.
async fn large(db: &mut PgConnection, visitor: &Visitor) -> anyhow::Result<Duration> {
    sqlx::query(
        "update component set state = 'abandoned' where component_id between $1 and $1 + $2 - 1",
    )
    .bind(600_001_i64)
    .bind(LARGE)
    .execute(db)
    .await?;
    let committed = Instant::now();
    loop {
        let bytes = visitor
            .get("/tiles/components/0/0/0?state=abandoned", "identity")
            .await?;
        let bytes = bytes.bytes().await?;
        let took = committed.elapsed();
        if !bytes.is_empty() {
            let reader = Reader::new(bytes.to_vec())?;
            let mut seen = 0;
            for square in reader.get_features(0)? {
                let tags = square.properties.context("a count")?;
                if let Some(Value::UInt(count)) = tags.get("count") {
                    seen += count;
                }
            }
            ensure!(
                seen == LARGE.unsigned_abs(),
                "{seen} of {LARGE} rows were seen"
            );
            return Ok(took);
        }
        ensure!(took < Duration::from_secs(30), "the transaction was missed");
    }
}
