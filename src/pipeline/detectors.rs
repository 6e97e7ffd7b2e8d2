//! Detector threads: OpenCV and ONNX Runtime work here, never on an async thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use anyhow::Context;
use metrics::histogram;
use tokio::sync::mpsc;

use super::FrameReport;
use super::failure::Failure;
use crate::camera::{Frame, Waiting};
use crate::http::App;
use crate::telemetry;
use crate::vision::{Detections, Detector, Model};

/// A frame that was looked at.
pub(super) struct Looked {
    pub(super) waiting: Waiting<FrameReport>,
    pub(super) seen: Result<Detections, Failure>,
}

/// Starts `count` threads that look at frames until the intake is closed and empty, or nobody
/// wants to know what they see any more.
pub(super) fn start(
    count: usize,
    app: &App,
    model: Model,
    looked: &mpsc::Sender<Looked>,
) -> anyhow::Result<Vec<JoinHandle<()>>> {
    let model = Arc::new(model);
    (0..count)
        .map(|number| {
            let mut eye = Eye {
                detector: Some(model.detector()?),
                model: Arc::clone(&model),
            };
            let (app, looked) = (app.clone(), looked.clone());
            thread::Builder::new()
                .name(format!("detector-{number}"))
                .spawn(move || {
                    while let Some(waiting) = app.intake.take() {
                        let waited = app.now() - waiting.frame.received_at;
                        histogram!(telemetry::STAGE_SECONDS, "stage" => "queue")
                            .record(waited.to_std().unwrap_or_default());
                        let seen = eye.look(&waiting.frame);
                        if looked.blocking_send(Looked { waiting, seen }).is_err() {
                            return;
                        }
                    }
                })
                .context("cannot start a detector thread")
        })
        .collect()
}

/// A detector, and the model to make a new one from after a panic.
struct Eye {
    model: Arc<Model>,
    detector: Option<Detector>,
}

impl Eye {
    fn look(&mut self, frame: &Frame) -> Result<Detections, Failure> {
        let started = Instant::now();
        let mut detector = match self.detector.take() {
            Some(detector) => detector,
            None => self.model.detector()?,
        };
        // A panic in here is a bug of ours or of a library. The frame is lost, and so is the
        // detector, whose state nobody can vouch for; the camera's next frame is not.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let seen = detector.detect(&frame.jpeg);
            (seen, detector)
        }));
        histogram!(telemetry::STAGE_SECONDS, "stage" => "detect").record(started.elapsed());
        match outcome {
            Ok((seen, detector)) => {
                self.detector = Some(detector);
                Ok(seen?)
            }
            Err(_panic) => Err(Failure::Panicked),
        }
    }
}
