use hallpass_core::Role;
use hallpass_accounts::MfaRequired;

async fn guess_again<R: Role>(due: MfaRequired<R>) {
    let _ = due.accept_code("000000").await;
    let _ = due.accept_code("000001").await;
}

fn main() {}
