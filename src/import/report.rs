//! What became of every row, and why.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::Context;

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Taken,
    /// Taken, with something to know about it.
    Noted,
    /// Taken after its polygon was repaired.
    Repaired,
    Refused,
    /// Right, but nothing was imported because other rows were refused.
    Withheld,
}

/// One line of the report.
#[derive(Debug, Clone)]
pub struct RowReport {
    /// Place in the file, from 1.
    pub number: usize,
    pub id: String,
    pub outcome: Outcome,
    /// Empty when there is nothing to say. What stands before a colon is the kind of reason.
    pub why: String,
}

/// The whole import.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub rows: Vec<RowReport>,
    /// What was detected or guessed, in sentences.
    pub remarks: Vec<String>,
}

impl Report {
    /// A report on `count` rows, all taken so far.
    pub(super) fn on(numbers: impl Iterator<Item = usize>) -> Self {
        let rows = numbers.map(|number| RowReport {
            number,
            id: String::new(),
            outcome: Outcome::Taken,
            why: String::new(),
        });
        Self {
            rows: rows.collect(),
            remarks: Vec::new(),
        }
    }

    pub(super) fn remark(&mut self, sentence: impl Into<String>) {
        self.remarks.push(sentence.into());
    }

    /// The first reason against a row stands.
    pub(super) fn refuse(&mut self, index: usize, why: impl Into<String>) {
        let row = &mut self.rows[index];
        if row.outcome != Outcome::Refused {
            row.outcome = Outcome::Refused;
            row.why = why.into();
        }
    }

    pub(super) fn note(&mut self, index: usize, why: impl Into<String>) {
        self.mark(index, Outcome::Noted, why.into());
    }

    pub(super) fn repair(&mut self, index: usize, why: impl Into<String>) {
        self.mark(index, Outcome::Repaired, why.into());
    }

    fn mark(&mut self, index: usize, outcome: Outcome, why: String) {
        let row = &mut self.rows[index];
        row.outcome = row.outcome.max(outcome);
        if !row.why.is_empty() {
            row.why.push_str("; ");
        }
        row.why.push_str(&why);
    }

    pub(super) fn is_refused(&self, index: usize) -> bool {
        self.rows[index].outcome == Outcome::Refused
    }

    /// Nothing is imported: rows that were right say so.
    pub(super) fn withhold(&mut self) {
        for row in &mut self.rows {
            if row.outcome != Outcome::Refused {
                row.outcome = Outcome::Withheld;
            }
        }
    }

    pub fn count(&self, outcome: Outcome) -> usize {
        self.rows
            .iter()
            .filter(|row| row.outcome == outcome)
            .count()
    }

    pub fn refused(&self) -> usize {
        self.count(Outcome::Refused)
    }

    /// Rows that are in the database now.
    pub fn imported(&self) -> usize {
        let outcomes = [Outcome::Taken, Outcome::Noted, Outcome::Repaired];
        outcomes
            .into_iter()
            .map(|outcome| self.count(outcome))
            .sum()
    }

    /// How many rows were refused, by kind of reason.
    pub fn reasons(&self) -> BTreeMap<&str, usize> {
        let mut reasons = BTreeMap::new();
        for row in self
            .rows
            .iter()
            .filter(|row| row.outcome == Outcome::Refused)
        {
            let kind = row.why.split(':').next().unwrap_or_default();
            *reasons.entry(kind).or_default() += 1;
        }
        reasons
    }

    /// Writes one line per row.
    ///
    /// # Errors
    /// The file or its folder cannot be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let context = || format!("cannot write the report {}", path.display());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(context)?;
        }
        let mut writer = csv::Writer::from_path(path).with_context(context)?;
        writer.write_record(["row", "id", "outcome", "why"])?;
        for row in &self.rows {
            let outcome = row.outcome.to_string();
            writer.write_record([&row.number.to_string(), &row.id, &outcome, &row.why])?;
        }
        writer.flush().with_context(context)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Taken => "taken",
            Self::Noted => "noted",
            Self::Repaired => "repaired",
            Self::Refused => "refused",
            Self::Withheld => "withheld",
        })
    }
}

/// The summary for the terminal.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for remark in &self.remarks {
            writeln!(f, "{remark}")?;
        }
        let total = self.rows.len();
        match self.imported() {
            0 => writeln!(
                f,
                "Nothing imported: {} of {total} rows refused.",
                self.refused()
            )?,
            imported => writeln!(f, "{imported} of {total} rows imported.")?,
        }
        for outcome in [Outcome::Noted, Outcome::Repaired] {
            let count = self.count(outcome);
            if count > 0 {
                writeln!(f, "  {count} {outcome}")?;
            }
        }
        for (reason, count) in self.reasons() {
            writeln!(f, "  {count} refused: {reason}")?;
        }
        if self.imported() == 0 && self.count(Outcome::Withheld) > 0 {
            writeln!(
                f,
                "Correct the file, or import the rows that are right with --partial."
            )?;
        }
        Ok(())
    }
}
