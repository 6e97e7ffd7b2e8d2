//! Where a request comes from, as far as it can be relied on.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use super::{ApiError, App, Peer};

/// What proxies say whom they speak for with; each adds the address it heard from at the end.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Address of the client: the peer's or, where the peer is a proxy that the settings trust, the
/// one that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The last address on the way that is no trusted proxy; what stands before it anybody may
    /// have written.
    fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> Self {
        let mut client = peer.to_canonical();
        let said = headers.get_all(FORWARDED_FOR);
        let said: Vec<&str> = said.iter().filter_map(|line| line.to_str().ok()).collect();
        let mut way = said.iter().rev().flat_map(|line| line.rsplit(','));
        while trusted.contains(&client) {
            let Some(Ok(before)) = way.next().map(|address| address.trim().parse::<IpAddr>())
            else {
                break;
            };
            client = before.to_canonical();
        }
        Self(client)
    }
}

impl FromRequestParts<App> for ClientAddress {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Peer(peer) = parts
            .extensions
            .get::<Peer>()
            .ok_or_else(|| anyhow::anyhow!("a request without a peer"))?;
        let trusted = &app.config.http.trusted_proxies;
        Ok(Self::of(peer.ip(), &parts.headers, trusted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, said: &[&'static str], trusted: &[&str]) -> String {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let mut headers = HeaderMap::new();
        for line in said {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        let trusted: Vec<IpAddr> = trusted.iter().copied().map(address).collect();
        let ClientAddress(client) = ClientAddress::of(address(peer), &headers, &trusted);
        client.to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_its_own_word() {
        let claim = ["203.0.113.7"];
        assert_eq!(client("192.0.2.1", &claim, &[]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &claim, &["192.0.2.9"]), "192.0.2.1");
        let proxies = ["192.0.2.1", "192.0.2.2"];
        assert_eq!(client("192.0.2.1", &claim, &proxies), "203.0.113.7");
        let forged = ["198.51.100.1, 203.0.113.7", "192.0.2.2"];
        assert_eq!(client("::ffff:192.0.2.1", &forged, &proxies), "203.0.113.7");
        assert_eq!(client("192.0.2.1", &["nonsense"], &proxies), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &[], &proxies), "192.0.2.1");
    }
}
