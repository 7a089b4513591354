//! `dialgraph connect`: what a Connect owner types.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::path::Path;
use std::process::Command;

const LAMBDA: &str = "arn:aws:lambda:ap-northeast-2:111122223333:function:dialgraph";
const QUEUES: [&str; 6] =
    ["after-hours", "callback", "general", "msp-emergency", "msp-general", "vip"];

fn connect(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
        .arg("connect")
        .args(args)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .env_remove("DIALGRAPH_PROJECT")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn queue(name: &str) -> String {
    format!("{name}=arn:aws:connect:ap-northeast-2:111122223333:instance/i/queue/{name}")
}

/// A bridge for all queues of the shipped project, with some more arguments.
fn bridge(more: &[&str]) -> (i32, String, String) {
    let queues: Vec<String> = QUEUES.map(queue).into();
    let mut args = vec!["bridge-flow", "--lambda-arn", LAMBDA];
    for queue in &queues {
        args.extend(["--queue", queue]);
    }
    connect(&[&args[..], more].concat())
}

#[test]
fn the_flow_of_the_shipped_project_passes_the_lint_and_says_the_projects_words() {
    let bot = "arn:aws:lex:ap-northeast-2:111122223333:bot-alias/BOT/LIVE";
    let (code, flow, warnings) = bridge(&["--lex-bot-alias-arn", bot, "--attribute", "company"]);
    assert_eq!((code, warnings.as_str()), (0, ""));
    assert!(flow.contains("죄송합니다. 문제가 생겨 상담원을 연결해"), "the project's own apology");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), flow).unwrap();
    let (code, findings, _) = connect(&["lint", file.path().to_str().unwrap()]);
    assert_eq!((code, findings.as_str()), (0, ""));
}

#[test]
fn the_flow_is_printed_as_it_is_imported_unless_people_want_to_read_it() {
    let (_, compact, _) = bridge(&["--voice", "KO_kr=seoyeon:Neural", "--start-locale", "EN_gb"]);
    assert_eq!(compact.lines().count(), 1);
    let flow: serde_json::Value = serde_json::from_str(&compact).unwrap();
    let first = flow["Actions"].as_array().unwrap().iter();
    let first = first.clone().find(|action| action["Identifier"] == "First language").unwrap();
    assert_eq!(first["Parameters"]["LanguageCode"], "en-US", "the nearest that is spoken");
    let (code, pretty, _) =
        bridge(&["--pretty", "--voice", "KO_kr=seoyeon:Neural", "--start-locale", "EN_gb"]);
    assert_eq!(code, 0);
    assert!(pretty.lines().count() > 1_000);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&pretty).unwrap(), flow);
}

#[test]
fn attributes_that_the_flows_declare_are_passed_and_given_back() {
    let (code, flow, told) = bridge(&["--pass", "customer_class", "--attribute", "company"]);
    assert_eq!(code, 0, "{told}");
    assert!(flow.contains("\"attr_customer_class\":\"$.Attributes.customer_class\""));
}

#[test]
fn a_flow_that_would_be_refused_fails_the_lint() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), r#"{"Version": "2019-10-30", "StartAction": "a", "Actions": []}"#)
        .unwrap();
    let (code, findings, _) = connect(&["lint", file.path().to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(
        findings.contains("start-action: `StartAction` names `a`, which is not there"),
        "{findings}"
    );
}

#[test]
fn a_flow_that_an_editor_has_marked_as_unicode_is_linted() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "\u{feff}{\"Version\": \"2019-10-30\", \"StartAction\": \"a\", \"Actions\": []}";
    std::fs::write(file.path(), text).unwrap();
    let (code, findings, told) = connect(&["lint", file.path().to_str().unwrap()]);
    assert!(code == 1 && findings.contains("start-action"), "{findings}{told}");
}

#[test]
fn without_a_bot_the_owner_is_told_what_callers_lose() {
    let (code, _, warnings) = bridge(&[]);
    assert_eq!(code, 0);
    insta::assert_snapshot!(warnings);
}

#[test]
fn what_is_wrong_or_missing_is_told_with_what_to_type() {
    let mistakes = [
        connect(&["bridge-flow", "--lambda-arn", LAMBDA, "--queue", &queue("general")]),
        bridge(&["--queue", &queue("msp-genral")]),
        bridge(&["--queue", "general"]),
        bridge(&["--voice", "de-DE=Vicki"]),
        bridge(&["--start-flow", "main-entri"]),
        bridge(&["--fallback-queue", "nobody"]),
        bridge(&["--lex-bot-alias-arn", "arn:aws:s3:::bucket"]),
        bridge(&["--lex-bot-alias-arn", "arn:aws:lex:ap-northeast-2:111122223333:bot/ABCDEFGHIJ"]),
        bridge(&["--pass", "custmer_class"]),
        bridge(&["--pass", "locale"]),
        bridge(&["--attribute", "Company"]),
        bridge(&["--voice", "ko-KR=Seoyeom"]),
        bridge(&["--voice", "ko_KR=Seoyeon:neutral"]),
        bridge(&["--voice", "ko_KR=Seoyeon", "--voice", "KO-kr=Jihye"]),
        bridge(&["--start-locale", "de-DE"]),
        bridge(&["--start-locale", "$.Attributes.a b\""]),
        bridge(&["--start-locale", "$"]),
        bridge(&["--voice", "ko-KR=Joanna"]),
        bridge(&["--name", ""]),
        bridge(&["--name", &"x".repeat(2_000)]),
        bridge(&["--name", "a\u{202e}b"]),
        connect(&[
            "deploy-template",
            "--form",
            "serverless",
            "--lex-bot",
            "nope=AAAAAAAAAA/BBBBBBBBBB",
        ]),
        connect(&["deploy-template", "--form", "serverless", "--lex-bot", "x"]),
        connect(&["deploy-template", "--form", "serverless", "--lex-bot", "default=x"]),
        connect(&["deploy-template", "--form", "serverless", "--guardrail", "nope=x/1"]),
        connect(&["deploy-template", "--form", "serverless", "--table"]),
    ];
    let told: Vec<String> = mistakes
        .into_iter()
        .map(|(code, flow, told)| {
            assert_eq!((code, flow.as_str()), (2, ""), "{told}");
            told
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

/// A template as JSON, and what was said beside it.
fn template(more: &[&str]) -> (serde_json::Value, String) {
    let (code, text, told) = connect(&[&["deploy-template", "--format", "json"], more].concat());
    assert_eq!(code, 0, "{told}");
    (serde_json::from_str(&text).unwrap(), told)
}

fn of_kind<'t>(template: &'t serde_json::Value, kind: &str) -> Vec<&'t serde_json::Value> {
    let resources = template["Resources"].as_object().unwrap().values();
    resources
        .filter(|resource| resource["Type"] == kind)
        .map(|found| &found["Properties"])
        .collect()
}

#[test]
fn the_shipped_deployment_has_its_queues_and_routing_profiles_and_the_days_off_of_its_calendar() {
    let (template, _) = template(&["--holidays", "2026-11-23..2027-01-03"]);
    let names = |kind: &str| -> Vec<String> {
        let found = of_kind(&template, kind).into_iter();
        found.map(|found| found["Name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("AWS::Connect::Queue"), QUEUES);
    assert_eq!(names("AWS::Connect::RoutingProfile"), ["everything", "msp", "senior"]);
    let hours = of_kind(&template, "AWS::Connect::HoursOfOperation");
    assert_eq!(
        (&hours[0]["Name"], &hours[0]["TimeZone"]),
        (&"seoul-office".into(), &"Asia/Seoul".into())
    );
    let days = hours[0]["HoursOfOperationOverrides"].as_array().unwrap().iter();
    let days: Vec<String> = days
        .map(|day| {
            let time = |time: &serde_json::Value| {
                let part = |name: &str| time[name].as_u64().unwrap();
                format!("{}:{:02}", part("Hours"), part("Minutes"))
            };
            let windows = day["OverrideConfig"].as_array().unwrap().iter();
            let windows: Vec<String> = windows
                .map(|window| {
                    format!("{}-{}", time(&window["StartTime"]), time(&window["EndTime"]))
                })
                .collect();
            format!("{}: {windows:?}", day["OverrideName"].as_str().unwrap())
        })
        .collect();
    insta::assert_snapshot!(days.join("\n"));
}

#[test]
fn the_words_for_the_fallback_are_the_projects_own() {
    let (template, _) = template(&[]);
    let variables = &of_kind(&template, "AWS::Lambda::Function")[0]["Environment"]["Variables"];
    let words = variables["DIALGRAPH_FALLBACK_TEXT_KO_KR"].as_str().unwrap();
    assert!(words.contains("문제가 생겨 상담원을 연결해"), "{words}");
    assert_eq!(variables["DIALGRAPH_FALLBACK_QUEUE"], "general");
}

#[test]
fn the_engine_in_the_function_understands_every_variable_of_the_template() {
    let (template, _) = template(&[
        "--form",
        "serverless",
        "--lex-bot",
        "default=ABCDEFGHIJ/KLMNOPQRST",
        "--model",
        "amazon.nova-lite-v1:0",
        "--guardrail",
        "default=abcdefghij/1",
        "--embedding-model",
        "amazon.titan-embed-text-v2:0",
    ]);
    let variables = &of_kind(&template, "AWS::Lambda::Function")[0]["Environment"]["Variables"];
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("desk").to_owned();
    let variables = variables.as_object().unwrap().iter().map(|(name, value)| (name, text(value)));
    let output = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
        .args(["serve", "--print-config"])
        .current_dir(std::env::temp_dir())
        .envs(variables)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    let config = String::from_utf8(output.stdout).unwrap();
    for line in [
        "table = \"desk\"",
        "nlu = \"lex\"",
        "genai = \"bedrock\"",
        "knowledge = \"hybrid\"",
        "lex_bots = [\"default=ABCDEFGHIJ/KLMNOPQRST\"]",
        "guardrails = [\"default=abcdefghij/1\"]",
        "model = \"amazon.nova-lite-v1:0\"",
    ] {
        assert!(config.lines().any(|found| found.starts_with(line)), "{line}\n{config}");
    }
}

#[test]
fn what_a_template_lacks_is_told_and_what_cannot_be_is_refused() {
    let (_, told) = template(&[]);
    let mistakes = [
        connect(&["deploy-template", "--holidays", "2027"]),
        connect(&["deploy-template", "--holidays", "2027-12-31..2027-01-01"]),
        connect(&["deploy-template", "--holidays", "2026-01-01..2028-12-31"]),
        connect(&["deploy-template", "--model", "*"]),
    ];
    let mut all = vec![told];
    for (code, text, told) in mistakes {
        assert_eq!((code, text.as_str()), (2, ""), "{told}");
        all.push(told);
    }
    insta::assert_snapshot!(all.join("\n"));
}
