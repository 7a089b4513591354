//! Amounts of money: decimal, never binary, and always whole in the currency's smallest unit.
//!
//! An amount is a number or a text such as `19.99`, and is taken for exactly what stands there.
//! What is computed is rounded once, at the end, to the smallest unit of the currency, halves away
//! from zero, and is a number that is written in the same digits again: it has at most 15 of them.

use dialgraph_base::nearest;
use serde_json::Value;

use super::spoken::Language;

/// Smallest units that an amount may have.
const MOST: i128 = 999_999_999_999_999;

/// Digits of a factor or an amount that can be taken in.
const DIGITS: usize = 24;

/// ISO 4217: code, digits behind the point, and names in Korean and English (one, many) with those
/// of the hundredth.
struct Currency {
    code: &'static str,
    digits: u32,
    names: Option<Names>,
}

struct Names {
    korean: (&'static str, &'static str),
    english: (&'static str, &'static str),
    english_part: (&'static str, &'static str),
}

const fn named(
    code: &'static str,
    digits: u32,
    korean: (&'static str, &'static str),
    english: (&'static str, &'static str),
    english_part: (&'static str, &'static str),
) -> Currency {
    Currency { code, digits, names: Some(Names { korean, english, english_part }) }
}

const fn coded(code: &'static str, digits: u32) -> Currency {
    Currency { code, digits, names: None }
}

const CENTS: (&str, &str) = ("cent", "cents");

static CURRENCIES: [Currency; 38] = [
    named("KRW", 0, ("원", ""), ("won", "won"), ("", "")),
    named("USD", 2, ("달러", "센트"), ("dollar", "dollars"), CENTS),
    named("EUR", 2, ("유로", "센트"), ("euro", "euros"), CENTS),
    named("JPY", 0, ("엔", ""), ("yen", "yen"), ("", "")),
    named("GBP", 2, ("파운드", "펜스"), ("pound", "pounds"), ("penny", "pence")),
    named("CNY", 2, ("위안", "펀"), ("yuan", "yuan"), ("fen", "fen")),
    named("AUD", 2, ("호주 달러", "센트"), ("Australian dollar", "Australian dollars"), CENTS),
    named("CAD", 2, ("캐나다 달러", "센트"), ("Canadian dollar", "Canadian dollars"), CENTS),
    named("HKD", 2, ("홍콩 달러", "센트"), ("Hong Kong dollar", "Hong Kong dollars"), CENTS),
    named("SGD", 2, ("싱가포르 달러", "센트"), ("Singapore dollar", "Singapore dollars"), CENTS),
    coded("AED", 2),
    coded("BHD", 3),
    coded("BRL", 2),
    coded("CHF", 2),
    coded("CLP", 0),
    coded("CZK", 2),
    coded("DKK", 2),
    coded("HUF", 2),
    coded("IDR", 2),
    coded("ILS", 2),
    coded("INR", 2),
    coded("ISK", 0),
    coded("JOD", 3),
    coded("KWD", 3),
    coded("MXN", 2),
    coded("MYR", 2),
    coded("NOK", 2),
    coded("NZD", 2),
    coded("OMR", 3),
    coded("PHP", 2),
    coded("PLN", 2),
    coded("SAR", 2),
    coded("SEK", 2),
    coded("THB", 2),
    coded("TRY", 2),
    coded("TWD", 2),
    coded("VND", 0),
    coded("ZAR", 2),
];

/// `mantissa` / 10^`scale`.
#[derive(Debug, Clone, Copy)]
struct Decimal {
    mantissa: i128,
    scale: u32,
}

/// An amount in the smallest units of its currency.
#[derive(Clone, Copy)]
struct Amount {
    units: i128,
    digits: u32,
}

fn too_great() -> String {
    "the amount has more than 15 digits".to_owned()
}

fn currency(code: &str) -> Result<&'static Currency, String> {
    CURRENCIES
        .iter()
        .find(|currency| currency.code == code)
        .ok_or_else(|| "not a currency's code such as KRW or USD".to_owned())
}

/// Why `code` is no currency, with the one that was meant.
pub(super) fn check_currency(code: &str) -> Result<(), (String, Option<String>)> {
    currency(code).map(drop).map_err(|reason| {
        let codes = CURRENCIES.iter().map(|currency| currency.code);
        (reason, nearest(code, codes).map(str::to_owned))
    })
}

fn decimal(value: &Value) -> Result<Decimal, String> {
    let written = match value {
        Value::String(text) => text.trim().to_owned(),
        // The shortest text that is read as this number: what its writer wrote.
        other => other.to_string(),
    };
    read(&written).ok_or_else(|| match value {
        Value::String(_) => "the text is not an amount such as 19.99".to_owned(),
        _ => "the number has too many digits".to_owned(),
    })
}

fn read(text: &str) -> Option<Decimal> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, number) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let written = format!("{whole}{fraction}");
    let significant = written.trim_start_matches('0');
    if significant.len() > DIGITS {
        return None;
    }
    let mantissa = if significant.is_empty() { 0 } else { significant.parse::<i128>().ok()? };
    let mantissa = if negative { -mantissa } else { mantissa };
    let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    let most = i32::try_from(DIGITS).ok()?;
    match u32::try_from(scale) {
        _ if mantissa == 0 => Some(Decimal { mantissa, scale: 0 }),
        Ok(scale) if scale <= u32::try_from(most).ok()? => Some(Decimal { mantissa, scale }),
        Err(_) if -scale <= most => {
            let mantissa = mantissa.checked_mul(power(scale.unsigned_abs())?)?;
            Some(Decimal { mantissa, scale: 0 })
        }
        _ => None,
    }
}

fn power(of: u32) -> Option<i128> {
    10_i128.checked_pow(of)
}

/// `numerator` / `denominator`, halves away from zero.
fn rounded(numerator: i128, denominator: i128) -> Option<i128> {
    let (whole, rest) = (numerator.checked_div(denominator)?, numerator.checked_rem(denominator)?);
    let up = rest.unsigned_abs() >= denominator.unsigned_abs() - rest.unsigned_abs();
    let away = if (numerator < 0) == (denominator < 0) { 1 } else { -1 };
    whole.checked_add(if up { away } else { 0 })
}

impl Decimal {
    /// In smallest units of a currency with so many digits behind the point.
    fn amount(self, digits: u32) -> Option<Amount> {
        let scaled = self.mantissa.checked_mul(power(digits)?)?;
        Amount::new(rounded(scaled, power(self.scale)?)?, digits)
    }

    fn plus(self, other: Self, sign: i128) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let lifted = |one: Self| one.mantissa.checked_mul(power(scale - one.scale)?);
        let mantissa = lifted(self)?.checked_add(lifted(other)?.checked_mul(sign)?)?;
        Some(Self { mantissa, scale })
    }
}

impl Amount {
    fn new(units: i128, digits: u32) -> Option<Self> {
        (units.abs() <= MOST).then_some(Self { units, digits })
    }

    /// Whole units and the rest, both without a sign.
    fn parts(self) -> (u128, u128) {
        let hundred = 10_u128.pow(self.digits);
        (self.units.unsigned_abs() / hundred, self.units.unsigned_abs() % hundred)
    }

    fn text(self) -> String {
        let sign = if self.units < 0 { "-" } else { "" };
        let (whole, rest) = self.parts();
        match self.digits {
            0 => format!("{sign}{whole}"),
            digits => format!("{sign}{whole}.{rest:0width$}", width = digits as usize),
        }
    }

    fn value(self) -> Result<Value, String> {
        let number = match i64::try_from(self.units) {
            Ok(units) if self.digits == 0 => super::number::Num::Int(units),
            // At most 15 digits, which a double gives back as they are.
            _ => super::number::Num::float(self.text().parse().map_err(|_| too_great())?),
        };
        number.value().ok_or_else(too_great)
    }
}

fn give(amount: Option<Amount>) -> Result<Value, String> {
    amount.ok_or_else(too_great)?.value()
}

/// `amount` in whole smallest units.
pub(super) fn money(amount: &Value, code: &str) -> Result<Value, String> {
    let digits = currency(code)?.digits;
    give(decimal(amount)?.amount(digits))
}

pub(super) fn add(a: &Value, b: &Value, code: &str) -> Result<Value, String> {
    sum(a, b, 1, code)
}

pub(super) fn subtract(a: &Value, b: &Value, code: &str) -> Result<Value, String> {
    sum(a, b, -1, code)
}

fn sum(a: &Value, b: &Value, sign: i128, code: &str) -> Result<Value, String> {
    let digits = currency(code)?.digits;
    let (a, b) = (decimal(a)?, decimal(b)?);
    give(a.plus(b, sign).and_then(|sum| sum.amount(digits)))
}

pub(super) fn times(amount: &Value, factor: &Value, code: &str) -> Result<Value, String> {
    let digits = currency(code)?.digits;
    let (a, b) = (decimal(amount)?, decimal(factor)?);
    let product = || {
        let mantissa = a.mantissa.checked_mul(b.mantissa)?;
        Decimal { mantissa, scale: a.scale + b.scale }.amount(digits)
    };
    give(product())
}

pub(super) fn divide(amount: &Value, by: &Value, code: &str) -> Result<Value, String> {
    let digits = currency(code)?.digits;
    let (a, b) = (decimal(amount)?, decimal(by)?);
    if b.mantissa == 0 {
        return Err("an amount cannot be divided by zero".to_owned());
    }
    let quotient = || {
        let numerator = a.mantissa.checked_mul(power(digits + b.scale)?)?;
        let denominator = b.mantissa.checked_mul(power(a.scale)?)?;
        Amount::new(rounded(numerator, denominator)?, digits)
    };
    give(quotient())
}

/// The amount as it is said: `12,300원`, `12 dollars and 50 cents`.
pub(super) fn spoken(amount: &Value, code: &str, language: Language) -> Result<Value, String> {
    let currency = currency(code)?;
    let amount = decimal(amount)?.amount(currency.digits).ok_or_else(too_great)?;
    let (whole, rest) = amount.parts();
    let grouped = grouped(whole);
    let minus = match (amount.units < 0, language) {
        (false, _) => "",
        (true, Language::Korean) => "마이너스 ",
        (true, Language::English) => "minus ",
    };
    let Some(names) = &currency.names else {
        let fraction = match currency.digits {
            0 => String::new(),
            digits => format!(".{rest:0width$}", width = digits as usize),
        };
        return Ok(format!("{minus}{grouped}{fraction} {code}").into());
    };
    let number =
        |n: u128, (one, many): (&'static str, &'static str)| if n == 1 { one } else { many };
    let said = match language {
        Language::Korean => {
            let (name, part) = names.korean;
            match (whole, rest) {
                (_, 0) => format!("{grouped}{name}"),
                (0, rest) => format!("{rest}{part}"),
                (_, rest) => format!("{grouped}{name} {rest}{part}"),
            }
        }
        Language::English => {
            let name = number(whole, names.english);
            let part = number(rest, names.english_part);
            match (whole, rest) {
                (_, 0) => format!("{grouped} {name}"),
                (0, rest) => format!("{rest} {part}"),
                (_, rest) => format!("{grouped} {name} and {rest} {part}"),
            }
        }
    };
    Ok(format!("{minus}{said}").into())
}

/// `12,300`.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// An amount of so many cents, as a flow would write it.
    fn dollars(cents: i64) -> Value {
        let sign = if cents < 0 { "-" } else { "" };
        let cents = cents.unsigned_abs();
        Value::String(format!("{sign}{}.{:02}", cents / 100, cents % 100))
    }

    proptest! {
        #[test]
        fn sums_are_those_of_cents(a in -10_i64.pow(13)..10_i64.pow(13), b in -10_i64.pow(13)..10_i64.pow(13)) {
            let (x, y) = (dollars(a), dollars(b));
            prop_assert_eq!(add(&x, &y, "USD").unwrap(), money(&dollars(a + b), "USD").unwrap());
            prop_assert_eq!(subtract(&x, &y, "USD").unwrap(), money(&dollars(a - b), "USD").unwrap());
        }

        #[test]
        fn a_number_is_the_amount_that_its_digits_say(cents in -10_i64.pow(14)..10_i64.pow(14)) {
            let number = money(&dollars(cents), "USD").unwrap();
            prop_assert_eq!(decimal(&number).unwrap().amount(2).unwrap().units, i128::from(cents));
        }

        #[test]
        fn a_product_is_rounded_once_halves_away_from_zero(
            cents in -10_i64.pow(9)..10_i64.pow(9), thousandths in -10_i64.pow(6)..10_i64.pow(6),
        ) {
            let factor = format!("{}{}.{:03}", if thousandths < 0 { "-" } else { "" },
                thousandths.unsigned_abs() / 1000, thousandths.unsigned_abs() % 1000);
            let exact = i128::from(cents) * i128::from(thousandths);
            let wanted = (exact.abs() + 500) / 1000 * exact.signum();
            let product = times(&dollars(cents), &Value::String(factor), "USD").unwrap();
            prop_assert_eq!(decimal(&product).unwrap().amount(2).unwrap().units, wanted);
        }

        #[test]
        fn what_is_divided_evenly_comes_together_again(won in -10_i64.pow(12)..10_i64.pow(12), by in 1_i64..1000) {
            let part = divide(&json!(won * by), &json!(by), "KRW").unwrap();
            prop_assert_eq!(part, json!(won));
        }
    }

    #[test]
    fn binary_fractions_leave_no_trace() {
        assert_eq!(add(&json!(0.1), &json!(0.2), "USD").unwrap(), json!(0.3));
        // 1.15 * 3.5 is 4.0249999999999995 to a double.
        assert_eq!(times(&json!(1.15), &json!(3.5), "USD").unwrap(), json!(4.03));
        assert_eq!(times(&json!(1.005), &json!(100), "USD").unwrap(), json!(100.5));
        assert_eq!(money(&json!(1.005), "USD").unwrap(), json!(1.01));
        assert_eq!(money(&json!(-2.5), "KRW").unwrap(), json!(-3));
        assert_eq!(money(&json!("1e3"), "KRW").unwrap(), json!(1000));
        assert_eq!(divide(&json!(10), &json!(3), "USD").unwrap(), json!(3.33));
        assert_eq!(divide(&json!(-10), &json!(-4), "KRW").unwrap(), json!(3));
        assert_eq!(divide(&json!(10), &json!(-4), "KRW").unwrap(), json!(-3));
    }

    #[test]
    fn what_is_no_amount_or_too_great_is_refused() {
        for wrong in ["", "1,000", "12달러", "1.", ".5", "--1", "1e999999999999", "NaN", "0x10"] {
            assert!(money(&json!(wrong), "USD").is_err(), "{wrong}");
        }
        assert!(money(&json!(1e15), "KRW").is_err());
        assert!(money(&json!(1e300), "KRW").is_err());
        assert!(money(&json!(1e-300), "KRW").is_err());
        assert!(times(&json!(999_999_999_999_999_i64), &json!(10), "KRW").is_err());
        assert!(divide(&json!(1), &json!(0), "KRW").is_err());
        assert_eq!(check_currency("US").unwrap_err().1.as_deref(), Some("USD"));
        assert!(check_currency("krw").is_err());
    }

    #[test]
    fn amounts_are_said_in_units_and_parts() {
        let said = |amount: Value, code, language| spoken(&amount, code, language).unwrap();
        use Language::{English, Korean};
        assert_eq!(said(json!(1_234_567), "KRW", Korean), "1,234,567원");
        assert_eq!(said(json!(12.5), "USD", Korean), "12달러 50센트");
        assert_eq!(said(json!(12.5), "USD", English), "12 dollars and 50 cents");
        assert_eq!(said(json!(1.01), "USD", English), "1 dollar and 1 cent");
        assert_eq!(said(json!(-0.05), "USD", English), "minus 5 cents");
        assert_eq!(said(json!(0), "USD", English), "0 dollars");
        assert_eq!(said(json!(1000), "KRW", English), "1,000 won");
        assert_eq!(said(json!("7.5"), "CHF", Korean), "7.50 CHF");
    }
}
