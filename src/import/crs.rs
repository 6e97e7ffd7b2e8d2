//! In which coordinates a file is written, and how they become WGS 84.

use std::fmt;
use std::str::FromStr;

use cityward_partition::{Degrees, gcj02_from_bd09, wgs84_from_gcj02};
use geo_types::Coord;
use proj4rs::Proj;

/// A coordinate reference system a file can be in.
#[derive(Debug, Clone, PartialEq)]
pub enum Crs {
    /// Degrees, longitude first. EPSG:4490 (CGCS2000) counts as the same: the two differ by less
    /// than a survey's accuracy.
    Wgs84,
    /// The shifted coordinates of AMap and Tencent.
    Gcj02,
    /// The twice shifted coordinates of Baidu.
    Bd09,
    /// Any other system, under its EPSG number or its PROJ definition.
    Projected(Box<Projection>),
}

/// A system that proj4rs converts.
#[derive(Clone)]
pub struct Projection {
    name: String,
    from: Proj,
    wgs84: Proj,
}

/// Not the name of a system known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a known coordinate system; name one as EPSG:n, gcj02 or bd09")]
pub struct UnknownCrs(pub String);

impl FromStr for Crs {
    type Err = UnknownCrs;

    /// Takes `EPSG:4549`, `4549`, `gcj02`, `bd09`, and the URNs and URLs of the OGC.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownCrs(name.to_owned());
        let plain = name.trim().to_ascii_lowercase();
        match plain.replace(['-', '_', ':'], "").as_str() {
            "gcj02" => return Ok(Self::Gcj02),
            "bd09" | "bd09ll" => return Ok(Self::Bd09),
            "wgs84" => return Ok(Self::Wgs84),
            _ => {}
        }
        if plain.ends_with("crs84") || plain.ends_with("crs84h") {
            return Ok(Self::Wgs84);
        }
        let number = plain.rsplit([':', '/']).next().unwrap_or_default();
        let of_epsg = plain == number || plain.contains("epsg");
        let code = number.parse::<u16>().ok().filter(|_| of_epsg);
        code.and_then(Self::from_epsg).ok_or_else(unknown)
    }
}

impl Crs {
    /// `None` when the number is not in the list of definitions.
    pub fn from_epsg(code: u16) -> Option<Self> {
        if matches!(code, 4326 | 4490) {
            return Some(Self::Wgs84);
        }
        let from = Proj::from_epsg_code(code).ok()?;
        Self::from_projection(format!("EPSG:{code}"), from)
    }

    /// From a PROJ definition such as `+proj=tmerc +lon_0=120 …`.
    pub fn from_proj_string(name: &str, definition: &str) -> Option<Self> {
        let from = Proj::from_proj_string(definition).ok()?;
        Self::from_projection(name.to_owned(), from)
    }

    fn from_projection(name: String, from: Proj) -> Option<Self> {
        let wgs84 = Proj::from_proj_string("+proj=longlat +datum=WGS84 +no_defs").ok()?;
        Some(Self::Projected(Box::new(Projection { name, from, wgs84 })))
    }

    /// The same place in WGS 84; `None` when the projection does not reach there.
    pub fn wgs84(&self, place: Coord) -> Option<Coord> {
        let point = Degrees {
            lon: place.x,
            lat: place.y,
        };
        let converted = match self {
            Self::Wgs84 => return Some(place),
            Self::Gcj02 => wgs84_from_gcj02(point),
            Self::Bd09 => wgs84_from_gcj02(gcj02_from_bd09(point)),
            Self::Projected(projection) => return projection.wgs84(place),
        };
        Some(Coord {
            x: converted.lon,
            y: converted.lat,
        })
    }
}

impl Projection {
    fn wgs84(&self, place: Coord) -> Option<Coord> {
        let mut point = (place.x, place.y, 0.0);
        if self.from.is_latlong() {
            point = (place.x.to_radians(), place.y.to_radians(), 0.0);
        }
        proj4rs::transform::transform(&self.from, &self.wgs84, &mut point).ok()?;
        let there = Coord {
            x: point.0.to_degrees(),
            y: point.1.to_degrees(),
        };
        (there.x.is_finite() && there.y.is_finite()).then_some(there)
    }
}

impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wgs84 => f.write_str("EPSG:4326"),
            Self::Gcj02 => f.write_str("GCJ-02"),
            Self::Bd09 => f.write_str("BD-09"),
            Self::Projected(projection) => f.write_str(&projection.name),
        }
    }
}

impl fmt::Debug for Projection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Projection")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Projection {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::GroundPoint;

    #[track_caller]
    fn check(crs: &str, place: (f64, f64), expected: (f64, f64)) {
        let crs: Crs = crs.parse().unwrap();
        let there = crs
            .wgs84(Coord {
                x: place.0,
                y: place.1,
            })
            .unwrap();
        let expected = GroundPoint {
            lon: expected.0,
            lat: expected.1,
        };
        let distance_m = GroundPoint {
            lon: there.x,
            lat: there.y,
        }
        .distance_m(expected);
        assert!(
            distance_m < 0.01,
            "{there:?} is {distance_m} m from {expected:?}"
        );
    }

    /// Expected values from GDAL 3.6 (`gdaltransform`).
    #[test]
    fn known_places_convert_to_the_centimetre() {
        check("EPSG:4326", (119.92, 32.45), (119.92, 32.45));
        check("EPSG:4490", (119.92, 32.45), (119.92, 32.45));
        check(
            "EPSG:4549",
            (492_477.701_242, 3_591_756.092_612),
            (119.92, 32.45),
        );
        check(
            "EPSG:3857",
            (12_897_476.203_309, -3_756_749.138_173),
            (115.86, -31.95),
        );
        check(
            "urn:ogc:def:crs:EPSG::32734",
            (302_196.208_752, 6_243_542.953_927),
            (18.86, -33.93),
        );
    }

    #[test]
    fn names_are_understood_in_the_forms_files_use() {
        for name in [
            "EPSG:4326",
            "4326",
            "urn:ogc:def:crs:OGC:1.3:CRS84",
            "WGS84",
            "epsg:4490",
        ] {
            assert_eq!(name.parse::<Crs>().unwrap(), Crs::Wgs84, "{name}");
        }
        for name in ["gcj02", "GCJ-02", "gcj_02"] {
            assert_eq!(name.parse::<Crs>().unwrap(), Crs::Gcj02, "{name}");
        }
        assert_eq!("BD-09".parse::<Crs>().unwrap(), Crs::Bd09);
        let url = "http://www.opengis.net/def/crs/EPSG/0/4549";
        assert_eq!(url.parse::<Crs>().unwrap().to_string(), "EPSG:4549");
    }

    #[test]
    fn an_unknown_name_is_refused_with_how_to_say_it() {
        let error = "EPSG:99".parse::<Crs>().unwrap_err().to_string();
        assert!(
            error.contains("EPSG:99") && error.contains("EPSG:n"),
            "{error}"
        );
        assert!("moon".parse::<Crs>().is_err());
    }
}
