//! Who sets a source, what is refused, what is kept, and who pulls.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::camera::{Mood, PASSWORD, TestCamera, USER};
use super::{SOURCE, mjpeg, set, settings, taken, watched_city};
use crate::door::{ago, picture};
use crate::service::{TestService, problem};

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story from beginning to end")]
async fn a_source_is_set_by_administrators_and_on_record_without_its_password() {
    let (city, service, administrator, token) = watched_city().await;
    let camera = TestCamera::new(picture()).await;
    let url = camera.url("digest", "snapshot");
    let source = json!({
        "kind": "snapshot", "url": url, "login": USER, "password": PASSWORD, "period_s": 1,
    });
    city.signed_in("dispatcher").await;
    let mut dispatcher = service.client();
    dispatcher.cookie = Some("cityward_session=dispatcher".to_owned());
    let tries = [
        dispatcher.get(SOURCE),
        dispatcher.put(SOURCE).json(&source),
        dispatcher.delete(SOURCE),
        dispatcher.post(&format!("{SOURCE}/try")).json(&source),
        dispatcher
            .post(&format!("{SOURCE}/onvif"))
            .json(&json!({ "url": url })),
    ];
    for asked in tries {
        problem(
            asked.send().await.unwrap(),
            StatusCode::FORBIDDEN,
            "forbidden",
        )
        .await;
    }
    set(&administrator, "cam-1", source.clone()).await;
    taken(&administrator, 1).await;

    // the same camera without a password: the one that is kept
    let mut again = source.clone();
    again.as_object_mut().unwrap().remove("password");
    again["period_s"] = 2.into();
    set(&administrator, "cam-1", again.clone()).await;
    taken(&administrator, 1).await;
    let elsewhere = again["url"]
        .as_str()
        .unwrap()
        .replace("127.0.0.1", "127.0.0.2");
    again["url"] = elsewhere.into();
    let refused = administrator.put(SOURCE).json(&again).send().await.unwrap();
    let body = problem(refused, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(body["errors"][0]["field"], "password");

    // who is asked is not pushed
    let push = || {
        let push = service.client().post("/api/v1/cameras/cam-1/frames");
        let push = push
            .bearer_auth(&token)
            .header("content-type", "image/jpeg");
        push.header("x-captured-at", ago(1)).body(picture()).send()
    };
    problem(push().await.unwrap(), StatusCode::CONFLICT, "pulled").await;
    let removed = administrator.delete(SOURCE).send().await.unwrap();
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    let nothing = json!({ "source": null, "state": null });
    assert_eq!(administrator.json(SOURCE).await, nothing);
    assert_eq!(push().await.unwrap().status(), StatusCode::ACCEPTED);
    let twice = administrator.delete(SOURCE).send().await.unwrap();
    problem(twice, StatusCode::NOT_FOUND, "not-found").await;

    let recorded: Vec<(String, Option<Value>, Option<Value>)> = sqlx::query_as(
        "select action, before, after from audit_entry where subject = 'camera:cam-1' order by 1",
    )
    .fetch_all(&city.db)
    .await
    .unwrap();
    let actions: Vec<&str> = recorded
        .iter()
        .map(|(action, ..)| action.as_str())
        .collect();
    assert_eq!(actions, ["remove-source", "set-source", "set-source"]);
    let kept: Vec<String> =
        sqlx::query_scalar("select url || coalesce(login, '') from camera_source")
            .fetch_all(&city.db)
            .await
            .unwrap();
    let all = format!("{recorded:?}{kept:?}");
    assert!(all.contains(USER) && !all.contains("pa:ss"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_source_is_refused_by_its_field() {
    let (_city, _service, administrator, _) = watched_city().await;
    let good = json!({ "kind": "rtsp", "url": "rtsp://192.0.2.1/live" });
    for (field, value, named) in [
        ("url", json!("http://192.0.2.1/"), "url"),
        ("url", json!("rtsp://admin:12345@192.0.2.1/"), "url"),
        ("url", json!("rtsp:///"), "url"),
        ("period_s", json!(0.4), "period_s"),
        ("period_s", json!(3601), "period_s"),
        ("login", json!("admin"), "password"),
        ("password", json!("12345"), "login"),
        ("kind", json!("onvif"), "/kind"),
    ] {
        let mut source = good.clone();
        source[field] = value;
        let refused = administrator
            .put(SOURCE)
            .json(&source)
            .send()
            .await
            .unwrap();
        let body = problem(refused, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(body["errors"][0]["field"], named, "{source}");
    }
    let unknown = administrator.put("/api/v1/cameras/none/source").json(&good);
    problem(
        unknown.send().await.unwrap(),
        StatusCode::NOT_FOUND,
        "not-found",
    )
    .await;
}

/// Without the setting, nothing of this machine can be asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_does_not_lead_to_this_machine() {
    let city = crate::city::TestCity::new().await;
    city.watched().await;
    let service = TestService::start(&city).await;
    let administrator = service.sign_in(&city).await;
    for url in [
        "http://127.0.0.1/x",
        "http://localhost/",
        "http://169.254.169.254/",
    ] {
        for (path, body) in [
            (SOURCE.to_owned(), mjpeg(url)),
            (format!("{SOURCE}/try"), mjpeg(url)),
            (format!("{SOURCE}/onvif"), json!({ "url": url })),
        ] {
            let asked = if path == SOURCE {
                administrator.put(&path)
            } else {
                administrator.post(&path)
            };
            let refused = asked.json(&body).send().await.unwrap();
            let body = problem(refused, StatusCode::BAD_REQUEST, "invalid-field").await;
            assert_eq!(body["errors"][0]["field"], "url");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_tried_out_before_it_is_saved() {
    let (city, _service, administrator, _) = watched_city().await;
    let camera = TestCamera::new(picture()).await;
    let attempt = |what: &str| {
        let source = json!({ "kind": what, "url": camera.url("open", what) });
        administrator
            .post(&format!("{SOURCE}/try"))
            .json(&source)
            .send()
    };
    for what in ["snapshot", "mjpeg"] {
        let shown = attempt(what).await.unwrap();
        assert_eq!(shown.status(), StatusCode::OK);
        assert_eq!(shown.headers()["content-type"], "image/jpeg");
        assert!(shown.headers().contains_key("x-clock-drift-s"));
        assert_eq!(shown.bytes().await.unwrap(), picture());
    }
    for (mood, kind) in [
        (Mood::Status(404), "answered"),
        (Mood::Garbage, "not-a-picture"),
        (Mood::Redirects, "redirected"),
        (Mood::Large, "too-large"),
    ] {
        camera.is(mood);
        let failed = attempt("snapshot").await.unwrap();
        let body = problem(failed, StatusCode::BAD_GATEWAY, "source-failed").await;
        assert_eq!(body["failure"], kind);
    }
    assert_eq!(administrator.json(SOURCE).await["source"], Value::Null);
    let on_record: i64 =
        sqlx::query_scalar("select count(*) from audit_entry where action = 'try-source'")
            .fetch_one(&city.db)
            .await
            .unwrap();
    assert_eq!(on_record, 6);
}

/// Several processes share the cameras: each is pulled by one, and taken over with its counts.
#[tokio::test(flavor = "multi_thread")]
async fn one_process_pulls_a_camera_and_another_goes_on() {
    let (city, first, administrator, _) = watched_city().await;
    let second = TestService::start_with(&city, settings).await;
    let elsewhere = second.client_with(&administrator);
    let camera = TestCamera::new(picture()).await;
    set(&administrator, "cam-1", mjpeg(&camera.url("open", "mjpeg"))).await;
    let before = taken(&administrator, 3).await;
    // the other knows from the database, within a round
    let told = taken(&elsewhere, 1).await;
    assert_eq!(told["phase"], "streaming");
    assert_eq!((camera.open_max(), camera.asked()), (1, 1));
    first.stop().await;
    let after = taken(&elsewhere, before["taken"].as_u64().unwrap() + 3).await;
    assert_eq!(after["phase"], "streaming");
    assert_eq!(camera.open_max(), 1, "never two at a time");
    second.stop().await;
    for _ in 0..100 {
        if camera.open() == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{} streams are left open", camera.open());
}
