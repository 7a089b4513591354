//! The engine's own ticket desk and the desks elsewhere that it tells, and that tell it.

use std::path::PathBuf;
use std::time::Duration;

use dialgraph_webhook::{Secret, SecretError, standard, zendesk};

use crate::Config;
use crate::credentials::lines;

section! {
    /// Webhooks of the engine's own ticket desk, out and in. Changes of `…_file` hold within
    /// seconds, all others from the next start.
    pub struct TicketsSection, see "tickets.md" {
        /// Where each change of a ticket is reported to by POST, such as
        /// `https://desk.example.com/dialgraph`; empty: nowhere. Plain `http` reaches this machine
        /// only.
        webhook_url: Option<String> = None;

        /// What reports are signed with, `whsec_` and base64 each; two while one replaces another.
        webhook_secrets: Vec<String> = Vec::new(), secret;

        /// File with such secrets, one a line; `#` begins a comment. A change of it holds within
        /// seconds, without a restart.
        webhook_secrets_file: Option<PathBuf> = None;

        /// A report that has no answer within this is made again later; up to 60s.
        webhook_timeout: Duration = Duration::from_secs(10), more_than_zero,
            less_than(Duration::from_millis(60_001), "a report may take 60s");

        /// Reports that cannot be delivered for so long, from the first try on, are dropped, and
        /// the log and the metrics say so.
        webhook_give_up: Duration = Duration::from_hours(72), more_than_zero;

        /// What `POST /v1/tickets/webhook` must be signed with, `whsec_` and base64 each; none:
        /// nothing is taken there.
        incoming_secrets: Vec<String> = Vec::new(), secret;

        /// File with such secrets, as `webhook_secrets_file`.
        incoming_secrets_file: Option<PathBuf> = None;

        /// Signing secrets of Zendesk's webhooks to `POST /v1/tickets/zendesk`; none: nothing is
        /// taken there.
        zendesk_secrets: Vec<String> = Vec::new(), secret;

        /// File with such secrets, as `webhook_secrets_file`.
        zendesk_secrets_file: Option<PathBuf> = None;
    }
}

fn read(
    texts: &[String],
    file: Option<&PathBuf>,
    parse: fn(&str) -> Result<Secret, SecretError>,
) -> Result<Vec<Secret>, String> {
    let mut all = texts.to_vec();
    if let Some(file) = file {
        all.extend(lines(file)?);
    }
    let secret = |(n, text): (usize, &String)| {
        parse(text).map_err(|error| format!("secret {}: {error}", n + 1))
    };
    all.iter().enumerate().map(secret).collect()
}

impl TicketsSection {
    /// What reports are signed with.
    ///
    /// # Errors
    /// Which secret is wrong and how, without showing it.
    pub fn read_webhook_secrets(&self) -> Result<Vec<Secret>, String> {
        let secrets =
            read(&self.webhook_secrets, self.webhook_secrets_file.as_ref(), standard::secret)?;
        // A file that is written anew is empty for a moment.
        if secrets.is_empty() && self.webhook_secrets_file.is_some() {
            return Err(
                "`tickets.webhook_secrets_file` holds no secret, and reports must be signed"
                    .to_owned(),
            );
        }
        Ok(secrets)
    }

    /// What a desk elsewhere signs with.
    ///
    /// # Errors
    /// Which secret is wrong and how, without showing it.
    pub fn read_incoming_secrets(&self) -> Result<Vec<Secret>, String> {
        read(&self.incoming_secrets, self.incoming_secrets_file.as_ref(), standard::secret)
    }

    /// What Zendesk signs with.
    ///
    /// # Errors
    /// Which secret is wrong and how, without showing it.
    pub fn read_zendesk_secrets(&self) -> Result<Vec<Secret>, String> {
        read(&self.zendesk_secrets, self.zendesk_secrets_file.as_ref(), zendesk::secret)
    }

    /// Whether a desk elsewhere may tell of tickets.
    pub fn hears(&self) -> bool {
        !self.incoming_secrets.is_empty() || self.incoming_secrets_file.is_some()
    }

    /// Whether Zendesk may.
    pub fn hears_zendesk(&self) -> bool {
        !self.zendesk_secrets.is_empty() || self.zendesk_secrets_file.is_some()
    }

    /// Each key that is wrong, and how.
    pub(crate) fn wrong(&self) -> Vec<(&'static str, String)> {
        let mut wrong = Vec::new();
        let signs = !self.webhook_secrets.is_empty() || self.webhook_secrets_file.is_some();
        match &self.webhook_url {
            Some(url) => {
                if let Err(why) = wrong_with(url) {
                    wrong.push(("tickets.webhook_url", why));
                }
                if !signs {
                    let why = "reports must be signed; set `tickets.webhook_secrets` or `tickets.webhook_secrets_file`";
                    wrong.push(("tickets.webhook_url", why.to_owned()));
                }
            }
            None if signs => {
                let why = "there is a secret, but no `tickets.webhook_url` to report to; set it, or leave the secret out";
                wrong.push(("tickets.webhook_secrets", why.to_owned()));
            }
            None => {}
        }
        let read = [
            ("tickets.webhook_secrets", self.read_webhook_secrets()),
            ("tickets.incoming_secrets", self.read_incoming_secrets()),
            ("tickets.zendesk_secrets", self.read_zendesk_secrets()),
        ];
        wrong.extend(read.into_iter().filter_map(|(key, read)| Some((key, read.err()?))));
        wrong
    }
}

impl Config {
    /// Whether changes of tickets are reported elsewhere.
    pub fn reports_tickets(&self) -> bool {
        self.tickets.webhook_url.is_some()
    }
}

/// An address may have a password in it: it is not shown.
fn wrong_with(url: &str) -> Result<(), String> {
    let form = "write such as \"https://desk.example.com/dialgraph\"";
    let (scheme, rest) =
        url.split_once("://").ok_or_else(|| format!("it is no address; {form}"))?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!("it is no address; {form}"));
    }
    if host.contains('@') {
        return Err(format!("it has a user or a password in it; reports are signed, so {form}"));
    }
    match scheme {
        "https" => Ok(()),
        "http" if is_this_machine(host) => Ok(()),
        "http" => Err(format!("personal data would be sent in the clear; {form}")),
        _ => Err(format!("it is neither `https` nor `http`; {form}")),
    }
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost"
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_and_no_secret_is_shown() {
        let good = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
        let with = |url: &str, secrets: &[&str]| TicketsSection {
            webhook_url: (!url.is_empty()).then(|| url.to_owned()),
            webhook_secrets: secrets.iter().map(|&secret| secret.to_owned()).collect(),
            ..TicketsSection::default()
        };
        let told = |section: TicketsSection| -> Vec<String> {
            section.wrong().iter().map(|(key, why)| format!("{key}: {why}")).collect()
        };
        for url in [
            "https://desk.example.com/x?y",
            "http://127.0.0.1:80/",
            "http://[::1]:80",
            "http://localhost",
        ] {
            assert_eq!(told(with(url, &[&good])), [""; 0], "{url}");
        }
        assert_eq!(told(TicketsSection::default()), [""; 0]);
        let form = "write such as \"https://desk.example.com/dialgraph\"";
        for (url, why) in [
            ("desk.example.com", "it is no address"),
            ("https:///x", "it is no address"),
            ("https://a b", "it is no address"),
            ("https://me:s3cret@x", "it has a user or a password in it; reports are signed, so"),
            ("http://desk.example.com", "personal data would be sent in the clear"),
            ("ftp://x", "it is neither `https` nor `http`"),
        ] {
            let why = if why.ends_with("so") {
                format!("{why} {form}")
            } else {
                format!("{why}; {form}")
            };
            assert_eq!(told(with(url, &[&good])), [format!("tickets.webhook_url: {why}")]);
        }
        let mut section = with("", &[&good, "whsec_s3cret"]);
        section.incoming_secrets = vec!["s3cret".to_owned()];
        section.zendesk_secrets = vec!["s3cret".to_owned()];
        let told = told(section);
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told[1].starts_with("tickets.webhook_secrets: secret 2: "), "{told:?}");
        assert!(!told.concat().contains("s3cret"), "{told:?}");
        assert!(with("https://x", &[]).wrong()[0].1.starts_with("reports must be signed"));
        let file = std::env::temp_dir().join(format!("dialgraph-no-secret-{}", std::process::id()));
        std::fs::write(&file, "# none yet\n").unwrap();
        let empty = TicketsSection {
            webhook_secrets_file: Some(file.clone()),
            ..with("https://desk.example.com", &[])
        };
        let told = empty.wrong();
        std::fs::remove_file(file).unwrap();
        assert!(told[0].1.contains("holds no secret"), "{told:?}");
    }
}
