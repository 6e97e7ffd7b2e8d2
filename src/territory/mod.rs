//! 4. Ground → component, cell, responsible unit, and why.
