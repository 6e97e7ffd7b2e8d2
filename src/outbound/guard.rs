//! Where requests may go: not to this machine and its link, lest somebody make the service speak to
//! what only the service can reach.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use hyper::Uri;
use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

/// Where a cloud tells its machines their credentials, outside the link-local range.
const CLOUD_METADATA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);

/// Whether a request may go to this address. Private networks are where units' systems and cameras
/// stand.
fn may_reach(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            !(v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.octets()[0] == 0
                || v4 == CLOUD_METADATA)
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unicast_link_local()
                || is_translated(v6)
                || leads_by_6to4(v6).is_some_and(|v4| !may_reach(v4.into())))
        }
    }
}

/// 64:ff9b::/96 (RFC 6052): a gateway makes IPv4 of it, wherever that leads.
fn is_translated(address: Ipv6Addr) -> bool {
    matches!(address.segments(), [0x64, 0xff9b, 0, 0, 0, 0, _, _])
}

/// 2002::/16 (RFC 3056): the IPv4 address that it is sent to.
fn leads_by_6to4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.octets() {
        [0x20, 0x02, a, b, c, d, ..] => Some(Ipv4Addr::new(a, b, c, d)),
        _ => None,
    }
}

/// An address of the web, or what is wrong with it.
pub(crate) fn check(url: &str, allow_local: bool) -> Result<Uri, &'static str> {
    let uri: Uri = url.parse().or(Err("must be a URL"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err("must begin with https:// or http://");
    }
    check_host(&uri, allow_local)?;
    Ok(uri)
}

/// An address of a stream, or what is wrong with it.
pub(crate) fn check_rtsp(url: &str, allow_local: bool) -> Result<Uri, &'static str> {
    let uri: Uri = url.parse().or(Err("must be a URL"))?;
    if uri.scheme_str() != Some("rtsp") {
        return Err("must begin with rtsp://");
    }
    check_host(&uri, allow_local)?;
    Ok(uri)
}

fn check_host(uri: &Uri, allow_local: bool) -> Result<(), &'static str> {
    let host = uri.host().filter(|host| !host.is_empty());
    let host = host.ok_or("must name a host")?;
    if uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
    {
        return Err("must not hold a name or password");
    }
    // a host that is a number is not looked up, so it is judged here
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let literal: Option<IpAddr> = literal.parse().ok();
    let local_name = host.eq_ignore_ascii_case("localhost");
    if !allow_local && (local_name || literal.is_some_and(|address| !may_reach(address))) {
        return Err("must not lead to this machine or its link");
    }
    Ok(())
}

/// Where a host that is spoken to without HTTP stands: the first address that may be reached.
///
/// # Errors
/// The name is not known, or leads only where requests may not go.
pub(crate) async fn resolve(host: &str, port: u16, guarded: Guarded) -> io::Result<IpAddr> {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let mut found = guarded.allowed(literal, port).await?;
    let first = found.next().map(|address| address.ip());
    first.ok_or_else(|| io::Error::other("the name has no address"))
}

/// Looks names up and leaves out addresses that requests may not go to; asked for each
/// connection, so that a name that changes later is judged by what it is then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guarded {
    pub(crate) allow_local: bool,
}

impl Guarded {
    async fn allowed(self, host: &str, port: u16) -> io::Result<vec::IntoIter<SocketAddr>> {
        let found = tokio::net::lookup_host((host, port)).await?;
        let allowed: Vec<SocketAddr> = found
            .filter(|address| self.allow_local || may_reach(address.ip()))
            .collect();
        if allowed.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "the name leads to this machine or its link",
            ));
        }
        Ok(allowed.into_iter())
    }
}

impl Service<Name> for Guarded {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let guarded = *self;
        Box::pin(async move { guarded.allowed(name.as_str(), 0).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_this_machine_can_reach_is_refused() {
        for url in [
            "http://127.0.0.1/x",
            "http://127.8.8.8:99/",
            "https://localhost/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://169.254.169.254/latest/meta-data",
            "http://[fe80::1]/",
            "http://0.0.0.0/",
            "http://0.1.2.3/",
            "http://100.100.100.200/latest/meta-data",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[2002:7f00:1::1]/",
            "ftp://unit.example/",
            "unit.example/x",
            "https://user:secret@unit.example/",
            "https:///x",
            "",
        ] {
            assert!(check(url, false).is_err(), "{url}");
        }
        for url in [
            "https://unit.example/hook?x=1",
            "http://10.1.2.3:8080/",
            "http://[2001:db8::1]/",
            "http://[2002:c000:207::1]/",
        ] {
            assert!(check(url, false).is_ok(), "{url}");
        }
        assert!(check("http://127.0.0.1:1/x", true).is_ok());
    }

    #[tokio::test]
    async fn a_name_that_leads_here_is_refused_when_it_is_looked_up() {
        let name: Name = "localhost".parse().unwrap();
        let refused = Guarded { allow_local: false }.call(name.clone()).await;
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert!(Guarded { allow_local: true }.call(name).await.is_ok());
        let here = Guarded { allow_local: false };
        assert!(resolve("127.0.0.1", 554, here).await.is_err());
        assert!(resolve("[::1]", 554, here).await.is_err());
        assert!(resolve("192.0.2.7", 554, here).await.is_ok());
    }
}
