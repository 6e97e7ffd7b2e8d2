//! What a JPEG's header says, read without decoding a pixel.
//!
//! Guards the decoder: whatever passes here is a complete baseline or progressive JPEG of bounded
//! size. Markers as in ITU-T T.81, annex B.

/// Dimensions of a picture, pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JpegSize {
    pub width_px: u32,
    pub height_px: u32,
}

/// Why bytes are not a picture that will be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JpegProblem {
    #[error("not a JPEG: {0}")]
    NotAJpeg(&'static str),
    #[error("the JPEG ends before its picture does")]
    Truncated,
    #[error("{width_px} × {height_px} pixels; at most {pixels_max} are taken")]
    TooManyPixels {
        width_px: u32,
        height_px: u32,
        pixels_max: u32,
    },
    #[error("a kind of JPEG that is not taken: {0}")]
    Unsupported(&'static str),
}

impl JpegProblem {
    /// Under which reason it is counted, and what kind of a problem it is answered with.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotAJpeg(_) => "not-a-jpeg",
            Self::Unsupported(_) => "unsupported-jpeg",
            Self::Truncated => "frame-truncated",
            Self::TooManyPixels { .. } => "image-too-many-pixels",
        }
    }
}

/// Cameras append padding or data of their own; the end of the picture is looked for in the last
/// so many bytes.
const TRAILER_MAX: usize = 64 << 10;

/// A decoder goes over the whole picture once for each scan. Progressive pictures have about ten.
const SCANS_MAX: usize = 32;

const END_OF_IMAGE: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;

/// Checks that `jpeg` is a whole picture of at most `pixels_max` pixels; returns its size.
pub fn probe(jpeg: &[u8], pixels_max: u32) -> Result<JpegSize, JpegProblem> {
    let mut rest = jpeg
        .strip_prefix(&[0xFF, 0xD8])
        .ok_or(JpegProblem::NotAJpeg("it does not begin with FF D8"))?;
    let mut size = None;
    loop {
        let (marker, after) = next_marker(rest)?;
        match marker {
            // without a segment: TEM and restarts
            0x01 | 0xD0..=0xD7 => {
                rest = after;
                continue;
            }
            0xD8 => return Err(JpegProblem::NotAJpeg("a second start of image")),
            END_OF_IMAGE => return Err(JpegProblem::NotAJpeg("it ends without a picture")),
            _ => {}
        }
        let (segment, after) = segment(after)?;
        match marker {
            0xC0..=0xC2 if size.is_some() => {
                return Err(JpegProblem::NotAJpeg("a second frame header"));
            }
            0xC0..=0xC2 => size = Some(frame_size(segment, pixels_max)?),
            0xC3 | 0xC5..=0xC7 => return Err(JpegProblem::Unsupported("lossless or hierarchical")),
            0xC9..=0xCF => return Err(JpegProblem::Unsupported("arithmetic coding")),
            START_OF_SCAN => {
                let size = size.ok_or(JpegProblem::NotAJpeg("a scan before the frame header"))?;
                if !ends(after) {
                    return Err(JpegProblem::Truncated);
                }
                return if scans_after(after) < SCANS_MAX {
                    Ok(size)
                } else {
                    Err(JpegProblem::Unsupported("more scans than pictures have"))
                };
            }
            _ => {}
        }
        rest = after;
    }
}

fn next_marker(bytes: &[u8]) -> Result<(u8, &[u8]), JpegProblem> {
    match bytes {
        [] => Err(JpegProblem::Truncated),
        [0xFF, rest @ ..] => {
            // any number of fill bytes may stand before the marker's code
            let fill = rest.iter().take_while(|byte| **byte == 0xFF).count();
            match &rest[fill..] {
                [] => Err(JpegProblem::Truncated),
                [0, ..] => Err(JpegProblem::NotAJpeg("no marker where one must be")),
                [code, after @ ..] => Ok((*code, after)),
            }
        }
        _ => Err(JpegProblem::NotAJpeg("no marker where one must be")),
    }
}

/// A segment's content and what follows it; its length counts its own two bytes.
fn segment(bytes: &[u8]) -> Result<(&[u8], &[u8]), JpegProblem> {
    let [high, low, rest @ ..] = bytes else {
        return Err(JpegProblem::Truncated);
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let content = length
        .checked_sub(2)
        .ok_or(JpegProblem::NotAJpeg("a segment of impossible length"))?;
    rest.split_at_checked(content).ok_or(JpegProblem::Truncated)
}

fn frame_size(header: &[u8], pixels_max: u32) -> Result<JpegSize, JpegProblem> {
    let [bits, h1, h0, w1, w0, components, parameters @ ..] = header else {
        return Err(JpegProblem::NotAJpeg("a frame header that is too short"));
    };
    if *bits != 8 {
        return Err(JpegProblem::Unsupported("other than 8 bits per sample"));
    }
    if !matches!(components, 1 | 3) {
        return Err(JpegProblem::Unsupported("neither grey nor three colours"));
    }
    if parameters.len() != 3 * usize::from(*components) {
        return Err(JpegProblem::NotAJpeg("a frame header of the wrong length"));
    }
    let width_px = u32::from(u16::from_be_bytes([*w1, *w0]));
    let height_px = u32::from(u16::from_be_bytes([*h1, *h0]));
    match (width_px, height_px) {
        (0, _) => Err(JpegProblem::NotAJpeg("a picture without width")),
        (_, 0) => Err(JpegProblem::Unsupported("height after the first scan")),
        // 65535² fits
        _ if width_px * height_px > pixels_max => Err(JpegProblem::TooManyPixels {
            width_px,
            height_px,
            pixels_max,
        }),
        _ => Ok(JpegSize {
            width_px,
            height_px,
        }),
    }
}

/// How many scans begin in what follows the first one's header. Within a scan FF is never followed
/// by DA.
fn scans_after(scans: &[u8]) -> usize {
    memchr::memchr_iter(0xFF, scans)
        .filter(|at| scans.get(at + 1) == Some(&START_OF_SCAN))
        .count()
}

/// Whether an end of image stands near the end. Within a scan FF is never followed by D9.
fn ends(scans: &[u8]) -> bool {
    let tail = &scans[scans.len().saturating_sub(TRAILER_MAX)..];
    tail.array_windows()
        .any(|pair| *pair == [0xFF, END_OF_IMAGE])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PIXELS_MAX: u32 = 3840 * 2160;

    /// A real JPEG of the given size.
    fn picture(width: u32, height: u32) -> Vec<u8> {
        let image = image::RgbImage::from_fn(width, height, |x, y| {
            let [x, y, ..] = [x.to_le_bytes()[0], y.to_le_bytes()[0]];
            image::Rgb([x, y, x ^ y])
        });
        let mut bytes = std::io::Cursor::new(Vec::new());
        image
            .write_to(&mut bytes, image::ImageFormat::Jpeg)
            .unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_picture_of_many_scans_is_not_decoded() {
        let whole = picture(64, 48);
        let end = whole.len() - 2;
        let with = |scans: usize| {
            // an empty scan of one component
            let scan = [0xFF, START_OF_SCAN, 0, 8, 1, 1, 0, 0, 63, 0];
            [&whole[..end], &scan.repeat(scans), &whole[end..]].concat()
        };
        assert!(probe(&with(9), PIXELS_MAX).is_ok());
        assert!(matches!(
            probe(&with(SCANS_MAX), PIXELS_MAX),
            Err(JpegProblem::Unsupported(_))
        ));
    }

    /// The picture with its frame header changed.
    fn with_frame_header(change: impl Fn(&mut [u8])) -> Vec<u8> {
        let mut jpeg = picture(64, 48);
        let at = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
        change(&mut jpeg[at..]);
        jpeg
    }

    fn check(jpeg: &[u8], expected: Result<(u32, u32), JpegProblem>) {
        let size = probe(jpeg, PIXELS_MAX).map(|size| (size.width_px, size.height_px));
        assert_eq!(size, expected);
    }

    #[test]
    fn a_whole_picture_passes() {
        check(&picture(64, 48), Ok((64, 48)));
        check(&picture(1, 1), Ok((1, 1)));
        let mut padded = picture(64, 48);
        padded.extend([0; 1000]);
        check(&padded, Ok((64, 48)));
        let progressive = with_frame_header(|header| header[1] = 0xC2);
        check(&progressive, Ok((64, 48)));
    }

    #[test]
    fn other_bytes_are_not_a_jpeg() {
        for bytes in [
            &b""[..],
            b"\xFF",
            b"GIF89a",
            b"\x89PNG\r\n",
            b"\xD8\xFF",
            b"RIFF....WEBP",
        ] {
            let problem = probe(bytes, PIXELS_MAX);
            assert!(
                matches!(problem, Err(JpegProblem::NotAJpeg(_))),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn every_prefix_is_truncated() {
        let jpeg = picture(64, 48);
        for end in 2..jpeg.len() - 1 {
            check(&jpeg[..end], Err(JpegProblem::Truncated));
        }
    }

    #[test]
    fn a_bomb_is_refused_by_its_header() {
        let bomb = with_frame_header(|header| header[5..9].fill(0xFF));
        let expected = JpegProblem::TooManyPixels {
            width_px: 65_535,
            height_px: 65_535,
            pixels_max: PIXELS_MAX,
        };
        check(&bomb, Err(expected));
    }

    #[test]
    fn kinds_the_decoder_is_not_tried_on_are_refused() {
        for (byte, value, what) in [
            (1, 0xC3, "lossless or hierarchical"),
            (1, 0xC9, "arithmetic coding"),
            (4, 12, "other than 8 bits per sample"),
            (9, 4, "neither grey nor three colours"),
        ] {
            let jpeg = with_frame_header(|header| header[byte] = value);
            check(&jpeg, Err(JpegProblem::Unsupported(what)));
        }
        let no_height = with_frame_header(|header| header[5..7].fill(0));
        check(
            &no_height,
            Err(JpegProblem::Unsupported("height after the first scan")),
        );
        let no_width = with_frame_header(|header| header[7..9].fill(0));
        check(
            &no_width,
            Err(JpegProblem::NotAJpeg("a picture without width")),
        );
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut jpeg = vec![0xFF, 0xD8];
            jpeg.extend(bytes);
            if let Ok(size) = probe(&jpeg, PIXELS_MAX) {
                prop_assert!(size.width_px * size.height_px <= PIXELS_MAX);
            }
        }

        #[test]
        fn no_flipped_bits_panic(flips in proptest::collection::vec((0.0..1.0, 0_u8..8), 1..8)) {
            let mut jpeg = picture(16, 16);
            for (at, bit) in flips {
                let last = jpeg.len() as f64 - 1.0;
                #[expect(clippy::cast_possible_truncation, reason = "within the picture")]
                let at = (at * last) as usize;
                jpeg[at] ^= 1 << bit;
            }
            if let Ok(size) = probe(&jpeg, PIXELS_MAX) {
                prop_assert!(size.width_px * size.height_px <= PIXELS_MAX);
            }
        }
    }
}
