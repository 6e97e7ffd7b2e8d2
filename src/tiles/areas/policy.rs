//! What a tile of a layer of areas holds at which zoom: `tiles/<layer>.toml`.

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::tiles::TileCoord;
use crate::tiles::world::EXTENT;

/// The whole of the file; unknown keys are refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    bytes_max: usize,
    side_units_min: u32,
    labels_from: u8,
    zoom: Vec<Step>,
}

/// In force from a zoom on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    from: u8,
    attributes: Vec<String>,
}

/// What tiles hold, with attributes as positions among the layer's keys.
#[derive(Debug, Clone)]
pub(in crate::tiles) struct AreaPolicy {
    /// Of a tile before compression.
    pub(super) bytes_max: usize,
    /// Areas are drawn from the zoom at which the middle one, by size, would be a square of so many
    /// tile units a side.
    pub(super) side_units_min: u32,
    /// The first zoom that has their names.
    pub(super) labels_from: u8,
    /// By the zoom from which on areas have them, falling; the last is from zoom 0.
    steps: Vec<(u8, Vec<u8>)>,
}

impl AreaPolicy {
    /// Reads a policy for a layer with these keys.
    ///
    /// # Errors
    /// What is not a policy, or one of other keys, or does not begin at zoom 0.
    pub(in crate::tiles) fn parse(text: &str, keys: &[&str]) -> anyhow::Result<Self> {
        let file: File = toml::from_str(text)?;
        let key = |name: &String| {
            let found = keys.iter().position(|key| key == name);
            let found = found.with_context(|| format!("there is no attribute {name}"))?;
            anyhow::Ok(u8::try_from(found)?)
        };
        let mut steps = Vec::new();
        for step in &file.zoom {
            let attributes = step.attributes.iter().map(key);
            steps.push((step.from, attributes.collect::<anyhow::Result<Vec<_>>>()?));
        }
        steps.sort_by_key(|(from, _)| std::cmp::Reverse(*from));
        let rising = steps.windows(2).all(|pair| pair[0].0 > pair[1].0);
        ensure!(rising, "a zoom is there twice");
        let first = steps.last().map(|(from, _)| *from);
        ensure!(first == Some(0), "zoom 0 is missing");
        for from in [steps[0].0, file.labels_from] {
            ensure!(from <= TileCoord::ZOOM_MAX, "zoom {from} is none");
        }
        let side = file.side_units_min;
        ensure!(
            (1..=EXTENT).contains(&side),
            "a side is 1 to {EXTENT} units, not {side}"
        );
        Ok(Self {
            bytes_max: file.bytes_max,
            side_units_min: side,
            labels_from: file.labels_from,
            steps,
        })
    }

    /// The keys that areas have at a zoom.
    pub(super) fn keys_at(&self, z: u8) -> &[u8] {
        let step = self.steps.iter().find(|(from, _)| *from <= z);
        &step.expect("there is one from zoom 0").1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiles::areas::AreaSet;

    #[test]
    fn those_that_are_shipped_fit_their_layers() {
        for set in [AreaSet::Cells, AreaSet::Areas] {
            let all = set.policy().keys_at(16);
            assert_eq!(all.len(), set.spec().keys.len());
        }
        assert!(AreaSet::Cells.policy().keys_at(11).len() < 5);
    }

    #[test]
    fn what_is_none_is_refused() {
        let keys = AreaSet::Cells.spec().keys;
        let text = include_str!("../../../tiles/cells.toml");
        assert!(AreaPolicy::parse(text, keys).is_ok());
        for (good, wrong) in [
            ("from = 12", "from = 23"),
            ("from = 12", "from = 0"),
            ("from = 0", "from = 1"),
            ("labels_from = 13", "labels_from = 23"),
            ("side_units_min = 32", "side_units_min = 0"),
            ("side_units_min = 32", "side_units_min = 5000"),
            ("\"unit_zh\"", "\"owner\""),
            ("bytes_max", "bytes_most"),
        ] {
            assert!(text.contains(good), "{good}");
            let text = text.replacen(good, wrong, 1);
            assert!(AreaPolicy::parse(&text, keys).is_err(), "{wrong}");
        }
    }
}
