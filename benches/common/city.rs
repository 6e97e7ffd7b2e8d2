//! A city to ask about: bent blocks that fit each other, components everywhere, rules.

use cityward::space::{GroundPoint, LocalFrame, LocalPoint};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::PgPool;

const SOUTH_WEST: GroundPoint = GroundPoint {
    lon: 119.92,
    lat: 32.45,
};
/// Side of a cell before its corners move, metres.
const BLOCK_M: f64 = 250.0;
/// Points on each side of a cell between its corners.
const BENDS: u32 = 3;
/// Components are dealt out to these in turn.
const CLASSES: [&str; 10] = [
    "C03005", "C01002", "C01003", "C01037", "C04002", "C04007", "C01013", "C01050", "C02010",
    "C02014",
];

/// A class with a rule of its own in half of the cells.
pub(crate) const MATTER: &str = "M06010";

pub(crate) struct CitySize {
    pub(crate) columns: u32,
    pub(crate) rows: u32,
    pub(crate) components: u32,
}

impl CitySize {
    pub(crate) fn cells(&self) -> u32 {
        self.columns * self.rows
    }
}

/// Places have nine digits, as files have: both sides read the very same numbers.
fn place(east_m: f64, north_m: f64) -> GroundPoint {
    let exact = LocalFrame::at(SOUTH_WEST).ground_from_local(LocalPoint { east_m, north_m });
    let nine_digits = |degrees: f64| (degrees * 1e9).round() / 1e9;
    GroundPoint {
        lon: nine_digits(exact.lon),
        lat: nine_digits(exact.lat),
    }
}

fn anywhere(size: &CitySize, random: &mut ChaCha8Rng) -> GroundPoint {
    // a little beyond the outer border too
    let mut along = |blocks: u32| random.random_range(-100.0..f64::from(blocks) * BLOCK_M + 100.0);
    place(along(size.columns), along(size.rows))
}

pub(crate) fn points(size: &CitySize, count: usize) -> Vec<GroundPoint> {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    (0..count).map(|_| anywhere(size, &mut random)).collect()
}

/// A vertex of the net of borders, in steps between bends, moved by what its place in the net
/// says: the same for all cells that share it.
fn vertex(x: u32, y: u32) -> GroundPoint {
    let seed = (u64::from(x) << 32) | u64::from(y);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let step_m = BLOCK_M / f64::from(BENDS + 1);
    let mut moved =
        |steps: u32| f64::from(steps) * step_m + random.random_range(-0.3..0.3) * step_m;
    place(moved(x), moved(y))
}

fn cell_wkt(column: u32, row: u32) -> String {
    let (x, y, side) = (column * (BENDS + 1), row * (BENDS + 1), BENDS + 1);
    let ring = (0..side)
        .map(|i| (x + i, y))
        .chain((0..side).map(|i| (x + side, y + i)))
        .chain((0..side).map(|i| (x + side - i, y + side)))
        .chain((0..=side).map(|i| (x, y + side - i)));
    let texts: Vec<String> = ring
        .map(|(x, y)| vertex(x, y))
        .map(|at| format!("{:.9} {:.9}", at.lon, at.lat))
        .collect();
    format!("MULTIPOLYGON((({})))", texts.join(","))
}

pub(crate) async fn build(db: &PgPool, size: &CitySize) -> anyhow::Result<()> {
    sqlx::query("insert into edition (note, source) values ('bench', 'bench')")
        .execute(db)
        .await?;
    sqlx::query(
        "insert into unit (credit_code, name_zh, name_en)
         select '11321200MB' || to_char(number, 'fm0000000') || 'X', '单位' || number, 'Unit ' || number
         from generate_series(1, 40) as number",
    )
    .execute(db)
    .await?;
    let borders: Vec<String> = (0..size.rows)
        .flat_map(|row| (0..size.columns).map(move |column| cell_wkt(column, row)))
        .collect();
    sqlx::query(
        "insert into cell (code, geom, edition_id)
         -- communities of 500: each has 999 codes for all times
         select '321202' || to_char(number / 500, 'fm000000') || to_char(number % 500 + 1, 'fm000'),
             st_geomfromtext(wkt, 4326), 1
         from unnest($1::text[]) with ordinality as borders (wkt, number)",
    )
    .bind(&borders)
    .execute(db)
    .await?;
    // every cell has a default, every second one a rule for the class
    sqlx::query(
        "insert into responsibility (cell_id, class_code, unit_id, edition_id)
         select cell_id, null, cell_id % 20 + 1, 1 from cell
         union all
         select cell_id, $1, cell_id % 20 + 21, 1 from cell where cell_id % 2 = 0",
    )
    .bind(MATTER)
    .execute(db)
    .await?;
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let places: Vec<GroundPoint> = (0..size.components)
        .map(|_| anywhere(size, &mut random))
        .collect();
    for places in places.chunks(100_000) {
        sqlx::query(
            "insert into component (class_code, geom, maintenance_unit_id, source)
             select ($3::text[])[number % 10 + 1], st_setsrid(st_makepoint(lon, lat), 4326),
                    case when number % 3 = 0 then number % 40 + 1 end, 'bench'
             from unnest($1::float8[], $2::float8[]) with ordinality as places (lon, lat, number)",
        )
        .bind(places.iter().map(|at| at.lon).collect::<Vec<_>>())
        .bind(places.iter().map(|at| at.lat).collect::<Vec<_>>())
        .bind(CLASSES.to_vec())
        .execute(db)
        .await?;
    }
    sqlx::query("vacuum analyze").execute(db).await?;
    Ok(())
}
