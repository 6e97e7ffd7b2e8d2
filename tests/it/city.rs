//! `TestCity`: a database of its own for every test, in a server that the product's own code
//! starts once per run.
//!
//! With `CITYWARD_TEST_DATABASE_URL` the given server is used instead (its role must be allowed
//! to create databases and extensions).

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use cityward::database::{self, Cluster, Pools};
use cityward::space::{GroundPoint, LocalFrame, LocalPoint};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};
use tokio::runtime;
use tokio::sync::OnceCell;

/// South-west corner of the test city.
pub(crate) const ORIGIN: GroundPoint = GroundPoint {
    lon: 119.92,
    lat: 32.45,
};

/// Side of a cell of [`TestCity::cells`], metres.
pub(crate) const CELL_M: f64 = 100.0;

/// A city in a fresh, migrated database: the classes are there, nothing else is.
pub(crate) struct TestCity {
    pub(crate) db: PgPool,
    /// How to connect to this city's database.
    pub(crate) options: PgConnectOptions,
    /// Dropped with the test; `None`: the database is a program's.
    _own: Option<OwnDatabase>,
}

/// A test's database, which goes when the test does: with it go connections that a service left
/// behind when its test's runtime ended, and with hundreds of tests those would fill the server.
struct OwnDatabase {
    admin: PgConnectOptions,
    name: String,
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        let (admin, name) = (self.admin.clone(), self.name.clone());
        let dropping = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let mut admin = PgConnection::connect_with(&admin).await?;
                drop_database(&mut admin, &name).await?;
                admin.close().await
            })
        });
        // a test that fails is to say why, not that its database is still there
        if let Ok(Err(error)) = dropping.join() {
            println!("{} stays: {error}", self.name);
        }
    }
}

/// A place `east_m`, `north_m` from [`ORIGIN`].
pub(crate) fn place(east_m: f64, north_m: f64) -> GroundPoint {
    LocalFrame::at(ORIGIN).ground_from_local(LocalPoint { east_m, north_m })
}

impl TestCity {
    pub(crate) async fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = Server::of_this_run().await;
        let name = format!(
            "cityward_test_{}_{}",
            process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let mut admin = PgConnection::connect_with(&server.options).await.unwrap();
        server.copy_template(&mut admin, &name).await;
        admin.close().await.unwrap();
        let options = server.options.clone().database(&name);
        let db = PgPoolOptions::new()
            .max_connections(8)
            .connect_with(options.clone())
            .await
            .unwrap();
        let own = OwnDatabase {
            admin: server.options.clone(),
            name,
        };
        Self {
            db,
            options,
            _own: Some(own),
        }
    }

    /// The connections a service works with; `db` is the owner's, for setting up.
    pub(crate) fn pools(&self) -> Pools {
        Pools::of(&self.options, 8)
    }

    /// The city in the embedded database of a running program.
    pub(crate) async fn of_program(data: &Path) -> Self {
        let options = Cluster::join(data).await.unwrap().options();
        let db = PgPoolOptions::new()
            .max_connections(2)
            .connect_with(options.clone())
            .await
            .unwrap();
        Self {
            db,
            options,
            _own: None,
        }
    }

    /// The city in a server of its own, which a test may hurt. It stops with what is returned beside.
    pub(crate) async fn in_a_server_of_its_own() -> (Self, (Cluster, Child)) {
        let server = server_of_our_own().await;
        let options = server.0.options();
        let db = PgPoolOptions::new()
            .max_connections(8)
            .connect_with(options.clone())
            .await
            .unwrap();
        database::prepare(&db).await.unwrap();
        let city = Self {
            db,
            options,
            _own: None,
        };
        (city, server)
    }

    /// A responsible unit; the number makes its credit code. Returns its id.
    pub(crate) async fn unit(&self, number: u32) -> i32 {
        sqlx::query_scalar(
            "insert into unit (credit_code, name_zh, name_en, valid)
             values ($1, $2, $3, tstzrange('2020-01-01', null)) returning unit_id",
        )
        .bind(format!("11321200MB{number:07}X"))
        .bind(format!("责任单位{number}"))
        .bind(format!("Unit {number}"))
        .fetch_one(&self.db)
        .await
        .unwrap()
    }

    /// A publication of cells and responsibilities. Returns its id.
    pub(crate) async fn edition(&self) -> i32 {
        sqlx::query_scalar(
            "insert into edition (note, source, published_at)
             values ('test', 'test', '2020-01-01') returning edition_id",
        )
        .fetch_one(&self.db)
        .await
        .unwrap()
    }

    /// A grid of square cells of [`CELL_M`] with its south-west corner at [`ORIGIN`], row by row
    /// from the south. Returns their ids in that order.
    pub(crate) async fn cells(&self, edition: i32, columns: u32, rows: u32) -> Vec<i32> {
        let mut ids = Vec::new();
        for row in 0..rows {
            for column in 0..columns {
                let (west, south) = (f64::from(column) * CELL_M, f64::from(row) * CELL_M);
                let from = place(west, south);
                let to = place(west + CELL_M, south + CELL_M);
                let id = sqlx::query_scalar(
                    "insert into cell (code, name, geom, edition_id, valid)
                     values ($1, $2, st_multi(st_makeenvelope($3, $4, $5, $6, 4326)), $7,
                             tstzrange('2020-01-01', null))
                     returning cell_id",
                )
                .bind(format!("321202001001{:03}", row * columns + column + 1))
                .bind(format!("cell {column},{row}"))
                .bind(from.lon)
                .bind(from.lat)
                .bind(to.lon)
                .bind(to.lat)
                .bind(edition)
                .fetch_one(&self.db)
                .await
                .unwrap();
                ids.push(id);
            }
        }
        ids
    }

    /// Who is responsible in a cell: for one class, or without one for all others.
    pub(crate) async fn responsible(
        &self,
        edition: i32,
        cell: i32,
        class: Option<&str>,
        unit: i32,
    ) -> i32 {
        sqlx::query_scalar(
            "insert into responsibility (cell_id, class_code, unit_id, edition_id, valid)
             values ($1, $2, $3, $4, tstzrange('2020-01-01', null)) returning responsibility_id",
        )
        .bind(cell)
        .bind(class)
        .bind(unit)
        .bind(edition)
        .fetch_one(&self.db)
        .await
        .unwrap()
    }

    /// A component with a point as its shape. Returns its id.
    pub(crate) async fn component(
        &self,
        class: &str,
        at: GroundPoint,
        maintenance_unit: Option<i32>,
    ) -> i64 {
        sqlx::query_scalar(
            "insert into component (class_code, geom, maintenance_unit_id, source)
             values ($1, $2, $3, 'test') returning component_id",
        )
        .bind(class)
        .bind(at)
        .bind(maintenance_unit)
        .fetch_one(&self.db)
        .await
        .unwrap()
    }

    /// Somebody with this role, for the whole city; its name is the login and the session's cookie.
    pub(crate) async fn signed_in(&self, role: &str) {
        sqlx::query(
            "with new_person as (
                 insert into person (login, name, password_hash) values ($1, $1, 'none')
                 returning person_id),
             new_session as (
                 insert into session (token_sha256, person_id, created_at, expires_at)
                 select $2, person_id, now(), now() + interval '1 day' from new_person)
             insert into role_grant (person_id, role) select person_id, $1::role from new_person",
        )
        .bind(role)
        .bind(Sha256::digest(role).to_vec())
        .execute(&self.db)
        .await
        .unwrap();
    }

    /// Two cells of one unit, and a platform's camera `cam-1` that sees them. Returns the platform's
    /// token.
    pub(crate) async fn watched(&self) -> String {
        let edition = self.edition().await;
        let unit = self.unit(1).await;
        for cell in self.cells(edition, 2, 1).await {
            self.responsible(edition, cell, None, unit).await;
        }
        let (platform, token) = self.platform("video").await;
        self.camera("cam-1", platform).await;
        token
    }

    /// A video platform. Returns its id and its bearer token.
    pub(crate) async fn platform(&self, name: &str) -> (i32, String) {
        let token = format!("token-of-{name}");
        let id = sqlx::query_scalar(
            "insert into platform (name, token_sha256) values ($1, $2) returning platform_id",
        )
        .bind(name)
        .bind(Sha256::digest(&token).to_vec())
        .fetch_one(&self.db)
        .await
        .unwrap();
        (id, token)
    }

    /// A camera at [`ORIGIN`]; see [`camera_at`](Self::camera_at).
    pub(crate) async fn camera(&self, id: &str, platform: i32) {
        self.camera_at(id, platform, 0.0).await;
    }

    /// A camera `east_m` of [`ORIGIN`] with a 1280 × 720 picture that shows the square of 40 m
    /// north-east of it from straight above, so that a pixel is 1/32 m wide and 1/18 m high. It
    /// belongs to `platform`.
    pub(crate) async fn camera_at(&self, id: &str, platform: i32, east_m: f64) {
        sqlx::query(
            "insert into camera (camera_id, platform_id, name_zh, name_en, location, height_m)
             values ($1, $2, $3, $4, $5, 8)",
        )
        .bind(id)
        .bind(platform)
        .bind(format!("摄像机 {id}"))
        .bind(format!("Camera {id}"))
        .bind(place(east_m, 0.0))
        .execute(&self.db)
        .await
        .unwrap();
        let pair = |x: f64, y: f64| {
            let on_ground = place(east_m + x / 32.0, (720.0 - y) / 18.0);
            json!({ "x": x, "y": y, "lon": on_ground.lon, "lat": on_ground.lat })
        };
        let pairs = json!([
            pair(0.0, 0.0),
            pair(1280.0, 0.0),
            pair(1280.0, 720.0),
            pair(0.0, 720.0)
        ]);
        let (from, to) = (place(east_m, 0.0), place(east_m + 40.0, 40.0));
        sqlx::query(
            "insert into calibration
                 (camera_id, version, image_width_px, image_height_px, pairs, ground)
             values ($1, 1, 1280, 720, $2, st_makeenvelope($3, $4, $5, $6, 4326))",
        )
        .bind(id)
        .bind(pairs)
        .bind(from.lon)
        .bind(from.lat)
        .bind(to.lon)
        .bind(to.lat)
        .execute(&self.db)
        .await
        .unwrap();
    }
}

/// The server of this run, with a template database to copy from.
struct Server {
    options: PgConnectOptions,
    template: String,
    _private: Option<(Cluster, Child)>,
}

impl Server {
    async fn of_this_run() -> &'static Self {
        static SERVER: OnceCell<Server> = OnceCell::const_new();
        SERVER.get_or_init(Self::start).await
    }

    async fn start() -> Self {
        let template = format!("cityward_test_{}_template", process::id());
        let given = std::env::var("CITYWARD_TEST_DATABASE_URL");
        let (options, private) = match given {
            Ok(url) => (url.parse::<PgConnectOptions>().unwrap(), None),
            Err(_) => {
                let own = server_of_our_own().await;
                (own.0.options(), Some(own))
            }
        };
        let options = options.database("postgres");
        let mut admin = PgConnection::connect_with(&options).await.unwrap();
        if private.is_some() {
            hurry(&mut admin).await;
        } else {
            drop_leftovers(&mut admin).await;
        }
        sqlx::query(&format!("create database {template}"))
            .execute(&mut admin)
            .await
            .unwrap();
        admin.close().await.unwrap();
        let db = PgPoolOptions::new()
            .connect_with(options.clone().database(&template))
            .await
            .unwrap();
        database::prepare(&db).await.unwrap();
        db.close().await;
        Self {
            options,
            template,
            _private: private,
        }
    }

    async fn copy_template(&self, admin: &mut PgConnection, name: &str) {
        let template = &self.template;
        sqlx::query(&format!("create database {name} template {template}"))
            .execute(admin)
            .await
            .unwrap();
    }
}

/// A server, and who stops it when this process ends.
async fn server_of_our_own() -> (Cluster, Child) {
    let folder = tempfile::Builder::new()
        .prefix("cityward-test-")
        .tempdir()
        .unwrap()
        .keep();
    let cluster = Cluster::start(&folder, None).await.unwrap();
    let sweeper = sweep_after_us(&folder).unwrap();
    (cluster, sweeper)
}

/// What is thrown away at the end need not survive a power cut.
async fn hurry(admin: &mut PgConnection) {
    for setting in ["fsync = off", "full_page_writes = off"] {
        sqlx::query(&format!("alter system set {setting}"))
            .execute(&mut *admin)
            .await
            .unwrap();
    }
    sqlx::query("select pg_reload_conf()")
        .execute(admin)
        .await
        .unwrap();
}

/// Also one that a service still follows: `force` does not cut off who reads its log, and who is cut
/// off would begin anew.
async fn drop_database(admin: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    let close = format!("alter database {name} allow_connections false");
    match sqlx::query(&close).execute(&mut *admin).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(NO_SUCH_DATABASE) => {
            return Ok(());
        }
        closed => closed?,
    };
    sqlx::query("select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where database = $1")
        .bind(name)
        .execute(&mut *admin)
        .await?;
    sqlx::query(&format!("drop database {name} with (force)"))
        .execute(admin)
        .await?;
    Ok(())
}

/// PostgreSQL's code.
const NO_SUCH_DATABASE: &str = "3D000";

/// Drops the databases of runs that are over: a given server outlives us.
async fn drop_leftovers(admin: &mut PgConnection) {
    let names: Vec<String> = sqlx::query_scalar(
        "select datname from pg_database where datname ~ '^cityward_test_[0-9]+_'",
    )
    .fetch_all(&mut *admin)
    .await
    .unwrap();
    for name in names {
        let pid = name.split('_').nth(2).unwrap();
        if Path::new("/proc").join(pid).exists() {
            continue;
        }
        let dropped = drop_database(admin, &name).await;
        if let Err(error) = dropped {
            println!("{name} is left for the next run: {error}");
        }
    }
}

/// Stops the server and removes its folder when this process ends, however it ends: the child
/// waits for the pipe to us to close.
fn sweep_after_us(folder: &Path) -> io::Result<Child> {
    Command::new("sh")
        .arg("-c")
        .arg(
            r#"read -r _; pid=$(head -n 1 "$1/pg/postmaster.pid") && kill -QUIT "$pid"
               while kill -0 "$pid"; do sleep 0.1; done; rm -rf "$1""#,
        )
        .arg("sweep")
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}
