//! `hallpass totp`: an authenticator in the shell (RFC 6238).

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use hallpass_accounts::{Random, SystemRandom};
use hallpass_core::{
    OtpauthUri, TimeStep, Totp, TotpAlgorithm, TotpDigits, TotpSecret, TotpSettings, TotpSkew,
};
use serde_json::json;

use crate::{
    input,
    report::{CommandError, Report},
};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create a secret of 160 bits, and its otpauth:// link for an authenticator
    New {
        /// The site's name, as the authenticator shows it
        #[arg(long)]
        issuer: String,
        /// The account's name, as the authenticator shows it
        #[arg(long)]
        account: String,
        #[command(flatten)]
        shape: Shape,
    },
    /// Print the code
    Code {
        #[command(flatten)]
        secret: Secret,
        #[command(flatten)]
        shape: Shape,
        /// Unix time in seconds, instead of the current time
        #[arg(long)]
        now: Option<u64>,
    },
    /// Check the code on standard input; exits with 1 if the code is wrong
    Verify {
        #[command(flatten)]
        secret: Secret,
        #[command(flatten)]
        shape: Shape,
        /// Steps of 30 seconds that the code may be late: 0 or 1
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=1))]
        skew: u8,
        /// Unix time in seconds, instead of the current time
        #[arg(long)]
        now: Option<u64>,
    },
}

#[derive(clap::Args)]
pub(crate) struct Secret {
    /// A file with the secret, in base32 or as an otpauth:// link, which contains the algorithm and
    /// the digits; `-` for standard input
    #[arg(long)]
    secret: PathBuf,
    /// Accept a secret of 80 to 127 bits, which another site made
    #[arg(long)]
    accept_80_bits: bool,
}

#[derive(clap::Args)]
pub(crate) struct Shape {
    /// Hash algorithm: sha1 (supported by all authenticators), sha256 or sha512
    #[arg(long, default_value = "sha1", value_parser = ["sha1", "sha256", "sha512"])]
    algorithm: String,
    /// Number of digits: 6 or 8
    #[arg(long, default_value_t = 6, value_parser = digits)]
    digits: u8,
}

fn digits(text: &str) -> Result<u8, String> {
    match text {
        "6" => Ok(6),
        "8" => Ok(8),
        _ => Err("give 6 or 8".to_owned()),
    }
}

impl Shape {
    fn settings(&self, skew: u8) -> TotpSettings {
        let algorithm = match self.algorithm.as_str() {
            "sha256" => TotpAlgorithm::Sha256,
            "sha512" => TotpAlgorithm::Sha512,
            _ => TotpAlgorithm::Sha1,
        };
        let digits = if self.digits == 8 { TotpDigits::Eight } else { TotpDigits::Six };
        let skew = if skew == 0 { TotpSkew::None } else { TotpSkew::One };
        TotpSettings::default().algorithm(algorithm).digits(digits).skew(skew)
    }
}

impl Secret {
    fn totp(&self, shape: &Shape, skew: u8) -> Result<Totp, CommandError> {
        let text = input::secret(&self.secret, "the secret")?;
        let settings = shape.settings(skew);
        let settings =
            if self.accept_80_bits { settings.accept_80_bit_secrets() } else { settings };
        if text.starts_with("otpauth://") {
            return Ok(OtpauthUri::parse_with(&text, settings)?.into_totp());
        }
        Ok(Totp::new(settings.secret_from_base32(&text)?, settings))
    }
}

pub(crate) fn run(command: Command, report: Report) -> Result<ExitCode, CommandError> {
    match command {
        Command::New { issuer, account, shape } => {
            let mut random = [0; 20];
            SystemRandom.fill(&mut random)?;
            let secret = TotpSecret::from_random(random);
            let base32 = secret.to_base32().to_string();
            let uri = Totp::new(secret, shape.settings(1)).otpauth_uri(&issuer, &account)?;
            report.print(
                &format!("{base32}\n{uri}"),
                &json!({ "secret": base32, "otpauth_uri": uri }),
            )?;
        }
        Command::Code { secret, shape, now } => {
            let code = secret.totp(&shape, 0)?.code_at(input::moment(now));
            report.print(&code, &json!({ "code": *code }))?;
        }
        Command::Verify { secret, shape, skew, now } => {
            let totp = secret.totp(&shape, skew)?;
            let code = input::secret(&PathBuf::from("-"), "the code")?;
            let Ok(step) = totp.check(&code, input::moment(now)) else {
                report.print("wrong code", &json!({ "ok": false }))?;
                return Ok(ExitCode::FAILURE);
            };
            let step = TimeStep::as_u64(step);
            report.print(
                &format!("correct code, of time step {step}"),
                &json!({ "ok": true, "time_step": step }),
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
