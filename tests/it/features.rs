//! OGC API - Features: the city's features for other programs.

use std::collections::BTreeSet;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use crate::city::{TestCity, place};
use crate::drawing::Town;
use crate::people::colleague;
use crate::service::{TestClient, TestService, problem};

pub(crate) const BIN: &str = "C03005";
const LAMP: &str = "C01013";

/// The path of a link with this relation.
fn link(document: &Value, rel: &str) -> Option<String> {
    let links = document["links"].as_array().unwrap();
    let found = links.iter().find(|link| link["rel"] == rel)?;
    let href = found["href"].as_str().unwrap();
    Some(href[href.find("/ogc").unwrap()..].to_owned())
}

fn ids(page: &Value) -> Vec<i64> {
    let features = page["features"].as_array().unwrap().iter();
    features.map(|one| one["id"].as_i64().unwrap()).collect()
}

/// The path of a collection's features, asked for with a query.
fn items_with(collection: &str, query: &[(&str, &str)]) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = query.iter();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    format!("/ogc/collections/{collection}/items?{}", pairs.join("&"))
}

/// How many features of a collection a query finds.
pub(crate) async fn count(client: &TestClient, collection: &str, query: &[(&str, &str)]) -> usize {
    let answer = client
        .get(&items_with(collection, query))
        .send()
        .await
        .unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{query:?}: {text}");
    let page: Value = serde_json::from_str(&text).unwrap();
    page["features"].as_array().unwrap().len()
}

#[tokio::test]
async fn from_the_landing_page_to_every_feature_by_links_while_features_change() {
    let city = TestCity::new().await;
    let mut components = Vec::new();
    for step in 0..25 {
        let at = place(f64::from(step) * 3.0, 50.0);
        components.push(city.component(BIN, at, None).await);
    }
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let landing = client.json("/ogc").await;
    let collections = client.json(&link(&landing, "data").unwrap()).await;
    let all = collections["collections"].as_array().unwrap();
    let of_features: BTreeSet<&str> = all
        .iter()
        .filter(|one| one["itemType"] == "feature")
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    let expected = [
        "cameras",
        "cases",
        "cells",
        "components",
        "responsibilities",
    ];
    assert_eq!(of_features, BTreeSet::from(expected));
    let one = all.iter().find(|one| one["id"] == "components").unwrap();

    let mut next = Some(format!("{}?limit=10", link(one, "items").unwrap()));
    let mut seen = Vec::new();
    while let Some(path) = next {
        let page = client.json(&path).await;
        assert_eq!(page["numberReturned"], ids(&page).len());
        seen.extend(ids(&page));
        next = link(&page, "next");
        if seen.len() == 10 {
            // one that was seen goes, one that was not comes: nobody else is lost or doubled
            sqlx::query("update component set state = 'removed' where component_id = $1")
                .bind(components[2])
                .execute(&city.db)
                .await
                .unwrap();
            components.push(city.component(LAMP, place(1.0, 1.0), None).await);
        }
    }
    assert_eq!(seen, components);
    let api = client.get(&link(&landing, "service-desc").unwrap());
    let api = api.send().await.unwrap();
    assert_eq!(
        api.headers()[CONTENT_TYPE],
        "application/vnd.oai.openapi+json;version=3.0"
    );
    let api: Value = api.json().await.unwrap();
    assert_eq!(api["openapi"], "3.0.3");
    assert!(api["paths"]["/collections/cells/items"]["get"].is_object());
    let nobody = service.client().get("/ogc/collections/components/items");
    let nobody = nobody.send().await.unwrap();
    problem(nobody, StatusCode::UNAUTHORIZED, "unauthenticated").await;
    service.stop().await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story from beginning to end")]
async fn what_is_asked_for_is_found_in_any_coordinates_and_both_languages() {
    let city = TestCity::new().await;
    let (west, east) = (place(10.0, 10.0), place(500.0, 10.0));
    let unit = city.unit(1).await;
    let bin = city.component(BIN, west, Some(unit)).await;
    city.component(LAMP, east, None).await;
    sqlx::query(
        "update component set name = 'Café', surveyed_on = '2026-03-01' where component_id = $1",
    )
    .bind(bin)
    .execute(&city.db)
    .await
    .unwrap();
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let epsg = |code: u32| format!("http://www.opengis.net/def/crs/EPSG/0/{code}");
    let (degrees, gauss, mercator) = (epsg(4490), epsg(4549), epsg(3857));
    let around =
        |x: f64, y: f64, half: f64| format!("{},{},{},{}", x - half, y - half, x + half, y + half);

    // around the western one in each system; where it is there, GDAL says too: gdaltransform
    let mut found = Vec::new();
    for (crs, half) in [(&degrees, 1e-4), (&gauss, 10.0), (&mercator, 10.0)] {
        let path = format!("/ogc/collections/components/items/{bin}?crs={crs}");
        let answer = client.get(&path).send().await.unwrap();
        assert_eq!(answer.headers()["content-crs"], format!("<{crs}>"));
        let there: Value = answer.json().await.unwrap();
        let at = there["geometry"]["coordinates"].as_array().unwrap().clone();
        let (x, y) = (at[0].as_f64().unwrap(), at[1].as_f64().unwrap());
        let query = [("bbox", around(x, y, half)), ("bbox-crs", crs.clone())];
        let query = [("bbox", &*query[0].1), ("bbox-crs", &*query[1].1)];
        assert_eq!(count(&client, "components", &query).await, 1, "{crs}");
        let filter = format!("S_INTERSECTS(geometry, BBOX({}))", around(x, y, half));
        let query = [("filter", &*filter), ("filter-crs", crs)];
        assert_eq!(count(&client, "components", &query).await, 1, "{crs}");
        found.push((x, y));
    }
    assert!((found[0].0 - west.lat).abs() < 1e-8 && (found[0].1 - west.lon).abs() < 1e-8);
    // northing first: 32.45° N is some 3,592 km from the equator
    assert!(
        (3_591_000.0..3_593_000.0).contains(&found[1].0),
        "{found:?}"
    );
    assert!((490_000.0..495_000.0).contains(&found[1].1), "{found:?}");
    assert!(
        (13_349_000.0..13_351_000.0).contains(&found[2].0),
        "{found:?}"
    );

    for (filter, expected) in [
        ("class = 'C03005'", 1),
        ("class in ('C03005', 'C01013')", 2),
        ("class like 'C0%' and not name is null", 2),
        ("accenti(casei(name)) = accenti(casei('CAFE'))", 1),
        ("surveyed_on = date('2026-03-01')", 1),
        (
            "t_before(surveyed_on, timestamp('2026-03-02T00:00:00Z'))",
            1,
        ),
        ("t_during(surveyed_on, interval('2026-02-28', '..'))", 1),
        ("t_intersects(surveyed_on, interval('2026-03-02', '..'))", 0),
        ("maintenance_unit_id + 1 > maintenance_unit_id * 1.0", 1),
        ("maintenance_unit_id / 0 = 1", 0),
        ("maintenance_unit_id between 0 and 1000000", 1),
        (
            "S_WITHIN(geometry, POLYGON((119.9 32.4, 119.95 32.4, 119.95 32.5, 119.9 32.5, 119.9 32.4)))",
            2,
        ),
        ("s_disjoint(geometry, point(0 0))", 2),
    ] {
        assert_eq!(
            count(&client, "components", &[("filter", filter)]).await,
            expected,
            "{filter}"
        );
    }
    let as_json = r#"{"op":"=","args":[{"property":"class"},"C01013"]}"#;
    let query = [("filter", as_json), ("filter-lang", "cql2-json")];
    assert_eq!(count(&client, "components", &query).await, 1);
    assert_eq!(count(&client, "components", &[("class", BIN)]).await, 1);
    assert_eq!(
        count(
            &client,
            "components",
            &[("datetime", "../2020-01-01T00:00:00Z")]
        )
        .await,
        0
    );

    // each level twice in its SQL would be more than there is memory
    let nested = (0..24).fold("class = 'C03005'".to_owned(), |inner, _| {
        format!("({inner}) in (true, (1 between 0 and 1))")
    });
    assert_eq!(
        count(&client, "components", &[("filter", &*nested)]).await,
        1
    );
    let mixed = "surveyed_on in (date('2026-03-01'), timestamp('2026-04-01T00:00:00Z'))";
    assert_eq!(count(&client, "components", &[("filter", mixed)]).await, 1);
    let mixed = "surveyed_on between timestamp('2026-02-01T00:00:00Z') and date('2026-03-01')";
    assert_eq!(count(&client, "components", &[("filter", mixed)]).await, 1);

    for (name, value) in [
        (
            "filter",
            "t_during(surveyed_on, interval(interval('..','..'),'..'))",
        ),
        ("filter", "colour = 'red'"),
        ("filter", "class > 5"),
        ("filter", "avg(class) = 1"),
        ("filter", "class"),
        ("filter", "a_contains(class, ('a','b'))"),
        ("filter", "(maintenance_unit_id + 9) ^ 1000000 = 1"),
        ("colour", "red"),
        ("maintenance_unit_id", "many"),
    ] {
        let path = items_with("components", &[(name, value)]);
        let answer = client.get(&path).send().await.unwrap();
        let told = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(told["errors"][0]["field"], name, "{value}");
    }
    service.stop().await;
}

#[tokio::test]
async fn cases_come_as_far_as_a_person_reaches() {
    let town = Town::new().await;
    let case = town
        .case(town.cells[0], place(20.0, 50.0), Some(town.units[0]))
        .await;
    town.case(town.cells[1], place(150.0, 50.0), Some(town.units[1]))
        .await;
    let manager = colleague(
        &town.city,
        &town.service,
        "unit_manager",
        Some(town.units[0]),
        None,
    )
    .await;
    let page = manager.client.json("/ogc/collections/cases/items").await;
    assert_eq!(ids(&page), [case]);
    let dispatcher = colleague(&town.city, &town.service, "dispatcher", None, None).await;
    assert_eq!(count(&dispatcher.client, "cases", &[]).await, 2);
    let other = format!("/ogc/collections/cases/items/{}", case + 1);
    let hidden = manager.client.get(&other).send().await.unwrap();
    problem(hidden, StatusCode::NOT_FOUND, "not-found").await;
}
