//! A brake on asking from one address too often: guessing codes and passwords, setting off work.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::ApiError;

/// Lets each address ask so often a minute.
#[derive(Debug)]
pub struct AddressBrake {
    per_window_max: u32,
    asked: Mutex<HashMap<IpAddr, Window>>,
}

#[derive(Debug)]
struct Window {
    since: Instant,
    count: u32,
}

impl AddressBrake {
    const WINDOW: Duration = Duration::from_secs(60);
    /// Addresses remembered; beyond it those whose minute is over are forgotten, then all.
    const ADDRESSES_MAX: usize = 10_000;

    pub(super) fn new(per_minute_max: u32) -> Self {
        Self {
            per_window_max: per_minute_max,
            asked: Mutex::default(),
        }
    }

    /// Counts a question.
    ///
    /// # Errors
    /// 429 when there were too many, with the time to wait.
    pub fn ask(&self, from: IpAddr, now: Instant) -> Result<(), ApiError> {
        let Some(wait) = self.wait(from, now) else {
            return Ok(());
        };
        let detail = "too many questions from this address";
        Err(ApiError::too_many("too-many-questions", detail, wait))
    }

    /// Takes back a question that turned out to be in order.
    pub fn forgive(&self, from: IpAddr) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(window) = asked.get_mut(&from) {
            window.count = window.count.saturating_sub(1);
        }
    }

    /// Counts a question; `Some`: too many, ask again after this.
    fn wait(&self, from: IpAddr, now: Instant) -> Option<Duration> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.len() >= Self::ADDRESSES_MAX && !asked.contains_key(&from) {
            asked.retain(|_, window| now.duration_since(window.since) < Self::WINDOW);
            if asked.len() >= Self::ADDRESSES_MAX {
                asked.clear();
            }
        }
        let new = Window {
            since: now,
            count: 0,
        };
        let window = asked.entry(from).or_insert(new);
        let passed = now.duration_since(window.since);
        if passed >= Self::WINDOW {
            *window = Window {
                since: now,
                count: 0,
            };
        } else if window.count >= self.per_window_max {
            return Some(Self::WINDOW.saturating_sub(passed));
        }
        window.count += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_waits_for_its_next_minute_and_others_do_not() {
        let brake = AddressBrake::new(30);
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let start = Instant::now();
        for _ in 0..30 {
            assert_eq!(brake.wait(one, start), None);
        }
        let soon = start + Duration::from_secs(20);
        assert_eq!(brake.wait(one, soon), Some(Duration::from_secs(40)));
        assert_eq!(brake.wait(other, soon), None);
        brake.forgive(one);
        assert_eq!(brake.wait(one, soon), None);
        assert_eq!(brake.wait(one, start + AddressBrake::WINDOW), None);
    }
}
