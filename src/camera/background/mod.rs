//! What stands before a camera: the median of its pictures over minutes. Whoever passes is in few of
//! them; what remains is the street, and what was put there.
//!
//! A detector thread reduces a picture now and then to a [`Still`], of which a [`Remedian`] makes
//! the background. Against a reference of the same view it shows what stands that did not
//! ([`Region`]). [`Backgrounds`] keeps both for the cameras that need them; the reference survives
//! restarts.

mod agreement;
mod difference;
mod keep;
mod limits;
mod reference;
mod region;
mod remedian;
mod still;
pub(super) mod store;
mod watch;

pub use keep::{keep, write_down};
pub use limits::SIDE;
pub use reference::{Origin, Reference};
pub use region::{Region, Standing};
pub use remedian::{Pace, Remedian};
pub use still::Still;
pub use watch::{Background, Backgrounds, Needs, Phase, Renewed};
