//! The workflow, on one screen: what leads from where to where, and who may do it.
//!
//! The rows are those of the regulation's state machine and, marked `practice`, a few that every
//! city needs around it.

use crate::access::Role::{
    self, Checker, Collector, Committee, Dispatcher, DistrictDispatcher, DutyChief, Leader,
    Operator, UnitManager, UnitWorker,
};
use crate::cases::Action::{self, *};
use crate::cases::CaseState::{
    self, Checked, Checking, Closed, ClosedForced, ClosedUnqualified, Dispatched, Disputed, Filed,
    Handled, Handling, Merged, Quick, Rejected, Reported, SelfHandled, Suspended, Verifying,
    Voided,
};
use crate::cases::Pending;

/// Who may take a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Whoever has the role where the case is.
    Role(Role),
    /// The unit that has the case, as this role of it.
    Unit(Role),
    /// The collector or checker the task was given to.
    Assignee(Role),
    /// The service itself: a camera, a timer.
    System,
}

/// One row of the workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Empty: before there is a case.
    pub from: &'static [CaseState],
    pub action: Action,
    /// Where it leads; several: the step's body decides. Empty: the case stays where it is.
    pub to: &'static [CaseState],
    pub who: &'static [Who],
    /// Only while this waits for a decision.
    pub pending: Option<Pending>,
    /// Of the regulation; `practice` where it is silent.
    pub articles: &'static str,
    /// Whether whoever took it may take it back for a while, as long as nobody acted since.
    pub undo: bool,
}

impl Step {
    /// The step of an action. What several rows say of one action, they say of other states.
    pub fn of(action: Action) -> &'static Self {
        STEPS
            .iter()
            .find(|step| step.action == action)
            .expect("the workflow knows every action")
    }

    /// The step that an action takes from a state.
    pub fn from_state(state: CaseState, action: Action) -> Option<&'static Self> {
        STEPS
            .iter()
            .find(|step| step.action == action && step.from.contains(&state))
    }

    const fn undoable(self) -> Self {
        Self { undo: true, ..self }
    }
}

const fn step(
    from: &'static [CaseState],
    action: Action,
    to: &'static [CaseState],
    who: &'static [Who],
    articles: &'static str,
) -> Step {
    Step {
        from,
        action,
        to,
        who,
        pending: None,
        articles,
        undo: false,
    }
}

const fn decide(
    pending: Pending,
    from: &'static [CaseState],
    action: Action,
    to: &'static [CaseState],
    who: &'static [Who],
    articles: &'static str,
) -> Step {
    Step {
        from,
        action,
        to,
        who,
        pending: Some(pending),
        articles,
        undo: false,
    }
}

const OPERATOR: &[Who] = &[Who::Role(Operator)];
const FILER: &[Who] = &[Who::Role(Operator), Who::Role(DutyChief)];
const DUTY_CHIEF: &[Who] = &[Who::Role(DutyChief)];
const DISPATCHER: &[Who] = &[Who::Role(Dispatcher)];
const UNIT: &[Who] = &[Who::Unit(UnitManager), Who::Unit(UnitWorker)];
const UNIT_MANAGER: &[Who] = &[Who::Unit(UnitManager)];
const ON_SITE: &[Who] = &[Who::Assignee(Collector), Who::Assignee(Checker)];
/// Article 15: which of them follows from the level of the dispute.
const ARBITERS: &[Who] = &[
    Who::Role(Dispatcher),
    Who::Role(DistrictDispatcher),
    Who::Unit(UnitManager),
    Who::Role(Committee),
];
const OPEN: &[CaseState] = &[
    Reported,
    Verifying,
    SelfHandled,
    Filed,
    Dispatched,
    Quick,
    Disputed,
    Handling,
    Suspended,
    Handled,
    Checking,
    Checked,
];
/// Nobody was sent to it.
const WAITING: &[CaseState] = &[Reported, Verifying, SelfHandled, Filed];
/// Somebody was, and it is not done.
const SENT: &[CaseState] = &[Dispatched, Quick, Disputed, Handling, Suspended];
const ENDED: &[CaseState] = &[Closed, ClosedUnqualified, ClosedForced];

/// The workflow.
#[rustfmt::skip]
pub const STEPS: &[Step] = &[
    step(&[],           Opened,           &[Reported],   &[Who::System, Who::Role(Collector), Who::Role(Operator), Who::Role(Leader)], "11"),
    step(OPEN,          SeenAgain,        &[],           &[Who::System], "11"),
    step(OPEN,          SeenGone,         &[],           &[Who::System], "14, practice"),
    step(&[Reported],   SendToVerify,     &[Verifying],  OPERATOR, "11, 12").undoable(),
    step(&[Verifying],  Verify,           &[Reported],   ON_SITE, "11, 12"),
    step(&[Reported],   Reject,           &[Rejected],   OPERATOR, "12"),
    step(&[Reported],   Merge,            &[Merged],     OPERATOR, "12"),
    step(&[Reported],   SettleOnSpot,     &[SelfHandled], &[Who::Role(Collector), Who::Role(Operator)], "11"),
    step(&[SelfHandled], ConfirmSettled,  &[Closed],     OPERATOR, "11"),
    step(&[SelfHandled], RefuseSettled,   &[Reported],   OPERATOR, "practice").undoable(),
    step(&[Reported],   File,             &[Filed],      FILER, "12").undoable(),

    step(&[Filed],      ReturnToOperator, &[Reported],   DISPATCHER, "12").undoable(),
    step(&[Filed],      AskVoid,          &[],           &[Who::Role(Operator), Who::Role(Dispatcher)], "12"),
    decide(Pending::Void, &[Filed], ApproveVoid, &[Voided], DUTY_CHIEF, "12"),
    decide(Pending::Void, &[Filed], RefuseVoid,  &[],       DUTY_CHIEF, "12"),
    step(&[Filed],      Dispatch,         &[Dispatched], DISPATCHER, "10, 12").undoable(),
    step(&[Filed],      DispatchQuick,    &[Quick],      DISPATCHER, "16").undoable(),
    step(&[Dispatched], Redispatch,       &[Dispatched], &[Who::Role(DistrictDispatcher)], "10").undoable(),
    step(&[Dispatched, Disputed, Handling], Deliver, &[],  &[Who::System], "13"),
    step(&[Dispatched], Receive,          &[Handling],   UNIT, "13"),

    step(&[Dispatched], Dispute,          &[Disputed],   UNIT_MANAGER, "15"),
    step(&[Disputed],   Uphold,           &[Handling],   ARBITERS, "15"),
    step(&[Disputed],   Reassign,         &[Dispatched], ARBITERS, "15"),
    step(&[Disputed],   Escalate,         &[Disputed],   &[Who::Role(Dispatcher), Who::Role(DistrictDispatcher), Who::Unit(UnitManager), Who::System], "15"),

    step(&[Handling],   Assign,           &[],           UNIT_MANAGER, "13").undoable(),
    step(&[Handling],   Arrive,           &[],           UNIT, "13"),
    step(&[Handling],   Guard,            &[],           UNIT, "13"),
    step(&[Handling],   AskExtension,     &[],           UNIT, "13, practice"),
    decide(Pending::Extension, &[Handling], GrantExtension,  &[], DISPATCHER, "13, practice"),
    decide(Pending::Extension, &[Handling], RefuseExtension, &[], DISPATCHER, "13, practice"),
    step(&[Handling],   AskSuspension,    &[],           UNIT, "13, practice"),
    decide(Pending::Suspension, &[Handling], GrantSuspension,  &[Suspended], &[Who::Role(Dispatcher), Who::Role(DutyChief)], "practice"),
    decide(Pending::Suspension, &[Handling], RefuseSuspension, &[],          &[Who::Role(Dispatcher), Who::Role(DutyChief)], "practice"),
    step(&[Suspended],  Resume,           &[Handling],   &[Who::System, Who::Role(Dispatcher)], "practice"),
    step(&[Handling],   FeedBack,         &[Handled],    UNIT, "13"),
    step(&[Handled],    SendBack,         &[Handling],   &[Who::Role(DistrictDispatcher), Who::Role(Dispatcher)], "10, 13").undoable(),

    step(&[Handled],    SendToCheck,      &[Checking],   OPERATOR, "14").undoable(),
    step(&[Quick],      FinishQuick,      &[Checking, Closed], &[Who::Unit(UnitManager), Who::Unit(UnitWorker), Who::Role(Operator)], "16"),
    step(&[Checking],   Check,            &[Checked],    ON_SITE, "14"),
    step(&[Checked],    Approve,          &[Closed],     FILER, "14"),
    step(&[Checked],    Rehandle,         &[Handling],   OPERATOR, "14"),
    step(&[Checked],    CloseUnqualified, &[ClosedUnqualified], DUTY_CHIEF, "14"),
    step(&[Checked],    Redirect,         &[Filed],      OPERATOR, "14"),
    step(ENDED,         Recur,            &[],           OPERATOR, "18"),

    step(OPEN,          Supervise,        &[],           &[Who::Role(Leader), Who::Role(DutyChief), Who::System], "3").undoable(),
    step(OPEN,          ReplySupervision, &[],           UNIT_MANAGER, "3"),
    step(OPEN,          EndSupervision,   &[],           &[Who::Role(Leader), Who::Role(DutyChief)], "3"),
    step(OPEN,          ForceClose,       &[ClosedForced], &[Who::Role(Leader)], "practice"),
    step(ENDED,         AppealOverdue,    &[],           UNIT_MANAGER, "practice"),
    decide(Pending::Appeal, ENDED, SupportAppeal, &[],   DISPATCHER, "practice"),
    decide(Pending::Appeal, ENDED, GrantAppeal,   &[],   OPERATOR, "practice"),
    decide(Pending::Appeal, ENDED, RefuseAppeal,  &[],   &[Who::Role(Dispatcher), Who::Role(Operator)], "practice"),

    step(OPEN,          Undo,             OPEN,          &[Who::Role(Operator), Who::Role(DutyChief), Who::Role(Dispatcher), Who::Role(DistrictDispatcher), Who::Unit(UnitManager), Who::Role(Leader)], "practice"),
    step(OPEN,          Rehome,           &[],           &[Who::System], "practice"),
    step(WAITING,       UnitEnded,        &[],           &[Who::System], "3, practice"),
    step(SENT,          TakeBack,         &[Filed],      &[Who::System], "3, practice"),
    step(OPEN,          Warned,           &[],           &[Who::System], "3"),
    step(OPEN,          Breached,         &[],           &[Who::System], "3"),
    step(OPEN,          Escalated,        &[],           &[Who::System], "3"),
];
