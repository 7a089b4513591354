//! How sections and keys are declared, and what becomes of a declaration.

use std::time::Duration;

use serde_json::Value;

use crate::Config;
use crate::setting::{ByteSize, Given, POSITIVE_DURATION, Setting};

/// Declares a section: what it is about, the page of `docs/` that tells more, and its keys. The
/// comment of a key is its meaning, wherever that is shown: in `--print-config`, the reference, the
/// schema. After the default stand its [bounds](Declared) and whether it is a secret.
macro_rules! section {
    (@page) => { None };
    (@page $page:literal) => { Some($page) };
    (
        $(#[doc = $about:literal])+
        pub struct $Section:ident $(, see $page:literal)? {
            $(
                $(#[doc = $meaning:literal])+
                $name:ident: $type:ty = $default:expr
                    $(, $word:ident $(($($argument:expr),+))?)*;
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone)]
        pub struct $Section {
            $($(#[doc = $meaning])+ pub $name: $type,)+
        }

        impl Default for $Section {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl std::fmt::Debug for $Section {
            /// Without what is secret.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::declare::debug(stringify!($Section), self, f)
            }
        }

        impl $crate::declare::Section for $Section {
            const ABOUT: &'static [&'static str] = &[$($about),+];
            const PAGE: Option<&'static str> = section!(@page $($page)?);

            fn fields() -> Vec<$crate::declare::Field<Self>> {
                vec![$(
                    $crate::declare::Declared::new(
                        stringify!($name),
                        &[$($meaning),+],
                        |section: &Self| &section.$name,
                        |section: &mut Self| &mut section.$name,
                    )
                    $(.$word($($($argument),+)?))*
                    .field(),
                )+]
            }
        }
    };
}

/// Declares a setting that is one of a few words.
macro_rules! words {
    (
        $(#[doc = $about:literal])+
        pub enum $Name:ident {
            $($(#[doc = $meaning:literal])* $Word:ident = $text:literal,)+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $Name {
            $($(#[doc = $meaning])* $Word,)+
        }

        impl $crate::setting::Setting for $Name {
            fn read(given: &$crate::setting::Given) -> Result<Self, String> {
                $crate::setting::read_word(given, &[$(($text, Self::$Word)),+])
            }

            fn show(&self) -> String {
                $crate::setting::quoted(match self { $(Self::$Word => $text,)+ })
            }

            fn schema() -> serde_json::Value {
                serde_json::json!({"enum": [$($text),+]})
            }
        }
    };
}

/// Declares what the configuration consists of: its sections, in the order in which they are shown.
macro_rules! config {
    ($($name:ident: $Section:ident,)+) => {
        /// The whole configuration, checked.
        #[derive(Debug, Clone, Default)]
        pub struct Config {
            $(pub $name: $Section,)+
        }

        /// All sections with their keys.
        pub(crate) fn all() -> Vec<$crate::declare::Keys> {
            vec![$(
                $crate::declare::Keys::of(
                    stringify!($name),
                    |config: &Config| &config.$name,
                    |config: &mut Config| &mut config.$name,
                ),
            )+]
        }
    };
}

/// A part of the configuration.
pub(crate) trait Section: Default + Sized + 'static {
    const ABOUT: &'static [&'static str];
    /// The page of `docs/` that tells more.
    const PAGE: Option<&'static str>;

    fn fields() -> Vec<Field<Self>>;
}

/// A key as `section!` has it: `T` in the section `S`.
pub(crate) struct Declared<S, T> {
    name: &'static str,
    meaning: &'static [&'static str],
    secret: bool,
    get: fn(&S) -> &T,
    get_mut: fn(&mut S) -> &mut T,
    bounds: Vec<Bound<T>>,
    schema: Value,
}

/// Says what is wrong with a value, and what to write instead of it; it is told the default, as
/// that is shown.
type Bound<T> = Box<dyn Fn(&T, &str) -> Result<(), String>>;

impl<S: Section, T: Setting + 'static> Declared<S, T> {
    pub(crate) fn new(
        name: &'static str,
        meaning: &'static [&'static str],
        get: fn(&S) -> &T,
        get_mut: fn(&mut S) -> &mut T,
    ) -> Self {
        let schema = T::schema();
        Self { name, meaning, secret: false, get, get_mut, bounds: Vec::new(), schema }
    }

    /// Its value is never shown.
    pub(crate) fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    fn bound(mut self, bound: impl Fn(&T, &str) -> Result<(), String> + 'static) -> Self {
        self.bounds.push(Box::new(bound));
        self
    }

    fn in_schema(mut self, keyword: &str, value: impl Into<Value>) -> Self {
        self.schema[keyword] = value.into();
        self
    }

    pub(crate) fn field(self) -> Field<S> {
        let Self { get, get_mut, bounds, .. } = self;
        Field {
            name: self.name,
            meaning: self.meaning,
            secret: self.secret,
            schema: self.schema,
            read: Box::new(move |section, given| {
                *get_mut(section) = T::read(given)?;
                Ok(())
            }),
            show: Box::new(move |section| get(section).show()),
            check: Box::new(move |section| {
                let usual = get(&S::default()).show();
                bounds.iter().try_for_each(|bound| bound(get(section), &usual))
            }),
        }
    }
}

impl<S: Section> Declared<S, u32> {
    pub(crate) fn at_least(self, least: u32) -> Self {
        self.in_schema("minimum", least).bound(move |count, usual| {
            if *count >= least {
                return Ok(());
            }
            Err(format!("{count} is too few; write {least} or more, such as the default {usual}"))
        })
    }

    /// A share of a hundred.
    pub(crate) fn percent(self) -> Self {
        self.in_schema("maximum", 100).bound(|share, usual| {
            if *share <= 100 {
                return Ok(());
            }
            Err(format!(
                "{share} percent is more than 100; write 0 to 100, such as the default {usual}"
            ))
        })
    }
}

impl<S: Section> Declared<S, Duration> {
    pub(crate) fn more_than_zero(self) -> Self {
        self.in_schema("pattern", POSITIVE_DURATION).bound(|time, usual| {
            if !time.is_zero() {
                return Ok(());
            }
            Err(format!("{} is too short; write more, such as the default {usual}", time.show()))
        })
    }

    /// `limit` or more would be too long, for the reason `why`.
    pub(crate) fn less_than(self, limit: Duration, why: &'static str) -> Self {
        self.bound(move |time, usual| {
            if *time < limit {
                return Ok(());
            }
            let time = time.show();
            Err(format!("{time} is too long: {why}; write less, such as the default {usual}"))
        })
    }

    pub(crate) fn at_least(self, least: Duration, why: &'static str) -> Self {
        self.bound(move |time, _| or_more(*time >= least, &least, why))
    }
}

impl<S: Section> Declared<S, ByteSize> {
    pub(crate) fn at_least(self, least: ByteSize, why: &'static str) -> Self {
        self.in_schema("minimum", least.0)
            .bound(move |size, _| or_more(size.0 >= least.0, &least, why))
    }
}

fn or_more(good: bool, least: &impl Setting, why: &str) -> Result<(), String> {
    if good { Ok(()) } else { Err(format!("must be {} or more: {why}", least.show())) }
}

/// Reads a value into its place in `C`, a section or the whole configuration.
type Read<C> = Box<dyn Fn(&mut C, &Given) -> Result<(), String>>;
/// Shows the value that is there.
type Show<C> = Box<dyn Fn(&C) -> String>;
/// Says what is wrong with the value that is there, if it is out of bounds.
type Check<C> = Box<dyn Fn(&C) -> Result<(), String>>;

/// A key of the section `S`.
pub(crate) struct Field<S> {
    name: &'static str,
    meaning: &'static [&'static str],
    secret: bool,
    schema: Value,
    read: Read<S>,
    show: Show<S>,
    check: Check<S>,
}

/// Shows a section without its secrets.
pub(crate) fn debug<S: Section>(
    name: &str,
    section: &S,
    f: &mut std::fmt::Formatter<'_>,
) -> std::fmt::Result {
    let mut shown = f.debug_struct(name);
    for field in S::fields().iter().filter(|field| !field.secret) {
        shown.field(field.name, &format_args!("{}", (field.show)(section)));
    }
    shown.finish_non_exhaustive()
}

/// A section with its keys.
pub(crate) struct Keys {
    pub(crate) section: &'static str,
    pub(crate) about: String,
    pub(crate) page: Option<&'static str>,
    pub(crate) keys: Vec<Key>,
}

/// One key.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// `section.key`.
    pub(crate) path: String,
    /// What it means, for whoever sets it.
    pub(crate) meaning: String,
    /// Its value is never shown.
    pub(crate) secret: bool,
    /// What a file may say.
    pub(crate) schema: Value,
    pub(crate) read: Read<Config>,
    pub(crate) show: Show<Config>,
    pub(crate) check: Check<Config>,
}

impl Keys {
    pub(crate) fn of<S: Section>(
        section: &'static str,
        get: fn(&Config) -> &S,
        get_mut: fn(&mut Config) -> &mut S,
    ) -> Self {
        let key = |field: Field<S>| {
            let Field { name, meaning, secret, schema, read, show, check } = field;
            Key {
                name,
                path: format!("{section}.{name}"),
                meaning: joined(meaning),
                secret,
                schema,
                read: Box::new(move |config, given| read(get_mut(config), given)),
                show: Box::new(move |config| show(get(config))),
                check: Box::new(move |config| check(get(config))),
            }
        };
        let keys = S::fields().into_iter().map(key).collect();
        Self { section, about: joined(S::ABOUT), page: S::PAGE, keys }
    }
}

impl Key {
    /// Its environment variable.
    pub(crate) fn variable(&self) -> String {
        format!("DIALGRAPH_{}", self.path.replace('.', "__").to_uppercase())
    }
}

/// The lines of a comment as one text.
fn joined(comment: &[&str]) -> String {
    comment.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}
