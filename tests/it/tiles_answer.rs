//! How tiles travel: codings, validators, other origins, and who may ask.

use std::time::{Duration, Instant};

use reqwest::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_ENCODING,
    CONTENT_LENGTH, ETAG, HeaderMap, IF_NONE_MATCH, ORIGIN, VARY,
};
use reqwest::{Method, StatusCode};
use sqlx::Connection as _;

use crate::city::TestCity;
use crate::service::{TestClient, TestService, problem};

/// The tile of zoom 16 in which the test city's corner lies.
const TILE: &str = "/tiles/components/16/54598/26516";

async fn city_with_components() -> TestCity {
    let city = TestCity::new().await;
    sqlx::query(
        "insert into component (class_code, geom, source)
         select 'C03005', st_setsrid(st_makepoint(119.918 + (n * 7919 % 500) * 1e-5, 32.447 + (n * 104729 % 497) * 1e-5), 4326), 'scatter'
         from generate_series(1, 2000) as n",
    )
    .execute(&city.db)
    .await
    .unwrap();
    city
}

async fn ask(client: &TestClient, accepts: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
    let request = client.get(TILE).header(ACCEPT_ENCODING, accepts);
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    (status, headers, answer.bytes().await.unwrap().to_vec())
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let (_, len) = bytes.split_last_chunk::<4>().unwrap();
    let mut raw = vec![0; u32::from_le_bytes(*len) as usize];
    let wrote = libdeflater::Decompressor::new().gzip_decompress(bytes, &mut raw);
    assert_eq!(wrote, Ok(raw.len()));
    raw
}

#[tokio::test]
async fn a_tile_comes_as_its_client_wants_it() {
    let city = city_with_components().await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let (status, headers, raw) = ask(&client, "identity").await;
    assert_eq!(status, StatusCode::OK);
    assert!(!headers.contains_key(CONTENT_ENCODING), "{headers:?}");
    let mut tags = vec![headers[ETAG].clone()];
    assert!(raw.len() > 10_000, "{}", raw.len());
    for (accepts, coding) in [
        ("gzip, deflate, br, zstd", "gzip"),
        ("gzip;q=0.3, zstd;q=0.4", "zstd"),
    ] {
        let (status, headers, bytes) = ask(&client, accepts).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers[CONTENT_ENCODING], coding);
        assert_eq!(headers[VARY], "accept-encoding");
        assert_eq!(headers[CONTENT_LENGTH], bytes.len().to_string());
        assert!(bytes.len() < raw.len());
        let unpacked = match coding {
            "gzip" => gunzip(&bytes),
            _ => zstd::bulk::decompress(&bytes, raw.len()).unwrap(),
        };
        assert_eq!(unpacked, raw);
        tags.push(headers[ETAG].clone());
    }
    // other bytes have another strong validator
    assert!(
        tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2],
        "{tags:?}"
    );
    // what prefers no compression is not compressed by anybody else either
    let (_, headers, plain) = ask(&client, "gzip;q=0.5, identity").await;
    assert!(!headers.contains_key(CONTENT_ENCODING), "{headers:?}");
    assert_eq!(plain, raw);

    let refused = client.get(TILE).header(ACCEPT_ENCODING, "br, *;q=0");
    problem(
        refused.send().await.unwrap(),
        StatusCode::NOT_ACCEPTABLE,
        "not-acceptable",
    )
    .await;

    let head = client
        .request(Method::HEAD, TILE)
        .header(ACCEPT_ENCODING, "gzip");
    let head = head.send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.headers()[ETAG], tags[1]);
    assert_ne!(head.headers()[CONTENT_LENGTH], "0");
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_validator_holds_for_every_coding_its_client_takes() {
    let city = city_with_components().await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let (_, headers, _) = ask(&client, "gzip").await;
    let tag = headers[ETAG].to_str().unwrap().to_owned();
    let known = async |accepts: &str, known: &str| {
        let request = client
            .get(TILE)
            .header(ACCEPT_ENCODING, accepts)
            .header(IF_NONE_MATCH, known);
        let answer = request.send().await.unwrap();
        (
            answer.status(),
            answer.headers()[ETAG].to_str().unwrap().to_owned(),
        )
    };
    let unchanged = (StatusCode::NOT_MODIFIED, tag.clone());
    assert_eq!(known("gzip", &tag).await, unchanged);
    assert_eq!(
        known("zstd, gzip;q=0.5", &format!("\"other\", W/{tag}")).await,
        unchanged
    );
    assert_eq!(known("gzip", "*").await.0, StatusCode::NOT_MODIFIED);
    // it could not read what it says it has
    assert_eq!(known("gzip;q=0", &tag).await.0, StatusCode::OK);
    assert_eq!(known("gzip", "\"00000000-0-g\"").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_tile_asked_for_again_and_again_is_packed_better_and_never_stale() {
    let city = city_with_components().await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let (_, first, bytes) = ask(&client, "gzip").await;
    let raw = gunzip(&bytes);
    let mut better = None;
    for _ in 0..500 {
        let (_, headers, packed) = ask(&client, "gzip").await;
        if headers[ETAG] != first[ETAG] {
            better = Some(packed);
            break;
        }
    }
    let better = better.expect("it was asked for often enough");
    assert!(better.len() < bytes.len());
    assert_eq!(gunzip(&better), raw);

    sqlx::query("update component set state = 'damaged' where component_id % 50 = 0")
        .execute(&city.db)
        .await
        .unwrap();
    let lsn: String = sqlx::query_scalar("select pg_current_wal_insert_lsn()::text")
        .fetch_one(&city.db)
        .await
        .unwrap();
    let after = client
        .get(&format!("{TILE}?min_lsn={lsn}"))
        .header(ACCEPT_ENCODING, "gzip");
    let after = after.send().await.unwrap().bytes().await.unwrap();
    assert!(gunzip(&after).windows(7).any(|word| word == b"damaged"));
}

#[tokio::test]
async fn pages_of_others_may_read_tiles_only_if_they_are_named() {
    let city = city_with_components().await;
    let closed = TestService::start(&city).await;
    let open = TestService::start_with(&city, |config| {
        config.tiles.tile_origins = vec!["https://map.example.org".to_owned()];
    })
    .await;
    let client = closed.sign_in(&city).await;
    let allowed = async |service: &TestService, path: &str, origin: &str| {
        let request = service
            .client_with(&client)
            .get(path)
            .header(ORIGIN, origin);
        let answer = request.send().await.unwrap();
        let allowed = answer.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN);
        allowed.map(|origin| origin.to_str().unwrap().to_owned())
    };
    let named = Some("https://map.example.org".to_owned());
    assert_eq!(allowed(&open, TILE, "https://map.example.org").await, named);
    assert_eq!(allowed(&open, TILE, "https://evil.example.org").await, None);
    for path in [
        "/tiles",
        "/tiles/components",
        "/ogc/tileMatrixSets",
        "/ogc/collections/components/tiles",
        "/ogc/collections/components/tiles/WebMercatorQuad/16/26516/54598",
    ] {
        let answer = allowed(&open, path, "https://map.example.org").await;
        assert_eq!(answer, named, "{path}");
    }
    for path in ["/ogc/collections", "/ogc/collections/components/items"] {
        let answer = allowed(&open, path, "https://map.example.org").await;
        assert_eq!(answer, None, "{path}: features are not tiles");
    }
    assert_eq!(
        allowed(&open, "/api/v1/session", "https://map.example.org").await,
        None
    );
    assert_eq!(
        allowed(&closed, TILE, "https://map.example.org").await,
        None
    );
    let preflight = open
        .client()
        .request(Method::OPTIONS, TILE)
        .header(ORIGIN, "https://map.example.org")
        .header(ACCESS_CONTROL_REQUEST_METHOD, "GET");
    let preflight = preflight.send().await.unwrap();
    assert_eq!(
        preflight.headers()[ACCESS_CONTROL_ALLOW_ORIGIN],
        "https://map.example.org"
    );
    // and still nobody without a session
    let stranger = open
        .client()
        .get(TILE)
        .header(ORIGIN, "https://map.example.org");
    assert_eq!(
        stranger.send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn who_signed_out_gets_no_tile_any_more() {
    let city = city_with_components().await;
    let here = TestService::start(&city).await;
    let elsewhere = TestService::start(&city).await;
    for _ in 0..5 {
        let client = here.sign_in(&city).await;
        let there = elsewhere.client_with(&client);
        let status = async |client: &TestClient| client.get(TILE).send().await.unwrap().status();
        assert_eq!(status(&client).await, StatusCode::OK);
        assert_eq!(status(&there).await, StatusCode::OK);
        let out = client.delete("/api/v1/session").send().await.unwrap();
        assert!(out.status().is_success());
        let ended = Instant::now();
        assert_eq!(
            status(&client).await,
            StatusCode::UNAUTHORIZED,
            "at once here"
        );
        while status(&there).await != StatusCode::UNAUTHORIZED {
            assert!(
                ended.elapsed() < Duration::from_millis(1500),
                "soon elsewhere"
            );
        }
    }
    // and by plain SQL
    let client = here.sign_in(&city).await;
    assert_eq!(
        client.get(TILE).send().await.unwrap().status(),
        StatusCode::OK
    );
    sqlx::query("update person set disabled_at = now()")
        .execute(&city.db)
        .await
        .unwrap();
    let changed = Instant::now();
    while client.get(TILE).send().await.unwrap().status() != StatusCode::UNAUTHORIZED {
        assert!(changed.elapsed() < Duration::from_millis(1500));
    }
}

/// Closes a city's database to everybody, or opens it again.
async fn allow_connections(city: &TestCity, allowed: bool) {
    let database = city.options.get_database().unwrap().to_owned();
    let options = city.options.clone().database("postgres");
    let mut server = sqlx::PgConnection::connect_with(&options).await.unwrap();
    sqlx::query(&format!(
        "alter database {database} allow_connections {allowed}"
    ))
    .execute(&mut server)
    .await
    .unwrap();
    sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1")
        .bind(&database)
        .execute(&mut server)
        .await
        .unwrap();
}

#[tokio::test]
async fn while_the_database_is_away_tiles_come_from_memory_and_say_how_old_they_are() {
    let city = city_with_components().await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    // what signing in rings for has been heard, and the person is known anew
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (_, headers, before) = ask(&client, "identity").await;
    allow_connections(&city, false).await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(4) {
        let asked = Instant::now();
        let (status, same, bytes) = ask(&client, "identity").await;
        assert_eq!((status, &bytes), (StatusCode::OK, &before));
        assert_eq!(same[ETAG], headers[ETAG]);
        // far from the half minute after which a pool gives up
        assert!(asked.elapsed() < Duration::from_secs(10), "{asked:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let ready = client.get("/readyz").send().await.unwrap();
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    let text = ready.text().await.unwrap();
    let age = text
        .lines()
        .find_map(|line| line.strip_prefix("tiles are "));
    let age = age.and_then(|line| line.strip_suffix(" s old")).unwrap();
    assert!(age.parse::<f64>().unwrap() > 2.0, "{text}");
    // nobody who was not known before gets in
    let nobody = service.client().get(TILE).send().await.unwrap();
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);

    allow_connections(&city, true).await;
    let mut writer = sqlx::PgConnection::connect_with(&city.options)
        .await
        .unwrap();
    sqlx::query("update component set state = 'damaged'")
        .execute(&mut writer)
        .await
        .unwrap();
    let committed = Instant::now();
    loop {
        let (_, now, _) = ask(&client, "identity").await;
        if now.get(ETAG) != headers.get(ETAG) {
            break;
        }
        assert!(
            committed.elapsed() < Duration::from_secs(60),
            "the tile stays stale"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let ready = client.get("/readyz").send().await.unwrap();
    assert_eq!(ready.status(), StatusCode::OK);
}
