//! What is asked of the provider and what its answers prove.

use std::sync::Arc;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::Request;
use hyper::header::{ACCEPT, AUTHORIZATION};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenResponse as _,
};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::client::ProviderClient;
use crate::config::OidcConfig;

pub(super) const CALLBACK: &str = "/api/v1/session/oidc/callback";

/// The organisation's provider, as the settings name it.
#[derive(Debug)]
pub struct Provider {
    /// What the sign-in page calls it.
    pub(super) name: String,
    issuer: IssuerUrl,
    client_id: ClientId,
    client_secret: Option<ClientSecret>,
    redirect: RedirectUrl,
    /// The claim that is a person's login here.
    login_claim: String,
    client: ProviderClient,
}

/// A sign-in that leaves for the provider.
pub(super) struct Departure {
    /// Where the browser goes.
    pub(super) url: String,
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) pkce_verifier: String,
}

/// Who the provider says has come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) issuer: String,
    /// Never given to another person by that issuer.
    pub(super) subject: String,
    /// What the login claim says, where it is there and can be relied on.
    pub(super) login: Option<String>,
}

impl Provider {
    /// `None` without settings.
    ///
    /// # Errors
    /// When a setting is missing or no URL.
    pub(crate) fn open(config: &OidcConfig) -> anyhow::Result<Option<Arc<Self>>> {
        let Some(issuer) = &config.oidc_issuer else {
            return Ok(None);
        };
        let client_id = config
            .oidc_client_id
            .clone()
            .context("CITYWARD_OIDC_ISSUER needs CITYWARD_OIDC_CLIENT_ID")?;
        let public_url = config
            .public_url
            .as_deref()
            .context("CITYWARD_OIDC_ISSUER needs CITYWARD_PUBLIC_URL")?;
        let secret = config.oidc_client_secret.as_ref();
        Ok(Some(Arc::new(Self {
            name: config.oidc_name.clone(),
            issuer: IssuerUrl::new(issuer.clone()).context("read CITYWARD_OIDC_ISSUER")?,
            client_id: ClientId::new(client_id),
            client_secret: secret.map(|secret| ClientSecret::new(secret.expose_secret().into())),
            redirect: RedirectUrl::new(format!("{}{CALLBACK}", public_url.trim_end_matches('/')))
                .context("read CITYWARD_PUBLIC_URL")?,
            login_claim: config.oidc_login_claim.clone(),
            client: ProviderClient::new()?,
        })))
    }

    /// The provider's description and keys, as they are now.
    async fn discover(&self) -> anyhow::Result<CoreProviderMetadata> {
        let send = self.client.sender();
        CoreProviderMetadata::discover_async(self.issuer.clone(), &send)
            .await
            .context("ask the provider for its description")
    }

    /// Where to send a browser, and what to remember until it comes back.
    pub(super) async fn depart(&self) -> anyhow::Result<Departure> {
        let client = CoreClient::from_provider_metadata(
            self.discover().await?,
            self.client_id.clone(),
            self.client_secret.clone(),
        )
        .set_redirect_uri(self.redirect.clone());
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scope(Scope::new("profile".to_owned()))
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        Ok(Departure {
            url: url.to_string(),
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            pkce_verifier: verifier.into_secret(),
        })
    }

    /// Exchanges the code for who it is; checks the token's signature, issuer, audience, times
    /// and nonce.
    pub(super) async fn arrive(
        &self,
        code: String,
        nonce: String,
        pkce_verifier: String,
    ) -> anyhow::Result<Identity> {
        let metadata = self.discover().await?;
        let userinfo = metadata.userinfo_endpoint().cloned();
        let client = CoreClient::from_provider_metadata(
            metadata,
            self.client_id.clone(),
            self.client_secret.clone(),
        )
        .set_redirect_uri(self.redirect.clone());
        let send = self.client.sender();
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))?
            .set_pkce_verifier(PkceCodeVerifier::new(pkce_verifier))
            .request_async(&send)
            .await
            .context("exchange the code")?;
        let id_token = tokens.id_token().context("the provider sent no ID token")?;
        let verifier = client.id_token_verifier();
        let claims = id_token
            .claims(&verifier, &Nonce::new(nonce))
            .context("the ID token is not valid")?;
        if let Some(hash) = claims.access_token_hash() {
            let actual = AccessTokenHash::from_token(
                tokens.access_token(),
                id_token.signing_alg()?,
                id_token.signing_key(&verifier)?,
            )?;
            anyhow::ensure!(actual == *hash, "the access token is not the ID token's");
        }
        let subject = claims.subject().to_string();
        let mut login = self.login_in(&payload_of(&id_token.to_string())?);
        if let (None, Some(userinfo)) = (&login, userinfo) {
            let token = tokens.access_token().secret();
            let info = self.user_info(userinfo.as_str(), token, &subject).await?;
            login = self.login_in(&info);
        }
        Ok(Identity {
            issuer: self.issuer.to_string(),
            subject,
            login,
        })
    }

    /// Many providers tell names only at the userinfo endpoint.
    async fn user_info(&self, url: &str, token: &str, subject: &str) -> anyhow::Result<Value> {
        let request = Request::get(url)
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Vec::new())?;
        let answer = self.client.send(request).await?;
        anyhow::ensure!(
            answer.status().is_success(),
            "userinfo was answered {}",
            answer.status()
        );
        let info: Value = serde_json::from_slice(answer.body()).context("read userinfo")?;
        anyhow::ensure!(info["sub"] == subject, "userinfo is about somebody else");
        Ok(info)
    }

    /// The login claim; an address only where the provider has seen to it that it is theirs.
    fn login_in(&self, claims: &Value) -> Option<String> {
        let unproven = self.login_claim == "email" && claims["email_verified"] != true;
        let login = claims[self.login_claim.as_str()].as_str()?;
        (!unproven && !login.contains('\0')).then(|| login.to_owned())
    }
}

/// The claims of a signed token whose signature was checked.
fn payload_of(token: &str) -> anyhow::Result<Value> {
    let payload = token
        .split('.')
        .nth(1)
        .context("the ID token has no claims")?;
    let json = URL_SAFE_NO_PAD
        .decode(payload)
        .context("the ID token's claims are not base64")?;
    serde_json::from_slice(&json).context("the ID token's claims are not JSON")
}
