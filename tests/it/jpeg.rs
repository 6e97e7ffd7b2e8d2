//! Pictures as cameras send them.

use image::{GrayImage, RgbImage};
use opencv::core::{Mat, MatTraitConst as _, Vector};
use opencv::{imgcodecs, imgproc};

/// `quality`: of 100.
pub(crate) fn jpeg(picture: &RgbImage, quality: i32) -> Vec<u8> {
    let mut bgr = Mat::default();
    let rgb = Mat::from_slice(picture.as_raw()).unwrap();
    let rgb = rgb.reshape(3, rows(picture.height())).unwrap();
    imgproc::cvt_color_def(&rgb, &mut bgr, imgproc::COLOR_RGB2BGR).unwrap();
    encoded(&bgr, quality)
}

/// Without colours. `quality`: of 100.
pub(crate) fn grey_jpeg(picture: &GrayImage, quality: i32) -> Vec<u8> {
    let grey = Mat::from_slice(picture.as_raw()).unwrap();
    encoded(&grey.reshape(1, rows(picture.height())).unwrap(), quality)
}

fn rows(height: u32) -> i32 {
    i32::try_from(height).unwrap()
}

fn encoded(picture: &impl opencv::core::ToInputArray, quality: i32) -> Vec<u8> {
    let mut jpeg = Vector::new();
    let how = Vector::from_slice(&[imgcodecs::IMWRITE_JPEG_QUALITY, quality]);
    imgcodecs::imencode(".jpg", picture, &mut jpeg, &how).unwrap();
    jpeg.into()
}
