//! A directory for one test. It is removed at the end of the test.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// A new, empty directory in the system's temporary directory. Dropping it removes the directory.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Creates the directory.
    ///
    /// # Panics
    /// Panics if the temporary directory is not writable.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "`default` must not create a directory")]
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("hallpass-test-{}-{number}", process::id());
            let path = std::env::temp_dir().join(name);
            match fs::create_dir(&path) {
                Ok(()) => return Self(path),
                // A killed process with the same id left the directory behind.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => panic!("{}: {error}", path.display()),
            }
        }
    }

    /// Returns the path of the directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.0
    }

    /// Returns the path of a file in the directory.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Returns the path of a file in the directory, as an argument of a command.
    ///
    /// # Panics
    /// Panics if the path is not UTF-8.
    #[must_use]
    pub fn argument(&self, name: &str) -> String {
        self.path(name).into_os_string().into_string().expect("the path is UTF-8")
    }

    /// Writes a file and returns its path, as an argument of a command. Its mode is 0600,
    /// because with some umasks the group could write the file, and such a key file is refused.
    ///
    /// # Panics
    /// Panics if the file cannot be written, or if the path is not UTF-8.
    #[must_use]
    pub fn file(&self, name: &str, content: &str) -> String {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(self.path(name)).expect("the file can be opened");
        file.write_all(content.as_bytes()).expect("the file can be written");
        self.argument(name)
    }

    /// Returns the URL of an SQLite database in the directory.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("sqlite://{}", self.path(name).display())
    }

    /// Opens a file in the directory for appending, such as a log.
    ///
    /// # Panics
    /// Panics if the file cannot be opened.
    #[must_use]
    pub fn append(&self, name: &str) -> File {
        let options = fs::OpenOptions::new().create(true).append(true).open(self.path(name));
        options.expect("the file can be opened")
    }

    /// Returns the text of a file in the directory. The text is empty if the file does not exist.
    #[must_use]
    pub fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.path(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Returns the names of the files in the directory, sorted.
    ///
    /// # Panics
    /// Panics if the directory cannot be read, or if a name is not UTF-8.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("the directory can be read");
        let names = entries.map(|entry| entry.expect("the entry can be read").file_name());
        let mut names: Vec<_> =
            names.map(|name| name.into_string().expect("the name is UTF-8")).collect();
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

    #[test]
    fn directory_is_empty_and_is_removed_on_drop() {
        let (one, other) = (Scratch::new(), Scratch::new());
        assert_ne!(one.directory(), other.directory());
        assert_eq!(one.names(), [""; 0]);
        for word in ["a", "b"] {
            one.append("log").write_all(word.as_bytes()).expect("the log can be written");
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
