use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use cityward::viid::read::written_time;

use super::*;
use crate::cases::second;
use crate::city::place;
use crate::frame_to_map::SCENES;

pub(super) fn image(camera: &str, look: i64, jpeg: &[u8]) -> Value {
    let shot_at = written_time(second(look * 3));
    json!({
        "ImageInfo": {
            "ImageID": format!("{camera}02{shot_at}00001"),
            "InfoKind": 1,
            "DeviceID": camera,
            "ShotTime": shot_at,
            "FileFormat": "Jpeg",
            "Width": "640",
        },
        "Data": BASE64.encode(jpeg),
    })
}

fn images(each: &[Value]) -> Value {
    json!({ "ImageListObject": { "Image": each } })
}

fn codes(each: &[Value]) -> Vec<i64> {
    each.iter()
        .map(|one| one["StatusCode"].as_i64().unwrap())
        .collect()
}

/// A camera of the platform, known by its APE.
async fn with_camera(device: &Device, n: u32) -> String {
    let body = json!({ "APEListObject": { "APEObject": [
        { "ApeID": number(n), "Longitude": 119.92, "Latitude": 32.45 },
    ] } });
    assert_eq!(codes(&device.send("/VIID/APEs", &body).await), [0]);
    number(n)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_becomes_a_case_on_the_map() {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    let unit = city.unit(1).await;
    for cell in city.cells(edition, 20, 1).await {
        city.responsible(edition, cell, None, unit).await;
    }
    let (service, person, device, platform) = one_device(&city).await;
    let cameras: Vec<String> = (100..110).map(number).collect();
    for (corner, camera) in (0..).zip(&cameras) {
        city.camera_at(camera, platform, 120.0 * f64::from(corner))
            .await;
    }
    // the platform makes them known, too: their calibration stays
    let apes = (0..).zip(&cameras).map(|(corner, camera)| {
        let at = place(120.0 * f64::from(corner), 0.0);
        json!({ "ApeID": camera, "Name": "路口", "Longitude": at.lon, "Latitude": at.lat })
    });
    let apes: Vec<Value> = apes.collect();
    device
        .send(
            "/VIID/APEs",
            &json!({ "APEListObject": { "APEObject": apes } }),
        )
        .await;

    let mut filed = 0;
    for look in 0..12 {
        let each = cameras.iter().zip(SCENES.iter());
        let each: Vec<Value> = each
            .map(|(camera, scene)| image(camera, look, &scene.jpeg))
            .collect();
        assert_eq!(
            codes(&device.send("/VIID/Images", &images(&each)).await),
            [0; 10]
        );
        all_looked_at(&person, u64::try_from(10 * (look + 1)).unwrap()).await;
        let count = "select count(*) from city_case where camera_id = any($1)";
        filed = sqlx::query_scalar(count)
            .bind(&cameras)
            .fetch_one(&city.db)
            .await
            .unwrap();
        if filed > 0 {
            break;
        }
    }
    assert_ne!(filed, 0_i64, "the model sees something in ten streets");
    let snapshot = person.json("/api/v1/live/snapshot").await;
    let shown = snapshot["cases"].as_array().unwrap();
    assert!(
        shown
            .iter()
            .any(|case| cameras.iter().any(|camera| case["camera_id"] == **camera))
    );
    assert_eq!(seen(&person, &device).await["refused"], 0);
    service.stop().await;
}

async fn all_looked_at(person: &TestClient, expected: u64) {
    for _ in 0..1200 {
        let list = person.json("/api/v1/cameras").await;
        let cameras = list["cameras"].as_array().unwrap().iter();
        let looked = cameras.map(|camera| camera["frames"]["processed"].as_u64().unwrap());
        if looked.sum::<u64>() >= expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not all pictures were looked at");
}

#[tokio::test]
async fn what_cannot_be_taken_is_told_and_counted_and_the_rest_is_taken() {
    let city = TestCity::new().await;
    let (service, person, device, _) = one_device(&city).await;
    let camera = with_camera(&device, 3).await;
    let good = image(&camera, 0, &SCENES[0].jpeg);
    let mut broken = image(&camera, 1, &SCENES[0].jpeg);
    broken["Data"] = json!("not base64 ###");
    let elsewhere = image(&number(4), 2, &SCENES[0].jpeg);
    let mut future = image(&camera, 0, &SCENES[0].jpeg);
    future["ImageInfo"]["ShotTime"] = json!("20990101000000");
    let no_jpeg = image(&camera, 3, b"GIF89a");
    let truncated = image(&camera, 4, &SCENES[0].jpeg[..2000]);
    let sent = [good, broken, elsewhere, future, no_jpeg, truncated];
    let told = device.send("/VIID/Images", &images(&sent)).await;
    assert_eq!(codes(&told), [0, 8, 8, 8, 8, 8], "{told:?}");
    assert_eq!(told[0]["Id"], sent[0]["ImageInfo"]["ImageID"]);
    assert!(
        told[2]["StatusString"]
            .as_str()
            .unwrap()
            .contains(&number(4))
    );
    let shown = seen(&person, &device).await;
    assert_eq!((&shown["taken"], &shown["refused"]), (&json!(1), &json!(5)));
    assert_eq!(shown["last_refusal"], "frame-truncated");
    let known = person.json(&format!("/api/v1/cameras/{camera}")).await;
    assert_eq!(known["frames"]["refused"], 3, "{known}");
    service.stop().await;
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_as_a_whole() {
    let city = TestCity::new().await;
    let (service, _person, device, _) = one_device(&city).await;
    let refused = async |body: Vec<u8>| {
        let request = device.request(Method::POST, "/VIID/Images").body(body);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        (
            status,
            status_of(answer).await["StatusCode"].as_i64().unwrap(),
        )
    };
    let bad = StatusCode::BAD_REQUEST;
    assert_eq!(refused(b"{\"ImageListObject\":".to_vec()).await, (bad, 7));
    assert_eq!(refused(b"\xff\xd8\xff".to_vec()).await, (bad, 7));
    assert_eq!(refused(b"[".repeat(200_000)).await, (bad, 7));
    assert_eq!(refused(b"{\"Other\":1}".to_vec()).await, (bad, 8));
    assert_eq!(refused(Vec::new()).await, (bad, 7));
    let huge = refused(vec![b' '; 33 << 20]).await;
    assert_eq!(huge, (StatusCode::PAYLOAD_TOO_LARGE, 4));
    let none = device.send("/VIID/Images", &images(&[])).await;
    assert!(none.is_empty());
    service.stop().await;
}

#[tokio::test]
async fn persons_are_never_taken_and_of_vehicles_only_the_scene() {
    let city = TestCity::new().await;
    let (service, person, device, _) = one_device(&city).await;
    let camera = with_camera(&device, 3).await;
    for path in ["/VIID/Faces", "/VIID/Persons"] {
        let body = json!({ "FaceListObject": { "FaceObject": [{ "FaceID": "1" }] } });
        let answer = device.post(path, &body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        assert_eq!(status_of(answer).await["StatusCode"], 4);
    }
    let image = |kind: &str| {
        json!({ "ImageID": format!("{camera}022026112218300000001"), "DeviceID": camera, "Type": kind,
            "ShotTime": written_time(second(0)), "Data": BASE64.encode(&SCENES[0].jpeg) })
    };
    let body = json!({ "MotorVehicleObjectList": { "MotorVehicleObject": {
        "MotorVehicleID": "1",
        "SubImageList": { "SubImageInfoObject": [image("02"), image("14")] },
    } } });
    assert_eq!(
        codes(&device.send("/VIID/MotorVehicles", &body).await),
        [4, 0]
    );
    let shown = seen(&person, &device).await;
    assert_eq!((&shown["taken"], &shown["refused"]), (&json!(1), &json!(3)));
    let subscribe =
        json!({ "SubscribeListObject": { "SubscribeObject": [{ "SubscribeID": "1" }] } });
    let refused = device
        .post("/VIID/Subscribes", &subscribe)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    service.stop().await;
}

#[tokio::test]
async fn a_notification_brings_cameras_and_their_pictures() {
    let city = TestCity::new().await;
    let (service, person, device, _) = one_device(&city).await;
    let camera = number(8);
    let notify = |id: &str, more: Value| {
        let mut told = json!({ "NotificationID": id, "SubscribeID": "s", "Title": "t" });
        for (name, value) in more.as_object().unwrap() {
            told[name] = value.clone();
        }
        told
    };
    let body = json!({ "SubscribeNotificationListObject": { "SubscribeNotificationObject": [
        notify("n1", json!({ "DeviceList": { "APEObject": [
            { "ApeID": camera, "Longitude": 119.92, "Latitude": 32.45 } ] } })),
        notify("n2", json!({ "ImageList": { "Image": [image(&camera, 0, &SCENES[0].jpeg)] } })),
        notify("n3", json!({ "FaceObjectList": { "FaceObject": [{ "FaceID": "f" }] },
            "ImageListObject": [image(&camera, 1, &SCENES[1].jpeg)] })),
    ] } });
    let told = device.send("/VIID/SubscribeNotifications", &body).await;
    assert_eq!(codes(&told), [0, 0, 4], "{told:?}");
    assert_eq!(told[2]["Id"], "n3");
    assert!(
        told[2]["StatusString"]
            .as_str()
            .unwrap()
            .starts_with("1 of 2 not taken")
    );
    let shown = seen(&person, &device).await;
    assert_eq!((&shown["taken"], &shown["refused"]), (&json!(2), &json!(1)));
    service.stop().await;
}

/// What finds no room is to be sent again: nothing is told to be taken that is not.
#[tokio::test]
async fn a_full_queue_makes_a_device_wait() {
    let city = TestCity::new().await;
    let service = behind_a_proxy_with(&city, |config| {
        config.intake.queue_bytes_max = 4 << 10;
    })
    .await;
    let person = service.sign_in(&city).await;
    let (platform, _token) = city.platform("library").await;
    let device = Device::of(&service, &person, platform, 1).await;
    device.registered().await;
    let camera = with_camera(&device, 3).await;
    let body = images(&[image(&camera, 0, &SCENES[0].jpeg)]);
    let answer = device.post("/VIID/Images", &body).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(status_of(answer).await["StatusCode"], 2);
    service.stop().await;
}
