//! The workflow of the regulation, played by people over HTTP.

mod chain;
mod office;
