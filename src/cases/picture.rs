//! JPEG without what it says about itself: no EXIF, no position, no comments, no thumbnail.

/// Not a JPEG, or one that breaks off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the JPEG's segments cannot be followed at byte {at}")]
pub struct BrokenJpeg {
    pub at: usize,
}

const TEM: u8 = 0x01;
const RST0: u8 = 0xd0;
const RST7: u8 = 0xd7;
const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const APP0: u8 = 0xe0;
const APP14: u8 = 0xee;
const APP15: u8 = 0xef;
const COM: u8 = 0xfe;

/// The same picture, pixel for pixel, with only the segments a decoder needs. JFIF (APP0) and
/// Adobe (APP14) stay because they say how colours are stored. What follows the end of the image
/// is left behind. Markers: ITU-T T.81, table B.1.
pub fn without_metadata(jpeg: &[u8]) -> Result<Vec<u8>, BrokenJpeg> {
    if jpeg.get(..2) != Some(&[0xff, SOI]) {
        return Err(BrokenJpeg { at: 0 });
    }
    let mut bare = Vec::with_capacity(jpeg.len());
    bare.extend_from_slice(&jpeg[..2]);
    let mut at = 2;
    loop {
        let broken = BrokenJpeg { at };
        let (Some(0xff), Some(&marker)) = (jpeg.get(at), jpeg.get(at + 1)) else {
            return Err(broken);
        };
        match marker {
            // A marker may be preceded by any number of fill bytes.
            0xff => at += 1,
            EOI => {
                bare.extend_from_slice(&[0xff, EOI]);
                return Ok(bare);
            }
            TEM | RST0..=RST7 => at += 2,
            _ => {
                let length = jpeg.get(at + 2..at + 4).ok_or(broken)?;
                let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
                let mut end = at + 2 + length;
                if length < 2 || end > jpeg.len() {
                    return Err(broken);
                }
                if marker == SOS {
                    end += entropy_coded_len(&jpeg[end..]).ok_or(broken)?;
                }
                let says_about_itself =
                    matches!(marker, APP0..=APP15 | COM) && marker != APP0 && marker != APP14;
                if !says_about_itself {
                    bare.extend_from_slice(&jpeg[at..end]);
                }
                at = end;
            }
        }
    }
}

/// Bytes of scan data up to the next marker that is not a restart; `None` when it never ends.
fn entropy_coded_len(data: &[u8]) -> Option<usize> {
    data.windows(2).position(|pair| {
        pair[0] == 0xff && pair[1] != 0x00 && pair[1] != 0xff && !(RST0..=RST7).contains(&pair[1])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 8×8 grey JPEG with an EXIF segment, a comment, and bytes behind its end.
    fn chatty() -> (Vec<u8>, Vec<u8>) {
        let mut plain = Vec::new();
        image::codecs::jpeg::JpegEncoder::new(&mut plain)
            .encode(&[128; 64], 8, 8, image::ExtendedColorType::L8)
            .unwrap();
        let mut chatty = plain[..2].to_vec();
        chatty.extend_from_slice(b"\xff\xe1\x00\x10Exif\0\0secret__");
        chatty.extend_from_slice(b"\xff\xff\xfe\x00\x08secret");
        chatty.extend_from_slice(&plain[2..]);
        chatty.extend_from_slice(b"secret behind the end");
        (plain, chatty)
    }

    #[test]
    fn only_what_a_decoder_needs_stays() {
        let (plain, chatty) = chatty();
        assert_eq!(without_metadata(&chatty).unwrap(), plain);
        assert_eq!(without_metadata(&plain).unwrap(), plain);
    }

    #[test]
    fn a_picture_that_breaks_off_is_refused() {
        let (plain, _) = chatty();
        for length in 0..plain.len() {
            assert!(
                without_metadata(&plain[..length]).is_err(),
                "{length} bytes"
            );
        }
    }
}
