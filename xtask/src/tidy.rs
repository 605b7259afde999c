//! `cargo xtask tidy`: the rules of the house that no compiler checks.
//!
//! The rules are data (`tidy.toml`); every failure says which file or path of crates offends, and all of them are
//! reported at once.

mod crates;
mod sources;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// `tidy.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    edges: BTreeMap<String, Vec<String>>,
    forbidden: BTreeMap<String, Vec<String>>,
    dependencies: BTreeMap<String, usize>,
    files: FileRules,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRules {
    max_lines: usize,
    generated: Vec<String>,
    extensions: Vec<String>,
    allowed: BTreeMap<String, usize>,
}

/// Checks everything; fails with one line an offence.
pub fn run(root: &Path) -> Result<()> {
    let rules = fs::read_to_string(root.join("tidy.toml")).context("cannot read tidy.toml")?;
    let rules: Rules = toml::from_str(&rules).context("tidy.toml is not valid")?;
    let mut offences = crates::offences(root, &rules)?;
    offences.extend(sources::offences(root, &rules.files)?);
    if offences.is_empty() {
        println!("tidy");
        return Ok(());
    }
    for offence in &offences {
        eprintln!("{offence}");
    }
    bail!("{} offence(s) against the rules in tidy.toml", offences.len())
}
