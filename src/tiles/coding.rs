//! Content codings: which one a client is answered in, and who compresses.

use std::cell::RefCell;
use std::io::Write as _;

use anyhow::Context as _;
use isal::write::Encoder;
use libdeflater::{CompressionLvl, Compressor};

/// How a tile's bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Zstd,
}

/// How much time compressing may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Effort {
    /// Somebody waits for it.
    Fast,
    /// In the background, for what is asked for again and again.
    Thorough,
}

/// Of zstd, quick and thorough.
const ZSTD_FAST: i32 = 1;
const ZSTD_THOROUGH: i32 = 9;
/// Of libdeflate, in the background.
const DEFLATE_THOROUGH: i32 = 6;

impl Coding {
    /// As `Content-Encoding` names it; identity is not named.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }

    /// Ends the ETag of bytes made this way: a strong ETag names bytes, not only content.
    pub(super) fn mark(self, effort: Effort) -> &'static str {
        match (self, effort) {
            (Self::Identity, _) => "i",
            (Self::Gzip, Effort::Fast) => "g",
            (Self::Gzip, Effort::Thorough) => "gg",
            (Self::Zstd, Effort::Fast) => "z",
            (Self::Zstd, Effort::Thorough) => "zz",
        }
    }

    pub(super) fn of_mark(mark: &str) -> Option<Self> {
        match mark {
            "i" => Some(Self::Identity),
            "g" | "gg" => Some(Self::Gzip),
            "z" | "zz" => Some(Self::Zstd),
            _ => None,
        }
    }

    pub(super) fn encode(self, bytes: Vec<u8>, effort: Effort) -> anyhow::Result<Vec<u8>> {
        match (self, effort) {
            (Self::Identity, _) => Ok(bytes),
            (Self::Gzip, Effort::Fast) => fast_gzip(&bytes),
            (Self::Gzip, Effort::Thorough) => gzip(&bytes, DEFLATE_THOROUGH),
            (Self::Zstd, Effort::Fast) => Ok(zstd::bulk::compress(&bytes, ZSTD_FAST)?),
            (Self::Zstd, Effort::Thorough) => Ok(zstd::bulk::compress(&bytes, ZSTD_THOROUGH)?),
        }
    }

    /// What `encode` was given, `len` bytes long.
    pub(super) fn decode(self, bytes: &[u8], len: usize) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(bytes.to_vec()),
            Self::Gzip => {
                let mut raw = vec![0; len];
                let wrote = libdeflater::Decompressor::new().gzip_decompress(bytes, &mut raw)?;
                raw.truncate(wrote);
                Ok(raw)
            }
            Self::Zstd => Ok(zstd::bulk::decompress(bytes, len)?),
        }
    }
}

thread_local! {
    /// Packs one tile after the other: setting it up costs as much as packing a tile of usual size.
    static PACKER: RefCell<Option<Box<Encoder<Vec<u8>>>>> = const { RefCell::new(None) };
}

/// Bytes of a packer's room that are kept; what needs more is rare.
const ROOM_KEPT: usize = 1 << 20;

/// ISA-L needs half the time of libdeflate's fastest level for about the same size.
fn fast_gzip(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    PACKER.with_borrow_mut(|kept| {
        let level = isal::CompressionLevel::One;
        let new = || Box::new(Encoder::new(Vec::new(), level, isal::Codec::Gzip));
        // one that failed in the middle of a tile is not used again
        let mut packer = kept.take().unwrap_or_else(new);
        packer.write_all(bytes)?;
        // ends the gzip member and begins another
        packer.flush()?;
        let room = packer.get_ref_mut();
        let packed = room.clone();
        room.clear();
        if room.capacity() <= ROOM_KEPT {
            *kept = Some(packer);
        }
        Ok(packed)
    })
}

fn gzip(bytes: &[u8], level: i32) -> anyhow::Result<Vec<u8>> {
    let level =
        CompressionLvl::new(level).map_err(|error| anyhow::anyhow!("libdeflate: {error:?}"))?;
    let mut compressor = Compressor::new(level);
    let mut packed = vec![0; compressor.gzip_compress_bound(bytes.len())];
    let len = compressor
        .gzip_compress(bytes, &mut packed)
        .context("libdeflate had no room")?;
    packed.truncate(len);
    Ok(packed)
}

/// What a client takes: `Accept-Encoding` (RFC 9110, 12.5.3), in thousandths, 0: not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accepted {
    identity: u16,
    gzip: u16,
    zstd: u16,
}

impl Accepted {
    /// From the header's lines; none: uncompressed.
    pub(super) fn of<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let (mut identity, mut gzip, mut zstd, mut others) = (None, None, None, None);
        for one in lines.flat_map(|line| line.split(',')) {
            let (name, parameters) = one.split_once(';').unwrap_or((one, ""));
            let weight = Some(thousandths(parameters));
            match name.trim().to_ascii_lowercase().as_str() {
                "identity" => identity = weight,
                "gzip" | "x-gzip" => gzip = weight,
                "zstd" => zstd = weight,
                "*" => others = weight,
                _ => {}
            }
        }
        Self {
            // uncompressed is good enough unless it is refused
            identity: identity.unwrap_or(if others == Some(0) { 0 } else { 1 }),
            gzip: gzip.or(others).unwrap_or(0),
            zstd: zstd.or(others).unwrap_or(0),
        }
    }

    pub(super) fn takes(self, coding: Coding) -> bool {
        self.weight(coding) > 0
    }

    /// The one it likes best; among equals gzip, the cheapest to make.
    pub(super) fn best(self) -> Option<Coding> {
        [Coding::Identity, Coding::Zstd, Coding::Gzip]
            .into_iter()
            .filter(|coding| self.takes(*coding))
            .max_by_key(|coding| self.weight(*coding))
    }

    fn weight(self, coding: Coding) -> u16 {
        match coding {
            Coding::Identity => self.identity,
            Coding::Gzip => self.gzip,
            Coding::Zstd => self.zstd,
        }
    }
}

/// `q=0.25` is 250; without it 1000. What cannot be read counts as refused.
fn thousandths(parameters: &str) -> u16 {
    let quality = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let Some(quality) = quality else { return 1000 };
    let (whole, part) = quality.split_once('.').unwrap_or((quality, ""));
    if part.len() > 3 || !part.bytes().all(|digit| digit.is_ascii_digit()) {
        return 0;
    }
    let part = format!("{part:0<3}").parse().unwrap_or(0);
    match whole {
        "0" => part,
        "1" if part == 0 => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_client_gets_what_it_likes_best() {
        let best = |line: &str| Accepted::of([line].into_iter()).best();
        assert_eq!(Accepted::of([].into_iter()).best(), Some(Coding::Identity));
        for (line, expected) in [
            ("", Some(Coding::Identity)),
            ("gzip, deflate, br, zstd", Some(Coding::Gzip)),
            ("GZIP;Q=0.5, zstd", Some(Coding::Zstd)),
            ("gzip;q=0.5, zstd; q=0.501", Some(Coding::Zstd)),
            ("gzip;q=0.5, identity", Some(Coding::Identity)),
            ("gzip;q=0.001", Some(Coding::Gzip)),
            ("gzip;q=0", Some(Coding::Identity)),
            ("br", Some(Coding::Identity)),
            ("*", Some(Coding::Gzip)),
            ("*, gzip;q=0", Some(Coding::Zstd)),
            ("br, *;q=0", None),
            ("identity;q=0", None),
            ("identity;q=0, zstd;q=0.1", Some(Coding::Zstd)),
            ("gzip;q=2", Some(Coding::Identity)),
            ("gzip;q=0.x", Some(Coding::Identity)),
            ("gzip;q=0.1234", Some(Coding::Identity)),
        ] {
            assert_eq!(best(line), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn what_was_packed_can_be_unpacked(
            bytes in prop::collection::vec(any::<u8>(), 0..5000), repeated in 1_usize..40,
        ) {
            let bytes = bytes.repeat(repeated);
            for coding in [Coding::Identity, Coding::Gzip, Coding::Zstd] {
                for effort in [Effort::Fast, Effort::Thorough] {
                    let packed = coding.encode(bytes.clone(), effort).unwrap();
                    prop_assert_eq!(&coding.decode(&packed, bytes.len()).unwrap(), &bytes);
                    prop_assert_eq!(Coding::of_mark(coding.mark(effort)), Some(coding));
                }
            }
        }

        #[test]
        fn no_header_is_too_odd(line in ".{0,60}") {
            let accepted = Accepted::of([line.as_str()].into_iter());
            prop_assert!(accepted.best().is_none_or(|coding| accepted.takes(coding)));
        }
    }
}
