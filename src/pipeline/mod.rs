//! One frame's way to the map. Start reading here.
