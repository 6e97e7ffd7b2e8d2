//! What the tags of OpenStreetMap mean here (<https://wiki.openstreetmap.org/wiki/Map_features>).

use std::collections::BTreeMap;

/// Key → value.
pub(super) type Tags = BTreeMap<String, String>;

/// What an element becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A component of this class.
    Component(&'static str),
    /// A part of the base map.
    Basemap(Basemap),
}

/// A kind of `basemap`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basemap {
    /// With its rank: major, minor, service or path.
    Street(&'static str),
    Building,
    Water,
    /// A river as a line.
    Stream,
    Green,
}

/// Surveillance cameras are components and cameras.
pub(super) const SURVEILLANCE: &str = "C01050";

impl Basemap {
    /// The word in the database.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Street(_) => "street",
            Self::Building => "building",
            Self::Water | Self::Stream => "water",
            Self::Green => "green",
        }
    }

    pub(super) fn rank(self) -> &'static str {
        match self {
            Self::Street(rank) => rank,
            Self::Building | Self::Water | Self::Stream | Self::Green => "",
        }
    }

    pub(super) fn is_area(self) -> bool {
        matches!(self, Self::Building | Self::Water | Self::Green)
    }
}

/// `None`: nothing the city keeps.
pub(super) fn meaning(tags: &Tags) -> Option<Meaning> {
    if let Some(class) = component_class(tags) {
        return Some(Meaning::Component(class));
    }
    basemap(tags).map(Meaning::Basemap)
}

/// Classes of GB/T 47678.5-2026.
fn component_class(tags: &Tags) -> Option<&'static str> {
    let tag = |key: &str| tags.get(key).map_or("", String::as_str);
    if tag("highway") == "street_lamp" {
        return Some("C01037");
    }
    if tag("man_made") == "surveillance" && tag("surveillance:type") != "guard" {
        return Some(SURVEILLANCE);
    }
    if tag("emergency") == "fire_hydrant" {
        return Some("C01013");
    }
    if tag("natural") == "tree" {
        return Some(match tag("denotation") {
            "natural_monument" => "C04001",
            "park" | "garden" | "landmark" => "C04003",
            _ => "C04002",
        });
    }
    match tag("amenity") {
        "waste_basket" | "waste_disposal" => return Some("C03005"),
        "bench" => return Some("C04007"),
        _ => {}
    }
    manhole_class(tag("manhole"), tag("man_made") == "manhole")
}

fn manhole_class(medium: &str, is_manhole: bool) -> Option<&'static str> {
    match medium {
        "" if !is_manhole => None,
        "no" => None,
        "water" => Some("C01001"),
        "sewer" | "wastewater" => Some("C01002"),
        "drain" => Some("C01003"),
        "power" => Some("C01005"),
        "telecom" => Some("C01007"),
        "heat" | "heating" => Some("C01010"),
        "gas" => Some("C01011"),
        _ => Some("C01023"),
    }
}

fn basemap(tags: &Tags) -> Option<Basemap> {
    let tag = |key: &str| tags.get(key).map_or("", String::as_str);
    if !matches!(tag("building"), "" | "no") {
        return Some(Basemap::Building);
    }
    if let Some(rank) = street_rank(tag("highway")) {
        // squares are drawn by what surrounds them
        return (tag("area") != "yes").then_some(Basemap::Street(rank));
    }
    let is_water = tag("natural") == "water"
        || matches!(tag("waterway"), "riverbank" | "dock")
        || matches!(tag("landuse"), "reservoir" | "basin");
    if is_water {
        return Some(Basemap::Water);
    }
    if matches!(
        tag("waterway"),
        "river" | "stream" | "canal" | "drain" | "ditch"
    ) {
        return Some(Basemap::Stream);
    }
    let is_green = matches!(
        tag("leisure"),
        "park" | "garden" | "nature_reserve" | "golf_course"
    ) || matches!(
        tag("landuse"),
        "grass" | "forest" | "meadow" | "village_green" | "recreation_ground" | "cemetery"
    ) || matches!(tag("natural"), "wood" | "scrub" | "grassland" | "heath");
    is_green.then_some(Basemap::Green)
}

fn street_rank(highway: &str) -> Option<&'static str> {
    match highway {
        "motorway" | "motorway_link" | "trunk" | "trunk_link" | "primary" | "primary_link"
        | "secondary" | "secondary_link" => Some("major"),
        "tertiary" | "tertiary_link" | "unclassified" | "residential" | "living_street"
        | "pedestrian" | "road" => Some("minor"),
        "service" | "track" => Some("service"),
        "footway" | "cycleway" | "path" | "steps" | "bridleway" => Some("path"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(tags: &[(&str, &str)], expected: Option<Meaning>) {
        let tags = tags
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let tags: Tags = tags.collect();
        assert_eq!(meaning(&tags), expected, "{tags:?}");
    }

    #[test]
    fn street_furniture_has_a_class() {
        check(
            &[("highway", "street_lamp")],
            Some(Meaning::Component("C01037")),
        );
        check(&[("manhole", "heat")], Some(Meaning::Component("C01010")));
        check(
            &[("man_made", "manhole")],
            Some(Meaning::Component("C01023")),
        );
        check(
            &[("natural", "tree"), ("denotation", "natural_monument")],
            Some(Meaning::Component("C04001")),
        );
        check(
            &[("man_made", "surveillance"), ("surveillance:type", "guard")],
            None,
        );
    }

    #[test]
    fn the_base_map_has_streets_buildings_water_and_green() {
        check(
            &[("highway", "primary_link")],
            Some(Meaning::Basemap(Basemap::Street("major"))),
        );
        check(&[("highway", "pedestrian"), ("area", "yes")], None);
        check(
            &[("building", "yes")],
            Some(Meaning::Basemap(Basemap::Building)),
        );
        check(
            &[("building", "no"), ("natural", "water")],
            Some(Meaning::Basemap(Basemap::Water)),
        );
        check(
            &[("waterway", "stream")],
            Some(Meaning::Basemap(Basemap::Stream)),
        );
        check(
            &[("leisure", "park")],
            Some(Meaning::Basemap(Basemap::Green)),
        );
        check(&[("amenity", "cafe")], None);
    }
}
