//! A unit has received the notice that a case is theirs. Article 13: an emergency counts from here.

use sqlx::PgConnection;

use crate::cases::{Action, CaseId};
use crate::http::App;
use crate::workflow::{ActError, Command, Delivery, Done};

/// Steps that give a case to a unit.
pub(super) const GIVING: [Action; 3] = [Action::Dispatch, Action::Redispatch, Action::Reassign];

/// Takes the step of the workflow in `tx`, once: `None` when the notice was received before or the
/// case has moved on.
pub(super) async fn deliver(
    app: &App,
    tx: &mut PgConnection,
    case: CaseId,
    delivery: Delivery,
) -> anyhow::Result<Option<Done>> {
    let workflow = app.workflow();
    let step = Command::Deliver(delivery);
    match workflow.act_as_system(tx, case, &step, app.now()).await {
        Ok(done) => Ok(Some(done)),
        Err(ActError::Other(error)) => Err(error),
        Err(_) => Ok(None),
    }
}
