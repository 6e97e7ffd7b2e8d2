//! Cells in the areas of a level above them.

use std::collections::BTreeMap;

use cityward_partition::{
    Cell, Defect, DefectKind, Ground, Partition, Place, Point, check_within, repair,
};
use serde::Deserialize;
use serde_json::json;

use crate::oracle::{ask, rings};
use crate::synthetic::{block, cell};
use crate::{files, synthetic};

const TOLERANCE_MM: u32 = 100;

/// Four blocks of 100 m a side in a row.
fn row() -> Vec<Cell> {
    let block = |west: i32| cell(&block(west, 0, west + 100_000, 100_000));
    [0, 100_000, 200_000, 300_000].map(block).to_vec()
}

fn found(cells: &[Cell], areas: &[Cell]) -> Vec<Defect> {
    check_within(cells, areas, TOLERANCE_MM)
}

/// Groups of cells as the areas of a level: all the polygons of one.
fn dissolved(cells: &[Cell], group: impl Fn(usize) -> usize) -> Vec<Cell> {
    let mut areas: BTreeMap<usize, Cell> = BTreeMap::new();
    for (index, cell) in cells.iter().enumerate() {
        let area = areas.entry(group(index)).or_default();
        area.polygons.extend(cell.polygons.iter().cloned());
    }
    areas.into_values().collect()
}

#[test]
fn cells_nest_in_what_is_made_of_them() {
    let city = synthetic::city(12, 9, 3, 5);
    assert_eq!(found(&city, &dissolved(&city, |index| index % 12 / 4)), []);
    for name in files::FILES {
        let Some(cells) = files::cells(name) else {
            return;
        };
        // overlaps and gaps of the file are its own, whatever the level
        let partition = repair(&cells, 1000).partition;
        let cells = as_cells(&partition);
        let areas = dissolved(&cells, |index| index / 7);
        assert_eq!(found(&cells, &areas), [], "{name}");
    }
}

/// The border of the two areas runs through the second block, 30 m east of its western border.
#[test]
fn a_cell_in_two_areas_is_told_with_what_is_not_at_home_and_the_border_that_cuts_it() {
    let areas = [
        cell(&block(0, 0, 130_000, 100_000)),
        cell(&block(130_000, 0, 400_000, 100_000)),
    ];
    let [across, border] = &found(&row(), &areas)[..] else {
        panic!("{:?}", found(&row(), &areas));
    };
    assert_eq!(across.kind, DefectKind::Across);
    assert_eq!(
        (&across.cells[..], &across.areas[..]),
        (&[1][..], &[0, 1][..])
    );
    assert_eq!(across.area_m2, 3000.0);
    assert_eq!(border.kind, DefectKind::Unfollowed);
    assert_eq!(
        (&border.cells[..], &border.areas[..]),
        (&[1][..], &[0, 1][..])
    );
    // it begins and ends where it meets the borders in the south and in the north
    assert!(border.width_mm > 0.0 && border.width_mm <= 100.0);
    let Place::Lines(lines) = &border.place else {
        panic!("{border:?}");
    };
    let ends = [100, 99_900].map(|y| Point::new(130_000, y));
    assert_eq!(*lines, [ends]);
}

#[test]
fn ground_of_a_cell_outside_every_area_is_told() {
    // the last block and a half are of no area
    let areas = [cell(&block(0, 0, 250_000, 100_000))];
    let outside: Vec<(Vec<u32>, Vec<u32>, f64)> = found(&row(), &areas)
        .into_iter()
        .filter(|defect| defect.kind == DefectKind::Outside)
        .map(|defect| (defect.cells, defect.areas, defect.area_m2))
        .collect();
    assert_eq!(
        outside,
        [(vec![2], vec![0], 5000.0), (vec![3], vec![], 10_000.0)]
    );
}

#[test]
fn within_the_tolerance_borders_follow_each_other() {
    for (aside, expected) in [
        (60, vec![]),
        (140, vec![DefectKind::Across, DefectKind::Unfollowed]),
    ] {
        let middle = 200_000 + aside;
        let areas = [
            cell(&block(0, 0, middle, 100_000)),
            cell(&block(middle, 0, 400_000, 100_000)),
        ];
        let kinds: Vec<DefectKind> = found(&row(), &areas)
            .iter()
            .map(|defect| defect.kind)
            .collect();
        assert_eq!(kinds, expected, "{aside}");
    }
}

#[test]
fn a_border_through_ground_that_no_cell_has_is_not_followed() {
    let mut cells = row();
    cells.remove(1);
    // the gap is enclosed, so that it is a face of its own
    cells.push(cell(&block(0, 100_000, 400_000, 110_000)));
    cells.push(cell(&block(0, -10_000, 400_000, 0)));
    let areas = [
        cell(&block(0, -10_000, 150_000, 110_000)),
        cell(&block(150_000, -10_000, 400_000, 110_000)),
    ];
    let stretches: Vec<Defect> = found(&cells, &areas)
        .into_iter()
        .filter(|defect| defect.kind == DefectKind::Unfollowed)
        .collect();
    // it crosses the strips in the south and north too, whose borders do not interrupt it
    let [stretch] = &stretches[..] else {
        panic!("{stretches:?}");
    };
    assert_eq!(stretch.cells, [3, 4]);
    assert_eq!(stretch.width_mm, 0.0 + 100.0);
}

#[test]
fn by_ground_that_two_areas_claim_nothing_is_judged() {
    let areas = [
        cell(&block(0, 0, 250_000, 100_000)),
        cell(&block(150_000, 0, 400_000, 100_000)),
    ];
    let defects = found(&row(), &areas);
    let is_border = |defect: &Defect| defect.kind == DefectKind::Unfollowed;
    assert!(
        !defects.is_empty() && defects.iter().all(is_border),
        "{defects:?}"
    );
}

#[test]
fn areas_without_cells_are_no_matter() {
    let areas = [
        cell(&block(0, 0, 400_000, 100_000)),
        cell(&block(0, 100_000, 400_000, 300_000)),
    ];
    assert_eq!(found(&row(), &areas), []);
}

/// Each cell of a partition, drawn by itself.
fn as_cells(partition: &Partition) -> Vec<Cell> {
    let faces = partition.faces().iter();
    let cells = faces.filter(|(_, face)| face.ground == Ground::Cell);
    cells
        .map(|(face, _)| Cell {
            polygons: partition.polygons(*face),
        })
        .collect()
}

#[derive(Deserialize)]
struct Judged {
    parts: Vec<(u32, Option<u32>, f64)>,
    unfollowed_m: f64,
}

/// The wards of Chennai nest in its zones, and not in its wards of 2008, which were redrawn.
#[test]
fn nesting_is_as_geos_finds_it() {
    for (lower, upper) in [
        ("Chennai_Wards", "Chennai_Zones"),
        ("Chennai_Wards", "Chennai_Wards-2008"),
    ] {
        for tolerance_mm in [1000, 20_000] {
            let drawn = files::cells_together([lower, upper]);
            let Some([cells, areas]) = drawn else {
                return;
            };
            // what is left to decide in either is nobody's to judge by
            let [cells, areas] =
                [cells, areas].map(|drawn| as_cells(&repair(&drawn, 1000).partition));
            let asked = json!({
                "cells": rings(&cells), "areas": rings(&areas), "tolerance_mm": tolerance_mm,
            });
            let Some(judged) = ask::<Judged>(&asked) else {
                return;
            };
            let defects = check_within(&cells, &areas, tolerance_mm);
            assert_eq!(defects.is_empty(), upper == "Chennai_Zones");
            agree(
                &format!("{lower} in {upper}, {tolerance_mm}"),
                &defects,
                &judged,
            );
        }
    }
}

fn agree(name: &str, defects: &[Defect], judged: &Judged) {
    let mut ours: BTreeMap<DefectKind, BTreeMap<u32, f64>> = BTreeMap::new();
    let mut unfollowed_m = 0.0;
    for defect in defects {
        if let Place::Lines(lines) = &defect.place {
            let pieces = lines.iter().flat_map(|line| line.windows(2));
            unfollowed_m += pieces
                .map(|ends| ends[0].distance_mm(ends[1]) / 1000.0)
                .sum::<f64>();
        } else {
            let cells = ours.entry(defect.kind).or_default();
            *cells.entry(defect.cells[0]).or_default() += defect.area_m2;
        }
    }
    let mut homes: BTreeMap<u32, f64> = BTreeMap::new();
    let mut theirs: BTreeMap<DefectKind, BTreeMap<u32, f64>> = BTreeMap::new();
    for (cell, area, m2) in &judged.parts {
        let home = homes.entry(*cell).or_default();
        let kind = match area {
            Some(_) => DefectKind::Across,
            None => DefectKind::Outside,
        };
        let sum = theirs.entry(kind).or_default().entry(*cell).or_default();
        *sum += m2;
        if area.is_some() && m2 > home {
            *home = *m2;
        }
    }
    if let Some(across) = theirs.get_mut(&DefectKind::Across) {
        across
            .iter_mut()
            .for_each(|(cell, sum)| *sum -= homes[cell]);
        across.retain(|_, sum| *sum > 1e-3);
    }
    for kind in [DefectKind::Outside, DefectKind::Across] {
        let (ours, theirs) = (
            ours.remove(&kind).unwrap_or_default(),
            theirs.remove(&kind).unwrap_or_default(),
        );
        println!("{name}: {kind:?} {}, {} by GEOS", ours.len(), theirs.len());
        let cells = |of: &BTreeMap<u32, f64>| of.keys().copied().collect::<Vec<_>>();
        assert_eq!(cells(&ours), cells(&theirs), "{name} {kind:?}");
        for (cell, m2) in &ours {
            let beside = (m2 - theirs[cell]).abs();
            assert!(
                beside < 1.0 + 0.001 * m2,
                "{name} {kind:?} {cell}: {m2} {}",
                theirs[cell]
            );
        }
    }
    // what only crosses does not interrupt a stretch of ours
    println!(
        "{name}: {unfollowed_m} m not followed, {} by GEOS",
        judged.unfollowed_m
    );
    assert!(unfollowed_m >= 0.99 * judged.unfollowed_m, "{name}");
    assert!(unfollowed_m < 1.1 * judged.unfollowed_m + 10.0, "{name}");
}
