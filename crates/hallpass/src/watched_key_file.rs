//! A key file whose changes are taken up while the server runs.

use hallpass_core::{KeyRing, Keys, UnixTime};
use zeroize::Zeroizing;

use crate::{KeyFile, KeyFileError};

/// The file, and its text when it was last looked at. The text is compared, not the time: a rotation within the clock's
/// grain, or a restored backup with an old time, is a change too.
pub(crate) struct WatchedKeyFile {
    file: KeyFile,
    seen: Zeroizing<String>,
    is_unreadable: bool,
}

impl WatchedKeyFile {
    /// Reads the file, which is made where there is none.
    pub(crate) fn open(file: KeyFile, now: UnixTime) -> Result<(KeyRing, Self), KeyFileError> {
        file.load_or_make(now)?;
        // Read again, so that the ring and the text that later ones are compared with belong together.
        let seen = file.read()?;
        let ring = file.parse(&seen)?;
        Ok((ring, Self { file, seen, is_unreadable: false }))
    }

    /// Puts a changed ring into use. A file that is gone or of no use leaves the last good ring in use and is logged, once.
    pub(crate) async fn take_up_changes(&mut self, keys: &Keys) {
        let file = self.file.clone();
        // A disk may be slow; the runtime's threads are for requests.
        let Ok(text) = tokio::task::spawn_blocking(move || file.read()).await else { return };
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                if !std::mem::replace(&mut self.is_unreadable, true) {
                    complain(&error);
                }
                return;
            }
        };
        self.is_unreadable = false;
        if text == self.seen {
            return;
        }
        match self.file.parse(&text) {
            Ok(ring) => {
                let active = ring.active().map(|key| key.id().to_string());
                keys.replace(ring);
                tracing::info!(target: "hallpass", active, "took up the changed key file");
            }
            Err(error) => complain(&error),
        }
        self.seen = text;
    }
}

fn complain(error: &KeyFileError) {
    tracing::error!(target: "hallpass", %error, "the keys that were read last stay in use");
}
