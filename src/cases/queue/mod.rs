//! The queue: which cases a desk looks at, and in which order.

mod store;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{CaseId, CaseState};
use crate::camera::CameraId;
use crate::catalogue::ClassCode;

pub(super) use store::list;
pub(crate) use store::list_open;

/// In which order cases are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueueOrder {
    #[default]
    Newest,
    /// What is due first comes first; what is paused or has no clock comes last.
    Due,
}

/// Which cases to list; what is left out does not restrict.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CaseFilter {
    /// States, separated by commas.
    #[param(example = "filed,dispatched")]
    pub state: Option<String>,
    /// Whether somebody still has to do something.
    pub open: Option<bool>,
    /// Class code.
    #[param(value_type = Option<String>, example = "M06042")]
    pub class: Option<ClassCode>,
    /// Responsible unit.
    pub unit: Option<i32>,
    /// The unit that has it.
    pub handling_unit: Option<i32>,
    pub district: Option<i32>,
    /// Cell.
    pub cell: Option<i32>,
    /// The camera that saw it first.
    #[param(value_type = Option<String>)]
    pub camera: Option<CameraId>,
    pub emergency: Option<bool>,
    /// Whether it was late, or is past what is due now.
    pub overdue: Option<bool>,
    /// Only what was given to you: to verify, to check, to handle.
    pub mine: Option<bool>,
    /// Seen at or after this moment, RFC 3339.
    pub since: Option<DateTime<Utc>>,
    /// `next` of the page before: of the newest, what is older; of what is due, what comes after.
    #[param(value_type = Option<i64>)]
    pub before: Option<CaseId>,
    #[param(inline)]
    pub order: Option<QueueOrder>,
    /// With `order=due`: the due time of the last case of the page before, where it had one.
    pub after_due: Option<DateTime<Utc>>,
    /// Cases on a page, 1 to 1,000; 100 when not given.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

impl CaseFilter {
    /// The states it names; `Err`: what is not one.
    pub(super) fn states(&self) -> Result<Option<Vec<CaseState>>, String> {
        let Some(states) = &self.state else {
            return Ok(None);
        };
        let state = |name: &str| {
            let known = serde_json::from_value(serde_json::Value::String(name.to_owned()));
            known.map_err(|_unknown| name.to_owned())
        };
        states
            .split(',')
            .map(state)
            .collect::<Result<_, _>>()
            .map(Some)
    }
}

/// What a query for the queue knows beside the filter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker {
    pub(super) person: i32,
    pub(super) now: DateTime<Utc>,
}
