//! What a tile of a layer holds at which zoom: `tiles/<layer>.toml`.

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use super::column::{Column, Kind};
use super::dictionary::Dictionary;
use crate::tiles::TileCoord;

/// The whole of the file; unknown keys are refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Of a tile before compression.
    bytes_max: usize,
    keep_first: Option<KeepFirst>,
    zoom: Vec<Step>,
}

/// Which points stay longest where there are too many for a tile.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeepFirst {
    attribute: String,
    /// The most important first; others come last.
    values: Vec<String>,
}

/// In force from a zoom on.
#[derive(Debug, Deserialize)]
#[serde(tag = "show", rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    Summary {
        from: u8,
        /// Along the tile's edge.
        squares: u32,
        count_by: Option<String>,
        most_of: Option<String>,
    },
    Points {
        from: u8,
        attributes: Vec<String>,
    },
}

/// Finer ones would be smaller than a thing that is drawn.
const SQUARES_MAX: u32 = 64;

/// What tiles hold, with attributes as positions among the layer's columns.
#[derive(Debug)]
pub(in crate::tiles) struct Policy {
    pub(super) bytes_max: usize,
    keep_first: Option<(usize, Vec<String>)>,
    /// By the zoom from which on it is shown, falling; the last is from zoom 0.
    steps: Vec<(u8, Show)>,
    counted: Vec<usize>,
}

#[derive(Debug)]
pub(super) enum Show {
    /// How many points there are in squares.
    Summary(Summary),
    /// Every point with these columns.
    Points(Vec<usize>),
}

/// Positions among [`Policy::counted`], and in what is counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Summary {
    /// 2 to this power of squares stand along the tile's edge.
    pub(super) square_bits: u8,
    /// Counted for each of its values.
    pub(super) count_by: Option<u8>,
    /// Of which the most frequent value is named.
    pub(super) most_of: Option<u8>,
}

impl Policy {
    /// Reads a policy for these columns.
    ///
    /// # Errors
    /// What is not a policy, or one of other columns, or does not begin at zoom 0.
    pub(in crate::tiles) fn parse(text: &str, columns: &[Column]) -> anyhow::Result<Self> {
        let file: File = toml::from_str(text)?;
        let column = |key: &String| {
            let found = columns.iter().position(|column| column.key == key);
            found.with_context(|| format!("there is no attribute {key}"))
        };
        let mut counted = Vec::new();
        let mut count = |key: Option<String>| -> anyhow::Result<Option<u8>> {
            let Some(key) = key else { return Ok(None) };
            let column = column(&key)?;
            let shared = columns[column].kind == Kind::Shared;
            ensure!(shared, "{key} has too many values to be counted by");
            let known = counted.iter().position(|known| *known == column);
            let position = known.unwrap_or_else(|| {
                counted.push(column);
                counted.len() - 1
            });
            Ok(Some(u8::try_from(position)?))
        };
        let mut steps = Vec::new();
        for step in file.zoom {
            let (from, show) = match step {
                Step::Summary {
                    from,
                    squares,
                    count_by,
                    most_of,
                } => {
                    ensure!(
                        squares.is_power_of_two() && squares <= SQUARES_MAX,
                        "squares are a power of two, at most {SQUARES_MAX}"
                    );
                    let summary = Summary {
                        square_bits: u8::try_from(squares.trailing_zeros())?,
                        count_by: count(count_by)?,
                        most_of: count(most_of)?,
                    };
                    (from, Show::Summary(summary))
                }
                Step::Points { from, attributes } => {
                    let columns = attributes.iter().map(column);
                    (from, Show::Points(columns.collect::<anyhow::Result<_>>()?))
                }
            };
            ensure!(from <= TileCoord::ZOOM_MAX, "zoom {from} is none");
            steps.push((from, show));
        }
        steps.sort_by_key(|(from, _)| std::cmp::Reverse(*from));
        let rising = steps.windows(2).all(|pair| pair[0].0 > pair[1].0);
        ensure!(rising, "a zoom is there twice");
        let first = steps.last().map(|(from, _)| *from);
        ensure!(first == Some(0), "zoom 0 is missing");
        let keep_first = file.keep_first;
        Ok(Self {
            bytes_max: file.bytes_max,
            keep_first: keep_first
                .map(|first| anyhow::Ok((column(&first.attribute)?, first.values)))
                .transpose()?,
            steps,
            counted,
        })
    }

    /// Columns whose words are counted a bucket.
    pub(super) fn counted(&self) -> &[usize] {
        &self.counted
    }

    pub(super) fn at(&self, z: u8) -> &Show {
        let step = self.steps.iter().find(|(from, _)| *from <= z);
        &step.expect("there is one from zoom 0").1
    }

    /// The column that says how important a point is and the rank of each of its words, 0 first.
    pub(super) fn ranks(&self, dictionaries: &[Dictionary]) -> Option<(usize, Vec<u32>)> {
        let (column, values) = self.keep_first.as_ref()?;
        let words = &dictionaries[*column];
        let mut ranks = vec![u32::try_from(values.len()).ok()?; words.len()];
        for (rank, value) in (0..).zip(values) {
            if let Some(word) = words.find(super::column::Value::Text(value)) {
                ranks[word as usize] = rank;
            }
        }
        Some((*column, ranks))
    }
}
