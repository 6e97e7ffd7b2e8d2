//! Every setting, with its documentation: a flag is a variable, `--help` lists all.
//!
//! Facts are not settings: cameras, calibrations, cells and rules are rows; models are manifests.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use secrecy::SecretString;

use crate::time::TimeSource;

/// How the program tells what it does; on standard error.
#[derive(Debug, Clone, Args)]
pub struct LogConfig {
    /// What to log, as `tracing` filters: `debug`, or `info,cityward::import=debug`.
    #[arg(
        long,
        env = "CITYWARD_LOG",
        default_value = "info,sqlx=error,tiny_skia=error,pgwire_replication=off",
        global = true
    )]
    pub log: String,

    /// How log lines look.
    #[arg(
        long,
        env = "CITYWARD_LOG_FORMAT",
        value_enum,
        default_value_t = LogFormat::Text,
        global = true
    )]
    pub log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line, for log collectors.
    Json,
}

/// What every command needs: where the data is.
#[derive(Debug, Clone, Args)]
pub struct DataConfig {
    /// PostgreSQL server with PostGIS 3.3 or newer; without it a private one is started in the
    /// data folder.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<SecretString>,

    /// Folder for the embedded database and evidence pictures.
    #[arg(long, env = "CITYWARD_DATA_DIR", default_value = "data")]
    pub data_dir: PathBuf,

    /// Folder with `postgres` and `initdb` for the embedded database; default: the newest
    /// version 15 or newer of this machine.
    #[arg(long, env = "CITYWARD_POSTGRES_BIN")]
    pub postgres_bin: Option<PathBuf>,

    /// Most connections to the database at a time.
    #[arg(long, env = "CITYWARD_DATABASE_CONNECTIONS_MAX", default_value_t = 16)]
    pub database_connections_max: u32,
}

/// The web server.
#[derive(Debug, Clone, Args)]
pub struct HttpConfig {
    /// Address and port to listen on.
    #[arg(long, env = "CITYWARD_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Folder with the built pages.
    #[arg(long, env = "CITYWARD_WEB_DIR", default_value = "web/dist")]
    pub web_dir: PathBuf,

    /// Bearer token that may read /metrics; without it only this machine may.
    #[arg(long, env = "CITYWARD_METRICS_TOKEN", hide_env_values = true)]
    pub metrics_token: Option<SecretString>,

    /// Addresses of the proxies in front of the service, comma between: what they say in
    /// X-Forwarded-For is the client's address, by which questions are counted. Nobody else's word
    /// is taken for it.
    #[arg(long, env = "CITYWARD_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<IpAddr>,

    /// Hours a person stays signed in.
    #[arg(long, env = "CITYWARD_SESSION_H", default_value_t = 12)]
    pub session_h: u32,

    /// Mark the session cookie Secure; set it where TLS ends in front of the service.
    #[arg(long, env = "CITYWARD_COOKIE_SECURE")]
    pub cookie_secure: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TileChanges {
    /// From the server's log of commits: a logical replication slot.
    CommitLog,
    /// Written down by triggers.
    Written,
}

/// Vector tiles.
#[derive(Debug, Clone, Args)]
pub struct TileConfig {
    /// Bytes of finished tiles kept in memory.
    #[arg(long, env = "CITYWARD_TILE_CACHE_BYTES", default_value_t = 256 << 20)]
    pub tile_cache_bytes: usize,

    /// How the tiles of points learn of changes. Where the server does not give its log of commits,
    /// what is written down is followed.
    #[arg(
        long,
        env = "CITYWARD_TILE_CHANGES",
        value_enum,
        default_value_t = TileChanges::CommitLog
    )]
    pub tile_changes: TileChanges,

    /// Bytes of the log of commits that the server may have to keep for the tiles; beyond, they let go
    /// of it and read everything anew.
    #[arg(long, env = "CITYWARD_TILE_LOG_KEPT_BYTES_MAX", default_value_t = 1 << 30)]
    pub tile_log_kept_bytes_max: u64,

    /// A PMTiles archive, as `cityward tiles export --layer basemap` writes it, that is the base map
    /// if it is there when the service starts; without it the database's is.
    #[arg(
        long,
        env = "CITYWARD_BASEMAP_FILE",
        default_value = "tiles/basemap.pmtiles"
    )]
    pub basemap_file: PathBuf,

    /// Origins whose pages may read tiles, as `https://map.example.org`, separated by commas;
    /// without it only our own pages may.
    #[arg(long, env = "CITYWARD_TILE_ORIGINS", value_delimiter = ',', value_parser = origin)]
    pub tile_origins: Vec<String>,
}

/// A scheme and a host, as browsers write an origin.
fn origin(text: &str) -> Result<String, String> {
    text.strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .filter(|host| {
            let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
            !host.is_empty() && host.chars().all(plain)
        })
        .map(|_| text.to_ascii_lowercase())
        .ok_or_else(|| "must be a scheme and a host, like https://map.example.org".to_owned())
}

/// The door frames come in by.
#[derive(Debug, Clone, Args)]
pub struct IntakeConfig {
    /// Largest picture accepted, bytes.
    #[arg(long, env = "CITYWARD_FRAME_BYTES_MAX", default_value_t = 8 << 20)]
    pub frame_bytes_max: usize,

    /// Most pixels in a picture accepted; guards against decompression bombs.
    #[arg(long, env = "CITYWARD_FRAME_PIXELS_MAX", default_value_t = 3840 * 2160)]
    pub frame_pixels_max: u32,

    /// Frames waiting per camera; when full the newest takes the place of the oldest.
    #[arg(long, env = "CITYWARD_CAMERA_QUEUE_MAX", default_value_t = 2)]
    pub camera_queue_max: usize,

    /// Frames waiting over all cameras; beyond it the answer is 429.
    #[arg(long, env = "CITYWARD_QUEUE_MAX", default_value_t = 256)]
    pub queue_max: usize,

    /// How long the frame at the head may have waited, milliseconds; beyond it whatever would make the
    /// queue longer is answered with 429: what comes late to the map is worth less than a newer frame.
    #[arg(long, env = "CITYWARD_QUEUE_WAIT_MAX_MS", default_value_t = 1200)]
    pub queue_wait_max_ms: u32,

    /// Bytes of pictures waiting over all cameras; beyond it the answer is 429.
    #[arg(long, env = "CITYWARD_QUEUE_BYTES_MAX", default_value_t = 256 << 20)]
    pub queue_bytes_max: usize,

    /// How far a capture time may lie in the future, seconds.
    #[arg(long, env = "CITYWARD_CLOCK_SKEW_S_MAX", default_value_t = 5)]
    pub clock_skew_s_max: u32,

    /// A camera from which no frame came in for this long is offline, seconds.
    #[arg(long, env = "CITYWARD_CAMERA_OFFLINE_S", default_value_t = 120)]
    pub camera_offline_s: u32,
}

/// Cameras that are asked for their pictures.
#[derive(Debug, Clone, Args)]
pub struct PullConfig {
    /// Key under which cameras' passwords are kept, 32 bytes in base64; default: one that is made in
    /// the data folder. Services that share a database share it.
    #[arg(long, env = "CITYWARD_SOURCE_KEY_FILE")]
    pub source_key_file: Option<PathBuf>,

    /// Let cameras' addresses lead to this machine and its link; for a gateway on the same machine,
    /// and for trying it out.
    #[arg(long, env = "CITYWARD_SOURCE_ALLOW_LOCAL")]
    pub source_allow_local: bool,

    /// Cameras this process pulls at a time; of more, other processes on the same database take
    /// the rest.
    #[arg(long, env = "CITYWARD_PULLS_MAX", default_value_t = 1000)]
    pub pulls_max: u32,

    /// Wait after a source failed for the first time, milliseconds; it doubles each time, up to 300
    /// times as long.
    #[arg(long, env = "CITYWARD_PULL_RETRY_MS", default_value_t = 1_000)]
    pub pull_retry_ms: u32,

    /// The ffmpeg that decodes key frames of H.264 and H.265.
    #[arg(long, env = "CITYWARD_FFMPEG", default_value = "ffmpeg")]
    pub ffmpeg: PathBuf,
}

/// The view library (GA/T 1400) that devices register in.
#[derive(Debug, Clone, Args)]
pub struct ViidConfig {
    /// How often devices are set to say that they are there, seconds; a device of which three fail to
    /// come has to register anew.
    #[arg(long, env = "CITYWARD_VIID_KEEPALIVE_S", default_value_t = 90)]
    pub viid_keepalive_s: u32,

    /// Whether a registered device is believed by the address it registered from; false: every call
    /// needs the digest of its platform, as it should where devices share an address. What comes
    /// from this machine, or through a proxy that the trusted ones do not name, needs it always.
    #[arg(
        long,
        env = "CITYWARD_VIID_ADDRESS_SUFFICES",
        default_value_t = true,
        action = clap::ArgAction::Set
    )]
    pub viid_address_suffices: bool,

    /// The library's own number, 20 digits, as devices are told it.
    #[arg(
        long,
        env = "CITYWARD_VIID_SERVER_ID",
        default_value = "00000000005030000001"
    )]
    pub viid_server_id: String,

    /// Cameras that a platform may make known, with those it took out again; an administrator may add
    /// more.
    #[arg(long, env = "CITYWARD_VIID_CAMERAS_MAX", default_value_t = 20_000)]
    pub viid_cameras_max: u32,
}

/// What a network computes on, where the ONNX Runtime library offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExecutionProvider {
    Cpu,
    /// Intel's OpenVINO on the CPU.
    Openvino,
    /// Intel's OpenVINO on the graphics processor.
    OpenvinoGpu,
    /// An NVIDIA GPU.
    Cuda,
    /// An NVIDIA GPU, each network compiled for it when it is loaded.
    Tensorrt,
}

impl fmt::Display for ExecutionProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

/// What runs models.
#[derive(Debug, Clone, Args)]
pub struct RuntimeConfig {
    /// ONNX Runtime shared library (libonnxruntime.so, 1.24 or newer).
    #[arg(
        long,
        env = "ORT_DYLIB_PATH",
        default_value = ".cache/onnxruntime/libonnxruntime.so"
    )]
    pub onnxruntime: PathBuf,

    /// What networks compute on, in the order of preference, comma between; what none of them takes
    /// the CPU does, and /readyz says so.
    #[arg(
        long,
        env = "CITYWARD_EXECUTION_PROVIDERS",
        value_enum,
        value_delimiter = ',',
        default_value = "cpu"
    )]
    pub execution_providers: Vec<ExecutionProvider>,
}

/// The detector.
#[derive(Debug, Clone, Args)]
pub struct VisionConfig {
    /// Folders of the models, comma between: in each a manifest and an .onnx. A camera is looked
    /// at by all of them, or by those it names.
    #[arg(
        long = "model-dir",
        env = "CITYWARD_MODEL_DIR",
        value_delimiter = ',',
        default_value = "models/street-events"
    )]
    pub model_dirs: Vec<PathBuf>,

    /// Folder of a model that looks beside the others, files nothing and is only compared.
    #[arg(long, env = "CITYWARD_SHADOW_MODEL_DIR")]
    pub shadow_model_dir: Option<PathBuf>,

    #[command(flatten)]
    pub runtime: RuntimeConfig,

    /// Bytes that the median backgrounds of cameras may take: 3.3 MB a camera. Cameras with zones
    /// come first; who finds no room is told in /metrics and on its page.
    #[arg(
        long,
        env = "CITYWARD_BACKGROUND_BYTES_MAX",
        default_value_t = 512 << 20
    )]
    pub background_bytes_max: usize,

    /// Detector threads, each with a session of its own; 0: one per core.
    #[arg(long, env = "CITYWARD_DETECTORS", default_value_t = 0)]
    pub detectors: usize,
}

/// Personal data.
#[derive(Debug, Clone, Args)]
pub struct PrivacyConfig {
    /// Keys that seal reporters' names and phones and originals of pictures, a line each,
    /// `<name> <32 bytes in base64>`; default: one that is made in the data folder. Whoever loses it
    /// loses the data.
    #[arg(long, env = "CITYWARD_REPORTER_KEY_FILE")]
    pub reporter_key_file: Option<PathBuf>,

    /// Folders of the models that find what is made unrecognisable in pictures before they are
    /// stored or shown, comma between: between them they must find faces, plates, people and cars.
    #[arg(
        long = "privacy-model-dir",
        env = "CITYWARD_PRIVACY_MODEL_DIR",
        value_delimiter = ',',
        default_value = "models/faces,models/plates,models/road-users"
    )]
    pub privacy_model_dirs: Vec<PathBuf>,

    /// Days for which the original of a picture with something made unrecognisable is kept, sealed.
    #[arg(
        long,
        env = "CITYWARD_ORIGINAL_DAYS",
        default_value_t = 30,
        value_parser = clap::value_parser!(u32).range(1..=365)
    )]
    pub original_days: u32,
}

/// Deliveries to systems of units.
#[derive(Debug, Clone, Args)]
pub struct WebhookConfig {
    /// Key under which webhooks' secrets are kept, and passwords for view libraries that the city
    /// subscribes to: 32 bytes in base64; default: one that is made in the data folder. Services that
    /// share a database share it.
    #[arg(long, env = "CITYWARD_WEBHOOK_KEY_FILE")]
    pub webhook_key_file: Option<PathBuf>,

    /// Let webhooks, and view libraries that the city subscribes to, lead to this machine and its link;
    /// for trying them out.
    #[arg(long, env = "CITYWARD_WEBHOOK_ALLOW_LOCAL")]
    pub webhook_allow_local: bool,

    /// How long a webhook has to answer, milliseconds.
    #[arg(long, env = "CITYWARD_WEBHOOK_TIMEOUT_MS", default_value_t = 10_000)]
    pub webhook_timeout_ms: u32,

    /// Wait before a delivery is tried for the second time, milliseconds; it doubles each time.
    #[arg(long, env = "CITYWARD_WEBHOOK_RETRY_MS", default_value_t = 5_000)]
    pub webhook_retry_ms: u32,

    /// Attempts after which a delivery is set aside as dead.
    #[arg(long, env = "CITYWARD_WEBHOOK_ATTEMPTS_MAX", default_value_t = 16)]
    pub webhook_attempts_max: u32,
}

/// Signing in through the organisation's own provider (OpenID Connect).
#[derive(Debug, Clone, Args)]
pub struct OidcConfig {
    /// Where browsers reach the service, without a path: `https://city.example.org`. Providers
    /// send people back there.
    #[arg(long, env = "CITYWARD_PUBLIC_URL")]
    pub public_url: Option<String>,

    /// The provider's issuer URL; with it people may sign in there.
    #[arg(long, env = "CITYWARD_OIDC_ISSUER")]
    pub oidc_issuer: Option<String>,

    /// What the provider knows the service by.
    #[arg(long, env = "CITYWARD_OIDC_CLIENT_ID")]
    pub oidc_client_id: Option<String>,

    /// The service's secret at the provider; without it only PKCE protects the code.
    #[arg(long, env = "CITYWARD_OIDC_CLIENT_SECRET", hide_env_values = true)]
    pub oidc_client_secret: Option<SecretString>,

    /// What the sign-in page calls the provider.
    #[arg(long, env = "CITYWARD_OIDC_NAME", default_value = "OpenID Connect")]
    pub oidc_name: String,

    /// The claim by which somebody is linked to the person of whom an administrator has said that
    /// the provider calls them so; from then on their subject counts.
    #[arg(
        long,
        env = "CITYWARD_OIDC_LOGIN_CLAIM",
        default_value = "preferred_username"
    )]
    pub oidc_login_claim: String,
}

/// Everything `serve` needs.
#[derive(Debug, Clone, Args)]
pub struct Config {
    #[command(flatten)]
    pub data: DataConfig,
    #[command(flatten)]
    pub http: HttpConfig,
    #[command(flatten)]
    pub tiles: TileConfig,
    #[command(flatten)]
    pub intake: IntakeConfig,
    #[command(flatten)]
    pub pull: PullConfig,
    #[command(flatten)]
    pub viid: ViidConfig,
    #[command(flatten)]
    pub vision: VisionConfig,
    #[command(flatten)]
    pub oidc: OidcConfig,
    #[command(flatten)]
    pub privacy: PrivacyConfig,
    #[command(flatten)]
    pub webhook: WebhookConfig,
    /// Not a setting: the machine's time, unless the program that runs the service gives another.
    #[clap(skip)]
    pub time: TimeSource,
}
