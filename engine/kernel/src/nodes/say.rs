//! `say`: speaks and goes on.

use dialgraph_flow::model::{CardOf, LinkTo, Prompt, SCHEMES, Say};
use dialgraph_flow::template::ssml_as_text;

use crate::plugin::Speech;
use crate::show::{Card, Link, Shown};
use crate::turn::{Fault, Move, Turn};

pub(super) fn enter(turn: &mut Turn, say: &Say) -> Result<Move, Fault> {
    let mut words = super::render(turn, &say.prompt)?;
    let shows = turn.call().channel().shows();
    // Nothing of an address is heard, so that it can keep nobody from hearing the words.
    if let Some(of) = say.link.as_ref().filter(|_| shows) {
        words.shown.extend(link(turn, of)?.map(Shown::Link));
    }
    let card = say.card.as_ref().map(|of| card(turn, of, shows)).transpose()?.map(Shown::Card);
    let mut speech = vec![words];
    match card {
        Some(card) if shows => speech[0].shown.push(card),
        card => {
            let spoken = card.and_then(|card| card.spoken());
            speech.extend(spoken.map(|words| Speech::new(words, false)));
        }
    }
    turn.say(speech)?;
    Ok(Move::Leave { port: None, to: say.next })
}

/// A link; none if what its expressions gave is no address.
fn link(turn: &mut Turn, of: &LinkTo) -> Result<Option<Link>, Fault> {
    let label = words(turn, &of.label)?;
    Ok(address(turn, &of.url)?.map(|url| Link { url, label }))
}

/// A card; one that is not shown has words alone.
fn card(turn: &mut Turn, of: &CardOf, shows: bool) -> Result<Card, Fault> {
    let title = words(turn, &of.title)?;
    let text = of.text.as_ref().map(|text| words(turn, text)).transpose()?;
    let image = match &of.image {
        Some(image) if shows => address(turn, image)?,
        Some(_) | None => None,
    };
    let mut buttons = Vec::new();
    for button in of.buttons.iter().filter(|_| shows) {
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
    // An expression without a value gives no address either; the words are said all the same.
    let url = prompt.render_address(&turn.scope(None)).unwrap_or_default().trim().to_owned();
    let is_one = SCHEMES.iter().any(|scheme| url.starts_with(scheme))
        && !url.contains(|c: char| c.is_whitespace() || c.is_control())
        && !climbs(&url);
    if !is_one && let Some(step) = turn.step_mut() {
        step.why = Some("left out what is no address".to_owned());
    }
    Ok(is_one.then_some(url))
}

/// Whether a part of its path leads to another place than it stands in (RFC 3986, section 5.2.4):
/// no encoding keeps a value from that.
fn climbs(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    path.split('/').skip(1).any(|part| {
        let part = part.to_ascii_lowercase().replace("%2e", ".");
        part == "." || part == ".."
    })
}
