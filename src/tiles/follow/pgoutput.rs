//! The messages of PostgreSQL's `pgoutput` plugin, version 1, with values in binary form
//! (PostgreSQL, "Logical Replication Message Formats").

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::space::GroundPoint;

/// Seconds from 1970 to 2000, where PostgreSQL counts from.
const EPOCH_S: i64 = 946_684_800;
const MICROS_PER_S: i64 = 1_000_000;

/// Names a table for the length of a connection.
pub(super) type TableId = u32;

/// A table as its rows are written from here on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    columns: Vec<String>,
    /// The numbers of their types, and what modifies each.
    types: Vec<(u32, u32)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message<'a> {
    Table(TableId, Table),
    Insert(TableId, Values<'a>),
    /// `old`: the key it had, where the key is another now.
    Update {
        table: TableId,
        old: Option<Values<'a>>,
        new: Values<'a>,
    },
    /// Only the key has values.
    Delete(TableId, Values<'a>),
    Truncate(Vec<TableId>),
    /// Nothing about rows.
    Other,
}

/// The values of a row in the order of its table's columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Values<'a>(Vec<Written<'a>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written<'a> {
    Null,
    /// So long that it lies beside the row, and not written again because it stayed as it was.
    Unchanged,
    Text,
    Binary(&'a [u8]),
}

/// What the log says is not what was expected: another version, or the schema has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("a message ends too early")]
    Short,
    #[error("a message or a value has an unknown kind")]
    Kind,
    #[error("a table has other columns than before")]
    Altered,
    #[error("the row of an unannounced table")]
    Unannounced,
    #[error("column {0} is missing or has another type")]
    Column(&'static str),
}

impl<'a> Message<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let mut rest = Reader(bytes);
        Ok(match rest.u8()? {
            b'R' => {
                let id = rest.u32()?;
                let _schema = rest.text()?;
                let name = rest.text()?.to_owned();
                let _replica_identity = rest.u8()?;
                let count = rest.u16()?;
                let mut columns = Vec::with_capacity(usize::from(count));
                let mut types = Vec::with_capacity(usize::from(count));
                for _ in 0..count {
                    let _is_key = rest.u8()?;
                    columns.push(rest.text()?.to_owned());
                    types.push((rest.u32()?, rest.u32()?));
                }
                let table = Table {
                    name,
                    columns,
                    types,
                };
                Self::Table(id, table)
            }
            b'I' => {
                let table = rest.u32()?;
                rest.expect(b'N')?;
                Self::Insert(table, rest.values()?)
            }
            b'U' => {
                let table = rest.u32()?;
                let mut old = None;
                let mut kind = rest.u8()?;
                if matches!(kind, b'K' | b'O') {
                    old = Some(rest.values()?);
                    kind = rest.u8()?;
                }
                if kind != b'N' {
                    return Err(Unreadable::Kind);
                }
                let new = rest.values()?;
                Self::Update { table, old, new }
            }
            b'D' => {
                let table = rest.u32()?;
                let kind = rest.u8()?;
                if !matches!(kind, b'K' | b'O') {
                    return Err(Unreadable::Kind);
                }
                Self::Delete(table, rest.values()?)
            }
            b'T' => {
                let count = rest.u32()?;
                let _options = rest.u8()?;
                let tables: Result<_, _> = (0..count).map(|_| rest.u32()).collect();
                Self::Truncate(tables?)
            }
            b'Y' | b'O' | b'M' => Self::Other,
            _ => return Err(Unreadable::Kind),
        })
    }
}

/// The tables announced so far.
#[derive(Debug, Default)]
pub(super) struct Tables(HashMap<TableId, Table>);

impl Tables {
    /// # Errors
    /// It was another before.
    pub(super) fn announce(&mut self, id: TableId, table: Table) -> Result<(), Unreadable> {
        match self.0.entry(id) {
            Entry::Occupied(known) if *known.get() == table => Ok(()),
            Entry::Occupied(_) => Err(Unreadable::Altered),
            Entry::Vacant(free) => {
                free.insert(table);
                Ok(())
            }
        }
    }

    pub(super) fn get(&self, id: TableId) -> Result<&Table, Unreadable> {
        self.0.get(&id).ok_or(Unreadable::Unannounced)
    }
}

/// A row with the names of its values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) table: &'a Table,
    pub(super) values: &'a Values<'a>,
}

impl<'a> Row<'a> {
    /// The value of a column; `None` for null.
    pub(super) fn get<T: FromBinary<'a>>(
        self,
        column: &'static str,
    ) -> Result<Option<T>, Unreadable> {
        let at = self.table.columns.iter().position(|name| name == column);
        let written = at.and_then(|at| self.values.0.get(at));
        match written.ok_or(Unreadable::Column(column))? {
            Written::Null => Ok(None),
            Written::Binary(bytes) => T::from_binary(bytes)
                .ok_or(Unreadable::Column(column))
                .map(Some),
            Written::Unchanged | Written::Text => Err(Unreadable::Column(column)),
        }
    }

    /// The value of a column that is never null.
    pub(super) fn required<T: FromBinary<'a>>(self, column: &'static str) -> Result<T, Unreadable> {
        self.get(column)?.ok_or(Unreadable::Column(column))
    }
}

/// A value as PostgreSQL's binary output functions write its type.
pub(super) trait FromBinary<'a>: Sized {
    fn from_binary(bytes: &'a [u8]) -> Option<Self>;
}

impl FromBinary<'_> for i32 {
    fn from_binary(bytes: &[u8]) -> Option<Self> {
        Some(Self::from_be_bytes(bytes.try_into().ok()?))
    }
}

impl FromBinary<'_> for i64 {
    fn from_binary(bytes: &[u8]) -> Option<Self> {
        Some(Self::from_be_bytes(bytes.try_into().ok()?))
    }
}

impl FromBinary<'_> for bool {
    fn from_binary(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }
}

impl<'a> FromBinary<'a> for &'a str {
    fn from_binary(bytes: &'a [u8]) -> Option<Self> {
        str::from_utf8(bytes).ok()
    }
}

impl FromBinary<'_> for GroundPoint {
    fn from_binary(bytes: &[u8]) -> Option<Self> {
        Self::from_ewkb(bytes)
    }
}

/// A `timestamptz` as whole seconds since 1970, rounded down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnixSeconds(pub(super) i64);

impl FromBinary<'_> for UnixSeconds {
    fn from_binary(bytes: &[u8]) -> Option<Self> {
        let micros = i64::from_binary(bytes)?;
        Some(Self(micros.div_euclid(MICROS_PER_S) + EPOCH_S))
    }
}

impl FromBinary<'_> for chrono::NaiveDate {
    fn from_binary(bytes: &[u8]) -> Option<Self> {
        let days = u64::try_from(i32::from_binary(bytes)?);
        let first = Self::from_ymd_opt(2000, 1, 1)?;
        match days {
            Ok(days) => first.checked_add_days(chrono::Days::new(days)),
            Err(_) => {
                let back = i32::from_binary(bytes)?.unsigned_abs();
                first.checked_sub_days(chrono::Days::new(u64::from(back)))
            }
        }
    }
}

/// An array of `integer` without nulls: dimensions, a flag for nulls, the type; then the length and
/// the lowest index of each dimension; then the elements, each after its length.
impl FromBinary<'_> for Vec<i32> {
    fn from_binary(bytes: &[u8]) -> Option<Self> {
        let mut rest = Reader(bytes);
        let dimensions = rest.u32().ok()?;
        let (_has_nulls, _type) = (rest.u32().ok()?, rest.u32().ok()?);
        if dimensions == 0 {
            return Some(Self::new());
        }
        if dimensions != 1 {
            return None;
        }
        let (count, _lowest) = (rest.u32().ok()?, rest.u32().ok()?);
        (0..count)
            .map(|_| {
                let length = rest.u32().ok()?;
                i32::from_binary(rest.take(usize::try_from(length).ok()?).ok()?)
            })
            .collect()
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Unreadable::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Unreadable::Short)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<u8, Unreadable> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Result<u16, Unreadable> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, Unreadable> {
        self.array().map(u32::from_be_bytes)
    }

    fn expect(&mut self, kind: u8) -> Result<(), Unreadable> {
        if self.u8()? == kind {
            Ok(())
        } else {
            Err(Unreadable::Kind)
        }
    }

    /// Ends with a zero.
    fn text(&mut self) -> Result<&'a str, Unreadable> {
        let end = self.0.iter().position(|byte| *byte == 0);
        let text = self.take(end.ok_or(Unreadable::Short)?)?;
        self.expect(0)?;
        str::from_utf8(text).map_err(|_no_text| Unreadable::Kind)
    }

    fn values(&mut self) -> Result<Values<'a>, Unreadable> {
        let count = self.u16()?;
        let mut values = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let kind = self.u8()?;
            values.push(match kind {
                b'n' => Written::Null,
                b'u' => Written::Unchanged,
                b't' | b'b' => {
                    let length = self.u32()?;
                    let length = usize::try_from(length).map_err(|_too_long| Unreadable::Short)?;
                    let bytes = self.take(length)?;
                    if kind == b'b' {
                        Written::Binary(bytes)
                    } else {
                        Written::Text
                    }
                }
                _ => return Err(Unreadable::Kind),
            });
        }
        Ok(Values(values))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table_message() -> Vec<u8> {
        let mut bytes = b"R\x00\x00\x00\x07public\0thing\0d\x00\x02".to_vec();
        bytes.extend(b"\x01thing_id\0\x00\x00\x00\x14\xff\xff\xff\xff");
        bytes.extend(b"\x00seen\0\x00\x00\x04\xa0\xff\xff\xff\xff");
        bytes
    }

    fn thing() -> Table {
        let bytes = table_message();
        let Ok(Message::Table(7, table)) = Message::read(&bytes) else {
            panic!("a table");
        };
        table
    }

    #[test]
    fn a_table_may_be_announced_again_but_not_with_other_columns() {
        let mut tables = Tables::default();
        assert_eq!(tables.announce(7, thing()), Ok(()));
        assert_eq!(tables.announce(7, thing()), Ok(()));
        let mut other = thing();
        other.types[1].0 += 1;
        assert_eq!(tables.announce(7, other), Err(Unreadable::Altered));
        let mut fewer = thing();
        fewer.columns.pop();
        assert_eq!(tables.announce(7, fewer), Err(Unreadable::Altered));
    }

    #[test]
    fn a_row_has_the_values_of_its_tables_columns() {
        let bytes = b"I\x00\x00\x00\x07N\x00\x02b\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x05n";
        let Ok(Message::Insert(7, values)) = Message::read(bytes) else {
            panic!("an insert");
        };
        let table = thing();
        let row = Row {
            table: &table,
            values: &values,
        };
        assert_eq!(row.required::<i64>("thing_id"), Ok(5));
        assert_eq!(row.get::<UnixSeconds>("seen"), Ok(None));
        assert_eq!(
            row.get::<i32>("thing_id"),
            Err(Unreadable::Column("thing_id"))
        );
        assert_eq!(row.get::<i32>("age"), Err(Unreadable::Column("age")));
    }

    #[test]
    fn what_stayed_beside_the_row_is_no_value() {
        let bytes = b"U\x00\x00\x00\x07N\x00\x02b\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x05u";
        let Ok(Message::Update { old: None, new, .. }) = Message::read(bytes) else {
            panic!("an update");
        };
        let table = thing();
        let row = Row {
            table: &table,
            values: &new,
        };
        assert_eq!(row.get::<&str>("seen"), Err(Unreadable::Column("seen")));
    }

    #[test]
    fn times_are_rounded_down_and_days_may_lie_before_2000() {
        let micros = |micros: i64| UnixSeconds::from_binary(&micros.to_be_bytes()).unwrap().0;
        assert_eq!(micros(0), EPOCH_S);
        assert_eq!(micros(1_500_000), EPOCH_S + 1);
        assert_eq!(micros(-1), EPOCH_S - 1);
        let day = |days: i32| chrono::NaiveDate::from_binary(&days.to_be_bytes());
        assert_eq!(day(-1), chrono::NaiveDate::from_ymd_opt(1999, 12, 31));
        assert_eq!(day(366), chrono::NaiveDate::from_ymd_opt(2001, 1, 1));
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_are_nothing_panics(bytes: Vec<u8>, kind in "[RIUDTYOMX]") {
            let mut message = kind.into_bytes();
            message.extend(&bytes);
            drop(Message::read(&message));
            drop(Vec::<i32>::from_binary(&bytes));
            prop_assert!(GroundPoint::from_binary(&bytes).is_none_or(|_| bytes.len() >= 21));
        }
    }
}
