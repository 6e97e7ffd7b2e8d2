//! The one thing a picture may say about itself: which way up it is. EXIF 2.32, tag 0x0112.

/// The rows of the file are the rows of the picture, from the top.
pub const UPRIGHT: u8 = 1;

const APP1: u8 = 0xE1;
const START_OF_SCAN: u8 = 0xDA;
const ORIENTATION: u16 = 0x0112;
const SHORT: u16 = 3;
/// Bytes of one entry of a directory.
const ENTRY: usize = 12;

/// 1 to 8; [`UPRIGHT`] where nothing sensible is said.
pub fn orientation(jpeg: &[u8]) -> u8 {
    let said = exif(jpeg).and_then(oriented);
    said.filter(|said| (1..=8).contains(said))
        .unwrap_or(UPRIGHT)
}

/// The TIFF inside the first EXIF segment before the picture's data.
fn exif(jpeg: &[u8]) -> Option<&[u8]> {
    let mut rest = jpeg.strip_prefix(&[0xFF, 0xD8])?;
    loop {
        let [0xFF, marker, after @ ..] = rest else {
            return None;
        };
        if *marker == 0xFF {
            rest = &rest[1..];
            continue;
        }
        if *marker == START_OF_SCAN {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([*after.first()?, *after.get(1)?]));
        let segment = after.get(2..length)?;
        if *marker == APP1
            && let Some(tiff) = segment.strip_prefix(b"Exif\0\0")
        {
            return Some(tiff);
        }
        rest = &after[length..];
    }
}

fn oriented(tiff: &[u8]) -> Option<u8> {
    let little = match tiff.get(..2)? {
        b"II" => true,
        b"MM" => false,
        _ => return None,
    };
    let short = |at: usize| -> Option<u16> {
        let bytes = [*tiff.get(at)?, *tiff.get(at + 1)?];
        Some(if little {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        })
    };
    let long = |at: usize| -> Option<usize> {
        let (first, second) = (usize::from(short(at)?), usize::from(short(at + 2)?));
        Some(if little {
            second << 16 | first
        } else {
            first << 16 | second
        })
    };
    let directory = long(4)?;
    let entries = usize::from(short(directory)?);
    let mut entries = (0..entries).map(|number| directory + 2 + number * ENTRY);
    let entry =
        entries.find(|at| short(*at) == Some(ORIENTATION) && short(at + 2) == Some(SHORT))?;
    u8::try_from(short(entry + 8)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The beginning of a JPEG with an EXIF segment that says so, and where it was taken.
    fn jpeg(order: &[u8; 2], orientation: u16) -> Vec<u8> {
        let short = |value: u16| match order {
            b"II" => value.to_le_bytes(),
            _ => value.to_be_bytes(),
        };
        let long = |value: u32| match order {
            b"II" => value.to_le_bytes(),
            _ => value.to_be_bytes(),
        };
        let mut tiff = order.to_vec();
        tiff.extend(short(42));
        tiff.extend(long(8));
        tiff.extend(short(2));
        for (tag, kind, value) in [(0x010F, 2, 0), (ORIENTATION, SHORT, orientation)] {
            tiff.extend(short(tag));
            tiff.extend(short(kind));
            tiff.extend(long(1));
            tiff.extend(short(value));
            tiff.extend([0, 0]);
        }
        tiff.extend([0; 4]);
        let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xE1];
        bytes.extend(u16::try_from(tiff.len() + 8).unwrap().to_be_bytes());
        bytes.extend(b"Exif\0\0");
        bytes.extend(tiff);
        bytes.extend([0xFF, 0xDA]);
        bytes
    }

    #[test]
    fn both_byte_orders_are_read_and_nonsense_is_upright() {
        for order in [b"II", b"MM"] {
            for value in 1..=8 {
                assert_eq!(
                    orientation(&jpeg(order, value)),
                    u8::try_from(value).unwrap()
                );
            }
            for nonsense in [0, 9, 300] {
                assert_eq!(orientation(&jpeg(order, nonsense)), UPRIGHT);
            }
        }
        assert_eq!(orientation(b""), UPRIGHT);
        assert_eq!(orientation(b"\xFF\xD8\xFF\xDA"), UPRIGHT);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(cut in 0_usize..80, at in 0_usize..60, byte: u8) {
            let mut bytes = jpeg(b"II", 6);
            if let Some(changed) = bytes.get_mut(at) {
                *changed = byte;
            }
            bytes.truncate(cut);
            orientation(&bytes);
        }
    }
}
