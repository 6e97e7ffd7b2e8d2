//! What a model says about a picture.

use std::sync::Arc;

use serde::Serialize;

use crate::catalogue::ClassCode;
use crate::space::PixelBox;

/// The model that said it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ModelRef {
    pub name: String,
    pub version: String,
}

/// One thing found in a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// The model's own word for it.
    pub label: Arc<str>,
    /// The catalogue class it is evidence of; `None` for things that are no problem, such as a
    /// bin that is not full.
    pub class: Option<ClassCode>,
    /// Whether the median background shows the same there; `None`: nobody has looked.
    pub stands: Option<bool>,
    /// 0 to 1.
    pub confidence: f32,
    /// In pixels of the full picture.
    pub pixel_box: PixelBox,
}

/// Everything found in one picture.
#[derive(Debug, Clone)]
pub struct Detections {
    pub model: Arc<ModelRef>,
    pub image_width_px: u32,
    pub image_height_px: u32,
    /// Most confident first.
    pub found: Vec<Detection>,
}
