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

fn in_grace(seconds: u64) -> RotationOutcome {
    RotationOutcome::InGrace { consumed: at(seconds) }
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
    let state = consume(&consume(&opened(), 1, 900), 2, 901);
    for (seconds, expected) in
        [(901, in_grace(900)), (929, in_grace(900)), (930, RotationOutcome::Reused)]
    {
        assert_eq!(presenting(1, seconds).present(&state), expected, "{seconds}");
    }
    // A node whose clock is a little behind.
    let state = consume(&consume(&opened(), 1, 900), 2, 900);
    assert_eq!(presenting(1, 899).present(&state), in_grace(900));
    assert_eq!(
        presenting(1, 870).present(&state),
        RotationOutcome::Reused,
        "a clock that is set back does not extend the grace"
    );
}

/// A browser closes while the response is on its way, and returns days later with the old token.
#[test]
fn a_lost_response_is_replaced_and_the_lost_token_is_reused() {
    let state = consume(&opened(), 1, 900);
    for seconds in [930, 935, 1899] {
        let lost = presenting(1, seconds);
        assert_eq!(lost.present(&state), RotationOutcome::Lost, "{seconds}");
        let other = lost.clone().replacing(hash(9), hash(10));
        assert_eq!(other.present(&state), RotationOutcome::Lost, "another token is live");
        let replaced = match lost.replacing(hash(2), hash(3)).present(&state) {
            RotationOutcome::Consumed(replaced) => replaced,
            other => panic!("{other:?}"),
        };
        assert_eq!((replaced.live, replaced.refreshed), (hash(3), at(seconds)));
        assert_eq!(presenting(1, seconds + 29).present(&replaced), in_grace(seconds), "a tab");
        assert_eq!(
            presenting(2, seconds).present(&replaced),
            RotationOutcome::Reused,
            "the lost token was copied"
        );
        assert_eq!(
            presenting(1, seconds + 30).present(&replaced),
            RotationOutcome::Lost,
            "the second response was lost too"
        );
        let used = consume(&replaced, 3, seconds);
        assert_eq!(presenting(1, seconds + 30).present(&used), RotationOutcome::Reused);
    }
    assert_eq!(presenting(1, 1900).present(&state), RotationOutcome::Over, "idle");
}

#[test]
fn two_refreshes_within_the_grace_do_not_shorten_it() {
    let state = consume(&consume(&opened(), 1, 900), 2, 910);
    assert_eq!(presenting(1, 929).present(&state), in_grace(900));
    assert_eq!(presenting(2, 939).present(&state), in_grace(910));
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

/// A tab refreshes while the same browser changes the password. A copy of the token is not accepted
/// after the grace, although the response of the change may be lost.
#[test]
fn tokens_before_a_change_lead_to_the_new_chain_in_grace() {
    let before = consume(&opened(), 1, 895);
    let chain = RefreshChain::new(hash(50), at(1900), Methods::PASSWORD);
    let consumed = chain.after(before.live, &before.consumed, at(900));
    let state = RefreshState::new(hash(50), consumed, at(900), at(1900), at(5000));
    assert_eq!(presenting(1, 924).present(&state), in_grace(895));
    assert_eq!(presenting(2, 929).present(&state), in_grace(900));
    for (token, seconds) in [(1, 925), (2, 930), (2, 1500)] {
        assert_eq!(presenting(token, seconds).present(&state), RotationOutcome::Reused);
    }
    let used = consume(&state, 50, 910);
    assert_eq!(presenting(2, 929).present(&used), in_grace(900));
    assert_eq!(presenting(50, 945).present(&used), RotationOutcome::Lost, "as any other token");

    let mut full = opened();
    for token in 1..=64 {
        full = consume(&full, token, 900);
    }
    let consumed = chain.after(full.live, &full.consumed, at(900));
    assert_eq!(consumed.to_bytes().len(), 64 * 40);
}

#[test]
fn consumed_tokens_are_bounded() {
    let mut state = opened();
    for token in 1..=64 {
        state = consume(&state, token, 900);
    }
    assert_eq!(presenting(65, 900).present(&state), RotationOutcome::TooOften);
    assert_eq!(presenting(1, 900).present(&state), in_grace(900));
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
