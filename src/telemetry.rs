//! Metric names and the recorder behind `/metrics`.
