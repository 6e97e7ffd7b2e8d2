//! Well-known text of coordinate systems, as .prj files hold it.

use super::crs::{Crs, UnknownCrs};

/// The EPSG number when the text carries one; otherwise the system is built from the text if it
/// is geographic, Mercator of the web, or transverse Mercator (Gauss-Kruger, UTM), which is what
/// cities use.
pub(super) fn parse(wkt: &str) -> Result<Crs, UnknownCrs> {
    let name = name(wkt);
    let built = epsg(wkt)
        .and_then(Crs::from_epsg)
        .or_else(|| build(wkt, &name));
    built.ok_or(UnknownCrs(name))
}

/// The first quoted text.
fn name(wkt: &str) -> String {
    wkt.split('"').nth(1).unwrap_or(wkt).to_owned()
}

/// The last `AUTHORITY["EPSG","n"]` or `ID["EPSG",n]` belongs to the whole, not to a part.
fn epsg(wkt: &str) -> Option<u16> {
    let compact: String = wkt.chars().filter(|c| !c.is_whitespace()).collect();
    let closing = compact.trim_end_matches(']');
    let (_, number) = closing.rsplit_once("[\"EPSG\",")?;
    number.trim_matches('"').parse().ok()
}

fn build(wkt: &str, name: &str) -> Option<Crs> {
    let ellipsoid = ellipsoid(wkt)?;
    let upper = wkt.trim_start().to_ascii_uppercase();
    if upper.starts_with("GEOGCS") || upper.starts_with("GEOGCRS") {
        let wgs84_like = ["WGS_1984", "WGS 84", "China_2000", "CGCS2000"];
        if wgs84_like.iter().any(|datum| wkt.contains(datum)) {
            return Some(Crs::Wgs84);
        }
        return Crs::from_proj_string(name, &format!("+proj=longlat {ellipsoid} +no_defs"));
    }
    if wkt.contains("Mercator_Auxiliary_Sphere") || wkt.contains("Pseudo-Mercator") {
        return Crs::from_epsg(3857);
    }
    if !(wkt.contains("Transverse_Mercator") || wkt.contains("Gauss_Kruger")) {
        return None;
    }
    let parameter = |name: &str| parameter(wkt, name);
    let definition = format!(
        "+proj=tmerc +lat_0={} +lon_0={} +k={} +x_0={} +y_0={} {ellipsoid} +units=m +no_defs",
        parameter("latitude_of_origin").unwrap_or(0.0),
        parameter("central_meridian")?,
        parameter("scale_factor").unwrap_or(1.0),
        parameter("false_easting")?,
        parameter("false_northing").unwrap_or(0.0),
    );
    // metres only: feet would come out a third of the size
    let in_metres = upper.contains("UNIT[\"METER\"") || upper.contains("UNIT[\"METRE\"");
    in_metres
        .then(|| Crs::from_proj_string(name, &definition))
        .flatten()
}

/// `SPHEROID["CGCS2000",6378137.0,298.257222101]` → `+a=… +rf=…`
fn ellipsoid(wkt: &str) -> Option<String> {
    let (_, rest) = wkt
        .split_once("SPHEROID[")
        .or_else(|| wkt.split_once("ELLIPSOID["))?;
    let mut parts = rest.split(']').next()?.split(',').skip(1);
    let semi_major_m: f64 = parts.next()?.trim().parse().ok()?;
    let inverse_flattening: f64 = parts.next()?.trim().parse().ok()?;
    Some(format!("+a={semi_major_m} +rf={inverse_flattening}"))
}

/// `PARAMETER["Central_Meridian",120.0]`, whatever the capitals.
fn parameter(wkt: &str, name: &str) -> Option<f64> {
    let lower = wkt.to_ascii_lowercase();
    let (_, rest) = lower.split_once(&format!("parameter[\"{name}\","))?;
    rest.split(']').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_types::Coord;

    const ESRI_4549: &str = r#"PROJCS["CGCS2000_3_Degree_GK_CM_120E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",120.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;

    #[test]
    fn a_survey_projection_without_a_number_is_built_from_its_parameters() {
        let crs = parse(ESRI_4549).unwrap();
        let there = crs
            .wgs84(Coord {
                x: 492_477.701_242,
                y: 3_591_756.092_612,
            })
            .unwrap();
        assert!(
            (there.x - 119.92).abs() < 1e-7 && (there.y - 32.45).abs() < 1e-7,
            "{there:?}"
        );
        assert_eq!(crs.to_string(), "CGCS2000_3_Degree_GK_CM_120E");
    }

    #[test]
    fn the_number_of_the_whole_counts() {
        let wkt = r#"PROJCS["x",GEOGCS["y",AUTHORITY["EPSG","4326"]],AUTHORITY["EPSG","32734"]]"#;
        assert_eq!(parse(wkt).unwrap().to_string(), "EPSG:32734");
    }

    #[test]
    fn geographic_systems_of_wgs84_and_cgcs2000_are_plain_degrees() {
        for (name, datum) in [
            ("GCS_WGS_1984", "D_WGS_1984"),
            ("GCS_China", "D_China_2000"),
        ] {
            let wkt = format!(
                r#"GEOGCS["{name}",DATUM["{datum}",SPHEROID["s",6378137.0,298.257223563]]]"#
            );
            assert_eq!(parse(&wkt).unwrap(), Crs::Wgs84);
        }
    }

    #[test]
    fn anything_else_is_refused_by_its_name() {
        let wkt = r#"PROJCS["Somewhere_Albers",GEOGCS["g",DATUM["d",SPHEROID["s",6378137.0,298.25]]],PROJECTION["Albers"],UNIT["Meter",1.0]]"#;
        assert_eq!(
            parse(wkt).unwrap_err(),
            UnknownCrs("Somewhere_Albers".to_owned())
        );
    }
}
