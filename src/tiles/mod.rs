//! The map beneath: vector tiles of our own layers.
//!
//! The components stand in memory (`points`), follow the database change by change (`follow`) and
//! are encoded on demand; a tile's ETag is its version, so that an unchanged one costs a look-up.
//! The other layers are one query each in `tiles/<layer>.sql` that selects and clips, encoded with
//! the `mvt` crate on rayon's threads, anew for every request: never older than the database.

mod coord;
mod encode;
mod follow;
mod http;
mod layer;
mod points;
mod store;
mod world;

pub use coord::{TileCoord, TileCoordError};
pub use follow::ComponentTiles;
pub use http::routes;
pub use layer::Layer;
