//! Whose ground it is: what the database refuses, and what the memory answers.

use std::path::Path;
use std::time::Duration;

use chrono::Utc;
use cityward::catalogue::{self, Catalogue, ClassCode};
use cityward::space::GroundPoint;
use cityward::territory::{Rule, Territory, TerritoryWatch};
use serde_json::Value;
use sqlx::PgPool;
use tokio_util::task::AbortOnDropHandle;

use crate::city::{CELL_M, TestCity, place};
use crate::real_data::real_data;

fn class(code: &str) -> ClassCode {
    code.parse().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a test lives in the present")]
async fn territory_of(city: &TestCity) -> Territory {
    Territory::load(&city.db, Utc::now()).await.unwrap()
}

/// The constraint that refuses a statement.
async fn refused(db: &PgPool, statement: &'static str) -> String {
    let error = sqlx::query(statement).execute(db).await.unwrap_err();
    let error = error.into_database_error().unwrap();
    error.constraint().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn loading_the_catalogue_again_changes_nothing_and_keeps_the_citys_thresholds() {
    let city = TestCity::new().await;
    sqlx::query("update sighting_rule set join_radius_m = 33 where class_code = 'M06042'")
        .execute(&city.db)
        .await
        .unwrap();
    catalogue::load(&city.db).await.unwrap();
    let counts: (i64, i64, i64) = sqlx::query_as(
        "select (select count(*) from class), (select count(*) from class_code),
                (select count(*) from sighting_rule)",
    )
    .fetch_one(&city.db)
    .await
    .unwrap();
    let shipped = Catalogue::shipped();
    assert_eq!(counts.0, shipped.classes().count() as i64);
    assert_eq!((counts.1, counts.2), (628, 7));
    let rules = catalogue::sighting_rules(&city.db).await.unwrap();
    assert_eq!(rules[&class("M06042")].join_radius_m, 33.0);
    assert_eq!(
        rules[&class("E0506")],
        shipped.sighting_rules()[&class("E0506")]
    );
}

/// R3.5: at no moment two units for one (cell, class).
#[tokio::test]
async fn r3_5_a_contradicting_responsibility_is_refused_by_name() {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    let cell = city.cells(edition, 1, 1).await[0];
    let (first, second) = (city.unit(1).await, city.unit(2).await);
    let insert = async |class: Option<&str>, unit: i32, from: &str, to: Option<&str>| {
        let inserted = sqlx::query(
            "insert into responsibility (cell_id, class_code, unit_id, edition_id, valid)
             values ($1, $2, $3, $4, tstzrange($5::timestamptz, $6::timestamptz))",
        )
        .bind(cell)
        .bind(class)
        .bind(unit)
        .bind(edition)
        .bind(from)
        .bind(to)
        .execute(&city.db)
        .await;
        inserted.map(|_| ()).map_err(|error| {
            let error = error.into_database_error().unwrap();
            error.constraint().unwrap_or_default().to_owned()
        })
    };
    let contradiction = Err("responsibility_one_unit".to_owned());

    assert_eq!(
        insert(None, first, "2026-01-01", Some("2026-07-01")).await,
        Ok(())
    );
    assert_eq!(
        insert(None, second, "2026-06-30", None).await,
        contradiction
    );
    // the end is not part of the range
    assert_eq!(insert(None, second, "2026-07-01", None).await, Ok(()));
    // a class of its own does not contradict the default, but itself
    assert_eq!(
        insert(Some("M06042"), first, "2026-01-01", None).await,
        Ok(())
    );
    assert_eq!(
        insert(Some("M06042"), second, "2027-01-01", None).await,
        contradiction
    );
    assert_eq!(
        insert(Some("M06042"), second, "2026-01-01", Some("2026-01-01")).await,
        Err("responsibility_valid".to_owned())
    );
}

#[tokio::test]
async fn half_truths_are_refused_by_name() {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    city.cells(edition, 1, 1).await;
    for (statement, constraint) in [
        (
            "insert into cell (code, geom, edition_id)
             select code, geom, edition_id from cell",
            "cell_code_once",
        ),
        (
            "insert into cell (code, geom, edition_id)
             select '321202001001999', st_geomfromtext(
                 'multipolygon(((0 0, 1 1, 1 0, 0 1, 0 0)))', 4326), edition_id from cell",
            "cell_geom_valid",
        ),
        ("update cell set code = '32120200100100'", "cell_code_form"),
        (
            "insert into component (class_code, geom, source)
             values ('M06042', 'srid=4326;point(119.9 32.4)', 'test')",
            "component_class_is_component",
        ),
        (
            "insert into component (class_code, geom, source, code)
             values ('C03005', 'srid=4326;point(119.9 32.4)', 'test', '12')",
            "component_code_form",
        ),
        (
            "insert into component (class_code, geom, source)
             values ('C03005', 'srid=4326;multipoint(119.9 32.4, 119.9 32.5)', 'test')",
            "component_geom_kind",
        ),
        (
            "insert into unit (credit_code, name_zh, name_en) values ('12', '甲', 'A')",
            "unit_credit_code_form",
        ),
        (
            "update sighting_rule set confirm_frames = confirm_of + 1",
            "sighting_rule_confirm",
        ),
    ] {
        assert_eq!(refused(&city.db, statement).await, constraint);
    }
}

#[tokio::test]
async fn memory_and_postgis_agree_about_cells_and_nearest_components() {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    city.cells(edition, 4, 3).await;
    for number in 0..60 {
        let step = f64::from(number);
        let at = place((step * 37.0) % 410.0, (step * 53.0) % 290.0);
        city.component(["C03005", "C01002"][number as usize % 2], at, None)
            .await;
    }
    // a removed one is not there any more
    let removed = city.component("C03005", place(50.0, 50.0), None).await;
    sqlx::query("update component set state = 'removed' where component_id = $1")
        .bind(removed)
        .execute(&city.db)
        .await
        .unwrap();
    let territory = territory_of(&city).await;

    for number in 0..500 {
        let step = f64::from(number);
        let point = place((step * 7.77) % 440.0 - 20.0, (step * 3.33) % 340.0 - 20.0);
        let cell: Option<String> =
            sqlx::query_scalar("select code from cell where st_covers(geom, $1)")
                .bind(point)
                .fetch_optional(&city.db)
                .await
                .unwrap();
        assert_eq!(
            territory.cell_at(point).map(|cell| &cell.code),
            cell.as_ref()
        );

        let nearest: Option<(i64, f64)> = sqlx::query_as(
            "select component_id, st_distance(anchor::geography, $1::geography) as distance_m
             from component
             where class_code = 'C03005' and state <> 'removed'
               and st_dwithin(anchor::geography, $1::geography, 40)
             order by distance_m, component_id limit 1",
        )
        .bind(point)
        .fetch_optional(&city.db)
        .await
        .unwrap();
        let found = territory.nearest(class("C03005"), point, 40.0);
        assert_eq!(
            found.map(|(component, _)| component.id),
            nearest.map(|(id, _)| id)
        );
        if let (Some((_, found_m)), Some((_, expected_m))) = (found, nearest) {
            assert!(
                (found_m - expected_m).abs() < 0.01,
                "{found_m} {expected_m}"
            );
        }
    }
}

#[tokio::test]
async fn every_point_of_the_city_has_one_owner_also_on_borders() {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    city.cells(edition, 3, 3).await;
    let territory = territory_of(&city).await;
    for step in 0..=300 {
        for line in 0..=3 {
            let (along, across) = (f64::from(step), f64::from(line) * CELL_M);
            for point in [place(along, across), place(across, along)] {
                assert!(territory.cell_at(point).is_some(), "{point:?}");
            }
        }
    }
    assert_eq!(territory.cell_at(place(-0.1, 50.0)), None);
    assert_eq!(territory.cell_at(place(300.1, 50.0)), None);
}

#[tokio::test]
async fn the_territory_in_memory_follows_the_database() {
    let city = TestCity::new().await;
    let watch = TerritoryWatch::open(city.db.clone()).await.unwrap();
    assert_eq!(watch.now().cells().count(), 0);
    let becomes = async |what: &str, is_so: &dyn Fn(&Territory) -> bool| {
        for _ in 0..200 {
            if is_so(&watch.now()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not within 10 s: {what}");
    };

    let edition = city.edition().await;
    let cells = city.cells(edition, 2, 1).await;
    becomes("two cells", &|territory| territory.cells().count() == 2).await;

    let unit = city.unit(1).await;
    city.responsible(edition, cells[0], None, unit).await;
    let unit_at = |territory: &Territory| {
        let placement = territory.locate(place(50.0, 50.0), class("M06042"), &[], 0.0);
        placement.unwrap().unit.map(|unit| unit.id)
    };
    becomes("a unit", &|territory| unit_at(territory) == Some(unit)).await;

    // bells that rang while the connection was down are not missed
    sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid() and query ilike 'listen%'",
    )
    .execute(&city.db)
    .await
    .unwrap();
    city.component("C03005", place(10.0, 10.0), None).await;
    becomes("a bin", &|territory| {
        territory
            .nearest(class("C03005"), place(10.0, 10.0), 1.0)
            .is_some()
    })
    .await;

    // nothing rings when a validity range ends, and what rings all the time does not drown that
    let db = city.db.clone();
    let _ringing = AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            sqlx::query("update component set name = md5(name || random())")
                .execute(&db)
                .await
                .unwrap();
        }
    }));
    sqlx::query(
        "update responsibility set valid = tstzrange(lower(valid), now() + interval '2 seconds')",
    )
    .execute(&city.db)
    .await
    .unwrap();
    becomes("no unit", &|territory| unit_at(territory).is_none()).await;
}

#[tokio::test]
async fn components_that_change_are_taken_in_without_reading_the_city_again() {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    city.cells(edition, 2, 1).await;
    let bins = [10.0, 20.0, 30.0].map(|x| place(x, 10.0));
    let mut ids = Vec::new();
    for bin in bins {
        ids.push(city.component("C03005", bin, None).await);
    }
    let watch = TerritoryWatch::open(city.db.clone()).await.unwrap();
    let before = watch.now();
    let mut tx = city.db.begin().await.unwrap();
    sqlx::query("update component set geom = $2 where component_id = $1")
        .bind(ids[0])
        .bind(place(150.0, 10.0))
        .execute(&mut *tx)
        .await
        .unwrap();
    for statement in [
        "delete from component where component_id = $1",
        "update component set state = 'removed' where component_id = $1",
    ] {
        sqlx::query(statement)
            .bind(ids.pop())
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    let at = |territory: &Territory, x| {
        let found = territory.nearest(class("C03005"), place(x, 10.0), 1.0);
        found.is_some()
    };
    for _ in 0..200 {
        if at(&watch.now(), 150.0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let after = watch.now();
    assert_eq!(
        [10.0, 20.0, 30.0, 150.0].map(|x| at(&after, x)),
        [false, false, false, true]
    );
    assert_eq!(
        [10.0, 20.0, 30.0, 150.0].map(|x| at(&before, x)),
        [true, true, true, false]
    );
    // the cells are the very same
    let first = |territory: &Territory| std::ptr::from_ref(territory.cells().next().unwrap());
    assert_eq!(first(&before), first(&after));
    // so many are not named; then everything is read
    sqlx::query(
        "insert into component (class_code, geom, source)
         select 'C03005', st_point($1 + n * 1e-9, $2, 4326), 'test'
         from generate_series(1, 600) as n",
    )
    .bind(place(50.0, 10.0).lon)
    .bind(place(50.0, 10.0).lat)
    .execute(&city.db)
    .await
    .unwrap();
    for _ in 0..400 {
        if at(&watch.now(), 50.0) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("600 new components were not seen within 20 s");
}

/// Real boundaries: a clean coverage, and one with overlaps and gaps.
#[tokio::test]
async fn memory_and_postgis_agree_on_real_boundaries() {
    let Some(cells) = real_data("cells") else {
        return;
    };
    for file in [
        "seoul.geojson",
        "plymouth_neighbourhoods.geojson",
        "Lucknow_Lucknow_ward_boundary.geojson",
    ] {
        let city = city_of(&cells.join(file)).await;
        let territory = territory_of(&city).await;
        points_agree(&city, &territory, file).await;
        vertices_have_an_owner(&city, &territory, file).await;
    }
}

/// The cells of a GeoJSON file, repaired by PostGIS, with codes in the order of the file.
async fn city_of(path: &Path) -> TestCity {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    let text = std::fs::read_to_string(path).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    sqlx::query(
        "insert into cell (code, geom, edition_id)
         select '990101001' || to_char(number, 'fm000000'),
                st_multi(st_collectionextract(st_makevalid(
                    st_force2d(st_geomfromgeojson(feature -> 'geometry'))), 3)), $2
         from jsonb_array_elements($1 -> 'features') with ordinality as f (feature, number)",
    )
    .bind(&document)
    .bind(edition)
    .execute(&city.db)
    .await
    .unwrap();
    city
}

async fn points_agree(city: &TestCity, territory: &Territory, file: &str) {
    // PostGIS has the last word 1 cm away from borders, where both must agree; the lower
    // code has the point where cells overlap
    let rows: Vec<(f64, f64, Option<String>)> = sqlx::query_as(
        "with points as (
             select (st_dump(st_generatepoints(st_setsrid(st_expand(st_extent(geom)::geometry, 0.001), 4326), 10000, 1))).geom as at
             from cell)
         select st_x(at), st_y(at),
                (select min(code) from cell where st_covers(geom, at))
         from points
         where not exists (select from cell where geom && st_expand(at, 1e-7)
                           and st_dwithin(st_boundary(geom), at, 1e-7))",
    )
    .fetch_all(&city.db)
    .await
    .unwrap();
    assert!(rows.len() > 8_000, "{file}: {} points", rows.len());
    for (lon, lat, code) in &rows {
        let found = territory.cell_at(GroundPoint {
            lon: *lon,
            lat: *lat,
        });
        assert_eq!(
            found.map(|cell| &cell.code),
            code.as_ref(),
            "{file}: {lon} {lat}"
        );
    }
    let placed = territory.locate(
        GroundPoint {
            lon: rows[0].0,
            lat: rows[0].1,
        },
        class("M06042"),
        &[],
        0.0,
    );
    assert!(placed.is_none_or(|placed| placed.because.rule == Rule::Nobody));
}

async fn vertices_have_an_owner(city: &TestCity, territory: &Territory, file: &str) {
    // every vertex belongs to a cell that has it
    let vertices: Vec<(f64, f64, Vec<String>)> = sqlx::query_as(
        "select st_x(at), st_y(at), (select array_agg(code) from cell where st_dwithin(geom, at, 1e-7))
         from (select distinct (st_dumppoints(geom)).geom as at from cell limit 5000) as vertices",
    )
    .fetch_all(&city.db)
    .await
    .unwrap();
    for (lon, lat, codes) in &vertices {
        let found = territory.cell_at(GroundPoint {
            lon: *lon,
            lat: *lat,
        });
        assert!(
            found.is_some_and(|cell| codes.contains(&cell.code)),
            "{file}: {lon} {lat} is of {codes:?}, not {found:?}"
        );
    }
}
