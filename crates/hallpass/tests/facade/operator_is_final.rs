//! An operator's command is final: a person's own change that is in progress at the same moment
//! does not undo it.
//!
//! Each own change runs concurrently with each command (a role is set, the account is disabled or
//! logged out everywhere, the row of the account or of the session is deleted with SQL), on three
//! nodes with one database. Afterwards no node accepts a token that the command has revoked, no
//! access token has a role that the account's row does not have, and no session without a row is
//! refreshed.

mod command;
mod fleet;
mod own_change;
mod race;
mod repeated;
mod self_grant;
mod stops;
mod tally;

use std::sync::Arc;

use command::Command;
use fleet::{Fleet, RateLimitStore};
use own_change::OwnChange;
use tally::Tally;

/// The number of rounds of each pair of a change and a command, unless ROUNDS sets another number.
const ROUNDS: usize = 20;
const A_THOUSAND: usize = 1000;

fn rounds(default: usize) -> usize {
    std::env::var("ROUNDS").map_or(default, |rounds| rounds.parse().unwrap())
}

async fn races(fleet: Fleet, commands: &[Command], rounds: usize) {
    let (fleet, mut tallies) = (Arc::new(fleet), Vec::new());
    for command in commands {
        for change in OwnChange::ALL {
            tallies.push(race::race(&fleet, (change, *command), rounds).await);
        }
    }
    assert_final(&tallies);
    // If no change succeeded, or all of them did, no command ran during a change.
    assert!(tallies.iter().any(|tally| tally.made > 0), "no change came first");
    let refused = tallies.iter().any(|tally| tally.made < rounds);
    let must_be = commands.iter().any(|command| command.ends_the_session());
    assert!(refused || !must_be, "no command came first");
}

async fn stops(fleet: Fleet) {
    let (fleet, mut tallies) = (Arc::new(fleet), Vec::new());
    for command in Command::ALL {
        for change in OwnChange::ALL {
            tallies.push(stops::at_every_call(&fleet, (change, command)).await);
        }
    }
    assert_final(&tallies);
}

#[expect(clippy::print_stdout, reason = "prints the figures of each pair")]
fn assert_final(tallies: &[Tally]) {
    let table: String = tallies.iter().map(|tally| format!("{tally}\n")).collect();
    println!("{table}");
    assert!(tallies.iter().all(|tally| tally.wrong == 0), "a change undid a command:\n{table}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_role_change_is_final() {
    races(Fleet::on_sqlite(RateLimitStore::Wide).await, &[Command::SetRole], ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn disabling_is_final() {
    races(Fleet::on_sqlite(RateLimitStore::Wide).await, &[Command::Disable], ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn logging_out_everywhere_is_final() {
    races(Fleet::on_sqlite(RateLimitStore::Wide).await, &[Command::LogOut], ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_row_deleted_with_sql_is_final() {
    let commands = [Command::DeleteAccount, Command::DeleteSession];
    races(Fleet::on_sqlite(RateLimitStore::Wide).await, &commands, ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_command_between_any_two_steps_of_a_change_is_final() {
    stops(Fleet::on_sqlite(RateLimitStore::Wide).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "1,000 rounds of each pair take half an hour; ROUNDS sets the number"]
async fn every_command_is_final_a_thousand_times() {
    races(Fleet::on_sqlite(RateLimitStore::Wide).await, &Command::ALL, rounds(A_THOUSAND)).await;
}

/// The same tests on PostgreSQL, in a schema of their own. ROUNDS sets the number of rounds of each
/// pair.
#[cfg(feature = "postgres")]
mod on_postgres {
    use super::*;
    use crate::schema::Schema;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    #[ignore = "needs PostgreSQL: DATABASE_URL"]
    async fn every_command_is_final() {
        let schema = Schema::new().await;
        let fleet = Fleet::on_postgres(&schema, RateLimitStore::Wide).await;
        races(fleet, &Command::ALL, rounds(ROUNDS)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    #[ignore = "needs PostgreSQL: DATABASE_URL"]
    async fn a_command_between_any_two_steps_of_a_change_is_final() {
        let schema = Schema::new().await;
        stops(Fleet::on_postgres(&schema, RateLimitStore::Wide).await).await;
    }
}
