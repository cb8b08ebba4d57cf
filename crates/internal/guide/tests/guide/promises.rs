//! Checks statements about the crates that are text: manifests, READMEs and feature tables.

use std::path::{Path, PathBuf};

use crate::{read, root};

fn packages(group: &str) -> Vec<PathBuf> {
    let packages =
        std::fs::read_dir(root().join(group)).unwrap().map(|entry| entry.unwrap().path());
    let mut packages: Vec<_> =
        packages.filter(|package| package.join("Cargo.toml").exists()).collect();
    packages.sort();
    packages
}

fn is_published(package: &Path) -> bool {
    !read(&package.join("Cargo.toml")).contains("publish = false")
}

/// Returns the published crates.
fn published() -> Vec<PathBuf> {
    let packages = packages("crates");
    packages.into_iter().filter(|package| is_published(package)).collect()
}

#[test]
fn only_crates_outside_internal_are_published() {
    assert_eq!(published(), packages("crates"));
    let internal = packages("crates/internal");
    assert!(
        internal.len() > 2 && !internal.iter().any(|package| is_published(package)),
        "{internal:?}"
    );
}

#[test]
fn every_crate_forbids_unsafe_code() {
    let crates = [packages("crates"), packages("crates/internal")].concat();
    assert!(crates.len() > 10, "{crates:?}");
    for package in crates {
        let root = ["src/lib.rs", "src/main.rs"]
            .map(|file| package.join(file))
            .into_iter()
            .find(|file| file.exists());
        assert!(read(&root.unwrap()).contains("#![forbid(unsafe_code)]"), "{}", package.display());
    }
}

#[test]
fn published_crates_have_a_readme_and_docs_of_all_features() {
    let crates = published();
    assert!(crates.len() > 9, "{crates:?}");
    for package in crates {
        let manifest = read(&package.join("Cargo.toml"));
        let name = package.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(manifest.contains("readme = \"README.md\""), "{name}: add `readme` to Cargo.toml");
        assert!(
            manifest.contains("[package.metadata.docs.rs]\nall-features = true"),
            "{name}: add `package.metadata.docs.rs` to Cargo.toml"
        );
        assert!(
            read(&package.join("README.md")).starts_with(&format!("# {name}\n")),
            "{name}: the README must begin with the name of the crate"
        );
    }
}

#[test]
fn features_are_in_the_tables_of_readme_and_crate_docs() {
    for package in published() {
        let manifest = read(&package.join("Cargo.toml"));
        let name = package.file_name().unwrap().to_str().unwrap().to_owned();
        let section = manifest
            .split("[features]")
            .nth(1)
            .and_then(|rest| rest.split("\n[").next())
            .unwrap_or_default();
        let features = section
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(" = "));
        let documentation =
            ["src/lib.rs", "src/main.rs"].map(|file| package.join(file)).into_iter();
        let documentation = read(&documentation.into_iter().find(|file| file.exists()).unwrap());
        for (feature, _) in features.filter(|(feature, _)| *feature != "default") {
            let cell = format!("| `{feature}` |");
            assert!(
                read(&package.join("README.md")).contains(&cell),
                "{name}: {feature} is not in the table of README.md"
            );
            assert!(
                documentation.contains(&format!("//! {cell}")),
                "{name}: {feature} is not in the table of the crate's documentation"
            );
        }
    }
}
