//! 6. Case → settled: who may do what, when, and what follows. Articles 12 to 16.
//!
//! [`STEPS`] is the workflow. [`may`] answers whether somebody may take a step of a case now,
//! [`apply`] what becomes of the case, both from what is passed in; [`act`] does it, in one
//! transaction.

mod act;
mod actor;
mod apply;
mod case;
mod command;
mod detail;
mod entry;
mod group;
mod guard;
mod http;
mod print;
mod refusal;
mod store;
mod table;
pub mod timers;
mod whose;

pub use act::{ActError, Answer, Conflict, Done, Order, Workflow};
pub use actor::Actor;
pub use apply::{Beside, Change, Setting, apply};
pub use case::{
    CaseClock, Dispute, DistrictMode, Facts, LastEvent, Request, Supervision, SupervisionLevel,
    WorkCase, WorkPerson, WorkPicture, WorkUnit,
};
pub use command::{
    Command, Deed, Delivery, DispatchOrder, Field, FieldChoice, FieldKind, Finding, Receipt,
    WrongField, fields,
};
pub use detail::{ClockView, ConditionView, StepView, WhoView, WorkView};
pub use group::{Asked, GroupCommit};
pub use guard::{may, undo_until};
pub use http::routes;
pub use print::document;
pub use refusal::{Refusal, RefusalCode};
pub use table::{STEPS, Step, Who};
