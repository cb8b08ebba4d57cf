//! Checks that `docs/settings.md` lists every setting and no other, with the defaults of the code.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use hallpass::{
    PasswordHasherSettings, PasswordPolicy, RateLimit, RateLimits, Role, SessionSettings,
    flow::Settings,
};

use crate::{read, root};

#[derive(Role)]
enum SiteRole {
    Guest,
}

/// Returns the default of each setting on the page, by type and name.
fn page() -> BTreeMap<String, BTreeMap<String, String>> {
    let mut page: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut of = String::new();
    for line in read(&root().join("docs/settings.md")).lines() {
        if let Some(heading) = line.strip_prefix("## `") {
            of = heading.split('`').next().unwrap().to_owned();
        } else if let Some(row) = line.strip_prefix("| `") {
            let (name, rest) =
                row.split_once('(').unwrap_or_else(|| panic!("the row has no method: {line}"));
            let cells: Vec<&str> = rest.trim_end_matches('|').split('|').collect();
            assert_eq!(
                cells.len(),
                4,
                "a row has the cells setting, default, unit, effect: {line}"
            );
            let default = cells[1].trim().to_owned();
            let before = page.entry(of.clone()).or_default().insert(name.to_owned(), default);
            assert!(before.is_none(), "{name} is listed twice");
        }
    }
    page
}

/// Returns the files of a directory and of its subdirectories.
pub(crate) fn sources(directory: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Returns the setters of a type: the public methods that take `self` and return `Self`.
fn setters(of: &str) -> BTreeSet<String> {
    let mut setters = BTreeSet::new();
    for krate in ["hallpass", "hallpass-accounts", "hallpass-core", "hallpass-remote"] {
        for file in sources(&root().join("crates").join(krate).join("src")) {
            let mut inside = false;
            let text = read(&file);
            let mut lines = text.lines();
            while let Some(line) = lines.next() {
                if let Some(header) = line.strip_prefix("impl") {
                    let header = header
                        .strip_prefix('<')
                        .map_or(header, |generics| generics.split_once("> ").unwrap().1);
                    let name = header.trim_start().split(['<', ' ']).next();
                    inside = name == Some(of) && !header.contains(" for ");
                } else if line == "}" {
                    inside = false;
                }
                let method = line.trim_start();
                let method =
                    method.strip_prefix("pub fn ").or_else(|| method.strip_prefix("pub const fn "));
                let (true, Some(method)) = (inside, method) else { continue };
                let mut signature = method.to_owned();
                while !signature.contains(['{', ';']) {
                    signature.push_str(lines.next().unwrap());
                }
                let takes_self = signature.contains("(mut self") || signature.contains("(self");
                let name = signature.split(['(', '<']).next().unwrap().to_owned();
                if takes_self && signature.contains("-> Self") && !NO_SETTINGS.contains(&&*name) {
                    setters.insert(name);
                }
            }
        }
    }
    setters
}

/// Methods that have the form of a setter and are not settings. `for_authenticator` copies a
/// setting of the site.
const NO_SETTINGS: [&str; 1] = ["for_authenticator"];

#[test]
fn settings_page_lists_every_setting_and_no_other() {
    let page = page();
    assert!(page.len() >= 10, "{page:?}");
    for (of, rows) in &page {
        let rows: BTreeSet<String> = rows.keys().cloned().collect();
        assert_eq!(rows, setters(of), "{of}");
    }
}

/// Parses a duration such as `1.8 seconds`.
fn time(text: &str) -> Duration {
    let (number, unit) = text.split_once(' ').unwrap();
    let unit = match unit.trim_end_matches('s') {
        "second" => 1.0,
        "minute" => 60.0,
        "hour" => 3600.0,
        "day" => 86_400.0,
        other => panic!("unknown unit: {other}"),
    };
    Duration::from_secs_f64(number.parse::<f64>().unwrap() * unit)
}

#[test]
fn settings_page_has_the_defaults_of_the_code() {
    let page = page();
    let default = |of: &str, name: &str| page[of][name].as_str();
    let site = Settings::<SiteRole>::default();
    assert_eq!(default("HallpassBuilder", "issuer"), format!("`{}`", site.issuer));
    assert_eq!(default("HallpassBuilder", "audience"), format!("`{}`", site.audience));
    assert_eq!(
        default("CookieSettingsBuilder", "access_name"),
        format!("`{}`", site.cookies.access_name())
    );
    let times = [
        ("lifetime", site.lifetime),
        ("store_timeout", site.store_timeout),
        ("request_timeout", site.request_timeout),
        ("reset_link_lifetime", site.reset_link_lifetime),
    ];
    for (name, value) in times {
        assert_eq!(time(default("HallpassBuilder", name)), value, "{name}");
    }
    assert!(
        site.trust_devices.is_none()
            && site.claims.is_none()
            && site.site_name.is_none()
            && !site.bearer
    );

    // Defaults without a public getter are read from the `Debug` output.
    let session = format!("{:?}", SessionSettings::default());
    for name in ["absolute", "idle", "grace"] {
        let expected = format!("{name}: {:?}", time(default("SessionSettings", name)));
        assert!(session.contains(&expected), "{expected} in {session}");
    }
    let expected = format!("per_account: {}", default("SessionSettings", "per_account"));
    assert!(session.contains(&expected), "{expected} in {session}");
    let limits = format!("{:?}", RateLimits::default());
    for name in ["network", "account", "known_browser", "address", "registrations"] {
        let attempts = default("RateLimits", name).strip_suffix(" attempts").unwrap();
        assert!(limits.contains(&format!("{name}: RateLimit {{ free: {attempts}, ")), "{limits}");
    }
    let limit = format!("{:?}", RateLimit::new(1, Duration::from_secs(1)));
    for (name, field) in [("longest_wait", "longest_wait"), ("regain_every", "regain")] {
        let expected = format!("{field}: {:?}", time(default("RateLimit", name)));
        assert!(limit.contains(&expected), "{expected} in {limit}");
    }
    let policy = format!("{:?}", PasswordPolicy::default());
    assert!(
        policy.contains(&format!("min: {}", default("PasswordPolicy", "min_length"))),
        "{policy}"
    );
    let hasher = format!("{:?}", PasswordHasherSettings::default());
    let expected = format!("wait: {:?}", time(default("PasswordHasherSettings", "max_wait")));
    assert!(hasher.contains(&expected), "{expected} in {hasher}");
    let client = hallpass_remote::get_with(|_| async { Ok::<_, std::io::Error>("") });
    let remote = format!("{:?}", hallpass_remote::RemoteJwks::new("https://site.example", client));
    for name in ["period", "max_staleness", "timeout"] {
        let expected = format!("{name}: {:?}", time(default("RemoteJwks", name)));
        assert!(remote.contains(&expected), "{expected} in {remote}");
    }
    let totp = format!("{:?}", site.totp);
    for name in ["algorithm", "digits", "skew"] {
        let expected = format!("{name}: {}", default("TotpSettings", name).trim_matches('`'));
        assert!(totp.contains(&expected), "{expected} in {totp}");
    }
    let rejections = format!("{:?}", site.rejections);
    for name in ["login_path", "two_factor_path"] {
        let path = default("RejectionSettings", name).trim_matches('`');
        assert!(rejections.contains(&format!("{name}: {path:?}")), "{rejections}");
    }
}
