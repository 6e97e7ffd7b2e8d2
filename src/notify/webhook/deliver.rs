//! The task that delivers: several processes share the work.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context as _;
use chrono::TimeDelta;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::client::{NotTaken, Postman};
use super::derive::derive;
use super::store::{self, Busy, Claimed};
use super::{SEALED, WebhookKey, sign};
use crate::config::WebhookConfig;
use crate::http::App;
use crate::notify::receipt::{self, GIVING};
use crate::workflow::{Delivery, Receipt};

const LOOK_EVERY: Duration = Duration::from_millis(300);
/// Deliveries of this process on their way.
const ON_THE_WAY_MAX: usize = 32;
/// Of them, to one webhook: a slow one must not hold up the others.
const TO_ONE_MAX: usize = 4;
/// Of them, to all webhooks of one unit, whose system may be down as a whole. May be passed by what
/// is claimed at once.
const TO_ONE_UNIT_MAX: usize = 8;
/// The longest wait between two attempts.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// Delivers until `stop`; what is on its way then is finished or, after its lease, done by
/// whoever runs next.
///
/// # Errors
/// At once, when no connection could ever be made.
pub async fn deliver(app: App, stop: CancellationToken) -> anyhow::Result<()> {
    let settings = &app.config.webhook;
    let timeout = Duration::from_millis(settings.webhook_timeout_ms.into());
    let postman = Postman::new(settings.webhook_allow_local, timeout)
        .context("cannot prepare to deliver to webhooks")?;
    let courier = Courier {
        lease: TimeDelta::from_std(timeout * 2)?,
        key: app.webhook_key.clone(),
        app,
        postman,
    };
    let mut on_the_way = JoinSet::new();
    let mut to = OnTheWay::default();
    while !stop.is_cancelled() {
        if let Err(error) = derive(&courier.app.machine, courier.app.now()).await {
            tracing::warn!(error = format!("{error:#}"), "cannot write deliveries");
        }
        match courier.claim(&to, ON_THE_WAY_MAX - on_the_way.len()).await {
            Ok(claimed) => {
                for one in claimed {
                    let destination = one.destination();
                    to.leaves(destination);
                    let courier = courier.clone();
                    on_the_way.spawn(async move {
                        courier.attempt(one).await;
                        destination
                    });
                }
            }
            Err(error) => tracing::warn!(%error, "cannot read deliveries"),
        }
        let look = tokio::time::sleep(LOOK_EVERY);
        tokio::select! {
            Some(done) = on_the_way.join_next() => {
                to.arrived(done?);
                while let Some(done) = on_the_way.try_join_next() {
                    to.arrived(done?);
                }
            }
            () = look => {}
            () = stop.cancelled() => {}
        }
    }
    on_the_way.join_all().await;
    Ok(())
}

/// A webhook and its unit.
#[derive(Debug, Clone, Copy)]
struct Destination {
    webhook: i32,
    unit: i32,
}

impl Claimed {
    fn destination(&self) -> Destination {
        Destination {
            webhook: self.webhook_id,
            unit: self.unit_id,
        }
    }
}

/// How much is on its way, and where to.
#[derive(Debug, Default)]
struct OnTheWay {
    to_webhook: HashMap<i32, usize>,
    to_unit: HashMap<i32, usize>,
}

impl OnTheWay {
    fn leaves(&mut self, to: Destination) {
        *self.to_webhook.entry(to.webhook).or_default() += 1;
        *self.to_unit.entry(to.unit).or_default() += 1;
    }

    fn arrived(&mut self, at: Destination) {
        for (counts, key) in [
            (&mut self.to_webhook, at.webhook),
            (&mut self.to_unit, at.unit),
        ] {
            if let Some(count) = counts.get_mut(&key) {
                *count -= 1;
            }
            counts.retain(|_, count| *count > 0);
        }
    }

    fn busy(&self) -> Busy {
        let full = |counts: &HashMap<i32, usize>, max| {
            let full = counts.iter().filter(|(_, count)| **count >= max);
            full.map(|(key, _)| *key).collect()
        };
        Busy {
            webhooks: full(&self.to_webhook, TO_ONE_MAX),
            units: full(&self.to_unit, TO_ONE_UNIT_MAX),
        }
    }
}

#[derive(Clone)]
struct Courier {
    app: App,
    key: WebhookKey,
    postman: Postman,
    lease: TimeDelta,
}

impl Courier {
    async fn claim(&self, to: &OnTheWay, places: usize) -> sqlx::Result<Vec<Claimed>> {
        if places == 0 {
            return Ok(Vec::new());
        }
        // a few at a time, so that no webhook gets many more than its share
        let limit = places.min(TO_ONE_MAX).try_into().unwrap_or(u32::MAX);
        store::claim(
            &self.app.machine,
            self.app.now(),
            self.lease,
            &to.busy(),
            limit,
        )
        .await
    }

    /// One attempt.
    async fn attempt(&self, claimed: Claimed) {
        let webhook = claimed.webhook_id;
        if let Err(error) = self.try_once(&claimed).await {
            // its lease ends, and it is tried again
            tracing::warn!(
                error = format!("{error:#}"),
                webhook,
                "cannot note a delivery"
            );
        }
    }

    async fn try_once(&self, claimed: &Claimed) -> anyhow::Result<()> {
        let db = &self.app.machine;
        let at = self.app.now();
        let Some(secret) = self.key.unseal(SEALED, &claimed.secret_sealed) else {
            let error = "its secret was sealed under another key";
            return Ok(store::failed(db, claimed, None, error, None).await?);
        };
        let signature = sign::signature(&secret, at, &claimed.body);
        let answer = self
            .postman
            .post(&claimed.url, &signature, claimed.body.clone())
            .await;
        match answer {
            Ok(status) => {
                self.delivered(claimed.delivery_id, status.as_u16()).await?;
            }
            Err(error) => {
                let status = match &error {
                    NotTaken::Answered(status) => Some(status.as_u16()),
                    NotTaken::Address(_) | NotTaken::Late(_) | NotTaken::Unreachable(_) => None,
                };
                let wait = wait(&self.app.config.webhook, claimed.attempts, rand::random());
                let next_at = wait.map(|wait| self.app.now() + wait);
                store::failed(db, claimed, status, &error.to_string(), next_at).await?;
            }
        }
        Ok(())
    }
}

impl Courier {
    /// Notes that a system took a delivery; when it told of a case of its unit, the unit has
    /// received the notice.
    async fn delivered(&self, delivery: i64, status: u16) -> anyhow::Result<()> {
        let mut tx = self.app.machine.begin().await?;
        let at = self.app.now();
        let taken = store::delivered(&mut *tx, delivery, status, at).await?;
        let mut done = None;
        if let Some(taken) = taken.filter(|taken| GIVING.contains(&taken.action)) {
            let delivery = Delivery {
                unit_id: taken.unit_id,
                sent_at: taken.sent_at,
                receipt: Receipt::Webhook {
                    webhook_id: taken.webhook_id,
                },
            };
            done = receipt::deliver(&self.app, &mut tx, taken.case_id, delivery).await?;
        }
        tx.commit().await?;
        if let Some(done) = done {
            self.app.live.publish(&done.changes(), at);
        }
        Ok(())
    }
}

/// How long to wait after the `attempts`th attempt failed: twice as long each time, between half
/// and all of it as `luck` (0 to 1) has it, so that not everything comes at once when a system is
/// back. `None`: give up.
fn wait(settings: &WebhookConfig, attempts: i32, luck: f64) -> Option<TimeDelta> {
    let attempts = u32::try_from(attempts).unwrap_or(1).max(1);
    if attempts >= settings.webhook_attempts_max {
        return None;
    }
    let first = Duration::from_millis(settings.webhook_retry_ms.into());
    let longest = first
        .saturating_mul(2_u32.saturating_pow(attempts - 1))
        .min(WAIT_MAX);
    TimeDelta::from_std(longest.mul_f64(0.5 + luck.clamp(0.0, 1.0) / 2.0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_fills_its_own_places_and_no_more() {
        let mut to = OnTheWay::default();
        let destination = |webhook| Destination { webhook, unit: 1 };
        for webhook in 0..8 {
            assert!(to.busy().units.is_empty());
            to.leaves(destination(webhook));
        }
        assert_eq!(to.busy().units, [1]);
        assert!(to.busy().webhooks.is_empty());
        to.arrived(destination(0));
        assert!(to.busy().units.is_empty());
        for _ in 0..4 {
            to.leaves(Destination {
                webhook: 9,
                unit: 2,
            });
        }
        assert_eq!(to.busy().webhooks, [9]);
    }

    #[test]
    fn waits_double_up_to_an_hour_and_end() {
        let settings = WebhookConfig {
            webhook_key_file: None,
            webhook_allow_local: false,
            webhook_timeout_ms: 10_000,
            webhook_retry_ms: 5_000,
            webhook_attempts_max: 16,
        };
        let longest: Vec<_> = (1..20).map(|n| wait(&settings, n, 1.0)).collect();
        assert_eq!(longest[0], Some(TimeDelta::seconds(5)));
        assert_eq!(longest[1], Some(TimeDelta::seconds(10)));
        assert_eq!(longest[14], Some(TimeDelta::hours(1)));
        assert_eq!(longest[15], None);
        assert_eq!(wait(&settings, 2, 0.0), Some(TimeDelta::seconds(5)));
    }
}
