//! Pages say which tiles they show, and are told which of those changed.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::city::{TestCity, place};
use crate::live::EventSource;
use crate::service::{TestService, problem};

/// The tile of zoom 16 in which the test city's corner lies.
const X: u32 = 54_598;
const Y: u32 = 26_516;
/// More than three tiles of zoom 16 to the east.
const FAR_M: f64 = 2_000.0;

async fn damage(city: &TestCity, component: i64) {
    sqlx::query("update component set state = 'damaged' where component_id = $1")
        .bind(component)
        .execute(&city.db)
        .await
        .unwrap();
}

#[tokio::test]
async fn each_page_is_told_of_its_own_tiles_only() {
    let city = TestCity::new().await;
    let here = city.component("C03005", place(50.0, 50.0), None).await;
    let far = city.component("C03005", place(FAR_M, 50.0), None).await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let watch = async |tiles: &str, layers: &str| {
        let query = format!("tiles={tiles}&layers={layers}");
        EventSource::watching(&client, &query).await
    };
    let mut close = watch(&format!("16/{X}/{Y}"), "components").await;
    let east = format!("16/{}-{}/{Y}", X + 3, X + 4);
    let mut beside = watch(&east, "components,cells").await;
    let mut above = watch(&format!("10/{}/{}", X >> 6, Y >> 6), "components").await;
    let mut of_cells = watch(&format!("16/{X}/{Y}"), "cells").await;

    damage(&city, here).await;
    let told =
        |zoom: u32, tiles: Value| json!({ "layer": "components", "zoom": zoom, "tiles": tiles });
    assert_eq!(close.any_tile_news().await.data, told(16, json!([[X, Y]])));
    let parent = told(10, json!([[X >> 6, Y >> 6]]));
    assert_eq!(above.any_tile_news().await.data, parent);
    // told in this order: the change before was none of this page's
    damage(&city, far).await;
    let news = beside.any_tile_news().await.data;
    assert_eq!(news["layer"], "components");
    let columns: Vec<u64> = news["tiles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tile| tile[0].as_u64().unwrap())
        .collect();
    assert!(
        !columns.is_empty() && columns.iter().all(|x| *x >= u64::from(X) + 3),
        "{news}"
    );
    assert_eq!(above.any_tile_news().await.data, parent);
    // the cells are read together, and told of as far as they are drawn otherwise
    let edition = city.edition().await;
    let cells = city.cells(edition, 1, 1).await;
    let news = of_cells.any_tile_news().await.data;
    assert_eq!(news["layer"], "cells");
    assert!(
        news["tiles"].as_array().unwrap().contains(&json!([X, Y])),
        "{news}"
    );
    let unit = city.unit(9).await;
    city.responsible(edition, cells[0], None, unit).await;
    let again = of_cells.any_tile_news().await.data;
    assert_eq!(again, news, "another colour in the same tiles");
    sqlx::query("delete from component where component_id = $1")
        .bind(far)
        .execute(&city.db)
        .await
        .unwrap();
    let next = beside.any_tile_news().await.data;
    assert_eq!(
        next["layer"], "components",
        "no cell lies in the east: {next}"
    );
}

#[tokio::test]
async fn what_is_no_view_is_refused_with_the_field() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    for (query, field) in [
        ("tiles=14/1/2/3", "tiles"),
        ("tiles=14/20000/1", "tiles"),
        ("tiles=17/1/1", "tiles"),
        ("tiles=16/0-99/0-99", "tiles"),
        ("tiles=14/1/1&layers=cells,nothing", "layers"),
        ("zoom=14", "zoom"),
    ] {
        let path = format!("/api/v1/live?{query}");
        let answer = client.get(&path).send().await.unwrap();
        let body = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(body["errors"][0]["field"], field, "{query}");
    }
}
