//! Somebody signed in.

use anyhow::Context as _;
use cityward::access;
use reqwest::{Client, Response};
use serde_json::json;
use sqlx::PgPool;

pub(crate) struct Visitor {
    client: Client,
    pub(crate) base: String,
    pub(crate) cookie: String,
}

impl Visitor {
    /// The administrator, at a service.
    pub(crate) async fn sign_in(db: &PgPool, base: &str) -> anyhow::Result<Self> {
        let (login, password) = access::reset_administrator(db).await?;
        let client = Client::new();
        let answer = client
            .post(format!("{base}/api/v1/session"))
            .json(&json!({ "login": login, "password": password.reveal() }))
            .send()
            .await?
            .error_for_status()?;
        let cookie = answer.headers().get("set-cookie").context("a cookie")?;
        let cookie = cookie.to_str()?.split(';').next().unwrap_or_default();
        Ok(Self {
            client,
            base: base.to_owned(),
            cookie: cookie.to_owned(),
        })
    }

    /// Somebody at a server that asks nobody who they are.
    pub(crate) fn anybody(base: &str) -> Self {
        Self {
            client: Client::new(),
            base: base.to_owned(),
            cookie: String::new(),
        }
    }

    /// The same person with connections of their own.
    pub(crate) fn again(&self) -> Self {
        Self {
            client: Client::new(),
            base: self.base.clone(),
            cookie: self.cookie.clone(),
        }
    }

    pub(crate) async fn get(&self, path: &str, coding: &str) -> anyhow::Result<Response> {
        self.get_newer(path, coding, None).await
    }

    /// Nothing, if it is still what `had` is the tag of.
    pub(crate) async fn get_newer(
        &self,
        path: &str,
        coding: &str,
        had: Option<&str>,
    ) -> anyhow::Result<Response> {
        let mut request = self
            .client
            .get(format!("{}{path}", self.base))
            .header("cookie", &self.cookie)
            .header("accept-encoding", coding);
        if let Some(tag) = had {
            request = request.header("if-none-match", tag);
        }
        Ok(request.send().await?.error_for_status()?)
    }
}
