//! Every URL on one screen.
