//! Cityward: a camera frame comes in, a case stands on the live map.
//!
//! The modules stand in the order of that story; [`pipeline`] tells it on one screen.

pub mod config;
pub mod pipeline;
pub mod router;
pub mod service;
pub mod upkeep;

pub mod space;

pub mod time;

/// 1. A frame comes in.
pub mod camera;

/// Cameras that speak GA/T 1400: another way for frames to come in.
pub mod viid;

/// Snapshots that cameras upload on command (GB/T 28181-2022): a third way.
pub mod snapshots;

/// 2. Frame → detections. The only place that knows OpenCV and ONNX Runtime.
pub mod vision;

/// 3. Pixel → ground.
pub mod ground;

/// 4. Ground → component, cell, responsible unit, and why.
pub mod territory;

/// Between: sightings that are an event only if they stay.
pub mod events;

/// 5. Sighting → case.
pub mod cases;

/// 6. Case → settled: the workflow of the regulation.
pub mod workflow;

/// What happened, so that it can be proved.
pub mod journal;

/// What quick disposal costs.
pub mod ledger;

/// Lists of cases that leave the system, with an approval.
pub mod export;

/// What the centre tells units to do.
pub mod orders;

/// What the checks found of each unit's work.
pub mod outcomes;

/// Who is told what happened: notices and webhooks.
pub mod notify;

/// 7. Case → browsers.
pub mod live;

/// Where those who go to places are.
pub mod whereabouts;

/// The map beneath.
pub mod tiles;

/// The city's features for other programs, by OGC API.
pub mod features;

/// Who may look and who may push.
pub mod access;

/// Districts and units.
pub mod organisation;

/// The classes of the national standard.
pub mod catalogue;

/// Time as the regulation counts it: office hours, holidays, the clocks of a stage.
pub mod clock;

/// Redrawing whose ground it is: plans, their approval, their publication.
pub mod plan;

/// What the city goes by, in versioned sets.
pub mod rules;

/// The database: embedded or given, migrations, the pool.
pub mod database;

/// Requests the service makes by itself.
pub mod outbound;

/// Files of others become components, cells and base map.
pub mod import;

/// A city of our own to try it all on.
pub mod demo;

/// What every `http.rs` shares.
pub mod http;

/// Every answer allocates: this allocator needs half the time of the C library's for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Metric names and the recorder behind `/metrics`.
pub mod telemetry;
