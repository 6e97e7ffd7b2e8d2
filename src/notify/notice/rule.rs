//! Who is told of what, on one screen.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::access::Role::{
    self, Checker, Collector, Committee, Dispatcher, DistrictDispatcher, DutyChief, Leader,
    Operator, UnitManager, UnitWorker,
};
use crate::cases::Action::{self, *};
use crate::cases::{CaseState, DisputeLevel};
use crate::clock::Stage;

/// What a notice says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum NoticeKind {
    /// A case came to their unit.
    Dispatched,
    /// A task on site, or a case inside the unit, was given to them.
    TaskGiven,
    /// Their case came back to them.
    SentBack,
    /// Somebody asks them for a decision.
    Asked,
    /// What they asked for was decided.
    Decided,
    /// A dispute is theirs to settle, or was settled.
    Dispute,
    /// A supervision order was made, answered or lifted.
    Supervision,
    /// A suspended case runs again.
    Resumed,
    /// A clock passed 80 % of its limit.
    Warned,
    /// A clock passed its limit.
    Breached,
    /// It still runs a while after its limit.
    Escalated,
    /// The centre tells several units to do something.
    OrderIssued,
    /// Cells went to their unit or from it: the ground was redrawn.
    GroundMoved,
}

/// Whom a rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    /// Whoever has the role where the case is.
    Role(Role),
    /// The people of the unit that has the case.
    Unit,
    /// Its desk only.
    UnitManager,
    Helpers,
    /// Who verifies or checks.
    Assignee,
    /// Whom the unit gave it to.
    Worker,
    /// Who asked for what was decided.
    Asker,
    /// Who settles the dispute.
    Arbiter,
    /// Who has to do the next step.
    Mover,
    /// Whom those who have to do the next step answer to.
    Superior,
}

struct Rule {
    action: Action,
    kind: NoticeKind,
    to: &'static [To],
}

const fn rule(action: Action, kind: NoticeKind, to: &'static [To]) -> Rule {
    Rule { action, kind, to }
}

#[rustfmt::skip]
const RULES: &[Rule] = &[
    rule(SendToVerify,     NoticeKind::TaskGiven,   &[To::Assignee]),
    rule(SendToCheck,      NoticeKind::TaskGiven,   &[To::Assignee]),
    rule(FinishQuick,      NoticeKind::TaskGiven,   &[To::Assignee]),
    rule(Assign,           NoticeKind::TaskGiven,   &[To::Worker]),

    rule(Dispatch,         NoticeKind::Dispatched,  &[To::Unit, To::Helpers]),
    rule(DispatchQuick,    NoticeKind::Dispatched,  &[To::Unit]),
    rule(Redispatch,       NoticeKind::Dispatched,  &[To::Unit]),
    rule(Reassign,         NoticeKind::Dispatched,  &[To::Unit]),

    rule(ReturnToOperator, NoticeKind::SentBack,    &[To::Role(Operator)]),
    rule(RefuseSettled,    NoticeKind::SentBack,    &[To::Role(Operator)]),
    rule(Redirect,         NoticeKind::SentBack,    &[To::Role(Dispatcher)]),
    rule(TakeBack,         NoticeKind::SentBack,    &[To::Role(Dispatcher)]),
    rule(SendBack,         NoticeKind::SentBack,    &[To::Unit]),
    rule(Rehandle,         NoticeKind::SentBack,    &[To::Unit]),

    rule(AskVoid,          NoticeKind::Asked,       &[To::Role(DutyChief)]),
    rule(AskExtension,     NoticeKind::Asked,       &[To::Role(Dispatcher)]),
    rule(AskSuspension,    NoticeKind::Asked,       &[To::Role(Dispatcher), To::Role(DutyChief)]),
    rule(AppealOverdue,    NoticeKind::Asked,       &[To::Role(Dispatcher)]),
    rule(SupportAppeal,    NoticeKind::Asked,       &[To::Role(Operator)]),
    rule(ApproveVoid,      NoticeKind::Decided,     &[To::Asker]),
    rule(RefuseVoid,       NoticeKind::Decided,     &[To::Asker]),
    rule(GrantExtension,   NoticeKind::Decided,     &[To::Asker, To::UnitManager]),
    rule(RefuseExtension,  NoticeKind::Decided,     &[To::Asker, To::UnitManager]),
    rule(GrantSuspension,  NoticeKind::Decided,     &[To::Asker, To::UnitManager]),
    rule(RefuseSuspension, NoticeKind::Decided,     &[To::Asker, To::UnitManager]),
    rule(GrantAppeal,      NoticeKind::Decided,     &[To::Asker, To::UnitManager]),
    rule(RefuseAppeal,     NoticeKind::Decided,     &[To::Asker, To::UnitManager]),
    rule(Resume,           NoticeKind::Resumed,     &[To::Unit]),

    rule(Dispute,          NoticeKind::Dispute,     &[To::Arbiter]),
    rule(Escalate,         NoticeKind::Dispute,     &[To::Arbiter]),
    rule(Uphold,           NoticeKind::Dispute,     &[To::Unit]),

    rule(Supervise,        NoticeKind::Supervision, &[To::Mover, To::UnitManager]),
    rule(ReplySupervision, NoticeKind::Supervision, &[To::Role(Leader), To::Role(DutyChief)]),
    rule(EndSupervision,   NoticeKind::Supervision, &[To::UnitManager]),

    rule(Warned,           NoticeKind::Warned,      &[To::Mover]),
    rule(Breached,         NoticeKind::Breached,    &[To::Mover, To::Superior]),
    rule(Escalated,        NoticeKind::Escalated,   &[To::Mover, To::Superior]),
];

/// The actions of which somebody is told.
pub(super) fn actions() -> Vec<Action> {
    RULES.iter().map(|rule| rule.action).collect()
}

/// An event of a case, with what of the case decides who is told.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Happened {
    pub(super) case_id: i64,
    pub(super) action: Action,
    pub(super) at: chrono::DateTime<chrono::Utc>,
    pub(super) person_id: Option<i32>,
    pub(super) reason: Option<String>,
    /// Of the clock that passed.
    pub(super) stage: Option<Stage>,
    pub(super) class_code: String,
    pub(super) state: CaseState,
    pub(super) district_id: Option<i32>,
    pub(super) handling_unit_id: Option<i32>,
    pub(super) helper_unit_ids: Vec<i32>,
    pub(super) assignee_id: Option<i32>,
    pub(super) worker_id: Option<i32>,
    pub(super) asker_id: Option<i32>,
    pub(super) dispute_level: Option<DisputeLevel>,
    /// Who settles it at the level of a department.
    pub(super) department_id: Option<i32>,
}

/// Who is to read a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Address {
    Person(i32),
    OfUnit {
        role: Role,
        unit_id: i32,
    },
    /// `None`: only those of the whole city.
    Where {
        role: Role,
        district_id: Option<i32>,
    },
}

impl Address {
    pub(super) fn person_id(self) -> Option<i32> {
        match self {
            Self::Person(id) => Some(id),
            Self::OfUnit { .. } | Self::Where { .. } => None,
        }
    }

    pub(super) fn role(self) -> Option<Role> {
        match self {
            Self::Person(_) => None,
            Self::OfUnit { role, .. } | Self::Where { role, .. } => Some(role),
        }
    }

    pub(super) fn unit_id(self) -> Option<i32> {
        match self {
            Self::OfUnit { unit_id, .. } => Some(unit_id),
            Self::Person(_) | Self::Where { .. } => None,
        }
    }

    pub(super) fn district_id(self) -> Option<i32> {
        match self {
            Self::Where { district_id, .. } => district_id,
            Self::Person(_) | Self::OfUnit { .. } => None,
        }
    }
}

/// A notice before it has a number.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draft {
    pub(super) kind: NoticeKind,
    pub(super) at: chrono::DateTime<chrono::Utc>,
    pub(super) case_id: Option<i64>,
    pub(super) params: Value,
    pub(super) address: Address,
    pub(super) done_by: Option<i32>,
}

impl Happened {
    /// Every notice this event is worth: one for each addressee.
    pub(super) fn notices(&self) -> Vec<Draft> {
        let mut drafts: Vec<Draft> = Vec::new();
        for rule in RULES.iter().filter(|rule| rule.action == self.action) {
            let addresses = rule.to.iter().flat_map(|to| self.addresses(*to));
            for address in addresses {
                if drafts.iter().any(|draft| draft.address == address) {
                    continue;
                }
                drafts.push(Draft {
                    kind: rule.kind,
                    at: self.at,
                    case_id: Some(self.case_id),
                    params: json!({
                        "action": self.action,
                        "class": self.class_code,
                        "stage": self.stage,
                        "reason": self.reason,
                    }),
                    address,
                    done_by: self.person_id,
                });
            }
        }
        drafts
    }

    fn addresses(&self, to: To) -> Vec<Address> {
        match to {
            To::Role(role) => vec![self.here(role)],
            To::Unit => self.handling(&[UnitManager, UnitWorker]),
            To::UnitManager => self.handling(&[UnitManager]),
            To::Helpers => self
                .helper_unit_ids
                .iter()
                .flat_map(|unit_id| of_unit(*unit_id, &[UnitManager, UnitWorker]))
                .collect(),
            To::Assignee => self.assignee_id.map(Address::Person).into_iter().collect(),
            To::Worker => self.worker_id.map(Address::Person).into_iter().collect(),
            To::Asker => self.asker_id.map(Address::Person).into_iter().collect(),
            To::Arbiter => self.arbiter(),
            To::Mover => self.mover(),
            To::Superior => self.superior(),
        }
    }

    fn here(&self, role: Role) -> Address {
        Address::Where {
            role,
            district_id: self.district_id,
        }
    }

    fn handling(&self, roles: &[Role]) -> Vec<Address> {
        self.handling_unit_id
            .map_or_else(Vec::new, |unit_id| of_unit(unit_id, roles))
    }

    /// Article 15.
    fn arbiter(&self) -> Vec<Address> {
        match self.dispute_level {
            None => Vec::new(),
            Some(DisputeLevel::District) => vec![self.here(DistrictDispatcher)],
            Some(DisputeLevel::Department) => self
                .department_id
                .map_or_else(Vec::new, |unit_id| of_unit(unit_id, &[UnitManager])),
            Some(DisputeLevel::City) => vec![self.here(Dispatcher)],
            Some(DisputeLevel::Committee) => vec![self.here(Committee)],
        }
    }

    fn mover(&self) -> Vec<Address> {
        use CaseState as S;
        match self.state {
            S::Reported | S::SelfHandled | S::Handled | S::Checked => vec![self.here(Operator)],
            S::Verifying | S::Checking if self.assignee_id.is_some() => {
                self.addresses(To::Assignee)
            }
            S::Verifying => vec![self.here(Collector)],
            S::Checking => vec![self.here(Checker)],
            S::Filed => vec![self.here(Dispatcher)],
            S::Dispatched | S::Quick | S::Handling | S::Suspended => {
                let worker = self.worker_id.map(Address::Person);
                self.handling(&[UnitManager])
                    .into_iter()
                    .chain(worker)
                    .collect()
            }
            S::Disputed => self.arbiter(),
            S::Rejected
            | S::Merged
            | S::Voided
            | S::Closed
            | S::ClosedUnqualified
            | S::ClosedForced => Vec::new(),
        }
    }

    fn superior(&self) -> Vec<Address> {
        use CaseState as S;
        match self.state {
            S::Reported | S::SelfHandled | S::Handled | S::Checked | S::Filed => {
                vec![self.here(DutyChief)]
            }
            S::Verifying | S::Checking => vec![self.here(Operator)],
            S::Dispatched | S::Quick | S::Handling | S::Suspended => {
                vec![self.here(Dispatcher), self.here(DistrictDispatcher)]
            }
            S::Disputed => vec![self.here(Leader)],
            S::Rejected
            | S::Merged
            | S::Voided
            | S::Closed
            | S::ClosedUnqualified
            | S::ClosedForced => Vec::new(),
        }
    }
}

pub(super) fn of_unit(unit_id: i32, roles: &[Role]) -> Vec<Address> {
    let of = |role: &Role| Address::OfUnit {
        role: *role,
        unit_id,
    };
    roles.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn happened(action: Action, state: CaseState) -> Happened {
        Happened {
            case_id: 1,
            action,
            at: chrono::DateTime::UNIX_EPOCH,
            person_id: Some(9),
            reason: None,
            stage: None,
            class_code: "M06042".to_owned(),
            state,
            district_id: Some(3),
            handling_unit_id: Some(7),
            helper_unit_ids: vec![8],
            assignee_id: Some(21),
            worker_id: Some(22),
            asker_id: Some(23),
            dispute_level: Some(DisputeLevel::Department),
            department_id: Some(70),
        }
    }

    fn told(action: Action, state: CaseState) -> Vec<Address> {
        let notices = happened(action, state).notices();
        notices.into_iter().map(|draft| draft.address).collect()
    }

    fn of(role: Role, unit_id: i32) -> Address {
        Address::OfUnit { role, unit_id }
    }

    fn here(role: Role) -> Address {
        Address::Where {
            role,
            district_id: Some(3),
        }
    }

    #[test]
    fn a_dispatched_case_is_told_to_its_unit_and_the_helpers() {
        assert_eq!(
            told(Dispatch, CaseState::Dispatched),
            [
                of(UnitManager, 7),
                of(UnitWorker, 7),
                of(UnitManager, 8),
                of(UnitWorker, 8)
            ]
        );
    }

    #[test]
    fn a_clock_is_told_to_who_has_the_move_and_to_whom_they_answer() {
        assert_eq!(told(Warned, CaseState::Reported), [here(Operator)]);
        assert_eq!(
            told(Breached, CaseState::Handling),
            [
                of(UnitManager, 7),
                Address::Person(22),
                here(Dispatcher),
                here(DistrictDispatcher)
            ]
        );
        assert_eq!(
            told(Escalated, CaseState::Checking),
            [Address::Person(21), here(Operator)]
        );
    }

    #[test]
    fn a_dispute_is_told_to_who_settles_it() {
        assert_eq!(told(Dispute, CaseState::Disputed), [of(UnitManager, 70)]);
        let mut city = happened(Dispute, CaseState::Disputed);
        city.dispute_level = Some(DisputeLevel::City);
        assert_eq!(city.notices()[0].address, here(Dispatcher));
    }

    #[test]
    fn every_open_state_has_somebody_to_move_and_somebody_above() {
        for state in CaseState::ALL {
            let open = !told(Warned, state).is_empty();
            assert_eq!(open, told(Breached, state).len() > 1, "{state:?}");
        }
    }

    #[test]
    fn a_decision_is_told_to_who_asked() {
        assert!(told(RefuseSuspension, CaseState::Handling).contains(&Address::Person(23)));
        assert_eq!(told(ApproveVoid, CaseState::Voided), [Address::Person(23)]);
    }
}
