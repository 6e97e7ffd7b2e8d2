//! By what a row is known again when its source is imported another time.

use std::collections::{HashMap, HashSet};

use anyhow::ensure;
use geo_types::Geometry;
use geozero::{CoordDimensions, ToWkb};
use sha2::{Digest, Sha256};

use super::fields::{self, Guess};
use super::report::Report;
use super::row::Row;

/// How the rows of a file are told apart.
pub(super) enum Identity {
    /// A column the user named.
    Named(String),
    /// A column that nobody named, but that names every row once.
    Guessed(String),
    /// The format's own id, as GeoJSON has.
    OfFormat,
    /// Nothing does: the place of the row does.
    Place,
}

impl Identity {
    /// # Errors
    /// The named column does not tell rows apart.
    pub(super) fn choose(
        named: Option<&str>,
        rows: &[Row],
        report: &mut Report,
    ) -> anyhow::Result<Self> {
        if let Some(field) = named {
            let ids: Vec<Option<String>> = rows.iter().map(|row| row.text(field)).collect();
            let distinct = ids.iter().flatten().collect::<HashSet<_>>().len();
            ensure!(distinct > 0, "there is no column `{field}`, or it is empty");
            // a few doubles are wrong rows; mostly doubles is the wrong column
            ensure!(
                distinct * 2 > rows.len(),
                "`{field}` does not tell rows apart: {} rows share {distinct} values; name another column with --id-field, or none",
                rows.len()
            );
            return Ok(Self::Named(field.to_owned()));
        }
        if all_distinct(rows.iter().map(|row| row.id.clone())) {
            return Ok(Self::OfFormat);
        }
        let columns = fields::columns(rows);
        if let Some(field) = fields::guess(Guess::Id, columns.iter().map(String::as_str)) {
            if all_distinct(rows.iter().map(|row| row.text(field))) {
                report.remark(format!("Rows are known again by column `{field}`."));
                return Ok(Self::Guessed(field.to_owned()));
            }
            report.remark(format!("Column `{field}` does not tell rows apart."));
        }
        report.remark("Rows are known again by their place.");
        Ok(Self::Place)
    }

    /// The ids of the rows, in their order; rows without a usable id are refused.
    pub(super) fn assign(
        &self,
        rows: &[Row],
        geometries: &[Option<Geometry>],
        report: &mut Report,
    ) -> Vec<String> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut ids = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let id = match self {
                Self::Named(field) | Self::Guessed(field) => row.text(field),
                Self::OfFormat => row.id.clone(),
                Self::Place => geometries[index].as_ref().map(place_id),
            };
            let mut id = id.unwrap_or_default();
            if id.is_empty() && !matches!(self, Self::Place) {
                report.refuse(index, "no id");
            }
            let before = seen
                .entry(id.clone())
                .and_modify(|count| *count += 1)
                .or_insert(0);
            if *before > 0 && !id.is_empty() {
                match self {
                    // two things may stand at one place: the second is told apart by its turn
                    Self::Place => id.push_str(&format!("#{}", *before + 1)),
                    Self::Named(_) | Self::Guessed(_) | Self::OfFormat => {
                        report.refuse(index, format!("duplicate id: {id}"));
                    }
                }
            }
            report.rows[index].id.clone_from(&id);
            ids.push(id);
        }
        ids
    }
}

fn all_distinct(ids: impl Iterator<Item = Option<String>>) -> bool {
    let mut seen = HashSet::new();
    let mut ids = ids;
    ids.all(|id| id.is_some_and(|id| seen.insert(id)))
}

/// A point's longitude and latitude to the centimetre; the start of a hash for anything else.
fn place_id(geometry: &Geometry) -> String {
    if let Geometry::Point(point) = geometry {
        return format!("{:.7},{:.7}", point.x(), point.y());
    }
    let wkb = geometry.to_wkb(CoordDimensions::xy()).unwrap_or_default();
    hex::encode(&Sha256::digest(&wkb)[..8])
}
