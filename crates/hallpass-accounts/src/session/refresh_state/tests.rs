use super::*;

fn at(seconds: u64) -> UnixTime {
    UnixTime::from_secs(1_790_000_000 + seconds)
}

fn hash(number: u8) -> RefreshHash {
    RefreshHash::from_bytes([number; 32])
}

/// Opened at second 0 with token 1; idle after 1000 seconds, over after 5000.
fn opened() -> RefreshState {
    RefreshState::new(hash(1), ConsumedRefreshes::default(), at(0), at(1000), at(5000))
}

fn presenting(token: u8, seconds: u64) -> Rotation {
    Rotation::new(
        hash(token),
        hash(token + 1),
        at(seconds),
        Duration::from_secs(1000),
        Duration::from_secs(30),
    )
}

fn consume(state: &RefreshState, token: u8, seconds: u64) -> RefreshState {
    match presenting(token, seconds).present(state) {
        RotationOutcome::Consumed(state) => state,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_live_token_is_consumed_and_its_successor_is_live() {
    let state = consume(&opened(), 1, 900);
    assert_eq!((state.live, state.refreshed), (hash(2), at(900)));
    assert_eq!((state.idle_until, state.expires), (at(1900), at(5000)));
    assert_eq!(consume(&state, 2, 1800).live, hash(3));
}

#[test]
fn consumed_token_is_accepted_in_grace_then_ends_the_session() {
    let state = consume(&opened(), 1, 900);
    for (seconds, expected) in [
        (900, RotationOutcome::InGrace),
        (929, RotationOutcome::InGrace),
        (930, RotationOutcome::Reused),
    ] {
        assert_eq!(presenting(1, seconds).present(&state), expected, "{seconds}");
    }
    // A node whose clock is a little behind.
    assert_eq!(presenting(1, 899).present(&state), RotationOutcome::InGrace);
    assert_eq!(
        presenting(1, 870).present(&state),
        RotationOutcome::Reused,
        "a clock that is set back does not extend the grace"
    );
}

#[test]
fn two_refreshes_within_the_grace_do_not_shorten_it() {
    let state = consume(&consume(&opened(), 1, 900), 2, 910);
    assert_eq!(presenting(1, 929).present(&state), RotationOutcome::InGrace);
    assert_eq!(presenting(2, 939).present(&state), RotationOutcome::InGrace);
    assert_eq!(presenting(1, 930).present(&state), RotationOutcome::Reused);
    let later = consume(&state, 3, 1000);
    assert_eq!(presenting(1, 1001).present(&later), RotationOutcome::Reused);
}

#[test]
fn limits_end_the_session_to_the_second() {
    assert!(matches!(presenting(1, 999).present(&opened()), RotationOutcome::Consumed(_)));
    assert_eq!(presenting(1, 1000).present(&opened()), RotationOutcome::Over);
    let mut state = opened();
    for (token, seconds) in (1..).zip((900..=4500).step_by(900)) {
        state = consume(&state, token, seconds);
    }
    assert!(matches!(presenting(6, 4999).present(&state), RotationOutcome::Consumed(_)));
    assert_eq!(presenting(6, 5000).present(&state), RotationOutcome::Over, "however busy it is");
}

#[test]
fn a_clock_set_back_does_not_extend_the_life() {
    let state = consume(&opened(), 1, 900);
    let back = consume(&state, 2, 400);
    assert_eq!(back.expires, at(4500), "500 seconds back, 500 seconds less");
    assert_eq!(back.idle_until, at(1400));
    assert_eq!(
        presenting(1, 100).present(&opened()),
        RotationOutcome::Consumed(consume(&opened(), 1, 100)),
        "a refresh with a forward clock is unchanged"
    );
}

#[test]
fn consumed_tokens_are_bounded() {
    let mut state = opened();
    for token in 1..=64 {
        state = consume(&state, token, 900);
    }
    assert_eq!(presenting(65, 900).present(&state), RotationOutcome::TooOften);
    assert_eq!(presenting(1, 900).present(&state), RotationOutcome::InGrace);
    let later = consume(&state, 65, 930);
    assert_eq!(later.consumed.to_bytes().len(), 40, "the grace of the others is over");
}

#[test]
fn consumed_tokens_round_trip_through_bytes() {
    let consumed = consume(&consume(&opened(), 1, 900), 2, 910).consumed;
    assert_eq!(ConsumedRefreshes::from_bytes(&consumed.to_bytes()), Ok(consumed.clone()));
    assert_eq!(ConsumedRefreshes::from_bytes(&[]), Ok(ConsumedRefreshes::default()));
    for wrong in [&consumed.to_bytes()[1..], &[0; 39][..], &[0; 65 * 40][..]] {
        assert_eq!(ConsumedRefreshes::from_bytes(wrong), Err(MalformedConsumedRefreshes));
    }
}
