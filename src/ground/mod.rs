//! 3. Pixel → ground. Pure.

mod calibration;
mod homography;
mod linear;
mod pairs;
mod projection;
mod region;

pub use calibration::{Calibration, ControlPair, OffGround, PairError};
pub use pairs::FitError;
pub use projection::Fix;
pub use region::contains;

#[cfg(test)]
mod tests;
