use hallpass_core::{KeyRing, UnixTime};

use super::*;
use crate::{
    account::username::Username,
    password::{HashCost, policy::PasswordPolicy},
    random::SystemRandom,
};

/// Small enough for a debug build to run hundreds of times.
const CHEAP: HashCost = HashCost::new(64, 1, 1);

fn hasher(settings: PasswordHasherSettings) -> PasswordHasher {
    PasswordHasher::new(settings, KeyRing::default().into(), Arc::new(SystemRandom)).unwrap()
}

fn cheap() -> PasswordHasherSettings {
    PasswordHasherSettings::default().hash_cost(CHEAP)
}

fn stranger() -> Origin {
    Origin::stranger(None)
}

async fn check(
    hasher: &PasswordHasher,
    password: &str,
    stored: Option<&str>,
) -> Result<Checked, HasherSaturated> {
    let ticket = hasher.admit(&stranger()).await?;
    hasher.check(ticket, &Password::typed(password), stored).await
}

async fn stored(hasher: &PasswordHasher, password: &str) -> String {
    let user = Username::parse("somebody").unwrap();
    let password = PasswordPolicy::default().accept(&Password::typed(password), &user).unwrap();
    hasher.hash(hasher.admit(&stranger()).await.unwrap(), &password).await.unwrap()
}

async fn is_right(hasher: &PasswordHasher, password: &str, stored: Option<&str>) -> bool {
    let checked = check(hasher, password, stored).await;
    matches!(checked.unwrap(), Checked::Right(_))
}

/// Row 17: the key ring is replaced while the hasher runs, and each hash is checked with the pepper
/// that it names.
#[tokio::test]
async fn pepper_is_required_and_rotates() {
    let now = UnixTime::from_secs(0);
    let keys = Keys::from(KeyRing::default());
    let hasher = PasswordHasher::new(cheap(), keys.clone(), Arc::new(SystemRandom)).unwrap();
    let outdated = async |hash: &str| match check(&hasher, GOOD, Some(hash)).await.unwrap() {
        Checked::Right(right) => Some(right.is_outdated()),
        Checked::Wrong => None,
    };
    let plain = stored(&hasher, GOOD).await;
    assert!(!plain.contains("keyid") && outdated(&plain).await == Some(false));

    let first = KeyRing::default().with_new_pepper([1; 32], now);
    keys.replace(first.clone());
    let peppered = stored(&hasher, GOOD).await;
    assert!(peppered.starts_with("$argon2id$v=19$m=64,t=1,p=1,keyid="), "{peppered}");
    assert_eq!((outdated(&plain).await, outdated(&peppered).await), (Some(true), Some(false)));

    let second = first.with_new_pepper([2; 32], now);
    keys.replace(second.clone());
    assert_eq!(
        outdated(&peppered).await,
        Some(true),
        "a hash with an older pepper is accepted and outdated"
    );
    let newest = stored(&hasher, GOOD).await;
    assert_eq!(outdated(&newest).await, Some(false));

    // A hash without a pepper's name and hashes of a pepper that is not in the ring do not match,
    // after one run each.
    let nameless = newest.split(",keyid=").next().unwrap().to_owned()
        + "$"
        + newest.split_once("keyid=").unwrap().1.split_once('$').unwrap().1;
    let before = hasher.runs();
    assert_eq!(outdated(&nameless).await, None);
    keys.replace(second.retire(first.peppers().next().unwrap().0).unwrap());
    assert_eq!(outdated(&peppered).await, None);
    keys.replace(KeyRing::default());
    assert_eq!(outdated(&newest).await, None);
    assert_eq!(hasher.runs() - before, 3);
}

const GOOD: &str = "kPw7-vX2q-mZ9t";

#[tokio::test]
async fn each_failing_path_takes_exactly_one_run() {
    let hasher = hasher(cheap());
    let hash = stored(&hasher, "kPw7-vX2q-mZ9t").await;
    let too_dear =
        "$argon2id$v=19$m=2097152,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    for stored in [Some(hash.as_str()), None, Some(too_dear), Some(""), Some("plaintext")] {
        let before = hasher.runs();
        assert!(!is_right(&hasher, "wrong", stored).await);
        assert_eq!(hasher.runs() - before, 1, "{stored:?}");
    }
    let before = hasher.runs();
    assert!(is_right(&hasher, "kPw7-vX2q-mZ9t", Some(&hash)).await);
    assert_eq!(hasher.runs() - before, 1);
}

#[tokio::test]
async fn a_password_is_taken_as_typed_except_for_its_unicode_form() {
    let hasher = hasher(cheap());
    let (nfc, nfd) = (" Zo\u{eb} kPw7-vX2q ", " Zoe\u{308} kPw7-vX2q ");
    for registered in [nfc, nfd] {
        let hash = stored(&hasher, registered).await;
        for typed in [nfc, nfd] {
            let runs = hasher.runs();
            assert!(is_right(&hasher, typed, Some(&hash)).await, "{registered:?} {typed:?}");
            assert_eq!(hasher.runs() - runs, 1, "one run for each form");
        }
        for other in
            [nfc.trim(), " zo\u{eb} kPw7-vX2q ", " Zoe kPw7-vX2q ", " Zo\u{eb} ｋPw7-vX2q "]
        {
            assert!(!is_right(&hasher, other, Some(&hash)).await, "{other:?}");
        }
    }
}

/// Composed letters, Hangul, several marks in another order, a letter that NFC replaces.
#[tokio::test]
async fn every_form_of_unicode_of_a_password_is_right() {
    let hasher = hasher(cheap());
    for (one, other) in [
        ("\u{1ec7}-kPw7-vX2q", "e\u{323}\u{302}-kPw7-vX2q"),
        ("\u{1ec7}-kPw7-vX2q", "e\u{302}\u{323}-kPw7-vX2q"),
        (
            "\u{d55c}\u{ae00}-kPw7-vX2q",
            "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}-kPw7-vX2q",
        ),
        ("\u{e5}ngstr\u{f6}m-kPw7", "a\u{30a}ngstro\u{308}m-kPw7"),
        ("\u{212b}ngstr\u{f6}m-kPw7", "\u{c5}ngstr\u{f6}m-kPw7"),
        ("\u{958}\u{304}-kPw7-vX2q", "\u{915}\u{93c}\u{304}-kPw7-vX2q"),
    ] {
        for (registered, typed) in [(one, other), (other, one), (one, one), (other, other)] {
            let hash = stored(&hasher, registered).await;
            assert!(is_right(&hasher, typed, Some(&hash)).await, "{registered:?} {typed:?}");
        }
    }
}

/// Two long passwords differ in the last character only.
#[tokio::test]
async fn no_part_of_a_long_password_is_cut_off() {
    let hasher = hasher(cheap());
    for letter in ["k", "\u{eb}", "e\u{308}", "\u{1112}\u{1161}\u{11ab}"] {
        let words = ["two grey ", letter, "herons and a pale moon over the ", letter, "quiet bay "];
        let long = words.concat().repeat(15);
        let hash = stored(&hasher, &format!("{long}x")).await;
        assert!(is_right(&hasher, &format!("{long}x"), Some(&hash)).await);
        for other in [format!("{long}y"), long.clone(), format!("{long}xx")] {
            assert!(!is_right(&hasher, &other, Some(&hash)).await);
        }
    }
}

#[tokio::test]
async fn a_hash_of_the_default_cost_names_it_and_is_salted() {
    let hasher = hasher(PasswordHasherSettings::default());
    let (one, two) =
        (stored(&hasher, "kPw7-vX2q-mZ9t").await, stored(&hasher, "kPw7-vX2q-mZ9t").await);
    let default = if cfg!(debug_assertions) { "m=256,t=1,p=1" } else { "m=19456,t=2,p=1" };
    assert!(one.starts_with(&format!("$argon2id$v=19${default}$")), "{one}");
    assert_ne!(one, two);
    assert!(is_right(&hasher, "kPw7-vX2q-mZ9t", Some(&one)).await);
}

/// A release build upgrades the hashes of a debug build. A debug build keeps those of a release
/// build.
#[tokio::test]
async fn a_debug_builds_hash_is_outdated_at_the_release_cost() {
    let debug = hasher(PasswordHasherSettings::default().hash_cost(HashCost::new(256, 1, 1)));
    let release = hasher(PasswordHasherSettings::default().hash_cost(HashCost::OWASP));
    let outdated = async |hasher: &PasswordHasher, hash: &str| match check(hasher, GOOD, Some(hash))
        .await
        .unwrap()
    {
        Checked::Right(right) => right.is_outdated(),
        Checked::Wrong => panic!("wrong"),
    };
    let (cheap, strong) = (stored(&debug, GOOD).await, stored(&release, GOOD).await);
    assert!(outdated(&release, &cheap).await);
    assert!(!outdated(&release, &strong).await);
    assert!(!outdated(&debug, &strong).await, "a debug build makes no stored hash weaker");
}

/// From the reference implementation's `test.c`: argon2i and argon2id, versions 1.0 and 1.3, one
/// and two lanes.
#[tokio::test]
async fn phc_strings_of_the_reference_implementation_are_read() {
    let hasher = hasher(cheap());
    for phc in [
        "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
        "$argon2i$m=256,t=2,p=2$c29tZXNhbHQ$tsEVYKap1h6scGt5ovl9aLRGOqOth+AMB+KwHpDFZPs",
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        "$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$9qWtwbpyPd3vm1rB1GThgPzZ3/ydHL92zKL+15XZypg",
    ] {
        assert!(is_right(&hasher, "password", Some(phc)).await, "{phc}");
        assert!(!is_right(&hasher, "passwore", Some(phc)).await, "{phc}");
    }
}

#[tokio::test]
async fn hostile_stored_hashes_never_match_and_do_not_allocate() {
    let hasher = hasher(cheap());
    for phc in [
        "$argon2id$v=19$m=2097152,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=8,t=4294967295,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=65536,t=2,p=1$\u{e9}$AAAA",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ",
        "$2b$12$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK",
    ] {
        for password in ["password", ""] {
            assert!(!is_right(&hasher, password, Some(phc)).await, "{phc}");
        }
    }
    let kept = hasher.inner.memory.lock().unwrap().iter().map(Vec::len).max();
    assert_eq!(kept, Some(64), "only blocks of the site's own cost are kept");
}

#[tokio::test]
async fn a_weaker_hash_is_outdated_and_a_rehash_is_not() {
    let old = hasher(cheap());
    let new = hasher(cheap().hash_cost(HashCost::new(128, 1, 1)));
    let password = Password::typed("kPw7-vX2q-mZ9t");
    let weaker = stored(&old, "kPw7-vX2q-mZ9t").await;
    let fresh = new.rehash(new.admit_now().unwrap(), &password).await.unwrap();
    assert!(fresh.starts_with("$argon2id$v=19$m=128,t=1,p=1$"));
    for (hasher, hash, outdated) in
        [(&new, &weaker, true), (&new, &fresh, false), (&old, &fresh, false)]
    {
        let Checked::Right(right) = check(hasher, GOOD, Some(hash)).await.unwrap() else {
            panic!("{hash} is this password's");
        };
        assert_eq!(right.is_outdated(), outdated, "{hash}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_queue_rejects_and_cancelled_run_keeps_permit() {
    let slow = HashCost::new(19_456, 16, 1);
    let settings = PasswordHasherSettings::default()
        .hash_cost(slow)
        .max_permits(1)
        .queue_length(1)
        .max_wait(Duration::from_secs(5));
    let hasher = hasher(settings);
    let start = |hasher: &PasswordHasher| {
        let hasher = hasher.clone();
        tokio::spawn(async move { check(&hasher, "x", None).await.map(|_| ()) })
    };
    let abandoned = start(&hasher);
    while hasher.runs() == 0 {
        tokio::task::yield_now().await;
    }
    abandoned.abort();
    assert!(
        abandoned.await.unwrap_err().is_cancelled(),
        "its future is dropped, its run continues"
    );
    let queued = start(&hasher);
    while hasher.depth() == 0 && hasher.runs() == 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(hasher.runs(), 1, "the run of the disconnected client still holds the one permit");
    let third = check(&hasher, "x", None).await;
    assert!(third.is_err(), "no place in the queue");
    assert_eq!(queued.await.unwrap(), Ok(()));
    assert_eq!((hasher.runs(), hasher.depth()), (2, 0));
}

#[tokio::test]
async fn waiting_for_a_permit_is_bounded() {
    let hasher = hasher(cheap().max_permits(1).max_wait(Duration::from_millis(20)));
    let held = hasher.permit(&hasher.admit_now().unwrap()).await.unwrap();
    let refused = check(&hasher, "x", None).await;
    assert_eq!(refused.unwrap_err().retry_after, Duration::from_secs(1));
    assert!(hasher.waited() >= Duration::from_millis(20));
    drop(held);
    assert!(check(&hasher, "x", None).await.is_ok());
}

#[test]
fn unsupported_cost_is_a_setup_error() {
    let settings = PasswordHasherSettings::default;
    for (settings, expected) in [
        (settings(), true),
        (settings().hash_cost(HashCost::MAX), true),
        (settings().hash_cost(HashCost::new(4, 1, 1)), false),
        (settings().hash_cost(HashCost::new(u32::MAX, 1, 1)), false),
        (settings().hash_cost(HashCost::new(64, 65, 1)), false),
        (settings().hash_cost(HashCost::new(1 << 20, 1, 65)), false),
        (settings().cost_ceiling(HashCost::new(u32::MAX, u32::MAX, 1)), false),
    ] {
        let hasher =
            PasswordHasher::new(settings, KeyRing::default().into(), Arc::new(SystemRandom));
        assert_eq!(hasher.is_ok(), expected, "{:?}", hasher.err().map(|error| error.to_string()));
    }
}
