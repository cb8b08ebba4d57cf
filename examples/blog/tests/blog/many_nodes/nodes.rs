//! Several processes of the blog in one directory, and so with one key file.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::{LIVE, somebody_with};
use crate::client::Client;
use crate::site::command;

pub(super) struct Nodes {
    directory: PathBuf,
    settings: Vec<(String, String)>,
    nodes: Vec<(Child, SocketAddr)>,
}

impl Nodes {
    pub(super) fn start(count: usize, settings: &[(&str, String)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("blog-nodes-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory).expect("a directory of this test's own");
        Self::in_directory(directory, count, settings)
    }

    /// One more, with settings of its own.
    pub(super) fn joined_by(&self, settings: &[(&str, String)]) -> Self {
        Self::in_directory(self.directory.clone(), 1, settings)
    }

    fn in_directory(directory: PathBuf, count: usize, settings: &[(&str, String)]) -> Self {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let mut nodes = Self { directory, settings, nodes: Vec::new() };
        // One after another, so that all find the first one's keys.
        for _ in 0..count {
            let node = run(nodes.command(), &nodes.directory);
            nodes.nodes.push(node);
        }
        nodes
    }

    fn command(&self) -> Command {
        let mut command = command(&self.directory);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(super) fn restart(&mut self, node: usize) {
        let (child, _) = &mut self.nodes[node];
        child.kill().expect("the process is ours");
        child.wait().expect("the process is ours");
        self.nodes[node] = run(self.command(), &self.directory);
    }

    pub(super) fn operator(&self, arguments: &[&str]) {
        let output = self.command().args(arguments).output().expect("the blog runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    pub(super) fn browser(&self, node: usize) -> Client {
        Client::browser(self.nodes[node].1)
    }

    pub(super) fn script(&self, node: usize) -> Client {
        Client::script(self.nodes[node].1)
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
        for (child, _) in &mut self.nodes {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("{}", fs::read_to_string(self.directory.join("log")).unwrap_or_default());
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn run(mut command: Command, directory: &Path) -> (Child, SocketAddr) {
    let log = fs::OpenOptions::new().create(true).append(true).open(directory.join("log")).expect("a log");
    let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("the blog runs");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    let address = line.trim_end().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
    (child, address.unwrap_or_else(|| panic!("not the ready line: {line:?}")))
}
