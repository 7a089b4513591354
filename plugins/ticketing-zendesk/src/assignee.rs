//! Who is in charge, as Zendesk knows them.
//!
//! An address that no agent has must not cost the ticket: Zendesk refuses a ticket with an assignee
//! that it cannot assign. So the agent is looked up first, at each visit anew; without one the
//! ticket is nobody's, and says whose it should be.

use dialgraph_plugin::http::{Credential, Request, Response};
use dialgraph_plugin::prelude::*;
use plugin_common::ticket::Draft;
use serde_json::Value;

use crate::Config;

/// The tag of a ticket whose assignee Zendesk does not know.
pub(crate) const TAG: &str = "assignee-unknown";

/// Who is to be in charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Assignee {
    Nobody,
    /// Zendesk's id of an agent.
    Agent(u64),
    /// Nobody, though this address was given; and why.
    Unknown {
        email: String,
        why: String,
    },
}

/// Looks up whom the flow names: by address, or by Zendesk's own id.
pub(crate) fn of(
    host: &Host,
    config: &Config,
    draft: &Draft,
    base: &str,
    credential: Credential,
) -> Assignee {
    let Some(email) = &draft.assignee_email else {
        let id = draft.assignee.as_deref().and_then(|assignee| assignee.parse().ok());
        return id.map_or(Assignee::Nobody, Assignee::Agent);
    };
    let unknown = |why: String| Assignee::Unknown { email: email.clone(), why };
    if !is_address(email) {
        return unknown("it is no e-mail address".to_owned());
    }
    let query = format!("query=email%3A%22{}%22", percent(email));
    let request = Request::new("GET", format!("{base}/api/v2/users/search.json?{query}"))
        .header("accept", "application/json")
        .credential(credential)
        .timeout_ms((config.timeout_ms / 2).max(100));
    match host.send(&request) {
        Ok(response) if response.status == 200 => match agent(&response, email) {
            Some(id) => Assignee::Agent(id),
            None => unknown("no active agent at Zendesk has this address".to_owned()),
        },
        Ok(Response { status, .. }) => {
            unknown(format!("Zendesk could not be asked for the agent (it answers {status})"))
        }
        Err(error) => unknown(format!("Zendesk could not be asked for the agent ({error})")),
    }
}

/// The id of the active agent with this address.
fn agent(response: &Response, email: &str) -> Option<u64> {
    let found: Value = response.json().ok()?;
    let users = found["users"].as_array()?;
    let is_agent = |user: &&Value| {
        user["email"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(email))
            && matches!(user["role"].as_str(), Some("agent" | "admin"))
            && user["active"] != false
            && user["suspended"] != true
    };
    users.iter().find(is_agent)?["id"].as_u64()
}

/// What could end the quotes of a search, or begin another part of it, is in no address of an
/// agent.
fn is_address(email: &str) -> bool {
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '\\');
    email.len() <= 254
        && email.chars().all(is_plain)
        && email.split_once('@').is_some_and(|(user, domain)| {
            !user.is_empty() && !domain.is_empty() && !domain.contains('@')
        })
}

fn percent(text: &str) -> String {
    let mut coded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                coded.push(char::from(byte));
            }
            byte => coded.push_str(&format!("%{byte:02X}")),
        }
    }
    coded
}
