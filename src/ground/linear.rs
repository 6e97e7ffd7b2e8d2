//! Small dense linear algebra: symmetric positive definite systems by Cholesky.

pub(super) type Vector<const N: usize> = [f64; N];
pub(super) type Matrix<const N: usize> = [[f64; N]; N];

/// The lower triangle `L` of a symmetric positive definite `A = L Lᵀ`.
pub(super) struct Cholesky<const N: usize>(Matrix<N>);

impl<const N: usize> Cholesky<N> {
    /// `None` when `a` is not positive definite to working precision.
    pub(super) fn of(a: &Matrix<N>) -> Option<Self> {
        let mut lower = [[0.0; N]; N];
        for row in 0..N {
            for column in 0..=row {
                let known: f64 = (0..column).map(|k| lower[row][k] * lower[column][k]).sum();
                let rest = a[row][column] - known;
                if row != column {
                    lower[row][column] = rest / lower[column][column];
                } else if rest > a[row][row].abs() * 1e-13 {
                    lower[row][row] = rest.sqrt();
                } else {
                    return None;
                }
            }
        }
        Some(Self(lower))
    }

    /// `x` of `A x = b`.
    pub(super) fn solve(&self, b: &Vector<N>) -> Vector<N> {
        let lower = &self.0;
        let mut x = *b;
        for row in 0..N {
            let known: f64 = (0..row).map(|k| lower[row][k] * x[k]).sum();
            x[row] = (x[row] - known) / lower[row][row];
        }
        for row in (0..N).rev() {
            let known: f64 = (row + 1..N).map(|k| lower[k][row] * x[k]).sum();
            x[row] = (x[row] - known) / lower[row][row];
        }
        x
    }

    pub(super) fn inverse(&self) -> Matrix<N> {
        let mut inverse = [[0.0; N]; N];
        for (column, row) in inverse.iter_mut().enumerate() {
            let mut unit = [0.0; N];
            unit[column] = 1.0;
            // Symmetric, so a column may be written as a row.
            *row = self.solve(&unit);
        }
        inverse
    }
}
