//! Pictures from phones: upright, and silent about where they were taken (R5.2).

use image::{DynamicImage, RgbImage};
use reqwest::StatusCode;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::people::colleague;
use crate::privacy::{Watch, encoded, picture_at};

/// A picture that lies on its side and says so, and where it was taken.
fn from_a_phone() -> Vec<u8> {
    let mut jpeg = encoded(&RgbImage::from_fn(120, 60, |x, _| {
        image::Rgb(if x < 60 { [250, 20, 20] } else { [20, 20, 250] })
    }));
    let mut tiff = b"II\x2a\0\x08\0\0\0\x02\0".to_vec();
    // orientation 6: the left of the file is the top of the picture
    tiff.extend(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0");
    // the directory of the position
    tiff.extend(b"\x25\x88\x04\0\x01\0\0\0\x26\0\0\0\0\0\0\0");
    // latitude: 32 27 3.6
    tiff.extend(b"\x01\0\x02\0\x05\0\x03\0\0\0\x38\0\0\0\0\0\0\0");
    for part in [32_u32, 1, 27, 1, 36, 10] {
        tiff.extend(part.to_le_bytes());
    }
    let mut exif = b"\xff\xe1".to_vec();
    exif.extend(u16::try_from(tiff.len() + 8).unwrap().to_be_bytes());
    exif.extend(b"Exif\0\0");
    exif.extend(tiff);
    jpeg.splice(2..2, exif);
    jpeg
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_2_an_uploaded_picture_stands_upright_and_says_nothing_of_where_it_was_taken() {
    let watch = Watch::new(false).await;
    let collector = colleague(&watch.city, &watch.service, "collector", None, None).await;
    let image = Part::bytes(from_a_phone()).mime_str("image/jpeg").unwrap();
    let form = Form::new().part("image", image.file_name("photo.jpg"));
    let upload = collector.client.post("/api/v1/attachments").multipart(form);
    let answer = upload.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let uploaded: Value = answer.json().await.unwrap();
    assert_eq!(
        (&uploaded["width"], &uploaded["height"]),
        (&json!(60), &json!(120))
    );
    let bytes = picture_at(&collector.client, uploaded["url"].as_str().unwrap()).await;
    for hidden in [&b"Exif"[..], b"\x25\x88\x04\0"] {
        assert!(!bytes.windows(hidden.len()).any(|window| window == hidden));
    }
    let kept: DynamicImage = image::load_from_memory(&bytes).unwrap();
    let kept = kept.into_rgb8();
    assert_eq!(kept.dimensions(), (60, 120));
    let (top, bottom) = (kept.get_pixel(30, 10).0, kept.get_pixel(30, 110).0);
    assert!(top[0] > 200 && top[2] < 60, "{top:?}");
    assert!(bottom[2] > 200 && bottom[0] < 60, "{bottom:?}");
    assert_eq!(watch.files().len(), 1, "no original of it is kept");
}
