//! Imported accounts with hashes of PBKDF2 (the format of Django), bcrypt and scrypt. Each foreign
//! hash is verified at the first login and replaced by an argon2id hash.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use hallpass_accounts::{
    AccountId, AccountsErrorKind, ForeignHash, ForeignMatch, HashCost, NewAccount,
    PasswordHasherSettings, RegistrationOutcome, RegistrationStore as _, Username,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::site::{PASSWORD, Site, logged_in};

/// Format: `pbkdf2_sha256$<iterations>$<salt>$<base64 of 32 bytes>` (RFC 8018 section 5.2, with one
/// block of output).
struct DjangoPbkdf2;

impl ForeignHash for DjangoPbkdf2 {
    fn check(&self, password: &[u8], stored: &str) -> Option<ForeignMatch> {
        let mut parts = stored.strip_prefix("pbkdf2_sha256$")?.split('$');
        let (iterations, salt, hash) =
            (parts.next()?.parse::<u32>().ok()?, parts.next()?, parts.next()?);
        if iterations > 2_000_000 {
            return Some(ForeignMatch::Unusable);
        }
        let prf = |message: &[u8]| -> [u8; 32] {
            Hmac::<Sha256>::new_from_slice(password)
                .unwrap()
                .chain_update(message)
                .finalize()
                .into_bytes()
                .into()
        };
        let mut round = prf(&[salt.as_bytes(), &1_u32.to_be_bytes()].concat());
        let mut output = round;
        for _ in 1..iterations {
            round = prf(&round);
            output.iter_mut().zip(round).for_each(|(out, next)| *out ^= next);
        }
        let equal = base64_simd::STANDARD.encode_to_string(output) == hash;
        Some(if equal { ForeignMatch::Right } else { ForeignMatch::Wrong })
    }

    fn decoy(&self) -> &str {
        STORED
    }
}

/// Format: `$2b$<cost>$…`. The tests use cost 4. A cost above 14 is rejected because it takes too
/// long.
struct Bcrypt;

impl ForeignHash for Bcrypt {
    fn check(&self, password: &[u8], stored: &str) -> Option<ForeignMatch> {
        let rest =
            ["$2a$", "$2b$", "$2y$"].into_iter().find_map(|scheme| stored.strip_prefix(scheme))?;
        let cost: u32 = rest.split('$').next()?.parse().ok()?;
        // bcrypt ignores bytes after the 72nd. That is acceptable here, because the old system
        // ignored them too.
        if cost > 14 {
            return Some(ForeignMatch::Unusable);
        }
        Some(match bcrypt::verify(password, stored) {
            Ok(true) => ForeignMatch::Right,
            Ok(false) => ForeignMatch::Wrong,
            Err(_) => ForeignMatch::Unusable,
        })
    }

    fn decoy(&self) -> &str {
        BCRYPT
    }
}

/// Format: `scrypt$<log2 n>$<r>$<p>$<salt>$<base64 of 32 bytes>` (RFC 7914).
struct Scrypt;

impl ForeignHash for Scrypt {
    fn check(&self, password: &[u8], stored: &str) -> Option<ForeignMatch> {
        let parts: Vec<&str> = stored.strip_prefix("scrypt$")?.split('$').collect();
        let [log_n, r, p, salt, hash] = parts[..] else { return None };
        let (log_n, r, p) = (log_n.parse::<u8>().ok()?, r.parse().ok()?, p.parse().ok()?);
        let params = scrypt::Params::new(log_n.min(15), r, p).ok()?;
        let mut output = [0; 32];
        scrypt::scrypt(password, salt.as_bytes(), &params, &mut output).ok()?;
        let right = log_n <= 15 && base64_simd::STANDARD.encode_to_string(output) == hash;
        Some(if right { ForeignMatch::Right } else { ForeignMatch::Wrong })
    }

    fn decoy(&self) -> &str {
        SCRYPT
    }
}

/// Made in Python with `bcrypt.hashpw(PASSWORD, b"$2b$04$NaCl4importNaCl4imporO")` and
/// `base64.b64encode(hashlib.scrypt(PASSWORD, salt=b"NaCl4import", n=1024, r=8, p=1, dklen=32))`.
const BCRYPT: &str = "$2b$04$NaCl4importNaCl4imporOBFzQXiRqXEs1Gmt6fvOBbX1//74YQni";
const SCRYPT: &str = "scrypt$10$8$1$NaCl4import$Yd/3tg7HOK+eWUtcuRk6tp5hY4LeiP/Fv4s0OEOWxNw=";

/// Made in Python with
/// `base64.b64encode(hashlib.pbkdf2_hmac("sha256", PASSWORD, b"NaCl4import", 1000))`.
const STORED: &str = "pbkdf2_sha256$1000$NaCl4import$GT0mztpUuyrgxdbWMp/bhg6Q5uBcbm3al+V7PnPNMDw=";

async fn imported(hash: &str) -> Site {
    let hasher = PasswordHasherSettings::default()
        .hash_cost(HashCost::new(64, 1, 1))
        .read_also(DjangoPbkdf2)
        .read_also(Bcrypt)
        .read_also(Scrypt);
    imported_with(hasher, hash).await
}

/// Returns a site with an account `alice` that has this hash.
async fn imported_with(hasher: PasswordHasherSettings, hash: &str) -> Site {
    let site = Site::new();
    let site = Site::node(site.store.clone(), site.clock.clone(), site.keys.clone(), |settings| {
        settings.password_hasher = hasher
    });
    import(&site, "alice", hash).await;
    site
}

async fn import(site: &Site, name: &str, hash: &str) {
    let id = AccountId::new(format!("old-{name}"));
    let name = Username::parse(name).unwrap();
    let account = NewAccount::new(id, name, hash.to_owned(), Vec::new(), site.now());
    assert!(matches!(site.store.create(account).await, Ok(RegistrationOutcome::Created(_))));
}

#[tokio::test]
async fn first_login_replaces_a_foreign_hash_by_argon2id() {
    for stored in [STORED, BCRYPT, SCRYPT] {
        becomes_argon2id(stored).await;
    }
}

async fn becomes_argon2id(stored: &str) {
    let site = imported(stored).await;
    let hash = async || {
        let account =
            site.accounts.find(&Username::parse("alice").unwrap()).await.unwrap().unwrap();
        account.password_hash().to_owned()
    };
    let before = site.accounts.password_hasher().runs();
    assert_eq!(
        site.log_in("alice", "wrong", None).await.map(|_| ()),
        Err(AccountsErrorKind::Refused)
    );
    assert_eq!(
        site.accounts.password_hasher().runs() - before,
        1,
        "a wrong password costs one run, as with any other hash"
    );
    assert_eq!(hash().await, stored);

    logged_in(site.log_in("alice", PASSWORD, None).await);
    assert!(hash().await.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
    logged_in(site.log_in("alice", PASSWORD, None).await);
    assert_eq!(
        site.log_in("alice", "wrong", None).await.map(|_| ()),
        Err(AccountsErrorKind::Refused)
    );
}

#[tokio::test]
async fn a_hash_of_an_unknown_format_matches_no_password() {
    for hash in [
        "$2b$12$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK",
        "pbkdf2_sha256$x$y$z",
        PASSWORD,
    ] {
        let site = imported(hash).await;
        assert_eq!(
            site.log_in("alice", PASSWORD, None).await.map(|_| ()),
            Err(AccountsErrorKind::Refused),
            "{hash}"
        );
    }
}

/// An old system hashed the bytes that it received: some people registered in NFD there.
#[tokio::test]
async fn a_foreign_hash_is_checked_in_nfc_and_as_typed() {
    let (nfc, nfd) = ("th\u{e9} op de hoek", "the\u{301} op de hoek");
    for stored_form in [nfc, nfd] {
        let stored = bcrypt::hash_with_salt(stored_form, 4, *b"NaCl4importNaCl4").unwrap();
        let stored = stored.to_string();
        // The form of the old hash logs in, and each form after it.
        let site = imported(&stored).await;
        let before = site.accounts.password_hasher().runs();
        logged_in(site.log_in("alice", stored_form, None).await);
        assert_eq!(site.accounts.password_hasher().runs() - before, 2, "the check and the upgrade");
        for typed in [nfc, nfd] {
            logged_in(site.log_in("alice", typed, None).await);
        }
        // NFD is also tried as NFC, as everywhere.
        if stored_form == nfc {
            logged_in(imported(&stored).await.log_in("alice", nfd, None).await);
        }
        for wrong in ["the op de hoek", "the\u{300} op de hoek"] {
            let site = imported(&stored).await;
            let before = site.accounts.password_hasher().runs();
            let refused = site.log_in("alice", wrong, None).await.map(|_| ());
            assert_eq!(refused, Err(AccountsErrorKind::Refused));
            assert_eq!(site.accounts.password_hasher().runs() - before, 1);
        }
    }
}

/// Counts its runs: the checks that take the time of a hash.
struct Counted {
    prefix: &'static str,
    decoy: &'static str,
    runs: Arc<AtomicUsize>,
}

impl ForeignHash for Counted {
    fn check(&self, _: &[u8], stored: &str) -> Option<ForeignMatch> {
        let hash = stored.strip_prefix(self.prefix)?;
        if hash == "too costly" {
            return Some(ForeignMatch::Unusable);
        }
        self.runs.fetch_add(1, Ordering::SeqCst);
        // A decoy that matches every password logs nobody in.
        Some(if hash == "any" { ForeignMatch::Right } else { ForeignMatch::Wrong })
    }

    fn decoy(&self) -> &str {
        self.decoy
    }
}

#[tokio::test]
async fn each_failed_login_runs_each_scheme_once() {
    let (one, other) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let hasher = PasswordHasherSettings::default()
        .hash_cost(HashCost::new(64, 1, 1))
        .read_also(Counted { prefix: "one:", decoy: "one:any", runs: Arc::clone(&one) })
        .read_also(Counted { prefix: "other:", decoy: "other:any", runs: Arc::clone(&other) });
    let site = imported_with(hasher, "one:x").await;
    site.register("migrated").await;
    for (name, hash) in [
        ("bob", "other:x"),
        ("carol", "one:too costly"),
        ("dave", "of no scheme"),
        ("erin", "$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"),
    ] {
        import(&site, name, hash).await;
    }
    let names = ["alice", "bob", "carol", "dave", "erin", "migrated", "unknown", "not a name"];
    // A password whose typed form is not NFC is checked in both forms, for every name.
    for (password, runs_of_each) in [("wrong", 1), ("cafe\u{301}", 2)] {
        for name in names {
            let before = site.accounts.password_hasher().runs();
            let refused = site.log_in(name, password, None).await.map(|_| ());
            assert_eq!(refused, Err(AccountsErrorKind::Refused), "{name}");
            let runs = (one.swap(0, Ordering::SeqCst), other.swap(0, Ordering::SeqCst));
            assert_eq!(runs, (runs_of_each, runs_of_each), "{name}");
            assert_eq!(site.accounts.password_hasher().runs() - before, 1, "{name}");
        }
    }
}
