//! The ground moves under a draft: mine, theirs, merged, and a choice for each cell.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::drawing::Town;
use crate::service::problem;

/// Of a draft that gives the south-west cell to the second unit and moves its eastern border east
/// by 10 m; meanwhile that border moves west by 10 m, and the north-west cell gets another unit.
struct Moved {
    town: Town,
    plan: i64,
    faces: [u32; 4],
}

impl Moved {
    async fn new() -> Self {
        let town = Town::new().await;
        let mut faces = [0; 4];
        for (face, cell) in faces.iter_mut().zip(&town.cells) {
            *face = town.face(*cell).await;
        }
        let plan = town.begin().await;
        let owner = json!({ "set_owner": { "faces": [faces[0]], "owner": town.units[1] } });
        town.stepped(plan, &owner).await;
        let to_the_east = json!({ "transfer": {
            "polygon": strip(&town, 100.0, 110.0), "from": faces[1], "to": faces[0] } });
        town.stepped(plan, &to_the_east).await;

        let other = town.begin().await;
        let to_the_west = json!({ "transfer": {
            "polygon": strip(&town, 90.0, 100.0), "from": faces[0], "to": faces[1] } });
        town.stepped(other, &to_the_west).await;
        let owner = json!({ "set_owner": { "faces": [faces[2]], "owner": town.units[1] } });
        town.stepped(other, &owner).await;
        town.approved(other, json!({})).await;
        let moved = Self { town, plan, faces };
        assert_eq!(moved.plan().await["base_moved"], true);
        moved
    }

    async fn plan(&self) -> Value {
        let path = format!("/api/v1/plans/{}", self.plan);
        self.town.planner.client.json(&path).await
    }

    async fn looked_at(&self, choices: Value) -> Value {
        let body = json!({ "choices": choices });
        let told = self
            .town
            .told(&self.town.planner, self.plan, "reconcile", &body);
        let told = told.await;
        let (status, text) = (told.status(), told.text().await.unwrap());
        assert_eq!(status, StatusCode::OK, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Area in tens of square metres and unit of a cell, one ground after the other.
    fn sides(&self, told: &Value, face: u32) -> Vec<(i64, i64)> {
        let cells = told["cells"].as_array().unwrap().iter();
        let cell = { cells }.find(|cell| cell["face"] == face).unwrap();
        let side = |name: &str| {
            let side = &cell[name];
            let area = side["area_m2"].as_f64().unwrap() / 10.0;
            let unit = side["unit_id"].as_i64().unwrap();
            let second = i64::from(unit == i64::from(self.town.units[1]));
            (area.round() as i64, second)
        };
        ["before", "mine", "theirs", "merged"].map(side).to_vec()
    }
}

/// Between two distances east of the town's corner, across its southern half.
fn strip(town: &Town, west: f64, east: f64) -> Value {
    let corners = [(west, -10.0), (east, -10.0), (east, 100.0), (west, 100.0)];
    let corners = corners.map(|(x, y)| town.at(x, y));
    json!({ "exterior": corners, "holes": [] })
}

#[tokio::test]
async fn each_cell_is_shown_as_mine_as_theirs_and_merged() {
    let moved = Moved::new().await;
    let told = moved.looked_at(json!([])).await;
    assert_eq!(told["conflicts"], 2, "{told}");
    assert_eq!(told["theirs_only"], 1);
    // the strip that the draft takes does not touch the cell any more
    assert_eq!(told["left_out"][0]["seq"], 2, "{told}");
    assert!(
        told["left_out"][0]["refusal"]["disconnected"].is_object(),
        "{told}"
    );
    let west = moved.sides(&told, moved.faces[0]);
    assert_eq!(west[..3], [(1000, 0), (1100, 1), (900, 0)]);
    assert_eq!(west[3], (900, 1));
    let first = &told["cells"][0];
    assert_eq!(first["is_conflict"], true);
    assert_eq!(first["mine"]["border"]["type"], "MultiPolygon");

    // nothing was written by looking
    assert_eq!(moved.plan().await["base_moved"], true);
}

#[tokio::test]
async fn a_choice_for_a_cell_is_what_the_plan_says_afterwards() {
    for (take, expected) in [("mine", (1100, 1)), ("theirs", (900, 0))] {
        let moved = Moved::new().await;
        let choices = json!([{ "face": moved.faces[0], "take": take }]);
        let told = moved.looked_at(choices.clone()).await;
        assert_eq!(moved.sides(&told, moved.faces[0])[3], expected, "{take}");

        let body = json!({ "choices": choices, "leave_out": true });
        let town = &moved.town;
        town.turned(&town.planner, moved.plan, "rebase", body).await;
        let plan = moved.plan().await;
        assert_eq!(plan["base_moved"], false);
        let history = plan["history"].as_array().unwrap().iter();
        let done: Vec<&Value> = { history }.filter(|step| step["state"] == "done").collect();
        assert!(
            done.iter().all(|step| step["seq"].as_i64().unwrap() > 2),
            "{take}: written anew"
        );
        // the ground of the plan is what was shown
        let impact = format!("/api/v1/plans/{}/impact", moved.plan);
        let units = town.planner.client.json(&impact).await;
        let changed = units["cells"]["changed"].as_array().unwrap().len();
        assert_eq!(changed, if take == "mine" { 2 } else { 0 }, "{units}");
    }
}

#[tokio::test]
async fn what_both_changed_to_the_same_is_no_question() {
    let town = Town::new().await;
    let face = town.face(town.cells[0]).await;
    let owner = json!({ "set_owner": { "faces": [face], "owner": town.units[1] } });
    let (plan, other) = (town.begin().await, town.begin().await);
    town.stepped(plan, &owner).await;
    town.stepped(other, &owner).await;
    town.approved(other, json!({})).await;
    let body = json!({ "choices": [] });
    let told = town.told(&town.planner, plan, "reconcile", &body).await;
    let told: Value = told.json().await.unwrap();
    assert_eq!(
        (&told["conflicts"], &told["mine_only"], &told["cells"]),
        (&json!(0), &json!(0), &json!([])),
        "{told}"
    );
}

#[tokio::test]
async fn of_cells_that_got_an_owner_together_one_can_stay_as_it_was_published() {
    let town = Town::new().await;
    let [first, second] = [
        town.face(town.cells[0]).await,
        town.face(town.cells[2]).await,
    ];
    let owner = |faces: Value, unit: i32| json!({ "set_owner": { "faces": faces, "owner": unit } });
    let plan = town.begin().await;
    town.stepped(plan, &owner(json!([first, second]), town.units[1]))
        .await;
    let other = town.begin().await;
    let line = [town.at(50.0, -10.0), town.at(50.0, 110.0)];
    town.stepped(
        other,
        &json!({ "insert_vertex": {
        "between": [town.at(0.0, 0.0), town.at(100.0, 0.0)], "at": line[0] } }),
    )
    .await;
    town.approved(other, json!({})).await;

    let choices = json!([{ "face": first, "take": "theirs" }]);
    town.turned(&town.planner, plan, "rebase", json!({ "choices": choices }))
        .await;
    let after = town
        .planner
        .client
        .json(&format!("/api/v1/plans/{plan}"))
        .await;
    let history = after["history"].as_array().unwrap();
    assert_eq!(history[0]["state"], "dropped");
    assert_eq!(
        history[1]["operation"],
        owner(json!([second]), town.units[1])
    );
}

#[tokio::test]
async fn a_step_that_does_not_fit_is_left_out_only_when_somebody_says_so() {
    let town = Town::new().await;
    let faces = [
        town.face(town.cells[0]).await,
        town.face(town.cells[1]).await,
    ];
    let plan = town.begin().await;
    town.stepped(plan, &town.split(50.0).await).await;
    let steps = town
        .planner
        .client
        .json(&format!("/api/v1/plans/{plan}"))
        .await;
    assert_eq!(steps["history"].as_array().unwrap().len(), 1);
    let north = town.face(town.cells[2]).await;
    let owner = json!({ "set_owner": { "faces": [north], "owner": town.units[1] } });
    town.stepped(plan, &owner).await;
    // meanwhile the two southern cells become one
    let other = town.begin().await;
    town.stepped(other, &json!({ "merge": { "faces": faces } }))
        .await;
    town.approved(other, json!({})).await;

    let body = json!({ "version": town.version(plan).await });
    let told = town.told(&town.planner, plan, "rebase", &body).await;
    let told = problem(told, StatusCode::CONFLICT, "steps-do-not-fit").await;
    assert_eq!(told["seq"], 1);
    let told = town
        .told(&town.planner, plan, "reconcile", &json!({}))
        .await;
    let told: Value = told.json().await.unwrap();
    assert_eq!(told["left_out"][0]["seq"], 1);
    assert_eq!(told["left_out"][0]["refusal"]["no_face"]["face"], faces[0]);

    town.turned(&town.planner, plan, "rebase", json!({ "leave_out": true }))
        .await;
    let after = town
        .planner
        .client
        .json(&format!("/api/v1/plans/{plan}"))
        .await;
    let states: Vec<&Value> = after["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["state"])
        .collect();
    assert_eq!(states, ["dropped", "dropped", "done"]);
    assert_eq!(after["history"][2]["operation"], owner);
    let approved = town.approved(plan, json!({})).await;
    assert_eq!(approved["state"], "in_force");
}

#[tokio::test]
async fn steps_after_one_that_was_left_out_mean_the_same_cells() {
    let town = Town::new().await;
    let [first, second] = [
        town.face(town.cells[0]).await,
        town.face(town.cells[3]).await,
    ];
    let plan = town.begin().await;
    town.stepped(plan, &town.split(50.0).await).await;
    let line = [town.at(150.0, 90.0), town.at(150.0, 210.0)];
    town.stepped(plan, &json!({ "split": { "face": second, "line": line } }))
        .await;
    let bytes = format!("/api/v1/plans/{plan}/partition");
    let before = town.partition(&bytes).await;
    // the western piece of the second split, by where it lies
    let piece = before.face_at(town.at(125.0, 150.0)).unwrap();
    let owner = json!({ "set_owner": { "faces": [piece], "owner": town.units[0] } });
    town.stepped(plan, &owner).await;

    let other = town.begin().await;
    let southern = [first, town.face(town.cells[1]).await];
    town.stepped(other, &json!({ "merge": { "faces": southern } }))
        .await;
    town.approved(other, json!({})).await;
    town.turned(&town.planner, plan, "rebase", json!({ "leave_out": true }))
        .await;
    let after = town.partition(&bytes).await;
    let owner_at = |east_m: f64| {
        let face = after.face_at(town.at(east_m, 150.0)).unwrap();
        after.faces()[&face].owner.unwrap().0
    };
    assert_eq!(owner_at(125.0), town.units[0].unsigned_abs());
    assert_eq!(owner_at(175.0), town.units[1].unsigned_abs());
}
