//! CQL2 text (OGC 21-065r2, Annex B).

#![expect(clippy::wildcard_enum_match_arm, reason = "few fit")]

use geozero::ToGeo as _;
use geozero::wkt::Wkt;

use super::token::{Placed, Token, tokens, wrong};
use super::{
    Bound, CHARS_MAX, DEPTH_MAX, Expr, InvalidFilter, bound, corners, date, spelled, timestamp,
};

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

/// Brackets in each other that well-known text needs: an area of areas in a collection.
const WKT_DEPTH_MAX: usize = 8;

/// `+ - * /` of a filter. In a row they stand in each other, and who goes through them goes as deep.
const OPERATORS_MAX: usize = 64;

pub(super) fn parse(text: &str) -> Result<Expr, InvalidFilter> {
    if text.len() > CHARS_MAX {
        return Err(wrong(text, 0, "a shorter filter"));
    }
    let mut parser = Parser {
        text,
        tokens: tokens(text)?,
        next: 0,
        depth: 0,
        operators: 0,
    };
    let filter = parser.either()?;
    if *parser.peek() == Token::End {
        Ok(filter)
    } else {
        Err(parser.wrong("and, or, or the end"))
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Placed>,
    next: usize,
    depth: usize,
    operators: usize,
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
        let mut all = vec![self.both()?];
        while self.takes_word("or") {
            all.push(self.both()?);
        }
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
            self.one_more_operator()?;
            left = Expr::call(op, [left, self.product()?]);
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expr, InvalidFilter> {
        let mut left = self.power()?;
        while let Some(op) = self.takes_any(["*", "/", "%", "div"]) {
            self.one_more_operator()?;
            left = Expr::call(op, [left, self.power()?]);
        }
        Ok(left)
    }

    fn one_more_operator(&mut self) -> Result<(), InvalidFilter> {
        self.operators += 1;
        if self.operators > OPERATORS_MAX {
            return Err(self.wrong("less to compute"));
        }
        Ok(())
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

    /// Whatever stands in something else is one.
    fn operand(&mut self) -> Result<Expr, InvalidFilter> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.wrong("fewer brackets in each other"));
        }
        let operand = self.next_operand()?;
        self.depth -= 1;
        Ok(operand)
    }

    fn next_operand(&mut self) -> Result<Expr, InvalidFilter> {
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
                Token::Sign("(") if open == WKT_DEPTH_MAX => return Err(unexpected),
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
