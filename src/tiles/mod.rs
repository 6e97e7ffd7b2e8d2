//! The map beneath: vector tiles of our own layers.
//!
//! Components, cases and cameras (`source`) stand in memory (`points`), follow the database change
//! by change (`follow`) and are encoded on demand; what their tiles hold at which zoom stands in
//! `tiles/<layer>.toml`. A tile's ETag is its version, so that an unchanged one costs a look-up,
//! and what was made is kept under it (`cache`), compressed as clients want it (`coding`).
//! The other layers are one query each in `tiles/<layer>.sql` that selects and clips, encoded with
//! the `mvt` crate on rayon's threads, anew for every request: never older than the database.

mod cache;
mod coding;
mod coord;
mod encode;
mod follow;
mod http;
mod layer;
mod points;
mod source;
mod store;
mod wire;
mod world;

pub use cache::TileCache;
pub use coord::{TileCoord, TileCoordError};
pub use follow::PointTiles;
pub use http::{MEDIA_TYPE, routes};
pub use layer::Layer;
