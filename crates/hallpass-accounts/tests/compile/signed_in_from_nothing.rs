use hallpass_core::Role;
use hallpass_accounts::{Account, Authenticated, Accounts};

fn invent<R: Role>(accounts: Accounts<R>, account: Account) -> Authenticated<R> {
    Authenticated { accounts, account }
}

fn copy<R: Role>(authenticated: &Authenticated<R>) -> Authenticated<R> {
    Authenticated::clone(authenticated)
}

fn main() {}
