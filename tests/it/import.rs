//! Files of others become components, cells and base map.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cityward::import::{ImportArgs, Outcome, Progress, Report, execute};
use clap::Parser;
use geozero::geojson::GeoJson;
use geozero::{GeozeroDatasource, wkb};
use sqlx::postgres::PgListener;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use crate::city::TestCity;

#[derive(Parser)]
#[command(name = "import")]
struct Cli {
    #[command(flatten)]
    import: ImportArgs,
}

/// Runs `cityward import <kind> <file> <options>` in the city.
pub(crate) async fn import(
    city: &TestCity,
    kind: &str,
    file: &Path,
    options: &str,
) -> anyhow::Result<Report> {
    let arguments = ["import", kind, file.to_str().unwrap()];
    let arguments = arguments.into_iter().chain(options.split_whitespace());
    let command = Cli::try_parse_from(arguments)?.import.command;
    execute(&city.db, &command, Progress::Silent).await
}

/// Writes a file of its own for a test.
pub(crate) fn write(folder: &TempDir, name: &str, content: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/import")
        .join(name)
}

/// `imported 2 of 4; noted 1; refused overlap 2`
pub(crate) fn outcome(report: &Report) -> String {
    let mut text = format!("imported {} of {}", report.imported(), report.rows.len());
    for outcome in [Outcome::Noted, Outcome::Repaired] {
        if report.imported() > 0 && report.count(outcome) > 0 {
            text.push_str(&format!("; {outcome} {}", report.count(outcome)));
        }
    }
    let reasons = report.reasons();
    let reasons: Vec<String> = reasons
        .iter()
        .map(|(why, count)| format!("{why} {count}"))
        .collect();
    if !reasons.is_empty() {
        text.push_str(&format!("; refused {}", reasons.join(", ")));
    }
    text
}

/// Row number → why, for rows with something to say.
pub(crate) fn whys(report: &Report) -> BTreeMap<usize, &str> {
    let rows = report.rows.iter().filter(|row| !row.why.is_empty());
    rows.map(|row| (row.number, row.why.as_str())).collect()
}

pub(crate) async fn count(city: &TestCity, table: &str) -> i64 {
    sqlx::query_scalar(&format!("select count(*) from {table}"))
        .fetch_one(&city.db)
        .await
        .unwrap()
}

/// Everything a component has, one line each.
async fn components(city: &TestCity) -> Vec<String> {
    sqlx::query_scalar(
        "select concat_ws(' ', source_id, class_code, code, nullif(name, ''), state, u.name_zh,
                          st_astext(geom, 6))
         from component c left join unit u on u.unit_id = c.owner_unit_id
         order by source_id",
    )
    .fetch_all(&city.db)
    .await
    .unwrap()
}

#[tokio::test]
async fn every_format_gives_the_same_components() {
    let folder = TempDir::new().unwrap();
    let csv = "BH,GLBJMC,LB,GLBJZT,X,Y\n\
        1,东门垃圾箱,垃圾箱,完好,492477.701242,3591756.092612\n\
        2,西门垃圾箱,垃圾箱,破损,492577.701242,3591756.092612\n\
        3,公园垃圾箱,垃圾箱,完好,492477.701242,3591856.092612\n";
    let (mut wkt, mut tsv) = (
        "编号;GLBJMC;LB;GLBJZT;WKT\n".to_owned(),
        "BH\tGLBJMC\tLB\tGLBJZT\tgeojson\n".to_owned(),
    );
    let mut features = Vec::new();
    for record in csv::Reader::from_reader(csv.as_bytes()).records() {
        let record = record.unwrap();
        let [id, name, class, state, x, y] = [0, 1, 2, 3, 4, 5].map(|i| record[i].to_owned());
        wkt.push_str(&format!("{id};{name};{class};{state};POINT({x} {y})\n"));
        let point = format!(r#"{{"type":"Point","coordinates":[{x},{y},7.5]}}"#);
        let quoted = point.replace('"', "\"\"");
        tsv.push_str(&format!("{id}\t{name}\t{class}\t{state}\t\"{quoted}\"\n"));
        features.push(format!(
            r#"{{"type":"Feature","id":{id},"properties":{{"BH":{id},"GLBJMC":"{name}","LB":"{class}","GLBJZT":"{state}"}},"geometry":{point}}}"#
        ));
    }
    let collection = format!(
        r#"{{"type":"FeatureCollection","crs":{{"type":"name","properties":{{"name":"urn:ogc:def:crs:EPSG::4549"}}}},"features":[{}]}}"#,
        features.join(",")
    );
    let by_column = "--class-field LB --id-field BH --source bins";
    let csv = write(&folder, "bins.csv", csv);
    let wkt = write(&folder, "wkt.csv", &wkt);
    let tsv = write(&folder, "geojson.tsv", &tsv);
    let geojson = write(&folder, "bins.geojson", &collection);
    let files = [
        (csv, format!("{by_column} --crs EPSG:4549")),
        (
            wkt,
            "--class-field LB --source bins --crs EPSG:4549".to_owned(),
        ),
        (tsv, format!("{by_column} --crs EPSG:4549")),
        (geojson, "--class-field LB --source bins".to_owned()),
        (flatgeobuf(&folder, &collection), by_column.to_owned()),
        (geopackage(&folder).await, by_column.to_owned()),
        (fixture("bins_gbk.shp"), by_column.to_owned()),
    ];
    for (file, options) in files {
        let city = TestCity::new().await;
        let report = import(&city, "components", &file, &options).await.unwrap();
        assert_eq!(outcome(&report), "imported 3 of 3", "{}", file.display());
        assert_eq!(
            components(&city).await,
            [
                "1 C03005 东门垃圾箱 good POINT(119.92 32.45)",
                "2 C03005 西门垃圾箱 damaged POINT(119.921064 32.450001)",
                "3 C03005 公园垃圾箱 good POINT(119.919999 32.450902)",
            ],
            "{}",
            file.display()
        );
    }
}

fn flatgeobuf(folder: &TempDir, collection: &str) -> PathBuf {
    use flatgeobuf::{FgbCrs, FgbWriter, FgbWriterOptions, GeometryType};
    let crs = FgbCrs {
        code: 4549,
        ..FgbCrs::default()
    };
    let options = FgbWriterOptions {
        crs,
        ..FgbWriterOptions::default()
    };
    let mut writer = FgbWriter::create_with_options("bins", GeometryType::Point, options).unwrap();
    GeoJson(collection).process(&mut writer).unwrap();
    let path = folder.path().join("bins.fgb");
    writer.write(std::fs::File::create(&path).unwrap()).unwrap();
    path
}

async fn geopackage(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("bins.gpkg");
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true);
    let mut db = options.connect().await.unwrap();
    for statement in [
        "create table gpkg_spatial_ref_sys (srs_id integer, organization text, organization_coordsys_id integer)",
        "insert into gpkg_spatial_ref_sys values (4549, 'EPSG', 4549)",
        "create table gpkg_geometry_columns (table_name text, column_name text, srs_id integer)",
        "insert into gpkg_geometry_columns values ('bins', 'geom', 4549)",
        "create table bins (fid integer primary key, geom blob, BH integer, GLBJMC text, LB text, GLBJZT text)",
    ] {
        sqlx::query(statement).execute(&mut db).await.unwrap();
    }
    for (id, name, state, x, y) in [
        (1, "东门垃圾箱", "完好", 492_477.701_242, 3_591_756.092_612),
        (2, "西门垃圾箱", "破损", 492_577.701_242, 3_591_756.092_612),
        (3, "公园垃圾箱", "完好", 492_477.701_242, 3_591_856.092_612),
    ] {
        let point = geo_types::Geometry::Point((x, y).into());
        sqlx::query(
            "insert into bins (geom, BH, GLBJMC, LB, GLBJZT) values ($1, $2, $3, '垃圾箱', $4)",
        )
        .bind(wkb::Encode(point))
        .bind(id)
        .bind(name)
        .bind(state)
        .execute(&mut db)
        .await
        .unwrap();
    }
    db.close().await.unwrap();
    path
}

/// One row of every way to be wrong.
const HYDRANTS: &str = "id,lon,lat,class,code,unit,state\n\
    h1,119.92,32.45,C01013,32120201013000001,责任单位1,完好\n\
    h2,,,C01013,,,\n\
    h3,119.92,132.45,C01013,,,\n\
    h4,east,32.45,C01013,,,\n\
    h5,119.92,32.45,M06042,,,\n\
    h6,119.92,32.45,,,,\n\
    h7,119.92,32.45,C01013,123,,\n\
    h8,119.92,32.45,C01013,32120201013000001,,\n\
    h1,119.93,32.45,C01013,,,\n\
    h10,119.92,32.45,C01013,,nobody,\n\
    h11,119.92,32.45,C01013,,,lost in time\n\
    h12,119.92\n\
    h13,NaN,32.45,C01013,,,\n\
    h14,119.93,32.46,0113,,,missing\n";
const HYDRANT_COLUMNS: &str =
    "--class-field class --code-field code --unit-field unit --state-field state --id-field id";

#[tokio::test]
async fn wrong_rows_are_refused_with_the_reason_and_nothing_is_imported() {
    let city = TestCity::new().await;
    city.unit(1).await;
    let folder = TempDir::new().unwrap();
    let file = write(&folder, "hydrants.csv", HYDRANTS);
    let report = import(&city, "components", &file, HYDRANT_COLUMNS)
        .await
        .unwrap();
    assert_eq!(report.imported(), 0);
    assert_eq!(report.count(Outcome::Withheld), 2);
    assert_eq!(count(&city, "component").await, 0);
    let expected = BTreeMap::from([
        (2, "no geometry"),
        (3, "coordinates out of range: (119.92, 132.45) in EPSG:4326"),
        (4, "geometry cannot be read: `east` is not a coordinate"),
        (5, "not a component class: M06042"),
        (6, "no class in `class`"),
        (7, "not a component code of 16 or 17 digits: 123"),
        (8, "duplicate code: 32120201013000001, as in row 1"),
        (9, "duplicate id: h1"),
        (10, "unknown unit: nobody"),
        (11, "unknown state: lost in time"),
        (12, "geometry cannot be read: 2 columns instead of 7"),
        (13, "a coordinate is not a number: (NaN, 32.45)"),
    ]);
    assert_eq!(whys(&report), expected);
}

#[tokio::test]
async fn partial_takes_the_right_rows_and_a_later_import_brings_them_up_to_date() {
    let city = TestCity::new().await;
    city.unit(1).await;
    let folder = TempDir::new().unwrap();
    let file = write(&folder, "hydrants.csv", HYDRANTS);
    let options = format!("{HYDRANT_COLUMNS} --partial");
    let report = import(&city, "components", &file, &options).await.unwrap();
    assert_eq!(report.imported(), 2);
    let both = [
        "h1 C01013 32120201013000001 good 责任单位1 POINT(119.92 32.45)",
        "h14 C01013 missing POINT(119.93 32.46)",
    ];
    assert_eq!(components(&city).await, both);

    // the source moved one and says nothing of code, owner and state: those stay
    let moved = "id,lon,lat,name\nh1,119.925,32.45,moved\nh15,119.94,32.45,new\n";
    let file = write(&folder, "hydrants.csv", moved);
    let report = import(&city, "components", &file, "--class C01013 --id-field id")
        .await
        .unwrap();
    assert_eq!(outcome(&report), "imported 2 of 2");
    assert!(
        report
            .remarks
            .contains(&"1 new, 1 brought up to date.".to_owned()),
        "{report}"
    );
    assert_eq!(
        components(&city).await,
        [
            "h1 C01013 32120201013000001 moved good 责任单位1 POINT(119.925 32.45)",
            both[1],
            "h15 C01013 new good POINT(119.94 32.45)",
        ]
    );

    let other = write(
        &folder,
        "other.csv",
        "id,lon,lat,code\n1,119.9,32.4,32120201013000001\n",
    );
    let report = import(
        &city,
        "components",
        &other,
        "--class C01013 --code-field code",
    )
    .await;
    let report = report.unwrap();
    let why = "duplicate code: 32120201013000001, as of hydrants.csv h1";
    assert_eq!(whys(&report), BTreeMap::from([(1, why)]));
}

#[tokio::test]
async fn without_ids_rows_are_known_again_by_their_place() {
    let city = TestCity::new().await;
    let folder = TempDir::new().unwrap();
    let lamps = "lon,lat\n119.92,32.45\n119.93,32.45\n119.92,32.45\n";
    let file = write(&folder, "lamps.csv", lamps);
    for _ in 0..2 {
        let report = import(&city, "components", &file, "--class 路灯")
            .await
            .unwrap();
        assert_eq!(outcome(&report), "imported 3 of 3");
    }
    let ids: Vec<String> = sqlx::query_scalar("select source_id from component order by 1")
        .fetch_all(&city.db)
        .await
        .unwrap();
    let twins = ["119.9200000,32.4500000", "119.9200000,32.4500000#2"];
    assert_eq!(ids, [twins[0], twins[1], "119.9300000,32.4500000"]);
}

#[tokio::test]
async fn a_map_of_values_gives_the_classes() {
    let city = TestCity::new().await;
    let folder = TempDir::new().unwrap();
    let file = write(
        &folder,
        "things.csv",
        "id,lon,lat,kind\n1,119.92,32.45,lamp\n2,119.92,32.45,bin\n3,119.92,32.45,ufo\n",
    );
    let map = write(&folder, "map.csv", "kind,class\nlamp,C01037\nbin,垃圾箱\n");
    let options = format!("--class-field kind --class-map {} --partial", map.display());
    let report = import(&city, "components", &file, &options).await.unwrap();
    assert_eq!(
        whys(&report),
        BTreeMap::from([(3, "class not in the map: ufo")])
    );
    let taken = components(&city).await;
    assert_eq!(taken[0], "1 C01037 good POINT(119.92 32.45)");
    assert_eq!(taken[1], "2 C03005 good POINT(119.92 32.45)");
}

#[tokio::test]
async fn shifted_coordinates_are_brought_back() {
    let folder = TempDir::new().unwrap();
    let file = write(
        &folder,
        "shifted.csv",
        "id,lng,lat\n1,121.531541859215,31.175303983646\n",
    );
    let city = TestCity::new().await;
    import(&city, "components", &file, "--class 路灯 --crs gcj02")
        .await
        .unwrap();
    assert_eq!(
        components(&city).await,
        ["1 C01037 good POINT(121.527211 31.177428)"]
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_refused_in_a_sentence() {
    let city = TestCity::new().await;
    let folder = TempDir::new().unwrap();
    let metres = write(&folder, "metres.csv", "id,X,Y\n1,492477.7,3591756.1\n");
    let albers = write(
        &folder,
        "albers.geojson",
        r#"{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"ESRI:102025"}},"features":[{"type":"Feature","properties":{},"geometry":null}]}"#,
    );
    let gbk = folder.path().join("gbk.csv");
    std::fs::write(&gbk, b"id,lon,lat,name\n1,119.92,32.45,\xc2\xb7\xb5\xc6\n").unwrap();
    let empty = write(&folder, "empty.csv", "id,lon,lat\n");
    let placeless = write(&folder, "placeless.csv", "id,name\n1,a\n");
    let same_ids = write(
        &folder,
        "same.csv",
        "id,lon,lat\n7,119.92,32.45\n7,119.93,32.45\n7,119.94,32.45\n",
    );
    let cases: [(&Path, &str, &str); 10] = [
        (&metres, "--class 路灯", "the coordinates are not degrees"),
        (
            &albers,
            "--class 路灯",
            "`ESRI:102025`, which is not known; name the system with --crs",
        ),
        (&gbk, "--class 路灯", "the text is not UTF-8"),
        (&empty, "--class 路灯", "has no rows"),
        (&placeless, "--class 路灯", "no columns with a place"),
        (
            &same_ids,
            "--class 路灯 --id-field id",
            "`id` does not tell rows apart: 3 rows share 1 values",
        ),
        (
            &metres,
            "--class 路灯 --crs EPSG:4549 --name-field nome",
            "there is no column `nome`",
        ),
        (&metres, "--crs EPSG:4549", "name the class of the rows"),
        (
            &metres,
            "--crs EPSG:4549 --class C99999",
            "unknown class: C99999",
        ),
        (
            &metres,
            "--crs EPSG:4549 --class 路灯 --owner nobody",
            "unknown unit: nobody",
        ),
    ];
    for (file, options, sentence) in cases {
        let error = import(&city, "components", file, options)
            .await
            .unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(sentence), "{error} instead of {sentence}");
    }
}

#[tokio::test]
async fn an_import_rings_once() {
    let city = TestCity::new().await;
    let folder = TempDir::new().unwrap();
    let mut lamps = "lon,lat\n".to_owned();
    for i in 0..12_000 {
        lamps.push_str(&format!("{},32.45\n", 119.0 + f64::from(i) / 1e4));
    }
    let file = write(&folder, "lamps.csv", &lamps);
    let mut bell = PgListener::connect_with(&city.db).await.unwrap();
    bell.listen("territory").await.unwrap();
    import(&city, "components", &file, "--class 路灯")
        .await
        .unwrap();
    sqlx::query("notify territory, 'end'")
        .execute(&city.db)
        .await
        .unwrap();
    assert_eq!(bell.recv().await.unwrap().payload(), "component");
    assert_eq!(bell.recv().await.unwrap().payload(), "end");
}
