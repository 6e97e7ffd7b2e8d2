use sqlx::{PgPool, Postgres, Transaction};

/// A look at one state of the database, whatever others commit meanwhile; nothing can be written in it.
pub(crate) async fn at_one_moment(db: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    db.begin_with("begin isolation level repeatable read read only")
        .await
}
