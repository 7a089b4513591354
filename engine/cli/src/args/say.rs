//! `dialgraph say`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::ProjectArgs;

/// Synthesizes a text, or the prompts of a flow, with Amazon Polly.
///
/// Speech that was synthesized before with the same voice comes from the cache. Region and
/// credentials come from where the AWS SDK finds them.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph say \"안녕하세요\" -o hello.mp3\n  dialgraph say \"<speak>잠시만요.<break time='1s'/></speak>\" -o wait.wav --voice Seoyeon --engine standard\n  dialgraph say --flow main-entry -o prompts --format mulaw",
    group = clap::ArgGroup::new("what").required(true).args(["text", "flow"])
)]
pub(crate) struct SayArgs {
    /// The text, which is SSML if it begins with <speak>; `-` reads standard input.
    pub(crate) text: Option<String>,
    /// Synthesizes every prompt of this flow, by name or file, in each of its languages, except
    /// prompts with values in them.
    #[arg(long, value_name = "FLOW")]
    pub(crate) flow: Option<String>,
    /// The file to write; for a flow the folder, with a `manifest.json`.
    #[arg(long = "out", visible_alias = "output", short, value_name = "PATH")]
    pub(crate) out: PathBuf,
    /// The voice; default: Seoyeon for ko-KR, Joanna for en-US.
    #[arg(long, value_name = "[LOCALE=]VOICE[:ENGINE]")]
    pub(crate) voice: Vec<String>,
    /// The engine: standard, neural, long-form or generative, if the voice supports it; default:
    /// neural.
    #[arg(long, value_name = "ENGINE")]
    pub(crate) engine: Option<String>,
    /// The language of the text; default: ko-KR if there is Hangul in it, else en-US.
    #[arg(long, value_name = "LOCALE", conflicts_with = "flow")]
    pub(crate) locale: Option<String>,
    /// The audio format; default: by the file's extension (.wav: mulaw), and mp3 for a flow.
    #[arg(long, value_enum)]
    pub(crate) format: Option<SpeechFormat>,
    /// The region of Polly; default: `aws.region` of the configuration, or as the AWS SDK finds it.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The cache folder, of 256 MiB at most; default: `speech` in $DIALGRAPH_CACHE or
    /// ~/.cache/dialgraph.
    #[arg(long, value_name = "FOLDER", env = "DIALGRAPH_SPEECH_CACHE")]
    pub(crate) cache: Option<PathBuf>,
    /// Prints the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SpeechFormat {
    Mp3,
    /// WAV, 16 bits, 16 kHz.
    Pcm,
    /// WAV, µ-law, 8 kHz: prompts of Amazon Connect.
    Mulaw,
}
