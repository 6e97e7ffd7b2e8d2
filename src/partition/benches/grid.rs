//! The figures of the partition: `make bench-grid`.

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

#[path = "../tests/it/synthetic.rs"]
mod synthetic;

use std::time::Instant;

use cityward_partition::check;

fn main() {
    let cells = synthetic::city(200, 100, 12, 1);
    let points: usize = cells.iter().map(|cell| cell.polygons[0].exterior.len()).sum();
    for _ in 0..4 {
        let start = Instant::now();
        let defects = check(&cells, 100);
        println!("check of {} cells, {points} points: {:?}, {} defects", cells.len(), start.elapsed(), defects.len());
    }
}
