//! The demo city as rows: geometry in degrees, names, who is responsible for what.

use anyhow::Context as _;
use geo_types::{Geometry, LineString, MultiPolygon, Point, Polygon};
use geozero::{CoordDimensions, ToWkb};

use super::city::City;
use super::names;
use super::plan::{COLUMNS, Rank, Street};
use super::units::role;
use crate::camera::Camera;
use crate::ground::{Calibration, ControlPair};
use crate::space::LocalPoint;

/// A row of table `basemap`; the geometry is EWKB.
pub(super) struct MapRow {
    pub(super) kind: &'static str,
    pub(super) rank: &'static str,
    pub(super) name: String,
    pub(super) name_en: String,
    pub(super) geometry: Vec<u8>,
}

/// Class rules that hold in every cell: class and unit.
pub(super) const RULES: [(&str, usize); 6] = [
    ("M06042", role::SANITATION),
    ("M06010", role::SANITATION),
    ("M09006", role::ENFORCEMENT),
    ("E0506", role::MUNICIPAL),
    ("M01002", role::WATER),
    ("C01037", role::MUNICIPAL),
];

impl City {
    /// Unit that answers for everything without a rule of its own, for each cell.
    pub(super) fn default_units(&self) -> impl Iterator<Item = usize> {
        self.cells
            .iter()
            .map(|cell| if cell.park { role::PARKS } else { cell.quarter })
    }

    pub(super) fn component_geometry(&self) -> anyhow::Result<Vec<Vec<u8>>> {
        self.components
            .iter()
            .map(|component| ewkb(&Geometry::Point(point(component.place))))
            .collect()
    }

    pub(super) fn cell_geometry(&self) -> anyhow::Result<Vec<Vec<u8>>> {
        self.cells
            .iter()
            .map(|cell| {
                let polygon = polygon(&cell.ring);
                ewkb(&Geometry::MultiPolygon(MultiPolygon(vec![polygon])))
            })
            .collect()
    }

    /// The base map, from the ground up.
    pub(super) fn map_rows(&self) -> anyhow::Result<Vec<MapRow>> {
        let area = |kind: &'static str, ring: &[LocalPoint], name: (&str, &str)| {
            anyhow::Ok(MapRow {
                kind,
                rank: "",
                name: name.0.to_owned(),
                name_en: name.1.to_owned(),
                geometry: ewkb(&Geometry::Polygon(polygon(ring)))?,
            })
        };
        let mut rows = Vec::new();
        for (park, name) in self.blocks.parks.iter().zip(names::PARKS) {
            rows.push(area("green", park, name)?);
        }
        rows.push(area("water", &self.blocks.river, names::RIVER)?);
        rows.push(area("water", &self.blocks.pond, names::POND)?);
        for building in &self.blocks.buildings {
            rows.push(area("building", building, ("", ""))?);
        }
        for run in runs(&self.plan.streets) {
            let (name, name_en) = street_name(run.name, run.rank);
            rows.push(MapRow {
                kind: "street",
                rank: run.rank.word(),
                name,
                name_en,
                geometry: ewkb(&Geometry::LineString(line(&run.line)))?,
            });
        }
        Ok(rows)
    }

    /// The cameras with their fitted calibrations.
    pub(super) fn cameras(&self) -> anyhow::Result<Vec<(Camera, Calibration)>> {
        let frame = Self::frame();
        (1..)
            .zip(&self.posts)
            .map(|(number, post)| {
                let pairs = post
                    .pairs
                    .iter()
                    .map(|&(x, y, place)| {
                        let ground = frame.ground_from_local(place);
                        ControlPair {
                            x,
                            y,
                            lon: ground.lon,
                            lat: ground.lat,
                        }
                    })
                    .collect();
                let (width, height) = super::watch::PICTURE_PX;
                let calibration = Calibration::fit(pairs, width, height, None)
                    .with_context(|| format!("calibrate demo camera {number}"))?;
                let (street_zh, street_en) = street_name(post.street, post.rank);
                let camera = Camera {
                    id: camera_id(number)?,
                    platform_id: None,
                    name_zh: format!("{street_zh}{number:02}号"),
                    name_en: format!("{street_en} {number:02}"),
                    location: frame.ground_from_local(post.foot()),
                    height_m: Some(f64::from(post.height_m)),
                    models: None,
                    zones: Vec::new(),
                    pulled_every: None,
                    masks: std::sync::Arc::default(),
                    calibration: None,
                };
                Ok((camera, calibration))
            })
            .collect()
    }
}

/// Identity of the `number`-th demo camera, counted from 1.
pub(super) fn camera_id(number: usize) -> anyhow::Result<crate::camera::CameraId> {
    Ok(format!("demo-{number:02}").try_into()?)
}

fn street_name(name: usize, rank: Rank) -> (String, String) {
    names::street(name, COLUMNS + 1, rank.word())
}

/// Pieces that follow each other under one name and rank become one line.
fn runs(streets: &[Street]) -> Vec<Street> {
    let mut runs: Vec<Street> = Vec::new();
    for street in streets {
        match runs.last_mut() {
            Some(run)
                if run.name == street.name
                    && run.rank == street.rank
                    && run.line.last() == street.line.first() =>
            {
                run.line.extend_from_slice(&street.line[1..]);
            }
            _ => runs.push(street.clone()),
        }
    }
    runs
}

fn point(place: LocalPoint) -> Point<f64> {
    let ground = City::frame().ground_from_local(place);
    Point::new(ground.lon, ground.lat)
}

fn line(places: &[LocalPoint]) -> LineString<f64> {
    places.iter().map(|&place| point(place)).collect()
}

fn polygon(ring: &[LocalPoint]) -> Polygon<f64> {
    Polygon::new(line(ring), Vec::new())
}

fn ewkb(geometry: &Geometry<f64>) -> anyhow::Result<Vec<u8>> {
    Ok(geometry.to_ewkb(CoordDimensions::xy(), Some(4326))?)
}
