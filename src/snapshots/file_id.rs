//! SnapShotFileID: by what name a snapshot comes.

use chrono::{DateTime, Utc};

use crate::viid::DeviceId;
use crate::viid::read::read_time;

/// No name is longer.
const CHARS_MAX: usize = 128;
/// The time comes after the camera (20) and the kind (2).
const TIME: std::ops::Range<usize> = 22..36;

/// The name of a picture without its folder and ending. By the standard it is the camera (20), the kind
/// (2: 02 is a picture), the time (14) and a number (5); makers write others, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotFileId(String);

impl SnapshotFileId {
    /// `None`: no name at all, or one that is none. Folders and the ending are left away.
    pub fn read(name: &str) -> Option<Self> {
        let name = name.trim().rsplit(['/', '\\']).next().unwrap_or_default();
        let name = match name.rsplit_once('.') {
            Some((stem, "jpg" | "jpeg" | "JPG" | "JPEG")) => stem,
            _ => name,
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let is_name = (1..=CHARS_MAX).contains(&name.len()) && name.chars().all(plain);
        is_name.then(|| Self(name.to_owned()))
    }

    /// The camera it says it is of.
    pub fn camera(&self) -> Option<DeviceId> {
        DeviceId::at_start_of(&self.0)
    }

    /// When it says it was taken.
    pub fn taken_at(&self) -> Option<DateTime<Utc>> {
        self.camera()?;
        read_time(self.0.get(TIME)?)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_camera_and_time() {
        for name in [
            "34020000001310000001022025081609220800000",
            "34020000001310000001022025081609220800000.jpg",
            "/snap/34020000001310000001022025081609220800000.JPEG ",
            "C:\\snap\\34020000001310000001022025081609220800000.jpg",
        ] {
            let id = SnapshotFileId::read(name).unwrap();
            assert_eq!(id.as_str(), "34020000001310000001022025081609220800000");
            assert_eq!(id.camera().unwrap().as_str(), "34020000001310000001");
            let taken_at: DateTime<Utc> = "2025-08-16T01:22:08Z".parse().unwrap();
            assert_eq!(id.taken_at(), Some(taken_at));
        }
    }

    #[test]
    fn other_names_say_less() {
        let id = SnapshotFileId::read("20260617T120000_0.jpg").unwrap();
        assert_eq!((id.camera(), id.taken_at()), (None, None));
        let id = SnapshotFileId::read("34020000001310000001-1.jpg").unwrap();
        assert!(id.camera().is_some() && id.taken_at().is_none());
        for none in [
            "",
            " ",
            "/",
            ".jpg",
            "快照.jpg",
            "a b",
            "x\0",
            &"7".repeat(129),
        ] {
            assert_eq!(SnapshotFileId::read(none), None, "{none:?}");
        }
    }
}
