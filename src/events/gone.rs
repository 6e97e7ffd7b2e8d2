//! When something that a case is open about is seen to be gone.
//!
//! A box that is not found once is nothing: somebody stands before it. What is not found for long
//! enough, in enough frames of a camera that can be believed, is gone. A thing that hides behind a
//! parked van for as long is taken for gone as well; so this is a note for people and ends no case.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::camera::CameraId;
use crate::catalogue::ClassCode;
use crate::space::PixelBox;

/// Not found for this long, ...
const GONE_AFTER: TimeDelta = TimeDelta::seconds(600);
/// ... in at least so many frames: a camera that sends one a minute needs more time.
const LOOKS_MIN: u32 = 20;
/// A box of its class that overlaps it by this is the thing, however unsure the model is.
const SAME_IOU_MIN: f32 = 0.2;
/// Things remembered of one camera; beyond it the one that was filed longest ago is forgotten.
const THINGS_MAX: usize = 128;

/// A thing that a case is open about, where a camera sees it.
#[derive(Debug, Clone, PartialEq)]
struct Thing<K> {
    key: K,
    class: ClassCode,
    pixel_box: PixelBox,
    /// Since the first frame in a row in which it was not found.
    missing: Option<Missing>,
    /// Whether that it is gone was told.
    told: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Missing {
    since: DateTime<Utc>,
    looks: u32,
}

/// What is seen to be gone.
#[derive(Debug, Clone, PartialEq)]
pub struct Gone<K> {
    pub key: K,
    /// Where it was.
    pub pixel_box: PixelBox,
    /// When the first frame without it was taken.
    pub since: DateTime<Utc>,
    /// Frames without it.
    pub looks: u32,
}

/// The things of all cameras; `K` names what is open about one.
#[derive(Debug)]
pub struct Departures<K> {
    cameras: HashMap<CameraId, Scene<K>>,
}

#[derive(Debug)]
struct Scene<K> {
    looked_at: Option<DateTime<Utc>>,
    /// The one filed longest ago first.
    things: Vec<Thing<K>>,
}

impl<K> Default for Departures<K> {
    fn default() -> Self {
        Self {
            cameras: HashMap::new(),
        }
    }
}

impl<K> Default for Scene<K> {
    fn default() -> Self {
        Self {
            looked_at: None,
            things: Vec::new(),
        }
    }
}

impl<K: Copy + Eq> Departures<K> {
    /// This was filed, or seen again: from now on it is looked for there.
    pub fn filed(&mut self, camera: &CameraId, key: K, class: ClassCode, pixel_box: PixelBox) {
        let things = &mut self.cameras.entry(camera.clone()).or_default().things;
        if let Some(known) = things.iter_mut().find(|thing| thing.key == key) {
            known.pixel_box = pixel_box;
            known.missing = None;
            known.told = false;
            return;
        }
        if things.len() >= THINGS_MAX {
            things.remove(0);
        }
        things.push(Thing {
            key,
            class,
            pixel_box,
            missing: None,
            told: false,
        });
    }

    /// Nothing is open about it any more.
    pub fn forget(&mut self, camera: &CameraId, key: K) {
        if let Some(scene) = self.cameras.get_mut(camera) {
            scene.things.retain(|thing| thing.key != key);
        }
    }

    /// Takes in one frame of a camera that can be believed, with everything found in it. Each
    /// departure is told once. A frame that was overtaken by a newer one changes nothing.
    /// `can_tell`: whether things of a class would be found if they were there.
    pub fn look(
        &mut self,
        camera: &CameraId,
        at: DateTime<Utc>,
        found: &[(ClassCode, PixelBox)],
        can_tell: impl Fn(ClassCode) -> bool,
    ) -> Vec<Gone<K>> {
        let Some(scene) = self.cameras.get_mut(camera) else {
            return Vec::new();
        };
        if scene.looked_at.is_some_and(|newest| at <= newest) {
            return Vec::new();
        }
        scene.looked_at = Some(at);
        let gone = scene
            .things
            .iter_mut()
            .filter(|thing| can_tell(thing.class))
            .filter_map(|thing| thing.look(at, found));
        gone.collect()
    }
}

impl<K: Copy> Thing<K> {
    fn look(&mut self, at: DateTime<Utc>, found: &[(ClassCode, PixelBox)]) -> Option<Gone<K>> {
        let is_it = |(class, pixel_box): &(ClassCode, PixelBox)| {
            *class == self.class && self.pixel_box.iou(pixel_box) >= SAME_IOU_MIN
        };
        if found.iter().any(is_it) {
            self.missing = None;
            self.told = false;
            return None;
        }
        let missing = self.missing.get_or_insert(Missing {
            since: at,
            looks: 0,
        });
        missing.looks += 1;
        if self.told || missing.looks < LOOKS_MIN || at - missing.since < GONE_AFTER {
            return None;
        }
        self.told = true;
        Some(Gone {
            key: self.key,
            pixel_box: self.pixel_box,
            since: missing.since,
            looks: missing.looks,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(s: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(s)
    }

    fn camera() -> CameraId {
        CameraId::try_from("cam".to_owned()).unwrap()
    }

    fn class() -> ClassCode {
        "M06042".parse().unwrap()
    }

    fn bin(x: f32) -> PixelBox {
        PixelBox {
            left: x,
            top: 100.0,
            right: x + 80.0,
            bottom: 200.0,
        }
    }

    fn filed() -> Departures<u8> {
        let mut departures = Departures::default();
        departures.filed(&camera(), 1, class(), bin(0.0));
        departures.filed(&camera(), 2, class(), bin(300.0));
        departures
    }

    #[test]
    fn what_is_not_found_for_long_enough_is_gone_and_told_once() {
        let mut departures = filed();
        let mut told = Vec::new();
        // the first is emptied after ten minutes, the second stays
        for s in (0..3000).step_by(10) {
            let both = [(class(), bin(2.0)), (class(), bin(305.0))];
            let found = if s < 600 { &both[..] } else { &both[1..] };
            told.extend(
                departures
                    .look(&camera(), at(s), found, |_| true)
                    .into_iter()
                    .map(|gone| (s, gone)),
            );
        }
        let [(when, gone)] = &told[..] else {
            panic!("{told:?}");
        };
        assert_eq!((*when, gone.key, gone.since), (1200, 1, at(600)));
        // full again, and emptied again
        departures.filed(&camera(), 1, class(), bin(0.0));
        let again = (0..100).filter(|n| {
            !departures
                .look(&camera(), at(5000 + n * 10), &[], |_| true)
                .is_empty()
        });
        assert_eq!(again.count(), 1, "both are gone with one frame");
    }

    #[test]
    fn few_frames_say_little_however_long_they_take() {
        let mut departures = filed();
        let gone = (0..19)
            .flat_map(|n| departures.look(&camera(), at(n * 600), &[], |_| true))
            .count();
        assert_eq!(gone, 0);
    }

    #[test]
    fn what_nothing_is_open_about_is_not_looked_for() {
        let mut departures = filed();
        departures.forget(&camera(), 1);
        let gone: Vec<u8> = (0..100)
            .flat_map(|n| departures.look(&camera(), at(n * 10), &[], |_| true))
            .map(|gone| gone.key)
            .collect();
        assert_eq!(gone, [2]);
    }

    #[test]
    fn a_camera_remembers_a_bounded_number_of_things() {
        let mut departures = Departures::default();
        for key in 0..1000_u32 {
            departures.filed(&camera(), key, class(), bin(0.0));
        }
        assert_eq!(departures.cameras[&camera()].things.len(), THINGS_MAX);
    }

    proptest! {
        /// Found at least once in every ten minutes, in any frames: never gone.
        #[test]
        fn what_is_found_now_and_then_is_there(pauses in proptest::collection::vec((1_i64..60, 0_u8..10), 1..300)) {
            let mut departures = filed();
            let (mut s, mut unseen_s) = (0, 0);
            for (pause, luck) in pauses {
                s += pause;
                unseen_s += pause;
                let seen = luck == 0 || unseen_s > 500;
                let found: Vec<_> = if seen { vec![(class(), bin(0.0)), (class(), bin(300.0))] } else { Vec::new() };
                unseen_s = if seen { 0 } else { unseen_s };
                prop_assert!(departures.look(&camera(), at(s), &found, |_| true).is_empty());
            }
        }

        /// However frames come, a departure is told at most once between two times it was found.
        #[test]
        fn a_departure_is_told_once(looks in proptest::collection::vec((-20_i64..90, any::<bool>()), 1..400)) {
            let mut departures = Departures::default();
            departures.filed(&camera(), 1_u8, class(), bin(0.0));
            let (mut s, mut newest, mut open) = (0, i64::MIN, true);
            for (pause, seen) in looks {
                s += pause;
                let found: Vec<_> = if seen { vec![(class(), bin(0.0))] } else { Vec::new() };
                let gone = departures.look(&camera(), at(s), &found, |_| true);
                prop_assert!(gone.len() <= usize::from(open));
                if s > newest {
                    newest = s;
                    open = seen || open && gone.is_empty();
                } else {
                    prop_assert!(gone.is_empty(), "an overtaken frame told something");
                }
            }
        }
    }
}
