//! The territory of now and, beside it, those of other moments that were asked for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::sync::OnceCell;

use super::Territory;
use super::components::Components;

/// Most territories of other moments held at a time: each is what differs, and a few bytes for every
/// cell of the city; components, borders and rules of classes that do not differ are shared.
const OTHERS_MAX: usize = 32;

/// Whoever asks for a stretch of time first reads it; others wait for the same one.
type Other = Arc<OnceCell<Arc<Territory>>>;

/// Goes when the database changes, with all it has read.
#[derive(Debug)]
pub(super) struct Moments {
    pub(super) now: Arc<Territory>,
    /// By the number of their stretch; asked for last stands first.
    others: Mutex<VecDeque<(usize, Other)>>,
    /// Held while one of them is read: a large city is not read several times at once.
    reading: tokio::sync::Mutex<()>,
}

impl Moments {
    pub(super) fn around(now: Territory) -> Self {
        Self {
            now: Arc::new(now),
            others: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// The territory of a moment. Between the same two changes it is read once.
    pub(super) async fn at(
        &self,
        db: &PgPool,
        at: DateTime<Utc>,
    ) -> anyhow::Result<Arc<Territory>> {
        let number = self.now.stretch().number_of(at);
        if number == self.now.stretch().number() {
            return Ok(Arc::clone(&self.now));
        }
        // one moment for all that are asked for in a stretch, and never one the database cannot hold
        let at = self.now.stretch().moment_in(number).unwrap_or(at);
        let other = self.other(number);
        let read = async || {
            let _reading = self.reading.lock().await;
            let beside = self.now.load_beside(db, number).await?;
            if let Some(beside) = beside {
                return Ok(Arc::new(beside));
            }
            self.now.load_anew(db, at).await.map(Arc::new)
        };
        other.get_or_try_init(read).await.cloned()
    }

    /// The same moments with other components.
    pub(super) fn with_components(&self, components: &Arc<Components>) -> Self {
        let change = |territory: &Arc<Territory>| {
            Arc::new(territory.with_components(Arc::clone(components)))
        };
        // what is still being read would come with the old ones
        let read = self.others();
        let others = read.iter().filter_map(|(number, other)| {
            let changed = OnceCell::new_with(Some(change(other.get()?)));
            Some((*number, Arc::new(changed)))
        });
        Self {
            now: change(&self.now),
            others: Mutex::new(others.collect()),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// Nothing panics while it holds them, and a list of what was read is good as it is.
    fn others(&self) -> MutexGuard<'_, VecDeque<(usize, Other)>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn other(&self, number: usize) -> Other {
        let mut others = self.others();
        let held = others.iter().position(|(other, _)| *other == number);
        let found = held.and_then(|place| others.remove(place));
        let (_, other) = found.unwrap_or_default();
        others.push_front((number, Arc::clone(&other)));
        others.truncate(OTHERS_MAX);
        other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_moments_those_asked_for_last_are_held() {
        let moments = Moments::around(Territory::build(Default::default(), Arc::default()));
        let first = moments.other(0);
        for number in 1..OTHERS_MAX {
            moments.other(number);
        }
        assert!(Arc::ptr_eq(&first, &moments.other(0)), "it is held");
        moments.other(OTHERS_MAX);
        assert!(Arc::ptr_eq(&first, &moments.other(0)), "1 has gone instead");
        let held = moments
            .others
            .lock()
            .unwrap()
            .iter()
            .map(|(number, _)| *number)
            .collect::<Vec<_>>();
        assert_eq!(held[..2], [0, OTHERS_MAX]);
        assert_eq!(held.len(), OTHERS_MAX);
    }
}
