//! Codes of unit grid cells (单元网格, GB/T 30428.1): 6 digits of the division, 3 of the street, 3
//! of the community, 3 of the sequence inside the community, numbered from west to east and from
//! north to south.

/// The sequence inside a community has three digits.
pub(crate) const SEQUENCE_MAX: usize = 999;

/// A cell that waits for its number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Unnumbered {
    pub index: usize,
    /// Centre, degrees.
    pub lon: f64,
    pub lat: f64,
    /// North to south, degrees.
    pub height_deg: f64,
}

pub(super) fn is_code(code: &str) -> bool {
    code.len() == 15 && code.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn is_community(code: &str) -> bool {
    code.len() == 12 && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// The order of numbering: rows from north to south, in each row from west to east. Cells are of
/// one row when their centres are within half of the middle cell's height of the row's
/// northernmost.
pub(crate) fn reading_order(mut cells: Vec<Unnumbered>) -> Vec<usize> {
    let mut heights: Vec<f64> = cells.iter().map(|cell| cell.height_deg).collect();
    heights.sort_by(f64::total_cmp);
    let row_height_deg = heights
        .get(heights.len() / 2)
        .map_or(0.0, |height| height / 2.0);

    cells.sort_by(|a, b| b.lat.total_cmp(&a.lat).then(a.lon.total_cmp(&b.lon)));
    let mut order = Vec::with_capacity(cells.len());
    let mut rest = cells.as_mut_slice();
    while let Some(northernmost) = rest.first().copied() {
        let in_row = |cell: &Unnumbered| cell.lat >= northernmost.lat - row_height_deg;
        let count = rest.iter().take_while(|cell| in_row(cell)).count();
        let (row, south) = rest.split_at_mut(count);
        row.sort_by(|a, b| a.lon.total_cmp(&b.lon));
        order.extend(row.iter().map(|cell| cell.index));
        rest = south;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_numbered_like_text_is_read_though_centres_wobble() {
        let cell = |index, lon, lat| Unnumbered {
            index,
            lon,
            lat,
            height_deg: 0.01,
        };
        let cells = vec![
            cell(0, 119.93, 32.450),
            cell(1, 119.91, 32.452),
            cell(2, 119.92, 32.439),
            cell(3, 119.92, 32.453),
            cell(4, 119.91, 32.441),
        ];
        assert_eq!(reading_order(cells), [1, 3, 0, 4, 2]);
        assert_eq!(reading_order(Vec::new()), Vec::<usize>::new());
    }

    #[test]
    fn a_code_has_fifteen_digits_and_a_community_twelve() {
        assert!(
            is_code("321202001001001") && !is_code("32120200100100A") && !is_code("321202001001")
        );
        assert!(is_community("321202001001") && !is_community("321202"));
    }
}
