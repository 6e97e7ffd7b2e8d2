use std::collections::BTreeSet;

use cityward_partition::{FaceId, Partition, Point, repair};
use proptest::prelude::*;

use crate::synthetic;

fn city() -> Partition {
    repair(&synthetic::city(4, 3, 2, 7), 100).partition
}

fn vertices(partition: &Partition) -> BTreeSet<Point> {
    let lines = partition.arcs().values().map(|arc| &arc.line);
    lines.flat_map(|line| line.iter().copied()).collect()
}

proptest! {
    #[test]
    fn the_nearest_vertex_and_border_are_those_of_all(
        x in -50_000..450_000, y in -50_000..350_000, within_mm in 1_u32..60_000,
    ) {
        let (partition, place) = (city(), Point::new(x, y));
        let reach = f64::from(within_mm);
        let nearest = vertices(&partition)
            .into_iter()
            .map(|vertex| place.distance_mm(vertex))
            .fold(f64::MAX, f64::min);
        let found = partition.nearest_vertex(place, within_mm);
        prop_assert_eq!(found.map(|at| place.distance_mm(at)), (nearest <= reach).then_some(nearest));

        let seam = partition.nearest_border(place, within_mm);
        if let Some(seam) = seam {
            prop_assert!(seam.at.distance_mm(place) <= reach + 1.0);
            prop_assert!(seam.at.distance_mm(place) <= nearest + 1.0);
            let is_piece = partition.arcs().values().any(|arc| {
                arc.line.segments().any(|(a, b)| [a, b] == seam.between)
            });
            prop_assert!(is_piece);
        } else {
            prop_assert!(found.is_none(), "a vertex lies on a border");
        }
    }

    #[test]
    fn a_box_holds_the_vertices_inside_it(
        x in 0..400_000, y in 0..300_000, width in 0..200_000, height in 0..200_000,
    ) {
        let (partition, low) = (city(), Point::new(x, y));
        let high = Point::new(x + width, y + height);
        let inside = vertices(&partition).into_iter().filter(|at| {
            (low.x..=high.x).contains(&at.x) && (low.y..=high.y).contains(&at.y)
        });
        let inside: BTreeSet<Point> = inside.collect();
        let most = inside.len() / 2;
        prop_assert_eq!(partition.vertices_in(low, high, most).len(), most);
        prop_assert_eq!(partition.vertices_in(low, high, usize::MAX), inside);
    }
}

/// Wherever the border winds, and around holes.
#[test]
fn an_inner_point_is_the_faces_own() {
    let ring = synthetic::block(0, 0, 90_000, 90_000);
    let hole = synthetic::block(30_000, 30_000, 60_000, 60_000);
    let mut around = synthetic::cell(&ring);
    let inside = synthetic::cell(&hole);
    around.polygons[0].holes = vec![inside.polygons[0].exterior.clone()];
    for partition in [city(), repair(&[around, inside], 10).partition] {
        for &face in partition.faces().keys() {
            let at = partition.inner_point(face).unwrap();
            assert_eq!(partition.face_at(at), Some(face));
        }
    }
}

#[test]
fn a_loop_takes_what_it_goes_around() {
    let partition = city();
    let loop_of = synthetic::polygon(&synthetic::block(-30_000, -30_000, 180_000, 130_000));
    let taken = partition.faces_within(&loop_of);
    let expected: Vec<FaceId> = partition
        .faces()
        .keys()
        .copied()
        .filter(|face| {
            let at = partition.inner_point(*face).unwrap();
            at.x < 180_000 && at.y < 130_000
        })
        .collect();
    assert_eq!(taken, expected);
    assert_eq!(taken.len(), 2);
}
