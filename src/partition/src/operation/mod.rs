//! What a planner can do to a partition.
//!
//! Vertices are named by their place: no two share one, and a place means the same on a partition
//! that has changed since.

mod border;
mod recut;
mod redraw;
mod region;
mod soundness;
mod sweep;

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::draft::Draft;
use crate::ids::{FaceId, UnitId};
use crate::partition::{Face, Ground, Partition};
use crate::point::Point;
use crate::refusal::{Limits, Refusal, Warning};
use crate::ring::Polygon;
use crate::subject::Subject;

pub use redraw::DrawnCell;
use soundness::Made;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Everything that meets in the vertex follows.
    MoveVertex {
        at: Point,
        to: Point,
    },
    /// Bends the piece of border between two vertices to a place.
    InsertVertex {
        between: [Point; 2],
        at: Point,
    },
    DeleteVertex {
        at: Point,
    },
    /// Draws the border between two of its vertices straight.
    Straighten {
        from: Point,
        to: Point,
    },
    /// Draws the border between two of its vertices, which the line begins and ends with, along
    /// the line: a street.
    Follow {
        line: Vec<Point>,
    },
    /// Divides a face along a line that crosses it; every piece is a new face.
    Split {
        face: FaceId,
        line: Vec<Point>,
    },
    /// Makes one new face of several that touch.
    Merge {
        faces: Vec<FaceId>,
    },
    /// Gives what lies in the polygon from one face to another; nobody is the outside.
    Transfer {
        polygon: Polygon,
        from: Option<FaceId>,
        to: Option<FaceId>,
    },
    /// Gives the scope a new outline: what is outside goes, what comes in goes to a face, or is
    /// unclaimed.
    RedrawScope {
        scope: Vec<Polygon>,
        to: Option<FaceId>,
    },
    /// Draws every cell anew, as a newer file has them.
    Redraw {
        cells: Vec<DrawnCell>,
    },
    /// Says what a face is called; empty: nothing.
    SetName {
        face: FaceId,
        name: String,
    },
    SetOwner {
        faces: Vec<FaceId>,
        owner: Option<UnitId>,
    },
    /// Says who answers for a subject; `None`: whoever does for what is no duty by itself.
    SetDuty {
        faces: Vec<FaceId>,
        subject: Subject,
        owner: Option<UnitId>,
    },
    /// Declares ground that nobody or several claim a cell of its own.
    Settle {
        face: FaceId,
    },
    Lock {
        faces: Vec<FaceId>,
    },
    Unlock {
        faces: Vec<FaceId>,
    },
}

/// A change that may be made, and what to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    pub change: Change,
    pub warnings: Vec<Warning>,
}

impl Operation {
    /// What the operation would change; the partition stays as it is.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub fn plan(&self, partition: &Partition, limits: &Limits) -> Result<Planned, Refusal> {
        let mut draft = Draft::of(partition);
        let mut of_duties = Vec::new();
        match self {
            Self::MoveVertex { at, to } => border::move_vertex(&mut draft, *at, *to)?,
            Self::InsertVertex {
                between: [a, b],
                at,
            } => {
                border::insert_vertex(&mut draft, *a, *b, *at)?;
            }
            Self::DeleteVertex { at } => border::delete_vertex(&mut draft, *at)?,
            Self::Straighten { from, to } => border::follow(&mut draft, &[*from, *to])?,
            Self::Follow { line } => border::follow(&mut draft, line)?,
            Self::Split { face, line } => region::split(&mut draft, *face, line)?,
            Self::Merge { faces } => of_duties = region::merge(&mut draft, faces)?,
            Self::Transfer { polygon, from, to } => {
                region::transfer(&mut draft, polygon, *from, *to)?;
            }
            Self::RedrawScope { scope, to } => region::redraw_scope(&mut draft, scope, *to)?,
            Self::Redraw { cells } => redraw::redraw(&mut draft, cells)?,
            Self::SetName { face, name } => edit_faces(&mut draft, &[*face], |face| {
                face.name = Some(name.clone());
            })?,
            Self::SetOwner { faces, owner } => edit_faces(&mut draft, faces, |face| {
                face.owner = *owner;
            })?,
            Self::SetDuty {
                faces,
                subject,
                owner,
            } => edit_faces(&mut draft, faces, |face| {
                match owner {
                    Some(owner) => face.duties.insert(*subject, *owner),
                    None => face.duties.remove(subject),
                };
            })?,
            Self::Settle { face } => edit_faces(&mut draft, &[*face], |face| {
                face.ground = Ground::Cell;
            })?,
            Self::Lock { faces } => set_lock(&mut draft, faces, true)?,
            Self::Unlock { faces } => set_lock(&mut draft, faces, false)?,
        }
        let mut warnings = soundness::check(&draft, limits, self.made())?;
        warnings.append(&mut of_duties);
        let change = draft.into_change();
        if change.is_nothing() {
            return Err(Refusal::Nothing);
        }
        Ok(Planned { change, warnings })
    }

    fn made(&self) -> Made {
        if matches!(self, Self::Redraw { .. }) {
            Made::Anew
        } else {
            Made::ByEdit
        }
    }

    /// The same without borders that a whole file draws: enough to say what was done.
    #[must_use]
    pub fn in_short(mut self) -> Self {
        if let Self::Redraw { cells } = &mut self {
            for cell in cells {
                cell.polygons.clear();
            }
        }
        self
    }
}

/// A face that is there and not locked.
fn free_face<'d>(draft: &'d Draft<'_>, face: FaceId) -> Result<&'d Face, Refusal> {
    match draft.face(face) {
        None => Err(Refusal::NoFace { face }),
        Some(found) if found.is_locked => Err(Refusal::Locked { face }),
        Some(found) => Ok(found),
    }
}

fn edit_faces(
    draft: &mut Draft<'_>,
    faces: &[FaceId],
    edit: impl Fn(&mut Face),
) -> Result<(), Refusal> {
    for &id in faces {
        let mut face = free_face(draft, id)?.clone();
        edit(&mut face);
        draft.set_face(id, Some(face));
    }
    Ok(())
}

fn set_lock(draft: &mut Draft<'_>, faces: &[FaceId], is_locked: bool) -> Result<(), Refusal> {
    for &id in faces {
        let face = draft.face(id).ok_or(Refusal::NoFace { face: id })?.clone();
        draft.set_face(id, Some(Face { is_locked, ..face }));
    }
    Ok(())
}
