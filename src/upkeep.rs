//! What the service does by itself from time to time, whoever is there.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::cases::attachment;
use crate::http::App;

/// Between two rounds. Each does only what is due, so that more rounds do no more.
const EVERY: Duration = Duration::from_secs(3600);

/// Goes its rounds until `stop`; a round that fails is logged, and the next one tries again.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        round(&app).await;
        stop.run_until_cancelled(tokio::time::sleep(EVERY)).await;
    }
}

async fn round(app: &App) {
    match attachment::sweep(&app.machine, &app.evidence, app.now()).await {
        Ok(0) => {}
        Ok(files) => tracing::info!(files, "swept pictures nobody used"),
        Err(error) => tracing::error!(error = format!("{error:#}"), "cannot sweep pictures"),
    }
}
