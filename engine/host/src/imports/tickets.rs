//! Passes tickets from plugin to driver, with the key by which the desk opens each only once.

use dialgraph_kernel::ports::tickets::{Create, Ticket};
use dialgraph_kernel::ports::{HostAnswer, HostCall};

use crate::bindings::dialgraph::plugin::{tickets, types};
use crate::imports::refusal;
use crate::run::{Run, mismatch};

impl tickets::Host for Run {
    fn create(
        &mut self,
        ticket: tickets::Ticket,
        idempotency_key: String,
    ) -> wasmtime::Result<Result<tickets::Receipt, types::HostError>> {
        let request = Create {
            ticket: Ticket {
                subject: ticket.subject,
                body: ticket.body,
                priority: ticket.priority,
                requester_name: ticket.requester_name,
                requester_email: ticket.requester_email,
                requester_phone: ticket.requester_phone,
                assignee: ticket.assignee,
                tags: ticket.tags,
                fields: ticket.fields,
            },
            idempotency_key,
        };
        match self.ask(HostCall::TicketsCreate(request))? {
            Ok(HostAnswer::TicketsCreate(receipt)) => Ok(Ok(tickets::Receipt {
                id: receipt.id,
                url: receipt.url,
                duplicate: receipt.duplicate,
                extra: Vec::new(),
            })),
            Ok(other) => Err(mismatch("tickets.create", &other)),
            Err(error) => Ok(Err(refusal(error))),
        }
    }
}
