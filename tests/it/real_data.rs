//! Data of others, with its licences beside it, in the folder `CITYWARD_DATA`; users do not have it.

use std::path::PathBuf;

/// A folder or file of it. None, which is said: it is not on this machine, and whatever is about it is not
/// checked.
pub(crate) fn real_data(name: &str) -> Option<PathBuf> {
    let data = std::env::var_os("CITYWARD_DATA");
    if data.is_none() {
        println!("CITYWARD_DATA is not set: not checked on real {name}");
    }
    Some(PathBuf::from(data?).join(name))
}
