//! Plans, step by step, on the partition of what is published.

use cityward_partition::{FaceId, Partition};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::drawing::Town;
use crate::people::colleague;
use crate::service::{TestService, problem};

#[tokio::test]
async fn the_published_cells_are_a_partition_and_always_the_same_bytes() {
    let town = Town::new().await;
    let client = &town.planner.client;
    let head = client.json("/api/v1/partition").await;
    assert_eq!(head["edition"]["note"], "test");
    assert_eq!(head["faces"].as_array().unwrap().len(), 4);
    assert_eq!(head["faces"][1]["cell_id"], town.cells[1]);
    assert_eq!(head["faces"][1]["unit_id"], town.units[1]);
    assert_eq!(head["unclaimed"], json!([]));

    let url = head["bytes"].as_str().unwrap();
    let answer = client.get(url).send().await.unwrap();
    let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(tag, format!("\"{}\"", head["etag"].as_str().unwrap()));
    let bytes = answer.bytes().await.unwrap();
    let partition = Partition::from_bytes(&bytes).unwrap();
    assert_eq!(partition.faces().len(), 4);
    for (face, cell) in partition.faces().keys().zip(&town.cells) {
        assert_eq!(face.0, town.face(*cell).await);
        assert!((partition.area_m2(*face) - 10_000.0).abs() < 100.0);
    }
    // the borders are shared: four between cells, four around a corner
    assert_eq!(partition.arcs().len(), 8);

    let again = client.get(url).header("if-none-match", &tag);
    assert_eq!(
        again.send().await.unwrap().status(),
        StatusCode::NOT_MODIFIED
    );
    let other = TestService::start(&town.city).await;
    let other_client = other.client_with(client);
    let there = other_client.get(url).send().await.unwrap();
    assert_eq!(there.bytes().await.unwrap(), bytes);
    let before = client.get("/api/v1/partition?at=2019-01-01T00:00:00Z");
    problem(
        before.send().await.unwrap(),
        StatusCode::NOT_FOUND,
        "not-found",
    )
    .await;
}

#[tokio::test]
async fn cells_that_overlap_are_told_with_their_places() {
    let town = Town::new().await;
    sqlx::query(
        "insert into cell (code, name, geom, edition_id, valid)
         select '321202001001900', '', st_multi(st_translate(geom, 0.0002, 0)), $1, valid
         from cell where cell_id = $2",
    )
    .bind(town.edition)
    .bind(town.cells[0])
    .execute(&town.city.db)
    .await
    .unwrap();
    // another process has not looked before
    let other = TestService::start(&town.city).await;
    let client = other.client_with(&town.planner.client);
    let body = json!({ "title": "t", "reason": "r" });
    let begun = client
        .post("/api/v1/plans")
        .json(&body)
        .send()
        .await
        .unwrap();
    let told = problem(begun, StatusCode::CONFLICT, "no-partition").await;
    let overlaps = told["defects"]["features"].as_array().unwrap();
    assert_eq!(overlaps.len(), 2);
    for overlap in overlaps {
        assert_eq!(overlap["properties"]["defect"], "overlap");
        let codes = overlap["properties"]["codes"].as_array().unwrap();
        assert!(codes.contains(&json!("321202001001900")));
        assert_eq!(overlap["geometry"]["type"], "MultiPolygon");
    }
}

#[tokio::test]
async fn steps_are_taken_taken_back_and_done_again() {
    let town = Town::new().await;
    let plan = town.begin().await;
    let path = format!("/api/v1/plans/{plan}/partition");
    let base = town.partition(&path).await;
    let taken = town.stepped(plan, &town.split(50.0).await).await;
    assert_eq!(
        (&taken["version"], &taken["step"]["seq"]),
        (&json!(2), &json!(1))
    );
    let split = town.partition(&path).await;
    assert_eq!(split.faces().len(), 5);
    assert!(split.faces().contains_key(&FaceId(1_000_000_000)));

    let undone = town.turned(&town.planner, plan, "undo", json!({})).await;
    assert_eq!(
        (&undone["version"], &undone["step"]["state"]),
        (&json!(3), &json!("undone"))
    );
    assert_eq!(town.partition(&path).await.to_bytes(), base.to_bytes());
    town.turned(&town.planner, plan, "redo", json!({})).await;
    assert_eq!(town.partition(&path).await.to_bytes(), split.to_bytes());

    // what was taken back is dropped by something else
    town.turned(&town.planner, plan, "undo", json!({})).await;
    town.stepped(plan, &town.split(30.0).await).await;
    let other = town.partition(&path).await;
    let history = town
        .planner
        .client
        .json(&format!("/api/v1/plans/{plan}"))
        .await;
    assert_eq!(history["steps"], 1);
    let states: Vec<&Value> = history["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["state"])
        .collect();
    assert_eq!(states, ["dropped", "done"]);
    assert_eq!(history["history"][1]["by"]["id"], town.planner.id);
    let body = json!({ "version": town.version(plan).await });
    let redo = town.told(&town.planner, plan, "redo", &body).await;
    problem(redo, StatusCode::CONFLICT, "nothing-to-redo").await;

    // whoever has nothing in memory comes to the same from base and steps
    let second = TestService::start(&town.city).await;
    let answer = second
        .client_with(&town.planner.client)
        .get(&path)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.bytes().await.unwrap(), other.to_bytes());
}

#[tokio::test]
async fn a_refusal_says_why_and_where_and_changes_nothing() {
    let town = Town::new().await;
    let plan = town.begin().await;
    let split = town.split(0.2).await;
    let told = problem(
        town.step(plan, &split).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "operation-refused",
    )
    .await;
    assert!(told["refusal"]["sliver"]["face"].is_u64(), "{told}");
    let place = &told["place"];
    assert!((place["lon"].as_f64().unwrap() - 119.92).abs() < 0.01);
    assert!((place["lat"].as_f64().unwrap() - 32.45).abs() < 0.01);
    assert_eq!(town.version(plan).await, 1);
    let path = format!("/api/v1/plans/{plan}/partition");
    assert_eq!(town.partition(&path).await.faces().len(), 4);
}

#[tokio::test]
async fn of_two_at_the_same_plan_the_later_is_told_who_was_first() {
    let town = Town::new().await;
    let plan = town.begin().await;
    let second = colleague(&town.city, &town.service, "planner", None, None).await;
    let step = json!({ "version": 1, "operation": town.split(50.0).await });
    let both = tokio::join!(
        town.told(&town.planner, plan, "steps", &step),
        town.told(&second, plan, "steps", &step)
    );
    let mut statuses = [both.0.status(), both.1.status()];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::CREATED, StatusCode::CONFLICT]);
    let late = town.told(&town.planner, plan, "steps", &step).await;
    let told = problem(late, StatusCode::CONFLICT, "version-conflict").await;
    assert_eq!(told["version"], 2);
    assert!(told["changed_by"]["id"].is_i64());
}

#[tokio::test]
async fn what_changes_hands_is_shown_and_what_cannot_be_published_said() {
    let town = Town::new().await;
    let plan = town.begin().await;
    let validate = async || {
        town.turned(&town.planner, plan, "validate", json!({}))
            .await
    };
    let nothing = validate().await;
    assert_eq!(
        (&nothing["ok"], &nothing["findings"][0]["kind"]),
        (&json!(false), &json!("nothing"))
    );
    let body = json!({ "version": 1 });
    let submit = town.told(&town.planner, plan, "submit", &body).await;
    problem(submit, StatusCode::UNPROCESSABLE_ENTITY, "not-valid").await;

    let east = town.face(town.cells[1]).await;
    let owner = json!({ "set_owner": { "faces": [east], "owner": town.units[0] } });
    town.stepped(plan, &owner).await;
    town.stepped(plan, &town.split(50.0).await).await;
    let found = validate().await;
    assert_eq!(found["ok"], true, "{found}");
    let path = format!("/api/v1/plans/{plan}/difference");
    let difference = town.planner.client.json(&path).await;
    let features = difference["features"].as_array().unwrap();
    let kinds: Vec<&Value> = features
        .iter()
        .map(|one| &one["properties"]["kind"])
        .collect();
    assert_eq!(kinds, ["ground", "ground", "owner"]);
    let half = features[0]["properties"]["area_m2"].as_f64().unwrap();
    assert!((half - 5_000.0).abs() < 100.0, "{half}");
    assert_eq!(features[2]["properties"]["to_unit"], town.units[0]);
    assert_eq!(features[2]["properties"]["from_code"], "321202001001002");

    // what it says is there as numbers too
    let narrow = town.begin().await;
    town.stepped(narrow, &town.split(10.0).await).await;
    let found = town.turned(&town.planner, narrow, "validate", json!({}));
    let small = &found.await["findings"][0];
    assert_eq!(small["kind"], "small", "{small}");
    let area = small["about"]["area"]["area_m2"].as_f64().unwrap();
    assert!((area - 1_000.0).abs() < 20.0, "{area}");
    assert_eq!(small["detail"], format!("{area:.0} m²"));
}

#[tokio::test]
async fn plans_are_for_planners_and_approved_by_somebody_else() {
    let town = Town::new().await;
    let dispatcher = colleague(&town.city, &town.service, "dispatcher", None, None).await;
    let plans = dispatcher.client.get("/api/v1/plans").send().await.unwrap();
    problem(plans, StatusCode::FORBIDDEN, "forbidden").await;
    let body = json!({ "title": "t", "reason": "r" });
    let begun = town
        .leader
        .client
        .post("/api/v1/plans")
        .json(&body)
        .send()
        .await
        .unwrap();
    problem(begun, StatusCode::FORBIDDEN, "forbidden").await;

    let plan = town.begin().await;
    town.stepped(plan, &town.split(50.0).await).await;
    town.turned(&town.planner, plan, "submit", json!({})).await;
    let body = json!({ "version": town.version(plan).await });
    let own = town.told(&town.planner, plan, "approve", &body).await;
    problem(own, StatusCode::FORBIDDEN, "own-plan").await;
    let step = town.step(plan, &town.split(20.0).await).await;
    let told = problem(step, StatusCode::CONFLICT, "wrong-state").await;
    assert_eq!(told["state"], "submitted");
    let rejected = town
        .turned(
            &town.leader,
            plan,
            "reject",
            json!({ "reason": "道路未验收" }),
        )
        .await;
    assert_eq!(
        (&rejected["state"], &rejected["decision"]),
        (&json!("draft"), &json!("道路未验收"))
    );

    // the database itself holds the line
    let mut tx = town.city.db.begin().await.unwrap();
    sqlx::query("set local role cityward_service")
        .execute(&mut *tx)
        .await
        .unwrap();
    sqlx::query("select cityward_act_as($1)")
        .bind(dispatcher.id)
        .execute(&mut *tx)
        .await
        .unwrap();
    let seen: i64 = sqlx::query_scalar("select count(*) from plan")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(seen, 0);
    drop(tx);
    let edit = sqlx::query("update plan_step set reason = 'other' where plan_id = $1")
        .bind(i32::try_from(plan).unwrap())
        .execute(&town.city.db)
        .await;
    assert!(edit.unwrap_err().to_string().contains("written once"));
}
