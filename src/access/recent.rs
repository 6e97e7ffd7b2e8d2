//! Who signed-in people are, remembered for a second: for what is asked for often and costs less
//! than asking the database who asks.
//!
//! What is remembered is forgotten at once when a person's request changes anything here, when
//! the database rings `people` (a session ended, a role or a person changed, by whatever SQL), and
//! after a second in any case, should the bell get lost. Unknown cookies are not remembered.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use super::{Person, Scope, store};
use crate::http::App;

/// Nobody is remembered for longer.
const AGE_MAX: Duration = Duration::from_secs(1);
/// Beyond it everybody is forgotten.
const PEOPLE_MAX: usize = 10_000;
/// How long to wait after the database did not answer.
const RETRY: Duration = Duration::from_secs(1);

/// A session's cookie as the database knows it.
type CookieSha256 = [u8; 32];

/// The people of the last second. Cheap to clone; stops listening with its last clone.
#[derive(Debug, Clone)]
pub struct RecentPeople {
    known: Arc<Known>,
    _listener: Arc<AbortOnDropHandle<()>>,
}

/// A person as they were a second ago at most.
#[derive(Debug)]
pub struct Recent {
    person: Person,
    /// Looked up when it is asked for first.
    scope: OnceCell<Arc<Scope>>,
}

impl Recent {
    pub(super) fn new(person: Person) -> Self {
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
}

#[derive(Debug, Default)]
struct Known(RwLock<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// How often everybody was forgotten.
    forgotten: u64,
    people: HashMap<CookieSha256, (Instant, Arc<Recent>)>,
}

/// When a look at the database began: what it finds may be remembered unless somebody was
/// forgotten since.
#[derive(Debug, Clone, Copy)]
pub(super) struct LookBegan {
    at: Instant,
    forgotten: u64,
}

impl RecentPeople {
    /// Listens from now on.
    pub async fn open(db: PgPool) -> anyhow::Result<Self> {
        let bell = listen(&db).await?;
        let known = Arc::new(Known::default());
        let task = tokio::spawn(forget_when_rung(db, bell, Arc::clone(&known)));
        Ok(Self {
            known,
            _listener: Arc::new(AbortOnDropHandle::new(task)),
        })
    }

    pub(super) fn get(&self, cookie: &CookieSha256) -> Option<Arc<Recent>> {
        self.known.get(cookie, Instant::now())
    }

    pub(super) fn begin_look(&self) -> LookBegan {
        self.known.begin_look(Instant::now())
    }

    pub(super) fn remember(&self, cookie: CookieSha256, person: Arc<Recent>, began: LookBegan) {
        self.known.remember(cookie, person, began);
    }

    /// Somebody's rights may have changed.
    pub(crate) fn forget(&self) {
        self.known.forget();
    }
}

impl Known {
    fn get(&self, cookie: &CookieSha256, now: Instant) -> Option<Arc<Recent>> {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (asked_at, person) = inner.people.get(cookie)?;
        (now.duration_since(*asked_at) < AGE_MAX).then(|| Arc::clone(person))
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
        inner.people.insert(cookie, (began.at, person));
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

async fn forget_when_rung(db: PgPool, mut bell: PgListener, known: Arc<Known>) {
    while !db.is_closed() {
        // `None`: the connection was lost, and with it maybe a bell
        let rung = bell.try_recv().await;
        known.forget();
        if rung.is_err() {
            sleep(RETRY).await;
            if let Ok(again) = listen(&db).await {
                bell = again;
                known.forget();
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
        let known = Known::default();
        let began = known.begin_look(Instant::now());
        known.remember([1; 32], person(), began);
        let after = |ms| known.get(&[1; 32], began.at + Duration::from_millis(ms));
        assert!(after(999).is_some());
        assert!(after(1000).is_none());
        assert!(known.get(&[2; 32], began.at).is_none());
    }

    #[test]
    fn what_was_looked_up_before_forgetting_is_not_remembered() {
        let known = Known::default();
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
    fn no_more_than_so_many_are_remembered() {
        let known = Known::default();
        let began = known.begin_look(Instant::now());
        for number in 0..2 * PEOPLE_MAX as u64 {
            let mut cookie = [0; 32];
            cookie[..8].copy_from_slice(&number.to_le_bytes());
            known.remember(cookie, person(), began);
        }
        assert!(known.0.read().unwrap().people.len() <= PEOPLE_MAX);
    }
}
