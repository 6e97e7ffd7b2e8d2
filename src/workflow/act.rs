//! One action is one transaction: load, judge, write.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor, Postgres, Transaction};
use utoipa::ToSchema;

use super::apply::{Beside, SITE_ROLES};
use super::case::WorkCase;
use super::entry::entry;
use super::store::{self, Ask, Loaded};
use super::{Actor, Change, Command, Refusal, Setting, Step, WorkView, WrongField, apply, may};
use crate::access::Role;
use crate::cases::register::start_filing_clock;
use crate::cases::{self, Action, CaseChange, CaseId, CaseRow, CaseState};
use crate::ledger::{self, Spend, SpendError};
use crate::rules::{self, NewPrecedent, PlaceScope, Route, RouteAsk, RuleSet, Rules};
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
    #[error("not allowed: {}", .0.code)]
    NotAllowed(Refusal),
    #[error("breaks a rule: {}", .0.code)]
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
        Self::Other(error.into())
    }
}

impl ActError {
    fn refused(refusal: Refusal) -> Self {
        if refusal.is_about_rights() {
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
        let loaded = store::load(db, case, &Ask::default(), now).await?;
        Ok(loaded.map(|Loaded { case, .. }| WorkView::new(&case, &self.rules_of(&case), now)))
    }

    /// Does what is ordered, in `tx`, which says who acts, and commits it.
    ///
    /// # Errors
    /// Why nothing was done.
    pub async fn act(
        &self,
        mut tx: Transaction<'_, Postgres>,
        order: &Order<'_>,
        now: DateTime<Utc>,
    ) -> Answer {
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
        let ask = ask(order);
        let mut tries = 0;
        loop {
            let loaded = store::load(&mut *tx, order.case, &ask, now).await?;
            let loaded = loaded.ok_or(ActError::NotFound)?;
            if let Some(done) = self.answered(tx, order, &loaded).await? {
                return Ok(done);
            }
            let case = &loaded.case;
            let seen = order.version.is_none_or(|seen| case.is_as_seen(seen));
            if !seen || tries == TRIES {
                return Err(ActError::Conflict(conflict(case)));
            }
            if let Some(done) = self.act_on(tx, order, case, now).await? {
                return Ok(done);
            }
            tries += 1;
        }
    }

    /// `None`: something was written since the case was loaded, and nothing was done.
    async fn act_on(
        &self,
        tx: &mut PgConnection,
        order: &Order<'_>,
        case: &WorkCase,
        now: DateTime<Utc>,
    ) -> Result<Option<Done>, ActError> {
        let now = case.last.as_ref().map_or(now, |last| now.max(last.at));
        let rules = self.rules_of(case);
        let (step, role, change) = self.decide(order, case, &rules, now)?;
        let entry = entry(order, case, &rules, &change, step, role, now);
        let Some(written) = store::write(&mut *tx, &entry).await? else {
            return Ok(None);
        };
        if usize::try_from(written.pictures).ok() != Some(entry.pictures.len()) {
            // swept or used between the look and the write
            return Err(not_yours().into());
        }
        let opened = self
            .write_beside(tx, order, case, &change, role, now)
            .await?;
        Ok(Some(Done {
            row: cases::row(&mut *tx, order.case).await?,
            event_id: written.event_id,
            undo_until: step.undo.then(|| now + rules.policy().undo_within),
            opened,
            repeated: false,
        }))
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

    /// Whose case it would be under the class it is filed with.
    fn route(
        &self,
        command: &Command,
        case: &WorkCase,
        rules: &RuleSet,
        now: DateTime<Utc>,
    ) -> Option<Route> {
        let Command::File { class, .. } = command else {
            return None;
        };
        let class = class.unwrap_or(case.facts.class_code);
        Some(self.suggest(case, class, rules, now))
    }

    /// Whose case it is, and by which rule (R3.5).
    pub fn suggest(
        &self,
        case: &WorkCase,
        class: crate::catalogue::ClassCode,
        rules: &RuleSet,
        now: DateTime<Utc>,
    ) -> Route {
        let territory = self.territory.now();
        let ask = RouteAsk::at(&territory, class, case.place, now);
        self.rules.route(rules, &ask)
    }

    async fn write_beside(
        &self,
        tx: &mut PgConnection,
        order: &Order<'_>,
        case: &WorkCase,
        change: &Change,
        role: Option<Role>,
        now: DateTime<Utc>,
    ) -> Result<Option<CaseRow>, ActError> {
        match &change.beside {
            None => Ok(None),
            Some(Beside::Recurrence) => {
                let person = order.actor.person_id();
                let new = store::insert_recurrence(&mut *tx, case.id, person, now).await?;
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
            Refusal::new("beyond_balance")
                .with("amount_fen", amount_fen)
                .with("balance_fen", balance_fen)
                .with("missing_fen", missing_fen),
        ),
        SpendError::Database(error) => error.into(),
    }
}

fn ask<'a>(order: &Order<'a>) -> Ask<'a> {
    let draws = order.command.draws_site_person();
    Ask {
        units: order.command.unit_ids(),
        people: order.command.person_ids(),
        pictures: order.command.picture_ids(),
        other: order.command.other_case(),
        site_roles: if draws { &SITE_ROLES } else { &[] },
        undo: order.command.action() == Action::Undo,
        key: order.actor.person_id().zip(order.key.map(|(key, _)| key)),
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
fn hexadecimal(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    ["\\x", &digits].concat()
}
