//! The partition on invented cities and on real files.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails where it stands"
)]
#![expect(clippy::print_stdout, reason = "a test says what it could not check")]
#![expect(
    clippy::cast_possible_truncation,
    reason = "the numbers in tests are small"
)]

mod any_operation;
mod files;
mod synthetic;

mod check;
mod comparison;
mod duties;
mod near;
mod operations;
mod oracle;
mod properties;
mod redraw;
mod repair;
mod within;
