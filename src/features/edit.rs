//! What somebody sends to be written.

use chrono::NaiveDate;
use geo_types::Geometry;
use geozero::geojson::GeoJson;
use geozero::{CoordDimensions, ToGeo as _, ToWkb as _};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::query::Wrong;
use super::store::Feature;

/// A component as somebody knows it. What only the service writes may come back and is not looked at.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ComponentDraft {
    pub(super) class: String,
    #[serde(default)]
    pub(super) code: Option<String>,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default = "good")]
    pub(super) state: String,
    #[serde(default)]
    pub(super) owner_unit_id: Option<i32>,
    #[serde(default)]
    pub(super) maintenance_unit_id: Option<i32>,
    #[serde(default)]
    pub(super) source_id: Option<String>,
    #[serde(default)]
    pub(super) surveyed_on: Option<NaiveDate>,
}

fn good() -> String {
    "good".to_owned()
}

/// A GeoJSON feature: what it says, and where.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Body {
    pub(super) properties: Map<String, Value>,
    pub(super) geometry: Value,
}

/// Longer texts are nobody's name.
const TEXT_CHARS_MAX: usize = 1000;

impl Body {
    /// A whole feature.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn of(mut value: Value) -> Result<Self, Wrong> {
        if value.get("type") != Some(&Value::from("Feature")) {
            return Err(Wrong::new("/type", "is Feature"));
        }
        let properties = match value.get_mut("properties").map(Value::take) {
            Some(Value::Object(properties)) => properties,
            None | Some(Value::Null) => Map::new(),
            Some(_) => return Err(Wrong::new("/properties", "is an object")),
        };
        let geometry = value.get_mut("geometry").map(Value::take);
        let body = Self {
            properties,
            geometry: geometry.unwrap_or_default(),
        };
        body.check().map(|()| body)
    }

    /// A feature with what a merge patch (RFC 7396) says of it; a geometry is whole or not there.
    ///
    /// # Errors
    /// The patch is none.
    pub(super) fn patched(known: &Feature, mut patch: Value) -> Result<Self, Wrong> {
        let part = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        let known_properties = part(&known.properties);
        let mut properties = known_properties.as_object().cloned().unwrap_or_default();
        match patch.get_mut("properties").map(Value::take) {
            None => {}
            Some(Value::Object(changes)) => {
                for (name, value) in changes {
                    if value.is_null() {
                        properties.remove(&name);
                    } else {
                        properties.insert(name, value);
                    }
                }
            }
            Some(_) => return Err(Wrong::new("/properties", "is an object")),
        }
        let geometry = patch.get_mut("geometry").map(Value::take);
        let body = Self {
            properties,
            geometry: geometry.unwrap_or_default(),
        };
        body.check().map(|()| body)
    }

    fn check(&self) -> Result<(), Wrong> {
        let mut values = self.properties.iter();
        let long = |value: &Value| {
            let text = value.as_str();
            text.is_some_and(|text| text.chars().count() > TEXT_CHARS_MAX || text.contains('\0'))
        };
        match values.find(|(_, value)| long(value)) {
            None => Ok(()),
            Some((name, _)) => {
                let detail = format!("at most {TEXT_CHARS_MAX} characters, none of them U+0000");
                Err(Wrong::new(&format!("/properties/{name}"), detail))
            }
        }
    }

    /// What it says, without what only the service writes.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub(super) fn draft<T: DeserializeOwned>(&self, read_only: &[&str]) -> Result<T, Wrong> {
        let mut properties = self.properties.clone();
        // nothing said is nothing known
        properties.retain(|name, value| !read_only.contains(&name.as_str()) && !value.is_null());
        serde_json::from_value(Value::Object(properties))
            .map_err(|error| Wrong::new("/properties", error.to_string()))
    }

    /// Where it is, as EWKB; none where nothing is said.
    ///
    /// # Errors
    /// It is no geometry.
    pub(super) fn ewkb(&self, srid: i32) -> Result<Option<Vec<u8>>, Wrong> {
        if self.geometry.is_null() {
            return Ok(None);
        }
        let geometry = GeoJson(&self.geometry.to_string()).to_geo();
        let geometry = geometry.map_err(|error| Wrong::new("/geometry", error.to_string()))?;
        ewkb(&geometry, srid).map(Some)
    }
}

/// A geometry for the database.
pub(super) fn ewkb(geometry: &Geometry<f64>, srid: i32) -> Result<Vec<u8>, Wrong> {
    geometry
        .to_ewkb(CoordDimensions::xy(), Some(srid))
        .map_err(|error| Wrong::new("/geometry", error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known() -> Feature {
        Feature {
            id: "7".to_owned(),
            version: "a".to_owned(),
            geometry: r#"{"type":"Point","coordinates":[119.9,32.4]}"#.to_owned(),
            properties: r#"{"class":"C03005","name":"lamp","updated_at":"x"}"#.to_owned(),
        }
    }

    #[test]
    fn a_patch_changes_what_it_names() {
        let patch = json!({ "properties": { "name": null, "state": "damaged" } });
        let body = Body::patched(&known(), patch).unwrap();
        let draft: ComponentDraft = body.draft(&["updated_at"]).unwrap();
        assert_eq!((draft.name.as_str(), draft.state.as_str()), ("", "damaged"));
        assert_eq!(draft.class, "C03005");
        assert_eq!(body.ewkb(4326), Ok(None));
    }

    #[test]
    fn what_is_no_feature_is_told() {
        let wrong = |value: Value| Body::of(value).unwrap_err().parameter;
        assert_eq!(wrong(json!({})), "/type");
        assert_eq!(
            wrong(json!({ "type": "Feature", "properties": 3 })),
            "/properties"
        );
        let long = "x".repeat(2000);
        let long = json!({ "type": "Feature", "properties": { "name": long } });
        assert_eq!(wrong(long), "/properties/name");
        let unknown = json!({ "type": "Feature", "properties": { "class": "a", "colour": "red" } });
        let body = Body::of(unknown).unwrap();
        let refused = body.draft::<ComponentDraft>(&[]).unwrap_err();
        assert!(refused.detail.contains("colour"), "{}", refused.detail);
        let shapeless = json!({ "type": "Feature", "geometry": { "type": "Blob" } });
        assert!(Body::of(shapeless).unwrap().ewkb(4326).is_err());
    }
}
