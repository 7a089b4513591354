//! Text cut into the pieces that Connect plays: SSML for a voice, messages for a chat.
//!
//! Amazon Polly speaks at most 3,000 characters at once and a chat shows 1,024. What is longer
//! becomes several pieces, cut between sentences if there are any, else between words. What is more
//! than an answer can hold is left out from the middle: the last piece, which asks the question, is
//! always kept.

use dialgraph_base::{Channel, Medium, Source};
use dialgraph_flow::template::ssml_as_text;
use dialgraph_kernel::plugin::Speech;
use dialgraph_kernel::show::Shown;

use crate::flat::json_bytes;
use crate::protocol::MAX_PIECES;

/// Characters of one piece for a voice, tags included.
pub(crate) const VOICE_PIECE: usize = longest(Medium::Voice);

/// Characters of one message in a chat.
pub(crate) const CHAT_PIECE: usize = longest(Medium::Chat);

const fn longest(medium: Medium) -> usize {
    match (Channel { medium, source: Source::Connect }).longest_text() {
        Some(characters) => characters,
        None => usize::MAX,
    }
}

/// Serialised bytes of all pieces together.
pub(crate) const MAX_TEXT_BYTES: usize = 22_000;

const OPEN: &str = "<speak>";
const CLOSE: &str = "</speak>";

/// SSML documents that say `say` in order, and then pause.
pub(crate) fn voice(say: &[Speech], pause_ms: u32) -> Vec<String> {
    let room = VOICE_PIECE - OPEN.len() - CLOSE.len();
    let mut fragments: Vec<String> = Vec::new();
    for speech in say {
        let fragment = if speech.ssml { inner_ssml(&speech.text) } else { escape(&speech.text) };
        if fragment.trim().is_empty() {
            continue;
        }
        if fragment.chars().count() <= room {
            fragments.push(fragment);
            continue;
        }
        // Elements that do not fit into one piece cannot be cut; their text can.
        let text = if speech.ssml { ssml_as_text(&speech.text) } else { speech.text.clone() };
        // Five characters at most for one that is escaped.
        fragments.extend(
            split(&text, room, |c| escaped(c).map_or(1, str::len)).iter().map(|part| escape(part)),
        );
    }
    let mut pause = pause_ms;
    while pause > 0 {
        let once = pause.min(10_000);
        fragments.push(format!("<break time=\"{once}ms\"/>"));
        pause -= once;
    }
    let packed = pack(fragments, room, " ");
    keep(packed.into_iter().map(|inner| format!("{OPEN}{inner}{CLOSE}")).collect())
}

/// Messages that say `say` in order, each on its own as long as there are not too many.
pub(crate) fn chat(say: &[Speech]) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    for speech in say {
        let shown = speech.shown.iter().map(Shown::written);
        for text in std::iter::once(plain(speech)).chain(shown) {
            messages.extend(split(&text, CHAT_PIECE, |_| 1));
        }
    }
    if messages.len() > MAX_PIECES {
        messages = pack(messages, CHAT_PIECE, "\n");
    }
    keep(messages)
}

/// Words without marks.
pub(crate) fn plain(speech: &Speech) -> String {
    if speech.ssml { ssml_as_text(&speech.text) } else { speech.text.clone() }
}

/// Puts as many fragments as fit into one piece.
fn pack(fragments: Vec<String>, room: usize, between: &str) -> Vec<String> {
    let mut packed: Vec<String> = Vec::new();
    for fragment in fragments {
        match packed.last_mut() {
            Some(last) if length(last) + between.len() + length(&fragment) <= room => {
                last.push_str(between);
                last.push_str(&fragment);
            }
            _ => packed.push(fragment),
        }
    }
    packed
}

/// The last piece, and of the others the first ones that fit.
fn keep(mut pieces: Vec<String>) -> Vec<String> {
    let Some(last) = pieces.pop() else { return pieces };
    let mut bytes = json_bytes(&last);
    let fitting = pieces
        .iter()
        .take(MAX_PIECES - 1)
        .take_while(|piece| {
            bytes += json_bytes(piece);
            bytes <= MAX_TEXT_BYTES
        })
        .count();
    pieces.truncate(fitting);
    pieces.push(last);
    pieces
}

/// Cuts `text` into parts of at most `room`, counting each character as `width` says.
fn split(text: &str, room: usize, width: impl Fn(char) -> usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let mut used = 0;
        let end = rest
            .char_indices()
            .find(|(_, c)| {
                used += width(*c);
                used > room
            })
            .map_or(rest.len(), |(index, _)| index);
        let cut = if end == rest.len() { end } else { boundary(rest, end) };
        let (part, after) = rest.split_at(cut);
        parts.push(part.trim().to_owned());
        rest = after.trim_start();
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The best place for a cut in `text` at or before byte `end`: behind a sentence, else behind a
/// word, else there.
fn boundary(text: &str, end: usize) -> usize {
    let head = &text[..end];
    let behind = |ends: fn(char) -> bool| {
        let mut cuts =
            head.char_indices().filter(|(_, c)| ends(*c)).map(|(at, c)| at + c.len_utf8());
        // A full stop within a word, as in 3.5, ends no sentence.
        cuts.rfind(|cut| {
            text[*cut..].starts_with(char::is_whitespace)
                || head[..*cut].ends_with(char::is_whitespace)
        })
    };
    let sentence = behind(|c| matches!(c, '.' | '!' | '?' | '。' | '…' | '\n'));
    // A sentence that ends early would leave a piece with hardly anything in it.
    let sentence = sentence.filter(|cut| *cut >= end / 3);
    sentence.or_else(|| behind(char::is_whitespace)).filter(|cut| *cut > 0).unwrap_or(end)
}

/// What stands within a `<speak>` element. Its language, if it names one, is kept.
fn inner_ssml(text: &str) -> String {
    let text = text.trim();
    let Some(open_end) = text.find('>') else { return escape(text) };
    let open = &text[..open_end];
    if open.ends_with('/') {
        return String::new();
    }
    let Some(close) = text.rfind(CLOSE).filter(|close| *close > open_end) else {
        return escape(&ssml_as_text(text));
    };
    let inner = &text[open_end + 1..close];
    match attribute(open, "xml:lang") {
        Some(language) => format!("<lang xml:lang=\"{language}\">{inner}</lang>"),
        None => inner.to_owned(),
    }
}

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let rest = tag[tag.find(name)? + name.len()..].trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest[1..].split(quote).next()
}

fn escaped(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        // XML cannot hold these in any form.
        '\t' | '\n' | '\r' => None,
        '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => Some(" "),
        _ => None,
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match escaped(c) {
            Some(entity) => out.push_str(entity),
            None => out.push(c),
        }
    }
    out
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bare(text: &str) -> Speech {
        Speech::new(text.to_owned(), false)
    }

    fn ssml(text: &str) -> Speech {
        Speech::new(text.to_owned(), true)
    }

    #[test]
    fn texts_and_ssml_become_one_document() {
        let say = [
            bare("R&D입니다."),
            ssml("<speak>번호는 <say-as interpret-as=\"digits\">12</say-as></speak>"),
        ];
        assert_eq!(
            voice(&say, 0),
            ["<speak>R&amp;D입니다. 번호는 <say-as interpret-as=\"digits\">12</say-as></speak>"]
        );
    }

    #[test]
    fn the_language_of_a_document_is_kept() {
        let say = [ssml("<speak xml:lang='en-US'>Hello</speak>"), ssml("<speak/>")];
        assert_eq!(voice(&say, 0), ["<speak><lang xml:lang=\"en-US\">Hello</lang></speak>"]);
    }

    #[test]
    fn a_pause_longer_than_a_break_can_be_is_several() {
        assert_eq!(
            voice(&[], 12_000),
            ["<speak><break time=\"10000ms\"/> <break time=\"2000ms\"/></speak>"]
        );
    }

    #[test]
    fn a_long_text_is_cut_between_sentences() {
        let sentence = "이 문장은 길이를 재기 위해 되풀이됩니다.";
        let text = vec![sentence; 200].join(" ");
        let pieces = voice(&[bare(&text)], 0);
        assert_eq!(pieces.len(), 2);
        for piece in &pieces {
            assert!(piece.chars().count() <= VOICE_PIECE);
            assert!(piece.ends_with("되풀이됩니다.</speak>"), "cut within a sentence: {piece}");
        }
    }

    #[test]
    fn a_text_without_sentences_is_cut_between_words_and_one_without_words_anywhere() {
        let words = vec!["word"; 500].join(" ");
        assert!(chat(&[bare(&words)]).iter().all(|piece| piece.ends_with("word")));
        let endless = "가".repeat(2_500);
        let lengths: Vec<usize> =
            chat(&[bare(&endless)]).iter().map(|piece| length(piece)).collect();
        assert_eq!(lengths, [1_000, 1_000, 500]);
    }

    #[test]
    fn a_document_too_long_for_one_piece_is_told_without_its_elements() {
        let long = format!("<speak>{}</speak>", "<p>문장 하나입니다.</p>".repeat(400));
        let pieces = voice(&[ssml(&long)], 0);
        assert!(pieces.len() > 1);
        assert!(pieces.iter().all(|piece| !piece.contains("<p>")));
    }

    #[test]
    fn of_too_much_text_the_beginning_and_the_question_are_kept() {
        let mut say: Vec<Speech> =
            (0..20).map(|n| bare(&format!("{n} {}", "x".repeat(2_800)))).collect();
        say.push(bare("Do you want that?"));
        let pieces = voice(&say, 0);
        assert_eq!(pieces.len(), MAX_PIECES);
        assert!(pieces[0].starts_with("<speak>0 "));
        assert!(pieces.last().unwrap().contains("Do you want that?"));
    }

    #[test]
    fn chat_messages_stay_apart_until_there_are_too_many() {
        assert_eq!(chat(&[bare("a"), bare("b")]), ["a", "b"]);
        let many: Vec<Speech> = (0..10).map(|n| bare(&n.to_string())).collect();
        assert_eq!(chat(&many), ["0\n1\n2\n3\n4\n5\n6\n7\n8\n9"]);
        assert_eq!(chat(&[bare(" "), ssml("<speak>1 &lt; 2</speak>")]), ["1 < 2"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn pieces_are_never_blank_too_long_or_too_many(
            texts in proptest::collection::vec(("[ a<&>.가\u{0}\n]{0,50}", 1_usize..90, any::<bool>()), 0..6),
            pause in 0_u32..40_000,
        ) {
            let say: Vec<Speech> = texts
                .into_iter()
                .map(|(text, times, ssml)| Speech::new(text.repeat(times), ssml))
                .collect();
            let voice = voice(&say, pause);
            let chat = chat(&say);
            prop_assert!(voice.len() <= MAX_PIECES && chat.len() <= MAX_PIECES);
            prop_assert!(voice.iter().all(|piece| length(piece) <= VOICE_PIECE));
            prop_assert!(chat.iter().all(|piece| length(piece) <= CHAT_PIECE));
            prop_assert!(voice.iter().chain(&chat).all(|piece| !piece.trim().is_empty()));
            prop_assert!(voice.iter().map(|piece| json_bytes(piece)).sum::<usize>() <= MAX_TEXT_BYTES);
        }
    }
}
