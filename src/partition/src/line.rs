//! Points one after the other, written as steps.

use std::ops::Deref;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::point::Point;

/// A line of points. Written, it is flat: the first point, then each step to the next, which are
/// small numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line(pub Vec<Point>);

impl Deref for Line {
    type Target = Vec<Point>;

    fn deref(&self) -> &Vec<Point> {
        &self.0
    }
}

impl Line {
    /// Every piece from point to point.
    pub fn segments(&self) -> impl Iterator<Item = (Point, Point)> + '_ {
        self.0.windows(2).map(|pair| (pair[0], pair[1]))
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut before = Point::default();
        let mut steps = Vec::with_capacity(self.0.len() * 2);
        for &point in &self.0 {
            let (dx, dy) = before.to(point);
            steps.extend([dx, dy]);
            before = point;
        }
        serializer.collect_seq(steps)
    }
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let steps = Vec::<i64>::deserialize(deserializer)?;
        if !steps.len().is_multiple_of(2) {
            return Err(D::Error::custom("a line ends with half a point"));
        }
        let mut at = (0_i64, 0_i64);
        let points = steps.chunks(2).map(|step| {
            at = (at.0.saturating_add(step[0]), at.1.saturating_add(step[1]));
            let point = i32::try_from(at.0).ok().zip(i32::try_from(at.1).ok());
            point.map(Point::from).filter(|point| point.is_in_range())
        });
        let points: Option<Vec<Point>> = points.collect();
        points
            .map(Self)
            .ok_or_else(|| D::Error::custom("a point of a line is out of range"))
    }
}
