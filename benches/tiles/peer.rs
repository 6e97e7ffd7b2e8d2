//! Our tiles and Martin's, the same content and then the map's own.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use cityward::config::Config;
use cityward::database::Database;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::data;
use crate::floor::Floor;
use crate::load::{self, Ask, Payers, Shown};
use crate::martin::Martin;
use crate::same;
use crate::stage::{config, folder, with_database};
use crate::visitor::Visitor;

const COMPONENTS: i64 = 1_000_000;
/// 19,881 in all.
const CELLS_A_SIDE: i32 = 141;
const SHORT: Duration = Duration::from_secs(8);
/// Where a tile takes the peer seconds.
const LONG: Duration = Duration::from_secs(30);
/// Of a tile at zoom 14, from the cache, at half of what goes.
const GOAL_P99: Duration = Duration::from_millis(10);
/// Tiles whose features are compared, a zoom.
const COMPARED: usize = 6;
/// Enough that everything asked for stays.
const CACHE_MIB: u32 = 2048;

pub(crate) fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(with_database(32, measure))
}

/// The tiles of one zoom.
struct Zoom {
    z: u8,
    tiles: Vec<String>,
}

impl Zoom {
    fn asks(&self, layer: &str, query: &str) -> Vec<Ask> {
        let ask = |tile: &String| Ask {
            path: format!("/{layer}/{tile}{query}"),
            tag: None,
        };
        self.tiles.iter().map(ask).collect()
    }
}

/// What the map asks for, as it is made.
pub(crate) fn run_own() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(with_database(32, async |database: &Database| {
        let zooms = prepare(database, &[14, 12, 10]).await?;
        own_tiles(database, &zooms).await
    }))
}

/// Finished tiles, which both keep.
pub(crate) fn run_kept() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(with_database(32, async |database: &Database| {
        let zooms = prepare(database, &[14]).await?;
        floor(database).await?;
        cached(database, &zooms).await
    }))
}

async fn prepare(database: &Database, zooms_wanted: &[u8]) -> anyhow::Result<Vec<Zoom>> {
    let db = &database.pool;
    data::components(db, COMPONENTS).await?;
    data::cells(db, CELLS_A_SIDE).await?;
    data::for_the_peer(db).await?;
    let mut zooms = Vec::new();
    for &z in zooms_wanted {
        let tiles = data::tiles_with_components(db, z).await?;
        println!(
            "zoom {z}: {} tiles with {} components each",
            tiles.len(),
            COMPONENTS / tiles.len() as i64
        );
        let tiles = tiles.into_iter().map(|(tile, _)| tile).collect();
        zooms.push(Zoom { z, tiles });
    }
    Ok(zooms)
}

async fn measure(database: &Database) -> anyhow::Result<()> {
    let zooms = prepare(database, &[14, 12, 10]).await?;
    same_features(database, &zooms).await?;

    println!("\nThe same content: CPU ms a tile (server + database)\n");
    println!(
        "| zoom | coding | ours, no cache | tiles/s, p50, p99 ms | Martin, no cache | tiles/s, p50, p99 ms | ratio | goal |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|");
    let goals = [("identity", [0.18, 1.6, 13.0]), ("gzip", [0.5, 4.5, 40.0])];
    for (coding, goals) in goals {
        for (zoom, goal) in zooms.iter().zip(goals) {
            let length = if zoom.z == 10 { LONG } else { SHORT };
            let ours = with_ours(database, 0, async |ours| {
                ours.load(coding, &zoom.asks("tiles/components", "?full=1"), SHORT)
                    .await
            })
            .await?;
            let theirs = with_peer(database, 0, async |peer| {
                peer.load(coding, &zoom.asks("components", ""), length)
                    .await
            })
            .await?;
            println!(
                "| {} | {coding} | {:.3} | {} | {:.2} | {} | {:.0}x | {goal} ms: {} |",
                zoom.z,
                ours.cpu_ms(),
                speed(&ours),
                theirs.cpu_ms(),
                speed(&theirs),
                theirs.cpu_ms() / ours.cpu_ms(),
                met(ours.cpu_ms() <= goal),
            );
        }
    }
    Ok(())
}

fn met(yes: bool) -> &'static str {
    if yes { "met" } else { "missed" }
}

fn speed(shown: &Shown) -> String {
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    format!(
        "{:.0}, {:.2}, {:.1}",
        shown.per_s,
        ms(shown.p50),
        ms(shown.p99)
    )
}

async fn same_features(database: &Database, zooms: &[Zoom]) -> anyhow::Result<()> {
    let compared = with_ours(database, 0, async |ours| {
        with_peer(database, 0, async |peer| {
            let mut compared = 0;
            for zoom in zooms {
                let step = (zoom.tiles.len() / COMPARED).max(1);
                let paths: Vec<_> = zoom
                    .tiles
                    .iter()
                    .step_by(step)
                    .take(if zoom.z == 10 { 1 } else { COMPARED })
                    .map(|tile| {
                        (
                            format!("/tiles/components/{tile}?full=1"),
                            format!("/components/{tile}"),
                        )
                    })
                    .collect();
                compared += same::ensure_same(&ours.visitor, &peer.visitor, &paths).await?;
            }
            Ok(compared)
        })
        .await
    })
    .await?;
    println!("{compared} features compared: the same, but for the odd one on the edge of a margin");
    Ok(())
}

/// What an answer costs here whoever gives it.
async fn floor(database: &Database) -> anyhow::Result<()> {
    println!(
        "\nThe machine's own floor: a socket that is read and written, without HTTP: CPU ms an answer\n"
    );
    println!("| answer | CPU ms | answers/s, p50, p99 ms |");
    println!("|---|---:|---:|");
    for bytes in [0, 24_000, 100_000] {
        let floor = Floor::start(bytes).await?;
        let server = Server {
            visitor: Visitor::anybody(&floor.base),
            payers: Payers {
                server: std::process::id(),
                cluster: cluster(database)?,
            },
        };
        let ask = Ask {
            path: "/".to_owned(),
            tag: None,
        };
        let shown = server.load("identity", &[ask], SHORT).await?;
        println!(
            "| {bytes} bytes | {:.4} | {} |",
            shown.cpu_ms(),
            speed(&shown)
        );
    }
    Ok(())
}

/// From the cache: ours cannot be stale, and a writer changes what is in it meanwhile.
async fn cached(database: &Database, zooms: &[Zoom]) -> anyhow::Result<()> {
    println!("\nFrom a warm cache, the same content: CPU ms a tile\n");
    println!("| zoom 14 | ours | goal | tiles/s, p50, p99 ms | Martin's, stale | ratio | goal |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let zoom = &zooms[0];
    for (coding, goal, times) in [("gzip", Some(0.02), 200.0), ("identity", None, 2.0)] {
        let theirs = with_peer(database, CACHE_MIB, async |peer| {
            peer.warm(coding, &zoom.asks("components", "")).await?;
            peer.load(coding, &zoom.asks("components", ""), SHORT).await
        })
        .await?;
        with_ours(database, CACHE_MIB, async |ours| {
            let asks = zoom.asks("tiles/components", "?full=1");
            ours.warm(coding, &asks).await?;
            let still = ours.load(coding, &asks, SHORT).await?;
            let line = |what: &str, shown: &Shown, goal: Option<f64>| {
                let ratio = theirs.cpu_ms() / shown.cpu_ms();
                let judged = goal.map_or_else(String::new, |goal| {
                    format!("{goal} ms: {}", met(shown.cpu_ms() <= goal))
                });
                println!(
                    "| {coding}, {what} | {:.4} | {judged} | {} | {:.3} | {ratio:.1}x | {times}x: {} |",
                    shown.cpu_ms(),
                    speed(shown),
                    theirs.cpu_ms(),
                    met(ratio >= times),
                );
            };
            line("nothing changes", &still, goal);
            let half = still.per_s / 2.0;
            let held_back = load::load(&ours.visitor, coding, &asks, SHORT, Some(half)).await?;
            println!(
                "| {coding}, {:.0} tiles/s, half of what goes | | 10 ms: {} | p99 {:.1} ms | | | |",
                held_back.per_s,
                met(held_back.p99 <= GOAL_P99),
                held_back.p99.as_secs_f64() * 1000.0,
            );
            let writer = Writer::start(&database.pool);
            let changing = ours.load(coding, &asks, SHORT).await?;
            let wrote = writer.stop().await?;
            let per_s = wrote as f64 / SHORT.as_secs_f64();
            line(
                &format!("{per_s:.0} rows/s change, their database work included"),
                &changing,
                goal,
            );
            // the writer has changed what they were asked for first; its last rows are in within milliseconds
            tokio::time::sleep(Duration::from_secs(1)).await;
            let tags = ours.warm(coding, &asks).await?;
            let asks: Vec<Ask> = std::iter::zip(asks, tags)
                .map(|(ask, tag)| Ask {
                    tag: Some(tag),
                    ..ask
                })
                .collect();
            let unchanged = ours.load(coding, &asks, SHORT).await?;
            line("304", &unchanged, Some(0.01));
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// The tiles the map really asks for.
async fn own_tiles(database: &Database, zooms: &[Zoom]) -> anyhow::Result<()> {
    println!("\nThe map's own tiles, no cache, gzip: CPU ms a tile\n");
    println!(
        "| layer, zoom | ours | tiles/s, p50, p99 ms | largest on the wire | Martin | ratio | goal |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for (layer, zoom, goal) in [
        ("components", &zooms[0], 100.0),
        ("components", &zooms[1], f64::NAN),
        ("components", &zooms[2], 5000.0),
        ("cells", &zooms[0], 10.0),
        ("cells", &zooms[2], f64::NAN),
    ] {
        let length = if zoom.z == 10 { LONG } else { SHORT };
        let asks = zoom.asks(&format!("tiles/{layer}"), "");
        let (ours, largest) = with_ours(database, 0, async |ours| {
            let largest = ours.largest("gzip", &asks).await?;
            Ok((ours.load("gzip", &asks, SHORT).await?, largest))
        })
        .await?;
        let theirs = with_peer(database, 0, async |peer| {
            peer.load("gzip", &zoom.asks(layer, ""), length).await
        })
        .await?;
        let ratio = theirs.cpu_ms() / ours.cpu_ms();
        let goal = if goal.is_nan() {
            String::new()
        } else {
            format!("{goal:.0}x: {}", met(ratio >= goal))
        };
        println!(
            "| {layer}, {} | {:.3} | {} | {:.0} kB | {:.2} | {ratio:.0}x | {goal} |",
            zoom.z,
            ours.cpu_ms(),
            speed(&ours),
            largest as f64 / 1000.0,
            theirs.cpu_ms(),
        );
    }
    Ok(())
}

/// A server under load: where it is and who pays.
struct Server {
    visitor: Visitor,
    payers: Payers,
}

impl Server {
    async fn load(&self, coding: &str, asks: &[Ask], length: Duration) -> anyhow::Result<Shown> {
        self.payers
            .under_load(&self.visitor, coding, asks, length)
            .await
    }

    /// Asks for each once; returns their ETags.
    async fn warm(&self, coding: &str, asks: &[Ask]) -> anyhow::Result<Vec<String>> {
        let mut tags = Vec::new();
        for ask in asks {
            let answer = self.visitor.get(&ask.path, coding).await?;
            let tag = answer.headers().get("etag");
            let tag = tag.map_or("", |tag| tag.to_str().unwrap_or_default());
            tags.push(tag.to_owned());
            answer.bytes().await?;
        }
        Ok(tags)
    }

    /// Bytes of the largest.
    async fn largest(&self, coding: &str, asks: &[Ask]) -> anyhow::Result<usize> {
        let mut largest = 0;
        for ask in asks {
            let answer = self.visitor.get(&ask.path, coding).await?;
            largest = largest.max(answer.bytes().await?.len());
        }
        Ok(largest)
    }
}

fn cluster(database: &Database) -> anyhow::Result<PathBuf> {
    let options = database.pool.connect_options();
    Ok(options
        .get_socket()
        .context("the embedded database")?
        .clone())
}

async fn with_ours<T>(
    database: &Database,
    cache_mib: u32,
    part: impl AsyncFnOnce(&Server) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let folder = folder()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    let stop = CancellationToken::new();
    let mut config: Config = config(folder.path());
    config.tiles.tile_cache_bytes = usize::try_from(cache_mib)? << 20;
    let service = cityward::service::run(config, database.pools.clone(), listener, stop.clone());
    let service = tokio::spawn(service);
    let server = Server {
        visitor: Visitor::sign_in(&database.pool, &base).await?,
        payers: Payers {
            server: std::process::id(),
            cluster: cluster(database)?,
        },
    };
    // what starting left to do is done
    tokio::time::sleep(Duration::from_secs(1)).await;
    let done = part(&server).await;
    stop.cancel();
    service.await??;
    done
}

async fn with_peer<T>(
    database: &Database,
    cache_mib: u32,
    part: impl AsyncFnOnce(&Server) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let martin = Martin::start(&database.pool, cache_mib).await?;
    let server = Server {
        visitor: Visitor::anybody(&martin.base),
        payers: Payers {
            server: martin.pid()?,
            cluster: cluster(database)?,
        },
    };
    part(&server).await
}

/// Changes a thousand rows a second, twenty at a time.
struct Writer {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<sqlx::Result<u64>>,
}

impl Writer {
    fn start(db: &PgPool) -> Self {
        let (db, stop) = (db.clone(), CancellationToken::new());
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_millis(20));
            let mut wrote = 0;
            while stopped.run_until_cancelled(tick.tick()).await.is_some() {
                let first = i64::try_from(wrote * 7919 % 900_000).unwrap_or_default();
                let done = sqlx::query(
                    "update component set state = case state when 'good' then 'damaged' else 'good' end::component_state
                     where component_id between $1 + 1 and $1 + 20",
                )
                .bind(first)
                .execute(&db)
                .await?;
                wrote += done.rows_affected();
            }
            Ok(wrote)
        });
        Self { stop, task }
    }

    async fn stop(self) -> anyhow::Result<u64> {
        self.stop.cancel();
        Ok(self.task.await??)
    }
}
