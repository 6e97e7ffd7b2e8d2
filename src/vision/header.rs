//! The size a JPEG declares.

use super::fit::Size;

/// Walks the segments to the start of frame; `None` if there is none.
pub(super) fn size_from_header(jpeg: &[u8]) -> Option<Size> {
    let mut rest = jpeg.strip_prefix(&[0xFF, 0xD8])?;
    loop {
        let (&[0xFF, marker], after) = rest.split_first_chunk::<2>()? else {
            return None;
        };
        if marker == 0xFF {
            rest = &rest[1..];
            continue;
        }
        let len = usize::from(u16::from_be_bytes(*after.first_chunk()?));
        // C4, C8 and CC are tables, the others of C0 to CF start a frame.
        if matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC) {
            let &[_, _, _, h1, h0, w1, w0] = after.first_chunk::<7>()?;
            let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
            return (width > 0 && height > 0).then(|| Size {
                width: width.into(),
                height: height.into(),
            });
        }
        rest = after.get(len.max(2)..)?;
    }
}
