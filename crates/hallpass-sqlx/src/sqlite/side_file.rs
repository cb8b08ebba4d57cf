//! The side file: facts that a restored copy of the database does not have.
//!
//! A copy of the file has all the facts of the database, so the database alone cannot show that it
//! is an older copy. The side file next to it has an identity, which the database has too, and the
//! highest number of the revocation log that was seen. A database with another identity or
//! with a lower number was restored.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use hallpass_accounts::{Incarnation, Random, SystemRandom};

/// The side file of a database.
#[derive(Clone, Debug)]
pub(super) struct SideFile {
    path: PathBuf,
}

/// The content of a side file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    identity: String,
    highest: u64,
}

impl SideFile {
    /// Returns the side file of this database: `site.db-store` for `site.db`.
    pub(super) fn of(database: &Path) -> Self {
        let mut name = database.file_name().unwrap_or_default().to_owned();
        name.push("-store");
        Self { path: database.with_file_name(name) }
    }

    /// Returns the incarnation that the side file shows, for a database with this id, recorded
    /// incarnation and highest number. If they do not belong together, it is a new one. A new
    /// database gets its id, so that processes that start together find the same.
    pub(super) fn observe(
        &self,
        store_id: &str,
        recorded: Option<&Incarnation>,
        highest: u64,
    ) -> io::Result<Incarnation> {
        let Some(recorded) = recorded else {
            return Ok(Incarnation { identity: store_id.to_owned(), timeline: 1 });
        };
        if let Some(seen) = self.read()?
            && seen.identity == recorded.identity
            && seen.highest <= highest
        {
            if seen.highest < highest {
                self.write(&Seen { highest, ..seen })?;
            }
            return Ok(recorded.clone());
        }
        Ok(Incarnation { identity: random_name()?, timeline: 1 })
    }

    /// Returns whether the side file has seen a higher number than that of a database in which no
    /// incarnation is recorded. Such a database is a file without its `-wal` file, in which the
    /// record still was, or another database.
    pub(super) fn is_ahead_of(&self, highest: u64) -> io::Result<bool> {
        Ok(self.read()?.is_some_and(|seen| seen.highest > highest))
    }

    /// Makes the file belong to the database.
    pub(super) fn record(&self, incarnation: &Incarnation) -> io::Result<()> {
        self.write(&Seen { identity: incarnation.identity.clone(), highest: 0 })
    }

    /// Returns `None` for a file that is missing or that is not a side file.
    fn read(&self) -> io::Result<Option<Seen>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let seen = text.trim_end().split_once(' ').and_then(|(identity, highest)| {
            Some(Seen { identity: identity.to_owned(), highest: highest.parse().ok()? })
        });
        Ok(seen)
    }

    /// Replaces the file, with mode 0600. Several nodes may do so at the same time.
    fn write(&self, seen: &Seen) -> io::Result<()> {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!("-{}", random_name()?));
        let temporary = self.path.with_file_name(name);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        io::Write::write_all(
            &mut file,
            format!("{} {}\n", seen.identity, seen.highest).as_bytes(),
        )?;
        fs::rename(&temporary, &self.path).inspect_err(|_| {
            // The file stays if it cannot be removed. It contains no secret.
            let _ = fs::remove_file(&temporary);
        })
    }
}

fn random_name() -> io::Result<String> {
    let mut bytes = [0; 16];
    SystemRandom.fill(&mut bytes).map_err(io::Error::other)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_or_other_database_is_another_incarnation() {
        let directory = std::env::temp_dir().join(format!("hallpass-side-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let file = SideFile::of(&directory.join("site.db"));
        let observe = |recorded, highest| file.observe("id", recorded, highest).unwrap();
        let first = observe(None, 0);
        assert_eq!(observe(None, 0), first, "of another process");
        file.record(&first).unwrap();
        assert_eq!(observe(Some(&first), 0), first);
        assert_eq!(observe(Some(&first), 7), first);
        assert_ne!(observe(Some(&first), 6), first, "an older copy");
        let other = Incarnation { identity: "other".into(), timeline: 1 };
        assert_ne!(observe(Some(&other), 9), other, "another database");
        assert!(file.is_ahead_of(6).unwrap() && !file.is_ahead_of(7).unwrap());
        fs::write(&file.path, "").unwrap();
        assert!(!file.is_ahead_of(0).unwrap());
        assert_ne!(observe(Some(&first), 9), first, "an empty side file");
        fs::remove_file(&file.path).unwrap();
        assert_ne!(observe(Some(&first), 9), first, "a database without its side file");
        fs::remove_dir_all(&directory).unwrap();
    }
}
