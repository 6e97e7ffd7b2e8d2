//! Whether the server's PostGIS is new enough.

use std::fmt;
use std::str::FromStr;

use sqlx::PgConnection;

/// A PostGIS version as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PostgisVersion {
    pub major: u32,
    pub minor: u32,
}

impl PostgisVersion {
    /// The oldest that will do.
    pub const OLDEST: Self = Self { major: 3, minor: 3 };

    /// Refuses a version that is too old, naming it.
    ///
    /// # Errors
    /// [`PostgisProblem::TooOld`].
    pub fn require_new_enough(self) -> Result<(), PostgisProblem> {
        if self < Self::OLDEST {
            return Err(PostgisProblem::TooOld(self));
        }
        Ok(())
    }
}

impl fmt::Display for PostgisVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Text that is not a PostGIS version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a PostGIS version")]
pub struct InvalidVersion(String);

impl FromStr for PostgisVersion {
    type Err = InvalidVersion;

    /// Reads `3.3.2` or `3.5.0dev`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('.').map(str::parse);
        match (parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Ok(Self { major, minor }),
            _ => Err(InvalidVersion(text.to_owned())),
        }
    }
}

/// Why a server cannot hold the city.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostgisProblem {
    #[error(
        "the database server has no PostGIS; install PostGIS {} or newer there",
        PostgisVersion::OLDEST
    )]
    Missing,
    #[error(
        "the database server has PostGIS {0}, which is too old; {oldest} or newer is needed",
        oldest = PostgisVersion::OLDEST
    )]
    TooOld(PostgisVersion),
}

/// Checks the extension in this database or, where it is not created yet, the one the server
/// would create.
pub(super) async fn check(db: &mut PgConnection) -> anyhow::Result<PostgisVersion> {
    let version: Option<String> = sqlx::query_scalar(
        "select coalesce(installed_version, default_version)
         from pg_available_extensions where name = 'postgis'",
    )
    .fetch_optional(db)
    .await?
    .flatten();
    let version: PostgisVersion = version.ok_or(PostgisProblem::Missing)?.parse()?;
    version.require_new_enough()?;
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_version_is_refused_by_name() {
        let found: PostgisVersion = "3.2.1".parse().unwrap();
        let problem = found.require_new_enough().unwrap_err();
        assert_eq!(
            problem.to_string(),
            "the database server has PostGIS 3.2, which is too old; 3.3 or newer is needed"
        );
    }

    #[test]
    fn versions_compare_by_number_not_by_text() {
        let oldest = PostgisVersion::OLDEST;
        for (text, enough) in [
            ("2.5.9", false),
            ("3.3", true),
            ("3.3.2", true),
            ("3.10.0dev", true),
            ("4.0.0", true),
        ] {
            let version: PostgisVersion = text.parse().unwrap();
            assert_eq!(version >= oldest, enough, "{text}");
        }
        assert!("unknown".parse::<PostgisVersion>().is_err());
    }
}
