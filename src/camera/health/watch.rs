//! What is known of every camera's health, in memory: 65 kB a camera at most, of which 48 are two
//! views and 14 the last small picture.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use metrics::{counter, gauge};
use sqlx::PgPool;

use super::limits::{self, LAG_FINE_MAX, LAG_MAX, MOVED_MIN, STILL_MAX, VIEW_EVERY, between};
use super::store::Heard;
use super::{Condition, ConditionState, Difference, Displacement, Glance, Judge, View, store};
use crate::camera::{Cadence, Camera, CameraId};
use crate::telemetry;

/// Of a camera that is asked seldom, so many answers may be missing before it is offline.
const PERIODS_MISSED: i32 = 3;

/// What a detector thread measured of one frame.
#[derive(Debug, Clone)]
pub struct Seen {
    pub glance: Glance,
    /// Where it was time for that.
    pub checked: Option<Checked>,
}

/// That it is time to see whether a camera still looks where it did.
#[derive(Debug)]
pub struct Due {
    calibration_id: i32,
    /// What it showed when it was calibrated.
    calibrated: Option<Arc<View>>,
    /// What it showed when it was last found to look there.
    last: Option<Arc<View>>,
}

/// Where a camera looks.
#[derive(Debug, Clone)]
pub struct Checked {
    calibration_id: i32,
    view: Arc<View>,
    /// `None`: it is the first view of its calibration.
    has_moved: Option<Option<bool>>,
}

impl Due {
    /// Compares views: a millisecond of computing, for detector threads.
    pub fn check(self, view: View) -> Checked {
        let has_moved = self.calibrated.map(|calibrated| {
            let says = |off: f32| between(off, STILL_MAX, MOVED_MIN);
            match calibrated.displacement(&view) {
                Displacement::Unknown => None,
                Displacement::By(off) => says(off),
                // another light; a minute ago it was nearly the same
                Displacement::Unrecognised => {
                    match self.last.map(|last| last.displacement(&view)) {
                        Some(Displacement::Unknown) => None,
                        Some(Displacement::By(off)) => says(off),
                        Some(Displacement::Unrecognised) | None => Some(true),
                    }
                }
            }
        });
        Checked {
            calibration_id: self.calibration_id,
            view: Arc::new(view),
            has_moved,
        }
    }
}

/// A view that belongs to a calibration.
#[derive(Debug, Clone)]
pub(super) struct CalibratedView {
    pub(super) calibration_id: i32,
    pub(super) taken_at: DateTime<Utc>,
    pub(super) view: Arc<View>,
}

/// One camera.
#[derive(Debug, Default)]
struct Watched {
    judges: [Judge; Condition::ALL.len()],
    /// When a frame came in last, by our clock, in any process.
    heard_at: Option<DateTime<Utc>>,
    /// How far apart its frames come in.
    cadence: Cadence,
    /// Since when silence counts: it was heard here, or this process knows of it.
    silent_from: Option<DateTime<Utc>>,
    /// The last frame that was measured, in [`SMALL`](limits::SMALL).
    small: Vec<u8>,
    looked_at: Option<DateTime<Utc>>,
    calibrated: Option<CalibratedView>,
    last: Option<Arc<View>>,
    checked_at: Option<DateTime<Utc>>,
}

/// What the database does not know yet.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    /// When each changed last; what it is now is written.
    pub(super) conditions: HashMap<(CameraId, Condition), DateTime<Utc>>,
    pub(super) views: HashMap<CameraId, CalibratedView>,
}

/// The health of all cameras.
#[derive(Debug, Default)]
pub struct Health {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    cameras: HashMap<CameraId, Watched>,
    unwritten: Unwritten,
}

impl Health {
    /// As the last run left it.
    pub async fn open(db: &PgPool) -> sqlx::Result<Self> {
        let health = Self::default();
        let kept = store::read(db).await?;
        let mut inner = health.lock();
        for (camera, condition, since) in kept.conditions {
            inner.camera(&camera).judges[condition as usize] = Judge::resumed(since);
            tell(&camera, condition, Some(since));
        }
        for (camera, view) in kept.views {
            inner.camera(&camera).calibrated = Some(view);
        }
        drop(inner);
        health.heard_elsewhere(kept.heard);
        Ok(health)
    }

    /// What is wrong with a camera, worst known first: in the order of [`Condition::ALL`].
    pub fn of(&self, camera: &CameraId) -> Vec<ConditionState> {
        let inner = self.lock();
        let judges = inner.cameras.get(camera).map(|watched| &watched.judges);
        let states = Condition::ALL.into_iter().zip(judges.into_iter().flatten());
        states
            .filter_map(|(condition, judge)| {
                let since = judge.since()?;
                Some(ConditionState { condition, since })
            })
            .collect()
    }

    /// When a frame of this camera came in last, also before the start.
    pub fn heard_at(&self, camera: &CameraId) -> Option<DateTime<Utc>> {
        self.lock().cameras.get(camera)?.heard_at
    }

    /// Whether what it sees is to be held back: it looks elsewhere than its calibration says.
    pub fn is_moved(&self, camera: &Camera) -> bool {
        let inner = self.lock();
        let Some(watched) = inner.cameras.get(&camera.id) else {
            return false;
        };
        watched.judges[Condition::Moved as usize].since().is_some()
            && watched.is_calibrated_as(camera)
    }

    /// A frame came in.
    pub fn heard(&self, camera: &CameraId, at: DateTime<Utc>) {
        let mut inner = self.lock();
        let watched = inner.camera(camera);
        watched.heard_at = watched.heard_at.max(Some(at));
        watched.cadence.look(at);
        watched.silent_from = watched.silent_from.max(Some(at));
        if watched.judges[Condition::Offline as usize].clear() {
            inner.changed(camera, Condition::Offline, at);
        }
    }

    /// A frame was turned away because it says that it was taken later than now.
    pub fn came_from_the_future(&self, camera: &CameraId, at: DateTime<Utc>) {
        self.heard(camera, at);
        let mut inner = self.lock();
        inner.judge(
            camera,
            Condition::WrongTime,
            at,
            Some(true),
            limits::WRONG_TIME,
        );
    }

    /// What to compare this frame's view with, if it is time. Whoever is told does it.
    pub fn due(&self, camera: &Camera, at: DateTime<Utc>) -> Option<Due> {
        let calibration_id = camera.calibration.as_ref()?.id;
        let mut inner = self.lock();
        let watched = inner.camera(&camera.id);
        if watched
            .checked_at
            .is_some_and(|checked| at - checked < VIEW_EVERY)
        {
            return None;
        }
        watched.checked_at = Some(at);
        let is_calibrated = watched.is_calibrated_as(camera);
        let calibrated = watched.calibrated.as_ref().filter(|_| is_calibrated);
        Some(Due {
            calibration_id,
            calibrated: calibrated.map(|calibrated| Arc::clone(&calibrated.view)),
            last: watched.last.clone().filter(|_| is_calibrated),
        })
    }

    /// Takes in what was measured of a frame that came in at `at`. A frame that a later one
    /// overtook changes nothing.
    pub fn look(
        &self,
        camera: &Camera,
        at: DateTime<Utc>,
        captured_at: DateTime<Utc>,
        seen: &Seen,
    ) {
        let mut inner = self.lock();
        let watched = inner.camera(&camera.id);
        if watched.looked_at.is_some_and(|newest| at < newest) {
            return;
        }
        watched.looked_at = Some(at);
        let before = std::mem::replace(&mut watched.small, seen.glance.small.clone());
        let frozen = (!before.is_empty())
            .then(|| Difference::between(&before, &seen.glance.small).is_none());
        let evidence = seen.glance.evidence();
        for (condition, says, limits) in [
            (Condition::Frozen, frozen, limits::FROZEN),
            (Condition::Dark, evidence.dark, limits::PICTURE),
            (Condition::Covered, evidence.covered, limits::PICTURE),
            (Condition::Blurred, evidence.blurred, limits::PICTURE),
            (
                Condition::WrongTime,
                between(at - captured_at, LAG_FINE_MAX, LAG_MAX),
                limits::WRONG_TIME,
            ),
        ] {
            inner.judge(&camera.id, condition, at, says, limits);
        }
        let checked = seen.checked.as_ref();
        if let Some(checked) = checked.filter(|_| evidence.shows_something()) {
            inner.look_around(camera, at, checked);
        }
    }

    /// Time has passed: who was silent for `offline_after` is offline, and who was calibrated anew
    /// has not moved since. Who is asked less often than that may miss a few answers, and whose
    /// platform pushes as seldom a few pictures.
    pub(super) fn pass(
        &self,
        cameras: &[Arc<Camera>],
        now: DateTime<Utc>,
        offline_after: TimeDelta,
    ) {
        let mut inner = self.lock();
        for camera in cameras {
            let asked = camera.pulled_every.map(|every| every * PERIODS_MISSED);
            let offline_after = asked.map_or(offline_after, |asked| offline_after.max(asked));
            let watched = inner.camera(&camera.id);
            let offline_after = watched.cadence.patience(offline_after);
            let from = *watched.silent_from.get_or_insert(now);
            let is_offline = watched.judges[Condition::Offline as usize]
                .since()
                .is_some();
            if !is_offline && now - from >= offline_after {
                let since = watched.heard_at.unwrap_or(from);
                watched.judges[Condition::Offline as usize] = Judge::resumed(since);
                inner.changed(&camera.id, Condition::Offline, now);
            }
            let watched = inner.camera(&camera.id);
            if !watched.is_calibrated_as(camera)
                && watched.judges[Condition::Moved as usize].clear()
            {
                // the next frame shows what it looks at now
                watched.checked_at = None;
                inner.changed(&camera.id, Condition::Moved, now);
            }
        }
    }

    /// When frames came in, for the other processes.
    pub(super) fn all_heard(&self) -> Vec<Heard> {
        let inner = self.lock();
        let heard = |(id, watched): (&CameraId, &Watched)| {
            Some(Heard {
                camera: id.clone(),
                at: watched.heard_at?,
                usual: watched.cadence.usual(),
            })
        };
        inner.cameras.iter().filter_map(heard).collect()
    }

    pub(super) fn heard_elsewhere(&self, heard: Vec<Heard>) {
        let mut inner = self.lock();
        for Heard { camera, at, usual } in heard {
            let watched = inner.camera(&camera);
            if watched.heard_at < Some(at) {
                if let Some(usual) = usual {
                    watched.cadence.was(usual);
                }
                let here = watched.silent_from.is_some();
                watched.cadence.look(at);
                watched.heard_at = Some(at);
                // before the start it says nothing of now
                watched.silent_from = watched.silent_from.max(here.then_some(at));
                if here && watched.judges[Condition::Offline as usize].clear() {
                    inner.changed(&camera, Condition::Offline, at);
                }
            }
        }
    }

    /// What is to be written, each with its state of now.
    pub(super) fn take_unwritten(&self) -> (Unwritten, Vec<store::ConditionRow>) {
        let mut inner = self.lock();
        let unwritten = std::mem::take(&mut inner.unwritten);
        let rows = unwritten
            .conditions
            .iter()
            .map(|((camera, condition), at)| {
                let watched = inner.cameras.get(camera);
                store::ConditionRow {
                    camera: camera.clone(),
                    condition: *condition,
                    since: watched.and_then(|watched| watched.judges[*condition as usize].since()),
                    at: *at,
                }
            });
        let rows = rows.collect();
        (unwritten, rows)
    }

    /// It could not be written: later.
    pub(super) fn put_back(&self, unwritten: Unwritten) {
        let mut inner = self.lock();
        for (key, at) in unwritten.conditions {
            inner.unwritten.conditions.entry(key).or_insert(at);
        }
        for (camera, view) in unwritten.views {
            inner.unwritten.views.entry(camera).or_insert(view);
        }
    }

    /// Another process took the view of a calibration first: that is the one to go by.
    pub(super) fn adopt(&self, standing: Vec<(CameraId, CalibratedView)>) {
        let mut inner = self.lock();
        for (camera, view) in standing {
            let watched = inner.camera(&camera);
            let is_newer = watched.calibrated.as_ref().is_some_and(|own| {
                own.calibration_id == view.calibration_id && own.taken_at != view.taken_at
            });
            if is_newer {
                watched.calibrated = Some(view);
                watched.last = None;
            }
        }
    }

    /// How many cameras are in each condition.
    pub(super) fn count(&self) -> [(Condition, usize); Condition::ALL.len()] {
        let inner = self.lock();
        Condition::ALL.map(|condition| {
            let is_so = |watched: &&Watched| watched.judges[condition as usize].since().is_some();
            (condition, inner.cameras.values().filter(is_so).count())
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn is_calibrated_as(&self, camera: &Camera) -> bool {
        let (now, known) = (camera.calibration.as_ref(), self.calibrated.as_ref());
        now.map(|now| now.id) == known.map(|known| known.calibration_id)
    }
}

impl Inner {
    fn camera(&mut self, id: &CameraId) -> &mut Watched {
        self.cameras.entry(id.clone()).or_default()
    }

    fn judge(
        &mut self,
        camera: &CameraId,
        condition: Condition,
        at: DateTime<Utc>,
        says: Option<bool>,
        limits: limits::Hysteresis,
    ) {
        if self.camera(camera).judges[condition as usize].look(at, says, limits) {
            self.changed(camera, condition, at);
        }
    }

    fn look_around(&mut self, camera: &Camera, at: DateTime<Utc>, checked: &Checked) {
        let calibration = camera
            .calibration
            .as_ref()
            .map(|calibration| calibration.id);
        if calibration != Some(checked.calibration_id) {
            return;
        }
        let Some(says) = checked.has_moved else {
            if checked.view.is_rich() {
                self.takes(camera, at, checked);
            }
            return;
        };
        if says == Some(false) {
            self.camera(&camera.id).last = Some(Arc::clone(&checked.view));
        }
        self.judge(&camera.id, Condition::Moved, at, says, limits::MOVED);
    }

    /// The first view after a calibration is what it is a calibration of.
    fn takes(&mut self, camera: &Camera, at: DateTime<Utc>, checked: &Checked) {
        let view = CalibratedView {
            calibration_id: checked.calibration_id,
            taken_at: at,
            view: Arc::clone(&checked.view),
        };
        let watched = self.camera(&camera.id);
        watched.calibrated = Some(view.clone());
        watched.last = None;
        let was_moved = watched.judges[Condition::Moved as usize].clear();
        self.unwritten.views.insert(camera.id.clone(), view);
        if was_moved {
            self.changed(&camera.id, Condition::Moved, at);
        }
    }

    fn changed(&mut self, camera: &CameraId, condition: Condition, at: DateTime<Utc>) {
        let since = self.camera(camera).judges[condition as usize].since();
        let change = if since.is_some() { "entered" } else { "left" };
        counter!(telemetry::CAMERA_CHANGES, "condition" => condition.as_str(), "change" => change)
            .increment(1);
        tell(camera, condition, since);
        tracing::info!(%camera, condition = condition.as_str(), change, "a camera's health changed");
        self.unwritten
            .conditions
            .insert((camera.clone(), condition), at);
    }
}

fn tell(camera: &CameraId, condition: Condition, since: Option<DateTime<Utc>>) {
    gauge!(
        telemetry::CAMERA_CONDITION_SINCE,
        "camera" => camera.as_str().to_owned(),
        "condition" => condition.as_str()
    )
    .set(since.map_or(0.0, |since| since.timestamp() as f64));
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
