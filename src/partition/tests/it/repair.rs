use cityward_partition::{
    Cell, DefectKind, FaceId, Ground, Partition, Place, Point, RepairKind, check, repair,
};

use crate::synthetic::{block, cell};
use crate::{files, synthetic};

#[test]
fn a_city_without_defects_stays_as_it_is() {
    let cells = synthetic::city(12, 9, 3, 3);
    let repaired = repair(&cells, 100);
    repaired.partition.verify().unwrap();
    assert_eq!((repaired.repairs, repaired.conflicts), (vec![], vec![]));
    for (face, cell) in (0..).map(FaceId).zip(&cells) {
        let [polygon] = &repaired.partition.polygons(face)[..] else {
            panic!("{face:?}")
        };
        let (mut ours, mut theirs) = (polygon.exterior.clone(), cell.polygons[0].exterior.clone());
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs);
    }
}

#[test]
fn narrow_gaps_and_overlaps_are_decided_and_told() {
    let cells = [
        cell(&block(0, 0, 10_000, 10_000)),
        cell(&block(10_080, 0, 20_000, 10_000)),
        cell(&block(0, 9_950, 20_000, 20_000)),
    ];
    let repaired = repair(&cells, 100);
    repaired.partition.verify().unwrap();
    assert_eq!(repaired.conflicts, []);
    assert!(
        repaired
            .repairs
            .iter()
            .any(|repair| repair.kind == RepairKind::Snapped)
    );
    let area: f64 = (0..3)
        .map(|face| repaired.partition.area_m2(FaceId(face)))
        .sum();
    assert!((area - 400.0).abs() < 2.0, "{area}");
    assert_eq!(check(&derived(&repaired.partition), 1), []);
}

/// A channel between two cells that is open at its ends encloses nothing: only snapping closes it.
#[test]
fn an_open_channel_is_closed() {
    let cells = [
        cell(&[
            (0, 0),
            (10_000, 0),
            (10_050, 4_000),
            (10_000, 10_000),
            (0, 10_000),
        ]),
        cell(&[
            (10_060, 0),
            (20_000, 0),
            (20_000, 10_000),
            (10_070, 10_000),
            (10_080, 7_000),
        ]),
    ];
    let partition = repair(&cells, 100).partition;
    partition.verify().unwrap();
    let shared = partition
        .arcs()
        .values()
        .filter(|arc| !arc.sides().contains(&None));
    assert_eq!(shared.count(), 1);
    assert_eq!(partition.arcs().len(), 3);
}

#[test]
fn what_is_wide_is_left_to_a_person() {
    let cells = [
        cell(&block(0, 0, 10_000, 30_000)),
        cell(&block(9_000, 0, 20_000, 10_000)),
        cell(&block(12_000, 10_000, 20_000, 20_000)),
        cell(&block(10_000, 20_000, 20_000, 30_000)),
    ];
    let repaired = repair(&cells, 100);
    let kinds: Vec<_> = repaired
        .conflicts
        .iter()
        .map(|conflict| conflict.defect.kind)
        .collect();
    assert_eq!(kinds, [DefectKind::Overlap, DefectKind::Gap]);
    for conflict in &repaired.conflicts {
        let ground = &repaired.partition.faces()[&conflict.face].ground;
        let claimants = conflict
            .defect
            .cells
            .iter()
            .copied()
            .map(FaceId)
            .collect::<Vec<_>>();
        match ground {
            Ground::Unclaimed => assert_eq!(conflict.defect.area_m2, 20.0),
            Ground::Contested(by) => assert_eq!(*by, claimants),
            Ground::Cell => panic!("a conflict that is a cell"),
        }
        assert_eq!(
            repaired.partition.area_m2(conflict.face),
            conflict.defect.area_m2
        );
    }
    assert_eq!(
        repaired.partition.face_at(Point::new(9_500, 5_000)),
        Some(FaceId(4))
    );
}

fn derived(partition: &Partition) -> Vec<Cell> {
    let faces = partition.faces().keys();
    faces
        .map(|face| Cell {
            polygons: partition.polygons(*face),
        })
        .collect()
}

#[test]
fn real_files_become_partitions_and_nothing_is_silent() {
    for name in files::FILES {
        for tolerance_mm in [1, 100, 1000, 5000] {
            let Some(cells) = files::cells(name) else {
                return;
            };
            let repaired = repair(&cells, tolerance_mm);
            repaired
                .partition
                .verify()
                .unwrap_or_else(|flaw| panic!("{name}: {flaw}"));
            assert_eq!(
                repaired.partition.to_bytes(),
                repair(&cells, tolerance_mm).partition.to_bytes()
            );
            let left = check(&derived(&repaired.partition), 1);
            // a tiny face of the file's own may stay: there is nobody to give it to
            assert!(
                left.iter().all(|defect| defect.kind == DefectKind::Sliver),
                "{name}: {left:?}"
            );
            let mut told_m2 = 0.0;
            for repair in &repaired.repairs {
                assert!(
                    repair.width_mm <= f64::from(tolerance_mm) + 1.0,
                    "{name}: {repair:?}"
                );
                assert!(!matches!(&repair.place, Place::Area(polygons) if polygons.is_empty()));
                told_m2 += repair.area_m2;
            }
            // ground that moved is told, but for what the grid rounds away: on average far less
            // than the millimetre by which it may move a border
            let moved_m2 = moved_m2(&cells, &repaired.partition);
            assert!(
                moved_m2 <= told_m2 + 5e-5 * border_m(&cells),
                "{name} {tolerance_mm}: {moved_m2} m² moved, {told_m2} told"
            );
        }
    }
}

/// How much the cells' areas differ, conflicts counted to all who claim them.
fn moved_m2(cells: &[Cell], partition: &Partition) -> f64 {
    let mut areas: Vec<f64> = cells.iter().map(area_m2).collect();
    for (&id, face) in partition.faces() {
        let claimants = match &face.ground {
            Ground::Cell => vec![id],
            Ground::Unclaimed => vec![],
            Ground::Contested(by) => by.clone(),
        };
        for FaceId(cell) in claimants {
            areas[cell as usize] -= partition.area_m2(id);
        }
    }
    areas.iter().map(|area| area.abs()).sum::<f64>() / 2.0
}

/// As the partition counts it: rings that cross themselves enclose what they go round once.
fn area_m2(cell: &Cell) -> f64 {
    let alone = repair(std::slice::from_ref(cell), 0).partition;
    alone.faces().keys().map(|face| alone.area_m2(*face)).sum()
}

fn border_m(cells: &[Cell]) -> f64 {
    let rings = cells
        .iter()
        .flat_map(|cell| &cell.polygons)
        .flat_map(|polygon| polygon.rings());
    let pieces = rings.flat_map(|ring| ring.iter().zip(ring.iter().skip(1)));
    pieces.map(|(a, b)| a.distance_mm(*b) / 1000.0).sum()
}
