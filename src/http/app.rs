//! What handlers may reach.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Postgres, Transaction};
use tokio::sync::Semaphore;

use super::AddressBrake;
use crate::access::{self, Person, SealingKey, hash_password, random_secret};
use crate::camera::background::Backgrounds;
use crate::camera::health::Health;
use crate::camera::source::Pulls;
use crate::camera::{Cameras, Intake, LastFrames};
use crate::cases::EvidenceStore;
use crate::cases::redaction::Redactions;
use crate::cases::reporter::ReporterKeys;
use crate::config::{Config, TileChanges};
use crate::database::{Pools, Replication};
use crate::live::LiveFeed;
use crate::notify::NoticeFeed;
use crate::pipeline::FrameReport;
use crate::plan::{Grounds, Scheduled, Workings};
use crate::rules::Rules;
use crate::territory::TerritoryWatch;
use crate::tiles::{AreaTiles, BasemapFile, CommitLog, PointTiles, TileCache, TileNews};
use crate::viid::Nonces;
use crate::vision::{Models, Redactor};
use crate::workflow::{GroupCommit, Workflow};

/// The running application; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// In one place, because every layer around a handler holds it for each request.
pub struct Parts {
    pub config: Arc<Config>,
    /// For requests: sees of scoped tables only what [`scoped`](Self::scoped) opens.
    pub db: PgPool,
    /// For what the city does by itself: the pipeline, timers, deliveries. Never for a request.
    pub machine: PgPool,
    pub cameras: Cameras,
    /// Whether cameras can be believed.
    pub health: Arc<Health>,
    /// What stands before cameras.
    pub backgrounds: Arc<Backgrounds>,
    pub intake: Arc<Intake<FrameReport>>,
    /// What looks at frames.
    pub models: Arc<Models>,
    pub last_frames: Arc<LastFrames>,
    /// Of those that people looked at, as they saw them.
    pub shown_frames: Arc<LastFrames>,
    /// Makes pictures fit to be stored and shown.
    pub redactor: Arc<Redactor>,
    /// Pictures of people's requests that are being made so at a time; more wait. Those of cases do
    /// not wait behind them.
    pub picture_places: Arc<Semaphore>,
    /// Whose spot a point is.
    pub territory: TerritoryWatch,
    /// The ground that plans are made on.
    pub grounds: Arc<Grounds>,
    /// Whose spot a point will be.
    pub scheduled: Arc<Scheduled>,
    /// The ground of plans that are worked on.
    pub workings: Arc<Workings>,
    /// What the city goes by.
    pub rules: Rules,
    /// Where people's actions on cases are carried out.
    pub actions: GroupCommit,
    /// Who asked within the last second.
    pub recent_people: access::RecentPeople,
    /// The organisation's own sign-in, if it has one.
    pub oidc: Option<Arc<access::Provider>>,
    /// A hash that no password matches; compared against when a login does not exist.
    pub no_password: Arc<str>,
    /// Components, cases and cameras, ready to be drawn.
    pub point_tiles: PointTiles,
    /// Cells and responsibility areas, ready to be drawn.
    pub area_tiles: AreaTiles,
    /// The base map, if it is a file.
    pub basemap_file: Option<Arc<BasemapFile>>,
    /// Which tiles have changed, told to every page.
    pub tile_news: Arc<TileNews>,
    /// Tiles that were sent already.
    pub tile_cache: Arc<TileCache>,
    /// Tiles being made at a time; more wait.
    pub tile_places: Arc<Semaphore>,
    /// Pictures kept for cases.
    pub evidence: EvidenceStore,
    /// Makes those fit to be seen that are not yet.
    pub redactions: Arc<Redactions>,
    /// What reporters' personal data is sealed with.
    pub reporter_keys: Arc<ReporterKeys>,
    /// On asking for a case's state with a code.
    pub code_brake: Arc<AddressBrake>,
    /// On wrong passwords, whatever the login.
    pub password_brake: Arc<AddressBrake>,
    /// On leaving for the organisation's own sign-in.
    pub departure_brake: Arc<AddressBrake>,
    /// Of digest authentication in the view library.
    pub viid_nonces: Arc<Nonces>,
    /// On wrong digests there, whatever the name.
    pub viid_brake: Arc<AddressBrake>,
    /// On guessing the upload URLs of snapshots.
    pub snapshot_brake: Arc<AddressBrake>,
    /// What changes, pushed to every page.
    pub live: Arc<LiveFeed>,
    /// New notices, pushed to the pages they are for.
    pub notices: Arc<NoticeFeed>,
    /// Keeps the secrets of webhooks.
    pub webhook_key: SealingKey,
    /// Cameras that are asked for their pictures.
    pub pulls: Arc<Pulls>,
}

/// One: the redactor works on one picture at a time, and a case's is to be the next.
const PICTURE_PLACES: usize = 1;

/// Twice the cores is enough to keep them busy while some wait for the database.
const TILE_PLACES_PER_CORE: usize = 2;

/// The newest picture of every camera, as long as all of them together are no larger.
const LAST_FRAMES_BYTES_MAX: usize = 256 << 20;
/// The same of those that people looked at.
const SHOWN_FRAMES_BYTES_MAX: usize = 64 << 20;

/// From one address, a minute. A code is too long to be guessed even so.
const CODES_PER_MINUTE_MAX: u32 = 30;
/// From one address, a minute: of a whole office behind one address some mistype.
const WRONG_PASSWORDS_PER_MINUTE_MAX: u32 = 30;
/// From one address, a minute: many devices may stand behind one, and each that is set wrongly tries
/// again and again.
const WRONG_DIGESTS_PER_MINUTE_MAX: u32 = 30;
/// From one address, a minute. A URL is too long to be guessed even so.
const GUESSED_URLS_PER_MINUTE_MAX: u32 = 30;
/// From one address, a minute: each asks the provider and is remembered for a while.
const DEPARTURES_PER_MINUTE_MAX: u32 = 60;

/// A hash that is nobody's.
fn no_password() -> anyhow::Result<Arc<str>> {
    let hash = hash_password(random_secret(32).reveal());
    Ok(hash.map_err(|error| anyhow::anyhow!("{error}"))?.into())
}

/// Of webhooks and of cameras.
fn sealing_keys(config: &Config) -> anyhow::Result<(SealingKey, SealingKey)> {
    let open = |name, file: Option<&Path>| SealingKey::open(&config.data.data_dir, name, file);
    let webhook = open("webhook", config.webhook.webhook_key_file.as_deref())?;
    Ok((
        webhook,
        open("source", config.pull.source_key_file.as_deref())?,
    ))
}

/// What keeps pictures, what makes them fit to be kept, and what their originals are sealed with.
fn pictures(config: &Config) -> anyhow::Result<(EvidenceStore, Arc<Redactor>, Arc<ReporterKeys>)> {
    let data_dir = &config.data.data_dir;
    let key_file = config.privacy.reporter_key_file.as_deref();
    let keys = Arc::new(ReporterKeys::open(data_dir, key_file)?);
    let redactor = Arc::new(Redactor::new(&config.privacy, &config.vision.runtime));
    let evidence = EvidenceStore::open(data_dir, Arc::clone(&redactor), Arc::clone(&keys))?;
    Ok((evidence, redactor, keys))
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The way to the server's log of commits, if it is to be gone.
fn commit_log(config: &Config, replication: Option<Replication>) -> Option<CommitLog> {
    let wanted = config.tiles.tile_changes == TileChanges::CommitLog;
    let replication = replication.filter(|_| wanted)?;
    Some(CommitLog {
        replication,
        kept_bytes_max: config.tiles.tile_log_kept_bytes_max,
    })
}

impl App {
    /// Reads what is held in memory and starts to keep it fresh.
    pub async fn start(config: Arc<Config>, pools: Pools, models: Models) -> anyhow::Result<Self> {
        let (webhook_key, source_key) = sealing_keys(&config)?;
        let pulls = Pulls::new(&config.pull, &config.intake, source_key)?;
        let (evidence, redactor, reporter_keys) = pictures(&config)?;
        let basemap_file = BasemapFile::open(&config.tiles.basemap_file).await?;
        let oidc = access::Provider::open(&config.oidc)?;
        let cores = std::thread::available_parallelism()?.get();
        let backgrounds =
            Backgrounds::open(&pools.machine, config.vision.background_bytes_max).await?;
        let Pools {
            service: db,
            grouped,
            machine,
            replication,
        } = pools;
        let tile_news = TileNews::start();
        let workflow = Workflow {
            rules: Rules::open(machine.clone()).await?,
            territory: TerritoryWatch::open(machine.clone()).await?,
        };
        let news = Arc::clone(&tile_news);
        let point_tiles =
            PointTiles::open(machine.clone(), commit_log(&config, replication), news).await?;
        let grounds = Arc::new(Grounds::new(machine.clone()));
        let now = workflow.territory.clone();
        let scheduled = Scheduled::new(machine.clone(), Arc::clone(&grounds), now);
        Ok(Self(Arc::new(Parts {
            scheduled: Arc::new(scheduled),
            actions: GroupCommit::start(&workflow, &grouped, &db),
            cameras: Cameras::watch(machine.clone()).await?,
            health: Arc::new(Health::open(&machine).await?),
            backgrounds: Arc::new(backgrounds),
            intake: Arc::new(Intake::new(&config.intake, FrameReport::superseded)),
            models: Arc::new(models),
            territory: workflow.territory,
            grounds,
            workings: Arc::default(),
            point_tiles,
            area_tiles: AreaTiles::open(machine.clone(), Arc::clone(&tile_news)).await?,
            tile_news,
            basemap_file: basemap_file.map(Arc::new),
            rules: workflow.rules,
            recent_people: access::RecentPeople::open(machine.clone()).await?,
            tile_cache: Arc::new(TileCache::new(config.tiles.tile_cache_bytes)),
            last_frames: Arc::new(LastFrames::new(LAST_FRAMES_BYTES_MAX)),
            shown_frames: Arc::new(LastFrames::new(SHOWN_FRAMES_BYTES_MAX)),
            config,
            db,
            oidc,
            no_password: no_password()?,
            tile_places: Arc::new(Semaphore::new(cores * TILE_PLACES_PER_CORE)),
            redactions: Arc::new(Redactions::new(machine.clone(), evidence.clone())),
            machine,
            evidence,
            redactor,
            picture_places: Arc::new(Semaphore::new(PICTURE_PLACES)),
            reporter_keys,
            code_brake: Arc::new(AddressBrake::new(CODES_PER_MINUTE_MAX)),
            password_brake: Arc::new(AddressBrake::new(WRONG_PASSWORDS_PER_MINUTE_MAX)),
            departure_brake: Arc::new(AddressBrake::new(DEPARTURES_PER_MINUTE_MAX)),
            viid_nonces: Arc::default(),
            viid_brake: Arc::new(AddressBrake::new(WRONG_DIGESTS_PER_MINUTE_MAX)),
            snapshot_brake: Arc::new(AddressBrake::new(GUESSED_URLS_PER_MINUTE_MAX)),
            live: LiveFeed::start(),
            notices: Arc::default(),
            webhook_key,
            pulls: Arc::new(pulls),
        })))
    }

    /// A transaction that reads and writes what this person may, and nothing else: the database
    /// itself holds the line, by row-level security.
    pub async fn scoped(&self, person: &Person) -> sqlx::Result<Transaction<'static, Postgres>> {
        let mut tx = self.db.begin().await?;
        access::act_as(&mut *tx, person).await?;
        Ok(tx)
    }

    /// How old the data that tiles show may be.
    pub fn tile_age(&self) -> Duration {
        self.point_tiles.age().max(self.area_tiles.age())
    }

    /// Has the metrics say how old the tiles are at this moment.
    pub fn measure_tiles(&self) {
        self.point_tiles.measure_age();
        self.area_tiles.measure_age();
    }

    /// The workflow of the regulation, with what its decisions go by.
    pub fn workflow(&self) -> Workflow {
        Workflow {
            rules: self.rules.clone(),
            territory: self.territory.clone(),
        }
    }

    /// The time at which a request is served. Handlers pass it on; nothing below them reads a clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.config.time.now()
    }
}
