//! CQL2 JSON (OGC 21-065r2, `cql2.json`).

use geozero::ToGeo as _;
use geozero::geojson::GeoJson;
use serde_json::{Map, Value};

use super::{
    Bound, CHARS_MAX, DEPTH_MAX, Expr, InvalidFilter, bound, corners, date, spelled, timestamp,
};

pub(super) fn parse(text: &str) -> Result<Expr, InvalidFilter> {
    let wrong = |expected: &str| InvalidFilter::Json {
        at: "/".to_owned(),
        expected: expected.to_owned(),
    };
    if text.len() > CHARS_MAX {
        return Err(wrong("a shorter filter"));
    }
    let value: Value = serde_json::from_str(text).map_err(|_not_json| wrong("JSON"))?;
    expression(&value, &Path::Root)
}

/// Where a value stands.
enum Path<'a> {
    Root,
    In(&'a Path<'a>, &'a str),
    At(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn depth(&self) -> usize {
        match self {
            Self::Root => 0,
            Self::In(above, _) | Self::At(above, _) => above.depth() + 1,
        }
    }

    fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::In(above, name) => format!("{}/{name}", above.pointer()),
            Self::At(above, index) => format!("{}/{index}", above.pointer()),
        }
    }

    fn wrong(&self, expected: &str) -> InvalidFilter {
        InvalidFilter::Json {
            at: format!("{}/", self.pointer()),
            expected: expected.to_owned(),
        }
    }
}

fn expression(value: &Value, path: &Path<'_>) -> Result<Expr, InvalidFilter> {
    // an operator and its list are two levels
    if path.depth() > 2 * DEPTH_MAX {
        return Err(path.wrong("fewer operators in each other"));
    }
    match value {
        Value::String(text) => Ok(Expr::Text(text.clone())),
        Value::Bool(value) => Ok(Expr::Bool(*value)),
        Value::Number(number) => number
            .as_f64()
            .map(Expr::Number)
            .ok_or_else(|| path.wrong("a smaller number")),
        Value::Array(items) => all(items, path).map(Expr::List),
        Value::Object(object) => of_object(object, value, path),
        Value::Null => Err(path.wrong("an expression")),
    }
}

fn all(items: &[Value], path: &Path<'_>) -> Result<Vec<Expr>, InvalidFilter> {
    let each = items.iter().enumerate();
    each.map(|(index, item)| expression(item, &Path::At(path, index)))
        .collect()
}

fn of_object(
    object: &Map<String, Value>,
    whole: &Value,
    path: &Path<'_>,
) -> Result<Expr, InvalidFilter> {
    let text = |name| object.get(name).and_then(Value::as_str);
    let list = |name| object.get(name).and_then(Value::as_array);
    if let Some(op) = text("op") {
        let args = list("args").ok_or_else(|| path.wrong("args"))?;
        let args = all(args, &Path::In(path, "args"))?;
        let op = spelled(op);
        return Ok(Expr::Call { op, args });
    }
    if let Some(name) = text("property") {
        return Ok(Expr::Property(name.to_owned()));
    }
    if let Some(day) = text("date") {
        let expected = "a day as 2026-12-01";
        let day = date(day).map(Expr::Date);
        return day.ok_or_else(|| path.wrong(expected));
    }
    if let Some(moment) = text("timestamp") {
        let expected = "a moment as 2026-12-01T08:00:00Z";
        let moment = timestamp(moment).map(Expr::Timestamp);
        return moment.ok_or_else(|| path.wrong(expected));
    }
    if let Some(ends) = list("interval") {
        return match &ends[..] {
            [from, to] => {
                let ends = [end(from, path)?, end(to, path)?];
                Ok(Expr::Interval(Box::new(ends)))
            }
            _ => Err(path.wrong("two ends of an interval")),
        };
    }
    if let Some(numbers) = list("bbox") {
        let numbers: Option<Vec<f64>> = numbers.iter().map(Value::as_f64).collect();
        let corners = numbers.and_then(|numbers| corners(&numbers));
        let corners = corners.map(Expr::BBox);
        return corners.ok_or_else(|| path.wrong("four or six numbers"));
    }
    if object.contains_key("type") {
        let geometry = GeoJson(&whole.to_string()).to_geo();
        let geometry = geometry.map(Expr::Geometry);
        return geometry.map_err(|_not_geometry| path.wrong("a geometry"));
    }
    Err(path.wrong("an operator, a property, a time or a geometry"))
}

fn end(value: &Value, path: &Path<'_>) -> Result<Bound, InvalidFilter> {
    match value.as_str() {
        Some(text) => bound(text).ok_or_else(|| path.wrong("a day, a moment or ..")),
        None => expression(value, &Path::In(path, "interval")).map(Bound::At),
    }
}
