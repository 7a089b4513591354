//! The answers that a question shows for choosing, where a channel shows such: one for each port,
//! however many phrases mean it.

use std::collections::BTreeSet;

use dialgraph_flow::model::{Ask, Expects, Flow};

use crate::call::Offered;
use crate::show::Choice;
use crate::turn::Turn;

/// What can be chosen. `offered`: what the caller is asked to decide between.
pub(super) fn choices(
    turn: &Turn,
    flow: &Flow,
    ask: &Ask,
    offered: Option<&Offered>,
) -> Vec<Choice> {
    if !turn.call().channel().shows() {
        return Vec::new();
    }
    if let Some(offered) = offered {
        return super::words(turn, flow, ask, offered).into_iter().map(Choice::of).collect();
    }
    let of_kind = if ask.expects == Some(Expects::YesNo) { Expects::YesNo.ports() } else { &[] };
    let menu = ask.menu.iter().map(|(_, port)| &**port);
    let phrases = ask.phrases.iter().map(|(port, _)| &**port);
    let mut known = BTreeSet::new();
    let ports = of_kind.iter().copied().chain(menu).chain(phrases);
    ports
        .filter(|port| known.insert(*port))
        .filter_map(|port| super::called(turn, flow, ask, port).map(Choice::of))
        .collect()
}
