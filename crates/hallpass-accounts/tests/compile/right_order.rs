use hallpass_core::{Access, Role, Token};
use hallpass_accounts::{NextStep, Accounts, AccountsError, Visitor};

async fn log_in<R: Role>(accounts: Accounts<R>, code: &str) -> Result<Option<Token<Access>>, AccountsError> {
    let visitor = Visitor::default();
    let accepted = accounts.accept_password("alice", "password", &visitor).await?;
    let authenticated = match accepted.next().await {
        NextStep::Nothing(authenticated) => authenticated,
        NextStep::SecondFactor(due) => due.accept_code(code).await?,
        NextStep::Enrolment(_) => return Ok(None),
    };
    let logged_in = authenticated.open_session(&visitor).await?;
    Ok(accounts.issuer().issue(&logged_in, accounts.now()).ok())
}

fn main() {}
