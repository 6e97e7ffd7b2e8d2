//! Cells as a file for other programs: those of a moment, or as a plan would have them.

mod command;
mod flatgeobuf;
mod geojson;
mod geopackage;
mod shapefile;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use cityward_partition::{FaceId, Ground as OfFace, Partition};
use geo_types::MultiPolygon;
use serde::Deserialize;
use tokio::runtime::Handle;
use utoipa::ToSchema;

use super::duty::unit_of;
use super::ground::{Ground, cell_geometry};
use super::outcome::Outcome;

pub(super) use self::shapefile::parts as shapefile_parts;
pub use command::{GridExportArgs, run};

/// The layer's name in formats that have one.
const LAYER: &str = "cells";

/// In which format cells are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// GeoPackage 1.3 (OGC 12-128r18).
    Gpkg,
    /// RFC 7946.
    GeoJson,
    /// FlatGeobuf 3.
    Fgb,
    /// ESRI Shapefile: several files that lie beside each other.
    Shp,
}

impl Format {
    pub(super) const ALL: [Self; 4] = [Self::Gpkg, Self::GeoJson, Self::Fgb, Self::Shp];

    /// As a file's name ends.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Gpkg => "gpkg",
            Self::GeoJson => "geojson",
            Self::Fgb => "fgb",
            Self::Shp => "shp",
        }
    }

    /// As IANA or the format's standard has it.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Gpkg => "application/geopackage+sqlite3",
            Self::GeoJson => "application/geo+json",
            Self::Fgb => "application/flatgeobuf",
            Self::Shp => "application/zip",
        }
    }

    fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|format| format.extension() == extension)
    }
}

/// What a file says its coordinates are. Both mean the same numbers: WGS 84 and CGCS2000 differ by
/// less than a survey's accuracy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Datum {
    #[default]
    Wgs84,
    /// What Chinese surveys demand.
    Cgcs2000,
}

impl Datum {
    fn epsg(self) -> i32 {
        match self {
            Self::Wgs84 => 4326,
            Self::Cgcs2000 => 4490,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Wgs84 => "WGS 84",
            Self::Cgcs2000 => "China Geodetic Coordinate System 2000",
        }
    }

    /// Well-known text as OGC 01-009 has it; longitude first, as all these formats store it.
    fn wkt(self) -> &'static str {
        match self {
            Self::Wgs84 => {
                r#"GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4326"]]"#
            }
            Self::Cgcs2000 => {
                r#"GEOGCS["China Geodetic Coordinate System 2000",DATUM["China_2000",SPHEROID["CGCS2000",6378137,298.257222101,AUTHORITY["EPSG","1024"]],AUTHORITY["EPSG","1043"]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4490"]]"#
            }
        }
    }

    /// The same as ESRI's programs call it.
    fn esri_wkt(self) -> &'static str {
        match self {
            Self::Wgs84 => {
                r#"GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#
            }
            Self::Cgcs2000 => {
                r#"GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#
            }
        }
    }
}

impl FromStr for Datum {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = [Self::Wgs84, Self::Cgcs2000];
        let number = name.trim().to_ascii_uppercase();
        let number = number.strip_prefix("EPSG:").unwrap_or(&number);
        known
            .into_iter()
            .find(|datum| datum.epsg().to_string() == number)
            .ok_or_else(|| format!("`{name}` is neither EPSG:4326 nor EPSG:4490"))
    }
}

impl TryFrom<String> for Datum {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EPSG:{}", self.epsg())
    }
}

/// Cells with what is to be known of each.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sheet {
    pub(super) cells: Vec<SheetCell>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct SheetCell {
    face: FaceId,
    /// None yet: a plan makes the cell.
    code: Option<String>,
    name: String,
    unit_id: Option<i32>,
    unit: Option<String>,
    /// The newest edition of the ground; none yet: a plan draws it.
    edition: Option<i32>,
    area_m2: f64,
    /// Degrees.
    border: MultiPolygon<f64>,
}

/// Names have at most ten characters, which is what a Shapefile has room for.
const FIELDS: [(&str, Kind); 8] = [
    ("code", Kind::Text(15)),
    ("name", Kind::Text(254)),
    // the first 9 and 12 digits of the code (GB/T 30428.1)
    ("street", Kind::Text(9)),
    ("community", Kind::Text(12)),
    ("unit_id", Kind::Whole),
    ("unit", Kind::Text(254)),
    ("edition", Kind::Whole),
    ("area_m2", Kind::Real),
];

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// At most so many bytes, where a format has a limit.
    Text(u8),
    Whole,
    Real,
}

/// What a cell has in a field.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Value<'a> {
    Text(Option<&'a str>),
    Whole(Option<i32>),
    Real(f64),
}

impl SheetCell {
    /// In the order of [`FIELDS`].
    fn values(&self) -> [Value<'_>; FIELDS.len()] {
        let digits = |count| self.code.as_deref().and_then(|code| code.get(..count));
        [
            Value::Text(self.code.as_deref()),
            Value::Text(Some(&self.name)),
            Value::Text(digits(9)),
            Value::Text(digits(12)),
            Value::Whole(self.unit_id),
            Value::Text(self.unit.as_deref()),
            Value::Whole(self.edition),
            Value::Real(self.area_m2),
        ]
    }
}

impl Sheet {
    /// What is published.
    pub(super) fn of(ground: &Ground) -> Self {
        Self::with(ground, &ground.partition)
    }

    /// What a plan makes of a ground; what its publication would write anew has no edition yet.
    pub(super) fn planned(base: &Ground, after: &Partition) -> Self {
        let outcome = Outcome::of(base, after);
        let drawn = outcome.cells.iter().map(|cell| cell.face);
        let handed_over = outcome.owners.iter().map(|owner| owner.face);
        let written: BTreeSet<FaceId> = drawn.chain(handed_over).collect();
        let mut sheet = Self::with(base, after);
        for cell in &mut sheet.cells {
            cell.edition = cell.edition.filter(|_| !written.contains(&cell.face));
        }
        sheet
    }

    fn with(ground: &Ground, partition: &Partition) -> Self {
        let faces = partition.faces().iter();
        let cells = faces.filter(|(_, face)| face.ground == OfFace::Cell);
        let cells = cells.map(|(&id, face)| {
            let known = ground.cells.get(&id);
            let unit_id = unit_of(face.owner);
            let unit = unit_id.and_then(|unit| ground.units.get(&unit));
            SheetCell {
                face: id,
                code: known.map(|cell| cell.code.clone()),
                name: known.map_or_else(String::new, |cell| cell.name.clone()),
                unit_id,
                unit: unit.map(|unit| unit.name_zh.clone()),
                edition: Some(ground.span.edition.id),
                area_m2: (partition.area_m2(id) * 100.0).round() / 100.0,
                border: cell_geometry(&ground.frame, partition, id),
            }
        });
        Self {
            cells: cells.collect(),
        }
    }

    /// Writes a file; a Shapefile's others lie beside it. GeoJSON is WGS 84 whatever is asked. Takes
    /// its time: not for async threads.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn write_here(
        &self,
        path: &Path,
        format: Format,
        datum: Datum,
        runtime: &Handle,
    ) -> anyhow::Result<()> {
        match format {
            // SQLite writes on the thread that asks
            Format::Gpkg => runtime.block_on(geopackage::write(self, path, datum)),
            Format::GeoJson => geojson::write(self, path),
            Format::Fgb => flatgeobuf::write(self, path, datum),
            Format::Shp => shapefile::write(self, path, datum),
        }
    }
}
