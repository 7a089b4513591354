//! Prompts: per-locale texts with `${…}` in them.
//!
//! A text that begins with `<speak>` is SSML: it has been proved well-formed at load and stays so,
//! since the values inserted are escaped.

mod ssml;

pub(crate) use ssml::is_ssml;
pub use ssml::{Ssml, SsmlElement, read_ssml, ssml_as_text};

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use dialgraph_base::{Locale, locale};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::expr::{self, Expr, ExprError, ExprProblem, Scope, TypeEnv};
use crate::model::Type;

/// Characters that the text of a prompt may have.
pub const MAX_TEMPLATE: usize = 6_000;

/// What a caller hears, in every locale of the flow.
#[derive(Debug, Clone)]
pub struct Prompt {
    texts: BTreeMap<Locale, Template>,
    /// Where words are read, not heard: those of the locales that have others for it.
    written: BTreeMap<Locale, Template>,
}

#[derive(Debug, Clone)]
struct Template {
    ssml: bool,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(Arc<str>),
    Value(Inserted),
}

/// An expression within a text.
#[derive(Debug, Clone)]
pub(crate) struct Inserted {
    pub expr: Expr,
    /// Of its value, as far as it is known before the call.
    pub ty: Type,
    /// Byte of the text at which it begins.
    pub start: usize,
}

/// What is wrong with the text of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TemplateProblem {
    /// More than [`MAX_TEMPLATE`] characters.
    TooLong,
    /// `${` without its `}`.
    Unclosed,
    /// The expression within `${…}`.
    Expr(ExprProblem),
    /// Not well-formed XML, or elements of SSML in a text that does not begin with `<speak>`.
    Ssml,
    /// An element that speech engines do not know.
    UnknownTag,
}

/// A mistake in the text of a prompt, found before any call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateDiagnostic {
    pub problem: TemplateProblem,
    /// One sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// What to write instead of the text at `span`, when that is known.
    pub suggestion: Option<String>,
    /// Bytes of the text at fault; within the text and on character boundaries.
    pub span: Range<usize>,
}

/// A prompt with its values filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub text: String,
    /// `text` is a whole `<speak>` element, inserted values escaped.
    pub ssml: bool,
    /// The locale of the text: the scope's, or the nearest that the prompt has.
    pub locale: Locale,
}

impl Prompt {
    /// Compiles the text of every locale against the variables of its place.
    ///
    /// # Errors
    /// All mistakes of all texts, each with its locale, in the order of locales and places.
    pub fn compile<S: AsRef<str>>(
        texts: BTreeMap<Locale, S>,
        types: &dyn TypeEnv,
    ) -> Result<Self, Vec<(Locale, TemplateDiagnostic)>> {
        let mut compiled = BTreeMap::new();
        let mut mistakes = Vec::new();
        for (locale, text) in texts {
            match Template::compile(text.as_ref(), types) {
                Ok(template) => {
                    compiled.insert(locale, template);
                }
                Err(found) => {
                    mistakes.extend(found.into_iter().map(|one| (locale.clone(), one)));
                }
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self { texts: compiled, written: BTreeMap::new() })
    }

    /// With the texts of `written` where words are read, not heard.
    #[must_use]
    pub fn written_as(self, written: Self) -> Self {
        Self { written: written.texts, ..self }
    }

    /// The locales that it has a text for.
    pub fn locales(&self) -> impl Iterator<Item = &Locale> {
        self.texts.keys()
    }

    /// The expressions within its texts.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        self.inserted().map(|(_, inserted)| &inserted.expr)
    }

    /// The same with the locales of the texts and their places there.
    pub(crate) fn inserted(&self) -> impl Iterator<Item = (&Locale, &Inserted)> {
        self.texts.iter().chain(&self.written).flat_map(|(locale, template)| {
            template.parts.iter().filter_map(move |part| match part {
                Part::Value(inserted) => Some((locale, inserted)),
                Part::Text(_) => None,
            })
        })
    }

    /// What is heard in exactly this locale, if it is the same in every call: if no value is
    /// inserted.
    pub fn fixed(&self, locale: &str) -> Option<Rendered> {
        let (locale, template) = self.texts.get_key_value(locale)?;
        let mut text = String::new();
        for part in &template.parts {
            match part {
                Part::Text(words) => text.push_str(words),
                Part::Value(_) => return None,
            }
        }
        Some(Rendered { text, ssml: template.ssml, locale: locale.clone() })
    }

    /// The text for the scope's locale; else for another of the same language; else the first there
    /// is, since a caller is better served by words in another language than by silence.
    ///
    /// # Errors
    /// When an expression fails, or its value is null or a map, which cannot be spoken.
    pub fn render(&self, scope: &dyn Scope) -> Result<Rendered, ExprError> {
        let wanted = scope.locale();
        let near = || {
            let known = self.texts.keys().map(|locale| &**locale);
            self.texts.get_key_value(locale::nearest(wanted, known)?)
        };
        let nearest =
            self.texts.get_key_value(wanted).or_else(near).or_else(|| self.texts.first_key_value());
        let Some((locale, template)) = nearest else {
            return Ok(Rendered { text: String::new(), ssml: false, locale: wanted.into() });
        };
        let written = self.written.get(locale).filter(|_| scope.reads());
        let template = written.unwrap_or(template);
        Ok(Rendered {
            text: template.render(&InLocale { scope, locale })?,
            ssml: template.ssml,
            locale: locale.clone(),
        })
    }
}

impl Prompt {
    /// The text as an address: what it begins with stands as it is, and every value after that is
    /// percent-encoded, so that it stays the part of the address that its place says.
    ///
    /// # Errors
    /// When an expression fails, or its value is neither text nor number nor truth.
    pub fn render_address(&self, scope: &dyn Scope) -> Result<String, ExprError> {
        // An address is the same in every locale.
        let Some((locale, template)) = self.texts.first_key_value() else {
            return Ok(String::new());
        };
        template.render_address(&InLocale { scope, locale })
    }
}

/// A scope whose words are those of the text at hand.
struct InLocale<'a> {
    scope: &'a dyn Scope,
    locale: &'a str,
}

impl Scope for InLocale<'_> {
    fn variable(&self, root: &str) -> Option<Cow<'_, Value>> {
        self.scope.variable(root)
    }

    fn member(&self, root: &str, name: &str) -> Option<Cow<'_, Value>> {
        self.scope.member(root, name)
    }

    fn locale(&self) -> &str {
        self.locale
    }

    fn reads(&self) -> bool {
        self.scope.reads()
    }
}

impl Template {
    fn compile(text: &str, types: &dyn TypeEnv) -> Result<Self, Vec<TemplateDiagnostic>> {
        let length = text.chars().count();
        if length > MAX_TEMPLATE {
            let end = text.char_indices().nth(MAX_TEMPLATE).map_or(0, |(at, _)| at);
            return Err(vec![TemplateDiagnostic {
                problem: TemplateProblem::TooLong,
                message: format!("the text has {length} characters, more than {MAX_TEMPLATE}"),
                help: Some("split it over several nodes".to_owned()),
                suggestion: None,
                span: end..text.len(),
            }]);
        }
        let mut mistakes = Vec::new();
        let mut parts = Vec::new();
        // The text as XML is to see it: of the same length, digits instead of expressions.
        let mut visible = String::with_capacity(text.len());
        let mut plain = String::new();
        let mut at = 0;
        while let Some(found) = text[at..].find("${").map(|found| at + found) {
            let escaped = text[at..found].ends_with('$');
            plain.push_str(&text[at..found]);
            visible.push_str(&text[at..found]);
            if escaped {
                plain.push('{');
                visible.push_str("${");
                at = found + 2;
                continue;
            }
            let start = found + 2;
            let Some(end) = expr::end_of_expression(text, start) else {
                mistakes.push(TemplateDiagnostic {
                    problem: TemplateProblem::Unclosed,
                    message: "`${` is never closed by `}`".to_owned(),
                    help: Some("close it, or write `$${` for a literal `${`".to_owned()),
                    suggestion: None,
                    span: found..start,
                });
                return Err(mistakes);
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain).into()));
            }
            match value(text, start..end, types) {
                Ok(inserted) => parts.push(Part::Value(inserted)),
                Err(found) => mistakes.extend(found),
            }
            visible.extend(std::iter::repeat_n('0', end + 1 - found));
            at = end + 1;
        }
        plain.push_str(&text[at..]);
        visible.push_str(&text[at..]);
        let ssml = ssml::is_ssml(text);
        if ssml {
            // XML forbids blanks in front of nothing, but a declaration; YAML blocks end with a
            // line break.
            mistakes.extend(ssml::check(&visible));
            plain.truncate(plain.trim_end().len());
        } else if let Some(span) = ssml::tag_in_plain_text(&visible) {
            mistakes.push(TemplateDiagnostic {
                problem: TemplateProblem::Ssml,
                message: "this is SSML in a text that does not begin with `<speak>`".to_owned(),
                help: Some("put the whole text between `<speak>` and `</speak>`".to_owned()),
                suggestion: None,
                span,
            });
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain.into()));
        }
        if !mistakes.is_empty() {
            mistakes.sort_by_key(|mistake| mistake.span.start);
            return Err(mistakes);
        }
        if ssml && let Some(Part::Text(first)) = parts.first_mut() {
            *first = first.trim_start().into();
        }
        Ok(Self { ssml, parts })
    }

    fn render(&self, scope: &dyn Scope) -> Result<String, ExprError> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Value(Inserted { expr, .. }) => {
                    let value = expr.value(scope)?;
                    if let Value::String(text) = value.as_ref() {
                        self.insert(text, &mut out);
                        continue;
                    }
                    let said = expr::say(&value, scope.locale()).map_err(|reason| ExprError {
                        source_text: expr.source().into(),
                        reason: match value.as_ref() {
                            Value::Null => {
                                format!("{reason}; `default(…, …)` gives words for that case")
                            }
                            _ => reason,
                        },
                    })?;
                    self.insert(&said, &mut out);
                }
            }
        }
        Ok(out)
    }

    fn render_address(&self, scope: &dyn Scope) -> Result<String, ExprError> {
        let mut out = String::new();
        for part in &self.parts {
            let (expr, value) = match part {
                Part::Text(text) => {
                    out.push_str(text);
                    continue;
                }
                Part::Value(Inserted { expr, .. }) => (expr, expr.value(scope)?),
            };
            let text = match value.as_ref() {
                Value::String(text) => Cow::Borrowed(&**text),
                Value::Number(number) => Cow::Owned(number.to_string()),
                Value::Bool(is_so) => Cow::Borrowed(if *is_so { "true" } else { "false" }),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    return Err(ExprError {
                        source_text: expr.source().into(),
                        reason: "an address takes texts and numbers only".to_owned(),
                    });
                }
            };
            if out.is_empty() {
                out.push_str(&text);
            } else {
                let kept = if is_web(&out) { IN_WEB } else { IN_OTHERS };
                out.extend(utf8_percent_encode(&text, kept));
            }
        }
        Ok(out)
    }

    fn insert(&self, value: &str, out: &mut String) {
        if self.ssml {
            ssml::escape(value, out);
        } else {
            out.push_str(value);
        }
    }
}

/// All but the unreserved characters of RFC 3986, section 2.3.
const IN_WEB: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `tel:` keeps the plus of a telephone number (RFC 3966), `mailto:` the at sign (RFC 6068).
const IN_OTHERS: &AsciiSet = &IN_WEB.remove(b'+').remove(b'@');

fn is_web(address: &str) -> bool {
    address.trim_start().starts_with("http")
}

/// Whether the text of a prompt has a `${…}`.
pub(crate) fn inserts_values(text: &str) -> bool {
    text.match_indices("${").any(|(at, _)| !text[..at].ends_with('$'))
}

/// The expression at `span` of `text`.
fn value(
    text: &str,
    span: Range<usize>,
    types: &dyn TypeEnv,
) -> Result<Inserted, Vec<TemplateDiagnostic>> {
    let problem = TemplateProblem::Expr;
    let cannot_be_spoken = |what: &str| TemplateDiagnostic {
        problem: problem(ExprProblem::TypeMismatch),
        message: format!("`{}` is {what}, which cannot be spoken", text[span.clone()].trim()),
        help: Some("name what to say of it".to_owned()),
        suggestion: None,
        span: span.clone(),
    };
    match Expr::compile(&text[span.clone()], types) {
        Ok((_, Type::Map)) => Err(vec![cannot_be_spoken("a map")]),
        Ok((expr, _)) if expr.constant().is_some_and(Value::is_null) => {
            Err(vec![cannot_be_spoken("null")])
        }
        Ok((expr, ty)) => Ok(Inserted { expr, ty, start: span.start }),
        Err(found) => Err(found
            .into_iter()
            .map(|one| TemplateDiagnostic {
                problem: problem(one.problem),
                message: one.message,
                help: one.help,
                suggestion: one.suggestion,
                span: one.span.start + span.start..one.span.end + span.start,
            })
            .collect()),
    }
}

#[cfg(test)]
mod tests;
