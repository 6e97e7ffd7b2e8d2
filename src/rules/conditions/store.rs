//! Filing conditions of a draft.

use sqlx::PgConnection;
use sqlx::PgExecutor;
use sqlx::types::Json;

use super::http::ConditionWritten;
use crate::rules::{ConditionId, RuleSetId};

/// `None` if the class has a condition of that number already.
pub(super) async fn insert(
    tx: &mut PgConnection,
    set: RuleSetId,
    written: &ConditionWritten,
) -> sqlx::Result<Option<ConditionId>> {
    sqlx::query_scalar(
        "insert into filing_condition (rule_set_id, class_code, number, text_zh, text_en, calendar,
                                       limit_s, closing, emergency, source, mark)
         values ($1, $2,
                 coalesce($3, (select coalesce(max(number), 0) + 1 from filing_condition
                               where rule_set_id = $1 and class_code = $2)),
                 $4, $5, $6, $7, $8, $9, $10, 'own')
         on conflict on constraint filing_condition_once do nothing
         returning condition_id",
    )
    .bind(set)
    .bind(written.class)
    .bind(written.number)
    .bind(written.text_zh.trim())
    .bind(written.text_en.trim())
    .bind(written.calendar)
    .bind(written.limit_s)
    .bind(Json(&written.closing))
    .bind(written.emergency)
    .bind(&written.source)
    .fetch_optional(tx)
    .await
}

/// Whether the condition was there; `None` if the class has another of that number.
pub(super) async fn update(
    tx: &mut PgConnection,
    set: RuleSetId,
    id: ConditionId,
    written: &ConditionWritten,
) -> sqlx::Result<Option<bool>> {
    let updated = sqlx::query(
        "update filing_condition
         set class_code = $3, number = coalesce($4, number), text_zh = $5, text_en = $6,
             calendar = $7, limit_s = $8, closing = $9, emergency = $10, source = $11, mark = 'own'
         where rule_set_id = $1 and condition_id = $2",
    )
    .bind(set)
    .bind(id)
    .bind(written.class)
    .bind(written.number)
    .bind(written.text_zh.trim())
    .bind(written.text_en.trim())
    .bind(written.calendar)
    .bind(written.limit_s)
    .bind(Json(&written.closing))
    .bind(written.emergency)
    .bind(&written.source)
    .execute(tx)
    .await;
    match updated {
        Err(sqlx::Error::Database(error))
            if error.constraint() == Some("filing_condition_once") =>
        {
            Ok(None)
        }
        updated => Ok(Some(updated?.rows_affected() == 1)),
    }
}

pub(super) async fn delete(
    db: impl PgExecutor<'_>,
    set: RuleSetId,
    id: ConditionId,
) -> sqlx::Result<()> {
    sqlx::query("delete from filing_condition where rule_set_id = $1 and condition_id = $2")
        .bind(set)
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}
