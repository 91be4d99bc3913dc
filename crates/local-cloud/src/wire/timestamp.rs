//! Times as the protocols write them, all in UTC.

use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::macros::format_description;

/// Milliseconds since the epoch, now.
#[must_use]
pub fn epoch_millis() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

fn moment(millis: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// `2026-11-20T12:00:01.234Z`
#[must_use]
pub fn iso_millis(millis: i64) -> String {
    let at = moment(millis);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

/// `2026-11-20T12:00:01Z`
#[must_use]
pub fn iso_seconds(millis: i64) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    moment(millis).format(&format).unwrap_or_default()
}

/// `Fri, 20 Nov 2026 12:00:01 GMT`, as in `Last-Modified`.
#[must_use]
pub fn http_date(millis: i64) -> String {
    let format = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    moment(millis).format(&format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_each_form() {
        let at = 1_700_000_000_123;
        assert_eq!(iso_millis(at), "2023-11-14T22:13:20.123Z");
        assert_eq!(iso_seconds(at), "2023-11-14T22:13:20Z");
        assert_eq!(http_date(at), "Tue, 14 Nov 2023 22:13:20 GMT");
    }
}
