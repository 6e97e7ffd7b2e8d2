//! Geometries in the stage, and what PostGIS says of them.

use geo_types::Geometry;
use sqlx::PgConnection;

use super::progress::Progress;
use super::report::Report;
use super::store;

/// The stage knows a row by its index in the table.
pub(super) fn row(index: usize) -> i32 {
    i32::try_from(index).expect("a table in memory has fewer than 2^31 rows")
}

/// The index of a staged row.
pub(super) fn index(row: i32) -> usize {
    usize::try_from(row).expect("staged rows count from 0")
}

/// Stages what has a geometry.
pub(super) async fn stage(
    tx: &mut PgConnection,
    geometries: &[Option<Geometry>],
    progress: Progress,
) -> sqlx::Result<()> {
    store::create_stage(tx).await?;
    let placed = geometries.iter().enumerate();
    let placed = placed.filter_map(|(index, geometry)| Some((row(index), geometry.as_ref()?)));
    let staging = progress.stage("checking", geometries.len());
    store::stage(tx, placed, |rows| staging.advance(rows)).await
}

/// Refuses invalid polygons with the reason and the place, or repairs them.
pub(super) async fn settle_invalid(
    tx: &mut PgConnection,
    repair: bool,
    report: &mut Report,
) -> sqlx::Result<()> {
    let invalid = store::invalid(tx).await?;
    if !repair {
        for (row, reason) in invalid {
            report.refuse(index(row), format!("invalid polygon: {reason}"));
        }
        return Ok(());
    }
    let rows: Vec<i32> = invalid.iter().map(|(row, _)| *row).collect();
    let repaired = store::repair(tx, &rows).await?;
    for ((row, reason), (_, before_m2, after_m2)) in invalid.into_iter().zip(repaired) {
        if after_m2 > 0.0 {
            let why = format!("repaired: {reason}; area {after_m2:.1} m², was {before_m2:.1} m²");
            report.repair(index(row), why);
        } else {
            report.refuse(
                index(row),
                format!("invalid polygon: {reason}; nothing is left when repaired"),
            );
        }
    }
    Ok(())
}
