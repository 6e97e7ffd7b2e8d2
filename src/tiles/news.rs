//! Which tiles have changed, for pages that show them.
//!
//! The places of a moment are gathered and told together; each page is told which of the tiles it
//! shows they lie in, as far as its person sees what changed there. What a page misses it makes up
//! for by asking again for what it shows, which costs it a look-up a tile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{Notify, broadcast};
use tokio::time::sleep;

use super::source::Audience;
use super::world::WorldBox;
use super::{Layer, TileView, areas, points};
use crate::access::Scope;

/// Least time between two pieces of news; the first after a quiet time goes out at once.
const NEWS_EVERY: Duration = Duration::from_millis(250);
/// Places gathered at a time; more are told as "anywhere".
const PLACES_MAX: usize = 4096;
/// Pieces of news that a page may be behind.
const BEHIND_MAX: usize = 64;

/// Where something changed, a point or what is around an area, and who sees it; `None`: everybody.
pub(super) type Place = (WorldBox, Option<Audience>);

/// What has changed since the last piece of news; `None`: anywhere.
type Waiting = BTreeMap<Layer, Option<BTreeSet<Place>>>;

/// What changed in a layer at one moment.
#[derive(Debug)]
pub struct TileChange {
    layer: Layer,
    /// `None`: anywhere.
    places: Option<BTreeSet<Place>>,
}

/// What of it somebody is told: tiles of a zoom, `None`: any of them.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub struct ChangedTiles {
    layer: Layer,
    zoom: u8,
    tiles: Option<BTreeSet<(u32, u32)>>,
}

impl TileChange {
    /// The tiles of a view that show something else now to somebody; `None`: not one.
    pub fn seen(&self, view: &TileView, scope: &Scope) -> Option<ChangedTiles> {
        if !view.shows(self.layer) {
            return None;
        }
        let tiles = match &self.places {
            None => None,
            Some(places) => {
                let seen = places.iter().filter(|(_, audience)| {
                    let audience = audience.as_ref();
                    audience.is_none_or(|audience| audience.holds(scope))
                });
                let margin = margin(self.layer);
                let tiles = seen.flat_map(|(place, _)| view.near(place, margin));
                let tiles: BTreeSet<_> = tiles.collect();
                if tiles.is_empty() {
                    return None;
                }
                Some(tiles)
            }
        };
        Some(ChangedTiles {
            layer: self.layer,
            zoom: view.z(),
            tiles,
        })
    }
}

/// How far beyond its edge a tile shows what is there, tile units.
fn margin(layer: Layer) -> u32 {
    match layer {
        Layer::Components | Layer::Cases | Layer::Cameras | Layer::Collectors => points::MARGIN,
        Layer::Cells | Layer::Areas | Layer::Basemap => areas::MARGIN,
    }
}

/// Tells pages which tiles to ask for again.
#[derive(Debug)]
pub struct TileNews {
    waiting: Mutex<Waiting>,
    rung: Notify,
    told: broadcast::Sender<Arc<TileChange>>,
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

    /// All changes from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<TileChange>> {
        self.told.subscribe()
    }

    /// Something changed at these places of the map's grid.
    pub(super) fn changed(&self, layer: Layer, places: Vec<Place>) {
        if places.is_empty() {
            return;
        }
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
            // nobody may be listening
            drop(self.told.send(Arc::new(TileChange { layer, places })));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::GroundPoint;
    use crate::tiles::Grid;
    use crate::tiles::world::WorldPoint;
    use crate::whereabouts::Onlookers;

    fn at(lon: f64, lat: f64) -> WorldBox {
        WorldPoint::of(Grid::default(), GroundPoint { lon, lat }).into()
    }

    fn dispatcher(district: i32) -> Scope {
        Scope {
            person_id: 1,
            sees_all: false,
            works_all: false,
            districts: vec![district],
            work_districts: vec![district],
            cells: Vec::new(),
            units: Vec::new(),
            sector_units: Vec::new(),
        }
    }

    fn view(tiles: &str) -> TileView {
        let layers = vec![Layer::Components, Layer::Collectors, Layer::Cells];
        TileView::parse(tiles, layers).unwrap()
    }

    fn told(change: &TileChange, tiles: &str) -> Option<String> {
        let told = change.seen(&view(tiles), &dispatcher(1))?;
        Some(serde_json::to_string(&told).unwrap())
    }

    #[tokio::test]
    async fn places_of_a_moment_are_told_together_and_too_many_as_anywhere() {
        let news = TileNews::start();
        let mut changes = news.subscribe();
        let places = [at(119.93, 32.45), at(119.93, 32.45), at(-30.0, 10.0)];
        news.changed(Layer::Components, Vec::new());
        news.changed(Layer::Components, places.map(|at| (at, None)).to_vec());
        news.changed_anywhere(Layer::Cells);
        news.changed(Layer::Cells, vec![(at(0.0, 0.0), None)]);
        news.changed_anywhere(Layer::Basemap);
        let basemap = changes.recv().await.unwrap();
        assert_eq!(told(&basemap, "0/0/0"), None, "not a layer of the view");
        let cells = changes.recv().await.unwrap();
        let anywhere = r#"{"layer":"cells","zoom":14,"tiles":null}"#;
        assert_eq!(told(&cells, "14/0/0").unwrap(), anywhere);
        let components = changes.recv().await.unwrap();
        for (view, expected) in [
            (
                "14/13640-13660/6620-6635",
                Some("14,\"tiles\":[[13650,6629]]"),
            ),
            ("14/13651-13660/6620-6635", None),
            ("1/0-1/0-1", Some("1,\"tiles\":[[0,0],[1,0]]")),
            ("1/1/0-1", Some("1,\"tiles\":[[1,0]]")),
        ] {
            let expected = expected.map(|it| format!(r#"{{"layer":"components","zoom":{it}}}"#));
            assert_eq!(told(&components, view), expected, "{view}");
        }
        let many = (0..=PLACES_MAX).map(|n| (at(n as f64 * 0.01, 0.0), None));
        news.changed(Layer::Components, many.collect());
        let many = changes.recv().await.unwrap();
        let anywhere = r#"{"layer":"components","zoom":16,"tiles":null}"#;
        assert_eq!(told(&many, "16/0/0").unwrap(), anywhere);
    }

    /// A symbol on the edge is drawn by both tiles.
    #[test]
    fn the_neighbour_that_shows_a_place_in_its_margin_is_told_of() {
        let edge = WorldPoint {
            x: 13_651 << 18,
            y: (6_629 << 18) + (1 << 17),
        }
        .into();
        let change = TileChange {
            layer: Layer::Components,
            places: Some(BTreeSet::from([(edge, None)])),
        };
        let expected = r#"{"layer":"components","zoom":14,"tiles":[[13650,6629],[13651,6629]]}"#;
        assert_eq!(told(&change, "14/13640-13660/6620-6635").unwrap(), expected);
    }

    #[test]
    fn of_an_area_every_tile_that_may_show_some_of_it_is_told() {
        let change = TileChange {
            layer: Layer::Cells,
            places: Some(BTreeSet::from([(
                at(119.93, 32.45).joined(&at(119.97, 32.43)),
                None,
            )])),
        };
        let tiles = |tiles: &str| change.seen(&view(tiles), &dispatcher(1))?.tiles;
        let expected = [
            (13_650, 6_629),
            (13_650, 6_630),
            (13_651, 6_629),
            (13_651, 6_630),
        ];
        assert_eq!(tiles("14/13640-13651/6620-6635"), Some(expected.into()));
        assert_eq!(tiles("14/13640-13649/6620-6635"), None);
        assert_eq!(tiles("0/0/0"), Some([(0, 0)].into()));
    }

    #[test]
    fn where_people_are_is_told_to_those_who_see_them() {
        let who = |person_id, district| {
            Some(Audience::OfCollector(Onlookers {
                person_id,
                of_city: true,
                district_ids: vec![district],
            }))
        };
        let places = [
            (at(119.93, 32.45), who(7, 2)),
            (at(119.98, 32.45), who(8, 3)),
        ];
        let change = TileChange {
            layer: Layer::Collectors,
            places: Some(BTreeSet::from(places)),
        };
        let view = view("14/13640-13660/6620-6635");
        let tiles = |district| {
            let told = change.seen(&view, &dispatcher(district))?;
            told.tiles
        };
        assert_eq!(tiles(1), None);
        assert_eq!(tiles(2), Some(BTreeSet::from([(13_650, 6_629)])));
        assert_eq!(tiles(3), Some(BTreeSet::from([(13_652, 6_629)])));
    }
}
