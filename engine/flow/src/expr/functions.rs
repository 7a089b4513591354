//! The functions of the language: one table for the checker, the evaluator and the documentation.

use std::borrow::Cow;

use serde_json::Value;

use super::josa::Particle;
use super::number::Num;
use super::spoken::{self, Language};
use super::value::{MAX_TEXT, describe, speak};
use super::{clock, dates, money};
use crate::model::Type;

/// A function, written `name(first, second)` or `first.name(second)`.
#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    pub(super) params: &'static [Param],
    pub result: Type,
    /// One sentence for people who write flows.
    pub summary: &'static str,
    pub(super) run: Run,
}

impl Function {
    /// `josa(text, particle)`.
    pub fn signature(&self) -> String {
        let params: Vec<&str> = self.params.iter().map(|p| p.name).collect();
        format!("{}({})", self.name, params.join(", "))
    }
}

#[derive(Debug)]
pub(super) struct Param {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
}

/// What an argument may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Any,
    Text,
    Number,
    TextOrNumber,
    TextOrBoolean,
    /// Anything that can be spoken: string, number or boolean.
    Scalar,
    /// Anything with a size: string, list or map.
    Sized,
    List,
    /// A Korean particle in both forms; checked at load when written out.
    Particle,
    /// An IANA time zone; checked at load when written out.
    Zone,
    /// A country by its code of ISO 3166-1; checked at load when written out.
    Country,
    /// A time of day such as `15:30`, or an RFC 3339 time; checked at load when written out.
    Clock,
    /// A day such as `2026-11-20`; checked at load when written out.
    Date,
    /// A pattern by which a day is written; checked at load when written out.
    DateForm,
    /// An amount of money: a number, or a text of digits with a point.
    Amount,
    /// The code of a currency; checked at load when written out.
    Currency,
    /// A regular expression; must be written out.
    Pattern,
}

impl Takes {
    pub(super) fn accepts(self, ty: Type) -> bool {
        match self {
            Self::Any => true,
            Self::Text
            | Self::Particle
            | Self::Zone
            | Self::Country
            | Self::Clock
            | Self::Date
            | Self::DateForm
            | Self::Currency
            | Self::Pattern => ty == Type::String,
            Self::Number => ty == Type::Number,
            Self::TextOrNumber | Self::Amount => matches!(ty, Type::String | Type::Number),
            Self::TextOrBoolean => matches!(ty, Type::String | Type::Boolean),
            Self::Scalar => matches!(ty, Type::String | Type::Number | Type::Boolean),
            Self::Sized => matches!(ty, Type::String | Type::List | Type::Map),
            Self::List => ty == Type::List,
        }
    }

    pub(super) fn wanted(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Text
            | Self::Particle
            | Self::Zone
            | Self::Country
            | Self::Clock
            | Self::Date
            | Self::DateForm
            | Self::Currency
            | Self::Pattern => "a string",
            Self::Number => "a number",
            Self::TextOrNumber | Self::Amount => "a string or a number",
            Self::TextOrBoolean => "a string or a boolean",
            Self::Scalar => "a string, a number or a boolean",
            Self::Sized => "a string, a list or a map",
            Self::List => "a list",
        }
    }

    /// Checks an argument that is written out in the flow: what is wrong with it, and what was
    /// meant.
    pub(super) fn check_literal(self, literal: &Value) -> Result<(), (String, Option<String>)> {
        let alone = |checked: Result<(), String>| checked.map_err(|reason| (reason, None));
        match (self, literal.as_str()) {
            (Self::Particle, Some(text)) => alone(particle(text).map(drop)),
            (Self::Zone, Some(name)) => {
                spoken::zone(name).map(drop).map_err(|reason| (reason, spoken::near_zone(name)))
            }
            (Self::Country, Some(code)) => alone(spoken::country(code).map(drop)),
            (Self::Clock, Some(text)) => alone(clock::read(text).map(drop)),
            (Self::Date, Some(text)) => alone(dates::day(text).map(drop)),
            (Self::DateForm, Some(pattern)) => alone(dates::check_format(pattern)),
            (Self::Currency, Some(code)) => money::check_currency(code),
            (
                Self::Any
                | Self::Text
                | Self::Number
                | Self::TextOrNumber
                | Self::TextOrBoolean
                | Self::Scalar
                | Self::Sized
                | Self::List
                | Self::Amount
                | Self::Pattern,
                _,
            )
            | (_, None) => Ok(()),
        }
    }
}

pub(super) type Args<'a, 'v> = &'a [Cow<'v, Value>];

#[derive(Debug, Clone, Copy)]
pub(super) enum Run {
    /// The same value in every scope.
    Pure(fn(Args<'_, '_>) -> Result<Value, String>),
    /// Depends on the locale, and has something to say in every one.
    Spoken(fn(Args<'_, '_>, &str) -> Result<Value, String>),
    /// In words of the caller's language; fails in a language that has none here. The time of the
    /// turn is given as well, as an RFC 3339 text, if there is one.
    Worded(fn(Args<'_, '_>, Language, Option<&str>) -> Result<Value, String>),
    /// Depends on the time of the turn, which is given as an RFC 3339 text.
    Timed(fn(Args<'_, '_>, &str) -> Result<Value, String>),
    /// The evaluator's own.
    Default,
    /// The evaluator's own.
    Try,
    /// The evaluator's own, with a pattern compiled at load.
    Matches,
}

const fn param(name: &'static str, takes: Takes) -> Param {
    Param { name, takes }
}

const TEXT: Param = param("text", Takes::Text);
const TIME: Param = param("time", Takes::Text);
const ZONE: Param = param("zone", Takes::Zone);
const DATE: Param = param("date", Takes::Date);
const AMOUNT: Param = param("amount", Takes::Amount);
const CURRENCY: Param = param("currency", Takes::Currency);

/// All functions, in the order of the documentation.
pub static FUNCTIONS: [Function; 43] = [
    Function {
        name: "size",
        params: &[param("value", Takes::Sized)],
        result: Type::Number,
        summary: "Characters of a string, items of a list or members of a map",
        run: Run::Pure(size),
    },
    Function {
        name: "contains",
        params: &[TEXT, param("part", Takes::Text)],
        result: Type::Boolean,
        summary: "True if the text contains the part",
        run: Run::Pure(|args| Ok(text(args, 0).contains(text(args, 1)).into())),
    },
    Function {
        name: "startsWith",
        params: &[TEXT, param("start", Takes::Text)],
        result: Type::Boolean,
        summary: "True if the text begins with `start`",
        run: Run::Pure(|args| Ok(text(args, 0).starts_with(text(args, 1)).into())),
    },
    Function {
        name: "endsWith",
        params: &[TEXT, param("end", Takes::Text)],
        result: Type::Boolean,
        summary: "True if the text ends with `end`",
        run: Run::Pure(|args| Ok(text(args, 0).ends_with(text(args, 1)).into())),
    },
    Function {
        name: "matches",
        params: &[TEXT, param("pattern", Takes::Pattern)],
        result: Type::Boolean,
        summary: "True if the text has a match for the regular expression, which must be a literal",
        run: Run::Matches,
    },
    Function {
        name: "lower",
        params: &[TEXT],
        result: Type::String,
        summary: "The text in lower case",
        run: Run::Pure(|args| bounded(text(args, 0).to_lowercase())),
    },
    Function {
        name: "upper",
        params: &[TEXT],
        result: Type::String,
        summary: "The text in upper case",
        run: Run::Pure(|args| bounded(text(args, 0).to_uppercase())),
    },
    Function {
        name: "trim",
        params: &[TEXT],
        result: Type::String,
        summary: "The text without spaces at its start and end",
        run: Run::Pure(|args| Ok(text(args, 0).trim().into())),
    },
    Function {
        name: "substring",
        params: &[TEXT, param("start", Takes::Number), param("end", Takes::Number)],
        result: Type::String,
        summary: "The characters from `start` to `end`, counted from 0, without the one at `end`; \
            past the end of the text there are none",
        run: Run::Pure(substring),
    },
    Function {
        name: "join",
        params: &[param("list", Takes::List), param("between", Takes::Text)],
        result: Type::String,
        summary: "The items of the list as one text, with `between` between them",
        run: Run::Pure(join),
    },
    Function {
        name: "split",
        params: &[TEXT, param("separator", Takes::Text)],
        result: Type::List,
        summary: "The parts of the text between the separators; the whole text if it has no \
            separator",
        run: Run::Pure(split),
    },
    Function {
        name: "string",
        params: &[param("value", Takes::Scalar)],
        result: Type::String,
        summary: "The value as a text",
        run: Run::Pure(|args| speak(&args[0], None).map(Value::String)),
    },
    Function {
        name: "int",
        params: &[param("value", Takes::TextOrNumber)],
        result: Type::Number,
        summary: "The number, or the number in the text, without its fraction",
        run: Run::Pure(int),
    },
    Function {
        name: "double",
        params: &[param("value", Takes::TextOrNumber)],
        result: Type::Number,
        summary: "The number, or the number in the text",
        run: Run::Pure(|args| finite(parse(&args[0])?)),
    },
    Function {
        name: "bool",
        params: &[param("value", Takes::TextOrBoolean)],
        result: Type::Boolean,
        summary: "The boolean, or the boolean for the text `true` or `false`",
        run: Run::Pure(boolean),
    },
    Function {
        name: "round",
        params: &[param("number", Takes::Number)],
        result: Type::Number,
        summary: "The nearest whole number; halves away from zero",
        run: Run::Pure(|args| {
            finite(match number(args, 0) {
                Num::Float(f) => Num::float(f.round()),
                whole => whole,
            })
        }),
    },
    Function {
        name: "default",
        params: &[param("value", Takes::Any), param("otherwise", Takes::Any)],
        result: Type::Any,
        summary: "The value, or `otherwise` if the value is null or missing",
        run: Run::Default,
    },
    Function {
        name: "try",
        params: &[param("value", Takes::Any), param("otherwise", Takes::Any)],
        result: Type::Any,
        summary: "The value, or `otherwise` if computing the value fails, such as for a text that \
            is not a number or an index past the end of a list",
        run: Run::Try,
    },
    Function {
        name: "is_number",
        params: &[param("value", Takes::Any)],
        result: Type::Boolean,
        summary: "True if the value is a number, or a text that `double` can read",
        run: Run::Pure(|args| {
            let takes = args[0].is_number() || args[0].is_string();
            Ok((takes && parse(&args[0]).is_ok_and(|number| number.value().is_some())).into())
        }),
    },
    Function {
        name: "is_date",
        params: &[param("value", Takes::Any)],
        result: Type::Boolean,
        summary: "True if the value is a text with a date or an RFC 3339 time",
        run: Run::Pure(|args| Ok(dates::is_date(&args[0]).into())),
    },
    Function {
        name: "today",
        params: &[ZONE],
        result: Type::String,
        summary: "The current date in the zone, such as `2026-11-20`",
        run: Run::Timed(|args, now| dates::date(now, text(args, 0))),
    },
    Function {
        name: "date",
        params: &[TIME, ZONE],
        result: Type::String,
        summary: "The date of an RFC 3339 time in the zone",
        run: Run::Pure(|args| dates::date(text(args, 0), text(args, 1))),
    },
    Function {
        name: "time_of",
        params: &[TIME, ZONE],
        result: Type::String,
        summary: "The time of day of an RFC 3339 time in the zone, such as `15:30`",
        run: Run::Pure(|args| clock::time_of(text(args, 0), text(args, 1))),
    },
    Function {
        name: "minutes_between",
        params: &[param("from", Takes::Clock), param("to", Takes::Clock)],
        result: Type::Number,
        summary: "The whole minutes from the first time to the second, negative if the second is \
            earlier; both are times of day, or both are RFC 3339 times",
        run: Run::Pure(|args| clock::minutes_between(text(args, 0), text(args, 1))),
    },
    Function {
        name: "add_days",
        params: &[DATE, param("days", Takes::Number)],
        result: Type::String,
        summary: "The date that many days later, or earlier if `days` is negative",
        run: Run::Pure(|args| dates::add_days(text(args, 0), number(args, 1))),
    },
    Function {
        name: "add_months",
        params: &[DATE, param("months", Takes::Number)],
        result: Type::String,
        summary: "The same day that many months later, or the last day of a month that is too \
            short",
        run: Run::Pure(|args| dates::add_months(text(args, 0), number(args, 1))),
    },
    Function {
        name: "days_between",
        params: &[param("from", Takes::Date), param("to", Takes::Date)],
        result: Type::Number,
        summary: "The days from the first date to the second; negative if the second is earlier",
        run: Run::Pure(|args| dates::days_between(text(args, 0), text(args, 1))),
    },
    Function {
        name: "weekday",
        params: &[DATE],
        result: Type::Number,
        summary: "1 for a Monday to 7 for a Sunday",
        run: Run::Pure(|args| dates::weekday(text(args, 0))),
    },
    Function {
        name: "format_date",
        params: &[DATE, param("form", Takes::DateForm)],
        result: Type::String,
        summary: "The date in a `strftime` format, such as `%Y/%m/%d`",
        run: Run::Pure(|args| dates::format(text(args, 0), text(args, 1))),
    },
    Function {
        name: "money",
        params: &[AMOUNT, CURRENCY],
        result: Type::Number,
        summary: "The amount, rounded to the smallest unit of the currency; halves away from zero",
        run: Run::Pure(|args| money::money(&args[0], text(args, 1))),
    },
    Function {
        name: "money_add",
        params: &[param("a", Takes::Amount), param("b", Takes::Amount), CURRENCY],
        result: Type::Number,
        summary: "The exact sum of two amounts, rounded as `money` does",
        run: Run::Pure(|args| money::add(&args[0], &args[1], text(args, 2))),
    },
    Function {
        name: "money_subtract",
        params: &[param("a", Takes::Amount), param("b", Takes::Amount), CURRENCY],
        result: Type::Number,
        summary: "The exact difference of two amounts, rounded as `money` does",
        run: Run::Pure(|args| money::subtract(&args[0], &args[1], text(args, 2))),
    },
    Function {
        name: "money_times",
        params: &[AMOUNT, param("factor", Takes::Amount), CURRENCY],
        result: Type::Number,
        summary: "The exact product, rounded once as `money` does",
        run: Run::Pure(|args| money::times(&args[0], &args[1], text(args, 2))),
    },
    Function {
        name: "money_divide",
        params: &[AMOUNT, param("by", Takes::Amount), CURRENCY],
        result: Type::Number,
        summary: "The exact quotient, rounded once as `money` does",
        run: Run::Pure(|args| money::divide(&args[0], &args[1], text(args, 2))),
    },
    Function {
        name: "spoken_money",
        params: &[AMOUNT, CURRENCY],
        result: Type::String,
        summary: "The amount in words of the caller's language",
        run: Run::Worded(|args, language, _| money::spoken(&args[0], text(args, 1), language)),
    },
    Function {
        name: "josa",
        params: &[param("text", Takes::TextOrNumber), param("particle", Takes::Particle)],
        result: Type::String,
        summary: "The text followed by the Korean particle, in the form that fits the last sound \
            of the text",
        run: Run::Pure(|args| bounded(particle(text(args, 1))?.attach(&speak(&args[0], None)?))),
    },
    Function {
        name: "digits",
        params: &[param("text", Takes::TextOrNumber)],
        result: Type::String,
        summary: "The digits and letters one by one, in words of the caller's language",
        run: Run::Spoken(|args, locale| {
            let text = speak(&args[0], None)?;
            bounded(spoken::digits(&text, Language::of(locale)))
        }),
    },
    Function {
        name: "spoken_date",
        params: &[TIME, ZONE],
        result: Type::String,
        summary: "The day of an RFC 3339 time, or a date, in words of the caller's language; with \
            the year if it differs from the year of the call",
        run: Run::Worded(|args, language, now| {
            let zone = spoken::zone(text(args, 1))?;
            let year = spoken::year(now, &zone);
            let day = spoken::day(text(args, 0), zone)?;
            Ok(spoken::date(day, language, year).into())
        }),
    },
    Function {
        name: "spoken_time",
        params: &[TIME, ZONE],
        result: Type::String,
        summary: "The time of day of an RFC 3339 time, or a time such as `15:30`, in words of the caller's language",
        run: Run::Worded(|args, language, _| {
            let time = clock::of_day(text(args, 0), text(args, 1))?;
            Ok(spoken::time(time, language).into())
        }),
    },
    Function {
        name: "spoken_datetime",
        params: &[TIME, ZONE],
        result: Type::String,
        summary: "Day and time of an RFC 3339 time, in words of the caller's language",
        run: Run::Worded(|args, language, now| {
            let zone = spoken::zone(text(args, 1))?;
            let year = spoken::year(now, &zone);
            let moment = spoken::moment(text(args, 0), zone)?;
            Ok(spoken::datetime(&moment, language, year).into())
        }),
    },
    Function {
        name: "spoken_phone",
        params: &[param("number", Takes::Text), param("country", Takes::Country)],
        result: Type::String,
        summary: "The digits of a telephone number one by one, as dialled in the country: in the \
            usual groups for Korea and North America, in threes and fours elsewhere",
        run: Run::Spoken(|args, locale| {
            let country = spoken::country(text(args, 1))?;
            bounded(spoken::phone(text(args, 0), country, Language::of(locale)))
        }),
    },
    Function {
        name: "min",
        params: &[param("a", Takes::Number), param("b", Takes::Number)],
        result: Type::Number,
        summary: "The smaller of two numbers",
        run: Run::Pure(|args| {
            let swap = number(args, 1).compare(number(args, 0)) == Some(std::cmp::Ordering::Less);
            Ok(args[usize::from(swap)].as_ref().clone())
        }),
    },
    Function {
        name: "max",
        params: &[param("a", Takes::Number), param("b", Takes::Number)],
        result: Type::Number,
        summary: "The greater of two numbers",
        run: Run::Pure(|args| {
            let swap =
                number(args, 1).compare(number(args, 0)) == Some(std::cmp::Ordering::Greater);
            Ok(args[usize::from(swap)].as_ref().clone())
        }),
    },
];

/// The function called `name`.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Arguments have been checked against their parameters before a function runs.
fn text<'a>(args: Args<'a, '_>, at: usize) -> &'a str {
    args[at].as_str().unwrap_or_default()
}

fn number(args: Args<'_, '_>, at: usize) -> Num {
    match args[at].as_ref() {
        Value::Number(number) => Num::of(number),
        _ => Num::Int(0),
    }
}

fn particle(text: &str) -> Result<Particle, String> {
    Particle::parse(text)
        .ok_or_else(|| "not a particle in both its forms, such as 은/는".to_owned())
}

fn bounded(text: String) -> Result<Value, String> {
    if text.len() > MAX_TEXT {
        return Err(format!("the text would have more than {MAX_TEXT} bytes"));
    }
    Ok(text.into())
}

fn finite(number: Num) -> Result<Value, String> {
    number.value().ok_or_else(|| "the number is too large".to_owned())
}

fn count(n: usize) -> Value {
    u64::try_from(n).unwrap_or(u64::MAX).into()
}

fn size(args: Args<'_, '_>) -> Result<Value, String> {
    Ok(count(match args[0].as_ref() {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        other => return Err(format!("{} has no size", describe(other))),
    }))
}

fn substring(args: Args<'_, '_>) -> Result<Value, String> {
    let at = |place: usize| match number(args, place) {
        Num::Int(i) => usize::try_from(i)
            .map_err(|_| "positions in a text start at 0 and cannot be negative".to_owned()),
        Num::Float(_) => Err("positions in a text are whole numbers".to_owned()),
    };
    let (start, end) = (at(1)?, at(2)?);
    let length =
        end.checked_sub(start).ok_or_else(|| "the end lies before the start".to_owned())?;
    let part: String = text(args, 0).chars().skip(start).take(length).collect();
    Ok(part.into())
}

fn join(args: Args<'_, '_>) -> Result<Value, String> {
    let items = args[0].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut out = String::new();
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push_str(text(args, 1));
        }
        out.push_str(&speak(item, None)?);
        if out.len() > MAX_TEXT {
            break;
        }
    }
    bounded(out)
}

fn split(args: Args<'_, '_>) -> Result<Value, String> {
    let separator = text(args, 1);
    if separator.is_empty() {
        return Err("the separator is empty".to_owned());
    }
    Ok(text(args, 0).split(separator).map(Value::from).collect())
}

fn parse(value: &Value) -> Result<Num, String> {
    match value {
        Value::Number(number) => Ok(Num::of(number)),
        Value::String(text) => {
            let text = text.trim();
            let plain = !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
            let parsed = match text.parse::<i64>() {
                Ok(whole) => Some(Num::Int(whole)),
                Err(_) if plain => text.parse().ok().map(Num::float),
                Err(_) => None,
            };
            parsed.ok_or_else(|| "the text is not a number".to_owned())
        }
        other => Err(format!("{} is not a number", describe(other))),
    }
}

fn int(args: Args<'_, '_>) -> Result<Value, String> {
    finite(match parse(&args[0])? {
        Num::Float(f) => Num::float(f.trunc()),
        whole => whole,
    })
}

fn boolean(args: Args<'_, '_>) -> Result<Value, String> {
    match args[0].as_ref() {
        Value::String(text) => match text.trim() {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err("the text is neither `true` nor `false`".to_owned()),
        },
        other => Ok(other.clone()),
    }
}
