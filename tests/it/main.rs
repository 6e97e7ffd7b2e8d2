//! Everything that needs more than one function: real PostGIS, the real model, the real binary.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails where it stands"
)]
#![expect(clippy::print_stdout, reason = "a test says what it could not check")]
#![expect(
    clippy::cast_possible_truncation,
    reason = "the numbers in tests are small"
)]

mod city;
mod door;
mod drawing;
mod office;
mod onnx;
mod people;
mod program;
mod real_data;
mod service;

mod access;
mod attachments;
mod audit;
mod background;
mod background_sight;
mod brakes;
mod camera;
mod camera_health;
mod camera_sight;
mod cases;
mod cell_files;
mod clock;
mod crash;
mod crash_publish;
mod database;
mod demo;
mod departures;
mod duties;
mod export;
mod features;
mod features_by_others;
mod features_edited;
mod frame_to_map;
mod frames;
mod grid;
mod import;
mod import_cells;
mod import_editions;
mod jpeg;
mod known_components;
mod layouts;
mod ledger;
mod live;
mod live_many;
mod locate;
mod locate_at;
mod malformed;
mod models;
mod notices;
mod oidc;
mod orders;
mod organisation;
mod partition_points;
mod pictures_wait;
mod plan_duties;
mod plan_first;
mod plan_from_file;
mod plan_impact;
mod plan_moved;
mod plan_presence;
mod plan_publish;
mod plan_reconcile;
mod plan_steps;
mod privacy;
mod privacy_masks;
mod privacy_measured;
mod privacy_uploads;
mod pull;
mod recurrence;
mod registration;
mod reporter;
mod restart;
mod row_level_beside;
mod row_level_security;
mod rules;
mod rules_http;
mod rules_routing;
mod snapshots;
mod sparse;
mod stays;
mod territory;
mod tidy;
mod tiles;
mod tiles_answer;
mod tiles_areas;
mod tiles_export;
mod tiles_grid;
mod tiles_in_memory;
mod tiles_read_by_others;
mod tiles_under_load;
mod tiles_wanted;
mod tiles_watched;
mod timers;
mod viid;
mod vision;
mod webhooks;
mod whereabouts;
mod workflow;
