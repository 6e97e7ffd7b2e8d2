//! What cameras say of a case that its unit reports as handled. Pure.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::cases::{Action, CaseEvent, CaseState, Evidence};

/// Whether cameras still see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CameraVerdict {
    /// Not found any more, for long enough and in enough frames.
    Gone,
    /// Found again after it was reported as handled.
    StillThere,
    /// Neither: it was not looked for long enough yet, or the camera cannot be believed.
    CannotTell,
}

/// For whoever checks: before and after, as cameras saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CameraCheck {
    pub verdict: CameraVerdict,
    /// When the unit reported it as handled.
    pub reported_at: DateTime<Utc>,
    /// Gone: when the picture without it was taken; still there: when it was found last.
    pub at: Option<DateTime<Utc>>,
    /// The last picture of it from before the report; id of an evidence.
    pub before: Option<i64>,
    /// The picture that the verdict is about; id of an evidence.
    pub after: Option<i64>,
}

/// What cameras say; `None` where none saw it, or nobody reported it as handled. `history` and
/// `evidence`: oldest first.
pub fn camera_check(
    state: CaseState,
    last_seen_at: DateTime<Utc>,
    history: &[CaseEvent],
    evidence: &[Evidence],
) -> Option<CameraCheck> {
    let awaits_check = matches!(
        state,
        CaseState::Handled | CaseState::Checking | CaseState::Checked
    );
    if !awaits_check || evidence.is_empty() {
        return None;
    }
    let reports =
        |event: &&CaseEvent| matches!(event.action, Action::FeedBack | Action::FinishQuick);
    let reported_at = history.iter().rev().find(reports)?.at;
    let newest = |fits: &dyn Fn(&Evidence) -> bool| evidence.iter().rev().find(|one| fits(one));
    let gone = newest(&|one| one.gone && one.captured_at > last_seen_at);
    let found = newest(&|one| !one.gone && one.captured_at > reported_at);
    let (verdict, at, after) = match gone {
        Some(gone) => (CameraVerdict::Gone, Some(gone.captured_at), Some(gone)),
        None if last_seen_at > reported_at => {
            (CameraVerdict::StillThere, Some(last_seen_at), found)
        }
        None => (CameraVerdict::CannotTell, None, None),
    };
    Some(CameraCheck {
        verdict,
        reported_at,
        at,
        before: newest(&|one| !one.gone && one.captured_at <= reported_at).map(|one| one.id),
        after: after.map(|one| one.id),
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::camera::CameraId;
    use crate::cases::EvidenceImage;
    use crate::space::PixelBox;
    use crate::vision::ModelRef;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn evidence(id: i64, minute: i64, gone: bool) -> Evidence {
        Evidence {
            id,
            frame_id: Uuid::nil(),
            camera_id: CameraId::try_from("cam".to_owned()).unwrap(),
            captured_at: at(minute),
            image: EvidenceImage {
                width: 1,
                height: 1,
                url: String::new(),
            },
            pixel_box: PixelBox {
                left: 0.0,
                top: 0.0,
                right: 1.0,
                bottom: 1.0,
            },
            original: None,
            confidence: 0.0,
            gone,
            model: ModelRef {
                name: String::new(),
                version: String::new(),
            },
            calibration_version: 1,
            lon: 0.0,
            lat: 0.0,
        }
    }

    fn event(action: Action, minute: i64) -> CaseEvent {
        CaseEvent {
            id: minute,
            action,
            at: at(minute),
            actor: String::new(),
            person: None,
            role: None,
            reason: None,
            unit: None,
            before: None,
            after: None,
            version: None,
            detail: json!({}),
        }
    }

    fn check(
        last_seen: i64,
        evidence: &[Evidence],
    ) -> Option<(CameraVerdict, Option<i64>, Option<i64>)> {
        let history = [event(Action::Opened, 0), event(Action::FeedBack, 60)];
        let check = camera_check(CaseState::Handled, at(last_seen), &history, evidence)?;
        assert_eq!(check.reported_at, at(60));
        Some((check.verdict, check.before, check.after))
    }

    #[test]
    fn gone_still_there_or_not_known() {
        let before = [evidence(1, 0, false), evidence(2, 30, false)];
        let with = |more: Evidence| [&before[..], &[more]].concat();
        assert_eq!(
            check(40, &before),
            Some((CameraVerdict::CannotTell, Some(2), None))
        );
        let gone = with(evidence(3, 75, true));
        assert_eq!(
            check(40, &gone),
            Some((CameraVerdict::Gone, Some(2), Some(3)))
        );
        let still = with(evidence(4, 70, false));
        assert_eq!(
            check(80, &still),
            Some((CameraVerdict::StillThere, Some(2), Some(4)))
        );
        // gone, and there again
        assert_eq!(
            check(90, &gone),
            Some((CameraVerdict::StillThere, Some(2), None))
        );
        // it was gone before the unit reported it
        let early = with(evidence(5, 50, true));
        assert_eq!(
            check(40, &early),
            Some((CameraVerdict::Gone, Some(2), Some(5)))
        );
    }

    #[test]
    fn of_other_cases_nothing_is_said() {
        let history = [event(Action::FeedBack, 60)];
        let seen = [evidence(1, 0, false)];
        assert_eq!(
            camera_check(CaseState::Handling, at(0), &history, &seen),
            None
        );
        assert_eq!(camera_check(CaseState::Handled, at(0), &history, &[]), None);
        assert_eq!(camera_check(CaseState::Handled, at(0), &[], &seen), None);
    }
}
