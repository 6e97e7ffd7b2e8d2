//! Makes a partition of cells that nearly are one, and tells everything it does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::arrangement::{Arrangement, OUTSIDE};
use crate::cell::{Cell, Claims};
use crate::chains::chains;
use crate::check::region_polygons;
use crate::defect::{Defect, DefectKind, Place};
use crate::edges::{Edges, id};
use crate::ids::FaceId;
use crate::noding::{Grid, noded};
use crate::partition::{Face, Ground, Partition};
use crate::ring::{m2, width_mm};
use crate::ring_faults::ring_faults;
use crate::snap::snapped;

/// Something that was changed to make the cells fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Repair {
    pub kind: RepairKind,
    /// The cells that had, claimed or drew it, by index.
    pub from: Vec<u32>,
    /// Who has it now; nobody in particular where a border moved.
    pub to: Option<u32>,
    pub place: Place,
    pub area_m2: f64,
    /// About how wide it is, or how far a border moved.
    pub width_mm: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepairKind {
    /// A broken ring was read as what it encloses an odd number of times.
    RingRebuilt,
    /// A border was drawn through the points of another.
    Snapped,
    /// A narrow overlap was given to one of those who claim it.
    OverlapDecided,
    /// A narrow gap was given to a neighbour.
    GapFilled,
    /// A narrow part that hung together with nothing else of its cell was given to a neighbour.
    PartMoved,
}

/// Ground that is too much for a repair: a person has to say whose it is. It is a face of its own
/// until then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    pub face: FaceId,
    pub defect: Defect,
}

/// What came of cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Repaired {
    /// The face of each cell has the cell's index as its id; a cell whose whole ground is contested
    /// has none. Conflicts follow.
    pub partition: Partition,
    pub repairs: Vec<Repair>,
    pub conflicts: Vec<Conflict>,
}

/// Makes a partition of cells. Borders within `tolerance_mm` of each other become one, overlaps
/// and gaps narrower than that go to the neighbour with the longest border to them; what is wider
/// stays as a conflict. Nothing happens that is not listed.
pub fn repair(cells: &[Cell], tolerance_mm: u32) -> Repaired {
    let claims = Claims::of(cells);
    let edges = claims.edges(cells);
    let mut repairs = rebuilt_rings(cells, &claims, &edges);
    let (edges, snaps) = snapped(edges, &claims, tolerance_mm);
    repairs.extend(snaps);
    let arrangement = Arrangement::of(noded(edges));
    let mut deal = Deal::of(&arrangement, &claims, tolerance_mm);
    deal.decide_narrow();
    deal.move_narrow_parts();
    repairs.append(&mut deal.repairs);
    let (faces, labels, conflicts) = deal.faces(id(cells.len()));
    let next = FaceId(id(cells.len() + conflicts.len()));
    let chains = chains(
        &arrangement,
        |half| labels[arrangement.region(half) as usize],
        |_| false,
    );
    Repaired {
        partition: Partition::of(chains, faces, next),
        repairs,
        conflicts,
    }
}

fn rebuilt_rings(cells: &[Cell], claims: &Claims, edges: &Edges) -> Vec<Repair> {
    let contacts = Grid::over(edges, 1).contacts(edges);
    let faults = ring_faults(cells, edges, claims, &contacts);
    let repairs = faults.into_iter().map(|fault| Repair {
        kind: RepairKind::RingRebuilt,
        to: fault.cells.first().copied(),
        from: fault.cells,
        place: fault.place,
        area_m2: 0.0,
        width_mm: 0.0,
    });
    repairs.collect()
}

/// Who holds a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    Outside,
    Cell(u32),
    Undecided,
    Conflict,
}

/// The regions, being dealt out.
struct Deal<'a> {
    arrangement: &'a Arrangement,
    claimants: Vec<Vec<u32>>,
    holders: Vec<Holder>,
    tolerance_mm: f64,
    repairs: Vec<Repair>,
}

impl<'a> Deal<'a> {
    fn of(arrangement: &'a Arrangement, claims: &Claims, tolerance_mm: u32) -> Self {
        let claimants = claims.holders(arrangement);
        let mut deal = Self {
            arrangement,
            holders: Vec::with_capacity(claimants.len()),
            claimants,
            tolerance_mm: f64::from(tolerance_mm),
            repairs: Vec::new(),
        };
        for region in 0..id(arrangement.regions.len()) {
            let holder = match deal.claimants[region as usize].as_slice() {
                [] if region == OUTSIDE => Holder::Outside,
                [cell] => Holder::Cell(*cell),
                _ if deal.width_mm(region) <= deal.tolerance_mm => Holder::Undecided,
                _ => Holder::Conflict,
            };
            deal.holders.push(holder);
        }
        deal
    }

    fn width_mm(&self, region: u32) -> f64 {
        let halves = self.arrangement.halves(region);
        let border = halves.map(|half| self.arrangement.length_mm(half)).sum();
        width_mm(
            self.arrangement.regions[region as usize].doubled_area,
            border,
        )
    }

    /// The cell that has the longest border to regions, among those that `may` have them.
    fn best_neighbour(&self, regions: &[u32], may: impl Fn(u32) -> bool) -> Option<u32> {
        let mut borders: BTreeMap<u32, f64> = BTreeMap::new();
        for half in regions
            .iter()
            .flat_map(|&region| self.arrangement.halves(region))
        {
            if let Holder::Cell(cell) = self.holders[self.arrangement.region(half ^ 1) as usize]
                && may(cell)
            {
                *borders.entry(cell).or_default() += self.arrangement.length_mm(half);
            }
        }
        // of equal ones the first
        let longest = borders
            .into_iter()
            .rev()
            .max_by(|one, other| one.1.total_cmp(&other.1));
        longest.map(|(cell, _)| cell)
    }

    fn decide_narrow(&mut self) {
        let mut undecided: Vec<u32> = (0..id(self.holders.len()))
            .filter(|region| self.holders[*region as usize] == Holder::Undecided)
            .collect();
        loop {
            let before = undecided.len();
            undecided.retain(|&region| {
                let claimants = &self.claimants[region as usize];
                let may = |cell| claimants.is_empty() || claimants.contains(&cell);
                let best = self.best_neighbour(&[region], may);
                if let Some(cell) = best {
                    self.decide(region, cell);
                }
                best.is_none()
            });
            if undecided.len() == before {
                break;
            }
        }
        for region in undecided {
            match self.claimants[region as usize].first() {
                Some(&cell) => self.decide(region, cell),
                None => self.holders[region as usize] = Holder::Conflict,
            }
        }
    }

    fn decide(&mut self, region: u32, cell: u32) {
        self.holders[region as usize] = Holder::Cell(cell);
        let claimants = &self.claimants[region as usize];
        let is_gap = claimants.is_empty();
        let from = claimants
            .iter()
            .copied()
            .filter(|claimant| *claimant != cell)
            .collect();
        let kind = if is_gap {
            RepairKind::GapFilled
        } else {
            RepairKind::OverlapDecided
        };
        self.note(kind, from, cell, &[region]);
    }

    fn note(&mut self, kind: RepairKind, from: Vec<u32>, to: u32, regions: &[u32]) {
        let doubled_area: i128 = regions
            .iter()
            .map(|region| self.arrangement.regions[*region as usize].doubled_area)
            .sum();
        let polygons = regions
            .iter()
            .flat_map(|region| region_polygons(self.arrangement, *region));
        self.repairs.push(Repair {
            kind,
            from,
            to: Some(to),
            place: Place::Area(polygons.collect()),
            area_m2: m2(doubled_area),
            width_mm: regions
                .iter()
                .map(|region| self.width_mm(*region))
                .fold(0.0, f64::max),
        });
    }

    /// Regions of one cell that hang together, part by part, each part's regions in ascending
    /// order.
    fn parts(&self) -> BTreeMap<u32, Vec<Vec<u32>>> {
        let mut parts: BTreeMap<u32, Vec<Vec<u32>>> = BTreeMap::new();
        let mut is_done = vec![false; self.holders.len()];
        for start in 0..id(self.holders.len()) {
            let Holder::Cell(cell) = self.holders[start as usize] else {
                continue;
            };
            let mut part = Vec::new();
            let mut queue = vec![start];
            while let Some(region) = queue.pop() {
                if std::mem::replace(&mut is_done[region as usize], true) {
                    continue;
                }
                part.push(region);
                let beyond = self
                    .arrangement
                    .halves(region)
                    .map(|half| self.arrangement.region(half ^ 1));
                queue.extend(beyond.filter(|beyond| {
                    self.holders[*beyond as usize] == Holder::Cell(cell)
                        && !is_done[*beyond as usize]
                }));
            }
            if !part.is_empty() {
                part.sort_unstable();
                parts.entry(cell).or_default().push(part);
            }
        }
        parts
    }

    fn move_narrow_parts(&mut self) {
        let area = |deal: &Self, part: &Vec<u32>| -> i128 {
            part.iter()
                .map(|region| deal.arrangement.regions[*region as usize].doubled_area)
                .sum()
        };
        for (cell, mut parts) in self.parts() {
            parts.sort_by_key(|part| (area(self, part), part.clone()));
            parts.pop();
            for part in parts {
                let is_narrow = part
                    .iter()
                    .all(|region| self.width_mm(*region) <= self.tolerance_mm);
                if is_narrow && let Some(best) = self.best_neighbour(&part, |other| other != cell) {
                    for &region in &part {
                        self.holders[region as usize] = Holder::Cell(best);
                    }
                    self.note(RepairKind::PartMoved, vec![cell], best, &part);
                }
            }
        }
    }

    /// The faces, the face of each region, and a face for each conflict.
    fn faces(&self, cells: u32) -> (BTreeMap<FaceId, Face>, Vec<Option<FaceId>>, Vec<Conflict>) {
        let mut faces = BTreeMap::new();
        let mut conflicts = Vec::new();
        let mut labels = Vec::new();
        for region in 0..id(self.holders.len()) {
            let claimants = &self.claimants[region as usize];
            let label = match self.holders[region as usize] {
                Holder::Outside => None,
                Holder::Cell(cell) => Some(FaceId(cell)),
                Holder::Undecided | Holder::Conflict => Some(FaceId(cells + id(conflicts.len()))),
            };
            if let Some(face) = label {
                let ground = match self.holders[region as usize] {
                    Holder::Cell(_) | Holder::Outside => Ground::Cell,
                    Holder::Undecided | Holder::Conflict if claimants.is_empty() => {
                        Ground::Unclaimed
                    }
                    Holder::Undecided | Holder::Conflict => {
                        Ground::Contested(claimants.iter().copied().map(FaceId).collect())
                    }
                };
                if ground != Ground::Cell {
                    conflicts.push(self.conflict(face, region));
                }
                faces.insert(
                    face,
                    Face {
                        ground,
                        ..Face::default()
                    },
                );
            }
            labels.push(label);
        }
        (faces, labels, conflicts)
    }

    fn conflict(&self, face: FaceId, region: u32) -> Conflict {
        let cells = self.claimants[region as usize].clone();
        let kind = if cells.is_empty() {
            DefectKind::Gap
        } else {
            DefectKind::Overlap
        };
        let defect = Defect {
            kind,
            cells,
            areas: Vec::new(),
            place: Place::Area(region_polygons(self.arrangement, region)),
            area_m2: m2(self.arrangement.regions[region as usize].doubled_area),
            width_mm: self.width_mm(region),
        };
        Conflict { face, defect }
    }
}
