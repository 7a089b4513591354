//! Calls of one contact, one after the other.
//!
//! A contact keeps its id for as long as it lives, and may come into the bridge flow more than
//! once: a contact flow that it was sent to can send it back. Each time is a call of its own. The
//! first has the contact's id; the second has `.2` after it, and so on. Which of them an event
//! answers is told by its `turn`, which the bridge flow gives back as it got it: `5` is the fifth
//! turn of the first call, `2.5` that of the second.

use dialgraph_base::CallId;

/// Most calls of one contact. Flows that send each other the same contact for ever end here.
pub const MAX_VISITS: u32 = 20;

/// The call of a contact that entered the flow so many times; contact ids have no point in them.
pub fn call(contact: &str, visit: u32) -> CallId {
    if visit <= 1 { CallId(contact.into()) } else { CallId(format!("{contact}.{visit}").into()) }
}

/// The contact, and which of its calls this is.
pub fn contact(call: &CallId) -> (&str, u32) {
    let split = call.0.rsplit_once('.');
    let found = split.and_then(|(contact, visit)| Some((contact, visit.parse::<u32>().ok()?)));
    found.unwrap_or((&call.0, 1))
}

/// What the flow must give back to answer `turn` of `call`.
pub(crate) fn token(call: &CallId, turn: u32) -> String {
    match contact(call) {
        (_, visit @ 2..) => format!("{visit}.{turn}"),
        _ => turn.to_string(),
    }
}

/// Which call of its contact, and which turn of it, is answered; none if [`token`] made no such
/// thing.
pub(crate) fn read(token: &str) -> Option<(u32, u32)> {
    let Some((visit, turn)) = token.split_once('.') else { return Some((1, token.parse().ok()?)) };
    let visit = visit.parse().ok().filter(|visit| (2..=MAX_VISITS).contains(visit))?;
    Some((visit, turn.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_names_the_call_and_its_turn() {
        for (visit, turn, wanted, id) in
            [(1, 5, "5", "a-1"), (2, 5, "2.5", "a-1.2"), (20, 1, "20.1", "a-1.20")]
        {
            let call = call("a-1", visit);
            assert_eq!((&*call.0, contact(&call)), (id, ("a-1", visit)));
            let token = token(&call, turn);
            assert_eq!((&*token, read(&token)), (wanted, Some((visit, turn))));
        }
        for wrong in ["", ".", "1.5", "0.5", "21.1", "2.", "2.x", "2.5.1", "x", "-1"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
