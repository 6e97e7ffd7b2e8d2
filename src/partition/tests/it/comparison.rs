//! What a comparison tells after each change is what a look at everything tells.

use cityward_partition::{
    Comparison, FaceId, Limits, Operation, Partition, Planned, Point, difference, repair,
};

use crate::synthetic::{block, cell, polygon};

const WEST: FaceId = FaceId(0);
const MIDDLE: FaceId = FaceId(1);
const EAST: FaceId = FaceId(2);

/// Three blocks of 100 m a side in a row.
fn row() -> Partition {
    let blocks = [0, 100_000, 200_000].map(|west| cell(&block(west, 0, west + 100_000, 100_000)));
    repair(&blocks, 10).partition
}

/// Does operations one after the other; the base, what became of it and the comparison.
fn after(operations: &[Operation]) -> (Partition, Partition, Comparison) {
    let base = row();
    let (mut now, mut comparison) = (base.clone(), Comparison::default());
    for operation in operations {
        let Planned { change, .. } = operation.plan(&now, &Limits::default()).unwrap();
        now.apply(&change).unwrap();
        comparison.note(&change);
        assert_eq!(comparison.difference(&base, &now), difference(&base, &now));
    }
    (base, now, comparison)
}

fn gives(ring: &[(i32, i32)], from: Option<FaceId>, to: Option<FaceId>) -> Operation {
    let polygon = polygon(ring);
    Operation::Transfer { polygon, from, to }
}

/// The two who exchange it share no border, before or after.
#[test]
fn ground_that_was_given_up_and_taken_by_another_has_gone_from_hand_to_hand() {
    let corner = block(0, 0, 40_000, 40_000);
    let hook = [
        (250_000, 10_000),
        (250_000, -30_000),
        (10_000, -30_000),
        (10_000, 20_000),
        (20_000, 20_000),
        (20_000, -20_000),
        (240_000, -20_000),
        (240_000, 10_000),
    ];
    let operations = [
        gives(&corner, Some(WEST), None),
        gives(&hook, None, Some(EAST)),
    ];
    let (base, now, mut comparison) = after(&operations);
    let moved = comparison.difference(&base, &now).moved;
    let hands = moved
        .iter()
        .map(|moved| (moved.from, moved.to, moved.area_m2));
    let expected = [
        (None, Some(EAST), 2400.0 + 200.0 + 200.0),
        (Some(WEST), None, 1600.0 - 200.0),
        (Some(WEST), Some(EAST), 200.0),
    ];
    assert_eq!(hands.collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_taken_back_is_no_difference() {
    let corner = |x: i32| Point::new(x, 100_000);
    let to = Point::new(100_000, 90_000);
    let move_back = [(corner(100_000), to), (to, corner(100_000))];
    let operations = move_back.map(|(at, to)| Operation::MoveVertex { at, to });
    let (base, now, mut comparison) = after(&operations);
    let nothing = comparison.difference(&base, &now);
    assert_eq!((nothing.reshaped, nothing.moved), (vec![], vec![]));
}

#[test]
fn edits_far_from_each_other_are_told_together_and_in_order() {
    let west = gives(
        &block(90_000, 10_000, 100_000, 20_000),
        Some(WEST),
        Some(MIDDLE),
    );
    let lines = [Point::new(250_000, -10), Point::new(250_000, 100_010)];
    let split = Operation::Split {
        face: EAST,
        line: lines.to_vec(),
    };
    let (base, now, mut comparison) = after(&[split, west]);
    let reshaped = comparison.difference(&base, &now).reshaped;
    assert_eq!(reshaped, [0, 1, 2, 3, 4].map(FaceId));
    let begun_late = Comparison::between(&base, &now).difference(&base, &now);
    assert_eq!(begun_late, comparison.difference(&base, &now));
}
