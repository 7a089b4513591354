//! Exact numbers.

/// An exact number with decimals, in its shortest form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Decimal {
    /// In millionths.
    pub(super) micros: i128,
}

pub(super) const MICROS: i128 = 1_000_000;
/// No number of a caller is larger.
pub(super) const LARGEST: i128 = 1_000_000_000_000_000;

impl Decimal {
    /// A whole number.
    pub const fn whole(number: i64) -> Decimal {
        Decimal { micros: number as i128 * MICROS }
    }

    pub(crate) fn parse(figure: &str) -> Option<Decimal> {
        let (whole, part) = figure.split_once('.').unwrap_or((figure, ""));
        if whole.len() > 15 || part.len() > 6 || whole.is_empty() {
            return None;
        }
        let whole: i128 = whole.parse().ok()?;
        let part: i128 = if part.is_empty() {
            0
        } else {
            part.parse::<i128>().ok()? * 10_i128.pow(6 - u32::try_from(part.len()).ok()?)
        };
        Some(Decimal { micros: whole * MICROS + part })
    }

    /// The number, where it is a whole one.
    pub fn as_whole(self) -> Option<i64> {
        (self.micros % MICROS == 0).then(|| i64::try_from(self.micros / MICROS).ok()).flatten()
    }

    /// The nearest floating-point number.
    pub fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or_default()
    }

    pub(crate) fn plus(self, other: Decimal) -> Decimal {
        Decimal { micros: self.micros + other.micros }
    }

    pub(crate) fn half() -> Decimal {
        Decimal { micros: MICROS / 2 }
    }

    pub(crate) fn hundredths(number: i64) -> Decimal {
        Decimal { micros: i128::from(number) * MICROS / 100 }
    }

    pub(super) fn times(self, factor: i128) -> Option<Decimal> {
        let micros = self.micros.checked_mul(factor)?;
        (micros.abs() <= LARGEST * MICROS).then_some(Decimal { micros })
    }

    pub(crate) fn negated(self) -> Decimal {
        Decimal { micros: -self.micros }
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.micros < 0 { "-" } else { "" };
        let micros = self.micros.abs();
        let part = format!("{:06}", micros % MICROS);
        match part.trim_end_matches('0') {
            "" => write!(f, "{sign}{}", micros / MICROS),
            part => write!(f, "{sign}{}.{part}", micros / MICROS),
        }
    }
}
