use std::fmt::Write as _;

use cityward_partition::{FaceId, Limits, Operation, Partition, Point, Refusal, Subject, UnitId};
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::file::Coordinates;
use crate::remedy::{Concern, Means, Remedy};
use crate::told::{Outcome, SnappedTo};

const STEP: f64 = 0.001;

/// A row of squares of a thousandth of a degree, from the given steps to the east to others.
fn file(squares: &[(f64, f64)]) -> String {
    let mut features = String::new();
    for (index, (west, east)) in squares.iter().enumerate() {
        let (west, east) = (120.0 + west * STEP, 120.0 + east * STEP);
        let (south, north) = (32.0, 32.0 + STEP);
        write!(
            features,
            r#"{}{{"type":"Feature","properties":{{"name":"cell {index}","zone":{}}},"geometry":
            {{"type":"Polygon","coordinates":[[[{west},{south}],[{east},{south}],[{east},{north}],
            [{west},{north}],[{west},{south}]]]}}}}"#,
            if index == 0 { "" } else { "," },
            index % 2,
        )
        .unwrap();
    }
    format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#)
}

fn desk(squares: &[(f64, f64)]) -> Desk {
    let mut desk = Desk::with_file(&file(squares), Coordinates::Wgs84).unwrap();
    desk.label_by(Some("name"));
    desk.limits = Limits {
        area_max_m2: f64::MAX,
        ..Limits::default()
    };
    desk
}

fn act(desk: &mut Desk, operation: &Operation) -> Value {
    match desk.act(operation) {
        Outcome::Done(touched) => serde_json::to_value(touched).unwrap(),
        Outcome::Refused(refused) => panic!("{refused:?}"),
    }
}

fn features(text: &str) -> Vec<Value> {
    let collection: Value = serde_json::from_str(text).unwrap();
    collection["features"].as_array().unwrap().clone()
}

fn labels(desk: &Desk) -> Vec<String> {
    let label = |feature: &Value| feature["properties"]["label"].as_str().unwrap().to_owned();
    features(&desk.draw_all()).iter().map(label).collect()
}

#[test]
fn an_overlap_is_found_left_to_decide_and_decided() {
    let mut desk = desk(&[(0.0, 2.0), (1.5, 3.0)]);
    let found = serde_json::to_value(desk.check(500)).unwrap();
    assert_eq!(found[0]["kind"], "overlap");
    assert_eq!(found[0]["cells"], json!([0, 1]));
    assert_eq!(features(&desk.report())[0]["properties"]["rows"][1], 2);

    let repaired = desk.repair(500);
    let face = repaired.conflicts[0].face;
    let beside = desk.neighbours(face);
    assert_eq!(beside.len(), 2);
    let to = beside[0].face;
    let before = desk.partition.to_bytes();
    let faces = vec![to, face];
    act(&mut desk, &Operation::Merge { faces });

    // the report tells of the decision, and the file has each row once
    let decided = features(&desk.report());
    assert!(
        decided
            .iter()
            .all(|each| each["properties"]["defect"].is_null())
    );
    assert_eq!(decided.last().unwrap()["properties"]["decided"], true);
    let cells = features(&desk.cells());
    let mut names: Vec<&Value> = cells
        .iter()
        .map(|cell| &cell["properties"]["name"])
        .collect();
    names.sort_by_key(|name| name.to_string());
    assert_eq!(names, ["cell 0", "cell 1"]);
    assert_eq!(labels(&desk).len(), 2);

    desk.undo().unwrap();
    assert_eq!(desk.partition.to_bytes(), before);
    desk.redo().unwrap();
    assert_eq!(features(&desk.cells()).len(), 2);
    assert!(desk.redo().is_none());
}

#[test]
fn pieces_and_unions_bear_the_names_of_where_they_come_from() {
    let mut desk = desk(&[(0.0, 1.0), (1.0, 2.0)]);
    desk.repair(500);
    let points = [[120.000_5, 31.99], [120.000_5, 32.01]];
    let line = points.map(|[lon, lat]| desk.point(lon, lat).unwrap());
    let split = Operation::Split {
        face: FaceId(0),
        line: line.to_vec(),
    };
    act(&mut desk, &split);
    let names = ["cell 1", "cell 0/1", "cell 0/2"];
    assert_eq!(labels(&desk), names);
    let east = desk.face_at(120.000_75, 32.000_5).unwrap();
    let (face, name) = (FaceId(1), "东片".to_owned());
    act(&mut desk, &Operation::SetName { face, name });
    assert_eq!(labels(&desk)[0], "东片");
    let faces = vec![FaceId(1), east];
    act(&mut desk, &Operation::Merge { faces });
    let merged = labels(&desk).pop().unwrap();
    assert!(merged.starts_with("东片+cell 0/"), "{merged}");
}

#[test]
fn a_plan_changes_nothing_and_a_refusal_says_where() {
    let mut desk = desk(&[(0.0, 1.0), (1.0, 2.0)]);
    desk.repair(500);
    let before = desk.partition.to_bytes();
    let corner = desk.snap(120.001, 32.0, 1000).unwrap();
    assert_eq!(corner.to, SnappedTo::Vertex);
    let moved = |by: i32| Operation::MoveVertex {
        at: corner.at,
        to: Point::new(corner.at.x, corner.at.y + by),
    };
    let Outcome::Done(touched) = desk.plan(&moved(5_000)) else {
        panic!("refused");
    };
    assert_eq!(features(touched.faces.get()).len(), 2);
    assert_eq!(desk.partition.to_bytes(), before);
    assert!(desk.undo().is_none());

    let Outcome::Refused(refused) = desk.plan(&moved(500_000)) else {
        panic!("done");
    };
    assert!(refused.place.is_some(), "{refused:?}");
    let nobody = FaceId(77);
    let lock = Operation::Lock {
        faces: vec![nobody],
    };
    let Outcome::Refused(refused) = desk.plan(&lock) else {
        panic!("done");
    };
    assert_eq!(refused.why, Refusal::NoFace { face: nobody });
}

#[test]
fn a_pointer_rests_on_vertices_before_borders() {
    let mut desk = desk(&[(0.0, 1.0), (1.0, 2.0)]);
    desk.repair(500);
    let to = |lon, lat, within_mm| desk.snap(lon, lat, within_mm).unwrap().to;
    assert_eq!(to(120.001_01, 32.0, 2_000), SnappedTo::Vertex);
    assert!(matches!(
        to(120.001_01, 32.000_5, 2_000),
        SnappedTo::Border(_)
    ));
    assert_eq!(to(120.001_5, 32.000_5, 2_000), SnappedTo::Nothing);
    let ends = desk
        .snap(120.001_01, 32.000_5, 2_000)
        .unwrap()
        .border
        .unwrap();
    assert!(ends.iter().all(|[lon, _]| (lon - 120.001).abs() < 1e-7));
    assert!((ends[0][1] - ends[1][1]).abs() > 0.9 * STEP);
    assert!(desk.snap(120.001_01, 32.0, 2_000).unwrap().border.is_none());
    let box_of = [119.9995, 31.9995, 120.0015, 32.0005];
    assert_eq!(desk.vertices(box_of, 100).map(|known| known.len()), Some(4));
    assert_eq!(desk.vertices(box_of, 1), None);
}

#[test]
fn a_loop_takes_the_cells_whose_middle_it_holds() {
    let mut desk = desk(&[(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]);
    desk.repair(500);
    let around = [
        [119.999, 31.999],
        [120.0016, 31.999],
        [120.0016, 32.002],
        [119.999, 32.002],
    ];
    assert_eq!(desk.faces_within(&around), [FaceId(0), FaceId(1)]);
}

#[test]
fn it_is_shown_who_answers_for_what_is_looked_at() {
    let subject = |name: &str| name.parse::<Subject>().unwrap();
    let mut desk = desk(&[(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]);
    desk.repair(500);
    let (north, lighting, covers) = (UnitId(1), UnitId(2), UnitId(3));
    let all: Vec<FaceId> = [0, 1, 2].map(FaceId).to_vec();
    let owner = |owner| Operation::SetOwner {
        faces: all.clone(),
        owner: Some(owner),
    };
    let duty = |faces: &[FaceId], of: &str, owner| Operation::SetDuty {
        faces: faces.to_vec(),
        subject: subject(of),
        owner: Some(owner),
    };
    act(&mut desk, &owner(north));
    act(&mut desk, &duty(&all[1..], "C01", covers));
    act(&mut desk, &duty(&all[2..], "C01037", lighting));
    let shown = |desk: &Desk| -> Vec<(Option<UnitId>, Option<UnitId>)> {
        let faces = desk.faces();
        faces.iter().map(|face| (face.duty, face.answers)).collect()
    };
    assert_eq!(shown(&desk), [(None, Some(north)); 3]);
    desk.look_at(vec![subject("C01037"), subject("C01")]);
    let of_lamps = [
        (None, Some(north)),
        (None, Some(covers)),
        (Some(lighting), Some(lighting)),
    ];
    assert_eq!(shown(&desk), of_lamps);
    let before = desk.faces_before();
    assert!(before.iter().all(|face| face.answers.is_none()));
    let told = serde_json::to_string(&desk.duties(&all[1..])).unwrap();
    let expected = r#"[{"face":1,"duties":{"C01":3}},{"face":2,"duties":{"C01":3,"C01037":2}}]"#;
    assert_eq!(told, expected);
}

#[test]
fn owners_can_come_from_the_file_and_a_partition_from_bytes() {
    let mut desk = desk(&[(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]);
    desk.repair(500);
    assert_eq!(desk.own_by("zone"), ["0", "1"]);
    let owner = |desk: &Desk, face| desk.partition.faces()[&FaceId(face)].owner;
    assert_eq!(
        [0, 1, 2].map(|face| owner(&desk, face)),
        [0, 1, 0].map(|unit| Some(UnitId(unit)))
    );
    assert_eq!(features(&desk.difference()).len(), 0);

    let faces = vec![FaceId(1)];
    let owner = Some(desk.add_owner("north".to_owned()));
    act(&mut desk, &Operation::SetOwner { faces, owner });
    let cells = features(&desk.cells());
    let zones = cells.iter().map(|cell| &cell["properties"]["zone"]);
    assert_eq!(
        zones.collect::<Vec<_>>(),
        [&json!(0), &json!("north"), &json!(0)]
    );

    let (base, bytes) = (desk.base.to_bytes(), desk.partition.to_bytes());
    let again = Desk::with_partition(&base, &bytes, desk.frame).unwrap();
    assert_eq!(again.partition, Partition::from_bytes(&bytes).unwrap());
    assert_eq!(again.faces_before()[1].owner, Some(UnitId(1)));
    assert_eq!(again.faces()[1].owner, owner);
    let [west, south, east, north] = again.bounds();
    assert!((east - west - 3.0 * STEP).abs() < 1e-7 && (north - south - STEP).abs() < 1e-7);
    assert!(Desk::with_partition(&bytes, &bytes[1..], desk.frame).is_err());
}

fn offered(remedies: &[Remedy<'_>]) -> Vec<(Means, Option<FaceId>)> {
    let offer = |remedy: &Remedy<'_>| (remedy.means, remedy.to);
    remedies.iter().map(offer).collect()
}

#[test]
fn ground_in_question_goes_to_a_claimant_or_becomes_a_cell() {
    let mut desk = desk(&[(0.0, 2.0), (1.5, 3.0), (3.0, 4.0)]);
    let face = desk.repair(500).conflicts[0].face;
    let found = offered(&desk.remedies(face, Concern::Undecided));
    let to = |face| (Means::JoinTo, Some(FaceId(face)));
    assert_eq!(found, [to(0), to(1), (Means::Settle, None)]);

    let operation = desk.remedies(face, Concern::Undecided)[0].operation.clone();
    act(&mut desk, &operation);
    assert!(!desk.partition.faces().contains_key(&face));
    assert!(desk.partition.verify().is_ok());
}

#[test]
fn a_small_cell_joins_the_neighbour_that_can_take_it() {
    let mut desk = desk(&[(0.0, 1.0), (1.0, 1.1), (1.1, 2.0)]);
    desk.repair(500);
    desk.own_by("zone");
    let small = FaceId(1);
    let remedies = desk.remedies(small, Concern::Small);
    assert_eq!(offered(&remedies), [(Means::JoinTo, Some(FaceId(0)))]);
    assert_eq!(remedies[0].label, "cell 0");

    let lock = |face| Operation::Lock {
        faces: vec![FaceId(face)],
    };
    act(&mut desk, &lock(0));
    let found = offered(&desk.remedies(small, Concern::Small));
    assert_eq!(found, [(Means::JoinTo, Some(FaceId(2)))]);
    act(&mut desk, &lock(2));
    let remedies = desk.remedies(small, Concern::Small);
    let why = remedies[0].refused.as_ref().map(|refused| &refused.why);
    assert_eq!(why, Some(&Refusal::Locked { face: FaceId(0) }));
    assert_eq!(remedies.len(), 1);
    assert!(desk.remedies(small, Concern::Large).is_empty());
}

#[test]
fn an_unowned_cell_is_given_to_whom_the_longest_border_leads() {
    let mut desk = desk(&[(0.0, 1.0), (1.0, 2.0)]);
    desk.repair(500);
    assert!(desk.remedies(FaceId(1), Concern::Unowned).is_empty());
    let owner = Some(desk.add_owner("north".to_owned()));
    let faces = vec![FaceId(0)];
    act(&mut desk, &Operation::SetOwner { faces, owner });
    let operation = desk.remedies(FaceId(1), Concern::Unowned)[0]
        .operation
        .clone();
    let faces = vec![FaceId(1)];
    assert_eq!(operation, Operation::SetOwner { faces, owner });
}

#[test]
fn the_smallest_piece_of_a_cell_goes_to_who_is_beside_that_piece() {
    // one cell of two pieces, with another between them
    let whole = file(&[(0.0, 1.0), (1.0, 3.0), (3.0, 3.5)]);
    let mut collection: Value = serde_json::from_str(&whole).unwrap();
    let features = collection["features"].as_array_mut().unwrap();
    let island = features.pop().unwrap();
    let parts = [&features[0], &island].map(|each| each["geometry"]["coordinates"].clone());
    features[0]["geometry"] = json!({ "type": "MultiPolygon", "coordinates": parts });
    let mut desk = Desk::with_file(&collection.to_string(), Coordinates::Wgs84).unwrap();
    // a piece so small in comparison is else moved by the repair itself
    desk.repair(0);
    assert_eq!(desk.partition.polygons(FaceId(0)).len(), 2);

    let remedies = desk.remedies(FaceId(0), Concern::Apart);
    assert_eq!(offered(&remedies), [(Means::PieceTo, Some(FaceId(1)))]);
    let operation = remedies[0].operation.clone();
    act(&mut desk, &operation);
    assert_eq!(desk.partition.polygons(FaceId(0)).len(), 1);
    assert!(desk.remedies(FaceId(0), Concern::Apart).is_empty());
}

#[test]
fn a_level_above_is_checked_with_the_cells_and_told_in_the_report() {
    let mut desk = desk(&[(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]);
    // it meets the border of the first two, and then runs through the third
    let areas = file(&[(0.0, 1.0), (1.0, 2.5)]);
    desk.put_level(&areas, Coordinates::Wgs84).unwrap();
    assert_eq!(desk.told_of(desk.level.as_ref()).cells, 2);
    let told = serde_json::to_value(desk.check(500)).unwrap();
    assert_eq!(
        [&told[0]["kind"], &told[1]["kind"]],
        ["outside", "unfollowed"]
    );
    assert_eq!(told[0]["cells"], json!([2]));
    assert_eq!(told[1]["areas"], json!([1]));
    let features = features(&desk.report());
    assert_eq!(features[0]["properties"]["rows"], json!([3]));
    assert_eq!(features[0]["properties"]["rows_above"], json!([2]));
    assert_eq!(features[1]["geometry"]["type"], "MultiLineString");
    desk.repair(500);
    let told = |feature: &Value| feature["properties"]["defect"].clone();
    let after_repair = self::features(&desk.report());
    assert_eq!(
        after_repair
            .iter()
            .filter(|one| told(one).is_string())
            .count(),
        2
    );

    desk.level = None;
    assert_eq!(desk.check(500).len(), 0);
}
