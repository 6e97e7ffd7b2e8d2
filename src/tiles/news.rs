//! Which tiles have changed, for pages that show them.
//!
//! The places of a moment are gathered and told together, as tiles of zoom 16: a page knows which of
//! its tiles they lie in. What a page misses it makes up for by asking again for what it shows,
//! which costs it a look-up a tile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::sync::{Notify, broadcast};
use tokio::time::sleep;

use super::Layer;

/// Least time between two pieces of news; the first after a quiet time goes out at once.
const NEWS_EVERY: Duration = Duration::from_millis(250);
/// Places named at a time; more are told as "anywhere".
const PLACES_MAX: usize = 256;
/// Pieces of news that a page may be behind.
const BEHIND_MAX: usize = 64;

/// Of zoom 16.
type Place = (u32, u32);

/// What has changed since the last piece of news; `None`: anywhere.
type Waiting = BTreeMap<Layer, Option<BTreeSet<Place>>>;

/// Tells pages which tiles to ask for again.
#[derive(Debug)]
pub struct TileNews {
    waiting: Mutex<Waiting>,
    rung: Notify,
    told: broadcast::Sender<Arc<str>>,
}

impl TileNews {
    /// Tells until nobody holds it any more.
    #[must_use]
    pub fn start() -> Arc<Self> {
        let news = Arc::new(Self {
            waiting: Mutex::default(),
            rung: Notify::new(),
            told: broadcast::Sender::new(BEHIND_MAX),
        });
        let weak = Arc::downgrade(&news);
        tokio::spawn(async move {
            while let Some(news) = weak.upgrade() {
                // wakes up now and then to see whether it is still wanted
                let rung = tokio::time::timeout(Duration::from_secs(5), news.rung.notified());
                if rung.await.is_ok() {
                    news.tell();
                }
                drop(news);
                sleep(NEWS_EVERY).await;
            }
        });
        news
    }

    /// News as JSON: `{"layer": "components", "tiles": [[x, y], …]}`, `null` for anywhere.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<str>> {
        self.told.subscribe()
    }

    /// Something changed in these tiles of zoom 16.
    pub(super) fn changed(&self, layer: Layer, places: impl IntoIterator<Item = Place>) {
        {
            let mut waiting = self.lock();
            let known = waiting
                .entry(layer)
                .or_insert_with(|| Some(BTreeSet::new()));
            if let Some(known_places) = known {
                known_places.extend(places);
                if known_places.len() > PLACES_MAX {
                    *known = None;
                }
            }
        }
        self.rung.notify_one();
    }

    /// Something changed, anywhere in a layer.
    pub(super) fn changed_anywhere(&self, layer: Layer) {
        self.lock().insert(layer, None);
        self.rung.notify_one();
    }

    fn tell(&self) {
        let waiting = std::mem::take(&mut *self.lock());
        for (layer, places) in waiting {
            let news = json!({ "layer": layer, "tiles": places });
            // nobody may be listening
            drop(self.told.send(news.to_string().into()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_of_a_moment_are_told_together_and_too_many_as_anywhere() {
        let news = TileNews::start();
        let mut told = news.subscribe();
        news.changed(Layer::Components, [(1, 2), (3, 4)]);
        news.changed(Layer::Components, [(1, 2)]);
        news.changed_anywhere(Layer::Cells);
        news.changed(Layer::Cells, [(5, 6)]);
        let mut seen = [told.recv().await.unwrap(), told.recv().await.unwrap()];
        seen.sort();
        assert_eq!(
            seen.iter().map(|news| &**news).collect::<Vec<_>>(),
            [
                r#"{"layer":"cells","tiles":null}"#,
                r#"{"layer":"components","tiles":[[1,2],[3,4]]}"#,
            ]
        );
        news.changed(Layer::Components, (0..1000).map(|x| (x, 0)));
        let many = told.recv().await.unwrap();
        assert_eq!(&*many, r#"{"layer":"components","tiles":null}"#);
    }
}
