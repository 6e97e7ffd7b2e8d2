//! Planners see each other: at the same plan, and at the same cells in another.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::drawing::Town;
use crate::people::{Colleague, colleague};
use crate::service::problem;

async fn company(town: &Town, who: &Colleague, plan: i64, faces: Value) -> Value {
    let told = town
        .told(who, plan, "presence", &json!({ "faces": faces }))
        .await;
    let (status, text) = (told.status(), told.text().await.unwrap());
    assert_eq!(status, StatusCode::OK, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn two_at_one_plan_see_each_other_until_one_is_silent() {
    let town = Town::new().await;
    let plan = town.begin().await;
    let other = colleague(&town.city, &town.service, "planner", None, None).await;
    let alone = company(&town, &town.planner, plan, json!([])).await;
    assert_eq!(
        (&alone["people"], &alone["plans"]),
        (&json!([]), &json!([]))
    );
    let face = town.face(town.cells[0]).await;
    let seen = company(&town, &other, plan, json!([face])).await;
    assert_eq!(seen["people"][0]["person"]["id"], town.planner.id);
    let back = company(&town, &town.planner, plan, json!([])).await;
    assert_eq!(back["people"][0]["person"]["id"], other.id);
    assert_eq!(back["people"][0]["faces"], json!([face]));

    let owner = json!({ "set_owner": { "faces": [face], "owner": town.units[1] } });
    town.stepped(plan, &owner).await;
    let told = company(&town, &other, plan, json!([])).await;
    assert_eq!(told["version"], town.version(plan).await);
    assert_eq!(told["changed_by"]["id"], town.planner.id);

    sqlx::query(
        "update plan_presence set seen_at = seen_at - interval '31 s' where person_id = $1",
    )
    .bind(other.id)
    .execute(&town.city.db)
    .await
    .unwrap();
    let later = company(&town, &town.planner, plan, json!([])).await;
    assert_eq!(later["people"], json!([]));
}

#[tokio::test]
async fn the_same_cells_in_another_plan_are_told_with_its_author() {
    let town = Town::new().await;
    let [first, second] = [
        town.face(town.cells[0]).await,
        town.face(town.cells[1]).await,
    ];
    let owner = |faces: Value, unit: i32| json!({ "set_owner": { "faces": faces, "owner": unit } });
    let plan = town.begin().await;
    town.stepped(plan, &owner(json!([first]), town.units[1]))
        .await;
    let other = town.begin().await;
    town.stepped(other, &owner(json!([first]), town.units[1]))
        .await;
    town.stepped(other, &owner(json!([second]), town.units[0]))
        .await;
    let beside = company(&town, &town.planner, plan, json!([])).await;
    let told = &beside["plans"][0];
    assert_eq!(told["id"], other);
    assert_eq!(told["faces"], json!([first, second]));
    assert_eq!(told["shared"], 1);
    assert_eq!(told["author"]["id"], town.planner.id);

    // what was taken back is nobody's any more
    town.turned(&town.planner, other, "undo", json!({})).await;
    let beside = company(&town, &town.planner, plan, json!([])).await;
    assert_eq!(beside["plans"][0]["faces"], json!([first]));
    let body = json!({ "reason": "r" });
    town.turned(&town.planner, other, "withdraw", body).await;
    let beside = company(&town, &town.planner, plan, json!([])).await;
    assert_eq!(beside["plans"], json!([]));

    let operator = colleague(&town.city, &town.service, "operator", None, None).await;
    let nothing = json!({ "faces": [] });
    let told = town.told(&operator, plan, "presence", &nothing).await;
    problem(told, StatusCode::FORBIDDEN, "forbidden").await;
}
