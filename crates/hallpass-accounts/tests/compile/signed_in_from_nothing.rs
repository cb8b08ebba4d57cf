use hallpass_core::Role;
use hallpass_accounts::{Account, Proven, SignIn};

fn invent<R: Role>(sign_in: SignIn<R>, account: Account) -> Proven<R> {
    Proven { sign_in, account }
}

fn copy<R: Role>(proven: &Proven<R>) -> Proven<R> {
    Proven::clone(proven)
}

fn main() {}
