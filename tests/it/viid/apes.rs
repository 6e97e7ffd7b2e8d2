use cityward_partition::{Degrees, gcj02_from_wgs84};

use super::*;
use crate::city::ORIGIN;

fn ape(id: &str, name: &str, lon: f64, lat: f64) -> Value {
    json!({ "APEListObject": { "APEObject": [
        { "ApeID": id, "Name": name, "Longitude": lon.to_string(), "Latitude": lat, "IsOnline": "1" },
    ] } })
}

async fn camera(person: &TestClient, id: &str) -> Value {
    person.json(&format!("/api/v1/cameras/{id}")).await
}

#[tokio::test]
async fn a_camera_is_made_known_changed_taken_out_and_brought_back() {
    let city = TestCity::new().await;
    let (service, person, device, platform) = one_device(&city).await;
    let id = number(77);
    let sent = device
        .send("/VIID/APEs", &ape(&id, "东门", ORIGIN.lon, ORIGIN.lat))
        .await;
    assert_eq!(
        (&sent[0]["Id"], &sent[0]["StatusCode"]),
        (&json!(id), &json!(0))
    );
    let known = camera(&person, &id).await;
    assert_eq!(
        (&known["name_zh"], &known["name_en"]),
        (&json!("东门"), &json!("东门"))
    );
    assert_eq!(known["platform_id"], platform);
    assert_eq!(known["lon"], ORIGIN.lon);

    // what people say of it stays
    let draft = json!({ "name_zh": "东门", "name_en": "East gate", "lon": ORIGIN.lon,
        "lat": ORIGIN.lat, "height_m": 6.5, "platform_id": platform });
    let saved = person.put(&format!("/api/v1/cameras/{id}")).json(&draft);
    assert_eq!(saved.send().await.unwrap().status(), StatusCode::OK);
    let renamed = json!({ "APEObjectList": { "APEObject": { "ApeID": id, "Name": "东大门" } } });
    device.send("/VIID/APEs", &renamed).await;
    let known = camera(&person, &id).await;
    assert_eq!(
        (&known["name_zh"], &known["name_en"]),
        (&json!("东大门"), &json!("East gate"))
    );
    assert_eq!(
        (&known["height_m"], &known["lat"]),
        (&json!(6.5), &json!(ORIGIN.lat))
    );
    let audit = person
        .json(&format!("/api/v1/audit?subject=camera:{id}"))
        .await;
    let told = format!("viid:{}", device.id);
    assert_eq!(audit["entries"][0]["actor"], told);

    let path = format!("/VIID/APEs/{id}");
    let one = device
        .request(Method::GET, &path)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(one.contains("东大门"));
    let gone = device.request(Method::DELETE, &format!("/VIID/APEs?IDList={id},7"));
    let gone = gone.send().await.unwrap().text().await.unwrap();
    let gone: Value = serde_json::from_str(&gone).unwrap();
    let each = &gone["ResponseStatusListObject"]["ResponseStatusObject"];
    assert_eq!(
        (&each[0]["StatusCode"], &each[1]["StatusCode"]),
        (&json!(0), &json!(4))
    );
    assert_eq!(camera(&person, &id).await["platform_id"], Value::Null);
    let missing = device.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);

    let (theirs, _token) = city.platform("others").await;
    let other = Device::of(&service, &person, theirs, 2).await;
    other.registered().await;
    let stolen = other.send("/VIID/APEs", &ape(&id, "x", 120.0, 32.0)).await;
    assert_eq!(stolen[0]["StatusCode"], 4);
    device.send("/VIID/APEs", &renamed).await;
    assert_eq!(camera(&person, &id).await["platform_id"], platform);
    let stolen = other.send("/VIID/APEs", &ape(&id, "x", 120.0, 32.0)).await;
    assert_eq!(stolen[0]["StatusCode"], 4);
    service.stop().await;
}

#[tokio::test]
async fn a_platform_makes_no_more_cameras_known_than_it_may() {
    let city = TestCity::new().await;
    let service = behind_a_proxy_with(&city, |config| config.viid.viid_cameras_max = 2).await;
    let person = service.sign_in(&city).await;
    let (platform, _token) = city.platform("library").await;
    let device = Device::of(&service, &person, platform, 1).await;
    device.registered().await;
    let send = async |n: u32, name: &str| {
        let told = ape(&number(n), name, ORIGIN.lon, ORIGIN.lat);
        device.send("/VIID/APEs", &told).await[0].clone()
    };
    for n in [81, 82] {
        assert_eq!(send(n, "东门").await["StatusCode"], 0);
    }
    // one that was taken out is still known
    let gone = device.request(Method::DELETE, &format!("/VIID/APEs?IDList={}", number(82)));
    assert_eq!(gone.send().await.unwrap().status(), StatusCode::OK);
    let refused = send(83, "西门").await;
    assert_eq!(refused["StatusCode"], 4, "{refused}");
    let text = refused["StatusString"].as_str().unwrap();
    assert!(text.contains("2 cameras known"), "{text}");
    let cameras = person.json("/api/v1/cameras").await;
    assert_eq!(cameras["cameras"].as_array().unwrap().len(), 2);
    for n in [81, 82] {
        assert_eq!(send(n, "南门").await["StatusCode"], 0);
    }
    service.stop().await;
}

#[tokio::test]
async fn a_camera_that_people_took_away_is_not_taken_back() {
    let city = TestCity::new().await;
    let (service, person, device, platform) = one_device(&city).await;
    let id = number(78);
    let told = ape(&id, "东门", ORIGIN.lon, ORIGIN.lat);
    device.send("/VIID/APEs", &told).await;
    assert_eq!(camera(&person, &id).await["platform_id"], platform);
    let draft = json!({ "name_zh": "东门", "name_en": "East gate", "lon": ORIGIN.lon,
        "lat": ORIGIN.lat, "platform_id": null });
    let taken = person.put(&format!("/api/v1/cameras/{id}")).json(&draft);
    assert_eq!(taken.send().await.unwrap().status(), StatusCode::OK);
    let refused = device.send("/VIID/APEs", &told).await;
    assert_eq!(refused[0]["StatusCode"], 4);
    assert_eq!(camera(&person, &id).await["platform_id"], Value::Null);
    service.stop().await;
}

#[tokio::test]
async fn a_calibrated_camera_stays_calibrated() {
    let city = TestCity::new().await;
    let (service, person, device, platform) = one_device(&city).await;
    city.camera(&number(5), platform).await;
    let mut before = camera_once_known(&person, &number(5)).await;
    // the calibration is another row, and has a bell of its own
    for _ in 0..100 {
        if before["calibration"].is_object() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        before = camera(&person, &number(5)).await;
    }
    assert_eq!(before["calibration"]["version"], 1);
    device
        .send(
            "/VIID/APEs",
            &ape(&number(5), "北门", ORIGIN.lon, ORIGIN.lat),
        )
        .await;
    let after = camera(&person, &number(5)).await;
    assert_eq!(after["calibration"], before["calibration"]);
    assert_eq!(after["name_zh"], "北门");
    service.stop().await;
}

/// A camera that was written beside the service, and calibrated after that, is known a moment later.
async fn camera_once_known(person: &TestClient, id: &str) -> Value {
    for _ in 0..200 {
        let answer = person
            .get(&format!("/api/v1/cameras/{id}"))
            .send()
            .await
            .unwrap();
        if answer.status() == StatusCode::OK {
            let known: Value = answer.json().await.unwrap();
            if !known["calibration"].is_null() {
                return known;
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("camera {id} is not known");
}

#[tokio::test]
async fn places_are_in_the_platforms_coordinates() {
    let city = TestCity::new().await;
    let (service, person, device, platform) = one_device(&city).await;
    let shifted = json!({ "username": device.username, "coordinates": "gcj02" });
    let_in(&person, platform, &shifted).await;
    let told = gcj02_from_wgs84(Degrees {
        lon: ORIGIN.lon,
        lat: ORIGIN.lat,
    });
    assert!((told.lon - ORIGIN.lon).abs() > 0.001);
    device
        .send("/VIID/APEs", &ape(&number(6), "西门", told.lon, told.lat))
        .await;
    let known = camera(&person, &number(6)).await;
    assert!(
        (known["lon"].as_f64().unwrap() - ORIGIN.lon).abs() < 1e-7,
        "{known}"
    );
    assert!(
        (known["lat"].as_f64().unwrap() - ORIGIN.lat).abs() < 1e-7,
        "{known}"
    );
    let list = device
        .request(Method::GET, "/VIID/APEs")
        .send()
        .await
        .unwrap();
    let list: Value = serde_json::from_str(&list.text().await.unwrap()).unwrap();
    let back = &list["APEListObject"]["APEObject"][0]["Longitude"];
    assert!((back.as_f64().unwrap() - told.lon).abs() < 1e-7, "{list}");
    service.stop().await;
}

#[tokio::test]
async fn a_list_comes_in_pages_and_wrong_cameras_say_why() {
    let city = TestCity::new().await;
    let (service, _person, device, _) = one_device(&city).await;
    let many: Vec<Value> = (10..15)
        .map(|n| json!({ "ApeID": number(n), "Longitude": 119.9, "Latitude": 32.4 }))
        .chain([json!({ "ApeID": "7" }), json!({ "ApeID": number(20) })])
        .collect();
    let sent = device
        .send(
            "/VIID/APEs",
            &json!({ "APEListObject": { "APEObject": many } }),
        )
        .await;
    let codes: Vec<_> = sent
        .iter()
        .map(|one| one["StatusCode"].as_i64().unwrap())
        .collect();
    assert_eq!(codes, [0, 0, 0, 0, 0, 8, 8]);
    let page = async |query: &str| {
        let answer = device.request(Method::GET, &format!("/VIID/APEs?{query}"));
        let answer = answer.send().await.unwrap();
        let status = answer.status();
        let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let shown = told["APEListObject"]["APEObject"].as_array().cloned();
        (status, shown.unwrap_or_default())
    };
    let (_, shown) = page("RecordStartNo=2&PageRecordNum=2").await;
    assert_eq!((shown.len(), &shown[0]["ApeID"]), (2, &json!(number(11))));
    assert_eq!(page("RecordStartNo=6").await.1.len(), 0);
    assert_eq!(page("PageRecordNum=100000000").await.1.len(), 5);
    assert_eq!(page("RecordStartNo=x").await.0, StatusCode::BAD_REQUEST);
    service.stop().await;
}
