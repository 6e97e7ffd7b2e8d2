//! Pictures people upload for an action to name.

use chrono::TimeDelta;
use cityward::cases::CaseId;
use cityward::cases::attachment::{self, AttachmentKind};
use reqwest::StatusCode;
use reqwest::multipart::{Form, Part};
use serde_json::Value;

use crate::cases::{BIN_FULL, Street, second};
use crate::door::{now, picture, picture_of};
use crate::people::{Colleague, colleague};
use crate::service::{TestService, evidence_store, problem};

/// A form with a picture and some text parts.
pub(crate) fn form(jpeg: Vec<u8>, texts: &[(&str, &str)]) -> Form {
    let image = Part::bytes(jpeg)
        .mime_str("image/jpeg")
        .unwrap()
        .file_name("photo.jpg");
    texts
        .iter()
        .fold(Form::new().part("image", image), |form, (name, text)| {
            form.text((*name).to_owned(), (*text).to_owned())
        })
}

/// Uploads a good picture and returns its id.
pub(crate) async fn upload(by: &Colleague) -> i64 {
    let answer = by
        .client
        .post("/api/v1/attachments")
        .multipart(form(picture(), &[]))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.json::<Value>().await.unwrap()["id"]
        .as_i64()
        .unwrap()
}

#[tokio::test]
async fn a_picture_loses_what_it_says_about_itself_and_keeps_what_its_uploader_says() {
    let street = Street::new().await;
    let service = TestService::start(&street.city).await;
    let collector = colleague(&street.city, &service, "collector", None, None).await;
    let mut chatty = picture();
    chatty.splice(2..2, *b"\xff\xe1\x00\x10Exif\0\0secret__");
    let texts = [
        ("taken_at", "2026-01-02T03:04:05+08:00"),
        ("lon", "119.9201"),
        ("lat", "32.4501"),
    ];
    let upload = collector
        .client
        .post("/api/v1/attachments")
        .multipart(form(chatty, &texts));
    let answer = upload.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let uploaded: Value = answer.json().await.unwrap();
    assert_eq!(
        (uploaded["width"].as_u64(), uploaded["height"].as_u64()),
        (Some(64), Some(36))
    );

    let url = uploaded["url"].as_str().unwrap();
    let read = collector.client.get(url).send().await.unwrap();
    assert_eq!(read.headers()["content-type"], "image/jpeg");
    let bytes = read.bytes().await.unwrap();
    assert_eq!(bytes, picture());
    assert!(!bytes.windows(6).any(|window| window == b"secret"));

    let id = uploaded["id"].as_i64().unwrap();
    let (taken_at, lon): (chrono::DateTime<chrono::Utc>, f64) = sqlx::query_as(
        "select taken_at, st_x(location) from case_attachment where attachment_id = $1",
    )
    .bind(id)
    .fetch_one(&street.city.db)
    .await
    .unwrap();
    assert_eq!(taken_at.to_rfc3339(), "2026-01-01T19:04:05+00:00");
    assert!((lon - 119.9201).abs() < 1e-9);
}

#[tokio::test]
async fn an_unused_picture_is_its_uploaders_only() {
    let street = Street::new().await;
    let service = TestService::start(&street.city).await;
    let collector = colleague(&street.city, &service, "collector", None, None).await;
    let operator = colleague(&street.city, &service, "operator", None, None).await;
    let auditor = colleague(&street.city, &service, "auditor", None, None).await;
    let id = upload(&collector).await;
    let url = format!("/api/v1/attachments/{id}/image");
    assert_eq!(
        collector.client.get(&url).send().await.unwrap().status(),
        StatusCode::OK
    );
    let other = operator.client.get(&url).send().await.unwrap();
    problem(other, StatusCode::NOT_FOUND, "not-found").await;
    let refused = auditor
        .client
        .post("/api/v1/attachments")
        .multipart(form(picture(), &[]));
    problem(
        refused.send().await.unwrap(),
        StatusCode::FORBIDDEN,
        "forbidden",
    )
    .await;
    let stranger = service.client().get(&url).send().await.unwrap();
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_no_good_picture_is_refused_with_what_would_be_right() {
    let street = Street::new().await;
    let service = TestService::start_with(&street.city, |config| {
        config.intake.frame_bytes_max = 20_000;
    })
    .await;
    let collector = colleague(&street.city, &service, "collector", None, None).await;
    let send = async |form: Form| {
        let upload = collector.client.post("/api/v1/attachments").multipart(form);
        upload.send().await.unwrap()
    };
    let png = send(form(b"\x89PNG\r\n\x1a\n".to_vec(), &[])).await;
    problem(png, StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-a-jpeg").await;
    let mut cut = picture();
    cut.truncate(cut.len() / 2);
    problem(
        send(form(cut, &[])).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "picture-truncated",
    )
    .await;
    let bomb = send(form(picture_of(60_000, 60_000), &[])).await;
    problem(
        bomb,
        StatusCode::UNPROCESSABLE_ENTITY,
        "image-too-many-pixels",
    )
    .await;
    let large = send(form(vec![0xff; 20_001], &[])).await;
    problem(large, StatusCode::PAYLOAD_TOO_LARGE, "picture-too-large").await;
    let without = send(Form::new().text("lon", "119.9")).await;
    let body = problem(without, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(body["errors"][0]["field"], "image");
    let future = send(form(picture(), &[("taken_at", "2999-01-01T00:00:00Z")])).await;
    problem(future, StatusCode::UNPROCESSABLE_ENTITY, "taken-in-future").await;
    for (texts, field) in [
        (&[("lon", "119.9")][..], "lat"),
        (&[("lat", "32.4")], "lon"),
        (&[("lon", "NaN"), ("lat", "32.4")], "lon"),
        (&[("taken_at", "yesterday")], "taken_at"),
        (&[("colour", "red")], "colour"),
    ] {
        let answer = send(form(picture(), texts)).await;
        let body = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(body["errors"][0]["field"], field);
    }
}

#[tokio::test]
async fn pictures_are_bound_once_by_their_uploader_and_swept_when_unused() {
    let street = Street::new().await;
    let service = TestService::start(&street.city).await;
    let collector = colleague(&street.city, &service, "collector", None, None).await;
    let other = colleague(&street.city, &service, "collector", None, None).await;
    let seen = street.sighting(BIN_FULL, 10.5, second(0));
    let case: CaseId = street.record(seen).await.case_id();
    let (used, unused) = (upload(&collector).await, upload(&collector).await);
    let bind = async |ids: &[i64], person: i32| {
        let mut tx = street.city.db.begin().await.unwrap();
        let bound = attachment::bind(&mut tx, case, AttachmentKind::Report, ids, person).await;
        match bound {
            Ok(()) => tx.commit().await.map(|()| true).unwrap(),
            Err(attachment::BindError::NotYours(_)) => false,
            Err(attachment::BindError::Database(error)) => panic!("{error}"),
        }
    };
    assert!(!bind(&[used], other.id).await, "another's picture");
    assert!(!bind(&[used, used], collector.id).await, "twice the same");
    assert!(bind(&[used], collector.id).await);
    assert!(!bind(&[used], collector.id).await, "used before");
    let attachments = attachment::of_case(&street.city.db, case).await.unwrap();
    assert_eq!(attachments.len(), 1);
    assert_eq!(
        (attachments[0].id, attachments[0].kind),
        (used, AttachmentKind::Report)
    );

    // both rows cite one file: the sweep may take the unused row but not the file
    let folder = tempfile::tempdir().unwrap();
    let evidence = evidence_store(folder.path());
    let sweep = async |at| {
        attachment::sweep(&street.city.db, &evidence, at)
            .await
            .unwrap()
    };
    let rows = async || -> Vec<i64> {
        sqlx::query_scalar("select attachment_id from case_attachment order by 1")
            .fetch_all(&street.city.db)
            .await
            .unwrap()
    };
    assert_eq!(sweep(now()).await, 0);
    assert_eq!(rows().await, [used, unused]);
    assert_eq!(
        sweep(now() + TimeDelta::hours(25)).await,
        0,
        "the file is cited"
    );
    assert_eq!(rows().await, [used]);
    let url = format!("/api/v1/attachments/{used}/image");
    let stranger = other.client.get(&url).send().await.unwrap();
    assert_eq!(stranger.status(), StatusCode::NOT_FOUND);
    sqlx::query("update city_case set assignee_id = $2 where case_id = $1")
        .bind(case)
        .bind(collector.id)
        .execute(&street.city.db)
        .await
        .unwrap();
    assert_eq!(
        collector.client.get(&url).send().await.unwrap().status(),
        StatusCode::OK
    );
}
