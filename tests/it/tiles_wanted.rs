//! What somebody gets of a layer: within their reach, by a filter, in full, with other layers, by
//! OGC API.

use std::collections::BTreeSet;

use mvt_reader::Reader;
use mvt_reader::feature::Value;
use reqwest::StatusCode;
use reqwest::header::{ETAG, IF_NONE_MATCH};
use sqlx::Connection as _;

use crate::city::TestCity;
use crate::people::colleague;
use crate::row_level_security::Town;
use crate::service::{TestClient, TestService, problem};

/// The tile of zoom 16 in which the test city's corner lies.
const PLACE: &str = "16/54598/26516";

async fn lsn(city: &TestCity) -> String {
    sqlx::query_scalar("select pg_current_wal_insert_lsn()::text")
        .fetch_one(&city.db)
        .await
        .unwrap()
}

/// Ids of the features of a layer in a tile that holds everything committed until now.
async fn ids(city: &TestCity, client: &TestClient, names: &str, query: &str) -> BTreeSet<u64> {
    let lsn = lsn(city).await;
    let path = format!("/tiles/{names}/{PLACE}?min_lsn={lsn}&{query}");
    let answer = client.get(&path).send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {answer:?}");
    let reader = Reader::new(answer.bytes().await.unwrap().to_vec()).unwrap();
    let names = reader.get_layer_names().unwrap();
    let features = (0..names.len()).flat_map(|layer| reader.get_features(layer).unwrap());
    features.map(|feature| feature.id.unwrap()).collect()
}

fn set(ids: &[i64]) -> BTreeSet<u64> {
    ids.iter().map(|id| id.unsigned_abs()).collect()
}

/// R8.2, R13.1: the database's policies and the tiles in memory say the same.
#[tokio::test]
async fn r8_2_r13_1_a_tile_holds_the_cases_within_a_persons_reach() {
    let mut town = Town::new().await;
    let service = TestService::start(&town.city).await;
    let (units, districts) = (town.units, town.districts);
    let mut people = Vec::new();
    for (role, unit, district) in [
        ("dispatcher", None, None),
        ("unit_manager", Some(units[0]), None),
        ("unit_worker", Some(units[1]), None),
        ("district_dispatcher", None, Some(districts[0])),
        ("collector", None, None),
        ("planner", None, Some(districts[1])),
    ] {
        people.push((
            role,
            colleague(&town.city, &service, role, unit, district).await,
        ));
    }
    let assignee = people[4].1.id;
    for change in [
        // in both cells a case that nobody handles yet
        "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m,
            bearing_deg, cell_id, edition_id, because, first_seen_at, last_seen_at,
            sighting_count, opened_at, district_id)
         select class_code, 'hotline', location, 1, 1, 0, cell_id, edition_id, '{}', now(), now(),
            1, now(), d.district_id
         from city_case cross join district d",
        "update city_case set helper_unit_ids = array[(select max(unit_id) from unit)]
         where case_id = (select min(case_id) from city_case)",
        "update city_case set assignee_id = $1
         where case_id = (select max(case_id) from city_case)",
        "update city_case set state = 'closed', ended_at = now(), handling_unit_id = null
         where case_id = (select min(case_id) + 2 from city_case)",
    ] {
        let query = sqlx::query(change);
        let query = if change.contains("$1") {
            query.bind(assignee)
        } else {
            query
        };
        query.execute(&town.city.db).await.unwrap();
        for (role, person) in &people {
            let tile = ids(&town.city, &person.client, "cases", "").await;
            let mut tx = town.act_as(person.id).await;
            let rows: Vec<i64> =
                sqlx::query_scalar("select case_id from city_case where ended_at is null")
                    .fetch_all(&mut *tx)
                    .await
                    .unwrap();
            assert_eq!(tile, set(&rows), "{role} after {change}");
        }
    }
    // they do not all see the same
    let mut seen = BTreeSet::new();
    for (_, person) in &people {
        seen.insert(ids(&town.city, &person.client, "cases", "").await);
    }
    assert!(seen.len() > 3, "{seen:?}");
}

#[tokio::test]
async fn a_filter_is_what_sql_would_say() {
    let city = TestCity::new().await;
    let units = [city.unit(1).await, city.unit(2).await];
    sqlx::query(
        "insert into component (class_code, state, owner_unit_id, name, surveyed_on, geom, source)
         select (array['C03005', 'C01002', 'C01037'])[1 + n % 3],
             (array['good', 'damaged', 'missing'])[1 + n % 5 % 3]::component_state,
             case when n % 4 > 0 then $1[1 + n % 2] end, (array['', '东门', '西门'])[1 + n % 3],
             case when n % 7 > 0 then date '2026-01-01' + n % 90 end,
             st_setsrid(st_makepoint(119.918 + n * 1e-6, 32.4505), 4326), 'test'
         from generate_series(1, 300) as n",
    )
    .bind(&units[..])
    .execute(&city.db)
    .await
    .unwrap();
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let [one, other] = units;
    let all = ids(&city, &client, "components", "").await;
    assert_eq!(all.len(), 300, "all of them lie in this tile");
    for (query, sql) in [
        ("class=C03005", "class_code = 'C03005'".to_owned()),
        (
            "class=C03005,C01002&state=damaged",
            "class_code <> 'C01037' and state = 'damaged'".to_owned(),
        ),
        (&format!("owner={one}"), format!("owner_unit_id = {one}")),
        (
            &format!("filter=owner%20in%20({one},{other})%20and%20not%20state%3D'good'"),
            format!("owner_unit_id in ({one}, {other}) and state <> 'good'"),
        ),
        (
            "filter=owner%20is%20null%20or%20name%20like%20'东%25'",
            "owner_unit_id is null or name like '东%'".to_owned(),
        ),
        (
            "filter=surveyed%20between%20DATE('2026-01-10')%20and%20DATE('2026-02-01')",
            "surveyed_on between '2026-01-10' and '2026-02-01'".to_owned(),
        ),
        (
            "filter=not%20surveyed%20>%2020260201&filter-lang=cql2-text",
            "not surveyed_on > '2026-02-01'".to_owned(),
        ),
    ] {
        let expected: Vec<i64> =
            sqlx::query_scalar(&format!("select component_id from component where {sql}"))
                .fetch_all(&city.db)
                .await
                .unwrap();
        assert!(
            !expected.is_empty() && expected.len() < 300,
            "{sql}: {}",
            expected.len()
        );
        assert_eq!(
            ids(&city, &client, "components", query).await,
            set(&expected),
            "{sql}"
        );
    }
}

#[tokio::test]
async fn a_case_that_is_due_before_a_moment_is_found() {
    let town = Town::new().await;
    let service = TestService::start(&town.city).await;
    let client = service.sign_in(&town.city).await;
    sqlx::query("update city_case set due_at = '2026-12-01T08:00:00Z' where case_id = $1")
        .bind(town.cases[0])
        .execute(&town.city.db)
        .await
        .unwrap();
    let before = |moment| format!("due_before={moment}");
    let found = ids(
        &town.city,
        &client,
        "cases",
        &before("2026-12-01T08:00:01Z"),
    )
    .await;
    assert_eq!(found, set(&town.cases[..1]));
    let none = ids(
        &town.city,
        &client,
        "cases",
        &before("2026-12-01T16:00:00%2B08:00"),
    )
    .await;
    assert_eq!(none, set(&[]));
}

#[tokio::test]
async fn what_a_layer_cannot_be_asked_is_refused_with_the_parameter() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    for (path, field) in [
        ("cells/0/0/0?class=C03005", "class"),
        (
            "components/0/0/0?due_before=2026-12-01T00:00:00Z",
            "due_before",
        ),
        ("components/0/0/0?owner=me", "owner"),
        ("components/0/0/0?full=yes", "full"),
        ("components/0/0/0?filter=height%20%3E%205", "filter"),
        ("components/0/0/0?filter-lang=cql2-json", "filter-lang"),
        ("components,cases/0/0/0?filter=state%3D'good'", "filter"),
        ("components,components/0/0/0", "layer"),
        ("components/3/8/0", "x"),
    ] {
        let answer = client.get(&format!("/tiles/{path}")).send().await.unwrap();
        let problem = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(problem["errors"][0]["field"], field, "{path}: {problem}");
    }
    let answer = client
        .get("/tiles/components,roads/0/0/0")
        .send()
        .await
        .unwrap();
    problem(answer, StatusCode::NOT_FOUND, "not-found").await;
}

#[tokio::test]
async fn in_full_a_tile_has_every_attribute_at_every_zoom() {
    let city = TestCity::new().await;
    let unit = city.unit(1).await;
    sqlx::query(
        "insert into component (class_code, code, name, owner_unit_id, maintenance_unit_id,
            surveyed_on, geom, source)
         values ('C03005', '3212020100500001', '东门', $1, $1, '2026-03-04',
            'srid=4326;point(119.918 32.4505)', 'test')",
    )
    .bind(unit)
    .execute(&city.db)
    .await
    .unwrap();
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    for place in [PLACE, "8/213/103"] {
        let answer = client
            .get(&format!("/tiles/components/{place}?full=1"))
            .send()
            .await
            .unwrap();
        let reader = Reader::new(answer.bytes().await.unwrap().to_vec()).unwrap();
        assert_eq!(reader.get_layer_names().unwrap(), ["components"]);
        let features = reader.get_features(0).unwrap();
        let tags = features[0].properties.as_ref().unwrap();
        let text = |text: &str| Value::String(text.to_owned());
        let id = Value::UInt(u64::from(unit.unsigned_abs()));
        for (key, value) in [
            ("class", text("C03005")),
            ("state", text("good")),
            ("code", text("3212020100500001")),
            ("name", text("东门")),
            ("owner", id.clone()),
            ("maintenance", id),
            ("surveyed", Value::UInt(20_260_304)),
        ] {
            assert_eq!(tags[key], value, "{place} {key}");
        }
    }
}

#[tokio::test]
async fn layers_come_together_and_are_as_fresh_as_each_of_them() {
    let town = Town::new().await;
    let city = &town.city;
    city.component("C03005", crate::city::place(50.0, 50.0), None)
        .await;
    let service = TestService::start(city).await;
    let client = service.sign_in(city).await;
    let path = format!("/tiles/components,cases,cameras,cells/{PLACE}");
    let answer = client.get(&path).send().await.unwrap();
    let tag = answer.headers()[ETAG].clone();
    let together = answer.bytes().await.unwrap().to_vec();
    let mut apart = Vec::new();
    for name in ["components", "cases", "cameras", "cells"] {
        let answer = client
            .get(&format!("/tiles/{name}/{PLACE}"))
            .send()
            .await
            .unwrap();
        apart.extend(answer.bytes().await.unwrap());
    }
    assert_eq!(together, apart);
    let names = Reader::new(together).unwrap().get_layer_names().unwrap();
    assert_eq!(names[..3], ["components", "cases", "cameras"]);

    let same = client
        .get(&path)
        .header(IF_NONE_MATCH, &tag)
        .send()
        .await
        .unwrap();
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
    // a change of one layer makes another tile
    let mut writer = sqlx::PgConnection::connect_with(&city.options)
        .await
        .unwrap();
    sqlx::query("update camera set name_en = 'Moved'")
        .execute(&mut writer)
        .await
        .unwrap();
    let lsn = lsn(city).await;
    let request = client
        .get(&format!("{path}?min_lsn={lsn}"))
        .header(IF_NONE_MATCH, &tag);
    let other = request.send().await.unwrap();
    assert_eq!(other.status(), StatusCode::OK);
    assert_ne!(other.headers()[ETAG], tag);
}

#[tokio::test]
async fn the_same_tiles_come_by_ogc_api() {
    let city = TestCity::new().await;
    city.component("C03005", crate::city::place(50.0, 50.0), None)
        .await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    // from the landing page to a tile by links alone
    let landing = client.json("/ogc").await;
    let link = |document: &serde_json::Value, rel: &str| {
        let links = document["links"].as_array().unwrap();
        let found = links.iter().find(|link| link["rel"] == rel);
        let href = found.unwrap_or_else(|| panic!("no {rel} in {document}"))["href"]
            .as_str()
            .unwrap();
        href[href.find("/ogc").unwrap()..].to_owned()
    };
    let collections = client.json(&link(&landing, "data")).await;
    let components = collections["collections"]
        .as_array()
        .unwrap()
        .iter()
        .find(|collection| collection["id"] == "components")
        .unwrap();
    let vector = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector";
    let tilesets = client.json(&link(components, vector)).await;
    let tileset = client.json(&link(&tilesets["tilesets"][0], "self")).await;
    let scheme = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme";
    let grid = client.json(&link(&tileset, scheme)).await;
    assert_eq!(grid["tileMatrices"][16]["matrixWidth"], 1 << 16);
    let template = link(&tileset, "item");
    let path = template
        .replace("{tileMatrix}", "16")
        .replace("{tileRow}", "26516")
        .replace("{tileCol}", "54598");
    let by_ogc = client.get(&path).send().await.unwrap();
    assert_eq!(by_ogc.status(), StatusCode::OK);
    let ours = client
        .get(&format!("/tiles/components/{PLACE}"))
        .send()
        .await
        .unwrap();
    assert_eq!(by_ogc.headers()[ETAG], ours.headers()[ETAG]);
    assert_eq!(by_ogc.bytes().await.unwrap(), ours.bytes().await.unwrap());
    let conformance = client.json(&link(&landing, "conformance")).await;
    assert!(conformance["conformsTo"].as_array().unwrap().len() > 5);

    for outside in [
        "/ogc/collections/components/tiles/WebMercatorQuad/3/8/0",
        "/ogc/collections/components/tiles/Other/0/0/0",
        "/ogc/collections/roads",
        "/ogc/tileMatrixSets/Other",
    ] {
        let answer = client.get(outside).send().await.unwrap();
        problem(answer, StatusCode::NOT_FOUND, "not-found").await;
    }
    let nobody = service.client().get("/ogc").send().await.unwrap();
    problem(nobody, StatusCode::UNAUTHORIZED, "unauthenticated").await;
}
