//! What is published: packages, licences, minimal versions, oldest compilers.

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

/// The published crates by name, and their manifests.
fn published(c: &Context) -> Outcome<Vec<(String, String)>> {
    let mut crates = Vec::new();
    for package in packages_in(c, "crates")? {
        let name = package.file_name().unwrap_or_default().to_string_lossy().into_owned();
        crates.push((name, read(&package.join("Cargo.toml"))?));
    }
    Ok(crates)
}

/// What would be published, each built from its package alone, in the order of their
/// dependencies; each finds the others among the packages before it. Without the shared target
/// directory each would compile all that it depends on anew.
fn packages(c: &Context) -> Outcome {
    let crates = published(c)?;
    let mut run = c.command("cargo package --allow-dirty");
    for (name, _) in &crates {
        run = run.arg("-p").arg(name);
    }
    let lines = run.env("CARGO_TARGET_DIR", &c.target).lines()?;
    let verified = lines.iter().filter(|line| line.trim_start().starts_with("Verifying ")).count();
    if verified != crates.len() {
        return Err(format!("{verified} of {} packages were built", crates.len()));
    }
    Ok(())
}

/// Licences, bans and sources always; advisories where their database can be fetched.
fn deny(c: &Context) -> Outcome {
    c.run("cargo deny check bans licenses sources")?;
    if c.run("timeout 60 cargo deny fetch db").is_err() {
        c.skip("advisories: their database cannot be fetched");
        return Ok(());
    }
    c.run("cargo deny check advisories")
}

/// The least versions that the manifests allow, of what is published. The copy shares the compiled
/// dependencies.
fn minimal_versions(c: &Context) -> Outcome {
    let (archive, copy) = (c.work.join("minimal.tar"), c.work.join("minimal"));
    create(&copy)?;
    c.command("git archive HEAD Cargo.toml crates docs -o").arg(&archive).run()?;
    c.command("tar -x -f").arg(&archive).arg("-C").arg(&copy).run()?;
    // The published crates, and the one that their tests share.
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

/// The oldest compilers that the manifests name, each for the crates that name it.
fn oldest_compilers(c: &Context) -> Outcome {
    let workspace = read(&c.root.join("Cargo.toml"))?;
    let mut crates = BTreeMap::<String, Vec<String>>::new();
    for (name, manifest) in published(c)? {
        let of_workspace = manifest.contains("\nrust-version.workspace = true\n");
        let version = version_in(if of_workspace { &workspace } else { &manifest });
        let version = version.ok_or_else(|| format!("{name} does not name a rust-version"))?;
        crates.entry(format!("{version}.0")).or_default().push(name);
    }
    let installed = c.command("rustup toolchain list").output()?;
    for (version, names) in crates {
        let is_there = installed.lines().any(|line| line.starts_with(&version));
        if !is_there
            && c.run(&format!("rustup toolchain install {version} --profile minimal")).is_err()
        {
            // Clippy's lint incompatible_msrv, which knows what came when, stands in for it.
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
