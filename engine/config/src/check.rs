//! What the value of one key cannot tell: whether the values fit together, and to what is outside.

use std::time::Duration;

use crate::{Admin, Backend, Config, Guard};

/// Is told of each key that is wrong, and how.
pub(crate) type Wrong<'w> = &'w mut dyn FnMut(&str, &str);

/// Whether it is known of everybody who asks what proves it is them.
pub(crate) fn who_may_ask(config: &Config, wrong: Wrong<'_>) {
    match (&config.tls.certificate, &config.tls.key) {
        (Some(_), None) => wrong("tls.certificate", "needs `tls.key` beside it"),
        (None, Some(_)) => wrong("tls.key", "needs `tls.certificate` beside it"),
        _ => {}
    }
    let has_keys = config.connect.has_keys();
    if config.must_sign() && !has_keys {
        wrong(
            "connect.signature",
            "requests must be signed, but there is no key to check them with; set `connect.keys` or `connect.keys_file` (or \"off\" if something else guards the endpoint)",
        );
    }
    if has_keys && let Err(why) = config.outlasts_questions() {
        wrong("calls.idle_limit", &why);
    }
    if config.must_authenticate()
        && !config.api.has_tokens()
        && config.api.authentication == Guard::Required
    {
        wrong(
            "api.authentication",
            "a token is required, but none is known; set `api.tokens` or `api.tokens_file`",
        );
    }
    if config.deploy.admin == Admin::On && !config.serves_admin() {
        wrong(
            "deploy.admin",
            "other machines can reach the server, and with `api.authentication = \"off\"` whoever asks could change what is live; require tokens, or set this to \"off\"",
        );
    }
    if let Err(why) = config.connect.read_keys() {
        wrong("connect.keys", &why);
    }
    if let Err(why) = config.api.read_tokens() {
        wrong("api.tokens", &why);
    }
}

/// Whether the values go with each other, with the file system and with who asks.
pub(crate) fn fits_together(config: &Config, wrong: Wrong<'_>) {
    if config.store.backup.is_some() && config.store.backend != Backend::Sled {
        wrong(
            "store.backup",
            "an embedded store alone is backed up by the server; a table has point-in-time recovery of its own, so leave this out",
        );
    }
    if config.store.backend == Backend::Sled
        && let Some(backup) = &config.store.backup
        && let Err(error) = dialgraph_store::check_place(&config.store.folder, backup)
    {
        wrong("store.backup", &error.to_string());
    }
    let (keep, least) = (config.calls.retention, Duration::from_hours(24));
    if !keep.is_zero() && (keep < least || keep <= config.calls.idle_limit) {
        wrong(
            "calls.retention",
            "must be a day or more, and more than `calls.idle_limit`, or \"0s\" to keep calls for ever",
        );
    }
    if config.turns.budget >= config.turns.answer_within {
        wrong(
            "turns.budget",
            "must be less than `turns.answer_within`, or no comfort prompt is heard in time",
        );
    }
    if config.turns.answer_within > config.server.request_timeout {
        wrong("turns.answer_within", "must not be more than `server.request_timeout`");
    }
    for (key, why) in config.sources.wrong() {
        wrong(key, &why);
    }
    for (key, why) in config.kakao.wrong() {
        wrong(key, &why);
    }
    if let Some(why) = config.wrong_with_url() {
        wrong("server.url", why);
    }
    for (key, why) in config.tickets.wrong() {
        wrong(key, &why);
    }
    if let Err(error) = config.log.filter() {
        wrong("log.level", &error);
    }
}
