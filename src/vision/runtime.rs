//! ONNX Runtime: its shared library, the one environment of the process, sessions, and what they
//! compute on.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::ep;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};

use super::ModelError;
use crate::config::{ExecutionProvider, RuntimeConfig};

/// ONNX Runtime allows one environment in the life of a process; it stays until the end.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// The loaded library, and what sessions should compute on.
#[derive(Debug, Clone)]
pub(super) struct Runtime {
    environment: Environment,
    /// In the order of preference.
    wanted: Vec<ExecutionProvider>,
}

/// What a model computes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computing {
    pub on: ExecutionProvider,
    /// What was wanted more, and why it could not be had.
    pub passed_over: Vec<(ExecutionProvider, String)>,
}

impl Runtime {
    /// Loads the shared library the first time; later calls use the same environment.
    ///
    /// # Errors
    /// The library is missing, cannot be loaded, or is older than the API used here.
    pub(super) fn open(config: &RuntimeConfig) -> Result<Self, ModelError> {
        Ok(Self {
            environment: environment(&config.onnxruntime)?,
            wanted: config.execution_providers.clone(),
        })
    }

    /// A session on the first of the wanted providers that takes the network; the CPU takes what
    /// the others do not.
    pub(super) fn first_session(&self, onnx: &[u8]) -> ort::Result<(Session, Computing)> {
        let mut passed_over = Vec::new();
        for &on in &self.wanted {
            match self.session(onnx, on, &[]) {
                Ok(session) => return Ok((session, Computing { on, passed_over })),
                Err(reason) => passed_over.push((on, reason.to_string())),
            }
        }
        let on = ExecutionProvider::Cpu;
        let session = self.session(onnx, on, &[])?;
        Ok((session, Computing { on, passed_over }))
    }

    /// A session that computes on the calling thread alone and sleeps when it has nothing to do:
    /// detector threads, not sessions, are what is there once per core.
    ///
    /// `QuickGelu`, into which ONNX Runtime makes `x · sigmoid(x)`, does not know the layout in blocks
    /// of channels that convolutions compute in: every layer would be laid out anew before and after
    /// it.
    ///
    /// `sides`: names and lengths of dimensions that the network leaves open. Closed, they leave the
    /// runtime as much to work out beforehand as if they had never been open.
    pub(super) fn session(
        &self,
        onnx: &[u8],
        on: ExecutionProvider,
        sides: &[(&str, u32)],
    ) -> ort::Result<Session> {
        let mut builder = Session::builder(&self.environment)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            .with_disabled_optimizers("QuickGeluFusion")?;
        for (name, length) in sides {
            builder = builder.with_dimension_override(name, i64::from(*length))?;
        }
        provide(builder, on)?.commit_from_memory(onnx)
    }
}

/// A provider that cannot be had is an error here: otherwise the runtime would take the CPU and
/// nobody would know.
fn provide(builder: SessionBuilder, on: ExecutionProvider) -> ort::Result<SessionBuilder> {
    let openvino = |device: &str| {
        ep::OpenVINO::default()
            .with_device_type(device)
            .with_num_threads(1)
            .with_num_streams(1)
            .build()
    };
    let provider = match on {
        ExecutionProvider::Cpu => return Ok(builder),
        ExecutionProvider::Openvino => openvino("CPU"),
        ExecutionProvider::OpenvinoGpu => openvino("GPU"),
        ExecutionProvider::Cuda => ep::CUDA::default().build(),
        ExecutionProvider::Tensorrt => ep::TensorRT::default().build(),
    };
    Ok(builder.with_execution_providers([provider.error_on_failure()])?)
}

fn environment(library: &Path) -> Result<Environment, ModelError> {
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
