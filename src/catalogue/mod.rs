//! The classes of the national standard, as versioned data.

mod class_code;

pub use class_code::{ClassCode, InvalidClassCode};
