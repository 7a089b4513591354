//! The shipped plugins, as the components that are shipped, each by what it says, asks and leaves
//! by.

mod assign_engineer;
mod auth;
mod call_log;
mod components;
mod customer_lookup;
mod genai_answer;
mod hours_check;
mod http_request;
mod lex_intent;
mod points;
mod record;
mod ticketing;
mod ticketing_zendesk;
mod zendesk;
