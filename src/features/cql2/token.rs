//! CQL2 text as tokens.

use super::InvalidFilter;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
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
pub(super) struct Placed {
    pub(super) begin: usize,
    pub(super) end: usize,
    pub(super) token: Token,
}

const SIGNS: [&str; 15] = [
    "<=", ">=", "<>", "<", ">", "=", "(", ")", ",", "+", "-", "*", "/", "%", "^",
];

pub(super) fn wrong(text: &str, at: usize, expected: impl Into<String>) -> InvalidFilter {
    InvalidFilter::Text {
        at: text[..at].chars().count(),
        expected: expected.into(),
    }
}

fn is_in_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | ':' | '.')
}

pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, InvalidFilter> {
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
