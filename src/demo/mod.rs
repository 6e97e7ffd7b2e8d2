//! A city of our own to try it all on: built from a seed, watched by rendered cameras.

mod backdrop;
mod brush;
mod cli;
mod color;
mod frames;
mod front;
mod furniture;
mod grain;
mod ground_paint;
mod incident;
mod invent;
mod light;
mod pinhole;
mod puddle;
mod render;
mod scene;
mod shadow;
mod traffic;
mod truth;
mod vector;

pub use cli::{DemoArgs, FramesArgs};
pub use frames::write as write_frames;
