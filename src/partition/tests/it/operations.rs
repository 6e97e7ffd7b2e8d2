//! What operations do, and what they refuse, on four blocks around a crossing.

use cityward_partition::{
    Descent, FaceId, Ground, Limits, Operation, Partition, Planned, Point, Refusal, UnitId,
    Warning, difference, repair,
};

use crate::synthetic::{block, cell, polygon};

pub(crate) const SOUTH_WEST: FaceId = FaceId(0);
pub(crate) const SOUTH_EAST: FaceId = FaceId(1);
const NORTH_WEST: FaceId = FaceId(2);
const NORTH_EAST: FaceId = FaceId(3);
pub(crate) const ISLAND: FaceId = FaceId(4);

/// Blocks of 100 m a side, and a yard of 20 m inside the one in the north-east.
pub(crate) fn blocks() -> Partition {
    let (mid, end) = (100_000, 200_000);
    let yard = block(140_000, 140_000, 160_000, 160_000);
    let mut north_east = cell(&block(mid, mid, end, end));
    north_east.polygons[0]
        .holes
        .push(yard.map(Point::from).to_vec());
    let cells = [
        cell(&block(0, 0, mid, mid)),
        cell(&block(mid, 0, end, mid)),
        cell(&block(0, mid, mid, end)),
        north_east,
        cell(&yard),
    ];
    let repaired = repair(&cells, 10);
    assert_eq!((repaired.repairs, repaired.conflicts), (vec![], vec![]));
    repaired.partition
}

fn try_one(operation: &Operation) -> Result<(Partition, Planned), Refusal> {
    let mut partition = blocks();
    let planned = operation.plan(&partition, &Limits::default())?;
    partition.apply(&planned.change).unwrap();
    partition.verify().unwrap();
    Ok((partition, planned))
}

fn at(x: i32, y: i32) -> Point {
    Point::new(x, y)
}

#[test]
fn everything_that_meets_in_a_vertex_follows() {
    let (crossing, to) = (at(100_000, 100_000), at(110_000, 105_000));
    let (partition, planned) = try_one(&Operation::MoveVertex { at: crossing, to }).unwrap();
    let around = [SOUTH_WEST, SOUTH_EAST, NORTH_WEST, NORTH_EAST];
    assert_eq!(
        planned
            .change
            .faces_touched()
            .into_iter()
            .collect::<Vec<_>>(),
        around
    );
    for face in around {
        assert!(partition.polygons(face)[0].exterior.contains(&to));
    }
    let area: f64 = around.iter().map(|face| partition.area_m2(*face)).sum();
    assert_eq!(area + partition.area_m2(ISLAND), 40_000.0);
}

#[test]
fn a_border_neither_crosses_nor_folds_over_another() {
    let crossing = at(100_000, 100_000);
    // over the yard: nothing crosses, but the yard would change sides
    let over_the_yard = Operation::MoveVertex {
        at: crossing,
        to: at(190_000, 190_000),
    };
    assert!(matches!(
        try_one(&over_the_yard),
        Err(Refusal::FoldOver { .. })
    ));
    let into_the_yard = Operation::MoveVertex {
        at: crossing,
        to: at(150_000, 150_000),
    };
    assert!(matches!(
        try_one(&into_the_yard),
        Err(Refusal::Crossing { .. } | Refusal::FoldOver { .. })
    ));
    // a yard turned inside out crosses nothing and covers as much as before
    let mut triangle = blocks();
    let delete = Operation::DeleteVertex {
        at: at(160_000, 160_000),
    };
    let planned = delete.plan(&triangle, &Limits::default()).unwrap();
    triangle.apply(&planned.change).unwrap();
    let turned = Operation::MoveVertex {
        at: at(140_000, 140_000),
        to: at(160_000, 160_000),
    };
    let refused = turned.plan(&triangle, &Limits::default());
    assert!(
        matches!(refused, Err(Refusal::FoldOver { .. })),
        "{refused:?}"
    );
    let onto_another = Operation::MoveVertex {
        at: at(140_000, 140_000),
        to: at(160_000, 140_000),
    };
    assert!(matches!(
        try_one(&onto_another),
        Err(Refusal::Crossing { .. })
    ));
}

#[test]
fn a_vertex_comes_and_goes() {
    let between = [at(0, 0), at(100_000, 0)];
    let insert = Operation::InsertVertex {
        between,
        at: at(50_000, -10_000),
    };
    let (mut partition, _) = try_one(&insert).unwrap();
    assert_eq!(partition.area_m2(SOUTH_WEST), 10_500.0);
    let delete = Operation::DeleteVertex {
        at: at(50_000, -10_000),
    };
    let planned = delete.plan(&partition, &Limits::default()).unwrap();
    partition.apply(&planned.change).unwrap();
    assert_eq!(partition.to_bytes(), blocks().to_bytes());
    let joint = Operation::DeleteVertex {
        at: at(100_000, 100_000),
    };
    assert_eq!(
        try_one(&joint).unwrap_err(),
        Refusal::Joint {
            at: at(100_000, 100_000)
        }
    );
    let nowhere = Operation::DeleteVertex { at: at(7, 7) };
    assert_eq!(
        try_one(&nowhere).unwrap_err(),
        Refusal::NoVertex { at: at(7, 7) }
    );
}

#[test]
fn a_border_follows_a_street_and_is_drawn_straight_again() {
    let (from, to) = (at(100_000, 0), at(100_000, 100_000));
    let line = vec![from, at(120_000, 30_000), at(120_000, 60_000), to];
    let (mut partition, _) = try_one(&Operation::Follow { line }).unwrap();
    assert_eq!(partition.area_m2(SOUTH_WEST), 11_300.0);
    let straight = Operation::Straighten { from: to, to: from };
    let planned = straight.plan(&partition, &Limits::default()).unwrap();
    partition.apply(&planned.change).unwrap();
    assert_eq!(partition.to_bytes(), blocks().to_bytes());
    let unconnected = Operation::Straighten {
        from: at(0, 0),
        to: at(140_000, 140_000),
    };
    assert!(matches!(
        try_one(&unconnected),
        Err(Refusal::NoBorder { .. })
    ));
}

#[test]
fn pieces_of_a_split_are_new_and_know_their_parent() {
    let line = vec![at(-5_000, 30_000), at(60_000, 30_000), at(60_000, 130_000)];
    let split = Operation::Split {
        face: SOUTH_WEST,
        line,
    };
    let (partition, planned) = try_one(&split).unwrap();
    let (large, small) = (FaceId(5), FaceId(6));
    let child = |child| Descent {
        parent: SOUTH_WEST,
        child,
    };
    assert_eq!(planned.change.descent, [child(large), child(small)]);
    assert_eq!(
        (partition.area_m2(large), partition.area_m2(small)),
        (5_800.0, 4_200.0)
    );
    assert!(!partition.faces().contains_key(&SOUTH_WEST));
    // the neighbour has the new corner on its border, and the line beyond the face is gone
    assert!(
        partition.polygons(NORTH_WEST)[0]
            .exterior
            .contains(&at(60_000, 100_000))
    );
    assert_eq!(partition.area_m2(NORTH_WEST), 10_000.0);
    let beside = vec![at(-5_000, 30_000), at(60_000, 30_000)];
    let refused = try_one(&Operation::Split {
        face: SOUTH_WEST,
        line: beside,
    });
    assert_eq!(
        refused.unwrap_err(),
        Refusal::NoDivision { face: SOUTH_WEST }
    );
    let along_the_rim = vec![at(-5_000, 500), at(105_000, 500)];
    let refused = try_one(&Operation::Split {
        face: SOUTH_WEST,
        line: along_the_rim,
    });
    assert!(matches!(refused, Err(Refusal::Sliver { .. })));
}

#[test]
fn only_faces_that_touch_merge() {
    let merge = |faces: &[FaceId]| {
        try_one(&Operation::Merge {
            faces: faces.to_vec(),
        })
    };
    let (partition, planned) = merge(&[SOUTH_WEST, SOUTH_EAST]).unwrap();
    let merged = FaceId(5);
    assert_eq!(partition.area_m2(merged), 20_000.0);
    // where the border met the outside, a corner stays and no node
    assert_eq!(partition.nodes().len(), blocks().nodes().len() - 1);
    assert_eq!(planned.change.descent.len(), 2);
    // in a corner only
    assert!(
        matches!(merge(&[SOUTH_WEST, NORTH_EAST]), Err(Refusal::Disconnected { face, .. }) if face == merged)
    );
    assert!(matches!(
        merge(&[SOUTH_WEST, SOUTH_WEST]),
        Err(Refusal::TooFewFaces)
    ));
    let (partition, planned) =
        merge(&[NORTH_EAST, ISLAND, SOUTH_EAST, SOUTH_WEST, NORTH_WEST]).unwrap();
    assert_eq!(partition.faces().len(), 1);
    assert!(matches!(
        planned.warnings[..],
        [Warning::Large {
            area_m2: 40_000.0,
            ..
        }]
    ));
}

#[test]
fn ground_goes_from_one_to_another() {
    let strip = polygon(&block(80_000, -10_000, 120_000, 60_000));
    let give = |from, to| Operation::Transfer {
        polygon: strip.clone(),
        from,
        to,
    };
    let (partition, _) = try_one(&give(Some(SOUTH_WEST), Some(SOUTH_EAST))).unwrap();
    let areas = [SOUTH_WEST, SOUTH_EAST].map(|face| partition.area_m2(face));
    assert_eq!(areas, [8_800.0, 11_200.0]);
    let moved = difference(&blocks(), &partition).moved;
    assert_eq!(moved.len(), 1);
    assert_eq!(
        (moved[0].from, moved[0].to),
        (Some(SOUTH_WEST), Some(SOUTH_EAST))
    );
    assert_eq!(moved[0].area_m2, 1_200.0);
    // the outside gives only what is outside
    let (partition, _) = try_one(&give(None, Some(SOUTH_WEST))).unwrap();
    assert_eq!(partition.area_m2(SOUTH_WEST), 10_400.0);
    let (partition, _) = try_one(&give(Some(SOUTH_WEST), None)).unwrap();
    assert_eq!(partition.area_m2(SOUTH_WEST), 8_800.0);
    assert_eq!(partition.face_at(at(90_000, 30_000)), None);
    // not to one that does not touch it, not everything, not through the middle
    let refused = try_one(&give(Some(SOUTH_WEST), Some(NORTH_EAST)));
    assert!(matches!(
        refused,
        Err(Refusal::Disconnected {
            face: NORTH_EAST,
            ..
        })
    ));
    let all = polygon(&block(-1, -1, 100_001, 100_001));
    let refused = try_one(&Operation::Transfer {
        polygon: all,
        from: Some(SOUTH_WEST),
        to: Some(SOUTH_EAST),
    });
    assert!(matches!(
        refused,
        Err(Refusal::Vanishing { face: SOUTH_WEST })
    ));
    let middle = polygon(&block(-10_000, 40_000, 110_000, 60_000));
    let refused = try_one(&Operation::Transfer {
        polygon: middle,
        from: Some(SOUTH_WEST),
        to: Some(SOUTH_EAST),
    });
    assert!(matches!(
        refused,
        Err(Refusal::Disconnected {
            face: SOUTH_WEST,
            ..
        })
    ));
}

#[test]
fn the_scope_gets_another_outline() {
    let scope = vec![polygon(&block(50_000, -20_000, 200_000, 200_000))];
    let redraw = Operation::RedrawScope {
        scope: scope.clone(),
        to: None,
    };
    let (partition, _) = try_one(&redraw).unwrap();
    let gained = FaceId(5);
    assert_eq!(partition.area_m2(SOUTH_WEST), 5_000.0);
    assert_eq!(partition.area_m2(gained), 3_000.0);
    assert_eq!(partition.faces()[&gained].ground, Ground::Unclaimed);
    let to = Some(SOUTH_EAST);
    let (partition, _) = try_one(&Operation::RedrawScope { scope, to }).unwrap();
    assert_eq!(partition.area_m2(SOUTH_EAST), 13_000.0);
    let east_only = vec![polygon(&block(100_000, 0, 200_000, 200_000))];
    let (partition, _) = try_one(&Operation::RedrawScope {
        scope: east_only,
        to: None,
    })
    .unwrap();
    let left: Vec<FaceId> = partition.faces().keys().copied().collect();
    assert_eq!(left, [SOUTH_EAST, NORTH_EAST, ISLAND]);
}

#[test]
fn the_outline_follows_a_line_and_all_else_stays() {
    let partition = blocks();
    let outline = partition.scope();
    assert_eq!((outline.len(), outline[0].holes.len()), (1, 0));
    assert_eq!(outline[0].area_m2(), 40_000.0);

    // out to the south between two places on the border, one of them not a vertex
    let line = [
        at(20_000, 0),
        at(20_000, -50_000),
        at(100_000, -50_000),
        at(100_000, 0),
    ];
    let redraw = |line: &[Point]| Operation::RedrawScope {
        scope: partition.scope_along(line).unwrap(),
        to: Some(SOUTH_WEST),
    };
    let (grown, planned) = try_one(&redraw(&line)).unwrap();
    assert_eq!(grown.area_m2(SOUTH_WEST), 14_000.0);
    let touched = planned.change.faces_touched();
    assert_eq!(touched.into_iter().collect::<Vec<_>>(), [SOUTH_WEST]);
    // a corner cut off
    let line = [at(0, 40_000), at(40_000, 0)];
    let (cut, _) = try_one(&redraw(&line)).unwrap();
    assert_eq!(cut.area_m2(SOUTH_WEST), 9_200.0);
    assert_eq!(cut.faces().len(), 5);

    // between the city and nowhere, and between a border inside and the outline
    assert_eq!(partition.scope_along(&[at(0, 0), at(-9_000, 0)]), None);
    assert_eq!(
        partition.scope_along(&[at(100_000, 50_000), at(100_000, 0)]),
        None
    );
}

#[test]
fn a_locked_face_stays_as_it_is() {
    let mut partition = blocks();
    let mut make = |operation: Operation| -> Result<(), Refusal> {
        let planned = operation.plan(&partition, &Limits::default())?;
        partition.apply(&planned.change).unwrap();
        Ok(())
    };
    let faces = vec![SOUTH_WEST, NORTH_EAST];
    make(Operation::SetOwner {
        faces: faces.clone(),
        owner: Some(UnitId(7)),
    })
    .unwrap();
    make(Operation::Lock {
        faces: vec![NORTH_EAST],
    })
    .unwrap();
    let locked = Err(Refusal::Locked { face: NORTH_EAST });
    let disown = Operation::SetOwner { faces, owner: None };
    assert_eq!(make(disown.clone()), locked);
    assert_eq!(
        make(Operation::MoveVertex {
            at: at(100_000, 100_000),
            to: at(99_000, 99_000)
        }),
        locked
    );
    assert_eq!(
        make(Operation::Merge {
            faces: vec![NORTH_EAST, ISLAND]
        }),
        locked
    );
    // what does not concern it goes on
    make(Operation::Merge {
        faces: vec![SOUTH_WEST, SOUTH_EAST],
    })
    .unwrap();
    make(Operation::Unlock {
        faces: vec![NORTH_EAST],
    })
    .unwrap();
    assert_eq!(make(disown), Err(Refusal::NoFace { face: SOUTH_WEST }));
    make(Operation::SetOwner {
        faces: vec![NORTH_EAST],
        owner: None,
    })
    .unwrap();
    let again = Operation::SetOwner {
        faces: vec![NORTH_EAST],
        owner: None,
    };
    assert_eq!(make(again), Err(Refusal::Nothing));
}

#[test]
fn an_operation_is_written_as_people_would() {
    let split = Operation::Split {
        face: FaceId(7),
        line: vec![at(1, 2), at(3, -4)],
    };
    let text = serde_json::to_string(&split).unwrap();
    assert_eq!(text, r#"{"split":{"face":7,"line":[[1,2],[3,-4]]}}"#);
    assert_eq!(serde_json::from_str::<Operation>(&text).unwrap(), split);
    let partition = blocks();
    let text = serde_json::to_string(&partition).unwrap();
    assert_eq!(serde_json::from_str::<Partition>(&text).unwrap(), partition);
    let broken = text.replace("\"left\":0", "\"left\":1");
    assert!(serde_json::from_str::<Partition>(&broken).is_err());
}

#[test]
fn a_change_for_another_state_is_not_made() {
    let mut partition = blocks();
    let limits = Limits::default();
    let merge = Operation::Merge {
        faces: vec![SOUTH_WEST, SOUTH_EAST],
    };
    let planned = merge.plan(&partition, &limits).unwrap();
    partition.apply(&planned.change).unwrap();
    let bytes = partition.to_bytes();
    assert!(partition.apply(&planned.change).is_err());
    assert_eq!(partition.to_bytes(), bytes);
}
