//! All cameras in memory, kept fresh by the database's bell.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::{Camera, CameraId, store};

/// Rung by triggers on `camera`, `calibration`, `camera_zone` and `camera_mask`.
const BELL: &str = "camera";
/// Changes that ring within this time cost one reload.
const SETTLE: Duration = Duration::from_millis(30);
/// Between attempts when the database cannot be reached.
const RETRY: Duration = Duration::from_secs(1);

type Known = HashMap<CameraId, Arc<Camera>>;

/// Every known camera; cheap to clone. Stops listening when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Cameras {
    registry: Arc<Registry>,
    _listening: Arc<AbortOnDropHandle<()>>,
}

#[derive(Debug)]
struct Registry {
    db: PgPool,
    known: ArcSwap<Known>,
    /// One reader at a time, so that an older answer never replaces a newer one.
    refreshing: Mutex<()>,
}

impl Cameras {
    /// Reads all cameras and keeps them fresh from then on.
    pub async fn watch(db: PgPool) -> sqlx::Result<Self> {
        // Before reading, so that no change falls in between.
        let bell = listen(&db).await?;
        let registry = Arc::new(Registry {
            db,
            known: ArcSwap::default(),
            refreshing: Mutex::new(()),
        });
        registry.refresh().await?;
        let listening = tokio::spawn(follow(bell, registry.clone()));
        Ok(Self {
            registry,
            _listening: Arc::new(AbortOnDropHandle::new(listening)),
        })
    }

    pub fn get(&self, id: &CameraId) -> Option<Arc<Camera>> {
        self.registry.known.load().get(id).cloned()
    }

    /// By id.
    pub fn all(&self) -> Vec<Arc<Camera>> {
        let mut cameras: Vec<_> = self.registry.known.load().values().cloned().collect();
        cameras.sort_by(|a, b| a.id.cmp(&b.id));
        cameras
    }

    /// Reads all cameras again, for one who must see a change he just made.
    pub async fn refresh(&self) -> sqlx::Result<()> {
        self.registry.refresh().await
    }
}

impl Registry {
    /// A calibration never changes, so one that is known already is not fitted again.
    async fn refresh(&self) -> sqlx::Result<()> {
        let _one = self.refreshing.lock().await;
        let rows = store::list(&self.db).await?;
        let mut zones = store::zones(&self.db).await?;
        let mut masks = store::masks(&self.db).await?;
        let before = self.known.load();
        let cameras = rows.into_iter().map(|row| {
            let known = before.get(&row.id).and_then(|c| c.calibration.clone());
            let zones = zones.remove(&row.id).unwrap_or_default();
            let masks = masks.remove(&row.id).unwrap_or_default();
            let camera = row.into_camera(known, zones, masks.into());
            (camera.id.clone(), Arc::new(camera))
        });
        self.known.store(Arc::new(cameras.collect()));
        Ok(())
    }
}

async fn listen(db: &PgPool) -> sqlx::Result<PgListener> {
    let mut bell = PgListener::connect_with(db).await?;
    bell.listen(BELL).await?;
    Ok(bell)
}

/// Until the pool is closed.
async fn follow(mut bell: PgListener, registry: Arc<Registry>) {
    while !registry.db.is_closed() {
        match bell.try_recv().await {
            // It rang, or the connection was lost and is made anew, bells missed.
            Ok(_) => {
                let settled = Instant::now() + SETTLE;
                while let Ok(Ok(Some(_))) = timeout_at(settled, bell.try_recv()).await {}
            }
            Err(_) if registry.db.is_closed() => return,
            // A listener that failed may stay broken for good: take another.
            Err(error) => {
                tracing::warn!(%error, "not listening for changes of cameras");
                tokio::time::sleep(RETRY).await;
                match listen(&registry.db).await {
                    Ok(anew) => bell = anew,
                    Err(_) => continue,
                }
            }
        }
        if let Err(error) = registry.refresh().await {
            tracing::warn!(%error, "cannot read the cameras; the last known ones stay in use");
        }
    }
}
