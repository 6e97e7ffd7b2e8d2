//! Files of others become components, cells and base map.
