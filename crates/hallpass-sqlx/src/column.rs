//! Between the columns of either database and our values. Their integers are signed; our seconds,
//! steps and generations are not.

use std::num::TryFromIntError;

use hallpass_core::{Methods, UnixTime};

use crate::error::StoreError;

/// A time past the year 292 billion is stored as that year.
pub(crate) fn from_time(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

pub(crate) fn to_time(column: i64) -> Result<UnixTime, StoreError> {
    to_unsigned(column).map(UnixTime::from_secs)
}

/// Not cut to fit as a time is: that would consume every step to come.
pub(crate) fn from_step(step: u64) -> Result<i64, StoreError> {
    i64::try_from(step).map_err(StoreError::corrupt)
}

/// A number that does not fit is corruption: wrapping or cutting it could revive a token or a
/// consumed step.
pub(crate) fn to_unsigned<T>(column: i64) -> Result<T, StoreError>
where
    T: TryFrom<i64, Error = TryFromIntError>,
{
    T::try_from(column).map_err(StoreError::corrupt)
}

/// Names may hold any character, so no separator would do.
pub(crate) fn from_roles(roles: &[String]) -> Result<String, StoreError> {
    serde_json::to_string(roles).map_err(StoreError::corrupt)
}

/// The names of RFC 8176, parted by spaces: no name has one.
pub(crate) fn from_methods(methods: Methods) -> String {
    methods.names().collect::<Vec<_>>().join(" ")
}

/// A name that this version does not know counts for nothing.
pub(crate) fn to_methods(column: &str) -> Methods {
    column.split(' ').map(Methods::from_name).fold(Methods::NONE, |all, one| all | one)
}

/// Bytes, and none. Each database has another literal for them.
pub(crate) const NOTHING: &[u8] = &[];
