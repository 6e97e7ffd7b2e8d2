//! Starts and stops the tasks that pull cameras.
//!
//! Of several processes on one database one pulls a camera: it holds a lease on it, which it renews
//! every few seconds, and which another takes over when it does not. How each camera stands is
//! written down with it, so that every process can say so and a restart goes on counting.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use metrics::gauge;
use sqlx::PgPool;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::feed::{Tools, one_shot};
use super::onvif::{self, Device};
use super::puller::Puller;
use super::store::{self, Claimed};
use super::web::ANSWER_MAX;
use super::{Door, Failure, Login, Phase, PullState, Shot, Source, SourceKind};
use crate::access::{SealingKey, Secret};
use crate::camera::CameraId;
use crate::config::{IntakeConfig, PullConfig};
use crate::outbound::{self, Guarded};
use crate::telemetry;

/// Between two rounds, in which leases are renewed and changes are seen.
const ROUND: Duration = Duration::from_secs(5);
/// How long a camera is this process's without a word.
const LEASE: Duration = Duration::from_secs(20);
/// Cameras that are connected to at the same time; the others wait for their turn.
const CONNECTS_MAX: usize = 32;
/// Sources that are tried out at the same time.
const TRIES_MAX: usize = 4;
/// For one picture of a source that is tried out.
const TRY_MAX: Duration = Duration::from_secs(30);

/// The cameras this process pulls.
#[derive(Debug)]
pub struct Pulls {
    tools: Arc<Tools>,
    key: SealingKey,
    /// This process, to the others.
    me: Uuid,
    pulls_max: u32,
    retry: Duration,
    running: Mutex<HashMap<CameraId, Running>>,
    changed: Notify,
    connects: Arc<Semaphore>,
    tries: Semaphore,
}

#[derive(Debug)]
struct Running {
    version: i64,
    kind: SourceKind,
    state: Arc<Mutex<PullState>>,
    task: AbortOnDropHandle<()>,
}

/// Why a source was not tried out.
#[derive(Debug, thiserror::Error)]
pub enum NotTried {
    #[error("others are being tried out at this moment")]
    Busy,
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl Pulls {
    /// # Errors
    /// No connection could ever be made.
    pub fn new(
        config: &PullConfig,
        limits: &IntakeConfig,
        key: SealingKey,
    ) -> anyhow::Result<Self> {
        let guarded = Guarded {
            allow_local: config.source_allow_local,
        };
        Ok(Self {
            tools: Arc::new(Tools {
                client: outbound::client(guarded, ANSWER_MAX)?,
                guarded,
                limits: limits.clone(),
                ffmpeg: config.ffmpeg.clone(),
            }),
            key,
            me: Uuid::now_v7(),
            pulls_max: config.pulls_max,
            retry: Duration::from_millis(config.pull_retry_ms.max(1).into()),
            running: Mutex::default(),
            changed: Notify::new(),
            connects: Arc::new(Semaphore::new(CONNECTS_MAX)),
            tries: Semaphore::new(TRIES_MAX),
        })
    }

    /// Pulls until `stop`; then lets go of every camera.
    pub async fn run<R: Send + 'static>(&self, db: PgPool, door: Door<R>, stop: CancellationToken) {
        let door = Arc::new(door);
        let mut renewed_at = Instant::now();
        while !stop.is_cancelled() {
            match self.round(&db, &door).await {
                Ok(()) => renewed_at = Instant::now(),
                Err(error) => {
                    tracing::warn!(%error, "cannot read which cameras are to be pulled");
                    if renewed_at.elapsed() > LEASE {
                        // they are another process's by now
                        self.lock().clear();
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(ROUND) => {}
                () = self.changed.notified() => {}
                () = stop.cancelled() => {}
            }
        }
        let states = self.states();
        let tasks: Vec<_> = self.lock().drain().map(|(_, one)| one.task).collect();
        for task in tasks {
            task.abort();
            // so that every child has been killed when the service ends
            drop(task.await);
        }
        if let Err(error) = store::release(&db, self.me, &states).await {
            tracing::warn!(%error, "cannot let go of pulled cameras; others take them in a moment");
        }
    }

    /// What people changed counts from now on.
    pub fn look_again(&self) {
        self.changed.notify_one();
    }

    /// How it stands with a camera, if it is pulled here as this version of its source says.
    pub fn state(&self, id: &CameraId, version: i64) -> Option<PullState> {
        let running = self.lock();
        let one = running.get(id).filter(|one| one.version == version)?;
        Some(snapshot(&one.state))
    }

    /// One picture of a source that need not be any camera's.
    ///
    /// # Errors
    /// It gives none, or too many are being tried out.
    pub async fn try_out(
        &self,
        source: &Source,
        now: impl Fn() -> DateTime<Utc>,
    ) -> Result<Shot, NotTried> {
        let _place = self.tries.try_acquire().map_err(|_full| NotTried::Busy)?;
        let trying = one_shot(source, &self.tools, now);
        let shot = tokio::time::timeout(TRY_MAX, trying).await;
        Ok(shot.map_err(|_elapsed| Failure::Late(TRY_MAX))??)
    }

    /// What an ONVIF device says of its pictures.
    ///
    /// # Errors
    /// It says nothing that is understood, or too many are being asked.
    pub async fn ask_device(
        &self,
        url: &hyper::Uri,
        login: Option<Login>,
        now: impl Fn() -> DateTime<Utc>,
    ) -> Result<Device, NotTried> {
        let _place = self.tries.try_acquire().map_err(|_full| NotTried::Busy)?;
        let asking = onvif::ask(self.tools.client.clone(), url, login, now);
        let device = tokio::time::timeout(TRY_MAX, asking).await;
        Ok(device.map_err(|_elapsed| Failure::Late(TRY_MAX))??)
    }

    /// A password as the database keeps it; only the same camera's opens it again.
    ///
    /// # Errors
    /// It cannot be sealed.
    pub fn seal(&self, camera: &CameraId, password: &Secret) -> anyhow::Result<Vec<u8>> {
        self.key.seal(&sealed_as(camera), password)
    }

    /// `None`: it was sealed under another key.
    pub fn unseal(&self, camera: &CameraId, sealed: &[u8]) -> Option<Secret> {
        self.key.unseal(&sealed_as(camera), sealed)
    }

    /// Whether addresses may lead to this machine and its link.
    pub fn allows_local(&self) -> bool {
        self.tools.guarded.allow_local
    }

    /// Which ffmpeg cameras wait for, if it is not there.
    pub fn missing_ffmpeg(&self) -> Option<&Path> {
        let running = self.lock();
        let waits = |one: &Running| {
            let failure = snapshot(&one.state).failure;
            failure.is_some_and(|failure| failure.kind == "no-ffmpeg")
        };
        let mut rtsp = running.values().filter(|one| one.kind == SourceKind::Rtsp);
        rtsp.any(waits).then_some(self.tools.ffmpeg.as_path())
    }

    async fn round<R: Send + 'static>(&self, db: &PgPool, door: &Arc<Door<R>>) -> sqlx::Result<()> {
        store::note(db, self.me, &self.states()).await?;
        let claimed = store::claim(db, self.me, LEASE, self.pulls_max).await?;
        let mut running = self.lock();
        let versions: HashMap<&CameraId, i64> =
            claimed.iter().map(|one| (&one.id, one.version)).collect();
        running.retain(|id, one| versions.get(id) == Some(&one.version));
        for one in claimed {
            if !running.contains_key(&one.id) {
                let (id, started) = self.start(one, door);
                running.insert(id, started);
            }
        }
        for phase in Phase::ALL {
            let in_it = running.values();
            let count = in_it.filter(|one| snapshot(&one.state).phase == phase);
            gauge!(telemetry::PULLS, "phase" => phase.as_str()).set(count.count() as f64);
        }
        Ok(())
    }

    fn start<R: Send + 'static>(&self, one: Claimed, door: &Arc<Door<R>>) -> (CameraId, Running) {
        let now = door.now();
        let (id, version, kind) = (one.id.clone(), one.version, one.kind);
        let kept = one
            .state
            .clone()
            .filter(|_| one.state_version == Some(version));
        let state = kept.unwrap_or_else(|| PullState::new(now));
        let state = Arc::new(Mutex::new(state));
        let task = match self.source_of(one) {
            Ok(source) => self.pull(id.clone(), source, &state, door),
            Err(failure) => {
                // nothing but another password helps, which is another version
                lock(&state).fail(&failure, now, now);
                tokio::spawn(std::future::ready(()))
            }
        };
        let running = Running {
            version,
            kind,
            state,
            task: AbortOnDropHandle::new(task),
        };
        (id, running)
    }

    fn pull<R: Send + 'static>(
        &self,
        id: CameraId,
        source: Source,
        state: &Arc<Mutex<PullState>>,
        door: &Arc<Door<R>>,
    ) -> JoinHandle<()> {
        let puller = Puller {
            id,
            source,
            tools: Arc::clone(&self.tools),
            door: Arc::clone(door),
            state: Arc::clone(state),
            connects: Arc::clone(&self.connects),
            retry: self.retry,
        };
        tokio::spawn(puller.run())
    }

    /// The source as it is stored; also one that was written when more was allowed.
    fn source_of(&self, one: Claimed) -> Result<Source, Failure> {
        let uri = Source::check_url(one.kind, &one.url, self.allows_local());
        let login = match (one.login, one.password_sealed) {
            (Some(user), Some(sealed)) => {
                let password = self.unseal(&one.id, &sealed).ok_or(Failure::Sealed)?;
                Some(Login { user, password })
            }
            _ => None,
        };
        Ok(Source {
            kind: one.kind,
            uri: uri.map_err(Failure::Address)?,
            login,
            period: super::period(one.period_s).to_std().unwrap_or_default(),
        })
    }

    fn states(&self) -> Vec<(CameraId, i64, PullState)> {
        let running = self.lock();
        let states = running.iter();
        states
            .map(|(id, one)| (id.clone(), one.version, snapshot(&one.state)))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CameraId, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a camera's password is sealed as.
fn sealed_as(camera: &CameraId) -> String {
    format!("source/{camera}")
}

fn lock(state: &Mutex<PullState>) -> MutexGuard<'_, PullState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn snapshot(state: &Mutex<PullState>) -> PullState {
    lock(state).clone()
}
