//! What a tile may be asked beside its place.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::access::Scope;
use crate::http::ApiError;
use crate::tiles::follow::Wanted;
use crate::tiles::layer::Origin;
use crate::tiles::points::{Column, Filter, Literal, Test};
use crate::tiles::{Grid, Layer};

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct TileQuery {
    /// `pg_current_wal_insert_lsn()` after a commit: the tile waits until it holds it.
    #[param(example = "16/B374D848")]
    pub(super) min_lsn: Option<String>,
    /// How the world is divided into tiles; by default `WebMercatorQuad`. What a grid's tiles hold is
    /// read when one is asked for first.
    #[param(inline)]
    pub(super) grid: Option<Grid>,
    /// `1`: every feature with every attribute, at every zoom, up to 32 MiB.
    full: Option<String>,
    /// Only features of these classes, separated by commas.
    class: Option<String>,
    /// Only features in these states.
    state: Option<String>,
    /// Only features of these units.
    owner: Option<String>,
    /// Only cases whose deadline is before this moment.
    due_before: Option<DateTime<Utc>>,
    /// Only features of which this is true: CQL2 text on the layer's fields, as
    /// `class = 'C03005' and state <> 'good'`.
    filter: Option<String>,
    /// `cql2-text`, the only one there is.
    #[serde(rename = "filter-lang")]
    filter_lang: Option<String>,
}

/// Longer filters and lists are nobody's.
const FILTER_CHARS_MAX: usize = 4096;

impl TileQuery {
    /// What is wanted of each layer. A field that none of them has is refused.
    pub(super) fn wanted(
        &self,
        layers: &[Layer],
        scope: Option<&Arc<Scope>>,
    ) -> Result<Vec<Wanted>, ApiError> {
        let full = match self.full.as_deref() {
            None | Some("0" | "false") => false,
            Some("1" | "true") => true,
            Some(_) => return Err(ApiError::field("full", "must be 0 or 1")),
        };
        if self
            .filter_lang
            .as_deref()
            .is_some_and(|lang| lang != "cql2-text")
        {
            return Err(ApiError::field("filter-lang", "must be cql2-text"));
        }
        if self.filter.is_some() && layers.len() > 1 {
            let detail = "is about the fields of one layer: ask for the layers one by one";
            return Err(ApiError::field("filter", detail));
        }
        for (field, text) in [
            ("class", &self.class),
            ("state", &self.state),
            ("owner", &self.owner),
            ("filter", &self.filter),
        ] {
            if text
                .as_ref()
                .is_some_and(|text| text.chars().count() > FILTER_CHARS_MAX)
            {
                let detail = format!("is at most {FILTER_CHARS_MAX} characters long");
                return Err(ApiError::field(field, detail));
            }
        }
        let simple = self.simple()?;
        for (key, field, _) in &simple {
            let has = |layer: &Layer| column(columns(*layer), key).is_some();
            if !layers.iter().any(has) {
                let names: Vec<&str> = layers.iter().map(|layer| layer.name()).collect();
                let detail = format!("{} has no {key}", names.join(","));
                return Err(ApiError::field(*field, detail));
            }
        }
        layers
            .iter()
            .map(|layer| {
                let columns = columns(*layer);
                let mut filters: Vec<Filter> = simple
                    .iter()
                    .filter_map(|(key, _, test)| {
                        Some(Filter::Of(column(columns, key)?, test.clone()))
                    })
                    .collect();
                if let Some(text) = &self.filter {
                    let filter = Filter::parse(text, columns);
                    filters.push(
                        filter.map_err(|error| ApiError::field("filter", error.to_string()))?,
                    );
                }
                Ok(Wanted {
                    full,
                    filter: (!filters.is_empty()).then(|| Arc::new(Filter::And(filters))),
                    scope: scope.filter(|scope| !layer.is_whole_for(scope)).cloned(),
                })
            })
            .collect()
    }

    /// Key, the parameter's name and what is asked of the value.
    fn simple(&self) -> Result<Vec<(&'static str, &'static str, Test)>, ApiError> {
        let texts = |list: &String| {
            let one = |value: &str| Literal::Text(value.trim().to_owned());
            Test::OneOf(list.split(',').map(one).collect())
        };
        let mut tests = Vec::new();
        tests.extend(
            self.class
                .as_ref()
                .map(|list| ("class", "class", texts(list))),
        );
        tests.extend(
            self.state
                .as_ref()
                .map(|list| ("state", "state", texts(list))),
        );
        if let Some(list) = &self.owner {
            let numbers = list
                .split(',')
                .map(|id| id.trim().parse().map(Literal::Number));
            let numbers = numbers.collect::<Result<_, _>>();
            let numbers = numbers.map_err(|_not_a_number| {
                ApiError::field("owner", "must be ids of units, separated by commas")
            })?;
            tests.push(("owner", "owner", Test::OneOf(numbers)));
        }
        if let Some(before) = self.due_before {
            let seconds = u64::try_from(before.timestamp());
            let seconds =
                seconds.map_err(|_negative| ApiError::field("due_before", "must be after 1970"))?;
            tests.push(("due", "due_before", Test::Less(Literal::Number(seconds))));
        }
        Ok(tests)
    }
}

fn columns(layer: Layer) -> &'static [Column] {
    match layer.origin() {
        Origin::Query(_) | Origin::Areas(_) => &[],
        Origin::Points(set) => set.columns(),
    }
}

fn column(columns: &[Column], key: &str) -> Option<usize> {
    columns.iter().position(|column| column.key == key)
}
