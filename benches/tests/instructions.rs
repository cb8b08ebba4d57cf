//! Tests that instruction counts are repeatable and include the work only.

use std::hint::black_box;

use hallpass_benches::counted;

fn main() -> std::io::Result<()> {
    counted(|counter| {
        let mut of = |turns: u64| counter.count(|| turns, |turns| (0..turns).map(black_box).max());
        let counts = [0, 10, 20, 30].map(&mut of);
        assert_eq!(counts, [0, 10, 20, 30].map(&mut of), "counts are repeatable");
        let [none, one, two, three] = counts;
        assert!(none < 500, "{none} instructions for 0 turns");
        assert_eq!(two - one, three - two, "each turn costs the same");
        assert!((20..4_000).contains(&(two - one)), "{} instructions for 10 turns", two - one);

        let filled = |length: usize| move |_| black_box(vec![1_u8; black_box(length)]);
        let (short, long) =
            (counter.count(|| (), filled(100)), counter.count(|| (), filled(6_000)));
        assert!(long < short + 2_000, "{short} and {long}: a repeated instruction counts once");
    })
}
