//! Sightings of classes that are an event only if they stay → those that do.

use metrics::counter;

use super::place::Placed;
use super::report::Dropped;
use crate::camera::Frame;
use crate::cases::{Confirmed, Sighting};
use crate::catalogue::{SightingRule, StayRule};
use crate::events::{Glimpse, Presence, Stays, Thing};
use crate::telemetry;

/// Takes those that `stay` has a rule for out of what was placed; answers those that stay, each with
/// its number. The others say why they are no event.
pub(super) fn judge(
    stays: &mut Stays,
    frame: &Frame,
    placed: &mut [Placed],
    stay: impl Fn(&SightingRule) -> Option<StayRule>,
) -> Vec<(usize, Confirmed)> {
    let mut taken = Vec::new();
    for (number, Placed { sighting, .. }) in placed.iter_mut().enumerate() {
        let Some((rule, it)) = sighting.as_ref().and_then(|it| Some((stay(&it.rule)?, it))) else {
            continue;
        };
        let thing = thing(frame, it, rule);
        taken.extend(sighting.take().map(|sighting| (number, thing, sighting)));
    }
    let things: Vec<Thing> = taken.iter().map(|(_, thing, _)| thing.clone()).collect();
    let look = stays.look(&frame.camera.id, frame.captured_at, &things);
    counter!(telemetry::STAYS, "change" => "left").increment(look.left as u64);
    let mut staying = Vec::new();
    for ((number, thing, sighting), presence) in taken.into_iter().zip(look.presences) {
        let report = &mut placed[number].report;
        match presence {
            Presence::Passing => {
                report.dropped = Some(if thing.inside {
                    Dropped::Passing
                } else {
                    Dropped::OutsideZone
                });
            }
            Presence::Staying {
                since,
                frames,
                entered,
            } => {
                counter!(telemetry::STAYS, "change" => "entered").increment(entered.into());
                report.staying_since = Some(since);
                let confirmed = Confirmed {
                    sighting,
                    first_seen_at: since,
                    seen_in: i16::try_from(frames).unwrap_or(i16::MAX),
                };
                staying.push((number, confirmed));
            }
        }
    }
    staying
}

fn thing(frame: &Frame, sighting: &Sighting, rule: StayRule) -> Thing {
    let (class, point) = (sighting.class, sighting.fix.point);
    let mut zones = frame.camera.zones.iter();
    Thing {
        glimpse: Glimpse {
            class,
            confidence: sighting.confidence,
            pixel_box: sighting.pixel_box,
        },
        inside: zones.any(|zone| zone.forbids(rule.zone, class, point, frame.captured_at)),
        rule,
    }
}
