//! A case does not wait for its picture: that waits, sealed, until it is made fit to be seen (R5.2).

use std::fs;
use std::path::Path;

use chrono::TimeDelta;
use cityward::cases::CaseChange;
use cityward::cases::redaction::{self, NotFit, Redactions};

use crate::cases::{GARBAGE, Street, second};

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let shelves = fs::read_dir(folder).unwrap();
    let files = shelves.flat_map(|shelf| fs::read_dir(shelf.unwrap().path()).unwrap());
    files
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect()
}

async fn waiting(street: &Street) -> i64 {
    sqlx::query_scalar("select count(*) from evidence_waiting")
        .fetch_one(&street.city.db)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_filed_while_its_picture_waits_sealed() {
    let street = Street::new().await;
    let sighting = street.sighting(GARBAGE, 10.0, second(0));
    let jpeg = sighting.picture.jpeg.clone();
    assert!(matches!(
        street.record(sighting).await,
        CaseChange::Opened(_)
    ));
    let (held, shown) = (
        street.data().join("waiting"),
        street.data().join("evidence"),
    );
    let [sealed] = files(&held).try_into().unwrap();
    let middle = &jpeg[jpeg.len() / 2..][..24];
    assert!(!sealed.windows(24).any(|window| window == middle), "sealed");
    assert!(files(&shown).is_empty(), "nothing that was not looked at");

    let redactions = Redactions::new(street.city.db.clone(), street.evidence.clone());
    assert!(redactions.finish_one(second(1)).await.unwrap());
    assert_eq!((files(&held).len(), files(&shown).len()), (0, 1));
    assert_eq!(waiting(&street).await, 0);
    assert!(!redactions.finish_one(second(2)).await.unwrap(), "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_made_fit_holds_up_no_other_and_is_tried_again() {
    let street = Street::new().await;
    street
        .record(street.sighting(GARBAGE, 10.0, second(0)))
        .await;
    let held = street.data().join("waiting");
    let aside = street.data().join("aside");
    fs::rename(&held, &aside).unwrap();
    fs::create_dir(&held).unwrap();
    street
        .record(street.sighting(GARBAGE, 90.0, second(1)))
        .await;

    let redactions = Redactions::new(street.city.db.clone(), street.evidence.clone());
    let lost = redactions.finish_one(second(2)).await.unwrap_err();
    assert!(format!("{lost:#}").contains("is gone"), "{lost:#}");
    assert!(redactions.finish_one(second(3)).await.unwrap(), "the other");
    assert!(!redactions.finish_one(second(4)).await.unwrap(), "not yet");
    let asked: i64 = sqlx::query_scalar("select evidence_id from evidence_waiting")
        .fetch_one(&street.city.db)
        .await
        .unwrap();
    let asked = redactions.finish(asked, second(5)).await;
    assert!(matches!(asked, Err(NotFit::Yet)), "nor for who asks");
    fs::remove_dir_all(&held).unwrap();
    fs::rename(&aside, &held).unwrap();
    assert!(redactions.finish_one(second(90)).await.unwrap(), "again");
    assert_eq!(waiting(&street).await, 0);
}

#[tokio::test]
async fn what_waits_stays_and_what_belongs_to_nothing_goes() {
    let street = Street::new().await;
    street
        .record(street.sighting(GARBAGE, 10.0, second(0)))
        .await;
    let held = street.data().join("waiting");
    let stray = held.join("ab");
    fs::create_dir_all(&stray).unwrap();
    fs::write(stray.join(format!("{}.sealed", "ab".repeat(32))), b"sealed").unwrap();
    let sweep = async |days| {
        let written = fs::metadata(&stray).unwrap().modified().unwrap();
        let at = chrono::DateTime::from(written) + TimeDelta::days(days);
        redaction::sweep(&street.city.db, &street.evidence, at).await
    };
    assert_eq!(sweep(0).await.unwrap(), 0, "its transaction may still run");
    assert_eq!(sweep(2).await.unwrap(), 1);
    assert_eq!(files(&held).len(), 1, "the case's stays");
}
