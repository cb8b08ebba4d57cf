//! The key file of a running site: it is opened at the start, and read again when it changes.
//!
//! The file may be on a network file system whose server does not respond. A read then blocks its
//! thread for an unlimited time. So the file is read on a thread of its own: the runtime waits at
//! its shutdown for the threads of `spawn_blocking`, and does not wait for this thread. The
//! revocation sync runs in another task.

use std::{
    error::Error,
    future::Future,
    io,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use hallpass_accounts::Reminder;
use hallpass_core::{KeyRing, KeyRingError, Keys, UnixTime};
use tokio::{sync::oneshot, time::timeout};
use zeroize::Zeroizing;

use crate::{
    key_file::{
        KeyFile, KeyFileError, random,
        read::{self, Contents},
    },
    start::StartError,
};

/// A key file that is reloaded when it changes: the file, and its text when it was last read. The
/// text is compared and not the modification time, which misses two changes within the resolution
/// of the clock and a restored backup with an old time.
pub(crate) struct WatchedKeyFile {
    file: KeyFile,
    read: Read,
    thread: FileThread,
    seen: Zeroizing<Vec<u8>>,
    unreadable: Reminder,
    /// The reason why the text that was seen is not in use.
    unusable: Option<(Unusable, Reminder)>,
    respond_within: Duration,
}

/// The reason why a changed key file is not used.
enum Unusable {
    Invalid(KeyFileError),
    /// The file of another site, or a new file in place of a lost one. It would log everybody out
    /// and make every second factor unreadable.
    OtherKeys,
}

type Read = Arc<dyn Fn() -> Result<Contents, KeyFileError> + Send + Sync>;

impl WatchedKeyFile {
    /// Reads the file. If it does not exist or is empty, and `may_create` returns no error, creates
    /// it with a new HS256 key and a new encryption key.
    pub(crate) async fn open(
        file: KeyFile,
        now: UnixTime,
        may_create: impl Future<Output = Result<(), StartError>>,
    ) -> Result<(KeyRing, Self), StartError> {
        let thread = FileThread::start()
            .map_err(|source| KeyFileError::Read { path: file.path().to_owned(), source })?;
        let seen = match thread.at_start(&file, KeyFile::open).await {
            Err(KeyFileError::Missing { .. } | KeyFileError::Empty { .. }) => {
                may_create.await?;
                thread.at_start(&file, move |file| file.create_new_ring(now)).await?;
                thread.at_start(&file, KeyFile::open).await?
            }
            opened => opened?,
        };
        let ring = file.parse(&seen)?;
        let path = file.path().to_owned();
        let read: Read = Arc::new(move || read::read(&path));
        let (unreadable, respond_within) = (Reminder::default(), RESPOND_WITHIN);
        let unusable = None;
        Ok((ring, Self { file, read, thread, seen, unreadable, unusable, respond_within }))
    }

    /// Puts a changed key ring into use. If the file is missing or not valid, the last valid ring
    /// stays in use, and an error is logged immediately and then once per minute.
    pub(crate) async fn take_up_changes(&mut self, keys: &Keys) {
        // The thread ends early only after a panic, which was printed.
        let Some(found) = self.read().await else { return };
        match found {
            Ok(contents) => {
                if self.unreadable.recovered().is_some() {
                    tracing::info!(target: "hallpass", "the key file can be read again");
                }
                if contents.text != self.seen {
                    let taken = self.take_up(&contents, keys);
                    self.unusable = taken.err().map(|reason| (reason, Reminder::default()));
                    self.seen = contents.text;
                }
                if let Some((reason, reminder)) = &mut self.unusable
                    && let Some(lasts) = reminder.failed()
                {
                    match reason {
                        Unusable::Invalid(error) => complain(error, lasts),
                        Unusable::OtherKeys => {
                            let (path, seconds) = (self.file.path().display(), lasts.as_secs());
                            tracing::error!(target: "hallpass", %path, seconds, "the key file has none of the keys in use and is not used: restore the file, or restart the node if the change is intended");
                        }
                    }
                }
            }
            Err(error) => {
                if let Some(lasts) = self.unreadable.failed() {
                    complain(&error, lasts);
                }
            }
        }
    }

    async fn read(&self) -> Option<Result<Contents, KeyFileError>> {
        let read = Arc::clone(&self.read);
        let mut result = self.thread.run(move || read());
        if let Ok(result) = timeout(self.respond_within, &mut result).await {
            return result.ok();
        }
        let mut hangs = Reminder::default();
        let result = loop {
            if let Some(lasts) = hangs.failed() {
                let seconds = (self.respond_within + lasts).as_secs();
                let path = self.file.path().display();
                tracing::error!(target: "hallpass", %path, seconds, "the file system of the key file does not respond, the previous keys stay in use: check the mount");
            }
            if let Ok(result) = timeout(Reminder::INTERVAL, &mut result).await {
                break result.ok();
            }
        };
        let path = self.file.path().display();
        tracing::info!(target: "hallpass", %path, "the file system of the key file responds again");
        result
    }

    fn take_up(&self, contents: &Contents, keys: &Keys) -> Result<(), Unusable> {
        let ring = self.file.parse(&contents.text).map_err(Unusable::Invalid)?;
        if ring.active().is_none() {
            return Err(Unusable::Invalid(self.file.unusable(KeyRingError::NoActiveKey)));
        }
        if !ring.shares_a_key_with(&keys.current()) {
            return Err(Unusable::OtherKeys);
        }
        self.file.warn_if_exposed(contents);
        let active = ring.active().map(|key| key.id().to_string());
        keys.replace(ring);
        tracing::info!(target: "hallpass", active, "reloaded the changed key file");
        Ok(())
    }
}

fn complain(error: &KeyFileError, lasts: Duration) {
    let (source, seconds) = (error.source(), lasts.as_secs());
    tracing::error!(target: "hallpass", %error, source, seconds, "cannot reload the key file, the previous keys stay in use");
}

impl KeyFile {
    /// Creates the file with a new key ring, if no other process has created it.
    fn create_new_ring(&self, now: UnixTime) -> Result<(), KeyFileError> {
        match self.create(&KeyRing::generate_hs256(*random()?, now)) {
            Ok(()) | Err(KeyFileError::Exists { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// A thread that works on the key file. It ends when this value is dropped, after its current work.
struct FileThread {
    work: mpsc::Sender<Work>,
    start_within: Duration,
}

type Work = Box<dyn FnOnce() + Send>;

impl FileThread {
    fn start() -> io::Result<Self> {
        let (work, received) = mpsc::channel::<Work>();
        let run = move || received.iter().for_each(|work| work());
        thread::Builder::new().name("hallpass-keys".to_owned()).spawn(run)?;
        Ok(Self { work, start_within: START_WITHIN })
    }

    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (done, result) = oneshot::channel();
        // If the thread has ended, the work is dropped, and the receiver returns an error.
        let _ = self.work.send(Box::new(move || drop(done.send(work()))));
        result
    }

    /// Does this work within the time limit of a start.
    async fn at_start<T: Send + 'static>(
        &self,
        file: &KeyFile,
        work: impl FnOnce(&KeyFile) -> Result<T, KeyFileError> + Send + 'static,
    ) -> Result<T, KeyFileError> {
        let owned = file.clone();
        match timeout(self.start_within, self.run(move || work(&owned))).await {
            Ok(Ok(result)) => result,
            _ => {
                let (path, within) = (file.path().to_owned(), self.start_within);
                Err(KeyFileError::NoResponse { path, within })
            }
        }
    }
}

/// Time limit of each step of a start. A change of another process holds the lock for less.
const START_WITHIN: Duration = Duration::from_secs(10);

/// The time after which a read in the background is logged as an error. The read continues.
const RESPOND_WITHIN: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
