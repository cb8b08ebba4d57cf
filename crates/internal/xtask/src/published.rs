//! Checks of the published crates: packages, licences, minimal versions, oldest compilers.

use std::{collections::BTreeMap, fs};

use crate::{
    context::{Context, Outcome, create, entries, read},
    job::Step,
    source::packages_in,
};

pub(crate) const STEPS: &[Step] = &[
    Step { name: "packages", run: packages },
    Step { name: "licences, bans, advisories", run: deny },
    Step { name: "minimal versions", run: minimal_versions },
    Step { name: "oldest compilers", run: oldest_compilers },
];

/// Returns the names of the published crates and their manifests.
fn published(c: &Context) -> Outcome<Vec<(String, String)>> {
    let mut crates = Vec::new();
    for package in packages_in(c, "crates")? {
        let name = package.file_name().unwrap_or_default().to_string_lossy().into_owned();
        crates.push((name, read(&package.join("Cargo.toml"))?));
    }
    Ok(crates)
}

/// Builds each package from the files that would be published, in the order of dependencies. A
/// package finds the other packages among those that were built before. Without the shared target
/// directory, each package would compile all of its dependencies again.
fn packages(c: &Context) -> Outcome {
    let crates = published(c)?;
    let mut run = c.command("cargo package --allow-dirty");
    for (name, _) in &crates {
        run = run.arg("-p").arg(name);
    }
    let lines = run.env("CARGO_TARGET_DIR", &c.target).lines()?;
    let verified = lines.iter().filter(|line| line.trim_start().starts_with("Verifying ")).count();
    if verified != crates.len() {
        return Err(format!("{verified} packages were built, expected {}", crates.len()));
    }
    Ok(())
}

/// Checks licences, bans and sources. Checks advisories if their database can be downloaded.
fn deny(c: &Context) -> Outcome {
    c.run("cargo deny check bans licenses sources")?;
    if c.run("timeout 60 cargo deny fetch db").is_err() {
        c.skip("advisories: the advisory database cannot be downloaded");
        return Ok(());
    }
    c.run("cargo deny check advisories")
}

/// Builds the published crates with the lowest dependency versions that the manifests allow. The
/// build runs in a copy of the workspace, which shares the compiled dependencies.
fn minimal_versions(c: &Context) -> Outcome {
    let (archive, copy) = (c.work.join("minimal.tar"), c.work.join("minimal"));
    create(&copy)?;
    c.command("git archive HEAD Cargo.toml crates docs -o").arg(&archive).run()?;
    c.command("tar -x -f").arg(&archive).arg("-C").arg(&copy).run()?;
    // The copy has the published crates, and the crate that their tests share.
    for package in entries(&copy.join("crates/internal"))? {
        if !package.ends_with("test-support") {
            fs::remove_dir_all(&package)
                .map_err(|error| format!("{}: {error}", package.display()))?;
        }
    }
    let manifest = copy.join("Cargo.toml");
    let lines = read(&manifest)?;
    let lines =
        lines.lines().filter(|line| !line.starts_with("exclude = ")).map(|line| match line {
            line if line.starts_with("members = ") => {
                r#"members = ["crates/hallpass*", "crates/internal/*"]"#
            }
            line => line,
        });
    let text = lines.collect::<Vec<_>>().join("\n") + "\n";
    fs::write(&manifest, text).map_err(|error| format!("{}: {error}", manifest.display()))?;
    for line in [
        "cargo +nightly update -Z direct-minimal-versions",
        "cargo check --workspace --all-features",
    ] {
        c.command(line).directory(&copy).env("CARGO_TARGET_DIR", &c.target).run()?;
    }
    Ok(())
}

/// Builds each published crate with the oldest compiler that its manifest names.
fn oldest_compilers(c: &Context) -> Outcome {
    let workspace = read(&c.root.join("Cargo.toml"))?;
    let mut crates = BTreeMap::<String, Vec<String>>::new();
    for (name, manifest) in published(c)? {
        let of_workspace = manifest.contains("\nrust-version.workspace = true\n");
        let version = version_in(if of_workspace { &workspace } else { &manifest });
        let version =
            version.ok_or_else(|| format!("{name}: add `rust-version` to its Cargo.toml"))?;
        crates.entry(format!("{version}.0")).or_default().push(name);
    }
    let installed = c.command("rustup toolchain list").output()?;
    for (version, names) in crates {
        let is_there = installed.lines().any(|line| line.starts_with(&version));
        if !is_there
            && c.run(&format!("rustup toolchain install {version} --profile minimal")).is_err()
        {
            // Clippy's lint incompatible_msrv still reports functions that this version lacks.
            c.skip(&format!("Rust {version}: it cannot be installed"));
            continue;
        }
        let target = c.target.join("oldest");
        let run = c.command(&format!("cargo +{version} check --target-dir")).arg(target);
        names.iter().fold(run, |run, name| run.arg("-p").arg(name)).run()?;
    }
    Ok(())
}

fn version_in(manifest: &str) -> Option<&str> {
    let line = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "));
    line.map(|value| value.trim_matches('"'))
}
