//! Time: a time in Unix seconds, and the source of the current time.
//!
//! No other module reads a clock. Functions take `now` as an argument. Adapters and flows hold a
//! [`Clock`](clock::Clock) and read it once per request. This module has no calendars and no time
//! zones.

pub(crate) mod clock;
pub(crate) mod unix_time;
