//! Whether two servers return the same features: looked at before any speed is measured.

use std::collections::{BTreeMap, HashMap};

use anyhow::ensure;
use mvt_reader::Reader;
use mvt_reader::feature::Value;

use crate::visitor::Visitor;

/// Of a thousand features so many may be in one tile only: what lies on the margin's edge is
/// rounded by one and not by the other.
const DIFFERING_PER_MILLE_MAX: usize = 2;

type Features = HashMap<u64, (BTreeMap<String, String>, (f64, f64))>;

async fn features(who: &Visitor, path: &str) -> anyhow::Result<Features> {
    let bytes = who.get(path, "identity").await?.bytes().await?.to_vec();
    let reader = Reader::new(bytes)?;
    let mut features = Features::new();
    for feature in reader.get_features(0)? {
        let tags = feature
            .properties
            .iter()
            .flatten()
            // one server writes unsigned numbers, the other signed ones
            .map(|(key, value)| (key.clone(), plain(value)))
            .collect();
        let at = if let geo_types::Geometry::MultiPoint(points) = &feature.geometry {
            let at = points.0[0];
            (f64::from(at.x()), f64::from(at.y()))
        } else {
            (0.0, 0.0)
        };
        features.insert(feature.id.unwrap_or_default(), (tags, at));
    }
    Ok(features)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Int(number) | Value::SInt(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null => String::new(),
    }
}

/// Fails unless both return the same features at these paths, but for the odd one on an edge.
pub(crate) async fn ensure_same(
    ours: &Visitor,
    peer: &Visitor,
    paths: &[(String, String)],
) -> anyhow::Result<usize> {
    let mut compared = 0;
    for (our_path, their_path) in paths {
        let own = features(ours, our_path).await?;
        let theirs = features(peer, their_path).await?;
        let common = own.iter().filter(|(id, (tags, at))| {
            theirs.get(id).is_some_and(|(their_tags, their_at)| {
                let near = |a: f64, b: f64| (a - b).abs() <= 1.0;
                tags == their_tags && near(at.0, their_at.0) && near(at.1, their_at.1)
            })
        });
        let common = common.count();
        let differing = own.len().max(theirs.len()) - common;
        ensure!(
            differing * 1000 <= theirs.len() * DIFFERING_PER_MILLE_MAX + 1000,
            "{our_path}: {} features, {} of the peer, {common} the same",
            own.len(),
            theirs.len()
        );
        compared += common;
    }
    Ok(compared)
}
