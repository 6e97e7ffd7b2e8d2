//! Finds everything by which a file of cells is no partition.

use std::collections::BTreeMap;

use crate::arrangement::{Arrangement, OUTSIDE};
use crate::cell::{Cell, Claims};
use crate::defect::{Defect, DefectKind, Place};
use crate::edges::{Edges, id};
use crate::noding::{Contact, Grid, Met, split_at_contacts};
use crate::point::Point;
use crate::ring::{Polygon, m2, polygons, simple_rings, width_mm};
use crate::ring_faults::{edges_at_contacts, ring_faults};
use crate::seams::Seams;

/// Cells whose common ground is all of both but for this share are the same twice.
const DUPLICATE_SHARE: f64 = 0.001;

/// Everything that is wrong with cells, ordered by kind and by the cells concerned.
///
/// Borders that stay within `tolerance_mm` of each other are meant to be one.
pub fn check(cells: &[Cell], tolerance_mm: u32) -> Vec<Defect> {
    let claims = Claims::of(cells);
    let edges = claims.edges(cells);
    let grid = Grid::over(&edges, tolerance_mm);
    let contacts = grid.contacts(&edges);
    let mut defects = ring_faults(cells, &edges, &claims, &contacts);
    defects.extend(unmatched(&edges, &claims, &grid, &contacts));
    let arrangement = Arrangement::of(split_at_contacts(edges, grid, contacts));
    let holders = claims.holders(&arrangement);
    let areas = Claims::doubled_areas(&arrangement, &holders);
    defects.extend(regions(&arrangement, &holders, tolerance_mm));
    find_duplicates(&mut defects, &areas);
    defects.sort_by(|one, other| (one.kind, &one.cells).cmp(&(other.kind, &other.cells)));
    defects
}

/// Points of one cell's border on or near that of another, one defect for each pair of cells.
fn unmatched(edges: &Edges, claims: &Claims, grid: &Grid, contacts: &[Contact]) -> Vec<Defect> {
    let mut pairs: BTreeMap<[u32; 2], (Vec<Point>, f64)> = BTreeMap::new();
    let mut note = |one: u32, other: u32, at: Point, distance_mm: f64| {
        let (points, widest_mm) = pairs.entry([one.min(other), one.max(other)]).or_default();
        points.push(at);
        *widest_mm = widest_mm.max(distance_mm);
    };
    let touching = edges_at_contacts(edges, contacts);
    for contact in contacts {
        let Met::Point(point) = contact.with else {
            continue;
        };
        let passing = claims.cells(edges.claims(contact.edge));
        let there = touching[&point]
            .iter()
            .flat_map(|&edge| claims.cells(edges.claims(edge)));
        for cell in there.filter(|cell| !passing.contains(cell)) {
            for &other in &passing {
                note(cell, other, contact.at, 0.0);
            }
        }
    }
    let seams = Seams::of(edges, claims);
    for near in seams.near(edges, claims, grid) {
        let cell = claims.cell(edges.claims(near.edge)[0]);
        for other in seams.cells_at(near.point) {
            note(
                cell,
                other,
                edges.points[near.point as usize],
                near.distance_mm,
            );
        }
    }
    let defects = pairs.into_iter().map(|(cells, (mut points, width_mm))| {
        points.sort_unstable();
        points.dedup();
        Defect {
            width_mm,
            ..Defect::at_points(DefectKind::Unmatched, cells.to_vec(), points)
        }
    });
    defects.collect()
}

/// Overlaps, gaps and slivers.
fn regions(arrangement: &Arrangement, holders: &[Vec<u32>], tolerance_mm: u32) -> Vec<Defect> {
    let mut defects = Vec::new();
    for region in 0..id(arrangement.regions.len()) {
        let cells = &holders[region as usize];
        let area = arrangement.regions[region as usize].doubled_area;
        let width = || {
            let border = arrangement
                .halves(region)
                .map(|half| arrangement.length_mm(half))
                .sum();
            width_mm(area, border)
        };
        let kind = match arrangement.cover(region).len() {
            _ if region == OUTSIDE => continue,
            0 => DefectKind::Gap,
            1 if width() <= f64::from(tolerance_mm) => DefectKind::Sliver,
            1 => continue,
            _ => DefectKind::Overlap,
        };
        let cells = if kind == DefectKind::Gap {
            neighbours(arrangement, holders, region)
        } else {
            cells.clone()
        };
        defects.push(Defect {
            kind,
            cells,
            areas: Vec::new(),
            place: Place::Area(region_polygons(arrangement, region)),
            area_m2: m2(area),
            width_mm: width(),
        });
    }
    defects
}

fn neighbours(arrangement: &Arrangement, holders: &[Vec<u32>], region: u32) -> Vec<u32> {
    let beyond = arrangement
        .halves(region)
        .map(|half| arrangement.region(half ^ 1));
    let mut cells: Vec<u32> = beyond
        .flat_map(|beyond| holders[beyond as usize].iter().copied())
        .collect();
    cells.sort_unstable();
    cells.dedup();
    cells
}

pub(crate) fn region_polygons(arrangement: &Arrangement, region: u32) -> Vec<Polygon> {
    let starts = &arrangement.regions[region as usize].starts;
    let rings = starts.iter().flat_map(|&start| {
        let points = arrangement
            .walk(start)
            .map(|half| arrangement.ends(half)[0]);
        simple_rings(points.map(|point| arrangement.edges.points[point as usize]))
    });
    polygons(rings.collect())
}

/// Overlaps that are all there is of both cells are the same cell twice.
fn find_duplicates(defects: &mut [Defect], areas: &BTreeMap<u32, i128>) {
    let mut shared: BTreeMap<Vec<u32>, f64> = BTreeMap::new();
    for defect in defects
        .iter()
        .filter(|defect| defect.kind == DefectKind::Overlap)
    {
        *shared.entry(defect.cells.clone()).or_default() += defect.area_m2;
    }
    let is_all = |cell: &u32, area_m2: f64| {
        areas
            .get(cell)
            .is_some_and(|all| area_m2 >= m2(*all) * (1.0 - DUPLICATE_SHARE))
    };
    for defect in defects
        .iter_mut()
        .filter(|defect| defect.kind == DefectKind::Overlap)
    {
        let area_m2 = shared[&defect.cells];
        if defect.cells.iter().all(|cell| is_all(cell, area_m2)) {
            defect.kind = DefectKind::Duplicate;
        }
    }
}
