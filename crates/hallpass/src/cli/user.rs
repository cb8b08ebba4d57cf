//! `user`: lists, shows and changes accounts.

use std::{
    error::Error,
    io::{self, BufRead as _},
};

use clap::Subcommand;
use hallpass_accounts::{
    Account, AccountId, AccountsError, AccountsErrorKind, Session, SessionStore as _, Username,
};
use hallpass_core::{PublicOrigin, Role, RoleSet};
use hallpass_sqlx::{StoreError, StoreErrorKind};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    error::{CommandError, one_line},
    output::{Output, Status},
    site::{Engine, Site},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the accounts, ordered by user name; exits with 1 if a row cannot be read
    List {
        /// Begin after this user name
        #[arg(long, value_name = "NAME")]
        after: Option<String>,
        /// Maximum number of accounts
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Show an account and its sessions
    Show {
        /// The user name
        name: String,
    },
    /// Create an account, also with a reserved name; reads its password from standard input
    Create {
        /// The user name
        name: String,
        /// The roles of the account
        #[arg(value_name = "ROLE")]
        roles: Vec<String>,
    },
    /// Replace all roles of an account
    SetRole {
        /// The user name
        name: String,
        /// The roles that the account has afterwards
        #[arg(required_unless_present = "none", value_name = "ROLE")]
        roles: Vec<String>,
        /// Remove all roles
        #[arg(long, conflicts_with = "roles")]
        none: bool,
    },
    /// Replace all roles of an account by the role admin
    MakeAdmin {
        /// The user name
        name: String,
    },
    /// Accept the logins of a disabled account again
    Enable {
        /// The user name
        name: String,
    },
    /// End all sessions of an account, and reject its logins
    Disable {
        /// The user name
        name: String,
    },
    /// End all sessions of an account
    LogOut {
        /// The user name
        name: String,
    },
    /// Remove the second factor and the recovery codes of an account, and end all its sessions
    ResetFactor {
        /// The user name
        name: String,
    },
    /// Print a one-time link with which a person sets a new password, and end all sessions of the
    /// account
    ResetPassword {
        /// The user name
        name: String,
        /// The address of the site in the browser, if the program does not set it
        #[arg(long, value_name = "URL")]
        origin: Option<String>,
    },
}

pub(super) async fn run<R: Role>(
    command: Command,
    site: Site<R>,
    output: Output,
) -> Result<Status, CommandError> {
    let site = site.engine().await?;
    let commands = site.accounts.commands_of_operator();
    let done = match command {
        Command::List { after, limit } => return list(&site, after, limit, output).await,
        Command::Show { name } => return show(&site, &name, output).await,
        Command::Create { name, roles } => create(&site, &name, known_roles(&roles)?).await?,
        Command::SetRole { name, roles, none: _ } => {
            set_roles(&site, "user set-role", &name, known_roles(&roles)?).await?
        }
        Command::MakeAdmin { name } => {
            let admin = R::from_name("admin")
                .ok_or_else(|| CommandError::NoAdminRole { known: all_roles::<R>() })?;
            set_roles(&site, "user make-admin", &name, admin.into()).await?
        }
        Command::Enable { name } => {
            let account = site.find(&name).await?;
            commands.enable(account.id()).await.map_err(|error| site.failed(error))?;
            let text = format!("enabled {}", account.username());
            Done::new("user enable", text, account).effect("its logins are accepted")
        }
        Command::Disable { name } => {
            let account = site.find(&name).await?;
            commands.disable(account.id()).await.map_err(|error| site.failed(error))?;
            let text = format!("disabled {}", account.username());
            Done::new("user disable", text, account)
                .effect("its sessions are ended and its logins are rejected")
        }
        Command::LogOut { name } => {
            let account = site.find(&name).await?;
            commands.log_out_everywhere(account.id()).await.map_err(|error| site.failed(error))?;
            let text = format!("ended all sessions of {}", account.username());
            Done::new("user log-out", text, account)
        }
        Command::ResetFactor { name } => {
            let account = site.find(&name).await?;
            let reset = commands.reset_second_factor(account.id()).await;
            reset.map_err(|error| match error.kind() {
                AccountsErrorKind::AlreadyOff => {
                    CommandError::NoFactor { database: site.database.clone(), name }
                }
                _ => site.failed(error),
            })?;
            let text = format!("removed the second factor of {}", account.username());
            Done::new("user reset-factor", text, account)
                .effect("its sessions are ended, and it logs in with the password alone")
        }
        Command::ResetPassword { name, origin } => {
            return reset_password(&site, &name, origin.as_deref(), output).await;
        }
    };
    done.print(&site, output).await
}

/// Prints the link on standard output, which is not a log.
async fn reset_password<R: Role>(
    site: &Engine<R>,
    name: &str,
    origin: Option<&str>,
    output: Output,
) -> Result<Status, CommandError> {
    // A command that cannot print the link must not end the sessions.
    let given = origin.map(PublicOrigin::parse).transpose().map_err(CommandError::Origin)?;
    let origin = given.as_ref().or(site.accounts.public_origin());
    let origin = origin.ok_or(CommandError::NoOrigin)?;
    let account = site.find(name).await?;
    let commands = site.accounts.commands_of_operator();
    let link = commands.reset_password(account.id()).await.map_err(|error| site.failed(error))?;
    let (url, expires) = (link.url(origin), link.expires_at());
    let minutes = expires.since(site.accounts.store_now()).as_secs().div_ceil(60);
    let text = format!(
        "{}\nmade a link for a new password of {} in the database {}; its sessions are ended; the \
         link works once and for {minutes} minutes, hand it to nobody else",
        *url,
        account.username(),
        site.database
    );
    let now = site.find(account.username().as_str()).await?;
    let document = json!({
        "command": "user reset-password",
        "database": site.database,
        "account": document_of::<R>(&now),
        "link": *url,
        "expires": expires.as_secs(),
    });
    output.print(&text, &document)?;
    Ok(Status::Done)
}

/// A change that was made.
struct Done {
    command: &'static str,
    text: String,
    effect: Option<&'static str>,
    /// The account before the change.
    account: Account,
    roles_before: Option<Value>,
}

impl Done {
    fn new(command: &'static str, text: String, account: Account) -> Self {
        Self { command, text, effect: None, account, roles_before: None }
    }

    fn effect(self, effect: &'static str) -> Self {
        Self { effect: Some(effect), ..self }
    }

    /// Prints the change and the account as it is stored now.
    async fn print<R: Role>(
        self,
        site: &Engine<R>,
        output: Output,
    ) -> Result<Status, CommandError> {
        let now = site.find(self.account.username().as_str()).await?;
        let mut document = json!({
            "command": self.command,
            "database": site.database,
            "account": document_of::<R>(&now),
        });
        if let (Value::Object(members), Some(before)) = (&mut document, self.roles_before) {
            members.insert("roles_before".to_owned(), before);
        }
        let effect = self.effect.map(|effect| format!("; {effect}")).unwrap_or_default();
        let text = format!("{} in the database {}{effect}", self.text, site.database);
        output.print(&text, &document)?;
        Ok(Status::Done)
    }
}

async fn create<R: Role>(
    site: &Engine<R>,
    name: &str,
    roles: RoleSet<R>,
) -> Result<Done, CommandError> {
    let mut password = Zeroizing::new(String::new());
    io::stdin().lock().read_line(&mut password).map_err(CommandError::Password)?;
    let password = password.trim_end_matches(['\n', '\r']);
    let created = site.accounts.create_account(name, password, roles).await;
    created.map_err(|error| site.failed(error))?;
    let account = site.find(name).await?;
    Ok(Done::new("user create", format!("created {}", account.username()), account))
}

async fn set_roles<R: Role>(
    site: &Engine<R>,
    command: &'static str,
    name: &str,
    roles: RoleSet<R>,
) -> Result<Done, CommandError> {
    let account = site.find(name).await?;
    let commands = site.accounts.commands_of_operator();
    commands.set_roles(account.id(), roles).await.map_err(|error| site.failed(error))?;
    let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
    let text = format!(
        "set the roles of {} to {} (before: {})",
        account.username(),
        listed(&names),
        listed(account.roles())
    );
    let roles_before = Some(json!(account.roles()));
    Ok(Done { roles_before, ..Done::new(command, text, account) })
}

fn known_roles<R: Role>(names: &[String]) -> Result<RoleSet<R>, CommandError> {
    let role = |name: &String| {
        R::from_name(name).ok_or_else(|| CommandError::UnknownRole {
            name: name.clone(),
            known: all_roles::<R>(),
        })
    };
    names.iter().map(role).collect()
}

/// Returns the names of all roles of the site, for an error.
fn all_roles<R: Role>() -> String {
    R::ALL.iter().map(|role| role.name()).collect::<Vec<_>>().join(", ")
}

fn listed(names: &[impl AsRef<str>]) -> String {
    match names {
        [] => "no role".to_owned(),
        names => names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", "),
    }
}

fn unknown_roles<R: Role>(account: &Account) -> Vec<&str> {
    let roles = account.roles().iter().map(String::as_str);
    roles.filter(|role| R::from_name(role).is_none()).collect()
}

fn document_of<R: Role>(account: &Account) -> Value {
    json!({
        "id": account.id().as_str(),
        "username": account.username().as_str(),
        "roles": account.roles(),
        "unknown_roles": unknown_roles::<R>(account),
        "second_factor": account.second_factor().is_some(),
        "disabled": account.disabled(),
    })
}

fn text_of(account: &Account) -> String {
    let factor = account.second_factor().map_or("password only", |_| "two-factor");
    let state = if account.disabled() { ", disabled" } else { "" };
    format!("{}: {}, {factor}{state}", account.username(), listed(account.roles()))
}

async fn show<R: Role>(
    site: &Engine<R>,
    name: &str,
    output: Output,
) -> Result<Status, CommandError> {
    let account = site.find(name).await?;
    let now = site.accounts.store_now();
    let sessions = site.store.list(account.id(), now).await;
    let sessions = sessions.map_err(|error| site.store_failed(error))?;

    let mut lines = vec![text_of(&account), format!("id {}", account.id())];
    let unknown = unknown_roles::<R>(&account);
    if !unknown.is_empty() {
        lines.push(format!(
            "the roles {} are not in the program and grant nothing",
            unknown.join(", ")
        ));
    }
    lines.push(match sessions.len() {
        0 => "no session".to_owned(),
        1 => "1 session:".to_owned(),
        sessions => format!("{sessions} sessions:"),
    });
    let ago = |session: &Session| now.as_secs().saturating_sub(session.refreshed.as_secs()) / 60;
    lines.extend(sessions.iter().map(|session| {
        format!("  {}, {}, active {} minutes ago", session.id, session.device, ago(session))
    }));
    let document = json!({
        "command": "user show",
        "database": site.database,
        "account": document_of::<R>(&account),
        "sessions": sessions.iter().map(session_document).collect::<Vec<_>>(),
    });
    output.print(&lines.join("\n"), &document)?;
    Ok(Status::Done)
}

fn session_document(session: &Session) -> Value {
    json!({
        "id": session.id.to_string(),
        "browser": session.device,
        "created": session.created.as_secs(),
        "last_active": session.refreshed.as_secs(),
        "expires": session.expires.as_secs(),
    })
}

async fn list<R: Role>(
    site: &Engine<R>,
    after: Option<String>,
    limit: u32,
    output: Output,
) -> Result<Status, CommandError> {
    let key = |name: String| Username::parse(&name).map_or(name, |name| name.key().to_owned());
    let mut after = after.map(key).unwrap_or_default();
    let mut rows = Vec::new();
    let is_last = loop {
        let missing = limit - u32::try_from(rows.len()).unwrap_or(limit);
        if missing == 0 {
            break page(site, &after, 1).await?.is_empty();
        }
        let wanted = missing.min(PAGE);
        let page = page(site, &after, wanted).await?;
        let Some(last) = page.last() else { break true };
        after.clone_from(&last.key);
        let is_short = page.len() < wanted as usize;
        rows.extend(page);
        if is_short {
            break true;
        }
    };
    let next = (!is_last).then_some(after);

    let mut lines: Vec<_> = rows.iter().map(Row::text).collect();
    if rows.is_empty() {
        lines.push(format!("no account (database {})", site.database));
    }
    if let Some(next) = &next {
        lines.push(format!("more accounts follow: user list --after {next}"));
    }
    let accounts: Vec<_> = rows.iter().filter_map(|row| row.account.as_ref().ok()).collect();
    let unreadable: Vec<_> = rows.iter().filter_map(Row::unreadable).collect();
    let document = json!({
        "command": "user list",
        "database": site.database,
        "accounts": accounts.iter().map(|account| document_of::<R>(account)).collect::<Vec<_>>(),
        "unreadable": unreadable,
        "next": next,
    });
    output.print(&lines.join("\n"), &document)?;
    Ok(Status::failed_if(!unreadable.is_empty()))
}

/// A line of the list.
struct Row {
    id: AccountId,
    key: String,
    /// The account, or the reason that it cannot be read.
    account: Result<Account, String>,
}

impl Row {
    fn text(&self) -> String {
        match &self.account {
            Ok(account) => text_of(account),
            Err(reason) => format!("the account with the id {} is not readable: {reason}", self.id),
        }
    }

    fn unreadable(&self) -> Option<Value> {
        let reason = self.account.as_ref().err()?;
        Some(json!({ "id": self.id.as_str(), "reason": reason }))
    }
}

/// Returns the rows after this key. One row that cannot be read must not hide the others
/// (`an_unreadable_row_does_not_stop_the_list`), so a page with such a row is read row by row.
async fn page<R: Role>(
    site: &Engine<R>,
    after: &str,
    limit: u32,
) -> Result<Vec<Row>, CommandError> {
    let name = Username::parse(after).ok().filter(|name| name.key() == after);
    // The key of an unreadable row may not be a user name.
    if after.is_empty() || name.is_some() {
        match site.accounts.accounts(name.as_ref(), limit).await {
            Ok(accounts) => return Ok(accounts.into_iter().map(Row::from).collect()),
            Err(error) if is_corrupt(&error) => {}
            Err(error) => return Err(site.failed(error)),
        }
    }
    let stored = site.store.stored_accounts(after, limit).await;
    let stored = stored.map_err(|error| site.store_failed(error))?;
    let row = |row: hallpass_sqlx::StoredAccount| Row {
        id: row.id,
        key: row.key,
        account: row.account.map_err(|error| one_line(&error)),
    };
    Ok(stored.into_iter().map(row).collect())
}

impl From<Account> for Row {
    fn from(account: Account) -> Self {
        let (id, key) = (account.id().clone(), account.username().key().to_owned());
        Self { id, key, account: Ok(account) }
    }
}

fn is_corrupt(error: &AccountsError) -> bool {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes
        .filter_map(|cause| cause.downcast_ref::<StoreError>())
        .any(|error| error.kind() == StoreErrorKind::Corrupt)
}

/// Accounts per query.
const PAGE: u32 = 200;
