//! Which points of a layer are wanted: predicates on its columns.

mod cql2;

use super::column::{ABSENT, Column, Kind, Value};
use super::dictionary::Dictionary;
use super::layer::PointLayer;

pub(in crate::tiles) use cql2::InvalidFilter;

/// A predicate. What is said of a value that a point does not have is neither true nor false, as in
/// SQL, and only what is true holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::tiles) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    /// By the column's position.
    Of(usize, Test),
}

/// What is asked of one value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::tiles) enum Test {
    IsNull,
    OneOf(Vec<Literal>),
    Less(Literal),
    LessOrEqual(Literal),
    /// With `%` for any text and `_` for any character.
    Like(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::tiles) enum Literal {
    Text(String),
    Number(u64),
}

impl Test {
    fn holds(&self, value: Option<Value<'_>>) -> Option<bool> {
        if matches!(self, Self::IsNull) {
            return Some(value.is_none());
        }
        let value = value?;
        Some(match self {
            Self::IsNull => false,
            Self::OneOf(literals) => literals.iter().any(|one| one.is(value)),
            Self::Less(literal) => literal.compared(value).is_some_and(|it| it.is_gt()),
            Self::LessOrEqual(literal) => literal.compared(value).is_some_and(|it| it.is_ge()),
            Self::Like(pattern) => match value {
                Value::Text(text) => like(pattern, text),
                Value::Number(_) => false,
            },
        })
    }
}

impl Literal {
    fn is(&self, value: Value<'_>) -> bool {
        self.compared(value).is_some_and(std::cmp::Ordering::is_eq)
    }

    /// How it stands to a value; numbers and texts cannot be compared.
    fn compared(&self, value: Value<'_>) -> Option<std::cmp::Ordering> {
        match (self, value) {
            (Self::Text(own), Value::Text(other)) => Some(own.as_str().cmp(other)),
            (Self::Number(own), Value::Number(other)) => Some(own.cmp(&other)),
            (Self::Text(_), Value::Number(_)) | (Self::Number(_), Value::Text(_)) => None,
        }
    }
}

/// Whether a text is like a pattern, in time linear in either for each `%`.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut last_any: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('%') => {
                last_any = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '_' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match &mut last_any {
                // the last % takes one character more
                Some((any, from)) => {
                    *from += 1;
                    (p, t) = (*any + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '%')
}

/// A filter ready to be asked of every point of a layer as it is now.
pub(in crate::tiles) struct Prepared<'a>(Node<'a>);

enum Node<'a> {
    And(Vec<Node<'a>>),
    Or(Vec<Node<'a>>),
    Not(Box<Node<'a>>),
    /// Answers by word, and for no value.
    Words(usize, Vec<Option<bool>>, Option<bool>),
    Own(usize, &'a Dictionary, &'a Test),
    Number(usize, &'a Test),
}

impl PointLayer {
    /// Asks a filter of every shared value once, instead of at every point.
    pub(in crate::tiles) fn prepare<'a>(&'a self, filter: &'a Filter) -> Prepared<'a> {
        Prepared(self.node(filter))
    }

    fn node<'a>(&'a self, filter: &'a Filter) -> Node<'a> {
        let all = |filters: &'a [Filter]| filters.iter().map(|one| self.node(one)).collect();
        match filter {
            Filter::And(filters) => Node::And(all(filters)),
            Filter::Or(filters) => Node::Or(all(filters)),
            Filter::Not(filter) => Node::Not(Box::new(self.node(filter))),
            Filter::Of(column, test) => {
                let words = &self.dictionaries[*column];
                match self.columns[*column].kind {
                    Kind::Shared => {
                        let count = u32::try_from(words.len()).expect("fewer than 2^32 values");
                        let answers = (0..count).map(|word| test.holds(Some(words.value(word))));
                        Node::Words(*column, answers.collect(), test.holds(None))
                    }
                    Kind::Own => Node::Own(*column, words, test),
                    Kind::Number => Node::Number(*column, test),
                }
            }
        }
    }
}

impl Prepared<'_> {
    /// Whether it is true of a point with these words.
    #[inline]
    pub(in crate::tiles) fn holds(&self, words: &[u32]) -> bool {
        self.0.answer(words) == Some(true)
    }
}

impl Node<'_> {
    fn answer(&self, words: &[u32]) -> Option<bool> {
        match self {
            Self::And(all) => all
                .iter()
                .try_fold(Some(true), |so_far, one| {
                    match (so_far, one.answer(words)) {
                        (_, Some(false)) => Err(()),
                        (Some(true), answer) => Ok(answer),
                        (unknown, _) => Ok(unknown),
                    }
                })
                .unwrap_or(Some(false)),
            Self::Or(all) => all
                .iter()
                .try_fold(Some(false), |so_far, one| {
                    match (so_far, one.answer(words)) {
                        (_, Some(true)) => Err(()),
                        (Some(false), answer) => Ok(answer),
                        (unknown, _) => Ok(unknown),
                    }
                })
                .unwrap_or(Some(true)),
            Self::Not(one) => one.answer(words).map(|answer| !answer),
            Self::Words(column, answers, of_none) => match words[*column] {
                ABSENT => *of_none,
                word => answers[word as usize],
            },
            Self::Own(column, dictionary, test) => match words[*column] {
                ABSENT => test.holds(None),
                word => test.holds(Some(dictionary.value(word))),
            },
            Self::Number(column, test) => match words[*column] {
                ABSENT => test.holds(None),
                number => test.holds(Some(Value::Number(u64::from(number)))),
            },
        }
    }
}

impl Filter {
    /// About how many bytes it holds.
    pub(in crate::tiles) fn bytes(&self) -> usize {
        let text = |literal: &Literal| match literal {
            Literal::Text(text) => text.len(),
            Literal::Number(_) => 0,
        };
        let own = match self {
            Self::And(all) | Self::Or(all) => all.iter().map(Self::bytes).sum(),
            Self::Not(one) => one.bytes(),
            Self::Of(_, Test::OneOf(literals)) => literals
                .iter()
                .map(|literal| size_of::<Literal>() + text(literal))
                .sum(),
            Self::Of(_, Test::Less(literal) | Test::LessOrEqual(literal)) => text(literal),
            Self::Of(_, Test::Like(pattern)) => pattern.len(),
            Self::Of(_, Test::IsNull) => 0,
        };
        size_of::<Self>() + own
    }

    /// Reads CQL2 text (OGC 21-065r2): `and`, `or`, `not`, comparisons, `between`, `in`, `like`,
    /// `is null`, on these columns. A timestamp is compared as seconds since 1970, a date as
    /// `yyyymmdd`, as the tiles hold them.
    ///
    /// # Errors
    /// Where it ends to be such a filter, and what would be right there.
    pub(in crate::tiles) fn parse(text: &str, columns: &[Column]) -> Result<Self, InvalidFilter> {
        cql2::parse(text, columns)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
