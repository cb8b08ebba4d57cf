//! An authenticator app, written from RFC 6238: HMAC-SHA-1, six digits, steps of 30 seconds.
//!
//! hallpass computes its codes with a library. This implementation is independent of that library,
//! so that a test compares two implementations.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The length of a time step, in seconds (RFC 6238 section 5.2).
const STEP: u64 = 30;

/// An authenticator app with the secret of one account.
#[derive(Clone, Debug)]
pub struct Authenticator {
    secret: Vec<u8>,
    last: Option<u64>,
}

impl Authenticator {
    /// Creates an authenticator from a secret in base32, the form in which a site displays it.
    ///
    /// # Panics
    /// Panics if the secret is not valid base32.
    #[must_use]
    pub fn of_base32(secret: &str) -> Self {
        Self { secret: base32(secret), last: None }
    }

    /// Returns a code that was not returned before. A server that accepts the present and the
    /// previous step accepts the code. Sleeps until such a code exists.
    pub fn code(&mut self) -> String {
        loop {
            let (now, left) = step();
            // In the last 5 seconds of this step, the previous step could expire before the request
            // arrives.
            let earliest = if left > Duration::from_secs(5) { now - 1 } else { now };
            let next = self.last.map_or(earliest, |last| earliest.max(last + 1));
            if next <= now {
                self.last = Some(next);
                return self.code_of(next);
            }
            std::thread::sleep(left + Duration::from_millis(50));
        }
    }

    /// Returns the code that [`code`](Self::code) returned last.
    ///
    /// # Panics
    /// Panics if `code` was not called before.
    #[must_use]
    pub fn same_code(&self) -> String {
        self.code_of(self.last.expect("`code` was called before"))
    }

    /// Returns six digits that are not a valid code now, with a skew of up to three steps.
    #[must_use]
    pub fn wrong_code(&self) -> String {
        self.wrong_code_at(step().0 * STEP)
    }

    /// Returns the code at a time, in Unix seconds.
    #[must_use]
    pub fn code_at(&self, seconds: u64) -> String {
        self.code_of(seconds / STEP)
    }

    /// Returns six digits that are not a valid code at a time, in Unix seconds, with a skew of up
    /// to three steps.
    #[must_use]
    pub fn wrong_code_at(&self, seconds: u64) -> String {
        let step = seconds / STEP;
        let live: Vec<_> = (step - 3..=step + 3).map(|step| self.code_of(step)).collect();
        let mut codes = (0..1_000_000).map(|code| format!("{code:06}"));
        codes.find(|code| !live.contains(code)).expect("at most seven of a million codes are live")
    }

    fn code_of(&self, step: u64) -> String {
        let digest = Hmac::<Sha1>::new_from_slice(&self.secret)
            .expect("HMAC accepts keys of any length")
            .chain_update(step.to_be_bytes())
            .finalize()
            .into_bytes();
        // RFC 4226 section 5.3: dynamic truncation.
        let offset = usize::from(digest[19] & 15);
        let word: [u8; 4] =
            digest[offset..offset + 4].try_into().expect("the slice has four bytes");
        format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000)
    }
}

/// Returns the current time step and the time until it ends.
fn step() -> (u64, Duration) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970");
    let passed =
        Duration::from_secs(now.as_secs() % STEP) + Duration::from_nanos(now.subsec_nanos().into());
    (now.as_secs() / STEP, Duration::from_secs(STEP) - passed)
}

/// Reads base32 without padding (RFC 4648 section 6).
fn base32(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'2'..=b'7' => c - b'2' + 26,
            _ => panic!("{:?} is not a base32 character", char::from(c)),
        };
        bits = bits << 5 | u32::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 255) as u8);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SHA-1 rows of RFC 6238 appendix B, cut to six digits.
    #[test]
    fn codes_match_the_vectors_of_rfc_6238() {
        let authenticator = Authenticator::of_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(authenticator.secret, b"12345678901234567890");
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(authenticator.code_at(time), code);
        }
    }

    #[test]
    fn wrong_code_differs_from_every_live_code() {
        let authenticator = Authenticator::of_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        // The first step of this secret whose code is "000000", the first code that
        // `wrong_code_at` tries.
        let first = 349_495;
        assert_eq!(authenticator.code_of(first), "000000");
        for (away, wrong) in [(0, "000001"), (3, "000001"), (4, "000000")] {
            assert_eq!(authenticator.wrong_code_at((first - away) * STEP), wrong, "{away}");
            assert_eq!(authenticator.wrong_code_at((first + away) * STEP), wrong, "{away}");
        }
    }

    #[test]
    fn a_code_is_returned_once() {
        let mut authenticator = Authenticator::of_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let first = authenticator.code();
        assert_eq!(authenticator.same_code(), first);
        assert_ne!(authenticator.code(), first);
    }
}
