//! A model: a folder with a manifest, a network and a golden picture. Loading proves that they
//! belong together; changing the model needs no code.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, fs};

use ort::session::Session;
use ort::value::{Outlet, TensorElementType, ValueType};
use sha2::{Digest, Sha256};

use super::detector::Network;
use super::fit::Size;
use super::manifest::{Element, GoldenBox, Manifest};
use super::reading::{Expected, Misfit, Reader};
use super::runtime::{Computing, Runtime};
use super::{Detections, Detector, ModelRef, UnreadableFrame};
use crate::catalogue::ClassCode;
use crate::config::RuntimeConfig;
use crate::space::PixelBox;

/// Why a model is not fit for use.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error(
        "the ONNX Runtime library {} is not there; `make setup` fetches it, or name one \
         with --onnxruntime or ORT_DYLIB_PATH", library.display()
    )]
    RuntimeMissing { library: PathBuf },
    #[error("the ONNX Runtime library {} cannot be used: {reason}", library.display())]
    Runtime { library: PathBuf, reason: String },
    #[error("cannot read {}: {reason}", file.display())]
    Read {
        file: PathBuf,
        reason: std::io::Error,
    },
    #[error("{}: {reason}", file.display())]
    Manifest { file: PathBuf, reason: String },
    #[error("{} has the SHA-256 {actual}, its manifest promises {expected}", file.display())]
    Sha256 {
        file: PathBuf,
        expected: String,
        actual: String,
    },
    #[error("{} is no network that ONNX Runtime can run: {reason}", file.display())]
    Network { file: PathBuf, reason: ort::Error },
    #[error("{} has no tensor `{tensor}`; it has {present:?}", file.display())]
    NoSuchTensor {
        file: PathBuf,
        tensor: String,
        present: Vec<String>,
    },
    #[error(
        "{} wants a tensor `{tensor}` of which its manifest says nothing",
        file.display()
    )]
    UndeclaredInput { file: PathBuf, tensor: String },
    #[error("tensor `{tensor}` of {} is {actual}, its manifest promises {expected}", file.display())]
    TensorShape {
        file: PathBuf,
        tensor: String,
        expected: String,
        actual: String,
    },
    #[error(
        "tensor `{tensor}` of {} scores {actual} classes, its manifest names {expected}",
        file.display()
    )]
    ClassCount {
        file: PathBuf,
        tensor: String,
        expected: usize,
        actual: i64,
    },
    #[error("two models are called `{0}`; cameras could not tell them apart")]
    SameName(String),
    #[error("it is called `{now}`; cameras know what this folder holds as `{known}`")]
    OtherName { known: String, now: String },
    #[error("golden picture {}: {reason}", picture.display())]
    Golden { picture: PathBuf, reason: String },
}

/// A manifest whose network was proved to keep it.
#[derive(Debug)]
pub(super) struct Proven {
    /// The text of `model.toml`.
    declared: String,
    pub(super) manifest: Manifest,
    pub(super) reference: Arc<ModelRef>,
    /// Label and catalogue class, by the index of the network.
    pub(super) classes: Vec<(Arc<str>, Option<ClassCode>)>,
}

/// A model that was proved fit for use; makes a [`Detector`] for every thread that asks.
#[derive(Debug, Clone)]
pub struct Model {
    proven: Arc<Proven>,
    file: PathBuf,
    onnx: Arc<[u8]>,
    runtime: Runtime,
    computing: Arc<Computing>,
    /// What the network calls height and width of an input that may be smaller.
    sides: Option<[Arc<str>; 2]>,
    /// A picture of which the manifest says what is found.
    golden: PathBuf,
}

impl Model {
    /// Reads `model.toml` in `folder` and checks everything it says: the network's SHA-256, its
    /// tensors, the number of classes, and the boxes on the golden picture.
    ///
    /// # Errors
    /// Each names the file or the tensor that is not as declared.
    pub fn load(folder: &Path, runtime: &RuntimeConfig) -> Result<Self, ModelError> {
        let (model, detector) = Self::open(folder, runtime)?;
        model.prove_golden(detector)?;
        Ok(model)
    }

    /// Loads it without a look at the golden picture; with a first detector.
    pub(super) fn open(
        folder: &Path,
        runtime: &RuntimeConfig,
    ) -> Result<(Self, Detector), ModelError> {
        let (declared, manifest) = read_manifest(&folder.join("model.toml"))?;
        let file = folder.join(&manifest.file);
        let onnx = read(&file)?;
        let actual = hex::encode(Sha256::digest(&onnx));
        if !actual.eq_ignore_ascii_case(&manifest.sha256) {
            return Err(ModelError::Sha256 {
                file,
                expected: manifest.sha256,
                actual,
            });
        }
        let runtime = Runtime::open(runtime)?;
        let (session, computing) =
            runtime
                .first_session(&onnx)
                .map_err(|reason| ModelError::Network {
                    file: file.clone(),
                    reason,
                })?;
        let reference = Arc::new(ModelRef {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
        });
        let classes = manifest
            .classes
            .iter()
            .map(|class| (Arc::from(class.label.as_str()), class.class))
            .collect();
        let mut model = Self {
            golden: folder.join(&manifest.golden.picture),
            proven: Arc::new(Proven {
                declared,
                manifest,
                reference,
                classes,
            }),
            file,
            onnx: onnx.into(),
            runtime,
            computing: Arc::new(computing),
            sides: None,
        };
        let size = model.proven.manifest.input.size();
        let whole = model.network_of(session, size)?;
        model.sides = model.open_sides(&whole.session)?;
        let detector = match &model.sides {
            // the open network has shown what it is; what looks has its size closed
            Some(_) => model.detector()?,
            None => Detector::new(model.clone(), Some(whole)),
        };
        Ok((model, detector))
    }

    pub fn reference(&self) -> &Arc<ModelRef> {
        &self.proven.reference
    }

    pub(super) fn golden_picture(&self) -> &Path {
        &self.golden
    }

    /// Whether the other one was declared in the same words, its network included by its digest.
    pub(super) fn is_the_same_as(&self, other: &Self) -> bool {
        self.proven.declared == other.proven.declared
    }

    /// Whether things with this label can be among what it finds.
    pub(super) fn reports(&self, label: &str) -> bool {
        let classes = &self.proven.manifest.classes;
        classes
            .iter()
            .any(|c| c.label == label && c.threshold.is_some())
    }

    /// Of each class it reports: label, catalogue class, threshold.
    pub(super) fn classes(&self) -> impl Iterator<Item = (&str, Option<ClassCode>, f32)> {
        let classes = self.proven.manifest.classes.iter();
        classes.filter_map(|c| Some((c.label.as_str(), c.class, c.threshold?)))
    }

    pub(super) fn licence(&self) -> &str {
        &self.proven.manifest.licence
    }

    /// What it computes on.
    pub fn computing(&self) -> &Computing {
        &self.computing
    }

    pub(super) fn proven(&self) -> &Arc<Proven> {
        &self.proven
    }

    /// A detector for the calling thread.
    ///
    /// # Errors
    /// ONNX Runtime refuses the network.
    pub fn detector(&self) -> Result<Detector, ModelError> {
        let first = match &self.sides {
            // which sizes are needed, frames will tell
            Some(_) => None,
            None => Some(self.network(self.proven.manifest.input.size())?),
        };
        Ok(Detector::new(self.clone(), first))
    }

    /// The network for inputs of a size.
    pub(super) fn network(&self, size: Size) -> Result<Network, ModelError> {
        let sides: &[(&str, u32)] = match &self.sides {
            Some([height, width]) => &[(height, size.height), (width, size.width)],
            None => &[],
        };
        let session = self.runtime.session(&self.onnx, self.computing.on, sides);
        self.network_of(session.map_err(|e| self.refused(e))?, size)
    }

    fn network_of(&self, session: Session, size: Size) -> Result<Network, ModelError> {
        // Detector threads are one per core; OpenCV must not start threads beside them.
        opencv::core::set_num_threads(1).map_err(|e| self.refused(ort::Error::new(e.message)))?;
        let manifest = &self.proven.manifest;
        let thresholds = manifest.classes.iter().map(|c| c.threshold).collect();
        let reader = Reader::new(&manifest.output, size.width, size.height, thresholds);
        self.prove_tensors(&session, &reader, size)?;
        Network::new(&manifest.input, size, session, reader).map_err(|e| self.refused(e))
    }

    /// What the network calls height and width, if the manifest says that they may be less.
    fn open_sides(&self, session: &Session) -> Result<Option<[Arc<str>; 2]>, ModelError> {
        let input = &self.proven.manifest.input;
        if input.step.is_none() {
            return Ok(None);
        }
        let outlet = session.inputs().iter().find(|i| i.name() == input.tensor);
        let named = outlet.and_then(|outlet| match outlet.dtype() {
            ValueType::Tensor {
                shape,
                dimension_symbols,
                ..
            } => {
                let name = |at: usize| {
                    let name = dimension_symbols.get(at)?.as_str();
                    (shape.get(at) == Some(&-1) && !name.is_empty()).then(|| Arc::from(name))
                };
                let [height, width] = input.sides();
                Some([name(height)?, name(width)?])
            }
            ValueType::Sequence(_) | ValueType::Map { .. } | ValueType::Optional(_) => None,
        });
        let found = outlet.map(|outlet| outlet.dtype().to_string());
        match named {
            Some([height, width]) if height != width => Ok(Some([height, width])),
            _ => Err(self.unlike(
                &input.tensor,
                "open in height and width, each by a name".to_owned(),
                found.unwrap_or_default(),
            )),
        }
    }

    fn refused(&self, reason: ort::Error) -> ModelError {
        ModelError::Network {
            file: self.file.clone(),
            reason,
        }
    }

    fn prove_tensors(
        &self,
        session: &Session,
        reader: &Reader,
        size: Size,
    ) -> Result<(), ModelError> {
        let input = &self.proven.manifest.input;
        let element = match input.element {
            Element::F32 => TensorElementType::Float32,
            Element::U8 => TensorElementType::Uint8,
        };
        self.prove_input(session, &input.tensor, element, &input.shape(size))?;
        if let Some(size) = &input.size_tensor {
            self.prove_input(session, size, TensorElementType::Int64, &[1, 2])?;
        }
        let declared = |name| name == input.tensor || Some(name) == input.size_tensor.as_deref();
        if let Some(other) = session.inputs().iter().find(|i| !declared(i.name())) {
            return Err(ModelError::UndeclaredInput {
                file: self.file.clone(),
                tensor: other.name().to_owned(),
            });
        }
        let outputs = reader.outputs();
        for expected in &outputs.numbers {
            self.prove_output(session, expected, &[TensorElementType::Float32])?;
        }
        if let Some(expected) = &outputs.labels {
            self.prove_output(session, expected, &LABEL_TYPES)?;
        }
        Ok(())
    }

    fn prove_input(
        &self,
        session: &Session,
        tensor: &str,
        element: TensorElementType,
        promised: &[usize],
    ) -> Result<(), ModelError> {
        let shape = self.shape_of(session.inputs(), tensor, &[element])?;
        let fits =
            |(actual, promised): (&i64, &usize)| *actual == -1 || *actual == *promised as i64;
        if shape.len() == promised.len() && shape.iter().zip(promised).all(fits) {
            return Ok(());
        }
        Err(self.unlike(tensor, format!("{promised:?}"), format!("{shape:?}")))
    }

    fn prove_output(
        &self,
        session: &Session,
        expected: &Expected,
        types: &[TensorElementType],
    ) -> Result<(), ModelError> {
        let tensor = &expected.tensor;
        let shape = self.shape_of(session.outputs(), tensor, types)?;
        let classes = self.proven.manifest.classes.len();
        match expected.compare(&shape, classes) {
            Ok(()) => Ok(()),
            Err(Misfit::Classes(actual)) => Err(ModelError::ClassCount {
                file: self.file.clone(),
                tensor: tensor.clone(),
                expected: classes,
                actual,
            }),
            Err(Misfit::Shape(promised)) => {
                Err(self.unlike(tensor, format!("{promised:?}"), format!("{shape:?}")))
            }
        }
    }

    /// -1 stands for a dimension the network leaves open.
    fn shape_of(
        &self,
        outlets: &[Outlet],
        tensor: &str,
        types: &[TensorElementType],
    ) -> Result<Vec<i64>, ModelError> {
        let Some(outlet) = outlets.iter().find(|outlet| outlet.name() == tensor) else {
            return Err(ModelError::NoSuchTensor {
                file: self.file.clone(),
                tensor: tensor.to_owned(),
                present: outlets.iter().map(|o| o.name().to_owned()).collect(),
            });
        };
        if let ValueType::Tensor { ty, shape, .. } = outlet.dtype()
            && types.contains(ty)
        {
            return Ok(shape.to_vec());
        }
        let types: Vec<String> = types.iter().map(ToString::to_string).collect();
        let promised = format!("a tensor of {}", types.join(" or "));
        Err(self.unlike(tensor, promised, outlet.dtype().to_string()))
    }

    fn unlike(&self, tensor: &str, expected: String, actual: String) -> ModelError {
        ModelError::TensorShape {
            file: self.file.clone(),
            tensor: tensor.to_owned(),
            expected,
            actual,
        }
    }

    fn prove_golden(&self, mut detector: Detector) -> Result<(), ModelError> {
        let jpeg = read(&self.golden)?;
        let failed = |reason: String| ModelError::Golden {
            picture: self.golden.clone(),
            reason,
        };
        let seen = detector
            .detect(&jpeg)
            .map_err(|e: UnreadableFrame| failed(e.to_string()))?;
        compare(&self.proven.manifest.golden.boxes, &seen).map_err(failed)
    }
}

impl Model {
    /// Name, version, what it computes on, and what it was wanted on and could not: for anybody.
    pub fn in_brief(&self) -> String {
        self.told(|_reason| String::new())
    }

    fn told(&self, why: impl Fn(&str) -> String) -> String {
        let (reference, computing) = (self.reference(), self.computing());
        let ModelRef { name, version } = &**reference;
        let mut told = format!("{name} {version} on {}", computing.on);
        for (wanted, reason) in &computing.passed_over {
            told += &format!(", not on {wanted}{}", why(reason.trim_end()));
        }
        told
    }
}

/// The same with the runtime's reasons, which name libraries and where they were looked for.
impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(|reason| format!(": {reason}")))
    }
}

/// What labels are exported as.
const LABEL_TYPES: [TensorElementType; 3] = [
    TensorElementType::Int64,
    TensorElementType::Int32,
    TensorElementType::Float32,
];

/// Decoders and processors differ in the last bits; these differences are no other model's.
const GOLDEN_IOU_MIN: f32 = 0.9;
const GOLDEN_CONFIDENCE_OFF_MAX: f32 = 0.05;

fn compare(expected: &[GoldenBox], seen: &Detections) -> Result<(), String> {
    for golden in expected {
        let pixel_box = PixelBox {
            left: golden.left,
            top: golden.top,
            right: golden.right,
            bottom: golden.bottom,
        };
        let matches = seen.found.iter().any(|detection| {
            *detection.label == *golden.label
                && detection.pixel_box.iou(&pixel_box) >= GOLDEN_IOU_MIN
                && (detection.confidence - golden.confidence).abs() <= GOLDEN_CONFIDENCE_OFF_MAX
        });
        if !matches {
            return Err(format!("expected {golden:?}, found {:?}", seen.found));
        }
    }
    if seen.found.len() != expected.len() {
        let (more, n) = (&seen.found, expected.len());
        return Err(format!("expected {n} boxes, found {more:?}"));
    }
    Ok(())
}

/// Its text, and what that says.
fn read_manifest(file: &Path) -> Result<(String, Manifest), ModelError> {
    let named = |reason: String| ModelError::Manifest {
        file: file.to_owned(),
        reason,
    };
    let text = String::from_utf8(read(file)?).map_err(|e| named(e.to_string()))?;
    let manifest = Manifest::parse(&text).map_err(named)?;
    Ok((text, manifest))
}

fn read(file: &Path) -> Result<Vec<u8>, ModelError> {
    fs::read(file).map_err(|reason| ModelError::Read {
        file: file.to_owned(),
        reason,
    })
}
