//! What an ffmpeg and its camera say to each other goes through here, so that the camera sends
//! nobody on to an address that was not looked at: ffmpeg follows redirects by itself.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// Carried at a time.
const BYTES: usize = 64 << 10;

/// A port of this machine that leads to a camera, once. Closed when dropped.
#[derive(Debug)]
pub(super) struct Relay {
    pub(super) at: SocketAddr,
    redirected: Arc<AtomicU16>,
    _carrying: AbortOnDropHandle<()>,
}

impl Relay {
    /// # Errors
    /// No port can be had.
    pub(super) async fn to(camera: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let at = listener.local_addr()?;
        let redirected = Arc::new(AtomicU16::new(0));
        let told = Arc::clone(&redirected);
        let carrying = tokio::spawn(async move {
            if let Err(error) = carry(listener, camera, &told).await {
                tracing::debug!(%error, "a camera's stream ended");
            }
        });
        Ok(Self {
            at,
            redirected,
            _carrying: AbortOnDropHandle::new(carrying),
        })
    }

    /// The status with which the camera wanted to send us on.
    pub(super) fn redirected(&self) -> Option<u16> {
        match self.redirected.load(Ordering::Relaxed) {
            0 => None,
            status => Some(status),
        }
    }
}

async fn carry(listener: TcpListener, camera: SocketAddr, told: &AtomicU16) -> io::Result<()> {
    let (player, _) = listener.accept().await?;
    // Nobody else comes in; and as long as we listen nobody else can have the port, where a player
    // that came too late would give away the camera's password.
    let _held = listener;
    let camera = TcpStream::connect(camera).await?;
    let (mut from_player, to_player) = player.into_split();
    let (from_camera, mut to_camera) = camera.into_split();
    tokio::select! {
        // a player that has asked everything may still listen
        Err(error) = tokio::io::copy(&mut from_player, &mut to_camera) => Err(error),
        carried = until_redirected(from_camera, to_player) => {
            told.store(carried?.unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }
    }
}

/// Carries what the camera says up to a redirect, of which nothing that could be followed arrives;
/// returns its status, or none at the end.
async fn until_redirected(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) -> io::Result<Option<u16>> {
    let (mut answers, mut buffer) = (Answers::default(), vec![0; BYTES]);
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(None);
        }
        if let Some(status) = answers.redirect_in(&buffer[..read]) {
            return Ok(Some(status));
        }
        to.write_all(&buffer[..read]).await?;
    }
}

/// Looks for the first lines of answers as ffmpeg reads them (`ff_rtsp_read_reply`: a word that begins
/// with `RTSP/`, then a number), anywhere: where an answer begins among the media is for
/// ffmpeg to decide.
#[derive(Debug, Clone, Copy)]
enum Answers {
    /// So much of [`BEGINNING`] is there.
    Beginning(usize),
    Version,
    Gap,
    Number(u32),
}

const BEGINNING: &[u8] = b"RTSP/";
const REDIRECTS: std::ops::Range<u32> = 300..400;

impl Default for Answers {
    fn default() -> Self {
        Self::Beginning(0)
    }
}

impl Answers {
    fn redirect_in(&mut self, bytes: &[u8]) -> Option<u16> {
        bytes.iter().find_map(|byte| self.take(*byte))
    }

    fn take(&mut self, byte: u8) -> Option<u16> {
        *self = match (*self, byte) {
            (Self::Number(number), b'0'..=b'9') => Self::Number(
                number
                    .saturating_mul(10)
                    .saturating_add(u32::from(byte - b'0')),
            ),
            (Self::Number(number), _) if REDIRECTS.contains(&number) => {
                return u16::try_from(number).ok();
            }
            (Self::Gap, b'0'..=b'9') => Self::Number(u32::from(byte - b'0')),
            // what C's `atoi` skips
            (Self::Gap, b' ' | b'\t' | b'\x0b' | b'\x0c' | b'+') => Self::Gap,
            (Self::Version, b' ' | b'\t') => Self::Gap,
            (Self::Version, byte) if byte != b'\r' && byte != b'\n' => Self::Version,
            (Self::Beginning(there), byte) if BEGINNING.get(there) == Some(&byte) => {
                match there + 1 == BEGINNING.len() {
                    true => Self::Version,
                    false => Self::Beginning(there + 1),
                }
            }
            (_, b'R') => Self::Beginning(1),
            _ => Self::default(),
        };
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[test]
    fn a_redirect_is_seen_however_it_is_written_and_cut() {
        for line in [
            "RTSP/1.0 302 Moved\r\n",
            "RTSP/1.0 301\r\n",
            "RTSP/2.0\t \t307 x\r\n",
            "RTSP/ +00303 x\r\n",
            "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\nRTSP/1.0 305 Use\r\n",
            "$\0\0\u{4}mediaRTSP/1.0 302 x\n",
            "RRTSP/1.0 302 x\n",
        ] {
            for cut in 0..line.len() {
                let (before, after) = line.as_bytes().split_at(cut);
                let mut answers = Answers::default();
                let seen = answers
                    .redirect_in(before)
                    .or_else(|| answers.redirect_in(after));
                assert!(seen.is_some(), "{line:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn other_answers_pass() {
        for line in [
            "RTSP/1.0 200 OK\r\nContent-Length: 302\r\n\r\n",
            "RTSP/1.0 401 Unauthorized\r\n",
            "RTSP/1.0 3020 x\r\n",
            "RTSP/1.0\r\n302 \r\n",
            "Server: RTSP/3.1 server 302 \r\n",
            "RTSP/1.0 30\r\n",
        ] {
            assert_eq!(
                Answers::default().redirect_in(line.as_bytes()),
                None,
                "{line:?}"
            );
        }
    }

    #[tokio::test]
    async fn what_a_camera_says_arrives_up_to_a_redirect() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let camera = listener.local_addr().unwrap();
        let relay = Relay::to(camera).await.unwrap();
        let mut player = TcpStream::connect(relay.at).await.unwrap();
        let (mut there, _) = listener.accept().await.unwrap();
        player.write_all(b"DESCRIBE").await.unwrap();
        let mut asked = [0; 8];
        there.read_exact(&mut asked).await.unwrap();
        assert_eq!(&asked, b"DESCRIBE");
        there.write_all(b"RTSP/1.0 401 No\r\n\r\n").await.unwrap();
        let mut heard = [0; 19];
        player.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"RTSP/1.0 401 No\r\n\r\n");
        assert_eq!(relay.redirected(), None);
        there
            .write_all(b"RTSP/1.0 302 Found\r\nLocation: rtsp://10.0.0.1/\r\n\r\n")
            .await
            .unwrap();
        let mut rest = Vec::new();
        let ended = timeout(Duration::from_secs(5), player.read_to_end(&mut rest));
        ended.await.unwrap().unwrap();
        assert!(!rest.contains(&b'\n'), "{rest:?}");
        assert_eq!(relay.redirected(), Some(302));
    }
}
