//! What was said in a call, for its `after` flow.

use dialgraph_flow::template::ssml_as_text;
use dialgraph_kernel::call::Call;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::journal::TurnRecord;

use super::{Calls, CallsError};

/// Longest transcript, in bytes. The lines before are left out, and a line says how many.
const MAX_TRANSCRIPT: usize = 32 << 10;

impl Calls {
    /// What the caller and the flow said, a line each (`caller: …`, `flow: …`), in order. What
    /// sensitive visits heard and said is left out, and so are turns that have expired.
    ///
    /// # Errors
    /// If the store fails. Turns that cannot be read are left out.
    pub async fn transcript(&self, call: &Call) -> Result<String, CallsError> {
        let mut lines = Vec::new();
        for turn in 1..=call.turn {
            match self.turn(&call.id, turn).await {
                Ok(Some(record)) => said(record, &mut lines),
                Ok(None) => {}
                Err(error) if error.is_of_call() => {
                    tracing::error!(call = %call.id, turn, %error, "a turn is missing in a transcript");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(bounded(&lines))
    }
}

/// The lines of one turn.
fn said(mut record: TurnRecord, lines: &mut Vec<String>) {
    let hidden = |text: &str| if text.is_empty() { "(not shown)" } else { text }.to_owned();
    let (sensitive, sensitive_say) = (record.sensitive, record.sensitive_say.clone());
    record.hide();
    match &record.event {
        Event::Said { text, .. } => lines.push(line("caller", &hidden(text))),
        Event::Pressed(_) if sensitive => lines.push(line("caller", "(not shown)")),
        Event::Pressed(keys) => lines.push(line("caller", &format!("presses {keys}"))),
        Event::Entered
        | Event::Silent
        | Event::HungUp
        | Event::DirectiveFailed(_)
        | Event::Resumed
        | Event::Unanswered
        | Event::Contact(_)
        | Event::After => {}
    }
    for (at, speech) in record.directives.say.iter().enumerate() {
        if sensitive_say.contains(&at) {
            lines.push(line("flow", "(not shown)"));
        } else if speech.ssml {
            lines.push(line("flow", &ssml_as_text(&speech.text)));
        } else if !speech.text.is_empty() {
            lines.push(line("flow", &speech.text));
        }
    }
}

/// One line, whatever breaks are in the text, and no longer than half of it all.
fn line(who: &str, text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut line = format!("{who}: {}", words.join(" "));
    if line.len() > MAX_TRANSCRIPT / 2 {
        line.truncate(line.floor_char_boundary(MAX_TRANSCRIPT / 2 - 4));
        line.push('…');
    }
    line
}

/// The last lines that fit.
fn bounded(lines: &[String]) -> String {
    let mut bytes = 0;
    let fitting = |line: &&String| {
        bytes += line.len() + 1;
        bytes <= MAX_TRANSCRIPT
    };
    let kept = lines.iter().rev().take_while(fitting).count();
    let (left_out, kept) = lines.split_at(lines.len() - kept);
    let mut text = String::new();
    if !left_out.is_empty() {
        text = format!("({} earlier lines are left out)\n", left_out.len());
    }
    text.push_str(&kept.join("\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_transcript_keeps_its_end_and_says_what_it_lacks() {
        let lines: Vec<String> =
            (0..2_000).map(|n| line("caller", &format!("문장 {n:0>30}"))).collect();
        let text = bounded(&lines);
        assert!(text.len() <= MAX_TRANSCRIPT + 64, "{}", text.len());
        let (note, rest) = text.split_once('\n').unwrap();
        let kept = rest.lines().count();
        assert_eq!(note, format!("({} earlier lines are left out)", 2_000 - kept));
        assert!(rest.ends_with(&lines[1_999]));
        assert_eq!(bounded(&lines[..2]), lines[..2].join("\n"));
        assert_eq!(bounded(&[]), "");
        let long = line("flow", &"말 ".repeat(MAX_TRANSCRIPT));
        assert!(long.len() <= MAX_TRANSCRIPT / 2 && long.ends_with('…'));
        assert_eq!(bounded(&[lines[0].clone(), long.clone()]), format!("{}\n{long}", lines[0]));
    }
}
