//! Sign-ins on their way, and whom they belong to, in the database.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::provider::{Departure, Identity};
use crate::access::Secret;

/// How long somebody may take at the provider.
pub(super) const UNDER_WAY: TimeDelta = TimeDelta::minutes(10);

pub(super) async fn remember(
    db: impl PgExecutor<'_>,
    departure: &Departure,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "with stale as (delete from oidc_sign_in where expires_at <= $5)
         insert into oidc_sign_in (state_sha256, nonce, pkce_verifier, expires_at)
         values ($1, $2, $3, $4)",
    )
    .bind(
        Secret::from_request(departure.state.as_str())
            .sha256()
            .as_slice(),
    )
    .bind(&departure.nonce)
    .bind(&departure.pkce_verifier)
    .bind(at + UNDER_WAY)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// Nonce and verifier of a sign-in under way; each comes back once.
pub(super) async fn recall(
    db: impl PgExecutor<'_>,
    state: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<(String, String)>> {
    sqlx::query_as(
        "with back as (delete from oidc_sign_in where state_sha256 = $1 returning *)
         select nonce, pkce_verifier from back where expires_at > $2",
    )
    .bind(Secret::from_request(state).sha256().as_slice())
    .bind(at)
    .fetch_optional(db)
    .await
}

/// Whose identity it is: the person it is linked to, or the one whom an administrator expects to
/// come back with that login and who is linked to none, who is linked now. Returns their login and
/// whether they were linked just now.
pub(super) async fn find_or_link(
    db: &mut PgConnection,
    identity: &Identity,
) -> sqlx::Result<Option<(String, bool)>> {
    let linked: Option<String> = sqlx::query_scalar(
        "select login from person
         where oidc_issuer = $1 and oidc_subject = $2 and disabled_at is null",
    )
    .bind(&identity.issuer)
    .bind(&identity.subject)
    .fetch_optional(&mut *db)
    .await?;
    if let Some(login) = linked {
        return Ok(Some((login, false)));
    }
    let newly: Option<String> = sqlx::query_scalar(
        "update person set oidc_issuer = $1, oidc_subject = $2
         where oidc_login = $3 and oidc_subject is null and disabled_at is null
            and not exists (select from person where oidc_issuer = $1 and oidc_subject = $2)
         returning login",
    )
    .bind(&identity.issuer)
    .bind(&identity.subject)
    .bind(&identity.login)
    .fetch_optional(db)
    .await?;
    Ok(newly.map(|login| (login, true)))
}
