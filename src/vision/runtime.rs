//! ONNX Runtime: its shared library, the one environment of the process, sessions.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;

use super::ModelError;

/// ONNX Runtime allows one environment in the life of a process; it stays until the end.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// Loads the shared library the first time; later calls return the same environment.
///
/// # Errors
/// The library is missing, cannot be loaded, or is older than the API used here.
pub(super) fn environment(library: &Path) -> Result<Environment, ModelError> {
    if !library.is_file() {
        return Err(ModelError::RuntimeMissing {
            library: library.to_owned(),
        });
    }
    let failed = |reason: String| ModelError::Runtime {
        library: library.to_owned(),
        reason,
    };
    let mut shared = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = &*shared {
        return Ok(environment.clone());
    }
    // A relative path would be looked for beside the executable first.
    let absolute = library.canonicalize().map_err(|e| failed(e.to_string()))?;
    let environment = ort::init_from(absolute)
        .map_err(|e| failed(e.to_string()))?
        .with_name("cityward")
        .with_telemetry(false)
        .build()
        .map_err(|e| failed(e.to_string()))?;
    Ok(shared.insert(environment).clone())
}

/// A session that computes on the calling thread alone and sleeps when it has nothing to do:
/// detector threads, not sessions, are what is there once per core.
///
/// `QuickGelu`, into which ONNX Runtime makes `x · sigmoid(x)`, does not know the layout in blocks of
/// channels that convolutions compute in: every layer would be laid out anew before and after it.
pub(super) fn session(environment: &Environment, onnx: &[u8]) -> ort::Result<Session> {
    Session::builder(environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?
        .with_disabled_optimizers("QuickGeluFusion")?
        .commit_from_memory(onnx)
}
