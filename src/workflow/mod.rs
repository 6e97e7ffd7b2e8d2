//! 6. Case → settled: who may do what, when, and what follows. Articles 12 to 16.

mod table;
pub mod timers;

pub use table::{STEPS, Step, Who};
