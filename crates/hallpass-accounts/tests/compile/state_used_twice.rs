use hallpass_core::Role;
use hallpass_accounts::FactorDue;

async fn guess_again<R: Role>(due: FactorDue<R>) {
    let _ = due.accept_code("000000").await;
    let _ = due.accept_code("000001").await;
}

fn main() {}
