//! What devices and platforms of GA/T 1400 send: bodies, and how they say who they are.
//!
//! The first byte says which; the rest is the body, or a header.
#![no_main]

#[allow(
    dead_code,
    unused_imports,
    reason = "a target uses a part of the files"
)]
#[path = "."]
mod viid {
    #[path = "../../src/viid/device_id.rs"]
    mod device_id;
    #[path = "../../src/viid/digest.rs"]
    pub mod digest;
    #[path = "../../src/viid/read/mod.rs"]
    pub mod read;
    #[path = "../../src/viid/status.rs"]
    mod status;

    pub use device_id::DeviceId;
    pub use status::Code;
}

use libfuzzer_sys::fuzz_target;
use viid::DeviceId;
use viid::digest::{Answer, Challenge, Ha1};
use viid::read::{Kind, Limits, SentPicture, answered, apes, device_id, notifications, pictures};

const KINDS: [Kind; 5] = [
    Kind::Image,
    Kind::Scene,
    Kind::MotorVehicle,
    Kind::NonMotorVehicle,
    Kind::Thing,
];
const BYTES_MAX: usize = 1 << 12;

fn is_sound(picture: &SentPicture) {
    assert!(picture.jpeg.len() <= BYTES_MAX);
    assert_eq!(
        DeviceId::read(picture.camera.as_str()).as_ref(),
        Some(&picture.camera)
    );
}

fn headers(text: &str) {
    if let Some(answer) = Answer::read(text) {
        let password = Ha1::of(&answer.username, &answer.realm, "");
        drop(answer.is_by(&password, "POST"));
        drop(answer.is_for("/VIID/System/Register"));
    }
    if let Some(challenge) = Challenge::read(text) {
        // what answers a challenge is an answer
        let said = challenge.answer(("device", "password"), "POST", "/VIID", "c");
        drop(Answer::read(&said));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((which, body)) = bytes.split_first() else {
        return;
    };
    let sender = DeviceId::read("32120200001190000001").expect("it has twenty digits");
    let limits = Limits {
        bytes_max: BYTES_MAX,
    };
    match which % 10 {
        kind @ 0..5 => {
            if let Ok(sent) = pictures(body, KINDS[usize::from(kind)], &sender, limits) {
                sent.iter()
                    .filter_map(|one| one.found.as_ref().ok())
                    .for_each(is_sound);
            }
        }
        5 => {
            if let Ok(told) = notifications(body, &sender, limits) {
                let sent = told.iter().flat_map(|one| &one.pictures);
                sent.filter_map(|one| one.found.as_ref().ok())
                    .for_each(is_sound);
            }
        }
        6 => drop(apes(body)),
        7 => drop(device_id(body, "RegisterObject")),
        8 => drop(answered(body)),
        _ => headers(&String::from_utf8_lossy(body)),
    }
});
