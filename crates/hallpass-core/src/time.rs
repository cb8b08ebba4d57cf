//! Time: a moment in Unix seconds, and the source of the present one.
//!
//! No other room reads a clock. Functions take `now` as an argument; adapters and flows hold a
//! [`Clock`](clock::Clock) and read it once per request. Calendars and time zones are not here.

pub(crate) mod clock;
pub(crate) mod unix_time;
