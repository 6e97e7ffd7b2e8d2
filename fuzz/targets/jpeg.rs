//! The header of a picture, as the door looks at it.
#![no_main]

#[allow(dead_code, reason = "a target uses a part of the file")]
#[path = "../../src/camera/jpeg.rs"]
mod jpeg;

use libfuzzer_sys::fuzz_target;

const PIXELS_MAX: u32 = 3840 * 2160;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(size) = jpeg::probe(bytes, PIXELS_MAX) {
        assert!(size.width_px > 0 && size.height_px > 0);
        assert!(size.width_px * size.height_px <= PIXELS_MAX);
    }
});
