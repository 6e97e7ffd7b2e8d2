//! The newest processed frame of each camera, for people who want to look. In memory only: no frame
//! is kept that no case needs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::{CameraId, Mask};

/// A processed frame.
#[derive(Debug, Clone, PartialEq)]
pub struct LastFrame {
    pub captured_at: DateTime<Utc>,
    pub jpeg: Bytes,
    /// What is painted over in it; of a frame as it was pushed nothing is.
    pub masks: Arc<[Mask]>,
}

/// Newest processed frames in memory. Bounded in bytes: beyond it the frames that came in
/// longest ago are forgotten first.
#[derive(Debug)]
pub struct LastFrames {
    bytes_max: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    frames: HashMap<CameraId, (u64, LastFrame)>,
    bytes: usize,
    puts: u64,
}

impl LastFrames {
    pub fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            held: Mutex::default(),
        }
    }

    /// Keeps `frame` unless a newer one of this camera is here already.
    pub fn put(&self, camera: &CameraId, frame: LastFrame) {
        let mut held = self.lock();
        let known = held.frames.get(camera);
        if known.is_some_and(|(_, known)| known.captured_at > frame.captured_at) {
            return;
        }
        held.puts += 1;
        held.bytes += frame.jpeg.len();
        let put = held.puts;
        if let Some((_, old)) = held.frames.insert(camera.clone(), (put, frame)) {
            held.bytes -= old.jpeg.len();
        }
        while held.bytes > self.bytes_max {
            held.forget_oldest();
        }
    }

    pub fn get(&self, camera: &CameraId) -> Option<LastFrame> {
        let held = self.lock();
        held.frames.get(camera).map(|(_, frame)| frame.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn forget_oldest(&mut self) {
        let oldest = self.frames.iter().min_by_key(|(_, (put, _))| *put);
        let Some(camera) = oldest.map(|(camera, _)| camera.clone()) else {
            self.bytes = 0;
            return;
        };
        if let Some((_, frame)) = self.frames.remove(&camera) {
            self.bytes -= frame.jpeg.len();
        }
    }
}
