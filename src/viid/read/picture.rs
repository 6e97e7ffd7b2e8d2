//! Pictures, alone and in notifications.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::ape::{self, Ape};
use super::time::read_time;
use super::value::{Names, field, is_too_wide, list, number, text};
use super::{Malformed, Sent, Untaken, json, short};
use crate::viid::DeviceId;

/// Pictures in one request.
const PICTURES_MAX: usize = 64;
/// Notifications in one request.
const NOTIFICATIONS_MAX: usize = 64;
/// 场景图: what a picture of the whole scene is, among those of what is in it (GA/T 1400.3).
const SCENE: f64 = 14.0;
/// In the number of a picture the time comes after the device (20) and the kind (2).
const TIME_IN_ID: std::ops::Range<usize> = 22..36;

/// Some makers leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a collection holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Image,
    Scene,
    MotorVehicle,
    NonMotorVehicle,
    Thing,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Image,
        Self::Scene,
        Self::MotorVehicle,
        Self::NonMotorVehicle,
        Self::Thing,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Image => "Image",
            Self::Scene => "Scene",
            Self::MotorVehicle => "MotorVehicle",
            Self::NonMotorVehicle => "NonMotorVehicle",
            Self::Thing => "Thing",
        }
    }

    /// Whether a picture that does not say what it shows is taken for one of the scene.
    fn shows_the_scene(self) -> bool {
        matches!(self, Self::Image | Self::Scene)
    }

    /// What its objects call their own number.
    fn id_field(self) -> String {
        format!("{}ID", self.name())
    }
}

/// What a picture has to keep to before it is decoded.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of one picture.
    pub bytes_max: usize,
}

/// A picture of a scene, by the camera that took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentPicture {
    pub camera: DeviceId,
    pub shot_at: DateTime<Utc>,
    pub jpeg: Bytes,
}

/// What a view library that we subscribed to tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    pub id: String,
    pub pictures: Vec<Sent<SentPicture>>,
    pub apes: Vec<Sent<Ape>>,
}

/// Every picture in a body of `kind`; one that cannot be taken costs the others nothing. `sender` took
/// those that do not say who did.
pub fn pictures(
    bytes: &[u8],
    kind: Kind,
    sender: &DeviceId,
    limits: Limits,
) -> Result<Vec<Sent<SentPicture>>, Malformed> {
    let body = json(bytes)?;
    let found = Names::of(kind.name()).of_body(&body);
    let field = format!("/{}ListObject", kind.name());
    let found = found.ok_or_else(|| Malformed::content(field, "missing"))?;
    let reader = Reader { sender, limits };
    let pictures = found.iter().flat_map(|object| reader.object(object, kind));
    few(pictures.take(PICTURES_MAX + 1).collect())
}

fn few(pictures: Vec<Sent<SentPicture>>) -> Result<Vec<Sent<SentPicture>>, Malformed> {
    if pictures.len() > PICTURES_MAX {
        let detail = format!("more than {PICTURES_MAX} pictures at a time");
        return Err(Malformed::content("body", detail));
    }
    Ok(pictures)
}

/// Every notification in a body.
pub fn notifications(
    bytes: &[u8],
    sender: &DeviceId,
    limits: Limits,
) -> Result<Vec<Notification>, Malformed> {
    let body = json(bytes)?;
    let found = Names::of("SubscribeNotification").of_body(&body);
    let missing = || Malformed::content("/SubscribeNotificationListObject", "missing");
    let found = found.ok_or_else(missing)?;
    if found.len() > NOTIFICATIONS_MAX {
        let detail = format!("more than {NOTIFICATIONS_MAX} at a time");
        return Err(Malformed::content(
            "/SubscribeNotificationListObject",
            detail,
        ));
    }
    let reader = Reader { sender, limits };
    let each = found.iter().map(|object| reader.notification(object));
    each.collect()
}

struct Reader<'a> {
    sender: &'a DeviceId,
    limits: Limits,
}

impl Reader<'_> {
    fn notification(&self, object: &Value) -> Result<Notification, Malformed> {
        let id = field(object, &["NotificationID", "SubscribeID"]).and_then(text);
        let mut pictures: Vec<Sent<SentPicture>> = Vec::new();
        for name in ["Face", "Person"] {
            let persons = Names::of(name).within(object).unwrap_or_default();
            let each = persons.iter().map(|one| a_person(one, name));
            pictures.extend(each.take(PICTURES_MAX + 1));
        }
        for kind in Kind::ALL {
            let found = Names::of(kind.name()).within(object).unwrap_or_default();
            let each = found.iter().flat_map(|one| self.object(one, kind));
            pictures.extend(each.take(PICTURES_MAX + 1));
        }
        pictures.extend(self.sub_images(object, Kind::Image));
        let apes = Names::of("APE").within(object).or_else(|| {
            let devices = field(object, &["DeviceList"])?;
            Some(list(devices, &["APEObject", "APE"]))
        });
        Ok(Notification {
            id: short(&id.unwrap_or_default()),
            pictures: few(pictures)?,
            apes: ape::within(&apes.unwrap_or_default())?,
        })
    }

    /// The picture that an object is, and those that belong to it.
    fn object(&self, object: &Value, kind: Kind) -> Vec<Sent<SentPicture>> {
        if is_too_wide(object) {
            return vec![too_wide()];
        }
        let info = field(object, &["ImageInfo", "ImageInfoObject"]).unwrap_or(object);
        let data = field(object, &["Data"]).or_else(|| field(info, &["Data"]));
        let mut pictures = self.sub_images(object, kind);
        if data.is_some() || pictures.is_empty() {
            pictures.insert(0, self.picture(object, info, data, kind));
        }
        pictures
    }

    fn sub_images(&self, object: &Value, kind: Kind) -> Vec<Sent<SentPicture>> {
        if is_too_wide(object) {
            return vec![too_wide()];
        }
        let inner = ["SubImageInfoObject", "SubImageInfo", "SubImage"];
        let found = field(
            object,
            &["SubImageList", "SubImageListObject", "SubImageInfoList"],
        );
        let found = found.map(|found| list(found, &inner));
        let each = found
            .unwrap_or_default()
            .into_iter()
            .map(|image| self.picture(object, image, field(image, &["Data"]), kind));
        each.take(PICTURES_MAX + 1).collect()
    }

    fn picture(
        &self,
        object: &Value,
        info: &Value,
        data: Option<&Value>,
        kind: Kind,
    ) -> Sent<SentPicture> {
        let own_id = [&*kind.id_field(), "ImageID"];
        let id = field(info, &["ImageID"]).or_else(|| field(object, &own_id));
        let id = id.and_then(text).unwrap_or_default();
        Sent {
            found: self.read(object, info, data, (kind, &id)),
            id: short(&id),
        }
    }

    fn read(
        &self,
        object: &Value,
        info: &Value,
        data: Option<&Value>,
        (kind, id): (Kind, &str),
    ) -> Result<SentPicture, Untaken> {
        let shows = field(info, &["Type", "ImageType"]);
        let is_scene = match shows.map(number) {
            Some(shows) => shows == Some(SCENE),
            None => kind.shows_the_scene(),
        };
        if !is_scene {
            let detail = "Type: only pictures of the whole scene (14) are taken";
            return Err(Untaken::refused("not-a-scene", detail));
        }
        let told = |names: &[&str]| {
            let found = field(info, names).or_else(|| field(object, names));
            found.and_then(text).filter(|text| !text.trim().is_empty())
        };
        let camera = match told(&["DeviceID"]) {
            Some(told) => DeviceId::read(&told)
                .ok_or_else(|| Untaken::content("unknown-camera", "DeviceID: must be 20 digits"))?,
            None => DeviceId::at_start_of(id).unwrap_or_else(|| self.sender.clone()),
        };
        let shot_at = match told(&["ShotTime"]) {
            Some(told) => read_time(&told),
            None => id.get(TIME_IN_ID).and_then(read_time),
        };
        let shot_at = shot_at.ok_or_else(|| {
            let detail = "ShotTime: yyyyMMddHHmmss, Beijing time, is expected";
            Untaken::content("captured-at", detail)
        })?;
        let jpeg = self.decode(data)?;
        Ok(SentPicture {
            camera,
            shot_at,
            jpeg,
        })
    }

    fn decode(&self, data: Option<&Value>) -> Result<Bytes, Untaken> {
        let text = data.and_then(Value::as_str).unwrap_or_default().trim();
        if text.is_empty() {
            let detail = "Data: missing; pictures are taken as base64, not by their StoragePath";
            return Err(Untaken::content("no-data", detail));
        }
        let text = match text.split_once(";base64,") {
            Some((head, text)) if head.starts_with("data:") => text,
            _ => text,
        };
        let bytes_max = self.limits.bytes_max;
        // four characters are three bytes; line breaks are a few per cent
        if text.len() / 2 > bytes_max {
            return Err(too_large(bytes_max));
        }
        let broken = |c: char| c.is_ascii_whitespace();
        let decoded = if text.contains(broken) {
            BASE64.decode(text.replace(broken, ""))
        } else {
            BASE64.decode(text)
        };
        let decoded = decoded.or(Err(Untaken::content("not-base64", "Data: not base64")))?;
        if decoded.len() > bytes_max {
            return Err(too_large(bytes_max));
        }
        Ok(decoded.into())
    }
}

fn too_wide() -> Sent<SentPicture> {
    Sent {
        id: String::new(),
        found: Err(Untaken::content("too-many-fields", "more than 256 fields")),
    }
}

fn too_large(bytes_max: usize) -> Untaken {
    let detail = format!("Data: more than {bytes_max} bytes");
    Untaken::content("frame-too-large", detail)
}

/// What is said of faces and persons: they are never taken.
fn a_person(object: &Value, name: &str) -> Sent<SentPicture> {
    let id = field(object, &[&format!("{name}ID")]).and_then(text);
    Sent {
        id: short(&id.unwrap_or_default()),
        found: Err(Untaken::refused(
            "a-person",
            "faces and persons are not taken here",
        )),
    }
}

#[cfg(test)]
#[path = "picture_tests.rs"]
mod tests;
