//! One text into one file.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use serde_json::json;
use tokio::runtime::Runtime;

use dialgraph_aws::polly::Speech;
use dialgraph_base::Digest;

use super::speaker::{Speaker, format, reservation, write};
use super::voices::Voices;
use crate::args::SayArgs;

pub(super) fn run(args: &SayArgs, runtime: &Runtime) -> Result<ExitCode> {
    let format = format(args)?;
    let text = read(args.text.as_deref().unwrap_or_default())?;
    let voices = Voices::of(args)?;
    let guessed = if text.chars().any(is_hangul) { "ko-KR" } else { "en-US" };
    let mut named = voices.locales();
    let locale = args.locale.as_deref().or_else(|| named.next());
    let voice = voices.of_locale(locale.unwrap_or(guessed), locale.is_some())?;
    let ssml = text.trim_start().starts_with("<speak");
    let speech = Speech { text, ssml, voice, format };
    if let Err(wrong) = speech.check() {
        for one in &wrong {
            match one.place(&speech.text) {
                Some((line, column)) => eprintln!("{line}:{column}: {one}"),
                None => eprintln!("{one}"),
            }
        }
        return Ok(ExitCode::from(1));
    }
    let (audio, kept) = runtime.block_on(Speaker::of(args)?.say(&speech))?;
    write(&args.out, &audio.bytes)?;
    let shown = args.out.display();
    if let Some(words) = reservation(format, audio.bytes.len()) {
        eprintln!("warning: {shown}: {words}");
    }
    let voice = &speech.voice;
    if args.json {
        let made = json!({
            "file": args.out,
            "voice": voice.id,
            "engine": voice.engine.word(),
            "format": format.word(),
            "request": speech.digest(),
            "audio": Digest::of(&audio.bytes),
            "bytes": audio.bytes.len(),
            "characters": audio.characters,
            "kept": kept,
        });
        print_json!("{made:#}");
    } else {
        let cost = match (kept, audio.characters) {
            (true, _) => "spoken before".to_owned(),
            (false, Some(count)) => format!("{count} characters billed"),
            (false, None) => "spoken".to_owned(),
        };
        eprintln!(
            "{shown}: {} bytes by {} ({}), {cost}",
            audio.bytes.len(),
            voice.id,
            voice.engine
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The text, or with `-` what comes on standard input.
fn read(given: &str) -> Result<String> {
    if given != "-" {
        return Ok(given.to_owned());
    }
    let mut text = dialgraph_files::all(std::io::stdin().lock(), dialgraph_files::MAX_SETTINGS)
        .context("cannot read standard input")?;
    text.truncate(text.trim_end().len());
    Ok(text)
}

fn is_hangul(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7a3}')
}
