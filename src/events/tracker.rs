//! Boxes of one frame after another → things that stay themselves. After `ByteTrack` (Zhang et al.,
//! ECCV 2022): sure boxes are matched first, unsure ones may only continue what is there already.
//!
//! Frames come at any pace, so a thing is looked for where it was and where it would be by now.

use chrono::{DateTime, TimeDelta, Utc};

use crate::catalogue::ClassCode;
use crate::space::PixelBox;

/// From this on a box may begin a track.
const SURE_MIN: f32 = 0.5;
/// Overlap by which a sure box continues a track.
const SURE_IOU_MIN: f32 = 0.3;
/// An unsure box must fit better.
const UNSURE_IOU_MIN: f32 = 0.5;
/// How much of a new speed is believed.
const SPEED_GAIN: f32 = 0.5;
/// Most tracks of one camera; beyond it those that were not seen for longest are forgotten.
const TRACKS_MAX: usize = 256;

/// A thing of one camera, for as long as it is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackId(u64);

/// A box in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Glimpse {
    pub class: ClassCode,
    /// 0 to 1.
    pub confidence: f32,
    pub pixel_box: PixelBox,
}

#[derive(Debug)]
struct Track {
    id: TrackId,
    class: ClassCode,
    pixel_box: PixelBox,
    /// Of its centre, pixels a second; none before it was seen twice.
    speed: Option<(f32, f32)>,
    seen_at: DateTime<Utc>,
}

/// The things one camera sees.
#[derive(Debug, Default)]
pub struct Tracker {
    tracks: Vec<Track>,
    begun: u64,
}

impl Tracker {
    /// Which thing each box of a frame is; `None` for an unsure box that continues nothing. Frames
    /// come in the order in which they were taken. What was not seen for `patience` is forgotten.
    pub fn step(
        &mut self,
        at: DateTime<Utc>,
        glimpses: &[Glimpse],
        patience: TimeDelta,
    ) -> Vec<Option<TrackId>> {
        self.tracks.retain(|track| at - track.seen_at <= patience);
        let mut ids = vec![None; glimpses.len()];
        let mut continued = vec![false; self.tracks.len()];
        for (sure, iou_min) in [(true, SURE_IOU_MIN), (false, UNSURE_IOU_MIN)] {
            let round = |glimpse: &Glimpse| (glimpse.confidence >= SURE_MIN) == sure;
            for (_, track, index) in self.pairs(at, glimpses, iou_min) {
                let glimpse = &glimpses[index];
                if round(glimpse) && !continued[track] && ids[index].is_none() {
                    continued[track] = true;
                    ids[index] = Some(self.tracks[track].id);
                }
            }
        }
        for (id, glimpse) in ids.iter().zip(glimpses) {
            if let Some(known) = *id {
                self.follow(known, at, glimpse);
            }
        }
        // new ones come last: they may take the place of what was not seen for longest
        for (id, glimpse) in ids.iter_mut().zip(glimpses) {
            if id.is_none() && glimpse.confidence >= SURE_MIN {
                *id = Some(self.begin(at, glimpse));
            }
        }
        ids
    }

    /// Overlap, track and glimpse of all that could be one thing, the best first.
    fn pairs(
        &self,
        at: DateTime<Utc>,
        glimpses: &[Glimpse],
        iou_min: f32,
    ) -> Vec<(f32, usize, usize)> {
        let mut pairs = Vec::new();
        for (track, known) in self.tracks.iter().enumerate() {
            let expected = known.expected(at);
            for (index, glimpse) in glimpses.iter().enumerate() {
                let iou = known.pixel_box.iou(&glimpse.pixel_box);
                let iou = iou.max(expected.iou(&glimpse.pixel_box));
                if known.class == glimpse.class && iou >= iou_min {
                    pairs.push((iou, track, index));
                }
            }
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        pairs
    }

    fn follow(&mut self, id: TrackId, at: DateTime<Utc>, glimpse: &Glimpse) {
        let track = self.tracks.iter_mut().find(|track| track.id == id);
        let track = track.expect("it was matched just now");
        let elapsed_s = (at - track.seen_at).as_seconds_f32();
        if elapsed_s > 0.0 {
            let ((x0, y0), (x1, y1)) = (centre(&track.pixel_box), centre(&glimpse.pixel_box));
            let now = ((x1 - x0) / elapsed_s, (y1 - y0) / elapsed_s);
            let before = track.speed.unwrap_or(now);
            let mix = |before: f32, now: f32| before + SPEED_GAIN * (now - before);
            track.speed = Some((mix(before.0, now.0), mix(before.1, now.1)));
        }
        track.pixel_box = glimpse.pixel_box;
        track.seen_at = at;
    }

    fn begin(&mut self, at: DateTime<Utc>, glimpse: &Glimpse) -> TrackId {
        if self.tracks.len() >= TRACKS_MAX {
            let oldest = (0..self.tracks.len()).min_by_key(|index| self.tracks[*index].seen_at);
            self.tracks.swap_remove(oldest.expect("there are tracks"));
        }
        let id = TrackId(self.begun);
        self.begun += 1;
        self.tracks.push(Track {
            id,
            class: glimpse.class,
            pixel_box: glimpse.pixel_box,
            speed: None,
            seen_at: at,
        });
        id
    }
}

impl Track {
    fn expected(&self, at: DateTime<Utc>) -> PixelBox {
        let elapsed_s = (at - self.seen_at).as_seconds_f32();
        let (x, y) = self.speed.unwrap_or_default();
        let (x, y) = (x * elapsed_s, y * elapsed_s);
        PixelBox {
            left: self.pixel_box.left + x,
            top: self.pixel_box.top + y,
            right: self.pixel_box.right + x,
            bottom: self.pixel_box.bottom + y,
        }
    }
}

fn centre(pixel_box: &PixelBox) -> (f32, f32) {
    (
        (pixel_box.left + pixel_box.right) / 2.0,
        (pixel_box.top + pixel_box.bottom) / 2.0,
    )
}
