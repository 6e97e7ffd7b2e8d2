//! `cityward import …`, from the arguments to the exit code.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sqlx::PgPool;

use super::options::{ImportArgs, ImportCommand};
use super::progress::Progress;
use super::report::Report;
use super::{cells, components, osm};
use crate::config::DataConfig;
use crate::database::{self, Mode};

/// Some rows were refused, the others are imported.
const PARTIAL: u8 = 3;

/// Imports the file, writes the report and says on the terminal what became of it. Exit code: 0
/// everything is imported, 3 a part is, 1 nothing is.
///
/// # Errors
/// The file as a whole cannot be used, the database cannot, or the report cannot be written.
pub async fn run(args: ImportArgs) -> anyhow::Result<ExitCode> {
    let command = args.command;
    let database = database::open(command.data(), Mode::Tool).await?;
    let imported = execute(&database.pool, &command, Progress::on_stderr()).await;
    database.close().await?;
    let report = imported?;
    let path = command.report_path();
    report.write(&path)?;
    writeln!(std::io::stdout(), "{report}Row by row: {}", path.display())?;
    Ok(match (report.imported(), report.refused()) {
        (0, _) => ExitCode::FAILURE,
        (_, 0) => ExitCode::SUCCESS,
        _ => ExitCode::from(PARTIAL),
    })
}

/// Imports into a database that is open.
///
/// # Errors
/// As of [`components`], [`cells`] and [`osm`].
pub async fn execute(
    db: &PgPool,
    command: &ImportCommand,
    progress: Progress,
) -> anyhow::Result<Report> {
    match command {
        ImportCommand::Components { file, options, .. } => {
            components(db, file, options, progress).await
        }
        ImportCommand::Cells { file, options, .. } => cells(db, file, options, progress).await,
        ImportCommand::Osm { options, .. } => osm(db, options, progress).await,
    }
}

impl ImportCommand {
    fn data(&self) -> &DataConfig {
        match self {
            Self::Components { data, .. } | Self::Cells { data, .. } | Self::Osm { data, .. } => {
                data
            }
        }
    }

    fn report_path(&self) -> PathBuf {
        let (file, named): (&Path, _) = match self {
            Self::Components { file, .. } | Self::Cells { file, .. } => (&file.file, &file.report),
            Self::Osm { options, .. } => (&options.file, &options.report),
        };
        let in_data = || {
            let mut name = file.file_name().unwrap_or_default().to_owned();
            name.push(".import.csv");
            self.data().data_dir.join("imports").join(name)
        };
        named.clone().unwrap_or_else(in_data)
    }
}
