//! Tests that take too long for a run of all jobs. `cargo xtask ci` runs a short form of most.

use crate::{
    context::{Context, Outcome},
    databases,
    job::{Job, Lane, Step},
    jobs,
};

const NIGHTLY: &[&str] = &["cargo-fuzz", "nightly"];

pub(crate) const LONG: &[Job] = &[
    Job {
        name: "every-command-is-final",
        about: "1,000 rounds of each pair of an operator command and a request. Short: `test`.",
        minutes: 30,
        tools: &[],
        lane: Lane::Alone,
        steps: &[Step {
            name: "1,000 rounds of each pair",
            run: |c| facade(c, "operator_is_final::every_command_is_final_a_thousand_times", None),
        }],
    },
    Job {
        name: "every-command-is-final-on-postgres",
        about: "`every-command-is-final` on PostgreSQL. Short: `databases`.",
        minutes: 40,
        tools: &["servers"],
        lane: Lane::Alone,
        steps: &[Step {
            name: "1,000 rounds of each pair on PostgreSQL",
            run: |c| {
                facade(c, "operator_is_final::on_postgres::every_command_is_final", Some("1000"))
            },
        }],
    },
    Job {
        name: "stolen-session",
        about: "A stolen session that repeats \"end all other sessions\", 4 × 130 seconds. Short: `test`.",
        minutes: 9,
        tools: &[],
        lane: Lane::Alone,
        steps: &[Step {
            name: "every command ends a stolen session",
            run: |c| facade(c, "repeating_end_other_sessions_for_minutes", None),
        }],
    },
    Job {
        name: "self-grant",
        about: "200 rounds of a demoted admin who tries to regain the role. Short: `test`.",
        minutes: 1,
        tools: &[],
        lane: Lane::Alone,
        steps: &[Step {
            name: "200 rounds of a demoted admin",
            run: |c| facade(c, "a_demoted_admin_cannot_take_the_role_back_in_200_rounds", None),
        }],
    },
    Job {
        name: "role-changes",
        about: "1,000 changes of roles with four tabs per browser, on axum and actix-web. Short: `test`.",
        minutes: 3,
        tools: &[],
        lane: Lane::Alone,
        steps: &[Step {
            name: "1,000 changes of roles on each framework",
            run: |c| {
                let line = "cargo test --workspace --test suite a_thousand_role_changes -- \
                            --ignored --nocapture --test-threads 1";
                c.command(line).tests(c, 2)
            },
        }],
    },
    Job {
        name: "equal-times",
        about: "3,000 rounds of failed logins of known, migrated and unknown names. Short: `timing`.",
        minutes: 8,
        tools: &[],
        lane: Lane::Alone,
        steps: &[Step {
            name: "3,000 rounds of failed logins",
            run: |c| {
                c.command("cargo test -p hallpass-accounts --test timing -- --ignored --nocapture")
                    .env("ROUNDS", "3000")
                    .tests(c, 2)
            },
        }],
    },
    Job {
        name: "races",
        about: "1,000 rounds of codes, names and refresh tokens in two processes. Short: `concurrency`.",
        minutes: 5,
        tools: &[],
        lane: Lane::Alone,
        steps: &[Step {
            name: "1,000 rounds in two processes",
            run: |c| facade(c, "codes_and_names_are_used_once_in_a_thousand_rounds", None),
        }],
    },
    Job {
        name: "races-on-postgres",
        about: "1,000 rounds of one refresh token in two processes, on PostgreSQL. Short: `databases`.",
        minutes: 1,
        tools: &["servers"],
        lane: Lane::Alone,
        steps: &[Step {
            name: "1,000 rounds in two processes on PostgreSQL",
            run: |c| facade(c, "rotation::on_postgres::one_refresh_token", Some("1000")),
        }],
    },
    Job {
        name: "pgbouncer",
        about: "The store suite behind PgBouncer, and the connections of an idle node. Short: `databases`.",
        minutes: 4,
        tools: &["pgbouncer", "servers"],
        lane: Lane::Alone,
        steps: &[
            Step {
                name: "the store suite behind PgBouncer",
                run: |c| {
                    let line = "cargo test --workspace --test store -- --ignored pgbouncer::";
                    c.command(line).with_servers(c).tests(c, 43)
                },
            },
            Step {
                name: "an idle node for 75 seconds",
                run: |c| {
                    let line = "cargo test --workspace --test facade -- --ignored --nocapture \
                                idle_node_has_two_connections";
                    c.command(line).with_servers(c).env("IDLE_SECONDS", "75").tests(c, 1)
                },
            },
        ],
    },
    Job {
        name: "kills",
        about: "The blog killed 200 times at any moment. Short: `concurrency`.",
        minutes: 5,
        tools: &[],
        lane: Lane::Alone,
        steps: &[Step {
            name: "the blog killed 200 times",
            run: |c| c.tests("cargo test --workspace --test blog killed -- --ignored --nocapture"),
        }],
    },
    Job {
        name: "clocks-and-pauses",
        about: "Each wrong clock for more than a minute, and pauses of a node and a primary. Short: `databases`.",
        minutes: 18,
        tools: &["libfaketime", "postgresql", "servers"],
        lane: Lane::Alone,
        steps: &[Step {
            name: "wrong clocks and pauses",
            run: |c| {
                let options =
                    "--ignored --nocapture --test-threads 4 clocks::long:: pauses::long::";
                let line = format!("cargo test --workspace --test blog -- {options}");
                c.command(&line).with_servers(c).tests(c, 1)
            },
        }],
    },
    Job {
        name: "every-change",
        about: "1,000 rounds of each change on each kind of node, for docs/many-nodes.md. Short: `databases`.",
        minutes: 15,
        tools: &["redis-server", "servers"],
        lane: Lane::Alone,
        steps: &[
            Step {
                name: "programs of the nodes",
                run: |c| c.run("cargo build --workspace --examples --bins"),
            },
            Step { name: "1,000 rounds of each change", run: |c| databases::every_change(c, 1000) },
        ],
    },
    Job {
        name: "scale",
        about: "A million accounts on SQLite and PostgreSQL, for docs/many-nodes.md. Short: `test`, `databases`.",
        minutes: 25,
        tools: &["servers"],
        lane: Lane::Alone,
        steps: &[
            Step { name: "a million accounts on SQLite", run: |c| scale(c, "sqlite") },
            Step { name: "a million accounts on PostgreSQL", run: |c| scale(c, "postgres") },
        ],
    },
    Job {
        name: "fuzz-ten-minutes",
        about: "Ten minutes per fuzz target. Short: `fuzz`.",
        minutes: 65,
        tools: NIGHTLY,
        lane: Lane::Alone,
        steps: &[Step { name: "ten minutes for each fuzz target", run: |c| jobs::fuzz(c, 600) }],
    },
    Job {
        name: "mutants-core",
        about: "Mutation tests of core's verifier, rules, requirement and codes, for docs/mutants.md. No short form.",
        minutes: 60,
        tools: &["cargo-mutants"],
        lane: Lane::Alone,
        steps: &[Step {
            name: "mutants of core",
            run: |c| {
                let files = "{token/verifier,token/rules,token/opener,token/cache,access/requirement,totp/check}";
                let options = "-p hallpass-core --all-features";
                mutants(
                    c,
                    options,
                    &format!("crates/hallpass-core/src/{files}.rs"),
                    "--test core --test allocations",
                )
            },
        }],
    },
    Job {
        name: "mutants-accounts",
        about: "Mutation tests of rate limits and session refresh, for docs/mutants.md. No short form.",
        minutes: 30,
        tools: &["cargo-mutants"],
        lane: Lane::Alone,
        steps: &[Step {
            name: "mutants of accounts",
            run: |c| {
                let files = "crates/hallpass-accounts/src/{rate_limit,rate_limit/limits,session/single_flight}.rs";
                mutants(c, "-p hallpass-accounts", files, "--test flow")
            },
        }],
    },
    Job {
        name: "benchmarks",
        about: "Writes docs/BENCHMARKS.md. Short: the tests of hallpass-benches in `test`.",
        minutes: 15,
        tools: &["python3"],
        lane: Lane::Alone,
        steps: &[Step { name: "benchmarks", run: |c| c.run("python3 benches/report") }],
    },
];

/// Returns the long tests of these names.
pub(crate) fn named(names: &[&str]) -> Outcome<Vec<&'static Job>> {
    let find = |name: &&str| {
        LONG.iter().find(|job| job.name == *name).ok_or_else(|| {
            format!("no long test has the name {name}: `cargo xtask long --list` prints the names")
        })
    };
    names.iter().map(find).collect()
}

fn facade(c: &Context, filter: &str, rounds: Option<&str>) -> Outcome {
    let line = format!("cargo test --workspace --test facade {filter} -- --ignored --nocapture");
    let run = c.command(&line).with_servers(c);
    rounds.into_iter().fold(run, |run, rounds| run.env("ROUNDS", rounds)).tests(c, 1)
}

/// A release build, because a debug build of SQLite and of the engine is several times slower.
fn scale(c: &Context, database: &str) -> Outcome {
    let test = format!("--test store scale::{database} -- --include-ignored --nocapture");
    let line = format!("cargo test --release -p hallpass-sqlx --features postgres {test}");
    c.command(&line).env("SCALE_ACCOUNTS", "1000000").tests(c, 1)
}

fn mutants(c: &Context, options: &str, files: &str, tests: &str) -> Outcome {
    c.command(&format!("cargo mutants {options} -f {files} -- --lib {tests}")).run()
}
