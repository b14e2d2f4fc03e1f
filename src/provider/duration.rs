//! Durations as Go writes them, which is how Terraform users write them.

use std::time::Duration;

/// The text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidDuration {
    /// Not numbers with units.
    #[error("a duration is a number with a unit, or several of them, such as `90m` or `1h30m`")]
    Form,
    /// A number without a unit.
    #[error("a unit is missing: `ms`, `s`, `m` or `h`, such as `90m`")]
    Unit,
    /// Below zero.
    #[error("a duration cannot be negative")]
    Negative,
    /// More than any clock can count.
    #[error("the duration is too long")]
    TooLong,
}

/// Reads a duration: decimal numbers, each with one of the units `ns`, `us`, `ms`, `s`, `m`, `h`.
///
/// Go standard library, `time.ParseDuration`. Fractions below a nanosecond are cut off.
pub(crate) fn parse(text: &str) -> Result<Duration, InvalidDuration> {
    let unsigned = match text.strip_prefix('-') {
        Some("0") => return Ok(Duration::ZERO),
        Some(_) => return Err(InvalidDuration::Negative),
        None => text.strip_prefix('+').unwrap_or(text),
    };
    if unsigned == "0" {
        return Ok(Duration::ZERO);
    }
    if unsigned.is_empty() {
        return Err(InvalidDuration::Form);
    }
    let mut rest = unsigned;
    let mut sum: u64 = 0;
    while !rest.is_empty() {
        let (nanoseconds, after) = part(rest)?;
        sum = sum
            .checked_add(nanoseconds)
            .filter(|sum| i64::try_from(*sum).is_ok())
            .ok_or(InvalidDuration::TooLong)?;
        rest = after;
    }
    Ok(Duration::from_nanos(sum))
}

/// One number with its unit, in nanoseconds, and what follows it.
fn part(text: &str) -> Result<(u64, &str), InvalidDuration> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(InvalidDuration::Form);
    }
    let end = rest
        .find(|c: char| c == '.' || c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    let unit: u64 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "" => return Err(InvalidDuration::Unit),
        _ => return Err(InvalidDuration::Form),
    };
    let whole = match whole {
        "" => 0,
        digits => digits.parse().map_err(|_| InvalidDuration::TooLong)?,
    };
    let whole = unit.checked_mul(whole).ok_or(InvalidDuration::TooLong)?;
    let nanoseconds = whole.checked_add(share(fraction, unit));
    Ok((nanoseconds.ok_or(InvalidDuration::TooLong)?, rest))
}

/// The digits that a text begins with, and what follows them.
fn digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// What the digits behind a point make of a unit.
fn share(fraction: &str, unit: u64) -> u64 {
    let mut place = unit;
    fraction.bytes().fold(0, |sum, digit| {
        let before = place;
        place /= 10;
        // Exact for the digit itself; what is lost is below a nanosecond of `place`.
        sum + before * u64::from(digit - b'0') / 10
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_go_reads_them() {
        let rows = [
            ("0", 0),
            ("1s", 1_000),
            ("15m", 900_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            (".5s", 500),
            ("2m.5s", 120_500),
            ("250ms", 250),
            ("+1m", 60_000),
            ("0.333s", 333),
        ];
        for (text, milliseconds) in rows {
            assert_eq!(
                parse(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_its_reason() {
        let rows = [
            ("", InvalidDuration::Form),
            ("h", InvalidDuration::Form),
            (".s", InvalidDuration::Form),
            ("1d", InvalidDuration::Form),
            ("1 h", InvalidDuration::Form),
            ("30", InvalidDuration::Unit),
            ("1h30", InvalidDuration::Unit),
            ("-1s", InvalidDuration::Negative),
            ("9999999999h", InvalidDuration::TooLong),
            ("2562048h", InvalidDuration::TooLong),
            ("99999999999999999999999s", InvalidDuration::TooLong),
        ];
        for (text, error) in rows {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
