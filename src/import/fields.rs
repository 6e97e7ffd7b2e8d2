//! Which column says what, when nobody said so.

use std::fmt;

use anyhow::ensure;

use super::report::Report;
use super::row::Row;

/// What a column can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guess {
    X,
    Y,
    Geometry,
    Id,
    Name,
    ComponentCode,
    Class,
    State,
    Owner,
    CellCode,
    CellUnit,
}

impl Guess {
    /// Names in order of trust, in small letters. GLBJBSM, GLBJMC, GLBJZT, QSDWDM, SZDYWGBSM are
    /// the field names of GB/T 47678.5-2026 table 2; ObjID, ObjName, ObjState, BGID those of the
    /// 2013 generation.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::X => &[
                "longitude",
                "lon",
                "lng",
                "long",
                "经度",
                "經度",
                "x",
                "point_x",
            ],
            Self::Y => &["latitude", "lat", "纬度", "緯度", "y", "point_y"],
            Self::Geometry => &["wkt", "geometry", "geom", "the_geom", "geojson", "shape"],
            Self::Id => &[
                "id", "@id", "osm_id", "objectid", "fid", "gid", "uuid", "编号", "編號",
            ],
            Self::Name => &["glbjmc", "objname", "name", "名称", "名稱", "name_zh"],
            Self::ComponentCode => &["glbjbsm", "objid", "标识码", "部件标识码", "component_code"],
            Self::Class => &["class_code", "部件代码", "小类代码", "部件类型"],
            Self::State => &["glbjzt", "objstate", "部件状态"],
            Self::Owner => &["qsdwdm", "权属单位代码", "权属单位", "产权单位"],
            Self::CellCode => &[
                "szdywgbsm",
                "dywgbsm",
                "bgid",
                "网格编码",
                "单元网格编码",
                "grid_code",
            ],
            Self::CellUnit => &["责任单位", "责任单位代码", "responsible_unit"],
        }
    }
}

/// The column whose name fits best, if one fits.
pub(super) fn guess<'a>(
    what: Guess,
    columns: impl Iterator<Item = &'a str> + Clone,
) -> Option<&'a str> {
    what.names().iter().find_map(|name| {
        let mut columns = columns.clone();
        columns.find(|column| column.trim().to_lowercase() == *name)
    })
}

/// The columns of a table: those of any of its first rows, for rows need not be alike.
pub(super) fn columns(rows: &[Row]) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for row in rows.iter().take(100) {
        for name in row.properties.keys() {
            if !columns.contains(name) {
                columns.push(name.clone());
            }
        }
    }
    columns
}

/// The named column, else the best guess, which the report mentions.
///
/// # Errors
/// There is no column of that name.
pub(super) fn choose(
    named: Option<&str>,
    what: Guess,
    columns: &[String],
    report: &mut Report,
) -> anyhow::Result<Option<String>> {
    if let Some(name) = named {
        ensure!(
            columns.iter().any(|column| column == name),
            "there is no column `{name}`"
        );
        return Ok(Some(name.to_owned()));
    }
    let guessed = guess(what, columns.iter().map(String::as_str)).map(str::to_owned);
    if let Some(column) = &guessed {
        report.remark(format!("Column `{column}` is taken as the {what}."));
    }
    Ok(guessed)
}

impl fmt::Display for Guess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X => "longitude or easting",
            Self::Y => "latitude or northing",
            Self::Geometry => "geometry",
            Self::Id => "id",
            Self::Name => "name",
            Self::ComponentCode => "component code",
            Self::Class => "class",
            Self::State => "state",
            Self::Owner => "owning unit",
            Self::CellCode => "cell code",
            Self::CellUnit => "responsible unit",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_names_come_before_common_ones() {
        let columns = ["name", "GLBJMC", "ObjState"];
        assert_eq!(guess(Guess::Name, columns.into_iter()), Some("GLBJMC"));
        assert_eq!(guess(Guess::State, columns.into_iter()), Some("ObjState"));
        assert_eq!(guess(Guess::Owner, columns.into_iter()), None);
    }
}
