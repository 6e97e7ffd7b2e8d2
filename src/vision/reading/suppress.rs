//! Of boxes that say the same, the most confident stays.

use super::Candidate;

/// Keeps the most confident of the boxes that overlap by more than `iou_max`; `found` is sorted,
/// the most confident first.
pub(in crate::vision) fn suppress(found: &mut Vec<Candidate>, iou_max: f32, across_classes: bool) {
    let mut kept = 0;
    for next in 0..found.len() {
        let candidate = found[next];
        let doubled = found[..kept].iter().any(|better| {
            (across_classes || better.class == candidate.class)
                && better.pixel_box.iou(&candidate.pixel_box) > iou_max
        });
        if !doubled {
            found[kept] = candidate;
            kept += 1;
        }
    }
    found.truncate(kept);
}
