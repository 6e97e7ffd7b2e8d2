//! FlatGeobuf.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use flatgeobuf::{
    FallibleStreamingIterator, FeatureProperties, FgbReader, GeozeroGeometry, Header,
};

use super::crs::{Crs, UnknownCrs};
use super::row::{RowCollector, Table};

pub(super) fn read(path: &Path) -> anyhow::Result<Table> {
    let reader = FgbReader::open(BufReader::new(File::open(path)?))?;
    let crs = declared_crs(&reader.header());
    let mut features = reader.select_all()?;
    let mut collector = RowCollector::default();
    while let Some(feature) = features.next()? {
        let mut read = feature.process_properties(&mut collector).map(|_| ());
        if feature.geometry().is_some() {
            read = read.and_then(|()| feature.process_geom(&mut collector));
        }
        collector.end_row(read.err().map(|error| error.to_string()));
    }
    Ok(Table {
        rows: collector.rows,
        crs,
    })
}

fn declared_crs(header: &Header<'_>) -> Option<Result<Crs, UnknownCrs>> {
    let crs = header.crs()?;
    match crs.code() {
        0 => crs.wkt().map(super::wkt_crs::parse),
        code => Some(format!("{}:{code}", crs.org().unwrap_or("EPSG")).parse()),
    }
}
