//! The database: a server of the city's own or the private one in the data folder.

mod binaries;
mod embedded;
mod folder_lock;
mod moment;
mod open;
mod postgis;
mod replication;
mod roles;
mod server_user;
mod survivors;

pub use embedded::{Cluster, ServerDown, Stop};
pub use folder_lock::{FolderInUse, FolderLock};
pub(crate) use moment::at_one_moment;
pub use open::{Database, MIGRATOR, Mode, open, prepare};
pub use postgis::{PostgisProblem, PostgisVersion};
pub use replication::{NoSlot, Replication, Slot};
pub use roles::Pools;
