//! Cameras and frames over HTTP.

mod background;
mod body;
mod cameras;
mod frames;
mod masks;
mod pictures;
mod saving;
mod sources;
mod zones;

pub(crate) use body::{BodyProblem, BoundedBody};
pub(crate) use frames::take;
pub(crate) use saving::{CameraDraft, HeldCamera, exists, recorded};

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
        .routes(routes!(
            sources::find_source,
            sources::save_source,
            sources::remove_source
        ))
        .routes(routes!(sources::try_source))
        .routes(routes!(sources::ask_device))
        .routes(routes!(background::show))
        .routes(routes!(background::median))
        .routes(routes!(background::reference, background::set_reference))
        .routes(routes!(zones::list_zones, zones::save_zones))
        .routes(routes!(masks::list_masks, masks::save_masks))
        .merge(frames)
}
