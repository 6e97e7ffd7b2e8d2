//! Looking into JSON without insisting on how it is written.

use serde_json::Value;

/// The first of these fields that is there and not null, whatever the case of its letters. Of a list
/// with one object its fields.
pub(super) fn field<'a>(object: &'a Value, names: &[&str]) -> Option<&'a Value> {
    let map = match object {
        Value::Object(map) => map,
        Value::Array(list) => match list.as_slice() {
            [Value::Object(map)] => map,
            _ => return None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
    };
    names.iter().find_map(|name| {
        let named = map.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let mut values = named.map(|(_, value)| value);
        values.find(|value| !value.is_null())
    })
}

/// Fields of an object that is looked into more than once; devices write some dozens.
const FIELDS_MAX: usize = 256;

/// Whether looking for a field again and again would cost too much.
pub(super) fn is_too_wide(object: &Value) -> bool {
    let alone = object.as_array().and_then(|list| list.first());
    let object = alone.unwrap_or(object);
    object.as_object().is_some_and(|map| map.len() > FIELDS_MAX)
}

/// Text, or a number as it was written.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A finite number, or text that is one.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

/// The objects of a list, which may be one object alone, or wrapped in an object that has the list
/// under one of `inner`. Nothing that is no object is left out: it is there as null.
pub(super) fn list<'a>(value: &'a Value, inner: &[&str]) -> Vec<&'a Value> {
    match value {
        Value::Array(items) => match items.as_slice() {
            // a list of one wrapper
            [one] if field(one, inner).is_some() => list_of(one, inner),
            _ => items.iter().collect(),
        },
        Value::Object(map) if map.is_empty() => Vec::new(),
        Value::Object(_) => list_of(value, inner),
        Value::String(text) if text.trim().is_empty() => Vec::new(),
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![&Value::Null],
    }
}

fn list_of<'a>(wrapper: &'a Value, inner: &[&str]) -> Vec<&'a Value> {
    match field(wrapper, inner) {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
        None => vec![wrapper],
    }
}

/// The names under which a list of `name`s comes, and those of what is in it: makers write
/// `FaceListObject` and `FaceObjectList`.
pub(super) struct Names {
    pub(super) outer: [String; 3],
    pub(super) inner: [String; 3],
}

impl Names {
    pub(super) fn of(name: &str) -> Self {
        Self {
            outer: [
                format!("{name}ListObject"),
                format!("{name}ObjectList"),
                format!("{name}List"),
            ],
            inner: [
                format!("{name}Object"),
                name.to_owned(),
                format!("{name}InfoObject"),
            ],
        }
    }

    /// What of this name is in an object; `None`: it does not say.
    pub(super) fn within<'a>(&self, object: &'a Value) -> Option<Vec<&'a Value>> {
        let outer: Vec<&str> = self.outer.iter().map(String::as_str).collect();
        let inner: Vec<&str> = self.inner.iter().map(String::as_str).collect();
        field(object, &outer).map(|found| list(found, &inner))
    }

    /// The same; a body may also be the list itself, or have it without a wrapper.
    pub(super) fn of_body<'a>(&self, body: &'a Value) -> Option<Vec<&'a Value>> {
        let inner: Vec<&str> = self.inner.iter().map(String::as_str).collect();
        self.within(body)
            .or_else(|| field(body, &inner).map(|found| list(found, &inner)))
            .or_else(|| matches!(body, Value::Array(_)).then(|| list(body, &inner)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_is_found_however_it_is_wrapped() {
        let names = Names::of("Face");
        for body in [
            json!({ "FaceListObject": { "FaceObject": [1, 2] } }),
            json!({ "FaceObjectList": { "FaceObject": [1, 2] } }),
            json!({ "FaceListObject": [1, 2] }),
            json!({ "faceList": [{ "Face": [1, 2] }] }),
            json!({ "FaceObject": [1, 2] }),
            json!([1, 2]),
        ] {
            assert_eq!(
                names.of_body(&body).unwrap(),
                [&json!(1), &json!(2)],
                "{body}"
            );
        }
        let one = json!({ "FaceListObject": { "FaceObject": { "a": 1 } } });
        assert_eq!(names.of_body(&one).unwrap(), [&json!({ "a": 1 })]);
        let bare = json!({ "FaceListObject": { "a": 1 } });
        assert_eq!(names.of_body(&bare).unwrap(), [&json!({ "a": 1 })]);
        for empty in [
            json!({ "FaceListObject": {} }),
            json!({ "FaceListObject": "" }),
            json!([]),
        ] {
            assert_eq!(
                names.of_body(&empty).unwrap(),
                Vec::<&Value>::new(),
                "{empty}"
            );
        }
        assert_eq!(names.of_body(&json!({ "FaceListObject": null })), None);
        assert_eq!(names.of_body(&json!({})), None);
    }

    #[test]
    fn a_number_may_be_text() {
        for (value, expected) in [
            (json!(1.5), Some(1.5)),
            (json!(" 119.92 "), Some(119.92)),
            (json!("-0"), Some(-0.0)),
            (json!("NaN"), None),
            (json!("inf"), None),
            (json!(""), None),
            (json!(null), None),
            (json!([1]), None),
        ] {
            assert_eq!(number(&value), expected, "{value}");
        }
    }
}
