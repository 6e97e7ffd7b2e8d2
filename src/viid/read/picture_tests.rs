use serde_json::{Value, json};

use super::*;
use crate::viid::Code;

const CAMERA: &str = "32120200001320000001";
const LIMITS: Limits = Limits { bytes_max: 100 };

fn sender() -> DeviceId {
    DeviceId::read("32120200005030000009").unwrap()
}

fn read(body: &Value, kind: Kind) -> Vec<Sent<SentPicture>> {
    pictures(body.to_string().as_bytes(), kind, &sender(), LIMITS).unwrap()
}

fn image_id() -> String {
    format!("{CAMERA}022026112218300000001")
}

#[test]
fn a_picture_is_found_however_a_maker_wraps_it() {
    let info = json!({ "ImageID": image_id(), "DeviceID": CAMERA, "ShotTime": "20261122183000" });
    let with_data = |mut object: Value| {
        object["Data"] = json!("/9j/");
        object
    };
    let flat = with_data(info.clone());
    let sub = json!({ "SubImageList": { "SubImageInfoObject": [with_data(info.clone())] } });
    let typed = {
        let mut typed = with_data(info.clone());
        typed["Type"] = json!("14");
        typed
    };
    for body in [
        json!({ "ImageListObject": { "Image": [with_data(json!({ "ImageInfo": info }))] } }),
        json!({ "ImageListObject": { "ImageObject": [flat] } }),
        json!({ "ImageObjectList": { "ImageObject": flat } }),
        json!({ "ImageListObject": { "Image": with_data(json!({ "ImageInfo": [info] })) } }),
        json!({ "imagelistobject": { "imageinfoobject": [flat] } }),
        json!({ "ImageList": [flat] }),
        json!([flat]),
        json!({ "ImageListObject": { "Image": [sub] } }),
        json!({ "ImageListObject": [typed] }),
        json!({ "ImageListObject": [{ "SubImageList": [typed] }] }),
        json!({ "ImageListObject": [{ "DeviceID": CAMERA, "SubImageList": { "SubImageInfoObject":
            { "ImageID": image_id(), "Type": 14, "Data": "data:image/jpeg;base64,/9j/" } } }] }),
        json!({ "ImageListObject": [{ "ImageID": image_id(), "Data": "/9\r\nj/\n" }] }),
    ] {
        let sent = read(&body, Kind::Image);
        assert_eq!(sent.len(), 1, "{body}");
        let picture = sent[0].found.as_ref().unwrap();
        assert_eq!(sent[0].id, image_id(), "{body}");
        assert_eq!(picture.camera.as_str(), CAMERA, "{body}");
        assert_eq!(
            picture.shot_at,
            read_time("20261122183000").unwrap(),
            "{body}"
        );
        assert_eq!(&picture.jpeg[..], b"\xff\xd8\xff", "{body}");
    }
}

#[test]
fn of_a_vehicle_only_the_scene_is_taken() {
    let image = |kind: &str| {
        json!({ "ImageID": image_id(), "DeviceID": CAMERA, "Type": kind,
            "ShotTime": "20261122183000", "Data": "/9j/" })
    };
    let body = json!({ "MotorVehicleObjectList": { "MotorVehicleObject": [{
        "MotorVehicleID": "7",
        "SubImageList": { "SubImageInfoObject": [image("02"), image("14"), image("11")] },
    }] } });
    let sent = read(&body, Kind::MotorVehicle);
    let taken: Vec<bool> = sent.iter().map(|one| one.found.is_ok()).collect();
    assert_eq!(taken, [false, true, false]);
    assert_eq!(
        sent[0].found.as_ref().unwrap_err().code,
        Code::InvalidOperation
    );
    // what does not say what it shows is not taken for a scene
    let untyped = json!({ "ThingListObject": [{ "ThingID": "7", "Data": "/9j/" }] });
    let sent = read(&untyped, Kind::Thing);
    assert_eq!((sent[0].id.as_str(), sent[0].found.is_err()), ("7", true));
}

#[test]
fn what_cannot_be_taken_says_why_and_costs_the_others_nothing() {
    let good = json!({ "ImageID": image_id(), "Data": "/9j/" });
    let reason = |change: Value| {
        let mut image = good.clone();
        for (name, value) in change.as_object().unwrap() {
            image[name] = value.clone();
        }
        let body = json!({ "ImageListObject": { "Image": [image, good] } });
        let mut sent = read(&body, Kind::Image);
        assert!(sent[1].found.is_ok());
        sent.remove(0).found.unwrap_err().reason
    };
    assert_eq!(reason(json!({ "Data": "§§" })), "not-base64");
    assert_eq!(reason(json!({ "Data": "" })), "no-data");
    assert_eq!(
        reason(json!({ "Data": null, "StoragePath": "http://x/" })),
        "no-data"
    );
    assert_eq!(
        reason(json!({ "Data": "A".repeat(136) })),
        "frame-too-large"
    );
    assert_eq!(
        reason(json!({ "Data": "A".repeat(4000) })),
        "frame-too-large"
    );
    assert_eq!(reason(json!({ "ShotTime": "yesterday" })), "captured-at");
    assert_eq!(reason(json!({ "DeviceID": "7" })), "unknown-camera");
    assert_eq!(reason(json!({ "Type": "11" })), "not-a-scene");
    let many = json!({ "ImageListObject": { "Image": vec![good; 65] } });
    let many = pictures(many.to_string().as_bytes(), Kind::Image, &sender(), LIMITS);
    assert!(matches!(many, Err(Malformed::Content { .. })));
}

#[test]
fn a_picture_without_a_camera_is_its_senders() {
    let body = json!({ "ImageListObject": [{ "Data": "/9j/", "ShotTime": "20261122183000" }] });
    let sent = read(&body, Kind::Image);
    assert_eq!(sent[0].found.as_ref().unwrap().camera, sender());
}

#[test]
fn a_notification_brings_pictures_and_cameras_and_no_persons() {
    let image = json!({ "ImageID": image_id(), "Data": "/9j/" });
    let body = json!({ "SubscribeNotificationListObject": { "SubscribeNotificationObject": [{
        "NotificationID": "n-1",
        "ImageList": { "Image": [{ "ImageInfo": image }] },
        "MotorVehicleObjectList": { "MotorVehicleObject": { "SubImageList": [image] } },
        "FaceObjectList": { "FaceObject": [{ "FaceID": "f" }] },
        "PersonListObject": [{ "PersonID": "p" }],
        "DeviceList": { "APEObject": [{ "ApeID": CAMERA }] },
    }] } });
    let told = notifications(body.to_string().as_bytes(), &sender(), LIMITS).unwrap();
    let [told] = told.try_into().unwrap();
    assert_eq!(told.id, "n-1");
    let reasons: Vec<_> = told
        .pictures
        .iter()
        .map(|one| {
            one.found
                .as_ref()
                .map_or_else(|untaken| untaken.reason, |_| "taken")
        })
        .collect();
    assert_eq!(reasons, ["a-person", "a-person", "taken", "not-a-scene"]);
    assert_eq!(told.apes[0].found.as_ref().unwrap().id.as_str(), CAMERA);
}

#[test]
fn no_bytes_are_too_strange() {
    for bytes in [
        &b"\xff\xfe"[..],
        b"[[[[",
        b"{\"ImageListObject\":[[[]]]}",
        b"null",
        b"\"x\"",
    ] {
        drop(pictures(bytes, Kind::Image, &sender(), LIMITS));
        drop(notifications(bytes, &sender(), LIMITS));
    }
    let deep = "[".repeat(100_000);
    assert!(matches!(
        pictures(deep.as_bytes(), Kind::Image, &sender(), LIMITS),
        Err(Malformed::Format(_))
    ));
}

#[test]
fn an_object_with_too_many_fields_is_not_searched() {
    let wide: serde_json::Map<String, Value> =
        (0..300).map(|n| (format!("f{n}"), json!(n))).collect();
    let body = json!({ "ImageListObject": { "Image": [wide] } });
    let sent = read(&body, Kind::Image);
    assert_eq!(sent.len(), 1);
    let untaken = sent[0].found.as_ref().unwrap_err();
    assert_eq!(untaken.reason, "too-many-fields");
}
