//! Which class a row is.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context, ensure};

use super::options::ComponentOptions;
use super::row::Row;
use crate::catalogue::{Catalogue, ClassCode, ClassKind};

/// Says the class of rows.
pub(super) enum Classes {
    /// All rows are of one class.
    One(ClassCode),
    /// A column says it, through a map if there is one.
    Column {
        field: String,
        map: Option<HashMap<String, ClassCode>>,
    },
}

impl Classes {
    /// # Errors
    /// No class was named, or one that the catalogue does not have.
    pub(super) fn from_options(
        options: &ComponentOptions,
        guessed_field: Option<&str>,
    ) -> anyhow::Result<Self> {
        if let Some(class) = &options.class {
            return Ok(Self::One(component_class(class)?));
        }
        let field = options.class_field.as_deref().or(guessed_field);
        let field = field.context("name the class of the rows with --class or --class-field")?;
        let map = options.class_map.as_deref().map(read_map).transpose()?;
        Ok(Self::Column {
            field: field.to_owned(),
            map,
        })
    }

    pub(super) fn class_of(&self, row: &Row) -> Result<ClassCode, String> {
        let (field, map) = match self {
            Self::One(class) => return Ok(*class),
            Self::Column { field, map } => (field, map),
        };
        let value = row
            .text(field)
            .ok_or_else(|| format!("no class in `{field}`"))?;
        match map {
            Some(map) => map
                .get(&value)
                .copied()
                .ok_or_else(|| format!("class not in the map: {value}")),
            None => component_class(&value).map_err(|error| error.to_string()),
        }
    }
}

/// Two columns, value and class; a heading is one line whose second column is no class.
fn read_map(path: &Path) -> anyhow::Result<HashMap<String, ClassCode>> {
    let context = || format!("cannot read the class map {}", path.display());
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_path(path)
        .with_context(context)?;
    let mut map = HashMap::new();
    for (index, record) in reader.records().enumerate() {
        let record = record.with_context(context)?;
        ensure!(
            record.len() == 2,
            "the class map needs two columns: value, class"
        );
        match component_class(record[1].trim()) {
            Ok(class) => map.insert(record[0].trim().to_owned(), class),
            Err(_) if index == 0 => None,
            Err(error) => return Err(error).with_context(context),
        };
    }
    Ok(map)
}

/// A class by its code (`C01013`), its number in an edition (`01013`, `0113`) or its Chinese name.
///
/// # Errors
/// There is none, the class is a matter, or several component classes have the name.
fn component_class(name: &str) -> anyhow::Result<ClassCode> {
    let catalogue = Catalogue::shipped();
    let by_code = name.parse().ok().and_then(|code| catalogue.class(code));
    let by_number = || {
        let edition = if name.len() == 5 { "2026" } else { "2013" };
        catalogue.class_by_number(edition, ClassKind::Component, name)
    };
    if let Some(class) = by_code.or_else(by_number) {
        ensure!(
            class.kind == ClassKind::Component,
            "not a component class: {name}"
        );
        return Ok(class.code);
    }
    let named = catalogue
        .entries()
        .iter()
        .filter(|entry| entry.kind == ClassKind::Component && entry.name_zh == name);
    let codes: BTreeMap<ClassCode, &str> = named
        .map(|entry| (entry.class, entry.name_zh.as_str()))
        .collect();
    ensure!(!codes.is_empty(), "unknown class: {name}");
    ensure!(codes.len() == 1, "several classes have this name: {name}");
    let code = codes.into_keys().next();
    code.context("unknown class")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Result<&str, &str>) {
        let found = component_class(name).map_err(|error| error.to_string());
        let found = found
            .as_ref()
            .map(ClassCode::as_str)
            .map_err(String::as_str);
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn a_class_is_known_by_code_number_or_name() {
        check("C01013", Ok("C01013"));
        check("01013", Ok("C01013"));
        check("0113", Ok("C01013"));
        check("路灯", Ok("C01037"));
        check("M06042", Err("not a component class: M06042"));
        check("C99999", Err("unknown class: C99999"));
        check("UFO", Err("unknown class: UFO"));
    }
}
