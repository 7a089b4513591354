//! Who speaks which language.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, bail};

use dialgraph_aws::polly::{Voice, VoiceEngine};
use dialgraph_contact_flow::bridge::SpokenLanguage;

use crate::args::SayArgs;

/// The voices that were named, and the usual ones.
pub(super) struct Voices {
    by_locale: BTreeMap<String, Chosen>,
    /// Named without a language.
    any: Option<Chosen>,
    engine: Option<VoiceEngine>,
}

#[derive(Clone)]
struct Chosen {
    voice: String,
    engine: Option<VoiceEngine>,
}

impl Voices {
    /// Reads `--voice` and `--engine`.
    pub(super) fn of(args: &SayArgs) -> Result<Self> {
        let engine =
            |text: &str| text.parse::<VoiceEngine>().map_err(|why| anyhow!("--engine: {why}"));
        let mut voices = Self {
            by_locale: BTreeMap::new(),
            any: None,
            engine: args.engine.as_deref().map(engine).transpose()?,
        };
        for given in &args.voice {
            let (locale, rest) = match given.split_once('=') {
                Some((locale, rest)) => (Some(locale), rest),
                None => (None, given.as_str()),
            };
            let (voice, engine) = match rest.split_once(':') {
                Some((voice, text)) => {
                    let engine = text.parse().map_err(|why| anyhow!("--voice {given}: {why}"))?;
                    (voice, Some(engine))
                }
                None => (rest, None),
            };
            if voice.is_empty() || locale.is_some_and(str::is_empty) {
                bail!("--voice {given}: [LOCALE=]VOICE[:ENGINE] is expected");
            }
            let chosen = Chosen { voice: voice.to_owned(), engine };
            let before = match locale {
                Some(locale) => voices.by_locale.insert(locale.to_owned(), chosen),
                None => voices.any.replace(chosen),
            };
            if before.is_some() {
                bail!("--voice {given}: there is another voice for the same language");
            }
        }
        Ok(voices)
    }

    /// Languages that a voice was named for.
    pub(super) fn locales(&self) -> impl Iterator<Item = &str> {
        self.by_locale.keys().map(String::as_str)
    }

    /// Whether a voice was named for no language in particular.
    pub(super) fn has_any(&self) -> bool {
        self.any.is_some()
    }

    /// Who speaks `locale`. With `sure` false the language was only guessed, and is the voice's own
    /// if one was named.
    pub(super) fn of_locale(&self, locale: &str, sure: bool) -> Result<Voice> {
        let named = self.by_locale.get(locale).or(self.any.as_ref());
        let usual = SpokenLanguage::of(locale);
        let chosen = match (named, usual) {
            (Some(chosen), _) => chosen.clone(),
            (None, Some(usual)) => Chosen { voice: usual.voice, engine: usual.engine.parse().ok() },
            (None, None) => bail!(
                "no default Amazon Polly voice is known for {locale}; name one with --voice \
                {locale}=NAME, or see `aws polly describe-voices --language-code {locale}`"
            ),
        };
        let engine = self.engine.or(chosen.engine).unwrap_or(VoiceEngine::Neural);
        let language = (sure || named.is_none()).then_some(locale);
        Voice::new(&chosen.voice, engine, language).map_err(|why| anyhow!("--voice: {why}"))
    }
}
