//! The running service: everything between an opened database and a closed one.

use std::sync::Arc;

use chrono::TimeDelta;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::camera::{background, health, source};
use crate::cases::redaction;
use crate::config::Config;
use crate::database::Pools;
use crate::http::App;
use crate::pipeline::Pipeline;
use crate::vision::Models;
use crate::workflow::timers;
use crate::{http, journal, live, notify, plan, router, telemetry, upkeep, viid};

/// Serves until `stop` is cancelled; then finishes what was accepted and returns.
///
/// # Errors
/// When something that is needed to start is missing: the model, ONNX Runtime, the database.
pub async fn run(
    config: Config,
    pools: Pools,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    telemetry::recorder()?;
    let vision = config.vision.clone();
    let models = tokio::task::spawn_blocking(move || Models::load(&vision)).await??;
    let app = App::start(Arc::new(config), pools, models).await?;
    tokio::task::spawn_blocking({
        let redactor = Arc::clone(&app.redactor);
        // what it finds missing it says itself; pictures are kept coarse then
        move || redactor.warm()
    });
    let pipeline = Pipeline::start(&app, stop.clone()).await?;
    tokio::spawn(upkeep::run(app.clone(), stop.clone()));
    let redacting = redact(&app, stop.clone());
    let keeping_health = keep_health(&app, stop.clone());
    let pulling = pull(&app, stop.clone());
    keep_library(&app, stop.clone());
    let keeping_backgrounds = keep_backgrounds(&app, stop.clone());
    let publishing = tokio::spawn(plan::publish(app.clone(), stop.clone()));
    let timers = timers::run(
        app.machine.clone(),
        app.workflow(),
        {
            let app = app.clone();
            move || app.now()
        },
        stop.clone(),
    );
    let timers = tokio::spawn(timers);
    let feed = Arc::clone(&app.live);
    let streams = stop.clone();
    // an open stream would hold up the server until its grace ends
    tokio::spawn(async move {
        streams.cancelled().await;
        feed.close();
    });
    tokio::spawn(live::ring(
        Arc::clone(&app.live),
        app.machine.clone(),
        stop.clone(),
    ));
    tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move {
            let feed = Arc::clone(&app.live);
            live::follow(feed, app.machine.clone(), || app.now(), stop).await;
        }
    });
    let noticing = tokio::spawn(notify::keep_noticing(app.clone(), stop.clone()));
    let delivering = tokio::spawn(notify::deliver(app.clone(), stop.clone()));
    let subscribing = tokio::spawn(viid::keep_peers(app.clone(), stop.clone()));
    let sealing = tokio::spawn(journal::keep_sealed(app.clone(), stop.clone()));
    let routes = router::router(app.clone());
    let (cameras, db) = (Arc::clone(&app.health), app.machine.clone());
    let backgrounds = Arc::clone(&app.backgrounds);
    http::serve(listener, app, routes, stop.cancelled_owned()).await;
    redacting.await?;
    sealing.await?;
    noticing.await?;
    delivering.await??;
    subscribing.await??;
    timers.await?;
    publishing.await?;
    keeping_health.await?;
    pulling.await?;
    keeping_backgrounds.await?;
    let drained = pipeline.drain().await;
    health::write_down(&cameras, &db).await;
    background::write_down(&backgrounds, &db).await;
    drained
}

fn keep_health(app: &App, stop: CancellationToken) -> JoinHandle<()> {
    let app = app.clone();
    tokio::spawn(async move {
        let offline_after = TimeDelta::seconds(app.config.intake.camera_offline_s.into());
        let (health, db) = (Arc::clone(&app.health), app.machine.clone());
        let now = || app.now();
        health::keep(health, db, app.cameras.clone(), offline_after, now, stop).await;
    })
}

fn redact(app: &App, stop: CancellationToken) -> JoinHandle<()> {
    let app = app.clone();
    tokio::spawn(async move {
        let is_busy = || app.intake.depth() > 0;
        redaction::run(&app.redactions, || app.now(), is_busy, stop).await;
    })
}

fn keep_library(app: &App, stop: CancellationToken) {
    let (machine, keepalive_s) = (app.machine.clone(), app.config.viid.viid_keepalive_s);
    let app = app.clone();
    tokio::spawn(viid::keep(machine, keepalive_s, move || app.now(), stop));
}

fn pull(app: &App, stop: CancellationToken) -> JoinHandle<()> {
    let app = app.clone();
    let door = source::Door {
        intake: Arc::clone(&app.intake),
        cameras: app.cameras.clone(),
        health: Arc::clone(&app.health),
        limits: app.config.intake.clone(),
        now: {
            let app = app.clone();
            Box::new(move || app.now())
        },
    };
    tokio::spawn(async move { app.pulls.run(app.machine.clone(), door, stop).await })
}

fn keep_backgrounds(app: &App, stop: CancellationToken) -> JoinHandle<()> {
    let app = app.clone();
    tokio::spawn(async move {
        let (backgrounds, db) = (Arc::clone(&app.backgrounds), app.machine.clone());
        let now = || app.now();
        background::keep(backgrounds, db, app.cameras.clone(), now, stop).await;
    })
}
