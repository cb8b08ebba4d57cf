//! Formats of a time: an age for people, and RFC 3339 for machines.

use std::time::Duration;

/// Returns Unix seconds in RFC 3339 format, as in `2026-11-24T05:48:44Z`, for the `datetime`
/// attribute of `<time>`.
///
/// The date is computed with Howard Hinnant's `civil_from_days`, because one attribute does not
/// justify a dependency on a date crate.
pub(crate) fn rfc3339(unix: u64) -> String {
    let (days, second) = (unix / 86_400, unix % 86_400);
    let shifted = days + 719_468; // days since 0000-03-01
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// An age in its largest whole unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    Moments,
    Minutes(u64),
    Hours(u64),
    Days(u64),
}

impl Age {
    pub(crate) fn of(age: Duration) -> Self {
        match age.as_secs() {
            0..60 => Self::Moments,
            seconds @ 60..3_600 => Self::Minutes(seconds / 60),
            seconds @ 3_600..86_400 => Self::Hours(seconds / 3_600),
            seconds => Self::Days(seconds / 86_400),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_is_right_across_leap_days_and_centuries() {
        for (unix, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_795_499_324, "2026-11-24T05:48:44Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(unix), text);
        }
    }

    #[test]
    fn an_age_is_in_its_largest_whole_unit() {
        for (seconds, age) in [
            (59, Age::Moments),
            (60, Age::Minutes(1)),
            (3_599, Age::Minutes(59)),
            (3_600, Age::Hours(1)),
            (86_399, Age::Hours(23)),
            (86_400, Age::Days(1)),
        ] {
            assert_eq!(Age::of(Duration::from_secs(seconds)), age);
        }
    }
}
