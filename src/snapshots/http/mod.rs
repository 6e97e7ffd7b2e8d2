//! Asking for snapshots, uploading them, and reporting that all were sent.

mod sessions;
mod upload;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::App;

/// For administrators and platforms; uploading is for whoever has the URL.
pub fn routes() -> OpenApiRouter<App> {
    let uploads = OpenApiRouter::new()
        .routes(routes!(sessions::find_session, upload::upload))
        .routes(routes!(upload::upload_named))
        // bounds of its own
        .layer(DefaultBodyLimit::disable());
    OpenApiRouter::new()
        .routes(routes!(sessions::list_sessions, sessions::create_session))
        .routes(routes!(sessions::finish_session))
        .merge(uploads)
}
