//! `hallpass keys`.

use serde_json::Value;

use hallpass_test_support::scratch::Scratch;

use crate::command::hallpass;

#[test]
fn a_new_key_file_is_private_and_never_overwritten() {
    let directory = Scratch::new();
    let path = directory.argument("keys.json");
    let made = hallpass(&["keys", "new", "--alg", "ed25519", "--out", &path], b"");
    assert_eq!(made.code, Some(0), "{}", made.err);
    let content = std::fs::read_to_string(&path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let again = hallpass(&["keys", "new", "--out", &path], b"");
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("already exists"), "{}", again.err);
    assert_eq!(again.err.lines().count(), 1);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
}

#[test]
fn each_signing_algorithm_publishes_only_public_keys() {
    let directory = Scratch::new();
    for (alg, published) in
        [("HS256", 0), ("hs384", 0), ("HS512", 0), ("EdDSA", 1), ("ES256", 1), ("ES384", 1)]
    {
        let path = directory.argument(&format!("{alg}.json"));
        assert_eq!(
            hallpass(&["keys", "new", "--alg", alg, "--out", &path], b"").code,
            Some(0),
            "{alg}"
        );
        let set = hallpass(&["--json", "keys", "jwks", "--keys", &path], b"").json().remove(0);
        let keys = set["keys"].as_array().unwrap();
        assert_eq!(keys.len(), published, "{alg}");
        assert!(keys.iter().all(|key| key.get("d").is_none() && key.get("k").is_none()), "{alg}");
    }
    let refused = hallpass(&["keys", "new", "--alg", "RS256"], b"");
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""));
}

#[test]
fn rotation_accepts_the_old_key_until_it_is_retired() {
    let directory = Scratch::new();
    let path = directory.argument("keys.json");
    hallpass(&["keys", "new", "--out", &path, "--now", "1000"], b"");
    let old = active(&path);
    hallpass(&["keys", "rotate", "--keys", &path, "--accept-old-for", "900", "--now", "2000"], b"");
    let new = active(&path);
    assert_ne!(old, new);

    let in_use = hallpass(&["keys", "retire", "--keys", &path, &new], b"");
    assert_eq!(in_use.code, Some(2));
    assert!(in_use.err.contains("rotate first"), "{}", in_use.err);

    let status = |now: &str| {
        let listed =
            hallpass(&["--json", "keys", "list", "--keys", &path, "--now", now], b"").json();
        listed.into_iter().find(|key| key["kid"] == old.as_str()).map(|key| key["status"].clone())
    };
    assert_eq!(status("2899"), Some(Value::from("accepted")));
    assert_eq!(status("2900"), Some(Value::from("over")));
    assert_eq!(hallpass(&["keys", "retire", "--keys", &path, &old], b"").code, Some(0));
    assert_eq!(status("2000"), None);
}

#[test]
fn new_pepper_is_used_and_only_older_ones_can_be_retired() {
    let directory = Scratch::new();
    let path = directory.argument("keys.json");
    hallpass(&["keys", "new", "--out", &path, "--now", "1000"], b"");
    let add = |now: &str| {
        let added = hallpass(&["--json", "keys", "pepper", "--keys", &path, "--now", now], b"");
        assert_eq!(added.code, Some(0), "{}", added.err);
        added.json()[0]["pepper"].as_str().unwrap().to_owned()
    };
    let (first, second) = (add("1000"), add("2000"));
    let statuses = || {
        let listed = hallpass(&["--json", "keys", "list", "--keys", &path], b"").json();
        let of = |kid: &str| {
            listed.iter().find(|key| key["kid"] == kid).map(|key| key["status"].clone())
        };
        (of(&first), of(&second), listed.len())
    };
    assert_eq!(statuses(), (Some("reads".into()), Some("peppers".into()), 4));
    let in_use = hallpass(&["keys", "retire", "--keys", &path, &second], b"");
    assert_eq!((in_use.code, in_use.err.contains("in use")), (Some(2), true), "{}", in_use.err);
    assert_eq!(hallpass(&["keys", "retire", "--keys", &path, &first], b"").code, Some(0));
    assert_eq!(statuses(), (None, Some("peppers".into()), 3));
}

/// Each change is made by a process of its own. They share only the lock file.
#[test]
fn concurrent_changes_are_all_kept() {
    let directory = Scratch::new();
    let path = directory.argument("keys.json");
    hallpass(&["keys", "new", "--out", &path], b"");
    std::thread::scope(|scope| {
        for process in 0..24 {
            let words = if process % 3 == 0 { "pepper" } else { "rotate" };
            let path = &path;
            scope.spawn(move || {
                let changed = hallpass(&["keys", words, "--keys", path], b"");
                assert_eq!(changed.code, Some(0), "{}", changed.err);
            });
        }
    });
    let listed = hallpass(&["--json", "keys", "list", "--keys", &path], b"").json();
    let count = |status: &str| listed.iter().filter(|key| key["status"] == status).count();
    assert_eq!(
        (count("signs"), count("accepted"), count("peppers"), count("reads")),
        (1, 16, 1, 7)
    );
}

#[test]
fn listing_shows_no_secret() {
    let directory = Scratch::new();
    let path = directory.argument("keys.json");
    hallpass(&["keys", "new", "--out", &path], b"");
    hallpass(&["keys", "pepper", "--keys", &path], b"");
    let set: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let secrets: Vec<&str> =
        set["keys"].as_array().unwrap().iter().map(|key| key["k"].as_str().unwrap()).collect();
    assert_eq!(secrets.len(), 3);
    for arguments in
        [&["keys", "list", "--keys", &path][..], &["--json", "keys", "list", "--keys", &path]]
    {
        let listed = hallpass(arguments, b"");
        assert_eq!(listed.code, Some(0), "{}", listed.err);
        assert!(secrets.iter().all(|secret| !listed.out.contains(secret)));
    }
}

/// Returns the name of the key that signs.
fn active(path: &str) -> String {
    let listed = hallpass(&["--json", "keys", "list", "--keys", path], b"").json();
    let signs = listed.iter().find(|key| key["status"] == "signs").unwrap();
    signs["kid"].as_str().unwrap().to_owned()
}
