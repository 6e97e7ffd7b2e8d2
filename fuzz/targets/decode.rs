//! A picture from the door to its pixels: what the header promises is what OpenCV makes of it, or it
//! is refused.
#![no_main]

#[allow(dead_code, reason = "a target uses a part of the files")]
#[path = "."]
mod camera {
    #[path = "../../src/camera/jpeg.rs"]
    pub mod jpeg;
}

#[allow(dead_code, reason = "a target uses a part of the files")]
#[path = "beside/space.rs"]
mod space;

#[allow(dead_code, reason = "a target uses a part of the files")]
#[path = "."]
mod vision {
    #[path = "../../src/vision/fit.rs"]
    mod fit;
    #[path = "../../src/vision/picture.rs"]
    mod picture;

    #[derive(Debug)]
    pub enum UnreadableFrame {
        Undecodable(String),
        SizeMismatch {
            expected_width: u32,
            expected_height: u32,
            width: u32,
            height: u32,
        },
    }

    impl From<opencv::Error> for UnreadableFrame {
        fn from(error: opencv::Error) -> Self {
            Self::Undecodable(error.message)
        }
    }

    pub fn look(jpeg: &[u8], width: u32, height: u32) {
        let frame = fit::Size { width, height };
        let input = fit::Size {
            width: 320,
            height: 320,
        };
        let fit = fit::Fit::new(frame, input, fit::Letterbox::Centre);
        let mut picture = picture::Picture::default();
        if picture.decode(jpeg, &fit).is_ok() {
            drop(picture.content(&fit).map(<[u8]>::len));
        }
    }
}

use libfuzzer_sys::fuzz_target;

/// Larger ones only take longer.
const PIXELS_MAX: u32 = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(size) = camera::jpeg::probe(bytes, PIXELS_MAX) {
        vision::look(bytes, size.width_px, size.height_px);
    }
});
