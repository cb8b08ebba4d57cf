//! What a token of one kind must satisfy: signature, issuer, audience, time, and not being torn up.

use std::time::Duration;

use crate::{
    Keys, RevocationView, TokenErrorKind, TokenFacts, UnixTime,
    claim_reader::ClaimReader,
    claim_scanner,
    claim_set::{ClaimSet, RoleBit},
    claim_writer,
    token_kind::TokenKind,
    token_opener::{PayloadBuffer, TokenOpener},
};

/// What a token of one kind must satisfy, without the type of the role enum.
#[derive(Clone)]
pub(crate) struct TokenRules {
    pub(crate) opener: TokenOpener,
    pub(crate) keys: Keys,
    pub(crate) issuer: Box<str>,
    pub(crate) audience: Box<str>,
    opening: Box<str>,
    role_bit: RoleBit,
    pub(crate) integer_user_id: bool,
    pub(crate) leeway: Duration,
    pub(crate) max_lifetime: Duration,
    pub(crate) revocation: Option<RevocationView>,
}

impl TokenRules {
    pub(crate) fn new(kind: TokenKind, keys: Keys, issuer: String, audience: String, role_bit: RoleBit) -> Self {
        Self {
            opener: TokenOpener::new(kind),
            keys,
            opening: claim_writer::opening(&issuer, &audience).into(),
            issuer: issuer.into(),
            audience: audience.into(),
            role_bit,
            integer_user_id: false,
            leeway: Duration::ZERO,
            max_lifetime: LONGEST_LIFE,
            revocation: None,
        }
    }

    /// The claims of a token that satisfies every rule, and the JSON that they were read from.
    pub(crate) fn check<'b>(
        &self,
        token: &[u8],
        now: UnixTime,
        buffer: &'b mut PayloadBuffer,
    ) -> Result<(ClaimSet<'b>, &'b str), TokenErrorKind> {
        let payload = self.opener.open(&self.keys.borrow(), token, now, buffer)?;
        let json = std::str::from_utf8(payload).map_err(|_| TokenErrorKind::Claims)?;
        let claims = match claim_scanner::scan(json, &self.opening, self.role_bit) {
            Some(claims) => claims,
            None => self.reader().read(json)?,
        };
        self.check_times(&claims, now)?;
        self.check_revocation(&claims, now)?;
        Ok((claims, json))
    }

    fn reader(&self) -> ClaimReader<'_> {
        ClaimReader {
            issuer: &self.issuer,
            audience: &self.audience,
            role_bit: self.role_bit,
            integer_user_id: self.integer_user_id,
        }
    }

    /// RFC 7519 sections 4.1.4 to 4.1.6. A token is dead at `exp`, not after it.
    fn check_times(&self, claims: &ClaimSet<'_>, now: UnixTime) -> Result<(), TokenErrorKind> {
        if now >= claims.expires_at.saturating_add(self.leeway) {
            return Err(TokenErrorKind::Expired);
        }
        let latest = now.saturating_add(self.leeway);
        let begins = [claims.not_before, claims.issued_at, claims.authenticated_at];
        if begins.into_iter().flatten().any(|begin| begin > latest) {
            return Err(TokenErrorKind::NotYetValid);
        }
        // Without an `iat` what is left of the life is the least that it can have been.
        let begin = claims.issued_at.unwrap_or(latest);
        if claims.expires_at.since(begin) > self.max_lifetime {
            return Err(TokenErrorKind::LifetimeTooLong);
        }
        Ok(())
    }

    fn check_revocation(&self, claims: &ClaimSet<'_>, now: UnixTime) -> Result<(), TokenErrorKind> {
        let Some(view) = &self.revocation else {
            return Ok(());
        };
        let token = TokenFacts {
            user_id: &claims.user_id,
            generation: claims.generation,
            session: claims.session.as_deref(),
            expires_at: claims.expires_at,
        };
        let _live = view.check(&token, now).map_err(|_| TokenErrorKind::Revoked)?;
        Ok(())
    }
}

/// A day; [`Verifier::max_lifetime`](crate::Verifier::max_lifetime) says why.
pub(crate) const LONGEST_LIFE: Duration = Duration::from_secs(86_400);
