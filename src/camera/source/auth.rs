//! Answers to a camera that asks who we are: Basic (RFC 7617) and Digest (RFC 7616, and RFC 2069
//! where there is no `qop`), by MD5 or SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::Login;

/// A challenge that can be answered, again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    Digest(Digest),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digest {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    /// As it was written, for the answer; none: MD5.
    algorithm: Option<String>,
    hash: Hash,
    /// `-sess`: the nonces go into the first hash.
    session: bool,
    /// Whether `qop=auth` was offered.
    qop: bool,
    /// Answers given with this nonce.
    count: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Md5,
    Sha256,
}

impl Hash {
    fn of(self, text: &str) -> String {
        match self {
            Self::Md5 => hex::encode(Md5::digest(text)),
            Self::Sha256 => hex::encode(Sha256::digest(text)),
        }
    }
}

impl Challenge {
    /// The best of what a camera offers in its `WWW-Authenticate` headers; `None`: nothing we know.
    pub(super) fn best<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        let offered = headers.flat_map(|header| {
            let schemes = split_schemes(header).into_iter();
            schemes.filter_map(|(scheme, parameters)| Self::read(scheme, &parameters))
        });
        offered.max_by_key(|challenge| match challenge {
            Self::Basic => 0,
            Self::Digest(digest) if digest.hash == Hash::Md5 => 1,
            Self::Digest(_) => 2,
        })
    }

    fn read(scheme: &str, parameters: &[(String, String)]) -> Option<Self> {
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let find = |name: &str| {
            let named = parameters.iter().find(|(key, _)| key == name);
            named.map(|(_, value)| value.clone())
        };
        let algorithm = find("algorithm");
        let (hash, session) = match algorithm.as_deref().map(str::to_ascii_uppercase).as_deref() {
            None | Some("MD5") => (Hash::Md5, false),
            Some("MD5-SESS") => (Hash::Md5, true),
            Some("SHA-256") => (Hash::Sha256, false),
            Some("SHA-256-SESS") => (Hash::Sha256, true),
            Some(_) => return None,
        };
        let offered = find("qop");
        let qop = offered
            .iter()
            .flat_map(|list| list.split(','))
            .any(|one| one.trim().eq_ignore_ascii_case("auth"));
        // of auth-int alone we could not keep the promise
        if offered.is_some() && !qop {
            return None;
        }
        Some(Self::Digest(Digest {
            realm: find("realm").unwrap_or_default(),
            nonce: find("nonce")?,
            opaque: find("opaque"),
            algorithm,
            hash,
            session,
            qop,
            count: 0,
        }))
    }

    /// The `Authorization` of a request. `uri`: as the request names it; `cnonce`: random.
    pub(super) fn answer(
        &mut self,
        login: &Login,
        method: &str,
        uri: &str,
        cnonce: &str,
    ) -> String {
        match self {
            Self::Basic => {
                let pair = format!("{}:{}", login.user, login.password.reveal());
                format!("Basic {}", BASE64.encode(pair))
            }
            Self::Digest(digest) => digest.answer(login, method, uri, cnonce),
        }
    }
}

impl Digest {
    fn answer(&mut self, login: &Login, method: &str, uri: &str, cnonce: &str) -> String {
        self.count += 1;
        let (hash, nonce, count) = (self.hash, &self.nonce, self.count);
        let mut secret = hash.of(&format!(
            "{}:{}:{}",
            login.user,
            self.realm,
            login.password.reveal()
        ));
        if self.session {
            secret = hash.of(&format!("{secret}:{nonce}:{cnonce}"));
        }
        let request = hash.of(&format!("{method}:{uri}"));
        let response = if self.qop {
            hash.of(&format!(
                "{secret}:{nonce}:{count:08x}:{cnonce}:auth:{request}"
            ))
        } else {
            hash.of(&format!("{secret}:{nonce}:{request}"))
        };
        let mut answer = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\"",
            quoted(&login.user),
            quoted(&self.realm),
            quoted(nonce),
            quoted(uri)
        );
        if let Some(algorithm) = &self.algorithm {
            answer += &format!(", algorithm={algorithm}");
        }
        if let Some(opaque) = &self.opaque {
            answer += &format!(", opaque={}", quoted(opaque));
        }
        if self.qop || self.session {
            answer += &format!(", cnonce={}", quoted(cnonce));
        }
        if self.qop {
            answer += &format!(", qop=auth, nc={count:08x}");
        }
        answer
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Schemes with their parameters, names in small letters: RFC 9110, section 11.6.1, read leniently.
fn split_schemes(header: &str) -> Vec<(&str, Vec<(String, String)>)> {
    let mut schemes: Vec<(&str, Vec<(String, String)>)> = Vec::new();
    for field in split_fields(header) {
        let (before, value) = match field.split_once('=') {
            Some((before, value)) => (before.trim(), Some(value.trim())),
            None => (field.trim(), None),
        };
        let name = match before.rsplit_once(char::is_whitespace) {
            Some((scheme, name)) => {
                schemes.push((scheme.trim(), Vec::new()));
                name
            }
            None if value.is_none() => {
                schemes.push((before, Vec::new()));
                continue;
            }
            None => before,
        };
        if let (Some((_, parameters)), Some(value)) = (schemes.last_mut(), value) {
            parameters.push((name.to_ascii_lowercase(), unquoted(value)));
        }
    }
    schemes
}

/// At commas that stand in no quotes.
fn split_fields(header: &str) -> Vec<&str> {
    let (mut fields, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in header.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                fields.push(&header[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    fields.push(&header[start..]);
    fields.retain(|field| !field.trim().is_empty());
    fields
}

fn unquoted(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    let Some(inner) = inner else {
        return value.to_owned();
    };
    let mut escaped = false;
    let unescape = |c: &char| {
        escaped = *c == '\\' && !escaped;
        !escaped
    };
    inner.chars().filter(unescape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Secret;

    fn login(user: &str, password: &str) -> Login {
        Login {
            user: user.to_owned(),
            password: Secret::from_request(password),
        }
    }

    /// RFC 7616, section 3.9.1.
    #[test]
    fn the_answers_are_those_of_the_standard() {
        let offered = [
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
        ];
        let mufasa = login("Mufasa", "Circle of Life");
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let answer = |headers: &[&str]| {
            let mut best = Challenge::best(headers.iter().copied()).unwrap();
            best.answer(&mufasa, "GET", "/dir/index.html", cnonce)
        };
        let sha256 = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        assert!(answer(&offered).contains(sha256));
        let md5 = "8ca523f5e9506fed4657c9700eebdbec";
        let answered = answer(&offered[1..]);
        assert!(answered.contains(md5), "{answered}");
        assert!(answered.contains("qop=auth, nc=00000001"));
    }

    /// RFC 2069, section 2.4, as corrected: cameras of long ago.
    #[test]
    fn a_challenge_without_qop_is_answered_too() {
        let header = "Basic realm=\"x, y\", Digest realm=\"testrealm@host.com\", \
                      nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
        let mut best = Challenge::best(std::iter::once(header)).unwrap();
        let answered = best.answer(
            &login("Mufasa", "CircleOfLife"),
            "GET",
            "/dir/index.html",
            "unused",
        );
        assert!(
            answered.contains("1949323746fe6a43ef61f9606e7febea"),
            "{answered}"
        );
        assert!(!answered.contains("qop"));
    }

    #[test]
    fn what_is_not_known_is_not_answered() {
        let best = |header| Challenge::best(std::iter::once(header));
        assert_eq!(best("Basic"), Some(Challenge::Basic));
        assert_eq!(best("Basic realm=\"a \\\" b\""), Some(Challenge::Basic));
        for unknown in [
            "",
            ",,",
            "Negotiate",
            "Digest realm=\"no nonce\"",
            "Digest nonce=\"1\", algorithm=SHA-512-256",
            "Digest nonce=\"1\", qop=\"auth-int\"",
        ] {
            assert_eq!(best(unknown), None, "{unknown}");
        }
        let mut basic = Challenge::Basic;
        let answered = basic.answer(&login("Aladdin", "open sesame"), "GET", "/", "");
        assert_eq!(answered, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }

    proptest::proptest! {
        #[test]
        fn no_header_panics(header in "(Digest|Basic|nonce|=|,|\"|\\\\| |qop|auth|[a-zé]{0,3}){0,30}") {
            if let Some(mut best) = Challenge::best(std::iter::once(header.as_str())) {
                let answered = best.answer(&login("a", "b"), "GET", "/", "c");
                proptest::prop_assert!(answered.starts_with("Basic ") || answered.starts_with("Digest "));
            }
        }
    }
}
