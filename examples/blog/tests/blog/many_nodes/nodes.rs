//! Several processes in one directory, and so with one key file: of the blog, or of whatever else is a node of the same site.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::{LIVE, somebody_with};
use crate::client::Client;
use crate::site::{PROGRAM, command_of};

pub(super) struct Nodes {
    directory: PathBuf,
    settings: Vec<(String, String)>,
    nodes: Vec<(PathBuf, Node)>,
}

/// One process; it ends with this.
pub(super) struct Node {
    pub(super) child: Child,
    pub(super) address: SocketAddr,
    /// What it says after its ready line.
    pub(super) output: BufReader<ChildStdout>,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Nodes {
    pub(super) fn start(count: usize, settings: &[(&str, String)]) -> Self {
        Self::of(&vec![PathBuf::from(PROGRAM); count], settings)
    }

    /// One node of each program.
    pub(super) fn of(programs: &[PathBuf], settings: &[(&str, String)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("blog-nodes-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory).expect("a directory of this test's own");
        Self::in_directory(directory, programs, settings)
    }

    /// One more, with settings of its own.
    pub(super) fn joined_by(&self, settings: &[(&str, String)]) -> Self {
        Self::in_directory(self.directory.clone(), &[PathBuf::from(PROGRAM)], settings)
    }

    fn in_directory(directory: PathBuf, programs: &[PathBuf], settings: &[(&str, String)]) -> Self {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let mut nodes = Self { directory, settings, nodes: Vec::new() };
        // One after another, so that all find the first one's keys.
        for program in programs {
            let node = nodes.one_more(program);
            nodes.nodes.push((program.clone(), node));
        }
        nodes
    }

    /// A node that is not counted among these.
    pub(super) fn one_more(&self, program: &Path) -> Node {
        run(self.command(program), &self.directory)
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = command_of(program, &self.directory);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(super) fn restart(&mut self, node: usize) {
        let (program, running) = &mut self.nodes[node];
        running.child.kill().expect("the process is ours");
        running.child.wait().expect("the process is ours");
        let program = program.clone();
        self.nodes[node].1 = self.one_more(&program);
    }

    pub(super) fn operator(&self, arguments: &[&str]) {
        let output = self.command(Path::new(PROGRAM)).args(arguments).output().expect("the blog runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
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
    pub(super) fn refused_within(&self, node: usize, access: &str, bound: Duration, since: Instant) {
        loop {
            match self.status_with(node, access) {
                401 => return,
                LIVE => assert!(since.elapsed() < bound, "node {node} still accepts it after {bound:?}"),
                status => panic!("node {node} answers {status}"),
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        self.nodes.clear();
        if std::thread::panicking() {
            eprintln!("{}", fs::read_to_string(self.directory.join("log")).unwrap_or_default());
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn run(mut command: Command, directory: &Path) -> Node {
    let log = fs::OpenOptions::new().create(true).append(true).open(directory.join("log")).expect("a log");
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
    let mut child = piped.spawn().expect("the program runs");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    output.read_line(&mut line).expect("a line");
    let address = line.trim_end().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
    let address = address.unwrap_or_else(|| panic!("not the ready line: {line:?}"));
    Node { child, address, output }
}
