//! Draws borders that are meant to be one through the same points.

use std::collections::{BTreeMap, BTreeSet};

use crate::cell::Claims;
use crate::defect::Place;
use crate::edges::{Edges, Stroke, id};
use crate::noding::{Grid, Near};
use crate::point::{Point, along, distance_to_segment_mm, doubled_area};
use crate::repair::{Repair, RepairKind};
use crate::ring::m2;
use crate::seams::Seams;

/// Edges whose lone borders follow each other where they were within `tolerance_mm`.
///
/// Two corners become one; beyond that no corner moves, but an edge bends to the corners of
/// others beside it. So no point of a border moves farther than the tolerance.
pub(crate) fn snapped(edges: Edges, claims: &Claims, tolerance_mm: u32) -> (Edges, Vec<Repair>) {
    let seams = Seams::of(&edges, claims);
    let grid = Grid::over(&edges, tolerance_mm);
    let near = seams.near(&edges, claims, &grid);
    let limit_mm = f64::from(tolerance_mm);
    let target = merged_corners(&edges, &seams, &near, limit_mm);
    let bends = bends(&edges, claims, &seams, &near, &target, limit_mm);
    let mut repairs: BTreeMap<Vec<u32>, (Vec<Point>, f64, i128)> = BTreeMap::new();
    let mut bends = bends.chunk_by(|one, other| one.0 == other.0).peekable();
    let mut strokes = Vec::new();
    for edge in 0..id(edges.len()) {
        let (a, b) = edges.segment(edge);
        let mut line: Vec<u32> = Vec::new();
        if let Some(points) = bends.next_if(|points| points[0].0 == edge) {
            line.extend(points.iter().map(|(_, point)| *point));
            line.sort_by_key(|point| (along(a, b, edges.points[*point as usize]), *point));
        }
        let [from, to] = edges.ends[edge as usize];
        line.insert(0, target[from as usize]);
        line.push(target[to as usize]);
        let line: Vec<Point> = line
            .iter()
            .map(|point| edges.points[*point as usize])
            .collect();
        for &claim in edges.claims(edge) {
            strokes.extend(line.windows(2).map(|pair| Stroke {
                a: pair[0],
                b: pair[1],
                claim,
            }));
        }
        if line != [a, b] {
            let swept = doubled_area(line.iter().copied().chain([b, a])).abs();
            let farthest = line.iter().map(|p| distance_to_segment_mm(a, b, *p));
            let (points, width_mm, area) =
                repairs.entry(claims.cells(edges.claims(edge))).or_default();
            *width_mm = farthest.fold(*width_mm, f64::max);
            *area += swept;
            points.extend(line.iter().filter(|point| **point != a && **point != b));
        }
    }
    let repairs = repairs
        .into_iter()
        .map(|(from, (mut points, width_mm, area))| {
            points.sort_unstable();
            points.dedup();
            Repair {
                kind: RepairKind::Snapped,
                from,
                to: None,
                place: Place::Points(points),
                area_m2: m2(area),
                width_mm,
            }
        });
    (Edges::of(strokes, edges.toggles), repairs.collect())
}

/// Where each point goes: corners of different cells within the tolerance go to the one of them
/// in which most cells meet; all others stay.
fn merged_corners(edges: &Edges, seams: &Seams, near: &[Near], tolerance_mm: f64) -> Vec<u32> {
    let distance =
        |one: u32, other: u32| edges.points[one as usize].distance_mm(edges.points[other as usize]);
    let mut pairs: Vec<(f64, u32, u32)> = Vec::new();
    for Near { edge, point, .. } in near {
        for end in edges.ends[*edge as usize] {
            let distance_mm = distance(end, *point);
            if distance_mm <= tolerance_mm {
                pairs.push((distance_mm, end.min(*point), end.max(*point)));
            }
        }
    }
    pairs.sort_by(|one, other| {
        one.0
            .total_cmp(&other.0)
            .then((one.1, one.2).cmp(&(other.1, other.2)))
    });
    pairs.dedup();
    let mut target: Vec<u32> = (0..id(edges.points.len())).collect();
    let mut cells: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut anchors: BTreeSet<u32> = BTreeSet::new();
    for (_, one, other) in pairs {
        let (one, other) = (target[one as usize], target[other as usize]);
        if one == other || distance(one, other) > tolerance_mm {
            continue;
        }
        let mut cells_of = |point: u32| {
            cells
                .entry(point)
                .or_insert_with(|| seams.cells_at(point).collect())
                .clone()
        };
        let (here, there) = (cells_of(one), cells_of(other));
        if here.iter().any(|cell| there.contains(cell)) {
            continue;
        }
        let anchored = |point: u32| anchors.contains(&point);
        let (anchor, follower) = match (anchored(one), anchored(other)) {
            (true, true) => continue,
            (true, false) => (one, other),
            (false, true) => (other, one),
            (false, false) if there.len() > here.len() => (other, one),
            (false, false) => (one, other),
        };
        anchors.insert(anchor);
        target[follower as usize] = anchor;
        cells.insert(anchor, [here, there].concat());
    }
    target
}

/// Edge and the corner it bends to, in ascending order: for each corner the nearest edge of each
/// other cell that does not come to it anyway.
fn bends(
    edges: &Edges,
    claims: &Claims,
    seams: &Seams,
    near: &[Near],
    target: &[u32],
    tolerance_mm: f64,
) -> Vec<(u32, u32)> {
    let mut nearest: BTreeMap<(u32, u32), (f64, u32)> = BTreeMap::new();
    let cell_of = |edge: u32| claims.cell(edges.claims(edge)[0]);
    let mut arrived: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for point in seams.points() {
        arrived
            .entry(target[point as usize])
            .or_default()
            .extend(seams.cells_at(point));
    }
    for Near { edge, point, .. } in near {
        let (a, b) = edges.segment(*edge);
        // the corner may have gone to another one
        let corner = target[*point as usize];
        let place = edges.points[corner as usize];
        let is_beside = along(a, b, place) > 0 && along(b, a, place) > 0;
        let distance_mm = distance_to_segment_mm(a, b, place);
        let cell = cell_of(*edge);
        if is_beside && distance_mm <= tolerance_mm && !arrived[&corner].contains(&cell) {
            let best = nearest
                .entry((corner, cell))
                .or_insert((distance_mm, *edge));
            if distance_mm < best.0 {
                *best = (distance_mm, *edge);
            }
        }
    }
    let mut bends: Vec<(u32, u32)> = nearest
        .into_iter()
        .map(|((corner, _), (_, edge))| (edge, corner))
        .collect();
    bends.sort_unstable();
    bends
}
