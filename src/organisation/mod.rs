//! Who the city is made of: districts and units. Articles 3, 4, 8, 10.

pub(crate) mod credit_code;
