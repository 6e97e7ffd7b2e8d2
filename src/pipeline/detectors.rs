//! Detector threads: OpenCV and ONNX Runtime work here, never on an async thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use anyhow::Context;
use metrics::{counter, histogram};
use tokio::sync::mpsc;

use super::FrameReport;
use super::failure::Failure;
use crate::camera::background::{Background, Renewed, SIDE, Still};
use crate::camera::health::{Condition, Glance, Health, Seen};
use crate::camera::{Frame, Waiting};
use crate::http::App;
use crate::telemetry;
use crate::vision::{
    Detection, Detections, Detector, Glancer, Model, ModelError, Models, Picture, Reducer, Roster,
    UnreadableFrame, jpeg_of,
};

/// A frame that was looked at.
pub(super) struct Looked {
    pub(super) waiting: Waiting<FrameReport>,
    /// What each of its camera's models saw.
    pub(super) seen: Result<Vec<Detections>, Failure>,
    /// What it says about its camera; `None`: it cannot be decoded.
    pub(super) health: Option<Seen>,
    /// The background it completed, if it did.
    pub(super) renewed: Option<Renewal>,
}

/// A new background, and what its camera's models find in it.
pub(super) struct Renewal {
    pub(super) background: Renewed,
    /// In pixels of the frame that completed it.
    pub(super) found: Vec<Detections>,
    /// What they found in that frame and the background shows there: nothing that passes.
    pub(super) in_frame: Vec<Detection>,
}

/// Starts `count` threads that look at frames until the intake is closed and empty, or nobody
/// wants to know what they see any more.
pub(super) fn start(
    count: usize,
    app: &App,
    looked: &mpsc::Sender<Looked>,
) -> anyhow::Result<Vec<JoinHandle<()>>> {
    (0..count)
        .map(|number| {
            let mut eye = Eye::open(Arc::clone(&app.models))?;
            let (app, looked) = (app.clone(), looked.clone());
            thread::Builder::new()
                .name(format!("detector-{number}"))
                .spawn(move || {
                    while let Some(waiting) = app.intake.take() {
                        let waited = app.now() - waiting.frame.received_at;
                        histogram!(telemetry::STAGE_SECONDS, "stage" => "queue")
                            .record(waited.to_std().unwrap_or_default());
                        let mut seen = eye.look(&waiting.frame);
                        let health = eye.glance(&waiting.frame, &seen, &app.health);
                        eye.compare_with_background(&waiting.frame, &mut seen, &app);
                        let renewed = eye.background(&waiting.frame, &seen, health.as_ref(), &app);
                        let beside = eye.for_the_shadow(&waiting.frame, &seen);
                        let sent = looked.blocking_send(Looked {
                            waiting,
                            seen,
                            health,
                            renewed,
                        });
                        if sent.is_err() {
                            return;
                        }
                        // a frame that waits is worth more than a comparison
                        if let Some((jpeg, seen)) = beside
                            && app.intake.depth() == 0
                        {
                            eye.compare(&jpeg, &seen);
                        }
                    }
                })
                .context("cannot start a detector thread")
        })
        .collect()
}

/// A detector of each model in use.
struct Eye {
    models: Arc<Models>,
    roster: Arc<Roster>,
    /// In the order of the roster; none: to be made when it is needed.
    detectors: Vec<Option<Detector>>,
    shadow: Option<Detector>,
    glancer: Glancer,
    reducer: Reducer,
    /// The frame that is being looked at.
    picture: Picture,
}

impl Eye {
    fn open(models: Arc<Models>) -> Result<Self, ModelError> {
        let roster = models.now();
        let detector = |model: &Arc<Model>| model.detector().map(Some);
        Ok(Self {
            detectors: roster
                .models
                .iter()
                .map(detector)
                .collect::<Result<_, _>>()?,
            shadow: None,
            glancer: Glancer::default(),
            reducer: Reducer::default(),
            picture: Picture::default(),
            roster,
            models,
        })
    }

    /// Goes over to the models in use now; keeps the detectors of those that stay.
    fn keep_up(&mut self) {
        let now = self.models.now();
        if Arc::ptr_eq(&now, &self.roster) {
            return;
        }
        let mut before: Vec<_> = self.roster.models.iter().zip(&mut self.detectors).collect();
        let mut kept = |model: &Arc<Model>| {
            let known = before
                .iter_mut()
                .find(|(known, _)| Arc::ptr_eq(known, model));
            known.and_then(|(_, detector)| detector.take())
        };
        let detectors = now.models.iter().map(&mut kept).collect();
        let same_shadow = match (&now.shadow, &self.roster.shadow) {
            (Some(now), Some(before)) => Arc::ptr_eq(now, before),
            _ => false,
        };
        if !same_shadow {
            self.shadow = None;
        }
        self.detectors = detectors;
        self.roster = now;
    }

    fn look(&mut self, frame: &Frame) -> Result<Vec<Detections>, Failure> {
        self.keep_up();
        self.picture.renew();
        let started = Instant::now();
        let picture = &mut self.picture;
        let seen: Vec<Detections> = self
            .roster
            .models
            .iter()
            .zip(&mut self.detectors)
            .filter(|(model, _)| frame.camera.is_looked_at_by(&model.reference().name))
            .map(|(model, detector)| look(model, detector, &frame.jpeg, picture))
            .collect::<Result<_, _>>()?;
        if seen.is_empty() {
            return Err(Failure::NoModel);
        }
        histogram!(telemetry::STAGE_SECONDS, "stage" => "detect").record(started.elapsed());
        Ok(seen)
    }

    /// What a frame says about its camera. Where that fails the frame goes on: it was looked at.
    fn glance(
        &mut self,
        frame: &Frame,
        seen: &Result<Vec<Detections>, Failure>,
        health: &Health,
    ) -> Option<Seen> {
        match seen {
            Ok(_) | Err(Failure::NoModel) => {}
            Err(
                Failure::Unreadable(_)
                | Failure::Panicked
                | Failure::NoDetector(_)
                | Failure::NotFiled(_),
            ) => return None,
        }
        let camera = &frame.camera.id;
        match catch_unwind(AssertUnwindSafe(|| self.measure(frame, health))) {
            Ok(measured) => measured
                .inspect_err(|error| {
                    tracing::debug!(%camera, %error, "a camera's health was not measured");
                })
                .ok(),
            // as of a detector: nobody can vouch for what is left of it
            Err(_panic) => {
                tracing::error!(%camera, "measuring a camera's health panicked");
                self.glancer = Glancer::default();
                self.picture = Picture::default();
                None
            }
        }
    }

    fn measure(&mut self, frame: &Frame, health: &Health) -> Result<Seen, UnreadableFrame> {
        let started = Instant::now();
        let glance = self.glancer.glance(&self.picture, &frame.jpeg)?;
        histogram!(telemetry::STAGE_SECONDS, "stage" => "glance").record(started.elapsed());
        self.check(frame, health, glance)
    }

    /// Takes a frame in for its camera's background, if that needs one, the time has come, and the
    /// camera can be believed.
    fn background(
        &mut self,
        frame: &Frame,
        seen: &Result<Vec<Detections>, Failure>,
        measured: Option<&Seen>,
        app: &App,
    ) -> Option<Renewal> {
        let seen = seen.as_ref().ok()?;
        let camera = &frame.camera;
        if app.health.is_moved(camera) {
            app.backgrounds.moved(&camera.id);
            return None;
        }
        let shows = measured.is_some_and(|seen| seen.glance.evidence().shows_something());
        let mut conditions = app.health.of(&camera.id).into_iter();
        let believed = shows && conditions.all(|state| state.condition == Condition::WrongTime);
        let believed = believed && is_calibrated_for(frame, seen.first()?);
        if !believed || !app.backgrounds.wants(camera, frame.captured_at) {
            return None;
        }
        let taken = catch_unwind(AssertUnwindSafe(|| self.take_in(frame, seen, app)));
        let Ok(taken) = taken else {
            tracing::error!(camera = %camera.id, "making a camera's background panicked");
            self.reducer = Reducer::default();
            self.picture = Picture::default();
            return None;
        };
        let failed = |error: &Failure| {
            tracing::debug!(camera = %camera.id, %error, "a frame was not taken in");
        };
        taken.inspect_err(failed).ok().flatten()
    }

    fn take_in(
        &mut self,
        frame: &Frame,
        seen: &[Detections],
        app: &App,
    ) -> Result<Option<Renewal>, Failure> {
        let started = Instant::now();
        let (Some(still), Some(first)) = (self.reduce(frame)?, seen.first()) else {
            return Ok(None);
        };
        let (camera, at) = (&frame.camera, frame.captured_at);
        let renewed = app.backgrounds.take(camera, at, still.clone());
        let renewal = match renewed {
            None => None,
            Some(background) => Some(Renewal {
                found: self.look_at_median(frame, first, &background.median)?,
                in_frame: app
                    .backgrounds
                    .of(&camera.id)
                    .map_or_else(Vec::new, |now| standing(&now, &still, seen)),
                background,
            }),
        };
        histogram!(telemetry::STAGE_SECONDS, "stage" => "background").record(started.elapsed());
        Ok(renewal)
    }

    /// The frame, small, without what nobody may see; `None`: it is not decoded.
    fn reduce(&mut self, frame: &Frame) -> Result<Option<Still>, UnreadableFrame> {
        let mut still = self.reducer.reduce(&self.picture)?;
        if let Some(still) = &mut still {
            still.paint(&frame.camera.masks);
        }
        Ok(still)
    }

    /// What the models that look at the camera's frames find in its background.
    fn look_at_median(
        &mut self,
        frame: &Frame,
        seen: &Detections,
        median: &Still,
    ) -> Result<Vec<Detections>, Failure> {
        let jpeg = jpeg_of(median)?;
        let mut picture = Picture::default();
        let x = seen.image_width_px as f32 / SIDE.width as f32;
        let y = seen.image_height_px as f32 / SIDE.height as f32;
        let models = self.roster.models.iter().zip(&mut self.detectors);
        models
            .filter(|(model, _)| frame.camera.is_looked_at_by(&model.reference().name))
            .map(|(model, detector)| {
                let mut found = look(model, detector, &jpeg, &mut picture)?;
                found.image_width_px = seen.image_width_px;
                found.image_height_px = seen.image_height_px;
                for detection in &mut found.found {
                    detection.pixel_box = detection.pixel_box.scaled(x, y);
                    detection.stands = Some(true);
                }
                Ok(found)
            })
            .collect()
    }

    /// Whether what does not move stands where models found it.
    fn compare_with_background(
        &mut self,
        frame: &Frame,
        seen: &mut Result<Vec<Detections>, Failure>,
        app: &App,
    ) {
        let Ok(seen) = seen else { return };
        let is_asked = |found: &Detection| {
            found
                .class
                .is_some_and(|class| app.backgrounds.is_asked_of(class))
        };
        let is_asked_for = seen.iter().flat_map(|seen| &seen.found).any(is_asked);
        if !is_asked_for || !seen.iter().all(|seen| is_calibrated_for(frame, seen)) {
            return;
        }
        let background = app.backgrounds.of(&frame.camera.id);
        let Some(background) = background.filter(|background| background.is_of(frame.captured_at))
        else {
            return;
        };
        let still = match self.reduce(frame) {
            Ok(Some(still)) => still,
            Ok(None) => return,
            Err(error) => {
                tracing::debug!(camera = %frame.camera.id, %error, "a frame was not compared");
                return;
            }
        };
        for seen in seen {
            let x = 1.0 / seen.image_width_px as f32;
            let y = 1.0 / seen.image_height_px as f32;
            for detection in seen.found.iter_mut().filter(|found| is_asked(found)) {
                detection.stands = background.stands(&still, &detection.pixel_box.scaled(x, y));
            }
        }
    }

    /// Once a minute: where the camera looks.
    fn check(
        &mut self,
        frame: &Frame,
        health: &Health,
        glance: Glance,
    ) -> Result<Seen, UnreadableFrame> {
        let due = health.due(&frame.camera, frame.received_at);
        let started = Instant::now();
        let checked = due
            .map(|due| self.glancer.view(&frame.jpeg).map(|view| due.check(view)))
            .transpose()?;
        if checked.is_some() {
            histogram!(telemetry::STAGE_SECONDS, "stage" => "view").record(started.elapsed());
        }
        Ok(Seen { glance, checked })
    }

    /// What a model in the shadow needs to be compared, if there is one.
    fn for_the_shadow(
        &self,
        frame: &Frame,
        seen: &Result<Vec<Detections>, Failure>,
    ) -> Option<(bytes::Bytes, Vec<Detection>)> {
        let (Some(_), Ok(seen)) = (&self.roster.shadow, seen) else {
            return None;
        };
        let found = seen.iter().flat_map(|seen| seen.found.iter().cloned());
        Some((frame.jpeg.clone(), found.collect()))
    }

    /// Lets the model in the shadow look, too.
    fn compare(&mut self, jpeg: &[u8], in_use: &[Detection]) {
        let Some(shadow) = &self.roster.shadow else {
            return;
        };
        match look(shadow.model(), &mut self.shadow, jpeg, &mut self.picture) {
            Ok(seen) => {
                let in_use: Vec<&Detection> = in_use.iter().collect();
                for (label, more) in shadow.compare(&in_use, &seen.found) {
                    let parts = [
                        ("both", more.both),
                        ("in_use_only", more.in_use_only),
                        ("shadow_only", more.shadow_only),
                    ];
                    for (by, count) in parts {
                        counter!(telemetry::SHADOW, "label" => label.clone(), "by" => by)
                            .increment(count);
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "the model in the shadow failed"),
        }
    }
}

/// Whether its camera's calibration, and so its background, is of pictures of these proportions.
fn is_calibrated_for(frame: &Frame, seen: &Detections) -> bool {
    let calibration = frame.camera.calibration.as_ref();
    calibration.is_some_and(|it| it.is_for(seen.image_width_px, seen.image_height_px))
}

/// What was found that stands where the background shows it.
fn standing(background: &Background, still: &Still, seen: &[Detections]) -> Vec<Detection> {
    let mut standing = Vec::new();
    for seen in seen {
        let x = 1.0 / seen.image_width_px as f32;
        let y = 1.0 / seen.image_height_px as f32;
        let found = seen.found.iter();
        let stands =
            |it: &&Detection| background.stands(still, &it.pixel_box.scaled(x, y)) == Some(true);
        standing.extend(found.filter(stands).cloned());
    }
    standing
}

/// `detector`: of the model, made here where there is none. `picture`: of this very JPEG.
fn look(
    model: &Model,
    detector: &mut Option<Detector>,
    jpeg: &[u8],
    picture: &mut Picture,
) -> Result<Detections, Failure> {
    let mut taken = match detector.take() {
        Some(detector) => detector,
        None => model.detector()?,
    };
    // A panic in here is a bug of ours or of a library. The frame is lost, and so is the
    // detector, whose state nobody can vouch for; the camera's next frame is not.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let seen = taken.detect_in(jpeg, picture);
        (seen, taken)
    }));
    match outcome {
        Ok((seen, taken)) => {
            *detector = Some(taken);
            Ok(seen?)
        }
        Err(_panic) => {
            *picture = Picture::default();
            Err(Failure::Panicked)
        }
    }
}
