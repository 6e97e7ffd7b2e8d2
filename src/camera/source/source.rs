//! Where a camera is asked for its pictures.

use std::time::Duration;

use chrono::TimeDelta;
use hyper::Uri;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Secret;
use crate::outbound;

/// How a camera is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "camera_source_kind", rename_all = "snake_case")]
pub enum SourceKind {
    /// One JPEG with every request.
    Snapshot,
    /// JPEGs without end in one answer.
    Mjpeg,
    /// H.264, H.265 or JPEG over RTSP.
    Rtsp,
}

/// Who we are to a camera.
#[derive(Debug, Clone)]
pub struct Login {
    pub user: String,
    pub password: Secret,
}

/// Where a camera is asked, and how often.
#[derive(Debug, Clone)]
pub struct Source {
    pub kind: SourceKind,
    /// Without name and password.
    pub uri: Uri,
    pub login: Option<Login>,
    pub period: Duration,
}

/// Between two pictures of a camera, seconds.
const PERIOD_S_MIN: f64 = 0.5;
const PERIOD_S_MAX: f64 = 3600.0;
const URL_CHARS_MAX: usize = 2_000;
const RTSP_PORT: u16 = 554;

impl Source {
    /// The address of a source of this kind, or what is wrong with it.
    ///
    /// # Errors
    /// Another scheme, no host, a password in it, or it leads to where requests may not go.
    pub fn check_url(kind: SourceKind, url: &str, allow_local: bool) -> Result<Uri, &'static str> {
        if url.len() > URL_CHARS_MAX {
            return Err("must be at most 2000 characters");
        }
        let uri = match kind {
            SourceKind::Snapshot | SourceKind::Mjpeg => outbound::check(url, allow_local),
            SourceKind::Rtsp => outbound::check_rtsp(url, allow_local),
        }?;
        if uri.query().is_some_and(holds_password) {
            return Err("must not hold a password; it has a field of its own");
        }
        Ok(uri)
    }

    /// Scheme, host and port: a password is kept only as long as these are the same.
    pub fn origin(uri: &Uri) -> (Option<&str>, Option<&str>, u16) {
        let port = match uri.scheme_str() {
            Some("rtsp") => RTSP_PORT,
            Some("https") => 443,
            _ => 80,
        };
        (uri.scheme_str(), uri.host(), uri.port_u16().unwrap_or(port))
    }
}

/// An address is shown and logged, a password never.
fn holds_password(query: &str) -> bool {
    let mut names = query
        .split(['&', ';'])
        .filter_map(|pair| Some(pair.split_once('=')?.0));
    names.any(|name| {
        ["password", "passwd", "pass", "pwd"]
            .iter()
            .any(|secret| name.eq_ignore_ascii_case(secret))
    })
}

/// Whether a period of so many seconds is within its bounds.
pub fn is_period(period_s: f64) -> bool {
    (PERIOD_S_MIN..=PERIOD_S_MAX).contains(&period_s)
}

/// A period of so many seconds; within its bounds whatever the number is.
pub fn period(period_s: f64) -> TimeDelta {
    let period_s = period_s.clamp(PERIOD_S_MIN, PERIOD_S_MAX);
    #[expect(clippy::cast_possible_truncation, reason = "an hour of milliseconds")]
    TimeDelta::milliseconds((period_s * 1000.0) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_cameras_are_taken() {
        use SourceKind::{Mjpeg, Rtsp, Snapshot};
        let check = |kind, url| Source::check_url(kind, url, false);
        assert!(check(Snapshot, "http://10.0.0.7/snap.jpg?channel=1").is_ok());
        assert!(check(Mjpeg, "https://cam.example/video").is_ok());
        assert!(check(Rtsp, "rtsp://10.0.0.7:8554/h264/ch1").is_ok());
        for (kind, url) in [
            (Snapshot, "rtsp://10.0.0.7/"),
            (Rtsp, "http://10.0.0.7/"),
            (Rtsp, "rtsps://10.0.0.7/"),
            (Rtsp, "rtsp://admin:12345@10.0.0.7/"),
            (Rtsp, "rtsp://localhost/"),
            (Rtsp, "rtsp://169.254.1.1/"),
            (Rtsp, "rtsp://10.0.0.7/'\n"),
            (Rtsp, "rtsp:///"),
            (Snapshot, "http://10.0.0.7/snap.cgi?user=admin&Pwd=12345"),
            (Mjpeg, "file:///etc/passwd"),
        ] {
            assert!(check(kind, url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_period_is_within_its_bounds() {
        assert_eq!(period(0.0), TimeDelta::milliseconds(500));
        assert_eq!(period(2.5), TimeDelta::milliseconds(2500));
        assert_eq!(period(f64::INFINITY), TimeDelta::hours(1));
    }
}
