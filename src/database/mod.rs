//! The database: embedded or given, migrations, the pool.

/// The schema, applied at every start.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
