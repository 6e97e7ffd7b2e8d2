use std::collections::BTreeMap;

use cityward_partition::{Cell, Defect, DefectKind, Place, Point, RingFault, check};

use crate::synthetic::{block, cell};
use crate::{files, synthetic};

const TOLERANCE_MM: u32 = 100;

/// Kind, cells, area and width of everything found.
fn found(cells: &[Cell]) -> Vec<(DefectKind, Vec<u32>, f64, f64)> {
    let brief = |defect: Defect| {
        let width_mm = (defect.width_mm * 10.0).round() / 10.0;
        (defect.kind, defect.cells, defect.area_m2, width_mm)
    };
    check(cells, TOLERANCE_MM).into_iter().map(brief).collect()
}

#[test]
fn an_invented_city_has_no_defects() {
    assert_eq!(found(&synthetic::city(30, 20, 4, 7)), []);
}

#[test]
fn overlaps_and_gaps_have_place_and_size() {
    let cells = [
        cell(&block(0, 0, 10_000, 30_000)),
        cell(&block(9_000, 0, 20_000, 10_000)),
        cell(&block(12_000, 10_000, 20_000, 20_000)),
        cell(&block(10_000, 20_000, 20_000, 30_000)),
    ];
    let defects: Vec<Defect> = check(&cells, TOLERANCE_MM)
        .into_iter()
        .filter(|defect| defect.kind != DefectKind::Unmatched)
        .collect();
    let [overlap, gap] = &defects[..] else {
        panic!("{defects:?}")
    };
    assert_eq!(
        (overlap.kind, &overlap.cells[..], overlap.area_m2),
        (DefectKind::Overlap, &[0, 1][..], 10.0)
    );
    assert_eq!(
        (gap.kind, &gap.cells[..], gap.area_m2),
        (DefectKind::Gap, &[0, 1, 2, 3][..], 20.0)
    );
    let Place::Area(polygons) = &gap.place else {
        panic!("{gap:?}")
    };
    let [polygon] = &polygons[..] else {
        panic!("{gap:?}")
    };
    assert!(polygon.exterior.contains(&Point::new(12_000, 20_000)));
}

#[test]
fn a_vertex_without_counterpart_is_an_unmatched_border() {
    // on the border, beside it, and too far from it
    for (aside, expected) in [(0, Some(0.0)), (60, Some(60.0)), (101, None)] {
        let cells = [
            cell(&block(0, 0, 10_000, 10_000)),
            cell(&[(10_000 + aside, 3_000), (20_000, 0), (20_000, 10_000)]),
        ];
        let widths: Vec<f64> = found(&cells)
            .into_iter()
            .map(|(kind, cells, _, width_mm)| {
                assert_eq!((kind, cells), (DefectKind::Unmatched, vec![0, 1]));
                width_mm
            })
            .collect();
        assert_eq!(widths, expected.into_iter().collect::<Vec<_>>(), "{aside}");
    }
}

#[test]
fn the_same_cell_twice_is_a_duplicate() {
    let one = cell(&block(0, 0, 10_000, 10_000));
    let expected = (DefectKind::Duplicate, vec![0, 1], 100.0, 5000.0);
    assert_eq!(found(&[one.clone(), one]), [expected]);
}

#[test]
fn each_fault_of_a_ring_has_its_name() {
    use RingFault::*;
    let check_ring = |ring: &[(i32, i32)], fault: RingFault| {
        let kinds: Vec<DefectKind> = found(&[cell(ring)])
            .into_iter()
            .map(|defect| defect.0)
            .collect();
        assert!(
            kinds.contains(&DefectKind::InvalidRing(fault)),
            "{fault:?}: {kinds:?}"
        );
    };
    check_ring(&[(0, 0), (9_000, 9_000)], TooShort);
    check_ring(&[(0, 0), (9_000, 0), (9_000, 0), (0, 9_000)], RepeatedPoint);
    check_ring(
        &[(0, 0), (9_000, 0), (20_000, 0), (9_000, 0), (0, 9_000)],
        Spike,
    );
    check_ring(
        &[(0, 0), (9_000, 9_000), (9_000, 0), (0, 9_000)],
        SelfCrossing,
    );
    check_ring(
        &[
            (0, 0),
            (4_000, 4_000),
            (9_000, 0),
            (9_000, 9_000),
            (4_000, 4_000),
            (0, 9_000),
        ],
        SelfTouch,
    );
    let mut lake_abroad = cell(&block(0, 0, 9_000, 9_000));
    lake_abroad.polygons[0]
        .holes
        .push(block(20_000, 0, 30_000, 9_000).map(Point::from).to_vec());
    assert_eq!(
        found(&[lake_abroad])[0].0,
        DefectKind::InvalidRing(HoleOutside)
    );
    assert_eq!(
        found(&[Cell::default()])[0].0,
        DefectKind::InvalidRing(TooShort)
    );
}

#[test]
fn polygons_of_one_cell_must_not_overlap_either() {
    let mut cells = [cell(&block(0, 0, 10_000, 10_000))];
    cells[0]
        .polygons
        .extend(cell(&block(5_000, 5_000, 15_000, 15_000)).polygons);
    let crossing = DefectKind::InvalidRing(RingFault::SelfCrossing);
    let expected = [
        (crossing, vec![0], 0.0, 0.0),
        (DefectKind::Overlap, vec![0], 25.0, 2500.0),
    ];
    assert_eq!(found(&cells), expected);
}

#[test]
fn a_part_too_narrow_is_a_sliver() {
    let mut cells = [cell(&block(0, 0, 10_000, 10_000))];
    cells[0]
        .polygons
        .extend(cell(&block(20_000, 0, 20_050, 10_000)).polygons);
    assert_eq!(found(&cells), [(DefectKind::Sliver, vec![0], 0.5, 49.8)]);
}

/// What is known of the files: Lucknow's gaps and overlapping pairs, the broken rings of NMMC,
/// that Seoul is clean.
#[test]
fn real_files_have_the_defects_that_are_known() {
    let counts = |name: &str| -> Option<BTreeMap<DefectKind, usize>> {
        let mut counts = BTreeMap::new();
        for defect in check(&files::cells(name)?, TOLERANCE_MM) {
            *counts.entry(defect.kind).or_default() += 1;
        }
        println!("{name}: {counts:?}");
        Some(counts)
    };
    let Some(seoul) = counts("seoul") else { return };
    assert_eq!(seoul, BTreeMap::new());
    let lucknow = counts("Lucknow_Lucknow_ward_boundary").unwrap();
    assert_eq!(lucknow[&DefectKind::Gap], 1122);
    let nmmc = counts("NMMC_NMC_ElectoralWards").unwrap();
    assert_eq!(nmmc[&DefectKind::InvalidRing(RingFault::SelfCrossing)], 11);
}
