//! What was found in the newest pictures: one that shows several things is looked at once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::Shot;
use crate::camera::Mask;
use crate::vision::Detection;

const PICTURES_MAX: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Looked {
    newest: Mutex<VecDeque<One>>,
}

#[derive(Debug)]
struct One {
    of: Key,
    found: Arc<[Detection]>,
}

/// The bytes as they came, and what is done to them before anybody looks.
#[derive(Debug, PartialEq)]
struct Key {
    sha256: [u8; 32],
    masks: Vec<Mask>,
    upright: bool,
}

impl Looked {
    /// What was found in it before, or is now. `None`: nobody could look.
    pub(super) fn or_look(
        &self,
        shot: &Shot<'_>,
        look: impl FnOnce() -> Option<Arc<[Detection]>>,
    ) -> Option<Arc<[Detection]>> {
        let of = Key {
            sha256: Sha256::digest(shot.jpeg).into(),
            masks: shot.masks.to_vec(),
            upright: shot.upright,
        };
        let known = |newest: &VecDeque<One>| {
            let one = newest.iter().find(|one| one.of == of)?;
            Some(Arc::clone(&one.found))
        };
        if let Some(found) = known(&self.newest.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Some(found);
        }
        let found = look()?;
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.push_front(One {
            of,
            found: Arc::clone(&found),
        });
        newest.truncate(PICTURES_MAX);
        Some(found)
    }
}
