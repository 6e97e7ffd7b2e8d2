//! Filters of others, as text and as JSON.
#![no_main]

#[allow(dead_code, unused_imports, reason = "a target uses a part of the files")]
#[path = "../../src/features/cql2/mod.rs"]
mod cql2;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    drop(cql2::Expr::from_text(text));
    drop(cql2::Expr::from_json(text));
});
