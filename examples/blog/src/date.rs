//! Formats dates. The blog uses no date crate, because it only prints dates of the Gregorian
//! calendar in UTC.

/// Formats seconds since 1970 as `24 November 2026`.
#[must_use]
pub fn long_date(unix_seconds: u64) -> String {
    let (year, month, day) = civil(unix_seconds);
    let name = MONTHS.get(month as usize - 1).copied().unwrap_or_default();
    format!("{day} {name} {year}")
}

/// Formats seconds since 1970 as `2026-11-24T05:48:44Z` (RFC 3339), for the `datetime` attribute
/// and for JSON.
#[must_use]
pub fn rfc3339(unix_seconds: u64) -> String {
    let (year, month, day) = civil(unix_seconds);
    let second = unix_seconds % 86_400;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Returns year, month and day by Howard Hinnant's `civil_from_days`. Its years start in March, so
/// that the leap day is the last day of a year.
fn civil(unix_seconds: u64) -> (u64, u64, u64) {
    let days = unix_seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected values were computed with `date -u -d @N`.
    #[test]
    fn dates_match_the_gregorian_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_827_696, "2000-02-29T12:34:56Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_795_499_324, "2026-11-24T05:48:44Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
        assert_eq!(long_date(1_795_499_324), "24 November 2026");
    }
}
