//! What is wrong with single rings.

use std::collections::BTreeMap;

use crate::cell::{Cell, Claims};
use crate::defect::{Defect, DefectKind, RingFault};
use crate::edges::{Edges, id};
use crate::noding::{Contact, Met};
use crate::point::{Point, along, is_inside, orientation};
use crate::ring::Polygon;

/// Places of each fault of each cell, from its rings alone and from where its edges meet.
pub(crate) fn ring_faults(
    cells: &[Cell],
    edges: &Edges,
    claims: &Claims,
    contacts: &[Contact],
) -> Vec<Defect> {
    let mut found: BTreeMap<(u32, RingFault), Vec<Point>> = BTreeMap::new();
    let mut note = |cell: u32, fault, at: Option<Point>| {
        found.entry((cell, fault)).or_default().extend(at);
    };
    for (index, cell) in (0..).zip(cells) {
        if cell.polygons.is_empty() {
            note(index, RingFault::TooShort, None);
        }
        for polygon in &cell.polygons {
            for ring in polygon.rings() {
                faults_of(ring, |fault, at| note(index, fault, at));
            }
            holes_outside(polygon, |at| note(index, RingFault::HoleOutside, Some(at)));
        }
    }
    // polygons of a cell may touch each other, but not cross
    let cells_of_both = |one: u32, other: u32| {
        let there = claims.cells(edges.claims(other));
        let mut here = claims.cells(edges.claims(one));
        here.retain(|cell| there.contains(cell));
        here
    };
    let polygons_of_both = |one: u32, other: u32| {
        let there = edges.claims(other);
        let here = edges.claims(one).iter();
        let both = here.filter(|claim| there.contains(claim));
        both.map(|&claim| claims.cell(claim)).collect::<Vec<u32>>()
    };
    let touching = edges_at_contacts(edges, contacts);
    for contact in contacts {
        match contact.with {
            Met::Edge(other) => {
                for cell in cells_of_both(contact.edge, other) {
                    note(cell, RingFault::SelfCrossing, Some(contact.at));
                }
            }
            Met::Point(point) => {
                for &edge in touching.get(&point).into_iter().flatten() {
                    for cell in polygons_of_both(contact.edge, edge) {
                        note(cell, RingFault::SelfTouch, Some(contact.at));
                    }
                }
            }
        }
    }
    let defects = found.into_iter().map(|((cell, fault), mut points)| {
        points.sort_unstable();
        points.dedup();
        Defect::at_points(DefectKind::InvalidRing(fault), vec![cell], points)
    });
    defects.collect()
}

/// The edges that end in the points which other edges pass through.
pub(crate) fn edges_at_contacts(edges: &Edges, contacts: &[Contact]) -> BTreeMap<u32, Vec<u32>> {
    let points = contacts.iter().filter_map(|contact| match contact.with {
        Met::Point(point) => Some((point, Vec::new())),
        Met::Edge(_) => None,
    });
    let mut touching: BTreeMap<u32, Vec<u32>> = points.collect();
    if !touching.is_empty() {
        for edge in 0..id(edges.len()) {
            for end in edges.ends[edge as usize] {
                if let Some(there) = touching.get_mut(&end) {
                    there.push(edge);
                }
            }
        }
    }
    touching
}

fn faults_of(ring: &[Point], mut note: impl FnMut(RingFault, Option<Point>)) {
    let mut line: Vec<Point> = Vec::with_capacity(ring.len());
    for &point in ring {
        if line.last() == Some(&point) {
            note(RingFault::RepeatedPoint, Some(point));
        } else {
            line.push(point);
        }
    }
    if line.len() > 1 && line.first() == line.last() {
        note(RingFault::RepeatedPoint, line.pop());
    }
    if line.len() < 3 {
        return note(RingFault::TooShort, line.first().copied());
    }
    let count = line.len();
    for index in 0..count {
        let (a, b, c) = (
            line[index],
            line[(index + 1) % count],
            line[(index + 2) % count],
        );
        if orientation(a, b, c) == 0 && along(b, a, c) > 0 {
            note(RingFault::Spike, Some(b));
        }
    }
    line.sort_unstable();
    for pair in line.windows(2).filter(|pair| pair[0] == pair[1]) {
        note(RingFault::SelfTouch, Some(pair[0]));
    }
}

fn holes_outside(polygon: &Polygon, mut note: impl FnMut(Point)) {
    for hole in &polygon.holes {
        let beyond = hole
            .iter()
            .find(|point| is_inside(&polygon.exterior, **point) == Some(false));
        if let Some(&point) = beyond {
            note(point);
        }
    }
}
