mod edges;
mod frame;
mod noding;
mod point;
pub use frame::{Degrees, Frame};
pub use point::Point;
