//! The changes that people make to their own accounts.

use hallpass::flow::FactorOff;
use hallpass::flow::Proof;
use hallpass::flow::TwoFactor;
use hallpass::store::RecoveryCode;
use hallpass::totp::{Totp, TotpSettings};
use hallpass::{AccountsError, Clock, Hallpass, SystemClock};

use super::fleet::{Fleet, Held, PASSWORD, Person};
use crate::site::SiteRole;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OwnChange {
    Password,
    FactorOff,
    FactorOn,
    NewCodes,
    EndOthers,
    EndOne,
}

/// A person who is about to make the change.
#[derive(Clone)]
pub(super) struct Ready {
    pub(super) person: Person,
    /// A second session of the person, if the change requires one.
    pub(super) other: Option<Held>,
    /// The generation of the account and of the person's access token.
    pub(super) generation: u32,
    /// The person's session.
    pub(super) session: String,
    /// The input of the person: a code, or the id of the session to end.
    typed: String,
}

impl OwnChange {
    pub(super) const ALL: [Self; 6] = {
        use OwnChange::*;
        [Password, FactorOff, FactorOn, NewCodes, EndOthers, EndOne]
    };

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Password => "change the password",
            Self::FactorOff => "factor off",
            Self::FactorOn => "factor on",
            Self::NewCodes => "new recovery codes",
            Self::EndOthers => "end other sessions",
            Self::EndOne => "end one session",
        }
    }

    /// Registers a person at a node and prepares everything that the change needs.
    pub(super) async fn ready(self, fleet: &Fleet, node: usize) -> Ready {
        let mut person = fleet.register(node).await;
        let here = &fleet.nodes[node];
        let (mut typed, mut other) = (String::new(), None);
        match self {
            Self::Password => {}
            Self::FactorOn => typed = first_code(here, &person).await,
            Self::FactorOff | Self::NewCodes => {
                let code = first_code(here, &person).await;
                let (codes, tokens) = enable(here, &person, &code).await.unwrap();
                codes[0].as_str().clone_into(&mut typed);
                person.tokens = tokens;
            }
            Self::EndOthers => other = Some(fleet.log_in(node, &person).await),
            Self::EndOne => {
                let held = fleet.log_in(node, &person).await;
                fleet.accepted(&held.access)[0].session.clone_into(&mut typed);
                other = Some(held);
            }
        }
        fleet.caught_up().await;
        let accepted = fleet.accepted(&person.tokens.access);
        assert_eq!(accepted.len(), fleet.nodes.len(), "every node accepts a fresh token");
        assert_eq!(accepted[0].roles, ["admin"]);
        let session = accepted[0].session.clone();
        Ready { other, generation: accepted[0].generation, session, typed, person }
    }

    /// Makes the change at a node, with the person's access token. Returns the new tokens of the
    /// session, if the change issues any. Returns `None` if the node does not accept the access
    /// token.
    pub(super) async fn make(
        self,
        node: &Hallpass<SiteRole>,
        ready: &Ready,
    ) -> Option<Result<Option<Held>, AccountsError>> {
        let (accounts, typed) = (node.accounts(), ready.typed.as_str());
        let access = ready.person.tokens.access.as_bytes();
        let who = node.request_authenticator().verifier().verify(access, accounts.now()).ok()?;
        let some = |tokens| Some(Held::from(tokens));
        let proof = proof_of(&ready.person.tokens);
        Some(match self {
            Self::Password => {
                let new = "another horse battery staple";
                accounts.change_password(&who, &proof, new).await.map(some)
            }
            Self::FactorOff => {
                match accounts.disable_two_factor(&who, &proof.with_code(Some(typed))).await {
                    Ok(FactorOff::GoesOn(tokens)) => Ok(some(tokens)),
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => Err(error),
                }
            }
            Self::FactorOn => {
                let enabled = accounts.enable_two_factor(&who, &proof, typed).await;
                enabled.map(|(_codes, tokens)| some(tokens))
            }
            Self::NewCodes => accounts
                .replace_recovery_codes(&who, &proof.with_code(Some(typed)))
                .await
                .map(|_| None),
            Self::EndOthers => accounts.end_other_sessions(&who, &proof).await.map(some),
            Self::EndOne => accounts.end_session(&who, &proof, typed).await.map(|()| None),
        })
    }
}

/// The password, with the refresh token of the session.
fn proof_of(tokens: &Held) -> Proof<'_> {
    let refresh = tokens.refresh.as_deref().map(str::as_bytes);
    Proof::of_password(PASSWORD).with_refresh(refresh)
}

async fn first_code(node: &Hallpass<SiteRole>, person: &Person) -> String {
    let access = person.tokens.access.as_bytes();
    let who = node.request_authenticator().verifier().verify(access, SystemClock.now()).unwrap();
    let TwoFactor::Off(set_up) = node.accounts().two_factor(&who).await.unwrap() else {
        panic!("a new account has no second factor")
    };
    Totp::new(set_up.secret, TotpSettings::default()).code_at(SystemClock.now())
}

async fn enable(
    node: &Hallpass<SiteRole>,
    person: &Person,
    code: &str,
) -> Result<(Vec<RecoveryCode>, Held), AccountsError> {
    let access = person.tokens.access.as_bytes();
    let who = node.request_authenticator().verifier().verify(access, SystemClock.now()).unwrap();
    let (codes, tokens) =
        node.accounts().enable_two_factor(&who, &proof_of(&person.tokens), code).await?;
    Ok((codes, tokens.into()))
}
