//! Signatures of deliveries.

use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::access::Secret;

pub(super) const HEADER: &str = "cityward-signature";

/// The header's value for a body sent at `at`: `t=<seconds>,v1=<hexadecimal>`.
pub(super) fn signature(secret: &Secret, at: DateTime<Utc>, body: &str) -> String {
    let seconds = at.timestamp();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes())
        .expect("a key of any length will do");
    mac.update(format!("{seconds}.{body}").as_bytes());
    let mac = hex::encode(mac.finalize().into_bytes());
    format!("t={seconds},v1={mac}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_anybody_can_compute() {
        // echo -n '1780000000.{"id":"1"}' | openssl dgst -sha256 -hmac secret
        let at = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let secret = Secret::from_request("secret");
        assert_eq!(signature(&secret, at, r#"{"id":"1"}"#), EXPECTED);
        assert_ne!(signature(&secret, at, r#"{"id":"2"}"#), EXPECTED);
    }

    const EXPECTED: &str =
        "t=1780000000,v1=6255e0650d3d088acedf53e8ab9f16776756a40ac12c203e3912f3284e4b9b22";
}
