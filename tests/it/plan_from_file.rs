//! A file of cells takes the place of the city's, as a plan.

use std::time::Duration;

use cityward_partition::{Ground, Partition};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::city::{TestCity, place};
use crate::drawing::{Town, partition};
use crate::import::{count, import};
use crate::import_editions::repaired_wards;
use crate::people::{Colleague, colleague};
use crate::real_data::real_data;
use crate::service::{TestService, problem};

const PATH: &str = "/api/v1/plans/from-file?title=%E6%96%B0%E7%BD%91%E6%A0%BC&source=new.geojson&\
    reason=%E5%8C%BA%E5%88%92%E8%B0%83%E6%95%B4";

/// A rectangle in metres: west, south, east, north; and what else its row says.
type Row<'a> = ([f64; 4], &'a [(&'a str, &'a str)]);

fn file(rows: &[Row<'_>]) -> Value {
    let features = rows.iter().map(|([west, south, east, north], says)| {
        let corners = [
            (west, south),
            (east, south),
            (east, north),
            (west, north),
            (west, south),
        ];
        let ring = corners.map(|(east, north)| {
            let at = place(*east, *north);
            [at.lon, at.lat]
        });
        let says = says
            .iter()
            .map(|(key, value)| ((*key).to_owned(), json!(value)));
        json!({
            "type": "Feature",
            "properties": says.collect::<serde_json::Map<_, _>>(),
            "geometry": { "type": "Polygon", "coordinates": [ring] },
        })
    });
    json!({ "type": "FeatureCollection", "features": features.collect::<Vec<_>>() })
}

async fn sent(by: &Colleague, path: &str, file: &Value) -> Response {
    let request = by.client.post(path);
    let request = request.header("content-type", "application/geo+json");
    request.body(file.to_string()).send().await.unwrap()
}

async fn taken(by: &Colleague, path: &str, file: &Value) -> Value {
    let answer = sent(by, path, file).await;
    let (status, told) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, StatusCode::CREATED, "{told}");
    serde_json::from_str(&told).unwrap()
}

async fn refused(by: &Colleague, path: &str, file: &Value) -> Value {
    let answer = sent(by, path, file).await;
    problem(answer, StatusCode::UNPROCESSABLE_ENTITY, "cells-not-taken").await
}

impl Town {
    /// Has a plan approved, and waits until places are answered for by it.
    async fn published(&self, plan: i64) {
        let plan = self.approved(plan, json!({})).await;
        assert_eq!(plan["state"], "in_force");
        let nowhere = json!({ "points": [] });
        for _ in 0..200 {
            let asked = self.planner.client.post("/api/v1/locate").json(&nowhere);
            let located: Value = asked.send().await.unwrap().json().await.unwrap();
            if located["edition"]["id"] == plan["edition_id"] {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{plan} is not answered by");
    }

    /// Code and unit of the cell at a place.
    async fn owned(&self, east_m: f64, north_m: f64) -> (String, Option<i64>) {
        let at = place(east_m, north_m);
        let path = format!("/api/v1/locate?lon={}&lat={}&class=M06042", at.lon, at.lat);
        let placed = self.planner.client.json(&path).await;
        let code = placed["cell"]["code"].as_str().unwrap_or_default();
        (code.to_owned(), placed["unit"]["id"].as_i64())
    }
}

fn code(number: u32) -> String {
    format!("321202001001{number:03}")
}

/// The border in the south goes 20 m east, the two cells in the north become one that is wider than
/// both, and there is ground beyond, of two cells one behind the other.
fn newer() -> Value {
    file(&[
        ([0.0, 0.0, 120.0, 100.0], &[]),
        ([120.0, 0.0, 200.0, 100.0], &[]),
        ([-40.0, 100.0, 240.0, 200.0], &[]),
        ([200.0, 0.0, 300.0, 100.0], &[]),
        ([300.0, 0.0, 400.0, 100.0], &[]),
    ])
}

#[tokio::test]
async fn cells_go_on_by_their_ground_and_are_in_force_once_somebody_else_approves() {
    let town = Town::new().await;
    let [west, east] = town.units.map(i64::from);
    let begun = taken(&town.planner, PATH, &newer()).await;
    assert_eq!(
        [&begun["cells"], &begun["going_on"], &begun["ending"]],
        [5, 2, 2]
    );
    let plan = begun["plan"]["id"].as_i64().unwrap();
    assert_eq!(begun["plan"]["state"], "draft");
    assert_eq!(
        town.owned(110.0, 50.0).await,
        (code(2), Some(east)),
        "nothing yet"
    );

    // its one step can be taken back and done again, and says nothing of where
    let look = format!("/api/v1/plans/{plan}");
    let planned = town.planner.client.json(&look).await;
    let cells = planned["history"][0]["operation"]["redraw"]["cells"].clone();
    assert_eq!(cells.as_array().unwrap().len(), 5);
    assert_eq!(cells[0]["polygons"], json!([]));
    assert_eq!(planned["history"][0]["reason"], "new.geojson");
    let at = format!("{look}/partition");
    let drawn = town.partition(&at).await.to_bytes();
    town.turned(&town.planner, plan, "undo", json!({})).await;
    assert_ne!(town.partition(&at).await.to_bytes(), drawn);
    town.turned(&town.planner, plan, "redo", json!({})).await;
    assert_eq!(town.partition(&at).await.to_bytes(), drawn);

    let moved = town.case(town.cells[1], place(110.0, 50.0), None).await;
    let impact = town.planner.client.json(&format!("{look}/impact")).await;
    assert_eq!(impact["open_cases"][0]["id"], moved, "{impact}");
    town.published(plan).await;
    assert_eq!(town.owned(110.0, 50.0).await, (code(1), Some(west)));
    assert_eq!(town.owned(190.0, 50.0).await, (code(2), Some(east)));
    // neither had most of it: it has a code of its own
    let north = town.owned(50.0, 150.0).await;
    assert_eq!(town.owned(150.0, 150.0).await, north);
    assert!(north.0 > code(4) && north.1.is_some(), "{north:?}");
    for beyond in [250.0, 350.0] {
        let (code, unit) = town.owned(beyond, 50.0).await;
        assert_eq!((&code[..12], unit), ("321202001001", None));
    }
    let unit: Option<i32> = sqlx::query_scalar("select unit_id from city_case where case_id = $1")
        .bind(moved)
        .fetch_one(&town.city.db)
        .await
        .unwrap();
    assert_eq!(unit.map(i64::from), Some(west), "the case followed");
}

#[tokio::test]
async fn cells_go_on_by_code_or_name_and_the_file_says_whose_they_are() {
    let town = Town::new().await;
    let by_key = format!("{PATH}&key_field=key&unit_field=unit");
    let [first, second] = [1, 2].map(code);
    let names: Vec<String> = sqlx::query_scalar("select name_zh from unit order by unit_id")
        .fetch_all(&town.city.db)
        .await
        .unwrap();
    let rows: [Row<'_>; 4] = [
        // most of its ground is new, and yet it is that cell
        (
            [-300.0, 0.0, 100.0, 100.0],
            &[("key", &first), ("unit", &names[1])],
        ),
        ([100.0, 0.0, 200.0, 100.0], &[("key", &second)]),
        ([0.0, 100.0, 100.0, 200.0], &[("key", "cell 0,1")]),
        (
            [100.0, 100.0, 200.0, 200.0],
            &[("key", "北片"), ("unit", "")],
        ),
    ];
    let begun = taken(&town.planner, &by_key, &file(&rows)).await;
    assert_eq!([&begun["going_on"], &begun["ending"]], [3, 1]);
    let plan = begun["plan"]["id"].as_i64().unwrap();
    town.published(plan).await;
    let [west, east] = town.units.map(i64::from);
    assert_eq!(town.owned(50.0, 50.0).await, (first.clone(), Some(east)));
    assert_eq!(town.owned(-200.0, 50.0).await, (first.clone(), Some(east)));
    assert_eq!(town.owned(50.0, 150.0).await, (code(3), Some(west)));
    assert_eq!(town.owned(150.0, 150.0).await, (code(5), Some(east)));

    let told = |rows: &'static [Row<'static>]| {
        let (planner, path) = (&town.planner, &by_key);
        async move { refused(planner, path, &file(rows)).await["rows"].clone() }
    };
    let why = |rows: Value, number: u32, begins: &str| {
        assert_eq!(rows[0]["number"], number, "{rows}");
        let why = rows[0]["why"].as_str().unwrap();
        assert!(why.starts_with(begins), "{why}");
    };
    const KEY: &[(&str, &str)] = &[("key", "321202001001001"), ("unit", "")];
    let rows = told(&[
        ([0.0, 0.0, 50.0, 100.0], KEY),
        ([50.0, 0.0, 90.0, 100.0], KEY),
    ])
    .await;
    why(rows, 2, "duplicate");
    why(
        told(&[([500.0, 0.0, 600.0, 100.0], KEY)]).await,
        1,
        "moved code",
    );
    const WHOSE: &[(&str, &str)] = &[("key", ""), ("unit", "无此单位")];
    why(
        told(&[([0.0, 0.0, 50.0, 100.0], WHOSE)]).await,
        1,
        "unknown unit",
    );
    let no_column = format!("{PATH}&key_field=code");
    let told = refused(&town.planner, &no_column, &newer()).await;
    assert_eq!(told["detail"], "there is no column `code`");
    let plans: i64 = sqlx::query_scalar("select count(*) from plan")
        .fetch_one(&town.city.db)
        .await
        .unwrap();
    assert_eq!(plans, 1, "what is refused leaves nothing");
}

#[tokio::test]
async fn what_a_file_leaves_open_is_said_and_nobody_else_may() {
    let town = Town::new().await;
    let overlap = file(&[
        ([0.0, 0.0, 110.0, 200.0], &[]),
        ([100.0, 0.0, 200.0, 200.0], &[]),
    ]);
    let told = refused(&town.planner, PATH, &overlap).await;
    let defect = &told["defects"]["features"][0]["properties"];
    assert_eq!(defect["rows"], json!([1, 2]), "{told}");
    for torn in [
        json!({}),
        json!({ "type": "FeatureCollection", "features": [] }),
    ] {
        let told = refused(&town.planner, PATH, &torn).await;
        let detail = told["detail"].as_str().unwrap();
        assert!(
            !detail.contains('/'),
            "names no folder of the server: {detail}"
        );
    }
    let lines = [("name", "一\n二")];
    let named = file(&[([0.0, 0.0, 100.0, 100.0], &lines)]);
    let told = refused(&town.planner, &format!("{PATH}&name_field=name"), &named).await;
    assert_eq!(told["rows"][0]["number"], 1, "{told}");

    // one half of a cell goes on as it, or none where neither is more than half
    let halves = file(&[
        ([0.0, 0.0, 50.0, 100.0], &[]),
        ([50.0, 0.0, 100.0, 100.0], &[]),
        ([100.0, 0.0, 200.0, 200.0], &[]),
    ]);
    let begun = taken(&town.planner, PATH, &halves).await;
    assert!(begun["going_on"].as_i64().unwrap() <= 2, "{begun}");

    // whoever writes the step without the file cannot name a unit that is none
    let plan = town.begin().await;
    let nobody = json!({ "redraw": { "cells": [{ "face": 1, "owner": 999, "polygons": [] }] } });
    let told = problem(
        town.step(plan, &nobody).await,
        StatusCode::BAD_REQUEST,
        "invalid-field",
    )
    .await;
    assert_eq!(told["errors"][0]["field"], "/operation/redraw/cells");

    // a hole is a question to the planner, who can settle it in the plan
    let ring = file(&[
        ([0.0, 0.0, 200.0, 50.0], &[]),
        ([0.0, 150.0, 200.0, 200.0], &[]),
        ([0.0, 50.0, 50.0, 150.0], &[]),
        ([150.0, 50.0, 200.0, 150.0], &[]),
    ]);
    let begun = taken(&town.planner, PATH, &ring).await;
    let plan = begun["plan"]["id"].as_i64().unwrap();
    let findings = town.told(&town.planner, plan, "validate", &json!({})).await;
    let findings: Value = findings.json().await.unwrap();
    assert_eq!(findings["ok"], false);
    let kinds = findings["findings"].as_array().unwrap().iter();
    assert!(
        kinds
            .clone()
            .any(|finding| finding["kind"] == "unclaimed_new"),
        "{findings}"
    );

    let leader = sent(&town.leader, PATH, &newer()).await;
    problem(leader, StatusCode::FORBIDDEN, "forbidden").await;
    let untitled = PATH.replace("title=", "title=%20&x=");
    let untitled = sent(&town.planner, &untitled, &newer()).await;
    assert_eq!(untitled.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_city_without_cells_has_nothing_to_redraw() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let planner = colleague(&city, &service, "planner", None, None).await;
    let answer = sent(&planner, PATH, &newer()).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_file_of_what_is_there_is_refused_and_one_is_done_again_on_ground_that_moved() {
    let town = Town::new().await;
    let same = file(&[
        ([0.0, 0.0, 100.0, 100.0], &[]),
        ([100.0, 0.0, 200.0, 100.0], &[]),
        ([0.0, 100.0, 100.0, 200.0], &[]),
        ([100.0, 100.0, 200.0, 200.0], &[]),
    ]);
    let answer = sent(&town.planner, PATH, &same).await;
    let told = problem(
        answer,
        StatusCode::UNPROCESSABLE_ENTITY,
        "operation-refused",
    )
    .await;
    assert_eq!(told["refusal"], "nothing");

    let begun = taken(&town.planner, PATH, &newer()).await;
    let plan = begun["plan"]["id"].as_i64().unwrap();
    // meanwhile one of its cells is split, and ends
    let other = town.begin().await;
    let split = town.split(40.0).await;
    town.stepped(other, &split).await;
    town.published(other).await;
    let rebased = json!({ "choices": [], "leave_out": false });
    town.turned(&town.planner, plan, "rebase", rebased).await;
    town.published(plan).await;
    let (west, _) = town.owned(10.0, 50.0).await;
    assert!(west > code(4), "the cell it was has ended: {west}");
    assert_eq!(town.owned(110.0, 50.0).await.0, west);
}

#[tokio::test]
async fn cells_are_called_what_the_file_or_the_planner_calls_them() {
    let town = Town::new().await;
    let names = || async {
        let names: Vec<String> = sqlx::query_scalar(
            "select name from cell where valid @> now() and code in ($1, $2) order by code",
        )
        .bind(code(1))
        .bind(code(2))
        .fetch_all(&town.city.db)
        .await
        .unwrap();
        names
    };
    let called = [("name", "东风路西")];
    let named = file(&[
        ([0.0, 0.0, 100.0, 100.0], &called),
        ([100.0, 0.0, 200.0, 100.0], &[]),
        ([0.0, 100.0, 100.0, 200.0], &[]),
        ([100.0, 100.0, 200.0, 200.0], &[]),
    ]);
    let path = format!("{PATH}&name_field=name");
    let begun = taken(&town.planner, &path, &named).await;
    let plan = begun["plan"]["id"].as_i64().unwrap();
    let impact = format!("/api/v1/plans/{plan}/impact");
    let impact = town.planner.client.json(&impact).await;
    assert_eq!(impact["cells"]["changed"][0]["name"], "东风路西");
    assert_eq!(impact["cells"]["changed"].as_array().unwrap().len(), 1);
    town.published(plan).await;
    assert_eq!(names().await, ["东风路西", "cell 1,0"]);
    let answer = sent(&town.planner, &path, &named).await;
    let told = problem(
        answer,
        StatusCode::UNPROCESSABLE_ENTITY,
        "operation-refused",
    )
    .await;
    assert_eq!(told["refusal"], "nothing", "it is called so already");

    let plan = town.begin().await;
    let face = town.face(town.cells[1]).await;
    let name = |name: &str| json!({ "set_name": { "face": face, "name": name } });
    for no_name in ["字".repeat(101), "a\u{0}".to_owned()] {
        let refused = town.step(plan, &name(&no_name)).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    }
    town.stepped(plan, &name("东风路东")).await;
    town.published(plan).await;
    assert_eq!(names().await, ["东风路西", "东风路东"]);
    let (then, since): (i64, i64) = sqlx::query_as(
        "select count(*) filter (where name = 'cell 1,0'), count(*) from cell where code = $1",
    )
    .bind(code(2))
    .fetch_one(&town.city.db)
    .await
    .unwrap();
    assert_eq!((then, since), (1, 2), "what it was called before stays");
}

/// Chennai's wards of 2008 are its cells, and a plan makes them those of today.
#[tokio::test(flavor = "multi_thread")]
async fn chennais_wards_of_today_take_the_place_of_those_of_2008_in_a_plan() {
    let Some(data) = real_data("cells") else {
        return;
    };
    let city = TestCity::new().await;
    let folder = TempDir::new().unwrap();
    let repaired = |name: &str| repaired_wards(&data.join(name), &folder).0;
    let options = "--community 333001001001 --unit-field zone --create-units --partial \
        --from 2008-01-01T00:00:00+05:30";
    let wards = repaired("Chennai_Wards-2008.geojson");
    import(&city, "cells", &wards, options).await.unwrap();
    let before: i64 = count(&city, "cell").await;
    let today: Value =
        serde_json::from_slice(&std::fs::read(repaired("Chennai_Wards.geojson")).unwrap()).unwrap();

    let service = TestService::start(&city).await;
    let planner = colleague(&city, &service, "planner", None, None).await;
    let leader = colleague(&city, &service, "leader", None, None).await;
    let begun = taken(&planner, PATH, &today).await;
    println!("{} of {before} cells before: {begun}", begun["ending"]);
    let plan = begun["plan"]["id"].as_i64().unwrap();
    let told = |by: &Colleague, what: &str, version: i64| {
        let request = by.client.post(&format!("/api/v1/plans/{plan}/{what}"));
        let request = request.json(&json!({ "version": version }));
        async move {
            let answer = request.send().await.unwrap();
            let (status, text) = (answer.status(), answer.text().await.unwrap());
            assert_eq!(status, StatusCode::OK, "{text}");
        }
    };
    // what several wards claim, or none, is a question that the planner settles
    let path = format!("/api/v1/plans/{plan}/partition");
    let planned = partition(&planner, &path).await;
    let faces = planned.faces().iter();
    let open = faces.filter(|(_, face)| face.ground != Ground::Cell);
    let mut version = begun["plan"]["version"].as_i64().unwrap();
    for (face, _) in open {
        let step = json!({ "version": version, "operation": { "settle": { "face": face } } });
        let steps = format!("/api/v1/plans/{plan}/steps");
        let taken = planner
            .client
            .post(&steps)
            .json(&step)
            .send()
            .await
            .unwrap();
        assert_eq!(taken.status(), StatusCode::CREATED);
        version += 1;
    }
    told(&planner, "submit", version).await;
    told(&leader, "approve", version + 1).await;

    // every cell in force is a face of the plan, and nothing else is
    let in_force: i64 = sqlx::query_scalar("select count(*) from cell where valid @> now()")
        .fetch_one(&city.db)
        .await
        .unwrap();
    assert_eq!(usize::try_from(in_force).unwrap(), planned.faces().len());
    let head = planner.client.json("/api/v1/partition").await;
    let published = partition(&planner, head["bytes"].as_str().unwrap()).await;
    let areas = |partition: &Partition| {
        let faces = partition.faces().keys();
        let mut areas: Vec<_> = faces
            .map(|face| partition.area_m2(*face).round() as i64)
            .collect();
        areas.sort_unstable();
        areas
    };
    assert_eq!(areas(&published), areas(&planned));
    service.stop().await;
}
