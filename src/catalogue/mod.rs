//! The classes of the national standard, as versioned data.
//!
//! `classes.csv` holds what two editions say: GB/T 30428.2-2013 and GB/T 47678.5-2026. A class
//! keeps one [`ClassCode`] across editions. The texts of the standards were not at hand; column
//! `mark` says how well each line is attested.

mod class_code;
mod class_scope;
mod classes;
mod http;
mod sighting_rule;
mod stay_rule;
mod store;

pub use class_code::{ClassCode, InvalidClassCode};
pub use class_scope::{ClassGroup, ClassPrecision, ClassScope, InvalidClassScope};
pub use classes::{Catalogue, Class, ClassKind, EditionEntry};
pub use http::routes;
pub use sighting_rule::SightingRule;
pub use stay_rule::{StandingRule, StayRule, ZoneKind};
pub use store::{load, sighting_rules, snap_classes};
