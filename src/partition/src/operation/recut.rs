//! Cuts some faces along new lines and deals the pieces out anew.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::arrangement::Arrangement;
use crate::chains::{Chain, chains};
use crate::draft::Draft;
use crate::edges::{Edges, Stroke, id};
use crate::ids::{ArcId, FaceId, NodeId};
use crate::line::Line;
use crate::noding::noded;
use crate::partition::Arc;
use crate::point::Point;
use crate::ring::Polygon;

/// Faces cut into pieces.
pub(super) struct Cut<'p> {
    /// In ascending order.
    arcs: Vec<(ArcId, &'p Arc)>,
    faces: Vec<FaceId>,
    pub arrangement: Arrangement,
    /// Whether each region lies inside the polygons of the cut.
    inside: Vec<bool>,
}

/// The lines to cut along.
pub(super) enum Along<'a> {
    Nothing,
    Line(&'a [Point]),
    Polygons(&'a [Polygon]),
}

impl<'p> Cut<'p> {
    /// Cuts `faces` of the draft's base; other faces are not cut.
    ///
    /// The lines of the neighbours' common borders get the points where a cut ends too, because
    /// the borders are the same.
    pub(super) fn of(draft: &Draft<'p>, faces: &BTreeSet<FaceId>, along: &Along<'_>) -> Self {
        let base = draft.base;
        let faces: Vec<FaceId> = faces.iter().copied().collect();
        let ids: BTreeSet<ArcId> = faces
            .iter()
            .flat_map(|face| base.arcs_of_face(*face))
            .copied()
            .collect();
        let arcs: Vec<(ArcId, &Arc)> = ids.into_iter().map(|id| (id, &base.arcs[&id])).collect();
        // claims: the faces, the inside of the cut; marks: the cut, the arcs
        let inside = id(faces.len());
        let (cut, first_arc) = (inside + 1, inside + 2);
        let mut strokes = Vec::new();
        for (mark, (_, arc)) in (first_arc..).zip(&arcs) {
            let claims = arc.sides().into_iter().flatten();
            let claims = claims
                .filter_map(|face| faces.binary_search(&face).ok())
                .map(id);
            let claims: Vec<u32> = claims.chain([mark]).collect();
            for (a, b) in arc.line.segments() {
                strokes.extend(claims.iter().map(|&claim| Stroke { a, b, claim }));
            }
        }
        match along {
            Along::Nothing => {}
            Along::Line(line) => {
                strokes.extend(line.windows(2).map(|pair| Stroke {
                    a: pair[0],
                    b: pair[1],
                    claim: cut,
                }));
            }
            Along::Polygons(polygons) => {
                for ring in polygons.iter().flat_map(Polygon::rings) {
                    let ends = ring.iter().skip(1).chain(ring.first());
                    for (&a, &b) in ring.iter().zip(ends) {
                        strokes.extend([inside, cut].map(|claim| Stroke { a, b, claim }));
                    }
                }
            }
        }
        let arrangement = Arrangement::of(noded(Edges::of(strokes, cut)));
        let regions = 0..id(arrangement.regions.len());
        let inside = regions
            .map(|region| arrangement.cover(region).contains(&inside))
            .collect();
        Self {
            arcs,
            faces,
            arrangement,
            inside,
        }
    }

    /// The face that a region was of; `None` outside the faces that are cut.
    pub(super) fn face(&self, region: u32) -> Option<FaceId> {
        let claim = *self.arrangement.cover(region).first()?;
        self.faces.get(claim as usize).copied()
    }

    pub(super) fn is_inside(&self, region: u32) -> bool {
        self.inside[region as usize]
    }

    fn arc_of(&self, half: u32) -> Option<&'p Arc> {
        let first_arc = id(self.faces.len()) + 2;
        let marks = self.arrangement.edges.claims(half / 2);
        let mark = marks.last().filter(|mark| **mark >= first_arc)?;
        Some(self.arcs[(mark - first_arc) as usize].1)
    }

    fn cuts(&self, arc: ArcId) -> bool {
        self.arcs.binary_search_by_key(&arc, |(id, _)| *id).is_ok()
    }

    /// Whether everything around a region outside the faces that are cut is outside the scope.
    pub(super) fn is_outside(&self, region: u32) -> bool {
        self.face(region).is_none()
            && self
                .arrangement
                .halves(region)
                .all(|half| self.beyond(half).is_none())
    }

    /// The face on the left of a half that is not among those that are cut.
    fn beyond(&self, half: u32) -> Option<FaceId> {
        let arc = self.arc_of(half)?;
        arc.sides()
            .into_iter()
            .flatten()
            .find(|face| self.faces.binary_search(face).is_err())
    }

    /// Regions on both sides of the cut.
    pub(super) fn along_the_cut(&self) -> BTreeSet<u32> {
        let cut = id(self.faces.len()) + 1;
        let edges = 0..id(self.arrangement.edges.len());
        let divided = edges.filter(|edge| self.arrangement.edges.claims(*edge).contains(&cut));
        let sides =
            divided.map(|edge| [2 * edge, 2 * edge + 1].map(|half| self.arrangement.region(half)));
        sides
            .filter(|[one, other]| one != other)
            .flatten()
            .collect()
    }

    /// Deals out the regions: `dealt` says who gets each that changes hands, `Some(None)` for the
    /// outside. The arcs follow; those that stay the same keep their ids.
    pub(super) fn deal(&self, draft: &mut Draft<'p>, dealt: &BTreeMap<u32, Option<FaceId>>) {
        let label = |half: u32| {
            let region = self.arrangement.region(half);
            match dealt.get(&region) {
                Some(face) => *face,
                None => self.face(region).or_else(|| self.beyond(half)),
            }
        };
        let base = draft.base;
        let mut met_by_others: FxHashSet<Point> = FxHashSet::default();
        for node in self.arcs.iter().flat_map(|(_, arc)| [arc.from, arc.to]) {
            if base.arcs_of_node(node).iter().any(|arc| !self.cuts(*arc)) {
                met_by_others.insert(base.nodes[&node]);
            }
        }
        let chains = chains(&self.arrangement, label, |at| met_by_others.contains(&at));
        lay(draft, &self.arcs, chains, &met_by_others);
    }
}

/// Puts chains in the place of arcs of the base; those that stay the same keep their ids. In some
/// places other arcs meet them.
pub(super) fn lay<'p>(
    draft: &mut Draft<'p>,
    replaced: &[(ArcId, &'p Arc)],
    chains: Vec<Chain>,
    met_by_others: &FxHashSet<Point>,
) {
    let base = draft.base;
    let mut nodes: FxHashMap<Point, NodeId> = FxHashMap::default();
    let mut same: FxHashMap<(Point, Point, usize), Vec<ArcId>> = FxHashMap::default();
    for &(id, arc) in replaced {
        for node in [arc.from, arc.to] {
            nodes.insert(base.nodes[&node], node);
        }
        same.entry(signature(&arc.line)).or_default().push(id);
        draft.set_arc(id, None);
    }
    let mut used: FxHashSet<Point> = met_by_others.clone();
    for chain in chains {
        let ends = [chain.line[0], chain.line[chain.line.len() - 1]];
        used.extend(ends);
        let known = same.get(&signature(&chain.line)).into_iter().flatten();
        let kept = known
            .copied()
            .find_map(|id| Some((id, relabelled(&base.arcs[&id], &chain)?)));
        if let Some((id, arc)) = kept {
            draft.set_arc(id, Some(arc));
            continue;
        }
        let [from, to] = ends.map(|at| {
            *nodes.entry(at).or_insert_with(|| {
                let node = draft.next.node();
                draft.set_node(node, Some(at));
                node
            })
        });
        let Chain { line, left, right } = chain;
        let id = draft.next.arc();
        draft.set_arc(
            id,
            Some(Arc {
                from,
                to,
                left,
                right,
                line: Line(line),
            }),
        );
    }
    let nodes: BTreeMap<Point, NodeId> = nodes.into_iter().collect();
    for (at, node) in nodes {
        if !used.contains(&at) {
            draft.set_node(node, None);
        } else if met_by_others.contains(&at) {
            // where ground was given up, the neighbour's own border may go on from here
            draft.join_at(node);
        }
    }
}

/// Lines that are the same have the same, whichever way they run.
fn signature(line: &[Point]) -> (Point, Point, usize) {
    let (from, to) = (line[0], line[line.len() - 1]);
    (from.min(to), from.max(to), line.len())
}

/// The arc with the sides of a chain, if its line is the chain's.
fn relabelled(arc: &Arc, chain: &Chain) -> Option<Arc> {
    let (left, right) = if *arc.line == chain.line {
        (chain.left, chain.right)
    } else if arc.line.iter().rev().eq(&chain.line) {
        (chain.right, chain.left)
    } else {
        return None;
    };
    Some(Arc {
        left,
        right,
        ..arc.clone()
    })
}
