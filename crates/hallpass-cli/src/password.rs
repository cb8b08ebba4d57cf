//! `hallpass password`: argon2id hashes as the login writes and checks them, for imports and for a
//! first administrator.

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use hallpass_accounts::{
    HashCost, HashError, Password, Random, SystemRandom, check_password, hash_password,
};
use serde_json::json;

use crate::{
    input,
    report::{CommandError, Report},
};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Print the hash of the password, as a PHC string
    Hash {
        #[command(flatten)]
        password: PasswordFile,
        #[command(flatten)]
        cost: Cost,
    },
    /// Check the password against a hash; exits with 1 if the password is wrong
    Verify {
        #[command(flatten)]
        password: PasswordFile,
        /// A file with the hash, as a PHC string
        #[arg(long)]
        hash: PathBuf,
    },
}

#[derive(clap::Args)]
pub(crate) struct PasswordFile {
    /// A file with the password on one line; standard input by default
    #[arg(long, default_value = "-")]
    password: PathBuf,
}

#[derive(clap::Args)]
pub(crate) struct Cost {
    /// Memory, in KiB
    #[arg(long, default_value_t = HashCost::default().memory_kib())]
    memory_kib: u32,
    /// Number of passes over the memory
    #[arg(long, default_value_t = HashCost::default().passes())]
    passes: u32,
    /// Number of lanes
    #[arg(long, default_value_t = HashCost::default().lanes())]
    lanes: u32,
}

pub(crate) fn run(command: Command, report: Report) -> Result<ExitCode, CommandError> {
    match command {
        Command::Hash { password, cost } => {
            let password = Password::typed(&input::secret(&password.password, "the password")?);
            let mut salt = [0; 16];
            SystemRandom.fill(&mut salt)?;
            let cost = HashCost::new(cost.memory_kib, cost.passes, cost.lanes);
            let hash = hash_password(&password, salt, cost)?;
            report.print(&hash, &json!({ "hash": hash }))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Verify { password, hash } => {
            let hash = input::secret(&hash, "the hash")?;
            let password = Password::typed(&input::secret(&password.password, "the password")?);
            let right = match check_password(&password, &hash) {
                Ok(_) => true,
                Err(HashError::Wrong) => false,
                Err(error) => return Err(error.into()),
            };
            report.print(
                if right { "correct password" } else { "wrong password" },
                &json!({ "ok": right }),
            )?;
            Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}
