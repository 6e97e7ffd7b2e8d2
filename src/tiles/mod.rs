//! The map beneath: vector tiles of our own layers.
//!
//! A layer is one query in `tiles/<layer>.sql` that selects and clips; encoding is done here with
//! the `mvt` crate, on rayon's threads. Tiles are made anew for every request, so that they are
//! never older than the database; the ETag spares the bytes when nothing changed.

mod coord;
mod encode;
mod http;
mod layer;
mod store;

pub use coord::{TileCoord, TileCoordError};
pub use http::routes;
pub use layer::Layer;
