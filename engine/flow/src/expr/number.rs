//! One kind of number for flow designers: whole values are kept as integers, all others as doubles,
//! and nothing depends on which of the two a value happens to be.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// Whole doubles up to here are integers; beyond, doubles no longer hold every integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

#[derive(Debug, Clone, Copy)]
pub(super) enum Num {
    Int(i64),
    Float(f64),
}

impl Num {
    pub(super) fn of(number: &Number) -> Self {
        match number.as_i64() {
            Some(i) => Self::Int(i),
            None => Self::float(number.as_f64().unwrap_or(f64::NAN)),
        }
    }

    /// The number `f`, an integer when it is whole.
    pub(super) fn float(f: f64) -> Self {
        if f.fract() == 0.0 && f.abs() <= EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within ±2^53")]
            return Self::Int(f as i64);
        }
        Self::Float(f)
    }

    pub(super) fn as_f64(self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "what a double can hold")]
            Self::Int(i) => i as f64,
            Self::Float(f) => f,
        }
    }

    /// None when it is not finite, which JSON cannot hold.
    pub(super) fn value(self) -> Option<Value> {
        match self {
            Self::Int(i) => Some(i.into()),
            Self::Float(f) => Number::from_f64(f).map(Value::Number),
        }
    }

    /// None when one of them is not a number.
    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b),
            (Self::Int(a), Self::Float(b)) => compare_mixed(a, b),
            (Self::Float(a), Self::Int(b)) => compare_mixed(b, a).map(Ordering::reverse),
        }
    }

    /// As a person would write it: no `.0`, at most ten digits after the point.
    pub(super) fn text(self) -> String {
        match self {
            Self::Int(i) => i.to_string(),
            Self::Float(f) => {
                let text = format!("{f:.10}");
                let text = text.trim_end_matches('0').trim_end_matches('.');
                if text == "-0" {
                    return "0".to_owned();
                }
                text.to_owned()
            }
        }
    }
}

/// `a` against `b` without rounding `a`: [`Num::float`] leaves as doubles only fractions and
/// numbers beyond ±2^53.
fn compare_mixed(a: i64, b: f64) -> Option<Ordering> {
    if b.is_nan() {
        return None;
    }
    if b.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "within ±2^53")]
        let floor = b.floor() as i64;
        return Some(match a.cmp(&floor) {
            Ordering::Equal if b.fract() != 0.0 => Ordering::Less,
            other => other,
        });
    }
    #[expect(clippy::cast_possible_truncation, reason = "saturates, still beyond every i64")]
    Some(i128::from(a).cmp(&(b as i128)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_double_is_the_same_number_as_the_integer() {
        assert_eq!(Num::float(3.0).compare(Num::Int(3)), Some(Ordering::Equal));
        assert_eq!(Num::float(3.0).text(), "3");
    }

    #[test]
    fn numbers_beyond_two_to_the_53_are_compared_without_rounding() {
        let a = Num::Int(i64::MAX);
        let b = Num::Float(9_223_372_036_854_775_808.0);
        assert_eq!(a.compare(b), Some(Ordering::Less));
        assert_eq!(b.compare(a), Some(Ordering::Greater));
        assert_eq!(Num::Int(2).compare(Num::Float(2.5)), Some(Ordering::Less));
        assert_eq!(Num::Int(-2).compare(Num::Float(-2.5)), Some(Ordering::Greater));
    }

    #[test]
    fn fractions_are_written_without_the_noise_of_binary() {
        assert_eq!(Num::Float(0.1 + 0.2).text(), "0.3");
        assert_eq!(Num::Float(2.50).text(), "2.5");
        assert_eq!(Num::Float(-1e-12).text(), "0");
    }
}
