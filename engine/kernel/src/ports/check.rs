//! Bounds of a request, before anybody is asked: names and other short words have lengths of their
//! own.

use super::{Extra, HostCall, HostError};

/// Bytes of a name: a collection, a field, a bot, a model, a secret.
const NAME: usize = 256;
/// Bytes of the key of a record, and of what else is an id elsewhere.
const KEY: usize = 4 << 10;
/// Bytes of a line of words, of a URL.
const LINE: usize = 8 << 10;
/// Bytes of a text.
const TEXT: usize = 64 << 10;
/// Entries of a list.
const MANY: usize = 256;

type Checked = Result<(), HostError>;

/// No longer than `most` bytes.
fn within(what: &str, text: &str, most: usize) -> Checked {
    if text.len() <= most {
        return Ok(());
    }
    let message = format!("{what} has {} bytes; {most} are allowed", text.len());
    Err(HostError::invalid("too-long", message))
}

fn few(what: &str, count: usize) -> Checked {
    if count <= MANY {
        return Ok(());
    }
    let message = format!("there are {count} {what}; {MANY} are allowed");
    Err(HostError::invalid("too-many", message))
}

fn extra(what: &str, fields: &Extra) -> Checked {
    few(what, fields.len())?;
    fields.iter().try_for_each(|(name, value)| {
        within(what, name, NAME)?;
        within(what, value, TEXT)
    })
}

fn maybe(what: &str, text: Option<&String>, most: usize) -> Checked {
    text.map_or(Ok(()), |text| within(what, text, most))
}

/// A value that records are looked for by.
fn wanted(value: &serde_json::Value, most: usize) -> Checked {
    let bytes = crate::values::size(value);
    if bytes <= most {
        return Ok(());
    }
    let message = format!("a value to look for has {bytes} bytes; {most} are allowed");
    Err(HostError::invalid("too-long", message))
}

impl HostCall {
    /// That its names and texts are no longer than such things are. What a record, a body or a
    /// conversation may have in all is for its provider to say.
    ///
    /// # Errors
    /// `invalid` with code `too-long` or `too-many`.
    pub fn check(&self) -> Result<(), HostError> {
        let place = |collection: &str, key: &str| {
            within("the name of the collection", collection, NAME)?;
            within("the key of the record", key, KEY)
        };
        match self {
            Self::RecordsGet(get) => place(&get.collection, &get.key),
            Self::RecordsFind(find) => {
                place(&find.collection, "")?;
                few("conditions", find.matches.len())?;
                find.matches.iter().try_for_each(|(field, value)| {
                    within("the name of a field", field, NAME)?;
                    wanted(value, TEXT)
                })
            }
            Self::RecordsSearch(search) => {
                place(&search.collection, "")?;
                within("the name of the index", &search.index, NAME)?;
                maybe("the cursor", search.cursor.as_ref(), KEY)?;
                few("values", search.values.len())?;
                search.values.iter().try_for_each(|value| wanted(value, KEY))
            }
            Self::RecordsPut(put) => place(&put.collection, &put.key),
            Self::RecordsDelete(delete) => place(&delete.collection, &delete.key),
            Self::NluRecognize(request) => {
                within("the text", &request.text, TEXT)?;
                maybe("the name of the bot", request.bot.as_ref(), NAME)?;
                extra("request attributes", &request.request_attributes)?;
                let Some(session) = &request.session else { return Ok(()) };
                maybe("the action", session.action.as_ref(), NAME)?;
                maybe("the slot to elicit", session.slot_to_elicit.as_ref(), NAME)?;
                extra("session attributes", &session.attributes)
            }
            Self::GenaiConverse(request) => {
                maybe("the name of the model", request.model.as_ref(), NAME)?;
                maybe("the name of the guardrail", request.guardrail.as_ref(), NAME)?;
                few("stop sequences", request.inference.stop_sequences.len())?;
                let mut stops = request.inference.stop_sequences.iter();
                stops.try_for_each(|stop| within("a stop sequence", stop, KEY))?;
                few("system prompts", request.system.len())?;
                few("messages", request.messages.len())?;
                few("passages", request.passages.len())?;
                request.messages.iter().try_for_each(|said| within("a role", &said.role, NAME))
            }
            Self::KnowledgeSearch(query) => {
                within("the text", &query.text, TEXT)?;
                maybe("the name of the base", query.base.as_ref(), NAME)
            }
            Self::TicketsCreate(create) => {
                let ticket = &create.ticket;
                within("the idempotency key", &create.idempotency_key, KEY)?;
                within("the subject", &ticket.subject, LINE)?;
                within("the body", &ticket.body, TEXT)?;
                within("the priority", &ticket.priority, NAME)?;
                maybe("the requester's name", ticket.requester_name.as_ref(), KEY)?;
                maybe("the requester's address", ticket.requester_email.as_ref(), KEY)?;
                maybe("the requester's number", ticket.requester_phone.as_ref(), KEY)?;
                maybe("the assignee", ticket.assignee.as_ref(), KEY)?;
                few("tags", ticket.tags.len())?;
                ticket.tags.iter().try_for_each(|tag| within("a tag", tag, KEY))?;
                extra("fields", &ticket.fields)
            }
            Self::SecretsOpen(secret) => within("the name of the secret", &secret.name, NAME),
            Self::HttpSend(request) => {
                within("the method", &request.method, NAME)?;
                within("the URL", &request.url, LINE)?;
                few("headers", request.headers.len())?;
                request.headers.iter().try_for_each(|(name, value)| {
                    within("the name of a header", name, NAME)?;
                    within("a header", value, 2 * LINE)
                })?;
                match &request.credential {
                    Some(super::http::Credential::Basic { user, .. }) => {
                        within("the user", user, KEY)
                    }
                    Some(super::http::Credential::Header { name, .. }) => {
                        within("the name of a header", name, NAME)
                    }
                    Some(super::http::Credential::Bearer { .. }) | None => Ok(()),
                }
            }
        }
    }
}
