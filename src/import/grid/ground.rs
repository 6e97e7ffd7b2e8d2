//! A file of cells on the partition's grid of millimetres.

use anyhow::Context as _;
use cityward_partition::{Cell, Degrees, Frame, Point, Polygon};
use geo_types::{Geometry, LineString};

use super::GridFile;
use crate::import::geometry::{self, Shape};
use crate::import::options::FileOptions;
use crate::import::report::Report;
use crate::import::row::Row;

/// The cells of a file.
pub(super) struct Read {
    name: String,
    /// Around the first place of the file.
    pub(super) frame: Frame,
    /// As the file has them, without those that cannot be read.
    pub(super) rows: Vec<Row>,
    /// One a row.
    pub(super) cells: Vec<Cell>,
    /// Rows without a usable area: their place in the file and why.
    pub(super) unreadable: Vec<(usize, String)>,
}

impl Read {
    /// The place in the file of each cell, from 1.
    pub(super) fn numbers(&self) -> Vec<usize> {
        self.rows.iter().map(|row| row.number).collect()
    }

    /// How many of what there are, and which rows are none.
    pub(super) fn heading(&self, what: &str) -> String {
        let vertices: usize = self
            .cells
            .iter()
            .flat_map(|cell| &cell.polygons)
            .flat_map(Polygon::rings)
            .map(Vec::len)
            .sum();
        let cells = self.cells.len();
        let mut text = format!("{}: {cells} {what}, {vertices} vertices\n", self.name);
        for (row, why) in &self.unreadable {
            text += &format!("  row {row} cannot be read: {why}\n");
        }
        text
    }
}

/// Reads the file, onto the grid of a frame if one is given.
///
/// # Errors
/// The file as a whole cannot be used.
pub(super) async fn read(file: &GridFile, frame: Option<Frame>) -> anyhow::Result<Read> {
    let options = FileOptions {
        file: file.file.clone(),
        crs: file.crs.clone(),
        layer: file.layer.clone(),
        ..FileOptions::default()
    };
    let table = crate::import::read::read(&options).await?;
    let mut report = Report::on(table.rows.iter().map(|row| row.number));
    let crs = geometry::crs_of(&table, &options, &mut report)?;
    let (mut frame, mut unreadable) = (frame, Vec::new());
    let (mut rows, mut cells) = (Vec::new(), Vec::new());
    for row in table.rows {
        let cell = geometry::wgs84_geometry(&row, &crs, Shape::Area)
            .and_then(|geometry| grid_cell(&geometry, &mut frame));
        match cell {
            Ok(cell) => {
                cells.push(cell);
                rows.push(row);
            }
            Err(why) => unreadable.push((row.number, why)),
        }
    }
    let name = file.file.display().to_string();
    let frame = frame.filter(|_| !cells.is_empty());
    Ok(Read {
        frame: frame.with_context(|| format!("{name} holds no area that can be read"))?,
        name,
        rows,
        cells,
        unreadable,
    })
}

/// An area on the grid of `frame`, which is laid around its first place if there is none yet.
///
/// # Errors
/// Why it is none.
pub(crate) fn grid_cell(
    geometry: &Geometry<f64>,
    frame: &mut Option<Frame>,
) -> Result<Cell, String> {
    let polygons: Vec<&geo_types::Polygon<f64>> = match geometry {
        Geometry::Polygon(polygon) => vec![polygon],
        Geometry::MultiPolygon(polygons) => polygons.iter().collect(),
        Geometry::Point(_)
        | Geometry::Line(_)
        | Geometry::LineString(_)
        | Geometry::MultiPoint(_)
        | Geometry::MultiLineString(_)
        | Geometry::GeometryCollection(_)
        | Geometry::Rect(_)
        | Geometry::Triangle(_) => return Err("no area".to_owned()),
    };
    let polygon = |polygon: &geo_types::Polygon<f64>, frame: &mut Option<Frame>| {
        let exterior = ring(polygon.exterior(), frame)?;
        let holes = polygon.interiors().iter().map(|hole| ring(hole, frame));
        let holes = holes.collect::<Result<_, String>>()?;
        Ok(Polygon { exterior, holes })
    };
    let polygons = polygons
        .into_iter()
        .map(|one| polygon(one, frame))
        .collect::<Result<_, String>>()?;
    Ok(Cell { polygons })
}

/// Without the repetition of its first point.
fn ring(ring: &LineString<f64>, frame: &mut Option<Frame>) -> Result<Vec<Point>, String> {
    let mut points = Vec::with_capacity(ring.0.len());
    for at in &ring.0 {
        let place = Degrees {
            lon: at.x,
            lat: at.y,
        };
        let far = || format!("{}, {} is too far from the other cells", at.x, at.y);
        let frame = match frame {
            Some(frame) => *frame,
            None => *frame.insert(Frame::at(place).ok_or_else(far)?),
        };
        points.push(frame.point(place).ok_or_else(far)?);
    }
    if points.len() > 1 && points.first() == points.last() {
        points.pop();
    }
    Ok(points)
}
