//! A model that looks beside the others and files nothing: how often it says the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use utoipa::ToSchema;

use super::{Detection, Model};

/// Two boxes of one label that overlap by at least this are of one thing.
const SAME_IOU_MIN: f32 = 0.5;

/// The model, and what was counted since it was loaded.
#[derive(Debug)]
pub struct Shadow {
    model: Arc<Model>,
    counted: Mutex<Counted>,
}

/// How often a model in the shadow agreed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counted {
    /// Looked at by both.
    pub frames: u64,
    /// By label.
    pub labels: BTreeMap<String, Agreement>,
}

/// Things of one label.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Agreement {
    /// Found by both, in the same place.
    pub both: u64,
    /// Found by the models in use alone.
    pub in_use_only: u64,
    /// Found by the model in the shadow alone.
    pub shadow_only: u64,
}

impl Shadow {
    pub(super) fn new(model: Arc<Model>) -> Self {
        Self {
            model,
            counted: Mutex::default(),
        }
    }

    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    pub fn counted(&self) -> Counted {
        self.lock().clone()
    }

    /// Takes in what both found in one frame; returns what it adds. What the model in the shadow
    /// has no word for is not counted: it cannot find it.
    pub fn compare(
        &self,
        in_use: &[&Detection],
        shadow: &[Detection],
    ) -> BTreeMap<String, Agreement> {
        let known: Vec<&Detection> = in_use
            .iter()
            .copied()
            .filter(|detection| self.model.reports(&detection.label))
            .collect();
        let added = agreement(&known, shadow);
        let mut counted = self.lock();
        counted.frames += 1;
        for (label, more) in &added {
            let sum = counted.labels.entry(label.clone()).or_default();
            sum.both += more.both;
            sum.in_use_only += more.in_use_only;
            sum.shadow_only += more.shadow_only;
        }
        added
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each thing is matched once, the best overlap first.
fn agreement(in_use: &[&Detection], shadow: &[Detection]) -> BTreeMap<String, Agreement> {
    let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
    for (ours, a) in in_use.iter().enumerate() {
        for (theirs, b) in shadow.iter().enumerate() {
            let iou = a.pixel_box.iou(&b.pixel_box);
            if a.label == b.label && iou >= SAME_IOU_MIN {
                pairs.push((iou, ours, theirs));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut of_ours, mut of_theirs) = (vec![false; in_use.len()], vec![false; shadow.len()]);
    let mut labels: BTreeMap<String, Agreement> = BTreeMap::new();
    for (_, ours, theirs) in pairs {
        if !of_ours[ours] && !of_theirs[theirs] {
            (of_ours[ours], of_theirs[theirs]) = (true, true);
            let label = in_use[ours].label.to_string();
            labels.entry(label).or_default().both += 1;
        }
    }
    for (detection, _) in in_use.iter().zip(of_ours).filter(|(_, matched)| !matched) {
        let label = detection.label.to_string();
        labels.entry(label).or_default().in_use_only += 1;
    }
    for (detection, _) in shadow.iter().zip(of_theirs).filter(|(_, matched)| !matched) {
        let label = detection.label.to_string();
        labels.entry(label).or_default().shadow_only += 1;
    }
    labels
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::space::PixelBox;

    fn detection(label: &str, left: f32) -> Detection {
        Detection {
            stands: None,
            label: label.into(),
            class: None,
            confidence: 0.5,
            pixel_box: PixelBox {
                left,
                top: 0.0,
                right: left + 10.0,
                bottom: 10.0,
            },
        }
    }

    fn counts(both: u64, in_use_only: u64, shadow_only: u64) -> Agreement {
        Agreement {
            both,
            in_use_only,
            shadow_only,
        }
    }

    #[test]
    fn each_thing_is_matched_once_and_the_nearest_first() {
        let in_use = [detection("bin", 0.0), detection("bin", 2.0)];
        // overlaps both; a pile where a bin is is no bin
        let shadow = [detection("bin", 2.5), detection("pile", 0.0)];
        let in_use: Vec<&Detection> = in_use.iter().collect();
        let labels = agreement(&in_use, &shadow);
        assert_eq!(labels["bin"], counts(1, 1, 0));
        assert_eq!(labels["pile"], counts(0, 0, 1));
    }

    fn things() -> impl Strategy<Value = Vec<Detection>> {
        let thing = (prop_oneof!["bin", "pile"], 0.0_f32..60.0);
        proptest::collection::vec(
            thing.prop_map(|(label, left)| detection(&label, left)),
            0..8,
        )
    }

    proptest! {
        #[test]
        fn everything_is_counted_once(in_use in things(), shadow in things()) {
            let ours: Vec<&Detection> = in_use.iter().collect();
            let labels = agreement(&ours, &shadow);
            let sum = |part: fn(&Agreement) -> u64| labels.values().map(part).sum::<u64>();
            prop_assert_eq!(sum(|a| a.both + a.in_use_only), in_use.len() as u64);
            prop_assert_eq!(sum(|a| a.both + a.shadow_only), shadow.len() as u64);
        }

        #[test]
        fn who_says_the_same_agrees(found in things()) {
            let ours: Vec<&Detection> = found.iter().collect();
            let labels = agreement(&ours, &found);
            prop_assert!(labels.values().all(|a| a.in_use_only == 0 && a.shadow_only == 0));
        }
    }
}
