use std::collections::BTreeMap;

use cityward_partition::{Cell, RepairKind, check, repair};

use crate::{files, synthetic};

#[test]
fn a_city_without_defects_stays_as_it_is() {
    let cells = synthetic::city(12, 9, 3, 3);
    let repaired = repair(&cells, 100);
    repaired.partition.verify().unwrap();
    assert_eq!((repaired.repairs, repaired.conflicts), (vec![], vec![]));
    assert_eq!(repaired.partition.faces().len(), cells.len());
}

#[test]
fn real_files_become_partitions() {
    for name in files::FILES {
        let Some(cells) = files::cells(name) else { return };
        for tolerance_mm in [100, 1000, 5000] {
            let start = std::time::Instant::now();
            let repaired = repair(&cells, tolerance_mm);
            let took = start.elapsed();
            repaired.partition.verify().unwrap_or_else(|flaw| panic!("{name}: {flaw}"));
            let mut counts: BTreeMap<RepairKind, (usize, f64)> = BTreeMap::new();
            for repair in &repaired.repairs {
                let (count, area) = counts.entry(repair.kind).or_default();
                *count += 1;
                *area += repair.area_m2;
            }
            let derived: Vec<Cell> = repaired.partition.faces().keys()
                .map(|face| Cell { polygons: repaired.partition.polygons(*face) })
                .collect();
            let left = check(&derived, 1);
            println!("{name} {tolerance_mm} {took:?} {counts:?} conflicts {} arcs {} left {}", repaired.conflicts.len(), repaired.partition.arcs().len(), left.len());
            for defect in left.iter().take(3) { println!("   {defect:?}"); }
        }
    }
}
