//! Durations travel as whole seconds; their fields end in `_s`.

use chrono::TimeDelta;
use serde::{Deserialize as _, Deserializer, Serializer, de};

pub(super) fn serialize<S: Serializer>(time: &TimeDelta, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_i64(time.num_seconds())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<TimeDelta, D::Error> {
    let seconds = i32::deserialize(from)?;
    if seconds < 0 {
        return Err(de::Error::custom("must not be negative"));
    }
    Ok(TimeDelta::seconds(seconds.into()))
}
