//! Point layers in memory, in a form made for tiles.
//!
//! Points stand in buckets, one for each tile of zoom 16, ordered along the Morton curve, so that
//! every tile of a lower zoom is one run of buckets. Attributes are numbers into dictionaries whose
//! words are kept as the bytes a tile holds. A change replaces one bucket and moves the versions
//! of exactly the tiles whose margin it touches.

mod bucket;
mod column;
mod dictionary;
mod encode;
mod filter;
mod layer;
mod places;
mod policy;
mod squares;
mod tile;
mod versions;

pub(super) use column::{Column, Kind, Value};
pub(super) use encode::Scratch;
pub(super) use filter::{Filter, Literal, Test};
pub(super) use layer::{MARGIN, Names, Point, PointLayer};
pub(super) use policy::Policy;
pub(super) use tile::View;
pub(super) use versions::Version;
