//! A city of our own to try it all on: built from a seed, watched by rendered cameras.
