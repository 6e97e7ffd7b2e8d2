//! What can be wrong with a camera, and when it is. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::limits::Hysteresis;

/// What is wrong with a camera.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
    sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "camera_condition", rename_all = "snake_case")]
pub enum Condition {
    /// 离线: no frame came in for long enough.
    Offline,
    /// 画面冻结: frames come in and show the same.
    Frozen,
    /// 画面过暗
    Dark,
    /// 画面模糊: out of focus or wet.
    Blurred,
    /// 镜头被遮挡
    Covered,
    /// 视角偏移: it looks elsewhere than when it was calibrated; what it sees is held back.
    Moved,
    /// 时钟错误: its frames say another time than it is.
    WrongTime,
}

impl Condition {
    pub const ALL: [Self; 7] = [
        Self::Offline,
        Self::Frozen,
        Self::Dark,
        Self::Blurred,
        Self::Covered,
        Self::Moved,
        Self::WrongTime,
    ];

    /// The word for it in metrics; the same as in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Frozen => "frozen",
            Self::Dark => "dark",
            Self::Blurred => "blurred",
            Self::Covered => "covered",
            Self::Moved => "moved",
            Self::WrongTime => "wrong_time",
        }
    }
}

/// That something is wrong with a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct ConditionState {
    pub condition: Condition,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// Evidence that comes look by look → a state that does not flicker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judge {
    since: Option<DateTime<Utc>>,
    /// Looks in a row that say the contrary of the state.
    turning: Option<Turning>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Turning {
    from: DateTime<Utc>,
    looks: u32,
}

impl Judge {
    /// A state that was left behind by an earlier run.
    pub fn resumed(since: DateTime<Utc>) -> Self {
        Self {
            since: Some(since),
            turning: None,
        }
    }

    /// Since when it is so; `None`: it is not.
    pub fn since(&self) -> Option<DateTime<Utc>> {
        self.since
    }

    /// Takes in one look; `says` is `None` for one that cannot tell. Answers whether the state has changed.
    pub fn look(&mut self, at: DateTime<Utc>, says: Option<bool>, limits: Hysteresis) -> bool {
        let Some(says) = says else {
            return false;
        };
        if says == self.since.is_some() {
            self.turning = None;
            return false;
        }
        let turning = self.turning.get_or_insert(Turning { from: at, looks: 0 });
        turning.looks += 1;
        let from = turning.from;
        let needed = if says { limits.enter } else { limits.leave };
        if turning.looks < needed.looks || at - from < TimeDelta::seconds(needed.s) {
            return false;
        }
        self.turning = None;
        self.since = says.then_some(from);
        true
    }

    /// It is not so any more, whatever was seen. Answers whether it was.
    pub fn clear(&mut self) -> bool {
        self.turning = None;
        self.since.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::camera::health::limits;

    fn at(s: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(s)
    }

    #[test]
    fn a_state_is_entered_and_left_after_its_time_and_says_since_when() {
        let mut judge = Judge::default();
        let limits = limits::PICTURE;
        assert!(!judge.look(at(0), Some(false), limits));
        for s in [10, 30, 50, 69] {
            assert!(!judge.look(at(s), Some(true), limits), "after {s} s");
        }
        assert!(judge.look(at(70), Some(true), limits));
        assert_eq!(judge.since(), Some(at(10)));
        // a look that cannot tell changes nothing
        assert!(!judge.look(at(71), None, limits));
        for s in [80, 85] {
            assert!(!judge.look(at(s), Some(false), limits));
        }
        // once more, and the good looks count anew
        assert!(!judge.look(at(90), Some(true), limits));
        for s in [91, 95] {
            assert!(!judge.look(at(s), Some(false), limits));
        }
        assert!(judge.look(at(106), Some(false), limits));
        assert_eq!(judge.since(), None);
    }

    #[test]
    fn few_looks_say_little_however_long_they_last() {
        let mut judge = Judge::default();
        for s in [0, 600, 1200, 1800] {
            assert!(!judge.look(at(s), Some(true), limits::PICTURE));
        }
        assert!(judge.look(at(2400), Some(true), limits::PICTURE));
    }

    proptest! {
        /// What is never so for long enough is never a state, however it flickers.
        #[test]
        fn flicker_is_no_state(pauses in proptest::collection::vec((1_i64..30, 1_u32..5), 1..200)) {
            let mut judge = Judge::default();
            let mut s = 0;
            for (pause, bad) in pauses {
                for _ in 0..bad.min(4) {
                    s += pause;
                    prop_assert!(!judge.look(at(s), Some(true), limits::PICTURE));
                }
                s += pause;
                prop_assert!(!judge.look(at(s), Some(false), limits::PICTURE));
            }
        }

        /// Changes alternate, a state began before it was told, and no change comes sooner than its time.
        #[test]
        fn changes_keep_their_distance(looks in proptest::collection::vec((1_i64..40, any::<Option<bool>>()), 1..400)) {
            for limits in [limits::PICTURE, limits::FROZEN, limits::MOVED, limits::WRONG_TIME] {
                let mut judge = Judge::default();
                let (mut s, mut since, mut changed_at) = (0, None, 0);
                for (pause, says) in &looks {
                    s += pause;
                    let changed = judge.look(at(s), *says, limits);
                    let is_so: Option<DateTime<Utc>> = judge.since();
                    prop_assert_eq!(changed, since != is_so);
                    if changed {
                        prop_assert_eq!(Some(is_so.is_some()), *says);
                        let needed = if is_so.is_some() { limits.enter } else { limits.leave };
                        prop_assert!(s - changed_at >= needed.s);
                        prop_assert!(is_so.is_none_or(|since| since <= at(s)));
                        changed_at = s;
                    }
                    since = is_so;
                }
            }
        }
    }
}
