//! 5. Sighting → case.
