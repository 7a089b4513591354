//! `ticketing-zendesk`: opens a ticket at Zendesk.
//!
//! Why it exists: the desk is where the people are who must see a call's ticket, and for many that
//! is Zendesk. What the ticket says is shared with the other desks (`plugin_common::ticket`).
//!
//! Invariants: one ticket for a visit of the node, however often it runs (Zendesk recognises the
//! visit by the `Idempotency-Key`); an assignee whom Zendesk does not know costs no ticket; the API
//! token never enters the plugin; no error names what the
//! caller said or is called.

mod answer;
mod assignee;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use assignee::Assignee;
use dialgraph_plugin::http::{Credential, Request};
use dialgraph_plugin::prelude::*;
use plugin_common::text::pointer_part;
use plugin_common::ticket::{Draft, Input, Output, Template};
use plugin_common::web::host_of;
use serde_json::{Value, json};

/// Which Zendesk, as whom, and what tickets look like.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where Zendesk is, such as `https://yourname.zendesk.com`.
    #[schemars(regex(pattern = r"^https?://[^/?#]+/?$"), extend("x-dialgraph-ref" = "host"))]
    base_url: String,
    /// E-mail address of the user in whose name tickets are opened.
    email: String,
    /// Name of the secret that holds that user's API token.
    #[serde(default = "default_secret")]
    #[schemars(extend("x-dialgraph-ref" = "secret"))]
    secret: String,
    /// For the request that opens the ticket, in milliseconds; looking up the assignee may take
    /// half of it before.
    #[serde(default = "default_timeout")]
    #[schemars(range(min = 100, max = 60_000))]
    timeout_ms: u32,
    /// Zendesk's ids of custom fields, by the names of ours: `customer_id`, `customer_class`,
    /// `intent`, `call_id`, and those that the flow gives as `fields`. Fields without an id are not
    /// sent.
    #[serde(default)]
    custom_fields: BTreeMap<String, u64>,
    /// How tickets are written.
    #[serde(default)]
    ticket: Template,
}

impl Config {
    /// Tells what is wrong beyond what the schema can say.
    fn look_over(&self, check: &mut Check<'_>) {
        if let Err(what) = host_of(&self.base_url) {
            check
                .error(
                    "/base_url",
                    format!("`{}` is no address of a Zendesk: {what}", self.base_url),
                )
                .hint("write it as `https://yourname.zendesk.com`");
        }
        if let Some(what) = wrong_with_email(&self.email) {
            check
                .error("/email", format!("`{}` is no e-mail address: {what}", self.email))
                .hint("write that of the user in whose name tickets are opened, without `/token`");
        }
        if self.secret.trim().is_empty() {
            check
                .error("/secret", "the secret has no name")
                .hint("leave it out for `zendesk-token`");
        }
        let mut ids: BTreeMap<u64, &str> = BTreeMap::new();
        for (name, id) in &self.custom_fields {
            let at = format!("/custom_fields/{}", pointer_part(name));
            if name.trim().is_empty() {
                check.error("/custom_fields", "a field has no name");
            }
            if *id == 0 {
                check.error(&at, "no field of Zendesk has the id 0");
            } else if let Some(other) = ids.insert(*id, name) {
                check.error(&at, format!("`{other}` and `{name}` are one field of Zendesk, {id}"));
            }
        }
        self.ticket.look_over(check, "/ticket");
    }
}

fn wrong_with_email(email: &str) -> Option<&'static str> {
    let Some((user, domain)) = email.split_once('@') else { return Some("it has no `@`") };
    if email.chars().any(|c| c.is_whitespace() || c.is_control() || c == ':') {
        return Some("it has a space or a colon in it");
    }
    if email.ends_with("/token") {
        return Some("`/token` is added by the plugin");
    }
    (user.is_empty() || domain.is_empty() || domain.contains('@'))
        .then_some("a part is missing, or there are two `@`")
}

fn default_secret() -> String {
    "zendesk-token".to_owned()
}

fn default_timeout() -> u32 {
    5_000
}

/// The plugin.
#[derive(Debug)]
pub struct TicketingZendesk;

const CREATED: Port = Port::new("created", "The ticket is at Zendesk.");

impl Node for TicketingZendesk {
    type Config = Config;
    type Input = Input;
    type Output = Output;
    type State = ();
    const DESCRIPTOR: Descriptor = Descriptor {
        name: "ticketing-zendesk",
        version: env!("CARGO_PKG_VERSION"),
        summary: "Opens a ticket at Zendesk.",
        ports: &[CREATED],
        config_schema: include_str!("../schema/config.json"),
        input_schema: include_str!("../schema/input.json"),
        output_schema: include_str!("../schema/output.json"),
    };

    fn check(config: &Config, check: &mut Check<'_>) {
        config.look_over(check);
    }

    fn run(host: &Host, visit: Visit<Config, Input, ()>) -> Result<Outcome<(), Output>, NodeError> {
        let config = visit.config;
        let draft = config.ticket.draft(host, &visit.input);
        let base = config.base_url.trim_end_matches('/');
        let visit = &host.call().invocation_id;

        let token = host.secret(&config.secret)?;
        let credential = Credential::Basic(format!("{}/token", config.email), token);
        let assignee = assignee::of(host, &config, &draft, base, credential.clone());
        let request = Request::new("POST", format!("{base}/api/v2/tickets.json"))
            .header("accept", "application/json")
            .header("idempotency-key", visit)
            .credential(credential)
            .json(&body(&config, &draft, &assignee, visit))
            .timeout_ms(config.timeout_ms);
        let response = host.send(&request)?;

        let created = answer::created(&response, &private(&draft))?;
        let output = Output {
            url: Some(format!("{base}/agent/tickets/{}", created.id)),
            ticket_id: created.id.to_string(),
            duplicate: created.duplicate,
            priority: draft.priority,
            subject: draft.subject,
        };
        Ok(Done::new(CREATED, output).into())
    }
}

/// The body of Zendesk's "create ticket".
fn body(config: &Config, draft: &Draft, assignee: &Assignee, visit: &str) -> Value {
    let (mut text, mut tags) = (draft.body.clone(), draft.tags.clone());
    if let Assignee::Unknown { email, why } = assignee {
        text.push_str(&format!("\nAssignee: {email}: {why}. Nobody is in charge.\n"));
        tags.push(assignee::TAG.to_owned());
    }
    let mut ticket = json!({
        "subject": draft.subject,
        // Written by the desk for the desk: what is heard on the phone is not for the requester's
        // mailbox.
        "comment": {"body": text, "public": false},
        "priority": draft.priority.as_str(),
        // Zendesk forgets idempotency keys after some hours; this stays, and can be searched for.
        "external_id": visit,
    });
    if !tags.is_empty() {
        ticket["tags"] = json!(tags);
    }
    // Zendesk knows end users by their e-mail address; without one, name and number stand in the
    // body.
    if let Some(email) = &draft.requester_email {
        let name = draft.requester_name.as_ref().unwrap_or(email);
        ticket["requester"] = json!({"name": name, "email": email});
    }
    if let Assignee::Agent(id) = assignee {
        ticket["assignee_id"] = json!(id);
    }
    let fields: Vec<Value> = config
        .custom_fields
        .iter()
        .filter_map(|(name, id)| Some(json!({"id": id, "value": draft.fields.get(name)?})))
        .collect();
    if !fields.is_empty() {
        ticket["custom_fields"] = json!(fields);
    }
    json!({ "ticket": ticket })
}

/// What must not come back in an error's message.
fn private(draft: &Draft) -> Vec<&str> {
    let draft = [
        &draft.requester_email,
        &draft.requester_name,
        &draft.requester_phone,
        &draft.assignee_email,
    ];
    draft.into_iter().flatten().map(String::as_str).collect()
}

dialgraph_plugin::export!(TicketingZendesk);
