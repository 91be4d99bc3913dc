use std::collections::BTreeSet;

use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, Time};

/// How far ahead a cron expression is looked up; one without a time within it never comes.
const HORIZON_DAYS: u16 = 366 * 8;
const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// When a schedule runs, in UTC.
///
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// Every so often from the start on.
    Rate(Duration),
    Cron(Cron),
    /// Once.
    At(OffsetDateTime),
}

/// The six fields of a cron expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: BTreeSet<u16>,
    hours: BTreeSet<u16>,
    /// Days of the month; `None` is `?`.
    days: Option<BTreeSet<u16>>,
    months: BTreeSet<u16>,
    /// Days of the week, Sunday is 1; `None` is `?`.
    weekdays: Option<BTreeSet<u16>>,
    years: BTreeSet<u16>,
}

impl Expression {
    /// Reads `rate(5 minutes)`, `cron(0 12 * * ? *)` or `at(2030-01-01T00:00:00)`.
    ///
    /// # Errors
    /// What cannot be read in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (kind, inside) = text
            .split_once('(')
            .and_then(|(kind, rest)| Some((kind, rest.strip_suffix(')')?)))
            .ok_or("it is none of rate(…), cron(…) and at(…)")?;
        match kind {
            "rate" => rate(inside).map(Self::Rate),
            "cron" => Cron::parse(inside).map(Self::Cron),
            "at" => OffsetDateTime::parse(&format!("{inside}Z"), &Rfc3339)
                .map(Self::At)
                .map_err(|_| format!("\"{inside}\" is not yyyy-mm-ddThh:mm:ss")),
            _ => Err("it is none of rate(…), cron(…) and at(…)".to_owned()),
        }
    }

    /// The expression where a minute of a rate takes `minute`; calendars are as they are.
    #[must_use]
    pub fn with_minute(self, minute: std::time::Duration) -> Self {
        match self {
            Self::Rate(period) => Self::Rate(period * (minute.as_secs_f64() / 60.0)),
            other => other,
        }
    }

    /// The next time after `after` of a schedule that began at `start`.
    #[must_use]
    pub fn next(&self, start: OffsetDateTime, after: OffsetDateTime) -> Option<OffsetDateTime> {
        match self {
            Self::At(at) => (*at > after).then_some(*at),
            Self::Rate(_) if after < start => Some(start),
            Self::Rate(period) => {
                let passed = (after - start).whole_nanoseconds() / period.whole_nanoseconds().max(1);
                let passed = i32::try_from(passed).ok()?;
                Some(start + *period * (passed.checked_add(1)?))
            }
            Self::Cron(cron) => cron.next(after.max(start)),
        }
    }
}

fn rate(text: &str) -> Result<Duration, String> {
    let mut words = text.split_whitespace();
    let (value, unit) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let number: i64 = value.parse().map_err(|_| format!("\"{value}\" is not a number"))?;
    if number < 1 || words.next().is_some() {
        return Err(format!("\"{text}\" is not a number from 1 and a unit"));
    }
    let unit = match unit.strip_suffix('s').unwrap_or(unit) {
        "minute" => Duration::MINUTE,
        "hour" => Duration::HOUR,
        "day" => Duration::DAY,
        _ => return Err(format!("\"{unit}\" is not minutes, hours or days")),
    };
    let number = i32::try_from(number).map_err(|_| format!("{number} is too large"))?;
    Ok(unit * number)
}

impl Cron {
    fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays, years] = fields.as_slice() else {
            return Err(format!("cron has 6 fields, not {}", fields.len()));
        };
        if (*days == "?") == (*weekdays == "?") {
            return Err("exactly one of day-of-month and day-of-week must be ?".to_owned());
        }
        let optional = |field: &str, least, most, names: &[&str]| match field {
            "?" => Ok(None),
            field => values(field, least, most, names).map(Some),
        };
        Ok(Self {
            minutes: values(minutes, 0, 59, &[])?,
            hours: values(hours, 0, 23, &[])?,
            days: optional(days, 1, 31, &[])?,
            months: values(months, 1, 12, &MONTHS)?,
            weekdays: optional(weekdays, 1, 7, &DAYS)?,
            years: values(years, 1970, 2199, &[])?,
        })
    }

    fn next(&self, after: OffsetDateTime) -> Option<OffsetDateTime> {
        let mut date = after.date();
        for _ in 0..HORIZON_DAYS {
            if self.has(date)
                && let Some(found) = self
                    .times()
                    .map(|time| PrimitiveDateTime::new(date, time).assume_utc())
                    .find(|at| *at > after)
            {
                return Some(found);
            }
            date = date.next_day()?;
        }
        None
    }

    fn has(&self, date: Date) -> bool {
        let weekday = u16::from(date.weekday().number_from_sunday());
        u16::try_from(date.year()).is_ok_and(|year| self.years.contains(&year))
            && self.months.contains(&u16::from(u8::from(date.month())))
            && self.days.as_ref().is_none_or(|days| days.contains(&u16::from(date.day())))
            && self.weekdays.as_ref().is_none_or(|days| days.contains(&weekday))
    }

    fn times(&self) -> impl Iterator<Item = Time> {
        let time = |hour: u16, minute: u16| {
            Time::from_hms(u8::try_from(hour).ok()?, u8::try_from(minute).ok()?, 0).ok()
        };
        self.hours
            .iter()
            .flat_map(move |hour| self.minutes.iter().filter_map(move |minute| time(*hour, *minute)))
    }
}

/// The values of a field: `*`, numbers, names, ranges, lists and steps.
fn values(field: &str, least: u16, most: u16, names: &[&str]) -> Result<BTreeSet<u16>, String> {
    let wrong = || format!("\"{field}\" is not a list of values, ranges and steps from {least} to {most}");
    let value = |text: &str| -> Result<u16, String> {
        let index = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let number = match index {
            Some(at) => u16::try_from(at).ok().map(|at| at + least),
            None => text.parse().ok(),
        };
        number.filter(|number| (least..=most).contains(number)).ok_or_else(wrong)
    };
    let mut found = BTreeSet::new();
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0).ok_or_else(wrong)?),
            None => (part, 1_usize),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (value(from)?, value(to)?),
            // `5/10` goes on from 5.
            None if part.contains('/') => (value(range)?, most),
            None => (value(range)?, value(range)?),
        };
        if from > to {
            return Err(wrong());
        }
        found.extend((from..=to).step_by(step));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> OffsetDateTime {
        OffsetDateTime::parse(text, &Rfc3339).unwrap()
    }

    fn next(expression: &str, after: &str) -> Option<OffsetDateTime> {
        Expression::parse(expression).unwrap().next(at("2026-01-01T00:00:30Z"), at(after))
    }

    #[test]
    fn the_next_time_follows_from_the_expression() {
        for (expression, after, expected) in [
            ("rate(5 minutes)", "2025-12-31T00:00:00Z", "2026-01-01T00:00:30Z"),
            ("rate(5 minutes)", "2026-01-01T00:00:30Z", "2026-01-01T00:05:30Z"),
            ("rate(1 hour)", "2026-01-01T02:00:00Z", "2026-01-01T02:00:30Z"),
            ("rate(2 days)", "2026-01-02T00:00:00Z", "2026-01-03T00:00:30Z"),
            ("cron(0 12 * * ? *)", "2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z"),
            ("cron(15/20 8-9 ? * MON-FRI *)", "2026-11-20T09:36:00Z", "2026-11-20T09:55:00Z"),
            ("cron(15/20 8-9 ? * MON-FRI *)", "2026-11-20T09:55:00Z", "2026-11-23T08:15:00Z"),
            ("cron(0 0 29 FEB ? *)", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("cron(*/5 * * * ? 2030)", "2026-03-01T00:00:00Z", "2030-01-01T00:00:00Z"),
            ("at(2027-05-01T10:00:00)", "2026-03-01T00:00:00Z", "2027-05-01T10:00:00Z"),
        ] {
            assert_eq!(next(expression, after), Some(at(expected)), "{expression} {after}");
        }
        assert_eq!(next("at(2027-05-01T10:00:00)", "2027-05-01T10:00:00Z"), None);
        assert_eq!(next("cron(0 0 31 FEB ? *)", "2026-03-01T00:00:00Z"), None);
    }

    #[test]
    fn a_rate_may_be_told_how_long_a_minute_is() {
        let quick =
            |text| Expression::parse(text).unwrap().with_minute(std::time::Duration::from_millis(100));
        let start = at("2026-01-01T00:00:00Z");
        assert_eq!(
            quick("rate(4 minutes)").next(start, start + Duration::milliseconds(900)),
            Some(start + Duration::milliseconds(1200))
        );
        assert_eq!(quick("cron(0 12 * * ? *)"), Expression::parse("cron(0 12 * * ? *)").unwrap());
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in [
            "5 minutes",
            "rate(0 minutes)",
            "rate(5 weeks)",
            "rate(x minutes)",
            "cron(0 12 * * *)",
            "cron(0 12 * * * *)",
            "cron(0 12 ? * ? *)",
            "cron(60 12 * * ? *)",
            "cron(0 12 L * ? *)",
            "cron(5-1 12 * * ? *)",
            "cron(*/0 12 * * ? *)",
            "at(tomorrow)",
            "every(5 minutes)",
        ] {
            assert!(Expression::parse(text).is_err(), "{text}");
        }
    }
}
