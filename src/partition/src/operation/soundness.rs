//! What must hold of a draft whatever the operation was; asked only where something is new.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use crate::arc_index::ArcIndex;
use crate::draft::Draft;
use crate::ids::{ArcId, FaceId};
use crate::outline::outline;
use crate::partition::{Arc, Ground};
use crate::point::{Point, bounds, cross_properly, crossing, passes_through_pixel};
use crate::refusal::{Limits, Refusal, Warning};
use crate::ring::{doubled_area_of, m2, width_mm};

/// A face may lose this share of its width to rounding.
const ROUNDING: f64 = 0.999;

/// An area that differs by less is the same.
const NOISE_M2: f64 = 1.0;

/// What a draft is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// Of what was there: a cell that falls into more parts than before was torn by a slip.
    ByEdit,
    /// Of one arrangement, all of it: its borders meet in nodes because they were read off there. Cells
    /// lie in as many parts as they were drawn, and of what size they are a plan is told as a whole.
    Anew,
}

/// Refuses borders that meet beside nodes, faces that fall apart or become too narrow.
pub(super) fn check(
    draft: &Draft<'_>,
    limits: &Limits,
    made: Made,
) -> Result<Vec<Warning>, Refusal> {
    if made == Made::ByEdit {
        refuse_meetings(draft)?;
    }
    let mut warnings = Vec::new();
    for (face, rings) in draft.reshaped() {
        let after = Shape::of(&rings);
        let before = draft.base.faces.contains_key(&face).then(|| {
            let arcs = draft
                .base
                .arcs_of_face(face)
                .iter()
                .map(|arc| &draft.base.arcs[arc]);
            Shape::of(&outline(face, arcs))
        });
        refuse_narrow(limits, face, &after, before.as_ref())?;
        if made == Made::Anew {
            continue;
        }
        refuse_apart(draft, face, &after, before.as_ref())?;
        let is_cell = draft
            .face(face)
            .is_some_and(|face| face.ground == Ground::Cell);
        let is_new = before.is_none_or(|before| (before.area_m2 - after.area_m2).abs() > NOISE_M2);
        if is_cell && is_new {
            let area_m2 = after.area_m2;
            if area_m2 < limits.area_min_m2 {
                warnings.push(Warning::Small { face, area_m2 });
            } else if area_m2 > limits.area_max_m2 {
                warnings.push(Warning::Large { face, area_m2 });
            }
        }
    }
    Ok(warnings)
}

/// What of a face's rings matters.
struct Shape {
    parts: usize,
    area_m2: f64,
    width_mm: f64,
    /// A point of the smallest part.
    at: Option<Point>,
}

impl Shape {
    fn of(rings: &[Vec<Point>]) -> Self {
        let areas: Vec<i128> = rings.iter().map(|ring| doubled_area_of(ring)).collect();
        let doubled: i128 = areas.iter().sum();
        let border = rings.iter().map(|ring| {
            let ends = ring.iter().skip(1).chain(ring.first());
            ring.iter()
                .zip(ends)
                .map(|(a, b)| a.distance_mm(*b))
                .sum::<f64>()
        });
        let parts = areas.iter().zip(rings).filter(|(area, _)| **area > 0);
        Self {
            parts: parts.clone().count(),
            area_m2: m2(doubled),
            width_mm: width_mm(doubled, border.sum()),
            at: parts
                .min_by_key(|(area, _)| **area)
                .map(|(_, ring)| ring[0]),
        }
    }
}

fn refuse_apart(
    draft: &Draft<'_>,
    face: FaceId,
    after: &Shape,
    before: Option<&Shape>,
) -> Result<(), Refusal> {
    let parts_allowed = before.map_or_else(|| parts_of_parents(draft, face), |before| before.parts);
    match after.at {
        Some(at) if after.parts > parts_allowed.max(1) => Err(Refusal::Disconnected { face, at }),
        Some(_) | None => Ok(()),
    }
}

fn refuse_narrow(
    limits: &Limits,
    face: FaceId,
    after: &Shape,
    before: Option<&Shape>,
) -> Result<(), Refusal> {
    let Some(at) = after.at else {
        return Err(Refusal::Vanishing { face });
    };
    let was_mm = before.map_or(f64::INFINITY, |before| before.width_mm * ROUNDING);
    if after.width_mm < limits.width_min_mm && after.width_mm < was_mm {
        let width_mm = after.width_mm;
        return Err(Refusal::Sliver { face, at, width_mm });
    }
    Ok(())
}

/// How many parts a new face may have: each further parent must touch the others.
fn parts_of_parents(draft: &Draft<'_>, face: FaceId) -> usize {
    let parents = draft.descent.iter().filter(|descent| descent.child == face);
    let parts = parents.map(|descent| {
        let arcs = draft
            .base
            .arcs_of_face(descent.parent)
            .iter()
            .map(|arc| &draft.base.arcs[arc]);
        Shape::of(&outline(descent.parent, arcs)).parts
    });
    parts.map(|parts| parts.saturating_sub(1)).sum::<usize>() + 1
}

/// A piece of border, and where on which arc it is.
#[derive(Clone, Copy)]
struct Piece<'a> {
    arc: &'a Arc,
    id: ArcId,
    index: usize,
    a: Point,
    b: Point,
}

fn pieces(id: ArcId, arc: &Arc) -> impl Iterator<Item = Piece<'_>> {
    let segments = arc.line.segments().enumerate();
    segments.map(move |(index, (a, b))| Piece {
        arc,
        id,
        index,
        a,
        b,
    })
}

/// New pieces against everything near them.
fn refuse_meetings(draft: &Draft<'_>) -> Result<(), Refusal> {
    let edited = draft.edited_arcs();
    let mut known: FxHashSet<(Point, Point)> = FxHashSet::default();
    for arc in edited.keys().filter_map(|id| draft.base.arcs.get(id)) {
        known.extend(arc.line.segments().map(|(a, b)| (a.min(b), a.max(b))));
    }
    let drafted = || {
        edited
            .iter()
            .filter_map(|(id, arc)| Some((*id, arc.as_ref()?)))
    };
    let mut index = ArcIndex::for_lines(drafted().map(|(_, arc)| &arc.line));
    for (id, arc) in drafted() {
        index.insert(id, &arc.line);
    }
    let mut seen: FxHashSet<(Point, Point)> = FxHashSet::default();
    for new in drafted().flat_map(|(id, arc)| pieces(id, arc)) {
        let place = (new.a.min(new.b), new.a.max(new.b));
        if !seen.insert(place) {
            return Err(Refusal::Crossing { at: new.a });
        }
        if known.contains(&place) {
            continue;
        }
        let (low, high) = bounds(&[new.a, new.b]);
        let kept = draft.base.index.in_box(low, high);
        let kept = kept.into_iter().filter(|id| !edited.contains_key(id));
        let near: BTreeSet<ArcId> = kept.chain(index.in_box(low, high)).collect();
        for (id, arc) in near.iter().filter_map(|id| Some((*id, draft.arc(*id)?))) {
            for other in pieces(id, arc) {
                let apart = other.a.x.max(other.b.x) < low.x
                    || other.a.x.min(other.b.x) > high.x
                    || other.a.y.max(other.b.y) < low.y
                    || other.a.y.min(other.b.y) > high.y;
                if !apart && (id, other.index) != (new.id, new.index) {
                    refuse_meeting(new, other)?;
                }
            }
        }
    }
    Ok(())
}

/// Two pieces may share an end, where they follow each other or where both arcs have a node.
fn refuse_meeting(new: Piece<'_>, other: Piece<'_>) -> Result<(), Refusal> {
    let ends = [other.a, other.b];
    if ends.contains(&new.a) && ends.contains(&new.b) {
        return Err(Refusal::Crossing { at: new.a });
    }
    for at in [new.a, new.b] {
        if ends.contains(&at) {
            let follows = new.id == other.id && new.index.abs_diff(other.index) == 1;
            let is_end = |arc: &Arc| arc.line.first() == Some(&at) || arc.line.last() == Some(&at);
            if !(follows || is_end(new.arc) && is_end(other.arc)) {
                return Err(Refusal::Crossing { at });
            }
        } else if passes_through_pixel(other.a, other.b, at) {
            return Err(Refusal::Crossing { at });
        }
    }
    let touched = ends
        .into_iter()
        .find(|end| ![new.a, new.b].contains(end) && passes_through_pixel(new.a, new.b, *end));
    if let Some(at) = touched {
        return Err(Refusal::Crossing { at });
    }
    if cross_properly(new.a, new.b, other.a, other.b) {
        let at = crossing(new.a, new.b, other.a, other.b);
        return Err(Refusal::Crossing { at });
    }
    Ok(())
}
