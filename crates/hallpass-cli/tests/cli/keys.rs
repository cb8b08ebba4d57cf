//! `hallpass keys`.

use std::{process::Stdio, time::Instant};

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

#[test]
fn a_published_key_signs_after_it_is_activated() {
    let directory = Scratch::new();
    let path = directory.argument("keys.json");
    hallpass(&["keys", "new", "--out", &path, "--now", "1000"], b"");
    let old = active(&path);
    let nothing = hallpass(&["keys", "activate", "--keys", &path], b"");
    assert_eq!((nothing.code, nothing.err.contains("keys publish")), (Some(2), true));

    let published = hallpass(&["--json", "keys", "publish", "--keys", &path, "--now", "2000"], b"");
    let published = published.json().remove(0);
    assert_eq!(published["file"], path.as_str(), "the report names the file");
    let new = published["published"].as_str().unwrap().to_owned();
    assert_eq!((active(&path), status(&path, &new)), (old.clone(), "published".into()));

    let activate =
        ["keys", "activate", "--keys", &path, &new, "--accept-old-for", "900", "--now", "3000"];
    let activated = hallpass(&activate, b"");
    assert_eq!(activated.code, Some(0), "{}", activated.err);
    assert!(activated.out.contains(&new) && activated.out.contains(&path), "{}", activated.out);
    assert_eq!((active(&path), status(&path, &old)), (new, "accepted".into()));
}

#[test]
fn a_leaked_key_only_decrypts_until_it_is_retired() {
    let directory = Scratch::new();
    let path = directory.argument("keys.json");
    hallpass(&["keys", "new", "--out", &path], b"");
    let run = |command: &str| {
        let changed = hallpass(&["--json", "keys", command, "--keys", &path], b"");
        assert_eq!(changed.code, Some(0), "{}", changed.err);
        changed.json().remove(0)
    };
    let name = |value: &Value, member: &str| value[member].as_str().unwrap().to_owned();
    let (first, signing) = (name(&run("rotate-encryption"), "encryption"), active(&path));
    let second = name(&run("rotate-encryption"), "encryption");
    assert_eq!(status(&path, &second), "encrypts");
    assert_eq!(status(&path, &first), "decrypts");
    assert_ne!(name(&run("replace-leaked"), "active"), signing);
    assert_eq!(status(&path, &signing), "");
    for leaked in [&first, &second] {
        assert_eq!(status(&path, leaked), "leaked");
        assert_eq!(hallpass(&["keys", "retire", "--keys", &path, leaked], b"").code, Some(0));
        assert_eq!(status(&path, leaked), "");
    }
}

#[test]
fn fingerprints_compare_two_copies_of_a_key_file() {
    let directory = Scratch::new();
    let (one, other) = (directory.argument("one.json"), directory.argument("other.json"));
    hallpass(&["keys", "new", "--out", &one, "--now", "1000"], b"");
    hallpass(&["keys", "pepper", "--keys", &one, "--now", "1000"], b"");
    std::fs::copy(&one, &other).unwrap();
    let of = |path: &str| {
        let arguments = ["--json", "keys", "fingerprint", "--keys", path, "--now", "174000"];
        hallpass(&arguments, b"").json()
    };
    assert_eq!(of(&one), of(&other));
    let uses: Vec<_> = of(&one).iter().map(|key| key["use"].clone()).collect();
    assert_eq!(uses, ["sig", "enc", "pepper"]);
    for key in of(&one) {
        let check = key["check_value"].as_str().unwrap();
        assert!(check.len() == 16 && check.bytes().all(|digit| digit.is_ascii_hexdigit()), "{key}");
        assert_eq!(key["age_seconds"], 173_000);
    }
    let text = hallpass(&["keys", "fingerprint", "--keys", &one, "--now", "174000"], b"").out;
    assert!(text.lines().count() == 3 && text.lines().all(|line| line.ends_with("  2 days old")));

    hallpass(&["keys", "rotate", "--keys", &other], b"");
    let checks = |path: &str| -> Vec<_> {
        of(path).iter().map(|key| key["check_value"].as_str().unwrap().to_owned()).collect()
    };
    let (before, after) = (checks(&one), checks(&other));
    assert!(after.len() == 4 && !before.contains(&after[0]) && after[1..] == before);
}

#[test]
fn a_command_without_its_key_file_creates_nothing() {
    let directory = Scratch::new();
    let path = directory.argument("keys.json");
    for command in [
        "rotate",
        "publish",
        "activate",
        "rotate-encryption",
        "replace-leaked",
        "fingerprint",
        "pepper",
        "list",
        "jwks",
    ] {
        let refused = hallpass(&["keys", command, "--keys", &path], b"");
        assert_eq!((refused.code, refused.err.lines().count()), (Some(2), 1), "{command}");
        assert!(refused.err.contains(&path), "{}", refused.err);
    }
    assert_eq!(directory.names(), [""; 0]);
}

/// A process is killed at moments that are spread over the run time of a rotation: before, while
/// and after it writes. `HALLPASS_KILLS` sets the number of kills.
#[test]
fn a_kill_during_a_rotation_loses_no_key_and_leaves_no_file() {
    let directory = Scratch::new();
    let path = directory.argument("keys.json");
    hallpass(&["keys", "new", "--out", &path], b"");
    let rotate = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hallpass"));
        command.args(["keys", "rotate", "--keys", &path]).stdout(Stdio::null());
        (Instant::now(), command.spawn().unwrap())
    };
    let mut whole: Vec<_> = (0..5)
        .map(|_| {
            let (start, mut child) = rotate();
            assert!(child.wait().unwrap().success());
            start.elapsed()
        })
        .collect();
    whole.sort();
    let whole = whole[2];
    let kills = std::env::var("HALLPASS_KILLS").map_or(20, |count| count.parse().unwrap());
    let (mut killed, mut left) = (0, 0);
    for number in 0..kills {
        let before = names_of_keys(&path);
        let (start, mut child) = rotate();
        let moment = whole * number / kills;
        std::thread::sleep(moment.saturating_sub(start.elapsed()));
        child.kill().unwrap();
        let finished = child.wait().unwrap().success();
        killed += usize::from(!finished);
        left += usize::from(directory.names().len() > 1);

        let after = names_of_keys(&path);
        assert!(before.iter().all(|key| after.contains(key)), "a key was lost");
        let added = after.len() - before.len();
        assert!(added <= 1 && (added == 1 || !finished), "{added} keys, finished: {finished}");
        assert_eq!(directory.names(), ["keys.json"], "the next command removes the temporary file");
    }
    println!("{killed} of {kills} killed before the end, {left} left a temporary file");
    assert!(killed > 0, "no kill came before the end of the process");
    let last = hallpass(&["keys", "rotate", "--keys", &path], b"");
    assert_eq!(last.code, Some(0), "a killed process has no lock: {}", last.err);
}

fn names_of_keys(path: &str) -> Vec<String> {
    let listed = hallpass(&["--json", "keys", "list", "--keys", path], b"");
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    listed.json().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// Root changes the key file of a service, and then the service changes it.
#[cfg(unix)]
#[test]
fn root_and_the_user_of_the_service_change_one_key_file() {
    use std::os::unix::{fs::chown, process::CommandExt};
    const SERVICE: u32 = 12_345;
    let directory = Scratch::new();
    let path = directory.argument("keys.json");
    hallpass(&["keys", "new", "--out", &path], b"");
    // Only root can give a file away and start a process of another user. The CI runs as root.
    if [&path, directory.directory().to_str().unwrap()]
        .into_iter()
        .any(|path| chown(path, Some(SERVICE), Some(SERVICE)).is_err())
    {
        return;
    }
    // The other user may not have access to the directory of the build.
    let program = Scratch::new();
    std::fs::copy(env!("CARGO_BIN_EXE_hallpass"), program.path("hallpass")).unwrap();
    let as_service = |command: &str| {
        let mut process = std::process::Command::new(program.path("hallpass"));
        process.args(["keys", command, "--keys", &path]).uid(SERVICE).gid(SERVICE);
        let output = process.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for _ in 0..2 {
        let by_root = hallpass(&["keys", "rotate", "--keys", &path], b"");
        assert_eq!(by_root.code, Some(0), "{}", by_root.err);
        assert_eq!(as_service("rotate"), (Some(0), String::new()));
    }
    assert_eq!(names_of_keys(&path).len(), 6);

    // The service may read the file, and may not replace it.
    chown(directory.directory(), Some(0), Some(0)).unwrap();
    let (code, error) = as_service("rotate");
    assert_eq!(code, Some(2));
    assert!(error.contains("write permission on its directory"), "{error}");
    assert_eq!(as_service("list").0, Some(0));
    assert_eq!((names_of_keys(&path).len(), directory.names().len()), (6, 1));
}

/// Each change is made by a process of its own. They share only the key file.
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

/// Returns the status of a key at time 3000, or an empty text for a key that is not in the ring.
fn status(path: &str, kid: &str) -> String {
    let arguments = ["--json", "keys", "list", "--keys", path, "--now", "3000"];
    let listed = hallpass(&arguments, b"").json();
    let status = listed.iter().find(|key| key["kid"] == kid).map(|key| &key["status"]);
    status.map(|status| status.as_str().unwrap().to_owned()).unwrap_or_default()
}

/// Returns the name of the key that signs.
fn active(path: &str) -> String {
    let listed = hallpass(&["--json", "keys", "list", "--keys", path], b"").json();
    let signs = listed.iter().find(|key| key["status"] == "signs").unwrap();
    signs["kid"].as_str().unwrap().to_owned()
}
