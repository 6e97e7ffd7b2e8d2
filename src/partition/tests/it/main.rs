//! The partition on invented cities and on real files.

mod check;
mod files;
mod oracle;
mod properties;
mod repair;
mod synthetic;
