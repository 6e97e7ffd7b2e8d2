//! The commands: parse the settings, connect, start, and stop everything in order.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use cityward::config::{Config, DataConfig, LogConfig, LogFormat};
use cityward::database::{self, Database, Mode};
use cityward::demo::{self, DemoArgs, FramesArgs};
use cityward::import::{self, GridCommand, ImportArgs};
use cityward::journal::{self, NotedSeal};
use cityward::plan::{self, GridExportArgs};
use cityward::rules::Rules;
use cityward::tiles::{self, TilesArgs};
use cityward::time::TimeSource;
use cityward::vision::{self, ModelArgs};
use cityward::{access, router, service, upkeep, workflow};
use clap::{Args, Parser, Subcommand};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Cityward sees, assigns and settles what is broken on a city's streets.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    log: LogConfig,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the service.
    Serve(Box<Config>),
    /// Builds a demo city unless it is there, runs the service and pushes the city's cameras to it.
    Demo(Box<DemoConfig>),
    /// Takes a file of others into the city: components, cells or an OpenStreetMap extract.
    Import(Box<ImportArgs>),
    /// Files of cells: whether one divides its ground without gaps and overlaps, one that nearly does
    /// made one that does, and the city's own.
    #[command(subcommand)]
    Grid(Grid),
    /// Takes tiles out of the city, for maps without a service.
    Tiles(TilesArgs),
    /// Tries out a model without the service.
    Model(ModelArgs),
    /// Writes labelled pictures of invented streets, for training a detector.
    DemoFrames(FramesArgs),
    /// Gives the administrator, or whoever is named, a new password and prints it.
    Password(PasswordArgs),
    /// Proves that the record of everything that happened is whole.
    #[command(subcommand)]
    Audit(Audit),
    /// Erases the personal data of reporters that the policy does not keep any more; a running
    /// service does so by itself every hour.
    Retention(DataConfig),
    /// Prints the OpenAPI document of the service.
    Openapi,
    /// Prints the workflow: which action leads where, and who takes it.
    Workflow,
}

#[derive(Debug, Subcommand)]
enum Grid {
    #[command(flatten)]
    File(GridCommand),
    /// Writes the city's cells into a file: GeoPackage, GeoJSON, FlatGeobuf or Shapefile.
    Export(Box<GridExportArgs>),
}

#[derive(Debug, Subcommand)]
enum Audit {
    /// Computes every hash of the record again, also beside a running service; ends with 1 and
    /// names the first break if there is one.
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
struct VerifyArgs {
    #[command(flatten)]
    data: DataConfig,
    /// A seal noted at an earlier time, as this command prints it: it must still stand.
    #[arg(long, value_name = "NUMBER:HASH", value_parser = noted_seal)]
    seal: Option<NotedSeal>,
}

fn noted_seal(text: &str) -> Result<NotedSeal, String> {
    text.split_once(':')
        .filter(|(_, hash)| hash.len() == 64)
        .and_then(|(number, hash)| {
            Some(NotedSeal {
                number: number.parse().ok()?,
                hash: hash.to_lowercase(),
            })
        })
        .ok_or_else(|| "write the seal's number, a colon and its 64 digits".to_owned())
}

#[derive(Debug, Args)]
struct PasswordArgs {
    #[command(flatten)]
    data: DataConfig,
    /// Whose password; without it the administrator's.
    #[arg(long)]
    login: Option<String>,
}

#[derive(Debug, Args)]
struct DemoConfig {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    demo: DemoArgs,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match start_log(&cli.log) {
        Ok(()) => run(cli.command).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cityward: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(config) => serve(*config, None, stop_signal()?).await?,
        Command::Demo(args) => serve(args.config, Some(args.demo), stop_signal()?).await?,
        Command::Import(args) => return unless_stopped(import::run(*args)).await,
        Command::Grid(Grid::File(command)) => {
            return unless_stopped(import::run_grid(command)).await;
        }
        Command::Grid(Grid::Export(args)) => unless_stopped(plan::export_cells(*args)).await?,
        Command::Tiles(args) => unless_stopped(tiles::run(args)).await?,
        Command::Model(args) => vision::run(&args)?,
        Command::DemoFrames(args) => demo::write_frames(&args)?,
        Command::Password(args) => unless_stopped(reset_password(&args)).await?,
        Command::Audit(Audit::Verify(args)) => return unless_stopped(verify_audit(&args)).await,
        Command::Retention(data) => unless_stopped(erase_reporters(&data)).await?,
        Command::Openapi => print(&router::openapi().to_pretty_json()?)?,
        Command::Workflow => print(workflow::document().trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A command that may be cut off anywhere: what it has open closes by being dropped.
async fn unless_stopped<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let stop = stop_signal()?;
    tokio::select! {
        outcome = work => outcome,
        () = stop.cancelled() => anyhow::bail!("stopped before it was done"),
    }
}

/// Starts everything from the database up, serves, and stops in the opposite order.
async fn serve(
    config: Config,
    demo: Option<DemoArgs>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let listen = config.http.listen;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    let url = format!("http://{}", listener.local_addr()?);
    // a stop while starting drops what is half open; the embedded database goes with it
    let database = tokio::select! {
        database = database::open(&config.data, Mode::Serve) => database?,
        () = stop.cancelled() => return Ok(()),
    };
    let served = serve_from(config, demo, &database, listener, url, stop).await;
    let closed = database.close().await;
    served.and(closed)
}

/// Everything that happens while the database is open.
async fn serve_from(
    config: Config,
    demo: Option<DemoArgs>,
    database: &Database,
    listener: TcpListener,
    url: String,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    // the cameras stop when the service does, for whatever reason
    let cameras_stop = stop.child_token();
    let _stop_cameras = cameras_stop.clone().drop_guard();
    let cameras = match &demo {
        Some(args) => {
            Some(demo::start(&database.pool, args, url.clone(), cameras_stop.clone()).await?)
        }
        None => None,
    };
    let newcomers = match &demo {
        Some(_) => demo::ensure_organisation(&database.pool).await?,
        None => None,
    };
    welcome(&database.pool, &url).await?;
    if let Some(newcomers) = newcomers {
        print(&newcomers.to_string())?;
    }
    let served = service::run(config, database.pools.clone(), listener, stop).await;
    cameras_stop.cancel();
    if let Some(cameras) = cameras {
        cameras.await?;
    }
    served
}

/// Says where the page is and how to sign in.
async fn welcome(db: &PgPool, url: &str) -> anyhow::Result<()> {
    let sign_in = match access::ensure_administrator(db).await? {
        Some((login, password)) => format!(
            "Sign in as {login} with the password {} (it is shown only this once).",
            password.reveal()
        ),
        None => "Sign in as before; `cityward password` makes a new password.".to_owned(),
    };
    print(&format!("Cityward is at {url}\n{sign_in}"))
}

async fn reset_password(args: &PasswordArgs) -> anyhow::Result<()> {
    let database = database::open(&args.data, Mode::Tool).await?;
    let outcome = match &args.login {
        Some(login) => access::reset_password(&database.pool, login)
            .await
            .and_then(|password| {
                let password = password.with_context(|| format!("nobody has the login {login}"))?;
                Ok((login.clone(), password))
            }),
        None => access::reset_administrator(&database.pool).await,
    };
    let printed = outcome.and_then(|(login, password)| {
        print(&format!("{login} now signs in with {}", password.reveal()))
    });
    let closed = database.close().await;
    printed.and(closed)
}

async fn erase_reporters(data: &DataConfig) -> anyhow::Result<()> {
    let database = database::open(data, Mode::Tool).await?;
    let erased = async {
        let now = TimeSource::System.now();
        let rules = Rules::open(database.pool.clone()).await?;
        upkeep::erase_reporters(&database.pool, &rules.in_force(now), now).await
    };
    let printed = erased.await.and_then(|erased| {
        print(&format!(
            "Erased the personal data of {} reporters whose cases ended before {}.",
            erased.reporters, erased.ended_before
        ))
    });
    let closed = database.close().await;
    printed.and(closed)
}

async fn verify_audit(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let database = database::open(&args.data, Mode::Tool).await?;
    let verdict = journal::verify(&database.pool, args.seal.as_ref()).await;
    database.close().await?;
    let verdict = verdict?;
    let looked_at = format!(
        "{} events of cases, {} other entries, {} seals",
        verdict.case_events, verdict.audit_entries, verdict.seals
    );
    if let Some(found) = verdict.first_break {
        print(&format!(
            "The record is broken: {found}.\nLooked at {looked_at}."
        ))?;
        return Ok(ExitCode::FAILURE);
    }
    let last = verdict.last_seal.map_or_else(String::new, |seal| {
        format!(
            "\nThe last seal is {}:{} of {}.",
            seal.number, seal.hash, seal.at
        )
    });
    print(&format!("The record is whole: {looked_at}.{last}"))?;
    Ok(ExitCode::SUCCESS)
}

/// What a person or a program asked for goes to standard output; the log does not.
fn print(text: &str) -> anyhow::Result<()> {
    writeln!(io::stdout().lock(), "{text}").context("cannot write to standard output")
}

/// Cancelled by SIGTERM or Ctrl-C.
fn stop_signal() -> anyhow::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for Ctrl-C")?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        stopped.cancel();
    });
    Ok(stop)
}

fn start_log(config: &LogConfig) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log).context("--log is not a filter")?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    match config.log_format {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}
