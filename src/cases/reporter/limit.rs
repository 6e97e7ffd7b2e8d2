//! A brake on guessing query codes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lets each address ask so often a minute. Behind a proxy all have one address: then it is the
/// limit of all of them together, and a code is still too long to be guessed.
#[derive(Debug, Default)]
pub struct QueryLimit {
    asked: Mutex<HashMap<IpAddr, Window>>,
}

#[derive(Debug)]
struct Window {
    since: Instant,
    count: u32,
}

impl QueryLimit {
    const WINDOW: Duration = Duration::from_secs(60);
    const PER_WINDOW_MAX: u32 = 30;
    /// Addresses remembered; beyond it those whose minute is over are forgotten, then all.
    const ADDRESSES_MAX: usize = 10_000;

    /// Counts a question; `Some`: too many, ask again after this.
    pub(super) fn ask(&self, from: IpAddr, now: Instant) -> Option<Duration> {
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
        } else if window.count >= Self::PER_WINDOW_MAX {
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
        let limit = QueryLimit::default();
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let start = Instant::now();
        for _ in 0..QueryLimit::PER_WINDOW_MAX {
            assert_eq!(limit.ask(one, start), None);
        }
        let soon = start + Duration::from_secs(20);
        assert_eq!(limit.ask(one, soon), Some(Duration::from_secs(40)));
        assert_eq!(limit.ask(other, soon), None);
        assert_eq!(limit.ask(one, start + QueryLimit::WINDOW), None);
    }
}
