//! Checks that read the tree.

use std::{env, path::PathBuf};

use crate::context::{Context, Outcome, entries, read};

/// Every crate forbids unsafe code, and has the workspace's lint, which forbids it in its tests
/// too.
pub(crate) fn no_unsafe(c: &Context) -> Outcome {
    let mut packages = packages_in(c, "crates")?;
    packages.extend(packages_in(c, "crates/internal")?);
    for package in packages {
        for file in ["src/lib.rs", "src/main.rs"].map(|file| package.join(file)) {
            if file.exists() && !read(&file)?.lines().any(|line| line == "#![forbid(unsafe_code)]")
            {
                return Err(format!("{} does not forbid unsafe code", file.display()));
            }
        }
        if !read(&package.join("Cargo.toml"))?.contains("\n[lints]\nworkspace = true") {
            return Err(format!("{} does not have the workspace's lints", package.display()));
        }
    }
    Ok(())
}

/// The packages in a folder, sorted.
pub(crate) fn packages_in(c: &Context, folder: &str) -> Outcome<Vec<PathBuf>> {
    let entries = entries(&c.root.join(folder))?;
    Ok(entries.into_iter().filter(|entry| entry.join("Cargo.toml").exists()).collect())
}

/// The guide as a book: without a warning of mdBook, and with every page.
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
            return Err(format!("docs/guide/src/SUMMARY.md does not have {}", page.display()));
        }
    }
    Ok(())
}

/// The directory of published vectors that the repository does not have: what the variable names,
/// or a directory beside the repository. The step is skipped where neither exists.
pub(crate) fn vectors(c: &Context, variable: &str, name: &str) -> Option<PathBuf> {
    let beside = c.root.parent().map(|parent| parent.join("shared/vectors").join(name));
    let found =
        env::var_os(variable).map(PathBuf::from).or(beside).filter(|directory| directory.is_dir());
    if found.is_none() {
        c.skip(&format!("the files of {name}: {variable} names no directory"));
    }
    found
}
