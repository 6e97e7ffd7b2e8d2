//! Operations that move borders and leave who has which side.

use crate::draft::Draft;
use crate::ids::{ArcId, NodeId};
use crate::line::Line;
use crate::operation::free_face;
use crate::operation::sweep::refuse_fold_over;
use crate::partition::{Arc, Partition};
use crate::point::{Point, by_angle};
use crate::refusal::Refusal;

/// Where a vertex is found.
enum Vertex {
    Node(NodeId),
    /// A point of an arc between its ends.
    Inner(ArcId, usize),
}

fn vertex_at(partition: &Partition, at: Point) -> Result<Vertex, Refusal> {
    for &id in partition.index.around(at) {
        let arc = &partition.arcs[&id];
        if let Some(index) = arc.line.iter().position(|point| *point == at) {
            return Ok(match index {
                0 => Vertex::Node(arc.from),
                last if last + 1 == arc.line.len() => Vertex::Node(arc.to),
                inner => Vertex::Inner(id, inner),
            });
        }
    }
    Err(Refusal::NoVertex { at })
}

fn refuse_out_of_range(at: Point) -> Result<(), Refusal> {
    if at.is_in_range() {
        Ok(())
    } else {
        Err(Refusal::OutOfRange { at })
    }
}

fn refuse_locked_sides(draft: &Draft<'_>, arc: &Arc) -> Result<(), Refusal> {
    arc.sides()
        .into_iter()
        .flatten()
        .try_for_each(|face| free_face(draft, face).map(drop))
}

pub(super) fn move_vertex(draft: &mut Draft<'_>, at: Point, to: Point) -> Result<(), Refusal> {
    refuse_out_of_range(to)?;
    match vertex_at(draft.base, at)? {
        Vertex::Inner(id, index) => reroute(draft, id, [index - 1, index + 1], &[to]),
        Vertex::Node(node) => move_node(draft, node, at, to),
    }
}

fn move_node(draft: &mut Draft<'_>, node: NodeId, at: Point, to: Point) -> Result<(), Refusal> {
    let base = draft.base;
    let mut before: Vec<Point> = Vec::new();
    for &id in base.arcs_of_node(node) {
        let arc = &base.arcs[&id];
        refuse_locked_sides(draft, arc)?;
        let mut line = arc.line.to_vec();
        let last = line.len() - 1;
        if arc.from == node {
            line[0] = to;
            before.push(arc.line[1]);
        }
        if arc.to == node {
            line[last] = to;
            before.push(arc.line[last - 1]);
        }
        draft.set_arc(
            id,
            Some(Arc {
                line: Line(line),
                ..arc.clone()
            }),
        );
    }
    if let Some(&reached) = before.iter().find(|point| **point == to) {
        return Err(Refusal::Crossing { at: reached });
    }
    // around the node, borders must follow each other as before
    if round(at, &before) != round(to, &before) {
        return Err(Refusal::FoldOver { at: to });
    }
    let moves = |id: ArcId, index: usize| {
        let arc = &base.arcs[&id];
        (arc.from == node && index == 0) || (arc.to == node && index + 2 == arc.line.len())
    };
    for (index, &one) in before.iter().enumerate() {
        for &other in &before[index + 1..] {
            refuse_fold_over(base, &[one, at, other], &[one, to, other], moves)?;
        }
    }
    draft.set_node(node, Some(to));
    Ok(())
}

/// The points in the order in which they are seen around a place, beginning with the smallest.
fn round(at: Point, points: &[Point]) -> Vec<Point> {
    let mut round = points.to_vec();
    round.sort_by(|one, other| by_angle(at.to(*one), at.to(*other)).then(one.cmp(other)));
    let first = (0..round.len())
        .min_by_key(|index| round[*index])
        .unwrap_or(0);
    round.rotate_left(first);
    round
}

pub(super) fn insert_vertex(
    draft: &mut Draft<'_>,
    a: Point,
    b: Point,
    at: Point,
) -> Result<(), Refusal> {
    refuse_out_of_range(at)?;
    let found = paths(draft.base, a, b).find(|(_, [from, to])| from.abs_diff(*to) == 1);
    let (arc, [from, to]) = found.ok_or(Refusal::NoBorder { from: a, to: b })?;
    reroute(draft, arc, [from.min(to), from.max(to)], &[at])
}

pub(super) fn delete_vertex(draft: &mut Draft<'_>, at: Point) -> Result<(), Refusal> {
    match vertex_at(draft.base, at)? {
        Vertex::Inner(id, index) => reroute(draft, id, [index - 1, index + 1], &[]),
        Vertex::Node(node) => match draft.base.arcs_of_node(node) {
            [only] => delete_start_of_ring(draft, *only, node, at),
            _ => Err(Refusal::Joint { at }),
        },
    }
}

/// A ring that meets no other border begins somewhere; that vertex is as any other.
fn delete_start_of_ring(
    draft: &mut Draft<'_>,
    id: ArcId,
    node: NodeId,
    at: Point,
) -> Result<(), Refusal> {
    let arc = &draft.base.arcs[&id];
    refuse_locked_sides(draft, arc)?;
    let last = arc.line.len() - 1;
    let (next, before) = (arc.line[1], arc.line[last - 1]);
    let moves = |other: ArcId, index: usize| other == id && (index == 0 || index + 1 == last);
    refuse_fold_over(draft.base, &[before, at, next], &[before, next], moves)?;
    let mut line = arc.line[1..last].to_vec();
    line.push(next);
    let arc = Arc {
        line: Line(line),
        ..arc.clone()
    };
    draft.set_arc(id, Some(arc));
    draft.set_node(node, Some(next));
    Ok(())
}

pub(super) fn follow(draft: &mut Draft<'_>, line: &[Point]) -> Result<(), Refusal> {
    let [from, .., to] = line else {
        return Err(Refusal::Nothing);
    };
    line.iter()
        .try_for_each(|point| refuse_out_of_range(*point))?;
    for end in [from, to] {
        vertex_at(draft.base, *end)?;
    }
    let length = |&(id, [one, other]): &(ArcId, [usize; 2])| -> f64 {
        let way = &draft.base.arcs[&id].line[one.min(other)..=one.max(other)];
        way.windows(2)
            .map(|pair| pair[0].distance_mm(pair[1]))
            .sum()
    };
    let shortest = paths(draft.base, *from, *to)
        .min_by(|one, other| length(one).total_cmp(&length(other)).then(one.cmp(other)));
    let (id, [one, other]) = shortest.ok_or(Refusal::NoBorder {
        from: *from,
        to: *to,
    })?;
    let mut inner = line[1..line.len() - 1].to_vec();
    if one > other {
        inner.reverse();
    }
    reroute(draft, id, [one.min(other), one.max(other)], &inner)
}

/// The arcs that hold both points, and where on them; a ring holds its first point twice.
fn paths(
    partition: &Partition,
    from: Point,
    to: Point,
) -> impl Iterator<Item = (ArcId, [usize; 2])> + '_ {
    let places = |line: &Line, point: Point| -> Vec<usize> {
        (0..line.len())
            .filter(|index| line[*index] == point)
            .collect()
    };
    partition.index.around(from).iter().flat_map(move |&id| {
        let line = &partition.arcs[&id].line;
        let ends = places(line, to);
        places(line, from).into_iter().flat_map(move |one| {
            ends.clone()
                .into_iter()
                .map(move |other| (id, [one, other]))
                .collect::<Vec<_>>()
        })
    })
}

/// Replaces what lies between two points of an arc.
fn reroute(
    draft: &mut Draft<'_>,
    id: ArcId,
    [from, to]: [usize; 2],
    inner: &[Point],
) -> Result<(), Refusal> {
    let arc = &draft.base.arcs[&id];
    refuse_locked_sides(draft, arc)?;
    let old = &arc.line[from..=to];
    let new = [&[arc.line[from]], inner, &[arc.line[to]]].concat();
    let line = [&arc.line[..from], &new, &arc.line[to + 1..]].concat();
    if let Some(pair) = new.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Refusal::Crossing { at: pair[0] });
    }
    let moves = |other: ArcId, index: usize| other == id && (from..to).contains(&index);
    refuse_fold_over(draft.base, old, &new, moves)?;
    let arc = Arc {
        line: Line(line),
        ..arc.clone()
    };
    draft.set_arc(id, Some(arc));
    Ok(())
}
