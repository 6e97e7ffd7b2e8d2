//! GEOS as an independent judge. `CITYWARD_ORACLE` names a Python with shapely 2 or newer;
//! `make test-grid-oracle` installs one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use cityward_partition::{Cell, DefectKind, Point, RingFault, check, repair};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::files;

#[derive(Deserialize)]
struct Judgement {
    geos: String,
    invalid: BTreeSet<u32>,
    fits_not: BTreeSet<u32>,
    fits_not_or_gapes: BTreeSet<u32>,
    overlaps: Vec<(u32, u32, f64)>,
    gaps: Vec<f64>,
    is_coverage: bool,
}

/// What GEOS says of cells; `None` without one.
fn judge(cells: &[Cell]) -> Option<Judgement> {
    ask(&json!({ "cells": rings(cells) }))
}

/// Cells as the script reads them: the rings of each polygon of each cell.
pub(crate) fn rings(cells: &[Cell]) -> Vec<Vec<Vec<&Vec<Point>>>> {
    let polygons = cells.iter().map(|cell| cell.polygons.iter());
    polygons
        .map(|polygons| polygons.map(|polygon| polygon.rings().collect()).collect())
        .collect()
}

/// What the script answers; `None` without GEOS.
pub(crate) fn ask<T: DeserializeOwned>(asked: &Value) -> Option<T> {
    let Some(python) = std::env::var_os("CITYWARD_ORACLE") else {
        println!("CITYWARD_ORACLE is not set: not compared with GEOS");
        return None;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(asked.to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Snapping to the grid moves a border by up to a millimetre: along a kilometre of border, one may
/// see this much where the other sees nothing.
const STRIP_M2: f64 = 1.0;

/// What the check says, in the terms of GEOS.
struct Found {
    broken: BTreeSet<u32>,
    unfit: BTreeSet<u32>,
    overlaps: BTreeMap<(u32, u32), f64>,
    gaps: Vec<f64>,
}

fn find(cells: &[Cell]) -> Found {
    let mut found = Found {
        broken: BTreeSet::new(),
        unfit: BTreeSet::new(),
        overlaps: BTreeMap::new(),
        gaps: Vec::new(),
    };
    for defect in check(cells, 1) {
        match defect.kind {
            // allowed in GEOS
            DefectKind::InvalidRing(RingFault::RepeatedPoint) | DefectKind::Sliver => {}
            DefectKind::InvalidRing(_) => found.broken.extend(&defect.cells),
            DefectKind::Unmatched => found.unfit.extend(&defect.cells),
            DefectKind::Gap => found.gaps.push(defect.area_m2),
            DefectKind::Overlap | DefectKind::Duplicate => {
                found.unfit.extend(&defect.cells);
                for (index, one) in defect.cells.iter().enumerate() {
                    for other in &defect.cells[index + 1..] {
                        *found.overlaps.entry((*one, *other)).or_default() += defect.area_m2;
                    }
                }
            }
            DefectKind::Outside | DefectKind::Across | DefectKind::Unfollowed => {
                panic!("there is no level above: {defect:?}")
            }
        }
    }
    found
}

#[test]
fn the_check_finds_what_geos_finds() {
    for name in files::FILES {
        let Some(cells) = files::cells(name) else {
            return;
        };
        let Some(judged) = judge(&cells) else { return };
        let found = find(&cells);
        let theirs: BTreeMap<(u32, u32), f64> = judged
            .overlaps
            .iter()
            .map(|(one, other, area)| ((*one, *other), *area))
            .collect();
        let sum = |areas: &BTreeMap<(u32, u32), f64>| areas.values().sum::<f64>();
        println!("{name}, GEOS {}; ours, theirs:", judged.geos);
        println!("  broken {}, {}", found.broken.len(), judged.invalid.len());
        println!("  unfit {}, {}", found.unfit.len(), judged.fits_not.len());
        println!(
            "  overlapping pairs {}, {}",
            found.overlaps.len(),
            theirs.len()
        );
        println!(
            "  overlaps {:.1} m², {:.1} m²",
            sum(&found.overlaps),
            sum(&theirs)
        );
        println!("  gaps {}, {}", found.gaps.len(), judged.gaps.len());
        assert_eq!(found.broken, judged.invalid, "{name}");
        assert!(judged.fits_not.is_subset(&found.unfit), "{name}");
        assert!(found.unfit.is_subset(&judged.fits_not_or_gapes), "{name}");
        for pair in found.overlaps.keys().chain(theirs.keys()) {
            let area = |areas: &BTreeMap<(u32, u32), f64>| areas.get(pair).copied().unwrap_or(0.0);
            let (our, their) = (area(&found.overlaps), area(&theirs));
            let strips = STRIP_M2 + 0.001 * their;
            assert!(
                (our - their).abs() < strips,
                "{name} {pair:?}: {our} {their}"
            );
        }
        let total = |gaps: &[f64]| gaps.iter().filter(|gap| **gap > STRIP_M2).sum::<f64>();
        let (our, their) = (total(&found.gaps), total(&judged.gaps));
        assert!(
            (our - their).abs() < 0.002 * their + STRIP_M2,
            "{name}: gaps {our} {their}"
        );
    }
}

#[test]
fn geos_finds_repaired_cells_a_coverage() {
    for name in files::FILES {
        for tolerance_mm in [1, 100, 1000, 5000] {
            let Some(cells) = files::cells(name) else {
                return;
            };
            let partition = repair(&cells, tolerance_mm).partition;
            let faces = partition.faces().keys();
            let derived: Vec<Cell> = faces
                .map(|face| Cell {
                    polygons: partition.polygons(*face),
                })
                .collect();
            let Some(judged) = judge(&derived) else {
                return;
            };
            assert_eq!(judged.invalid, BTreeSet::new(), "{name}");
            assert!(judged.is_coverage, "{name}: {:?}", judged.fits_not);
            assert_eq!(judged.gaps, [0.0; 0], "{name}");
        }
    }
}
