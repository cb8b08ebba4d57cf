//! Several processes of one site, which share a directory and its key file. A process is the blog
//! or another program of the same site.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hallpass_test_support::http::client::Client;
use hallpass_test_support::process::{Server, within};
use hallpass_test_support::scratch::Scratch;

use super::{LIVE, somebody_with};
use crate::site::{PROGRAM, command_of};

pub(super) struct Nodes {
    nodes: Vec<(PathBuf, Server)>,
    settings: Vec<(String, String)>,
    scratch: Arc<Scratch>,
}

impl Nodes {
    pub(super) fn start(count: usize, settings: &[(&str, String)]) -> Self {
        Self::of(&vec![PathBuf::from(PROGRAM); count], settings)
    }

    /// Starts one node of each program.
    pub(super) fn of(programs: &[PathBuf], settings: &[(&str, String)]) -> Self {
        Self::in_directory(Arc::new(Scratch::new()), programs, settings)
    }

    /// Starts another node in the same directory, with its own settings.
    pub(super) fn joined_by(&self, settings: &[(&str, String)]) -> Self {
        Self::in_directory(self.scratch.clone(), &[PathBuf::from(PROGRAM)], settings)
    }

    fn in_directory(
        scratch: Arc<Scratch>,
        programs: &[PathBuf],
        settings: &[(&str, String)],
    ) -> Self {
        let settings =
            settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let mut nodes = Self { nodes: Vec::new(), settings, scratch };
        // One after another, so that all nodes read the key file of the first node.
        for program in programs {
            let node = nodes.one_more(program);
            nodes.nodes.push((program.clone(), node));
        }
        nodes
    }

    /// Starts a node that is not added to `nodes`.
    pub(super) fn one_more(&self, program: &Path) -> Server {
        let log = self.scratch.append("log");
        Server::start(self.command(program).stdin(Stdio::piped()).stderr(log))
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = command_of(program, &self.scratch);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(super) fn restart(&mut self, node: usize) {
        let (program, running) = &mut self.nodes[node];
        running.process.kill();
        let program = program.clone();
        self.nodes[node].1 = self.one_more(&program);
    }

    /// Runs an operator's command with the settings of these nodes, and returns its output.
    pub(super) fn operator(&self, arguments: &[&str]) -> String {
        let output =
            self.command(Path::new(PROGRAM)).args(arguments).output().expect("the blog runs");
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(super) fn signal(&self, node: usize, name: &str) {
        self.nodes[node].1.process.signal(name);
    }

    /// Returns the log of all nodes in the directory.
    pub(super) fn log(&self) -> String {
        self.scratch.read("log")
    }

    pub(super) fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    pub(super) fn address(&self, node: usize) -> SocketAddr {
        self.nodes[node].1.address
    }

    /// Returns `None` if the node is ready, or the reason why not.
    pub(super) fn reason(&self, node: usize) -> Option<String> {
        let answer = self.script(node).get("/readyz");
        let reason = answer.text().trim().trim_start_matches("not ready: ").to_owned();
        match answer.status {
            200 => None,
            503 => Some(reason),
            status => panic!("/readyz responds with {status}"),
        }
    }

    /// Waits until the node is ready (`None`) or not ready for this reason. Returns the time.
    #[track_caller]
    pub(super) fn await_reason(&self, node: usize, expected: Option<&str>) -> Duration {
        let start = Instant::now();
        within(Duration::from_secs(20), &format!("{expected:?}"), || {
            self.reason(node).as_deref() == expected
        });
        start.elapsed()
    }

    pub(super) fn browser(&self, node: usize) -> Client {
        Client::browser(self.nodes[node].1.address)
    }

    pub(super) fn script(&self, node: usize) -> Client {
        Client::script(self.nodes[node].1.address)
    }

    pub(super) fn status_with(&self, node: usize, access: &str) -> u16 {
        somebody_with(self.script(node), access)
    }

    #[track_caller]
    pub(super) fn refused_within(
        &self,
        node: usize,
        access: &str,
        bound: Duration,
        since: Instant,
    ) {
        loop {
            match self.status_with(node, access) {
                401 => return,
                LIVE => {
                    assert!(
                        since.elapsed() < bound,
                        "node {node} still accepts the cookie after {bound:?}"
                    )
                }
                status => panic!("node {node} responds with {status}"),
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        self.nodes.clear();
        if std::thread::panicking() {
            eprintln!("{}", self.scratch.read("log"));
        }
    }
}
