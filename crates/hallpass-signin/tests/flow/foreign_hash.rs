//! Accounts that come from elsewhere: PBKDF2 as Django writes it, read at the first sign-in and argon2id from then on.

use hallpass_signin::{
    AccountId, ForeignHash, ForeignMatch, HashCost, HashGateSettings, NewAccount, Registered, Registration as _,
    SignInErrorKind, Username,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::site::{PASSWORD, Site, signed_in};

/// `pbkdf2_sha256$<iterations>$<salt>$<base64 of 32 bytes>`; RFC 8018 section 5.2, one block of output.
struct DjangoPbkdf2;

impl ForeignHash for DjangoPbkdf2 {
    fn check(&self, password: &[u8], stored: &str) -> Option<ForeignMatch> {
        let mut parts = stored.strip_prefix("pbkdf2_sha256$")?.split('$');
        let (iterations, salt, hash) = (parts.next()?.parse::<u32>().ok()?, parts.next()?, parts.next()?);
        if iterations > 2_000_000 {
            return Some(ForeignMatch::Wrong);
        }
        let prf = |message: &[u8]| -> [u8; 32] {
            Hmac::<Sha256>::new_from_slice(password).unwrap().chain_update(message).finalize().into_bytes().into()
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
}

/// Python: `base64.b64encode(hashlib.pbkdf2_hmac("sha256", PASSWORD, b"NaCl4import", 1000))`.
const STORED: &str = "pbkdf2_sha256$1000$NaCl4import$GT0mztpUuyrgxdbWMp/bhg6Q5uBcbm3al+V7PnPNMDw=";

async fn imported(hash: &str) -> Site {
    let gate = HashGateSettings::default().hash_cost(HashCost::new(64, 1, 1)).read_also(DjangoPbkdf2);
    let site = Site::new();
    let site = Site::node(site.store.clone(), site.clock.clone(), site.keys.clone(), |builder| builder.hash_gate(gate));
    let name = Username::parse("alice").unwrap();
    let account = NewAccount::new(AccountId::new("old-17"), name, hash.to_owned(), Vec::new(), site.now());
    assert!(matches!(site.store.create(account).await, Ok(Registered::Created(_))));
    site
}

#[tokio::test]
async fn the_first_right_password_turns_a_foreign_hash_into_argon2id() {
    let site = imported(STORED).await;
    let hash = async || {
        let account = site.sign_in.find(&Username::parse("alice").unwrap()).await.unwrap().unwrap();
        account.password_hash().to_owned()
    };
    let before = site.sign_in.hash_gate().runs();
    assert_eq!(site.log_in("alice", "wrong", None).await.map(|_| ()), Err(SignInErrorKind::Refused));
    assert_eq!(site.sign_in.hash_gate().runs() - before, 1, "a foreign hash fails at the cost of any other");
    assert_eq!(hash().await, STORED);

    signed_in(site.log_in("alice", PASSWORD, None).await);
    assert!(hash().await.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
    signed_in(site.log_in("alice", PASSWORD, None).await);
    assert_eq!(site.log_in("alice", "wrong", None).await.map(|_| ()), Err(SignInErrorKind::Refused));
}

#[tokio::test]
async fn what_no_reader_knows_matches_nothing() {
    for hash in ["$2b$12$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK", "pbkdf2_sha256$x$y$z", PASSWORD] {
        let site = imported(hash).await;
        assert_eq!(site.log_in("alice", PASSWORD, None).await.map(|_| ()), Err(SignInErrorKind::Refused), "{hash}");
    }
}
