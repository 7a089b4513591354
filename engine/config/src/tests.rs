//! A configuration is read whole or refused with all that is wrong, each with place and remedy; a
//! server that others can reach wants keys and tokens, and no secret is shown.

use std::time::Duration;

use crate::{Config, Sources, all};

fn load(text: &str, environment: &[(&str, &str)]) -> Result<(Config, Sources), String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dialgraph.toml");
    std::fs::write(&file, text).unwrap();
    let environment =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(Some(&file), environment)
        .map_err(|error| error.to_string().replace(&*folder.path().to_string_lossy(), "FOLDER"))
}

#[test]
fn nothing_set_is_a_whole_configuration() {
    let (config, sources) = Config::load(None, []).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:7700");
    assert!(sources.0.is_empty());
    assert!(!config.must_sign() && !config.must_authenticate());
}

#[test]
fn metrics_want_a_token_where_other_machines_can_reach_them() {
    let exposed = "[server]\nlisten = \"0.0.0.0:7700\"\n[connect]\nsignature = \"off\"\n";
    let wants = |text: &str| load(text, &[]).unwrap().0.must_authenticate_metrics();
    assert!(!wants(""));
    assert!(wants(exposed));
    assert!(!wants(&format!("{exposed}[api]\nmetrics = \"off\"\n")));
    assert!(!wants(&format!("{exposed}[api]\nauthentication = \"off\"\n")));
    assert!(wants("[api]\nmetrics = \"required\"\n"));
}

#[test]
fn what_is_printed_can_be_read_again_and_means_the_same() {
    let text = "[turns]\nbudget = \"1500ms\"\n[providers]\ntimeouts = [\"genai=20s\"]\n[server]\nmax_body = \"1 MiB\"\n";
    let (config, sources) = load(text, &[]).unwrap();
    let printed = config.print(&sources);
    let (again, sources) = load(&printed, &[]).unwrap();
    let without_sources = |text: &str| -> String {
        text.lines()
            .map(|line| line.split_once("  # ").map_or(line, |(value, _)| value).to_owned() + "\n")
            .collect()
    };
    assert_eq!(without_sources(&again.print(&sources)), without_sources(&printed));
    assert_eq!(again.turns.budget, Duration::from_millis(1500));
    assert_eq!(again.providers.timeouts, [("genai".to_owned(), Duration::from_secs(20))]);
}

#[test]
fn the_environment_wins_over_the_file_and_needs_no_quotes() {
    let (config, sources) = load(
        "[turns]\nat_once = 8\n[log]\nformat = \"json\"\n",
        &[
            ("DIALGRAPH_TURNS__AT_ONCE", "16"),
            ("DIALGRAPH_PROVIDERS__TIMEOUTS", "http=2s, nlu=1s"),
            ("DIALGRAPH_SECRET_A__B", "not ours"),
            ("DIALGRAPH_PROJECT", "not ours either"),
        ],
    )
    .unwrap();
    assert_eq!(config.turns.at_once, 16);
    assert_eq!(config.providers.timeouts.len(), 2);
    assert_eq!(sources.0["turns.at_once"], "variable DIALGRAPH_TURNS__AT_ONCE");
}

#[test]
fn everything_that_is_wrong_is_said_at_once_with_place_and_remedy() {
    let error = load(
        r#"
loose = 1
[server]
lisen = "127.0.0.1:1"
listen = "localhost"
max_body = "much"
[turn]
budget = "1s"
[turns]
budget = "5 parsecs"
at_once = -1
listen = "x"
[log]
format = "xml"
level = "loud=everywhere"
[providers]
timeouts = ["gen=1s"]
tries = 2026-01-01
[connect]
keys = 7
"#,
        &[("DIALGRAPH_TURNS__BUGDET", "1s"), ("DIALGRAPH_TURNS__WAIT", "soon")],
    )
    .unwrap_err();
    insta::assert_snapshot!(error);
}

#[test]
fn values_that_do_not_fit_together_are_refused() {
    let error = load(
        &format!(
            "[server]\nlisten = \"0.0.0.0:7700\"\n[tls]\ncertificate = \"a.pem\"\n[turns]\nbudget = \"9s\"\nat_once = 0\n[api]\ntokens = [\"me:chief:{}\"]\n[log]\nlevel = \"x=y=z\"\n",
            "0".repeat(64)
        ),
        &[],
    )
    .unwrap_err();
    insta::assert_snapshot!(error);
}

#[test]
fn what_is_out_of_bounds_is_told_with_what_cannot_be_read_and_the_last_value_counts() {
    let file = "[turns]\nat_once = 0\nwait = \"soon\"\n";
    let error = load(file, &[]).unwrap_err();
    insta::assert_snapshot!(error, @r#"
    the configuration cannot be used as it is
      FOLDER/dialgraph.toml:3:1: turns.wait: "soon" is no duration; write a number with `ms`, `s`, `m`, `h` or `d`, such as "5s"
      FOLDER/dialgraph.toml:2:1: turns.at_once: 0 is too few; write 1 or more, such as the default 256
    "#);
    let corrected = [("DIALGRAPH_TURNS__AT_ONCE", "16")];
    assert!(load("[turns]\nat_once = 0\n", &corrected).is_ok());
}

#[test]
fn a_pool_has_room_a_pause_takes_time_and_a_share_is_a_part() {
    let refusal = |text: &str| {
        let error = load(text, &[]).unwrap_err();
        let (_, told) = error.split_once("FOLDER/dialgraph.toml:2:1: ").unwrap();
        told.to_owned()
    };
    insta::assert_snapshot!(
        refusal("[plugins]\nruns = 0\n"),
        @"plugins.runs: 0 is too few; write 1 or more, such as the default 120"
    );
    for (section, key) in [
        ("server", "connections"),
        ("turns", "at_once"),
        ("providers", "tries"),
        ("connect", "nonces"),
        ("plugins", "runs"),
    ] {
        let told = refusal(&format!("[{section}]\n{key} = 0\n"));
        assert!(told.starts_with(&format!("{section}.{key}: 0 is too few; ")), "{told}");
        assert!(load(&format!("[{section}]\n{key} = 1\n"), &[]).is_ok(), "{section}.{key}");
    }

    insta::assert_snapshot!(
        refusal("[deploy]\ninterval = \"0s\"\n"),
        @r#"deploy.interval: "0s" is too short; write more, such as the default "2s""#
    );
    for (section, key) in [
        ("server", "header_timeout"),
        ("server", "write_timeout"),
        ("calls", "idle_check"),
        ("providers", "timeout"),
        ("connect", "window"),
        ("store", "attempt_timeout"),
        ("store", "operation_timeout"),
        ("store", "backup_every"),
        ("store", "backup_full_every"),
        ("deploy", "watch_interval"),
        ("deploy", "interval"),
        ("kakao", "idle_limit"),
        ("tickets", "webhook_timeout"),
        ("tickets", "webhook_give_up"),
    ] {
        let told = refusal(&format!("[{section}]\n{key} = \"0ms\"\n"));
        assert!(told.starts_with(&format!("{section}.{key}: \"0s\" is too short; ")), "{told}");
        assert!(load(&format!("[{section}]\n{key} = \"1ms\"\n"), &[]).is_ok(), "{section}.{key}");
    }

    insta::assert_snapshot!(
        refusal("[deploy]\ncanary_more_errors = 101\n"),
        @"deploy.canary_more_errors: 101 percent is more than 100; write 0 to 100, such as the default 5"
    );
    for share in [0, 100] {
        assert!(load(&format!("[deploy]\ncanary_more_errors = {share}\n"), &[]).is_ok());
    }
}

#[test]
fn a_turn_is_answered_before_the_longest_budget_of_the_lambda_is_over() {
    let within = |time: &str| load(&format!("[turns]\nanswer_within = \"{time}\"\n"), &[]);
    let error = within("7500ms").unwrap_err();
    insta::assert_snapshot!(
        error.lines().last().unwrap().trim(),
        @r#"FOLDER/dialgraph.toml:2:1: turns.answer_within: "7500ms" is too long: the Lambda gives up after 6.5 s, or what DIALGRAPH_BUDGET_MS says there, 7.5 s at most, and the caller would hear its fallback; write less, such as the default "5500ms""#
    );
    assert!(within("20s").is_err());
    // A Lambda whose budget was raised waits for this one.
    assert!(within("7s").is_ok());
}

#[test]
fn a_variable_of_a_key_with_one_line_too_few_is_refused_with_the_right_one() {
    let error = load("", &[("DIALGRAPH_TURNS_BUDGET", "1s")]).unwrap_err();
    insta::assert_snapshot!(
        error.lines().last().unwrap().trim(),
        @"variable DIALGRAPH_TURNS_BUDGET: there is no such variable; did you mean `DIALGRAPH_TURNS__BUDGET`?"
    );
    let keys = all().into_iter().flat_map(|section| section.keys);
    for right in keys.filter(|key| key.path != "store.key_file").map(|key| key.variable()) {
        let wrong = right.replace("__", "_");
        let error = load("", &[(&wrong, "1")]).unwrap_err();
        assert!(error.contains(&format!("variable {wrong}: ")), "{error}");
        assert!(error.contains(&format!("did you mean `{right}`?")), "{error}");
    }
}

#[test]
fn variables_of_the_command_of_the_store_and_of_the_function_are_left_alone() {
    for name in [
        "DIALGRAPH_CACHE",
        "DIALGRAPH_SPEECH_CACHE",
        "DIALGRAPH_PROJECT",
        "DIALGRAPH_SERVER",
        "DIALGRAPH_TOKEN",
        "DIALGRAPH_CA",
        "DIALGRAPH_STORE_KEY",
        "DIALGRAPH_STORE_KEY_FILE",
        "DIALGRAPH_SECRET_LOG_LEVEL",
        "DIALGRAPH_URL",
        "DIALGRAPH_KEY_ID",
        "DIALGRAPH_KEY",
        "DIALGRAPH_KEY_FILE",
        "DIALGRAPH_BUDGET_MS",
        "DIALGRAPH_CA_FILE",
        "DIALGRAPH_FALLBACK_QUEUE",
        "DIALGRAPH_FALLBACK_LOCALE",
        "DIALGRAPH_FALLBACK_TEXT_KO_KR",
        "DIALGRAPH_SOAK",
        "DIALGRAPH_CRASH_ROUNDS",
        "DIALGRAPH_UPDATE_SCHEMAS",
    ] {
        let (_, sources) = load("", &[(name, "x")]).unwrap();
        assert!(sources.0.is_empty(), "{name}");
    }
}

#[test]
fn a_customer_who_has_time_to_answer_is_not_taken_for_gone() {
    let with = |limit: &str| {
        load(&format!("[connect]\nkeys = [\"one:{}\"]\n{limit}", "ab".repeat(32)), &[])
    };
    assert!(with("").is_ok());
    assert!(with("[calls]\nidle_limit = \"1801s\"\n").is_ok());
    let error = with("[calls]\nidle_limit = \"30m\"\n").unwrap_err();
    assert!(error.contains("calls.idle_limit: must be more than \"30m\""), "{error}");
    // Without Connect nothing is known of who waits how long.
    assert!(load("[calls]\nidle_limit = \"1s\"\n", &[]).is_ok());
}

#[test]
fn a_file_that_is_no_toml_is_refused_at_its_place() {
    insta::assert_snapshot!(load("[server\nlisten = 1", &[]).unwrap_err());
}

#[test]
fn secrets_are_never_shown() {
    let secret = "ab".repeat(32);
    let (config, sources) =
        load("", &[("DIALGRAPH_CONNECT__KEYS", &format!("one:{secret}"))]).unwrap();
    assert!(config.must_sign());
    let shown = config.print(&sources) + &format!("{config:?}");
    assert!(!shown.contains(&secret), "{shown}");
    assert!(shown.contains("set in variable DIALGRAPH_CONNECT__KEYS"), "{shown}");

    let wrong = load("", &[("DIALGRAPH_CONNECT__KEYS", "one:secret-words")]).unwrap_err();
    assert!(!wrong.contains("secret-words"), "{wrong}");
}

#[test]
fn tokens_and_keys_are_wanted_where_other_machines_can_reach_the_server() {
    let key = format!("[connect]\nkeys = [\"one:{}\"]\n", "ab".repeat(32));
    let (config, _) = load(&format!("[server]\nlisten = \"0.0.0.0:1\"\n{key}"), &[]).unwrap();
    assert!(config.must_sign() && config.must_authenticate());
    let off = format!(
        "{key}signature = \"off\"\n[api]\nauthentication = \"off\"\n[server]\nlisten = \"0.0.0.0:1\"\n"
    );
    let (config, _) = load(&off, &[]).unwrap();
    assert!(!config.must_sign() && !config.must_authenticate());
}

#[test]
fn calls_are_kept_for_days_or_for_ever() {
    let load_it = |value: &str| load(&format!("[calls]\nretention = \"{value}\"\n"), &[]);
    let (config, sources) = load_it("90d").unwrap();
    assert_eq!(config.calls.keep_millis(), Some(90 * 24 * 60 * 60 * 1000));
    assert!(config.print(&sources).contains("retention = \"90d\""));
    assert_eq!(load_it("0s").unwrap().0.calls.keep_millis(), None);
    let short = load_it("2h").unwrap_err();
    assert!(short.contains("calls.retention: must be a day or more"), "{short}");
}

#[test]
fn nothing_can_be_deployed_by_whoever_asks_from_elsewhere() {
    let open = format!(
        "[connect]\nsignature = \"off\"\n[server]\nlisten = \"0.0.0.0:1\"\n[api]\nauthentication = \"off\"\ntokens = [\"me:operator:{}\"]\n",
        "ab".repeat(32)
    );
    let (config, _) = load(&open, &[]).unwrap();
    assert!(!config.serves_admin(), "tokens that nobody asks for guard nothing");
    let error = load(&format!("{open}[deploy]\nadmin = \"on\"\n"), &[]).unwrap_err();
    assert!(error.contains("deploy.admin: other machines can reach the server"), "{error}");
    let required = open.replace("authentication = \"off\"", "authentication = \"required\"");
    let (config, _) = load(&format!("{required}[deploy]\nadmin = \"on\"\n"), &[]).unwrap();
    assert!(config.serves_admin());
}

#[test]
fn a_folder_goes_live_by_itself_unless_processes_share_the_store() {
    let takes_in = |text: &str| load(text, &[]).unwrap().0.takes_in_changes();
    assert!(takes_in(""));
    assert!(!takes_in("[store]\nbackend = \"dynamodb\"\n"));
    assert!(takes_in("[store]\nbackend = \"dynamodb\"\n[deploy]\ntake_in = \"always\"\n"));
    assert!(!takes_in("[deploy]\ntake_in = \"first\"\n"));
}

#[test]
fn a_time_may_be_added_up_but_no_number_is_put_together() {
    let budget = |text: &str| {
        load(&format!("[turns]\nbudget = \"{text}\"\n"), &[]).map(|(config, _)| config.turns.budget)
    };
    assert_eq!(budget("1s500ms"), Ok(Duration::from_millis(1500)));
    assert_eq!(budget("2 s"), Ok(Duration::from_secs(2)));
    for text in ["1 2s", "2", "s", "2 x", "1s 500ms"] {
        assert!(budget(text).is_err(), "{text}");
    }
}

#[test]
fn the_address_of_the_server_is_one_that_others_can_begin_an_address_with() {
    let url = |text: &str| {
        load(&format!("[server]\nurl = \"{text}\"\n"), &[]).map(|(config, _)| config.url())
    };
    assert_eq!(load("", &[]).unwrap().0.url(), "http://127.0.0.1:7700");
    assert_eq!(url("https://desk.example.com/"), Ok("https://desk.example.com".to_owned()));
    assert_eq!(url("http://x:8080/calls"), Ok("http://x:8080/calls".to_owned()));
    for text in
        ["desk.example.com", "ftp://x", "https://", "https://me@x", "https://x?a=1", "https://x y"]
    {
        let error = url(text).unwrap_err();
        assert!(error.contains("server.url: must be an address without user"), "{error}");
    }
}
