//! 5. Sighting → case: what is seen often enough is filed; the same thing again joins its case.

mod action;
pub mod attachment;
mod case;
mod confirm;
pub mod departure;
mod detail;
mod evidence;
mod http;
pub mod original;
mod pending;
mod picture;
mod queue;
mod record;
mod recurrence;
pub mod redaction;
pub mod register;
pub mod reporter;
mod sighting;
mod state;
mod store;

pub use action::Action;
pub use case::{CaseCell, CaseId, CaseRow, CaseSource, PressingClock};
pub use confirm::{Confirmed, Confirmer};
pub use departure::{CameraCheck, CameraVerdict, Departed};
pub use detail::{
    CaseComponent, CaseDetail, CaseEvent, CaseLinks, CaseRoute, EventPerson, Evidence,
    EvidenceImage, StoredCase,
};
pub use evidence::{EvidenceStore, Kept, PictureSha256};
pub use http::routes;
pub use pending::{DisputeLevel, Pending};
pub use picture::{BrokenJpeg, without_metadata};
pub(crate) use queue::list_open;
pub use queue::{CaseFilter, QueueOrder};
pub use record::{CaseChange, record};
pub use sighting::{Picture, Sighting};
pub use state::CaseState;
pub(crate) use store::{row, rows};
