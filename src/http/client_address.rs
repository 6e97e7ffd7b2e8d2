//! Where a request comes from, as far as it can be relied on.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};

use super::{ApiError, App, Peer};

/// What proxies say whom they speak for with; each adds the address it heard from at the end.
const FORWARDED_FOR: &str = "x-forwarded-for";
/// What else a proxy writes that passes a request on.
const PASSED_ON: [&str; 3] = ["forwarded", "via", "x-real-ip"];

/// Address of the client: the peer's or, where the peer is a proxy that the settings trust, the
/// one that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The same, where it says who calls; `None`: whoever has it speaks for others and is no proxy that the
/// settings trust, so that anybody may come from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnAddress(pub Option<IpAddr>);

impl ClientAddress {
    /// The last address on the way that is no trusted proxy; what stands before it anybody may
    /// have written.
    fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> Self {
        Self(way(peer, headers, trusted).0)
    }
}

impl OwnAddress {
    fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> Self {
        let (client, speaks_for_others) = way(peer, headers, trusted);
        // a trusted proxy may say these of itself
        let by_proxy = trusted.contains(&peer.to_canonical());
        let passed_on = !by_proxy && PASSED_ON.iter().any(|name| headers.contains_key(*name));
        Self((!speaks_for_others && !passed_on).then_some(client))
    }
}

/// The last address on the way that is no trusted proxy, and whether it says that it speaks for others.
fn way(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> (IpAddr, bool) {
    let mut client = peer.to_canonical();
    // byte by byte: what a client writes before the proxy's own word may be no text at all
    let said = headers.get_all(FORWARDED_FOR).iter();
    let said: Vec<&[u8]> = said.map(HeaderValue::as_bytes).collect();
    let mut way = { said.iter().rev() }
        .flat_map(|line| line.rsplit(|byte| *byte == b','))
        .map(|word| str::from_utf8(word).ok()?.trim().parse::<IpAddr>().ok());
    while trusted.contains(&client) {
        match way.next() {
            Some(Some(before)) => client = before.to_canonical(),
            Some(None) => return (client, true),
            None => break,
        }
    }
    (client, way.next().is_some())
}

impl FromRequestParts<App> for ClientAddress {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let trusted = &app.config.http.trusted_proxies;
        Ok(Self::of(peer(parts)?, &parts.headers, trusted))
    }
}

impl FromRequestParts<App> for OwnAddress {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let trusted = &app.config.http.trusted_proxies;
        Ok(Self::of(peer(parts)?, &parts.headers, trusted))
    }
}

fn peer(parts: &Parts) -> Result<IpAddr, ApiError> {
    let Peer(peer) = parts
        .extensions
        .get::<Peer>()
        .ok_or_else(|| anyhow::anyhow!("a request without a peer"))?;
    Ok(peer.ip())
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

    #[test]
    fn an_address_is_a_callers_own_where_nobody_unknown_passes_its_call_on() {
        let own = |peer: &str, said: &[(&'static str, &'static str)], trusted: &[&str]| {
            let address = |text: &str| text.parse::<IpAddr>().unwrap();
            let mut headers = HeaderMap::new();
            for (name, line) in said {
                headers.append(*name, line.parse().unwrap());
            }
            let trusted: Vec<IpAddr> = trusted.iter().copied().map(address).collect();
            let OwnAddress(own) = OwnAddress::of(address(peer), &headers, &trusted);
            own.map(|own| own.to_string())
        };
        let some = |address: &str| Some(address.to_owned());
        let (proxy, device) = ("192.0.2.1", "203.0.113.7");
        assert_eq!(own(device, &[], &[]), some(device));
        assert_eq!(
            own(proxy, &[(FORWARDED_FOR, device)], &[proxy]),
            some(device)
        );
        for name in [FORWARDED_FOR, "forwarded", "via", "x-real-ip"] {
            assert_eq!(own(proxy, &[(name, device)], &[]), None, "{name}");
        }
        let both = [
            (FORWARDED_FOR, device),
            ("via", "1.1 front"),
            ("x-real-ip", device),
        ];
        assert_eq!(own(proxy, &both, &[proxy]), some(device));
        assert_eq!(own(proxy, &[(FORWARDED_FOR, "unknown")], &[proxy]), None);
        // what a client wrote before the proxy's own word is no text
        let odd = |trusted: &[IpAddr]| {
            let line = HeaderValue::from_bytes(b"\xff, 203.0.113.7").unwrap();
            let headers = HeaderMap::from_iter([(FORWARDED_FOR.parse().unwrap(), line)]);
            let peer = proxy.parse().unwrap();
            (
                OwnAddress::of(peer, &headers, trusted).0,
                ClientAddress::of(peer, &headers, trusted).0.to_string(),
            )
        };
        assert_eq!(odd(&[]), (None, proxy.to_owned()));
        assert_eq!(odd(&[proxy.parse().unwrap()]), (None, device.to_owned()));
        // before the trusted proxy there is one that is not
        let chain = [(FORWARDED_FOR, "198.51.100.1, 203.0.113.7")];
        assert_eq!(own(proxy, &chain, &[proxy]), None);
    }
}
