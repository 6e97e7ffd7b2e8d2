//! What is asked of a collection, read from the query of a URL.

use chrono::{DateTime, NaiveTime, Utc};

use super::collection::{Collection, Property};
use super::cql2::{Expr, date, timestamp};
use super::crs::Crs;

/// Features in an answer when nobody says how many, and at most.
const LIMIT: i64 = 100;
pub(super) const LIMIT_MAX: i64 = 10_000;

/// A parameter that is wrong, and what would be right.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) parameter: String,
    pub(super) detail: String,
}

impl Wrong {
    pub(super) fn new(parameter: &str, detail: impl Into<String>) -> Self {
        Self {
            parameter: parameter.to_owned(),
            detail: detail.into(),
        }
    }
}

/// From and to, both of it; none: open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Option<DateTime<Utc>>,
    pub(super) to: Option<DateTime<Utc>>,
}

impl Span {
    pub(super) const ALWAYS: Self = Self {
        from: None,
        to: None,
    };
}

/// Which features, and how they are to come.
#[derive(Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) limit: i64,
    /// Lower corner, then the upper one, in the order of their CRS.
    pub(super) bbox: Option<([f64; 4], Crs)>,
    pub(super) time: Option<Span>,
    pub(super) crs: Crs,
    pub(super) filter: Option<(Expr, Crs)>,
    pub(super) equal: Vec<(&'static Property, String)>,
    /// Behind the feature with this id.
    pub(super) after: Option<String>,
}

/// What carries on where a page ended.
pub(super) const CURSOR: &str = "after";

impl Asked {
    /// # Errors
    /// A parameter that is not known here or makes no sense.
    pub(super) fn read(
        collection: Collection,
        parameters: &[(String, String)],
    ) -> Result<Self, Wrong> {
        let mut asked = Self {
            limit: LIMIT,
            bbox: None,
            time: None,
            crs: Crs::default(),
            filter: None,
            equal: Vec::new(),
            after: None,
        };
        let (mut bbox_crs, mut filter_crs) = (Crs::default(), Crs::default());
        let (mut bbox, mut filter, mut is_json) = (None, None, false);
        for (name, value) in parameters {
            let wrong = |detail: &str| Wrong::new(name, detail);
            let crs = || {
                let known = Crs::ALL.map(Crs::uri).join(", ");
                Crs::named(value).ok_or_else(|| wrong(&format!("is one of {known}")))
            };
            match name.as_str() {
                "limit" => asked.limit = limit(value).ok_or_else(|| wrong("a number from 1"))?,
                "bbox" => bbox = Some(corners(value).ok_or_else(|| wrong(FOUR_NUMBERS))?),
                "bbox-crs" => bbox_crs = crs()?,
                "crs" => asked.crs = crs()?,
                "datetime" => asked.time = Some(span(value).ok_or_else(|| wrong(A_TIME))?),
                "filter" => filter = Some(value),
                "filter-crs" => filter_crs = crs()?,
                "filter-lang" => {
                    is_json = match value.as_str() {
                        "cql2-text" => false,
                        "cql2-json" => true,
                        _ => return Err(wrong("is cql2-text or cql2-json")),
                    }
                }
                CURSOR => asked.after = Some(id(collection, value).ok_or_else(|| wrong(NO_ID))?),
                "f" if value == "json" => {}
                _ => {
                    let mut known = collection.properties().iter();
                    let property = known.find(|property| property.name == name);
                    let property = property.ok_or_else(|| wrong("is not known here"))?;
                    asked.equal.push((property, value.clone()));
                }
            }
        }
        if let Some(corners) = bbox {
            let [from, to] = match bbox_crs.is_north_first() {
                true => [corners[0], corners[2]],
                false => [corners[1], corners[3]],
            };
            if from > to {
                return Err(Wrong::new("bbox", "begins in the south of where it ends"));
            }
            asked.bbox = Some((corners, bbox_crs));
        }
        if let Some(text) = filter {
            let expr = match is_json {
                true => Expr::from_json(text),
                false => Expr::from_text(text),
            };
            let expr = expr.map_err(|error| Wrong::new("filter", error.to_string()))?;
            asked.filter = Some((expr, filter_crs));
        }
        Ok(asked)
    }
}

const FOUR_NUMBERS: &str = "four numbers, the lower corner and the upper one, or six with heights";
const A_TIME: &str = "a moment, or two with a slash between them, as 2026-01-01T00:00:00Z/..";
const NO_ID: &str = "is what a link of ours has there";

/// An id as the collection has them.
pub(super) fn id(collection: Collection, text: &str) -> Option<String> {
    let is_id = match collection.has_numbers() {
        true => text.parse::<i64>().is_ok(),
        false => true,
    };
    is_id.then(|| text.to_owned())
}

fn limit(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number >= 1).then_some(number.min(LIMIT_MAX))
}

fn corners(text: &str) -> Option<[f64; 4]> {
    let numbers: Vec<f64> = text
        .split(',')
        .map(|number| {
            number
                .trim()
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite())
        })
        .collect::<Option<_>>()?;
    match numbers[..] {
        [a, b, c, d] | [a, b, _, c, d, _] => Some([a, b, c, d]),
        _ => None,
    }
}

/// RFC 3339, or a whole day of UTC.
pub(super) fn span(text: &str) -> Option<Span> {
    let end = |text: &str, time: NaiveTime| match text {
        "" | ".." => Some(None),
        _ => {
            let moment = timestamp(text);
            let found = moment.or_else(|| Some(date(text)?.and_time(time).and_utc()));
            found.map(Some)
        }
    };
    let last = NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999)?;
    let (from, to) = text.split_once('/').unwrap_or((text, text));
    let span = Span {
        from: end(from, NaiveTime::MIN)?,
        to: end(to, last)?,
    };
    let in_order = match (span.from, span.to) {
        (Some(from), Some(to)) => from <= to,
        (None, None) => text.contains('/'),
        _ => true,
    };
    in_order.then_some(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(collection: Collection, parameters: &[(&str, &str)]) -> Result<Asked, Wrong> {
        let owned: Vec<(String, String)> = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Asked::read(collection, &owned)
    }

    #[test]
    fn what_is_asked_is_read() {
        let asked = read(
            Collection::Components,
            &[
                ("limit", "20000"),
                ("bbox", "32.4,119.9,0,32.5,120,10"),
                ("bbox-crs", Crs::Wgs84.uri()),
                ("class", "C03005"),
                ("after", "17"),
            ],
        )
        .unwrap();
        assert_eq!(asked.limit, LIMIT_MAX);
        assert_eq!(asked.bbox, Some(([32.4, 119.9, 32.5, 120.0], Crs::Wgs84)));
        assert_eq!(asked.equal.len(), 1);
        assert_eq!(asked.after.as_deref(), Some("17"));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (name, value) in [
            ("limit", "0"),
            ("limit", "many"),
            ("bbox", "1,2,3"),
            ("bbox", "1,5,3,4"),
            ("bbox", "1,2,3,inf"),
            ("crs", "EPSG:4326"),
            ("datetime", "yesterday"),
            ("datetime", "2026-01-02T00:00:00Z/2026-01-01T00:00:00Z"),
            ("datetime", ".."),
            ("filter-lang", "sql"),
            ("filter", "class ="),
            ("after", "a"),
            ("colour", "red"),
        ] {
            let wrong = read(Collection::Components, &[(name, value)]).unwrap_err();
            assert_eq!(wrong.parameter, name, "{value}");
        }
    }

    #[test]
    fn a_time_may_be_open() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().ok();
        let (new_year, later) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
        for (text, from, to) in [
            (new_year.to_owned(), at(new_year), at(new_year)),
            (format!("{new_year}/{later}"), at(new_year), at(later)),
            (format!("../{later}"), None, at(later)),
            (format!("{new_year}/"), at(new_year), None),
            (
                "2026-01-01".to_owned(),
                at(new_year),
                at("2026-01-01T23:59:59.999999Z"),
            ),
            ("../..".to_owned(), None, None),
        ] {
            assert_eq!(span(&text), Some(Span { from, to }), "{text}");
        }
    }
}
