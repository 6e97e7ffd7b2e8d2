//! Who registers, and for how long a registration holds.

use chrono::{DateTime, TimeDelta, Utc};
use cityward_partition::{Degrees, gcj02_from_wgs84, wgs84_from_gcj02};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::space::GroundPoint;

/// Keepalives that may fail to come: with the third a device is offline and has to register anew.
const KEEPALIVES_MISSED_MAX: u32 = 3;

/// How long a device is believed to be there after it said so, when it is to say so every
/// `keepalive_s`.
pub(super) fn silence_max(keepalive_s: u32) -> TimeDelta {
    TimeDelta::seconds(i64::from(keepalive_s) * i64::from(KEEPALIVES_MISSED_MAX))
}

/// Where a device stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Presence {
    Online,
    /// It is registered and has not been heard: it has to register anew.
    Offline,
    /// It said goodbye, or what it registered with was taken away.
    Unregistered,
}

impl Presence {
    /// All of them, for who counts.
    pub(super) const ALL: [Self; 3] = [Self::Online, Self::Offline, Self::Unregistered];

    pub(super) fn of(
        alive_at: Option<DateTime<Utc>>,
        keepalive_s: u32,
        now: DateTime<Utc>,
    ) -> Self {
        match alive_at {
            None => Self::Unregistered,
            Some(at) if now - at < silence_max(keepalive_s) => Self::Online,
            Some(_) => Self::Offline,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Unregistered => "unregistered",
        }
    }
}

/// What a platform's longitudes and latitudes are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "coordinate_system", rename_all = "lowercase")]
pub(super) enum Coordinates {
    Wgs84,
    /// Shifted, as Chinese map services have them.
    Gcj02,
}

impl Coordinates {
    /// A place a platform tells.
    pub(super) fn ground(self, told: Degrees) -> Option<GroundPoint> {
        let Degrees { lon, lat } = match self {
            Self::Wgs84 => told,
            Self::Gcj02 => wgs84_from_gcj02(told),
        };
        GroundPoint::new_checked(lon, lat)
    }

    /// A place as the platform has it.
    pub(super) fn told(self, place: GroundPoint) -> Degrees {
        let GroundPoint { lon, lat } = place;
        match self {
            Self::Wgs84 => Degrees { lon, lat },
            Self::Gcj02 => gcj02_from_wgs84(Degrees { lon, lat }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_missed_keepalive_makes_a_device_offline() {
        let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let after = |seconds| Presence::of(Some(at), 90, at + TimeDelta::seconds(seconds));
        assert_eq!(after(269), Presence::Online);
        assert_eq!(after(270), Presence::Offline);
        assert_eq!(Presence::of(None, 90, at), Presence::Unregistered);
    }

    #[test]
    fn a_place_is_shifted_there_and_back() {
        let place = GroundPoint {
            lon: 119.92,
            lat: 32.45,
        };
        let told = Coordinates::Gcj02.told(place);
        let shifted = GroundPoint {
            lon: told.lon,
            lat: told.lat,
        };
        assert!(place.distance_m(shifted) > 100.0);
        assert!(Coordinates::Gcj02.ground(told).unwrap().distance_m(place) < 0.01);
        let same = Coordinates::Wgs84.ground(Coordinates::Wgs84.told(place));
        assert_eq!(same, Some(place));
        assert_eq!(
            Coordinates::Wgs84.ground(Degrees {
                lon: 181.0,
                lat: 0.0
            }),
            None
        );
    }
}
