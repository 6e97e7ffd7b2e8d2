//! A device that speaks ONVIF is asked where its pictures are.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Datelike as _, TimeDelta, Timelike as _, Utc};
use reqwest::StatusCode as Status;
use serde_json::json;
use sha1::{Digest as _, Sha1};
use tokio::net::TcpListener;

use super::camera::{PASSWORD, USER};
use super::{SOURCE, watched_city};
use crate::door::now;
use crate::service::problem;

/// Its clock is wrong by so much, and it takes only messages of its own time.
const AHEAD: TimeDelta = TimeDelta::minutes(90);

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let rest = &text[text.find(from)? + from.len()..];
    let rest = &rest[rest.find('>')? + 1..];
    rest.find(to).map(|end| &rest[..end])
}

fn is_signed(body: &str, password: &str) -> bool {
    let read = || {
        let nonce = BASE64.decode(between(body, "<Nonce", "<")?).ok()?;
        let created = between(body, "<Created", "<")?;
        let mut digest = Sha1::new();
        digest.update(nonce);
        digest.update(created);
        digest.update(password);
        let own: DateTime<Utc> = created.parse().ok()?;
        let fresh = (own - now() - AHEAD).abs() < TimeDelta::seconds(30);
        let sent = between(body, "<Password", "<")?;
        Some(sent == BASE64.encode(digest.finalize()) && fresh)
    };
    body.contains(&format!("<Username>{USER}</Username>")) && read() == Some(true)
}

async fn serve(State(host): State<String>, body: String) -> Response {
    let soap = |inner: String| {
        let text = format!(
            "<?xml version=\"1.0\"?><SOAP-ENV:Envelope xmlns:SOAP-ENV=\"e\" xmlns:t=\"t\" \
             xmlns:tt=\"tt\"><SOAP-ENV:Body>{inner}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
        );
        ([(header::CONTENT_TYPE, "application/soap+xml")], text)
    };
    if body.contains("<GetSystemDateAndTime") {
        let clock = now() + AHEAD;
        return soap(format!(
            "<t:R><tt:UTCDateTime><tt:Time><tt:Hour>{}</tt:Hour><tt:Minute>{}</tt:Minute>\
             <tt:Second>{}</tt:Second></tt:Time><tt:Date><tt:Year>{}</tt:Year><tt:Month>{}</tt:Month>\
             <tt:Day>{}</tt:Day></tt:Date></tt:UTCDateTime></t:R>",
            clock.hour(),
            clock.minute(),
            clock.second(),
            clock.year(),
            clock.month(),
            clock.day()
        ))
        .into_response();
    }
    if !is_signed(&body, PASSWORD) {
        let fault = "<Fault><Code><Value>Sender</Value><Subcode><Value>ter:NotAuthorized</Value>\
                     </Subcode></Code></Fault>";
        return (StatusCode::BAD_REQUEST, soap(fault.to_owned())).into_response();
    }
    let answer = if body.contains("<GetCapabilities") {
        // behind a gateway: an address only the device can reach
        "<t:R><tt:Media><tt:XAddr>http://10.255.255.1/onvif/media</tt:XAddr></tt:Media></t:R>"
            .to_owned()
    } else if body.contains("<GetProfiles") {
        "<t:R><t:Profiles token=\"p1\"><tt:Name>主码流</tt:Name></t:Profiles>\
         <t:Profiles token=\"p2\"><tt:Name>sub</tt:Name></t:Profiles></t:R>"
            .to_owned()
    } else if body.contains("<GetSnapshotUri") && body.contains(">p1<") {
        format!(
            "<t:R><t:MediaUri><tt:Uri>http://{host}/snap?a=1&amp;b=2</tt:Uri></t:MediaUri></t:R>"
        )
    } else if body.contains("<GetStreamUri") && body.contains("RTP-Unicast") {
        format!("<t:R><t:MediaUri><tt:Uri>rtsp://{host}/live</tt:Uri></t:MediaUri></t:R>")
    } else {
        return (
            StatusCode::INTERNAL_SERVER_ERROR,
            soap("<Fault/>".to_owned()),
        )
            .into_response();
    };
    soap(answer).into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_says_where_its_pictures_are() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let routes = Router::new()
        .route("/onvif/device_service", post(serve))
        .route("/onvif/media", post(serve))
        .with_state(host.clone());
    let device = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    let (_city, _service, administrator, _) = watched_city().await;
    let ask = |password: &str| {
        let url = format!("http://{host}/onvif/device_service");
        let asked = json!({ "url": url, "login": USER, "password": password });
        administrator
            .post(&format!("{SOURCE}/onvif"))
            .json(&asked)
            .send()
    };
    let mut told: serde_json::Value = ask(PASSWORD).await.unwrap().json().await.unwrap();
    let drift = told["clock_drift_s"].take().as_f64().unwrap();
    assert!((drift - 5400.0).abs() < 30.0, "{drift}");
    let stream = format!("rtsp://{host}/live");
    let expected = json!([
        { "name": "主码流", "snapshot_url": format!("http://{host}/snap?a=1&b=2"), "stream_url": stream },
        { "name": "sub", "snapshot_url": null, "stream_url": stream },
    ]);
    assert_eq!(told["profiles"], expected);
    let refused = problem(
        ask("wrong").await.unwrap(),
        Status::BAD_GATEWAY,
        "source-failed",
    )
    .await;
    assert_eq!(refused["failure"], "unauthorised");
    let nowhere = administrator.post(&format!("{SOURCE}/onvif"));
    let nowhere = nowhere
        .json(&json!({ "url": "http://127.0.0.1:1/" }))
        .send();
    let gone = nowhere.await.unwrap();
    let gone = problem(gone, Status::BAD_GATEWAY, "source-failed").await;
    assert_eq!(gone["failure"], "unreachable");
    device.abort();
}
