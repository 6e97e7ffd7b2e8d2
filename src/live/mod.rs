//! 6. Case → browsers.
