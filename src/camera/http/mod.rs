//! Cameras and frames over HTTP.

mod background;
mod body;
mod cameras;
mod frames;
mod pictures;
mod saving;
mod zones;

pub(crate) use saving::{CameraDraft, HeldCamera, exists};

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::App;

/// Pushing is for platforms, the rest for signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    let frames = OpenApiRouter::new()
        .routes(routes!(frames::push_frames))
        // Bounds of its own, from the configuration.
        .layer(DefaultBodyLimit::disable());
    OpenApiRouter::new()
        .routes(routes!(cameras::list_cameras))
        .routes(routes!(cameras::find_camera, cameras::save_camera))
        .routes(routes!(cameras::calibrate))
        .routes(routes!(cameras::newest_frame))
        .routes(routes!(background::show))
        .routes(routes!(background::median))
        .routes(routes!(background::reference, background::set_reference))
        .routes(routes!(zones::list_zones, zones::save_zones))
        .merge(frames)
}
