//! Who signed-in people are, remembered for a second: for what is asked for often and costs less
//! than asking the database who asks.
//!
//! What is remembered is forgotten at once when a person's request changes anything here, when
//! the database rings `people` (a session ended, a role or a person changed, by whatever SQL), and
//! counts for a second at most, should the bell get lost. Unknown cookies are not remembered.
//! While the database is away, nobody's session can end in it: who was known within the last minute
//! is known until it is back.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::{Person, Scope, store};
use crate::http::App;

/// Nobody is taken at their word for longer.
const AGE_MAX: Duration = Duration::from_secs(1);
/// Nor for longer than this while the database is away.
const AWAY_AGE_MAX: Duration = Duration::from_secs(60);
/// So long it has for an answer, and is then not asked again for as long.
const PATIENCE: Duration = Duration::from_secs(1);
/// Beyond it everybody is forgotten.
const PEOPLE_MAX: usize = 10_000;
/// How long to wait after the database did not answer.
const RETRY: Duration = Duration::from_secs(1);

/// A session's cookie as the database knows it.
type CookieSha256 = [u8; 32];

/// The people of the last second. Cheap to clone; stops listening with its last clone.
#[derive(Debug, Clone)]
pub struct RecentPeople {
    known: Arc<Memory>,
    _listener: Arc<AbortOnDropHandle<()>>,
}

/// Who a cookie is.
#[derive(Debug)]
struct Known {
    asked_at: Instant,
    /// Something may have changed that was not heard of.
    doubted: bool,
    person: Arc<Recent>,
}

/// A person as they were a second ago at most.
#[derive(Debug)]
pub struct Recent {
    person: Person,
    /// Looked up when it is asked for first.
    scope: OnceCell<Arc<Scope>>,
}

impl Recent {
    fn new(person: Person) -> Self {
        Self {
            person,
            scope: OnceCell::new(),
        }
    }

    /// What they reach.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn scope(&self, app: &App) -> sqlx::Result<Arc<Scope>> {
        let look = || async {
            let scope = store::scope(&mut *app.scoped(&self.person).await?).await?;
            Ok(Arc::new(scope))
        };
        self.scope.get_or_try_init(look).await.cloned()
    }

    /// What they reach, if it was looked up.
    pub(crate) fn known_scope(&self) -> Option<&Arc<Scope>> {
        self.scope.get()
    }
}

#[derive(Debug, Default)]
struct Memory(RwLock<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// How often everybody was forgotten or doubted.
    forgotten: u64,
    /// Until when the database is taken to be away.
    away_until: Option<Instant>,
    people: HashMap<CookieSha256, Known>,
}

/// When a look at the database began: what it finds may be remembered unless somebody was
/// forgotten since.
#[derive(Debug, Clone, Copy)]
struct LookBegan {
    at: Instant,
    forgotten: u64,
}

impl RecentPeople {
    /// Listens from now on.
    pub async fn open(db: PgPool) -> anyhow::Result<Self> {
        let bell = listen(&db).await?;
        let known = Arc::new(Memory::default());
        let task = tokio::spawn(forget_when_rung(db, bell, Arc::clone(&known)));
        Ok(Self {
            known,
            _listener: Arc::new(AbortOnDropHandle::new(task)),
        })
    }

    pub(super) fn get(&self, cookie: &CookieSha256) -> Option<Arc<Recent>> {
        self.known.get(cookie, Instant::now())
    }

    /// The person of a cookie as `look` finds them in the database or, where it does not answer, as
    /// they were known last.
    pub(super) async fn find<E: From<anyhow::Error>>(
        &self,
        cookie: &CookieSha256,
        look: impl Future<Output = Result<Person, E>>,
        is_away: impl Fn(&E) -> bool,
    ) -> Result<Arc<Recent>, E> {
        let last_known = || self.known.get_while_away(cookie, Instant::now());
        if self.known.is_away(Instant::now())
            && let Some(person) = last_known()
        {
            return Ok(person);
        }
        let began = self.begin_look();
        let error = match timeout(PATIENCE, look).await {
            Ok(Ok(person)) => {
                let person = Arc::new(Recent::new(person));
                self.remember(*cookie, Arc::clone(&person), began);
                return Ok(person);
            }
            Ok(Err(error)) if !is_away(&error) => return Err(error),
            Ok(Err(error)) => error,
            Err(_elapsed) => E::from(anyhow::anyhow!("the database does not say who asks")),
        };
        self.known.went_away(Instant::now());
        last_known().ok_or(error)
    }

    fn begin_look(&self) -> LookBegan {
        self.known.begin_look(Instant::now())
    }

    fn remember(&self, cookie: CookieSha256, person: Arc<Recent>, began: LookBegan) {
        self.known.remember(cookie, person, began);
    }

    /// Somebody's rights may have changed.
    pub(crate) fn forget(&self) {
        self.known.forget();
    }
}

impl Memory {
    fn get(&self, cookie: &CookieSha256, now: Instant) -> Option<Arc<Recent>> {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = inner.people.get(cookie)?;
        let recent = !known.doubted && now.duration_since(known.asked_at) < AGE_MAX;
        recent.then(|| Arc::clone(&known.person))
    }

    fn get_while_away(&self, cookie: &CookieSha256, now: Instant) -> Option<Arc<Recent>> {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = inner.people.get(cookie)?;
        let recent = now.duration_since(known.asked_at) < AWAY_AGE_MAX;
        recent.then(|| Arc::clone(&known.person))
    }

    fn is_away(&self, now: Instant) -> bool {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        inner.away_until.is_some_and(|until| now < until)
    }

    fn went_away(&self, now: Instant) {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        inner.away_until = Some(now + PATIENCE);
    }

    fn begin_look(&self, at: Instant) -> LookBegan {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        LookBegan {
            at,
            forgotten: inner.forgotten,
        }
    }

    fn remember(&self, cookie: CookieSha256, person: Arc<Recent>, began: LookBegan) {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if inner.forgotten != began.forgotten {
            return; // the look may have seen what was before
        }
        if inner.people.len() >= PEOPLE_MAX {
            inner.people.clear();
        }
        inner.away_until = None;
        let known = Known {
            asked_at: began.at,
            doubted: false,
            person,
        };
        inner.people.insert(cookie, known);
    }

    /// The connection that tells of changes was lost, and what it would have told.
    fn doubt(&self) {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        inner.forgotten += 1;
        for known in inner.people.values_mut() {
            known.doubted = true;
        }
    }

    fn forget(&self) {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        inner.forgotten += 1;
        inner.people.clear();
    }
}

async fn listen(db: &PgPool) -> sqlx::Result<PgListener> {
    let mut bell = PgListener::connect_with(db).await?;
    bell.listen("people").await?;
    Ok(bell)
}

async fn forget_when_rung(db: PgPool, mut bell: PgListener, known: Arc<Memory>) {
    while !db.is_closed() {
        match bell.try_recv().await {
            Ok(Some(_rung)) => known.forget(),
            // the connection was lost, and with it maybe a bell
            Ok(None) => known.doubt(),
            Err(_) => {
                known.doubt();
                sleep(RETRY).await;
                if let Ok(again) = listen(&db).await {
                    bell = again;
                    known.doubt();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> Arc<Recent> {
        Arc::new(Recent::new(Person {
            id: 1,
            login: "a".to_owned(),
            name: "A".to_owned(),
            grants: Vec::new(),
        }))
    }

    #[test]
    fn nobody_is_remembered_for_longer_than_a_second() {
        let known = Memory::default();
        let began = known.begin_look(Instant::now());
        known.remember([1; 32], person(), began);
        let after = |ms| known.get(&[1; 32], began.at + Duration::from_millis(ms));
        assert!(after(999).is_some());
        assert!(after(1000).is_none());
        assert!(known.get(&[2; 32], began.at).is_none());
    }

    #[test]
    fn what_was_looked_up_before_forgetting_is_not_remembered() {
        let known = Memory::default();
        let began = known.begin_look(Instant::now());
        known.forget();
        known.remember([1; 32], person(), began);
        assert!(known.get(&[1; 32], began.at).is_none());
        let began = known.begin_look(began.at);
        known.remember([1; 32], person(), began);
        assert!(known.get(&[1; 32], began.at).is_some());
        known.forget();
        assert!(known.get(&[1; 32], began.at).is_none());
    }

    #[test]
    fn while_the_database_is_away_who_was_known_stays_known_for_a_minute() {
        let known = Memory::default();
        let began = known.begin_look(Instant::now());
        known.remember([1; 32], person(), began);
        known.doubt();
        let at = |s| began.at + Duration::from_secs(s);
        assert!(known.get(&[1; 32], began.at).is_none(), "it is asked again");
        assert!(known.get_while_away(&[1; 32], at(59)).is_some());
        assert!(known.get_while_away(&[1; 32], at(60)).is_none());
        // who was forgotten because something changed is not known any more
        known.forget();
        assert!(known.get_while_away(&[1; 32], at(1)).is_none());
    }

    #[test]
    fn no_more_than_so_many_are_remembered() {
        let known = Memory::default();
        let began = known.begin_look(Instant::now());
        for number in 0..2 * PEOPLE_MAX as u64 {
            let mut cookie = [0; 32];
            cookie[..8].copy_from_slice(&number.to_le_bytes());
            known.remember(cookie, person(), began);
        }
        assert!(known.0.read().unwrap().people.len() <= PEOPLE_MAX);
    }
}
