//! A model check of the interleavings of requests and a rotation, with shuttle, as for the
//! revocation list (`revocation/model.rs`). It runs 20,000 schedules with five preemptions each,
//! because the return of a retired key needs four.

use std::time::Duration;

use shuttle::thread;

use crate::{
    keys::{handle::Keys, key_ring::KeyRing},
    time::unix_time::UnixTime,
    token::{
        claims::Claims, error::TokenErrorKind, issuer::Issuer, logged_in::LoggedIn,
        verifier::Verifier,
    },
};

#[derive(hallpass_derive::Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Guest,
}

/// Two requests run concurrently with a rotation and the retirement of the old key. A token of a
/// key that every ring accepts is never rejected. A new key that was accepted once stays accepted,
/// and a retired key that was rejected once stays rejected. After all calls, only the new key is
/// accepted.
#[test]
fn key_ring_swap_is_atomic_and_final() {
    let old = KeyRing::generate_hs256([1; 32], NOW);
    let both = old.rotated([2; 32], NOW, Duration::from_secs(900)).unwrap();
    let new = both.retire(old.active().unwrap().id()).unwrap();
    shuttle::check_pct(
        move || {
            let (by_old, by_new) = (token(old.clone()), token(new.clone()));
            let keys = Keys::from(old.clone());
            let (both, new) = (both.clone(), new.clone());
            let writer = {
                let keys = keys.clone();
                thread::spawn(move || {
                    keys.replace(both);
                    keys.replace(new);
                })
            };
            let requests = [(); 2].map(|()| {
                let (verifier, by_old, by_new) =
                    (verifier(keys.clone()), by_old.clone(), by_new.clone());
                thread::spawn(move || {
                    let first = [accepts(&verifier, &by_old), accepts(&verifier, &by_new)];
                    let second = [accepts(&verifier, &by_old), accepts(&verifier, &by_new)];
                    assert!(first[0] || first[1], "every ring accepts one of the two");
                    assert!(first[0] || !second[0], "a retired key was accepted again");
                    assert!(!first[1] || second[1], "a new key was rejected again");
                })
            });
            writer.join().unwrap();
            let verifier = verifier(keys);
            assert!(!accepts(&verifier, &by_old) && accepts(&verifier, &by_new));
            requests.into_iter().for_each(|request| request.join().unwrap());
        },
        20_000,
        5,
    );
}

fn verifier(keys: Keys) -> Verifier<SiteRole> {
    Verifier::new(keys, ISSUER, AUDIENCE)
}

fn accepts(verifier: &Verifier<SiteRole>, token: &str) -> bool {
    match verifier.verify(token.as_bytes(), NOW) {
        Ok(_) => true,
        Err(refused) => {
            assert_eq!(refused.kind(), TokenErrorKind::UnknownKey);
            false
        }
    }
}

fn token(ring: KeyRing) -> String {
    let alice =
        LoggedIn::insecure_new(Claims::new("17", 0, NOW).with_username("alice"), [SiteRole::Guest]);
    Issuer::new(ring, ISSUER, AUDIENCE).issue(&alice, NOW).unwrap().as_str().to_owned()
}

const ISSUER: &str = "https://site.example";
const AUDIENCE: &str = "site";
const NOW: UnixTime = UnixTime::from_secs(1_764_000_000);
