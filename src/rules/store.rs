//! Rule sets and precedents in the database.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};

use super::set::Content;
use super::{
    CollectionRule, OfficeHours, PlaceScope, Policy, Precedent, RuleSetHead, RuleSetId, StageLimit,
};
use crate::catalogue::ClassCode;

/// Every rule set, the newest first, without its rules.
pub(super) async fn heads(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<RuleSetHead>> {
    sqlx::query_as(
        "select rule_set_id as id, name, note, based_on, state, created_by, created_at,
                approved_by, approved_at, in_force_from, withdrawn_at
         from rule_set order by in_force_from desc nulls first, rule_set_id desc",
    )
    .fetch_all(db)
    .await
}

pub(super) async fn head(
    db: impl PgExecutor<'_>,
    id: RuleSetId,
) -> sqlx::Result<Option<RuleSetHead>> {
    sqlx::query_as(
        "select rule_set_id as id, name, note, based_on, state, created_by, created_at,
                approved_by, approved_at, in_force_from, withdrawn_at
         from rule_set where rule_set_id = $1",
    )
    .bind(id)
    .fetch_optional(db)
    .await
}

/// The rules of a set, in one answer of the database.
pub(super) async fn content(db: impl PgExecutor<'_>, id: RuleSetId) -> anyhow::Result<Content> {
    let Json(content): Json<Content> = sqlx::query_scalar(
        "select jsonb_build_object(
            'conditions', (select coalesce(jsonb_agg(jsonb_build_object(
                    'id', condition_id, 'class', class_code, 'number', number,
                    'text_zh', text_zh, 'text_en', text_en, 'calendar', calendar,
                    'limit_s', limit_s, 'closing', closing, 'emergency', emergency,
                    'source', source, 'mark', mark)), '[]')
                from filing_condition where rule_set_id = $1),
            'stage_limits', (select coalesce(jsonb_agg(to_jsonb(l) - 'rule_set_id'), '[]')
                from rule_stage_limit l where rule_set_id = $1),
            'policy', (select to_jsonb(p) - 'rule_set_id' from rule_policy p where rule_set_id = $1),
            'collection', (select coalesce(jsonb_agg(to_jsonb(c) - 'rule_set_id'), '[]')
                from rule_collection c where rule_set_id = $1),
            'routes', (select coalesce(jsonb_agg(jsonb_build_object(
                    'id', route_id, 'classes', classes, 'place', place,
                    'to', case target when 'unit' then jsonb_build_object('unit', unit_id)
                          else to_jsonb(target) end,
                    'valid_from', lower(valid), 'valid_to', upper(valid)) order by route_id), '[]')
                from rule_route where rule_set_id = $1),
            'office', jsonb_build_object(
                'zone', (select zone from rule_office where rule_set_id = $1),
                'hours', (select coalesce(jsonb_agg(to_jsonb(h) - 'rule_set_id' order by opens), '[]')
                    from rule_office_hours h where rule_set_id = $1),
                'days', (select coalesce(jsonb_agg(to_jsonb(d) - 'rule_set_id' order by date), '[]')
                    from rule_office_day d where rule_set_id = $1)))",
    )
    .bind(id)
    .fetch_one(db)
    .await?;
    Ok(content)
}

/// Holds a draft until the end of the transaction; who wrote in it. `None` if it is no draft.
pub(super) async fn lock_draft(
    db: impl PgExecutor<'_>,
    id: RuleSetId,
) -> sqlx::Result<Option<Vec<i32>>> {
    sqlx::query_scalar(
        "select authors from rule_set where rule_set_id = $1 and state = 'draft' for update",
    )
    .bind(id)
    .fetch_optional(db)
    .await
}

/// Whoever writes in a draft is one of its authors.
pub(super) async fn add_author(
    db: impl PgExecutor<'_>,
    id: RuleSetId,
    person_id: i32,
) -> sqlx::Result<()> {
    sqlx::query(
        "update rule_set set authors = authors || $2
         where rule_set_id = $1 and not $2 = any (authors)",
    )
    .bind(id)
    .bind(person_id)
    .execute(db)
    .await?;
    Ok(())
}

/// `false` if another set is in force from that moment.
pub(super) async fn approve(
    db: impl PgExecutor<'_>,
    id: RuleSetId,
    person_id: i32,
    at: DateTime<Utc>,
    in_force_from: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let approved = sqlx::query(
        "update rule_set
         set state = 'approved', approved_by = $2, approved_at = $3, in_force_from = $4
         where rule_set_id = $1 and state = 'draft'",
    )
    .bind(id)
    .bind(person_id)
    .bind(at)
    .bind(in_force_from)
    .execute(db)
    .await;
    match approved {
        Err(sqlx::Error::Database(error)) if error.constraint() == Some("rule_set_one_from") => {
            Ok(false)
        }
        approved => Ok(approved?.rows_affected() == 1),
    }
}

/// `false` if it is in force by then, or was withdrawn already.
pub(super) async fn withdraw(
    db: impl PgExecutor<'_>,
    id: RuleSetId,
    person_id: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let withdrawn = sqlx::query(
        "update rule_set set state = 'withdrawn', withdrawn_by = $2, withdrawn_at = $3
         where rule_set_id = $1
           and (state = 'draft' or state = 'approved' and in_force_from > $3)",
    )
    .bind(id)
    .bind(person_id)
    .bind(at)
    .execute(db)
    .await?;
    Ok(withdrawn.rows_affected() == 1)
}

/// Begins a draft.
pub(super) async fn insert_draft(
    db: impl PgExecutor<'_>,
    name: &str,
    note: &str,
    based_on: Option<RuleSetId>,
    author: Option<i32>,
) -> sqlx::Result<RuleSetId> {
    sqlx::query_scalar(
        "insert into rule_set (name, note, based_on, created_by, authors)
         values ($1, $2, $3, $4, array_remove(array[$4], null)) returning rule_set_id",
    )
    .bind(name)
    .bind(note)
    .bind(based_on)
    .bind(author)
    .fetch_one(db)
    .await
}

/// Writes the rules of a new draft; the ids of conditions and routes are given anew.
pub(super) async fn insert_content(
    tx: &mut PgConnection,
    id: RuleSetId,
    content: &Content,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into filing_condition (rule_set_id, class_code, number, text_zh, text_en, calendar,
                                       limit_s, closing, emergency, source, mark)
         select $1, class, number, text_zh, text_en, calendar, limit_s, closing, emergency, source, mark
         from jsonb_to_recordset($2) as row (class text, number smallint, text_zh text,
             text_en text, calendar clock_calendar, limit_s integer, closing jsonb,
             emergency boolean, source text, mark text)",
    )
    .bind(id)
    .bind(Json(&content.conditions))
    .execute(&mut *tx)
    .await?;
    replace_stage_limits(&mut *tx, id, &content.stage_limits).await?;
    replace_policy(&mut *tx, id, &content.policy).await?;
    replace_collection(&mut *tx, id, &content.collection).await?;
    replace_office(&mut *tx, id, &content.office).await?;
    sqlx::query(
        "insert into rule_route (rule_set_id, classes, place, target, unit_id, valid)
         select $1, classes, place,
                case when \"to\" ? 'unit' then 'unit' else \"to\" #>> '{}' end::route_to,
                (\"to\" ->> 'unit')::integer, tstzrange(valid_from, valid_to)
         from jsonb_to_recordset($2) as row (classes text, place text, \"to\" jsonb,
             valid_from timestamptz, valid_to timestamptz)",
    )
    .bind(id)
    .bind(Json(&content.routes))
    .execute(&mut *tx)
    .await?;
    Ok(())
}

pub(super) async fn replace_stage_limits(
    tx: &mut PgConnection,
    id: RuleSetId,
    limits: &[StageLimit],
) -> sqlx::Result<()> {
    sqlx::query("delete from rule_stage_limit where rule_set_id = $1")
        .bind(id)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "insert into rule_stage_limit (rule_set_id, stage, calendar, limit_s)
         select $1, stage, calendar, limit_s
         from jsonb_to_recordset($2) as row (stage clock_stage, calendar clock_calendar, limit_s integer)",
    )
    .bind(id)
    .bind(Json(limits))
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn replace_policy(
    tx: &mut PgConnection,
    id: RuleSetId,
    policy: &Policy,
) -> sqlx::Result<()> {
    sqlx::query("delete from rule_policy where rule_set_id = $1")
        .bind(id)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "insert into rule_policy
         select * from jsonb_populate_record(null::rule_policy,
                                             $2 || jsonb_build_object('rule_set_id', $1))",
    )
    .bind(id)
    .bind(Json(policy))
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn replace_collection(
    tx: &mut PgConnection,
    id: RuleSetId,
    rules: &[CollectionRule],
) -> sqlx::Result<()> {
    sqlx::query("delete from rule_collection where rule_set_id = $1")
        .bind(id)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "insert into rule_collection (rule_set_id, scope, report_photos_min, feedback_photos_min,
                                      accuracy_m_max, report_age_max_s, text_required)
         select $1, scope, report_photos_min, feedback_photos_min, accuracy_m_max,
                report_age_max_s, text_required
         from jsonb_to_recordset($2) as row (scope text, report_photos_min smallint,
             feedback_photos_min smallint, accuracy_m_max double precision,
             report_age_max_s integer, text_required boolean)",
    )
    .bind(id)
    .bind(Json(rules))
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn replace_office(
    tx: &mut PgConnection,
    id: RuleSetId,
    office: &OfficeHours,
) -> sqlx::Result<()> {
    for delete in [
        "delete from rule_office where rule_set_id = $1",
        "delete from rule_office_hours where rule_set_id = $1",
        "delete from rule_office_day where rule_set_id = $1",
    ] {
        sqlx::query(delete).bind(id).execute(&mut *tx).await?;
    }
    sqlx::query("insert into rule_office (rule_set_id, zone) values ($1, $2)")
        .bind(id)
        .bind(&office.zone)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "insert into rule_office_hours (rule_set_id, opens, closes)
         select $1, opens, closes from jsonb_to_recordset($2) as row (opens time, closes time)",
    )
    .bind(id)
    .bind(Json(&office.hours))
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "insert into rule_office_day (rule_set_id, date, kind, name_zh, name_en)
         select $1, date, kind, name_zh, name_en
         from jsonb_to_recordset($2) as row (date date, kind day_kind, name_zh text, name_en text)",
    )
    .bind(id)
    .bind(Json(&office.days))
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes the rule set a new city starts with, in force from its date, unless there are rule
/// sets; whether it did.
pub(super) async fn insert_first(
    tx: &mut PgConnection,
    name: &str,
    note: &str,
    in_force_from: DateTime<Utc>,
    content: &Content,
) -> sqlx::Result<bool> {
    // two processes that start at the same time take turns
    sqlx::query("select pg_advisory_xact_lock(hashtext('rule_set'))")
        .execute(&mut *tx)
        .await?;
    if sqlx::query_scalar("select exists (select from rule_set)")
        .fetch_one(&mut *tx)
        .await?
    {
        return Ok(false);
    }
    let id = insert_draft(&mut *tx, name, note, None, None).await?;
    insert_content(tx, id, content).await?;
    sqlx::query(
        "update rule_set set state = 'approved', approved_at = now(), in_force_from = $2
         where rule_set_id = $1",
    )
    .bind(id)
    .bind(in_force_from)
    .execute(tx)
    .await?;
    Ok(true)
}

/// What a decided dispute says about the next case of its kind.
#[derive(Debug, Clone)]
pub struct NewPrecedent<'a> {
    pub class: ClassCode,
    /// The community, or the one cell, it holds for: [`PlaceScope::community_of`].
    pub place: &'a PlaceScope,
    /// Only for this component.
    pub component_id: Option<i64>,
    pub unit_id: i32,
    /// The case whose dispute was decided.
    pub case_id: i64,
    pub reason: &'a str,
}

/// Makes a decision the rule for the next case of its kind, from `at` on; an earlier precedent
/// for the same ends. Rings the rules' bell at the commit, which is bearable because disputes
/// are rare. Returns its id. Article 15.
pub async fn add_precedent(
    tx: &mut PgConnection,
    decided: &NewPrecedent<'_>,
    at: DateTime<Utc>,
) -> sqlx::Result<i64> {
    let place = String::from(decided.place.clone());
    sqlx::query(
        "delete from precedent
         where class_code = $1 and place = $2 and component_id is not distinct from $3
           and lower(valid) >= $4",
    )
    .bind(decided.class)
    .bind(&place)
    .bind(decided.component_id)
    .bind(at)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "update precedent set valid = tstzrange(lower(valid), $4)
         where class_code = $1 and place = $2 and component_id is not distinct from $3
           and valid @> $4",
    )
    .bind(decided.class)
    .bind(&place)
    .bind(decided.component_id)
    .bind(at)
    .execute(&mut *tx)
    .await?;
    sqlx::query_scalar(
        "insert into precedent (class_code, place, component_id, unit_id, case_id, reason, valid)
         values ($1, $2, $3, $4, $5, $6, tstzrange($7, null)) returning precedent_id",
    )
    .bind(decided.class)
    .bind(&place)
    .bind(decided.component_id)
    .bind(decided.unit_id)
    .bind(decided.case_id)
    .bind(decided.reason)
    .bind(at)
    .fetch_one(tx)
    .await
}

/// Has precedents of cells whose codes an edition ends go on in the cells that have their ground. To be
/// called when the edition's cells and where their ground came from are written. Article 15.
pub(crate) async fn pass_on_precedents(
    tx: &mut PgConnection,
    edition_id: i32,
    from: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("pass_on_precedents.sql"))
        .bind(edition_id)
        .bind(from)
        .execute(tx)
        .await?;
    Ok(())
}

/// Every precedent, also those that have ended.
pub(super) async fn precedents(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Precedent>> {
    sqlx::query_as(
        "select precedent_id as id, class_code as class, place, component_id, unit_id, case_id,
                reason, lower(valid) as valid_from, upper(valid) as valid_to
         from precedent order by precedent_id",
    )
    .fetch_all(db)
    .await
}
