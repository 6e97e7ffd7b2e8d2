//! OGC API - Features written: components and cameras at once, cells as steps of a plan.

use reqwest::header::{ALLOW, ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::city::{TestCity, place};
use crate::drawing::Town;
use crate::features::{BIN, count};
use crate::people::colleague;
use crate::service::{TestClient, TestService, problem};

async fn sent(
    client: &TestClient,
    method: Method,
    path: &str,
    tag: Option<&str>,
    body: &Value,
) -> Response {
    let mut request = client.request(method, path).json(body);
    if let Some(tag) = tag {
        request = request.header(IF_MATCH, tag);
    }
    request.send().await.unwrap()
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story from beginning to end")]
async fn the_register_is_written_by_those_who_keep_it_and_nobody_overwrites_another() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let officer = colleague(&city, &service, "data_officer", None, None).await;
    let worker = colleague(&city, &service, "dispatcher", None, None).await;
    let (officer, worker) = (&officer.client, &worker.client);
    let items = "/ogc/collections/components/items";
    let feature = json!({
        "type": "Feature",
        "properties": { "class": BIN, "name": "果皮箱", "surveyed_on": "2026-11-01" },
        "geometry": { "type": "Point", "coordinates": [119.921, 32.451] },
    });
    let refused = sent(worker, Method::POST, items, None, &feature).await;
    problem(refused, StatusCode::FORBIDDEN, "forbidden").await;
    let added = sent(officer, Method::POST, items, None, &feature).await;
    assert_eq!(added.status(), StatusCode::CREATED);
    let location = added.headers()[LOCATION].to_str().unwrap();
    let path = location[location.find("/ogc").unwrap()..].to_owned();
    let tag = async || {
        let answer = officer.get(&path).send().await.unwrap();
        answer.headers()[ETAG].to_str().unwrap().to_owned()
    };
    let first = tag().await;
    let same = officer.get(&path).header(IF_NONE_MATCH, &first);
    assert_eq!(
        same.send().await.unwrap().status(),
        StatusCode::NOT_MODIFIED
    );

    let patch = json!({ "properties": { "state": "damaged", "name": null } });
    let patched = sent(officer, Method::PATCH, &path, Some(&first), &patch).await;
    assert_eq!(patched.status(), StatusCode::NO_CONTENT);
    let now = officer.json(&path).await;
    assert_eq!(now["properties"]["state"], "damaged");
    assert_eq!(now["properties"]["name"], "");
    assert_eq!(now["geometry"], feature["geometry"]);
    let late = sent(officer, Method::PUT, &path, Some(&first), &feature).await;
    problem(late, StatusCode::PRECONDITION_FAILED, "changed").await;
    // what was read can be written back as it is, in other coordinates too
    let gauss = "http://www.opengis.net/def/crs/EPSG/0/4549";
    let read = officer.json(&format!("{path}?crs={gauss}")).await;
    let written = officer
        .put(&path)
        .json(&read)
        .header("content-crs", format!("<{gauss}>"));
    let written = written.header(IF_MATCH, tag().await).send().await.unwrap();
    assert_eq!(written.status(), StatusCode::NO_CONTENT);
    let back = officer.json(&path).await;
    let lon = back["geometry"]["coordinates"][0].as_f64().unwrap();
    assert!((lon - 119.921).abs() < 1e-7, "{lon}");

    for (wrong, field) in [
        (json!({ "class": "X99999" }), "/properties/class"),
        (
            json!({ "class": BIN, "state": "lost" }),
            "/properties/state",
        ),
        (
            json!({ "class": BIN, "owner_unit_id": 99 }),
            "/properties/owner_unit_id",
        ),
        (json!({ "class": BIN, "code": "12" }), "/properties/code"),
        (json!({ "class": BIN, "colour": "red" }), "/properties"),
    ] {
        let mut body = feature.clone();
        body["properties"] = wrong;
        let refused = sent(officer, Method::POST, items, None, &body).await;
        let told = problem(refused, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(told["errors"][0]["field"], field);
    }
    for (crs, coordinates) in [
        (None, [119.9, 132.4]),
        (None, [1e300, 32.4]),
        (Some(gauss), [119.9, 1e9]),
    ] {
        let mut body = feature.clone();
        body["geometry"]["coordinates"] = json!(coordinates);
        let mut request = officer.post(items).json(&body);
        if let Some(crs) = crs {
            request = request.header("content-crs", format!("<{crs}>"));
        }
        let told = request.send().await.unwrap();
        problem(told, StatusCode::BAD_REQUEST, "invalid-field").await;
    }
    let allow = async |client: &TestClient| {
        let answer = client.request(Method::OPTIONS, &path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        answer.headers()[ALLOW].to_str().unwrap().to_owned()
    };
    assert_eq!(
        allow(officer).await,
        "GET, HEAD, OPTIONS, PUT, PATCH, DELETE"
    );
    assert_eq!(allow(worker).await, "GET, HEAD, OPTIONS");
    let refused = worker.delete(&path).send().await.unwrap();
    problem(refused, StatusCode::FORBIDDEN, "forbidden").await;
    let gone = officer.delete(&path).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let nothing = officer.get(&path).send().await.unwrap();
    problem(nothing, StatusCode::NOT_FOUND, "not-found").await;
    let record: Vec<String> = sqlx::query_scalar(
        "select action from audit_entry where subject like 'component:%' order by entry_id",
    )
    .fetch_all(&city.db)
    .await
    .unwrap();
    assert_eq!(record, ["create", "change", "change", "remove"]);
    service.stop().await;
}

#[tokio::test]
async fn cameras_are_kept_by_administrators() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let administrator = service.sign_in(&city).await;
    let feature = json!({
        "type": "Feature",
        "id": "gate-1",
        "properties": { "name_zh": "东门", "name_en": "East gate", "height_m": 6.0 },
        "geometry": { "type": "Point", "coordinates": [119.92, 32.45] },
    });
    let items = "/ogc/collections/cameras/items";
    let added = sent(&administrator, Method::POST, items, None, &feature).await;
    assert_eq!(added.status(), StatusCode::CREATED);
    let twice = sent(&administrator, Method::POST, items, None, &feature).await;
    problem(twice, StatusCode::CONFLICT, "exists").await;
    let path = format!("{items}/gate-1");
    let patch = json!({ "properties": { "height_m": 7.5 } });
    let patched = sent(&administrator, Method::PATCH, &path, None, &patch).await;
    assert_eq!(patched.status(), StatusCode::NO_CONTENT);
    let camera = administrator.json("/api/v1/cameras/gate-1").await;
    assert_eq!(
        (&camera["height_m"], &camera["name_zh"]),
        (&json!(7.5), &json!("东门"))
    );
    // what is said elsewhere of it stays, and who knows an older one does not overwrite it
    let draft = json!({
        "name_zh": "东门", "name_en": "East gate", "lon": 119.92, "lat": 32.45, "height_m": 7.5,
        "platform_id": null, "models": ["street-events"],
    });
    let saved = administrator.put("/api/v1/cameras/gate-1").json(&draft);
    assert_eq!(saved.send().await.unwrap().status(), StatusCode::OK);
    let known = administrator.get(&path).send().await.unwrap();
    let tag = known.headers()[ETAG].to_str().unwrap().to_owned();
    let (one, other) = (
        json!({ "properties": { "height_m": 8.0 } }),
        json!({ "properties": { "height_m": 9.0 } }),
    );
    let (one, other) = tokio::join!(
        sent(&administrator, Method::PATCH, &path, Some(&tag), &one),
        sent(&administrator, Method::PATCH, &path, Some(&tag), &other),
    );
    let mut outcomes = [one.status(), other.status()];
    outcomes.sort();
    assert_eq!(
        outcomes,
        [StatusCode::NO_CONTENT, StatusCode::PRECONDITION_FAILED]
    );
    let camera = administrator.json("/api/v1/cameras/gate-1").await;
    assert_eq!(camera["models"], json!(["street-events"]));
    let mut second = feature.clone();
    second["id"] = json!("gate-2");
    let (one, other) = tokio::join!(
        sent(&administrator, Method::POST, items, None, &second),
        sent(&administrator, Method::POST, items, None, &second),
    );
    let mut outcomes = [one.status(), other.status()];
    outcomes.sort();
    assert_eq!(outcomes, [StatusCode::CREATED, StatusCode::CONFLICT]);
    let record: Vec<String> = sqlx::query_scalar(
        "select action from audit_entry where subject = 'camera:gate-1' order by entry_id",
    )
    .fetch_all(&city.db)
    .await
    .unwrap();
    assert_eq!(record, ["create", "change", "change", "change"]);
    let never = administrator.delete(&path).send().await.unwrap();
    problem(never, StatusCode::FORBIDDEN, "forbidden").await;
    service.stop().await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story from beginning to end")]
async fn an_edit_of_a_cell_becomes_steps_of_a_plan() {
    let town = Town::new().await;
    let client = &town.planner.client;
    let path = format!("/ogc/collections/cells/items/{}", town.cells[0]);
    let cell = client.json(&path).await;
    assert_eq!(cell["properties"]["code"], "321202001001001");
    assert_eq!(cell["properties"]["unit_id"], town.units[0]);

    // the same cell, 20 m wider, of the other unit
    let (low, high) = (place(0.0, 0.0), place(120.0, 100.0));
    let ring = [
        [low.lon, low.lat],
        [high.lon, low.lat],
        [high.lon, high.lat],
        [low.lon, high.lat],
        [low.lon, low.lat],
    ];
    let wider = json!({
        "type": "Feature",
        "properties": { "unit_id": town.units[1], "code": "321202001001001" },
        "geometry": { "type": "Polygon", "coordinates": [ring] },
    });
    let refused = sent(&town.leader.client, Method::PUT, &path, None, &wider).await;
    problem(refused, StatusCode::FORBIDDEN, "forbidden").await;
    let told = sent(client, Method::PUT, &path, None, &wider).await;
    assert_eq!(told.status(), StatusCode::ACCEPTED);
    let told: Value = told.json().await.unwrap();
    let plan = told["plan"].as_i64().unwrap();
    let begun = client.json(&format!("/api/v1/plans/{plan}")).await;
    let steps: Vec<&str> = begun["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            step["operation"]
                .as_object()
                .unwrap()
                .keys()
                .next()
                .unwrap()
                .as_str()
        })
        .collect();
    assert_eq!(steps, ["transfer", "set_owner"]);
    let planned = town
        .partition(&format!("/api/v1/plans/{plan}/partition"))
        .await;
    let face = planned.face_at(town.at(110.0, 50.0)).unwrap();
    assert_eq!(face.0, town.face(town.cells[0]).await);
    assert!((planned.area_m2(face) - 12_000.0).abs() < 60.0);
    // nothing is published by it
    assert_eq!(client.json(&path).await, cell);

    // what a patch does not name stays as the plan has it
    let here = format!("{path}?plan={plan}");
    let same = json!({ "properties": {}, "geometry": wider["geometry"] });
    let told = sent(client, Method::PATCH, &here, None, &same).await;
    assert_eq!(told.status(), StatusCode::ACCEPTED);
    let same = client.json(&format!("/api/v1/plans/{plan}")).await;
    assert_eq!(same["history"].as_array().unwrap().len(), 2);
    // the city ends at the cell's western side
    let beyond = place(-30.0, 0.0);
    let ring_beyond = [
        [beyond.lon, low.lat],
        [high.lon, low.lat],
        [high.lon, high.lat],
        [beyond.lon, high.lat],
        [beyond.lon, low.lat],
    ];
    for (field, change) in [
        ("/properties", json!({ "properties": { "unit_id": -3 } })),
        (
            "/properties/unit_id",
            json!({ "properties": { "unit_id": 9999 } }),
        ),
        (
            "/geometry",
            json!({ "geometry": { "type": "Polygon", "coordinates": [ring_beyond] } }),
        ),
    ] {
        let refused = sent(client, Method::PATCH, &here, None, &change).await;
        let told = problem(refused, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(told["errors"][0]["field"], field, "{told}");
    }

    // the next edit goes on in the same draft; one that leaves ground is refused, and nothing of it stays
    let half = place(50.0, 100.0);
    let ring = [
        [low.lon, low.lat],
        [half.lon, low.lat],
        [half.lon, half.lat],
        [low.lon, half.lat],
        [low.lon, low.lat],
    ];
    let mut narrower = wider.clone();
    narrower["geometry"]["coordinates"] = json!([ring]);
    let refused = sent(client, Method::PUT, &path, None, &narrower).await;
    let told = problem(refused, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(told["errors"][0]["field"], "/geometry");
    let patch = json!({ "properties": { "unit_id": null } });
    let other = format!("/ogc/collections/cells/items/{}", town.cells[3]);
    let told = sent(
        client,
        Method::PATCH,
        &format!("{other}?plan={plan}"),
        None,
        &patch,
    )
    .await;
    assert_eq!(told.status(), StatusCode::ACCEPTED);
    let after = client.json(&format!("/api/v1/plans/{plan}")).await;
    assert_eq!(after["history"].as_array().unwrap().len(), 3);
    town.approved(plan, json!({})).await;
    let today = client.json("/ogc/collections/cells/items").await;
    assert_eq!(today["features"].as_array().unwrap().len(), 4);
    let before = [
        ("datetime", "2021-01-01T00:00:00Z"),
        ("filter", "area_m2 > 10500"),
    ];
    assert_eq!(count(client, "cells", &before).await, 0);
    assert_eq!(count(client, "cells", &before[1..]).await, 1);
    assert_eq!(count(client, "responsibilities", &[]).await, 3);
    assert_eq!(count(client, "responsibilities", &before[..1]).await, 4);
}
