//! `cityward grid …`: whether a file of cells divides its ground, and one that nearly does made
//! one that does. Reads the file and nothing else: no city is needed.

mod ground;
mod report;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::ensure;
use cityward_partition::{check, check_within, repair};
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
    /// not match; with a level above also cells that lie in none of its areas or in several, and
    /// its borders that no cell's follows. Ends with 0 where there are none, with 3 where there are, with 1 where the file
    /// cannot be used.
    Check {
        #[command(flatten)]
        file: GridFile,
        #[command(flatten)]
        level: LevelFile,
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

/// The level above the cells, such as communities or streets, of which each cell lies in one.
#[derive(Debug, Clone, Args)]
pub struct LevelFile {
    /// A file of its areas.
    #[arg(long, value_name = "LEVELS_FILE")]
    within: Option<PathBuf>,
    /// Coordinates of that file, as with `--crs`.
    #[arg(long, requires = "within")]
    within_crs: Option<Crs>,
    /// Layer of that file, as with `--layer`.
    #[arg(long, requires = "within")]
    within_layer: Option<String>,
}

impl LevelFile {
    /// `None` where none is named.
    fn file(self, tolerance_mm: u32) -> Option<GridFile> {
        Some(GridFile {
            file: self.within?,
            crs: self.within_crs,
            layer: self.within_layer,
            tolerance_mm,
        })
    }
}

/// Checks or repairs, writes the report and says on the terminal what it found.
///
/// # Errors
/// The file as a whole cannot be used, or a report cannot be written.
pub async fn run_grid(command: GridCommand) -> anyhow::Result<ExitCode> {
    match command {
        GridCommand::Check { file, level, out } => {
            let ground = read(&file, None).await?;
            let level = level.file(file.tolerance_mm);
            let above = match &level {
                Some(level) => Some(read(level, Some(ground.frame)).await?),
                None => None,
            };
            let out = out.unwrap_or_else(|| beside(&file.file, "defects"));
            for read in std::iter::once(&file).chain(&level) {
                ensure!(
                    !is_same(&out, &read.file),
                    "{} is the file that is read: name another",
                    out.display()
                );
            }
            tokio::task::spawn_blocking(move || {
                check_file(&ground, above.as_ref(), file.tolerance_mm, &out)
            })
            .await?
        }
        GridCommand::Repair { file, out, report } => {
            let ground = read(&file, None).await?;
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

fn check_file(
    ground: &Read,
    above: Option<&Read>,
    tolerance_mm: u32,
    out: &Path,
) -> anyhow::Result<ExitCode> {
    let mut text = ground.heading("cells");
    let mut defects = check(&ground.cells, tolerance_mm);
    let mut unreadable = ground.unreadable.len();
    if let Some(above) = above {
        text += &format!("within {}", above.heading("areas"));
        let own = check(&above.cells, tolerance_mm).len();
        if own > 0 {
            text +=
                &format!("  with {own} defects of their own, which a check of that file tells\n");
        }
        defects.extend(check_within(&ground.cells, &above.cells, tolerance_mm));
        unreadable += above.unreadable.len();
    }
    let found = defects
        .iter()
        .map(|defect| (defect.kind.name(), defect.area_m2, defect.width_mm));
    text += &table(found);
    let clean = defects.is_empty() && unreadable == 0;
    report::write(out, &report::defects(ground, above, &defects))?;
    if clean {
        text += "Every place between the borders is one cell's.\n";
        if above.is_some() {
            text += "Every cell lies in one area.\n";
        }
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
    let mut text = ground.heading("cells");
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
        format!("  {kind:<24} {count:>7}   {area_m2:>12.1} m2   widest {widest_m:.3} m\n")
    });
    lines.collect()
}
