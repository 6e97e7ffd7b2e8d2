//! Faces and plates go out of pictures before anything is stored or shown.
//!
//! Three kinds of models look at a picture once: for faces, for plates, and for the people and
//! vehicles that have them. What they find says what is made unrecognisable (`cover.rs`): heads of
//! people and the places of plates also where no face and no plate was seen. Where models are not
//! there or fail, the whole picture is made coarse: nothing goes through unlooked at.

mod cover;
mod look;
mod looked;
mod paint;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use metrics::{counter, histogram};

use super::{Detection, UnreadableFrame};
use crate::camera::Mask;
use crate::config::{PrivacyConfig, RuntimeConfig};
use crate::space::PixelBox;
use crate::telemetry;
use cover::covers;
use look::Eyes;
use looked::Looked;
use paint::Canvas;

/// On a picture with a shorter side nobody can be recognised, pixels.
const SIDE_MIN_PX: i32 = 32;

/// A picture as it came, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Shot<'a> {
    pub jpeg: &'a [u8],
    pub masks: &'a [Mask],
    pub about: About,
    /// Whether to turn it as its metadata says. A camera's stays: its calibration speaks of the
    /// pixels of the sensor.
    pub upright: bool,
}

/// What a picture is of, besides those who happen to be in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum About {
    /// The street as it is.
    Street,
    /// A place in it, pixels: where no model looks it is less coarse than the rest.
    Place(PixelBox),
    /// A thing that was recognised there and is no vehicle. Over it people and vehicles must be
    /// surer to count.
    Thing(PixelBox),
    /// Somebody took it to show something.
    Something,
}

/// What was done to a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redaction {
    /// Models looked, and found nobody.
    Nothing,
    /// What models found was made unrecognisable.
    Found,
    /// No model could look: everything was.
    Whole,
}

/// A picture made fit to be stored and shown.
#[derive(Debug, Clone)]
pub struct Redacted {
    /// Written anew because masks were painted on it or it was turned; none: as it came.
    pub painted: Option<Vec<u8>>,
    /// The same with faces and plates unrecognisable; none: there are none.
    pub blurred: Option<Vec<u8>>,
    pub width_px: u32,
    pub height_px: u32,
    pub redaction: Redaction,
}

/// Makes pictures fit to be stored and shown, one at a time. Computes for tenths of a second: never
/// on an async thread.
#[derive(Debug)]
pub struct Redactor {
    folders: Vec<PathBuf>,
    runtime: RuntimeConfig,
    eyes: Mutex<State>,
    looked: Looked,
}

#[derive(Debug)]
enum State {
    /// Models are read when they are needed.
    Closed,
    Open(Box<Eyes>),
    /// They cannot be had; it was said why.
    Missing,
}

/// A camera's picture with its masks painted on it, written anew.
///
/// # Errors
/// The picture cannot be decoded or written.
pub fn masked(jpeg: &[u8], masks: &[Mask]) -> Result<Vec<u8>, UnreadableFrame> {
    let mut canvas = Canvas::decode(jpeg, false)?;
    canvas.paint(masks)?;
    canvas.encode()
}

impl Redactor {
    /// Models are read with the first picture, or by [`warm`](Self::warm).
    pub fn new(config: &PrivacyConfig, runtime: &RuntimeConfig) -> Self {
        Self {
            folders: config.privacy_model_dirs.clone(),
            runtime: runtime.clone(),
            eyes: Mutex::new(State::Closed),
            looked: Looked::default(),
        }
    }

    /// Reads the models; whether they can be had.
    pub fn warm(&self) -> bool {
        let mut state = self.eyes.lock().unwrap_or_else(PoisonError::into_inner);
        self.open(&mut state).is_some()
    }

    /// # Errors
    /// The picture cannot be decoded or written.
    pub fn redact(&self, shot: &Shot<'_>) -> Result<Redacted, UnreadableFrame> {
        let started = Instant::now();
        let mut canvas = Canvas::decode(shot.jpeg, shot.upright)?;
        canvas.paint(shot.masks)?;
        let painted = canvas.differs().then(|| canvas.encode()).transpose()?;
        let (width, height) = canvas.size();
        let found = if width.min(height) < SIDE_MIN_PX {
            Some(Arc::default())
        } else {
            self.looked.or_look(shot, || self.look(&canvas))
        };
        let covers = found.map(|found| covers(&found, shot.about));
        let redaction = match &covers {
            None => Redaction::Whole,
            Some(covers) if covers.is_empty() => Redaction::Nothing,
            Some(_) => Redaction::Found,
        };
        match &covers {
            None => canvas.coarsen_all(shot.about)?,
            Some(covers) => covers
                .iter()
                .try_for_each(|cover| canvas.coarsen(&cover.pixel_box, cover.cell_px))?,
        }
        let changed = redaction != Redaction::Nothing;
        let blurred = changed.then(|| canvas.encode()).transpose()?;
        counter!(telemetry::PICTURES, "redaction" => redaction.as_str()).increment(1);
        histogram!(telemetry::STAGE_SECONDS, "stage" => "redact").record(started.elapsed());
        Ok(Redacted {
            painted,
            blurred,
            width_px: width.unsigned_abs(),
            height_px: height.unsigned_abs(),
            redaction,
        })
    }

    /// `None`: nobody could look.
    fn look(&self, canvas: &Canvas) -> Option<Arc<[Detection]>> {
        let mut state = self.eyes.lock().unwrap_or_else(PoisonError::into_inner);
        let eyes = self.open(&mut state)?;
        match catch_unwind(AssertUnwindSafe(|| eyes.look(canvas.picture()))) {
            Ok(Ok(found)) => Some(found.into()),
            Ok(Err(error)) => {
                tracing::error!(%error, "a picture was not looked at for faces and plates");
                None
            }
            // nobody can vouch for what is left of the detectors
            Err(_panic) => {
                tracing::error!("looking for faces and plates panicked");
                *state = State::Closed;
                None
            }
        }
    }

    fn open<'a>(&self, state: &'a mut State) -> Option<&'a mut Eyes> {
        if matches!(state, State::Closed) {
            *state = match Eyes::open(&self.folders, &self.runtime) {
                Ok(eyes) => State::Open(Box::new(eyes)),
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::error!(
                        error,
                        "nobody finds faces and plates: pictures are kept coarse"
                    );
                    State::Missing
                }
            };
        }
        match state {
            State::Open(eyes) => Some(eyes),
            State::Closed | State::Missing => None,
        }
    }
}

impl Redaction {
    fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Found => "found",
            Self::Whole => "whole",
        }
    }
}
