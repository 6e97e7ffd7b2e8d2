//! How long things took, and what a goal says about it.

use std::time::Duration;

/// In order.
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn of(mut taken: Vec<Duration>) -> anyhow::Result<Self> {
        anyhow::ensure!(!taken.is_empty(), "nothing was measured");
        taken.sort_unstable();
        Ok(Self(taken))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// So many of a hundred took no longer than this.
    pub(crate) fn at(&self, per_cent: usize) -> Duration {
        let place = (self.0.len() * per_cent).div_ceil(100);
        self.0[place.saturating_sub(1)]
    }

    /// p50, p99 and the worst, milliseconds.
    pub(crate) fn numbers(&self) -> String {
        let ms = |per_cent| self.at(per_cent).as_secs_f64() * 1e3;
        format!("{:.1} | {:.1} | {:.1} |", ms(50), ms(99), ms(100))
    }

    /// [`Self::numbers`], and whether the p99 is below the goal.
    pub(crate) fn columns(&self, goal: Duration) -> String {
        let met = if self.at(99) < goal { "met" } else { "missed" };
        let goal_ms = goal.as_millis();
        format!("{} p99 < {goal_ms} ms: {met} |", self.numbers())
    }
}
