//! Log lines about a fault that lasts: one at its beginning, and then one per minute.
//!
//! The background tasks repeat a failed operation each second. One line per attempt would fill the
//! log, and one line at the beginning is lost when the log is rotated or when somebody looks at the
//! last hours only.

use std::time::Duration;

use tokio::time::Instant;

/// Decides at which attempts a lasting fault is logged.
///
/// ```
/// use hallpass_accounts::Reminder;
///
/// let mut reminder = Reminder::default();
/// assert!(reminder.failed().is_some(), "the first failure is logged");
/// assert!(reminder.failed().is_none(), "the next one a minute later");
/// assert!(reminder.recovered().is_some(), "the end is logged");
/// assert!(reminder.recovered().is_none());
/// ```
#[derive(Debug, Default)]
pub struct Reminder {
    lasting: Option<Lasting>,
}

#[derive(Debug)]
struct Lasting {
    since: Instant,
    logged: Instant,
}

impl Reminder {
    /// The time between two log lines about one fault.
    pub const INTERVAL: Duration = Duration::from_secs(60);

    /// Notes a failed attempt. Returns the duration of the fault if this attempt must be logged:
    /// zero at the first failure, and `None` if the last log line is less than
    /// [`INTERVAL`](Self::INTERVAL) ago.
    pub fn failed(&mut self) -> Option<Duration> {
        let now = Instant::now();
        match &mut self.lasting {
            None => {
                self.lasting = Some(Lasting { since: now, logged: now });
                Some(Duration::ZERO)
            }
            Some(lasting) if now.duration_since(lasting.logged) >= Self::INTERVAL => {
                lasting.logged = now;
                Some(now.duration_since(lasting.since))
            }
            Some(_) => None,
        }
    }

    /// Notes a successful attempt. Returns the duration of the fault that has ended, or `None` if
    /// the previous attempt was successful too.
    pub fn recovered(&mut self) -> Option<Duration> {
        self.lasting.take().map(|lasting| lasting.since.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn fault_of_150_seconds_is_logged_three_times() {
        let mut reminder = Reminder::default();
        let mut logged = Vec::new();
        for second in 0..=150 {
            if let Some(lasts) = reminder.failed() {
                assert_eq!(lasts, Duration::from_secs(second));
                logged.push(second);
            }
            advance(Duration::from_secs(1)).await;
        }
        assert_eq!(logged, [0, 60, 120]);
        assert_eq!(reminder.recovered(), Some(Duration::from_secs(151)));
        assert_eq!(reminder.failed(), Some(Duration::ZERO), "the next fault is a new one");
    }
}
