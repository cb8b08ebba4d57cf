//! The address of a database: the parameters of hallpass, and the rest for the driver.
//!
//! The driver logs a parameter that it does not know, with its value. `listen` may contain a
//! password, so the driver gets an address without the parameters of hallpass.

use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use url::Url;

use crate::{error::StoreError, open_error::StoreOpenError, pooler::Pooler};

/// A parsed address.
pub(super) struct Address {
    pub(super) options: PgConnectOptions,
    /// `None` if the address does not name it.
    pub(super) pooler: Option<Pooler>,
    pub(super) listen: Option<PgConnectOptions>,
    pub(super) max_connections: u32,
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, StoreOpenError> {
        if !(text.starts_with("postgres:") || text.starts_with("postgresql:")) {
            return Err(StoreOpenError::Scheme { example: EXAMPLE });
        }
        let mut url = url_of(text)?;
        let mut pooler = None;
        let mut listen = None;
        let mut max_connections = MAX_CONNECTIONS;
        let mut rest: Vec<(String, String)> = Vec::new();
        for (key, value) in url.query_pairs() {
            match &*key {
                "pooler" => pooler = Some(pooler_of(&value)?),
                "listen" => listen = Some(url_of(&value)?),
                "max_connections" => {
                    let number = value.parse().ok().filter(|number| *number >= 2);
                    max_connections =
                        number.ok_or_else(|| wrong("max_connections is not a number from 2"))?;
                }
                _ => rest.push((key.into_owned(), value.into_owned())),
            }
        }
        let listen = match listen {
            Some(listen) => Some(options(&inherited(listen, &url, &rest)?)?),
            None => None,
        };
        set_query(&mut url, &rest);
        let options = options(&url)?;
        if pooler.is_some_and(|pooler| pooler != Pooler::None) && options.get_options().is_some() {
            return Err(StoreOpenError::PoolerOptions);
        }
        Ok(Self { options, pooler, listen, max_connections })
    }

    /// Parses the address of a listener that names all its parts.
    pub(super) fn of_listener(text: &str) -> Result<PgConnectOptions, StoreOpenError> {
        options(&url_of(text)?)
    }
}

fn pooler_of(value: &str) -> Result<Pooler, StoreOpenError> {
    let known = [Pooler::None, Pooler::Session, Pooler::Transaction];
    let found = known.into_iter().find(|pooler| pooler.as_str() == value);
    found.ok_or_else(|| wrong("pooler is not one of none, session and transaction"))
}

fn url_of(text: &str) -> Result<Url, StoreOpenError> {
    text.parse().map_err(|error: url::ParseError| StoreOpenError::Address {
        example: EXAMPLE,
        source: StoreError::from_driver(sqlx::Error::Configuration(error.into())),
    })
}

fn options(url: &Url) -> Result<PgConnectOptions, StoreOpenError> {
    let options = PgConnectOptions::from_str(url.as_str()).map_err(|error| {
        StoreOpenError::Address { example: EXAMPLE, source: StoreError::from_driver(error) }
    })?;
    // The driver reads numbers in their binary form, which this parameter does not change, and
    // PgBouncer rejects it.
    let options = options.extra_float_digits(None);
    Ok(match options.get_application_name() {
        Some(_) => options,
        None => options.application_name(APPLICATION_NAME),
    })
}

/// Returns the address of a listener with the parts that it omits: the user and the password, the
/// database, and the parameters except those that name the server.
fn inherited(
    mut listen: Url,
    from: &Url,
    parameters: &[(String, String)],
) -> Result<Url, StoreOpenError> {
    if !matches!(listen.scheme(), "postgres" | "postgresql") {
        return Err(wrong("listen is not an address such as postgres://db.example:5432"));
    }
    let mut all: Vec<(String, String)> =
        listen.query_pairs().map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
    let names_user = !listen.username().is_empty() || all.iter().any(|(key, _)| key == "user");
    for (key, value) in parameters {
        let is_server = ["host", "hostaddr", "port"].contains(&&**key);
        let is_user = ["user", "password"].contains(&&**key);
        let is_named = all.iter().any(|(named, _)| named == key);
        if !(is_server || is_named || is_user && names_user) {
            all.push((key.clone(), value.clone()));
        }
    }
    if !names_user && listen.has_host() {
        // These fail only for a URL without a host.
        let _ = listen.set_username(from.username());
        let _ = listen.set_password(from.password());
    }
    if listen.path().trim_start_matches('/').is_empty() {
        listen.set_path(from.path());
    }
    set_query(&mut listen, &all);
    Ok(listen)
}

fn set_query(url: &mut Url, parameters: &[(String, String)]) {
    url.set_query(None);
    if !parameters.is_empty() {
        url.query_pairs_mut().extend_pairs(parameters);
    }
}

fn wrong(text: &'static str) -> StoreOpenError {
    StoreOpenError::Address {
        example: EXAMPLE,
        source: StoreError::from_driver(sqlx::Error::Configuration(text.into())),
    }
}

pub(super) const EXAMPLE: &str = "postgres://site@localhost/site";
/// The name of the connections in `pg_stat_activity`.
const APPLICATION_NAME: &str = "hallpass";
/// Per node, without the one that listens. A server accepts 100 connections by default, 3 of them
/// for superusers: ten nodes have at most 80, and leave 17 for other programs.
pub(super) const MAX_CONNECTIONS: u32 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Address {
        Address::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
    }

    #[test]
    fn address_without_parameters_has_the_defaults() {
        let address = parse("postgres://site:secret@db.example/accounts");
        assert_eq!((address.pooler, address.max_connections), (None, 7));
        assert!(address.listen.is_none());
        assert_eq!(address.options.get_application_name(), Some("hallpass"));
        assert_eq!(address.options.get_database(), Some("accounts"));
    }

    #[test]
    fn own_parameters_do_not_reach_the_driver() {
        let text = "postgres://site@db.example:6432/accounts?pooler=transaction&max_connections=3\
                    &application_name=shop&listen=postgres://db.example:5432";
        let address = parse(text);
        assert_eq!((address.pooler, address.max_connections), (Some(Pooler::Transaction), 3));
        let listen = address.listen.unwrap();
        assert_eq!((listen.get_host(), listen.get_port()), ("db.example", 5432));
        assert_eq!((listen.get_username(), listen.get_database()), ("site", Some("accounts")));
        assert_eq!(listen.get_application_name(), Some("shop"));
        assert_eq!(address.options.get_port(), 6432);
    }

    #[test]
    fn listen_keeps_the_parts_that_it_names() {
        let text = "postgres://site:a@pooler.example/accounts?sslmode=require&pooler=transaction\
                    &listen=postgres%3A%2F%2Flistener%3Ab%40db.example%2Fother%3Fsslmode%3Ddisable";
        let listen = parse(text).listen.unwrap();
        assert_eq!((listen.get_host(), listen.get_username()), ("db.example", "listener"));
        assert_eq!(listen.get_database(), Some("other"));
        assert!(matches!(listen.get_ssl_mode(), sqlx::postgres::PgSslMode::Disable));
    }

    #[test]
    fn wrong_parameters_are_errors_without_their_values() {
        for query in [
            "pooler=hunter2",
            "max_connections=hunter2",
            "max_connections=1",
            "listen=hunter2",
            "listen=http://hunter2@db.example",
            "pooler=transaction&options[search_path]=hunter2",
            "pooler=session&options=hunter2",
        ] {
            let Err(error) = Address::parse(&format!("postgres://site@h/site?{query}")) else {
                panic!("{query} is accepted");
            };
            let text = format!("{error}{error:?}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}
