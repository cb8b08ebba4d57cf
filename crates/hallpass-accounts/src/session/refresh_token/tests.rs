use super::*;
use crate::random::SystemRandom;

fn ring(seed: u8) -> KeyRing {
    KeyRing::generate_hs256([seed; 32], UnixTime::from_secs(0))
}

fn key(ring: &KeyRing) -> &[u8; 32] {
    ring.encryption_keys().next().unwrap().1
}

fn first() -> RefreshSecret {
    RefreshSecret::draw(SessionId::from_random([1; 16]), &SystemRandom).unwrap()
}

fn text(secret: &RefreshSecret, ring: &KeyRing) -> String {
    secret.write(key(ring), UnixTime::from_secs(9)).as_str().to_owned()
}

#[test]
fn a_token_round_trips() {
    let (ring, token) = (ring(1), first());
    let opened = RefreshSecret::open(text(&token, &ring).as_bytes(), &ring).unwrap();
    assert_eq!((opened.session(), opened.hash()), (token.session(), token.hash()));
    assert_ne!(first().hash(), token.hash(), "each session starts with its own bytes");
    assert!(
        !format!("{:?}", token.write(key(&ring), UnixTime::from_secs(9)))
            .contains(&text(&token, &ring))
    );
}

#[test]
fn altered_and_foreign_tokens_are_rejected() {
    let (ring, token) = (ring(1), first());
    let good = text(&token, &ring);
    for position in 0..good.len() - 1 {
        let mut bad = good.clone().into_bytes();
        bad[position] = if bad[position] == b'A' { b'B' } else { b'A' };
        assert!(RefreshSecret::open(&bad, &ring).is_none(), "byte {position}");
        assert!(
            RefreshSecret::open(&good.as_bytes()[..position], &ring).is_none(),
            "cut at {position}"
        );
    }
    assert!(RefreshSecret::open(format!("{good}A").as_bytes(), &ring).is_none());
    assert!(RefreshSecret::open(good.as_bytes(), &self::ring(2)).is_none(), "another site's");
}

#[test]
fn the_successor_of_a_token_is_deterministic() {
    let (ring, token) = (ring(1), first());
    let again = RefreshSecret::open(text(&token, &ring).as_bytes(), &ring).unwrap();
    assert_eq!(token.successor(key(&ring)).hash(), again.successor(key(&ring)).hash());
    assert_ne!(token.successor(key(&ring)).hash(), token.hash());
    assert_ne!(token.successor(key(&ring)).hash(), token.successor(key(&self::ring(2))).hash());
    let other =
        RefreshSecret { session: SessionId::from_random([2; 16]), secret: token.secret.clone() };
    assert_ne!(
        token.successor(key(&ring)).hash(),
        other.successor(key(&ring)).hash(),
        "another session's"
    );
}

#[test]
fn a_consumed_token_leads_to_the_live_one_and_not_beyond() {
    let (ring, token) = (ring(1), first());
    let nth =
        |count: usize| (0..count).fold(first_again(&token), |token, _| token.successor(key(&ring)));
    for count in [1, 2, 64] {
        let live = nth(count).hash();
        assert_eq!(token.leading_to(&live, &ring).unwrap().hash(), live);
    }
    assert!(token.leading_to(&nth(65).hash(), &ring).is_none());
    assert!(token.leading_to(&first().hash(), &ring).is_none());
}

/// A tab refreshes with the token that it has, while the same browser makes a change on any node.
#[test]
fn a_token_leads_through_a_change_of_its_session() {
    let (ring, token) = (ring(1), first());
    let at = UnixTime::from_secs;
    let leads = |live: &RefreshSecret, times| {
        token.leading_through_change(&live.hash(), &ring, times).map(|found| found.hash())
            == Some(live.hash())
    };
    let same = token.after_change(key(&ring), at(100));
    let later = token.successor(key(&ring)).after_change(key(&ring), at(100));
    let refreshed = same.successor(key(&ring));
    for live in [&same, &later, &refreshed] {
        assert!(leads(live, at(70)..=at(100)));
        assert!(leads(live, at(100)..=at(130)));
        assert!(!leads(live, at(70)..=at(99)), "the change was made later");
    }
    assert_ne!(same.hash(), token.successor(key(&ring)).hash());
    assert_ne!(same.hash(), token.after_change(key(&ring), at(101)).hash(), "another change");
    assert!(!leads(&token.after_change(key(&self::ring(2)), at(100)), at(70)..=at(100)));
    assert!(!leads(&first().after_change(key(&ring), at(100)), at(70)..=at(100)));
}

#[test]
fn a_new_encryption_key_breaks_no_chain() {
    let old = ring(1);
    let token = first();
    let new = old.rotate_encryption([2; 32], UnixTime::from_secs(0));
    let opened = RefreshSecret::open(text(&token, &old).as_bytes(), &new).unwrap();
    let live = token.successor(key(&old)).hash();
    assert_eq!(
        opened.leading_to(&live, &new).unwrap().hash(),
        live,
        "the other node had not read the new ring yet"
    );
}

/// The attack: a person with a copy of the key file makes tags of sessions, or follows the chain of
/// a stolen token.
#[test]
fn tokens_under_a_leaked_encryption_key_are_rejected() {
    let leaked = ring(1);
    let token = first();
    let live = token.successor(key(&leaked)).hash();
    let replaced = leaked.replace_leaked([2; 32], UnixTime::from_secs(0)).unwrap();
    let old = text(&token, &leaked);
    assert!(RefreshSecret::open(old.as_bytes(), &leaked).is_some());
    assert!(RefreshSecret::open(old.as_bytes(), &replaced).is_none());
    assert!(token.leading_to(&live, &replaced).is_none());
    assert!(RefreshSecret::open(text(&token, &replaced).as_bytes(), &replaced).is_some());
}

fn first_again(token: &RefreshSecret) -> RefreshSecret {
    RefreshSecret { session: token.session, secret: token.secret.clone() }
}
