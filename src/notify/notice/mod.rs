//! Notices in the page.

mod announced;
mod derive;
mod feed;
mod http;
mod rule;
mod store;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::FromRow;
use utoipa::ToSchema;

use crate::access::{Person, Role};

pub use announced::UnitMoved;
pub use derive::keep_noticing;
pub use feed::NoticeFeed;
pub use http::routes;
pub use rule::NoticeKind;

/// What a person is told.
#[derive(Debug, Clone, PartialEq, Serialize, FromRow, ToSchema)]
pub struct Notice {
    #[serde(rename = "id")]
    pub notice_id: i64,
    pub case_id: Option<i64>,
    pub kind: NoticeKind,
    pub at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
    /// Of a case: `action`, `class`, `stage` of a clock, `reason`. Of an order: `order_id`, `title`.
    pub params: Value,
}

/// A notice and to whom it goes: a person, or a role of a unit or where a case is.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Addressed {
    #[sqlx(flatten)]
    pub notice: Notice,
    person_id: Option<i32>,
    role: Option<Role>,
    unit_id: Option<i32>,
    district_id: Option<i32>,
    done_by: Option<i32>,
    cell_id: Option<i32>,
}

impl Addressed {
    /// Whether it is for this person; `cells` are those of the areas that narrow their roles.
    pub fn is_for(&self, person: &Person, cells: &[i32]) -> bool {
        if self.done_by == Some(person.id) {
            return false;
        }
        let Some(role) = self.role else {
            return self.person_id == Some(person.id);
        };
        person.grants_of(role).any(|grant| {
            let in_area = || self.cell_id.is_some_and(|cell| cells.contains(&cell));
            match self.unit_id {
                Some(unit) => grant.unit_id == Some(unit),
                None => {
                    (grant.district_id.is_none() || grant.district_id == self.district_id)
                        && (grant.area_id.is_none() || in_area())
                }
            }
        })
    }
}
