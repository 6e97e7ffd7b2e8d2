//! Coordinate reference systems that places are taken and given in (OGC API - Features - Part 2).

/// Geometry is stored as CRS84; PostGIS transforms it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Crs {
    /// WGS 84, longitude first.
    #[default]
    Crs84,
    /// WGS 84, latitude first.
    Wgs84,
    /// CGCS2000, latitude first.
    Cgcs2000,
    /// CGCS2000 / Gauss-Krüger, central meridian 120° E: metres, northing first.
    GaussKruger120E,
    /// Metres of Web Mercator, easting first.
    WebMercator,
}

impl Crs {
    pub(super) const ALL: [Self; 5] = [
        Self::Crs84,
        Self::Wgs84,
        Self::Cgcs2000,
        Self::GaussKruger120E,
        Self::WebMercator,
    ];

    pub(super) fn uri(self) -> &'static str {
        match self {
            Self::Crs84 => "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            Self::Wgs84 => "http://www.opengis.net/def/crs/EPSG/0/4326",
            Self::Cgcs2000 => "http://www.opengis.net/def/crs/EPSG/0/4490",
            Self::GaussKruger120E => "http://www.opengis.net/def/crs/EPSG/0/4549",
            Self::WebMercator => "http://www.opengis.net/def/crs/EPSG/0/3857",
        }
    }

    /// Takes the URI, as `crs` and `Content-Crs` have it.
    pub(super) fn named(uri: &str) -> Option<Self> {
        let uri = uri.trim().trim_start_matches('<').trim_end_matches('>');
        Self::ALL.into_iter().find(|crs| crs.uri() == uri)
    }

    /// As PostGIS knows it.
    pub(super) fn srid(self) -> i32 {
        match self {
            Self::Crs84 | Self::Wgs84 => 4326,
            Self::Cgcs2000 => 4490,
            Self::GaussKruger120E => 4549,
            Self::WebMercator => 3857,
        }
    }

    /// Whether the first of two numbers is to the north.
    pub(super) fn is_north_first(self) -> bool {
        match self {
            Self::Crs84 | Self::WebMercator => false,
            Self::Wgs84 | Self::Cgcs2000 | Self::GaussKruger120E => true,
        }
    }

    /// Digits after the point that are a millimetre or less.
    pub(super) fn digits(self) -> i32 {
        match self {
            Self::Crs84 | Self::Wgs84 | Self::Cgcs2000 => 9,
            Self::GaussKruger120E | Self::WebMercator => 4,
        }
    }
}
