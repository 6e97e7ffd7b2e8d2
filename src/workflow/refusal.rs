//! Why a step may not be taken.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Why not: a stable code that pages translate, and the numbers and names in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Refusal {
    pub code: RefusalCode,
    #[schema(value_type = Object)]
    pub params: Map<String, Value>,
}

/// Everything that stands in the way of a step; pages say each in their languages
/// (`web/src/i18n/refusal.*.ts`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    Role,
    Area,
    Unit,
    Assignee,
    OwnSystem,
    SharedDistrict,
    Level,
    Pending,
    TooLate,
    ExtensionsUsed,
    Overdue,
    DispatchedOn,
    Notified,
    Final,
    WindowClosed,
    HighestLevel,
    NotEmergency,
    Arrived,
    NotArrived,
    Guarded,
    NotGuarded,
    Emergency,
    SuspendedBefore,
    HandlerMayNotCheck,
    CheckFailed,
    NotSupervised,
    Replied,
    NotOverdue,
    Appealed,
    Supported,
    NotSupported,
    NothingToUndo,
    ActedSince,
    BeyondBalance,
    BeyondCloseCap,
    BeyondCap,
    TooFar,
    Photos,
    UnknownCase,
    NotOpen,
    Itself,
    OtherClass,
    NoCondition,
    OtherCondition,
    NoClass,
    UnknownUnit,
    NoUnit,
    ReleasedUnit,
    NoLimit,
    NoClosing,
    LimitReason,
    ClosingUnmet,
    UnknownQuickReason,
    NoQuickReason,
    NotACrew,
    Bill,
    TooFarOff,
    Past,
    NotOfUnit,
    NotOnSite,
    SameUnit,
    OutsideDistrict,
    OutsideLevel,
}

impl RefusalCode {
    /// For those who read an answer without a page.
    #[expect(clippy::too_many_lines, reason = "a table")]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Role => "Your roles do not allow this step.",
            Self::Area => "The case is outside your area.",
            Self::Unit => "Your unit does not have the case.",
            Self::Assignee => "The task was given to somebody else.",
            Self::OwnSystem => "This district has a system of its own and handles the case there.",
            Self::SharedDistrict => {
                "This district shares the city's system; the city's centre does this."
            }
            Self::Level => "Another level decides this dispute.",
            Self::Pending => {
                "A request on the case waits for a decision, or the one that this decides is not there."
            }
            Self::TooLate => "The time in which it could be undone is over.",
            Self::ExtensionsUsed => "All extensions of the case are used.",
            Self::Overdue => "The case is overdue already; no extension can be asked for.",
            Self::DispatchedOn => "The case was sent on once already.",
            Self::Notified => "The notice was delivered already.",
            Self::Final => "The dispute was decided for good.",
            Self::WindowClosed => "The time to dispute is over.",
            Self::HighestLevel => "The dispute is at the highest level already.",
            Self::NotEmergency => "Only an emergency has this step.",
            Self::Arrived => "The arrival is on record already.",
            Self::NotArrived => "The arrival has to be reported first.",
            Self::Guarded => "The spot is secured already.",
            Self::NotGuarded => {
                "In an emergency the spot is secured before the case is reported as handled."
            }
            Self::Emergency => "An emergency can be neither extended nor suspended.",
            Self::SuspendedBefore => "The case was suspended once already.",
            Self::HandlerMayNotCheck => "Whoever handled the case may not check it.",
            Self::CheckFailed => "The check failed; the case cannot be closed as done.",
            Self::NotSupervised => "The case is not supervised.",
            Self::Replied => "The supervision has its reply already.",
            Self::NotOverdue => "The case is not overdue; there is nothing to appeal.",
            Self::Appealed => "The case was appealed once already.",
            Self::Supported => "The appeal is supported already.",
            Self::NotSupported => "The dispatcher has not supported the appeal yet.",
            Self::NothingToUndo => "The last step cannot be undone.",
            Self::ActedSince => "Somebody else has acted since; the step cannot be undone.",
            Self::BeyondBalance => "The balance for quick disposal is too low.",
            Self::BeyondCloseCap => "A case that cost so much is checked before it is closed.",
            Self::BeyondCap => "The cost is above the cap for one case.",
            Self::TooFar => "You are too far from the case.",
            Self::Photos => "More photos are needed.",
            Self::UnknownCase => "There is no such case to merge into.",
            Self::NotOpen => "The other case has ended; nothing can be merged into it.",
            Self::Itself => "A case cannot be merged into itself.",
            Self::OtherClass => "The class is another one than the case has.",
            Self::NoCondition => "There is no such filing condition.",
            Self::OtherCondition => "This filing condition belongs to another class.",
            Self::NoClass => "There is no such class.",
            Self::UnknownUnit => "There is no such unit, or it has ended.",
            Self::NoUnit => "A unit has to be named.",
            Self::ReleasedUnit => {
                "This unit was released from the case in a dispute; another has to be named."
            }
            Self::NoLimit => "There is no time limit; the filing condition has to be chosen first.",
            Self::NoClosing => {
                "There is no closing condition; the filing condition has to be chosen first."
            }
            Self::LimitReason => "Another time limit than the condition has needs a reason.",
            Self::ClosingUnmet => "Not every closing condition is met.",
            Self::UnknownQuickReason => "There is no such ground for quick disposal.",
            Self::NoQuickReason => "At least one ground for quick disposal has to be named.",
            Self::NotACrew => "This unit is not a crew for quick disposal.",
            Self::Bill => "The items of the bill are not right.",
            Self::TooFarOff => "That time is too far off.",
            Self::Past => "That time has passed.",
            Self::NotOfUnit => "This person is not of the unit.",
            Self::NotOnSite => "This person is neither a collector nor a checker.",
            Self::SameUnit => "That is the unit the case has now.",
            Self::OutsideDistrict => "This unit is outside the district.",
            Self::OutsideLevel => "This unit is outside what you decide.",
        }
    }

    /// Whether it is about who asks rather than about what is asked.
    pub fn is_about_rights(self) -> bool {
        matches!(
            self,
            Self::Role
                | Self::Area
                | Self::Unit
                | Self::Assignee
                | Self::OwnSystem
                | Self::SharedDistrict
                | Self::Level
        )
    }
}

impl Refusal {
    pub fn new(code: RefusalCode) -> Self {
        Self {
            code,
            params: Map::new(),
        }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.params.insert(name.to_owned(), value);
        self
    }

    /// Refuses with `code` unless `holds`.
    pub fn unless(holds: bool, code: RefusalCode) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::new(code)) }
    }
}
