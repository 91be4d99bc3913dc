//! The time of a line.

use time::OffsetDateTime;
use time::macros::format_description;

/// Now in UTC to the second: `2026-11-20T12:00:01Z`.
pub fn now() -> String {
    OffsetDateTime::now_utc()
        .format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z"))
        .unwrap_or_default()
}
