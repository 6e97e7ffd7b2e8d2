//! Tables `class`, `class_code`, `sighting_rule`, and reading `unit`.

use std::collections::HashMap;

use anyhow::Context as _;
use sqlx::{PgExecutor, PgPool, Postgres, Transaction};

use super::{Catalogue, ClassCode, SightingRule, StandingRule, StayRule, ZoneKind};

/// Brings the database's classes to what this program ships. Can be repeated; sighting rules
/// that are there already stay as they are, because a city tunes them.
pub async fn load(db: &PgPool) -> anyhow::Result<()> {
    let mut tx = db.begin().await?;
    // two processes that start at the same time take turns
    sqlx::query("select pg_advisory_xact_lock(hashtext('catalogue'))")
        .execute(&mut *tx)
        .await?;
    load_classes(&mut tx).await.context("load the classes")?;
    load_sighting_rules(&mut tx)
        .await
        .context("load the sighting rules")?;
    tx.commit().await?;
    Ok(())
}

async fn load_classes(tx: &mut Transaction<'_, Postgres>) -> sqlx::Result<()> {
    let catalogue = Catalogue::shipped();
    let classes: Vec<_> = catalogue.classes().collect();
    sqlx::query(
        "insert into class (code, kind, name_zh, name_en)
         select * from unnest($1::text[], $2::class_kind[], $3::text[], $4::text[])
         on conflict (code) do update
         set name_zh = excluded.name_zh, name_en = excluded.name_en
         where (class.name_zh, class.name_en) is distinct from (excluded.name_zh, excluded.name_en)",
    )
    .bind(classes.iter().map(|class| class.code).collect::<Vec<_>>())
    .bind(classes.iter().map(|class| class.kind).collect::<Vec<_>>())
    .bind(classes.iter().map(|class| class.name_zh.as_str()).collect::<Vec<_>>())
    .bind(classes.iter().map(|class| class.name_en.as_str()).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;

    let entries = catalogue.entries();
    let texts = |field: fn(&super::EditionEntry) -> &str| -> Vec<&str> {
        entries.iter().map(field).collect()
    };
    sqlx::query(
        "insert into class_code (edition, kind, number, class_code, name_zh, mark)
         select * from unnest($1::text[], $2::class_kind[], $3::text[], $4::text[], $5::text[], $6::text[])
         on conflict (edition, kind, number) do update
         set class_code = excluded.class_code, name_zh = excluded.name_zh, mark = excluded.mark",
    )
    .bind(texts(|entry| &entry.edition))
    .bind(entries.iter().map(|entry| entry.kind).collect::<Vec<_>>())
    .bind(texts(|entry| &entry.number))
    .bind(entries.iter().map(|entry| entry.class).collect::<Vec<_>>())
    .bind(texts(|entry| &entry.name_zh))
    .bind(texts(|entry| &entry.mark))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn load_sighting_rules(tx: &mut Transaction<'_, Postgres>) -> sqlx::Result<()> {
    for (class, rule) in Catalogue::shipped().sighting_rules() {
        let (stay, standing) = (rule.stay.as_ref(), rule.standing.as_ref());
        sqlx::query(
            "insert into sighting_rule (class_code, snap_classes, join_radius_m, join_window_s,
                                        confirm_frames, confirm_of, confidence_min,
                                        zone_kind, stay_s, gone_s, reach_m, only_at_component,
                                        over_s, is_static, width_min_m, width_max_m,
                                        standing_zone_kind, standing_s, standing_gone_s,
                                        standing_support, standing_unless, standing_score_min)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                     $19, $20, $21, $22)
             on conflict (class_code) do nothing",
        )
        .bind(class)
        .bind(&rule.snap_classes)
        .bind(rule.join_radius_m)
        .bind(rule.join_window_s)
        .bind(rule.confirm_frames)
        .bind(rule.confirm_of)
        .bind(rule.confidence_min)
        .bind(stay.map(|stay| stay.zone))
        .bind(stay.map(|stay| stay.after_s))
        .bind(stay.map(|stay| stay.gone_s))
        .bind(rule.reach_m)
        .bind(rule.only_at_component)
        .bind(rule.over_s)
        .bind(rule.is_static)
        .bind(rule.width_min_m)
        .bind(rule.width_max_m)
        .bind(standing.map(|standing| standing.zone))
        .bind(standing.map(|standing| standing.after_s))
        .bind(standing.map(|standing| standing.gone_s))
        .bind(standing.map(|standing| &standing.support))
        .bind(standing.map(|standing| &standing.unless))
        .bind(standing.map(|standing| standing.score_min))
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct SightingRuleRow {
    class_code: ClassCode,
    #[sqlx(flatten)]
    rule: SightingRule,
    zone_kind: Option<ZoneKind>,
    stay_s: Option<i32>,
    gone_s: Option<i32>,
    #[sqlx(flatten)]
    standing: StandingColumns,
}

/// All of them or none.
#[derive(sqlx::FromRow)]
struct StandingColumns {
    standing_zone_kind: Option<ZoneKind>,
    standing_s: Option<i32>,
    standing_gone_s: Option<i32>,
    standing_support: Option<Vec<String>>,
    standing_unless: Option<Vec<String>>,
    standing_score_min: Option<f32>,
}

impl StandingColumns {
    fn into_rule(self) -> Option<StandingRule> {
        Some(StandingRule {
            zone: self.standing_zone_kind?,
            after_s: self.standing_s?,
            gone_s: self.standing_gone_s?,
            support: self.standing_support?,
            unless: self.standing_unless?,
            score_min: self.standing_score_min?,
        })
    }
}

impl SightingRuleRow {
    fn into_rule(self) -> (ClassCode, SightingRule) {
        let stay = match (self.zone_kind, self.stay_s, self.gone_s) {
            (Some(zone), Some(after_s), Some(gone_s)) => Some(StayRule {
                zone,
                after_s,
                gone_s,
            }),
            _ => None,
        };
        let rule = SightingRule {
            stay,
            standing: self.standing.into_rule(),
            ..self.rule
        };
        (self.class_code, rule)
    }
}

/// The classes of components that a case of a class is pinned to: a component's own, or what the
/// sightings of a matter are pinned to in this city.
pub async fn snap_classes(
    db: impl PgExecutor<'_>,
    class: ClassCode,
) -> sqlx::Result<Vec<ClassCode>> {
    if class.is_component() {
        return Ok(vec![class]);
    }
    let rule = sighting_rules(db).await?.remove(&class);
    Ok(rule.map(|rule| rule.snap_classes).unwrap_or_default())
}

/// The city's sighting rules by class.
pub async fn sighting_rules(
    db: impl PgExecutor<'_>,
) -> sqlx::Result<HashMap<ClassCode, SightingRule>> {
    let rows: Vec<SightingRuleRow> = sqlx::query_as(
        "select class_code, snap_classes, join_radius_m, join_window_s,
                confirm_frames, confirm_of, confidence_min, zone_kind, stay_s, gone_s,
                reach_m, only_at_component, over_s, is_static, width_min_m, width_max_m,
                standing_zone_kind, standing_s, standing_gone_s,
                standing_support, standing_unless, standing_score_min
         from sighting_rule",
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(SightingRuleRow::into_rule).collect())
}
