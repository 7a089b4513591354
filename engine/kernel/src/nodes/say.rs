//! `say`: speaks and goes on.

use dialgraph_flow::model::{CardOf, LinkTo, Prompt, SCHEMES, Say};
use dialgraph_flow::template::ssml_as_text;

use crate::plugin::Speech;
use crate::show::{Card, Link, Shown};
use crate::turn::{Fault, Move, Turn};

pub(super) fn enter(turn: &mut Turn, say: &Say) -> Result<Move, Fault> {
    let mut speech = vec![super::render(turn, &say.prompt)?];
    let link = match &say.link {
        Some(of) => link(turn, of)?.map(Shown::Link),
        None => None,
    };
    let card = match &say.card {
        Some(of) => Some(Shown::Card(card(turn, of)?)),
        None => None,
    };
    for shown in [link, card].into_iter().flatten() {
        show(turn, &mut speech, shown);
    }
    turn.say(speech)?;
    Ok(Move::Leave { port: None, to: say.next })
}

/// Puts it beside the words, or makes words of it where nothing is shown.
fn show(turn: &Turn, speech: &mut Vec<Speech>, shown: Shown) {
    if turn.call().channel().speaks() {
        speech.extend(shown.spoken().map(|words| Speech::new(words, false)));
        return;
    }
    match speech.last_mut() {
        Some(last) if last.shown.is_none() => last.shown = Some(Box::new(shown)),
        _ => speech.push(Speech { shown: Some(Box::new(shown)), ..Speech::new("", false) }),
    }
}

/// A link; none if what its expressions gave is no address.
fn link(turn: &mut Turn, of: &LinkTo) -> Result<Option<Link>, Fault> {
    let label = words(turn, &of.label)?;
    Ok(address(turn, &of.url)?.map(|url| Link { url, label }))
}

fn card(turn: &mut Turn, of: &CardOf) -> Result<Card, Fault> {
    let title = words(turn, &of.title)?;
    let text = of.text.as_ref().map(|text| words(turn, text)).transpose()?;
    let image = match &of.image {
        Some(image) => address(turn, image)?,
        None => None,
    };
    let mut buttons = Vec::new();
    for button in &of.buttons {
        buttons.extend(link(turn, button)?);
    }
    Ok(Card { title, text, image, buttons })
}

fn words(turn: &Turn, prompt: &Prompt) -> Result<String, Fault> {
    let speech = super::render(turn, prompt)?;
    Ok(if speech.ssml { ssml_as_text(&speech.text) } else { speech.text })
}

/// An address that can be followed. Callers' words may be part of it, so it is held to what the
/// check holds fixed ones to.
fn address(turn: &mut Turn, prompt: &Prompt) -> Result<Option<String>, Fault> {
    let url = super::render(turn, prompt)?.text.trim().to_owned();
    let is_one = SCHEMES.iter().any(|scheme| url.starts_with(scheme))
        && !url.contains(|c: char| c.is_whitespace() || c.is_control());
    if !is_one && let Some(step) = turn.step_mut() {
        step.why = Some("left out what is no address".to_owned());
    }
    Ok(is_one.then_some(url))
}
