//! Links to ourselves, as the client knows us.

use axum::http::HeaderMap;
use serde_json::{Value, json};

/// Where the client thinks we are: what a proxy in front says, else the Host header.
pub(crate) fn origin(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = text("x-forwarded-proto")
        .filter(|scheme| *scheme == "https")
        .unwrap_or("http");
    let host = text("x-forwarded-host")
        .or_else(|| text("host"))
        .unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    if host.is_empty() || !host.chars().all(plain) {
        String::new()
    } else {
        format!("{scheme}://{host}")
    }
}

/// A link of `/ogc` as OGC API has them.
pub(crate) fn ogc_link(headers: &HeaderMap, rel: &str, media_type: &str, path: &str) -> Value {
    json!({ "rel": rel, "type": media_type, "href": format!("{}/ogc{path}", origin(headers)) })
}

/// The same links for whoever reads headers alone (RFC 8288).
pub(crate) fn link_header(links: &[Value]) -> String {
    let text = |link: &Value, member: &str| link[member].as_str().unwrap_or_default().to_owned();
    let all: Vec<String> = links
        .iter()
        .map(|link| {
            let (href, rel, media) = (text(link, "href"), text(link, "rel"), text(link, "type"));
            format!("<{href}>; rel=\"{rel}\"; type=\"{media}\"")
        })
        .collect();
    all.join(", ")
}
