//! A model's manifest. The catalogue stands beside it: here every code of the right form is a class.
#![no_main]

mod catalogue {
    use serde::Deserialize;

    #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
    #[serde(try_from = "String")]
    pub struct ClassCode;

    impl TryFrom<String> for ClassCode {
        type Error = &'static str;

        fn try_from(code: String) -> Result<Self, Self::Error> {
            let is_code = code.len() == 6 && code.starts_with('M');
            is_code.then_some(Self).ok_or("no class code")
        }
    }

    impl std::fmt::Display for ClassCode {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("M00000")
        }
    }

    pub struct Catalogue;

    impl Catalogue {
        pub fn shipped() -> Self {
            Self
        }

        pub fn class(&self, code: ClassCode) -> Option<ClassCode> {
            Some(code)
        }
    }
}

#[allow(dead_code, reason = "a target uses a part of the files")]
#[path = "beside/space.rs"]
mod space;

#[allow(
    dead_code,
    unused_imports,
    reason = "a target uses a part of the files"
)]
#[path = "."]
mod vision {
    #[path = "../../src/vision/fit.rs"]
    pub mod fit;
    #[path = "../../src/vision/manifest/mod.rs"]
    mod manifest;

    pub fn read(text: &str) {
        if let Ok(manifest) = manifest::Manifest::parse(text) {
            // what a manifest passes with has to hold in memory
            let size = fit::Size {
                width: manifest.input.width,
                height: manifest.input.height,
            };
            assert!(!manifest.input.shape(size).is_empty());
        }
    }
}

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| vision::read(text));
