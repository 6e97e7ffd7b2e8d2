//! The workflow of the regulation, played by people over HTTP.

mod chain;
mod check;
mod dispute;
mod filing;
mod group;
mod handling;
mod office;
mod receipt;
mod table;
mod whose;
