//! The functions of the language: one table for the checker, the evaluator and the documentation.

use std::borrow::Cow;

use serde_json::Value;

use super::josa::Particle;
use super::number::Num;
use super::spoken::{self, Language};
use super::value::{MAX_TEXT, describe, speak};
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
    /// A regular expression; must be written out.
    Pattern,
}

impl Takes {
    pub(super) fn accepts(self, ty: Type) -> bool {
        match self {
            Self::Any => true,
            Self::Text | Self::Particle | Self::Zone | Self::Pattern => ty == Type::String,
            Self::Number => ty == Type::Number,
            Self::TextOrNumber => matches!(ty, Type::String | Type::Number),
            Self::TextOrBoolean => matches!(ty, Type::String | Type::Boolean),
            Self::Scalar => matches!(ty, Type::String | Type::Number | Type::Boolean),
            Self::Sized => matches!(ty, Type::String | Type::List | Type::Map),
            Self::List => ty == Type::List,
        }
    }

    pub(super) fn wanted(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Text | Self::Particle | Self::Zone | Self::Pattern => "a string",
            Self::Number => "a number",
            Self::TextOrNumber => "a string or a number",
            Self::TextOrBoolean => "a string or a boolean",
            Self::Scalar => "a string, a number or a boolean",
            Self::Sized => "a string, a list or a map",
            Self::List => "a list",
        }
    }

    /// Checks an argument that is written out in the flow.
    pub(super) fn check_literal(self, literal: &Value) -> Result<(), String> {
        match (self, literal.as_str()) {
            (Self::Particle, Some(text)) => particle(text).map(drop),
            (Self::Zone, Some(text)) => spoken::zone(text).map(drop),
            _ => Ok(()),
        }
    }
}

pub(super) type Args<'a, 'v> = &'a [Cow<'v, Value>];

#[derive(Debug, Clone, Copy)]
pub(super) enum Run {
    /// The same value in every scope.
    Pure(fn(Args<'_, '_>) -> Result<Value, String>),
    /// Depends on the locale.
    Spoken(fn(Args<'_, '_>, &str) -> Result<Value, String>),
    /// The evaluator's own.
    Default,
    /// The evaluator's own, with a pattern compiled at load.
    Matches,
}

const fn param(name: &'static str, takes: Takes) -> Param {
    Param { name, takes }
}

const TEXT: Param = param("text", Takes::Text);
const TIME: Param = param("time", Takes::Text);
const ZONE: Param = param("zone", Takes::Zone);

/// All functions, in the order of the documentation.
pub static FUNCTIONS: [Function; 23] = [
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
        summary: "Whether the part stands anywhere in the text",
        run: Run::Pure(|args| Ok(text(args, 0).contains(text(args, 1)).into())),
    },
    Function {
        name: "startsWith",
        params: &[TEXT, param("start", Takes::Text)],
        result: Type::Boolean,
        summary: "Whether the text begins so",
        run: Run::Pure(|args| Ok(text(args, 0).starts_with(text(args, 1)).into())),
    },
    Function {
        name: "endsWith",
        params: &[TEXT, param("end", Takes::Text)],
        result: Type::Boolean,
        summary: "Whether the text ends so",
        run: Run::Pure(|args| Ok(text(args, 0).ends_with(text(args, 1)).into())),
    },
    Function {
        name: "matches",
        params: &[TEXT, param("pattern", Takes::Pattern)],
        result: Type::Boolean,
        summary: "Whether the regular expression, written out, matches somewhere in the text",
        run: Run::Matches,
    },
    Function {
        name: "lower",
        params: &[TEXT],
        result: Type::String,
        summary: "The text in small letters",
        run: Run::Pure(|args| bounded(text(args, 0).to_lowercase())),
    },
    Function {
        name: "upper",
        params: &[TEXT],
        result: Type::String,
        summary: "The text in capital letters",
        run: Run::Pure(|args| bounded(text(args, 0).to_uppercase())),
    },
    Function {
        name: "trim",
        params: &[TEXT],
        result: Type::String,
        summary: "The text without blanks at both ends",
        run: Run::Pure(|args| Ok(text(args, 0).trim().into())),
    },
    Function {
        name: "substring",
        params: &[TEXT, param("start", Takes::Number), param("end", Takes::Number)],
        result: Type::String,
        summary: "The characters from start up to, not with, end; the first is 0; beyond the end there are none",
        run: Run::Pure(substring),
    },
    Function {
        name: "join",
        params: &[param("list", Takes::List), param("between", Takes::Text)],
        result: Type::String,
        summary: "The items of a list as one text",
        run: Run::Pure(join),
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
        summary: "The number, or the number that the text is, cut to a whole one",
        run: Run::Pure(int),
    },
    Function {
        name: "double",
        params: &[param("value", Takes::TextOrNumber)],
        result: Type::Number,
        summary: "The number, or the number that the text is",
        run: Run::Pure(|args| finite(parse(&args[0])?)),
    },
    Function {
        name: "bool",
        params: &[param("value", Takes::TextOrBoolean)],
        result: Type::Boolean,
        summary: "The boolean, or the boolean that the text `true` or `false` is",
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
        summary: "The value, or the other one when it is null or not there",
        run: Run::Default,
    },
    Function {
        name: "josa",
        params: &[param("text", Takes::TextOrNumber), param("particle", Takes::Particle)],
        result: Type::String,
        summary: "The text with the Korean particle in the form that fits its last sound",
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
        summary: "The day of an RFC 3339 time, or a date, in words of the caller's language",
        run: Run::Spoken(|args, locale| {
            let zone = spoken::zone(text(args, 1))?;
            let day = spoken::day(text(args, 0), zone)?;
            Ok(spoken::date(day, language(locale)?).into())
        }),
    },
    Function {
        name: "spoken_time",
        params: &[TIME, ZONE],
        result: Type::String,
        summary: "The time of day of an RFC 3339 time, in words of the caller's language",
        run: Run::Spoken(|args, locale| {
            let moment = spoken::moment(text(args, 0), spoken::zone(text(args, 1))?)?;
            Ok(spoken::time(moment.time(), language(locale)?).into())
        }),
    },
    Function {
        name: "spoken_datetime",
        params: &[TIME, ZONE],
        result: Type::String,
        summary: "Day and time of an RFC 3339 time, in words of the caller's language",
        run: Run::Spoken(|args, locale| {
            let moment = spoken::moment(text(args, 0), spoken::zone(text(args, 1))?)?;
            Ok(spoken::datetime(&moment, language(locale)?).into())
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

fn language(locale: &str) -> Result<Language, String> {
    Language::of(locale)
        .ok_or_else(|| format!("dates and times are spoken in Korean and English, not in {locale}"))
}

fn bounded(text: String) -> Result<Value, String> {
    if text.len() > MAX_TEXT {
        return Err(format!("the text would have more than {MAX_TEXT} bytes"));
    }
    Ok(text.into())
}

fn finite(number: Num) -> Result<Value, String> {
    number.value().ok_or_else(|| "the number is too great".to_owned())
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
            .map_err(|_| "places in a text are counted from 0, not below".to_owned()),
        Num::Float(_) => Err("places in a text are whole numbers".to_owned()),
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
