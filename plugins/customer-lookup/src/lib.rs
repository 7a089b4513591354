//! `customer-lookup`: finds the customer who is calling, and what kind of customer that is.
//!
//! Why it exists: a flow branches by the class of the customer, and callers say who they are in
//! many ways: an account number, a company's name more or less well heard, or nothing but the
//! number they call from.
//!
//! Invariants: nobody is taken for a customer on a likeness alone, without saying so themselves;
//! while the system of record is down the answer rests on what was last known, and says so; nobody
//! is called unregistered on the ground of old data. It must not know which customers there are.

mod customer;
mod dialogue;
mod phone;
mod search;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use dialgraph_plugin::log;
use dialgraph_plugin::prelude::*;
use dialgraph_plugin::records::Record;
use plugin_common::fallback::Reader;
use plugin_common::text::known;
use plugin_common::time::rfc3339;

use crate::customer::{Class, Customer};
use crate::dialogue::{Heard, State};
use crate::phone::Country;
use crate::search::{CHOICES, Found, search};

/// Where customers are, and how they are told apart.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of the collection of customers.
    #[schemars(extend("x-dialgraph-ref" = "collection", "x-dialgraph-access" = "read"))]
    collection: String,
    /// Field that holds the account number.
    #[serde(default = "default_account_field")]
    account_field: String,
    /// Names of the collection's indexes. Without them, at most 100 customers can be compared.
    #[serde(default)]
    indexes: Indexes,
    /// Class of each `support_level`; levels that are left out go by their own names.
    #[serde(default)]
    classes: BTreeMap<String, Class>,
    /// Class of customers whose level is none of them; left out: `general`.
    #[serde(default)]
    default_class: Class,
    /// How telephone numbers without a country are read; left out: as Korean ones.
    #[serde(default)]
    country: Country,
    /// How often the caller is asked before a person must.
    #[serde(default = "default_tries")]
    #[schemars(range(min = 1, max = 5))]
    tries: u8,
    /// Asks whether the caller is from `{company}`.
    #[serde(default = "dialogue::confirm")]
    confirm: Text,
    /// Asks which of `{count}` the caller is from; `{choices}` names them with their keys.
    #[serde(default = "dialogue::choose")]
    choose: Text,
    /// One of the `{choices}`: `{name}` and its `{key}`.
    #[serde(default = "dialogue::choice")]
    choice: Text,
}

/// Characters of a prompt.
const PROMPT_CHARS: usize = 6_000;
/// Characters for which a name, and its key, have room in a choice.
const NAME_CHARS: usize = 800;

impl Config {
    /// Tells what is wrong beyond what the schema can say.
    fn look_over(&self, check: &mut Check<'_>) {
        if self.account_field.split('.').any(|name| name.trim().is_empty()) {
            check
                .error(
                    "/account_field",
                    format!("`{}` names no field of a record", self.account_field),
                )
                .hint("write a field's name, such as `aws_account_id`");
        }
        for (index, name) in self.classes.keys().enumerate() {
            if name.trim().is_empty() {
                check.error("/classes", "a support level has no name");
            } else if name.trim() != name {
                check
                    .error(format!("/classes/{name}"), format!("no support level is `{name}`"))
                    .hint("write it without spaces around it");
            }
            // Levels are compared without regard to case.
            let same =
                self.classes.keys().take(index).find(|other| other.eq_ignore_ascii_case(name));
            if let Some(other) = same {
                check.error(
                    format!("/classes/{name}"),
                    format!("`{other}` and `{name}` are one support level"),
                );
            }
        }
        check.text("/confirm", &self.confirm, &["company"]);
        check.text("/choose", &self.choose, &["count", "choices"]);
        check.text("/choice", &self.choice, &["name", "key"]);
        // All choices are said at once.
        let longest = |text: &Text| text.iter().map(|(_, words)| words.chars().count()).max();
        let choice = longest(&self.choice).unwrap_or(0) + NAME_CHARS;
        if longest(&self.choose).unwrap_or(0) + CHOICES * choice > PROMPT_CHARS {
            check
                .error(
                    "/choice",
                    format!("{CHOICES} of these are too long to be said in one prompt"),
                )
                .hint(format!("a prompt has at most {PROMPT_CHARS} characters, names included"));
        }
    }
}

/// By which indexes of the collection customers are found.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Indexes {
    /// Of account numbers, of kind `exact`.
    #[schemars(extend("x-dialgraph-ref" = "index"))]
    account: String,
    /// Of companies' names, of kind `name`.
    #[schemars(extend("x-dialgraph-ref" = "index"))]
    company: String,
    /// Of telephone numbers, of kind `phone`.
    #[schemars(extend("x-dialgraph-ref" = "index"))]
    phone: String,
}

impl Default for Indexes {
    fn default() -> Self {
        let [account, company, phone] = ["account", "company", "phone"].map(str::to_owned);
        Self { account, company, phone }
    }
}

fn default_account_field() -> String {
    "aws_account_id".to_owned()
}

fn default_tries() -> u8 {
    2
}

/// What is known of the caller. Empty texts count as left out.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Input {
    /// Account number; goes before all else.
    account_id: Option<String>,
    /// Company's name, as it was said.
    company: Option<String>,
    /// Telephone number, in any writing.
    phone: Option<String>,
}

/// By what a customer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    AccountId,
    Company,
    /// A name that is like the company's, and the company's number.
    CompanyAndPhone,
    Phone,
}

/// The customer. On ports `unregistered` and `ambiguous` all fields of the customer are null.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Output {
    customer_id: Option<String>,
    company_name: Option<String>,
    /// As it is recorded.
    support_level: Option<String>,
    /// `msp`, `vip` or `general`: the port.
    class: Option<Class>,
    /// Id of the engineer who is asked first.
    assigned_engineer: Option<String>,
    /// Id of the engineer who is asked next.
    secondary_engineer: Option<String>,
    /// The team that looks after the customer.
    part: Option<String>,
    contact_name: Option<String>,
    contact_phone: Option<String>,
    contact_email: Option<String>,
    /// By what the customer was found.
    matched_by: Option<MatchedBy>,
    /// True when the caller had to say which customer it is.
    confirmed: bool,
    /// True when the system of record was down and this is what was last known.
    stale: bool,
    /// When the oldest of it was last read, in RFC 3339; null when it is not stale, or not known.
    as_of: Option<String>,
}

/// The plugin.
#[derive(Debug)]
pub struct CustomerLookup;

const MSP: Port = Port::new("msp", "A customer of class `msp`.");
const VIP: Port = Port::new("vip", "A customer of class `vip`.");
const GENERAL: Port = Port::new("general", "A customer of class `general`.");
const UNREGISTERED: Port = Port::new("unregistered", "No customer fits.");
const AMBIGUOUS: Port = Port::new(
    "ambiguous",
    "Several customers fit, or one perhaps, and the caller did not settle it; or more may fit than can be compared.",
);

impl Node for CustomerLookup {
    type Config = Config;
    type Input = Input;
    type Output = Output;
    type State = State;
    const DESCRIPTOR: Descriptor = Descriptor {
        name: "customer-lookup",
        version: env!("CARGO_PKG_VERSION"),
        summary: "Finds the customer who is calling by account, company or telephone number.",
        ports: &[MSP, VIP, GENERAL, UNREGISTERED, AMBIGUOUS],
        config_schema: include_str!("../schema/config.json"),
        input_schema: include_str!("../schema/input.json"),
        output_schema: include_str!("../schema/output.json"),
    };

    fn check(config: &Config, check: &mut Check<'_>) {
        config.look_over(check);
    }

    fn run(
        host: &Host,
        visit: Visit<Config, Input, State>,
    ) -> Result<Outcome<State, Output>, NodeError> {
        let reader = Reader::new(host);
        let Visit { config, input, event } = visit;
        match event {
            Event::Entered => Ok(match search(host, &reader, &config, &input)? {
                Found::One(customer, by) => {
                    identified(host, &config, &reader, &customer, by, None).into()
                }
                Found::Perhaps(customers, by) => {
                    State::new(&customers, by, &reader).ask(host, &config).into()
                }
                Found::Ambiguous(by) => unsettled(&reader, by, None).into(),
                Found::Unclear(by) => unsettled(&reader, by, None).into(),
                Found::Nobody => {
                    Done::new(UNREGISTERED, told(Output::default(), &reader, None)).into()
                }
            }),
            Event::Answered { state, answer } => match state.hear(&answer) {
                Heard::This(key) => {
                    let customer = reader
                        .get(&config.collection, key)?
                        .and_then(|record| customer::customer(host, record));
                    Ok(match customer {
                        Some(customer) => {
                            identified(host, &config, &reader, &customer, state.by(), Some(&state))
                                .into()
                        }
                        // Removed since it was read.
                        None => unsettled(&reader, state.by(), Some(&state)).into(),
                    })
                }
                Heard::Wait => Ok(state.wait(host, &config).into()),
                Heard::NoneOfThem => Ok(unsettled(&reader, state.by(), Some(&state)).into()),
                Heard::Nothing => Ok(match state.again(config.tries) {
                    Ok(state) => state.ask(host, &config).into(),
                    Err(state) => unsettled(&reader, state.by(), Some(&state)).into(),
                }),
            },
        }
    }
}

fn identified(
    host: &Host,
    config: &Config,
    reader: &Reader<'_>,
    record: &Record<Customer>,
    by: MatchedBy,
    asked: Option<&State>,
) -> Done<Output> {
    let customer = &record.data;
    let level = known(customer.support_level.as_deref()).unwrap_or_default();
    let class = Class::of_level(level, &config.classes).unwrap_or_else(|| {
        host.log(
            log::Level::Warn,
            "a customer's support level is in no class; the default class is taken",
            &[("record", &record.key), ("support_level", level)],
        );
        config.default_class
    });
    let text = |text: &Option<String>| known(text.as_deref()).map(str::to_owned);
    let output = Output {
        customer_id: text(&customer.customer_id).or_else(|| Some(record.key.clone())),
        company_name: Some(customer.name(&record.key).to_owned()),
        support_level: text(&customer.support_level),
        class: Some(class),
        assigned_engineer: text(&customer.assigned_engineer),
        secondary_engineer: text(&customer.secondary_engineer),
        part: text(&customer.part),
        contact_name: text(&customer.contact_info.name),
        contact_phone: text(&customer.contact_info.phone),
        contact_email: text(&customer.contact_info.email),
        matched_by: Some(by),
        confirmed: asked.is_some(),
        ..Output::default()
    };
    Done::new(class.port(), told(output, reader, asked))
}

fn unsettled(reader: &Reader<'_>, by: MatchedBy, asked: Option<&State>) -> Done<Output> {
    let output = Output { matched_by: Some(by), ..Output::default() };
    Done::new(AMBIGUOUS, told(output, reader, asked))
}

/// The output with how old its data are.
fn told(output: Output, reader: &Reader<'_>, asked: Option<&State>) -> Output {
    let before = asked.is_some_and(State::is_stale);
    let as_of = [reader.as_of(), asked.and_then(State::as_of)].into_iter().flatten().min();
    Output { stale: reader.is_stale() || before, as_of: as_of.map(rfc3339), ..output }
}

dialgraph_plugin::export!(CustomerLookup);
