//! The map beneath: vector tiles of our own layers.
//!
//! Components, cases, cameras and collectors (`source`) stand in memory (`points`), follow the database change
//! by change (`follow`) and are encoded on demand; what their tiles hold at which zoom stands in
//! `tiles/<layer>.toml`. A tile's ETag is its version, so that an unchanged one costs a look-up,
//! and what was made is kept under it (`cache`), compressed as clients want it (`coding`).
//! So do cells and responsibility areas (`areas`). The base map is a query in `tiles/basemap.sql`
//! that selects and clips, encoded with the `mvt` crate on rayon's threads; a change of it is
//! another version of all its tiles. A PMTiles archive takes its place where there is one
//! (`basemap_file`).

mod areas;
mod basemap_file;
mod box_tree;
mod cache;
mod coding;
mod coord;
mod encode;
mod export;
mod follow;
mod grids;
mod http;
mod layer;
mod news;
mod points;
mod reached;
mod source;
mod store;
mod view;
#[cfg(test)]
mod weight_tests;
mod wire;
mod world;

pub use areas::AreaTiles;
pub use basemap_file::BasemapFile;
pub use cache::TileCache;
pub use coord::{Grid, TileCoord, TileCoordError};
pub use export::{ExportArgs, Exported, TilesArgs, TilesCommand, ZoomRange, export, run};
pub use follow::{CommitLog, PointTiles};
pub(crate) use http::{CONFORMANCE_CLASSES, kept_tile};
pub use http::{routes, tile_routes};
pub use layer::Layer;
pub use news::{TileChange, TileNews};
pub use view::{InvalidView, TileView};
