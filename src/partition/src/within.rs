//! Whether cells nest in the areas of a level above them: communities, streets, districts.

use std::collections::{BTreeMap, BTreeSet};

use crate::arrangement::Arrangement;
use crate::cell::Cell;
use crate::check::region_polygons;
use crate::defect::{Defect, DefectKind, Place};
use crate::difference::borders;
use crate::edges::{Edges, id};
use crate::follow::unfollowed;
use crate::ids::FaceId;
use crate::noding::noded;
use crate::partition::{Arc, Ground, Partition};
use crate::point::{Point, between, bounds, cross_properly, distance_to_segment_mm};
use crate::repair::repair;
use crate::ring::{Polygon, m2, width_mm};

/// The next border of a cell is looked for no farther away, in mm.
const FAR_MM: u32 = 1_000_000;

/// Everything by which cells do not nest in areas, ordered by kind and by what it concerns: cells
/// in no area or in several, and borders of areas that no cell's border follows. Areas in which no
/// cell lies are passed over.
///
/// Both are taken as [`repair`] has them within `tolerance_mm`; what is wrong with either by
/// itself, [`check`](crate::check) tells, and ground that several areas claim is nothing to be
/// judged by. Ground no wider than the tolerance may lie in another area, and a border that stays
/// within it of a cell's follows it.
pub fn check_within(cells: &[Cell], areas: &[Cell], tolerance_mm: u32) -> Vec<Defect> {
    let [cells, areas] = [cells, areas].map(|drawn| repair(drawn, tolerance_mm).partition);
    let overlay = Overlay::of(&cells, &areas);
    let mut defects = Vec::new();
    let mut holding: BTreeSet<u32> = BTreeSet::new();
    for (cell, parts) in overlay.parts(f64::from(tolerance_mm)) {
        let widest = parts.iter().filter(|(_, part)| !part.regions.is_empty());
        holding.extend(widest.filter_map(|(area, _)| *area));
        defects.extend(misplaced(&overlay.arrangement, cell, &parts));
    }
    defects.extend(unfollowed_borders(&cells, &areas, &holding, tolerance_mm));
    defects.sort_by(|one, other| {
        (one.kind, &one.cells, &one.areas).cmp(&(other.kind, &other.cells, &other.areas))
    });
    defects
}

/// Cells and areas laid over each other.
struct Overlay<'a> {
    cells: &'a Partition,
    areas: &'a Partition,
    cell_faces: Vec<FaceId>,
    area_faces: Vec<FaceId>,
    arrangement: Arrangement,
}

/// What of a cell lies in one area.
#[derive(Default)]
struct Part {
    doubled_area: i128,
    /// Those wider than the tolerance.
    regions: Vec<u32>,
    widest_mm: f64,
}

/// The parts of a cell by area; `None` is where no area is.
type Parts = BTreeMap<Option<u32>, Part>;

impl<'a> Overlay<'a> {
    fn of(cells: &'a Partition, areas: &'a Partition) -> Self {
        let [cell_faces, area_faces] =
            [cells, areas].map(|of| of.faces().keys().copied().collect::<Vec<FaceId>>());
        let first_area = id(cell_faces.len());
        let count = first_area + id(area_faces.len());
        let strokes = borders(cells, &cell_faces, 0).chain(borders(areas, &area_faces, first_area));
        let arrangement = Arrangement::of(noded(Edges::of(strokes, count)));
        Self {
            cells,
            areas,
            cell_faces,
            area_faces,
            arrangement,
        }
    }

    fn parts(&self, tolerance_mm: f64) -> BTreeMap<u32, Parts> {
        let mut parts: BTreeMap<u32, Parts> = BTreeMap::new();
        for region in 1..id(self.arrangement.regions.len()) {
            let Some((cell, area)) = self.place(region) else {
                continue;
            };
            let doubled_area = self.arrangement.regions[region as usize].doubled_area;
            let halves = self.arrangement.halves(region);
            let border = halves.map(|half| self.arrangement.length_mm(half)).sum();
            let width_mm = width_mm(doubled_area, border);
            let part = parts.entry(cell).or_default().entry(area).or_default();
            part.doubled_area += doubled_area;
            if width_mm > tolerance_mm {
                part.regions.push(region);
                part.widest_mm = part.widest_mm.max(width_mm);
            }
        }
        parts
    }

    /// The cell of a region and the area it lies in; `None` where no cell is, or where several
    /// claim either.
    fn place(&self, region: u32) -> Option<(u32, Option<u32>)> {
        let cover = self.arrangement.cover(region);
        let first_area = id(self.cell_faces.len());
        let cell = cover.iter().find(|claim| **claim < first_area)?;
        let cell = self.cell_faces[*cell as usize];
        let area = cover.iter().find(|claim| **claim >= first_area);
        let area = area.map(|claim| self.area_faces[(*claim - first_area) as usize]);
        if self.cells.faces()[&cell].ground != Ground::Cell {
            return None;
        }
        let area = match area.map(|area| (area, &self.areas.faces()[&area].ground)) {
            Some((area, Ground::Cell)) => Some(area.0),
            Some((_, Ground::Unclaimed)) | None => None,
            Some((_, Ground::Contested(_))) => return None,
        };
        Some((cell.0, area))
    }
}

/// What of a cell lies in no area, and what in others than the one that has most of it.
fn misplaced(arrangement: &Arrangement, cell: u32, parts: &Parts) -> Vec<Defect> {
    let known = parts
        .iter()
        .filter_map(|(area, part)| Some(((*area)?, part)));
    let home = known.max_by_key(|(_, part)| part.doubled_area);
    let home = home.map(|(area, _)| area);
    let is_wide = |(_, part): &(_, &Part)| !part.regions.is_empty();
    let elsewhere: Vec<(u32, &Part)> = parts
        .iter()
        .filter_map(|(area, part)| Some(((*area)?, part)))
        .filter(|(area, _)| Some(*area) != home)
        .filter(is_wide)
        .collect();
    let outside: Vec<&Part> = parts.get(&None).into_iter().collect();
    let told = |kind, areas: Vec<u32>, parts: Vec<&Part>| {
        let regions = || parts.iter().flat_map(|part| part.regions.iter().copied());
        let polygons: Vec<Polygon> = regions()
            .flat_map(|region| region_polygons(arrangement, region))
            .collect();
        let areas_of = |region: u32| arrangement.regions[region as usize].doubled_area;
        (!polygons.is_empty()).then(|| Defect {
            kind,
            cells: vec![cell],
            areas,
            place: Place::Area(polygons),
            area_m2: m2(regions().map(areas_of).sum()),
            width_mm: parts.iter().map(|part| part.widest_mm).fold(0.0, f64::max),
        })
    };
    let mut several: Vec<u32> = elsewhere
        .iter()
        .map(|(area, _)| *area)
        .chain(home)
        .collect();
    several.sort_unstable();
    let elsewhere = elsewhere.into_iter().map(|(_, part)| part).collect();
    let outside = told(DefectKind::Outside, home.into_iter().collect(), outside);
    let across = told(DefectKind::Across, several, elsewhere);
    outside.into_iter().chain(across).collect()
}

/// The stretches of the areas' borders along which no cell's runs.
fn unfollowed_borders(
    cells: &Partition,
    areas: &Partition,
    holding: &BTreeSet<u32>,
    tolerance_mm: u32,
) -> Vec<Defect> {
    let mut defects = Vec::new();
    for arc in areas.arcs().values() {
        let sides: BTreeSet<u32> = arc
            .sides()
            .into_iter()
            .flatten()
            .map(|side| side.0)
            .collect();
        if sides.is_disjoint(holding) {
            continue;
        }
        let is_area = |side: &u32| areas.faces()[&FaceId(*side)].ground == Ground::Cell;
        let sides: Vec<u32> = sides.into_iter().filter(is_area).collect();
        for stretch in unfollowed(&arc.line, cells, tolerance_mm) {
            defects.push(Defect {
                kind: DefectKind::Unfollowed,
                cells: crossed(cells, &stretch),
                areas: sides.clone(),
                width_mm: farthest_mm(cells, &stretch, tolerance_mm),
                place: Place::Lines(vec![stretch]),
                area_m2: 0.0,
            });
        }
    }
    defects
}

/// The cells that a line runs through.
fn crossed(cells: &Partition, line: &[Point]) -> Vec<u32> {
    let mut faces: BTreeSet<FaceId> = BTreeSet::new();
    for ends in line.windows(2) {
        let (a, b) = (ends[0], ends[1]);
        faces.extend(cells.face_at(between(a, b, 0.5)));
        let (low, high) = bounds(ends);
        let near = cells.index.in_box(low, high);
        let arcs = near.iter().map(|arc| &cells.arcs()[arc]);
        let across = arcs.filter(|arc| {
            let mut pieces = arc.line.segments();
            pieces.any(|(c, d)| cross_properly(a, b, c, d))
        });
        faces.extend(across.flat_map(Arc::sides).flatten());
    }
    let is_cell = |face: &FaceId| cells.faces()[face].ground == Ground::Cell;
    faces
        .into_iter()
        .filter(is_cell)
        .map(|face| face.0)
        .collect()
}

/// How far the farthest vertex of a line is from the border next to it.
fn farthest_mm(cells: &Partition, line: &[Point], tolerance_mm: u32) -> f64 {
    let distance_mm = |vertex: &Point| {
        let reaches = std::iter::successors(Some(tolerance_mm.max(1)), |reach| {
            (*reach < FAR_MM).then(|| reach.saturating_mul(2).min(FAR_MM))
        });
        let mut seams = reaches.filter_map(|reach| cells.nearest_border(*vertex, reach));
        let next = seams.next().map(|seam| seam.between);
        next.map_or(f64::from(FAR_MM), |[a, b]| {
            distance_to_segment_mm(a, b, *vertex)
        })
    };
    line.iter().map(distance_mm).fold(0.0, f64::max)
}
