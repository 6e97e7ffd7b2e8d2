//! What the city goes by: sets are drafted, approved, in force from a date, and never edited.

use chrono::{DateTime, TimeDelta};
use cityward::catalogue::ClassCode;
use cityward::rules::{self, Rules};

use crate::city::TestCity;

fn class(code: &str) -> ClassCode {
    code.parse().unwrap()
}

fn time(text: &str) -> DateTime<chrono::Utc> {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_new_city_has_rules_and_loading_them_again_changes_nothing() {
    let city = TestCity::new().await;
    rules::load(&city.db).await.unwrap();
    let rules = Rules::open(city.db.clone()).await.unwrap();
    let set = rules.in_force(time("2026-11-22T00:00:00Z"));
    assert_eq!(set.conditions().len(), 925);
    let missing = &set.conditions_of(class("C01002"))[0];
    assert!(missing.emergency && missing.limit == TimeDelta::hours(24));
    assert_eq!(set.condition(missing.id), Some(missing));
    assert_eq!(rules.get(set.id()).unwrap().id(), set.id());
    let sets: i64 = sqlx::query_scalar("select count(*) from rule_set")
        .fetch_one(&city.db)
        .await
        .unwrap();
    assert_eq!(sets, 1);
}

/// R7.1: what was approved stays as it was approved, also for whoever speaks SQL.
#[tokio::test]
async fn r7_1_no_row_of_an_approved_set_can_be_changed() {
    let city = TestCity::new().await;
    for statement in [
        "update filing_condition set limit_s = 1",
        "delete from filing_condition",
        "insert into filing_condition (rule_set_id, class_code, number, text_zh, text_en, calendar,
                                       limit_s, closing, source, mark)
         select rule_set_id, 'M06042', 99, 'x', 'x', 'working', 1, '[1]', '', '' from rule_set",
        "update rule_stage_limit set limit_s = 1",
        "delete from rule_stage_limit",
        "update rule_policy set quick_cap_fen = 1",
        "delete from rule_policy",
        "update rule_collection set report_photos_min = 9",
        "delete from rule_collection where scope = 'C01'",
        "insert into rule_route (rule_set_id, classes, place, target)
         select rule_set_id, '', '', 'owner' from rule_set",
        "update rule_office set zone = '+09:00'",
        "delete from rule_office_hours",
        "delete from rule_office_day",
        "update rule_office_day set kind = 'workday'",
        "update rule_set set name = 'other'",
        "update rule_set set in_force_from = '2020-01-01'",
        "update rule_set set state = 'draft', approved_at = null, in_force_from = null",
        "delete from rule_set",
    ] {
        let error = sqlx::query(statement).execute(&city.db).await.unwrap_err();
        let error = error.into_database_error().unwrap();
        assert_eq!(
            error.constraint(),
            Some("rule_set_only_in_draft"),
            "{statement}: {error}"
        );
    }
    let error = sqlx::query("truncate filing_condition cascade")
        .execute(&city.db)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("append-only"), "{error}");
}
