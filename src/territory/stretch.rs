//! The city's time, cut where cells or responsibilities change.

use chrono::{DateTime, TimeDelta, Utc};

/// A stretch of time in which no cell and no responsibility begins or ends and no unit ends, among all of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Stretch {
    /// Every moment at which one does, in order, each once.
    changes: Vec<DateTime<Utc>>,
    /// How many of them are over.
    number: usize,
}

impl Stretch {
    /// The one that holds a moment, among stretches cut at `changes`, which are in order.
    pub(super) fn around(at: DateTime<Utc>, changes: Vec<DateTime<Utc>>) -> Self {
        let mut stretch = Self { changes, number: 0 };
        stretch.number = stretch.number_of(at);
        stretch
    }

    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Another stretch of the same time.
    pub(super) fn at_number(&self, number: usize) -> Self {
        Self {
            changes: self.changes.clone(),
            number,
        }
    }

    /// The number of the stretch that holds another moment. A change is the first moment of what
    /// it makes.
    pub(super) fn number_of(&self, at: DateTime<Utc>) -> usize {
        self.changes.partition_point(|change| *change <= at)
    }

    /// A moment in a stretch other than the only one.
    pub(super) fn moment_in(&self, number: usize) -> Option<DateTime<Utc>> {
        match number.checked_sub(1) {
            None => self
                .changes
                .first()
                .map(|first| *first - TimeDelta::seconds(1)),
            Some(last) => self.changes.get(last).copied(),
        }
    }

    /// The first moment of the next one.
    pub(super) fn until(&self) -> Option<DateTime<Utc>> {
        self.changes.get(self.number).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn second(s: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(s, 0).unwrap()
    }

    #[test]
    fn a_change_begins_a_stretch() {
        let changes = vec![second(10), second(20)];
        let at = |s| Stretch::around(second(s), changes.clone());
        assert_eq!([9, 10, 19, 20].map(|s| at(s).number()), [0, 1, 1, 2]);
        assert_eq!(at(10).until(), Some(second(20)));
        assert_eq!(at(20).until(), None);
        assert_eq!(Stretch::default().number_of(second(0)), 0);
    }

    proptest! {
        #[test]
        fn moments_share_a_number_unless_a_change_lies_between(
            changes in proptest::collection::btree_set(0_i64..50, 0..10), one in 0_i64..50, other in 0_i64..50
        ) {
            let (first, last) = (one.min(other), one.max(other));
            let between = changes.iter().any(|change| (first + 1..=last).contains(change));
            let changes = changes.into_iter().map(second).collect();
            let stretch = Stretch::around(second(one), changes);
            let number = stretch.number_of(second(other));
            prop_assert_eq!(stretch.number() == number, !between);
            if let Some(moment) = stretch.moment_in(number) {
                prop_assert_eq!(stretch.number_of(moment), number);
            } else {
                prop_assert!(!between);
            }
        }
    }
}
