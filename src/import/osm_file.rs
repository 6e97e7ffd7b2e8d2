//! An OpenStreetMap extract: what the city keeps of it, with its geometry.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use geo_types::{Coord, Geometry, LineString, MultiLineString, Point, Polygon};
use osmpbf::{Element, ElementReader, RelMemberType, Relation, Way};

use super::osm_tags::{self, Meaning, Tags};
use super::rings;

/// A node, way or relation that means something.
#[derive(Debug)]
pub(super) struct OsmElement {
    /// `node/123`, `way/123`, `relation/123`
    pub id: String,
    pub tags: Tags,
    pub meaning: Meaning,
    /// WGS 84, or why there is none.
    pub geometry: Result<Geometry, String>,
    /// A line that the border of the extract cuts; what is inside is taken.
    pub is_cut: bool,
}

/// A line in the pieces that are inside the extract.
struct Pieces {
    lines: Vec<Vec<Coord>>,
    is_cut: bool,
}

/// A multipolygon relation: its member ways by role.
struct Multipolygon {
    id: i64,
    tags: Tags,
    meaning: Meaning,
    outers: Vec<i64>,
    inners: Vec<i64>,
}

struct TaggedWay {
    id: i64,
    tags: Tags,
    meaning: Meaning,
}

/// Node by node what a way runs through.
type Ways = HashMap<i64, Vec<i64>>;
type Places = HashMap<i64, Coord>;

/// Reads the file three times: relations to know their ways, ways to know their nodes, nodes.
pub(super) fn read(path: &Path) -> osmpbf::Result<Vec<OsmElement>> {
    let multipolygons = multipolygons(path)?;
    let members: HashSet<i64> = multipolygons
        .iter()
        .flat_map(|m| m.outers.iter().chain(&m.inners))
        .copied()
        .collect();
    let (tagged, ways) = ways(path, &members)?;
    let wanted: HashSet<i64> = ways.values().flatten().copied().collect();
    let (mut elements, places) = nodes(path, &wanted)?;
    for way in tagged {
        let (geometry, is_cut) = match way_geometry(way.id, way.meaning, &ways, &places) {
            Ok((geometry, is_cut)) => (Ok(geometry), is_cut),
            Err(why) => (Err(why), false),
        };
        let id = format!("way/{}", way.id);
        let (tags, meaning) = (way.tags, way.meaning);
        elements.push(OsmElement {
            id,
            tags,
            meaning,
            geometry,
            is_cut,
        });
    }
    elements.extend(multipolygons.into_iter().map(|relation| OsmElement {
        geometry: multipolygon_geometry(&relation, &ways, &places),
        id: format!("relation/{}", relation.id),
        tags: relation.tags,
        meaning: relation.meaning,
        is_cut: false,
    }));
    Ok(elements)
}

fn multipolygons(path: &Path) -> osmpbf::Result<Vec<Multipolygon>> {
    let mut found = Vec::new();
    ElementReader::from_path(path)?.for_each(|element| {
        if let Element::Relation(relation) = element {
            found.extend(multipolygon(&relation));
        }
    })?;
    Ok(found)
}

fn multipolygon(relation: &Relation<'_>) -> Option<Multipolygon> {
    let tags = collect(relation.tags());
    if tags.get("type").map(String::as_str) != Some("multipolygon") {
        return None;
    }
    let meaning = osm_tags::meaning(&tags).filter(|meaning| match meaning {
        Meaning::Component(_) => true,
        Meaning::Basemap(basemap) => basemap.is_area(),
    })?;
    let mut outers = Vec::new();
    let mut inners = Vec::new();
    for member in relation
        .members()
        .filter(|member| member.member_type == RelMemberType::Way)
    {
        match member.role() {
            Ok("inner") => inners.push(member.member_id),
            _ => outers.push(member.member_id),
        }
    }
    Some(Multipolygon {
        id: relation.id(),
        tags,
        meaning,
        outers,
        inners,
    })
}

fn ways(path: &Path, members: &HashSet<i64>) -> osmpbf::Result<(Vec<TaggedWay>, Ways)> {
    let mut tagged = Vec::new();
    let mut ways = Ways::new();
    let mut keep = |way: &Way<'_>| {
        let tags = collect(way.tags());
        let meaning = osm_tags::meaning(&tags);
        if meaning.is_some() || members.contains(&way.id()) {
            ways.insert(way.id(), way.refs().collect());
        }
        if let Some(meaning) = meaning {
            tagged.push(TaggedWay {
                id: way.id(),
                tags,
                meaning,
            });
        }
    };
    ElementReader::from_path(path)?.for_each(|element| {
        if let Element::Way(way) = element {
            keep(&way);
        }
    })?;
    Ok((tagged, ways))
}

/// Nodes that are components, and the places of those that ways run through.
fn nodes(path: &Path, wanted: &HashSet<i64>) -> osmpbf::Result<(Vec<OsmElement>, Places)> {
    let mut elements = Vec::new();
    let mut places = Places::new();
    let mut keep = |id: i64, place: Coord, tags: Tags| {
        if wanted.contains(&id) {
            places.insert(id, place);
        }
        if let Some(meaning @ Meaning::Component(_)) = osm_tags::meaning(&tags) {
            let geometry = Ok(Geometry::Point(Point(place)));
            elements.push(OsmElement {
                id: format!("node/{id}"),
                tags,
                meaning,
                geometry,
                is_cut: false,
            });
        }
    };
    ElementReader::from_path(path)?.for_each(|element| match element {
        Element::Node(node) => {
            keep(
                node.id(),
                Coord {
                    x: node.lon(),
                    y: node.lat(),
                },
                collect(node.tags()),
            );
        }
        Element::DenseNode(node) => {
            keep(
                node.id(),
                Coord {
                    x: node.lon(),
                    y: node.lat(),
                },
                collect(node.tags()),
            );
        }
        Element::Way(_) | Element::Relation(_) => {}
    })?;
    Ok((elements, places))
}

fn collect<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> Tags {
    tags.map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// An extract may hold a way without its nodes beyond the border: the line falls into pieces.
fn pieces(id: i64, ways: &Ways, places: &Places) -> Result<Pieces, String> {
    let nodes = ways
        .get(&id)
        .ok_or_else(|| format!("incomplete: way {id} is not in the file"))?;
    let inside: Vec<Option<Coord>> = nodes.iter().map(|node| places.get(node).copied()).collect();
    let runs = inside.split(Option::is_none);
    let lines = runs.map(|run| run.iter().flatten().copied().collect::<Vec<Coord>>());
    Ok(Pieces {
        lines: lines.filter(|line| line.len() > 1).collect(),
        is_cut: inside.iter().any(Option::is_none),
    })
}

/// The whole way.
fn way_places(id: i64, ways: &Ways, places: &Places) -> Result<Vec<Coord>, String> {
    let Pieces { mut lines, is_cut } = pieces(id, ways, places)?;
    match lines.pop() {
        Some(line) if !is_cut => Ok(line),
        _ => Err(format!("incomplete: not all of way {id} is in the file")),
    }
}

/// The geometry of a way, and whether the border cuts it.
fn way_geometry(
    id: i64,
    meaning: Meaning,
    ways: &Ways,
    places: &Places,
) -> Result<(Geometry, bool), String> {
    const RING_POINTS_MIN: usize = 4;
    let is_area = match meaning {
        Meaning::Component(_) => false,
        Meaning::Basemap(basemap) => basemap.is_area(),
    };
    if is_area {
        let ring = way_places(id, ways, places)?;
        if ring.len() < RING_POINTS_MIN || ring.first() != ring.last() {
            return Err("an area whose way is not closed".to_owned());
        }
        let polygon = Polygon::new(LineString(ring), Vec::new());
        return Ok((Geometry::Polygon(polygon), false));
    }
    let Pieces { mut lines, is_cut } = pieces(id, ways, places)?;
    let geometry = match lines.len() {
        0 => return Err(format!("incomplete: nothing of way {id} is in the file")),
        1 => Geometry::LineString(LineString(lines.remove(0))),
        _ => {
            Geometry::MultiLineString(MultiLineString(lines.into_iter().map(LineString).collect()))
        }
    };
    Ok((geometry, is_cut))
}

fn multipolygon_geometry(
    relation: &Multipolygon,
    ways: &Ways,
    places: &Places,
) -> Result<Geometry, String> {
    let lines = |ids: &[i64]| -> Result<Vec<Vec<Coord>>, String> {
        ids.iter().map(|id| way_places(*id, ways, places)).collect()
    };
    let area = rings::assemble(lines(&relation.outers)?, lines(&relation.inners)?)?;
    Ok(Geometry::MultiPolygon(area))
}
