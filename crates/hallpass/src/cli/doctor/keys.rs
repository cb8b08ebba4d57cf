//! Checks of the key file: its mode, and the age of the signing key.

use hallpass_core::{Clock, Key, KeyId, Role, SystemClock, UnixTime};

use super::Check;
use crate::{builder::KeySource, cli::site::Site, key_file::KeyFile};

/// A person who can read the file can log in as anybody, and a person who can write it can add a
/// key.
pub(super) fn file<R: Role>(site: &Site<R>) -> Check {
    let name = "key_file";
    let KeySource::File(file) = &site.checked.keys else {
        return Check::ok(name, "the keys are not in a file");
    };
    let path = file.path().display();
    if let Err(error) = file.load() {
        return Check::failed(name, &error, "restore a backup of the file");
    }
    match mode(file) {
        Some(mode) if mode & 0o022 != 0 => Check::fail(
            name,
            format!("other users can change {path} (mode {mode:04o})"),
            format!("chmod 600 {path}, then keys rotate if another user may have changed it"),
        ),
        Some(mode) if mode & 0o004 != 0 => Check::warn(
            name,
            format!("all users of the machine can read {path} (mode {mode:04o})"),
            format!("chmod 600 {path}, then keys rotate if another user may have read it"),
        ),
        Some(mode) => Check::ok(name, format!("{path} can be read (mode {mode:04o})")),
        None => Check::ok(name, format!("{path} can be read")),
    }
}

#[cfg(unix)]
fn mode(file: &KeyFile) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(file.path()).ok()?;
    Some(metadata.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode(_: &KeyFile) -> Option<u32> {
    None
}

/// The keys have no technical limit of use. A key of several years was available to every person
/// who could read the file in that time.
pub(super) fn age<R: Role>(site: &Site<R>) -> Check {
    let name = "key_age";
    let ring = match &site.checked.keys {
        KeySource::Ring(keys) => keys.current(),
        KeySource::File(file) => match file.load() {
            Ok(ring) => ring.into(),
            Err(_) => return Check::warn(name, "was not checked", "fix the key file first"),
        },
        KeySource::Drawn => return Check::ok(name, "the keys are drawn at each start"),
    };
    let Some(id) = ring.active().map(Key::id) else {
        return Check::fail(name, "no key signs", "run the command keys rotate");
    };
    match days_old(id, SystemClock.now()) {
        Some(days) if days > OLD => Check::warn(
            name,
            format!("the signing key {id} is {days} days old"),
            "run the command keys rotate",
        ),
        Some(days) => Check::ok(name, format!("the signing key {id} is {days} days old")),
        None => Check::ok(name, format!("the name of the signing key {id} contains no date")),
    }
}

/// Returns the age of a key whose name begins with its day, as the names of new keys do.
fn days_old(id: &KeyId, now: UnixTime) -> Option<u64> {
    let (day, _) = id.as_str().split_once('-')?;
    if day.len() != 8 || !day.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |place: std::ops::Range<usize>| day.get(place)?.parse::<u64>().ok();
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    Some((now.as_secs() / 86_400).saturating_sub(days_since_1970(year, month, day)?))
}

/// Returns the days from 1970-01-01, by Howard Hinnant's algorithm `days_from_civil`.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = if month <= 2 { year.checked_sub(1)? } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let shifted_month = (month + 9) % 12; // March is 0
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).checked_sub(719_468)
}

/// In days. Common policies require a rotation per year.
const OLD: u64 = 366;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_of_a_key_is_read_from_its_name() {
        let now = UnixTime::from_secs(1_795_478_400); // 2026-11-24
        for (name, expected) in [
            ("20261124-a9f3", Some(0)),
            ("20261123-a9f3", Some(1)),
            ("20251124-a9f3", Some(365)),
            ("20240229-a9f3", Some(999)),
            ("20270101-a9f3", Some(0)),
            ("20261324-a9f3", None),
            ("19691231-a9f3", None),
            ("site-1", None),
            ("2026", None),
        ] {
            assert_eq!(days_old(&KeyId::parse(name).unwrap(), now), expected, "{name}");
        }
    }
}
