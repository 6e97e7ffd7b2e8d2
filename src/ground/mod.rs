//! 3. Pixel → ground. Pure.

mod calibration;

pub use calibration::{Calibration, ControlPair, Fix, OffGround};
