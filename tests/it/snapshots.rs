//! Snapshots by upload: asked for, uploaded as makers do it, and reported (GB/T 28181-2022, 9.14).

use cityward::viid::read::written_time;
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use crate::cases::second;
use crate::city::TestCity;
use crate::frame_to_map::SCENES;
use crate::service::{TestService, problem};

const CAMERAS: [&str; 2] = ["32120200001320000001", "32120200001320000002"];

/// A platform with two cameras, and its token.
async fn with_cameras(city: &TestCity) -> (TestService, String) {
    let (platform, token) = city.platform("video").await;
    for camera in CAMERAS {
        city.camera(camera, platform).await;
    }
    (TestService::start(city).await, token)
}

async fn ask(service: &TestService, token: &str, draft: &Value) -> Response {
    let request = service.client().post("/api/v1/snapshots");
    request.bearer_auth(token).json(draft).send().await.unwrap()
}

async fn asked(service: &TestService, token: &str, cameras: &[&str], snap_num: u32) -> Value {
    let draft = json!({ "camera_ids": cameras, "snap_num": snap_num, "interval_s": 2 });
    let answer = ask(service, token, &draft).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.json().await.unwrap()
}

fn name(camera: &str, n: u32) -> String {
    let at = written_time(second(i64::from(n)));
    format!("{camera}02{at}{n:05}")
}

fn jpeg() -> Vec<u8> {
    SCENES[0].jpeg.clone()
}

async fn report(service: &TestService, token: &str, session: &Value, body: String) -> Response {
    let path = format!(
        "/api/v1/snapshots/{}/finished",
        session["session_id"].as_str().unwrap()
    );
    let request = service.client().post(&path).bearer_auth(token).body(body);
    request.send().await.unwrap()
}

/// What of a picture was taken, and its name.
async fn taken(answer: Response) -> Vec<(String, bool)> {
    let status = answer.status();
    let told: Value = answer.json().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{told}");
    let each = told["pictures"].as_array().unwrap().iter();
    let each = each.map(|one| {
        (
            one["file_id"].as_str().unwrap().to_owned(),
            one["refusal"].is_null(),
        )
    });
    each.collect()
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story from beginning to end")]
async fn pictures_come_in_every_form_and_what_never_came_is_told() {
    let city = TestCity::new().await;
    let (service, token) = with_cameras(&city).await;
    let session = asked(&service, &token, &CAMERAS, 2).await;
    let url = session["upload_url"].as_str().unwrap();
    assert!(url.starts_with(&service.url("/api/v1/snapshots/")), "{url}");
    let command = session["commands"][1]["device_config"].as_str().unwrap();
    for part in [
        CAMERAS[1],
        url,
        "<SnapNum>2</SnapNum>",
        "<Interval>2</Interval>",
    ] {
        assert!(command.contains(part), "{command}");
    }
    let http = Client::new();
    let disposition = format!("attachment; filename=\"{}.jpg\"", name(CAMERAS[0], 0));
    let whole = http
        .post(url)
        .header("content-disposition", disposition)
        .body(jpeg());
    let whole = taken(whole.send().await.unwrap()).await;
    assert_eq!(whole, [(name(CAMERAS[0], 0), true)]);
    let in_path = http
        .post(format!("{url}/{}.jpg", name(CAMERAS[0], 1)))
        .body(jpeg());
    assert_eq!(taken(in_path.send().await.unwrap()).await.len(), 1);
    let part = Part::bytes(jpeg()).file_name(format!("{}.jpg", name(CAMERAS[1], 0)));
    let id = session["session_id"].as_str().unwrap().to_owned();
    let form = Form::new().text("SessionID", id.clone()).part("file", part);
    let form = http.post(url).multipart(form).send().await.unwrap();
    assert_eq!(taken(form).await, [(name(CAMERAS[1], 0), true)]);
    // a device that heard no answer sends it again
    let again = http
        .post(format!("{url}?SnapShotFileID={}", name(CAMERAS[0], 0)))
        .body(jpeg());
    assert_eq!(taken(again.send().await.unwrap()).await, whole);

    let missing = name(CAMERAS[1], 1);
    let announced = [name(CAMERAS[0], 0), name(CAMERAS[0], 1), missing.clone()];
    let names = announced.map(|name| format!("<SnapShotFileID>{name}</SnapShotFileID>"));
    let xml = format!(
        "<?xml version=\"1.0\"?><Notify><CmdType>UploadSnapShotFinished</CmdType><SessionID>{id}</SessionID>\
         <SnapShotList>{}</SnapShotList></Notify>",
        names.concat()
    );
    let told: Value = report(&service, &token, &session, xml)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(told["missing"], json!([missing]));
    let announced: Vec<_> = told["pictures"].as_array().unwrap().iter().collect();
    let of = |wanted: String| {
        announced
            .iter()
            .find(|one| one["file_id"] == wanted)
            .unwrap()
    };
    assert_eq!(of(name(CAMERAS[0], 1))["announced"], true);
    assert_eq!(of(name(CAMERAS[1], 0))["announced"], false);
    let late = http
        .post(format!("{url}/{missing}"))
        .body(jpeg())
        .send()
        .await
        .unwrap();
    problem(late, StatusCode::GONE, "session-over").await;
    // reported again, the first report counts
    let other = json!({ "file_ids": [] }).to_string();
    let again: Value = report(&service, &token, &session, other)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(again["missing"], json!([missing]));

    let person = service.sign_in(&city).await;
    let camera = person
        .json(&format!("/api/v1/cameras/{}", CAMERAS[0]))
        .await;
    assert_eq!(camera["last_frame_at"], json!(second(1)));
    let list = person.json("/api/v1/snapshots").await;
    assert_eq!(list["sessions"][0]["missing"], json!([missing]));
    service.stop().await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story from beginning to end")]
async fn what_was_not_asked_for_is_refused_and_told() {
    let city = TestCity::new().await;
    let (service, token) = with_cameras(&city).await;
    let session = asked(&service, &token, &CAMERAS[..1], 1).await;
    let url = session["upload_url"].as_str().unwrap();
    let post = async |path: &str, body: Vec<u8>| {
        let request = Client::new().post(format!("{url}{path}")).body(body);
        request.send().await.unwrap()
    };
    let bad = StatusCode::BAD_REQUEST;
    problem(
        post(&format!("/{}", name(CAMERAS[1], 0)), jpeg()).await,
        bad,
        "invalid-field",
    )
    .await;
    let future = format!("/{}0220990101000000{:05}", CAMERAS[0], 0);
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    problem(
        post(&future, jpeg()).await,
        unprocessable,
        "captured-in-future",
    )
    .await;
    // a refused one counts, and may come again by its name
    let once_more = format!("/{}02{}{:05}", CAMERAS[0], "20991231235959", 0);
    problem(
        post(&once_more, jpeg()).await,
        StatusCode::CONFLICT,
        "too-many-pictures",
    )
    .await;
    problem(
        post(&future, b"GIF89a".to_vec()).await,
        unprocessable,
        "captured-in-future",
    )
    .await;
    let empty = Client::new()
        .post(url)
        .multipart(Form::new().text("a", "b"));
    problem(empty.send().await.unwrap(), bad, "invalid-field").await;
    let huge = post("", vec![0; (8 << 20) + 1]).await;
    problem(huge, StatusCode::PAYLOAD_TOO_LARGE, "frame-too-large").await;
    let other = Part::bytes(jpeg()).file_name("x.jpg");
    let other = Form::new().text("SessionID", "other").part("file", other);
    let other = Client::new()
        .post(url)
        .multipart(other)
        .send()
        .await
        .unwrap();
    problem(other, bad, "invalid-field").await;
    let unknown = Client::new()
        .post(service.url("/api/v1/snapshots/0123"))
        .body(jpeg());
    problem(
        unknown.send().await.unwrap(),
        StatusCode::NOT_FOUND,
        "not-found",
    )
    .await;
    let view = service.client().get(&format!(
        "/api/v1/snapshots/{}",
        session["session_id"].as_str().unwrap()
    ));
    let view: Value = view
        .bearer_auth(&token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(view["pictures"][0]["refusal"], "captured-in-future");
    assert_eq!(view["finished_at"], Value::Null);
    service.stop().await;
}

/// The URL is worth as much as the platform that asked for it.
#[tokio::test]
async fn a_platform_that_lost_its_camera_or_its_token_uploads_nothing() {
    let city = TestCity::new().await;
    let (service, token) = with_cameras(&city).await;
    let session = asked(&service, &token, &CAMERAS, 2).await;
    let url = session["upload_url"].as_str().unwrap();
    let person = service.sign_in(&city).await;
    let path = format!("/api/v1/cameras/{}", CAMERAS[0]);
    let known = person.json(&path).await;
    let draft = json!({ "name_zh": known["name_zh"], "name_en": known["name_en"],
        "lon": known["lon"], "lat": known["lat"], "platform_id": null });
    let put = person.put(&path).json(&draft).send().await.unwrap();
    assert!(put.status().is_success(), "{}", put.text().await.unwrap());
    let post = async |camera: &str, n: u32| {
        let request = Client::new().post(format!("{url}/{}", name(camera, n)));
        request.body(jpeg()).send().await.unwrap()
    };
    problem(
        post(CAMERAS[0], 0).await,
        StatusCode::NOT_FOUND,
        "not-found",
    )
    .await;
    assert_eq!(taken(post(CAMERAS[1], 0).await).await.len(), 1);
    let platform = known["platform_id"].as_i64().unwrap();
    let revoked = person.delete(&format!("/api/v1/platforms/{platform}"));
    assert!(revoked.send().await.unwrap().status().is_success());
    problem(post(CAMERAS[1], 1).await, StatusCode::GONE, "session-over").await;
    service.stop().await;
}

/// Of one camera a picture needs no name: it is that camera's, taken now.
#[tokio::test]
async fn a_picture_without_a_name_is_the_only_cameras() {
    let city = TestCity::new().await;
    let (service, token) = with_cameras(&city).await;
    let session = asked(&service, &token, &CAMERAS[..1], 2).await;
    let url = session["upload_url"].as_str().unwrap();
    let http = Client::new();
    let whole = taken(http.post(url).body(jpeg()).send().await.unwrap()).await;
    assert!(
        whole[0].0.starts_with("unnamed-") && whole[0].1,
        "{whole:?}"
    );
    let part = Part::bytes(jpeg()).file_name("快照.jpg");
    let form = Form::new()
        .part("image", part)
        .text("SnapShotFileID", name(CAMERAS[0], 1));
    let form = taken(http.post(url).multipart(form).send().await.unwrap()).await;
    assert_eq!(form, [(name(CAMERAS[0], 1), true)]);
    let two = asked(&service, &token, &CAMERAS, 1).await;
    let nameless = http.post(two["upload_url"].as_str().unwrap()).body(jpeg());
    let nameless = nameless.send().await.unwrap();
    problem(nameless, StatusCode::BAD_REQUEST, "invalid-field").await;
    service.stop().await;
}

#[tokio::test]
async fn only_those_who_may_ask_for_snapshots() {
    let city = TestCity::new().await;
    let (service, token) = with_cameras(&city).await;
    let (_, others) = city.platform("others").await;
    let good = json!({ "camera_ids": CAMERAS, "snap_num": 10, "interval_s": 1, "expires_s": 30 });
    let change = |field: &str, value: Value| {
        let mut draft = good.clone();
        draft[field] = value;
        draft
    };
    for (field, value) in [
        ("camera_ids", json!([])),
        ("camera_ids", json!(["cam-1"])),
        ("camera_ids", json!([CAMERAS[0], CAMERAS[0]])),
        ("snap_num", json!(11)),
        ("snap_num", json!(0)),
        ("interval_s", json!(0)),
        ("expires_s", json!(86_401)),
    ] {
        let refused = ask(&service, &token, &change(field, value)).await;
        let told = problem(refused, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(told["errors"][0]["field"], field);
    }
    let unknown = change("camera_ids", json!(["32120200001320000009"]));
    let unknown = ask(&service, &token, &unknown).await;
    problem(unknown, StatusCode::NOT_FOUND, "not-found").await;
    problem(
        ask(&service, &others, &good).await,
        StatusCode::FORBIDDEN,
        "forbidden",
    )
    .await;
    let nobody = service.client().post("/api/v1/snapshots").json(&good);
    let nobody = nobody.send().await.unwrap();
    problem(nobody, StatusCode::UNAUTHORIZED, "unauthenticated").await;

    let session = asked(&service, &token, &CAMERAS, 1).await;
    let empty = json!({ "file_ids": [] }).to_string();
    let theirs = report(&service, &others, &session, empty).await;
    problem(theirs, StatusCode::NOT_FOUND, "not-found").await;
    let wrong = json!({ "session_id": "x", "file_ids": [] }).to_string();
    let wrong = report(&service, &token, &session, wrong).await;
    problem(wrong, StatusCode::BAD_REQUEST, "invalid-field").await;

    let person = service.sign_in(&city).await;
    let created = person
        .post("/api/v1/snapshots")
        .json(&good)
        .send()
        .await
        .unwrap();
    assert_eq!(created.status(), StatusCode::CREATED);
    let created: Value = created.json().await.unwrap();
    let audit = person.json("/api/v1/audit?subject=snapshots").await;
    assert_eq!(audit["entries"][0]["after"]["snap_num"], 10);
    assert!(
        !audit
            .to_string()
            .contains(created["session_id"].as_str().unwrap())
    );
    sqlx::query(
        "update snapshot_session set created_at = now() - interval '1 hour', expires_at = now()",
    )
    .execute(&city.db)
    .await
    .unwrap();
    let late = Client::new().post(created["upload_url"].as_str().unwrap());
    let late = late.body(jpeg()).send().await.unwrap();
    problem(late, StatusCode::GONE, "session-over").await;
    service.stop().await;
}
