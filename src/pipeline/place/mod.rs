//! Pixel → ground → cell, component, responsible unit. Pure: numbers in, numbers out.

use std::collections::HashMap;
use std::sync::Arc;

use super::report::{DetectionReport, Dropped, PlaceReport};
use crate::camera::{Frame, mostly_hidden};
use crate::cases::{Picture, Sighting};
use crate::catalogue::{ClassCode, SightingRule};
use crate::ground::{Calibration, Fix};
use crate::territory::Territory;
use crate::vision::{Detection, Detections};

/// Boxes of two models that overlap by at least this are of one thing.
const SAME_IOU_MIN: f32 = 0.5;

/// How sightings of a class become cases, by class.
pub(super) type SightingRules = HashMap<ClassCode, Arc<SightingRule>>;

/// What a detection says, and the sighting it is evidence of, if it is of one.
pub(super) struct Placed {
    pub(super) report: DetectionReport,
    pub(super) sighting: Option<Sighting>,
}

/// Places everything that models found in a frame, most confident first. What cannot be placed
/// says why; nothing can where the camera has moved since it was calibrated.
pub(super) fn place(
    territory: &Territory,
    rules: &SightingRules,
    frame: &Frame,
    seen: &[Detections],
    camera_moved: bool,
) -> Vec<Placed> {
    let mut found: Vec<(&Detections, &Detection)> = Vec::new();
    for seen in seen {
        found.extend(seen.found.iter().map(|detection| (seen, detection)));
    }
    found.sort_by(|(_, a), (_, b)| b.confidence.total_cmp(&a.confidence));
    found
        .iter()
        .enumerate()
        .map(|(index, &(seen, detection))| {
            let sighted = match detection.class {
                None => Ok(None),
                Some(_) if is_masked(frame, seen, detection) => Err(Dropped::Masked),
                Some(_) if doubles(&found[..index], seen, detection) => Err(Dropped::Doubled),
                Some(_) if camera_moved => Err(Dropped::CameraMoved),
                Some(class) => sight(territory, rules, frame, seen, detection, class).map(Some),
            };
            Placed::of(seen, detection, sighted)
        })
        .collect()
}

fn is_masked(frame: &Frame, seen: &Detections, detection: &Detection) -> bool {
    let (width_px, height_px) = (seen.image_width_px, seen.image_height_px);
    mostly_hidden(
        &frame.camera.masks,
        &detection.pixel_box,
        width_px,
        height_px,
    )
}

/// Places what was found in the background of a camera that has not moved, in the order given.
pub(super) fn place_background(
    territory: &Territory,
    rules: &SightingRules,
    frame: &Frame,
    found: &Detections,
) -> Vec<Placed> {
    let placed = found.found.iter().map(|detection| {
        let sighted = match detection.class {
            None => Ok(None),
            Some(_) if is_masked(frame, found, detection) => Err(Dropped::Masked),
            Some(class) => sight(territory, rules, frame, found, detection, class).map(Some),
        };
        let mut placed = Placed::of(found, detection, sighted);
        placed.report.background = true;
        placed
    });
    placed.collect()
}

impl Placed {
    fn of(
        seen: &Detections,
        detection: &Detection,
        sighted: Result<Option<Sighting>, Dropped>,
    ) -> Self {
        let dropped = sighted.as_ref().err().copied();
        let sighting = sighted.ok().flatten();
        Self {
            report: DetectionReport {
                model: seen.model.name.clone(),
                label: detection.label.to_string(),
                class: detection.class,
                confidence: detection.confidence,
                pixel_box: detection.pixel_box,
                place: sighting.as_ref().map(place_report),
                staying_since: None,
                background: false,
                dropped,
                case_id: None,
            },
            sighting,
        }
    }
}

/// Whether another model was surer of the same thing.
fn doubles(surer: &[(&Detections, &Detection)], seen: &Detections, found: &Detection) -> bool {
    surer.iter().any(|(other, better)| {
        !Arc::ptr_eq(&other.model, &seen.model)
            && better.class == found.class
            && better.pixel_box.iou(&found.pixel_box) >= SAME_IOU_MIN
    })
}

fn sight(
    territory: &Territory,
    rules: &SightingRules,
    frame: &Frame,
    seen: &Detections,
    detection: &Detection,
    class: ClassCode,
) -> Result<Sighting, Dropped> {
    let rule = rules.get(&class).ok_or(Dropped::NoRule)?;
    if rule.is_static && detection.stands == Some(false) {
        return Err(Dropped::NotStanding);
    }
    let (calibration, fix) = fix(rule, frame, seen, detection)?;
    let reach_m = fix.ellipse.semi_major_m.max(rule.reach_m);
    let placement = territory
        .locate(fix.point, class, &rule.snap_classes, reach_m)
        .ok_or(Dropped::OutsideCity)?;
    if rule.only_at_component && placement.component.is_none() {
        return Err(Dropped::NoComponent);
    }
    Ok(Sighting {
        class,
        rule: Arc::clone(rule),
        frame_id: frame.id,
        camera_id: frame.camera.id.clone(),
        captured_at: frame.captured_at,
        picture: Picture {
            jpeg: frame.jpeg.clone(),
            masks: Arc::clone(&frame.camera.masks),
            width_px: seen.image_width_px,
            height_px: seen.image_height_px,
        },
        pixel_box: detection.pixel_box,
        confidence: detection.confidence,
        model: Arc::clone(&seen.model),
        calibration_id: calibration.id,
        fix,
        placement,
    })
}

/// Where the thing stands on the ground, and the calibration that says so.
fn fix<'a>(
    rule: &SightingRule,
    frame: &'a Frame,
    seen: &Detections,
    detection: &Detection,
) -> Result<(&'a Calibration, Fix), Dropped> {
    if detection.confidence < rule.confidence_min {
        return Err(Dropped::Unsure);
    }
    let calibration = frame.camera.calibration.as_deref();
    let calibration = calibration.ok_or(Dropped::Uncalibrated)?;
    let foot = detection.pixel_box.foot();
    let foot = calibration
        .pixel_from_image(foot, seen.image_width_px, seen.image_height_px)
        .ok_or(Dropped::Uncalibrated)?;
    let fix = calibration.locate(foot)?;
    let (width_px, height_px) = (seen.image_width_px, seen.image_height_px);
    let width_m = calibration.width_m(&detection.pixel_box, width_px, height_px);
    if width_m.is_some_and(|width_m| !rule.can_be_wide(width_m)) {
        return Err(Dropped::ImpossibleSize);
    }
    Ok((calibration, fix))
}

fn place_report(sighting: &Sighting) -> PlaceReport {
    PlaceReport {
        lon: sighting.fix.point.lon,
        lat: sighting.fix.point.lat,
        ellipse: sighting.fix.ellipse,
        placement: sighting.placement.clone(),
    }
}

#[cfg(test)]
mod tests;
