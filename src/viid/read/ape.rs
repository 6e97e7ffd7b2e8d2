//! APE (采集设备): the cameras of a device or platform.

use cityward_partition::Degrees;
use serde_json::Value;

use super::value::{Names, field, number, text};
use super::{Malformed, Sent, Untaken, json, short};
use crate::viid::DeviceId;

/// Cameras in one request.
const APES_MAX: usize = 1000;
/// As for cameras that people write down.
const NAME_CHARS_MAX: usize = 200;

/// A camera as its platform tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ape {
    pub id: DeviceId,
    /// `None`: not told.
    pub name: Option<String>,
    /// In the platform's coordinates; `None`: not told. Zeroes are what devices write who do not know.
    pub place: Option<Degrees>,
}

/// Every camera in a body; one that is told wrongly costs the others nothing.
pub fn apes(bytes: &[u8]) -> Result<Vec<Sent<Ape>>, Malformed> {
    let body = json(bytes)?;
    let found = Names::of("APE").of_body(&body);
    let found = found.ok_or_else(|| Malformed::content("/APEListObject", "missing"))?;
    within(&found)
}

pub(super) fn within(found: &[&Value]) -> Result<Vec<Sent<Ape>>, Malformed> {
    if found.len() > APES_MAX {
        let detail = format!("more than {APES_MAX} at a time");
        return Err(Malformed::content("/APEListObject", detail));
    }
    Ok(found.iter().map(|one| ape(one)).collect())
}

fn ape(object: &Value) -> Sent<Ape> {
    let id = field(object, &["ApeID", "DeviceID"]).and_then(text);
    let id = id.unwrap_or_default();
    Sent {
        found: read(object, &id),
        id: short(&id),
    }
}

fn read(object: &Value, id: &str) -> Result<Ape, Untaken> {
    let wrong = |detail: &str| Untaken::content("ape", detail);
    let id = DeviceId::read(id).ok_or_else(|| wrong("ApeID: must be 20 digits"))?;
    let name = field(object, &["Name", "ApeName"]).and_then(text);
    let name = name.map(|name| name.trim().to_owned());
    let name = name.filter(|name| !name.is_empty());
    if let Some(name) = &name
        && (name.chars().count() > NAME_CHARS_MAX || name.contains('\0'))
    {
        return Err(wrong("Name: at most 200 characters, none of them U+0000"));
    }
    let [lon, lat] = [["Longitude", "Lon"], ["Latitude", "Lat"]].map(|names| {
        let told = field(object, &names);
        let blank = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
        told.filter(|value| !blank(value)).map(number)
    });
    let place = match (lon, lat) {
        (None, None) => None,
        (Some(Some(lon)), Some(Some(lat))) if lon == 0.0 && lat == 0.0 => None,
        (Some(Some(lon)), Some(Some(lat))) => {
            if !(-180.0..=180.0).contains(&lon) || !(-90.0..=90.0).contains(&lat) {
                return Err(wrong(
                    "Longitude, Latitude: degrees within ±180 and ±90 are expected",
                ));
            }
            Some(Degrees { lon, lat })
        }
        _ => return Err(wrong("Longitude, Latitude: both, as numbers")),
    };
    Ok(Ape { id, name, place })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "32120200001320000001";

    #[test]
    fn a_camera_is_told_in_many_ways() {
        for body in [
            r#"{"APEListObject":{"APEObject":[{"ApeID":"ID","Name":"东门","Longitude":119.92,"Latitude":32.45}]}}"#,
            r#"{"APEObjectList":{"APEObject":{"ApeID":"ID","Name":" 东门 ","Longitude":"119.92","Latitude":"32.45"}}}"#,
            r#"{"APEList":[{"apeid":"ID","name":"东门","longitude":119.92,"latitude":32.45,"IsOnline":"1"}]}"#,
            r#"[{"ApeID":"ID","Name":"东门","Longitude":119.92,"Latitude":32.45,"Password":"x"}]"#,
        ] {
            let sent = apes(body.replace("\"ID\"", &format!("\"{ID}\"")).as_bytes()).unwrap();
            let ape = sent[0].found.as_ref().unwrap();
            assert_eq!(
                (ape.id.as_str(), ape.name.as_deref()),
                (ID, Some("东门")),
                "{body}"
            );
            assert_eq!(
                ape.place,
                Some(Degrees {
                    lon: 119.92,
                    lat: 32.45
                }),
                "{body}"
            );
        }
    }

    #[test]
    fn a_place_may_be_unknown_and_not_half_known() {
        let place = |told: &str| {
            let body = format!(r#"{{"APEObject":[{{"ApeID":"{ID}"{told}}}]}}"#);
            apes(body.as_bytes())
                .unwrap()
                .remove(0)
                .found
                .map(|ape| ape.place)
        };
        for unknown in [
            "",
            r#","Longitude":0,"Latitude":0"#,
            r#","Longitude":"","Latitude":null"#,
        ] {
            assert_eq!(place(unknown), Ok(None), "{unknown}");
        }
        for wrong in [
            r#","Longitude":119.9"#,
            r#","Longitude":"east","Latitude":32"#,
            r#","Longitude":1e9,"Latitude":32"#,
        ] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_wrong_camera_costs_the_others_nothing() {
        let body = format!(r#"{{"APEListObject":[{{"ApeID":"7"}},5,{{"ApeID":"{ID}"}}]}}"#);
        let sent = apes(body.as_bytes()).unwrap();
        let good: Vec<bool> = sent.iter().map(|one| one.found.is_ok()).collect();
        assert_eq!(good, [false, false, true]);
        assert!(matches!(apes(b"{}"), Err(Malformed::Content { .. })));
    }
}
