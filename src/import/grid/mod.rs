//! `cityward grid …`: whether a file of cells divides its ground, and one that nearly does made
//! one that does. Reads the file and nothing else: no city is needed.

mod ground;
mod report;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::ensure;
use cityward_partition::{check, repair};
use clap::{Args, Subcommand};

pub(crate) use self::ground::grid_cell;
use self::ground::{Read, read};
use super::Crs;

/// The file can be read and something is left for a person to decide.
const DEFECTS: u8 = 3;

/// `cityward grid …` of a file.
#[derive(Debug, Clone, Subcommand)]
pub enum GridCommand {
    /// Finds overlaps, gaps, slivers, broken rings, cells that are there twice and borders that do
    /// not match. Ends with 0 where there are none, with 3 where there are, with 1 where the file
    /// cannot be used.
    Check {
        #[command(flatten)]
        file: GridFile,
        /// Where each defect is, as GeoJSON; otherwise beside the file.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Draws the borders of neighbours through the same points and gives narrow overlaps and gaps
    /// to the neighbour with the longest border to them. What is wider than the tolerance stays for
    /// a person to decide. Ends with 0 where nothing is left, with 3 where something is.
    Repair {
        #[command(flatten)]
        file: GridFile,
        /// Where the repaired cells go, as GeoJSON.
        #[arg(long)]
        out: PathBuf,
        /// What was done and what is left to decide, as GeoJSON; otherwise beside `out`.
        #[arg(long)]
        report: Option<PathBuf>,
    },
}

/// A file of cells and how to read it.
#[derive(Debug, Clone, Args)]
pub struct GridFile {
    /// .geojson, .json, .fgb, .gpkg or .shp
    file: PathBuf,
    /// Coordinates of the file: EPSG:n, gcj02 or bd09; otherwise what the file itself says, else
    /// WGS 84.
    #[arg(long)]
    crs: Option<Crs>,
    /// Layer of a GeoPackage with several.
    #[arg(long)]
    layer: Option<String>,
    /// Borders that stay this near to each other are meant to be one, in millimetres.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    tolerance_mm: u32,
}

/// Checks or repairs, writes the report and says on the terminal what it found.
///
/// # Errors
/// The file as a whole cannot be used, or a report cannot be written.
pub async fn run_grid(command: GridCommand) -> anyhow::Result<ExitCode> {
    match command {
        GridCommand::Check { file, out } => {
            let ground = read(&file).await?;
            let out = out.unwrap_or_else(|| beside(&file.file, "defects"));
            ensure!(
                !is_same(&out, &file.file),
                "{} is the file that is read: name another",
                out.display()
            );
            tokio::task::spawn_blocking(move || check_file(&ground, file.tolerance_mm, &out))
                .await?
        }
        GridCommand::Repair { file, out, report } => {
            let ground = read(&file).await?;
            let report = report.unwrap_or_else(|| beside(&out, "repairs"));
            for path in [&out, &report] {
                ensure!(
                    !is_same(path, &file.file),
                    "{} is the file that is read: name another",
                    path.display()
                );
            }
            tokio::task::spawn_blocking(move || {
                repair_file(&ground, file.tolerance_mm, &out, &report)
            })
            .await?
        }
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    // one that is not there yet is no other
    one.canonicalize()
        .is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

fn beside(file: &Path, what: &str) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!("{stem}.{what}.geojson"))
}

fn check_file(ground: &Read, tolerance_mm: u32, out: &Path) -> anyhow::Result<ExitCode> {
    let defects = check(&ground.cells, tolerance_mm);
    let found = defects
        .iter()
        .map(|defect| (defect.kind.name(), defect.area_m2, defect.width_mm));
    let mut text = ground.heading();
    text += &table(found);
    let clean = defects.is_empty() && ground.unreadable.is_empty();
    report::write(out, &report::defects(ground, &defects))?;
    if clean {
        text += "Every place between the borders is one cell's.\n";
    } else {
        text += &format!("Each with its place: {}\n", out.display());
    }
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DEFECTS)
    })
}

fn repair_file(
    ground: &Read,
    tolerance_mm: u32,
    out: &Path,
    report: &Path,
) -> anyhow::Result<ExitCode> {
    let repaired = repair(&ground.cells, tolerance_mm);
    let done = repaired
        .repairs
        .iter()
        .map(|repair| (repair.kind.name(), repair.area_m2, repair.width_mm));
    let left = repaired.conflicts.iter().map(|conflict| {
        let defect = &conflict.defect;
        (defect.kind.name(), defect.area_m2, defect.width_mm)
    });
    let mut text = ground.heading();
    text += "Repaired:\n";
    text += &table(done);
    text += "Left to decide:\n";
    text += &table(left);
    report::write(out, &report::cells(ground, &repaired))?;
    report::write(report, &report::repairs(ground, &repaired))?;
    text += &format!(
        "Cells: {}\nEach repair with its place: {}\n",
        out.display(),
        report.display()
    );
    std::io::stdout().write_all(text.as_bytes())?;
    let clean = repaired.conflicts.is_empty() && ground.unreadable.is_empty();
    Ok(if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DEFECTS)
    })
}

/// How often each kind occurs, on how much ground, and how wide the widest is.
fn table(found: impl Iterator<Item = (&'static str, f64, f64)>) -> String {
    let mut kinds: BTreeMap<&str, (usize, f64, f64)> = BTreeMap::new();
    for (kind, area_m2, width_mm) in found {
        let (count, area, widest) = kinds.entry(kind).or_default();
        *count += 1;
        *area += area_m2;
        *widest = widest.max(width_mm);
    }
    let lines = kinds.iter().map(|(kind, (count, area_m2, width_mm))| {
        let widest_m = width_mm / 1000.0;
        format!("  {kind:<17} {count:>7}   {area_m2:>12.1} m2   widest {widest_m:.3} m\n")
    });
    lines.collect()
}
