//! `doctor`: checks the installation. Each check has a name, a state, one line and, if the state is
//! not ok, a fix.
//!
//! A check changes nothing that a site notices. A new check is a function in a file of the folder,
//! and a line in [`check_all`]. The names are part of the JSON document, so they do not change.

mod accounts;
mod keys;
mod store;

use std::error::Error;

use hallpass_accounts::AccountStore;
use hallpass_core::Role;
use hallpass_sqlx::SqlStore;
use serde_json::{Value, json};

use super::{
    error::{CommandError, one_line},
    output::{Output, Status},
    site::Site,
};
use crate::builder::HallpassBuilder;

/// The result of a check.
#[derive(Debug)]
pub(super) struct Check {
    name: &'static str,
    state: State,
    text: String,
    fix: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum State {
    Ok,
    Warn,
    Fail,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

impl Check {
    fn ok(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, state: State::Ok, text: text.into(), fix: None }
    }

    /// The site works, and somebody should look at it.
    fn warn(name: &'static str, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, state: State::Warn, text: text.into(), fix: Some(fix.into()) }
    }

    /// The site does not start, rejects requests or is not secure.
    fn fail(name: &'static str, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, state: State::Fail, text: text.into(), fix: Some(fix.into()) }
    }

    fn failed(name: &'static str, error: &(dyn Error + 'static), fix: impl Into<String>) -> Self {
        Self::fail(name, one_line(error), fix)
    }

    fn line(&self) -> String {
        let (state, name) = (self.state.as_str(), self.name);
        let fix = self.fix.as_ref().map(|fix| format!("; fix: {fix}")).unwrap_or_default();
        format!("{state:<5} {name:<16} {}{fix}", self.text)
    }

    fn document(&self) -> Value {
        let Self { name, state, text, fix } = self;
        json!({ "name": name, "state": state.as_str(), "text": text, "fix": fix })
    }
}

pub(super) async fn run<R, S, E>(
    url: &str,
    site: impl AsyncFnOnce(SqlStore) -> Result<HallpassBuilder<R, S>, E>,
    output: Output,
) -> Result<Status, CommandError>
where
    R: Role,
    S: AccountStore,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let (database, checks) = match SqlStore::open_existing(url).await {
        Ok(store) => {
            let database = store.location();
            let checks = match Site::on(store.clone(), site).await {
                Ok(site) => check_all(site).await,
                Err(error) => {
                    let fix = "correct the settings of the program";
                    let settings = Check::failed("settings", &error, fix);
                    vec![settings, store::reachable(&store).await, store::schema(&store).await]
                }
            };
            store.close().await;
            (Some(database), checks)
        }
        Err(error) => {
            let fix = "start the database, or correct its address in the settings";
            (None, vec![Check::failed("store", &error, fix)])
        }
    };
    let worst = checks.iter().map(|check| check.state).max().unwrap_or(State::Ok);
    let lines: Vec<_> = checks.iter().map(Check::line).collect();
    let document = json!({
        "command": "doctor",
        "database": database,
        "state": worst.as_str(),
        "checks": checks.iter().map(Check::document).collect::<Vec<_>>(),
    });
    output.print(&lines.join("\n"), &document)?;
    Ok(Status::failed_if(worst == State::Fail))
}

async fn check_all<R: Role>(site: Site<R>) -> Vec<Check> {
    let mut checks = vec![
        store::reachable(&site.store).await,
        store::pooler(&site.store),
        store::schema(&site.store).await,
        keys::file(&site),
        keys::age(&site),
        accounts::roles::<R>(&site.store).await,
        store::revocation_log(&site).await,
    ];
    checks.extend(store::with_keys(site).await);
    checks
}
