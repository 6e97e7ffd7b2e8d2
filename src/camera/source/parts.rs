//! Pictures in a `multipart/x-mixed-replace` stream, as cameras write it.
//!
//! RFC 2046, section 5.1, and what cameras make of it: a boundary that is announced with its dashes
//! or without, quoted or not, or not at all; parts without a length; no line break before the next
//! boundary. Every bound has a name, and what is broken beyond recognition ends the stream.

use bytes::{Bytes, BytesMut};
use memchr::memmem;

/// The header of a part.
const HEAD_BYTES_MAX: usize = 8 << 10;
/// Between two parts, or before the first.
const GAP_BYTES_MAX: usize = 64 << 10;
/// The longest boundary: RFC 2046 allows 70 characters, dashes beside them.
const BOUNDARY_BYTES_MAX: usize = 80;

/// Why a stream is not, or not any more, one of parts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("it is not multipart/x-mixed-replace but {0:?}")]
    NotMultipart(String),
    #[error("its boundary is longer than {BOUNDARY_BYTES_MAX} characters, or empty")]
    Boundary,
    #[error("there is no boundary within {GAP_BYTES_MAX} bytes")]
    NoBoundary,
    #[error("the header of a part is longer than {HEAD_BYTES_MAX} bytes")]
    HeadTooLong,
    #[error("a part is larger than {bytes_max} bytes")]
    PartTooLarge { bytes_max: usize },
}

/// One part of the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Seconds since 1970 by the camera's clock, where it says so (`X-Timestamp`).
    pub stamped_s: Option<f64>,
    pub body: Bytes,
}

/// Takes the bytes of a stream and gives its parts.
#[derive(Debug)]
pub struct Parts {
    /// With its dashes; learnt from the first line that has it.
    boundary: Option<Vec<u8>>,
    /// As announced, without dashes; empty: whatever the first line says.
    name: Vec<u8>,
    bytes_max: usize,
    buffer: BytesMut,
    /// How much of the buffer holds no boundary.
    searched: usize,
    at: At,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum At {
    /// Before a boundary.
    Gap,
    /// Within a part's header.
    Head,
    Body {
        length: Option<usize>,
        stamped_s: Option<f64>,
    },
    /// After the last boundary.
    End,
}

impl Parts {
    /// `content_type`: of the answer; `bytes_max`: of a part.
    ///
    /// # Errors
    /// It announces something else.
    pub fn new(content_type: &str, bytes_max: usize) -> Result<Self, Malformed> {
        let mut fields = content_type.split(';');
        let kind = fields.next().unwrap_or_default().trim();
        if !kind.to_ascii_lowercase().starts_with("multipart/") {
            let kind = kind.chars().take(BOUNDARY_BYTES_MAX).collect();
            return Err(Malformed::NotMultipart(kind));
        }
        let announced = fields.find_map(|field| {
            let (key, value) = field.split_once('=')?;
            key.trim().eq_ignore_ascii_case("boundary").then_some(value)
        });
        let name = announced.unwrap_or_default().trim().trim_matches('"');
        if name.len() > BOUNDARY_BYTES_MAX {
            return Err(Malformed::Boundary);
        }
        Ok(Self {
            boundary: None,
            name: name.trim_start_matches('-').as_bytes().to_vec(),
            bytes_max,
            buffer: BytesMut::new(),
            searched: 0,
            at: At::Gap,
        })
    }

    /// More of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.at != At::End {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Whether the stream said that it is over.
    pub fn is_over(&self) -> bool {
        self.at == At::End
    }

    /// The next part that is there as a whole; `None`: more has to come first.
    ///
    /// # Errors
    /// The stream is broken: no more can be read of it.
    pub fn next_part(&mut self) -> Result<Option<Part>, Malformed> {
        loop {
            let going_on = match self.at {
                At::Gap => self.pass_gap()?,
                At::Head => self.pass_head()?,
                At::Body { length, stamped_s } => {
                    let body = match length {
                        Some(length) => self.take_counted(length)?,
                        None => self.take_to_boundary()?,
                    };
                    return Ok(body.map(|body| Part { stamped_s, body }));
                }
                At::End => false,
            };
            if !going_on {
                return Ok(None);
            }
        }
    }

    fn pass_gap(&mut self) -> Result<bool, Malformed> {
        if self.boundary.is_none() {
            self.boundary = self.learn()?;
        }
        let found = self.find_boundary();
        let Some((start, length)) = found else {
            if self.buffer.len() > GAP_BYTES_MAX {
                return Err(Malformed::NoBoundary);
            }
            return Ok(false);
        };
        let after = &self.buffer[start + length..];
        if after.starts_with(b"--") {
            self.move_to(At::End);
            self.buffer.clear();
            return Ok(false);
        }
        // what stands on the boundary's line goes with it
        let Some(line_end) = memchr::memchr(b'\n', after) else {
            if after.len() > HEAD_BYTES_MAX {
                return Err(Malformed::HeadTooLong);
            }
            // looked at again when its line is there
            self.searched = start;
            return Ok(false);
        };
        drop(self.buffer.split_to(start + length + line_end + 1));
        self.move_to(At::Head);
        Ok(true)
    }

    /// The boundary as it stands in the stream: with all dashes before the announced name, or the
    /// first line that begins with two.
    fn learn(&self) -> Result<Option<Vec<u8>>, Malformed> {
        let buffer = &self.buffer[..];
        let (start, end) = if self.name.is_empty() {
            let Some(start) = memmem::find(buffer, b"--") else {
                return Ok(None);
            };
            let Some(line) = memchr::memchr(b'\n', &buffer[start..]) else {
                return Ok(None);
            };
            let line = buffer[start..start + line].trim_ascii_end();
            (start, start + line.len())
        } else {
            let Some(name) = memmem::find(buffer, &self.name) else {
                return Ok(None);
            };
            let dashes = buffer[..name].iter().rev().take_while(|b| **b == b'-');
            (name - dashes.count(), name + self.name.len())
        };
        let boundary = &buffer[start..end];
        let dashes_only = boundary.iter().all(|b| *b == b'-');
        if boundary.len() > BOUNDARY_BYTES_MAX || dashes_only {
            return Err(Malformed::Boundary);
        }
        Ok(Some(boundary.to_vec()))
    }

    /// Where the next boundary begins, and its length.
    fn find_boundary(&mut self) -> Option<(usize, usize)> {
        let boundary = self.boundary.as_deref()?;
        let from = self.searched.min(self.buffer.len());
        match memmem::find(&self.buffer[from..], boundary) {
            Some(at) => Some((from + at, boundary.len())),
            None => {
                // it may have begun at the end
                self.searched = self.buffer.len().saturating_sub(boundary.len());
                None
            }
        }
    }

    fn pass_head(&mut self) -> Result<bool, Malformed> {
        let mut line_start = 0;
        let (mut length, mut stamped_s) = (None, None);
        while let Some(line) = memchr::memchr(b'\n', &self.buffer[line_start..]) {
            let text = self.buffer[line_start..line_start + line].trim_ascii();
            line_start += line + 1;
            if line_start > HEAD_BYTES_MAX {
                break;
            }
            if text.is_empty() {
                if length.is_some_and(|length| length > self.bytes_max) {
                    return Err(Malformed::PartTooLarge {
                        bytes_max: self.bytes_max,
                    });
                }
                drop(self.buffer.split_to(line_start));
                // of some cameras the length of a part is always 0, which says nothing
                length = length.filter(|length| *length > 0);
                self.move_to(At::Body { length, stamped_s });
                return Ok(true);
            }
            let field = std::str::from_utf8(text).ok();
            if let Some((key, value)) = field.and_then(|field| field.split_once(':')) {
                match key.trim().to_ascii_lowercase().as_str() {
                    "content-length" => length = value.trim().parse().ok(),
                    "x-timestamp" => stamped_s = value.trim().parse().ok(),
                    _ => {}
                }
            }
        }
        if self.buffer.len() > HEAD_BYTES_MAX {
            return Err(Malformed::HeadTooLong);
        }
        Ok(false)
    }

    fn take_counted(&mut self, length: usize) -> Result<Option<Bytes>, Malformed> {
        if self.buffer.len() < length {
            return Ok(None);
        }
        let body = self.buffer.split_to(length).freeze();
        self.move_to(At::Gap);
        Ok(Some(body))
    }

    fn take_to_boundary(&mut self) -> Result<Option<Bytes>, Malformed> {
        let found = self.find_boundary();
        let bytes_max = self.bytes_max;
        let Some((start, _)) = found else {
            if self.buffer.len() > bytes_max.saturating_add(BOUNDARY_BYTES_MAX) {
                return Err(Malformed::PartTooLarge { bytes_max });
            }
            return Ok(None);
        };
        if start > bytes_max.saturating_add(2) {
            return Err(Malformed::PartTooLarge { bytes_max });
        }
        let mut body = self.buffer.split_to(start).freeze();
        for end in [b"\n", b"\r"] {
            if body.ends_with(end) {
                body.truncate(body.len() - 1);
            }
        }
        self.move_to(At::Gap);
        Ok(Some(body))
    }

    fn move_to(&mut self, at: At) {
        self.at = at;
        self.searched = 0;
    }
}

#[cfg(test)]
#[path = "parts_tests.rs"]
mod tests;
