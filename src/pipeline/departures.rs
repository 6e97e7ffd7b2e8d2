//! What cases are open about and a camera does not find any more → notes in their histories.

use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use metrics::counter;
use sqlx::PgPool;

use super::retry::Patience;
use super::standing::Stands;
use super::{Followed, Recorder};
use crate::camera::health::{Condition, Seen};
use crate::camera::{Camera, Frame};
use crate::cases::{CaseChange, CaseId, Departed, Picture, departure};
use crate::catalogue::ClassCode;
use crate::events::Departures;
use crate::space::PixelBox;
use crate::telemetry;
use crate::vision::Detections;

/// What cameras looked for when the last run ended.
pub(super) async fn resume(db: &PgPool) -> anyhow::Result<Departures<CaseId>> {
    let watched = departure::watched(db)
        .await
        .context("cannot read what cameras are to look for")?;
    let mut departures = Departures::default();
    for one in watched {
        departures.filed(&one.camera, one.case, one.class, one.pixel_box);
    }
    Ok(departures)
}

/// Takes in everything found in a frame, also what is too unsure to be a sighting, and what stands
/// in the background.
pub(super) fn look(
    departures: &mut Departures<CaseId>,
    frame: &Frame,
    seen: &[Detections],
    stands: &Stands,
) -> Vec<Departed> {
    let Some(first) = seen.first() else {
        return Vec::new();
    };
    let found = seen.iter().flat_map(|seen| &seen.found);
    let found: Vec<(ClassCode, PixelBox)> = found
        .filter_map(|detection| Some((detection.class?, detection.pixel_box)))
        .collect();
    let found = [found, stands.boxes(first)].concat();
    let can_tell = |class| stands.is_known(class);
    let gone = departures.look(&frame.camera.id, frame.captured_at, &found, can_tell);
    let departed = gone.into_iter().map(|gone| Departed {
        case: gone.key,
        camera: frame.camera.id.clone(),
        frame: frame.id,
        captured_at: frame.captured_at,
        picture: Picture {
            jpeg: frame.jpeg.clone(),
            masks: Arc::clone(&frame.camera.masks),
            width_px: first.image_width_px,
            height_px: first.image_height_px,
        },
        pixel_box: gone.pixel_box,
        since: gone.since,
        looks: gone.looks,
    });
    departed.collect()
}

impl Recorder {
    /// Whether what is not in this frame is not there: the picture shows something, and nothing is
    /// wrong with the camera but its clock.
    pub(super) fn is_believed(&self, camera: &Camera, measured: Option<&Seen>) -> bool {
        let shows = measured.is_some_and(|seen| seen.glance.evidence().shows_something());
        let mut conditions = self.app.health.of(&camera.id).into_iter();
        shows && conditions.all(|state| state.condition == Condition::WrongTime)
    }

    /// Notes what these frames showed to be gone, and remembers what they were filed for. Call it
    /// after they are recorded.
    pub(super) async fn note_departures(
        &mut self,
        frames: &[Followed],
        at: DateTime<Utc>,
    ) -> Vec<CaseChange> {
        let mut changes = Vec::new();
        for frame in frames {
            for (number, confirmed) in &frame.confirmed {
                let report = frame.report.detections.get(*number);
                if let Some(case) = report.and_then(|report| report.case_id) {
                    let sighting = &confirmed.sighting;
                    let pixel_box = sighting.pixel_box;
                    self.departures
                        .filed(&sighting.camera_id, case, sighting.class, pixel_box);
                }
            }
            for departed in &frame.departed {
                match self.note(departed, at).await {
                    Ok(Some(change)) => {
                        counter!(telemetry::CASES, "change" => "seen_gone").increment(1);
                        changes.push(change);
                    }
                    Ok(None) => self.departures.forget(&departed.camera, departed.case),
                    Err(error) => {
                        let (case, error) = (departed.case.0, format!("{error:#}"));
                        tracing::error!(case, error, "that something is gone could not be noted");
                    }
                }
            }
        }
        changes
    }

    async fn note(
        &self,
        departed: &Departed,
        at: DateTime<Utc>,
    ) -> anyhow::Result<Option<CaseChange>> {
        let mut patience = Patience::new(&self.give_up);
        loop {
            let noted = departure::note(&self.app.machine, &self.app.evidence, departed, at);
            match noted.await {
                Ok(change) => return Ok(change),
                Err(error) => patience.outlast(error).await?,
            }
        }
    }
}
