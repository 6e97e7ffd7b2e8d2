//! Which models look at frames, how one in the shadow compares, and reading them again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Counted, Model, ModelRef, Reloaded};
use crate::access::Person;
use crate::catalogue::ClassCode;
use crate::http::{ApiError, App};
use crate::journal::{self, Entry};

/// For signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_models))
        .routes(routes!(reload_models))
}

#[derive(Debug, Serialize, ToSchema)]
struct ModelList {
    /// Those that look at frames, in the order of their folders.
    #[schema(inline)]
    models: Vec<ModelView>,
    /// One that looks beside them, files nothing and is only compared.
    #[schema(inline)]
    shadow: Option<ShadowView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ModelView {
    name: String,
    version: String,
    /// SPDX expression for the weights.
    licence: String,
    /// What it computes on.
    on: String,
    /// What was wanted more and could not be had.
    #[schema(inline)]
    passed_over: Vec<PassedOver>,
    #[schema(inline)]
    classes: Vec<ClassView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PassedOver {
    wanted: String,
    reason: String,
}

/// A class that is reported.
#[derive(Debug, Serialize, ToSchema)]
struct ClassView {
    /// The model's own word for it.
    label: String,
    /// The catalogue class it is evidence of; null for things that are no problem.
    #[schema(value_type = Option<String>)]
    class: Option<ClassCode>,
    /// Least confidence, 0 to 1.
    threshold: f32,
}

#[derive(Debug, Serialize, ToSchema)]
struct ShadowView {
    #[schema(inline)]
    model: ModelView,
    /// Since it was loaded.
    #[serde(flatten)]
    counted: Counted,
}

impl ModelView {
    fn of(model: &Model) -> Self {
        let ModelRef { name, version } = (**model.reference()).clone();
        let computing = model.computing();
        let passed_over = computing.passed_over.iter();
        Self {
            name,
            version,
            licence: model.licence().to_owned(),
            on: computing.on.to_string(),
            passed_over: passed_over
                .map(|(wanted, reason)| PassedOver {
                    wanted: wanted.to_string(),
                    reason: reason.clone(),
                })
                .collect(),
            classes: model
                .classes()
                .map(|(label, class, threshold)| ClassView {
                    label: label.to_owned(),
                    class,
                    threshold,
                })
                .collect(),
        }
    }
}

/// Which models look at frames, and what they compute on.
#[utoipa::path(get, path = "/api/v1/models", tag = "models", responses((status = 200, body = ModelList)))]
async fn list_models(_person: Person, State(app): State<App>) -> Json<ModelList> {
    let roster = app.models.now();
    Json(ModelList {
        models: roster.models.iter().map(|m| ModelView::of(m)).collect(),
        shadow: roster.shadow.as_ref().map(|shadow| ShadowView {
            model: ModelView::of(shadow.model()),
            counted: shadow.counted(),
        }),
    })
}

#[derive(Debug, Serialize, ToSchema)]
struct ReloadReport {
    /// In the order of their folders; the shadow's is last.
    #[schema(inline)]
    folders: Vec<FolderReport>,
}

#[derive(Debug, Serialize, ToSchema)]
struct FolderReport {
    outcome: Outcome,
    /// What looks from now on.
    model: ModelRef,
    /// What looked until now, where it was swapped.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<ModelRef>,
    /// Why what the folder holds is not fit for use.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Same,
    Swapped,
    Refused,
}

impl FolderReport {
    fn of(reloaded: &Reloaded) -> Self {
        let model = (**reloaded.in_use().reference()).clone();
        let (outcome, from, reason) = match reloaded {
            Reloaded::Same(_) => (Outcome::Same, None, None),
            Reloaded::Swapped { from, .. } => (Outcome::Swapped, Some((**from).clone()), None),
            Reloaded::Refused { reason, .. } => (Outcome::Refused, None, Some(reason.to_string())),
        };
        Self {
            outcome,
            model,
            from,
            reason,
        }
    }
}

/// Read the models' folders again. What is fit for use looks at the next frames, all of it from the
/// same moment on; in place of what is not, the model that was loaded before goes on.
#[utoipa::path(post, path = "/api/v1/models/reload", tag = "models", responses(
    (status = 200, body = ReloadReport),
    (status = 403, description = "forbidden: models are kept by administrators"),
))]
async fn reload_models(
    person: Person,
    State(app): State<App>,
) -> Result<Json<ReloadReport>, ApiError> {
    person.require_administrator()?;
    // in a task of its own: who hangs up leaves no swap without its entry in the record
    let reloaded = tokio::spawn(reload(app, person)).await;
    let reloaded = reloaded.map_err(anyhow::Error::from)??;
    Ok(Json(ReloadReport {
        folders: reloaded.iter().map(FolderReport::of).collect(),
    }))
}

async fn reload(app: App, person: Person) -> anyhow::Result<Vec<Reloaded>> {
    let models = Arc::clone(&app.models);
    let reloaded = tokio::task::spawn_blocking(move || models.reload()).await?;
    let mut tx = app.scoped(&person).await?;
    for folder in &reloaded {
        match folder {
            Reloaded::Same(_) => {}
            Reloaded::Swapped { from, to } => {
                tracing::info!(login = person.login, from = %from.version, %to, "swapped a model");
                let to = to.reference();
                let entry = Entry::by(&person, app.now(), format!("model:{}", to.name), "swap")
                    .before(json!(**from))
                    .after(json!(**to));
                journal::record(&mut *tx, &entry).await?;
            }
            Reloaded::Refused { going_on, reason } => {
                tracing::warn!(login = person.login, %going_on, %reason, "refused a model");
            }
        }
    }
    tx.commit().await?;
    Ok(reloaded)
}
