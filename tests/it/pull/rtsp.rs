//! RTSP from a real server, GStreamer's, with a real street in H.264.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::camera::{PASSWORD, USER};
use super::{SOURCE, failed, set, settings, state, taken, watched_city};
use crate::city::TestCity;
use crate::service::{TestService, problem};

/// Serves a clip to whoever knows the password, and says its port.
const SERVER: &str = include_str!("rtsp_server.py");

pub(super) struct RtspServer {
    child: Child,
    port: u16,
}

impl Drop for RtspServer {
    fn drop(&mut self) {
        // it may have ended by itself
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl RtspServer {
    /// `None`, with a word about it, where there is no clip or no server.
    pub(super) fn start() -> Option<Self> {
        let Ok(data) = std::env::var("CITYWARD_DATA") else {
            println!("CITYWARD_DATA is not set: RTSP is not tested");
            return None;
        };
        let clip = PathBuf::from(data).join("clips/street-640x352.mp4");
        let mut child = Command::new("/usr/bin/python3")
            .arg("-c")
            .arg(SERVER)
            .arg(clip)
            .args([USER, PASSWORD])
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let Ok(port) = line.trim().parse() else {
            println!(
                "GStreamer's RTSP server is not here (scripts/setup --tests): RTSP is not tested"
            );
            drop(child.wait());
            return None;
        };
        Some(Self { child, port })
    }

    pub(super) fn source(&self, password: &str, period_s: f64) -> serde_json::Value {
        json!({
            "kind": "rtsp", "url": format!("rtsp://127.0.0.1:{}/live", self.port),
            "login": USER, "password": password, "period_s": period_s,
        })
    }
}

/// The command lines of all ffmpegs that this process started.
pub(super) fn children() -> Vec<String> {
    let me = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let of_mine = processes.filter_map(|process| {
        let stat = std::fs::read_to_string(process.path().join("stat")).ok()?;
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?;
        let line = std::fs::read(process.path().join("cmdline")).ok()?;
        (parent == me).then(|| String::from_utf8_lossy(&line).replace('\0', " "))
    });
    of_mine.filter(|line| line.contains("mpjpeg")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_speaks_rtsp_is_watched_through_a_process_of_its_own() {
    let Some(server) = RtspServer::start() else {
        return;
    };
    let (_city, service, administrator, _) = watched_city().await;
    set(&administrator, "cam-1", server.source(PASSWORD, 0.5)).await;
    let streaming = taken(&administrator, 4).await;
    assert_eq!(streaming["phase"], "streaming");
    assert!(
        streaming["clock_drift_s"].as_f64().unwrap().abs() < 5.0,
        "{streaming}"
    );
    let at_work = children();
    let ours = at_work
        .iter()
        .filter(|line| line.contains("ffconcat") || line.contains("pipe:0"));
    assert!(ours.count() >= 1, "{at_work:?}");
    // who lists the processes learns neither name nor password nor where the camera is
    let all = at_work.concat();
    assert!(
        !all.contains("pa:ss") && !all.contains("pa%3A") && !all.contains("rtsp://"),
        "{all}"
    );
    let mut frame = administrator
        .get("/api/v1/cameras/cam-1/frame")
        .send()
        .await
        .unwrap();
    for _ in 0..200 {
        if frame.status() == StatusCode::OK {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        frame = administrator
            .get("/api/v1/cameras/cam-1/frame")
            .send()
            .await
            .unwrap();
    }
    let picture = image::load_from_memory(&frame.bytes().await.unwrap()).unwrap();
    assert_eq!((picture.width(), picture.height()), (640, 352));

    // only key frames, every two seconds in this clip
    set(&administrator, "cam-1", server.source(PASSWORD, 4.0)).await;
    let key_frames = taken(&administrator, 2).await;
    assert_eq!(key_frames["refused"], 0, "{key_frames}");
    set(&administrator, "cam-1", server.source("wrong", 0.5)).await;
    failed(&administrator, "unauthorised").await;
    let mut elsewhere = server.source(PASSWORD, 0.5);
    elsewhere["url"] = format!("rtsp://127.0.0.1:{}/nothing", server.port).into();
    set(&administrator, "cam-1", elsewhere).await;
    state(&administrator, |state| {
        state["failure"]["detail"] == "it answered 404"
    })
    .await;
    set(&administrator, "cam-1", server.source(PASSWORD, 0.5)).await;
    taken(&administrator, 1).await;
    drop(server);
    // the server is gone
    state(&administrator, |state| state["failure"].is_object()).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_ffmpeg_it_says_so_and_the_others_go_on() {
    let Some(server) = RtspServer::start() else {
        return;
    };
    let city = TestCity::new().await;
    city.watched().await;
    let service = TestService::start_with(&city, |config| {
        settings(config);
        config.pull.ffmpeg = "/nowhere/ffmpeg".into();
    })
    .await;
    let administrator = service.sign_in(&city).await;
    let attempt = administrator.post(&format!("{SOURCE}/try"));
    let attempt = attempt
        .json(&server.source(PASSWORD, 1.0))
        .send()
        .await
        .unwrap();
    let body = problem(attempt, StatusCode::BAD_GATEWAY, "source-failed").await;
    assert_eq!(body["failure"], "no-ffmpeg");
    set(&administrator, "cam-1", server.source(PASSWORD, 1.0)).await;
    failed(&administrator, "no-ffmpeg").await;
    let ready = service.client().get("/readyz").send().await.unwrap();
    assert_eq!(ready.status(), StatusCode::OK);
    let ready = ready.text().await.unwrap();
    assert!(
        ready.contains("rtsp waits: /nowhere/ffmpeg is not there"),
        "{ready}"
    );
}

/// A camera that answers every DESCRIBE with a redirect. Returns its port.
async fn camera_that_sends_on(elsewhere: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (reading, mut writing) = stream.into_split();
                let mut lines = tokio::io::BufReader::new(reading).lines();
                let (mut method, mut number) = (String::new(), String::new());
                while let Ok(Some(line)) = lines.next_line().await {
                    if line.contains("RTSP/1.0") {
                        method = line.split(' ').next().unwrap_or_default().to_owned();
                    } else if let Some(told) = line.strip_prefix("CSeq: ") {
                        number = told.to_owned();
                    } else if line.is_empty() {
                        let answer = match method.as_str() {
                            "OPTIONS" => "200 OK\r\nPublic: DESCRIBE, SETUP, PLAY".to_owned(),
                            _ => {
                                format!("302 Found\r\nLocation: rtsp://127.0.0.1:{elsewhere}/live")
                            }
                        };
                        let answer = format!("RTSP/1.0 {answer}\r\nCSeq: {number}\r\n\r\n");
                        if writing.write_all(answer.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_cannot_send_us_to_another_address() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = camera_that_sends_on(elsewhere.local_addr().unwrap().port()).await;
    let (_city, service, administrator, _) = watched_city().await;
    let source = json!({
        "kind": "rtsp", "url": format!("rtsp://127.0.0.1:{port}/live"), "period_s": 1.0,
    });
    set(&administrator, "cam-1", source).await;
    failed(&administrator, "redirected").await;
    let came = tokio::time::timeout(Duration::from_millis(500), elsewhere.accept()).await;
    assert!(came.is_err(), "somebody came: {came:?}");
    service.stop().await;
}
