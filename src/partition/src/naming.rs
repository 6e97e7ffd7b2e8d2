//! Faces under the names by which a city knows them.

use std::collections::BTreeMap;

use crate::ids::{FaceId, UnitId};
use crate::partition::{Face, Ground, Partition};
use crate::subject::Subject;

impl Partition {
    /// The same ground with other names for its faces; `next` is the name that is given next. No two
    /// faces may get the same name.
    #[must_use]
    pub fn named(self, name: impl Fn(FaceId) -> FaceId, next: FaceId) -> Self {
        let ground = |ground| match ground {
            Ground::Contested(claimants) => {
                Ground::Contested(claimants.into_iter().map(&name).collect())
            }
            Ground::Cell | Ground::Unclaimed => ground,
        };
        let faces = self.faces.into_iter().map(|(id, face)| {
            let named = Face {
                ground: ground(face.ground),
                ..face
            };
            (name(id), named)
        });
        let faces: BTreeMap<FaceId, Face> = faces.collect();
        let arcs = self.arcs.into_iter().map(|(id, mut arc)| {
            arc.left = arc.left.map(&name);
            arc.right = arc.right.map(&name);
            (id, arc)
        });
        let mut next_ids = self.next;
        next_ids.face = next;
        Self::with_parts(self.nodes, arcs.collect(), faces, next_ids)
    }

    /// The same ground, and who answers for it: the owner of each face and its duties.
    #[must_use]
    pub fn owned(
        mut self,
        by: impl Fn(FaceId) -> (Option<UnitId>, BTreeMap<Subject, UnitId>),
    ) -> Self {
        for (id, face) in &mut self.faces {
            (face.owner, face.duties) = by(*id);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cell, Point, Polygon, repair};

    fn square(west: i32) -> Cell {
        let corners = [
            (west, 0),
            (west + 1000, 0),
            (west + 1000, 1000),
            (west, 1000),
        ];
        let polygon = Polygon {
            exterior: corners.map(Point::from).to_vec(),
            holes: Vec::new(),
        };
        Cell {
            polygons: vec![polygon],
        }
    }

    #[test]
    fn other_names_change_nothing_on_the_ground() {
        let partition = repair(&[square(0), square(1000)], 1).partition;
        let before = partition.polygons(FaceId(1));
        let bins: Subject = "C03005".parse().unwrap();
        let owned = partition.owned(|FaceId(index)| {
            let owner = (index == 1).then_some(UnitId(5));
            (owner, [(bins, UnitId(index))].into())
        });
        let named = owned.named(|FaceId(index)| FaceId(70 - index), FaceId(1000));
        assert_eq!(named.verify(), Ok(()));
        assert_eq!(named.polygons(FaceId(69)), before);
        assert_eq!(named.faces()[&FaceId(69)].owner, Some(UnitId(5)));
        assert_eq!(named.faces()[&FaceId(70)].owner, None);
        assert_eq!(
            named.faces()[&FaceId(69)].duties,
            [(bins, UnitId(1))].into()
        );
        assert_eq!(named.next_ids().face, FaceId(1000));
        assert_eq!(named.face_at(Point::new(1500, 500)), Some(FaceId(69)));
    }
}
