//! CQL2 text (OGC 21-065r2, Annex B), the part of it that can be asked of a tile's columns.

use chrono::{DateTime, NaiveDate};

use super::{Filter, Literal, Test};
use crate::tiles::points::column::Column;

/// Deeper ones are nobody's filter.
const DEPTH_MAX: usize = 64;
/// A list of values and a text are at most so long.
const VALUES_MAX: usize = 1000;

/// Not a filter of this layer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {at}: expected {expected}")]
pub(in crate::tiles) struct InvalidFilter {
    /// Characters before it.
    at: usize,
    expected: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A name or a word of the language, as it was written.
    Word(String),
    /// A name in double quotes: never a word of the language.
    Name(String),
    Text(String),
    Number(u64),
    Sign(&'static str),
    End,
}

const SIGNS: [&str; 9] = ["<=", ">=", "<>", "<", ">", "=", "(", ")", ","];

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, InvalidFilter> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    let at = |rest: &str| text[..text.len() - rest.len()].chars().count();
    while let Some(first) = rest.chars().next() {
        let here = at(rest);
        let (token, after) = match first {
            '\'' => {
                let (text, after) = quoted(rest, '\'').ok_or_else(|| wrong(here, "a closing '"))?;
                (Token::Text(text), after)
            }
            '"' => {
                let (name, after) = quoted(rest, '"').ok_or_else(|| wrong(here, "a closing \""))?;
                (Token::Name(name), after)
            }
            '0'..='9' => {
                let end = rest
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(rest.len());
                let number = rest[..end].parse();
                let number = number.map_err(|_too_large| wrong(here, "a smaller number"))?;
                (Token::Number(number), &rest[end..])
            }
            c if c.is_alphabetic() || c == '_' => {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
                let end = end.unwrap_or(rest.len());
                (Token::Word(rest[..end].to_owned()), &rest[end..])
            }
            _ => {
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
                let sign = sign.ok_or_else(|| wrong(here, "a name, a value or a sign"))?;
                (Token::Sign(sign), &rest[sign.len()..])
            }
        };
        tokens.push((here, token));
        rest = after.trim_start();
    }
    tokens.push((at(rest), Token::End));
    Ok(tokens)
}

/// What stands between quotes, a doubled one for one, and what comes after.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut content = String::new();
    let mut rest = &text[1..];
    loop {
        let end = rest.find(quote)?;
        content.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix(quote) {
            Some(after) => {
                content.push(quote);
                rest = after;
            }
            None => return Some((content, rest)),
        }
    }
}

fn wrong(at: usize, expected: impl Into<String>) -> InvalidFilter {
    InvalidFilter {
        at,
        expected: expected.into(),
    }
}

pub(super) fn parse(text: &str, columns: &[Column]) -> Result<Filter, InvalidFilter> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
        depth: 0,
        columns,
    };
    let filter = parser.either()?;
    if *parser.peek() == Token::End {
        Ok(filter)
    } else {
        Err(parser.wrong("and, or, or the end"))
    }
}

struct Parser<'a> {
    tokens: Vec<(usize, Token)>,
    next: usize,
    depth: usize,
    columns: &'a [Column],
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].1
    }

    fn wrong(&self, expected: impl Into<String>) -> InvalidFilter {
        wrong(self.tokens[self.next].0, expected)
    }

    fn take(&mut self) {
        // the end stays
        self.next = (self.next + 1).min(self.tokens.len() - 1);
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Token::Word(own) if own.eq_ignore_ascii_case(word));
        if is {
            self.take();
        }
        is
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Token::Sign(own) if *own == sign);
        if is {
            self.take();
        }
        is
    }

    fn word(&mut self, word: &str) -> Result<(), InvalidFilter> {
        if self.takes_word(word) {
            Ok(())
        } else {
            Err(self.wrong(word))
        }
    }

    fn sign(&mut self, sign: &str) -> Result<(), InvalidFilter> {
        if self.takes_sign(sign) {
            Ok(())
        } else {
            Err(self.wrong(sign))
        }
    }

    fn either(&mut self) -> Result<Filter, InvalidFilter> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.wrong("fewer brackets in each other"));
        }
        let mut all = vec![self.both()?];
        while self.takes_word("or") {
            all.push(self.both()?);
        }
        self.depth -= 1;
        Ok(one_or(all, Filter::Or))
    }

    fn both(&mut self) -> Result<Filter, InvalidFilter> {
        let mut all = vec![self.maybe_not()?];
        while self.takes_word("and") {
            all.push(self.maybe_not()?);
        }
        Ok(one_or(all, Filter::And))
    }

    fn maybe_not(&mut self) -> Result<Filter, InvalidFilter> {
        let mut not = false;
        while self.takes_word("not") {
            not = !not;
        }
        let filter = if self.takes_sign("(") {
            let inner = self.either()?;
            self.sign(")")?;
            inner
        } else {
            self.predicate()?
        };
        Ok(maybe_not(not, filter))
    }

    fn predicate(&mut self) -> Result<Filter, InvalidFilter> {
        let column = self.column()?;
        let of = |test| Filter::Of(column, test);
        for (sign, not, test) in [
            ("=", false, one as fn(Literal) -> Test),
            ("<>", true, one),
            ("<=", false, Test::LessOrEqual),
            (">=", true, Test::Less),
            ("<", false, Test::Less),
            (">", true, Test::LessOrEqual),
        ] {
            if self.takes_sign(sign) {
                return Ok(maybe_not(not, of(test(self.literal()?))));
            }
        }
        if self.takes_word("is") {
            let not = self.takes_word("not");
            self.word("null")?;
            return Ok(maybe_not(not, of(Test::IsNull)));
        }
        let not = self.takes_word("not");
        let filter = if self.takes_word("like") {
            let Token::Text(pattern) = self.peek().clone() else {
                return Err(self.wrong("a pattern in quotes"));
            };
            self.take();
            of(Test::Like(pattern))
        } else if self.takes_word("between") {
            let low = self.literal()?;
            self.word("and")?;
            let high = self.literal()?;
            Filter::And(vec![
                maybe_not(true, of(Test::Less(low))),
                of(Test::LessOrEqual(high)),
            ])
        } else if self.takes_word("in") {
            of(Test::OneOf(self.literals()?))
        } else {
            return Err(self.wrong("a comparison, like, between, in or is null"));
        };
        Ok(maybe_not(not, filter))
    }

    fn column(&mut self) -> Result<usize, InvalidFilter> {
        let position = match self.peek() {
            Token::Word(name) | Token::Name(name) => {
                self.columns.iter().position(|column| column.key == name)
            }
            Token::Text(_) | Token::Number(_) | Token::Sign(_) | Token::End => None,
        };
        let Some(position) = position else {
            let keys: Vec<&str> = self.columns.iter().map(|column| column.key).collect();
            return Err(self.wrong(format!("one of {}", keys.join(", "))));
        };
        self.take();
        Ok(position)
    }

    fn literals(&mut self) -> Result<Vec<Literal>, InvalidFilter> {
        self.sign("(")?;
        let mut all = vec![self.literal()?];
        while self.takes_sign(",") {
            if all.len() == VALUES_MAX {
                return Err(self.wrong(format!("at most {VALUES_MAX} values")));
            }
            all.push(self.literal()?);
        }
        self.sign(")")?;
        Ok(all)
    }

    fn literal(&mut self) -> Result<Literal, InvalidFilter> {
        let literal = match self.peek().clone() {
            Token::Text(text) => Literal::Text(text),
            Token::Number(number) => Literal::Number(number),
            Token::Word(word) if word.eq_ignore_ascii_case("timestamp") => {
                return self.moment("a moment as '2026-12-01T08:00:00Z'", |text| {
                    let moment = DateTime::parse_from_rfc3339(text).ok()?;
                    u64::try_from(moment.timestamp()).ok()
                });
            }
            Token::Word(word) if word.eq_ignore_ascii_case("date") => {
                return self.moment("a day as '2026-12-01'", |text| {
                    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
                    day.format("%Y%m%d").to_string().parse().ok()
                });
            }
            Token::Word(_) | Token::Name(_) | Token::Sign(_) | Token::End => {
                return Err(self.wrong("a text in quotes, a whole number, timestamp or date"));
            }
        };
        self.take();
        Ok(literal)
    }

    fn moment(
        &mut self,
        expected: &str,
        read: impl Fn(&str) -> Option<u64>,
    ) -> Result<Literal, InvalidFilter> {
        self.take();
        self.sign("(")?;
        let number = match self.peek() {
            Token::Text(text) => read(text),
            Token::Word(_) | Token::Name(_) | Token::Number(_) | Token::Sign(_) | Token::End => {
                None
            }
        };
        let number = number.ok_or_else(|| self.wrong(expected))?;
        self.take();
        self.sign(")")?;
        Ok(Literal::Number(number))
    }
}

fn one(literal: Literal) -> Test {
    Test::OneOf(vec![literal])
}

fn maybe_not(not: bool, filter: Filter) -> Filter {
    if not {
        Filter::Not(Box::new(filter))
    } else {
        filter
    }
}

fn one_or(mut all: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    match all.pop() {
        Some(only) if all.is_empty() => only,
        Some(last) => {
            all.push(last);
            many(all)
        }
        None => many(all),
    }
}
