//! Shapefiles: .shp with the .dbf, .prj and .cpg beside it.

use std::io::Cursor;
use std::path::Path;

use anyhow::{Context, ensure};
use geozero::shp::ShpReader;

use super::row::{RowCollector, Table};

/// Where a dBASE header says in which code page its text is, and the mark of code page 936
/// (GBK), which Chinese surveys use.
const CODE_PAGE_AT: usize = 29;
const GBK_MARK: u8 = 0x4D;

pub(super) fn read(path: &Path) -> anyhow::Result<Table> {
    let beside = |extension: &str| path.with_extension(extension);
    let mut reader = ShpReader::new(Cursor::new(std::fs::read(path)?))?;
    let mut dbf = std::fs::read(beside("dbf")).context("the .dbf must lie beside the .shp")?;
    let code_page = std::fs::read_to_string(beside("cpg")).unwrap_or_default();
    if is_gbk(&code_page) && dbf.len() > CODE_PAGE_AT {
        dbf[CODE_PAGE_AT] = GBK_MARK;
    }
    reader
        .add_dbf_source(Cursor::new(dbf))
        .context("the .dbf cannot be read")?;

    let mut collector = RowCollector::default();
    for shape in reader.iter_features(&mut collector)? {
        shape.context("a shape is broken")?;
    }
    let garbled = collector.rows.iter().any(|row| {
        row.properties
            .values()
            .any(|value| value.as_str().is_some_and(|text| text.contains('\u{fffd}')))
    });
    ensure!(
        !garbled,
        "the text of the .dbf is not UTF-8; name its encoding in a .cpg file, for instance GBK"
    );

    let prj = std::fs::read_to_string(beside("prj")).ok();
    Ok(Table {
        rows: collector.rows,
        crs: prj.map(|wkt| super::wkt_crs::parse(&wkt)),
    })
}

fn is_gbk(code_page: &str) -> bool {
    let name = code_page.trim().to_ascii_uppercase();
    ["GBK", "936", "CP936", "GB2312", "GB18030", "ANSI 936"].contains(&name.as_str())
}
