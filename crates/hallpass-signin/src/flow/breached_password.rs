//! Asking the service that knows breached passwords, where a site has one.

use hallpass_core::Role;

use crate::{
    breached::Breach,
    password_policy::{AcceptablePassword, PasswordError},
    sign_in::SignIn,
    sign_in_error::{SignInError, SignInErrorKind},
};

impl<R: Role> SignIn<R> {
    /// Refuses a password that the service knows. Asked after the attempt was counted: nobody orders requests to it without limit.
    pub(super) async fn refuse_breached(&self, password: &AcceptablePassword) -> Result<(), SignInError> {
        let Some(service) = &self.stores().breached else {
            return Ok(());
        };
        let found = service.look_up(password.password().as_str());
        match self.stores().within_bound(found).await {
            Ok(Breach::Unknown) => Ok(()),
            Ok(Breach::Known) => Err(SignInErrorKind::Password(PasswordError::Common).into()),
            Err(fault) => {
                tracing::warn!(target: "hallpass", error = %fault, "breached passwords could not be looked up");
                Ok(())
            }
        }
    }
}
