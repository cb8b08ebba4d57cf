//! Tests of the key file.

use std::{
    error::Error,
    fs,
    path::Path,
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use hallpass::keys::{KeyFile, KeyFileError, KeyRing};
use hallpass::{AccountsErrorKind, Hallpass, OpenError, StartError, UnixTime};

use crate::{
    scratch::Scratch,
    site::{SiteRole, pages},
    visit::cookie_of,
};

const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

fn active(ring: &KeyRing) -> String {
    ring.active().unwrap().id().to_string()
}

fn ring(seed: u8) -> KeyRing {
    KeyRing::generate_hs256(hallpass_test_support::random::bytes(seed), NOW)
}

fn created(scratch: &Scratch) -> KeyFile {
    let file = KeyFile::new(scratch.path("site-keys.json"));
    file.create(&ring(1)).unwrap();
    file
}

#[test]
fn of_concurrent_creations_one_wins() {
    for _ in 0..20 {
        let scratch = Scratch::new();
        let file = KeyFile::new(scratch.path("site-keys.json"));
        let (barrier, wins) = (Barrier::new(8), AtomicUsize::new(0));
        let create = |seed| {
            barrier.wait();
            match file.create(&ring(seed)) {
                Ok(()) => drop(wins.fetch_add(1, Ordering::SeqCst)),
                Err(error) => assert!(matches!(error, KeyFileError::Exists { .. }), "{error}"),
            }
            file.load().unwrap()
        };
        let create = &create;
        let found: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|seed| scope.spawn(move || create(seed))).collect();
            threads.into_iter().map(|thread| active(&thread.join().unwrap())).collect()
        });
        assert!(found.iter().all(|id| *id == found[0]), "{found:?}");
        assert_eq!(wins.load(Ordering::SeqCst), 1);
        assert_eq!(scratch.names(), ["site-keys.json"], "no temporary file is left");
    }
}

#[cfg(unix)]
#[test]
fn key_file_mode_is_0600_and_rotation_keeps_the_mode() {
    let scratch = Scratch::new();
    let file = created(&scratch);
    assert_eq!(mode(file.path()), 0o600);
    for kept in [0o640, 0o400] {
        set_mode(file.path(), kept);
        file.rotate(NOW, Duration::from_secs(60)).unwrap();
        assert_eq!(mode(file.path()), kept);
        assert_eq!(scratch.names(), ["site-keys.json"], "no lock file and no temporary file");
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The layout of a Kubernetes secret: the key file is a symbolic link, and so is a part of its
/// target's path.
#[cfg(unix)]
#[test]
fn a_linked_key_file_stays_a_link() {
    use std::os::unix::fs::symlink;
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("..2026_11_29")).unwrap();
    symlink("..2026_11_29", scratch.path("..data")).unwrap();
    symlink("..data/keys.json", scratch.path("keys.json")).unwrap();
    let target = KeyFile::new(scratch.path("..2026_11_29/keys.json"));
    target.create(&ring(1)).unwrap();
    let linked = KeyFile::new(scratch.path("keys.json"));
    let rotated = linked.rotate(NOW, Duration::from_secs(60)).unwrap();
    assert_eq!(active(&target.load().unwrap()), active(&rotated));
    assert_eq!(active(&linked.load().unwrap()), active(&rotated));
    for (link, to) in [("keys.json", "..data/keys.json"), ("..data", "..2026_11_29")] {
        assert_eq!(fs::read_link(scratch.path(link)).unwrap(), Path::new(to));
    }
    assert_eq!(scratch.names(), ["..2026_11_29", "..data", "keys.json"]);
    assert_eq!(fs::read_dir(scratch.path("..2026_11_29")).unwrap().count(), 1);

    fs::remove_file(target.path()).unwrap();
    let unmounted = linked.load().unwrap_err();
    assert!(matches!(unmounted, KeyFileError::Read { .. }), "a link is not a missing file");
}

/// The attack: another user of the machine replaces the keys with keys of their own.
#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_replace_is_refused() {
    use std::os::unix::fs::{MetadataExt, symlink};
    let scratch = Scratch::new();
    for directory in ["target", "link"] {
        fs::create_dir(scratch.path(directory)).unwrap();
        set_mode(&scratch.path(directory), 0o755);
    }
    let file = KeyFile::new(scratch.path("target/keys.json"));
    file.create(&ring(1)).unwrap();
    symlink("../target/keys.json", scratch.path("link/keys.json")).unwrap();
    let linked = KeyFile::new(scratch.path("link/keys.json"));
    let is_root = fs::metadata(file.path()).unwrap().uid() == 0;
    for (writable, mode, is_refused) in [
        ("target/keys.json", 0o620, true),
        ("target/keys.json", 0o602, true),
        ("target/keys.json", 0o644, false),
        ("target/keys.json", 0o600, false),
        ("target", 0o757, true),
        ("link", 0o757, true),
        // Another user is not in the group that has the number of this user.
        ("target", 0o775, is_root),
        ("link", 0o775, is_root),
        // In a sticky directory, such as the mount of a Kubernetes secret, a user can replace only
        // files of that user.
        ("target", 0o1777, false),
        ("link", 0o1777, false),
    ] {
        let before = self::mode(&scratch.path(writable));
        set_mode(&scratch.path(writable), mode);
        for (name, file) in [("target", &file), ("link", &linked)] {
            let of_link = name == "target" && writable == "link";
            let outcomes =
                [file.load().map(drop), file.rotate(NOW, Duration::from_secs(60)).map(drop)];
            for outcome in outcomes {
                let case = format!("{writable} {mode:o}, opened in {name}");
                match outcome {
                    Ok(()) => assert!(!is_refused || of_link, "{case}"),
                    Err(KeyFileError::WritableByOthers { .. }) if is_refused => {}
                    Err(error) => panic!("{case}: {error}"),
                }
            }
        }
        set_mode(&scratch.path(writable), before);
    }
    set_mode(file.path(), 0o666);
    let text = file.load().unwrap_err().to_string();
    assert!(text.ends_with(&format!("run `chmod go-w {}`", file.path().display())), "{text}");

    set_mode(&scratch.path("link"), 0o777);
    let new = KeyFile::new(scratch.path("link/new.json")).create(&ring(1)).unwrap_err();
    assert!(matches!(new, KeyFileError::WritableByOthers { .. }), "{new}");
    assert!(!scratch.path("link/new.json").exists());
}

/// The command is run by root, and the service runs as another user.
#[cfg(unix)]
#[test]
fn a_file_of_another_user_keeps_its_owner() {
    use std::os::unix::fs::{MetadataExt, chown};
    let scratch = Scratch::new();
    let file = created(&scratch);
    // Only root can give a file away. The CI runs as root.
    if chown(file.path(), Some(12_345), Some(54_321)).is_err() {
        return;
    }
    set_mode(file.path(), 0o640);
    file.rotate(NOW, Duration::from_secs(60)).unwrap();
    file.add_pepper(NOW).unwrap();
    let kept = fs::metadata(file.path()).unwrap();
    assert_eq!((kept.uid(), kept.gid(), mode(file.path())), (12_345, 54_321, 0o640));
    assert_eq!(scratch.names(), ["site-keys.json"], "no lock file that belongs to root");
}

#[test]
fn the_temporary_file_of_a_killed_process_is_removed() {
    let scratch = Scratch::new();
    let file = created(&scratch);
    let temporary = scratch.path("site-keys.json.tmp");
    let leave = || fs::write(&temporary, &*ring(2).to_json()).unwrap();
    leave();
    let other = fs::File::open(file.path()).unwrap();
    other.lock().unwrap();
    file.load().unwrap();
    assert!(temporary.exists(), "another process is at work");
    drop(other);
    file.load().unwrap();
    assert!(!temporary.exists());
    leave();
    file.rotate(NOW, Duration::from_secs(60)).unwrap();
    assert_eq!(scratch.names(), ["site-keys.json"]);
}

/// The attack: another user links the known name of the temporary file to a file of the victim.
#[cfg(unix)]
#[test]
fn a_link_in_place_of_the_temporary_file_is_not_followed() {
    let scratch = Scratch::new();
    let file = created(&scratch);
    fs::write(scratch.path("victim"), "text").unwrap();
    std::os::unix::fs::symlink("victim", scratch.path("site-keys.json.tmp")).unwrap();
    file.rotate(NOW, Duration::from_secs(60)).unwrap();
    assert_eq!(fs::read_to_string(scratch.path("victim")).unwrap(), "text");
    assert_eq!(scratch.names(), ["site-keys.json", "victim"]);
}

/// A process that was killed after it created the file, and before it filled the file.
#[test]
fn an_empty_key_file_is_refused_and_can_be_filled() {
    let scratch = Scratch::new();
    let file = KeyFile::new(scratch.file("site-keys.json", ""));
    assert!(matches!(file.load(), Err(KeyFileError::Empty { .. })));
    assert!(matches!(file.rotate(NOW, Duration::ZERO), Err(KeyFileError::Empty { .. })));
    file.create(&ring(1)).unwrap();
    assert_eq!(active(&file.load().unwrap()), active(&ring(1)));
}

/// The open of a pipe waits for a writer.
#[cfg(unix)]
#[test]
fn a_pipe_or_a_directory_is_not_a_key_file() {
    let scratch = Scratch::new();
    let pipe = scratch.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::create_dir(scratch.path("directory")).unwrap();
    std::os::unix::fs::symlink("pipe", scratch.path("link")).unwrap();
    for name in ["pipe", "directory", "link"] {
        let file = KeyFile::new(scratch.path(name));
        assert!(matches!(file.load(), Err(KeyFileError::NotAFile { .. })), "{name}");
        let rotated = file.rotate(NOW, Duration::ZERO);
        assert!(matches!(rotated, Err(KeyFileError::NotAFile { .. })), "{name}");
    }
    let file = KeyFile::new(scratch.file("long.json", &" ".repeat((1 << 20) + 1)));
    assert!(matches!(file.load(), Err(KeyFileError::TooLong { .. })));
}

#[test]
fn a_change_of_a_missing_file_creates_nothing() {
    let scratch = Scratch::new();
    let file = KeyFile::new(scratch.path("site-keys.json"));
    for changed in [
        file.load(),
        file.rotate(NOW, Duration::ZERO),
        file.publish(NOW),
        file.activate(None, NOW, Duration::ZERO),
        file.rotate_encryption(NOW),
        file.replace_leaked(NOW),
        file.add_pepper(NOW),
        file.update(|ring| Ok(ring.clone())),
    ] {
        let error = changed.unwrap_err();
        assert!(matches!(error, KeyFileError::Missing { .. }), "{error}");
        assert!(error.to_string().contains(&*file.path().to_string_lossy()), "{error}");
    }
    assert_eq!(scratch.names(), [""; 0]);
    let relative = KeyFile::new("no-such-keys.json").load().unwrap_err().to_string();
    let here = std::env::current_dir().unwrap().join("no-such-keys.json");
    assert!(relative.contains(&*here.to_string_lossy()), "{relative}");
}

/// A new key file would log everybody out and make every authenticator useless.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_file_is_not_replaced_at_the_start() {
    let scratch = Scratch::new();
    let (url, keys) = (scratch.url("site.db"), scratch.path("site-keys.json"));
    let site = Hallpass::<SiteRole>::open(&url).await.unwrap();
    fs::remove_file(&keys).unwrap();
    drop(site);
    let site = Hallpass::<SiteRole>::open(&url).await.unwrap();
    cookie_of(&pages(&site), "/register", "alice").await;
    drop(site);
    let backup = fs::read(&keys).unwrap();
    for lost in [None, Some("")] {
        match lost {
            Some(text) => fs::write(&keys, text).unwrap(),
            None => fs::remove_file(&keys).unwrap(),
        }
        let error = Hallpass::<SiteRole>::open(&url).await.unwrap_err();
        let is_lost =
            matches!(&error, OpenError::Start(StartError::KeysLost { path }) if *path == keys);
        assert!(is_lost, "{error}");
        assert_eq!(fs::read_to_string(&keys).ok().as_deref(), lost, "the file is as it was");
    }
    fs::write(&keys, backup).unwrap();
    let site = Hallpass::<SiteRole>::open(&url).await.unwrap();
    let accounts = site.accounts();
    let visitor = Default::default();
    let again = accounts.register("alice", "correct horse battery staple", &visitor);
    let refused = again.await.map(drop).map_err(|error| error.kind());
    assert_eq!(refused, Err(AccountsErrorKind::NameTaken));
}

#[test]
fn a_rotation_keeps_the_old_key_for_a_while() {
    let scratch = Scratch::new();
    let file = created(&scratch);
    let before = active(&ring(1));
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
    let file = created(&scratch);
    let before = fs::read_to_string(file.path()).unwrap();
    let other = fs::File::open(file.path()).unwrap();
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
    let broken =
        scratch.file("broken.json", r#"{"keys": [{"kty": "oct", "k": "c2VjcmV0LW9mLW5vYm9keQ"}]}"#);
    let create_nowhere = KeyFile::new(scratch.path("no/keys.json")).create(&ring(1));
    for (error, expected) in [
        (KeyFile::new(scratch.path("none.json")).load().map(drop), "correct the path"),
        (create_nowhere, "create its directory"),
        (KeyFile::new(&broken).load().map(drop), "cannot be used"),
        (KeyFile::new(&broken).rotate(NOW, Duration::ZERO).map(drop), "cannot be used"),
        (KeyFile::new(&broken).create(&ring(1)), "already exists"),
    ] {
        let error = error.unwrap_err();
        let sentence = error.to_string();
        assert!(sentence.contains(expected), "{sentence}");
        assert!(!sentence.contains("c2VjcmV0"), "the text contains a secret: {sentence}");
        assert!(!format!("{error:?}").contains("c2VjcmV0"));
        assert!(error.source().is_none_or(|source| !source.to_string().contains("c2VjcmV0")));
    }
    // An existing file is never replaced: it may be the only copy of the key that decrypts the
    // second factors.
    assert!(fs::read_to_string(&broken).unwrap().contains("c2VjcmV0"));
}
