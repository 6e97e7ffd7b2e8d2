//! Who answers for single subjects, and what becomes of it where faces are split and merged.

use cityward_partition::{
    FaceId, Ground, Limits, Operation, Partition, Refusal, Subject, UnitId, Warning, repair,
};

use crate::operations::{ISLAND, SOUTH_EAST, SOUTH_WEST, blocks};
use crate::synthetic::{block, cell};

const LIGHTING: UnitId = UnitId(7);
const PARKS: UnitId = UnitId(8);

fn lamps() -> Subject {
    "C03005".parse().unwrap()
}

/// Lamps are one of them.
fn installations() -> Subject {
    "C03".parse().unwrap()
}

fn set_duty(faces: &[FaceId], subject: Subject, owner: Option<UnitId>) -> Operation {
    Operation::SetDuty {
        faces: faces.to_vec(),
        subject,
        owner,
    }
}

/// Does an operation, which can be taken back to the byte; what it warns of.
fn make(partition: &mut Partition, operation: &Operation) -> Result<Vec<Warning>, Refusal> {
    let planned = operation.plan(partition, &Limits::default())?;
    let before = partition.to_bytes();
    partition.apply(&planned.change).unwrap();
    partition.verify().unwrap();
    let after = partition.to_bytes();
    assert_eq!(Partition::from_bytes(&after).unwrap(), *partition);
    partition.apply(&planned.change.clone().inverse()).unwrap();
    assert_eq!(partition.to_bytes(), before);
    partition.apply(&planned.change).unwrap();
    Ok(planned.warnings)
}

#[test]
fn a_duty_is_set_and_cleared_and_leaves_everything_else() {
    let mut partition = blocks();
    let both = [SOUTH_WEST, SOUTH_EAST];
    let owner = Operation::SetOwner {
        faces: both.to_vec(),
        owner: Some(PARKS),
    };
    make(&mut partition, &owner).unwrap();
    let set = set_duty(&both, lamps(), Some(LIGHTING));
    let planned = set.plan(&partition, &Limits::default()).unwrap();
    let touched: Vec<FaceId> = planned.change.faces_touched().into_iter().collect();
    assert_eq!(touched, both);
    make(&mut partition, &set).unwrap();
    make(
        &mut partition,
        &set_duty(&[SOUTH_EAST], installations(), Some(PARKS)),
    )
    .unwrap();
    let face = |partition: &Partition, face: FaceId| partition.faces()[&face].clone();
    assert_eq!(
        face(&partition, SOUTH_WEST).duties,
        [(lamps(), LIGHTING)].into()
    );
    assert_eq!(face(&partition, SOUTH_WEST).owner, Some(PARKS));
    let of_east = [(installations(), PARKS), (lamps(), LIGHTING)];
    assert_eq!(face(&partition, SOUTH_EAST).duties, of_east.into());

    assert_eq!(make(&mut partition, &set), Err(Refusal::Nothing));
    make(&mut partition, &set_duty(&[SOUTH_WEST], lamps(), None)).unwrap();
    assert!(face(&partition, SOUTH_WEST).duties.is_empty());
    let nothing = set_duty(&[SOUTH_WEST], installations(), None);
    assert_eq!(make(&mut partition, &nothing), Err(Refusal::Nothing));

    let faces = vec![SOUTH_EAST];
    make(&mut partition, &Operation::Lock { faces }).unwrap();
    let locked = make(&mut partition, &set_duty(&both, lamps(), None));
    assert_eq!(locked, Err(Refusal::Locked { face: SOUTH_EAST }));
    let unknown = FaceId(99);
    let nobody = make(&mut partition, &set_duty(&[unknown], lamps(), None));
    assert_eq!(nobody, Err(Refusal::NoFace { face: unknown }));
}

#[test]
fn every_piece_of_a_split_has_the_duties_of_the_whole() {
    let mut partition = blocks();
    make(
        &mut partition,
        &set_duty(&[SOUTH_WEST], lamps(), Some(LIGHTING)),
    )
    .unwrap();
    let line = [(50_000, -1000), (50_000, 101_000)]
        .map(Into::into)
        .to_vec();
    let face = SOUTH_WEST;
    make(&mut partition, &Operation::Split { face, line }).unwrap();
    let new = partition.faces().iter().filter(|(id, _)| **id > ISLAND);
    let duties: Vec<_> = new.map(|(_, face)| face.duties.clone()).collect();
    assert_eq!(duties, [(); 2].map(|()| [(lamps(), LIGHTING)].into()));
}

#[test]
fn a_merge_keeps_the_duties_of_the_first_and_says_what_others_had() {
    let merge = |faces: [FaceId; 2]| Operation::Merge {
        faces: faces.to_vec(),
    };
    let mut partition = blocks();
    let both = [SOUTH_WEST, SOUTH_EAST];
    make(
        &mut partition,
        &set_duty(&both, installations(), Some(PARKS)),
    )
    .unwrap();
    make(
        &mut partition,
        &set_duty(&[SOUTH_EAST], lamps(), Some(LIGHTING)),
    )
    .unwrap();
    let merged = |partition: &mut Partition, faces| {
        let warnings = make(partition, &merge(faces)).unwrap();
        let (face, known) = partition.faces().last_key_value().unwrap();
        (*face, known.duties.clone(), warnings)
    };
    let (face, duties, warnings) = merged(&mut partition.clone(), both);
    assert_eq!(duties, [(installations(), PARKS)].into());
    let subject = lamps();
    assert_eq!(warnings, [Warning::OtherDuties { face, subject }]);
    let (face, duties, warnings) = merged(&mut partition.clone(), [SOUTH_EAST, SOUTH_WEST]);
    assert_eq!(
        duties,
        [(installations(), PARKS), (lamps(), LIGHTING)].into()
    );
    assert_eq!(warnings, [Warning::OtherDuties { face, subject }]);
    // where all agree there is nothing to say
    make(
        &mut partition,
        &set_duty(&[SOUTH_WEST], lamps(), Some(LIGHTING)),
    )
    .unwrap();
    assert_eq!(merged(&mut partition, both).2, []);
}

#[test]
fn ground_that_is_undecided_has_no_duties_to_lose() {
    let gap = [
        cell(&block(0, 0, 100_000, 100_000)),
        cell(&block(110_000, 0, 200_000, 100_000)),
    ];
    let hull = [
        cell(&block(0, -50_000, 200_000, 0)),
        cell(&block(0, 100_000, 200_000, 150_000)),
    ];
    let mut partition = repair(&[gap, hull].concat(), 10).partition;
    let undecided = partition.faces().iter();
    let (undecided, _) = { undecided }
        .find(|(_, face)| face.ground == Ground::Unclaimed)
        .unwrap();
    let faces = vec![FaceId(0), *undecided];
    make(
        &mut partition,
        &set_duty(&[FaceId(0)], lamps(), Some(LIGHTING)),
    )
    .unwrap();
    let warnings = make(&mut partition, &Operation::Merge { faces }).unwrap();
    let is_of_duties = |warning: &Warning| matches!(warning, Warning::OtherDuties { .. });
    assert!(!warnings.iter().any(is_of_duties), "{warnings:?}");
}

#[test]
fn a_duty_is_written_as_people_would() {
    let set = set_duty(&[FaceId(3)], installations(), Some(LIGHTING));
    let text = serde_json::to_string(&set).unwrap();
    assert_eq!(
        text,
        r#"{"set_duty":{"faces":[3],"subject":"C03","owner":7}}"#
    );
    assert_eq!(serde_json::from_str::<Operation>(&text).unwrap(), set);
    let wrong = text.replace("C03", "C 03");
    assert!(serde_json::from_str::<Operation>(&wrong).is_err());
}
