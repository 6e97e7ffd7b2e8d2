//! Whose a case is: the most specific rule that exists decides, and says so.

use std::time::Duration;

use cityward::catalogue::ClassCode;
use cityward::rules::{self, NewPrecedent, PlaceScope, RouteAsk, RouteBecause, Rules};
use cityward::territory::Territory;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::city::{TestCity, place};
use crate::office::{Office, time};

/// Codes of `TestCity`'s first cell and of the community it lies in.
const CELL: &str = "321202001001001";
const COMMUNITY: &str = "321202001001";
const NOW: &str = "2026-11-02T02:00:00Z";

fn class(code: &str) -> ClassCode {
    code.parse().unwrap()
}

/// What the tester says of a draft with these routing rules.
async fn whose(office: &Office, draft: i64, code: &str) -> (Value, Value) {
    let answer = office
        .try_at(code, NOW, json!({ "rule_set_id": draft }))
        .await;
    (answer["unit"]["id"].clone(), answer["because"].clone())
}

/// The same, once the territory in memory knows the unit: it follows the database.
async fn caught_up(office: &Office, draft: i64, code: &str, unit: i32) -> (Value, Value) {
    let mut said = whose(office, draft, code).await;
    for _ in 0..50 {
        if said.0 == unit {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        said = whose(office, draft, code).await;
    }
    said
}

/// R3.5: a component with a maintainer, a class with a rule, and neither.
#[tokio::test]
async fn r3_5_the_most_specific_rule_decides_and_gaps_are_listed() {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    let cell = city.cells(edition, 1, 1).await[0];
    let (maintainer, of_class) = (city.unit(1).await, city.unit(2).await);
    city.responsible(edition, cell, Some("M09006"), of_class)
        .await;
    let grate = city
        .component("C01004", place(50.0, 50.0), Some(maintainer))
        .await;
    let territory = Territory::load(&city.db, time(NOW)).await.unwrap();
    let rules = Rules::open(city.db.clone()).await.unwrap();
    let set = rules.in_force(time(NOW));
    let route = |code: &str, east_m| {
        let ask = RouteAsk::at(&territory, class(code), place(east_m, 50.0), time(NOW));
        rules.route(&set, &ask)
    };
    let on_component = route("C01004", 52.0);
    assert_eq!(on_component.unit_id, Some(maintainer));
    assert_eq!(
        on_component.because,
        RouteBecause::ComponentMaintenance {
            component_id: grate,
            route_id: None
        }
    );
    // the fault of a component is its component's unit's
    assert_eq!(route("M01004", 52.0).unit_id, Some(maintainer));
    let by_class = route("M09006", 52.0);
    assert_eq!(by_class.unit_id, Some(of_class));
    assert_eq!(by_class.because, RouteBecause::CellClass { cell_id: cell });
    let neither = route("M06042", 10.0);
    assert_eq!(neither.unit_id, None);
    assert_eq!(
        neither.because,
        RouteBecause::Nobody {
            cell_id: Some(cell)
        }
    );
    let outside = route("M06042", 5000.0);
    assert_eq!(outside.because, RouteBecause::Nobody { cell_id: None });
}

/// R3.5: what nobody answers for is listed until a rule names somebody.
#[tokio::test]
async fn r3_5_the_gap_list_names_cells_and_classes_nobody_answers_for() {
    let office = Office::open(NOW).await;
    let gaps = office.author.client.json("/api/v1/rules/gaps").await;
    assert_eq!((&gaps["cells"], &gaps["pairs"]), (&json!(0), &json!(0)));
    sqlx::query("update responsibility set valid = tstzrange('2020-01-01', '2026-11-01')")
        .execute(&office.city.db)
        .await
        .unwrap();
    let gaps = office.author.client.json("/api/v1/rules/gaps").await;
    assert_eq!(gaps["cells"], 1);
    assert_eq!(gaps["gaps"][0]["cell_code"], CELL);
    let all = gaps["pairs"].as_u64().unwrap();
    let draft = office.draft().await;
    let route = json!({ "classes": "M06", "to": { "unit": 1 } });
    let path = format!("/api/v1/rule-sets/{draft}/routes");
    office.post(&path, route).await;
    let approved = office
        .approve(&office.chief, draft, "2026-11-02T03:00:00Z")
        .await;
    assert_eq!(approved.status(), StatusCode::OK);
    office.clock.set(time("2026-11-02T03:00:01Z"));
    let gaps = office.author.client.json("/api/v1/rules/gaps").await;
    let left = gaps["pairs"].as_u64().unwrap();
    assert!(left < all && left > 0, "{left} of {all}");
}

/// Each rule added is more specific than those before it, and decides from then on.
#[tokio::test]
async fn a_more_specific_routing_rule_goes_before_a_less_specific_one() {
    let office = Office::open(NOW).await;
    let draft = office.draft().await;
    let path = format!("/api/v1/rule-sets/{draft}/routes");
    let default = whose(&office, draft, "M06042").await;
    assert_eq!(default.1["rule"], "cell_default");
    let mut units = Vec::new();
    for number in 10..19 {
        units.push(office.city.unit(number).await);
    }
    // a rule for everything everywhere is less than the cell's own default
    let city_wide = units.pop().unwrap();
    let body = json!({ "to": { "unit": city_wide } });
    assert_eq!(office.post(&path, body).await.status(), StatusCode::CREATED);
    assert_eq!(whose(&office, draft, "M06042").await, default);
    for (classes, place) in [
        ("", CELL),
        ("M06", ""),
        ("M06", "321202"),
        ("M06", COMMUNITY),
        ("M06", CELL),
        ("M06042", ""),
        ("M06042", "321202001"),
        ("M06042", CELL),
    ] {
        let unit = units.pop().unwrap();
        let body = json!({ "classes": classes, "place": place, "to": { "unit": unit } });
        let added = office.post(&path, body).await;
        assert_eq!(added.status(), StatusCode::CREATED);
        let id = added.json::<Value>().await.unwrap()["id"].clone();
        let (decided, because) = caught_up(&office, draft, "M06042", unit).await;
        assert_eq!(decided, unit, "{classes} {place}");
        assert_eq!(because, json!({ "rule": "rule", "route_id": id }));
    }
    // rules for other places and other times change nothing
    let last = whose(&office, draft, "M06042").await;
    for body in [
        json!({ "classes": "M06042", "place": "999999", "to": { "unit": 1 } }),
        json!({ "classes": "M09", "place": CELL, "to": { "unit": 1 } }),
    ] {
        office.post(&path, body).await;
    }
    assert_eq!(whose(&office, draft, "M06042").await, last);
}

/// A rule can say which of a component's own units it is; a unit that has ended is passed over.
#[tokio::test]
async fn a_rule_chooses_among_a_components_units() {
    let office = Office::open(NOW).await;
    let (maintainer, owner) = (office.city.unit(2).await, office.city.unit(3).await);
    let grate = office
        .city
        .component("C01004", place(50.0, 50.0), Some(maintainer))
        .await;
    sqlx::query("update component set owner_unit_id = $1")
        .bind(owner)
        .execute(&office.city.db)
        .await
        .unwrap();
    let draft = office.draft().await;
    let (unit, _) = caught_up(&office, draft, "C01004", maintainer).await;
    assert_eq!(unit, maintainer);
    let path = format!("/api/v1/rule-sets/{draft}/routes");
    let added = office
        .post(&path, json!({ "classes": "C01", "to": "owner" }))
        .await;
    let id = added.json::<Value>().await.unwrap()["id"].clone();
    let (unit, because) = whose(&office, draft, "C01004").await;
    assert_eq!(unit, owner);
    assert_eq!(
        because,
        json!({ "rule": "component_owner", "component_id": grate, "route_id": id })
    );
}

/// R15.4: a decided dispute decides the next case of its kind, at once and until another does.
#[tokio::test]
async fn r15_4_a_precedent_goes_before_every_rule() {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    let cells = city.cells(edition, 2, 1).await;
    let (default, first, second) = (city.unit(1).await, city.unit(2).await, city.unit(3).await);
    for cell in &cells {
        city.responsible(edition, *cell, None, default).await;
    }
    let case: i64 = sqlx::query_scalar(
        "insert into city_case (class_code, location, source, state, opened_at, first_seen_at,
                                last_seen_at, cell_id, because, semi_major_m, semi_minor_m,
                                bearing_deg, edition_id, sighting_count)
         values ('M06042', $1, 'hotline', 'reported', now(), now(), now(), $2, '{}', 5, 5, 0, $3, 1)
         returning case_id",
    )
    .bind(place(50.0, 50.0))
    .bind(cells[0])
    .bind(edition)
    .fetch_one(&city.db)
    .await
    .unwrap();
    let rules = Rules::open(city.db.clone()).await.unwrap();
    let territory = Territory::load(&city.db, time(NOW)).await.unwrap();
    let decide = async |place: &PlaceScope, unit_id: i32, at: &str| {
        let mut tx = city.db.begin().await.unwrap();
        let decided = NewPrecedent {
            class: class("M06042"),
            place,
            component_id: None,
            unit_id,
            case_id: case,
            reason: "agreed",
        };
        rules::add_precedent(&mut tx, &decided, time(at))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        rules.reload().await.unwrap();
    };
    let whose = |east_m: f64, at: &str| {
        let set = rules.in_force(time(at));
        let ask = RouteAsk::at(&territory, class("M06042"), place(east_m, 50.0), time(at));
        rules.route(&set, &ask)
    };
    let community = PlaceScope::community_of(CELL).unwrap();
    let cell = PlaceScope::try_from(CELL.to_owned()).unwrap();
    assert_eq!(whose(50.0, "2026-11-02T02:00:00Z").unit_id, Some(default));
    decide(&community, first, "2026-11-02T03:00:00Z").await;
    // not before it was decided, but in the whole community from then on
    assert_eq!(whose(50.0, "2026-11-02T02:00:00Z").unit_id, Some(default));
    let decided = whose(150.0, "2026-11-02T03:00:00Z");
    assert_eq!(decided.unit_id, Some(first));
    assert!(matches!(decided.because, RouteBecause::Precedent { case_id, .. } if case_id == case));
    // one for the cell goes before one for its community
    decide(&cell, second, "2026-11-02T04:00:00Z").await;
    assert_eq!(whose(50.0, "2026-11-02T05:00:00Z").unit_id, Some(second));
    assert_eq!(whose(150.0, "2026-11-02T05:00:00Z").unit_id, Some(first));
    // another decision for the same ends the one before
    decide(&community, second, "2026-11-02T06:00:00Z").await;
    assert_eq!(whose(150.0, "2026-11-02T05:59:00Z").unit_id, Some(first));
    assert_eq!(whose(150.0, "2026-11-02T06:00:00Z").unit_id, Some(second));
}
