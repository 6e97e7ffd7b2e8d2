//! A camera's `multipart/x-mixed-replace`: however it is cut, the same parts come of it.
//!
//! The input is a content type, a line break, and the stream; its first byte says how it is cut.
#![no_main]

#[allow(dead_code, reason = "a target uses a part of the file")]
#[path = "../../src/camera/source/parts.rs"]
mod parts;

use libfuzzer_sys::fuzz_target;
use parts::{Malformed, Part, Parts};

const PART_BYTES_MAX: usize = 1 << 10;

fn read(content_type: &str, stream: &[u8], piece: usize) -> Result<Vec<Part>, Malformed> {
    let mut parts = Parts::new(content_type, PART_BYTES_MAX)?;
    let mut all = Vec::new();
    for bytes in stream.chunks(piece) {
        parts.push(bytes);
        while let Some(part) = parts.next_part()? {
            assert!(part.body.len() <= PART_BYTES_MAX + 2);
            all.push(part);
        }
    }
    Ok(all)
}

fuzz_target!(|bytes: &[u8]| {
    let Some((cut, rest)) = bytes.split_first() else {
        return;
    };
    let line = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
    let content_type = String::from_utf8_lossy(&rest[..line]);
    let stream = rest.get(line + 1..).unwrap_or_default();
    let cut = read(&content_type, stream, usize::from(*cut).max(1));
    let whole = read(&content_type, stream, usize::MAX);
    // a bound may be noticed sooner or later; what both read is the same
    if let (Ok(cut), Ok(whole)) = (cut, whole) {
        let bodies = |parts: Vec<Part>| parts.into_iter().map(|part| part.body).collect::<Vec<_>>();
        assert_eq!(bodies(cut), bodies(whole));
    }
});
