//! A newer file of cells takes the place of the one before: editions of other years, codes that are
//! given once, and what follows the ground.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::city::{TestCity, place};
use crate::drawing::Town;
use crate::grid::grid;
use crate::import::{import, outcome, whys, write};
use crate::real_data::real_data;
use crate::service::TestService;

/// Squares of a row, 100 m wide: code, from where to where (m east), unit.
fn file(folder: &TempDir, cells: &[(&str, f64, f64, &str)]) -> PathBuf {
    let features = cells.iter().map(|(code, west, east, unit)| {
        let corners = [
            (*west, 0.0),
            (*east, 0.0),
            (*east, 100.0),
            (*west, 100.0),
            (*west, 0.0),
        ];
        let ring = corners.map(|(east, north)| {
            let there = place(east, north);
            [there.lon, there.lat]
        });
        json!({
            "type": "Feature", "properties": { "code": code, "unit": unit },
            "geometry": { "type": "Polygon", "coordinates": [ring] },
        })
    });
    let features: Vec<Value> = features.collect();
    let collection = json!({ "type": "FeatureCollection", "features": features });
    write(folder, "cells.geojson", &collection.to_string())
}

async fn texts(city: &TestCity, sql: &str) -> Vec<String> {
    sqlx::query_scalar(sql).fetch_all(&city.db).await.unwrap()
}

const ROW: &str = "321202001001";
const OPTIONS: &str = "--code-field code --unit-field unit --create-units";

fn code(number: u32) -> String {
    format!("{ROW}{number:03}")
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story from beginning to end")]
async fn what_a_newer_file_replaces_ends_and_its_codes_are_given_once() {
    let city = TestCity::new().await;
    let folder = TempDir::new().unwrap();
    let [one, two, three, four] = [1, 2, 3, 4].map(code);
    let old = [
        (&*one, 0.0, 100.0, "甲"),
        (&two, 100.0, 200.0, "乙"),
        (&three, 200.0, 300.0, "乙"),
    ];
    let first = format!("{OPTIONS} --from 2008-01-01T00:00:00+08:00");
    import(&city, "cells", &file(&folder, &old), &first)
        .await
        .unwrap();
    sqlx::query(
        "insert into responsibility (cell_id, class_code, unit_id, edition_id, valid)
         select cell_id, 'M06010', 1, edition_id, valid from cell where code = $1",
    )
    .bind(&two)
    .execute(&city.db)
    .await
    .unwrap();

    // 1 goes on, larger; 2 and 3 become 4, which says no unit
    let new = [(&*one, 0.0, 140.0, "丙"), (&four, 140.0, 280.0, "")];
    let new = file(&folder, &new);
    for (early, why) in [
        ("2007-01-01T00:00:00Z", "no cell is in force"),
        ("2007-12-31T16:00:00Z", "must begin later"),
        ("2999-01-01T00:00:00Z", "make a plan"),
    ] {
        let options = format!("{OPTIONS} --replace --from {early}");
        let error = import(&city, "cells", &new, &options).await.unwrap_err();
        assert!(format!("{error:#}").contains(why), "{error:#}");
    }
    let second = format!("{OPTIONS} --replace --from 2011-10-01T00:00:00+08:00");
    let report = import(&city, "cells", &new, &second).await.unwrap();
    assert_eq!(outcome(&report), "imported 2 of 2");
    let cells = "select concat_ws(' ', code, extract(year from lower(valid)),
             extract(year from upper(valid)), edition_id, ended_edition_id)
         from cell order by code, lower(valid)";
    let expected = [
        format!("{one} 2007 2011 1 2"),
        format!("{one} 2011 2"),
        format!("{two} 2007 2011 1 2"),
        format!("{three} 2007 2011 1 2"),
        format!("{four} 2011 2"),
    ];
    let mut sorted = expected.to_vec();
    sorted.sort();
    assert_eq!(texts(&city, cells).await, sorted);
    // where the ground went; who answers, for what, and until when
    let lineage = "select concat_ws(' ', p.code, c.code, round(l.area_m2 / 100) * 100)
         from cell_lineage l join cell p on p.cell_id = parent_id join cell c on c.cell_id = child_id
         order by 1";
    assert_eq!(
        texts(&city, lineage).await,
        [
            format!("{one} {one} 10000"),
            format!("{two} {one} 4000"),
            format!("{two} {four} 6000"),
            format!("{three} {four} 8000"),
        ]
    );
    let outside = "select concat_ws(' ', code, came, round(o.area_m2 / 100) * 100)
         from cell_outside o join cell using (cell_id)";
    assert_eq!(texts(&city, outside).await, [format!("{three} f 2000")]);
    let duties = "select concat_ws(' ', code, class_code, u.name_zh) from responsibility r
         join cell c using (cell_id) join unit u using (unit_id) where r.valid @> now() order by 1";
    assert_eq!(
        texts(&city, duties).await,
        [format!("{one} 丙"), format!("{four} 乙")],
        "4 has most of its ground from 3, which has no rule of its own"
    );

    // codes: of one that ended, and of one that lies elsewhere
    let wrong = [(&*two, 0.0, 140.0, "丙"), (&one, 140.0, 300.0, "丙")];
    let third = format!("{OPTIONS} --replace --partial");
    let report = import(&city, "cells", &file(&folder, &wrong), &third)
        .await
        .unwrap();
    let said = whys(&report);
    assert!(
        said[&1].starts_with(&format!("used code: {two} was a cell until 2011")),
        "{said:?}"
    );
    assert!(said[&2].starts_with("moved code"), "{said:?}");
    // nothing begins in a time that is over, not even beside the others
    let then = file(&folder, &[(&*code(9), 500.0, 600.0, "")]);
    let past = format!("{OPTIONS} --partial --from 2009-01-01T00:00:00Z");
    let error = import(&city, "cells", &then, &past).await.unwrap_err();
    assert!(
        format!("{error:#}").contains("must begin later"),
        "{error:#}"
    );
    let beside = file(&folder, &[(&*three, 900.0, 999.0, "")]);
    let report = import(&city, "cells", &beside, &format!("{OPTIONS} --partial"))
        .await
        .unwrap();
    assert!(
        whys(&report)[&1].starts_with("used code"),
        "never given twice"
    );
}

#[tokio::test]
async fn open_cases_follow_a_file_also_one_that_came_while_no_service_ran() {
    let town = Town::new().await;
    let case = town.case(town.cells[0], place(20.0, 50.0), None).await;
    let Town { city, service, .. } = town;
    service.stop().await;
    let folder = TempDir::new().unwrap();
    for (number, unit) in [(77, "旧单位"), (78, "新单位")] {
        let all = file(&folder, &[(&*code(number), -500.0, 500.0, unit)]);
        import(&city, "cells", &all, &format!("{OPTIONS} --replace"))
            .await
            .unwrap();
    }
    sqlx::query("update edition set written_at = written_at - interval '1 day'")
        .execute(&city.db)
        .await
        .unwrap();
    let service = TestService::start(&city).await;
    let units = "select u.name_zh from case_event e
        left join unit u on u.unit_id = (e.after ->> 'unit_id')::integer
        where case_id = $1 and action = 'rehome' order by e.version";
    for round in 0.. {
        let units: Vec<Option<String>> = sqlx::query_scalar(units)
            .bind(case)
            .fetch_all(&city.db)
            .await
            .unwrap();
        // one edition after the other, as if a service had run
        if units == ["旧单位", "新单位"].map(|unit| Some(unit.to_owned())) {
            break;
        }
        assert!(units.len() < 2 && round < 200, "{units:?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    service.stop().await;
}

/// Points that asked of both years; those within this of a border of the files are left out.
const POINTS: usize = 2000;
const NEAR_M: f64 = 15.0;

/// Which feature of the file as it came a point is in: by PostGIS, not by our cells.
async fn lay_out(city: &TestCity, table: &str, file: &Path, property: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    sqlx::query(&format!(
        "create table {table} as select f -> 'properties' ->> '{property}' as name,
             st_makevalid(st_setsrid(st_geomfromgeojson(f -> 'geometry'), 4326)) as geom
         from jsonb_array_elements($1::jsonb -> 'features') as f"
    ))
    .bind(text)
    .execute(&city.db)
    .await
    .unwrap();
}

/// Point → what the file says, where it says one thing and no border is near.
async fn told(city: &TestCity, table: &str, points: &[[f64; 2]]) -> BTreeMap<usize, String> {
    let rows: Vec<(i64, String)> = sqlx::query_as(&format!(
        "select n, min(name)
         from unnest($1::float8[], $2::float8[]) with ordinality as p (lon, lat, n)
         cross join lateral (select st_setsrid(st_makepoint(lon, lat), 4326) as at) as point
         join {table} on st_covers(geom, at)
         where not exists (select from {table} other
             where st_dwithin(st_boundary(other.geom)::geography, at::geography, $3))
         group by n having count(distinct name) = 1"
    ))
    .bind(points.iter().map(|point| point[0]).collect::<Vec<_>>())
    .bind(points.iter().map(|point| point[1]).collect::<Vec<_>>())
    .bind(NEAR_M)
    .fetch_all(&city.db)
    .await
    .unwrap();
    let rows = rows.into_iter();
    rows.map(|(n, name)| (usize::try_from(n - 1).unwrap(), name))
        .collect()
}

/// Wards put in order by the command; what is wider is left to a person in the file's report: there is
/// none here. The file of them, and what was said.
pub(crate) fn repaired_wards(file: &Path, folder: &TempDir) -> (PathBuf, String) {
    let out = folder.path().join(file.file_name().unwrap());
    let [from, to] = [file, &out].map(|path| path.to_str().unwrap());
    let (_, said) = grid(&["repair", from, "--out", to, "--tolerance-mm", "10000"]);
    (out, said)
}

/// Chennai's wards of 2008 and those since 2011, as two editions of one city.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story from beginning to end")]
async fn chennai_answers_for_2008_and_for_now() {
    let Some(data) = real_data("cells") else {
        return;
    };
    let city = TestCity::new().await;
    let folder = TempDir::new().unwrap();
    let years = [
        (
            "Chennai_Wards-2008.geojson",
            "zone",
            "wards_2008",
            "--from 2008-01-01T00:00:00+05:30",
        ),
        (
            "Chennai_Wards.geojson",
            "Zone_Name",
            "wards_now",
            "--replace --from 2011-10-25T00:00:00+05:30",
        ),
    ];
    for (name, property, table, when) in years {
        let file = data.join(name);
        let (repaired, said) = repaired_wards(&file, &folder);
        let options = format!(
            "--community 333001001001 --unit-field {property} --create-units --partial {when}"
        );
        let report = import(&city, "cells", &repaired, &options).await.unwrap();
        println!("{name}: {}\n{said}", outcome(&report));
        lay_out(&city, table, &file, property).await;
    }
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let mut random = ChaCha8Rng::seed_from_u64(2008);
    let points: Vec<[f64; 2]> = (0..POINTS)
        .map(|_| {
            [
                random.random_range(80.15..80.35),
                random.random_range(12.9..13.25),
            ]
        })
        .collect();
    for (table, at) in [
        ("wards_2008", "2010-06-01T00:00:00Z"),
        ("wards_now", "2026-01-01T00:00:00Z"),
    ] {
        let told = told(&city, table, &points).await;
        assert!(told.len() > 200, "{table}: {}", told.len());
        let asked = json!({ "class": "M06010", "at": at, "points": points });
        let answer = client
            .post("/api/v1/locate")
            .json(&asked)
            .send()
            .await
            .unwrap();
        let answer: Value = answer.json().await.unwrap();
        let units: BTreeMap<i64, String> =
            sqlx::query_as::<_, (i32, String)>("select unit_id, name_zh from unit")
                .fetch_all(&city.db)
                .await
                .unwrap()
                .into_iter()
                .map(|(id, name)| (i64::from(id), name))
                .collect();
        let astray = told.iter().filter(|(index, name)| {
            let unit = answer["results"][**index][1].as_i64();
            unit.and_then(|unit| units.get(&unit)) != Some(name)
        });
        let astray: Vec<_> = astray.map(|(index, name)| (points[*index], name)).collect();
        println!(
            "{table}: {} points asked, {} told otherwise",
            told.len(),
            astray.len()
        );
        assert_eq!(astray, [], "{table}");
    }
    service.stop().await;
}
