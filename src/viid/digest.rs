//! HTTP digest access authentication: RFC 7616 and, as most devices do it, RFC 2617. Pure.

use md5::Md5;
use sha2::{Digest as _, Sha256};

/// What the passwords of the view library belong to. It is part of what is kept of them: with another
/// realm every device needs another password.
pub const REALM: &str = "cityward-viid";

/// What the answer is hashed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    /// As `algorithm` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 => hex::encode(Md5::digest(text)),
            Self::Sha256 => hex::encode(Sha256::digest(text)),
        }
    }
}

/// What is kept of a password: H(username:realm:password) by both algorithms. No `Debug`, so that it
/// cannot end up in a log.
#[derive(Clone)]
pub struct Ha1 {
    pub md5: [u8; 16],
    pub sha256: [u8; 32],
}

impl Ha1 {
    pub fn of(username: &str, realm: &str, password: &str) -> Self {
        let text = format!("{username}:{realm}:{password}");
        Self {
            md5: Md5::digest(&text).into(),
            sha256: Sha256::digest(&text).into(),
        }
    }

    fn by(&self, algorithm: Algorithm) -> String {
        match algorithm {
            Algorithm::Md5 => hex::encode(self.md5),
            Algorithm::Sha256 => hex::encode(self.sha256),
        }
    }
}

/// What a server asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub realm: String,
    pub nonce: String,
    pub algorithm: Algorithm,
    pub qop_auth: bool,
    pub opaque: Option<String>,
}

/// `qop=auth`: how often this nonce was used, so that no answer counts twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub count: u32,
    /// As it was written: the digits are hashed, too.
    nc: String,
    cnonce: String,
}

/// An `Authorization: Digest …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub username: String,
    pub realm: String,
    pub nonce: String,
    pub uri: String,
    pub algorithm: Algorithm,
    response: String,
    /// `None`: as in RFC 2069, before answers were counted.
    pub counted: Option<Counted>,
}

impl Answer {
    /// `None`: not a digest, or of a kind that was not asked for.
    pub fn read(header: &str) -> Option<Self> {
        let fields = fields(header)?;
        let field = |name: &str| {
            let found = fields
                .iter()
                .find(|(named, _)| named.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        };
        let counted = match field("qop") {
            None => None,
            Some(qop) if qop.eq_ignore_ascii_case("auth") => {
                let nc = field("nc")?;
                Some(Counted {
                    count: u32::from_str_radix(&nc, 16).ok()?,
                    nc,
                    cnonce: field("cnonce")?,
                })
            }
            Some(_) => return None,
        };
        Some(Self {
            username: field("username")?,
            realm: field("realm")?,
            nonce: field("nonce")?,
            uri: field("uri")?,
            algorithm: algorithm(field("algorithm").as_deref())?,
            response: field("response")?,
            counted,
        })
    }

    /// Whether whoever sent it knows the password.
    pub fn is_by(&self, ha1: &Ha1, method: &str) -> bool {
        let right = self.right(ha1, method);
        // digests are compared, so that the time it takes tells nothing of the right one
        let said = self.response.to_ascii_lowercase();
        Sha256::digest(right) == Sha256::digest(said)
    }

    fn right(&self, ha1: &Ha1, method: &str) -> String {
        let hash = |text: String| self.algorithm.hash(&text);
        let ha1 = ha1.by(self.algorithm);
        let ha2 = hash(format!("{method}:{}", self.uri));
        let nonce = &self.nonce;
        match &self.counted {
            Some(Counted { nc, cnonce, .. }) => {
                hash(format!("{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}"))
            }
            None => hash(format!("{ha1}:{nonce}:{ha2}")),
        }
    }

    /// Whether it was made for this path: devices write the path or the whole URL.
    pub fn is_for(&self, path: &str) -> bool {
        let uri = self
            .uri
            .split_once("://")
            .map_or(self.uri.as_str(), |(_, rest)| {
                rest.find('/').map_or("/", |at| &rest[at..])
            });
        uri.split('?').next() == Some(path)
    }
}

fn algorithm(named: Option<&str>) -> Option<Algorithm> {
    match named {
        None => Some(Algorithm::Md5),
        Some(name) if name.eq_ignore_ascii_case("MD5") => Some(Algorithm::Md5),
        Some(name) if name.eq_ignore_ascii_case("SHA-256") => Some(Algorithm::Sha256),
        Some(_) => None,
    }
}

impl Challenge {
    /// `None`: no digest that we can answer.
    pub fn read(header: &str) -> Option<Self> {
        let fields = fields(header)?;
        let field = |name: &str| {
            let found = fields
                .iter()
                .find(|(named, _)| named.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        let qop = field("qop");
        let has_auth = |qop: &str| {
            qop.split(',')
                .any(|one| one.trim().eq_ignore_ascii_case("auth"))
        };
        if qop.is_some_and(|qop| !has_auth(qop)) {
            return None;
        }
        Some(Self {
            realm: field("realm")?.to_owned(),
            nonce: field("nonce")?.to_owned(),
            algorithm: algorithm(field("algorithm"))?,
            qop_auth: qop.is_some(),
            opaque: field("opaque").map(str::to_owned),
        })
    }

    /// The answer to be sent as `Authorization`, the first with this nonce.
    pub fn answer(&self, login: (&str, &str), method: &str, uri: &str, cnonce: &str) -> String {
        let (username, password) = login;
        let ha1 = Ha1::of(username, &self.realm, password);
        let counted = self.qop_auth.then(|| Counted {
            count: 1,
            nc: "00000001".to_owned(),
            cnonce: cnonce.to_owned(),
        });
        let answer = Answer {
            username: username.to_owned(),
            realm: self.realm.clone(),
            nonce: self.nonce.clone(),
            uri: uri.to_owned(),
            algorithm: self.algorithm,
            response: String::new(),
            counted,
        };
        let response = answer.right(&ha1, method);
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let mut header = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{}\", algorithm={}, response=\"{response}\"",
            quoted(username),
            quoted(&self.realm),
            quoted(&self.nonce),
            quoted(uri),
            self.algorithm.as_str(),
        );
        if self.qop_auth {
            header.push_str(&format!(
                ", qop=auth, nc=00000001, cnonce=\"{}\"",
                quoted(cnonce)
            ));
        }
        if let Some(opaque) = &self.opaque {
            header.push_str(&format!(", opaque=\"{}\"", quoted(opaque)));
        }
        header
    }
}

/// `Digest name=value, name="value"`; values without their quotes.
fn fields(header: &str) -> Option<Vec<(String, String)>> {
    let (scheme, mut rest) = header.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("digest") {
        return None;
    }
    let mut fields = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(fields);
        }
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (value, left) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = after.find(',').unwrap_or(after.len());
                (after[..end].trim_end().to_owned(), &after[end..])
            }
        };
        fields.push((name.trim().to_owned(), value));
        rest = left;
    }
}

/// The text up to the closing quote, and what comes after it.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616, 3.9.1.
    const OF_THE_RFC: &str = r#"Digest username="Mufasa",
        realm="http-auth@example.org", uri="/dir/index.html", algorithm=ALGORITHM,
        nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001,
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="RESPONSE",
        opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;

    fn of_the_rfc(algorithm: &str, response: &str) -> Answer {
        let header = OF_THE_RFC
            .replace("ALGORITHM", algorithm)
            .replace("RESPONSE", response);
        Answer::read(&header).unwrap()
    }

    #[test]
    fn the_examples_of_the_rfc_are_right() {
        let ha1 = Ha1::of("Mufasa", "http-auth@example.org", "Circle of Life");
        let md5 = of_the_rfc("MD5", "8ca523f5e9506fed4657c9700eebdbec");
        assert!(md5.is_by(&ha1, "GET"));
        assert!(!md5.is_by(&ha1, "POST"));
        let long = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        let sha256 = of_the_rfc("SHA-256", long);
        assert!(sha256.is_by(&ha1, "GET"));
        let other = Ha1::of("Mufasa", "http-auth@example.org", "Circle of Strife");
        assert!(!sha256.is_by(&other, "GET"));
        assert!(md5.is_for("/dir/index.html"));
        assert!(!md5.is_for("/dir"));
    }

    #[test]
    fn what_we_answer_is_what_we_would_take() {
        let asked =
            r#"Digest realm="a \"b\"",qop="auth,auth-int",nonce="n",algorithm=SHA-256,opaque="o""#;
        let challenge = Challenge::read(asked).unwrap();
        let header = challenge.answer(("u", "p"), "POST", "/VIID/System/Register", "c");
        let answer = Answer::read(&header).unwrap();
        assert!(answer.is_by(&Ha1::of("u", "a \"b\"", "p"), "POST"));
        assert_eq!(answer.counted.unwrap().count, 1);
        let old = Challenge::read(r#"Digest realm="r", nonce="n""#).unwrap();
        let answer = Answer::read(&old.answer(("u", "p"), "POST", "/x", "c")).unwrap();
        assert!(answer.counted.is_none() && answer.is_by(&Ha1::of("u", "r", "p"), "POST"));
    }

    #[test]
    fn a_whole_url_is_for_its_path() {
        let header = |uri: &str| {
            let text =
                format!(r#"Digest username="u",realm="r",nonce="n",uri="{uri}",response="x""#);
            Answer::read(&text).unwrap()
        };
        assert!(
            header("http://10.0.0.1:8080/VIID/System/Register").is_for("/VIID/System/Register")
        );
        assert!(header("/VIID/APEs?RecordStartNo=1").is_for("/VIID/APEs"));
        assert!(!header("http://10.0.0.1").is_for("/VIID/APEs"));
    }

    #[test]
    fn what_is_no_digest_is_none() {
        for text in [
            "",
            "Basic dTpw",
            "Digest",
            "Digest username",
            r#"Digest username="u"#,
            r#"Digest username="u", realm="r", nonce="n", uri="/", response="x", qop=auth-int"#,
            r#"Digest username="u", realm="r", nonce="n", uri="/", response="x", qop=auth, nc=x, cnonce="c""#,
            r#"Digest username="u", realm="r", nonce="n", uri="/", response="x", algorithm=MD5-sess"#,
        ] {
            assert_eq!(Answer::read(text), None, "{text}");
        }
    }
}
