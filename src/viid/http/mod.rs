//! `/VIID` for devices, as GA/T 1400.4 has it; and for administrators, in whose name devices register.

mod access;
mod apes;
mod call;
mod peers;
mod pictures;
mod system;

use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::App;

/// For devices: registering asks for digest authentication, all else for a registration.
pub fn device_routes() -> OpenApiRouter<App> {
    let apes = get(apes::list)
        .post(apes::save)
        .put(apes::save)
        .delete(apes::remove);
    OpenApiRouter::new()
        .route("/VIID/System/Register", post(system::register))
        .route("/VIID/System/Keepalive", post(system::keep_alive))
        .route("/VIID/System/UnRegister", post(system::unregister))
        .route("/VIID/System/Time", get(system::time))
        .route("/VIID/APEs", apes)
        .route("/VIID/APEs/{id}", get(apes::find).delete(apes::remove_one))
        .route("/VIID/Images", post(pictures::images))
        .route("/VIID/Scenes", post(pictures::scenes))
        .route("/VIID/MotorVehicles", post(pictures::motor_vehicles))
        .route("/VIID/NonMotorVehicles", post(pictures::non_motor_vehicles))
        .route("/VIID/Things", post(pictures::things))
        .route(
            "/VIID/SubscribeNotifications",
            post(pictures::notifications),
        )
        .route(
            "/VIID/SubscribeNotifications/{word}",
            post(pictures::notifications_of_peer),
        )
        .route("/VIID/Faces", any(pictures::persons))
        .route("/VIID/Persons", any(pictures::persons))
        .route("/VIID/Subscribes", any(pictures::subscribes))
        .route("/VIID/{*rest}", any(system::unknown))
        // bounds of its own
        .layer(DefaultBodyLimit::disable())
}

/// For signed-in people.
pub fn access_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(access::find_library))
        .routes(routes!(access::list_devices))
        .routes(routes!(access::save_access, access::end_access))
        .routes(routes!(peers::list_peers, peers::create_peer))
        .routes(routes!(peers::end_peer))
}
