use hallpass_core::Role;
use hallpass_accounts::{PasswordAccepted, Proven, SignIn};

fn password_alone<R: Role>(sign_in: SignIn<R>, accepted: PasswordAccepted<R>) {
    let _ = sign_in.issuer().issue(&accepted, sign_in.clock().now());
}

fn proven_alone<R: Role>(sign_in: SignIn<R>, proven: Proven<R>) {
    let _ = sign_in.issuer().issue(&proven, sign_in.clock().now());
}

fn main() {}
