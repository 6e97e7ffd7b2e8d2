//! Whether a border that moves passes over something.

use crate::ids::ArcId;
use crate::partition::Partition;
use crate::point::{Point, bounds};
use crate::refusal::Refusal;

/// Refuses a border that would pass over another on its way from `old` to `new`, two lines with
/// the same ends.
///
/// What crosses neither line lies as a whole inside or outside the ground between them, so the
/// middle of every other piece of border decides. That it crosses neither is asked elsewhere.
/// Without this, an island could change sides and a ring could turn inside out although nothing
/// crosses and no area is missing.
pub(super) fn refuse_fold_over(
    partition: &Partition,
    old: &[Point],
    new: &[Point],
    moves: impl Fn(ArcId, usize) -> bool,
) -> Result<(), Refusal> {
    let between: Vec<Point> = old.iter().chain(new.iter().rev()).copied().collect();
    let (low, high) = bounds(&between);
    for id in partition.index.in_box(low, high) {
        let line = &partition.arcs[&id].line;
        for (index, (a, b)) in line.segments().enumerate() {
            let apart = a.x.max(b.x) < low.x
                || a.x.min(b.x) > high.x
                || a.y.max(b.y) < low.y
                || a.y.min(b.y) > high.y;
            if !apart && !moves(id, index) && middle_is_inside(&between, a, b) {
                return Err(Refusal::FoldOver { at: a });
            }
        }
    }
    Ok(())
}

/// Whether the middle of `a b` lies inside a ring, not on it; on a grid twice as fine.
fn middle_is_inside(ring: &[Point], a: Point, b: Point) -> bool {
    let fine = |p: Point| (2 * i128::from(p.x), 2 * i128::from(p.y));
    let sum = |one: i32, other: i32| i128::from(one) + i128::from(other);
    let (x, y) = (sum(a.x, b.x), sum(a.y, b.y));
    let mut inside = false;
    for (index, &from) in ring.iter().enumerate() {
        let (from, to) = (fine(from), fine(ring[(index + 1) % ring.len()]));
        let side = (to.0 - from.0) * (y - from.1) - (to.1 - from.1) * (x - from.0);
        let in_box = (from.0.min(to.0)..=from.0.max(to.0)).contains(&x)
            && (from.1.min(to.1)..=from.1.max(to.1)).contains(&y);
        if side == 0 && in_box {
            return false;
        }
        if (from.1 > y) != (to.1 > y) && (side > 0) == (to.1 > from.1) {
            inside = !inside;
        }
    }
    inside
}
