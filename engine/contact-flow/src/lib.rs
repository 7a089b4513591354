//! Amazon Connect's contact flows: the language they are written in, and the one flow that is ours.
//!
//! Connect runs contact flows, not Dialgraph's flows. A contact flow is a JSON document, and the
//! service refuses many that its documentation allows, so whoever makes, reads or changes one needs
//! the same knowledge of it. This crate is where that knowledge is kept, once.
//!
//! * [`bridge`] makes the one contact flow that asks the engine what to do.
//! * [`lint`] checks contact flows as strictly as the service does.
//! * `voices` knows the voices and engines that speak in them.
//!
//! **Invariants.** No I/O, no clock, no async. The same input gives the same document, and none is
//! given away that [`lint`] finds fault with. Any document can be checked: nothing here panics,
//! whatever stands in it.
//!
//! **Must not know** events, answers and signatures: of the conversation with Connect it uses the
//! words and limits that both sides share ([`dialgraph_connect::protocol`],
//! [`dialgraph_connect::flat`]). Nor how a contact flow gets into an instance, nor which companies
//! there are.

pub mod bridge;
pub mod lint;
mod voices;
