//! The task that looks after the libraries we subscribe to: several processes share the work.

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use hyper::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::client::{Failure, Library, Speaker};
use super::store::{self, Peer, Standing};
use super::words::{self, Subscription};
use crate::http::App;
use crate::viid::{DeviceId, SEALED};

const LOOK_EVERY: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(10);
/// A turn is at most a few calls long.
const LEASE: TimeDelta = TimeDelta::seconds(120);
/// After something went wrong.
const RETRY: TimeDelta = TimeDelta::seconds(30);
/// How long a subscription stands, and how long before its end it is renewed.
const SUBSCRIBED_FOR: TimeDelta = TimeDelta::hours(24);
const RENEW_BEFORE: TimeDelta = TimeDelta::hours(6);
/// One that we left and cannot reach is told so for this long.
const LEAVE_WITHIN: TimeDelta = TimeDelta::hours(24);

/// Registers, keeps alive, subscribes, renews and leaves until `stop`.
///
/// # Errors
/// At once, when no connection could ever be made.
pub async fn keep(app: App, stop: CancellationToken) -> anyhow::Result<()> {
    let speaker = Speaker::new(app.config.webhook.webhook_allow_local, TIMEOUT)
        .context("cannot prepare to speak to view libraries")?;
    while !stop.is_cancelled() {
        match store::claim(&app.machine, app.now(), LEASE).await {
            Ok(Some(peer)) => {
                if let Err(error) = turn(&app, &speaker, &peer).await {
                    tracing::warn!(
                        peer = peer.peer_id,
                        error = format!("{error:#}"),
                        "cannot look after a view library"
                    );
                }
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "cannot read the view libraries"),
        }
        stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY))
            .await;
    }
    Ok(())
}

async fn turn(app: &App, speaker: &Speaker, peer: &Peer) -> anyhow::Result<()> {
    let own = DeviceId::read(&peer.device_id).context("our number there")?;
    let sealed = "sealed under another key";
    let password = app
        .webhook_key
        .unseal(SEALED, &peer.password_sealed)
        .context(sealed)?;
    let address = app
        .webhook_key
        .unseal(SEALED, &peer.receive_addr_sealed)
        .context(sealed)?;
    let mut talk = Talk {
        speaker,
        library: Library {
            base_url: &peer.base_url,
            own: &own,
            username: &peer.username,
            password: &password,
        },
        peer,
        receive_addr: address.reveal(),
        keepalive: TimeDelta::seconds(app.config.viid.viid_keepalive_s.into()),
        standing: peer.standing.clone(),
        now: app.now(),
    };
    let done = match peer.ended_at {
        None => talk.stay().await,
        Some(ended_at) => talk.leave(ended_at).await,
    };
    let error = done.err().map(|failure| failure.to_string());
    if let Some(error) = &error {
        tracing::warn!(peer = peer.peer_id, error, "a view library we subscribe to");
    }
    let next_at = match &error {
        Some(_) => talk.now + RETRY,
        None => talk.now + talk.keepalive,
    };
    let (standing, at) = (&talk.standing, talk.now);
    store::settle(
        &app.machine,
        peer.peer_id,
        standing,
        error.as_deref(),
        at,
        next_at,
    )
    .await?;
    Ok(())
}

/// A turn with one library.
struct Talk<'a> {
    speaker: &'a Speaker,
    library: Library<'a>,
    peer: &'a Peer,
    receive_addr: &'a str,
    keepalive: TimeDelta,
    standing: Standing,
    now: DateTime<Utc>,
}

impl Talk<'_> {
    async fn say(&self, method: Method, path: &'static str, body: &Value) -> Result<(), Failure> {
        self.speaker.send(&self.library, method, path, body).await
    }

    fn about_us(&self, wrapper: &str) -> Value {
        json!({ wrapper: { "DeviceID": self.library.own.as_str() } })
    }

    async fn stay(&mut self) -> Result<(), Failure> {
        if self.standing.registered_at.is_some() {
            let body = self.about_us("KeepaliveObject");
            match self
                .say(Method::POST, "/VIID/System/Keepalive", &body)
                .await
            {
                Ok(()) => self.standing.alive_at = Some(self.now),
                // it has forgotten us: register anew, now
                Err(Failure::NotLetIn { .. }) => self.standing.registered_at = None,
                Err(other) => {
                    let silent = self
                        .standing
                        .alive_at
                        .is_none_or(|at| self.now - at > self.keepalive * 3);
                    if silent {
                        self.standing.registered_at = None;
                    }
                    return Err(other);
                }
            }
        }
        if self.standing.registered_at.is_none() {
            let body = self.about_us("RegisterObject");
            self.say(Method::POST, "/VIID/System/Register", &body)
                .await?;
            self.standing.registered_at = Some(self.now);
            self.standing.alive_at = Some(self.now);
        }
        self.subscribe().await
    }

    /// Subscribes, and renews before the end.
    async fn subscribe(&mut self) -> Result<(), Failure> {
        let until = self.standing.subscribed_until;
        if until.is_some_and(|until| until - self.now > RENEW_BEFORE) {
            return Ok(());
        }
        let path = "/VIID/Subscribes";
        let until = self.now + SUBSCRIBED_FOR;
        if !self.standing.subscribe_ids.is_empty() {
            let body = self.subscription(&self.standing.subscribe_ids, until);
            if self.say(Method::PUT, path, &body).await.is_ok() {
                self.standing.subscribed_until = Some(until);
                return Ok(());
            }
            // not every library changes one that stands: take another
        }
        let numbers = 1..=self.peer.resource_uris.len();
        let ids: Vec<String> = numbers
            .map(|number| words::subscribe_id(self.library.own, self.now, number))
            .collect();
        let body = self.subscription(&ids, until);
        self.say(Method::POST, path, &body).await?;
        self.standing.subscribe_ids = ids;
        self.standing.subscribed_until = Some(until);
        Ok(())
    }

    fn subscription(&self, ids: &[String], until: DateTime<Utc>) -> Value {
        let each = ids.iter().zip(&self.peer.resource_uris);
        let each = each.map(|(id, resource_uri)| Subscription {
            id,
            resource_uri,
            detail: &self.peer.subscribe_detail,
            receive_addr: self.receive_addr,
            from: self.now,
            until,
        });
        let each: Vec<Subscription<'_>> = each.collect();
        words::subscribe(self.library.own, &each)
    }

    /// Ends the subscription and the registration; what cannot be told for a day is forgotten, because the
    /// subscription has ended by itself.
    async fn leave(&mut self, ended_at: DateTime<Utc>) -> Result<(), Failure> {
        let told = self.tell_goodbye().await;
        if told.is_ok() || self.now - ended_at > LEAVE_WITHIN {
            self.standing = Standing {
                registered_at: None,
                alive_at: None,
                subscribe_ids: Vec::new(),
                subscribed_until: None,
            };
        }
        told
    }

    async fn tell_goodbye(&self) -> Result<(), Failure> {
        if !self.standing.subscribe_ids.is_empty() {
            let body = words::cancel(self.library.own, &self.standing.subscribe_ids, self.now);
            self.say(Method::PUT, "/VIID/Subscribes", &body).await?;
        }
        let body = self.about_us("UnRegisterObject");
        match self
            .say(Method::POST, "/VIID/System/UnRegister", &body)
            .await
        {
            // it has forgotten us already
            Err(Failure::NotLetIn { .. }) => Ok(()),
            told => told,
        }
    }
}
