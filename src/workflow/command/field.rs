//! What an action asks for, so that a form can be drawn without knowing it.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::cases::Action;
use crate::rules::{CollectionRule, Condition, RuleSet};
use crate::workflow::WorkCase;

/// What kind of answer a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    Text,
    /// A text that is kept as the reason.
    Reason,
    Condition,
    Unit,
    Units,
    Person,
    /// Pictures uploaded before, by their numbers.
    Photos,
    /// `lon` and `lat`, degrees, WGS 84.
    Position,
    Datetime,
    /// Positions of a bill: item, quantity, price.
    Items,
    Case,
    Choice,
    /// Any of the choices; their positions are sent.
    Checklist,
    Flag,
    /// Fen, 1/100 yuan.
    Money,
    Number,
}

/// One thing that can be chosen.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FieldChoice {
    #[schema(value_type = Object)]
    pub value: Value,
    pub zh: String,
    pub en: String,
}

/// One field of an action.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Field {
    pub name: &'static str,
    pub kind: FieldKind,
    pub required: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<FieldChoice>,
    /// Pictures, or boxes to tick, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
}

impl Field {
    fn new(name: &'static str, kind: FieldKind) -> Self {
        Self {
            name,
            kind,
            required: true,
            choices: Vec::new(),
            min: None,
        }
    }

    fn optional(self) -> Self {
        Self {
            required: false,
            ..self
        }
    }

    fn of(self, choices: impl IntoIterator<Item = FieldChoice>) -> Self {
        Self {
            choices: choices.into_iter().collect(),
            ..self
        }
    }

    fn photos(min: i64) -> Self {
        Self {
            required: min > 0,
            min: Some(min),
            ..Self::new("attachments", FieldKind::Photos)
        }
    }
}

fn choice(value: impl Into<Value>, zh: &str, en: &str) -> FieldChoice {
    FieldChoice {
        value: value.into(),
        zh: zh.to_owned(),
        en: en.to_owned(),
    }
}

/// Pictures that show what was done, at least.
pub(in crate::workflow) fn proof_photos_min(rule: &CollectionRule) -> i64 {
    i64::from(rule.feedback_photos_min).max(1)
}

/// The fields of an action for a case under its rules.
pub fn fields(action: Action, case: &WorkCase, rules: &RuleSet) -> Vec<Field> {
    of_desk(action, case, rules)
        .or_else(|| of_unit(action, case, rules))
        .unwrap_or_else(|| of_reason(action))
}

fn reason() -> Field {
    Field::new("reason", FieldKind::Reason)
}

fn text() -> Field {
    Field::new("text", FieldKind::Text)
}

fn unit() -> Field {
    Field::new("unit_id", FieldKind::Unit)
}

fn condition(condition: &Condition) -> FieldChoice {
    choice(condition.id.0, &condition.text_zh, &condition.text_en)
}

/// What the centre's desks and people on site fill in.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others are elsewhere in this file"
)]
#[expect(clippy::too_many_lines, reason = "a list, read row by row")]
fn of_desk(action: Action, case: &WorkCase, rules: &RuleSet) -> Option<Vec<Field>> {
    let collection = rules.collection(case.facts.class_code);
    Some(match action {
        Action::SendToVerify | Action::SendToCheck => {
            vec![Field::new("assignee_id", FieldKind::Person).optional()]
        }
        Action::Verify => finding([
            choice("confirmed", "属实", "it is so"),
            choice("not_found", "不属实", "not found"),
        ]),
        Action::Check => finding([
            choice("passed", "合格", "passed"),
            choice("failed", "不合格", "failed"),
        ]),
        Action::Merge => vec![Field::new("into", FieldKind::Case), reason().optional()],
        Action::SettleOnSpot => vec![text(), Field::photos(proof_photos_min(collection))],
        Action::File => {
            let conditions = rules.conditions_of(case.facts.class_code).iter();
            vec![
                Field::new("condition_id", FieldKind::Condition).of(conditions.map(condition)),
                Field::new("emergency", FieldKind::Flag).optional(),
                text().optional(),
            ]
        }
        Action::Dispatch => vec![
            unit(),
            Field::new("helper_unit_ids", FieldKind::Units).optional(),
            Field::new("limit_s", FieldKind::Number).optional(),
            reason().optional(),
            Field::new("note", FieldKind::Text).optional(),
        ],
        Action::DispatchQuick => {
            let reasons = rules.policy().quick_reasons.iter();
            let reasons = reasons.map(|reason| choice(&*reason.code, &reason.zh, &reason.en));
            vec![
                Field {
                    min: Some(1),
                    ..Field::new("reasons", FieldKind::Choice).of(reasons)
                },
                Field::new("estimate_fen", FieldKind::Money),
                unit(),
                Field::new("note", FieldKind::Text).optional(),
            ]
        }
        Action::Redispatch => vec![unit(), Field::new("note", FieldKind::Text).optional()],
        Action::Reassign => vec![
            unit(),
            reason(),
            Field::new("precedent", FieldKind::Flag).optional(),
        ],
        Action::Escalate | Action::SupportAppeal => vec![Field::new("opinion", FieldKind::Reason)],
        Action::Approve => {
            let closing = case.closing(rules);
            let boxes = closing.iter().enumerate();
            vec![Field {
                min: i64::try_from(closing.len()).ok(),
                ..Field::new("closing_met", FieldKind::Checklist)
                    .of(boxes.map(|(at, one)| choice(json!(at), &one.zh, &one.en)))
            }]
        }
        Action::Redirect => vec![
            reason(),
            Field::new("dispatcher_fault", FieldKind::Flag).optional(),
        ],
        Action::Supervise => vec![
            Field::new("level", FieldKind::Choice).of([
                choice("normal", "一般", "normal"),
                choice("important", "重点", "important"),
                choice("leader", "领导", "leader"),
            ]),
            reason(),
            Field::new("due_at", FieldKind::Datetime).optional(),
        ],
        _ => return None,
    })
}

/// What the unit or the crew that has the case fills in.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others are elsewhere in this file"
)]
fn of_unit(action: Action, case: &WorkCase, rules: &RuleSet) -> Option<Vec<Field>> {
    let collection = rules.collection(case.facts.class_code);
    Some(match action {
        Action::Dispute => vec![
            reason(),
            Field::new("proposed_unit_id", FieldKind::Unit).optional(),
            Field::photos(0),
        ],
        Action::Assign => vec![Field::new("worker_id", FieldKind::Person)],
        Action::Arrive => vec![Field::new("position", FieldKind::Position)],
        Action::Guard => vec![Field::photos(1)],
        Action::AskSuspension => vec![reason(), Field::new("until", FieldKind::Datetime)],
        Action::FeedBack => vec![
            text(),
            Field::photos(i64::from(collection.feedback_photos_min)),
        ],
        Action::FinishQuick => vec![
            text(),
            Field::photos(proof_photos_min(collection)),
            Field::new("items", FieldKind::Items).optional(),
            Field::new("close", FieldKind::Flag).optional(),
        ],
        Action::ReplySupervision => vec![text()],
        _ => return None,
    })
}

/// Steps that want a reason at most.
fn of_reason(action: Action) -> Vec<Field> {
    let needed = matches!(
        action,
        Action::Reject
            | Action::RefuseSettled
            | Action::ReturnToOperator
            | Action::AskVoid
            | Action::Uphold
            | Action::AskExtension
            | Action::RefuseExtension
            | Action::RefuseSuspension
            | Action::SendBack
            | Action::Rehandle
            | Action::CloseUnqualified
            | Action::Recur
            | Action::ForceClose
            | Action::AppealOverdue
    );
    let welcome = matches!(
        action,
        Action::RefuseVoid | Action::Resume | Action::EndSupervision | Action::RefuseAppeal
    );
    match (needed, welcome) {
        (true, _) => vec![reason()],
        (false, true) => vec![reason().optional()],
        (false, false) => Vec::new(),
    }
}

fn finding(results: [FieldChoice; 2]) -> Vec<Field> {
    vec![
        Field::new("result", FieldKind::Choice).of(results),
        text().optional(),
        Field::photos(1),
        Field::new("position", FieldKind::Position),
    ]
}
