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

/// A proxy may take a few kilobytes of headers and no more; a filter alone can be as long.
const HREF_BYTES_MAX: usize = 1 << 10;

/// The same links for whoever reads headers alone (RFC 8288), but for those that are too long.
pub(crate) fn link_header(links: &[Value]) -> String {
    let text = |link: &Value, member: &str| link[member].as_str().unwrap_or_default().to_owned();
    let all: Vec<String> = links
        .iter()
        .filter_map(|link| {
            let (href, rel, media) = (text(link, "href"), text(link, "rel"), text(link, "type"));
            let fits = href.len() <= HREF_BYTES_MAX;
            fits.then(|| format!("<{href}>; rel=\"{rel}\"; type=\"{media}\""))
        })
        .collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_no_proxy_would_carry_stays_in_the_body() {
        let link = |path: &str| ogc_link(&HeaderMap::new(), "self", "application/json", path);
        let links = [link("/short"), link(&"x".repeat(2 * HREF_BYTES_MAX))];
        let expected = "</ogc/short>; rel=\"self\"; type=\"application/json\"";
        assert_eq!(link_header(&links), expected);
    }
}
