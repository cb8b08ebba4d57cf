//! The way of an account that must have a second factor and has none: from the password to the enrolment page, and from the first
//! right code there to a session.

use std::fmt;

use hallpass_core::{EnrolmentToken, Methods, Role};

use crate::{
    account::{
        Account, AccountId,
        own_change::{Actor, OwnChange},
    },
    event::Event,
    login::{opened::Opened, proven::Proven},
    random::{Random, draw},
    rate_limit::limits::Counted,
    session::session_id::SessionId,
    sign_in::SignIn,
    sign_in_error::{SignInError, SignInErrorKind},
    store::UNAVAILABLE,
    two_factor::{recovery_code::RecoveryCode, second_factor::SetUp},
    visitor::Visitor,
};

/// Proof that the password was given, of an account that must set up a second factor before anything else.
#[must_use]
pub struct EnrolmentDue<R> {
    sign_in: SignIn<R>,
    account: Account,
    counted: Counted,
}

/// An enrolment under way: the token that the password led to was shown, and the account is as it was.
#[must_use]
pub struct Enrolling<R> {
    sign_in: SignIn<R>,
    account: Account,
    /// The random name of this enrolment, which the key shown depends on.
    session: String,
}

impl<R: Role> EnrolmentDue<R> {
    pub(crate) fn new(sign_in: SignIn<R>, account: Account, counted: Counted) -> Self {
        Self { sign_in, account, counted }
    }

    /// Ends this request with a token that opens the enrolment page for a quarter of an hour, and nothing else.
    ///
    /// # Errors
    /// [`Unavailable`](SignInErrorKind::Unavailable) when it cannot be signed.
    pub async fn wait(self) -> Result<EnrolmentToken, SignInError> {
        let Self { sign_in, account, counted } = self;
        // All that the account can show was right.
        sign_in.limits().succeeded(sign_in.stores(), counted, sign_in.now()).await;
        sign_in.enrolment_token(&account)
    }
}

impl<R: Role> Enrolling<R> {
    /// What to put into the authenticator. Nothing has been written.
    ///
    /// # Errors
    /// [`Unavailable`](SignInErrorKind::Unavailable) without a sealing key.
    pub fn set_up(&self) -> Result<SetUp, SignInError> {
        self.sign_in.set_up_of(&self.account, Some(&self.session))
    }

    /// Turns the second factor on by its first right code, which is spent with it, and signs in. Answers the recovery codes, to be
    /// shown once.
    ///
    /// # Errors
    /// As [`enable_two_factor`](SignIn::enable_two_factor).
    pub async fn accept_first_code(
        &self,
        code: &str,
        visitor: &Visitor<'_>,
    ) -> Result<(Vec<RecoveryCode>, Opened), SignInError> {
        let Self { sign_in, account, session } = self;
        let counted = sign_in.count_own(account, None).await?;
        let actor = Actor::new(account.id().clone(), account.generation(), None);
        let own = OwnChange::new(actor, sign_in.latest());
        let live = sign_in.go_live(account, Some(session), own, code, &counted).await?;
        let Some((codes, account)) = live else {
            return Err(SignInErrorKind::SignedOut.into());
        };
        sign_in.generation_raised(account.id(), account.generation());
        let methods = Methods::PASSWORD | Methods::ONE_TIME_CODE;
        let proven = Proven::new(sign_in.clone(), account, counted, methods);
        Ok((codes, sign_in.opened(proven, visitor).await?))
    }
}

impl<R: Role> SignIn<R> {
    /// Takes up an enrolment.
    ///
    /// # Errors
    /// [`SignedOut`](SignInErrorKind::SignedOut) for a token that is forged or over, and where the account has changed since the
    /// password.
    pub async fn enrolling(&self, token: &[u8]) -> Result<Enrolling<R>, SignInError> {
        let pending = self.issuer().open_enrolment(token, self.now()).map_err(|_| SignInErrorKind::SignedOut)?;
        let id = AccountId::new(pending.user_id());
        let account = self.stores().ask("find account", self.stores().accounts.by_id(&id)).await?;
        let alive = |account: &Account| {
            !account.disabled() && account.generation() == pending.generation() && account.second_factor().is_none()
        };
        let account = account.filter(alive).ok_or(SignInErrorKind::SignedOut)?;
        Ok(Enrolling { sign_in: self.clone(), account, session: pending.session().to_owned() })
    }

    pub(crate) fn enrolment_token(&self, account: &Account) -> Result<EnrolmentToken, SignInError> {
        self.events().happened(Event::EnrolmentDue { account: account.id().clone() });
        let session = fresh_name(self.random())?;
        let token = self.issuer().issue_enrolment(account.id().as_str(), account.generation(), &session, self.now());
        token.map_err(|error| {
            tracing::error!(target: "hallpass", %error, "an enrolment token could not be signed");
            UNAVAILABLE
        })
    }
}

/// 128 random bits as text.
pub(crate) fn fresh_name(random: &dyn Random) -> Result<String, SignInError> {
    draw(random).map(|bytes| SessionId::from_random(bytes).to_string()).map_err(|_| UNAVAILABLE)
}

impl<R> fmt::Debug for EnrolmentDue<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EnrolmentDue").field(self.account.id()).finish()
    }
}

impl<R> fmt::Debug for Enrolling<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Enrolling").field(self.account.id()).finish()
    }
}
