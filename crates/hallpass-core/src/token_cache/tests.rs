use std::ptr;

use super::*;

#[test]
fn each_token_has_two_places_and_tokens_are_spread_over_all() {
    let cache = TokenCache::new(64, false);
    let slots: Vec<_> = (0..64).map(|_| Slot::empty()).collect();
    let place = |found: Option<&Slot>| slots.iter().position(|slot| ptr::eq(slot, found.unwrap())).unwrap();
    let mut first_places = [0; 64];
    for number in 0..6_400_u64 {
        // A token's last characters, which differ at one end, at the other, or throughout.
        let tail = [format!("{number:032}"), format!("{number:<032}"), format!("{number:016}{:016}", number * number)];
        for tail in tail {
            let [first, second] = cache.slots_of(&slots, tail.as_bytes()).map(place);
            assert_ne!(first, second, "{tail}");
            first_places[first] += 1;
        }
    }
    assert!(first_places.iter().all(|tokens| (150..600).contains(tokens)), "{first_places:?}");
}
