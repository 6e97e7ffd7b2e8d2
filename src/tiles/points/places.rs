//! In which bucket a point is.

use std::collections::HashMap;

use super::bucket::BucketKey;

/// Numbers on a page.
const PAGE: u64 = 512;

/// Buckets by the points' ids. Identities are dense, so they stand on pages: some five bytes a
/// point where a hash table would take thirty.
#[derive(Debug, Default)]
pub(super) struct Places {
    pages: HashMap<u64, Page>,
    len: usize,
}

#[derive(Debug)]
struct Page {
    keys: Box<[BucketKey]>,
    /// Which of the keys are somebody's.
    taken: [u64; (PAGE / 64) as usize],
}

impl Default for Page {
    fn default() -> Self {
        Self {
            keys: vec![BucketKey(0); index(PAGE)].into(),
            taken: [0; (PAGE / 64) as usize],
        }
    }
}

impl Places {
    pub(super) fn get(&self, id: u64) -> Option<BucketKey> {
        let page = self.pages.get(&(id / PAGE))?;
        let (word, bit) = bit_of(id);
        (page.taken[word] & bit != 0).then(|| page.keys[index(id % PAGE)])
    }

    pub(super) fn insert(&mut self, id: u64, key: BucketKey) {
        let page = self.pages.entry(id / PAGE).or_default();
        let (word, bit) = bit_of(id);
        self.len += usize::from(page.taken[word] & bit == 0);
        page.taken[word] |= bit;
        page.keys[index(id % PAGE)] = key;
    }

    pub(super) fn remove(&mut self, id: u64) {
        let Some(page) = self.pages.get_mut(&(id / PAGE)) else {
            return;
        };
        let (word, bit) = bit_of(id);
        self.len -= usize::from(page.taken[word] & bit != 0);
        page.taken[word] &= !bit;
        if page.taken.iter().all(|word| *word == 0) {
            self.pages.remove(&(id / PAGE));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.pages.len() * (index(PAGE) * 4 + size_of::<Page>() + 17)
    }
}

fn bit_of(id: u64) -> (usize, u64) {
    (index(id % PAGE / 64), 1 << (id % 64))
}

fn index(number: u64) -> usize {
    usize::try_from(number).expect("at most a page")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_map(steps in prop::collection::vec((0_u64..2_000, any::<u32>(), any::<bool>()), 0..200)) {
            let (mut places, mut map) = (Places::default(), HashMap::new());
            for (id, key, stays) in steps {
                if stays {
                    places.insert(id, BucketKey(key));
                    map.insert(id, BucketKey(key));
                } else {
                    places.remove(id);
                    map.remove(&id);
                }
                prop_assert_eq!(places.get(id), map.get(&id).copied());
                prop_assert_eq!(places.len(), map.len());
            }
            for id in 0..2_000 {
                prop_assert_eq!(places.get(id), map.get(&id).copied());
            }
        }
    }
}
