//! The invariants of ARCHITECTURE.md that can be read off the text.

use std::fs;
use std::path::{Path, PathBuf};

/// A word and the only places (path prefixes) whose code may say it.
const RESERVED: &[(&str, &[&str])] = &[
    ("opencv::", &["src/vision/"]),
    ("ort::", &["src/vision/"]),
    ("mvt::", &["src/tiles/"]),
    (
        "axum::",
        &[
            "src/http/",
            "src/router.rs",
            "src/access/extract.rs",
            "src/camera/http/",
            "src/features/http/",
            "src/plan/http/",
            "src/snapshots/http/",
            "src/tiles/http/",
            "src/viid/http/",
            "/http.rs",
        ],
    ),
    (
        "sqlx::query",
        &[
            "src/catalogue/",
            "src/database/",
            "src/demo/",
            "src/import/",
            // asks the database whether it is there
            "src/router.rs",
            "/store.rs",
        ],
    ),
    // only the edges read the clock
    ("Utc::now", &["src/demo/push.rs", "src/time.rs"]),
    // settings are read by clap, in src/config.rs
    (
        "std::env",
        &["src/partition/tests/it/", "src/partition-wasm/pack/"],
    ),
];

/// The line a frame travels: a step may name those before it.
const STEPS: &[&str] = &[
    "camera",
    "vision",
    "ground",
    "territory",
    "events",
    "cases",
    "workflow",
    "live",
];

/// Names a step may say although they stand after it, each with its reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[("camera", "ground", "a camera holds its calibration")];

const LINES_MAX: usize = 500;

/// A file of the project: its path from the root and its text.
struct File {
    path: String,
    text: String,
}

impl File {
    /// The lines of the program itself: without comments and the tests at the end of a file.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests_only = self.path.ends_with("tests.rs");
        self.text
            .lines()
            .enumerate()
            .take_while(move |(_, line)| !tests_only && !line.starts_with("#[cfg(test)]"))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(index, line)| (index + 1, line))
    }
}

fn files(folders: &[&str], endings: &[&str]) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if endings
                .iter()
                .any(|ending| path.extension().is_some_and(|is| is == *ending))
            {
                let text = fs::read_to_string(&path).unwrap();
                let path = path
                    .strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                files.push(File { path, text });
            }
        }
    }
    assert!(!files.is_empty());
    files
}

/// Whether `line` says `word` from its beginning: `ort::` is not in `support::`.
fn says(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// The modules of this crate that a file names: `crate::a::B`, `crate::{a, b::C}`.
fn modules_named(file: &File) -> Vec<String> {
    let code: String = file.code().map(|(_, line)| format!("{line}\n")).collect();
    let mut named = Vec::new();
    for (at, path) in code.match_indices("crate::") {
        let rest = &code[at + path.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            named.push(word_at(rest));
            continue;
        };
        let mut depth = 0;
        let mut at_start = true;
        for (index, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => at_start = true,
                c if at_start && !c.is_whitespace() => {
                    named.push(word_at(&group[index..]));
                    at_start = false;
                }
                _ => {}
            }
        }
    }
    named
}

fn word_at(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

fn fail_on(offences: &[String]) {
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn reserved_words_stay_in_their_places() {
    let mut offences = Vec::new();
    for file in files(&["src"], &["rs"]) {
        for (word, places) in RESERVED {
            let allowed = places
                .iter()
                .any(|place| file.path.starts_with(place) || file.path.ends_with(place));
            for (number, line) in file.code() {
                if !allowed && says(line, word) {
                    offences.push(format!(
                        "{}:{number} names `{word}`; allowed in {places:?}",
                        file.path
                    ));
                }
            }
        }
    }
    fail_on(&offences);
}

/// The page runs the same rules, compiled to WebAssembly.
#[test]
fn the_partition_needs_nothing_but_a_processor() {
    let mut offences = Vec::new();
    for file in files(&["src/partition/src"], &["rs"]) {
        for outside in ["fs", "env", "io", "net", "process", "thread", "time"] {
            let word = format!("std::{outside}");
            for (number, line) in file.code().filter(|(_, line)| says(line, &word)) {
                offences.push(format!("{}:{number} {line}", file.path));
            }
        }
    }
    fail_on(&offences);
}

#[test]
fn a_step_names_only_steps_before_it() {
    let mut offences = Vec::new();
    for (place, step) in STEPS.iter().enumerate() {
        for file in files(&[&format!("src/{step}")], &["rs"]) {
            if file.path.contains("/http") {
                continue; // the outer layer answers with what later steps made of it
            }
            for named in modules_named(&file) {
                let later = STEPS
                    .iter()
                    .position(|other| *other == named)
                    .is_some_and(|other| other > place);
                let outside = ["pipeline", "router", "service", "http"].contains(&named.as_str());
                let excepted = EXCEPTIONS
                    .iter()
                    .any(|(from, to, _)| from == step && *to == named);
                if (later || outside) && !excepted {
                    offences.push(format!(
                        "{} names `crate::{named}`, which stands after it",
                        file.path
                    ));
                }
            }
        }
    }
    fail_on(&offences);
}

/// What nobody needs any more would let the next one through.
#[test]
fn every_exception_is_needed() {
    let sources = files(&["src"], &["rs"]);
    let mut offences = Vec::new();
    for (word, places) in RESERVED {
        for place in *places {
            let needed = sources.iter().any(|file| {
                let there = file.path.starts_with(place) || file.path.ends_with(place);
                there && file.code().any(|(_, line)| says(line, word))
            });
            if !needed {
                offences.push(format!("nothing in {place} says `{word}`"));
            }
        }
    }
    for (step, named, _) in EXCEPTIONS {
        let folder = format!("src/{step}/");
        let needed = sources
            .iter()
            .filter(|file| file.path.starts_with(&folder) && !file.path.contains("/http"))
            .any(|file| modules_named(file).iter().any(|one| one == named));
        if !needed {
            offences.push(format!("{step} does not name {named}"));
        }
    }
    fail_on(&offences);
}

#[test]
fn hexadecimal_is_written_in_one_way() {
    let mut offences = Vec::new();
    for file in files(&["src"], &["rs"]) {
        for (number, line) in file.code().filter(|(_, line)| line.contains(":02x}")) {
            offences.push(format!("{}:{number} {line}; hex::encode", file.path));
        }
    }
    fail_on(&offences);
}

#[test]
fn files_are_short() {
    let sources = files(&["src", "tests", "benches"], &["rs"]);
    let offences: Vec<String> = sources
        .iter()
        .map(|file| (&file.path, file.text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(path, lines)| format!("{path} has {lines} lines; {LINES_MAX} are allowed"))
        .collect();
    fail_on(&offences);
}

#[test]
fn every_setting_has_a_variable_and_an_explanation() {
    let config = &files(&["src"], &["rs"])
        .into_iter()
        .find(|file| file.path == "src/config.rs")
        .unwrap();
    let lines: Vec<&str> = config.text.lines().map(str::trim).collect();
    let mut offences = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if !line.starts_with("#[arg(") {
            continue;
        }
        let attribute: String = lines[index..]
            .iter()
            .take_while(|line| !line.starts_with("pub "))
            .copied()
            .collect();
        if !attribute.contains("env = \"") {
            offences.push(format!("src/config.rs:{} has no variable", index + 1));
        }
        if index == 0 || !lines[index - 1].starts_with("///") {
            offences.push(format!("src/config.rs:{} is not explained", index + 1));
        }
    }
    fail_on(&offences);
}

#[test]
fn the_tidy_rules_see_what_they_look_for() {
    assert!(says("use ort::Session;", "ort::"));
    assert!(!says("use support::Thing;", "ort::"));
    let file = File {
        path: "src/a.rs".to_owned(),
        text: "use crate::{live, cases::{Case, store}, ground};\n// crate::demo\nfn f() -> crate::http::App\n#[cfg(test)]\nuse crate::tiles;"
            .to_owned(),
    };
    assert_eq!(modules_named(&file), ["live", "cases", "ground", "http"]);
}
