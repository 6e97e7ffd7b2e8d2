//! CQL2 text (OGC 21-065r2, Annex B).

#![expect(clippy::wildcard_enum_match_arm, reason = "few fit")]

use geozero::ToGeo as _;
use geozero::wkt::Wkt;

use super::{
    Bound, CHARS_MAX, DEPTH_MAX, Expr, InvalidFilter, bound, corners, date, spelled, timestamp,
};

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A name or a word of the language, as it was written.
    Word(String),
    /// A name in double quotes: never a word of the language.
    Name(String),
    Text(String),
    Number(f64),
    Sign(&'static str),
    End,
}

/// Where a token begins and ends, in bytes, and what it is.
struct Placed {
    begin: usize,
    end: usize,
    token: Token,
}

const SIGNS: [&str; 15] = [
    "<=", ">=", "<>", "<", ">", "=", "(", ")", ",", "+", "-", "*", "/", "%", "^",
];

/// Words that begin a geometry in well-known text.
const GEOMETRIES: [&str; 7] = [
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
];

pub(super) fn parse(text: &str) -> Result<Expr, InvalidFilter> {
    if text.len() > CHARS_MAX {
        return Err(wrong(text, 0, "a shorter filter"));
    }
    let mut parser = Parser {
        text,
        tokens: tokens(text)?,
        next: 0,
        depth: 0,
    };
    let filter = parser.either()?;
    if *parser.peek() == Token::End {
        Ok(filter)
    } else {
        Err(parser.wrong("and, or, or the end"))
    }
}

fn wrong(text: &str, at: usize, expected: impl Into<String>) -> InvalidFilter {
    InvalidFilter::Text {
        at: text[..at].chars().count(),
        expected: expected.into(),
    }
}

fn is_in_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | ':' | '.')
}

fn tokens(text: &str) -> Result<Vec<Placed>, InvalidFilter> {
    let mut tokens = Vec::new();
    let mut begin = 0;
    loop {
        let rest = &text[begin..];
        begin += rest.len() - rest.trim_start().len();
        let rest = &text[begin..];
        let Some(first) = rest.chars().next() else {
            break;
        };
        let (token, length) = match first {
            '\'' => {
                let (text, length) =
                    quoted(rest, '\'').ok_or_else(|| wrong(text, begin, "a closing '"))?;
                (Token::Text(text), length)
            }
            '"' => {
                let (name, length) =
                    quoted(rest, '"').ok_or_else(|| wrong(text, begin, "a closing \""))?;
                (Token::Name(name), length)
            }
            '0'..='9' => {
                let length = number_length(rest);
                let number = rest[..length].parse().ok();
                let number = number.ok_or_else(|| wrong(text, begin, "a number"))?;
                (Token::Number(number), length)
            }
            c if c.is_alphabetic() || matches!(c, '_' | ':') => {
                let length = rest.find(|c| !is_in_name(c)).unwrap_or(rest.len());
                (Token::Word(rest[..length].to_owned()), length)
            }
            _ => {
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
                let sign = sign.ok_or_else(|| wrong(text, begin, "a name, a value or a sign"))?;
                (Token::Sign(sign), sign.len())
            }
        };
        let end = begin + length;
        tokens.push(Placed { begin, end, token });
        begin = end;
    }
    let end = text.len();
    tokens.push(Placed {
        begin: end,
        end,
        token: Token::End,
    });
    Ok(tokens)
}

/// What stands between quotes, a doubled one for one, and how many bytes it takes with them.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
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
            None => return Some((content, text.len() - rest.len())),
        }
    }
}

/// Digits, a fraction and an exponent.
fn number_length(text: &str) -> usize {
    let digits = |from: usize| {
        let rest = &text[from..];
        from + rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len())
    };
    let mut end = digits(0);
    if text[end..].starts_with('.') {
        end = digits(end + 1);
    }
    let sign = text[end..].strip_prefix(['e', 'E']).map(|exponent| {
        let has_sign = exponent.starts_with(['+', '-']);
        end + 1 + usize::from(has_sign)
    });
    match sign.map(|from| (from, digits(from))) {
        Some((from, exponent)) if exponent > from => exponent,
        _ => end,
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Placed>,
    next: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].token
    }

    fn wrong(&self, expected: impl Into<String>) -> InvalidFilter {
        wrong(self.text, self.tokens[self.next].begin, expected)
    }

    fn take(&mut self) {
        // the end stays
        self.next = (self.next + 1).min(self.tokens.len() - 1);
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(own) if own.eq_ignore_ascii_case(word))
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        if is {
            self.take();
        }
        is
    }

    /// One of several signs or words, as it is spelled here.
    fn takes_any<const N: usize>(&mut self, of: [&'static str; N]) -> Option<&'static str> {
        let found = match self.peek() {
            Token::Sign(own) => of.into_iter().find(|one| one == own),
            Token::Word(own) => of.into_iter().find(|one| one.eq_ignore_ascii_case(own)),
            Token::Name(_) | Token::Text(_) | Token::Number(_) | Token::End => None,
        };
        if found.is_some() {
            self.take();
        }
        found
    }

    fn word(&mut self, word: &str) -> Result<(), InvalidFilter> {
        if self.takes_word(word) {
            Ok(())
        } else {
            Err(self.wrong(word))
        }
    }

    fn sign(&mut self, sign: &'static str) -> Result<(), InvalidFilter> {
        if self.takes_any([sign]).is_some() {
            Ok(())
        } else {
            Err(self.wrong(sign))
        }
    }

    fn either(&mut self) -> Result<Expr, InvalidFilter> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.wrong("fewer brackets in each other"));
        }
        let mut all = vec![self.both()?];
        while self.takes_word("or") {
            all.push(self.both()?);
        }
        self.depth -= 1;
        Ok(one_or("or", all))
    }

    fn both(&mut self) -> Result<Expr, InvalidFilter> {
        let mut all = vec![self.maybe_not()?];
        while self.takes_word("and") {
            all.push(self.maybe_not()?);
        }
        Ok(one_or("and", all))
    }

    fn maybe_not(&mut self) -> Result<Expr, InvalidFilter> {
        let mut not = false;
        while self.takes_word("not") {
            not = !not;
        }
        let filter = self.predicate()?;
        Ok(maybe_not(not, filter))
    }

    /// A comparison, or an expression that is true or false by itself.
    fn predicate(&mut self) -> Result<Expr, InvalidFilter> {
        let left = self.sum()?;
        if let Some(op) = self.takes_any(["=", "<>", "<=", ">=", "<", ">"]) {
            return Ok(Expr::call(op, [left, self.sum()?]));
        }
        if self.takes_word("is") {
            let not = self.takes_word("not");
            self.word("null")?;
            return Ok(maybe_not(not, Expr::call("isNull", [left])));
        }
        let not = self.takes_word("not");
        let filter = match self.takes_any(["like", "between", "in"]) {
            Some("between") => {
                let low = self.sum()?;
                self.word("and")?;
                Expr::call("between", [left, low, self.sum()?])
            }
            Some("in") => {
                self.sign("(")?;
                let list = Expr::List(self.list()?);
                Expr::call("in", [left, list])
            }
            Some(like) => Expr::call(like, [left, self.sum()?]),
            None if not => return Err(self.wrong("like, between or in")),
            None => left,
        };
        Ok(maybe_not(not, filter))
    }

    fn sum(&mut self) -> Result<Expr, InvalidFilter> {
        let mut left = self.product()?;
        while let Some(op) = self.takes_any(["+", "-"]) {
            left = Expr::call(op, [left, self.product()?]);
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expr, InvalidFilter> {
        let mut left = self.power()?;
        while let Some(op) = self.takes_any(["*", "/", "%", "div"]) {
            left = Expr::call(op, [left, self.power()?]);
        }
        Ok(left)
    }

    fn power(&mut self) -> Result<Expr, InvalidFilter> {
        let base = self.signed()?;
        match self.takes_any(["^"]) {
            Some(op) => Ok(Expr::call(op, [base, self.signed()?])),
            None => Ok(base),
        }
    }

    fn signed(&mut self) -> Result<Expr, InvalidFilter> {
        let minus = self.takes_any(["+", "-"]) == Some("-");
        let operand = self.operand()?;
        Ok(match operand {
            Expr::Number(number) if minus => Expr::Number(-number),
            other if minus => Expr::call("*", [Expr::Number(-1.0), other]),
            other => other,
        })
    }

    fn operand(&mut self) -> Result<Expr, InvalidFilter> {
        let token = self.peek().clone();
        let begin = self.tokens[self.next].begin;
        match token {
            Token::Text(text) => {
                self.take();
                Ok(Expr::Text(text))
            }
            Token::Number(number) => {
                self.take();
                Ok(Expr::Number(number))
            }
            Token::Name(name) => {
                self.take();
                self.property_or_call(name)
            }
            Token::Sign("(") => {
                self.take();
                let mut all = self.list()?;
                match all.len() {
                    1 => Ok(all.remove(0)),
                    _ => Ok(Expr::List(all)),
                }
            }
            Token::Word(word) => {
                self.take();
                self.after_word(&word, begin)
            }
            Token::Sign(_) | Token::End => Err(self.wrong("a name, a value or a bracket")),
        }
    }

    /// What begins with a word that was taken.
    fn after_word(&mut self, word: &str, begin: usize) -> Result<Expr, InvalidFilter> {
        let upper = word.to_ascii_uppercase();
        let is_before_bracket = *self.peek() == Token::Sign("(");
        match upper.as_str() {
            "TRUE" => Ok(Expr::Bool(true)),
            "FALSE" => Ok(Expr::Bool(false)),
            "DATE" if is_before_bracket => {
                self.in_brackets("a day as '2026-12-01'", |text| date(text).map(Expr::Date))
            }
            "TIMESTAMP" if is_before_bracket => {
                let expected = "a moment as '2026-12-01T08:00:00Z'";
                self.in_brackets(expected, |text| timestamp(text).map(Expr::Timestamp))
            }
            "INTERVAL" if is_before_bracket => self.interval(),
            "BBOX" if is_before_bracket => self.bbox(),
            geometry if GEOMETRIES.contains(&geometry) && self.is_geometry() => self.wkt(begin),
            _ => self.property_or_call(word.to_owned()),
        }
    }

    /// Whether the word before begins well-known text and is no name.
    fn is_geometry(&self) -> bool {
        *self.peek() == Token::Sign("(")
            || ["Z", "M", "ZM", "EMPTY"]
                .into_iter()
                .any(|word| self.is_word(word))
    }

    fn property_or_call(&mut self, name: String) -> Result<Expr, InvalidFilter> {
        if self.takes_any(["("]).is_none() {
            return Ok(Expr::Property(name));
        }
        let args = if self.takes_any([")"]).is_some() {
            Vec::new()
        } else {
            self.list()?
        };
        let op = spelled(&name);
        Ok(Expr::Call { op, args })
    }

    /// Expressions with commas between them and a bracket behind.
    fn list(&mut self) -> Result<Vec<Expr>, InvalidFilter> {
        let mut all = vec![self.either()?];
        while self.takes_any([","]).is_some() {
            all.push(self.either()?);
        }
        self.sign(")")?;
        Ok(all)
    }

    fn quoted_text(&mut self) -> Option<String> {
        let Token::Text(text) = self.peek().clone() else {
            return None;
        };
        self.take();
        Some(text)
    }

    fn in_brackets(
        &mut self,
        expected: &str,
        read: impl Fn(&str) -> Option<Expr>,
    ) -> Result<Expr, InvalidFilter> {
        self.sign("(")?;
        let unexpected = self.wrong(expected);
        let value = self.quoted_text().and_then(|text| read(&text));
        let value = value.ok_or(unexpected)?;
        self.sign(")")?;
        Ok(value)
    }

    fn interval(&mut self) -> Result<Expr, InvalidFilter> {
        self.sign("(")?;
        let from = self.bound()?;
        self.sign(",")?;
        let to = self.bound()?;
        self.sign(")")?;
        Ok(Expr::Interval(Box::new([from, to])))
    }

    fn bound(&mut self) -> Result<Bound, InvalidFilter> {
        let unexpected = self.wrong("a day, a moment, '..' or a property");
        match self.quoted_text() {
            Some(text) => bound(&text).ok_or(unexpected),
            None => self.sum().map(Bound::At),
        }
    }

    fn bbox(&mut self) -> Result<Expr, InvalidFilter> {
        let unexpected = self.wrong("four or six numbers");
        self.sign("(")?;
        let numbers: Option<Vec<f64>> = { self.list()?.into_iter() }
            .map(|corner| match corner {
                Expr::Number(number) => Some(number),
                _ => None,
            })
            .collect();
        let corners = numbers.and_then(|numbers| corners(&numbers));
        corners.map(Expr::BBox).ok_or(unexpected)
    }

    /// Well-known text that begins with a word that was taken, up to the bracket that ends it.
    fn wkt(&mut self, begin: usize) -> Result<Expr, InvalidFilter> {
        let unexpected = wrong(self.text, begin, "a geometry in well-known text");
        let mut open = 0_usize;
        loop {
            let end = self.tokens[self.next].end;
            match self.peek() {
                Token::Sign("(") => open += 1,
                Token::Sign(")") => open = open.saturating_sub(1),
                Token::End => return Err(unexpected),
                Token::Word(word) if open == 0 && !word.eq_ignore_ascii_case("empty") => {
                    self.take();
                    continue;
                }
                _ => {}
            }
            self.take();
            if open == 0 {
                let text = &self.text[begin..end];
                // heights are often written without saying so
                let high = text.replacen('(', " Z (", 1);
                let geometry = Wkt(text).to_geo();
                let geometry = geometry.or_else(|_flat| Wkt(high.as_str()).to_geo());
                return geometry.map(Expr::Geometry).map_err(|_not_wkt| unexpected);
            }
        }
    }
}

fn maybe_not(not: bool, filter: Expr) -> Expr {
    if not {
        Expr::call("not", [filter])
    } else {
        filter
    }
}

/// A chain of the same word is one call.
fn one_or(op: &str, mut all: Vec<Expr>) -> Expr {
    if all.len() == 1 {
        return all.remove(0);
    }
    let op = op.to_owned();
    Expr::Call { op, args: all }
}
