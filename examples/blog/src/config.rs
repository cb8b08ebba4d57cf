//! The blog's settings, parsed from the environment at the start.
//!
//! An invalid value is an error that names the setting and a valid value. It is returned before
//! anything is opened: this module does not access the disk or the network.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use hallpass::Proxies;
use hallpass::flow::ProxiesError;
use hallpass::request::{PublicOrigin, PublicOriginError};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

/// The blog's settings.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The address to listen on. Defaults to `127.0.0.1:3000`, which is not reachable from the
    /// network.
    pub address: SocketAddr,
    /// The address of the blog in the browser, such as `https://site.example/blog`. Defaults to
    /// `None`, which stands for `http://localhost` with the port of `address`.
    pub origin: Option<PublicOrigin>,
    /// The URL of a SQLite file or of a PostgreSQL database. Defaults to `sqlite://blog.db`.
    pub database_url: String,
    /// The URL of the Redis server for rate limits and pushed revocations. Defaults to `None`; one
    /// node does not need Redis.
    pub redis_url: Option<String>,
    /// The file of the key ring. Defaults to `blog-keys.json` in the directory of the SQLite file,
    /// or in the working directory if the database is PostgreSQL.
    pub keys: PathBuf,
    /// The reverse proxies whose `X-Forwarded-For` header is trusted. Defaults to none, because
    /// any client can send that header.
    pub proxies: Proxies,
    /// The maximum age of the revocation list, in seconds. While the list is older, because the
    /// database cannot be reached, requests with a token return 503. Defaults to `None`: tokens
    /// are then accepted until they expire.
    pub refuse_after: Option<Duration>,
}

impl Config {
    /// Reads `BLOG_ADDR`, `BLOG_ORIGIN`, `DATABASE_URL`, `REDIS_URL`, `BLOG_KEYS`, `BLOG_PROXIES`
    /// and `BLOG_REFUSE_AFTER`. An empty variable counts as unset.
    ///
    /// # Errors
    /// Returns a [`ConfigError`] that names the setting if a value is invalid.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_settings(|name| match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(ConfigError::NotText(name)),
        })
    }

    fn from_settings(
        setting: impl Fn(&'static str) -> Result<Option<String>, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let setting = |name| Ok::<_, ConfigError>(setting(name)?.filter(|text| !text.is_empty()));
        let address = setting("BLOG_ADDR")?.unwrap_or_else(|| DEFAULT_ADDRESS.to_owned());
        let address = address.parse().map_err(|_| ConfigError::Address(address))?;
        let origin = setting("BLOG_ORIGIN")?;
        let origin = origin.as_deref().map(PublicOrigin::parse).transpose()?;
        let database_url = setting("DATABASE_URL")?.unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
        let directory = directory_of(&database_url)?;
        let redis_url = match setting("REDIS_URL")? {
            Some(url) if !url.starts_with("redis:") => {
                return Err(ConfigError::Redis(without_password(&url)));
            }
            url => url,
        };
        let keys = match setting("BLOG_KEYS")? {
            Some(path) => PathBuf::from(path),
            None => directory.join(DEFAULT_KEYS),
        };
        let proxies = match setting("BLOG_PROXIES")? {
            Some(list) => Proxies::x_forwarded_for(list.split(',').map(str::trim))?,
            None => Proxies::default(),
        };
        let refuse_after = match setting("BLOG_REFUSE_AFTER")? {
            Some(text) => match text.parse() {
                Ok(seconds @ 1..=3600) => Some(Duration::from_secs(seconds)),
                _ => return Err(ConfigError::RefuseAfter(text)),
            },
            None => None,
        };
        Ok(Self { address, origin, database_url, redis_url, keys, proxies, refuse_after })
    }

    /// Returns the address of the blog in the browser. Returns `None` if it is not set and the port
    /// is not yet known.
    #[must_use]
    pub fn public_origin(&self) -> Option<String> {
        match (&self.origin, self.address.port()) {
            (Some(origin), _) => Some(origin.to_string()),
            (None, 0) => None,
            (None, port) => Some(format!("http://localhost:{port}")),
        }
    }
}

/// Returns the directory for the files that belong to the database.
fn directory_of(url: &str) -> Result<PathBuf, ConfigError> {
    let refused = || ConfigError::Database(without_password(url));
    if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        PgConnectOptions::from_str(url).map_err(|_| refused())?;
        return Ok(PathBuf::new());
    }
    if !url.starts_with("sqlite:") {
        return Err(refused());
    }
    let options = SqliteConnectOptions::from_str(url).map_err(|_| refused())?;
    let file: &Path = options.get_filename();
    // Each process has its own in-memory database, so the operator's commands would have no effect
    // on the server.
    if url.contains(":memory:") || url.contains("mode=memory") || file.file_name().is_none() {
        return Err(refused());
    }
    Ok(file.parent().unwrap_or(Path::new("")).to_path_buf())
}

/// Removes `user:password` from a URL, because the error that contains the URL is printed and may
/// be logged.
fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 <= at => {
            format!("{}…{}", &url[..scheme + 3], &url[at..])
        }
        _ => url.to_owned(),
    }
}

/// An invalid setting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The value is not UTF-8.
    #[error("{0} is not valid UTF-8; set it to plain text")]
    NotText(&'static str),
    /// `BLOG_ADDR` is not an IP address with a port.
    #[error(
        "BLOG_ADDR {0:?} is not an address with a port; set an IP address and a port, such as 127.0.0.1:3000"
    )]
    Address(String),
    /// `BLOG_ORIGIN` is not the address of a site.
    #[error("BLOG_ORIGIN")]
    Origin(#[from] PublicOriginError),
    /// `DATABASE_URL` is not the URL of a SQLite file or of a PostgreSQL database.
    #[error(
        "DATABASE_URL {0:?} is not a database that the blog can open; set the URL of a SQLite file or of a PostgreSQL database, such as sqlite://blog.db or postgres://blog@localhost/blog"
    )]
    Database(String),
    /// `REDIS_URL` is not the URL of a Redis server.
    #[error(
        "REDIS_URL {0:?} is not the URL of a Redis server; set a URL such as redis://127.0.0.1:6379, or unset it"
    )]
    Redis(String),
    /// `BLOG_PROXIES` is not a list of addresses and networks.
    #[error("BLOG_PROXIES")]
    Proxies(#[from] ProxiesError),
    /// `BLOG_REFUSE_AFTER` is not a number of seconds.
    #[error(
        "BLOG_REFUSE_AFTER {0:?} is not a time; set a number of seconds from 1 to 3600, or unset it"
    )]
    RefuseAfter(String),
}

const DEFAULT_ADDRESS: &str = "127.0.0.1:3000";
const DEFAULT_DATABASE: &str = "sqlite://blog.db";
const DEFAULT_KEYS: &str = "blog-keys.json";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_settings(|name| {
            Ok(settings
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned()))
        })
    }

    #[test]
    fn unset_settings_have_the_documented_defaults() {
        let config = read(&[]).unwrap();
        assert_eq!(config.address.to_string(), "127.0.0.1:3000");
        assert_eq!(config.database_url, "sqlite://blog.db");
        assert_eq!(config.keys, Path::new("blog-keys.json"));
        assert_eq!(config.proxies.header(), None);
        assert_eq!(config.refuse_after, None);
        assert_eq!(config.public_origin().as_deref(), Some("http://localhost:3000"));
    }

    /// A container or a unit file sets a variable to an empty text to leave it out.
    #[test]
    fn an_empty_variable_counts_as_unset() {
        let read_names = std::cell::RefCell::new(Vec::new());
        let unset = Config::from_settings(|name| {
            read_names.borrow_mut().push(name);
            Ok(None)
        });
        let unset = format!("{:?}", unset.unwrap());
        let names = read_names.into_inner();
        assert_eq!(names.len(), 7, "{names:?}");
        for name in &names {
            assert_eq!(format!("{:?}", read(&[(name, "")]).unwrap()), unset, "{name}");
        }
        let all: Vec<_> = names.iter().map(|name| (*name, "")).collect();
        assert_eq!(format!("{:?}", read(&all).unwrap()), unset);
    }

    #[test]
    fn the_public_origin_defaults_to_localhost_with_the_port() {
        let origin = |settings: &[_]| read(settings).unwrap().public_origin();
        for (address, expected) in [
            ("127.0.0.1:8080", Some("http://localhost:8080")),
            ("0.0.0.0:80", Some("http://localhost:80")),
            ("127.0.0.1:0", None),
        ] {
            assert_eq!(origin(&[("BLOG_ADDR", address)]).as_deref(), expected);
        }
        let set = origin(&[("BLOG_ORIGIN", "https://site.example/app/")]);
        assert_eq!(set.as_deref(), Some("https://site.example/app"));
    }

    #[test]
    fn proxies_are_a_comma_separated_list() {
        let config = read(&[("BLOG_PROXIES", "10.0.0.0/8, ::1")]).unwrap();
        assert_eq!(config.proxies.header(), Some("x-forwarded-for"));
    }

    #[test]
    fn the_key_file_is_in_the_directory_of_the_database() {
        let config = read(&[("DATABASE_URL", "sqlite:///var/lib/site.db?mode=rwc")]).unwrap();
        assert_eq!(config.keys, Path::new("/var/lib/blog-keys.json"));
        let config = read(&[("DATABASE_URL", "postgres://blog@db.example/blog")]).unwrap();
        assert_eq!(config.keys, Path::new("blog-keys.json"));
        let config = read(&[("BLOG_KEYS", "/etc/keys.json")]).unwrap();
        assert_eq!(config.keys, Path::new("/etc/keys.json"));
    }

    #[test]
    fn an_invalid_value_names_its_setting_in_one_line() {
        for (name, value) in [
            ("BLOG_ADDR", "3000"),
            ("BLOG_ADDR", "localhost"),
            ("BLOG_ADDR", "127.0.0.1:99999"),
            ("BLOG_ORIGIN", "site.example"),
            ("BLOG_ORIGIN", "http://site.example"),
            ("DATABASE_URL", "blog.db"),
            ("DATABASE_URL", "mysql://localhost/blog"),
            ("DATABASE_URL", "sqlite://"),
            ("DATABASE_URL", "sqlite::memory:"),
            ("DATABASE_URL", "sqlite://x.db?nonsense=1"),
            ("DATABASE_URL", "sqlite://line\nbreak?x=1"),
            ("BLOG_PROXIES", "10.0.0.0/8, proxy.example"),
            ("BLOG_REFUSE_AFTER", "0"),
            ("BLOG_REFUSE_AFTER", "soon"),
        ] {
            let line = read(&[(name, value)]).unwrap_err().to_string();
            assert!(line.starts_with(name), "{name}={value:?}: {line}");
            assert!(!line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn errors_contain_no_password_of_a_url() {
        for (name, url) in [
            ("DATABASE_URL", "mysql://blog:s3cret@db.example/blog"),
            ("REDIS_URL", "http://:s3cret@db.example"),
        ] {
            let line = read(&[(name, url)]).unwrap_err().to_string();
            assert!(!line.contains("s3cret"), "{line}");
            assert!(line.contains("://…@db.example"), "{line}");
        }
    }
}
