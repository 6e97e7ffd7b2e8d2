//! A partition as text or bytes: the same partition is always the same.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{ArcId, FaceId, NextIds, NodeId};
use crate::partition::{Arc, Face, Partition};
use crate::point::Point;
use crate::verify::Flaw;

#[derive(Serialize)]
struct Written<'a> {
    next: NextIds,
    faces: &'a BTreeMap<FaceId, Face>,
    arcs: &'a BTreeMap<ArcId, Arc>,
}

#[derive(Deserialize)]
struct Read {
    next: NextIds,
    faces: BTreeMap<FaceId, Face>,
    arcs: BTreeMap<ArcId, Arc>,
}

/// Nodes are where arcs end, and are not written.
impl Serialize for Partition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = Written {
            next: self.next,
            faces: &self.faces,
            arcs: &self.arcs,
        };
        written.serialize(serializer)
    }
}

/// What is read is verified: it may come from anywhere.
impl<'de> Deserialize<'de> for Partition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Read { next, faces, arcs } = Read::deserialize(deserializer)?;
        let mut nodes: BTreeMap<NodeId, Point> = BTreeMap::new();
        for (id, arc) in &arcs {
            let ends = [(arc.from, arc.line.first()), (arc.to, arc.line.last())];
            for (node, at) in ends {
                let at = at.ok_or_else(|| D::Error::custom(Flaw::Line(*id)))?;
                nodes.insert(node, *at);
            }
        }
        let partition = Self::with_parts(nodes, arcs, faces, next);
        partition.verify().map_err(D::Error::custom)?;
        Ok(partition)
    }
}

/// Bytes that are no partition.
#[derive(Debug, thiserror::Error)]
#[error("these bytes are no partition")]
pub struct NoPartition(#[source] postcard::Error);

impl Partition {
    /// Which form [`to_bytes`](Self::to_bytes) has: who keeps bytes keeps it beside them.
    pub const FORM: u8 = 3;

    /// A compact form: about two and a half bytes a vertex where vertices lie metres apart.
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("a partition holds nothing that cannot be written")
    }

    /// # Errors
    /// If these bytes are no partition, or one that does not hold.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NoPartition> {
        match postcard::take_from_bytes(bytes).map_err(NoPartition)? {
            (partition, []) => Ok(partition),
            // a whole partition and something else
            (_, _) => Err(NoPartition(postcard::Error::DeserializeBadEncoding)),
        }
    }
}
