//! Rules about crates: which may use which, what must not be reachable, and that the map shows them all.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

use super::Rules;

pub(super) fn offences(root: &Path, rules: &Rules) -> Result<Vec<String>> {
    let metadata = MetadataCommand::new().current_dir(root).exec().context("cargo metadata failed")?;
    let mut offences = edges(&metadata, rules);
    offences.extend(forbidden(&metadata, rules)?);
    offences.extend(too_many(&metadata, rules));
    offences.extend(unmapped(root, &metadata)?);
    Ok(offences)
}

/// Uses of one of our crates by another that `[edges]` does not allow.
fn edges(metadata: &Metadata, rules: &Rules) -> Vec<String> {
    let ours: BTreeSet<&str> =
        metadata.workspace_packages().iter().map(|package| package.name.as_str()).collect();
    let mut offences = Vec::new();
    for package in metadata.workspace_packages() {
        let Some(allowed) = rules.edges.get(package.name.as_str()) else {
            offences.push(format!("{}: no row in [edges] of tidy.toml", package.name));
            continue;
        };
        for used in used(package).filter(|used| ours.contains(used) && !allowed.iter().any(|a| a == used)) {
            offences.push(format!("{} -> {used}: not an allowed edge", package.name));
        }
    }
    offences
}

/// Paths from a crate to something that must not be reachable from it.
fn forbidden(metadata: &Metadata, rules: &Rules) -> Result<Vec<String>> {
    let mut offences = Vec::new();
    for (name, heavy) in &rules.forbidden {
        let start = metadata
            .workspace_packages()
            .into_iter()
            .find(|package| package.name.as_str() == name)
            .with_context(|| {
            format!("tidy.toml forbids things to {name}, which is not a crate of ours")
        })?;
        let reached = reach(metadata, &start.id)?;
        for id in reached.keys().filter(|id| heavy.iter().any(|h| h == metadata[id].name.as_str())) {
            offences.push(format!("{}: forbidden", path(metadata, &reached, id)));
        }
    }
    Ok(offences)
}

/// Everything that a normal build of `start` links, with the package that brought it in.
fn reach<'a>(metadata: &'a Metadata, start: &'a PackageId) -> Result<BTreeMap<&'a PackageId, &'a PackageId>> {
    let resolve = metadata.resolve.as_ref().context("cargo metadata gave no dependency graph")?;
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut reached = BTreeMap::from([(start, start)]);
    let mut queue = VecDeque::from([start]);
    while let Some(id) = queue.pop_front() {
        let node = nodes.get(id).with_context(|| format!("{id} is not in the dependency graph"))?;
        for dependency in &node.deps {
            let linked = dependency.dep_kinds.iter().any(|info| info.kind == DependencyKind::Normal);
            if linked && !reached.contains_key(&dependency.pkg) {
                reached.insert(&dependency.pkg, id);
                queue.push_back(&dependency.pkg);
            }
        }
    }
    Ok(reached)
}

fn path(metadata: &Metadata, reached: &BTreeMap<&PackageId, &PackageId>, end: &PackageId) -> String {
    let mut names = vec![metadata[end].name.to_string()];
    let mut at = end;
    while let Some(&from) = reached.get(at).filter(|from| **from != at) {
        names.push(metadata[from].name.to_string());
        at = from;
    }
    names.reverse();
    names.join(" -> ")
}

/// Crates with more direct external dependencies than `[dependencies]` allows.
fn too_many(metadata: &Metadata, rules: &Rules) -> Vec<String> {
    let mut offences = Vec::new();
    for package in metadata.workspace_packages() {
        let external = used(package).filter(|used| !rules.edges.contains_key(*used)).count();
        if let Some(limit) = rules.dependencies.get(package.name.as_str()).filter(|limit| external > **limit)
        {
            offences.push(format!(
                "{}: {external} direct external dependencies, the limit is {limit}",
                package.name
            ));
        }
    }
    offences
}

/// Crates that ARCHITECTURE.md does not show.
fn unmapped(root: &Path, metadata: &Metadata) -> Result<Vec<String>> {
    let map = fs::read_to_string(root.join("ARCHITECTURE.md")).context("cannot read ARCHITECTURE.md")?;
    let shown = |name: &str| map.lines().any(|line| line.starts_with(&format!("| `{name}` |")));
    Ok(metadata
        .workspace_packages()
        .iter()
        .filter(|package| !shown(&package.name))
        .map(|package| format!("{}: no row in ARCHITECTURE.md", package.name))
        .collect())
}

fn used(package: &Package) -> impl Iterator<Item = &str> {
    package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal).map(|d| d.name.as_str())
}
