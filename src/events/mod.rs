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

use crate::camera::CameraId;
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
#[derive(Debug, Default)]
pub struct Stays {
    scenes: HashMap<CameraId, Scene>,
}

#[derive(Debug, Default)]
struct Scene {
    /// When the newest frame was taken.
    looked_at: Option<DateTime<Utc>>,
    tracker: Tracker,
    stays: HashMap<TrackId, (Stay, StayRule)>,
}

impl Stays {
    /// Takes in one frame, also when nothing was seen in it. A frame that was overtaken by a newer
    /// one changes nothing, and everything in it passes.
    pub fn look(&mut self, camera: &CameraId, at: DateTime<Utc>, things: &[Thing]) -> Look {
        if things.is_empty() && !self.scenes.contains_key(camera) {
            return Look::default();
        }
        let scene = self.scenes.entry(camera.clone()).or_default();
        if scene.looked_at.is_some_and(|newest| at < newest) {
            return Look {
                presences: vec![Presence::Passing; things.len()],
                left: 0,
            };
        }
        scene.looked_at = Some(at);
        scene.look(at, things)
    }
}

impl Scene {
    fn look(&mut self, at: DateTime<Utc>, things: &[Thing]) -> Look {
        let glimpses: Vec<Glimpse> = things.iter().map(|thing| thing.glimpse).collect();
        let rules = self.stays.values().map(|(_, rule)| rule);
        let rules = rules.chain(things.iter().map(|thing| &thing.rule));
        let patience = rules.map(|rule| stay::seconds(rule.gone_s)).max();
        let ids = self
            .tracker
            .step(at, &glimpses, patience.unwrap_or(TimeDelta::zero()));
        // what comes after its time is another
        let mut left = self.end(|stay, rule| stay.is_over(at, rule));
        for (stay, _) in self.stays.values_mut() {
            stay.look();
        }
        let presences = things.iter().zip(ids).map(|(thing, id)| match id {
            Some(id) if thing.inside => self.inside(id, at, thing),
            _ => Presence::Passing,
        });
        let presences = presences.collect();
        left += self.end(|stay, rule| stay.is_over(at, rule));
        Look { presences, left }
    }

    /// Forgets what is over; answers how many of them were events.
    fn end(&mut self, is_over: impl Fn(&Stay, &StayRule) -> bool) -> usize {
        let mut events = 0;
        self.stays.retain(|_, (stay, rule)| {
            let over = is_over(stay, rule);
            events += usize::from(over && stay.is_lasting());
            !over
        });
        events
    }

    fn inside(&mut self, id: TrackId, at: DateTime<Utc>, thing: &Thing) -> Presence {
        let pixel_box = thing.glimpse.pixel_box;
        match self.stays.get_mut(&id) {
            Some((stay, _)) => stay.seen(at, pixel_box, &thing.rule),
            None => {
                let stay = (Stay::begin(at, pixel_box), thing.rule.clone());
                self.stays.insert(id, stay);
                Presence::Passing
            }
        }
    }
}
