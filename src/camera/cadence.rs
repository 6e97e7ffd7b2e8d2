//! How far apart a camera's pictures are, learnt from them: rules speak of seconds, and some platforms
//! push one picture a minute or in five.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

/// Pauses that are remembered: two lost pictures among five make no camera slow.
const PAUSES_MAX: usize = 5;
/// Fewer say nothing: the first pause may be the one in which the camera was started.
const PAUSES_MIN: usize = 2;
/// Who was silent for longer was away; that is no pause between two pictures.
const PAUSE_MAX: TimeDelta = TimeDelta::minutes(30);

/// The pace of one camera's pictures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cadence {
    newest: Option<DateTime<Utc>>,
    /// The oldest first.
    pauses: VecDeque<TimeDelta>,
    /// What it was before this process knew the camera.
    before: Option<TimeDelta>,
}

impl Cadence {
    /// A picture was taken. One that was overtaken says nothing of the pace; of a clock that was set
    /// back the next pause does.
    pub fn look(&mut self, at: DateTime<Utc>) {
        let pause = self.newest.map(|newest| at - newest);
        if pause.is_some_and(|pause| pause < TimeDelta::zero() && pause >= -PAUSE_MAX) {
            return;
        }
        self.newest = Some(at);
        let Some(pause) = pause.filter(|pause| (TimeDelta::zero()..=PAUSE_MAX).contains(pause))
        else {
            return;
        };
        if self.pauses.len() == PAUSES_MAX {
            self.pauses.pop_front();
        }
        self.pauses.push_back(pause);
    }

    /// The usual pause was learnt elsewhere, and counts until it is learnt here.
    pub fn was(&mut self, usual: TimeDelta) {
        self.before = Some(usual.clamp(TimeDelta::zero(), PAUSE_MAX));
    }

    /// The usual pause between two pictures, at most half an hour: the median, of an even number the
    /// shorter one; `None`: not known yet.
    pub fn usual(&self) -> Option<TimeDelta> {
        if self.pauses.len() < PAUSES_MIN {
            return self.before;
        }
        let mut sorted: Vec<TimeDelta> = self.pauses.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get((sorted.len() - 1) / 2).copied()
    }

    /// How long nothing may be seen before that means something, where `said` is meant for pictures
    /// that come often. As long as a picture comes well within it, it is `said`; of a slower camera
    /// two pictures in a row may miss it, and it is seen again in the third or gone.
    pub fn patience(&self, said: TimeDelta) -> TimeDelta {
        match self.usual() {
            Some(usual) if usual * 5 / 4 > said => usual * 7 / 2,
            Some(_) | None => said,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cadence(seconds: &[i64]) -> Cadence {
        let mut cadence = Cadence::default();
        for s in seconds {
            cadence.look(DateTime::UNIX_EPOCH + TimeDelta::seconds(*s));
        }
        cadence
    }

    fn usual_s(seconds: &[i64]) -> Option<i64> {
        cadence(seconds).usual().map(|usual| usual.num_seconds())
    }

    #[test]
    fn the_pace_is_that_of_most_pauses() {
        assert_eq!(usual_s(&[0, 60]), None);
        assert_eq!(usual_s(&[0, 60, 120]), Some(60));
        assert_eq!(usual_s(&[0, 200, 202]), Some(2), "it was started meanwhile");
        // two pictures were lost
        assert_eq!(usual_s(&[0, 10, 90, 100, 180, 190]), Some(10));
        // an overtaken picture, and a night
        assert_eq!(usual_s(&[0, 10, 20, 15, 30, 40_000, 40_010]), Some(10));
        assert_eq!(usual_s(&[0, 20, 40, 30, 60, 50, 80]), Some(20));
        // a clock that was a day ahead
        assert_eq!(usual_s(&[90_000, 0, 60, 120]), Some(60));
        // from now on one a minute
        assert_eq!(usual_s(&[0, 10, 20, 30, 90, 150, 210]), Some(60));
    }

    #[test]
    fn what_was_known_before_counts_until_more_is() {
        let mut cadence = cadence(&[0, 60]);
        cadence.was(TimeDelta::seconds(600));
        assert_eq!(cadence.usual(), Some(TimeDelta::seconds(600)));
        cadence.look(DateTime::UNIX_EPOCH + TimeDelta::seconds(120));
        assert_eq!(cadence.usual(), Some(TimeDelta::seconds(60)));
        cadence.was(TimeDelta::days(9));
        assert_eq!(cadence.usual(), Some(TimeDelta::seconds(60)));
    }

    #[test]
    fn what_is_said_for_fast_cameras_holds_for_them() {
        let patience = |every: i64, said: i64| {
            let seconds: Vec<i64> = (0..6).map(|n| n * every).collect();
            let said = TimeDelta::seconds(said);
            cadence(&seconds).patience(said).num_seconds()
        };
        for every in [1, 10, 40, 48] {
            assert_eq!(patience(every, 60), 60);
        }
        assert_eq!(patience(60, 60), 210);
        assert_eq!(patience(300, 60), 1050);
        assert_eq!(patience(240, 300), 300);
        assert_eq!(patience(300, 300), 1050);
        assert_eq!(
            Cadence::default().patience(TimeDelta::seconds(60)),
            TimeDelta::seconds(60)
        );
    }
}
