//! Where deliveries may go: not to this machine and its link, lest a webhook make the service
//! speak to what only the service can reach.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use hyper::Uri;
use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

/// Whether a delivery may go to this address. Private networks are where units' systems stand.
pub(super) fn may_reach(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            !(v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.octets()[0] == 0)
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unicast_link_local())
        }
    }
}

/// The address of a system of a unit, or what is wrong with it.
pub(crate) fn check(url: &str, allow_local: bool) -> Result<Uri, &'static str> {
    let uri: Uri = url.parse().or(Err("must be a URL"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err("must begin with https:// or http://");
    }
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
    Ok(uri)
}

/// Looks names up and leaves out addresses that deliveries may not go to; asked for each
/// connection, so that a name that changes later is judged by what it is then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guarded {
    pub(super) allow_local: bool,
}

impl Service<Name> for Guarded {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let allow_local = self.allow_local;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found
                .filter(|address| allow_local || may_reach(address.ip()))
                .collect();
            if allowed.is_empty() {
                return Err(io::Error::new(
                    io::ErrorKind::PermissionDenied,
                    "the name leads to this machine or its link",
                ));
            }
            Ok(allowed.into_iter())
        })
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
    }
}
