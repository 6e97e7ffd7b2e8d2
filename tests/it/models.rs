//! The models of a running service: several, one in place of another, one in the shadow.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use cityward::config::{Config, ExecutionProvider};
use cityward::demo::{City, Stage};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::city::TestCity;
use crate::program::cityward;
use crate::service::{TestClient, TestService, problem};

/// A copy of a shipped model that a test may change.
fn copied(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let shipped = Path::new("models").join(name);
    for file in ["model.toml", "golden.jpg", &format!("{name}.onnx")] {
        fs::copy(shipped.join(file), folder.path().join(file)).unwrap();
    }
    folder
}

fn rewrite(folder: &Path, from: &str, to: &str) {
    let file = folder.join("model.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

/// A service with one camera, and who keeps it.
struct Watched {
    service: TestService,
    administrator: TestClient,
    token: String,
    jpeg: Vec<u8>,
    city: TestCity,
}

impl Watched {
    async fn by(change: impl FnOnce(&mut Config)) -> Self {
        let city = TestCity::new().await;
        let (platform, token) = city.platform("video").await;
        city.camera("cam-1", platform).await;
        let service = TestService::start_with(&city, change).await;
        let noon: DateTime<Utc> = "2026-11-22T04:00:00Z".parse().unwrap();
        Self {
            administrator: service.sign_in(&city).await,
            service,
            token,
            jpeg: Stage::of(&City::build(1)).frame(0, noon).unwrap(),
            city,
        }
    }

    /// What became of one more frame.
    async fn push(&self) -> Value {
        let report = self.pushed().await;
        assert_eq!(report["outcome"], "processed", "{report}");
        report
    }

    #[expect(clippy::disallowed_methods, reason = "a test lives in the present")]
    async fn pushed(&self) -> Value {
        let jpeg = self.jpeg.clone();
        self.service.push(&self.token, Utc::now(), jpeg).await
    }

    async fn reload(&self) -> Value {
        let answer = self.administrator.post("/api/v1/models/reload");
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    /// What the model in the shadow counted, once it has seen so many frames: the comparison follows
    /// the report, unless the next frame waits by then.
    async fn compared(&self, frames: u64) -> Value {
        for _ in 0..200 {
            let shadow = self.administrator.json("/api/v1/models").await["shadow"].clone();
            if shadow["frames"] == frames {
                return shadow;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{frames} frames were not compared within 10 s");
    }

    async fn watched_by(&self, models: Value) -> reqwest::Response {
        let draft = json!({
            "name_zh": "一", "name_en": "one", "lon": 119.9, "lat": 32.4, "height_m": null,
            "platform_id": self.administrator.json("/api/v1/cameras/cam-1").await["platform_id"],
            "models": models,
        });
        let put = self.administrator.put("/api/v1/cameras/cam-1");
        put.json(&draft).send().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_takes_anothers_place_and_a_bad_one_does_not() {
    let folder = copied("street-events");
    let dirs = vec![folder.path().to_owned()];
    let watched = Watched::by(|config| config.vision.model_dirs = dirs).await;
    let of = |version| json!([{ "name": "street-events", "version": version }]);
    assert_eq!(watched.push().await["models"], of("1"));
    assert_eq!(watched.reload().await["folders"][0]["outcome"], "same");

    rewrite(folder.path(), "version = \"1\"", "version = \"2\"");
    assert_eq!(watched.push().await["models"], of("1"), "before it is read");
    let reloaded = watched.reload().await;
    assert_eq!(
        reloaded["folders"],
        json!([{
            "outcome": "swapped",
            "model": { "name": "street-events", "version": "2" },
            "from": { "name": "street-events", "version": "1" },
        }])
    );
    assert_eq!(watched.push().await["models"], of("2"));

    rewrite(folder.path(), "version = \"2\"", "version = \"3\"");
    rewrite(folder.path(), "colour = \"bgr\"", "colour = \"rgb\"");
    let refused = &watched.reload().await["folders"][0];
    assert_eq!(refused["outcome"], "refused");
    assert!(
        refused["reason"].as_str().unwrap().contains("golden.jpg"),
        "{refused}"
    );
    assert_eq!(watched.push().await["models"], of("2"));
    rewrite(folder.path(), "colour = \"rgb\"", "colour = \"bgr\"");
    rewrite(
        folder.path(),
        "name = \"street-events\"",
        "name = \"events\"",
    );
    let refused = &watched.reload().await["folders"][0];
    assert!(
        refused["reason"]
            .as_str()
            .unwrap()
            .contains("`street-events`"),
        "{refused}"
    );
    let listed = watched.administrator.json("/api/v1/models").await;
    assert_eq!(listed["models"][0]["version"], "2");
    assert_eq!(listed["shadow"], Value::Null);
    let record = watched.administrator.json("/api/v1/audit").await;
    assert!(
        record.to_string().contains("model:street-events"),
        "{record}"
    );

    let anybody = watched.service.client().post("/api/v1/models/reload");
    let answer = anybody.send().await.unwrap();
    problem(answer, StatusCode::UNAUTHORIZED, "unauthenticated").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_camera_is_looked_at_by_the_models_it_names() {
    let folders = ["models/street-events", "models/bins"].map(PathBuf::from);
    let watched = Watched::by(|config| config.vision.model_dirs = folders.to_vec()).await;
    let names = |report: &Value| -> Vec<String> {
        let models = report["models"].as_array().unwrap().iter();
        models
            .map(|m| m["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let report = watched.push().await;
    assert_eq!(names(&report), ["street-events", "bins"]);
    let detections = report["detections"].as_array().unwrap();
    let sure = |d: &Value| d["confidence"].as_f64().unwrap();
    assert!(
        detections.is_sorted_by(|a, b| sure(a) >= sure(b)),
        "{report}"
    );

    assert_eq!(
        watched.watched_by(json!(["bins"])).await.status(),
        StatusCode::OK
    );
    let report = watched.push().await;
    assert_eq!(names(&report), ["bins"]);
    let others = report["detections"].as_array().unwrap().iter();
    assert!(others.clone().all(|d| d["model"] == "bins"), "{report}");

    let unknown = watched.watched_by(json!(["bin"])).await;
    let body = problem(unknown, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert!(body.to_string().contains("models"), "{body}");
    assert_eq!(
        watched.watched_by(json!(null)).await.status(),
        StatusCode::OK
    );
    assert_eq!(names(&watched.push().await).len(), 2);

    // a model that was there when the camera was saved and is no more
    sqlx::query("update camera set models = '{gone}'")
        .execute(&watched.city.db)
        .await
        .unwrap();
    let mut report = Value::Null;
    for _ in 0..100 {
        report = watched.pushed().await;
        if report["outcome"] == "failed" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(
        report.to_string().contains("none of the models"),
        "{report}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_in_the_shadow_is_compared_and_files_nothing() {
    let folder = copied("street-events");
    rewrite(folder.path(), "version = \"1\"", "version = \"next\"");
    let shadow = folder.path().to_owned();
    let watched = Watched::by(|config| config.vision.shadow_model_dir = Some(shadow)).await;
    let mut found = 0;
    let mut shadow = Value::Null;
    for number in 1..=3 {
        let report = watched.push().await;
        assert_eq!(report["models"].as_array().unwrap().len(), 1);
        found += report["detections"].as_array().unwrap().len() as u64;
        shadow = watched.compared(number).await;
    }
    assert_eq!(shadow["model"]["version"], "next");
    let labels = shadow["labels"].as_object().unwrap();
    let sum = |by: &str| {
        labels
            .values()
            .map(|l| l[by].as_u64().unwrap())
            .sum::<u64>()
    };
    assert!(found > 0, "the picture shows nothing");
    assert_eq!(
        (sum("both"), sum("in_use_only"), sum("shadow_only")),
        (found, 0, 0)
    );
    let metrics = reqwest::get(watched.service.url("/metrics")).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("cityward_shadow_total{"), "{metrics}");

    // another one counts from nothing, and what it has no word for is not held against it
    rewrite(folder.path(), "version = \"next\"", "version = \"after\"");
    // in the golden picture's boxes and in the classes
    for _ in 0..2 {
        rewrite(folder.path(), "label = \"cover\"", "label = \"lid\"");
    }
    let reloaded = watched.reload().await;
    assert_eq!(reloaded["folders"][1]["outcome"], "swapped", "{reloaded}");
    watched.push().await;
    let shadow = watched.compared(1).await;
    let labels = shadow["labels"].as_object().unwrap();
    assert!(
        !labels.contains_key("cover") && labels.contains_key("bin"),
        "{shadow}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_computed_on_is_passed_over_and_told() {
    let wanted = vec![ExecutionProvider::Tensorrt, ExecutionProvider::Cuda];
    let watched = Watched::by(|config| config.vision.runtime.execution_providers = wanted).await;
    watched.push().await;
    let ready = reqwest::get(watched.service.url("/readyz")).await.unwrap();
    let ready = ready.text().await.unwrap();
    assert!(
        ready.contains("street-events 1 on cpu, not on tensorrt, not on cuda\n"),
        "{ready}"
    );
    let listed = watched.administrator.json("/api/v1/models").await;
    assert_eq!(listed["models"][0]["on"], "cpu");
    assert_eq!(listed["models"][0]["passed_over"][1]["wanted"], "cuda");
    let metrics = reqwest::get(watched.service.url("/metrics")).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let told = metrics.lines().any(|line| {
        line.starts_with("cityward_model{")
            && line.contains("on=\"cpu\"")
            && line.contains("wanted=\"tensorrt\"")
    });
    assert!(told, "{metrics}");
}

/// `cityward model …`: its exit code and what it says.
fn model_command(arguments: &[&str], library: Option<OsString>) -> (Option<i32>, String) {
    let mut command = cityward(Path::new("nowhere"));
    if let Some(library) = library {
        command.env("ORT_DYLIB_PATH", library);
    }
    let output = command.arg("model").args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn a_model_is_tried_out_without_a_service() {
    let (code, said) = model_command(&["check", "models/bins"], None);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said, "bins 4 on cpu\nIt is as declared.\n");

    // what is printed for a person to look at is what the manifest declares
    let (code, said) = model_command(&["check", "--golden", "models/bins"], None);
    assert_eq!(code, Some(0), "{said}");
    let manifest = fs::read_to_string("models/bins/model.toml").unwrap();
    let declared = manifest.matches("[[golden.boxes]]").count();
    assert_eq!(said.matches("[[golden.boxes]]").count(), declared, "{said}");
    assert!(said.contains("label = \"garbage_bin\""), "{said}");

    let folder = copied("bins");
    rewrite(folder.path(), "tensor = \"output\"", "tensor = \"boxes\"");
    let (code, said) = model_command(&["check", folder.path().to_str().unwrap()], None);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("no tensor `boxes`"), "{said}");

    let bench = ["bench", "models/street-events", "--seconds", "1"];
    let (code, said) = model_command(&bench, None);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("run the network") && said.contains(" a second"),
        "{said}"
    );
}

#[test]
fn openvino_finds_the_golden_boxes_too() {
    let Some(library) = std::env::var_os("CITYWARD_OPENVINO_LIBRARY") else {
        println!("skipped: CITYWARD_OPENVINO_LIBRARY names no library with OpenVINO");
        return;
    };
    let check = ["check", "models/bins", "--execution-providers", "openvino"];
    let (code, said) = model_command(&check, Some(library));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("bins 4 on openvino\n"), "{said}");
}
