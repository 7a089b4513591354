//! The forms that the values of a script may have, as data, and reading by them: everything that
//! does not fit is told, at its place and in words of scripts.

use serde_json::{Map, Value};

use dialgraph_base::nearest;
use dialgraph_flow::source::Span;
use dialgraph_flow::syntax::yaml::{Entry, Node};

/// Form of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// A text; numbers and truth values are taken as they are written.
    Text,
    /// A text that is one: a number must stand in quotes.
    Quoted,
    /// One of these words.
    Words(&'static [&'static str]),
    Flag,
    /// Nothing but `true`.
    Yes,
    /// A whole number from 0 to so many.
    Whole(u64),
    /// Any number.
    Number,
    /// Whatever somebody else defines.
    Any,
    /// Any names to values of a form.
    Map(&'static Form),
    List(&'static Form),
    /// A list of just so many values, each of its form.
    Tuple(&'static [Form]),
    /// A map with known keys.
    Object(&'static [Field]),
    /// The same, of which exactly one key is given: it says which kind of thing (a step, a
    /// credential) it is.
    OneOf(&'static str, &'static [Field]),
    /// The one whose YAML form (nothing, scalar, list or map) fits.
    Either(&'static [Form]),
    /// Nothing at all.
    Nothing,
}

/// A key of a map.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) key: &'static str,
    pub(crate) form: Form,
    pub(crate) required: bool,
}

pub(crate) const fn must(key: &'static str, form: Form) -> Field {
    Field { key, form, required: true }
}

pub(crate) const fn may(key: &'static str, form: Form) -> Field {
    Field { key, form, required: false }
}

/// Something that does not fit, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    pub(crate) span: Span,
    pub(crate) message: String,
}

/// What is known of a word that is not there: the one that was meant, or all that there are.
pub(crate) fn instead<'n>(word: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    const SHOWN: usize = 12;
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(near) = nearest(word, known.iter().copied()) {
        return format!("; did you mean `{near}`?");
    }
    match known.len() {
        0 => "; there are none".to_owned(),
        count if count > SHOWN => {
            let shown = known.get(..SHOWN).unwrap_or_default().join(", ");
            format!("; there are {shown} and {} more", count - SHOWN)
        }
        _ => format!("; there are {}", known.join(", ")),
    }
}

impl Form {
    /// The value of `node`, called `what`, as JSON of this form. What does not fit is added to
    /// `out`, and what comes back is then of no use.
    pub(crate) fn read(&self, node: &Node, what: &str, out: &mut Vec<Misfit>) -> Value {
        match self {
            Self::Any => {
                known_twice(node, out);
                return node.json();
            }
            Self::Nothing if node.is_null() => return Value::Null,
            Self::Text => {
                if let Some(text) = node.text() {
                    return Value::from(text);
                }
            }
            Self::Quoted => {
                if let text @ Value::String(_) = node.json() {
                    return text;
                }
            }
            Self::Words(words) => {
                if let Some(text) = node.text() {
                    if !words.contains(&text) {
                        let message = format!(
                            "`{what}` cannot be `{text}`{}",
                            instead(text, words.iter().copied())
                        );
                        out.push(Misfit { span: node.span, message });
                    }
                    return Value::from(text);
                }
            }
            Self::Flag => {
                if let Value::Bool(flag) = node.json() {
                    return Value::Bool(flag);
                }
            }
            Self::Yes => {
                if node.json() == Value::Bool(true) {
                    return Value::Bool(true);
                }
            }
            Self::Whole(most) => {
                if let Some(number) = node.json().as_u64().filter(|number| number <= most) {
                    return Value::from(number);
                }
            }
            Self::Number => {
                if let Value::Number(number) = node.json() {
                    return Value::Number(number);
                }
            }
            Self::Map(form) => {
                if let Some(entries) = node.map() {
                    twice(entries, out);
                    let read = |entry: &Entry| {
                        let key = entry.key.text.clone();
                        let value = form.read(&entry.value, &key, out);
                        (key, value)
                    };
                    return Value::Object(entries.iter().map(read).collect());
                }
            }
            Self::List(form) => {
                if let Some(items) = node.list() {
                    return items.iter().map(|item| form.read(item, what, out)).collect();
                }
            }
            Self::Tuple(forms) => {
                if let Some(items) = node.list().filter(|items| items.len() == forms.len()) {
                    let both = forms.iter().zip(items);
                    return both.map(|(form, item)| form.read(item, what, out)).collect();
                }
            }
            Self::Object(fields) => {
                if let Some(entries) = node.map() {
                    return object(node, entries, fields, what, out);
                }
            }
            Self::OneOf(kind, fields) => {
                if let Some(entries) = node.map() {
                    return one_of(node, entries, fields, kind, out);
                }
            }
            Self::Either(forms) => {
                if let Some(fitting) = forms.iter().find(|form| form.has_form_of(node)) {
                    return fitting.read(node, what, out);
                }
            }
            Self::Nothing => {}
        }
        let found = match node.text() {
            Some(text) if text.chars().count() <= 40 => format!("`{text}`"),
            _ => node.what().to_owned(),
        };
        let message = format!("`{what}` must be {}, not {found}", self.expected());
        out.push(Misfit { span: head(node), message });
        Value::Null
    }

    fn has_form_of(&self, node: &Node) -> bool {
        match self {
            Self::Object(_) | Self::OneOf(..) | Self::Map(_) => node.map().is_some(),
            Self::List(_) | Self::Tuple(_) => node.list().is_some(),
            Self::Any => true,
            Self::Nothing => node.is_null(),
            Self::Either(forms) => forms.iter().any(|form| form.has_form_of(node)),
            Self::Flag | Self::Yes => node.json().is_boolean(),
            Self::Whole(_) | Self::Number => node.json().is_number(),
            Self::Text | Self::Quoted | Self::Words(_) => node.text().is_some(),
        }
    }

    /// What should have been there.
    fn expected(&self) -> String {
        match self {
            Self::Text | Self::Quoted => "a text".to_owned(),
            Self::Words(words) => format!("one of {}", words.join(", ")),
            Self::Flag => "`true` or `false`".to_owned(),
            Self::Yes => "`true`".to_owned(),
            Self::Whole(u64::MAX) => "a whole number".to_owned(),
            Self::Whole(most) => format!("a whole number up to {most}"),
            Self::Number => "a number".to_owned(),
            Self::Any => "a value".to_owned(),
            Self::Map(_) => "a map".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Tuple(forms) => format!("a list of {} values", forms.len()),
            Self::Object(fields) => {
                let keys: Vec<&str> = fields.iter().map(|field| field.key).collect();
                format!("a map with the keys {}", keys.join(", "))
            }
            Self::OneOf(kind, _) => format!("a {kind}: a map with one key"),
            Self::Either(forms) => {
                let forms: Vec<String> = forms.iter().map(Self::expected).collect();
                forms.join(", or ")
            }
            Self::Nothing => "nothing".to_owned(),
        }
    }
}

fn object(
    node: &Node,
    entries: &[Entry],
    fields: &[Field],
    what: &str,
    out: &mut Vec<Misfit>,
) -> Value {
    twice(entries, out);
    let mut read = Map::new();
    for entry in entries {
        let key = &entry.key.text;
        match fields.iter().find(|field| field.key == key) {
            // Whatever may be left out may be left empty, too.
            Some(field) if !field.required && entry.value.is_null() && !is_any(&field.form) => {}
            Some(field) => {
                read.insert(key.clone(), field.form.read(&entry.value, key, out));
            }
            None => out.push(unknown("key", entry, fields)),
        }
    }
    for field in fields.iter().filter(|field| field.required) {
        if node.entry(field.key).is_none() {
            let message = format!("`{what}` needs the key `{}`", field.key);
            out.push(Misfit { span: head(node), message });
        }
    }
    Value::Object(read)
}

fn is_any(form: &Form) -> bool {
    matches!(form, Form::Any)
}

fn one_of(
    node: &Node,
    entries: &[Entry],
    fields: &[Field],
    kind: &str,
    out: &mut Vec<Misfit>,
) -> Value {
    match entries {
        [entry] => match fields.iter().find(|field| field.key == entry.key.text) {
            Some(field) => {
                let value = field.form.read(&entry.value, field.key, out);
                Value::Object(Map::from_iter([(entry.key.text.clone(), value)]))
            }
            None => {
                out.push(unknown(kind, entry, fields));
                Value::Null
            }
        },
        [] => {
            out.push(Misfit { span: node.span, message: format!("this {kind} is empty") });
            Value::Null
        }
        [_, second, ..] => {
            let message = format!(
                "`{}` is a {kind} of its own: begin it with `- ` on a line of its own",
                second.key.text
            );
            let known = fields.iter().any(|field| field.key == second.key.text);
            out.push(match known {
                true => Misfit { span: second.key.span, message },
                false => unknown(kind, second, fields),
            });
            Value::Null
        }
    }
}

fn unknown(kind: &str, entry: &Entry, fields: &[Field]) -> Misfit {
    let word = &entry.key.text;
    let instead = instead(word, fields.iter().map(|field| field.key));
    Misfit { span: entry.key.span, message: format!("there is no {kind} `{word}` here{instead}") }
}

/// Of a key that is given twice nothing would tell which one counts.
fn twice(entries: &[Entry], out: &mut Vec<Misfit>) {
    let mut seen = std::collections::BTreeSet::new();
    for entry in entries {
        if !seen.insert(entry.key.text.as_str()) {
            let message = format!("the key `{}` is given twice", entry.key.text);
            out.push(Misfit { span: entry.key.span, message });
        }
    }
}

fn known_twice(node: &Node, out: &mut Vec<Misfit>) {
    if let Some(entries) = node.map() {
        twice(entries, out);
        entries.iter().for_each(|entry| known_twice(&entry.value, out));
    }
    node.list().unwrap_or_default().iter().for_each(|item| known_twice(item, out));
}

/// Where a value begins; of a map the first key, so that the place is a word.
pub(crate) fn head(node: &Node) -> Span {
    match (node.map(), node.list()) {
        (Some([first, ..]), _) => first.key.span,
        (_, Some([first, ..])) => head(first),
        _ => node.span,
    }
}
