//! Wrong use of the facade does not compile, and the compiler error names the fix.
//!
//! Each file of `compile/` is one program. Its first lines, `//~ text`, are texts that the compiler
//! must print. `//~ compiles` marks a program that must compile. The test compares these texts and
//! not the whole output, because the compiler also lists the stores that implement a trait, and the
//! list depends on the features that are on.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The manifest of the crate of the programs, with the facade without a store.
const MANIFEST: &str = r#"
[package]
name = "hallpass-compile"
version = "0.0.0"
edition = "2024"
publish = false

[dependencies]
axum = { version = "0.8", default-features = false }
hallpass = { path = "HALLPASS", default-features = false, features = ["axum"] }
http-body = "1"
tower = { version = "0.5", default-features = false, features = ["util"] }

[workspace]
"#;

#[test]
#[ignore = "builds the facade again; .ci/run runs it"]
fn compile_errors_name_the_fix() -> Result<(), Box<dyn Error>> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile-errors");
    let programs = project.join("src/bin");
    if project.join("src").exists() {
        fs::remove_dir_all(project.join("src"))?;
    }
    fs::create_dir_all(&programs)?;
    let path = package.to_str().ok_or("a path that is not UTF-8")?.replace('\\', "/");
    fs::write(project.join("Cargo.toml"), MANIFEST.replace("HALLPASS", &path))?;
    // The versions of the workspace, so that nothing is downloaded.
    fs::copy(package.join("../../Cargo.lock"), project.join("Cargo.lock"))?;

    let mut sources: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(package.join("tests/compile"))? {
        sources.push(entry?.path());
    }
    sources.sort();
    assert!(sources.len() >= 30, "only {} programs", sources.len());
    for source in &sources {
        fs::copy(source, programs.join(source.file_name().ok_or("no file name")?))?;
    }

    let mut failures = String::new();
    for source in &sources {
        let name = source.file_stem().and_then(|name| name.to_str()).ok_or("no file name")?;
        let text = fs::read_to_string(source)?;
        let expected: Vec<&str> =
            text.lines().map_while(|line| line.strip_prefix("//~ ")).collect();
        assert!(!expected.is_empty(), "{name} expects nothing");
        let output = check(&project, name)?;
        let printed = String::from_utf8_lossy(&output.stderr);
        let compiles = expected == ["compiles"];
        let missing: Vec<&&str> = if compiles {
            Vec::new()
        } else {
            expected.iter().filter(|text| !printed.contains(**text)).collect()
        };
        if output.status.success() != compiles || !missing.is_empty() {
            failures.push_str(&format!("== {name}: {missing:#?} not in\n{printed}\n"));
        }
    }
    assert!(failures.is_empty(), "{failures}");
    Ok(())
}

fn check(project: &Path, name: &str) -> std::io::Result<Output> {
    Command::new(env!("CARGO"))
        .args(["check", "--offline", "--quiet", "--bin", name, "--target-dir"])
        .arg(project.join("target"))
        .env("CARGO_TERM_COLOR", "never")
        .current_dir(project)
        .output()
}
