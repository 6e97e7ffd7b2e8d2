//! A file of polygons becomes cells, with who is responsible for them.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use geo_types::Geometry;
use sqlx::{PgConnection, PgPool};

use super::cell_code::{self, SEQUENCE_MAX, Unnumbered};
use super::fields::{self, Guess};
use super::geometry::{self, Shape};
use super::options::{CellOptions, FileOptions};
use super::progress::Progress;
use super::report::Report;
use super::row::{Row, Table};
use super::store::{self, NewCell};
use super::units::Units;
use super::{overlap, read, staged, succession};

/// Imports a file of cells as a new edition: all of it in one transaction, or nothing, or with
/// `partial` the rows that are right.
///
/// # Errors
/// The file as a whole cannot be used, or the database fails. What is wrong with rows stands in
/// the report.
pub async fn cells(
    db: &PgPool,
    file: &FileOptions,
    options: &CellOptions,
    progress: Progress,
) -> anyhow::Result<Report> {
    let mut tx = db.begin().await?;
    let CellsTaken {
        mut report,
        edition,
    } = take_cells(&mut tx, file, options, progress).await?;
    if let Some(edition) = edition {
        tx.commit().await?;
        report.remark(format!("Edition {edition}."));
    }
    Ok(report)
}

/// What became of a file of cells.
pub(crate) struct CellsTaken {
    pub(crate) report: Report,
    /// Under which edition they were written; none: nothing was.
    pub(crate) edition: Option<i32>,
}

/// Imports a file of cells as [`cells`] does, as a part of somebody's transaction.
///
/// # Errors
/// As of [`cells`].
pub(crate) async fn take_cells(
    tx: &mut PgConnection,
    file: &FileOptions,
    options: &CellOptions,
    progress: Progress,
) -> anyhow::Result<CellsTaken> {
    let table = {
        let _reading = progress.stage("reading", 0);
        read::read(file).await?
    };
    let mut report = Report::on(table.rows.iter().map(|row| row.number));
    let crs = geometry::crs_of(&table, file, &mut report)?;
    let columns = Columns::choose(options, &table, &mut report)?;
    let geometries = geometry::wgs84_geometries(&table.rows, &crs, Shape::Area, &mut report);

    let beginning = succession::beginning(tx, options).await?;
    let units = units(tx, &table.rows, &columns, options, &mut report).await?;
    let mut new = drafts(&table.rows, &geometries, &columns, &units, &mut report);
    succession::refuse_known_codes(tx, &new, options.replace, &mut report).await?;
    staged::stage(tx, &geometries, progress).await?;
    staged::settle_invalid(tx, file.repair, &mut report).await?;
    {
        let _overlaps = progress.stage("overlaps", 0);
        let beside = (!options.replace).then_some(beginning);
        overlap::refuse(tx, &mut report, beside).await?;
        if options.replace {
            succession::refuse_codes_elsewhere(tx, &new, &mut report).await?;
        }
    }
    if report.refused() > 0 && !file.partial || report.refused() == table.rows.len() {
        report.withhold();
        return Ok(CellsTaken {
            report,
            edition: None,
        });
    }
    new.retain(|cell| !report.is_refused(staged::index(cell.row)));
    let new = numbered(tx, new, options.community.as_deref()).await?;
    let edition = write(tx, file, options, beginning, &new, progress).await?;
    Ok(CellsTaken {
        report,
        edition: Some(edition),
    })
}

/// Which column says what.
struct Columns {
    /// `None`: the cells are to be numbered.
    code: Option<String>,
    id: Option<String>,
    name: Option<String>,
    unit: Option<String>,
}

impl Columns {
    fn choose(options: &CellOptions, table: &Table, report: &mut Report) -> anyhow::Result<Self> {
        let columns = fields::columns(&table.rows);
        let mut choose = |named: &Option<String>, what: Guess| {
            fields::choose(named.as_deref(), what, &columns, report)
        };
        let code = match &options.community {
            Some(community) => {
                let well_formed = cell_code::is_community(community);
                ensure!(well_formed, "a community code has 12 digits, not `{community}`");
                None
            }
            None => Some(choose(&options.code_field, Guess::CellCode)?.context(
                "name the column with the 15-digit codes with --code-field, or number the cells under a community with --community",
            )?),
        };
        let unit = match options.unit {
            Some(_) => None,
            None => choose(&options.unit_field, Guess::CellUnit)?,
        };
        Ok(Self {
            code,
            unit,
            id: choose(&options.id_field, Guess::Id)?,
            name: choose(&options.name_field, Guess::Name)?,
        })
    }
}

/// Of a unit's name.
const UNIT_CHARS_MAX: usize = 200;

/// The unit of every row that has one, created if that was asked for.
async fn units(
    tx: &mut PgConnection,
    rows: &[Row],
    columns: &Columns,
    options: &CellOptions,
    report: &mut Report,
) -> anyhow::Result<Vec<Option<i32>>> {
    let mut known = Units::from_known(store::units(tx).await?);
    let of_row = |row: &Row| match (&options.unit, &columns.unit) {
        (Some(unit), _) => Some(unit.trim().to_owned()),
        (None, Some(field)) => row.text(field),
        (None, None) => None,
    };
    let names: BTreeSet<String> = rows.iter().filter_map(of_row).collect();
    let unknown: Vec<String> = names
        .into_iter()
        .filter(|name| known.id(name).is_none())
        .collect();
    if options.create_units && !unknown.is_empty() {
        if let Some(long) = unknown
            .iter()
            .find(|name| name.chars().count() > UNIT_CHARS_MAX)
        {
            let begin: String = long.chars().take(40).collect();
            anyhow::bail!("the unit {begin}… has a name of more than {UNIT_CHARS_MAX} characters");
        }
        report.remark(format!("New units: {}.", unknown.join(", ")));
        let first = store::next_local_unit(tx).await?;
        for (number, name) in (first..).zip(&unknown) {
            let code =
                super::credit_code::local(number).context("all codes of our own are used up")?;
            let unit_id = store::insert_unit(tx, &code, name).await?;
            known.insert(name.clone(), unit_id);
        }
    } else if let (Some(unit), false) = (&options.unit, unknown.is_empty()) {
        anyhow::bail!("unknown unit: {unit}; create it with --create-units");
    }
    let of_rows = rows.iter().enumerate().map(|(index, row)| {
        let name = of_row(row)?;
        let unit = known.id(&name);
        if unit.is_none() {
            report.refuse(index, format!("unknown unit: {name}"));
        }
        unit
    });
    Ok(of_rows.collect())
}

/// What every row says, checked row by row.
fn drafts(
    rows: &[Row],
    geometries: &[Option<Geometry>],
    columns: &Columns,
    units: &[Option<i32>],
    report: &mut Report,
) -> Vec<NewCell> {
    let text = |row: &Row, field: &Option<String>| field.as_ref().and_then(|field| row.text(field));
    let mut seen = HashMap::new();
    let mut drafts = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let code = text(row, &columns.code);
        let id = text(row, &columns.id).or_else(|| row.id.clone());
        report.rows[index].id = code.clone().or_else(|| id.clone()).unwrap_or_default();
        if let Some(field) = &columns.code {
            match &code {
                None => report.refuse(index, format!("no code in `{field}`")),
                Some(code) if !cell_code::is_code(code) => {
                    report.refuse(index, format!("not a cell code of 15 digits: {code}"));
                }
                Some(code) => {
                    if let Some(other) = seen.insert(code.clone(), row.number) {
                        report.refuse(index, format!("duplicate code: {code}, as in row {other}"));
                    }
                }
            }
        }
        if geometries[index].is_some() {
            drafts.push(NewCell {
                row: staged::row(index),
                code: code.unwrap_or_default(),
                name: text(row, &columns.name).unwrap_or_default(),
                source_id: id,
                unit_id: units[index],
            });
        }
    }
    drafts
}

/// Gives the cells their codes if they are to be numbered, after those the community has.
async fn numbered(
    tx: &mut PgConnection,
    mut cells: Vec<NewCell>,
    community: Option<&str>,
) -> anyhow::Result<Vec<NewCell>> {
    let Some(community) = community else {
        return Ok(cells);
    };
    let last = store::last_sequence(tx, community).await?;
    ensure!(
        last + cells.len() <= SEQUENCE_MAX,
        "a community has at most {SEQUENCE_MAX} cells: {community} has {last}, the file {} more",
        cells.len()
    );
    let extents = store::extents(tx).await?;
    let extents: HashMap<i32, (f64, f64, f64)> = extents
        .into_iter()
        .map(|(row, lon, lat, height)| (row, (lon, lat, height)))
        .collect();
    let waiting = cells.iter().enumerate().filter_map(|(index, cell)| {
        let (lon, lat, height_deg) = *extents.get(&cell.row)?;
        Some(Unnumbered {
            index,
            lon,
            lat,
            height_deg,
        })
    });
    let order = cell_code::reading_order(waiting.collect());
    for (sequence, index) in (last + 1..).zip(order) {
        cells[index].code = format!("{community}{sequence:03}");
    }
    Ok(cells)
}

/// Writes the cells under an edition of their own, whose number is returned.
async fn write(
    tx: &mut PgConnection,
    file: &FileOptions,
    options: &CellOptions,
    from: DateTime<Utc>,
    cells: &[NewCell],
    progress: Progress,
) -> anyhow::Result<i32> {
    let writing = progress.stage("writing", cells.len());
    let source = file.source_name();
    let note = options
        .note
        .clone()
        .unwrap_or_else(|| format!("{} cells from {source}", cells.len()));
    let edition = store::insert_edition(tx, &note, &source, from).await?;
    if options.replace {
        succession::replace(tx, edition, from, cells).await?;
    } else {
        store::insert_cells(tx, edition, from, cells).await?;
    }
    writing.advance(cells.len());
    Ok(edition)
}
