//! From a commit by plain SQL to the tile that shows it, while tiles are loaded at half of what
//! goes and another writer changes a thousand rows a second.
//!
//! It goes on for a minute, or for `CITYWARD_FRESHNESS_S` seconds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use cityward::database::Database;
use mvt_reader::Reader;
use sqlx::{Connection as _, PgConnection};
use tokio_util::sync::CancellationToken;

use crate::data;
use crate::stage::{with_database, with_service};
use crate::visitor::Visitor;

const COMPONENTS: i64 = 1_000_000;
const FOR: Duration = Duration::from_secs(60);
/// Between two changes that are waited for.
const PAUSE: Duration = Duration::from_millis(10);
/// People who load tiles.
const LOADERS: u32 = 8;
const MAXIMUM_FOR: Duration = Duration::from_secs(5);
const GOAL_MEDIAN: Duration = Duration::from_millis(2);
const GOAL_P99: Duration = Duration::from_millis(50);
const GOAL_LARGE: Duration = Duration::from_millis(500);
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
    let visitor = Arc::new(Visitor::sign_in(&database.pool, base).await?);
    let options = database.pool.connect_options().as_ref().clone();
    let mut writer = PgConnection::connect_with(&options).await?;
    let stop = CancellationToken::new();
    let noise = tokio::spawn(noise(options, stop.clone()));
    let tiles = data::tiles_with_components(&database.pool, 14).await?;
    let tiles: Arc<[String]> = tiles.into_iter().map(|(tile, _)| tile).collect();
    let maximum = {
        let stop = CancellationToken::new();
        let load = load(&visitor, &tiles, None, &stop);
        tokio::time::sleep(MAXIMUM_FOR).await;
        stop.cancel();
        load.await? / MAXIMUM_FOR.as_secs_f64()
    };
    let half = maximum / 2.0;
    let load = load(&visitor, &tiles, Some(half), &stop);
    let length = match std::env::var("CITYWARD_FRESHNESS_S") {
        Ok(seconds) => Duration::from_secs(seconds.parse()?),
        Err(_) => FOR,
    };
    let began = Instant::now();
    let mut waits = Vec::new();
    while began.elapsed() < length {
        let id = 500_000 + i64::try_from(waits.len())? % 100_000;
        waits.push(visible_after(&mut writer, &visitor, id, waits.len()).await?);
        tokio::time::sleep(PAUSE).await;
    }
    let took = began.elapsed().as_secs_f64();
    waits.sort_unstable();
    let large = large(&mut writer, &visitor).await?;
    stop.cancel();
    let (rows, loaded) = (noise.await??, load.await?);
    let ms = |wait: Duration| format!("{:.2}", wait.as_secs_f64() * 1000.0);
    let (median, p99) = (waits[waits.len() / 2], waits[waits.len() * 99 / 100]);
    println!(
        "{} changes in {took:.0} s while {rows} other rows changed and {loaded:.0} tiles of zoom 14 were loaded, \
         half of the {maximum:.0}/s that go; none was missed",
        waits.len()
    );
    println!("| from the commit to a tile that shows it | ms | goal |");
    println!("|---|---:|---:|");
    let met = |yes| if yes { "met" } else { "missed" };
    println!(
        "| median | {} | {} ms: {} |",
        ms(median),
        GOAL_MEDIAN.as_millis(),
        met(median <= GOAL_MEDIAN)
    );
    println!(
        "| p99 | {} | {} ms: {} |",
        ms(p99),
        GOAL_P99.as_millis(),
        met(p99 <= GOAL_P99)
    );
    println!("| worst | {} | |", ms(waits[waits.len() - 1]));
    println!(
        "| {LARGE} rows in one transaction, seen whole | {} | {} ms: {} |",
        ms(large),
        GOAL_LARGE.as_millis(),
        met(large <= GOAL_LARGE)
    );
    Ok(())
}

/// Loads tiles at random, so many a second or as many as go, until `stop`; returns how many.
fn load(
    visitor: &Arc<Visitor>,
    tiles: &Arc<[String]>,
    per_s: Option<f64>,
    stop: &CancellationToken,
) -> impl Future<Output = anyhow::Result<f64>> + use<> {
    let loaders = (0..LOADERS).map(|first| {
        let (visitor, tiles, stop) = (Arc::clone(visitor), Arc::clone(tiles), stop.clone());
        tokio::spawn(async move {
            let pace = per_s.map(|per_s| Duration::from_secs_f64(f64::from(LOADERS) / per_s));
            let mut tick = tokio::time::interval(pace.unwrap_or(Duration::from_nanos(1)));
            let mut count = 0_u32;
            while !stop.is_cancelled() {
                if pace.is_some() {
                    tick.tick().await;
                }
                let index = (first + count.wrapping_mul(7919)) as usize % tiles.len();
                let path = format!("/tiles/components/{}?full=1", tiles[index]);
                visitor.get(&path, "gzip").await?.bytes().await?;
                count += 1;
            }
            anyhow::Ok(count)
        })
    });
    // they begin now, not when somebody waits for them
    let loaders: Vec<_> = loaders.collect();
    async move {
        let mut all = 0;
        for loader in loaders {
            all += loader.await??;
        }
        Ok(f64::from(all))
    }
}

/// Changes a thousand rows a second, until `stop`; returns how many.
async fn noise(
    options: sqlx::postgres::PgConnectOptions,
    stop: CancellationToken,
) -> anyhow::Result<u64> {
    let mut db = PgConnection::connect_with(&options).await?;
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let mut rows = 0;
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        let first = i64::try_from(rows * 7919 % 400_000)?;
        let done = sqlx::query(
            "update component set state = case state when 'good' then 'damaged' else 'good' end::component_state
             where component_id between $1 + 1 and $1 + 20",
        )
        .bind(first)
        .execute(&mut db)
        .await?;
        rows += done.rows_affected();
    }
    Ok(rows)
}

/// Marks a component and asks for its tile until the mark is in it.
async fn visible_after(
    db: &mut PgConnection,
    visitor: &Visitor,
    id: i64,
    round: usize,
) -> anyhow::Result<Duration> {
    let mark = format!("probe {round}");
    let tile: String = sqlx::query_scalar(
        "update component set name = $2 where component_id = $1
         returning 16 || '/' || floor((st_x(anchor) + 180) / 360 * 65536)::integer || '/'
             || floor((1 - asinh(tan(radians(st_y(anchor)))) / pi()) / 2 * 65536)::integer",
    )
    .bind(id)
    .bind(&mark)
    .fetch_one(db)
    .await?;
    let committed = Instant::now();
    loop {
        let path = format!("/tiles/components/{tile}?full=1");
        let bytes = visitor.get(&path, "identity").await?.bytes().await?;
        let reader = Reader::new(bytes.to_vec())?;
        let marked = reader.get_features(0)?.into_iter().any(|feature| {
            let name = feature
                .properties
                .and_then(|tags| tags.get("name").cloned());
            name == Some(mvt_reader::feature::Value::String(mark.clone()))
        });
        let took = committed.elapsed();
        if marked {
            return Ok(took);
        }
        ensure!(
            took < Duration::from_secs(10),
            "the change of {id} was missed"
        );
    }
}

/// Until a tile at zoom 0 counts all rows of a large transaction; it must never count some of them.
async fn large(db: &mut PgConnection, visitor: &Visitor) -> anyhow::Result<Duration> {
    sqlx::query(
        "update component set state = 'abandoned' where component_id between $1 and $1 + $2 - 1",
    )
    .bind(600_000_i64)
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
                if let Some(mvt_reader::feature::Value::UInt(count)) = tags.get("count") {
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
