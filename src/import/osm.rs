//! An OpenStreetMap extract becomes components, cameras and the base map.

use anyhow::{Context, ensure};
use geo_types::Geometry;
use serde_json::{Map, Value};
use sqlx::PgPool;

use super::options::OsmOptions;
use super::osm_file::{self, OsmElement};
use super::osm_tags::{Meaning, SURVEILLANCE, Tags};
use super::progress::Progress;
use super::report::Report;
use super::staged;
use super::store::{self, NewBasemap, NewCamera, NewComponent};

/// OpenStreetMap's ids are worldwide, so all extracts are one source of components.
const SOURCE: &str = "osm";

/// Imports an extract: all of it in one transaction, or nothing, or with `partial` what is
/// right. Components are brought up to date, cameras that are known stay as they are, the base
/// map of an extract of the same name is replaced. Invalid areas are repaired.
///
/// # Errors
/// The file cannot be read, or the database fails. What is wrong with elements stands in the
/// report.
pub async fn osm(db: &PgPool, options: &OsmOptions, progress: Progress) -> anyhow::Result<Report> {
    let path = options.file.clone();
    ensure!(path.is_file(), "there is no file {}", path.display());
    let elements = {
        let _reading = progress.stage("reading", 0);
        let read = tokio::task::spawn_blocking(move || osm_file::read(&path)).await?;
        read.with_context(|| format!("cannot read {}", options.file.display()))?
    };
    ensure!(
        !elements.is_empty(),
        "{} holds nothing that the city keeps",
        options.file.display()
    );
    let (mut report, geometries) = checked(&elements);

    let mut tx = db.begin().await?;
    staged::stage(&mut tx, &geometries, progress).await?;
    staged::settle_invalid(&mut tx, true, &mut report).await?;
    if report.refused() > 0 && !options.partial || report.refused() == elements.len() {
        report.withhold();
        return Ok(report);
    }
    let taken = (0..elements.len()).filter(|index| !report.is_refused(*index));
    let new = New::from_elements(taken.map(|index| (staged::row(index), &elements[index])));
    let writing = progress.stage("writing", new.components.len() + new.basemap.len());
    let advance = |rows| writing.advance(rows);
    store::upsert_components(&mut tx, SOURCE, &new.components, advance).await?;
    let new_cameras = store::insert_cameras(&mut tx, SOURCE, &new.cameras).await?;
    let extract = options
        .file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    store::replace_basemap(&mut tx, &extract, &new.basemap, advance).await?;
    tx.commit().await?;
    report.remark(format!(
        "{} components, {} cameras ({new_cameras} new), {} parts of the base map.",
        new.components.len(),
        new.cameras.len(),
        new.basemap.len()
    ));
    Ok(report)
}

fn checked(elements: &[OsmElement]) -> (Report, Vec<Option<Geometry>>) {
    let mut report = Report::on(1..=elements.len());
    let mut geometries = Vec::with_capacity(elements.len());
    for (index, element) in elements.iter().enumerate() {
        report.rows[index].id.clone_from(&element.id);
        match &element.geometry {
            Ok(geometry) => {
                if element.is_cut {
                    report.note(index, "cut by the border of the extract");
                }
                geometries.push(Some(geometry.clone()));
            }
            Err(why) => {
                report.refuse(index, why);
                geometries.push(None);
            }
        }
    }
    (report, geometries)
}

/// What the elements become.
#[derive(Default)]
struct New {
    components: Vec<NewComponent>,
    cameras: Vec<NewCamera>,
    basemap: Vec<NewBasemap>,
}

impl New {
    fn from_elements<'a>(elements: impl Iterator<Item = (i32, &'a OsmElement)>) -> Self {
        let mut new = Self::default();
        for (row, element) in elements {
            let tag = |key: &str| element.tags.get(key).cloned().unwrap_or_default();
            match element.meaning {
                Meaning::Basemap(basemap) => new.basemap.push(NewBasemap {
                    row,
                    kind: basemap.kind(),
                    rank: basemap.rank(),
                    name: tag("name"),
                    name_en: tag("name:en"),
                }),
                Meaning::Component(class) => {
                    if class == SURVEILLANCE {
                        new.cameras.push(camera(row, element));
                    }
                    new.components.push(NewComponent {
                        row,
                        class_code: class.to_owned(),
                        code: None,
                        name: tag("name"),
                        state: None,
                        owner_unit_id: None,
                        source_id: element.id.clone(),
                        attributes: attributes(&element.tags),
                    });
                }
            }
        }
        new
    }
}

fn camera(row: i32, element: &OsmElement) -> NewCamera {
    let tag = |key: &str| element.tags.get(key).cloned();
    let number = element.id.rsplit('/').next().unwrap_or_default();
    let height_m =
        tag("height").and_then(|height| height.trim_end_matches('m').trim().parse().ok());
    NewCamera {
        row,
        camera_id: format!("{SOURCE}-{}", element.id.replace('/', "-")),
        name_zh: tag("name:zh")
            .or(tag("name"))
            .unwrap_or_else(|| format!("监控 {number}")),
        name_en: tag("name:en")
            .or(tag("name"))
            .unwrap_or_else(|| format!("Camera {number}")),
        height_m: height_m.filter(|height| (0.1..1000.0).contains(height)),
    }
}

fn attributes(tags: &Tags) -> Value {
    let tags = tags
        .iter()
        .map(|(key, value)| (key.clone(), Value::from(value.as_str())));
    Value::Object(tags.collect::<Map<String, Value>>())
}
