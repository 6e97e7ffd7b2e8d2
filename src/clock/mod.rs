//! Time as the regulation counts it: office hours, holidays, and the clocks that judge a stage.
//!
//! Nothing here reads the time or the database: both are passed in.

mod calendar;
#[expect(
    clippy::module_inception,
    reason = "the clock is what the module is about"
)]
mod clock;
mod explain;
mod shipped;

pub use calendar::{CalendarError, CalendarKind, DayKind, SpecialDay, WorkCalendar};
pub use clock::{Alarm, Clock, ClockError, Lamp, Pause, Stage};
pub use explain::{Interval, Why};

#[cfg(test)]
mod calendar_tests;
#[cfg(test)]
mod clock_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod reference_tests;
