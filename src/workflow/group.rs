//! Group commit: what people do at the same moment is committed together.
//!
//! A durable commit and a question to the database cost much the same for one action as for fifty.
//! Orders go to lanes, a case always to the same one; a lane carries out what waits there in one
//! transaction, so that it is as long as the load demands and one order long on a quiet day. Each
//! is judged by itself and answered after the commit. What could disturb the others (a lock held
//! too long, a broken constraint, things written beside the case) is done by itself.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};

use super::act::{Decided, ask};
use super::store;
use super::{ActError, Actor, Answer, Command, Order, Workflow};
use crate::access::Person;
use crate::cases::CaseId;

/// Orders in one transaction.
const GROUP_MAX: usize = 64;
/// Orders that may wait in a lane; who comes then waits before it.
const WAITING_MAX: usize = 1024;

/// What a person orders to be done to a case.
#[derive(Debug)]
pub struct Asked {
    pub case: CaseId,
    pub person: Person,
    pub command: Command,
    /// The version the person saw; `None`: whatever it is now.
    pub version: Option<i32>,
    /// Key and SHA-256 of the request: what was answered to it is answered again.
    pub key: Option<(String, [u8; 32])>,
    /// Draws who goes to the place where nobody is named.
    pub seed: u64,
    pub now: DateTime<Utc>,
}

impl Asked {
    fn order(&self) -> Order<'_> {
        let key = self.key.as_ref();
        Order {
            case: self.case,
            actor: Actor::Person(&self.person),
            command: &self.command,
            version: self.version,
            key: key.map(|(key, sha256)| (key.as_str(), *sha256)),
            seed: self.seed,
        }
    }
}

#[derive(Debug)]
struct Job {
    asked: Asked,
    answer: oneshot::Sender<Answer>,
}

/// The way of people's actions to the database. Cheap to clone; ends with its last clone, after
/// what was accepted.
#[derive(Debug, Clone)]
pub struct GroupCommit {
    lanes: std::sync::Arc<[mpsc::Sender<Job>]>,
}

impl GroupCommit {
    /// As many lanes as `grouped` has connections. `db` is for what is done by itself.
    #[must_use]
    pub fn start(workflow: &Workflow, grouped: &PgPool, db: &PgPool) -> Self {
        let lanes = (0..grouped.options().get_max_connections()).map(|_| {
            let (lane, jobs) = mpsc::channel(WAITING_MAX);
            let worker = Lane {
                workflow: workflow.clone(),
                grouped: grouped.clone(),
                db: db.clone(),
            };
            tokio::spawn(worker.run(jobs));
            lane
        });
        Self {
            lanes: lanes.collect(),
        }
    }

    /// Does what is asked; it is committed when this answers.
    ///
    /// # Errors
    /// Why nothing was done.
    pub async fn act(&self, asked: Asked) -> Answer {
        let lane = asked.case.0.unsigned_abs() % self.lanes.len() as u64;
        let lane = &self.lanes[usize::try_from(lane).expect("less than the lanes there are")];
        let (answer, answered) = oneshot::channel();
        let ended = || ActError::Other(anyhow::anyhow!("the action ended without an answer"));
        let job = Job { asked, answer };
        lane.send(job).await.map_err(|_closed| ended())?;
        answered.await.map_err(|_dropped| ended())?
    }
}

#[derive(Clone)]
struct Lane {
    workflow: Workflow,
    /// Whose connections give up soon when they wait for a lock.
    grouped: PgPool,
    db: PgPool,
}

impl Lane {
    async fn run(self, mut jobs: mpsc::Receiver<Job>) {
        let mut waiting: Vec<Job> = Vec::new();
        loop {
            if waiting.is_empty() {
                match jobs.recv().await {
                    Some(job) => waiting.push(job),
                    None => return,
                }
            }
            while waiting.len() < GROUP_MAX {
                let Ok(job) = jobs.try_recv() else { break };
                waiting.push(job);
            }
            // one order a case: the next one is judged on what this one leaves
            let mut cases = HashSet::new();
            let (group, later) = std::mem::take(&mut waiting)
                .into_iter()
                .partition(|job| cases.insert(job.asked.case));
            waiting = later;
            // in a task of its own: a panic costs this group its answers, not the lane its life
            let lane = self.clone();
            let carried_out = tokio::spawn(async move { lane.carry_out(group).await }).await;
            if let Err(error) = carried_out {
                tracing::error!(%error, "actions on cases ended without an answer");
            }
            // who was just answered may have the next order ready: it goes with those that wait
            tokio::task::yield_now().await;
        }
    }

    async fn carry_out(&self, group: Vec<Job>) {
        let answers = self.together(&group).await.unwrap_or_else(|error| {
            tracing::debug!(%error, orders = group.len(), "done one by one instead");
            group.iter().map(|_| None).collect()
        });
        for (job, answer) in group.into_iter().zip(answers) {
            match answer {
                Some(answer) => reply(job.answer, answer),
                None => self.alone(job),
            }
        }
    }

    /// How each order ended, after the commit; `None`: it has to be done by itself.
    async fn together(&self, group: &[Job]) -> sqlx::Result<Vec<Option<Answer>>> {
        let orders: Vec<Order<'_>> = group.iter().map(|job| job.asked.order()).collect();
        let asks: Vec<_> = std::iter::zip(&orders, group)
            .map(|(order, job)| ask(order, job.asked.now))
            .collect();
        let mut tx = self.grouped.begin().await?;
        let loaded = store::load_all(&mut *tx, &asks).await?;
        let judged: Vec<Judged<'_>> = loaded
            .into_iter()
            .zip(std::iter::zip(&orders, group))
            .map(|(loaded, (order, job))| match loaded {
                None => Judged::Refused(ActError::NotFound),
                Some(loaded) if loaded.answered.is_some() => Judged::Alone,
                Some(loaded) => match self.workflow.judge(order, &loaded.case, job.asked.now) {
                    Ok(decided) if decided.beside.is_some() => Judged::Alone,
                    Ok(decided) => Judged::Decided(Box::new(decided)),
                    Err(error) => Judged::Refused(error),
                },
            })
            .collect();
        let entries: Vec<_> = judged
            .iter()
            .filter_map(|judged| match judged {
                Judged::Decided(decided) => Some(&decided.entry),
                Judged::Refused(_) | Judged::Alone => None,
            })
            .collect();
        let mut written = if entries.is_empty() {
            Vec::new()
        } else {
            store::write_all(&mut *tx, &entries).await?
        }
        .into_iter();
        tx.commit().await?;
        let answers = judged.into_iter().map(|judged| match judged {
            Judged::Refused(error) => Some(Err(error)),
            Judged::Alone => None,
            // where somebody else was first, it is looked at again
            Judged::Decided(decided) => written
                .next()
                .flatten()
                .map(|written| Ok(decided.done(written, None))),
        });
        Ok(answers.collect())
    }

    fn alone(&self, job: Job) {
        let (workflow, db) = (self.workflow.clone(), self.db.clone());
        tokio::spawn(async move {
            let Job { asked, answer } = job;
            let done = workflow.act(&db, &asked.order(), asked.now).await;
            reply(answer, done);
        });
    }
}

enum Judged<'a> {
    Refused(ActError),
    Alone,
    Decided(Box<Decided<'a>>),
}

/// Who asked may have gone meanwhile; what was done stays done.
fn reply(to: oneshot::Sender<Answer>, answer: Answer) {
    drop(to.send(answer));
}
