//! R3.5: in a cell the class goes before its group, and the group before whatever has no rule.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use cityward::space::GroundPoint;
use cityward::territory::{Rule, Territory, TerritoryWatch};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::city::{TestCity, place};

const CLASSES: [&str; 4] = ["M06010", "M06042", "M09006", "C03005"];

/// Classes, groups and all: as responsibilities are written.
const SCOPES: [&str; 6] = ["", "M06", "C03", "M06010", "M06042", "C03005"];

/// Writes a responsibility; the constraint that refuses it.
async fn insert(
    city: &TestCity,
    cell: i32,
    classes: &str,
    unit: i32,
    [from, to]: [DateTime<Utc>; 2],
) -> Result<(), String> {
    let inserted = sqlx::query(
        "insert into responsibility (cell_id, class_code, class_group, unit_id, edition_id, valid)
         select $1, case when length($2) > 3 then $2 end, case when length($2) = 3 then $2 end,
             $3, edition_id, tstzrange($4, $5) from cell where cell_id = $1",
    )
    .bind(cell)
    .bind(classes)
    .bind(unit)
    .bind(from)
    .bind(to)
    .execute(&city.db)
    .await;
    inserted.map(|_| ()).map_err(|error| {
        let error = error.into_database_error().unwrap();
        error.constraint().unwrap_or_default().to_owned()
    })
}

fn day(day: i64) -> DateTime<Utc> {
    let first: DateTime<Utc> = "2024-01-01T00:00:00Z".parse().unwrap();
    first + TimeDelta::days(day)
}

/// What a person would say who reads the rows: of those that are about the class, the one with the
/// longest name.
fn expected(rows: &[(&str, i32, [i64; 2])], class: &str, at: i64) -> Option<(usize, i32)> {
    rows.iter()
        .filter(|(classes, _, [from, to])| class.starts_with(classes) && (*from..*to).contains(&at))
        .map(|(classes, unit, _)| (classes.len(), *unit))
        .max()
}

fn found(territory: &Territory, at: GroundPoint, class: &str) -> Option<(usize, i32)> {
    let placement = territory.locate(at, class.parse().unwrap(), &[], 0.0)?;
    let letters = match placement.because.rule {
        Rule::CellClass => class.len(),
        Rule::CellGroup => 3,
        Rule::CellDefault => 0,
        Rule::Nobody | Rule::ComponentMaintenance | Rule::ComponentOwner => return None,
    };
    Some((letters, placement.unit?.id))
}

/// Rules at random over a hundred days: the database takes what contradicts nothing, and refuses the
/// rest; memory answers for every day as the rows say.
#[tokio::test]
async fn r3_5_the_database_keeps_one_unit_and_the_most_precise_rule_decides() {
    let city = TestCity::new().await;
    let mut random = ChaCha8Rng::seed_from_u64(35);
    let edition = city.edition().await;
    let cell = city.cells(edition, 1, 1).await[0];
    let mut units = Vec::new();
    for number in 1..5 {
        units.push(city.unit(number).await);
    }
    let mut rows: Vec<(&str, i32, [i64; 2])> = Vec::new();
    let mut refused = 0;
    for _ in 0..150 {
        let classes = SCOPES[random.random_range(0..SCOPES.len())];
        let unit = units[random.random_range(0..units.len())];
        let from = random.random_range(0..95);
        let span = [from, from + random.random_range(1..20)];
        let is_taken = rows
            .iter()
            .any(|(other, _, taken)| *other == classes && taken[0] < span[1] && span[0] < taken[1]);
        let inserted = insert(&city, cell, classes, unit, span.map(day)).await;
        if is_taken {
            refused += 1;
            assert_eq!(
                inserted,
                Err("responsibility_one_unit".to_owned()),
                "{classes} {span:?}"
            );
        } else {
            assert_eq!(inserted, Ok(()), "{classes} {span:?}");
            rows.push((classes, unit, span));
        }
    }
    assert!(refused > 10 && rows.len() > 10, "{refused} {}", rows.len());
    let watch = TerritoryWatch::open(city.db.clone()).await.unwrap();
    let middle = place(50.0, 50.0);
    let mut by_letters = BTreeMap::<Option<usize>, usize>::new();
    for number in 0..100 {
        let at = day(number);
        let beside = watch.at(at).await.unwrap();
        let whole = Territory::load(&city.db, at).await.unwrap();
        for class in CLASSES {
            let wanted = expected(&rows, class, number);
            assert_eq!(
                found(&beside, middle, class),
                wanted,
                "{class} on day {number}"
            );
            assert_eq!(
                found(&whole, middle, class),
                wanted,
                "{class} on day {number}"
            );
            *by_letters
                .entry(wanted.map(|(letters, _)| letters))
                .or_default() += 1;
        }
    }
    // nobody, by default, by group and by class
    assert_eq!(by_letters.len(), 4, "{by_letters:?}");
}

#[tokio::test]
async fn what_is_no_group_and_what_is_both_is_refused_by_name() {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    let cell = city.cells(edition, 1, 1).await[0];
    let unit = city.unit(1).await;
    for (class, group, constraint) in [
        (None, Some("X06"), "responsibility_group_form"),
        (None, Some("M06042"), "responsibility_group_form"),
        (Some("M06042"), Some("M06"), "responsibility_class_or_group"),
    ] {
        let inserted = sqlx::query(
            "insert into responsibility (cell_id, class_code, class_group, unit_id, edition_id)
             values ($1, $2, $3, $4, $5)",
        )
        .bind(cell)
        .bind(class)
        .bind(group)
        .bind(unit)
        .bind(edition)
        .execute(&city.db)
        .await;
        let error = inserted.unwrap_err().into_database_error().unwrap();
        assert_eq!(error.constraint(), Some(constraint));
    }
}
