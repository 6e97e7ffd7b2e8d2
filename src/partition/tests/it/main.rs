//! The partition on invented cities and on real files.

mod check;
mod files;
mod repair;
mod synthetic;
