//! Points counted in the squares of a tile.

/// Counts of the squares that have any, each in all and by the words of some columns. Kept from tile
/// to tile: memory that is new costs more than what is counted in it.
#[derive(Debug, Default)]
pub(super) struct Squares {
    /// Where in its counts each column's begin; the first is the total, the last where they end.
    begins: Vec<usize>,
    /// By square: where its counts are, plus one.
    slots: Vec<u32>,
    counts: Vec<u32>,
}

/// The counts of one square in the making.
pub(super) struct SquareMut<'a> {
    begins: &'a [usize],
    counts: &'a mut [u32],
}

/// The counts of one square.
pub(super) struct Square<'a> {
    begins: &'a [usize],
    counts: &'a [u32],
}

impl Squares {
    /// Begins to count: so many along the tile's edge, for columns with so many words.
    pub(super) fn begin(&mut self, side: u32, words: impl Iterator<Item = usize>) {
        self.begins.clear();
        self.begins.push(1);
        self.begins.extend(words.scan(1, |end, words| {
            *end += words;
            Some(*end)
        }));
        self.slots.clear();
        self.slots.resize((side * side) as usize, 0);
        self.counts.clear();
    }

    fn width(&self) -> usize {
        *self.begins.last().expect("begins with one")
    }

    pub(super) fn at(&mut self, square: u32) -> SquareMut<'_> {
        let width = self.width();
        let slot = &mut self.slots[square as usize];
        if *slot == 0 {
            self.counts.resize(self.counts.len() + width, 0);
            *slot = u32::try_from(self.counts.len() / width).expect("at most 4096");
        }
        let end = *slot as usize * width;
        SquareMut {
            begins: &self.begins,
            counts: &mut self.counts[end - width..end],
        }
    }

    /// Those with points, row by row.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Square<'_>)> {
        let width = self.width();
        let taken = (0..).zip(&self.slots).filter(|(_, slot)| **slot > 0);
        taken.map(move |(square, slot)| {
            let end = *slot as usize * width;
            let counts = &self.counts[end - width..end];
            let begins = &self.begins[..];
            (square, Square { begins, counts })
        })
    }
}

impl SquareMut<'_> {
    pub(super) fn all(&mut self, points: usize) {
        self.counts[0] += u32::try_from(points).expect("fewer than 2^32 points");
    }

    /// Points with a word in a column; none for a word that stands for no value.
    pub(super) fn of(&mut self, column: u8, word: u32, points: u32) {
        let column = usize::from(column);
        let own = self.begins[column]..self.begins[column + 1];
        if let Some(count) = self.counts[own].get_mut(word as usize) {
            *count += points;
        }
    }
}

impl Square<'_> {
    pub(super) fn total(&self) -> u32 {
        self.counts[0]
    }

    /// By word.
    pub(super) fn words(&self, column: u8) -> &[u32] {
        let column = usize::from(column);
        &self.counts[self.begins[column]..self.begins[column + 1]]
    }

    /// The most frequent word; of equally frequent ones the older.
    pub(super) fn most(&self, column: u8) -> Option<u32> {
        let words = self.words(column);
        // two passes without a branch between the counts are faster than one with
        let most = words.iter().copied().max().filter(|most| *most > 0)?;
        let word = words.iter().position(|count| *count == most)?;
        u32::try_from(word).ok()
    }
}
