//! The rules for tokens of one kind: signature, issuer, audience, times and revocation.

use std::{sync::Arc, time::Duration};

use crate::{
    keys::{handle::Keys, key::Key, key_ring::KeyRing, signature::TokenType},
    revocation::{
        list::RevocationList,
        outcome::{RevokedKind, TokenFacts},
    },
    time::{clock::MAX_CLOCK_SKEW, unix_time::UnixTime},
    token::{
        claim_reader::ClaimReader,
        claim_scanner, claim_writer,
        claims::{Claims, RoleBit, Times},
        error::TokenErrorKind,
        opener::{PayloadBuffer, TokenOpener},
    },
};

/// The rules for tokens of one kind, without the type of the role enum.
#[derive(Clone)]
pub(crate) struct TokenRules {
    pub(crate) opener: TokenOpener,
    pub(crate) keys: Keys,
    pub(crate) issuer: Box<str>,
    pub(crate) audience: Box<str>,
    opening: Box<str>,
    role_bit: RoleBit,
    pub(crate) integer_user_id: bool,
    pub(crate) user_id_from_sub: bool,
    pub(crate) max_lifetime: Duration,
    pub(crate) revocation: Option<RevocationList>,
}

impl TokenRules {
    pub(crate) fn new(
        typ: TokenType,
        keys: Keys,
        issuer: String,
        audience: String,
        role_bit: RoleBit,
    ) -> Self {
        let opening = claim_writer::opening(&issuer, &audience);
        Self {
            opener: TokenOpener::new(typ, &opening),
            keys,
            opening: opening.into(),
            issuer: issuer.into(),
            audience: audience.into(),
            role_bit,
            integer_user_id: false,
            user_id_from_sub: false,
            max_lifetime: LONGEST_LIFE,
            revocation: None,
        }
    }

    /// Returns the claims of a token that meets every rule with a key of this ring, the JSON of the
    /// claims, and the key. `K` is the kind that the rules are for.
    #[inline(always)]
    pub(crate) fn check<'b, 'r, K>(
        &self,
        ring: &'r KeyRing,
        token: &[u8],
        now: UnixTime,
        buffer: &'b mut PayloadBuffer,
    ) -> Result<(Claims<'b, K>, &'b str, &'r Arc<Key>), TokenErrorKind> {
        let (payload, key) = self.opener.open(ring, token, now, buffer).inspect_err(|kind| {
            if *kind == TokenErrorKind::UnknownKey {
                self.note_unknown_key(token);
            }
        })?;
        let json = std::str::from_utf8(payload).map_err(|_| TokenErrorKind::Claims)?;
        let claims = match claim_scanner::scan(json, &self.opening, self.role_bit) {
            Some(claims) => claims,
            None => self.reader().read(json)?.of_kind(),
        };
        self.check_times(&claims.times, now)?;
        self.check_revocation(|| claims.for_revocation(), now)?;
        Ok((claims, json, key))
    }

    #[cold]
    fn note_unknown_key(&self, token: &[u8]) {
        if let Some(id) = self.opener.named_key(token) {
            self.keys.note_unknown(id);
        }
    }

    fn reader(&self) -> ClaimReader<'_> {
        ClaimReader {
            issuer: &self.issuer,
            audience: &self.audience,
            role_bit: self.role_bit,
            integer_user_id: self.integer_user_id,
            user_id_from_sub: self.user_id_from_sub,
        }
    }

    /// Checks the times, and the lifetime against the maximum.
    pub(crate) fn check_times(&self, times: &Times, now: UnixTime) -> Result<(), TokenErrorKind> {
        check_valid_at(times, now)?;
        // Without an `iat`, the token was issued at the latest now by the issuer's clock, so the
        // remaining lifetime is the minimum of the whole lifetime.
        let begin = times.issued_at.unwrap_or(now.saturating_add(MAX_CLOCK_SKEW));
        if times.expires_at.since(begin) > self.max_lifetime {
            return Err(TokenErrorKind::LifetimeTooLong);
        }
        Ok(())
    }

    /// Checks the revocation list, if there is one. `token` is called only in that case.
    pub(crate) fn check_revocation<'t>(
        &self,
        token: impl FnOnce() -> TokenFacts<'t>,
        now: UnixTime,
    ) -> Result<(), TokenErrorKind> {
        if let Some(revocations) = &self.revocation {
            revocations
                .check(&token(), now)
                .map_err(|revoked| TokenErrorKind::from(revoked.kind()))?;
        }
        Ok(())
    }
}

impl From<RevokedKind> for TokenErrorKind {
    fn from(kind: RevokedKind) -> Self {
        match kind {
            RevokedKind::Stale => Self::Stale,
            RevokedKind::NewerEpoch | RevokedKind::Outdated => Self::Unavailable,
            _ => Self::Revoked,
        }
    }
}

/// Checks that the token is valid at `now` (RFC 7519 sections 4.1.4 to 4.1.6, OpenID Connect Core
/// section 2).
///
/// A token is expired at `exp`, not after it. The other times may be up to [`MAX_CLOCK_SKEW`] in
/// the future: tested in `tests/core/times.rs`.
pub(crate) fn check_valid_at(times: &Times, now: UnixTime) -> Result<(), TokenErrorKind> {
    if now >= times.expires_at {
        return Err(TokenErrorKind::Expired);
    }
    let latest = now.saturating_add(MAX_CLOCK_SKEW);
    let begins = [times.not_before, times.issued_at, times.authenticated_at];
    if begins.into_iter().flatten().any(|begin| begin > latest) {
        return Err(TokenErrorKind::NotYetValid);
    }
    Ok(())
}

/// The default maximum lifetime, 24 hours: see
/// [`Verifier::max_lifetime`](crate::Verifier::max_lifetime).
pub(crate) const LONGEST_LIFE: Duration = Duration::from_secs(86_400);
