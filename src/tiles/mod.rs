//! The map beneath: vector tiles of our own layers.
