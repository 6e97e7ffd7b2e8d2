//! Layouts that say what they found, one thing after the other.

use super::{Candidate, Labels, Misread, Reader};
use crate::space::PixelBox;
use crate::vision::manifest::{Corners, Unit};

/// How a list is to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) corners: Corners,
    pub(super) unit: Unit,
    pub(super) first_label: u32,
}

impl Reader {
    /// Rows of left, top, right, bottom, score and class.
    pub(super) fn read_yolov10(
        &self,
        rows: &[f32],
        found: &mut Vec<Candidate>,
    ) -> Result<(), Misread> {
        let form = Form {
            corners: Corners::Xyxy,
            unit: Unit::Pixel,
            first_label: 0,
        };
        let (rows, _) = rows.as_chunks::<6>();
        for [left, top, right, bottom, score, label] in rows {
            let label = whole(*label);
            self.list(form, [*left, *top, *right, *bottom], *score, label, found)?;
        }
        Ok(())
    }

    /// Boxes, scores and labels of equal number; the first `count` of them are meant.
    pub(super) fn read_listed(
        &self,
        form: Form,
        [boxes, scores]: [&[f32]; 2],
        labels: &Labels<'_>,
        count: Option<f32>,
        found: &mut Vec<Candidate>,
    ) -> Result<(), Misread> {
        let (boxes, _) = boxes.as_chunks::<4>();
        let lengths = (boxes.len(), scores.len(), labels.len());
        if lengths.0 != lengths.1 || lengths.0 != lengths.2 {
            return Err(Misread::Lengths(lengths.0, lengths.1, lengths.2));
        }
        let meant = match count {
            None => boxes.len(),
            Some(count) => whole(count)
                .and_then(|count| usize::try_from(count).ok())
                .filter(|count| *count <= boxes.len())
                .ok_or(Misread::Count(count, boxes.len()))?,
        };
        for (index, (corners, score)) in boxes.iter().zip(scores).take(meant).enumerate() {
            self.list(form, *corners, *score, labels.at(index), found)?;
        }
        Ok(())
    }

    fn list(
        &self,
        form: Form,
        numbers: [f32; 4],
        score: f32,
        label: Option<i64>,
        found: &mut Vec<Candidate>,
    ) -> Result<(), Misread> {
        // lists are padded with what no threshold lets pass, and its label means nothing
        if !self
            .thresholds
            .iter()
            .flatten()
            .any(|least| score >= *least)
        {
            return Ok(());
        }
        let class = label
            .and_then(|label| usize::try_from(label - i64::from(form.first_label)).ok())
            .filter(|class| *class < self.thresholds.len())
            .ok_or(Misread::Label(label))?;
        if !self.passes(class, score) {
            return Ok(());
        }
        let [a, b, c, d] = numbers;
        let [left, top, right, bottom] = match form.corners {
            Corners::Xyxy => [a, b, c, d],
            Corners::Yxyx => [b, a, d, c],
            Corners::Cxcywh => [a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0],
        };
        let (wide, high) = match form.unit {
            Unit::Pixel => (1.0, 1.0),
            Unit::Share => (self.input_width, self.input_height),
        };
        let pixel_box = PixelBox {
            left: left * wide,
            top: top * high,
            right: right * wide,
            bottom: bottom * high,
        };
        super::keep(found, class, score, pixel_box);
        Ok(())
    }
}

/// A label or a number of things written as f32.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole number this small is an i64"
)]
pub(super) fn whole(number: f32) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 1e6).then_some(number as i64)
}
