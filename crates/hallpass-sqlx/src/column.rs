//! Conversions between database columns and the values of hallpass. Both databases have signed
//! integers; seconds, steps and generations are unsigned.

use std::num::TryFromIntError;

use hallpass_core::{Methods, UnixTime};

use crate::error::StoreError;

/// A time after the year 292 billion is stored as that year.
pub(crate) fn from_time(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

pub(crate) fn to_time(column: i64) -> Result<UnixTime, StoreError> {
    to_unsigned(column).map(UnixTime::from_secs)
}

/// Returns an error for a step that does not fit. If it were clamped, as a time is, every later
/// step would count as consumed.
pub(crate) fn from_step(step: u64) -> Result<i64, StoreError> {
    i64::try_from(step).map_err(StoreError::corrupt)
}

/// Returns an error for an epoch that does not fit: a clamped epoch would accept revoked tokens.
pub(crate) fn from_epoch(epoch: u64) -> Result<i64, StoreError> {
    i64::try_from(epoch).map_err(StoreError::corrupt)
}

/// Returns an error for a number that does not fit: a wrapped or clamped number could revive a
/// token or a consumed step.
pub(crate) fn to_unsigned<T>(column: i64) -> Result<T, StoreError>
where
    T: TryFrom<i64, Error = TryFromIntError>,
{
    T::try_from(column).map_err(StoreError::corrupt)
}

/// Returns an error for a hash of another length: it would never be equal to a presented one.
pub(crate) fn to_hash(column: &[u8]) -> Result<[u8; 32], StoreError> {
    column.try_into().map_err(StoreError::corrupt)
}

/// Encodes role names as JSON, because a name may contain any separator.
pub(crate) fn from_roles(roles: &[String]) -> Result<String, StoreError> {
    serde_json::to_string(roles).map_err(StoreError::corrupt)
}

/// Encodes the names of RFC 8176, separated by spaces. No name contains a space.
pub(crate) fn from_methods(methods: Methods) -> String {
    methods.names().collect::<Vec<_>>().join(" ")
}

/// Ignores names that this version does not support.
pub(crate) fn to_methods(column: &str) -> Methods {
    column.split(' ').map(Methods::from_name).fold(Methods::NONE, |all, one| all | one)
}

/// The empty value, whose literal differs between the databases.
pub(crate) const NOTHING: &[u8] = &[];
