//! An action is done whole or not at all: load, judge, write.

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor, PgPool};
use utoipa::ToSchema;

use super::apply::{Beside, SITE_ROLES};
use super::case::WorkCase;
use super::entry::entry;
use super::store::{self, Ask, Entry, Loaded, Written};
use super::{
    Actor, Change, Command, Refusal, RefusalCode, Setting, Step, WorkView, WrongField, apply, may,
};
use crate::access::Role;
use crate::cases::register::start_filing_clock;
use crate::cases::{self, Action, CaseChange, CaseId, CaseRow, CaseState};
use crate::catalogue;
use crate::ledger::{self, Spend, SpendError};
use crate::rules::{self, NewPrecedent, PlaceScope, RuleSet, Rules};
use crate::territory::TerritoryWatch;

/// How often a step is tried when something else was written at the same moment.
const TRIES: u32 = 5;

/// What decisions go by, in memory.
#[derive(Debug, Clone)]
pub struct Workflow {
    pub rules: Rules,
    pub territory: TerritoryWatch,
}

/// What is to be done to which case.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    pub case: CaseId,
    pub actor: Actor<'a>,
    pub command: &'a Command,
    /// The version the actor saw; `None`: whatever it is now.
    pub version: Option<i32>,
    /// Key and SHA-256 of the request: what was answered to it is answered again.
    pub key: Option<(&'a str, [u8; 32])>,
    /// Draws who goes to the place where nobody is named.
    pub seed: u64,
}

/// What was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    pub row: CaseRow,
    pub event_id: i64,
    /// Until when the same person may take it back.
    pub undo_until: Option<DateTime<Utc>>,
    /// A case that was opened by it.
    pub opened: Option<CaseRow>,
    /// It had been done before, on the same key.
    pub repeated: bool,
}

/// How an order ended.
pub type Answer = Result<Done, ActError>;

/// Somebody else acted first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Conflict {
    pub version: i32,
    pub state: CaseState,
    /// What they did.
    pub last: Option<ConflictingAction>,
}

/// What somebody else did first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConflictingAction {
    pub action: Action,
    /// `person:<id>` or `system`.
    pub actor: String,
    pub at: DateTime<Utc>,
}

/// Why an order was not carried out; nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    #[error("there is no such case")]
    NotFound,
    #[error("somebody else acted on the case first")]
    Conflict(Conflict),
    #[error("{action:?} does not start from {state:?}")]
    WrongState { action: Action, state: CaseState },
    #[error("{}", .0.code.sentence())]
    NotAllowed(Refusal),
    #[error("{}", .0.code.sentence())]
    RuleBroken(Refusal),
    #[error(transparent)]
    WrongField(#[from] WrongField),
    #[error("the key was used for another request")]
    KeyReused,
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<sqlx::Error> for ActError {
    fn from(error: sqlx::Error) -> Self {
        let key_taken = error
            .as_database_error()
            .is_some_and(|error| error.constraint() == Some("idempotency_pk"));
        if key_taken {
            return Self::KeyReused;
        }
        let picture_gone = error
            .as_database_error()
            .is_some_and(|error| error.constraint() == Some(store::PICTURE_YOURS));
        if picture_gone {
            return not_yours().into();
        }
        Self::Other(error.into())
    }
}

impl ActError {
    fn refused(refusal: Refusal) -> Self {
        if refusal.code.is_about_rights() {
            Self::NotAllowed(refusal)
        } else {
            Self::RuleBroken(refusal)
        }
    }
}

impl Done {
    /// What pages are told.
    pub fn changes(&self) -> Vec<CaseChange> {
        if self.repeated {
            return Vec::new();
        }
        let opened = self.opened.iter().cloned().map(CaseChange::Opened);
        let changed = CaseChange::Changed(self.row.clone());
        opened.chain([changed]).collect()
    }
}

impl Workflow {
    /// The rule set a case was opened under.
    pub fn rules_of(&self, case: &WorkCase) -> std::sync::Arc<RuleSet> {
        let own = case.facts.rule_set_id.and_then(|id| self.rules.get(id));
        own.unwrap_or_else(|| self.rules.in_force(case.opened_at))
    }

    /// How a case is worked, as whoever acts in `tx` may see it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn look_at(
        &self,
        db: impl PgExecutor<'_>,
        case: CaseId,
        now: DateTime<Utc>,
    ) -> sqlx::Result<Option<WorkView>> {
        let loaded = store::load(db, &Ask::of(case, now)).await?;
        Ok(loaded.map(|Loaded { case, .. }| WorkView::new(&case, &self.rules_of(&case), now)))
    }

    /// Does what is ordered, in a transaction of its own.
    ///
    /// # Errors
    /// Why nothing was done.
    pub async fn act(&self, db: &PgPool, order: &Order<'_>, now: DateTime<Utc>) -> Answer {
        let mut tx = db.begin().await?;
        let done = self.act_in(&mut tx, order, now).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// What the service itself does, in a transaction of the caller.
    ///
    /// # Errors
    /// Why nothing was done.
    pub async fn act_as_system(
        &self,
        tx: &mut PgConnection,
        case: CaseId,
        command: &Command,
        now: DateTime<Utc>,
    ) -> Answer {
        let order = Order {
            case,
            actor: Actor::System,
            command,
            version: None,
            key: None,
            seed: case.0.unsigned_abs(),
        };
        self.act_in(tx, &order, now).await
    }

    /// What was written between the look and the write is looked at again: a notice that was
    /// received is nobody's conflict, what somebody did is.
    async fn act_in(&self, tx: &mut PgConnection, order: &Order<'_>, now: DateTime<Utc>) -> Answer {
        let ask = ask(order, now);
        let mut tries = 0;
        loop {
            let loaded = store::load(&mut *tx, &ask).await?;
            let loaded = loaded.ok_or(ActError::NotFound)?;
            if let Some(done) = self.answered(tx, order, &loaded).await? {
                return Ok(done);
            }
            if tries == TRIES {
                return Err(ActError::Conflict(conflict(&loaded.case)));
            }
            let decided = self.judge(order, &loaded.case, now)?;
            if let Some(written) = store::write(&mut *tx, &decided.entry).await? {
                let opened = self.write_beside(tx, order, &loaded.case, &decided).await?;
                return Ok(decided.done(written, opened));
            }
            tries += 1;
        }
    }

    /// What is to be written, if it may be done at all.
    pub(super) fn judge<'a>(
        &self,
        order: &Order<'a>,
        case: &WorkCase,
        now: DateTime<Utc>,
    ) -> Result<Decided<'a>, ActError> {
        if order.version.is_some_and(|seen| !case.is_as_seen(seen)) {
            return Err(ActError::Conflict(conflict(case)));
        }
        // as the database keeps it: whole microseconds
        let now = now.trunc_subsecs(6);
        let now = case.last.as_ref().map_or(now, |last| now.max(last.at));
        let rules = self.rules_of(case);
        let (step, role, change) = self.decide(order, case, &rules, now)?;
        Ok(Decided {
            entry: entry(order, case, &rules, &change, step, role, now),
            beside: change.beside,
            undo_until: step.undo.then(|| now + rules.policy().undo_within),
        })
    }

    /// The answer that was given to the same key before.
    async fn answered(
        &self,
        tx: &mut PgConnection,
        order: &Order<'_>,
        loaded: &Loaded,
    ) -> Result<Option<Done>, ActError> {
        let (Some(before), Some((_, sha256))) = (&loaded.answered, order.key) else {
            return Ok(None);
        };
        if before.request_sha256 != hexadecimal(&sha256) {
            return Err(ActError::KeyReused);
        }
        let undo = Step::of(order.command.action()).undo;
        let rules = self.rules_of(&loaded.case);
        Ok(Some(Done {
            row: cases::row(&mut *tx, order.case).await?,
            event_id: before.event_id,
            undo_until: undo.then(|| before.at + rules.policy().undo_within),
            opened: None,
            repeated: true,
        }))
    }

    /// May it be done, and what comes of it?
    fn decide(
        &self,
        order: &Order<'_>,
        case: &WorkCase,
        rules: &RuleSet,
        now: DateTime<Utc>,
    ) -> Result<(&'static Step, Option<Role>, Change), ActError> {
        let action = order.command.action();
        let step = Step::from_state(case.facts.state, action).ok_or(ActError::WrongState {
            action,
            state: case.facts.state,
        })?;
        let role = may(step, case, &order.actor, rules, now).map_err(ActError::refused)?;
        check_pictures(order, case)?;
        check_due(order.command, now)?;
        let setting = Setting {
            rules,
            now,
            route: self.route(order.command, case, rules, now),
            seed: order.seed,
        };
        let change =
            apply(case, order.command, order.actor, &setting).map_err(ActError::refused)?;
        Ok((step, role, change))
    }

    async fn write_beside(
        &self,
        tx: &mut PgConnection,
        order: &Order<'_>,
        case: &WorkCase,
        decided: &Decided<'_>,
    ) -> Result<Option<CaseRow>, ActError> {
        let Entry { at: now, role, .. } = decided.entry;
        match &decided.beside {
            None => Ok(None),
            Some(Beside::Recurrence) => {
                let person = order.actor.person_id();
                let snap = catalogue::snap_classes(&mut *tx, case.facts.class_code).await?;
                let placement = self.place(case, &snap);
                let placement = placement.as_ref();
                let new =
                    store::insert_recurrence(&mut *tx, case.id, placement, person, now).await?;
                let detail = serde_json::json!({ "recurrence_of": case.id });
                let actor = order.actor.name();
                store::insert_opened(&mut *tx, new, &actor, person, role, now, detail).await?;
                let rules = self.rules.in_force(now);
                start_filing_clock(&mut *tx, new, &rules, now).await?;

                Ok(Some(cases::row(&mut *tx, new).await?))
            }
            Some(Beside::Precedent { unit_id, reason }) => {
                let place = PlaceScope::community_of(&case.cell_code)
                    .ok_or_else(|| anyhow::anyhow!("{} is no cell", case.cell_code))?;
                let decided = NewPrecedent {
                    class: case.facts.class_code,
                    place: &place,
                    component_id: case.component_id,
                    unit_id: *unit_id,
                    case_id: case.id.0,
                    reason,
                };
                rules::add_precedent(&mut *tx, &decided, now).await?;
                Ok(None)
            }
            Some(Beside::Costs(items)) => {
                let spend = Spend {
                    case_id: case.id,
                    items,
                    person_id: order.actor.person_id().unwrap_or_default(),
                    at: now,
                };
                ledger::spend(&mut *tx, &spend).await.map_err(unspent)?;
                Ok(None)
            }
        }
    }
}

/// What is to be written for an order, and what is to be answered then.
pub(super) struct Decided<'a> {
    pub(super) entry: Entry<'a>,
    /// What is written beside the case, in the same transaction.
    pub(super) beside: Option<Beside>,
    undo_until: Option<DateTime<Utc>>,
}

impl Decided<'_> {
    pub(super) fn done(&self, written: Written, opened: Option<CaseRow>) -> Done {
        Done {
            row: written.row,
            event_id: written.event_id,
            undo_until: self.undo_until,
            opened,
            repeated: false,
        }
    }
}

fn unspent(error: SpendError) -> ActError {
    match error {
        SpendError::Item(wrong) => WrongField {
            field: format!("/{}", wrong.field),
            detail: wrong.right,
        }
        .into(),
        SpendError::BeyondBalance {
            amount_fen,
            balance_fen,
            missing_fen,
        } => ActError::RuleBroken(
            Refusal::new(RefusalCode::BeyondBalance)
                .with("amount_fen", amount_fen)
                .with("balance_fen", balance_fen)
                .with("missing_fen", missing_fen),
        ),
        SpendError::Database(error) => error.into(),
    }
}

/// What an order has to look at.
pub(super) fn ask<'a>(order: &Order<'a>, now: DateTime<Utc>) -> Ask<'a> {
    let draws = order.command.draws_site_person();
    Ask {
        acting: order.actor.person_id(),
        units: order.command.unit_ids(),
        people: order.command.person_ids(),
        pictures: order.command.picture_ids(),
        other: order.command.other_case(),
        site_roles: if draws { &SITE_ROLES } else { &[] },
        undo: order.command.action() == Action::Undo,
        key: order.key.map(|(key, _)| key),
        ..Ask::of(order.case, now)
    }
}

fn conflict(case: &WorkCase) -> Conflict {
    Conflict {
        version: case.version,
        state: case.facts.state,
        last: case.last.as_ref().map(|last| ConflictingAction {
            action: last.action,
            actor: last.actor.clone(),
            at: last.at,
        }),
    }
}

fn not_yours() -> WrongField {
    WrongField {
        field: "/attachments".to_owned(),
        detail: "names a picture that you did not upload or that is used already".to_owned(),
    }
}

/// A supervision order that is due later than this is none.
const SUPERVISION_MAX: TimeDelta = TimeDelta::days(366);

fn check_due(command: &Command, now: DateTime<Utc>) -> Result<(), WrongField> {
    let far = matches!(command, Command::Supervise { due_at: Some(at), .. } if *at > now + SUPERVISION_MAX);
    if !far {
        return Ok(());
    }
    Err(WrongField {
        field: "/due_at".to_owned(),
        detail: format!("must lie within {} days", SUPERVISION_MAX.num_days()),
    })
}

/// Pictures are named by whoever uploaded them, once.
fn check_pictures(order: &Order<'_>, case: &WorkCase) -> Result<(), WrongField> {
    let mine = |id: &i64| {
        case.pictures.iter().any(|picture| {
            picture.attachment_id == *id
                && !picture.used
                && Some(picture.uploaded_by) == order.actor.person_id()
        })
    };
    let named = order.command.picture_ids();
    if named.iter().all(mine) {
        return Ok(());
    }
    Err(not_yours())
}

/// As the database writes bytes in JSON.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    format!("\\x{}", hex::encode(bytes))
}
