//! A tile that is kept already, or made in no time, answered before anything is routed: it is what
//! maps ask for most, and routing, extractors and layers cost several times what finding it does.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::Response;

use super::layers_named;
use super::tile::{
    Answered, TILE_ROUTE, answer, count, known_tag, lines, make_at_once, not_modified,
};
use crate::access::{Recent, recent_person};
use crate::http::App;
use crate::tiles::cache::{LayerKey, TileKey};
use crate::tiles::coding::{Accepted, Coding};
use crate::tiles::follow::{TileVersion, Wanted};
use crate::tiles::layer::Origin;
use crate::tiles::{Grid, Layer, TileCoord};

/// The answer of [`tile`](super::tile::tile) with the route it is counted under, if nobody has to be
/// waited for to give it; `None` for everything else, errors among it.
pub(crate) fn kept_tile<B>(app: &App, request: &Request<B>) -> Option<(&'static str, Response)> {
    // where other origins are let in, every answer says so
    let alone = app.config.tiles.tile_origins.is_empty();
    if request.method() != Method::GET || !alone {
        return None;
    }
    let asked = Asked::of(request.uri())?;
    let person = recent_person(app, request.headers())?;
    let response = asked.answer(app, request.headers(), &person)?;
    Some((TILE_ROUTE, response))
}

/// What most requests ask: a place, some layers, all of them or what is drawn.
struct Asked {
    layers: Vec<Layer>,
    tile: TileCoord,
    full: bool,
}

impl Asked {
    fn of(uri: &Uri) -> Option<Self> {
        let full = match uri.query() {
            None => false,
            Some("full=1") => true,
            Some(_) => return None,
        };
        let mut parts = uri.path().strip_prefix("/tiles/")?.split('/');
        let names = parts.next()?;
        let mut number = || parts.next()?.parse().ok();
        let (z, x, y): (u32, u32, u32) = (number()?, number()?, number()?);
        if parts.next().is_some() {
            return None;
        }
        let z = u8::try_from(z).ok()?;
        Some(Self {
            layers: layers_named(names).ok()?,
            tile: TileCoord::new_checked(Grid::default(), z, x, y).ok()?,
            full,
        })
    }

    fn answer(&self, app: &App, headers: &HeaderMap, person: &Recent) -> Option<Response> {
        let accepted = Accepted::of(lines(headers, header::ACCEPT_ENCODING));
        let key = self.key(app, accepted.best()?, person)?;
        let (answered, response) = match known_tag(headers, &key, accepted) {
            Some(known) => (Answered::NotModified, not_modified(known)),
            None => match app.tile_cache.get(&key) {
                Some(kept) => (Answered::Kept, answer(&kept, key.coding)),
                None => {
                    let made = make_at_once(app, &self.layers, &key)?;
                    (Answered::Made, answer(&made, key.coding))
                }
            },
        };
        count(&self.layers, answered);
        response.ok()
    }

    fn key(&self, app: &App, coding: Coding, person: &Recent) -> Option<TileKey> {
        let part = |&layer: &Layer| {
            let scope = match layer.is_scoped() {
                true => Some(person.known_scope()?).filter(|scope| !layer.is_whole_for(scope)),
                false => None,
            };
            let wanted = Wanted {
                full: self.full,
                filter: None,
                scope: scope.cloned(),
            };
            let version = version(app, layer, self.tile)?;
            Some(LayerKey {
                layer,
                wanted,
                version,
            })
        };
        Some(TileKey {
            tile: self.tile,
            layers: self.layers.iter().map(part).collect::<Option<_>>()?,
            coding,
        })
    }
}

/// `None` while a layer is being changed.
fn version(app: &App, layer: Layer, tile: TileCoord) -> Option<TileVersion> {
    match layer.origin() {
        // whether it is a file takes the slower way
        Origin::Query(_) => None,
        Origin::Points(set) => app.point_tiles.version_at_once(set, tile),
        Origin::Areas(set) => Some(app.area_tiles.version(set, tile)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Parts = (Vec<Layer>, (u8, u32, u32), bool);

    fn asked(uri: &'static str) -> Option<Parts> {
        let asked = Asked::of(&Uri::from_static(uri))?;
        let tile = asked.tile;
        Some((asked.layers, (tile.z(), tile.x(), tile.y()), asked.full))
    }

    #[test]
    fn what_most_requests_ask_is_understood_and_nothing_else() {
        let place = (14, 13_000, 6_500);
        for (uri, expected) in [
            (
                "/tiles/cases/14/13000/6500",
                (vec![Layer::Cases], place, false),
            ),
            (
                "/tiles/components,cells/14/13000/6500?full=1",
                (vec![Layer::Components, Layer::Cells], place, true),
            ),
        ] {
            assert_eq!(asked(uri), Some(expected), "{uri}");
        }
        for uri in [
            "/tiles/cases",
            "/tiles/cases/14/13000",
            "/tiles/cases/14/13000/6500/",
            "/tiles/cases/14/13000/6500?state=filed",
            "/tiles/cases/14/13000/6500?full=1&grid=CGCS2000Quad",
            "/tiles/cases/14/13000/99999",
            "/tiles/cases/23/0/0",
            "/tiles/cases/270/0/0",
            "/tiles/cases/14/-1/6500",
            "/tiles/nothing/14/13000/6500",
            "/tiles/cases,cases/14/13000/6500",
            "/api/v1/cases/14/1/1",
        ] {
            assert_eq!(asked(uri), None, "{uri}");
        }
    }
}
