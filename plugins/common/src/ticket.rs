//! What a ticket says, whatever desk it goes to.

use std::collections::BTreeMap;

use dialgraph_plugin::{Check, Host, language_of, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::text::{known, shortened};
use crate::time::rfc3339;

/// How tickets are written.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Template {
    /// Subject with `{company}`, `{class}`, `{intent}`, `{request}`, `{name}`, `{phone}`,
    /// `{channel}`, `{call}`; what is unknown is left out together with brackets around it. At most
    /// 150 characters are kept.
    pub subject: Subject,
    /// How urgent a ticket is.
    pub priority: Priorities,
    /// Tags that every ticket gets besides the customer's class and the intent.
    pub tags: Vec<String>,
    /// Language of the labels in the body, `ko` or `en`; left out: that of the call.
    pub language: Option<Language>,
}

/// A subject with placeholders.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Subject(String);

impl Default for Subject {
    fn default() -> Self {
        Self("[{company}] {intent}".to_owned())
    }
}

/// A language of the people at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Korean.
    Ko,
    /// English.
    En,
}

/// A table of priorities; the first rule that fits counts.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Priorities {
    /// In order.
    pub rules: Vec<Rule>,
    /// When no rule fits; left out: `normal`.
    pub default: Priority,
}

/// Fits when all that it names is so.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The customer's class.
    #[serde(default)]
    class: Option<String>,
    /// The caller's intent.
    #[serde(default)]
    #[schemars(extend("x-dialgraph-ref" = "intent"))]
    intent: Option<String>,
    priority: Priority,
}

impl Rule {
    /// Whether it fits wherever `other` does.
    fn covers(&self, other: &Self) -> bool {
        let covers = |own: &Option<String>, theirs: &Option<String>| own.is_none() || own == theirs;
        covers(&self.class, &other.class) && covers(&self.intent, &other.intent)
    }
}

/// How urgent a ticket is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    Urgent,
    High,
    #[default]
    Normal,
    Low,
}

impl Priority {
    /// As ticket desks write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }
}

/// What the flow knows. Empty texts count as left out.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Input {
    /// The customer's class, such as `msp`.
    pub customer_class: Option<String>,
    /// Id of the customer.
    pub customer_id: Option<String>,
    /// Name of the customer's company.
    pub company: Option<String>,
    /// What the caller wants, as an intent's name.
    #[schemars(extend("x-dialgraph-ref" = "intent"))]
    pub intent: Option<String>,
    /// What the caller wants, for people to read; left out: the intent's name.
    pub intent_title: Option<String>,
    /// What the caller wants, in the caller's words.
    pub request: Option<String>,
    /// Details that were understood, by name.
    pub slots: BTreeMap<String, Value>,
    /// Who called.
    pub requester_name: Option<String>,
    /// Where to call back; left out: the caller's number.
    pub requester_phone: Option<String>,
    /// Where to write to.
    pub requester_email: Option<String>,
    /// Id of the person in charge.
    pub assignee: Option<String>,
    /// E-mail address of the person in charge, for desks that know people by it.
    pub assignee_email: Option<String>,
    /// Whatever else a person should read.
    pub notes: Option<String>,
    /// Goes before the table of priorities.
    pub priority: Option<Priority>,
    /// Further fields, by the desk's names for them.
    pub fields: BTreeMap<String, String>,
}

impl Input {
    /// The intent as people read it.
    fn title(&self) -> Option<&str> {
        known(self.intent_title.as_deref()).or(known(self.intent.as_deref()))
    }
}

/// The ticket that was opened.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// Id at the desk.
    pub ticket_id: String,
    /// Where a person can open it.
    pub url: Option<String>,
    /// True when this visit had opened it before.
    pub duplicate: bool,
    pub priority: Priority,
    pub subject: String,
}

/// A ticket before it goes to a desk.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub subject: String,
    pub body: String,
    pub priority: Priority,
    pub requester_name: Option<String>,
    pub requester_phone: Option<String>,
    pub requester_email: Option<String>,
    pub assignee: Option<String>,
    pub assignee_email: Option<String>,
    pub tags: Vec<String>,
    pub fields: BTreeMap<String, String>,
}

/// Names in braces that a subject may hold.
const NAMES: [&str; 8] =
    ["company", "class", "intent", "request", "name", "phone", "channel", "call"];

const SUBJECT: usize = 150;
const REQUEST: usize = 2_000;
const VALUE: usize = 300;

impl Template {
    /// Tells what is wrong with the template at `at` beyond what the schema can say.
    pub fn look_over(&self, check: &mut Check<'_>, at: &str) {
        self.look_over_subject(check, &format!("{at}/subject"));
        for (index, text) in self.tags.iter().enumerate() {
            let place = format!("{at}/tags/{index}");
            if tag(text).is_empty() {
                check.error(place, format!("`{text}` is no tag")).hint("write a word");
            } else if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == ',') {
                check
                    .error(place, format!("`{text}` is no single tag"))
                    .hint(format!("write `{}`, or a tag for each word", tag(text)));
            } else if self.tags[..index].contains(text) {
                check.warning(place, format!("tag `{text}` stands here twice"));
            }
        }
        let rules = &self.priority.rules;
        for (index, rule) in rules.iter().enumerate() {
            let place = format!("{at}/priority/rules/{index}");
            for (key, text) in [("class", &rule.class), ("intent", &rule.intent)] {
                if text.as_ref().is_some_and(|text| text.trim().is_empty() || text.trim() != text) {
                    check.error(format!("{place}/{key}"), format!("no call has this {key}")).hint(
                        format!("write it without spaces around it, or leave `{key}` out for any"),
                    );
                }
            }
            if let Some(earlier) = rules[..index].iter().position(|earlier| earlier.covers(rule)) {
                check
                    .error(
                        &place,
                        format!("this rule never counts: rule {} fits first", earlier + 1),
                    )
                    .hint("put it before that one, or take it out");
            }
        }
    }

    fn look_over_subject(&self, check: &mut Check<'_>, at: &str) {
        let subject = &self.subject.0;
        for (open, _) in subject.match_indices('{') {
            let Some((name, _)) = subject[open + 1..].split_once('}') else { continue };
            let word =
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if !word || NAMES.contains(&name) {
                continue;
            }
            let hint = match nearest(name, NAMES) {
                Some(near) => format!("did you mean `{{{near}}}`?"),
                None => {
                    format!("there are {}", NAMES.map(|name| format!("`{{{name}}}`")).join(", "))
                }
            };
            check.error(at, format!("`{{{name}}}` stands for nothing in a subject")).hint(hint);
        }
        let values = NAMES.map(|name| (format!("{{{name}}}"), None));
        let values: Vec<_> = values.iter().map(|(name, none)| (name.as_str(), *none)).collect();
        let own = fill(subject, &values);
        if without_blanks(subject).is_empty() {
            check
                .error(at, "the subject says nothing")
                .hint("leave it out for `[{company}] {intent}`");
        } else if own.chars().count() > SUBJECT {
            check.error(
                at,
                format!("a subject has at most {SUBJECT} characters, and this one is longer without any value"),
            );
        }
    }

    /// Writes the ticket of this call.
    pub fn draft(&self, host: &Host, input: &Input) -> Draft {
        let owned = |text: &Option<String>| known(text.as_deref()).map(str::to_owned);
        let phone = owned(&input.requester_phone).or_else(|| host.call().caller.clone());
        let mut fields = BTreeMap::new();
        for (name, value) in [
            ("customer_id", known(input.customer_id.as_deref())),
            ("customer_class", known(input.customer_class.as_deref())),
            ("intent", known(input.intent.as_deref())),
            ("call_id", Some(host.call().call_id.as_str())),
        ] {
            fields.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        }
        fields.extend(input.fields.clone());
        let mut tags: Vec<String> = self.tags.clone();
        for text in [&input.customer_class, &input.intent] {
            tags.extend(known(text.as_deref()).map(tag).filter(|tag| !tag.is_empty()));
        }
        tags.sort_unstable();
        tags.dedup();
        Draft {
            subject: self.subject(host, input, phone.as_deref()),
            body: self.body(host, input, phone.as_deref()),
            priority: self.priority(input),
            requester_name: owned(&input.requester_name),
            requester_phone: phone,
            requester_email: owned(&input.requester_email),
            assignee: owned(&input.assignee),
            assignee_email: owned(&input.assignee_email),
            tags,
            fields,
        }
    }

    fn priority(&self, input: &Input) -> Priority {
        let fits = |wanted: &Option<String>, given: &Option<String>| {
            wanted.is_none() || wanted.as_deref() == known(given.as_deref())
        };
        input.priority.unwrap_or_else(|| {
            self.priority
                .rules
                .iter()
                .find(|rule| {
                    fits(&rule.class, &input.customer_class) && fits(&rule.intent, &input.intent)
                })
                .map_or(self.priority.default, |rule| rule.priority)
        })
    }

    fn subject(&self, host: &Host, input: &Input, phone: Option<&str>) -> String {
        let call = host.call();
        let values = [
            ("{company}", known(input.company.as_deref())),
            ("{class}", known(input.customer_class.as_deref())),
            ("{intent}", input.title()),
            ("{request}", known(input.request.as_deref())),
            ("{name}", known(input.requester_name.as_deref())),
            ("{phone}", phone),
            ("{channel}", Some(call.channel.as_str())),
            ("{call}", Some(call.call_id.as_str())),
        ];
        let filled = fill(&self.subject.0, &values);
        let subject = without_blanks(&filled);
        if subject.is_empty() {
            return shortened(&call.call_id, SUBJECT);
        }
        shortened(&subject, SUBJECT)
    }

    fn body(&self, host: &Host, input: &Input, phone: Option<&str>) -> String {
        let call = host.call();
        let korean = match self.language {
            Some(language) => language == Language::Ko,
            None => language_of(&call.locale) == "ko",
        };
        let mut body = String::new();
        let mut line = |ko: &str, en: &str, value: Option<&str>, limit: usize| {
            if let Some(value) = value {
                let label = if korean { ko } else { en };
                body.push_str(&format!("{label}: {}\n", shortened(value, limit)));
            }
        };
        let given = |text: &'_ Option<String>| known(text.as_deref()).map(str::to_owned);
        line("회사", "Company", given(&input.company).as_deref(), VALUE);
        line("고객 번호", "Customer", given(&input.customer_id).as_deref(), VALUE);
        line("고객 등급", "Class", given(&input.customer_class).as_deref(), VALUE);
        line("문의하신 분", "Caller", given(&input.requester_name).as_deref(), VALUE);
        line("전화", "Phone", phone, VALUE);
        line("이메일", "E-mail", given(&input.requester_email).as_deref(), VALUE);
        line("문의 유형", "Intent", input.title(), VALUE);
        line("요청", "Request", given(&input.request).as_deref(), REQUEST);
        for (name, value) in &input.slots {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            line(name, name, known(Some(&text)), VALUE);
        }
        line("메모", "Notes", given(&input.notes).as_deref(), REQUEST);
        line("담당", "In charge", given(&input.assignee).as_deref(), VALUE);
        line("통화", "Call", Some(&call.call_id), VALUE);
        line("채널", "Channel", Some(&call.channel), VALUE);
        line("시작", "Began", Some(&rfc3339(call.started_at)), VALUE);
        body
    }
}

/// `template` with every name replaced by its value, in one pass, so that a value is never read as
/// a name.
fn fill(template: &str, values: &[(&str, Option<&str>)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        rest = &rest[open..];
        match values.iter().find(|(name, _)| rest.starts_with(name)) {
            Some((name, value)) => {
                filled.push_str(value.unwrap_or_default());
                rest = &rest[name.len()..];
            }
            None => {
                filled.push('{');
                rest = &rest[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// Without empty brackets, runs of spaces, and separators that have nothing on one side.
fn without_blanks(text: &str) -> String {
    let text = text.replace("[]", " ").replace("()", " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let joined = words.join(" ");
    joined.trim_matches([' ', '-', '–', '—', ':', '|', '/', ',', '·']).to_owned()
}

/// Letters, digits and `_`, in lower case, as every desk takes them.
fn tag(text: &str) -> String {
    let mut tag = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() {
            tag.extend(c.to_lowercase());
        } else if !tag.ends_with('_') {
            tag.push('_');
        }
    }
    tag.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_leaves_no_trace_in_a_subject() {
        let clean = |company, intent| {
            let values = [("{company}", company), ("{intent}", intent)];
            without_blanks(&fill("[{company}] {intent} - {x}", &values))
        };
        assert_eq!(clean(Some("A"), Some("B")), "[A] B - {x}");
        assert_eq!(clean(None, Some("B")), "B - {x}");
        assert_eq!(
            without_blanks(&fill("({a}) {b} - ", &[("{a}", None), ("{b}", Some("x"))])),
            "x"
        );
    }

    #[test]
    fn a_value_that_looks_like_a_name_stays_as_it_is() {
        let values = [("{a}", Some("{b}")), ("{b}", Some("oops"))];
        assert_eq!(fill("{a}", &values), "{b}");
    }

    #[test]
    fn tags_have_neither_spaces_nor_capitals() {
        assert_eq!(tag("Production Outage!"), "production_outage");
        assert_eq!(tag("요금 문의"), "요금_문의");
        assert_eq!(tag("--"), "");
    }

    #[test]
    fn the_first_rule_that_fits_counts() {
        let template: Template = serde_json::from_value(serde_json::json!({
            "priority": {
                "rules": [
                    {"class": "msp", "intent": "Outage", "priority": "urgent"},
                    {"intent": "Billing", "priority": "low"},
                    {"class": "msp", "priority": "high"},
                ],
            },
        }))
        .unwrap();
        let priority = |class: &str, intent: &str| {
            template.priority(&Input {
                customer_class: Some(class.to_owned()),
                intent: Some(intent.to_owned()),
                ..Input::default()
            })
        };
        assert_eq!(priority("msp", "Outage"), Priority::Urgent);
        assert_eq!(priority("msp", "Billing"), Priority::Low);
        assert_eq!(priority("msp", ""), Priority::High);
        assert_eq!(priority("general", "Outage"), Priority::Normal);
        let given = Input { priority: Some(Priority::Low), ..Input::default() };
        assert_eq!(template.priority(&given), Priority::Low);
    }
}
