//! A file of components becomes rows of `component`.

use std::collections::HashMap;

use anyhow::Context;
use geo_types::Geometry;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use super::classes::Classes;
use super::fields::{self, Guess};
use super::geometry::{self, Shape};
use super::identity::Identity;
use super::options::{ComponentOptions, FileOptions};
use super::progress::Progress;
use super::report::Report;
use super::row::{Row, Table};
use super::store::{self, NewComponent};
use super::units::Units;
use super::{read, staged};

/// Imports a file of components: all of it in one transaction, or nothing, or with `partial`
/// the rows that are right. Rows known by their source and id are brought up to date.
///
/// # Errors
/// The file as a whole cannot be used, or the database fails. What is wrong with rows stands in
/// the report.
pub async fn components(
    db: &PgPool,
    file: &FileOptions,
    options: &ComponentOptions,
    progress: Progress,
) -> anyhow::Result<Report> {
    let table = {
        let _reading = progress.stage("reading", 0);
        read::read(file).await?
    };
    let mut report = Report::on(table.rows.iter().map(|row| row.number));
    let crs = geometry::crs_of(&table, file, &mut report)?;
    let geometries = geometry::wgs84_geometries(&table.rows, &crs, Shape::Any, &mut report);
    let columns = Columns::choose(options, &table, &mut report)?;

    let mut tx = db.begin().await?;
    let mut new = drafts(&mut tx, &table, &geometries, &columns, options, &mut report).await?;
    staged::stage(&mut tx, &geometries, progress).await?;
    staged::settle_invalid(&mut tx, file.repair, &mut report).await?;
    refuse_borne_codes(&mut tx, &file.source_name(), &new, &mut report).await?;

    if report.refused() > 0 && !file.partial || report.refused() == table.rows.len() {
        report.withhold();
        return Ok(report);
    }
    new.retain(|component| !report.is_refused(staged::index(component.row)));
    let writing = progress.stage("writing", new.len());
    let advance = |rows| writing.advance(rows);
    let inserted = store::upsert_components(&mut tx, &file.source_name(), &new, advance).await?;
    tx.commit().await?;
    report.remark(format!(
        "{inserted} new, {} brought up to date.",
        new.len() - inserted
    ));
    Ok(report)
}

/// Which column says what.
struct Columns {
    identity: Identity,
    classes: Classes,
    name: Option<String>,
    code: Option<String>,
    owner: Option<String>,
    state: Option<String>,
}

impl Columns {
    fn choose(
        options: &ComponentOptions,
        table: &Table,
        report: &mut Report,
    ) -> anyhow::Result<Self> {
        let rows = &table.rows;
        let columns = fields::columns(rows);
        let mut choose = |named: &Option<String>, what: Guess| {
            fields::choose(named.as_deref(), what, &columns, report)
        };
        let classes = match (&options.class, &options.class_field) {
            (None, None) => choose(&None, Guess::Class)?,
            _ => None,
        };
        let owner = match options.owner {
            Some(_) => None,
            None => choose(&options.unit_field, Guess::Owner)?,
        };
        Ok(Self {
            classes: Classes::from_options(options, classes.as_deref())?,
            name: choose(&options.name_field, Guess::Name)?,
            code: choose(&options.code_field, Guess::ComponentCode)?,
            owner,
            state: choose(&options.state_field, Guess::State)?,
            identity: Identity::choose(options.id_field.as_deref(), rows, report)?,
        })
    }
}

/// What every row says, checked row by row.
async fn drafts(
    tx: &mut PgConnection,
    table: &Table,
    geometries: &[Option<Geometry>],
    columns: &Columns,
    options: &ComponentOptions,
    report: &mut Report,
) -> anyhow::Result<Vec<NewComponent>> {
    let units = Units::from_known(store::units(tx).await?);
    let owner_of_all = match &options.owner {
        None => None,
        Some(name) => Some(
            units
                .id(name)
                .with_context(|| format!("unknown unit: {name}"))?,
        ),
    };
    let ids = columns.identity.assign(&table.rows, geometries, report);
    let mut seen_codes = HashMap::new();
    let mut drafts = Vec::with_capacity(table.rows.len());
    for (index, (row, source_id)) in table.rows.iter().zip(ids).enumerate() {
        match draft(row, staged::row(index), source_id, columns, &units) {
            Err(why) => report.refuse(index, why),
            Ok(mut draft) => {
                draft.owner_unit_id = draft.owner_unit_id.or(owner_of_all);
                if let Some(code) = &draft.code
                    && let Some(other) = seen_codes.insert(code.clone(), row.number)
                {
                    report.refuse(index, format!("duplicate code: {code}, as in row {other}"));
                }
                drafts.push(draft);
            }
        }
    }
    Ok(drafts)
}

fn draft(
    row: &Row,
    stage_row: i32,
    source_id: String,
    columns: &Columns,
    units: &Units,
) -> Result<NewComponent, String> {
    let text = |field: &Option<String>| field.as_ref().and_then(|field| row.text(field));
    let owner_unit_id = match text(&columns.owner) {
        None => None,
        Some(name) => Some(
            units
                .id(&name)
                .ok_or_else(|| format!("unknown unit: {name}"))?,
        ),
    };
    let code = text(&columns.code);
    if let Some(code) = &code {
        let well_formed =
            (16..=17).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
        if !well_formed {
            return Err(format!("not a component code of 16 or 17 digits: {code}"));
        }
    }
    Ok(NewComponent {
        row: stage_row,
        class_code: columns.classes.class_of(row)?.to_string(),
        code,
        name: text(&columns.name).unwrap_or_default(),
        state: text(&columns.state)
            .map(|state| state_named(&state))
            .transpose()?,
        owner_unit_id,
        source_id,
        attributes: Value::Object(row.properties.clone()),
    })
}

/// The five states of GB/T 47678.5-2026 table 2.
fn state_named(name: &str) -> Result<&'static str, String> {
    match name.to_lowercase().as_str() {
        "完好" | "good" => Ok("good"),
        "破损" | "damaged" => Ok("damaged"),
        "丢失" | "missing" => Ok("missing"),
        "废弃" | "abandoned" => Ok("abandoned"),
        "移除" | "removed" => Ok("removed"),
        _ => Err(format!("unknown state: {name}")),
    }
}

async fn refuse_borne_codes(
    tx: &mut PgConnection,
    source: &str,
    new: &[NewComponent],
    report: &mut Report,
) -> sqlx::Result<()> {
    let with_code = || {
        new.iter()
            .filter_map(|component| Some((component, component.code.clone()?)))
    };
    let codes: Vec<String> = with_code().map(|(_, code)| code).collect();
    let ids: Vec<String> = with_code()
        .map(|(component, _)| component.source_id.clone())
        .collect();
    let borne = store::codes_borne_elsewhere(tx, source, &codes, &ids).await?;
    let borne: HashMap<String, String> = borne
        .into_iter()
        .map(|(code, source, id)| (code, format!("{source} {}", id.unwrap_or_default())))
        .collect();
    for (component, code) in with_code() {
        if let Some(other) = borne.get(&code) {
            let why = format!("duplicate code: {code}, as of {other}");
            report.refuse(staged::index(component.row), why);
        }
    }
    Ok(())
}
