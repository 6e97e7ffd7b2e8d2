//! Who the city is made of: districts and units. Articles 3, 4, 8, 10.

pub(crate) mod credit_code;
mod http;
mod store;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use http::routes;
pub(crate) use store::{is_unit, present};

/// How a district takes part, Article 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "district_mode", rename_all = "snake_case")]
pub enum DistrictMode {
    /// 共享: works inside the city's system.
    Shared,
    /// 自建: runs the whole chain itself; the city reads (Article 10).
    OwnSystem,
}

/// A district (市、区).
#[derive(Debug, Clone, Serialize, sqlx::FromRow, ToSchema)]
pub struct District {
    #[serde(rename = "id")]
    pub district_id: i32,
    /// GB/T 2260; cells whose code begins with it lie in the district.
    pub division_code: String,
    pub name_zh: String,
    pub name_en: String,
    pub mode: DistrictMode,
}

/// What a unit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "unit_kind", rename_all = "snake_case")]
pub enum UnitKind {
    /// 市数字化城市管理中心: one in the city.
    CityCentre,
    /// 市（区）实施机构: one a district.
    DistrictCentre,
    /// 城市管理委员会
    Committee,
    /// 主管部门 of a sector.
    Department,
    /// 责任单位
    Responsible,
    /// Gathers and checks on site.
    Collection,
    /// 快速处置队, Article 16.
    Crew,
}

/// An organisation that takes part.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, ToSchema)]
pub struct Unit {
    #[serde(rename = "id")]
    pub unit_id: i32,
    /// Unified social credit code, GB 32100-2015.
    pub credit_code: String,
    pub name_zh: String,
    pub name_en: String,
    pub kind: UnitKind,
    /// Null: a unit of the city.
    pub district_id: Option<i32>,
    /// The department (主管部门) of its sector.
    pub department_id: Option<i32>,
    pub contact_name: String,
    pub contact_phone: String,
    /// What it answers for, in words.
    pub duties: String,
    pub valid_from: DateTime<Utc>,
    /// Null: until further notice.
    pub valid_to: Option<DateTime<Utc>>,
}
