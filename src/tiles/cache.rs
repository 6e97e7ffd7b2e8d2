//! Finished tiles, ready to be sent.
//!
//! A tile is kept under the version it was made from, so that it cannot be stale: who asks looks
//! the version up first and finds what was made from it, or nothing. What belongs to older
//! versions is never asked for again and gives way to what is.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

use super::coding::{Coding, Effort};
use super::follow::{TileVersion, Wanted};
use super::{Layer, TileCoord};

/// Asked for so often, a tile is worth being compressed better.
const HOT_REQUESTS: u32 = 8;
/// Smaller ones do not get smaller by more effort.
const THOROUGH_BYTES_MIN: usize = 1024;
/// What an entry takes beside its bytes.
const ENTRY_BYTES: usize = 256;
/// A tile of usual size, from which the number of entries is estimated.
const USUAL_BYTES: usize = 8 << 10;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TileKey {
    pub(super) tile: TileCoord,
    /// Of one layer or, one after another, several.
    pub(super) layers: Box<[LayerKey]>,
    pub(super) coding: Coding,
}

/// What a tile holds of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct LayerKey {
    pub(super) layer: Layer,
    pub(super) wanted: Wanted,
    pub(super) version: TileVersion,
}

impl TileKey {
    /// Names what the tile is made from, for its ETag.
    pub(super) fn name(&self) -> String {
        let mut name = String::with_capacity(32);
        for key in &self.layers {
            if !name.is_empty() {
                name.push('+');
            }
            key.version.write_to(&mut name);
            if key.wanted != Wanted::default() {
                let mut hasher = DefaultHasher::new();
                key.wanted.hash(&mut hasher);
                name.push('-');
                push_hex(&mut name, hasher.finish());
            }
        }
        name
    }
}

/// In as few digits as it takes.
pub(super) fn push_hex(text: &mut String, number: u64) {
    let digits = (u64::BITS - number.leading_zeros()).div_ceil(4).max(1);
    for digit in (0..digits).rev() {
        let digit = (number >> (digit * 4)) & 15;
        let digit = u32::try_from(digit).expect("below 16");
        text.push(char::from_digit(digit, 16).expect("below 16"));
    }
}

/// A tile as it is sent.
#[derive(Debug)]
pub(super) struct Kept {
    /// Of what it is made from: newer than its key's where the tile changed between the look-up
    /// and the making.
    name: Box<str>,
    /// Its ETag.
    pub(super) tag: Bytes,
    pub(super) effort: Effort,
    pub(super) bytes: Bytes,
    /// Before compression.
    raw_len: usize,
    requests: AtomicU32,
}

impl Kept {
    /// Compresses a tile. Takes its time: for async threads only what is small.
    pub(super) fn pack(
        name: Box<str>,
        raw: Vec<u8>,
        coding: Coding,
        effort: Effort,
    ) -> anyhow::Result<Self> {
        let raw_len = raw.len();
        // an empty tile has no body to be coded
        let bytes = if raw.is_empty() {
            raw
        } else {
            coding.encode(raw, effort)?
        };
        Ok(Self {
            tag: tag(&name, coding.mark(effort)),
            name,
            effort,
            bytes: bytes.into(),
            raw_len,
            requests: AtomicU32::new(0),
        })
    }
}

/// A strong ETag: what a tile is made from, and how it is coded.
pub(super) fn tag(name: &str, mark: &str) -> Bytes {
    format!("\"{name}-{mark}\"").into()
}

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<TileKey, Arc<Kept>> for ByBytes {
    fn weight(&self, key: &TileKey, kept: &Arc<Kept>) -> u64 {
        let wanted: usize = key.layers.iter().map(|part| part.wanted.bytes()).sum();
        (kept.bytes.len() + wanted + ENTRY_BYTES) as u64
    }
}

/// Tiles by what they are and what they were made from, bounded in bytes.
#[derive(Debug)]
pub struct TileCache {
    kept: Cache<TileKey, Arc<Kept>, ByBytes>,
    /// One tile at a time is compressed better.
    thorough: Arc<Semaphore>,
}

impl TileCache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        let entries = bytes_max / USUAL_BYTES;
        Self {
            kept: Cache::with_weighter(entries, bytes_max as u64, ByBytes),
            thorough: Arc::new(Semaphore::new(1)),
        }
    }

    pub(super) fn get(self: &Arc<Self>, key: &TileKey) -> Option<Arc<Kept>> {
        let kept = self.kept.get(key)?;
        let requests = kept.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let improvable = kept.effort == Effort::Fast
            && key.coding != Coding::Identity
            && kept.raw_len >= THOROUGH_BYTES_MIN;
        // asked again each time, should the place be taken at the first
        if improvable && requests >= HOT_REQUESTS && requests.is_multiple_of(HOT_REQUESTS) {
            self.improve(key.clone(), Arc::clone(&kept));
        }
        Some(kept)
    }

    /// The tile, made by `make` unless it is there. Of those who ask for the same at the same time
    /// one makes it.
    pub(super) async fn get_or_make<E>(
        &self,
        key: &TileKey,
        make: impl Future<Output = Result<Arc<Kept>, E>>,
    ) -> Result<Arc<Kept>, E> {
        self.kept.get_or_insert_async(key, make).await
    }

    /// Keeps a tile that was made.
    pub(super) fn keep(&self, key: TileKey, made: Arc<Kept>) {
        self.kept.insert(key, made);
    }

    fn improve(self: &Arc<Self>, key: TileKey, kept: Arc<Kept>) {
        let Ok(place) = Arc::clone(&self.thorough).try_acquire_owned() else {
            return;
        };
        let cache = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let better = key
                .coding
                .decode(&kept.bytes, kept.raw_len)
                .and_then(|raw| Kept::pack(kept.name.clone(), raw, key.coding, Effort::Thorough));
            match better {
                Ok(better) => cache.kept.insert(key, Arc::new(better)),
                Err(error) => {
                    tracing::warn!(
                        error = format!("{error:#}"),
                        "a tile stays as it was packed"
                    );
                }
            }
            drop(place);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiles::Grid;
    use std::convert::Infallible;
    use std::time::Duration;

    fn key(version: u8, coding: Coding) -> TileKey {
        TileKey {
            tile: TileCoord::new_checked(Grid::WebMercatorQuad, 0, 0, 0).unwrap(),
            layers: Box::new([LayerKey {
                layer: Layer::Cells,
                wanted: Wanted::default(),
                version: TileVersion::new(1, version.into()),
            }]),
            coding,
        }
    }

    fn pack(key: &TileKey, raw: &[u8]) -> Arc<Kept> {
        Arc::new(Kept::pack(key.name().into(), raw.to_vec(), key.coding, Effort::Fast).unwrap())
    }

    #[tokio::test]
    async fn those_who_ask_at_the_same_time_share_one_making() {
        let cache = Arc::new(TileCache::new(1 << 20));
        let key = key(1, Coding::Gzip);
        let made = AtomicU32::new(0);
        let ask = || {
            cache.get_or_make(&key, async {
                made.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok::<_, Infallible>(pack(&key, b"tile"))
            })
        };
        let all = futures::future::join_all((0..20).map(|_| ask())).await;
        assert!(all.iter().all(|kept| kept.is_ok()));
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn another_version_or_coding_is_another_tile() {
        let cache = Arc::new(TileCache::new(1 << 20));
        let first = key(1, Coding::Gzip);
        cache.kept.insert(first.clone(), pack(&first, b"tile"));
        assert!(cache.get(&first).is_some());
        assert!(cache.get(&key(2, Coding::Gzip)).is_none());
        assert!(cache.get(&key(1, Coding::Zstd)).is_none());
    }

    #[tokio::test]
    async fn no_more_than_its_bytes_are_kept() {
        let cache = Arc::new(TileCache::new(100_000));
        for number in 0..200 {
            let key = key(number, Coding::Identity);
            cache.kept.insert(key.clone(), pack(&key, &[number; 5000]));
            assert!(cache.kept.weight() <= 100_000);
        }
        assert!(!cache.kept.is_empty());
    }

    #[tokio::test]
    async fn a_hot_tile_is_compressed_better_in_the_background() {
        let cache = Arc::new(TileCache::new(1 << 20));
        let raw: Vec<u8> = (0..40_000_u32)
            .flat_map(|n| (n * n / 7).to_le_bytes())
            .collect();
        for coding in [Coding::Gzip, Coding::Zstd] {
            let key = key(1, coding);
            let first = pack(&key, &raw);
            cache.kept.insert(key.clone(), Arc::clone(&first));
            let mut better = None;
            for _ in 0..500 {
                let kept = cache.get(&key).unwrap();
                if kept.effort == Effort::Thorough {
                    better = Some(kept);
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let better = better.expect("asked for often enough");
            assert!(better.bytes.len() < first.bytes.len(), "{coding:?}");
            assert_eq!(coding.decode(&better.bytes, raw.len()).unwrap(), raw);
        }
    }
}
