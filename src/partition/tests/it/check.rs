use std::collections::BTreeMap;

use cityward_partition::{DefectKind, check};

use crate::{files, synthetic};

#[test]
fn an_invented_city_has_no_defects() {
    assert_eq!(check(&synthetic::city(30, 20, 4, 7), 100), []);
}

#[test]
fn real_files_show() {
    for name in files::FILES {
        let Some(cells) = files::cells(name) else { return };
        let start = std::time::Instant::now();
        let defects = check(&cells, 500);
        let mut counts: BTreeMap<DefectKind, usize> = BTreeMap::new();
        for defect in &defects { *counts.entry(defect.kind).or_default() += 1; }
        println!("{name} {} {:?} {counts:?}", cells.len(), start.elapsed());
    }
}
