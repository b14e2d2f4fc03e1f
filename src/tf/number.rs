//! Numbers of any size.

use std::fmt;

/// A number in the form in which it travels, so that it goes back unchanged.
#[derive(Clone, Debug, PartialEq)]
pub enum Number {
    /// A whole number that fits.
    Integer(i64),
    /// A fraction that is exactly a double, or an infinity.
    Float(f64),
    /// Everything else, as decimal digits.
    Decimal(String),
}

impl Number {
    /// Reads decimal text: digits, and optionally a sign, a fraction and an exponent. Whole
    /// numbers that fit become [`Number::Integer`] however they are written; all others keep their
    /// text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = Digits::parse(text)?;
        Some(match digits.integer() {
            Some(integer) => Self::Integer(integer),
            None => Self::Decimal(text.to_owned()),
        })
    }

    /// The number that a double stands for; `None` when it stands for none.
    #[must_use]
    pub fn from_f64(double: f64) -> Option<Self> {
        if double.is_nan() {
            return None;
        }
        let whole = Digits::of(double).and_then(|digits| digits.integer());
        Some(whole.map_or(Self::Float(double), Self::Integer))
    }

    /// Whether both stand for the same number, in whatever form.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self.digits(), other.digits()) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => self == other,
        }
    }

    fn digits(&self) -> Option<Digits> {
        match self {
            Self::Integer(integer) => Digits::parse(&integer.to_string()),
            Self::Float(double) => Digits::of(*double),
            Self::Decimal(text) => Digits::parse(text),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => integer.fmt(f),
            Self::Float(double) => double.fmt(f),
            Self::Decimal(text) => f.write_str(text),
        }
    }
}

/// The one spelling that equal numbers share: `±significand × 10^exponent`, where the significand
/// neither begins nor ends with a zero.
#[derive(Debug, PartialEq, Eq)]
struct Digits {
    negative: bool,
    significand: String,
    exponent: i64,
}

impl Digits {
    fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, i64::from(exponent.parse::<i32>().ok()?)),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let shifted = exponent - i64::try_from(fraction.len()).ok()?;
        Self::normal(negative, &digits, shifted)
    }

    /// The exact value of a double, to its last digit.
    fn of(double: f64) -> Option<Self> {
        if !double.is_finite() {
            return None;
        }
        Self::parse(&format!("{double:.*}", F64_FRACTION_DIGITS))
    }

    fn normal(negative: bool, digits: &str, exponent: i64) -> Option<Self> {
        let leading = digits.trim_start_matches('0');
        let significand = leading.trim_end_matches('0');
        if significand.is_empty() {
            return Some(Self {
                negative: false,
                significand: String::new(),
                exponent: 0,
            });
        }
        Some(Self {
            negative,
            significand: significand.to_owned(),
            exponent: exponent + i64::try_from(leading.len() - significand.len()).ok()?,
        })
    }

    fn integer(&self) -> Option<i64> {
        let zeros = usize::try_from(self.exponent).ok()?;
        if self.significand.len().checked_add(zeros)? > I64_DIGITS {
            return None;
        }
        let sign = if self.negative { "-" } else { "" };
        let digits = match self.significand.as_str() {
            "" => "0",
            digits => digits,
        };
        format!("{sign}{digits}{}", "0".repeat(zeros)).parse().ok()
    }
}

/// The smallest double is 2^-1074, and each halving adds one digit.
const F64_FRACTION_DIGITS: usize = 1074;

/// Digits of the largest 64-bit integer.
const I64_DIGITS: usize = 19;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<Number>) {
        assert_eq!(Number::parse(text), expected, "{text}");
    }

    #[test]
    fn whole_numbers_that_fit_are_integers_however_they_are_written() {
        for (text, integer) in [
            ("0", 0),
            ("-0", 0),
            ("7", 7),
            ("+7", 7),
            ("007", 7),
            ("5.00", 5),
            ("1e3", 1000),
            ("12.5e1", 125),
            ("100e-2", 1),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            check(text, Some(Number::Integer(integer)));
        }
    }

    #[test]
    fn all_other_numbers_keep_their_text() {
        for text in [
            "0.1",
            "9223372036854775808",
            "-9223372036854775809",
            "1e400",
            "1e2147483647",
            "0.30",
        ] {
            check(text, Some(Number::Decimal(text.to_owned())));
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "-",
            ".",
            "e5",
            "1e",
            "0x10",
            "1.2.3",
            "NaN",
            "Inf",
            "1_000",
            "1e99999999999",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn numbers_are_compared_by_value_to_the_last_digit() {
        let decimal = |text: &str| Number::Decimal(text.to_owned());
        assert!(Number::Float(1.5).is_same(&decimal("1.50")));
        assert!(Number::Integer(1000).is_same(&decimal("1e3")));
        assert!(Number::Integer(0).is_same(&decimal("-0.0")));
        assert!(
            !Number::Float(0.1).is_same(&decimal("0.1")),
            "no double is exactly 0.1"
        );
        assert!(!Number::Integer(1).is_same(&Number::Integer(-1)));
        assert!(Number::Float(f64::INFINITY).is_same(&Number::Float(f64::INFINITY)));
        assert!(Number::Float(f64::MIN_POSITIVE).is_same(&Number::Float(f64::MIN_POSITIVE)));
    }

    #[test]
    fn a_double_that_is_whole_is_an_integer() {
        assert_eq!(Number::from_f64(3.0), Some(Number::Integer(3)));
        assert_eq!(Number::from_f64(1e30), Some(Number::Float(1e30)));
        assert_eq!(Number::from_f64(f64::NAN), None);
    }
}
