//! How GA/T 1400 and GB/T 28181 number devices, cameras and platforms.

use std::fmt;

use serde::Serialize;

/// A device, a camera or a platform as GA/T 1400.1 and GB/T 28181 number them: 20 digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct DeviceId(String);

impl DeviceId {
    /// `None` unless it is 20 digits; spaces around them are not looked at.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let valid = text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit());
        valid.then(|| Self(text.to_owned()))
    }

    /// The device at the beginning of a longer number, as those of pictures are.
    pub fn at_start_of(number: &str) -> Option<Self> {
        Self::read(number.trim().get(..20)?)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_twenty_digits() {
        assert!(DeviceId::read(" 32120200001320000001 ").is_some());
        for wrong in [
            "",
            "3212020000132000000",
            "3212020000132000000x",
            "３２１２０２００００１３２００００００１",
        ] {
            assert_eq!(DeviceId::read(wrong), None, "{wrong}");
            assert_eq!(DeviceId::at_start_of(wrong), None, "{wrong}");
        }
        let image = "32120200001320000001022026112218300000001";
        assert_eq!(DeviceId::at_start_of(image).unwrap().as_str(), &image[..20]);
    }
}
