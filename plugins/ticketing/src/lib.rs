//! `ticketing`: opens a ticket at the engine's ticket desk.
//!
//! Why it exists: whatever a call was about, somebody must find it written down, with the right
//! priority and under the right name. What the ticket says is shared with the plugins for other
//! desks (`plugin_common::ticket`); each desk is a plugin of its own, because an operator should
//! grant only what the desk in use needs.
//!
//! Invariants: one ticket for a visit of the node, however often it runs.

#[cfg(test)]
mod tests;

use dialgraph_plugin::prelude::*;
use dialgraph_plugin::tickets::Ticket;
use plugin_common::ticket::{Input, Output, Template};

/// The plugin.
#[derive(Debug)]
pub struct Ticketing;

const CREATED: Port = Port::new("created", "The ticket is at the desk.");

impl Node for Ticketing {
    type Config = Template;
    type Input = Input;
    type Output = Output;
    type State = ();
    const DESCRIPTOR: Descriptor = Descriptor {
        name: "ticketing",
        version: env!("CARGO_PKG_VERSION"),
        summary: "Opens a ticket at the engine's ticket desk.",
        ports: &[CREATED],
        config_schema: include_str!("../schema/config.json"),
        input_schema: include_str!("../schema/input.json"),
        output_schema: include_str!("../schema/output.json"),
    };

    fn check(template: &Template, check: &mut Check<'_>) {
        template.look_over(check, "");
    }

    fn run(
        host: &Host,
        visit: Visit<Template, Input, ()>,
    ) -> Result<Outcome<(), Output>, NodeError> {
        let draft = visit.config.draft(host, &visit.input);
        let ticket = Ticket {
            subject: draft.subject.clone(),
            body: draft.body,
            priority: draft.priority.as_str().to_owned(),
            requester_name: draft.requester_name,
            requester_email: draft.requester_email,
            requester_phone: draft.requester_phone,
            assignee: draft.assignee,
            tags: draft.tags,
            fields: draft.fields.into_iter().collect(),
            extra: Vec::new(),
        };
        let receipt = host.create_ticket(&ticket, &host.call().invocation_id)?;
        let output = Output {
            ticket_id: receipt.id,
            url: receipt.url,
            duplicate: receipt.duplicate,
            priority: draft.priority,
            subject: draft.subject,
        };
        Ok(Done::new(CREATED, output).into())
    }
}

dialgraph_plugin::export!(Ticketing);
