//! `hallpass password`.

use hallpass_test_support::scratch::Scratch;

use crate::command::hallpass;

#[test]
fn hash_verifies_only_its_password() {
    let directory = Scratch::new();
    let hashed = hallpass(&["password", "hash"], "gânt ôl \n".as_bytes());
    assert_eq!(hashed.code, Some(0), "{}", hashed.err);
    assert!(hashed.out.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hashed.out);
    let hash = directory.file("hash", &hashed.out);
    let check = |password: &str| {
        hallpass(&["password", "verify", "--hash", &hash], password.as_bytes()).code
    };
    assert_eq!(check("gânt ôl \n"), Some(0));
    assert_eq!(check("gânt ôl \r\n"), Some(0));
    assert_eq!(check("gânt ôl"), Some(1), "a space is part of a password");
    assert_eq!(check("GÂNT ÔL "), Some(1));
}

#[test]
fn two_hashes_of_one_password_differ() {
    let hash =
        || hallpass(&["password", "hash", "--memory-kib", "64", "--passes", "1"], b"the same").out;
    assert_ne!(hash(), hash());
}

#[test]
fn hash_with_excessive_cost_is_rejected_immediately() {
    let directory = Scratch::new();
    let greedy = "$argon2id$v=19$m=2097152,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";
    let hash = directory.file("hash", greedy);
    let refused = hallpass(&["password", "verify", "--hash", &hash], b"any");
    assert_eq!((refused.code, refused.err.lines().count()), (Some(2), 1), "{}", refused.err);
    for (name, value) in [
        ("--memory-kib", "1"),
        ("--memory-kib", "4294967295"), // 4 TiB
        ("--memory-kib", "2097153"),
        ("--passes", "0"),
        ("--passes", "4294967295"),
        ("--lanes", "0"),
        ("--lanes", "16777215"),
    ] {
        let refused = hallpass(&["password", "hash", name, value], b"any");
        assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""), "{name} {value}");
        assert_eq!(refused.err.lines().count(), 1, "{name} {value}: {}", refused.err);
    }
}
