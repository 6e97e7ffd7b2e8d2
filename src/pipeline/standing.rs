//! What is found in a background → sightings, placed like those of frames: what stands where nothing
//! stood, and what models find that does not move.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use metrics::counter;

use super::detectors::Renewal;
use super::place::{Placed, SightingRules, place_background};
use super::report::Dropped;
use super::{Judged, stays};
use crate::camera::background::{Origin, Phase, Standing};
use crate::camera::{Camera, CameraId, Frame};
use crate::cases::Confirmer;
use crate::catalogue::{ClassCode, SightingRule, StandingRule};
use crate::events::Stays;
use crate::http::App;
use crate::space::PixelBox;
use crate::telemetry;
use crate::vision::{Detection, Detections, ModelRef};

/// Who says that something stands there, in reports and in cases' evidence.
static BACKGROUND: LazyLock<Arc<ModelRef>> = LazyLock::new(|| {
    Arc::new(ModelRef {
        name: "background".to_owned(),
        version: "1".to_owned(),
    })
});
/// A detection supports what stands there when its middle is in its box, made wider and higher by
/// this share on each side: who buys stands beside the stall.
const BESIDE: f32 = 0.5;
/// A detection explains it when it covers this share of it.
const EXPLAINED_MIN: f32 = 0.5;
/// What was found in a frame and in its background is one thing when boxes overlap by this.
const SAME_IOU_MIN: f32 = 0.3;

/// What all cameras' backgrounds showed so far.
#[derive(Debug)]
pub(super) struct InBackgrounds {
    stays: Stays,
    /// Of what models find in them: k of n backgrounds, not frames.
    confirmer: Confirmer,
    /// In the newest of each camera, in pixels of its frames.
    found: HashMap<CameraId, Vec<(ClassCode, PixelBox)>>,
}

impl Default for InBackgrounds {
    fn default() -> Self {
        Self {
            stays: Stays::in_backgrounds(),
            confirmer: Confirmer::default(),
            found: HashMap::new(),
        }
    }
}

impl InBackgrounds {
    /// Adds what a new background shows to what was found in the frame that completed it.
    pub(super) fn judge(
        &mut self,
        app: &App,
        rules: &SightingRules,
        frame: &Frame,
        seen: &[Detections],
        renewal: &Renewal,
        judged: &mut Judged,
    ) {
        let mut standing = standing(app, rules, frame, seen, renewal);
        let stay = |rule: &SightingRule| rule.standing.as_ref().map(StandingRule::stay);
        let staying = stays::judge(&mut self.stays, frame, &mut standing, stay);
        let before = judged.reports.len();
        let staying = staying
            .into_iter()
            .map(|(number, it)| (before + number, it));
        let in_frame = judged.confirmed.clone();
        judged.confirmed.extend(staying);
        for Placed { report, .. } in standing {
            if let Some(dropped) = report.dropped {
                counter!(telemetry::DETECTIONS_DROPPED, "reason" => dropped.as_str()).increment(1);
            }
            judged.reports.push(report);
        }

        let is_static = |class: &ClassCode| rules.get(class).is_some_and(|rule| rule.is_static);
        let mut placed = Vec::new();
        let mut boxes = Vec::new();
        for found in &renewal.found {
            let mut found = found.clone();
            found
                .found
                .retain(|it| it.class.as_ref().is_some_and(is_static));
            boxes.extend(
                found
                    .found
                    .iter()
                    .filter_map(|it| Some((it.class?, it.pixel_box))),
            );
            placed.extend(place_background(&app.territory.now(), rules, frame, &found));
        }
        self.found.insert(frame.camera.id.clone(), boxes);
        let first = judged.reports.len();
        judged.confirm(frame, placed, &mut self.confirmer);
        // what the frame itself confirms is filed once
        judged.confirmed.retain(|(number, confirmed)| {
            let one = &confirmed.sighting;
            *number < first
                || !in_frame.iter().any(|(_, other)| {
                    let other = &other.sighting;
                    other.class == one.class && other.pixel_box.iou(&one.pixel_box) >= SAME_IOU_MIN
                })
        });
    }

    /// What is known to stand before a camera.
    pub(super) fn stand(&self, app: &App, rules: &SightingRules, camera: &Camera) -> Stands {
        let classes = rules.iter().filter(|(_, rule)| rule.standing.is_some());
        let phase = app.backgrounds.phase(camera);
        let is_kept = matches!(phase, Phase::Filling | Phase::Ready);
        let background = app.backgrounds.of(&camera.id).filter(|_| is_kept);
        let found = self.found.get(&camera.id).filter(|_| is_kept);
        // in another light nobody can tell what stood there in the one before
        let is_lit_anew = background.as_ref().is_some_and(|it| {
            let reference = it.reference.as_ref();
            reference.is_some_and(|reference| reference.origin == Origin::Light)
        });
        Stands {
            classes: classes.map(|(class, _)| *class).collect(),
            standing: background.map_or_else(Vec::new, |it| it.standing.clone()),
            found: found.cloned().unwrap_or_default(),
            is_known: matches!(phase, Phase::Ready | Phase::NotNeeded) && !is_lit_anew,
        }
    }
}

/// What stands in zones that are in force, of every class with a rule for it.
fn standing(
    app: &App,
    rules: &SightingRules,
    frame: &Frame,
    seen: &[Detections],
    renewal: &Renewal,
) -> Vec<Placed> {
    let Some(first) = seen.first() else {
        return Vec::new();
    };
    let (mut found, mut explained) = (Vec::new(), Vec::new());
    for standing in &renewal.background.standing {
        let pixel_box = standing.in_picture(first.image_width_px, first.image_height_px);
        for (class, rule) in forbidden(rules, frame, first, &pixel_box) {
            let named = || {
                seen.iter()
                    .chain(&renewal.found)
                    .flat_map(|seen| &seen.found)
            };
            let stand = renewal.found.iter().flat_map(|seen| &seen.found);
            let is_explained = stand
                .chain(&renewal.in_frame)
                .any(|other| names(&rule.unless, other) && covers(&other.pixel_box, &pixel_box));
            let score = score(rule, &pixel_box, named());
            if score < rule.score_min {
                continue;
            }
            explained.push(is_explained);
            found.push(Detection {
                label: "standing".into(),
                class: Some(class),
                stands: Some(true),
                confidence: score,
                pixel_box,
            });
        }
    }
    let stands = Detections {
        model: Arc::clone(&BACKGROUND),
        image_width_px: first.image_width_px,
        image_height_px: first.image_height_px,
        found,
    };
    let mut placed = place_background(&app.territory.now(), rules, frame, &stands);
    for (placed, _) in placed.iter_mut().zip(explained).filter(|(_, it)| *it) {
        placed.sighting = None;
        placed.report.dropped = Some(Dropped::Explained);
    }
    placed
}

/// The classes that must not stand where the box has its foot, now.
fn forbidden<'a>(
    rules: &'a SightingRules,
    frame: &'a Frame,
    seen: &Detections,
    pixel_box: &PixelBox,
) -> impl Iterator<Item = (ClassCode, &'a StandingRule)> {
    let (width_px, height_px) = (seen.image_width_px, seen.image_height_px);
    let calibration = frame.camera.calibration.as_deref();
    let point = calibration.and_then(|calibration| {
        let foot = calibration.pixel_from_image(pixel_box.foot(), width_px, height_px)?;
        Some(calibration.locate(foot).ok()?.point)
    });
    let rules = rules
        .iter()
        .filter_map(|(class, rule)| Some((*class, rule.standing.as_ref()?)));
    rules.filter(move |(class, rule)| {
        let zones = frame.camera.zones.iter();
        point.is_some_and(|point| {
            let mut zones = zones.clone();
            zones.any(|zone| zone.forbids(rule.zone, *class, point, frame.captured_at))
        })
    })
}

/// 0 to 1; each label of the rule counts once.
fn score<'a>(
    rule: &StandingRule,
    pixel_box: &PixelBox,
    found: impl Iterator<Item = &'a Detection>,
) -> f32 {
    let (width, height) = (
        (pixel_box.right - pixel_box.left) * BESIDE,
        (pixel_box.bottom - pixel_box.top) * BESIDE,
    );
    let beside = |other: &PixelBox| {
        let x = f32::midpoint(other.left, other.right);
        let y = f32::midpoint(other.top, other.bottom);
        (pixel_box.left - width..=pixel_box.right + width).contains(&x)
            && (pixel_box.top - height..=pixel_box.bottom + height).contains(&y)
    };
    let mut labels: Vec<&str> = found
        .filter(|other| names(&rule.support, other) && beside(&other.pixel_box))
        .map(|other| &*other.label)
        .collect();
    labels.sort_unstable();
    labels.dedup();
    rule.score(labels.len())
}

fn names(labels: &[String], found: &Detection) -> bool {
    labels.iter().any(|label| **label == *found.label)
}

fn covers(other: &PixelBox, pixel_box: &PixelBox) -> bool {
    let shared = PixelBox {
        left: other.left.max(pixel_box.left),
        top: other.top.max(pixel_box.top),
        right: other.right.min(pixel_box.right),
        bottom: other.bottom.min(pixel_box.bottom),
    };
    shared.area() >= EXPLAINED_MIN * pixel_box.area()
}

/// What is known to stand before a camera, for what looks whether things are gone.
pub(super) struct Stands {
    /// Classes that are told from backgrounds.
    classes: Vec<ClassCode>,
    standing: Vec<Standing>,
    /// What models found in the newest background.
    found: Vec<(ClassCode, PixelBox)>,
    /// Whether there is a background whose reference is of one light, or none is needed.
    is_known: bool,
}

impl Stands {
    pub(super) fn boxes(&self, seen: &Detections) -> Vec<(ClassCode, PixelBox)> {
        let (width_px, height_px) = (seen.image_width_px, seen.image_height_px);
        let boxes = self.standing.iter();
        let boxes = boxes.map(|standing| standing.in_picture(width_px, height_px));
        let of_each = |pixel_box| self.classes.iter().map(move |class| (*class, pixel_box));
        let found = self.found.iter().copied();
        boxes.flat_map(of_each).chain(found).collect()
    }

    /// Whether something of this class would be found.
    pub(super) fn is_known(&self, class: ClassCode) -> bool {
        self.is_known || !self.classes.contains(&class)
    }
}
