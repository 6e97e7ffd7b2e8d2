//! What stands beside the files of a target, in the place of `src/space.rs`, which knows the ground and
//! the database, too.

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelBox {
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
}
