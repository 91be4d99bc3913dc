//! Times as people write them.

use std::time::Duration;

/// Units by their names, longest first, so that `ms` is not taken for `s`.
const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
/// No trial is meant to be longer.
const LONGEST: f64 = 24.0 * 3600.0;

/// `500ms`, `1.5s`, `30s`, `2m`, `1h`; the error says what is right.
pub fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is not a time up to 24h, such as 500ms, 30s or 2m");
    let (number, unit) = UNITS
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))
        .ok_or_else(wrong)?;
    // Signs, exponents and names of numbers are no times.
    if !number.chars().all(|letter| letter.is_ascii_digit() || letter == '.') {
        return Err(wrong());
    }
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let seconds = number * unit;
    if seconds > LONGEST {
        return Err(wrong());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

/// `1s..9s`, or one time.
pub fn range(text: &str) -> Result<(Duration, Duration), String> {
    let (least, most) = text.split_once("..").unwrap_or((text, text));
    let (least, most) = (span(least.trim())?, span(most.trim())?);
    if least > most {
        return Err(format!("\"{text}\" begins with the longer time; write the shorter one first"));
    }
    Ok((least, most))
}

/// A time in the unit that suits it: `500 ms`, `9 s`, `2 min`.
pub fn words(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if time >= Duration::from_mins(2) && time.as_secs().is_multiple_of(60) && time.subsec_nanos() == 0 {
        format!("{} min", time.as_secs() / 60)
    } else if seconds >= 1.0 || time.is_zero() {
        format!("{seconds} s")
    } else {
        format!("{} ms", seconds * 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_said() {
        for (text, millis, said) in [
            ("500ms", 500, "500 ms"),
            ("0s", 0, "0 s"),
            ("1s", 1000, "1 s"),
            ("1.5s", 1500, "1.5 s"),
            ("2m", 120_000, "2 min"),
            ("90s", 90_000, "90 s"),
            ("1h", 3_600_000, "60 min"),
        ] {
            let time = span(text).unwrap();
            assert_eq!((time, words(time).as_str()), (Duration::from_millis(millis), said), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "1",
            "s",
            "-1s",
            "1 s",
            "1e3s",
            "infs",
            "nans",
            "25h",
            "1d",
            "1..2s",
            "999999999999999999999s",
        ] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_range_goes_up() {
        let seconds = Duration::from_secs;
        assert_eq!(range("1s..9s").unwrap(), (seconds(1), seconds(9)));
        assert_eq!(range("2s").unwrap(), (seconds(2), seconds(2)));
        assert!(range("9s..1s").unwrap_err().contains("the shorter one first"));
        assert!(range("1s..").is_err());
    }
}
