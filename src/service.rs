//! The running service: everything between an opened database and a closed one.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::http::App;
use crate::{http, router, telemetry};

/// Serves until `stop` is cancelled; then finishes what was accepted and returns.
///
/// # Errors
/// When something that is needed to start is missing: the model, ONNX Runtime, the database.
pub async fn run(
    config: Config,
    db: PgPool,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    telemetry::recorder()?;
    let app = App::start(Arc::new(config), db).await?;
    let live = Arc::clone(&app.live);
    let streams = stop.clone();
    tokio::spawn(async move {
        streams.cancelled().await;
        live.close();
    });
    http::serve(listener, router::router(app), stop.cancelled_owned()).await;
    Ok(())
}
