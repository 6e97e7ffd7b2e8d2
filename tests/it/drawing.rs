//! A town of four cells and two units, with people who redraw it.

use cityward::space::GroundPoint;
use cityward_partition::{Degrees, Frame, Partition, Point};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::city::{TestCity, place};
use crate::people::{Colleague, colleague};
use crate::service::TestService;

/// Two by two cells of 100 m; the western ones are the first unit's, the eastern ones the second's.
pub(crate) struct Town {
    pub(crate) city: TestCity,
    pub(crate) service: TestService,
    pub(crate) edition: i32,
    /// South-west, south-east, north-west, north-east.
    pub(crate) cells: Vec<i32>,
    pub(crate) units: [i32; 2],
    pub(crate) planner: Colleague,
    pub(crate) leader: Colleague,
    pub(crate) frame: Frame,
}

impl Town {
    pub(crate) async fn new() -> Self {
        let city = TestCity::new().await;
        let edition = city.edition().await;
        let cells = city.cells(edition, 2, 2).await;
        let units = [city.unit(1).await, city.unit(2).await];
        for (number, cell) in cells.iter().enumerate() {
            city.responsible(edition, *cell, None, units[number % 2])
                .await;
        }
        let service = TestService::start(&city).await;
        let planner = colleague(&city, &service, "planner", None, None).await;
        let leader = colleague(&city, &service, "leader", None, None).await;
        let head = planner.client.json("/api/v1/partition").await;
        Self {
            frame: serde_json::from_value(head["frame"].clone()).unwrap(),
            city,
            service,
            edition,
            cells,
            units,
            planner,
            leader,
        }
    }

    /// A place on the grid, `east_m`, `north_m` from the town's south-west corner.
    pub(crate) fn at(&self, east_m: f64, north_m: f64) -> Point {
        let GroundPoint { lon, lat } = place(east_m, north_m);
        self.frame.point(Degrees { lon, lat }).unwrap()
    }

    /// The face of a cell.
    pub(crate) async fn face(&self, cell: i32) -> u32 {
        let head = self.planner.client.json("/api/v1/partition").await;
        let faces = head["faces"].as_array().unwrap().iter();
        let of_cell = faces.clone().find(|face| face["cell_id"] == cell);
        u32::try_from(of_cell.unwrap()["face"].as_u64().unwrap()).unwrap()
    }

    /// Begins a plan; its id.
    pub(crate) async fn begin(&self) -> i64 {
        let body = json!({ "title": "东风路两侧", "reason": "新路通车" });
        let begun = self.planner.client.post("/api/v1/plans").json(&body);
        let begun = begun.send().await.unwrap();
        assert_eq!(begun.status(), StatusCode::CREATED);
        let begun: Value = begun.json().await.unwrap();
        assert_eq!(
            (&begun["state"], &begun["version"]),
            (&json!("draft"), &json!(1))
        );
        begun["id"].as_i64().unwrap()
    }

    /// A step at the version the plan has now.
    pub(crate) async fn step(&self, plan: i64, operation: &Value) -> Response {
        let version = self.version(plan).await;
        let body = json!({ "version": version, "operation": operation, "reason": "沿路" });
        self.told(&self.planner, plan, "steps", &body).await
    }

    pub(crate) async fn stepped(&self, plan: i64, operation: &Value) -> Value {
        let step = self.step(plan, operation).await;
        let status = step.status();
        let text = step.text().await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The south-west cell in two, along a line from north to south at `east_m`.
    pub(crate) async fn split(&self, east_m: f64) -> Value {
        let face = self.face(self.cells[0]).await;
        let line = [self.at(east_m, -10.0), self.at(east_m, 110.0)];
        json!({ "split": { "face": face, "line": line } })
    }

    pub(crate) async fn told(
        &self,
        by: &Colleague,
        plan: i64,
        what: &str,
        body: &Value,
    ) -> Response {
        let path = format!("/api/v1/plans/{plan}/{what}");
        by.client.post(&path).json(body).send().await.unwrap()
    }

    pub(crate) async fn version(&self, plan: i64) -> Value {
        let plan = self
            .planner
            .client
            .json(&format!("/api/v1/plans/{plan}"))
            .await;
        plan["version"].clone()
    }

    /// What the service answers to something that must succeed, at the version the plan has now.
    pub(crate) async fn turned(
        &self,
        by: &Colleague,
        plan: i64,
        what: &str,
        mut body: Value,
    ) -> Value {
        body["version"] = self.version(plan).await;
        let turned = self.told(by, plan, what, &body).await;
        let status = turned.status();
        let text = turned.text().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{what}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Submits a plan and has the leader approve it.
    pub(crate) async fn approved(&self, plan: i64, body: Value) -> Value {
        self.turned(&self.planner, plan, "submit", json!({})).await;
        self.turned(&self.leader, plan, "approve", body).await
    }

    /// The partition at a URL.
    pub(crate) async fn partition(&self, path: &str) -> Partition {
        partition(&self.planner, path).await
    }

    /// An open case at a place in a cell; with a unit: sent to it.
    pub(crate) async fn case(&self, cell: i32, at: GroundPoint, sent_to: Option<i32>) -> i64 {
        sqlx::query_scalar(
            "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m,
                bearing_deg, cell_id, edition_id, unit_id, because, first_seen_at, last_seen_at,
                sighting_count, opened_at, handling_unit_id, state)
             select 'M06042', 'hotline', $1, 1, 1, 0, $2, $3, unit_id,
                jsonb_build_object('rule', 'cell_default', 'cell_code', code, 'class', 'M06042'),
                now(), now(), 1, now(), $4,
                case when $4 is null then 'filed' else 'handling' end::case_state
             from cell join responsibility r using (cell_id)
             where cell_id = $2 and class_code is null
             order by lower(r.valid) desc limit 1
             returning case_id",
        )
        .bind(at)
        .bind(cell)
        .bind(self.edition)
        .bind(sent_to)
        .fetch_one(&self.city.db)
        .await
        .unwrap()
    }
}

/// The partition at a URL, as a person is given it.
pub(crate) async fn partition(by: &Colleague, path: &str) -> Partition {
    let answer = by.client.get(path).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    Partition::from_bytes(&answer.bytes().await.unwrap()).unwrap()
}
