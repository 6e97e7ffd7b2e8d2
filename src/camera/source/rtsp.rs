//! RTSP: one ffmpeg a camera speaks it and decodes, and gives us JPEGs through a pipe.
//!
//! Codecs and a protocol of three decades stay out of our memory: what leaks or crashes there ends
//! with that process. It is told where to go on its standard input, so that the password is in no
//! list of processes; it may speak RTSP, RTP and TCP and open no file; it is killed when it is not
//! wanted any more. Before it is started we knock ourselves, so that a dead camera costs no process.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use chrono::{DateTime, Utc};
use hyper::Uri;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::feed::{Pace, Tools};
use super::parts::Parts;
use super::relay::Relay;
use super::{Failure, Login, Shot, Source};
use crate::outbound::resolve;

const PORT: u16 = 554;
const KNOCK_MAX: Duration = Duration::from_secs(5);
/// Of the answer to the knock.
const KNOCK_BYTES_MAX: usize = 4 << 10;
/// From the start of ffmpeg to its first picture: it looks at a stream for some seconds first.
const FIRST_PICTURE_MAX: Duration = Duration::from_secs(20);
/// From this period on only key frames are decoded, which costs a tenth or less.
const KEY_FRAMES_FROM: Duration = Duration::from_secs(4);
/// Read at a time.
const READ_BYTES: usize = 64 << 10;
/// Kept of what ffmpeg complains about.
const COMPLAINT_BYTES_MAX: usize = 4 << 10;
/// How ffmpeg writes its pictures.
const FORMAT: &str = "multipart/x-mixed-replace; boundary=ffmpeg";

/// An ffmpeg at work.
#[derive(Debug)]
pub(super) struct Player {
    /// Killed when dropped.
    child: Child,
    relay: Relay,
    pictures: ChildStdout,
    complaints: Arc<Mutex<String>>,
    listening: AbortOnDropHandle<()>,
    parts: Parts,
    pace: Pace,
    buffer: BytesMut,
    clock_drift_s: Option<f64>,
    has_shown: bool,
}

impl Player {
    pub(super) async fn start(
        source: &Source,
        tools: &Tools,
        pace: Pace,
        now: DateTime<Utc>,
    ) -> Result<Self, Failure> {
        let port = source.uri.port_u16().unwrap_or(PORT);
        let host = source.uri.host().unwrap_or_default();
        let unreachable = |error: std::io::Error| Failure::Unreachable(error.to_string());
        let address = resolve(host, port, tools.guarded)
            .await
            .map_err(unreachable)?;
        let camera = SocketAddr::new(address, port);
        let clock_drift_s = knock(camera, &source.uri, now).await?;
        let relay = Relay::to(camera).await.map_err(unreachable)?;
        let mut child = command(tools, pace.period())
            .spawn()
            .map_err(|error| Failure::NoFfmpeg(error.to_string()))?;
        let gone = || Failure::Stream("it has no pipes".to_owned());
        let mut instructions = child.stdin.take().ok_or_else(gone)?;
        let script = script(&source.uri, relay.at, source.login.as_ref());
        instructions
            .write_all(script.as_bytes())
            .await
            .map_err(unreachable)?;
        drop(instructions);
        let pictures = child.stdout.take().ok_or_else(gone)?;
        let complaints = Arc::default();
        let errors = child.stderr.take().ok_or_else(gone)?;
        let listening = tokio::spawn(listen(errors, Arc::clone(&complaints)));
        Ok(Self {
            child,
            relay,
            pictures,
            complaints,
            listening: AbortOnDropHandle::new(listening),
            parts: Parts::new(FORMAT, tools.limits.frame_bytes_max)?,
            pace,
            buffer: BytesMut::with_capacity(READ_BYTES),
            clock_drift_s,
            has_shown: false,
        })
    }

    pub(super) async fn next(&mut self) -> Result<Shot, Failure> {
        let stall = if self.has_shown {
            self.pace.stall()
        } else {
            FIRST_PICTURE_MAX
        };
        let mut stalled_at = Instant::now() + stall;
        loop {
            while let Some(part) = self.parts.next_part()? {
                self.has_shown = true;
                stalled_at = Instant::now() + stall;
                if let Some(shot) = self.pace.take(part, self.clock_drift_s, Instant::now()) {
                    return Ok(shot);
                }
            }
            let left = stalled_at.saturating_duration_since(Instant::now());
            self.buffer.clear();
            let reading = self.pictures.read_buf(&mut self.buffer);
            match timeout(left, reading).await {
                Err(_elapsed) => return Err(Failure::Stalled(stall)),
                Ok(Ok(0)) => return Err(self.what_happened().await),
                Ok(Ok(_)) => self.parts.push(&self.buffer),
                Ok(Err(error)) => return Err(Failure::Stream(error.to_string())),
            }
        }
    }

    /// Why it gives no more.
    async fn what_happened(&mut self) -> Failure {
        // both end with the process; what does not is not waited for
        drop(timeout(KNOCK_MAX, self.child.wait()).await);
        drop(timeout(KNOCK_MAX, &mut self.listening).await);
        if let Some(status) = self.relay.redirected() {
            return Failure::Redirected(status);
        }
        let complaints = self.complaints.lock();
        failure_in(&complaints.unwrap_or_else(PoisonError::into_inner))
    }
}

fn command(tools: &Tools, period: Duration) -> Command {
    let period_s = period.as_secs_f64();
    // the first picture, and each that is a period after the last; 10 % early is on time
    let select = format!(
        "select='isnan(prev_selected_t)+gte(t-prev_selected_t,{:.3})'",
        period_s * 0.9
    );
    let pixels_max = tools.limits.frame_pixels_max.to_string();
    let mut command = Command::new(&tools.ffmpeg);
    command
        .args(["-nostdin", "-hide_banner", "-loglevel", "error"])
        .args(["-protocol_whitelist", "pipe,rtsp,rtp,tcp"])
        .args(["-threads", "1", "-max_pixels", &pixels_max]);
    if period >= KEY_FRAMES_FROM {
        command.args(["-skip_frame", "nokey"]);
    }
    command
        .args(["-f", "concat", "-safe", "0", "-i", "pipe:0"])
        .args(["-an", "-sn", "-dn", "-vf", &select])
        .args(["-fps_mode", "passthrough", "-threads", "1"])
        .args(["-c:v", "mjpeg", "-q:v", "3", "-f", "mpjpeg", "pipe:1"])
        // nothing of ours is its business
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Where ffmpeg is to go, in its own language (`ffconcat`): to the relay that leads to the address
/// that was looked at, so that neither a name nor the camera can lead elsewhere a moment later.
fn script(uri: &Uri, at: SocketAddr, login: Option<&Login>) -> String {
    let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let login = login.map(|login| {
        let (user, password) = (encoded(&login.user), encoded(login.password.reveal()));
        format!("{user}:{password}@")
    });
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    // a quote ends the quoted text, stands for itself, and begins it again
    let path = path.replace('\'', "'\\''");
    format!(
        "ffconcat version 1.0\nfile 'rtsp://{}{at}{path}'\noption rtsp_transport tcp\n",
        login.unwrap_or_default()
    )
}

/// Asks what it can, without a password. Returns by how many seconds its clock is ahead of `now`,
/// where it says its time (RFC 2326, section 12.18).
async fn knock(at: SocketAddr, uri: &Uri, now: DateTime<Utc>) -> Result<Option<f64>, Failure> {
    let unreachable = |error: std::io::Error| Failure::Unreachable(error.to_string());
    let knocking = async {
        let mut stream = TcpStream::connect(at).await?;
        let request = format!("OPTIONS {uri} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: cityward\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        while !answer.windows(4).any(|end| end == b"\r\n\r\n") && answer.len() < KNOCK_BYTES_MAX {
            if stream.read_buf(&mut answer).await? == 0 {
                break;
            }
        }
        Ok(answer)
    };
    let answer = timeout(KNOCK_MAX, knocking)
        .await
        .map_err(|_elapsed| Failure::Late(KNOCK_MAX))?
        .map_err(unreachable)?;
    let answer = String::from_utf8_lossy(&answer);
    if !answer.starts_with("RTSP/") {
        return Err(Failure::Stream("it does not speak RTSP".to_owned()));
    }
    let date = answer.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("date").then_some(value.trim())
    });
    let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    Ok(date.map(|date| (date.to_utc() - now).num_milliseconds() as f64 / 1000.0))
}

/// Keeps the last of what it complains about.
async fn listen(mut errors: impl AsyncRead + Unpin, complaints: Arc<Mutex<String>>) {
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = errors.read(&mut buffer).await {
        let text = String::from_utf8_lossy(&buffer[..read]);
        let mut kept = complaints.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_str(&text);
        if kept.len() > COMPLAINT_BYTES_MAX {
            let from = kept.len() - COMPLAINT_BYTES_MAX;
            let from = (from..kept.len()).find(|at| kept.is_char_boundary(*at));
            kept.drain(..from.unwrap_or(0));
        }
    }
}

/// Only its last word about the input is passed on: others name the address with its password.
fn failure_in(complaints: &str) -> Failure {
    let last = complaints.lines().rev();
    let said = last.filter_map(|line| line.strip_prefix("pipe:0: ")).next();
    match said {
        None => Failure::Ended,
        Some(said) if said.contains("401") || said.contains("403") => Failure::Unauthorised,
        Some(said) if said.contains("404") => Failure::Answered(404),
        Some(said) => Failure::Stream(said.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Secret;

    #[test]
    fn a_password_is_no_part_of_the_address_and_a_quote_no_end_of_it() {
        let uri: Uri = "rtsp://cam.example/a'b?c=1".parse().unwrap();
        let login = Login {
            user: "admin".to_owned(),
            password: Secret::from_request("p'@:/\n"),
        };
        let relay = "127.0.0.1:40001".parse().unwrap();
        let script = script(&uri, relay, Some(&login));
        let expected = "file 'rtsp://admin:p%27%40%3A%2F%0A@127.0.0.1:40001/a'\\''b?c=1'";
        assert_eq!(script.lines().nth(1), Some(expected));
        assert_eq!(script.lines().count(), 3);
    }

    #[test]
    fn what_ffmpeg_says_of_the_address_is_not_passed_on() {
        let said = "[concat @ 0x5] Impossible to open 'rtsp://admin:secret@10.0.0.7:554/live'\n";
        assert_eq!(failure_in(said), Failure::Ended);
        let refused =
            format!("{said}pipe:0: Server returned 401 Unauthorized (authorization failed)\n");
        assert_eq!(failure_in(&refused), Failure::Unauthorised);
        let broken = format!("{said}pipe:0: Invalid data found when processing input\n");
        let words = "Invalid data found when processing input".to_owned();
        assert_eq!(failure_in(&broken), Failure::Stream(words));
    }
}
