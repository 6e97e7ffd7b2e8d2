//! A cell as somebody wants it, as steps of a plan: what other programs send is drawn by the same
//! operations as on the planner's page.

use std::collections::BTreeSet;
use std::sync::Arc;

use cityward_partition::{Cell, FaceId, Operation, Partition, Polygon, Refusal, UnitId, Warning};
use geo_types::Geometry;

use super::check_unit;
use super::held::{Held, WRITERS, no_plan, refused, working};
use crate::access::Person;
use crate::http::{ApiError, App};
use crate::import::grid_cell;
use crate::plan::store::{self, Asked, NewStep};
use crate::plan::working::Working;
use crate::plan::{Plan, PlanState};

/// A published cell as it is to be.
#[derive(Debug, Clone)]
pub(crate) struct CellEdit {
    pub(crate) cell_id: i32,
    pub(crate) owner: CellOwner,
    /// Degrees; none: as it is. What it takes it takes from its neighbours; it leaves no ground.
    pub(crate) border: Option<Geometry<f64>>,
}

/// Who is to answer for a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellOwner {
    /// Whoever does by the plan.
    AsItIs,
    Nobody,
    Unit(u32),
}

/// Ground that a border leaves, or has too much, because its corners were rounded on the way.
const LEFT_MAX_M2: f64 = 1.0;

const TITLE: &str = "网格修改 (OGC API)";
const REASON: &str = "OGC API - Features";

/// Of one person's drafts the newest is looked for among so many plans.
const PLANS_LOOKED_AT: u32 = 500;

/// Writes an edit into a draft: the one that is named, else the person's newest, else a new one.
///
/// # Errors
/// 403 for others than planners, 404 for an unknown plan or cell, 422 where the ground cannot be
/// drawn so.
pub(crate) async fn propose(
    app: &App,
    person: &Person,
    plan: Option<i32>,
    edit: CellEdit,
) -> Result<Plan, ApiError> {
    let mut held = match draft_for(app, person, plan).await? {
        Some(plan) => Held::draft(app, person, plan.id, plan.version).await?,
        None => Held::started(app, person, TITLE, REASON).await?,
    };
    if let CellOwner::Unit(id) = edit.owner {
        check_unit(&mut held.tx, Some(UnitId(id)), "/properties/unit_id").await?;
    }
    let plan_id = held.plan.id;
    let seat = held.seat().await?;
    let base = Arc::clone(&seat.base);
    let cells = base.cells.values();
    let cell = { cells }.find(|cell| cell.cell_id == edit.cell_id);
    let Some(cell) = cell else {
        let detail = format!("cell {} is not in force on the plan's ground", edit.cell_id);
        return Err(ApiError::not_found(detail));
    };
    let wanted = Wanted {
        face: cell.face,
        owner: edit.owner,
        border: match edit.border {
            None => None,
            Some(border) => {
                let drawn = grid_cell(&border, &mut Some(base.frame));
                Some(drawn.map_err(|why| ApiError::field("/geometry", why))?)
            }
        },
    };
    let after = held.revision_after();
    let taken = working(seat, move |revision, working| {
        let taken = wanted.draw(working);
        if taken.is_ok() {
            *revision = after;
        }
        taken
    });
    let taken = taken.await?.map_err(|why| match why {
        NotDrawn::Refused(operation, refusal) => refused(&base, &operation, &refusal),
        NotDrawn::LeavesGround(area_m2) => {
            let detail =
                format!("{area_m2:.1} m2 would be nobody's: enlarge the neighbour instead");
            ApiError::field("/geometry", detail)
        }
        NotDrawn::BeyondCity(area_m2) => {
            let detail = format!("{area_m2:.1} m2 of it lie outside the city's cells");
            ApiError::field("/geometry", detail)
        }
    })?;
    for (operation, warnings) in &taken {
        let step = NewStep {
            operation,
            reason: REASON,
            warnings,
        };
        store::insert_step(&mut held.tx, plan_id, &step, person.id, after.changed_at).await?;
    }
    held.finish().await
}

async fn draft_for(
    app: &App,
    person: &Person,
    plan: Option<i32>,
) -> Result<Option<Plan>, ApiError> {
    person.require_of_city(WRITERS)?;
    let mut tx = app.scoped(person).await?;
    let found = match plan {
        Some(id) => Some(
            store::find(&mut *tx, id)
                .await?
                .ok_or_else(|| no_plan(id))?,
        ),
        None => {
            let drafts = Asked {
                only: None,
                state: Some(PlanState::Draft),
                before: None,
                limit: PLANS_LOOKED_AT,
            };
            let drafts = store::list(&mut *tx, drafts).await?;
            drafts.into_iter().find(|plan| plan.author.id == person.id)
        }
    };
    tx.commit().await?;
    Ok(found)
}

/// A face as it is to be.
struct Wanted {
    face: FaceId,
    owner: CellOwner,
    border: Option<Cell>,
}

enum NotDrawn {
    Refused(Operation, Refusal),
    /// Square metres.
    LeavesGround(f64),
    /// Square metres.
    BeyondCity(f64),
}

type Taken = Vec<(Operation, Vec<Warning>)>;

impl Wanted {
    /// All of it, or nothing.
    fn draw(&self, working: &mut Working) -> Result<Taken, NotDrawn> {
        let mut taken = Taken::new();
        let drawn = self.steps(working, &mut taken);
        if drawn.is_err() {
            for _ in &taken {
                working.take_back();
            }
        }
        drawn.map(|()| taken)
    }

    fn steps(&self, working: &mut Working, taken: &mut Taken) -> Result<(), NotDrawn> {
        let polygons = self.border.as_ref().map(|cell| cell.polygons.as_slice());
        for polygon in polygons.unwrap_or_default() {
            self.grow(working, polygon, taken)?;
        }
        if let Some(polygons) = polygons {
            let wanted_m2: f64 = polygons.iter().map(Polygon::area_m2).sum();
            let left_m2 = working.partition.area_m2(self.face) - wanted_m2;
            if left_m2 > LEFT_MAX_M2 {
                return Err(NotDrawn::LeavesGround(left_m2));
            }
            if left_m2 < -LEFT_MAX_M2 {
                return Err(NotDrawn::BeyondCity(-left_m2));
            }
        }
        let owner = match self.owner {
            CellOwner::AsItIs => return Ok(()),
            CellOwner::Nobody => None,
            CellOwner::Unit(id) => Some(UnitId(id)),
        };
        let known = working.partition.faces().get(&self.face);
        if known.is_some_and(|face| face.owner != owner) {
            let operation = Operation::SetOwner {
                faces: vec![self.face],
                owner,
            };
            take(working, operation, taken)?;
        }
        Ok(())
    }

    /// Takes what lies in a polygon from one neighbour after another.
    fn grow(
        &self,
        working: &mut Working,
        polygon: &Polygon,
        taken: &mut Taken,
    ) -> Result<(), NotDrawn> {
        let mut asked = BTreeSet::from([self.face]);
        while let Some(from) = neighbour(&working.partition, self.face, &asked) {
            asked.insert(from);
            let operation = Operation::Transfer {
                polygon: polygon.clone(),
                from: Some(from),
                to: Some(self.face),
            };
            match take(working, operation, taken) {
                Ok(()) | Err(NotDrawn::Refused(_, Refusal::Nothing)) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }
}

fn take(working: &mut Working, operation: Operation, taken: &mut Taken) -> Result<(), NotDrawn> {
    match working.take(&operation) {
        Ok(warnings) => {
            taken.push((operation, warnings));
            Ok(())
        }
        Err(refusal) => Err(NotDrawn::Refused(operation, refusal)),
    }
}

/// A face beside another that was not asked yet.
fn neighbour(partition: &Partition, face: FaceId, asked: &BTreeSet<FaceId>) -> Option<FaceId> {
    let arcs = partition.arcs_of_face(face).iter();
    let sides = arcs.flat_map(|arc| partition.arcs()[arc].sides());
    { sides }.flatten().find(|side| !asked.contains(side))
}
