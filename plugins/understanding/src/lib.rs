//! What callers say and type, understood: the one place of the project for it.
//!
//! A flow asks, and somebody answers in their own words: `네 맞아요`, `not the bill, the outage`,
//! `일번이요`, `모레 오후 세 시 반`. Everything that reads such an answer reads it here, so that
//! the kernel's `ask`, the plugins, the checker and the command line agree, natively and as
//! WebAssembly.
//!
//! The crate is pure: no input or output, no clock (what is relative to a day is given that day),
//! no chance, no locale (people mix languages, so Korean and English are read at once, whatever the
//! call speaks). It knows nothing of flows, calls, channels or ports. The time that a reading takes
//! grows with the length of the text and no faster.
//!
//! Every reading gives an [`Outcome`] (one value, several, a wish for time, hesitation, nothing)
//! with a [`Why`] that says in plain words how it came about. Where an answer is in doubt, no value
//! is given: the flow asks again. A wrong *yes* is the worst that can happen, see [`yes_no()`].
//!
//! How it works: a text becomes words ([`words`]); what can be meant is found with its place; what
//! is denied or corrected is taken away (`negation`); what is left decides (`settle`). A choice is
//! also found by the usual wordings of what its phrases are about (`topics`). Each list of words is
//! a table in the file of its concern.

#![forbid(unsafe_code)]

mod anger;
mod anger_words;
mod choose;
pub mod company;
mod date;
mod dialect;
mod digits;
mod english;
mod hold;
mod keys;
mod korean;
mod money;
mod name;
mod negation;
mod number;
mod numerals;
mod outcome;
mod person;
mod phone;
mod place;
mod repeat;
mod settle;
mod table;
mod time;
mod topics;
mod unreal;
pub mod words;
mod yes_no;

/// The calendar that [`date()`] takes and gives.
pub use jiff;

pub use anger::{anger, is_angry, wants_agent};
pub use choose::{Collision, Offers, PhraseProblem, choose, collides, occurs_in, phrase_problems};
pub use date::date;
pub use digits::{digits, heard_digits};
pub use money::{Money, money};
pub use name::name;
pub use number::number;
pub use numerals::Decimal;
pub use outcome::{Denied, Outcome, Understood, Why};
pub use person::{person, wants_person};
pub use phone::{has_numbering_plan, phone};
pub use place::place_of_two;
pub use repeat::{repeat, wants_repeat};
pub use time::{TimeOfDay, time};
pub use yes_no::{YesNo, yes_no};
