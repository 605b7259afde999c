//! Rules about source files: length, unclaimed to-dos, tests that no runner names.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::FileRules;

pub(super) fn offences(root: &Path, rules: &FileRules) -> Result<Vec<String>> {
    let mut offences = Vec::new();
    for name in tracked(root)? {
        let handwritten = !rules.generated.iter().any(|part| name.contains(part.as_str()));
        let source = name.rsplit_once('.').is_some_and(|(_, end)| rules.extensions.iter().any(|e| e == end));
        if !handwritten || !source {
            continue;
        }
        // A file that git still tracks may be deleted in the working tree.
        let Ok(text) = fs::read_to_string(root.join(&name)) else { continue };
        offences.extend(length(&name, text.lines().count(), rules));
        offences.extend(unclaimed(&name, &text));
        offences.extend(forgotten(root, &name)?);
    }
    Ok(offences)
}

fn tracked(root: &Path) -> Result<Vec<String>> {
    let listing = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("cannot run git to list the files")?;
    ensure!(listing.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&listing.stderr));
    Ok(String::from_utf8_lossy(&listing.stdout).lines().map(str::to_owned).collect())
}

fn length(name: &str, lines: usize, rules: &FileRules) -> Option<String> {
    match rules.allowed.get(name) {
        Some(allowed) if lines > *allowed => Some(format!(
            "{name}: {lines} lines; it is on the list of long files, which only shrinks ({allowed})"
        )),
        Some(_) if lines <= rules.max_lines => {
            Some(format!("{name}: short enough now; take it off the list"))
        }
        None if lines > rules.max_lines => {
            Some(format!("{name}: {lines} lines, the limit is {}", rules.max_lines))
        }
        _ => None,
    }
}

/// To-dos that name no issue: `TODO(#12)` is fine.
fn unclaimed(name: &str, text: &str) -> Vec<String> {
    let mark = concat!("TO", "DO");
    text.lines()
        .enumerate()
        .filter(|(_, line)| line.contains(mark) && !line.contains(&format!("{mark}(#")))
        .map(|(i, _)| format!("{name}:{}: a to-do without an issue; write {mark}(#issue)", i + 1))
        .collect()
}

/// Rust test files below `tests/` that no `mod` line reaches: they would never run.
fn forgotten(root: &Path, name: &str) -> Result<Option<String>> {
    let Some((package, file)) = name.split_once("/tests/") else { return Ok(None) };
    let Some(stem) = file.strip_suffix(".rs").and_then(|file| file.rsplit('/').next()) else {
        return Ok(None);
    };
    if !file.contains('/') || matches!(stem, "main" | "mod") || package.contains("/src") {
        return Ok(None);
    }
    let folder = root.join(package).join("tests");
    let mut runners = Vec::new();
    for entry in walkdir::WalkDir::new(&folder) {
        let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
        if entry.path().extension().is_some_and(|end| end == "rs") {
            runners.push(fs::read_to_string(entry.path())?);
        }
    }
    let named = runners.iter().any(|text| text.contains(&format!("mod {stem};")));
    Ok((!named).then(|| format!("{name}: no `mod {stem};` names it, so it never runs")))
}
