//! `cargo xtask dictionary`: trains the compression dictionaries that the embedded store compiles in.
//!
//! They are trained from texts that `xtask/dictionary/*.txt` describe: a small grammar of the shapes that the store keeps and of what
//! is usual in them, written for this purpose. No user's text is in them, so that there is nothing in them to delete
//! (docs/adr/0012-nothing-deleted-stays.md).
//!
//! Stored data needs the dictionary that it was compressed with for ever: what is committed is never written over. To train
//! better ones, give them new names here and new numbers in the store.

mod grammar;

use std::path::Path;

use anyhow::{Context, Result, bail};

use grammar::Grammar;

const SOURCES: &str = "xtask/dictionary";
const TARGET: &str = "crates/lightwell-store-sqlite/src/dictionaries";
const SAMPLES: usize = 6000;
const SEED: u64 = 1;

/// A dictionary to train.
struct Plan {
    file: &'static str,
    /// The file of its texts, and the rule in it that a text begins with.
    source: &'static str,
    rule: &'static str,
    /// With a larger one, content compresses worse at the levels that are worth their time: 16 KB give 521 bytes a text, 32 KB 531.
    bytes: usize,
}

const PLANS: [Plan; 2] = [
    Plan { file: "content-1.zdict", source: "content.txt", rule: "content", bytes: 16 << 10 },
    Plan { file: "bodies-1.zdict", source: "bodies.txt", rule: "body", bytes: 16 << 10 },
];

/// Writes what is missing. With `check`, writes nothing and fails unless what is committed can be made again.
pub fn run(root: &Path, check: bool) -> Result<()> {
    let read = |file: &str| {
        let path = root.join(SOURCES).join(file);
        std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))
    };
    for plan in PLANS {
        let (words, texts) = (read("words.txt")?, read(plan.source)?);
        let grammar = Grammar::parse(&[&words, &texts])?;
        let samples: Vec<String> =
            (0..SAMPLES as u64).map(|n| grammar.text(plan.rule, SEED + n)).collect::<Result<_>>()?;
        let trained = zstd::dict::from_samples(&samples, plan.bytes).context("train a dictionary")?;
        let path = root.join(TARGET).join(plan.file);
        match std::fs::read(&path) {
            Ok(committed) if committed == trained => {}
            Ok(_) if check => bail!("{} is not what {SOURCES} gives", path.display()),
            Ok(_) => bail!(
                "{} is there and differs: stored data needs it. Give the new dictionary a new name",
                path.display()
            ),
            Err(_) if check => bail!("{} is missing: run `cargo xtask dictionary`", path.display()),
            Err(_) => {
                std::fs::write(&path, &trained).with_context(|| format!("write {}", path.display()))?;
            }
        }
    }
    Ok(())
}
