//! A frame comes in: what is let in, what is refused and why.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use cityward::camera::Tally;
use cityward::pipeline::FrameReport;

use crate::door::{Door, FRAMES, ago, check, now, picture, picture_of, set, unset};

const BOUNDARY: &str = "a-line-between";

#[tokio::test]
async fn a_frame_is_let_in_at_once() {
    let door = Door::open(|_| {}).await;
    let answer = door.send(door.push(picture(), |_| {})).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let id = answer.body["frames"][0]["frame_id"].as_str().unwrap();
    let waiting = door.app.intake.take().unwrap();
    assert_eq!(waiting.frame.id.to_string(), id);
    assert_eq!(waiting.frame.jpeg, picture());
    assert!(waiting.reply.is_none());
    assert!(waiting.frame.camera.calibration.is_some());
}

#[tokio::test]
async fn credentials_and_camera_are_checked_first() {
    let door = Door::open(|_| {}).await;
    let anonymous = door.push(picture(), |r| unset(r, "authorization"));
    check(&door.send(anonymous).await, 401, "unauthenticated", None);
    let wrong = door.push(picture(), |r| set(r, "authorization", "Bearer wrong"));
    check(&door.send(wrong).await, 401, "unauthenticated", None);
    for unknown in ["nobody", "no%20such", "%FF%FE", &"x".repeat(200)] {
        let path = format!("/api/v1/cameras/{unknown}/frames");
        let request = door.push(picture(), |r| *r.uri_mut() = path.parse().unwrap());
        let answer = door.send(request).await;
        let kind = answer.body["type"].as_str().unwrap();
        assert!(answer.status.is_client_error(), "{unknown}: {answer:?}");
        assert!(
            kind == "/problems/not-found" || kind == "/problems/invalid-field",
            "{kind}"
        );
    }
    let others = "/api/v1/cameras/cam-2/frames";
    let request = door.push(picture(), |r| *r.uri_mut() = others.parse().unwrap());
    check(&door.send(request).await, 403, "forbidden", None);
    assert_eq!(door.tally(), Tally::default());
}

#[tokio::test]
async fn a_body_that_is_no_whole_picture_is_refused() {
    let door = Door::open(|config| config.intake.frame_bytes_max = 100_000).await;
    let jpeg = picture();
    let half = jpeg[..jpeg.len() / 2].to_vec();
    let cases = [
        (b"GIF89a...".to_vec(), 415, "not-a-jpeg", None),
        (half, 422, "frame-truncated", None),
        (
            picture_of(60_000, 60_000),
            422,
            "image-too-many-pixels",
            None,
        ),
        (vec![0; 100_001], 413, "frame-too-large", None),
        (Vec::new(), 400, "invalid-field", Some("body")),
    ];
    for (body, status, kind, field) in cases {
        let answer = door.send(door.push(body, |_| {})).await;
        check(&answer, status, kind, field);
    }
    let arithmetic = {
        let mut jpeg = picture();
        let at = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
        jpeg[at + 1] = 0xC9;
        jpeg
    };
    let answer = door.send(door.push(arithmetic, |_| {})).await;
    check(&answer, 415, "unsupported-jpeg", None);
    assert_eq!(door.tally().refused, 6);
    assert_eq!(door.app.intake.depth(), 0);
}

#[tokio::test]
async fn a_body_longer_than_announced_is_not_read_to_its_end() {
    let door = Door::open(|config| config.intake.frame_bytes_max = 10_000).await;
    // no Content-Length: the end is found by reading
    let endless = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![0_u8; 4_000]));
    let request = door.push(Vec::new(), |r| *r.body_mut() = Body::from_stream(endless));
    check(&door.send(request).await, 413, "frame-too-large", None);
}

/// Sends a frame with one header changed, or left out.
async fn check_header(
    door: &Door,
    (name, value): (&'static str, Option<&str>),
    status: u16,
    kind: &str,
    field: &str,
) {
    let request = door.push(picture(), |request| match value {
        Some(value) => set(request, name, value),
        None => unset(request, name),
    });
    check(&door.send(request).await, status, kind, Some(field));
}

#[tokio::test]
async fn content_headers_are_checked_and_named() {
    let door = Door::open(|_| {}).await;
    for (header, field) in [
        (("content-type", None), "Content-Type"),
        (("content-type", Some("image/png")), "Content-Type"),
        (("content-encoding", Some("gzip")), "Content-Encoding"),
    ] {
        check_header(&door, header, 415, "unsupported-media-type", field).await;
    }
    let no_boundary = ("content-type", Some("multipart/form-data"));
    check_header(&door, no_boundary, 400, "invalid-field", "Content-Type").await;
}

#[tokio::test]
async fn the_time_and_the_query_are_checked_and_named() {
    let door = Door::open(|_| {}).await;
    let wrong = [
        None,
        Some(""),
        Some("yesterday"),
        Some("2026-11-22T10:00:00"),
        Some("1970-01-01T00:00:00Z"),
    ];
    for value in wrong {
        let header = ("x-captured-at", value);
        check_header(&door, header, 400, "invalid-field", "X-Captured-At").await;
    }
    let future = ("x-captured-at", Some("2999-01-01T00:00:00Z"));
    check_header(&door, future, 422, "captured-in-future", "X-Captured-At").await;
    let odd = door.push(picture(), |r| {
        *r.uri_mut() = format!("{FRAMES}?wait=perhaps").parse().unwrap()
    });
    let answer = door.send(odd).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{answer:?}");
    let twice = door.push(picture(), |r| {
        r.headers_mut()
            .append("x-captured-at", ago(2).parse().unwrap());
    });
    check(
        &door.send(twice).await,
        400,
        "invalid-field",
        Some("X-Captured-At"),
    );
    // a clock that is a little fast is let through
    assert_eq!(door.push_taken(-3).await.status, StatusCode::ACCEPTED);
}

/// A part, each with its own headers.
fn part(headers: &str, jpeg: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"frame\"; filename=\"f.jpg\"\r\n\
         {headers}\r\n"
    );
    [head.as_bytes(), jpeg, b"\r\n"].concat()
}

fn multipart(door: &Door, parts: &[Vec<u8>]) -> Request<Body> {
    let end = format!("--{BOUNDARY}--\r\n").into_bytes();
    let body = [parts.concat(), end].concat();
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    door.push(body, |r| set(r, "content-type", &content_type))
}

#[tokio::test]
async fn several_frames_come_in_one_request() {
    let door = Door::open(|_| {}).await;
    let own_time = format!("Content-Type: image/jpeg\r\nX-Captured-At: {}\r\n", ago(60));
    let parts = [
        part("Content-Type: image/jpeg\r\n", &picture()),
        part(&own_time, &picture()),
    ];
    let answer = door.send(multipart(&door, &parts)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    assert_eq!(answer.body["frames"].as_array().unwrap().len(), 2);
    // the older one first
    let first = door.app.intake.take().unwrap().frame;
    assert!(now() - first.captured_at >= TimeDelta::seconds(59));
    assert_eq!(answer.body["frames"][1]["frame_id"], first.id.to_string());
}

#[tokio::test]
async fn one_bad_part_refuses_the_request_and_is_named() {
    let door = Door::open(|config| config.intake.frame_bytes_max = 100_000).await;
    let good = part("Content-Type: image/jpeg\r\n", &picture());
    let png = part("Content-Type: image/png\r\n", &picture());
    let answer = door.send(multipart(&door, &[good.clone(), png])).await;
    check(
        &answer,
        415,
        "unsupported-media-type",
        Some("part 2: Content-Type"),
    );
    let cut = part("Content-Type: image/jpeg\r\n", &picture()[..200]);
    let answer = door.send(multipart(&door, &[good.clone(), cut])).await;
    check(&answer, 422, "frame-truncated", None);
    assert!(
        answer.body["detail"]
            .as_str()
            .unwrap()
            .starts_with("part 2: ")
    );
    let large = part("Content-Type: image/jpeg\r\n", &vec![0; 100_001]);
    let answer = door.send(multipart(&door, &[large])).await;
    check(&answer, 413, "frame-too-large", None);
    let answer = door.send(multipart(&door, &vec![good; 17])).await;
    check(&answer, 400, "invalid-field", Some("body"));
    let answer = door.send(multipart(&door, &[])).await;
    check(&answer, 400, "invalid-field", Some("body"));
    assert_eq!(door.app.intake.depth(), 0);
}

#[tokio::test]
async fn the_newest_frames_win_and_nothing_disappears() {
    let door = Door::open(|_| {}).await;
    for seconds_ago in [50, 40, 30, 20, 10] {
        assert_eq!(
            door.push_taken(seconds_ago).await.status,
            StatusCode::ACCEPTED
        );
    }
    let tally = door.tally();
    assert_eq!((tally.offered, tally.superseded, tally.refused), (5, 3, 0));
    let age = now() - door.app.intake.take().unwrap().frame.captured_at;
    assert!(age < TimeDelta::seconds(25), "{age}");
}

#[tokio::test]
async fn a_full_queue_answers_429_with_retry_after() {
    let door = Door::open(|config| config.intake.queue_max = 1).await;
    assert_eq!(door.push_taken(2).await.status, StatusCode::ACCEPTED);
    let answer = door.push_taken(1).await;
    check(&answer, 429, "queue-full", None);
    let retry_after: u32 = answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=30).contains(&retry_after));
    let tally = door.tally();
    assert_eq!((tally.offered, tally.refused), (2, 1));
    door.app.intake.take().unwrap();
    assert_eq!(door.push_taken(1).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_stopping_service_takes_nothing_more() {
    let door = Door::open(|_| {}).await;
    door.app.intake.close();
    check(&door.push_taken(1).await, 503, "stopping", None);
}

#[tokio::test]
async fn one_who_waits_gets_the_report() {
    let door = Door::open(|_| {}).await;
    let intake = door.app.intake.clone();
    let detector = tokio::task::spawn_blocking(move || {
        let waiting = intake.take().unwrap();
        let report = FrameReport::failed(&waiting.frame, "a test".to_owned());
        waiting.reply.unwrap().send(report).unwrap();
    });
    let path = format!("{FRAMES}?wait=true");
    let request = door.push(picture(), |r| *r.uri_mut() = path.parse().unwrap());
    let answer = door.send(request).await;
    detector.await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["frames"][0]["outcome"], "failed");
    assert_eq!(answer.body["frames"][0]["reason"], "a test");
}

#[tokio::test]
async fn one_who_waits_for_a_superseded_frame_hears_so() {
    let door = Door::open(|config| config.intake.camera_queue_max = 1).await;
    let path = format!("{FRAMES}?wait=true");
    let waiting = door.push(picture(), |r| *r.uri_mut() = path.parse().unwrap());
    let newer = async {
        while door.app.intake.depth() == 0 {
            tokio::task::yield_now().await;
        }
        door.push_taken(0).await
    };
    let (answer, _) = tokio::join!(door.send(waiting), newer);
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["frames"][0]["outcome"], "superseded");
}

#[tokio::test]
async fn one_who_waits_too_long_is_told_that_the_frame_is_in_line() {
    let door = Door::open(|_| {}).await;
    let path = format!("{FRAMES}?wait=true");
    let request = door.push(picture(), |r| *r.uri_mut() = path.parse().unwrap());
    let answer = door.send(request).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    assert!(answer.body["frames"][0]["frame_id"].is_string());
    assert!(answer.body["note"].is_string());
}
