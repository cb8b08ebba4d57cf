//! A directory for one test, which is removed with it.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// A new, empty directory below the system's temporary directory. Dropping it removes it.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Creates the directory.
    ///
    /// # Panics
    /// The temporary directory cannot be written.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a default that creates a directory surprises")]
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("hallpass-test-{}-{number}", process::id());
            let path = std::env::temp_dir().join(name);
            match fs::create_dir(&path) {
                Ok(()) => return Self(path),
                // A killed process of the same number left it behind.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => panic!("{}: {error}", path.display()),
            }
        }
    }

    /// The directory itself.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.0
    }

    /// The path of a file in the directory.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The path of a file in the directory, as an argument of a command.
    ///
    /// # Panics
    /// The path is not UTF-8.
    #[must_use]
    pub fn argument(&self, name: &str) -> String {
        self.path(name).into_os_string().into_string().expect("a path in UTF-8")
    }

    /// Writes a file and returns its path, as an argument of a command.
    ///
    /// # Panics
    /// The file cannot be written, or the path is not UTF-8.
    #[must_use]
    pub fn file(&self, name: &str, content: &str) -> String {
        fs::write(self.path(name), content).expect("a file in a directory of our own");
        self.argument(name)
    }

    /// The address of an SQLite database in the directory.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("sqlite://{}", self.path(name).display())
    }

    /// Opens a file of the directory for appending, such as a log.
    ///
    /// # Panics
    /// The file cannot be opened.
    #[must_use]
    pub fn append(&self, name: &str) -> File {
        let options = fs::OpenOptions::new().create(true).append(true).open(self.path(name));
        options.expect("a file in a directory of our own")
    }

    /// The text of a file of the directory; empty where there is no such file.
    #[must_use]
    pub fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.path(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The names of the files in the directory, sorted.
    ///
    /// # Panics
    /// The directory cannot be read, or a name is not UTF-8.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("a directory of our own");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> =
            names.map(|name| name.into_string().expect("a name in UTF-8")).collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_directory_is_new_and_is_removed_on_drop() {
        let (one, other) = (Scratch::new(), Scratch::new());
        assert_ne!(one.directory(), other.directory());
        assert_eq!(one.names(), [""; 0]);
        for word in ["a", "b"] {
            one.append("log").write_all(word.as_bytes()).expect("written");
        }
        assert_eq!((one.read("log").as_str(), one.read("none").as_str()), ("ab", ""));
        assert_eq!(one.names(), ["log"]);
        assert_eq!(fs::read_to_string(one.file("x", "text")).ok().as_deref(), Some("text"));
        assert!(one.url("x.db").starts_with("sqlite:///") && one.argument("x").ends_with("/x"));
        let path = one.directory().to_owned();
        drop(one);
        assert!(!path.exists() && other.directory().exists());
    }
}
