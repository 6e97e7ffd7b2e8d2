//! The backgrounds of all cameras that need one, in memory: 3.3 MB each, at most as many as fit into
//! what the configuration gives them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use chrono::{DateTime, TimeDelta, Utc};
use metrics::counter;
use sqlx::PgPool;

use super::agreement::agrees;
use super::difference::difference;
use super::limits::{
    BYTES_PER_CAMERA, EVERY, FAST_MAX, FOLLOW, FOLLOW_EVERY, FOLLOW_MAX, FRESH_MAX, GAP_MAX,
    SLOW_MIN,
};
use super::region::regions;
use super::{Origin, Pace, Reference, Remedian, Standing, Still, store};
use crate::camera::{Cadence, Camera, CameraId, Mask};
use crate::catalogue::{ClassCode, ZoneKind};
use crate::space::PixelBox;
use crate::telemetry;

/// Which cameras need a background.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Those with a zone of one of these kinds.
    pub zones: Vec<ZoneKind>,
    /// All that are calibrated: of these classes what a model finds must agree with it.
    pub of_classes: Vec<ClassCode>,
}

/// How far a camera's background is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// No rule needs one, or the camera is not calibrated.
    NotNeeded,
    /// As many cameras have one as fit into memory.
    NoRoom,
    /// Not enough pictures were taken in yet.
    Filling,
    Ready,
}

/// What is known of the background of one camera at one moment.
#[derive(Debug, Clone, Default)]
pub struct Background {
    /// Pictures taken in, at most those that are needed.
    pub taken: usize,
    /// How its camera's pictures become a background.
    pub pace: Pace,
    /// The background, and when the last picture it is made of was taken.
    pub median: Option<(Arc<Still>, DateTime<Utc>)>,
    /// The same of the last few pictures alone.
    pub newest: Option<Arc<Still>>,
    pub reference: Option<Arc<Reference>>,
    /// What stands there that is not in the reference, largest first.
    pub standing: Vec<Standing>,
    /// How far from a frame it may have been made to say something of it.
    fresh: TimeDelta,
}

/// What a picture made known that completed a background.
#[derive(Debug, Clone)]
pub struct Renewed {
    pub median: Arc<Still>,
    pub standing: Vec<Standing>,
}

/// One camera.
#[derive(Debug, Default)]
pub(super) struct Slot {
    growing: Mutex<Growing>,
    shown: ArcSwap<Background>,
    /// What the database has: set at and followed until.
    pub(super) written: Mutex<Option<(DateTime<Utc>, DateTime<Utc>)>>,
}

#[derive(Debug, Default)]
struct Growing {
    calibration_id: Option<i32>,
    has_zones: bool,
    /// Of the camera.
    masks: Arc<[Mask]>,
    /// When the newest picture was taken that is or will be taken in.
    claimed_at: Option<DateTime<Utc>>,
    /// Of the pictures that are taken in.
    cadence: Cadence,
    remedian: Remedian,
}

/// The backgrounds of all cameras.
#[derive(Debug)]
pub struct Backgrounds {
    slots_max: usize,
    needs: OnceLock<Needs>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    slots: HashMap<CameraId, Arc<Slot>>,
    /// Need one and have none.
    refused: HashSet<CameraId>,
    /// What the database had at the start, with the calibration it belongs to.
    stored: HashMap<CameraId, (i32, Reference)>,
}

impl Backgrounds {
    /// With the references that the last run left. `bytes_max`: what all of them may take.
    pub async fn open(db: &PgPool, bytes_max: usize) -> sqlx::Result<Self> {
        let slots_max = bytes_max / BYTES_PER_CAMERA;
        let stored = store::read(db, slots_max).await?;
        Ok(Self {
            slots_max,
            needs: OnceLock::new(),
            inner: Mutex::new(Inner {
                stored: stored.into_iter().collect(),
                ..Inner::default()
            }),
        })
    }

    /// From now on backgrounds are kept for cameras that need them.
    pub fn serve(&self, needs: Needs) {
        if self.needs.set(needs).is_err() {
            tracing::error!("the needs of backgrounds are known already");
        }
    }

    /// Whether a picture that was taken at `at` is to be taken in; whoever is told so does it.
    pub fn wants(&self, camera: &Camera, at: DateTime<Utc>) -> bool {
        let Some(slot) = self.slot(camera) else {
            return false;
        };
        let mut growing = lock(&slot.growing);
        if let Some(claimed) = growing.claimed_at {
            // a clock that was set back does not hold it up for hours
            if at - claimed < EVERY && claimed - at < GAP_MAX {
                return false;
            }
        }
        let gap = growing
            .claimed_at
            .replace(at)
            .map(|before| (at - before).abs());
        if gap.is_some_and(|gap| gap > GAP_MAX) {
            growing.begin_anew(&slot.shown, "gap");
        }
        growing.cadence.look(at);
        true
    }

    /// Takes a picture in. Answers the new background, when it makes one.
    pub fn take(&self, camera: &Camera, at: DateTime<Utc>, still: Still) -> Option<Renewed> {
        let slot = self.slot(camera)?;
        let mut growing = lock(&slot.growing);
        let mut shown = Background::clone(&slot.shown.load());
        growing.keep_pace();
        let median = growing.remedian.take(still);
        shown.taken = growing.remedian.taken();
        shown.pace = growing.remedian.pace();
        shown.fresh = growing.cadence.patience(FRESH_MAX).min(GAP_MAX);
        shown.newest = growing.remedian.newest().map(Arc::new);
        let renewed = median.map(|mut median| {
            // also over pictures from before they were drawn
            median.paint(&camera.masks);
            shown.renew(&growing, median, at, &camera.masks)
        });
        slot.shown.store(Arc::new(shown));
        renewed
    }

    /// Whether what is found of this class must be where the background shows it.
    pub fn is_asked_of(&self, class: ClassCode) -> bool {
        let needs = self.needs.get();
        needs.is_some_and(|needs| needs.of_classes.contains(&class))
    }

    /// The camera looks elsewhere: what it showed says nothing any more.
    pub fn moved(&self, camera: &CameraId) {
        let slot = self.lock().slots.get(camera).cloned();
        if let Some(slot) = slot
            && slot.shown.load().taken > 0
        {
            lock(&slot.growing).begin_anew(&slot.shown, "moved");
        }
    }

    pub fn of(&self, camera: &CameraId) -> Option<Arc<Background>> {
        let slot = self.lock().slots.get(camera).cloned()?;
        Some(slot.shown.load_full())
    }

    pub fn phase(&self, camera: &Camera) -> Phase {
        if self.need(camera).is_none() {
            return Phase::NotNeeded;
        }
        let inner = self.lock();
        match inner.slots.get(&camera.id) {
            Some(slot) if slot.shown.load().median.is_some() => Phase::Ready,
            None if inner.refused.contains(&camera.id) => Phase::NoRoom,
            Some(_) | None => Phase::Filling,
        }
    }

    /// Takes over what a person has set, here or elsewhere, unless it is known.
    pub fn adopt(&self, camera: &CameraId, calibration_id: i32, reference: Reference) {
        let slot = self.lock().slots.get(camera).cloned();
        let Some(slot) = slot.filter(|slot| slot.calibration_id() == Some(calibration_id)) else {
            return;
        };
        let known = slot.reference();
        if known.is_none_or(|known| known.set_at < reference.set_at) {
            self.set_reference(camera, reference);
        }
    }

    /// From now on this is what the camera's background is compared with.
    fn set_reference(&self, camera: &CameraId, reference: Reference) {
        let Some(slot) = self.lock().slots.get(camera).cloned() else {
            return;
        };
        counter!(telemetry::BACKGROUND_CHANGES, "change" => "person").increment(1);
        // nobody makes a new one meanwhile
        let _growing = lock(&slot.growing);
        let mut shown = Background::clone(&slot.shown.load());
        shown.reference = Some(Arc::new(reference));
        shown.standing.clear();
        slot.shown.store(Arc::new(shown));
    }

    /// Forgets cameras that are gone or need none any more. Returns how many are in each phase.
    pub(super) fn tidy(&self, cameras: &[Arc<Camera>]) -> [(Phase, usize); 3] {
        let needing: HashSet<&CameraId> = cameras
            .iter()
            .filter(|camera| self.need(camera).is_some())
            .map(|camera| &camera.id)
            .collect();
        let mut inner = self.lock();
        inner.slots.retain(|camera, _| needing.contains(camera));
        inner.refused.retain(|camera| needing.contains(camera));
        let known: HashSet<&CameraId> = cameras.iter().map(|camera| &camera.id).collect();
        inner.stored.retain(|camera, _| known.contains(camera));
        let ready = |slot: &&Arc<Slot>| slot.shown.load().median.is_some();
        let ready = inner.slots.values().filter(ready).count();
        [
            (Phase::NoRoom, inner.refused.len()),
            (Phase::Filling, inner.slots.len() - ready),
            (Phase::Ready, ready),
        ]
    }

    pub(super) fn slots(&self) -> Vec<(CameraId, Arc<Slot>)> {
        let inner = self.lock();
        let slots = inner.slots.iter();
        slots
            .map(|(camera, slot)| (camera.clone(), Arc::clone(slot)))
            .collect()
    }

    /// Whether it needs a background: because of its zones or, false, of a rule for all; `None`: it
    /// does not.
    fn need(&self, camera: &Camera) -> Option<bool> {
        let needs = self.needs.get()?;
        camera.calibration.as_ref()?;
        let zoned = camera
            .zones
            .iter()
            .any(|zone| needs.zones.contains(&zone.kind));
        (zoned || !needs.of_classes.is_empty()).then_some(zoned)
    }

    /// Where a camera's pictures go; `None`: nowhere.
    fn slot(&self, camera: &Camera) -> Option<Arc<Slot>> {
        let has_zones = self.need(camera)?;
        let calibration_id = camera.calibration.as_ref()?.id;
        let mut inner = self.lock();
        if !inner.slots.contains_key(&camera.id) && !inner.has_room(self.slots_max, has_zones) {
            if inner.refused.insert(camera.id.clone()) {
                tracing::warn!(camera = %camera.id, "there is no room for its background");
            }
            return None;
        }
        inner.refused.remove(&camera.id);
        let stored = inner.stored.remove(&camera.id);
        let slot = Arc::clone(inner.slots.entry(camera.id.clone()).or_default());
        drop(inner);
        let mut growing = lock(&slot.growing);
        growing.has_zones = has_zones;
        if growing.masks != camera.masks {
            growing.masks = Arc::clone(&camera.masks);
            // what the database has is painted over as well
            *lock(&slot.written) = None;
        }
        if growing.calibration_id != Some(calibration_id) {
            growing.begin_anew(&slot.shown, "calibrated");
            growing.calibration_id = Some(calibration_id);
            let known = stored.filter(|(of, _)| *of == calibration_id);
            let known = known.map(|(_, reference)| reference);
            *lock(&slot.written) = known.as_ref().map(|it| (it.set_at, it.followed_at));
            slot.shown.store(Arc::new(Background {
                reference: known.map(Arc::new),
                ..Background::default()
            }));
        }
        drop(growing);
        Some(slot)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }
}

impl Slot {
    pub(super) fn calibration_id(&self) -> Option<i32> {
        lock(&self.growing).calibration_id
    }

    /// Of its camera.
    pub(super) fn masks(&self) -> Arc<[Mask]> {
        Arc::clone(&lock(&self.growing).masks)
    }

    pub(super) fn reference(&self) -> Option<Arc<Reference>> {
        self.shown.load().reference.clone()
    }
}

impl Inner {
    /// Whether there is a place for one more; who has zones takes that of one who has none.
    fn has_room(&mut self, slots_max: usize, has_zones: bool) -> bool {
        if self.slots.len() < slots_max {
            return true;
        }
        if !has_zones {
            return false;
        }
        let plain = |slot: &Slot| {
            let growing = lock(&slot.growing);
            (!growing.has_zones).then_some(growing.claimed_at)
        };
        let plain = self
            .slots
            .iter()
            .filter_map(|(id, slot)| Some((plain(slot)?, id)));
        let oldest = plain.min().map(|(_, id)| id.clone());
        let Some(oldest) = oldest else {
            return false;
        };
        self.slots.remove(&oldest);
        self.refused.insert(oldest);
        true
    }
}

impl Growing {
    /// Goes over to medians of pictures, or to pictures, as they come.
    fn keep_pace(&mut self) {
        match self.cadence.usual() {
            Some(usual) if usual >= SLOW_MIN => self.remedian.keep(Pace::Slow),
            Some(usual) if usual < FAST_MAX => self.remedian.keep(Pace::Fast),
            Some(_) | None => {}
        }
    }

    /// By how much the reference follows the background that is new now, of 255.
    fn follow_step(&self) -> u8 {
        match (self.remedian.pace(), self.cadence.usual()) {
            (Pace::Slow, Some(usual)) => {
                let times = usual.num_seconds() / FOLLOW_EVERY.num_seconds();
                let step = u8::try_from(times)
                    .unwrap_or(u8::MAX)
                    .saturating_mul(FOLLOW);
                step.clamp(FOLLOW, FOLLOW_MAX)
            }
            (Pace::Fast, _) | (Pace::Slow, None) => FOLLOW,
        }
    }

    fn begin_anew(&mut self, shown: &ArcSwap<Background>, why: &'static str) {
        if self.remedian.taken() > 0 {
            counter!(telemetry::BACKGROUND_CHANGES, "change" => why).increment(1);
        }
        // how often the camera sends is still known
        let pace = self.remedian.pace();
        self.remedian = Remedian::default();
        self.remedian.keep(pace);
        let reference = shown.load().reference.clone();
        shown.store(Arc::new(Background {
            reference,
            pace,
            ..Background::default()
        }));
    }
}

impl Background {
    /// Whether a part of a picture, in shares of it, shows what stands there: in the background or,
    /// of what was put there a minute ago, in the last few pictures. `None` while there is no
    /// background.
    pub fn stands(&self, picture: &Still, part: &PixelBox) -> Option<bool> {
        let (median, _) = self.median.as_ref()?;
        let newest = self.newest.iter().chain([median]);
        Some(newest.into_iter().any(|still| agrees(picture, still, part)))
    }

    /// Whether it was made within some minutes of `at`.
    pub fn is_of(&self, at: DateTime<Utc>) -> bool {
        let median = self.median.as_ref();
        median.is_some_and(|(_, made_at)| (at - *made_at).abs() <= self.fresh)
    }

    fn renew(
        &mut self,
        growing: &Growing,
        median: Still,
        at: DateTime<Utc>,
        masks: &[Mask],
    ) -> Renewed {
        let told = |change: &'static str| {
            counter!(telemetry::BACKGROUND_CHANGES, "change" => change).increment(1);
        };
        told("renewed");
        let median = Arc::new(median);
        if let Some(reference) = &mut self.reference {
            let still = &mut Arc::make_mut(reference).still;
            still.paint(masks);
            still.uncover(&median);
        }
        let anew = |origin| Arc::new(Reference::new(Still::clone(&median), origin, at));
        let standing = match &mut self.reference {
            None => {
                told("first");
                self.reference = Some(anew(Origin::First));
                Vec::new()
            }
            Some(reference) => match difference(&reference.still, &median) {
                None => {
                    told("light");
                    *reference = anew(Origin::Light);
                    Vec::new()
                }
                Some(different) => {
                    let reference = Arc::make_mut(reference);
                    let found = regions(&different, &growing.remedian.steady(&median));
                    let (gone, standing): (Vec<_>, Vec<_>) = found
                        .into_iter()
                        .partition(|region| region.was_taken_away(&reference.still, &median));
                    for region in &gone {
                        told("taken_away");
                        reference.take_over(&median, region);
                    }
                    reference.follow(&median, &standing, growing.follow_step(), at);
                    Standing::follow(&self.standing, &standing, at)
                }
            },
        };
        self.standing.clone_from(&standing);
        self.median = Some((Arc::clone(&median), at));
        Renewed { median, standing }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
