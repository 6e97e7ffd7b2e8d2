//! What points say about themselves: attributes in columns.

/// One attribute of every point of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tiles) struct Column {
    /// As the tile names it.
    pub(in crate::tiles) key: &'static str,
    pub(in crate::tiles) kind: Kind,
}

/// How an attribute's values are held and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tiles) enum Kind {
    /// Many points have the same value: a tile holds it once.
    Shared,
    /// Every point has its own, such as a code: a tile does not look for equal ones.
    Own,
    /// A whole number below 2³² - 1 that stands for itself, such as a moment in seconds.
    Number,
}

/// The value of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tiles) enum Value<'a> {
    Text(&'a str),
    Number(u64),
}

/// Stands in a column where a point has no value.
pub(super) const ABSENT: u32 = u32::MAX;
