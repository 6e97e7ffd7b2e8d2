//! Ten thousand malformed requests to the frame endpoint, over real sockets, to the real program.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::unistd::Pid;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sqlx::ConnectOptions as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::city::TestCity;
use crate::door::picture;
use crate::program::{Program, cityward};

const REQUESTS: u64 = 10_000;
/// After these the program has what it needs.
const WARM_UP: u64 = 1_000;
const AT_A_TIME: usize = 32;
const SEED: u64 = 20_261_122;
/// The program is started with this bound.
const FRAME_BYTES_MAX: usize = 256 << 10;
/// Far below what one forgotten body in a hundred would add up to.
const GROWTH_KIB_MAX: u64 = 48 << 10;
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// One spoilt request: its bytes, and which answers are right.
struct Spoilt {
    kind: &'static str,
    bytes: Vec<u8>,
    /// Empty: any that does not put the fault on the server, or none at all.
    expected: &'static [u16],
    /// Sent in two halves with a pause between.
    slowly: bool,
}

struct Spoiler<'a> {
    token: &'a str,
    rng: ChaCha8Rng,
}

impl Spoiler<'_> {
    fn head(&self, length: usize, headers: &str) -> Vec<u8> {
        let token = self.token;
        format!(
            "POST /api/v1/cameras/cam-1/frames HTTP/1.1\r\nHost: city\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\nX-Captured-At: 2026-11-22T10:00:00Z\r\n\
             Content-Length: {length}\r\n{headers}\r\n"
        )
        .into_bytes()
    }

    fn jpeg_request(&self, body: &[u8]) -> Vec<u8> {
        [&self.head(body.len(), "Content-Type: image/jpeg\r\n"), body].concat()
    }

    fn noise(&mut self, bytes: usize) -> Vec<u8> {
        (0..bytes).map(|_| self.rng.random()).collect()
    }

    /// Flips up to eight bits.
    fn flipped(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        for _ in 0..self.rng.random_range(1..=8) {
            let at = self.rng.random_range(0..bytes.len());
            bytes[at] ^= 1 << self.rng.random_range(0..8);
        }
        bytes
    }

    fn next(&mut self) -> Spoilt {
        match self.rng.random_range(0..20) {
            0..=3 => self.spoilt_picture(),
            4..=5 => self.spoilt_multipart(),
            6..=9 => self.spoilt_header(),
            10..=12 => self.lie_about_length(),
            13..=15 => self.spoilt_request(),
            16..=18 => self.bomb(),
            _ => self.slow(),
        }
    }

    fn spoilt_picture(&mut self) -> Spoilt {
        let jpeg = picture();
        match self.rng.random_range(0..4) {
            0 => {
                let end = self.rng.random_range(2..jpeg.len() - 1);
                spoilt("truncated", self.jpeg_request(&jpeg[..end]), &[422])
            }
            1 => {
                let jpeg = self.flipped(jpeg);
                spoilt(
                    "bits flipped",
                    self.jpeg_request(&jpeg),
                    &[202, 415, 422, 429],
                )
            }
            2 => {
                let bytes = self.rng.random_range(1..5_000);
                let noise = self.noise(bytes);
                spoilt("noise", self.jpeg_request(&noise), &[415, 422])
            }
            _ => {
                let magic: &[u8] = [
                    &b"GIF89a"[..],
                    b"\x89PNG\r\n\x1a\n",
                    b"%PDF-1.7",
                    b"<svg/>",
                    b"",
                ]
                .choose(&mut self.rng)
                .unwrap();
                spoilt("another format", self.jpeg_request(magic), &[400, 415])
            }
        }
    }

    fn spoilt_multipart(&mut self) -> Spoilt {
        let jpeg = picture();
        let part = [
            &b"--b\r\nContent-Disposition: form-data; name=\"f\"\r\nContent-Type: image/jpeg\r\n\r\n"[..],
            &jpeg,
            b"\r\n",
        ]
        .concat();
        let body = match self.rng.random_range(0..5) {
            0 => part, // never ends
            1 => [&part.repeat(40)[..], b"--b--\r\n"].concat(),
            2 => {
                let noise = self.noise(500);
                [&b"--b\r\n"[..], &noise].concat()
            }
            3 => self.flipped([&part[..], b"--b--\r\n"].concat()),
            _ => {
                b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n--c--\r\n--b--\r\n"
                    .to_vec()
            }
        };
        let boundary = [
            "; boundary=b",
            "; boundary=",
            "",
            "; boundary=\"",
            "; charset=b",
        ];
        let boundary = boundary.choose(&mut self.rng).unwrap();
        let content_type = format!("Content-Type: multipart/form-data{boundary}\r\n");
        let bytes = [self.head(body.len(), &content_type), body].concat();
        spoilt("multipart", bytes, &[202, 400, 413, 415, 422, 429])
    }

    fn spoilt_header(&mut self) -> Spoilt {
        let jpeg = picture();
        let which = self.rng.random_range(0..7);
        let with = |headers: &str| [&self.head(jpeg.len(), headers)[..], &jpeg].concat();
        match which {
            0 => spoilt("no type", with(""), &[415]),
            1 => spoilt("wrong type", with("Content-Type: text/html\r\n"), &[415]),
            2 => {
                let headers = "Content-Type: image/jpeg\r\nContent-Encoding: gzip\r\n";
                spoilt("encoded", with(headers), &[415])
            }
            3 => {
                let headers = "Content-Type: image/jpeg\r\nX-Captured-At: 2999-01-01T00:00:00Z\r\n";
                spoilt("two times", with(headers), &[400])
            }
            4 => {
                let huge = format!("X-Filler: {}\r\n", "x".repeat(100_000));
                spoilt("huge header", with(&huge), &[])
            }
            5 => {
                let many = "X-Filler: x\r\n".repeat(500);
                spoilt("many headers", with(&many), &[])
            }
            _ => {
                let forged = self.head(jpeg.len(), "Content-Type: image/jpeg\r\n");
                let forged = String::from_utf8(forged)
                    .unwrap()
                    .replace(self.token, "forged");
                spoilt("forged token", [forged.as_bytes(), &jpeg].concat(), &[401])
            }
        }
    }

    fn lie_about_length(&mut self) -> Spoilt {
        let jpeg = picture();
        let kind = "Content-Type: image/jpeg\r\n";
        match self.rng.random_range(0..4) {
            0 => {
                let length = jpeg.len() + self.rng.random_range(1..10_000);
                spoilt(
                    "promises more",
                    [&self.head(length, kind)[..], &jpeg].concat(),
                    &[],
                )
            }
            1 => {
                let length = self.rng.random_range(1..jpeg.len() - 1);
                spoilt(
                    "promises less",
                    [&self.head(length, kind)[..], &jpeg].concat(),
                    &[415, 422],
                )
            }
            2 => {
                let length = FRAME_BYTES_MAX + self.rng.random_range(1..1 << 40);
                spoilt("promises too much", self.head(length, kind), &[413])
            }
            _ => {
                let head = String::from_utf8(self.head(4_711, kind)).unwrap();
                let lengths = [
                    "-1",
                    "99999999999999999999999",
                    "0x10",
                    "",
                    "1\r\nContent-Length: 2",
                ];
                let length = lengths.choose(&mut self.rng).unwrap();
                let head = head.replace("4711", length);
                spoilt("impossible length", [head.as_bytes(), &jpeg].concat(), &[])
            }
        }
    }

    fn spoilt_request(&mut self) -> Spoilt {
        let whole = self.jpeg_request(&picture());
        match self.rng.random_range(0..4) {
            0 => {
                let noise = self.noise(300);
                spoilt("not HTTP", [&noise[..], b"\r\n\r\n"].concat(), &[])
            }
            1 => {
                let head = whole.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
                let (head, body) = whole.split_at(head);
                let head = self.flipped(head.to_vec());
                spoilt("bits flipped in the head", [&head, body].concat(), &[])
            }
            2 => {
                let long = "x".repeat(300);
                let paths = ["%00", "..%2f..%2fetc", "%FF%FE", "no%20such", &long];
                let path = paths.choose(&mut self.rng).unwrap();
                let text = b"/cam-1/";
                let at = whole.windows(7).position(|w| w == text).unwrap();
                let bytes = [&whole[..=at], path.as_bytes(), &whole[at + 6..]].concat();
                spoilt("unknown camera", bytes, &[400, 404])
            }
            _ => {
                let end = self.rng.random_range(1..whole.len());
                spoilt("breaks off", whole[..end].to_vec(), &[])
            }
        }
    }

    fn bomb(&mut self) -> Spoilt {
        match self.rng.random_range(0..3) {
            0 => {
                let mut jpeg = picture();
                let at = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
                jpeg[at + 5..at + 9].fill(0xFF);
                spoilt("many pixels", self.jpeg_request(&jpeg), &[422])
            }
            1 => {
                let chunked = self.chunked();
                let chunk = [&b"8000\r\n"[..], &[b'x'; 0x8000], b"\r\n"].concat();
                spoilt(
                    "endless chunks",
                    [chunked, chunk.repeat(12)].concat(),
                    &[413],
                )
            }
            _ => {
                let chunked = self.chunked();
                let sizes = [
                    &b"ffffffffffffffff\r\n"[..],
                    b"-5\r\nabc\r\n",
                    b"zz\r\n",
                    b"1;",
                ];
                let size = sizes.choose(&mut self.rng).unwrap();
                spoilt(
                    "spoilt chunks",
                    [&chunked[..], size, &[b'x'; 100]].concat(),
                    &[],
                )
            }
        }
    }

    fn chunked(&self) -> Vec<u8> {
        let head = self.head(
            0,
            "Content-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n",
        );
        let head = String::from_utf8(head).unwrap();
        head.replace("Content-Length: 0\r\n", "").into_bytes()
    }

    fn slow(&mut self) -> Spoilt {
        Spoilt {
            slowly: true,
            ..self.spoilt_picture()
        }
    }
}

fn spoilt(kind: &'static str, bytes: Vec<u8>, expected: &'static [u16]) -> Spoilt {
    Spoilt {
        kind,
        bytes,
        expected,
        slowly: false,
    }
}

/// Sends the bytes and reads the answer; `None`: there was none. Where none is expected, the
/// sender hangs up after its last byte, for the server may be right to wait for more.
async fn send(address: &str, spoilt: &Spoilt) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (mut read, mut write) = stream.split();
    let sending = async {
        let pause_at = if spoilt.slowly {
            spoilt.bytes.len() / 2
        } else {
            0
        };
        let (first, second) = spoilt.bytes.split_at(pause_at);
        // A server that has heard enough may hang up while we are still sending.
        if spoilt.slowly && write.write_all(first).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        if write.write_all(second).await.is_ok() && spoilt.expected.is_empty() {
            drop(write.shutdown().await);
        }
    };
    let mut answer = Vec::new();
    let receiving = async {
        let mut buffer = [0; 4096];
        while !is_whole(&answer)
            && let Ok(bytes @ 1..) = read.read(&mut buffer).await
        {
            answer.extend_from_slice(&buffer[..bytes]);
        }
    };
    timeout(ANSWER_MAX, async { tokio::join!(sending, receiving) })
        .await
        .unwrap_or_else(|_| panic!("{}: no answer and no end", spoilt.kind));
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some((status, text))
}

/// Whether an answer is here as far as its Content-Length says.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let mut headers = head.lines().filter_map(|line| line.split_once(": "));
    headers
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .is_some_and(|(_, length)| body.len() >= length.parse().unwrap())
}

/// Sends requests from the counter up to `end`; returns how often each kind got each answer.
async fn storm(
    address: &str,
    token: &str,
    next: &AtomicU64,
    end: u64,
) -> BTreeMap<(&'static str, u16), u32> {
    let mut answers = BTreeMap::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= end {
            return answers;
        }
        let rng = ChaCha8Rng::seed_from_u64(SEED + number);
        let spoilt = Spoiler { token, rng }.next();
        let answer = send(address, &spoilt).await;
        let status = answer.as_ref().map_or(0, |(status, _)| *status);
        let right = match spoilt.expected {
            [] => status < 500,
            expected => expected.contains(&status),
        };
        assert!(right, "request {number}, {}: {answer:?}", spoilt.kind);
        *answers.entry((spoilt.kind, status)).or_default() += 1;
    }
}

/// Resident memory of a process, KiB.
fn resident_kib(pid: Pid) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// How long the server bears with a client that never finishes its headers.
async fn slow_loris(address: &str) -> Duration {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: city\r\nX-")
        .await
        .unwrap();
    let started = Instant::now();
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    started.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_malformed_requests_do_no_harm() {
    let city = TestCity::new().await;
    let (platform, token) = city.platform("video").await;
    city.camera("cam-1", platform).await;
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(
        cityward(folder.path())
            .env("DATABASE_URL", city.options.to_url_lossy().as_str())
            .env("CITYWARD_FRAME_BYTES_MAX", FRAME_BYTES_MAX.to_string())
            .arg("serve"),
    );
    let address: Arc<str> = program.url.strip_prefix("http://").unwrap().into();
    let loris = tokio::spawn({
        let address = address.clone();
        async move { slow_loris(&address).await }
    });
    let started = Instant::now();
    let mut answers = BTreeMap::new();
    let mut warm_kib = 0;
    for numbers in [0..WARM_UP, WARM_UP..REQUESTS] {
        let next = Arc::new(AtomicU64::new(numbers.start));
        let end = numbers.end;
        let storms = (0..AT_A_TIME).map(|_| {
            let (address, token, next) = (address.clone(), token.clone(), next.clone());
            tokio::spawn(async move { storm(&address, &token, &next, end).await })
        });
        for some in futures::future::join_all(storms).await {
            for (answer, count) in some.unwrap() {
                *answers.entry(answer).or_insert(0) += count;
            }
        }
        if end == WARM_UP {
            warm_kib = resident_kib(program.pid());
        }
    }
    let kib = resident_kib(program.pid());
    println!(
        "{REQUESTS} requests in {:.1?}; {warm_kib} KiB, then {kib} KiB",
        started.elapsed()
    );
    for ((kind, status), count) in &answers {
        println!("{count:6} × {kind}: {status}");
    }
    assert_eq!(u64::from(answers.values().sum::<u32>()), REQUESTS);
    assert!(
        kib < warm_kib + GROWTH_KIB_MAX,
        "{warm_kib} KiB grew to {kib} KiB"
    );
    assert!(loris.await.unwrap() < Duration::from_secs(15));

    let whole = Spoiler {
        token: &token,
        rng: ChaCha8Rng::seed_from_u64(0),
    }
    .jpeg_request(&picture());
    let answer = send(&address, &spoilt("whole", whole, &[202])).await;
    assert_eq!(answer.unwrap().0, 202, "a good frame is still let in");
}
