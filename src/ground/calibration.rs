//! A camera's calibration: pixel/ground pairs and what follows from them.

use serde::{Deserialize, Serialize};

use crate::space::{ErrorEllipse, GroundPoint};

/// A pixel and the place on the ground it shows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ControlPair {
    pub x: f64,
    pub y: f64,
    pub lon: f64,
    pub lat: f64,
}

/// Where a pixel is on the ground, and how sure that is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fix {
    pub point: GroundPoint,
    pub ellipse: ErrorEllipse,
}

/// Why a pixel has no place on the ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OffGround {
    #[error("at or above the horizon")]
    BehindHorizon,
    #[error("outside the ground this camera is believed in")]
    OutsideGround,
}

/// A fitted calibration of one camera.
#[derive(Debug, Clone)]
pub struct Calibration {
    /// Row of table `calibration`; 0 before it is stored.
    pub id: i32,
    pub version: i32,
    pub image_width_px: u32,
    pub image_height_px: u32,
    pub pairs: Vec<ControlPair>,
}
