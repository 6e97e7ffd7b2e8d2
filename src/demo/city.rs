//! The whole demo city as data, from one seed.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::blocks::{self, Blocks};
use super::equipment::{self, Component};
use super::plan::{self, COLUMNS, Plan, ROWS};
use super::plane::middle;
use super::units::{self, Unit};
use super::watch::{self, Post};
use crate::space::{GroundPoint, LocalFrame, LocalPoint};

/// The middle of the demo city, WGS 84.
const MIDDLE: GroundPoint = GroundPoint {
    lon: 119.92,
    lat: 32.45,
};

/// Everything the demo city is made of; places are metres around [`City::frame`]'s origin.
#[derive(Debug, Serialize)]
pub struct City {
    pub(super) seed: u64,
    pub(super) plan: Plan,
    pub(super) blocks: Blocks,
    pub(super) components: Vec<Component>,
    pub(super) cells: Vec<Cell>,
    pub(super) units: Vec<Unit>,
    pub(super) posts: Vec<Post>,
}

/// A unit grid cell.
#[derive(Debug, Serialize)]
pub(super) struct Cell {
    /// 6 division + 3 sub-district + 3 community + 3 number.
    pub(super) code: String,
    /// 0 to 3.
    pub(super) quarter: usize,
    /// 0 to 19.
    pub(super) community: usize,
    pub(super) park: bool,
    pub(super) ring: Vec<LocalPoint>,
}

impl City {
    /// The same seed builds the same city.
    pub fn build(seed: u64) -> Self {
        // each part has a stream of its own, so that a change in one leaves the others alone
        let stream = |number: u64| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(number);
            rng
        };
        let plan = plan::plan(&mut stream(1));
        let blocks = blocks::blocks(&mut stream(2), &plan);
        let posts = watch::posts(&mut stream(3), &plan);
        let clearings: Vec<_> = posts.iter().map(Post::clearing).collect();
        let mut components = equipment::along_streets(&mut stream(4), &plan, &clearings);
        components.extend(posts.iter().flat_map(Post::components));
        Self {
            seed,
            cells: cells(&plan),
            units: units::units(),
            plan,
            blocks,
            components,
            posts,
        }
    }

    /// How its rows are marked in the database.
    pub fn source(&self) -> String {
        format!("demo:{}", self.seed)
    }

    pub(super) fn frame() -> LocalFrame {
        LocalFrame::at(MIDDLE)
    }

    /// SHA-256 over everything in it, as hexadecimal digits.
    pub fn digest(&self) -> anyhow::Result<String> {
        let digest = Sha256::digest(serde_json::to_vec(self)?);
        Ok(hex::encode(digest))
    }
}

/// The faces of the plan as cells, numbered in their community from north to south and in a row
/// from west to east.
fn cells(plan: &Plan) -> Vec<Cell> {
    let mut order: Vec<(usize, &plan::Face)> = plan
        .faces
        .iter()
        .map(|face| (community_of(face.column, face.row), face))
        .collect();
    order.sort_by(|(a, first), (b, second)| {
        let east = |face: &plan::Face| middle(&face.ring).east_m;
        a.cmp(b)
            .then(second.row.cmp(&first.row))
            .then(east(first).total_cmp(&east(second)))
    });
    let mut number = 0;
    let mut last = usize::MAX;
    order
        .into_iter()
        .map(|(community, face)| {
            number = if community == last { number + 1 } else { 1 };
            last = community;
            let quarter = community / 5;
            Cell {
                code: format!(
                    "321202{:03}{:03}{number:03}",
                    quarter + 1,
                    community % 5 + 1
                ),
                quarter,
                community,
                park: blocks::is_park(face.column, face.row),
                ring: face.ring.clone(),
            }
        })
        .collect()
}

/// Communities are five columns wide; a sub-district is four rows or so of them.
fn community_of(column: usize, row: usize) -> usize {
    let quarter = (row * 4 / ROWS).min(3);
    quarter * 5 + (column * 5 / COLUMNS).min(4)
}
