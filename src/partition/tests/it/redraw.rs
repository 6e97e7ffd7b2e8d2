//! A newer file takes the place of every cell.

use cityward_partition::{
    Descent, DrawnCell, FaceId, Ground, Limits, Operation, Partition, Planned, Polygon, Refusal,
    UnitId, common_ground,
};

use crate::operations::{ISLAND, SOUTH_EAST, SOUTH_WEST, blocks};
use crate::synthetic::{block, polygon};

const PARKS: UnitId = UnitId(8);
const ROADS: UnitId = UnitId(9);

fn drawn(face: Option<FaceId>, polygons: Vec<Polygon>) -> DrawnCell {
    DrawnCell {
        face,
        name: None,
        owner: None,
        polygons,
    }
}

/// Every cell as it is.
fn as_it_is(partition: &Partition) -> Vec<DrawnCell> {
    let faces = partition.faces().keys();
    faces
        .map(|face| drawn(Some(*face), partition.polygons(*face)))
        .collect()
}

fn owned() -> Partition {
    blocks().owned(|face| {
        (
            Some(if face == SOUTH_EAST { ROADS } else { PARKS }),
            [].into(),
        )
    })
}

fn redrawn(partition: &Partition, cells: Vec<DrawnCell>) -> Result<(Partition, Planned), Refusal> {
    let mut after = partition.clone();
    let planned = Operation::Redraw { cells }.plan(partition, &Limits::default())?;
    after.apply(&planned.change).unwrap();
    after.verify().unwrap();
    Ok((after, planned))
}

#[test]
fn a_file_that_says_what_is_there_changes_nothing() {
    let partition = owned();
    let same = redrawn(&partition, as_it_is(&partition));
    assert_eq!(same.unwrap_err(), Refusal::Nothing);
}

#[test]
fn a_new_cell_has_the_owner_of_most_of_its_ground_and_what_is_as_it_was_stays() {
    let partition = owned();
    let mut cells = as_it_is(&partition);
    // the two in the south: the border goes 30 m west, and the west of it becomes another cell
    cells[0] = drawn(None, vec![polygon(&block(0, 0, 70_000, 100_000))]);
    cells[1].polygons = vec![polygon(&block(70_000, 0, 200_000, 100_000))];
    let (after, planned) = redrawn(&partition, cells.clone()).unwrap();
    let new = FaceId(5);
    let faces: Vec<FaceId> = after.faces().keys().copied().collect();
    assert_eq!(faces, [1, 2, 3, 4, 5].map(FaceId));
    assert_eq!(after.faces()[&new].owner, Some(PARKS));
    let parent = SOUTH_WEST;
    assert_eq!(planned.change.descent, [Descent { parent, child: new }]);
    assert_eq!(after.area_m2(SOUTH_EAST), 13_000.0);
    let touched = planned.change.faces_touched();
    assert!(!touched.contains(&ISLAND), "{touched:?}");
    let common = common_ground(&partition, &after);
    assert_eq!(common[&(SOUTH_WEST, SOUTH_EAST)], 3_000.0);
    assert_eq!(common[&(SOUTH_EAST, SOUTH_EAST)], 10_000.0);

    cells[0].owner = Some(ROADS);
    cells[0].name = Some("西片".to_owned());
    let (after, _) = redrawn(&partition, cells).unwrap();
    assert_eq!(after.faces()[&new].owner, Some(ROADS));
    assert_eq!(after.faces()[&new].name.as_deref(), Some("西片"));
}

#[test]
fn ground_that_no_cell_of_the_file_has_is_unclaimed_and_goes_on_as_that() {
    let partition = owned();
    let mut cells = as_it_is(&partition);
    cells.remove(4);
    let (gap, _) = redrawn(&partition, cells.clone()).unwrap();
    let nobody = FaceId(5);
    assert_eq!(gap.faces()[&nobody].ground, Ground::Unclaimed);
    assert_eq!(gap.area_m2(nobody), 400.0);
    assert_eq!(redrawn(&gap, cells.clone()).unwrap_err(), Refusal::Nothing);
    // what lies outside all of them is not the city's
    cells.truncate(2);
    let (south, _) = redrawn(&gap, cells).unwrap();
    let faces: Vec<FaceId> = south.faces().keys().copied().collect();
    assert_eq!(faces, [SOUTH_WEST, SOUTH_EAST]);
}

#[test]
fn a_cell_may_lie_in_several_places_but_not_on_another() {
    let partition = owned();
    let mut cells = as_it_is(&partition);
    let far = polygon(&block(300_000, 0, 400_000, 100_000));
    cells[0].polygons.push(far.clone());
    let (apart, _) = redrawn(&partition, cells.clone()).unwrap();
    assert_eq!(apart.polygons(SOUTH_WEST).len(), 2);
    cells[1].polygons.push(far);
    let twice = redrawn(&partition, cells.clone()).unwrap_err();
    assert!(matches!(twice, Refusal::Crossing { .. }), "{twice:?}");
    cells[1] = drawn(Some(SOUTH_EAST), vec![]);
    let face = SOUTH_EAST;
    assert_eq!(
        redrawn(&partition, cells.clone()).unwrap_err(),
        Refusal::Vanishing { face }
    );
    cells[1] = cells[0].clone();
    let face = SOUTH_WEST;
    assert_eq!(
        redrawn(&partition, cells).unwrap_err(),
        Refusal::NoFace { face }
    );
}

#[test]
fn what_is_locked_stays() {
    let mut partition = owned();
    let faces = vec![SOUTH_WEST];
    let lock = Operation::Lock { faces }.plan(&partition, &Limits::default());
    partition.apply(&lock.unwrap().change).unwrap();
    let mut cells = as_it_is(&partition);
    cells.remove(4);
    redrawn(&partition, cells.clone()).unwrap();
    let face = SOUTH_WEST;
    let locked = |cells: &[DrawnCell]| redrawn(&partition, cells.to_vec()).unwrap_err();
    cells[0].owner = Some(ROADS);
    assert_eq!(locked(&cells), Refusal::Locked { face });
    cells[0].owner = None;
    cells[0].face = None;
    assert_eq!(locked(&cells), Refusal::Locked { face });
    cells.remove(0);
    assert_eq!(locked(&cells), Refusal::Locked { face });
}

#[test]
fn in_short_it_says_which_cells_and_not_where() {
    let cells = as_it_is(&blocks());
    let Operation::Redraw { cells } = (Operation::Redraw { cells }).in_short() else {
        panic!("another operation");
    };
    assert_eq!(cells.len(), 5);
    assert!(cells.iter().all(|cell| cell.polygons.is_empty()));
}

#[test]
fn a_face_is_called_what_it_is_said_to_be_and_its_pieces_are_not() {
    let mut partition = owned();
    let mut make = |operation: Operation| {
        let planned = operation.plan(&partition, &Limits::default()).unwrap();
        partition.apply(&planned.change).unwrap();
        partition.clone()
    };
    let (face, name) = (SOUTH_WEST, "东风路西".to_owned());
    let named = make(Operation::SetName { face, name });
    assert_eq!(named.faces()[&face].name.as_deref(), Some("东风路西"));
    assert_eq!(Partition::from_bytes(&named.to_bytes()).unwrap(), named);
    let line = [(50_000, -1000), (50_000, 101_000)]
        .map(Into::into)
        .to_vec();
    let split = make(Operation::Split { face, line });
    assert!(split.faces().values().all(|face| face.name.is_none()));
}
