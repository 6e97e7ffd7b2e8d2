//! A model: a folder with a manifest, a network and a golden picture. Loading proves that they
//! belong together; changing the model needs no code.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ort::environment::Environment;
use ort::session::Session;
use ort::value::{Outlet, TensorElementType, ValueType};
use sha2::{Digest, Sha256};

use super::boxes::BoxReader;
use super::manifest::{GoldenBox, Manifest};
use super::{Detections, Detector, ModelRef, UnreadableFrame, runtime};
use crate::catalogue::ClassCode;
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
    #[error("golden picture {}: {reason}", picture.display())]
    Golden { picture: PathBuf, reason: String },
}

/// A manifest whose network was proved to keep it.
#[derive(Debug)]
pub(super) struct Proven {
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
    environment: Environment,
}

impl Model {
    /// Reads `model.toml` in `folder` and checks everything it says: the network's SHA-256, its
    /// tensors, the number of classes, and the boxes on the golden picture.
    ///
    /// # Errors
    /// Each names the file or the tensor that is not as declared.
    pub fn load(folder: &Path, onnxruntime: &Path) -> Result<Self, ModelError> {
        let manifest = read_manifest(&folder.join("model.toml"))?;
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
        let environment = runtime::environment(onnxruntime)?;
        let reference = Arc::new(ModelRef {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
        });
        let classes = manifest
            .classes
            .iter()
            .map(|class| (Arc::from(class.label.as_str()), class.class))
            .collect();
        let model = Self {
            proven: Arc::new(Proven {
                manifest,
                reference,
                classes,
            }),
            file,
            onnx: onnx.into(),
            environment,
        };
        model.prove_golden(folder)?;
        Ok(model)
    }

    pub fn reference(&self) -> &Arc<ModelRef> {
        &self.proven.reference
    }

    /// A detector for the calling thread.
    ///
    /// # Errors
    /// ONNX Runtime refuses the network, or its tensors are not as declared.
    pub fn detector(&self) -> Result<Detector, ModelError> {
        // Detector threads are one per core; OpenCV must not start threads beside them.
        opencv::core::set_num_threads(1).map_err(|e| self.refused(ort::Error::new(e.message)))?;
        let session =
            runtime::session(&self.environment, &self.onnx).map_err(|e| self.refused(e))?;
        let manifest = &self.proven.manifest;
        let thresholds = manifest.classes.iter().map(|c| c.threshold).collect();
        let input = &manifest.input;
        let reader = BoxReader::new(
            &manifest.output.layout,
            input.width,
            input.height,
            thresholds,
        );
        self.prove_tensors(&session, &reader)?;
        Detector::new(Arc::clone(&self.proven), session, reader).map_err(|e| self.refused(e))
    }

    fn refused(&self, reason: ort::Error) -> ModelError {
        ModelError::Network {
            file: self.file.clone(),
            reason,
        }
    }

    fn prove_tensors(&self, session: &Session, reader: &BoxReader) -> Result<(), ModelError> {
        let manifest = &self.proven.manifest;
        let tensor = &manifest.input.tensor;
        let shape = self.shape_of(session.inputs(), tensor)?;
        let (width, height) = (manifest.input.width, manifest.input.height);
        let expected = [1, 3, i64::from(height), i64::from(width)];
        let fits = shape.len() == 4 && (0..4).all(|d| shape[d] == -1 || shape[d] == expected[d]);
        if !fits {
            return Err(self.wrong_shape(tensor, &expected, &shape));
        }
        let tensor = &manifest.output.tensor;
        let shape = self.shape_of(session.outputs(), tensor)?;
        if reader.accepts(&shape) {
            return Ok(());
        }
        match reader.class_count(&shape) {
            Some(actual) if actual != manifest.classes.len() as i64 => {
                Err(ModelError::ClassCount {
                    file: self.file.clone(),
                    tensor: tensor.clone(),
                    expected: manifest.classes.len(),
                    actual,
                })
            }
            _ => Err(self.wrong_shape(tensor, &reader.shape(), &shape)),
        }
    }

    /// -1 stands for a dimension the network leaves open.
    fn shape_of(&self, outlets: &[Outlet], tensor: &str) -> Result<Vec<i64>, ModelError> {
        let Some(outlet) = outlets.iter().find(|outlet| outlet.name() == tensor) else {
            return Err(ModelError::NoSuchTensor {
                file: self.file.clone(),
                tensor: tensor.to_owned(),
                present: outlets.iter().map(|o| o.name().to_owned()).collect(),
            });
        };
        if let ValueType::Tensor {
            ty: TensorElementType::Float32,
            shape,
            ..
        } = outlet.dtype()
        {
            return Ok(shape.to_vec());
        }
        Err(ModelError::TensorShape {
            file: self.file.clone(),
            tensor: tensor.to_owned(),
            expected: "a tensor of f32".to_owned(),
            actual: outlet.dtype().to_string(),
        })
    }

    fn wrong_shape(&self, tensor: &str, expected: &[i64], actual: &[i64]) -> ModelError {
        ModelError::TensorShape {
            file: self.file.clone(),
            tensor: tensor.to_owned(),
            expected: format!("{expected:?}"),
            actual: format!("{actual:?}"),
        }
    }

    fn prove_golden(&self, folder: &Path) -> Result<(), ModelError> {
        let golden = &self.proven.manifest.golden;
        let picture = folder.join(&golden.picture);
        let jpeg = read(&picture)?;
        let failed = |reason: String| ModelError::Golden {
            picture: picture.clone(),
            reason,
        };
        let seen = self
            .detector()?
            .detect(&jpeg)
            .map_err(|e: UnreadableFrame| failed(e.to_string()))?;
        compare(&golden.boxes, &seen).map_err(failed)
    }
}

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

fn read_manifest(file: &Path) -> Result<Manifest, ModelError> {
    let named = |reason: String| ModelError::Manifest {
        file: file.to_owned(),
        reason,
    };
    let text = String::from_utf8(read(file)?).map_err(|e| named(e.to_string()))?;
    Manifest::parse(&text).map_err(named)
}

fn read(file: &Path) -> Result<Vec<u8>, ModelError> {
    fs::read(file).map_err(|reason| ModelError::Read {
        file: file.to_owned(),
        reason,
    })
}
