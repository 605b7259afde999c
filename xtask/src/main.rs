//! Chores of this repository: `cargo xtask <verb>`.
//!
//! One verb, one module. Every verb takes the repository's root and answers with an error that says what to do.

mod dictionary;
mod r#gen;
mod tidy;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Chores of this repository")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Write the committed Rust of proto/ into crates/lightwell-wire/src/gen.
    Gen {
        /// Write nothing; fail when the committed files differ from what would be written.
        #[arg(long)]
        check: bool,
    },
    /// Train the compression dictionaries of the embedded store that are not committed yet.
    Dictionary {
        /// Write nothing; fail when the committed files cannot be made again.
        #[arg(long)]
        check: bool,
    },
    /// Check what no compiler checks: allowed edges between crates, the map, lengths of files.
    Tidy,
}

fn main() -> ExitCode {
    match run(&Arguments::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: &Verb) -> Result<()> {
    let root = repository_root()?;
    match verb {
        Verb::Gen { check } => r#gen::run(&root, *check),
        Verb::Dictionary { check } => dictionary::run(&root, *check),
        Verb::Tidy => tidy::run(&root),
    }
}

/// The folder above this crate, wherever the command was started. Cargo says where the crate is when it runs it: clones
/// that share a target folder share this program, so that where it was built may be another clone.
fn repository_root() -> Result<PathBuf> {
    let here = std::env::var_os("CARGO_MANIFEST_DIR");
    Path::new(here.as_deref().unwrap_or(OsStr::new(env!("CARGO_MANIFEST_DIR"))))
        .parent()
        .map(Path::to_path_buf)
        .context("xtask does not stand in a folder of the repository")
}
