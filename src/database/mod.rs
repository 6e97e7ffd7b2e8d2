//! The database: a server of the city's own or the private one in the data folder.

mod embedded;
mod folder_lock;
mod open;
mod postgis;
mod server_user;

pub use embedded::{Cluster, ServerDown, Stop};
pub use folder_lock::{FolderInUse, FolderLock};
pub use open::{Database, MIGRATOR, Mode, open, prepare};
pub use postgis::{PostgisProblem, PostgisVersion};
