//! Tests of the key file.

use std::{collections::HashSet, error::Error, fs, sync::Barrier, thread, time::Duration};

use hallpass::UnixTime;
use hallpass::keys::{KeyFile, KeyFileError};

use crate::scratch::Scratch;

const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

fn active(ring: &hallpass::keys::KeyRing) -> String {
    ring.active().unwrap().id().to_string()
}

#[test]
fn concurrent_starts_agree_on_one_key_file() {
    for _ in 0..20 {
        let scratch = Scratch::new();
        let file = KeyFile::new(scratch.path("site-keys.json"));
        let barrier = Barrier::new(8);
        let start = || {
            barrier.wait();
            active(&file.load_or_make(NOW).unwrap())
        };
        let found: HashSet<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(found.len(), 1);
        assert_eq!(scratch.names(), ["site-keys.json"], "no temporary file is left");
    }
}

#[cfg(unix)]
#[test]
fn key_file_mode_is_0600_and_rotation_keeps_the_mode() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let file = KeyFile::new(scratch.path("site-keys.json"));
    let mode = || fs::metadata(file.path()).unwrap().permissions().mode() & 0o777;
    file.load_or_make(NOW).unwrap();
    assert_eq!(mode(), 0o600);
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
    file.rotate(NOW, Duration::from_secs(60)).unwrap();
    assert_eq!(mode(), 0o640);
    assert_eq!(scratch.names(), ["site-keys.json", "site-keys.json.lock"]);
    let lock = fs::metadata(scratch.path("site-keys.json.lock")).unwrap();
    assert_eq!((lock.permissions().mode() & 0o777, lock.len()), (0o600, 0));
}

#[test]
fn a_rotation_keeps_the_old_key_for_a_while() {
    let scratch = Scratch::new();
    let file = KeyFile::new(scratch.path("site-keys.json"));
    let before = active(&file.load_or_make(NOW).unwrap());
    let rotated = file.rotate(NOW, Duration::from_secs(60)).unwrap();
    assert_ne!(active(&rotated), before);
    let loaded = file.load().unwrap();
    assert_eq!(active(&loaded), active(&rotated));
    let old = loaded.keys().find(|entry| entry.key().id().as_str() == before);
    let until = NOW.saturating_add(Duration::from_secs(60));
    assert_eq!(old.unwrap().accept_until(), Some(until));
}

#[test]
fn a_locked_key_file_is_not_changed() {
    let scratch = Scratch::new();
    let file = KeyFile::new(scratch.path("site-keys.json"));
    file.load_or_make(NOW).unwrap();
    let before = fs::read_to_string(file.path()).unwrap();
    let other = fs::File::create(scratch.path("site-keys.json.lock")).unwrap();
    other.lock().unwrap();
    let refused = file.rotate(NOW, Duration::ZERO).unwrap_err();
    assert!(matches!(refused, KeyFileError::Busy { .. }), "{refused}");
    assert_eq!(fs::read_to_string(file.path()).unwrap(), before);
    drop(other);
    file.rotate(NOW, Duration::ZERO).unwrap();
}

#[test]
fn key_file_errors_are_one_sentence_with_the_fix() {
    let scratch = Scratch::new();
    let broken = scratch.path("broken.json");
    fs::write(&broken, r#"{"keys": [{"kty": "oct", "k": "c2VjcmV0LW9mLW5vYm9keQ"}]}"#).unwrap();
    for (error, expected) in [
        (KeyFile::new(scratch.path("none.json")).load(), "check its path"),
        (KeyFile::new(scratch.path("no/keys.json")).load_or_make(NOW), "create its directory"),
        (KeyFile::new(&broken).load_or_make(NOW), "cannot be used"),
        (KeyFile::new(&broken).rotate(NOW, Duration::ZERO), "cannot be used"),
    ] {
        let error = error.unwrap_err();
        let sentence = error.to_string();
        assert!(sentence.contains(expected), "{sentence}");
        assert!(!sentence.contains("c2VjcmV0"), "the text contains a secret: {sentence}");
        assert!(!format!("{error:?}").contains("c2VjcmV0"));
        assert!(error.source().is_some());
    }
    // An existing file is never replaced: it may be the only copy of the key that decrypts the
    // second factors.
    assert!(fs::read_to_string(&broken).unwrap().contains("c2VjcmV0"));
    let missing = KeyFile::new(scratch.path("none.json")).rotate(NOW, Duration::ZERO);
    assert!(matches!(missing, Err(KeyFileError::Read { .. })));
}
