//! Checks that read the files of the repository.

use std::{env, path::PathBuf};

use crate::context::{Context, Outcome, entries, read};

/// Checks that every crate forbids unsafe code, and that it has the workspace's lints. These also
/// forbid unsafe code in tests.
pub(crate) fn no_unsafe(c: &Context) -> Outcome {
    let mut packages = packages_in(c, "crates")?;
    packages.extend(packages_in(c, "crates/internal")?);
    for package in packages {
        for file in ["src/lib.rs", "src/main.rs"].map(|file| package.join(file)) {
            if file.exists() && !read(&file)?.lines().any(|line| line == "#![forbid(unsafe_code)]")
            {
                return Err(format!("{}: add `#![forbid(unsafe_code)]`", file.display()));
            }
        }
        if !read(&package.join("Cargo.toml"))?.contains("\n[lints]\nworkspace = true") {
            return Err(format!(
                "{}: add `workspace = true` under `[lints]` in Cargo.toml",
                package.display()
            ));
        }
    }
    Ok(())
}

/// Returns the packages in a folder, sorted.
pub(crate) fn packages_in(c: &Context, folder: &str) -> Outcome<Vec<PathBuf>> {
    let entries = entries(&c.root.join(folder))?;
    Ok(entries.into_iter().filter(|entry| entry.join("Cargo.toml").exists()).collect())
}

/// Builds the guide with mdBook. The output must have no warning, and the book must have every
/// page.
pub(crate) fn guide(c: &Context) -> Outcome {
    let book = c.work.join("guide");
    let lines = c.command("mdbook build docs/guide --dest-dir").arg(&book).lines()?;
    if let Some(line) = lines.iter().find(|line| line.contains("WARN") || line.contains("ERROR")) {
        return Err(format!("mdbook: {line}"));
    }
    for page in entries(&c.root.join("docs/guide/src"))? {
        let Some(name) =
            page.file_stem().filter(|_| page.extension().is_some_and(|kind| kind == "md"))
        else {
            continue;
        };
        if name != "SUMMARY" && !book.join(name).with_extension("html").exists() {
            return Err(format!("docs/guide/src/SUMMARY.md does not list {}", page.display()));
        }
    }
    Ok(())
}

/// Returns the directory of published vectors that are not in the repository: the value of the
/// variable, or a directory next to the repository. The step is skipped if neither exists.
pub(crate) fn vectors(c: &Context, variable: &str, name: &str) -> Option<PathBuf> {
    let beside = c.root.parent().map(|parent| parent.join("shared/vectors").join(name));
    let found =
        env::var_os(variable).map(PathBuf::from).or(beside).filter(|directory| directory.is_dir());
    if found.is_none() {
        c.skip(&format!("the files of {name}: set {variable} to their directory"));
    }
    found
}
