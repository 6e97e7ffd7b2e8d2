//! Names that stay: an id once given is never given again.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u32);
    )*};
}

ids! {
    /// A place where borders meet.
    NodeId;
    /// A border between two faces, or a face and the outside, from node to node.
    ArcId;
    /// A piece of ground with one owner.
    FaceId;
    /// A unit that owns faces; who that is, the city knows.
    UnitId;
}

/// The ids that are given next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NextIds {
    pub node: NodeId,
    pub arc: ArcId,
    pub face: FaceId,
}

impl NextIds {
    pub(crate) fn node(&mut self) -> NodeId {
        self.node.0 += 1;
        NodeId(self.node.0 - 1)
    }

    pub(crate) fn arc(&mut self) -> ArcId {
        self.arc.0 += 1;
        ArcId(self.arc.0 - 1)
    }

    pub(crate) fn face(&mut self) -> FaceId {
        self.face.0 += 1;
        FaceId(self.face.0 - 1)
    }
}
