use hallpass_core::Role;
use hallpass_accounts::{PasswordAccepted, Authenticated, Accounts};

fn password_alone<R: Role>(accounts: Accounts<R>, accepted: PasswordAccepted<R>) {
    let _ = accounts.issuer().issue(&accepted, accounts.now());
}

fn proven_alone<R: Role>(accounts: Accounts<R>, authenticated: Authenticated<R>) {
    let _ = accounts.issuer().issue(&authenticated, accounts.now());
}

fn main() {}
