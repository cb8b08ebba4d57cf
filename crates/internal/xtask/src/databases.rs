//! Tests on PostgreSQL and Redis. `.ci/run databases` starts both servers, unless `DATABASE_URL`
//! and `REDIS_URL` name other servers.

use crate::{
    context::{Context, Outcome, patiently},
    job::Step,
};

/// The steps test the whole workspace, because the features of one package alone would compile the
/// dependencies again. TLS is not a default feature, so its step names packages.
pub(crate) const STEPS: &[Step] = &[
    Step { name: "PostgreSQL and Redis are reachable", run: answer },
    // The tests with many nodes start the programs of other packages.
    Step {
        name: "programs of the nodes",
        run: |c| c.run("cargo build --workspace --examples --bins"),
    },
    Step {
        name: "stores on PostgreSQL",
        run: |c| {
            tests(c, "cargo test --workspace --test store -- --ignored postgres --skip pgbouncer")
        },
    },
    Step {
        name: "PostgreSQL connections drop, end and hang",
        run: |c| {
            tests(
                c,
                "cargo test --workspace --test facade postgres_outage -- --ignored --nocapture",
            )
        },
    },
    Step { name: "Redis", run: |c| tests(c, "cargo test --workspace --test redis -- --ignored") },
    Step {
        name: "Redis fails over, is full, hangs and restarts",
        run: |c| {
            tests(c, "cargo test --workspace --test facade redis_outage -- --ignored --nocapture")
        },
    },
    // One build for both: TLS is not a default feature.
    Step {
        name: "PostgreSQL and Redis with TLS",
        run: |c| {
            let packages = "-p hallpass-sqlx -p hallpass-redis";
            let features = "hallpass-sqlx/postgres,hallpass-sqlx/tls,hallpass-redis/tls";
            let tests = "--test store --test redis -- --include-ignored over_tls";
            let line = format!(".ci/with_tls cargo test {packages} --features {features} {tests}");
            self::tests(c, &line)
        },
    },
    Step {
        name: "failover and a restored dump",
        run: |c| {
            let options = "--ignored --nocapture --test-threads 1";
            tests(c, &format!("cargo test --workspace --test facade -- {options} failover::"))
        },
    },
    Step {
        name: "PgBouncer, connections per node and reads per second",
        run: |c| {
            // One by one, because they count connections and reads.
            let options = "--ignored --nocapture --test-threads 1";
            tests(c, &format!("cargo test --workspace --test facade -- {options} pooler::"))
        },
    },
    Step {
        name: "the facade on PostgreSQL",
        run: |c| {
            let options = "--ignored --nocapture --test-threads 1";
            tests(c, &format!("cargo test --workspace --test facade -- {options} on_postgres"))
        },
    },
    Step {
        name: "an own users table on PostgreSQL",
        run: |c| {
            let options = "--ignored --nocapture";
            tests(c, &format!("cargo test --workspace --test own_users_postgres -- {options}"))
        },
    },
    Step {
        name: "many nodes",
        run: |c| {
            let skipped = "--skip every_change --skip clocks:: --skip pauses::";
            let options = format!("--ignored --nocapture --test-threads 1 {skipped}");
            tests(c, &format!("cargo test --workspace --test blog -- {options} many_nodes"))
        },
    },
    // They mostly wait. The long forms: `cargo xtask long clocks-and-pauses`.
    Step {
        name: "wrong clocks, pauses, partitions and the procedures of the guide",
        run: |c| {
            let options = "--ignored --nocapture --test-threads 4 --skip ::long::";
            let filter = "clocks:: pauses:: incidents::";
            tests(c, &format!("cargo test --workspace --test blog -- {options} {filter}"))
        },
    },
    // The table of docs/many-nodes.md needs 1,000 rounds: `cargo xtask long every-change`.
    Step { name: "every change on every kind of node", run: |c| patiently(|| every_change(c, 50)) },
    // The skipped tests read the SQLite file, or have a step of their own.
    Step {
        name: "the blog on PostgreSQL",
        run: |c| {
            let skipped = [
                "the_blog_starts_in_an_empty_directory",
                "a_locked_store",
                "killed::",
                "many_nodes",
            ];
            let skipped = skipped.map(|test| format!("--skip {test}")).join(" ");
            let url = c.servers[0].clone().unwrap_or_default();
            let line = format!("cargo test --workspace --test blog -- {skipped}");
            c.command(&line).with_servers(c).env("BLOG_TESTS_ON", url).tests(c, 1)
        },
    },
    // A filter that matches fewer tests than before would pass.
    Step {
        name: "how many tests ran on the databases",
        run: |c| match c.passed.get() {
            passed @ ..LEAST => {
                Err(format!("{passed} tests ran on the databases, expected at least {LEAST}"))
            }
            passed => {
                println!("{passed}");
                Ok(())
            }
        },
    },
];

/// Minimum number of tests of the job `databases`.
const LEAST: usize = 441;

fn answer(c: &Context) -> Outcome {
    let [Some(postgres), Some(redis)] = &c.servers else {
        return Err(
            "set DATABASE_URL and REDIS_URL, or run `.ci/run databases`, which starts both servers"
                .to_owned(),
        );
    };
    c.command("psql -q -At -c").arg("SELECT version()").arg(postgres).run()?;
    c.command("redis-cli -u").arg(redis).arg("ping").run()
}

fn tests(c: &Context, line: &str) -> Outcome {
    c.command(line).with_servers(c).tests(c, 1)
}

/// Tests each change on each kind of node, with this number of rounds.
pub(crate) fn every_change(c: &Context, rounds: u32) -> Outcome {
    let line =
        "cargo test --workspace --test blog -- --ignored --nocapture --test-threads 1 every_change";
    c.command(line).with_servers(c).env("ROUNDS", rounds.to_string()).tests(c, 1)
}
