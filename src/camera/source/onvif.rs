//! Asks an ONVIF device where its pictures are (ONVIF Core and Media service specifications):
//! `GetSystemDateAndTime`, `GetCapabilities`, `GetProfiles`, `GetSnapshotUri`, `GetStreamUri`.
//!
//! It is asked once, by an administrator who chooses; what was chosen is kept as a plain source.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use hyper::Uri;
use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use rand::RngCore as _;
use serde::Serialize;
use sha1::{Digest as _, Sha1};
use utoipa::ToSchema;

use super::web::Asker;
use super::{Failure, Login};
use crate::outbound::OutboundClient;

/// Of an answer.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Of an answer, and how deep they may stand in each other.
const ELEMENTS_MAX: usize = 20_000;
const DEPTH_MAX: usize = 64;
/// Profiles that are asked for their addresses; cameras have two or three.
const PROFILES_MAX: usize = 8;
const NONCE_BYTES: usize = 16;
const SOAP: &str = "application/soap+xml; charset=utf-8";

/// What a device says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Device {
    /// By how many seconds its clock is ahead of ours; null where it does not say.
    pub clock_drift_s: Option<f64>,
    pub profiles: Vec<Profile>,
}

/// One of the streams a device offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Profile {
    pub name: String,
    /// Where it gives a JPEG; null where it gives none.
    pub snapshot_url: Option<String>,
    /// Where it speaks RTSP.
    pub stream_url: Option<String>,
}

/// Asks the device at `url`, its device service.
pub(super) async fn ask(
    client: OutboundClient,
    url: &Uri,
    login: Option<Login>,
    now: impl Fn() -> DateTime<Utc>,
) -> Result<Device, Failure> {
    let mut device = Conversation {
        client,
        login,
        ahead: TimeDelta::zero(),
        now,
    };
    let date = "<GetSystemDateAndTime xmlns=\"http://www.onvif.org/ver10/device/wsdl\"/>";
    let told = device.call(url, date, false).await;
    let clock = told.ok().and_then(|answer| time_in(&answer));
    let clock_drift_s = clock.map(|clock| {
        device.ahead = clock - (device.now)();
        device.ahead.num_milliseconds() as f64 / 1000.0
    });
    let capabilities = "<GetCapabilities xmlns=\"http://www.onvif.org/ver10/device/wsdl\">\
                        <Category>Media</Category></GetCapabilities>";
    let answer = device.call(url, capabilities, true).await?;
    let media = media_service(&answer, url);
    let answer = device
        .call_media(&media, "<GetProfiles xmlns=\"{}\"/>")
        .await?;
    let mut profiles = Vec::new();
    for (token, name) in profiles_in(&answer).into_iter().take(PROFILES_MAX) {
        let token = escape(token.as_str()).into_owned();
        let snapshot = format!(
            "<GetSnapshotUri xmlns=\"{{}}\"><ProfileToken>{token}</ProfileToken></GetSnapshotUri>"
        );
        let stream = format!(
            "<GetStreamUri xmlns=\"{{}}\"><StreamSetup>\
             <Stream xmlns=\"http://www.onvif.org/ver10/schema\">RTP-Unicast</Stream>\
             <Transport xmlns=\"http://www.onvif.org/ver10/schema\"><Protocol>RTSP</Protocol>\
             </Transport></StreamSetup><ProfileToken>{token}</ProfileToken></GetStreamUri>"
        );
        // a device without one of them says so with a fault
        let snapshot = device.call_media(&media, &snapshot).await.ok();
        let stream = device.call_media(&media, &stream).await.ok();
        profiles.push(Profile {
            name,
            snapshot_url: snapshot.and_then(|answer| uri_in(&answer)),
            stream_url: stream.and_then(|answer| uri_in(&answer)),
        });
    }
    Ok(Device {
        clock_drift_s,
        profiles,
    })
}

struct Conversation<N> {
    client: OutboundClient,
    login: Option<Login>,
    /// How far its clock is ahead: it takes only messages of its own time.
    ahead: TimeDelta,
    now: N,
}

impl<N: Fn() -> DateTime<Utc>> Conversation<N> {
    /// `{}` in `body` stands for the namespace of the media service.
    async fn call_media(&self, at: &Uri, body: &str) -> Result<Vec<Element>, Failure> {
        let body = body.replace("{}", "http://www.onvif.org/ver10/media/wsdl");
        self.call(at, &body, true).await
    }

    async fn call(&self, at: &Uri, body: &str, signed: bool) -> Result<Vec<Element>, Failure> {
        let login = self.login.as_ref().filter(|_| signed);
        let header = login.map(|login| {
            let mut nonce = [0; NONCE_BYTES];
            rand::rng().fill_bytes(&mut nonce);
            let now = (self.now)();
            let theirs = now.checked_add_signed(self.ahead).unwrap_or(now);
            username_token(login, &nonce, theirs)
        });
        let envelope = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <Envelope xmlns=\"http://www.w3.org/2003/05/soap-envelope\">\
             <Header>{}</Header><Body>{body}</Body></Envelope>",
            header.unwrap_or_default()
        );
        let mut asker = Asker::new(self.client.clone(), at.clone(), self.login.clone());
        let answer = asker.post(SOAP, Bytes::from(envelope)).await?;
        let status = answer.status;
        let text = answer.whole(ANSWER_BYTES_MAX).await?;
        let elements = elements(&String::from_utf8_lossy(&text));
        if status.is_success() {
            return elements.ok_or_else(|| Failure::Stream("its answer is no XML".to_owned()));
        }
        let faults = elements.unwrap_or_default();
        let not_authorised = |one: &Element| one.text.ends_with("NotAuthorized");
        if faults.iter().any(not_authorised) {
            return Err(Failure::Unauthorised);
        }
        Err(Failure::Answered(status.as_u16()))
    }
}

/// WS-Security UsernameToken Profile 1.0, with the digest of the password.
fn username_token(login: &Login, nonce: &[u8], created: DateTime<Utc>) -> String {
    let created = created.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut digest = Sha1::new();
    digest.update(nonce);
    digest.update(created.as_bytes());
    digest.update(login.password.reveal().as_bytes());
    format!(
        "<Security xmlns=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\">\
         <UsernameToken><Username>{}</Username>\
         <Password Type=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest\">{}</Password>\
         <Nonce EncodingType=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary\">{}</Nonce>\
         <Created xmlns=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\">{created}</Created>\
         </UsernameToken></Security>",
        escape(login.user.as_str()),
        BASE64.encode(digest.finalize()),
        BASE64.encode(nonce)
    )
}

/// An element of an answer that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Element {
    /// Without its prefix.
    name: String,
    /// Its own, without those of the elements in it.
    text: String,
    token: Option<String>,
    depth: usize,
}

/// All elements in the order in which they end: what stands in one comes before it. `None`: it is no
/// XML, or too much of it. Entities of its own are not looked at.
fn elements(xml: &str) -> Option<Vec<Element>> {
    let mut reader = Reader::from_str(xml);
    let (mut open, mut ended): (Vec<Element>, Vec<Element>) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                open.push(element(&start, open.len()));
                if open.len() > DEPTH_MAX {
                    return None;
                }
            }
            Event::Empty(start) => ended.push(element(&start, open.len())),
            Event::End(_) => ended.push(open.pop()?),
            Event::Text(text) => {
                if let Some(innermost) = open.last_mut() {
                    innermost.text.push_str(&text.xml10_content());
                }
            }
            Event::CData(text) => {
                if let Some(innermost) = open.last_mut() {
                    innermost.text.push_str(&text.xml10_content());
                }
            }
            Event::GeneralRef(reference) => {
                if let Some(innermost) = open.last_mut() {
                    let character = reference.resolve_char_ref().ok()?;
                    let character = character.or_else(|| match &*reference.xml10_content() {
                        "amp" => Some('&'),
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        _ => None,
                    });
                    innermost.text.push(character?);
                }
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => break,
        }
        if ended.len() > ELEMENTS_MAX {
            return None;
        }
    }
    (open.is_empty() && !ended.is_empty()).then_some(ended)
}

fn element(start: &BytesStart<'_>, depth: usize) -> Element {
    let token = start.try_get_attribute("token").ok().flatten();
    let token = token.and_then(|token| token.normalized_value(XmlVersion::Implicit1_0).ok());
    Element {
        name: start.local_name().as_ref().to_owned(),
        text: String::new(),
        token: token.map(|token| token.into_owned()),
        depth,
    }
}

/// The text of the first element of this name.
fn text_of<'a>(answer: &'a [Element], name: &str) -> Option<&'a str> {
    let named = answer.iter().find(|one| one.name == name)?;
    Some(named.text.trim()).filter(|text| !text.is_empty())
}

/// Where the media service is. The host stays the one that was asked: devices behind a gateway name
/// addresses that only they can reach, and nobody is to lead us elsewhere.
fn media_service(capabilities: &[Element], device: &Uri) -> Uri {
    // of several XAddr the one within Media, which ends right after it
    let media = capabilities.iter().position(|one| one.name == "Media");
    let within = &capabilities[..media.unwrap_or(0)];
    let address = within.iter().rev().find(|one| one.name == "XAddr");
    let named: Option<Uri> = address.and_then(|one| one.text.trim().parse().ok());
    let path = named.as_ref().and_then(Uri::path_and_query).cloned();
    let mut parts = device.clone().into_parts();
    parts.path_and_query = path.or(parts.path_and_query);
    Uri::from_parts(parts).unwrap_or_else(|_| device.clone())
}

/// Tokens and names of the profiles.
fn profiles_in(answer: &[Element]) -> Vec<(String, String)> {
    let mut profiles = Vec::new();
    for (at, profile) in answer.iter().enumerate() {
        let (true, Some(token)) = (profile.name == "Profiles", &profile.token) else {
            continue;
        };
        // what is directly in it and after the profile before
        let own = answer[..at].iter().rev();
        let own = own.take_while(|one| one.depth > profile.depth);
        let name = own
            .filter(|one| one.depth == profile.depth + 1 && one.name == "Name")
            .last();
        let name = name.map_or(token.as_str(), |one| one.text.trim());
        profiles.push((token.clone(), name.to_owned()));
    }
    profiles
}

fn uri_in(answer: &[Element]) -> Option<String> {
    text_of(answer, "Uri").map(str::to_owned)
}

/// The device's time, in UTC.
fn time_in(answer: &[Element]) -> Option<DateTime<Utc>> {
    // UTCDateTime ends after all that is in it, and before LocalDateTime begins
    let end = answer.iter().position(|one| one.name == "UTCDateTime")?;
    let from = answer[..end]
        .iter()
        .rposition(|one| one.name == "LocalDateTime");
    let utc = &answer[from.map_or(0, |from| from + 1)..end];
    let number = |name| text_of(utc, name)?.parse::<u32>().ok();
    let year = text_of(utc, "Year")?.parse().ok()?;
    let day = NaiveDate::from_ymd_opt(year, number("Month")?, number("Day")?)?;
    let time = day.and_hms_opt(number("Hour")?, number("Minute")?, number("Second")?)?;
    Some(time.and_utc())
}

#[cfg(test)]
#[path = "onvif_tests.rs"]
mod tests;
