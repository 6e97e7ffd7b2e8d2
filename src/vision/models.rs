//! The models in use, and how one takes another's place while frames go on.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use metrics::gauge;

use super::shadow::Shadow;
use super::{Model, ModelError, ModelRef};
use crate::config::{RuntimeConfig, VisionConfig};
use crate::telemetry;

/// What looks at frames at one moment; replaced as a whole, so that no frame is looked at by half
/// of an old set and half of a new one.
#[derive(Debug)]
pub struct Roster {
    /// In the order of their folders.
    pub models: Vec<Arc<Model>>,
    /// Looks beside them and is only compared.
    pub shadow: Option<Arc<Shadow>>,
}

/// The folders of the service's models, and what was loaded from them last.
#[derive(Debug)]
pub struct Models {
    folders: Vec<PathBuf>,
    shadow_folder: Option<PathBuf>,
    runtime: RuntimeConfig,
    roster: ArcSwap<Roster>,
    /// One at a time, so that an older reading never replaces a newer one.
    reloading: Mutex<()>,
}

/// What became of a folder that was read again.
#[derive(Debug)]
pub enum Reloaded {
    /// Nothing in it has changed.
    Same(Arc<Model>),
    /// From now on frames are looked at by this one.
    Swapped { from: Arc<ModelRef>, to: Arc<Model> },
    /// It is not fit for use; the one that was loaded before goes on.
    Refused {
        going_on: Arc<Model>,
        reason: ModelError,
    },
}

impl Roster {
    /// Those in use, then the one in the shadow.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Model>> {
        let shadow = self.shadow.iter().map(|shadow| shadow.model());
        self.models.iter().chain(shadow)
    }
}

impl Models {
    /// # Errors
    /// A model is not fit for use, or two have one name.
    pub fn load(config: &VisionConfig) -> Result<Self, ModelError> {
        let runtime = config.runtime.clone();
        let load = |folder: &PathBuf| Model::load(folder, &runtime).map(Arc::new);
        let models: Vec<Arc<Model>> = config
            .model_dirs
            .iter()
            .map(load)
            .collect::<Result<_, _>>()?;
        for (index, model) in models.iter().enumerate() {
            different(model, &models[..index])?;
        }
        let shadow = config.shadow_model_dir.as_ref().map(load).transpose()?;
        let roster = Roster {
            models,
            shadow: shadow.map(|model| Arc::new(Shadow::new(model))),
        };
        roster.all().for_each(|model| tell(model, 1.0));
        Ok(Self {
            folders: config.model_dirs.clone(),
            shadow_folder: config.shadow_model_dir.clone(),
            runtime,
            roster: ArcSwap::from_pointee(roster),
            reloading: Mutex::new(()),
        })
    }

    pub fn now(&self) -> Arc<Roster> {
        self.roster.load_full()
    }

    /// Reads every folder again, the shadow's last, and takes what is fit for use. Computes for
    /// seconds: never on an async thread.
    pub fn reload(&self) -> Vec<Reloaded> {
        let _one = self
            .reloading
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = self.now();
        let mut models = before.models.clone();
        let mut outcomes = Vec::new();
        for (index, folder) in self.folders.iter().enumerate() {
            let outcome = self.read_again(folder, &models[index], keeps_its_name);
            models[index] = Arc::clone(outcome.in_use());
            outcomes.push(outcome);
        }
        let mut shadow = before.shadow.clone();
        if let (Some(folder), Some(known)) = (&self.shadow_folder, &mut shadow) {
            // no camera names it
            let outcome = self.read_again(folder, known.model(), |_, _| Ok(()));
            if !Arc::ptr_eq(outcome.in_use(), known.model()) {
                *known = Arc::new(Shadow::new(Arc::clone(outcome.in_use())));
            }
            outcomes.push(outcome);
        }
        let swapped = |outcome: &Reloaded| matches!(outcome, Reloaded::Swapped { .. });
        if outcomes.iter().any(swapped) {
            let now = Roster { models, shadow };
            before.all().for_each(|model| tell(model, 0.0));
            now.all().for_each(|model| tell(model, 1.0));
            self.roster.store(Arc::new(now));
        }
        outcomes
    }

    fn read_again(
        &self,
        folder: &Path,
        known: &Arc<Model>,
        fits: impl Fn(&Model, &Model) -> Result<(), ModelError>,
    ) -> Reloaded {
        let loaded = Model::load(folder, &self.runtime)
            .and_then(|model| fits(&model, known).map(|()| model));
        match loaded {
            Ok(model) if model.is_the_same_as(known) => Reloaded::Same(Arc::clone(known)),
            Ok(model) => Reloaded::Swapped {
                from: Arc::clone(known.reference()),
                to: Arc::new(model),
            },
            Err(reason) => Reloaded::Refused {
                going_on: Arc::clone(known),
                reason,
            },
        }
    }
}

impl Reloaded {
    /// What looks from now on.
    pub fn in_use(&self) -> &Arc<Model> {
        match self {
            Self::Same(model)
            | Self::Swapped { to: model, .. }
            | Self::Refused {
                going_on: model, ..
            } => model,
        }
    }
}

/// What was wanted first is in the metrics, too, so that an alarm can tell a fallback.
fn tell(model: &Model, present: f64) {
    let (reference, computing) = (model.reference(), model.computing());
    let wanted = computing.passed_over.first();
    let wanted = wanted.map_or(computing.on, |(wanted, _)| *wanted);
    gauge!(
        telemetry::MODELS,
        "model" => reference.name.clone(),
        "version" => reference.version.clone(),
        "on" => computing.on.to_string(),
        "wanted" => wanted.to_string()
    )
    .set(present);
}

/// A model that took another name would look at the frames of no camera that names its models.
fn keeps_its_name(model: &Model, known: &Model) -> Result<(), ModelError> {
    let (known, now) = (&known.reference().name, &model.reference().name);
    if known == now {
        return Ok(());
    }
    Err(ModelError::OtherName {
        known: known.clone(),
        now: now.clone(),
    })
}

/// Cameras name the models that look at their frames.
fn different(model: &Model, others: &[Arc<Model>]) -> Result<(), ModelError> {
    let name = &model.reference().name;
    if others.iter().any(|other| other.reference().name == *name) {
        return Err(ModelError::SameName(name.clone()));
    }
    Ok(())
}
