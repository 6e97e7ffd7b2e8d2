//! `cityward-partition-pack MODULE.wasm FOLDER`: what `wasm-bindgen --target web` does. Built from
//! the lock file like everything else, so that it always has the version that the module needs.

use std::path::PathBuf;

use anyhow::Context as _;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let mut next = |what| arguments.next().with_context(|| format!("name {what}"));
    let (module, folder) = (next("the module")?, next("the folder for the result")?);
    let mut bindgen = Bindgen::new();
    bindgen.web(true)?;
    bindgen
        .typescript(true)
        .input_path(module)
        .out_name("partition")
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(&folder)
        .with_context(|| format!("cannot write {}", folder.display()))
}
