use bytes::Bytes;
use chrono::DateTime;
use uuid::Uuid;

use super::*;
use crate::camera::{Camera, CameraId};
use crate::ground::ControlPair;
use crate::space::{GroundPoint, LocalFrame, LocalPoint, PixelBox};
use crate::vision::ModelRef;

const CAMERA: GroundPoint = GroundPoint {
    lon: 119.92,
    lat: 32.45,
};
const WIDTH_PX: u32 = 1280;
const HEIGHT_PX: u32 = 720;

fn east_north(east_m: f64, north_m: f64) -> GroundPoint {
    LocalFrame::at(CAMERA).ground_from_local(LocalPoint { east_m, north_m })
}

/// Looks north along a flat street from 10 m above it, the horizon at row 160: a pixel at
/// (x, y) shows the ground (x - 640) / (y - 160) * 10 m east and 8000 / (y - 160) m north.
fn camera() -> Camera {
    let pair = |x: f64, y: f64| {
        let place = east_north((x - 640.0) / (y - 160.0) * 10.0, 8000.0 / (y - 160.0));
        ControlPair {
            x,
            y,
            lon: place.lon,
            lat: place.lat,
        }
    };
    let pairs = vec![
        pair(40.0, 700.0),
        pair(1240.0, 700.0),
        pair(100.0, 360.0),
        pair(1180.0, 360.0),
        pair(640.0, 460.0),
        pair(300.0, 560.0),
    ];
    let calibration = Calibration::fit(pairs, WIDTH_PX, HEIGHT_PX, None).unwrap();
    Camera {
        id: CameraId::try_from("north".to_owned()).unwrap(),
        platform_id: None,
        name_zh: "北".to_owned(),
        name_en: "North".to_owned(),
        location: CAMERA,
        height_m: Some(10.0),
        models: None,
        zones: Vec::new(),
        pulled_every: None,
        masks: Arc::default(),
        calibration: Some(Arc::new(calibration)),
    }
}

/// Fixes a thing whose box ends at (`x`, `y`) in a picture of the given size.
fn check(
    camera: Camera,
    confidence: f32,
    (x, y): (f32, f32),
    size: (u32, u32),
) -> Result<GroundPoint, Dropped> {
    let class: ClassCode = "M06042".parse().unwrap();
    let frame = Frame {
        id: Uuid::nil(),
        camera: Arc::new(camera),
        captured_at: DateTime::UNIX_EPOCH,
        received_at: DateTime::UNIX_EPOCH,
        jpeg: Bytes::new(),
    };
    let detection = Detection {
        label: "overflow".into(),
        class: Some(class),
        stands: None,
        confidence,
        pixel_box: PixelBox {
            left: x - 20.0,
            top: y - 60.0,
            right: x + 20.0,
            bottom: y,
        },
    };
    let seen = Detections {
        model: Arc::new(ModelRef {
            name: "test".to_owned(),
            version: "1".to_owned(),
        }),
        image_width_px: size.0,
        image_height_px: size.1,
        found: Vec::new(),
    };
    let rule = &crate::catalogue::Catalogue::shipped().sighting_rules()[&class];
    fix(rule, &frame, &seen, &detection).map(|(_, fix)| fix.point)
}

const FULL: (u32, u32) = (WIDTH_PX, HEIGHT_PX);

fn close(point: Result<GroundPoint, Dropped>, expected: GroundPoint) {
    let off_m = point.unwrap().distance_m(expected);
    assert!(off_m < 0.01, "{off_m} m off");
}

#[test]
fn the_foot_of_the_box_is_the_place() {
    close(
        check(camera(), 0.9, (640.0, 560.0), FULL),
        east_north(0.0, 20.0),
    );
    close(
        check(camera(), 0.9, (840.0, 560.0), FULL),
        east_north(5.0, 20.0),
    );
}

#[test]
fn a_smaller_picture_of_the_same_proportion_is_the_same_picture() {
    close(
        check(camera(), 0.9, (420.0, 280.0), (640, 360)),
        east_north(5.0, 20.0),
    );
}

#[test]
fn what_cannot_be_placed_says_why() {
    let foot = (640.0, 560.0);
    assert_eq!(check(camera(), 0.49, foot, FULL), Err(Dropped::Unsure));
    assert_eq!(
        check(camera(), 0.9, (640.0, 150.0), FULL),
        Err(Dropped::BehindHorizon)
    );
    assert_eq!(
        check(camera(), 0.9, (640.0, 165.0), FULL),
        Err(Dropped::OutsideGround)
    );
    assert_eq!(
        check(camera(), 0.9, foot, (1280, 1024)),
        Err(Dropped::Uncalibrated)
    );
    let uncalibrated = Camera {
        calibration: None,
        ..camera()
    };
    assert_eq!(
        check(uncalibrated, 0.9, foot, FULL),
        Err(Dropped::Uncalibrated)
    );
}
