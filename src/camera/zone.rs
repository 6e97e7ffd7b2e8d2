//! Ground before a camera where something must not stay, and when. Pure.

use chrono::{DateTime, Datelike as _, Timelike as _, Utc, Weekday};
use geo_types::Polygon;

use crate::catalogue::{ClassCode, ZoneKind};
use crate::ground;
use crate::space::GroundPoint;
use crate::time::beijing;

pub(super) const MINUTES_A_DAY: u16 = 24 * 60;

/// One zone of a camera.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    pub kind: ZoneKind,
    /// EPSG:4326.
    pub ground: Polygon<f64>,
    /// Which classes it concerns; `None`: all whose rule asks for a zone of this kind.
    pub classes: Option<Vec<ClassCode>>,
    /// When it is in force; `None`: always.
    pub hours: Option<Hours>,
}

/// The same hours on some days of the week, Beijing time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// The days on which they begin.
    pub days: Vec<Weekday>,
    /// Minutes after midnight.
    pub from_min: u16,
    /// An end that is not after the beginning is on the next day; the end itself is outside.
    pub to_min: u16,
}

impl Zone {
    /// Whether a thing of this class at this place must not stay there now.
    pub fn forbids(
        &self,
        kind: ZoneKind,
        class: ClassCode,
        point: GroundPoint,
        at: DateTime<Utc>,
    ) -> bool {
        let concerned = self
            .classes
            .as_ref()
            .is_none_or(|classes| classes.contains(&class));
        let in_force = self.hours.as_ref().is_none_or(|hours| hours.hold(at));
        self.kind == kind && concerned && in_force && ground::contains(&self.ground, point)
    }
}

impl Hours {
    pub fn hold(&self, at: DateTime<Utc>) -> bool {
        let local = at.with_timezone(&beijing());
        let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or(MINUTES_A_DAY);
        let today = local.weekday();
        let begins = |day: Weekday| self.days.contains(&day);
        if self.from_min < self.to_min {
            return begins(today) && (self.from_min..self.to_min).contains(&minute);
        }
        begins(today) && minute >= self.from_min || begins(today.pred()) && minute < self.to_min
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn beijing(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("{text}:00+08:00"))
            .unwrap()
            .to_utc()
    }

    #[test]
    fn hours_are_of_beijing_and_may_end_the_next_day() {
        let day = Hours {
            days: vec![Weekday::Mon, Weekday::Tue],
            from_min: 8 * 60,
            to_min: 20 * 60,
        };
        // 2026-11-23 is a Monday; until 8 in Beijing it is still Sunday in UTC
        assert!(!day.hold(beijing("2026-11-23T07:59")));
        assert!(day.hold(beijing("2026-11-23T08:00")));
        assert!(day.hold(beijing("2026-11-24T19:59")));
        assert!(!day.hold(beijing("2026-11-24T20:00")));
        assert!(!day.hold(beijing("2026-11-25T12:00")));

        let night = Hours {
            days: vec![Weekday::Sun],
            from_min: 22 * 60,
            to_min: 6 * 60,
        };
        assert!(!night.hold(beijing("2026-11-22T05:00")));
        assert!(night.hold(beijing("2026-11-22T22:00")));
        assert!(night.hold(beijing("2026-11-23T05:59")));
        assert!(!night.hold(beijing("2026-11-23T06:00")));
        assert!(!night.hold(beijing("2026-11-23T22:00")));
    }

    #[test]
    fn a_zone_forbids_its_classes_on_its_ground() {
        let class: ClassCode = "M09009".parse().unwrap();
        let other: ClassCode = "M09010".parse().unwrap();
        let corners = vec![(119.0, 32.0), (119.1, 32.0), (119.1, 32.1), (119.0, 32.1)];
        let zone = Zone {
            kind: ZoneKind::NoParking,
            ground: Polygon::new(corners.into(), Vec::new()),
            classes: Some(vec![class]),
            hours: None,
        };
        let inside = GroundPoint {
            lon: 119.05,
            lat: 32.05,
        };
        let beside = GroundPoint {
            lon: 119.15,
            ..inside
        };
        let at = DateTime::UNIX_EPOCH;
        assert!(zone.forbids(ZoneKind::NoParking, class, inside, at));
        assert!(!zone.forbids(ZoneKind::Pavement, class, inside, at));
        assert!(!zone.forbids(ZoneKind::NoParking, other, inside, at));
        assert!(!zone.forbids(ZoneKind::NoParking, class, beside, at));
    }

    proptest! {
        /// Any hours hold for just as long as they say, on each of their days.
        #[test]
        fn hours_hold_for_as_long_as_they_say(from_min in 0..1440_u16, to_min in 0..1440_u16) {
            let hours = Hours { days: vec![Weekday::Wed], from_min, to_min };
            let monday = beijing("2026-11-23T00:00");
            let minutes = (0..7 * 1440).filter(|m| hours.hold(monday + TimeDelta::minutes(*m)));
            let expected = (i64::from(to_min) - i64::from(from_min) - 1).rem_euclid(1440) + 1;
            prop_assert_eq!(minutes.count() as i64, expected);
        }
    }
}
