//! Runs the examples as programs.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Child,
    thread,
    time::Duration,
};

use crate::{
    context::{Context, Outcome, Run, create},
    job::Step,
};

pub(crate) const STEPS: &[Step] = &[
    Step { name: "examples", run: |c| c.run("cargo build --workspace --examples --bins") },
    Step { name: "start the examples", run: start_examples },
    Step { name: "walk through the blog", run: walk },
    Step {
        name: "as a new user",
        run: |c| c.command(".ci/newuser").arg(&c.work).env("CARGO_TARGET_DIR", &c.target).run(),
    },
    Step { name: "PyJWT", run: |c| c.run("python3 examples/pyjwt/interop.py") },
    Step {
        name: "migration from Starlette",
        run: |c| c.run("python3 examples/migrate-from-starlette/migrate.py"),
    },
];

/// Starts the examples that no test starts as a process. Each must print its address, and must
/// reject a request without a token with 401.
fn start_examples(c: &Context) -> Outcome {
    for (name, variable, guarded) in [
        ("verify-only-service", "REPORT_ADDR", "/report"),
        ("own-users-table", "SHOP_ADDR", "/profile"),
    ] {
        let directory = c.work.join(name);
        create(&directory)?;
        let program = c.target.join("debug").join(name);
        let run = c
            .command(&program.to_string_lossy())
            .directory(&directory)
            .env(variable, "127.0.0.1:0");
        let server = Server::start(run, &directory)?;
        let status = status(&server.base, guarded)?;
        println!("{name}: {guarded} returns {status}");
        if status != "401" {
            return Err(format!("{name}: {guarded} returns {status}, expected 401"));
        }
    }
    Ok(())
}

/// Runs the command of the README, on a free port and with a new database. The blog must exit
/// successfully after SIGTERM.
fn walk(c: &Context) -> Outcome {
    // Compiled first, because `Server::start` waits one minute only. With the features of this
    // package alone, cargo compiles most of the dependencies again.
    c.run("cargo build -p blog")?;
    let database = format!("sqlite://{}", c.work.join("blog.db").display());
    let run = c
        .command("cargo run -p blog")
        .env("BLOG_ADDR", "127.0.0.1:0")
        .env("DATABASE_URL", &database);
    let mut blog = Server::start(run, &c.work)?;
    println!("{}", blog.base);
    let walk = c.command(".ci/walk").arg(&blog.base).env("DATABASE_URL", &database);
    "cargo run -q -p blog --".split(' ').fold(walk, Run::arg).run()?;
    c.run(&format!("kill -TERM {}", blog.child.id()))?;
    match blog.child.wait() {
        Ok(status) if status.success() => Ok(()),
        status => Err(format!("the blog exited with {status:?} after SIGTERM, expected success")),
    }
}

/// The server process of an example. Dropping it kills the process.
struct Server {
    child: Child,
    /// The address of the server, such as `http://127.0.0.1:3000`.
    base: String,
}

impl Server {
    /// Starts the server and waits until it prints its address, for at most one minute.
    fn start(run: Run, directory: &Path) -> Outcome<Self> {
        let ready = directory.join("ready");
        let child = run.start(&ready)?;
        let mut server = Self { child, base: String::new() };
        for _ in 0..300 {
            let printed = fs::read_to_string(&ready).unwrap_or_default();
            if let Some((line, _)) =
                printed.split_once("listening on ").and_then(|(_, rest)| rest.split_once('\n'))
            {
                line.clone_into(&mut server.base);
                return Ok(server);
            }
            if let Ok(Some(status)) = server.child.try_wait() {
                return Err(format!(
                    "{}: exited with {status} before it printed its address",
                    directory.display()
                ));
            }
            thread::sleep(Duration::from_millis(200));
        }
        Err(format!("{}: did not print its address within a minute", directory.display()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both calls fail if the process has exited.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Returns the status of a request that accepts JSON.
fn status(base: &str, path: &str) -> Outcome<String> {
    let address = base.trim_start_matches("http://");
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: application/json\r\nconnection: close\r\n\r\n"
    );
    let mut response = String::new();
    TcpStream::connect(address)
        .and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(20)))?;
            stream.write_all(request.as_bytes())?;
            stream.read_to_string(&mut response)
        })
        .map_err(|error| format!("{base}{path}: {error}"))?;
    Ok(response.split(' ').nth(1).unwrap_or_default().to_owned())
}
