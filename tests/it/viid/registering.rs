use super::*;
use crate::service::problem;

const REGISTER: &str = "/VIID/System/Register";

#[tokio::test]
async fn a_device_registers_stays_and_leaves() {
    let city = TestCity::new().await;
    let (service, person, device, platform) = one_device(&city).await;
    assert_eq!(device.keep_alive().await, StatusCode::OK);
    let time = device.request(Method::GET, "/VIID/System/Time");
    let time: Value =
        serde_json::from_str(&time.send().await.unwrap().text().await.unwrap()).unwrap();
    let local = time["SystemTimeObject"]["LocalTime"].as_str().unwrap();
    assert!(local.len() == 14 && local.starts_with("20"), "{time}");
    let shown = seen(&person, &device).await;
    assert_eq!(
        (&shown["presence"], &shown["platform_id"]),
        (&json!("online"), &json!(platform))
    );
    assert_eq!(shown["address"], "192.0.2.1");

    // a restart makes nobody register anew, and a new registration is taken at any time
    service.stop().await;
    let service = behind_a_proxy(&city).await;
    let again = Device {
        base: service.url(""),
        ..device.beside(1)
    };
    assert_eq!(again.keep_alive().await, StatusCode::OK);
    again.registered().await;

    let leave = again.post(
        "/VIID/System/UnRegister",
        &again.about_itself("UnRegisterObject"),
    );
    assert_eq!(leave.send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(again.keep_alive().await, StatusCode::UNAUTHORIZED);
    let person = service.client_with(&person);
    assert_eq!(seen(&person, &again).await["presence"], "unregistered");
    service.stop().await;
}

#[tokio::test]
async fn only_the_right_digest_lets_in_and_only_once() {
    let city = TestCity::new().await;
    let (service, _person, device, _) = one_device(&city).await;
    let body = device.about_itself("RegisterObject");
    let send = async |answer: String| {
        let request = device.post(REGISTER, &body).header("authorization", answer);
        request.send().await.unwrap()
    };
    let stale = |answer: &Response| {
        let asked = answer.headers()["www-authenticate"].to_str().unwrap();
        asked.contains("stale=true")
    };
    let long = device.asked(REGISTER, 1).await;
    let right = device.answer(&long, REGISTER);
    assert!(right.contains("SHA-256"));
    assert_eq!(send(right.clone()).await.status(), StatusCode::OK);
    let replayed = send(right).await;
    assert_eq!(replayed.status(), StatusCode::UNAUTHORIZED);
    assert!(stale(&replayed));

    let forged = Challenge {
        nonce: "0".repeat(64),
        ..device.asked(REGISTER, 0).await
    };
    let refused = send(device.answer(&forged, REGISTER)).await;
    assert!(refused.status() == StatusCode::UNAUTHORIZED && stale(&refused));

    let asked = device.asked(REGISTER, 0).await;
    let wrong = |username: &str, password: &str, path: &str| {
        asked.answer((username, password), "POST", path, "c")
    };
    for answer in [
        wrong(&device.username, "wrong", REGISTER),
        wrong("nobody", &device.password, REGISTER),
        wrong(&device.username, &device.password, "/VIID/Images"),
        "Basic dTpw".to_owned(),
    ] {
        let refused = send(answer.clone()).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{answer}");
        assert!(!stale(&refused), "{answer}");
        assert_eq!(status_of(refused).await["StatusCode"], 4);
    }
    let other = Device {
        id: number(9),
        ..device.beside(1)
    };
    let mixed = other.post(REGISTER, &body);
    let mixed = mixed.header("authorization", device.answer(&asked, REGISTER));
    assert_eq!(
        mixed.send().await.unwrap().status(),
        StatusCode::BAD_REQUEST
    );
    service.stop().await;
}

#[tokio::test]
async fn wrong_digests_are_braked_by_address() {
    let city = TestCity::new().await;
    let (service, _person, mut device, _) = one_device(&city).await;
    device.address = "203.0.113.7";
    let asked = device.asked(REGISTER, 0).await;
    let body = device.about_itself("RegisterObject");
    let mut statuses = Vec::new();
    for _ in 0..31 {
        let wrong = asked.answer((&device.username, "guess"), "POST", REGISTER, "c");
        let request = device.post(REGISTER, &body).header("authorization", wrong);
        statuses.push(request.send().await.unwrap().status());
    }
    assert_eq!(statuses[29], StatusCode::UNAUTHORIZED);
    assert_eq!(statuses[30], StatusCode::TOO_MANY_REQUESTS);
    // to ask what is asked costs nothing, and others are not held up
    device.asked(REGISTER, 0).await;
    device.address = "203.0.113.8";
    device.registered().await;
    service.stop().await;
}

/// A number alone is no credential: it counts from where its device registered.
#[tokio::test]
async fn a_call_comes_from_where_its_device_registered_or_with_a_digest() {
    let city = TestCity::new().await;
    let (service, person, mut device, _) = one_device(&city).await;
    device.address = "203.0.113.7";
    assert_eq!(device.keep_alive().await, StatusCode::UNAUTHORIZED);
    let path = "/VIID/System/Keepalive";
    let asked = device.asked(path, 0).await;
    let request = device.post(path, &device.about_itself("KeepaliveObject"));
    let request = request.header("authorization", device.answer(&asked, path));
    assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);

    let (theirs, _token) = city.platform("others").await;
    let thief = Device {
        id: device.id.clone(),
        address: device.address,
        ..Device::of(&service, &person, theirs, 2).await
    };
    let asked = thief.asked(path, 0).await;
    let request = thief.post(path, &thief.about_itself("KeepaliveObject"));
    let request = request.header("authorization", thief.answer(&asked, path));
    assert_eq!(
        request.send().await.unwrap().status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(thief.register().await.status(), StatusCode::FORBIDDEN);
    assert_eq!(
        device.beside(7).keep_alive().await,
        StatusCode::UNAUTHORIZED
    );
    let nobody = device.http.post(format!("{}{path}", device.base));
    let nobody = nobody.body(device.about_itself("KeepaliveObject").to_string());
    assert_eq!(
        nobody.send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    let unknown = device
        .request(Method::GET, "/VIID/Cases")
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert_eq!(status_of(unknown).await["StatusCode"], 4);
    service.stop().await;
}

/// Nobody named this machine as a proxy: whoever calls from it may be anybody, whatever it says.
#[tokio::test]
async fn by_a_proxy_that_is_not_named_every_call_needs_the_digest() {
    let city = TestCity::new().await;
    let service = TestService::start_with(&city, |_config| {}).await;
    let person = service.sign_in(&city).await;
    let (platform, _token) = city.platform("library").await;
    let device = Device::of(&service, &person, platform, 1).await;
    device.registered().await;
    let path = "/VIID/System/Keepalive";
    let body = device.about_itself("KeepaliveObject");
    let call = |headers: &[(&str, &str)]| {
        let mut request = device.http.post(format!("{}{path}", device.base));
        request = request.header("user-identify", &device.id);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(body.to_string())
    };
    for headers in [
        &[][..],
        &[("x-forwarded-for", "192.0.2.1")],
        &[("x-forwarded-for", "127.0.0.1")],
        &[("forwarded", "for=192.0.2.1")],
        &[("via", "1.1 front")],
        &[("x-real-ip", "192.0.2.1")],
    ] {
        let refused = call(headers).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{headers:?}");
        assert!(refused.headers().contains_key("www-authenticate"));
        assert_eq!(status_of(refused).await["StatusCode"], 4);
    }
    for path in ["/VIID/APEs", "/VIID/System/Time"] {
        let refused = device.request(Method::GET, path).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    let asked = device.asked(path, 0).await;
    let signed = call(&[]).header("authorization", device.answer(&asked, path));
    assert_eq!(signed.send().await.unwrap().status(), StatusCode::OK);

    // nor are the metrics for whoever a proxy here speaks for
    let metrics = service.client().get("/metrics");
    assert_eq!(metrics.send().await.unwrap().status(), StatusCode::OK);
    let passed_on = service.client().get("/metrics");
    let passed_on = passed_on.header("x-forwarded-for", "203.0.113.7");
    let refused = passed_on.send().await.unwrap();
    problem(refused, StatusCode::UNAUTHORIZED, "unauthenticated").await;
    service.stop().await;
}

#[tokio::test]
async fn a_device_that_falls_silent_registers_anew() {
    let city = TestCity::new().await;
    let (service, person, device, _) = one_device(&city).await;
    let silent_for = async |seconds: i32| {
        sqlx::query("update viid_device set alive_at = now() - make_interval(secs => $1)")
            .bind(f64::from(seconds))
            .execute(&city.db)
            .await
            .unwrap();
    };
    // two of three keepalives of 90 s failed to come
    silent_for(200).await;
    assert_eq!(seen(&person, &device).await["presence"], "online");
    assert_eq!(device.keep_alive().await, StatusCode::OK);
    silent_for(271).await;
    assert_eq!(seen(&person, &device).await["presence"], "offline");
    assert_eq!(device.keep_alive().await, StatusCode::UNAUTHORIZED);
    device.registered().await;
    assert_eq!(device.keep_alive().await, StatusCode::OK);
    service.stop().await;
}

#[tokio::test]
async fn credentials_are_shown_once_renewed_and_taken_away() {
    let city = TestCity::new().await;
    let (service, person, mut device, platform) = one_device(&city).await;
    let path = format!("/api/v1/platforms/{platform}/viid");
    let mut draft = json!({ "username": device.username, "coordinates": "gcj02" });
    let kept = let_in(&person, platform, &draft).await;
    assert_eq!(kept["password"], Value::Null);
    assert_eq!(device.keep_alive().await, StatusCode::OK);
    let library = person.json("/api/v1/viid").await;
    assert_eq!(library["access"][0]["coordinates"], "gcj02");
    assert!(!library.to_string().contains(&device.password));

    draft["renew"] = json!(true);
    let renewed = let_in(&person, platform, &draft).await;
    assert_eq!(device.keep_alive().await, StatusCode::UNAUTHORIZED);
    assert_eq!(device.register().await.status(), StatusCode::UNAUTHORIZED);
    device.password = renewed["password"].as_str().unwrap().to_owned();
    device.registered().await;

    let audit = person
        .json(&format!("/api/v1/audit?subject=platform:{platform}/viid"))
        .await
        .to_string();
    assert!(audit.contains("new_password") && !audit.contains(&device.password));
    let (other, _token) = city.platform("others").await;
    let taken = person.put(&format!("/api/v1/platforms/{other}/viid"));
    let taken = taken.json(&draft).send().await.unwrap();
    problem(taken, StatusCode::CONFLICT, "name-taken").await;
    draft["username"] = json!("with space");
    let wrong = person.put(&path).json(&draft).send().await.unwrap();
    problem(wrong, StatusCode::BAD_REQUEST, "invalid-field").await;
    let nobody = service.client().get("/api/v1/viid").send().await.unwrap();
    problem(nobody, StatusCode::UNAUTHORIZED, "unauthenticated").await;

    let ended = person.delete(&path).send().await.unwrap();
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    assert_eq!(device.keep_alive().await, StatusCode::UNAUTHORIZED);
    assert_eq!(device.register().await.status(), StatusCode::UNAUTHORIZED);
    let again = person.delete(&path).send().await.unwrap();
    problem(again, StatusCode::NOT_FOUND, "not-found").await;
    service.stop().await;
}

/// With the right to push ends the right to register.
#[tokio::test]
async fn a_revoked_platform_has_no_devices() {
    let city = TestCity::new().await;
    let (service, person, device, platform) = one_device(&city).await;
    let revoked = person.delete(&format!("/api/v1/platforms/{platform}"));
    assert_eq!(
        revoked.send().await.unwrap().status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(device.keep_alive().await, StatusCode::UNAUTHORIZED);
    assert_eq!(device.register().await.status(), StatusCode::UNAUTHORIZED);
    service.stop().await;
}
