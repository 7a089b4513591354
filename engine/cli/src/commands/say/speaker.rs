//! Polly with the cache in front of it.

use anyhow::{Context as _, Result, bail};
use tokio::sync::OnceCell;

use dialgraph_aws::polly::{Audio, Cache, Format, Polly, Speech};

use crate::args::{SayArgs, SpeechFormat};
use crate::commands::region::region;
use crate::workshop::cache_dir;

pub(super) struct Speaker {
    region: Option<String>,
    /// Made when something is to be asked for: what is in the cache needs no credentials.
    polly: OnceCell<Polly>,
    cache: Option<Cache>,
}

impl Speaker {
    pub(super) fn of(args: &SayArgs) -> Result<Self> {
        let cache = args.cache.clone().or_else(|| Some(cache_dir()?.join("speech")));
        let cache = cache.map(Cache::new);
        Ok(Self { region: region(args.region.as_ref())?, polly: OnceCell::new(), cache })
    }

    /// The audio, and whether it was there already.
    pub(super) async fn say(&self, speech: &Speech) -> Result<(Audio, bool)> {
        if let Some(audio) = self.cache.as_ref().and_then(|cache| cache.get(speech)) {
            return Ok((audio, true));
        }
        let audio = self.polly().await?.say(speech).await?;
        // It is paid for: who cannot keep it gets it all the same.
        if let Some(Err(error)) = self.cache.as_ref().map(|cache| cache.put(speech, &audio)) {
            eprintln!("warning: {error}; it will be asked for again");
        }
        Ok((audio, false))
    }

    async fn polly(&self) -> Result<&Polly> {
        let connect = async || {
            let connection = dialgraph_aws::connect(self.region.as_deref()).await;
            connection.has_region()?;
            Ok(Polly::new(&connection))
        };
        self.polly.get_or_try_init(connect).await
    }
}

/// The kind of file that was named, or that `path` tells of.
pub(super) fn format(args: &SayArgs) -> Result<Format> {
    let named = args.format.map(|format| match format {
        SpeechFormat::Mp3 => Format::Mp3,
        SpeechFormat::Pcm => Format::Pcm,
        SpeechFormat::Mulaw => Format::Mulaw,
    });
    if args.flow.is_some() {
        return Ok(named.unwrap_or(Format::Mp3));
    }
    let shown = args.out.display();
    let ending = args.out.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let format = match (named, ending.as_deref()) {
        (Some(format), _) => format,
        (None, Some("mp3")) => Format::Mp3,
        (None, Some("wav")) => Format::Mulaw,
        (None, _) => bail!("{shown}: end its name with .mp3 or .wav, or name a --format"),
    };
    if let Some(ending @ ("mp3" | "wav")) = ending.as_deref()
        && ending != format.extension()
    {
        bail!(
            "{shown}: {} is no .{ending}; end its name with .{}",
            format.word(),
            format.extension()
        );
    }
    Ok(format)
}

/// Seconds of a prompt that Amazon Connect takes at most.
/// <https://docs.aws.amazon.com/connect/latest/adminguide/setup-prompts-s3.html>
const CONNECT_SECONDS: usize = 5 * 60;

/// What is to be said of a file that was made, for it can be used and yet not everywhere.
pub(super) fn reservation(format: Format, bytes: usize) -> Option<String> {
    let seconds = bytes / 8_000;
    (format == Format::Mulaw && seconds >= CONNECT_SECONDS).then(|| {
        format!("it lasts {seconds} s, and Amazon Connect takes prompts of less than {CONNECT_SECONDS} s")
    })
}

/// Writes a file, with the folder that it is in.
pub(super) fn write(path: &std::path::Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
    }
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
