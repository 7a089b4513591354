//! KakaoTalk: which chatbot's skill server this is.

use std::path::PathBuf;
use std::time::Duration;

use crate::credentials::lines;

/// Fewest characters of a secret.
const LEAST: usize = 16;

section! {
    /// KakaoTalk: the skill server of a chatbot. Changes of `secrets_file` hold within seconds, all
    /// others from the next start.
    pub struct KakaoSection, see "kakao.md" {
        /// What the header `x-skill-secret` of a request to `POST /v1/kakao/skill` must hold, 16
        /// characters or more; two while one replaces another; none: nothing is taken there.
        secrets: Vec<String> = Vec::new(), secret;

        /// File with such secrets, one a line; `#` begins a comment. A change of it holds within
        /// seconds, without a restart.
        secrets_file: Option<PathBuf> = None;

        /// Id of the bot that is answered; empty: any that knows the secret.
        bot: Option<String> = None;

        /// After so long without a message a chat is over, and the next message begins another; up
        /// to 23h.
        idle_limit: Duration = Duration::from_mins(30), more_than_zero,
            less_than(Duration::from_mins(23 * 60 + 1), "a chat that is idle for so long is over");
    }
}

impl KakaoSection {
    /// The secrets, and those of the file.
    ///
    /// # Errors
    /// Which secret is wrong and how, without showing it.
    pub fn read_secrets(&self) -> Result<Vec<String>, String> {
        let mut all = self.secrets.clone();
        if let Some(file) = &self.secrets_file {
            all.extend(lines(file)?);
        }
        match all.iter().position(|secret| secret.chars().count() < LEAST) {
            Some(at) => Err(format!(
                "secret {} has less than {LEAST} characters, and can be guessed; make one with `openssl rand -hex 32`",
                at + 1
            )),
            None => Ok(all),
        }
    }

    /// Whether messages are taken.
    pub fn hears(&self) -> bool {
        !self.secrets.is_empty() || self.secrets_file.is_some()
    }

    /// Each key that is wrong, and how.
    pub(crate) fn wrong(&self) -> Vec<(&'static str, String)> {
        let mut wrong = Vec::new();
        wrong.extend(self.read_secrets().err().map(|why| ("kakao.secrets", why)));
        if !self.hears() && self.bot.is_some() {
            let why =
                "nothing is taken without a secret; set `kakao.secrets` or `kakao.secrets_file`";
            wrong.push(("kakao.bot", why.to_owned()));
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_can_be_guessed_is_refused_and_not_shown() {
        let with = |secrets: &[&str], bot: Option<&str>| KakaoSection {
            secrets: secrets.iter().map(|&secret| secret.to_owned()).collect(),
            bot: bot.map(str::to_owned),
            ..KakaoSection::default()
        };
        assert_eq!(with(&["0123456789abcdef"], Some("b")).wrong(), []);
        assert_eq!(with(&[], None).wrong(), []);
        let told = with(&["0123456789abcdef", "s3cret"], None).wrong();
        assert!(told[0].1.starts_with("secret 2 has less than 16"), "{told:?}");
        assert!(!told[0].1.contains("s3cret"));
        assert_eq!(with(&[], Some("b")).wrong()[0].0, "kakao.bot");
    }
}
