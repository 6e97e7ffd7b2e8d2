//! Between 4 and 5: sightings → events. A car on the road is nothing; a car that stays where it may not is. Pure.
//!
//! Which classes must stay where, and for how long, is data: [`StayRule`].

mod gone;
mod stay;
#[cfg(test)]
mod tests;
mod tracker;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::camera::{Cadence, CameraId};
use crate::catalogue::StayRule;

pub use gone::{Departures, Gone};
pub use stay::{Presence, Stay};
pub use tracker::{Glimpse, TrackId, Tracker};

/// A thing in one frame that is an event only if it stays.
#[derive(Debug, Clone, PartialEq)]
pub struct Thing {
    pub glimpse: Glimpse,
    /// Whether it is in a zone that is in force for it.
    pub inside: bool,
    pub rule: StayRule,
}

/// What one frame changed.
#[derive(Debug, Default, PartialEq)]
pub struct Look {
    /// Of each thing, in order.
    pub presences: Vec<Presence>,
    /// Events that ended: nobody has seen them for long enough.
    pub left: usize,
}

/// What stays before each camera. Held in memory: after a restart a thing must stay anew.
#[derive(Debug)]
pub struct Stays {
    scenes: HashMap<CameraId, Scene>,
    /// In how many frames a thing must be seen to stay.
    frames_min: u32,
}

#[derive(Debug, Default)]
struct Scene {
    /// When the newest frame was taken.
    looked_at: Option<DateTime<Utc>>,
    /// How far apart frames are: it says what a rule's seconds mean for a camera that sends few.
    cadence: Cadence,
    tracker: Tracker,
    stays: HashMap<TrackId, (Stay, StayRule)>,
}

impl Stays {
    /// Of what is seen in frames as they come.
    pub fn in_frames() -> Self {
        Self {
            scenes: HashMap::new(),
            frames_min: stay::FRAMES_MIN,
        }
    }

    /// Of what is seen in backgrounds, one after the other.
    pub fn in_backgrounds() -> Self {
        Self {
            scenes: HashMap::new(),
            frames_min: stay::BACKGROUNDS_MIN,
        }
    }

    /// Takes in one frame, also when nothing was seen in it. A frame that was overtaken by a newer
    /// one changes nothing, and everything in it passes.
    pub fn look(&mut self, camera: &CameraId, at: DateTime<Utc>, things: &[Thing]) -> Look {
        let scene = self.scenes.entry(camera.clone()).or_default();
        if scene.looked_at.is_some_and(|newest| at < newest) {
            return Look {
                presences: vec![Presence::Passing; things.len()],
                left: 0,
            };
        }
        scene.looked_at = Some(at);
        scene.cadence.look(at);
        scene.look(at, things, self.frames_min)
    }
}

impl Scene {
    fn look(&mut self, at: DateTime<Utc>, things: &[Thing], frames_min: u32) -> Look {
        let glimpses: Vec<Glimpse> = things.iter().map(|thing| thing.glimpse).collect();
        let rules = self.stays.values().map(|(_, rule)| rule);
        let rules = rules.chain(things.iter().map(|thing| &thing.rule));
        let patience = rules.map(|rule| patience(&self.cadence, rule)).max();
        let ids = self
            .tracker
            .step(at, &glimpses, patience.unwrap_or(TimeDelta::zero()));
        // what comes after its time is another
        let mut left = self.end(at);
        for (stay, _) in self.stays.values_mut() {
            stay.look();
        }
        let presences = things.iter().zip(ids).map(|(thing, id)| match id {
            Some(id) if thing.inside => self.inside(id, at, thing, frames_min),
            _ => Presence::Passing,
        });
        let presences = presences.collect();
        left += self.end(at);
        Look { presences, left }
    }

    /// Forgets what is over; answers how many of them were events.
    fn end(&mut self, at: DateTime<Utc>) -> usize {
        let mut events = 0;
        self.stays.retain(|_, (stay, rule)| {
            let over = stay.is_over(at, patience(&self.cadence, rule));
            events += usize::from(over && stay.is_lasting());
            !over
        });
        events
    }

    fn inside(
        &mut self,
        id: TrackId,
        at: DateTime<Utc>,
        thing: &Thing,
        frames_min: u32,
    ) -> Presence {
        let pixel_box = thing.glimpse.pixel_box;
        match self.stays.get_mut(&id) {
            Some((stay, _)) => stay.seen(at, pixel_box, &thing.rule, frames_min),
            None => {
                let stay = (Stay::begin(at, pixel_box), thing.rule.clone());
                self.stays.insert(id, stay);
                Presence::Passing
            }
        }
    }
}

/// How long a thing of this rule may be out of sight of a camera of this pace.
fn patience(cadence: &Cadence, rule: &StayRule) -> TimeDelta {
    cadence.patience(stay::seconds(rule.gone_s))
}
