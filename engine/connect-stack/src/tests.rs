//! The flow in a template passes the strict check, permissions name their resources, what holds
//! data outlives the stack, and settings that do not fit together are told.

use super::*;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dialgraph_contact_flow::bridge::SpokenLanguage;
use dialgraph_contact_flow::lint::{MAX_CHARACTERS, lint};

const BOT: &str = "arn:aws:lex:ap-northeast-2:111122223333:bot-alias/ABCDEFGHIJ";

fn queue(name: &str, priority: u32, hours: Option<&str>) -> Queue {
    Queue {
        name: name.to_owned(),
        description: format!("Queue {name}"),
        priority,
        hours: hours.map(str::to_owned),
        sla: hours.map(|_| Duration::from_secs(3_600)),
        calls_back: false,
    }
}

fn at(hour: u8, minute: u8) -> Moment {
    Moment { hour, minute }
}

fn stack(form: Form) -> Stack {
    let office = Window { from: at(9, 0), until: at(18, 0) };
    let weekdays = &Day::ALL[..5];
    Stack {
        form,
        bridge: Bridge {
            name: "Dialgraph".to_owned(),
            fallback_queue: "general".to_owned(),
            languages: vec![
                SpokenLanguage::of("ko-KR").unwrap(),
                SpokenLanguage::of("en-US").unwrap(),
            ],
            ..Bridge::default()
        },
        queues: vec![queue("msp-emergency", 1, None), queue("general", 3, Some("office"))],
        hours: vec![Hours {
            name: "office".to_owned(),
            zone: "Asia/Seoul".to_owned(),
            weekly: weekdays.iter().map(|day| (*day, office)).collect(),
            overrides: vec![
                Override {
                    date: "2026-12-25".to_owned(),
                    day: Day::Friday,
                    name: "기독탄신일".to_owned(),
                    windows: Vec::new(),
                },
                Override {
                    date: "2026-12-24".to_owned(),
                    day: Day::Thursday,
                    name: String::new(),
                    windows: vec![Window { from: at(9, 0), until: at(24, 0) }],
                },
            ],
        }],
        profiles: vec![Profile {
            name: "everything".to_owned(),
            description: "All of it".to_owned(),
            voice: vec!["msp-emergency".to_owned(), "general".to_owned()],
            chat: vec!["general".to_owned()],
            chats_at_once: 3,
            outbound: "general".to_owned(),
        }],
        table: false,
        services: Services::default(),
    }
}

/// With everything that can be asked for.
fn large(form: Form) -> Stack {
    let mut stack = stack(form);
    stack.table = true;
    stack.bridge.languages[0].lex_bot_alias_arn = Some(format!("{BOT}/KO"));
    // The beginning of the other one is the same.
    stack.bridge.languages[1].lex_bot_alias_arn = Some(format!("{BOT}/KOEN"));
    stack.bridge.attributes = vec!["company".to_owned()];
    stack.services = Services {
        secrets: vec!["zendesk-token".to_owned()],
        lex_bots: vec!["default=ABCDEFGHIJ/KLMNOPQRST".to_owned()],
        models: vec![
            "amazon.nova-lite-v1:0".to_owned(),
            "long=apac.amazon.nova-pro-v1:0".to_owned(),
        ],
        guardrails: vec!["default=abcdefghij/1".to_owned()],
        embedding_model: Some("amazon.titan-embed-text-v2:0".to_owned()),
        polly: true,
    };
    stack
}

fn all() -> [Stack; 4] {
    [stack(Form::Bridge), large(Form::Bridge), stack(Form::Serverless), large(Form::Serverless)]
}

fn kind<'t>(template: &'t Value, kind: &str) -> Vec<(&'t str, &'t Value)> {
    let resources = template["Resources"].as_object().unwrap().iter();
    resources
        .filter(|(_, resource)| resource["Type"] == kind)
        .map(|(id, resource)| (id.as_str(), &resource["Properties"]))
        .collect()
}

/// What CloudFormation makes of `Fn::Sub` when all names are known.
fn filled(text: &str, names: &BTreeMap<&str, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        if let Some(literal) = after.strip_prefix('!') {
            out.push_str("${");
            rest = literal;
        } else {
            let (name, after) = after.split_once('}').unwrap();
            out.push_str(names.get(name).unwrap_or_else(|| panic!("`{name}` is unknown")));
            rest = after;
        }
    }
    out + rest
}

/// The bridge flow as Connect would get it.
fn flow(template: &Value) -> Value {
    let arn =
        |service: &str, rest: &str| format!("arn:aws:{service}:ap-northeast-2:111122223333:{rest}");
    let mut names = BTreeMap::from([("Function.Arn", arn("lambda", "function:dialgraph"))]);
    let queue = |id: &str| arn("connect", &format!("instance/i/queue/{id}"));
    let ids: Vec<(String, String)> = kind(template, "AWS::Connect::Queue")
        .iter()
        .map(|(id, _)| (format!("{id}.QueueArn"), queue(id)))
        .collect();
    names.extend(ids.iter().map(|(name, arn)| (name.as_str(), arn.clone())));
    for (name, parameter) in template["Parameters"].as_object().unwrap() {
        if name.starts_with("LexBotAliasArn") {
            names.insert(name, parameter["Default"].as_str().unwrap().to_owned());
        }
    }
    let (_, properties) = kind(template, "AWS::Connect::ContactFlow")[0];
    let content = filled(properties["Content"]["Fn::Sub"].as_str().unwrap(), &names);
    assert!(content.chars().count() <= MAX_CHARACTERS);
    serde_json::from_str(&content).unwrap()
}

#[test]
fn the_flow_in_a_template_passes_the_strict_check_once_its_arns_are_filled_in() {
    for stack in all() {
        let flow = flow(&stack.template().unwrap());
        assert_eq!(lint(&flow), []);
        let text = flow.to_string();
        assert!(!text.contains(":000000000000:"), "a placeholder is left");
        for (queue, id) in [("msp-emergency", "QueueMspEmergency"), ("general", "QueueGeneral")] {
            let set = flow["Actions"].as_array().unwrap().iter().find(|action| {
                action["Parameters"]["QueueId"].as_str().is_some_and(|arn| arn.ends_with(id))
            });
            assert!(set.is_some(), "{queue} has its queue of Connect");
        }
    }
}

#[test]
fn words_that_look_like_a_substitution_reach_connect_as_they_are() {
    let mut stack = stack(Form::Bridge);
    stack.bridge.languages[0].apology = "요금 ${AWS::AccountId} \"원\"".to_owned();
    let flow = flow(&stack.template().unwrap());
    assert!(
        flow["Actions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|action| { action["Parameters"]["Text"] == "요금 ${AWS::AccountId} \"원\"" })
    );
}

#[test]
fn each_language_listens_with_its_own_bot() {
    let template = large(Form::Bridge).template().unwrap();
    let flow = flow(&template);
    let bots: BTreeSet<&str> = flow["Actions"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|action| action["Parameters"]["LexV2Bot"]["AliasArn"].as_str())
        .collect();
    assert_eq!(bots, BTreeSet::from([&*format!("{BOT}/KO"), &*format!("{BOT}/KOEN")]));
}

#[test]
fn a_stack_of_each_form_has_these_resources() {
    let list = |stack: Stack| -> Vec<String> {
        let template = stack.template().unwrap();
        let resources = template["Resources"].as_object().unwrap().iter();
        resources
            .map(|(id, resource)| {
                let stays = if resource["DeletionPolicy"] == "Retain" { ", stays" } else { "" };
                format!("{id}: {}{stays}", resource["Type"].as_str().unwrap())
            })
            .collect()
    };
    insta::assert_yaml_snapshot!("resources_of_a_bridge", list(stack(Form::Bridge)));
    insta::assert_yaml_snapshot!("resources_of_serverless_with_all", list(large(Form::Serverless)));
}

#[test]
fn what_holds_data_stays_and_nothing_else_does() {
    for stack in all() {
        let template = stack.template().unwrap();
        for (id, resource) in template["Resources"].as_object().unwrap() {
            let holds_data = matches!(
                resource["Type"].as_str().unwrap(),
                "AWS::DynamoDB::Table"
                    | "AWS::KMS::Key"
                    | "AWS::SecretsManager::Secret"
                    | "AWS::Logs::LogGroup"
                    | "AWS::SQS::Queue"
            );
            for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
                assert_eq!(resource[policy] == "Retain", holds_data, "{id}: {policy}");
            }
        }
    }
}

#[test]
fn the_function_may_do_what_it_needs_and_each_permission_names_its_resource() {
    let statements = |stack: Stack| -> Vec<String> {
        let template = stack.template().unwrap();
        let (_, role) = kind(&template, "AWS::IAM::Role")[0];
        let policies = role["Policies"].as_array().unwrap().iter();
        let own = policies.filter(|policy| policy["PolicyName"] == "function");
        own.flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap())
            .map(|statement| {
                let actions: Vec<&str> = statement["Action"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(Value::as_str)
                    .collect();
                format!("{} on {}", actions.join(", "), statement["Resource"])
            })
            .collect()
    };
    insta::assert_yaml_snapshot!("statements_of_a_bridge", statements(stack(Form::Bridge)));
    insta::assert_yaml_snapshot!(
        "statements_of_serverless_with_all",
        statements(large(Form::Serverless))
    );
}

#[test]
fn a_star_stands_only_where_the_service_has_no_names() {
    fn walk(value: &Value, stars: &mut BTreeSet<String>) {
        if value["Resource"] == "*" {
            for action in value["Action"].as_array().into_iter().flatten() {
                let service = action.as_str().unwrap().split(':').next().unwrap();
                stars.insert(service.to_owned());
            }
        }
        match value {
            Value::Object(fields) => fields.values().for_each(|value| walk(value, stars)),
            Value::Array(items) => items.iter().for_each(|value| walk(value, stars)),
            _ => {}
        }
    }
    let mut stars = BTreeSet::new();
    for stack in all() {
        walk(&stack.template().unwrap(), &mut stars);
    }
    assert_eq!(stars, BTreeSet::from(["ec2".to_owned(), "polly".to_owned()]));
}

#[test]
fn the_function_is_told_all_that_it_wants_to_know() {
    let variables = |stack: Stack| {
        let template = stack.template().unwrap();
        kind(&template, "AWS::Lambda::Function")[0].1["Environment"]["Variables"].clone()
    };
    insta::assert_yaml_snapshot!("variables_of_a_bridge", variables(stack(Form::Bridge)));
    insta::assert_yaml_snapshot!(
        "variables_of_serverless_with_all",
        variables(large(Form::Serverless))
    );
}

#[test]
fn only_the_instance_the_bots_and_our_own_rules_may_call_the_function() {
    let template = large(Form::Serverless).template().unwrap();
    let callers: Vec<String> = kind(&template, "AWS::Lambda::Permission")
        .iter()
        .map(|(id, permission)| {
            let account = if permission["SourceAccount"].is_null() { "" } else { ", this account" };
            format!(
                "{id}: {} of {}{account}",
                permission["Principal"].as_str().unwrap(),
                permission["SourceArn"]
            )
        })
        .collect();
    insta::assert_yaml_snapshot!(callers);
}

#[test]
fn hours_are_windows_of_a_week_and_days_that_are_different() {
    let template = stack(Form::Bridge).template().unwrap();
    let hours = kind(&template, "AWS::Connect::HoursOfOperation");
    let (id, office) = hours[0];
    assert_eq!((id, office["Config"].as_array().unwrap().len()), ("HoursOffice", 5));
    insta::assert_yaml_snapshot!(json!({
        "first": office["Config"][0],
        "overrides": office["HoursOfOperationOverrides"],
    }));
    let (id, always) = hours[1];
    assert_eq!((id, always["Config"].as_array().unwrap().len()), ("AlwaysOpen", 7));
    let queues: Vec<&Value> = kind(&template, "AWS::Connect::Queue")
        .iter()
        .map(|(_, queue)| &queue["HoursOfOperationArn"]["Fn::GetAtt"][0])
        .collect();
    assert_eq!(queues, ["AlwaysOpen", "HoursOffice"]);
}

#[test]
fn alarms_go_off_for_these_reasons() {
    let template = large(Form::Serverless).template().unwrap();
    let alarms: Vec<String> = kind(&template, "AWS::CloudWatch::Alarm")
        .iter()
        .map(|(id, alarm)| {
            let text = |name: &str| alarm[name].as_str().unwrap_or_default();
            let statistic = text("Statistic").to_owned() + text("ExtendedStatistic");
            format!(
                "{id}: {} {} > {} in {} of {} x {} s",
                statistic,
                text("MetricName"),
                alarm["Threshold"],
                alarm["DatapointsToAlarm"],
                alarm["EvaluationPeriods"],
                alarm["Period"],
            )
        })
        .collect();
    insta::assert_yaml_snapshot!(alarms);
}

#[test]
fn a_wait_is_held_against_its_own_queues_promise_and_against_none_where_nothing_is_promised() {
    let mut stack = stack(Form::Bridge);
    stack.queues[0].sla = Some(Duration::from_secs(900));
    stack.queues.push(Queue { sla: None, ..queue("callback", 3, Some("office")) });
    stack.queues.push(queue("after-hours", 4, None));
    let template = stack.template().unwrap();
    let waits: Vec<(&str, &Value)> = kind(&template, "AWS::CloudWatch::Alarm")
        .into_iter()
        .filter(|(id, _)| id.starts_with("WaitAlarm"))
        .map(|(id, alarm)| (id, &alarm["Threshold"]))
        .collect();
    assert_eq!(
        waits,
        [("WaitAlarmMspEmergency", &900.into()), ("WaitAlarmGeneral", &3_600.into())]
    );
    let nobody: Vec<&str> = kind(&template, "AWS::CloudWatch::Alarm")
        .into_iter()
        .filter_map(|(id, _)| id.strip_prefix("NobodyAlarm"))
        .collect();
    assert_eq!(
        nobody,
        ["MspEmergency", "General", "AfterHours"],
        "call backs wait for the morning"
    );
}

#[test]
fn queues_that_call_have_a_number_to_call_from() {
    let mut stack = stack(Form::Bridge);
    stack.queues.push(Queue { calls_back: true, ..queue("callback", 3, None) });
    let template = stack.template().unwrap();
    let callers: Vec<(&str, &Value)> = kind(&template, "AWS::Connect::Queue")
        .into_iter()
        .map(|(id, queue)| (id, &queue["OutboundCallerConfig"]))
        .collect();
    let config = json!({"Fn::If": ["HasCallerNumber", {
        "OutboundCallerIdNumberArn": {"Ref": "CallerNumberArn"},
        "OutboundCallerIdName": {"Fn::If": ["HasCallerName", {"Ref": "CallerName"}, {"Ref": "AWS::NoValue"}]},
    }, {"Ref": "AWS::NoValue"}]});
    // Agents call out in the name of `general`.
    let wanted = [
        ("QueueMspEmergency", &Value::Null),
        ("QueueGeneral", &config),
        ("QueueCallback", &config),
    ];
    assert_eq!(callers, wanted);
}

#[test]
fn news_that_the_engine_could_not_be_told_are_kept_and_wake_somebody() {
    for stack in all() {
        let template = stack.template().unwrap();
        let retries = kind(&template, "AWS::Lambda::EventInvokeConfig")[0].1;
        assert_eq!(
            (&retries["MaximumRetryAttempts"], &retries["MaximumEventAgeInSeconds"]),
            (&2.into(), &21_600.into())
        );
        let (queue, properties) = kind(&template, "AWS::SQS::Queue")[0];
        assert_eq!(properties["MessageRetentionPeriod"], 1_209_600);
        let lost = json!({"Fn::GetAtt": [queue, "Arn"]});
        let function = kind(&template, "AWS::Lambda::Function")[0].1;
        assert_eq!(function["DeadLetterConfig"]["TargetArn"], lost);
        let target = &template["Resources"]["HangUps"]["Properties"]["Targets"][0];
        assert_eq!(target["DeadLetterConfig"]["Arn"], lost);
        assert!(target["RetryPolicy"]["MaximumEventAgeInSeconds"].as_u64() >= Some(21_600));
        let alarm = &template["Resources"]["LostNewsAlarm"]["Properties"];
        assert_eq!(alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0], queue);
    }
}

#[test]
fn the_functions_variables_can_have_a_key_of_their_own() {
    let template = stack(Form::Bridge).template().unwrap();
    let function = kind(&template, "AWS::Lambda::Function")[0].1;
    assert_eq!(function["KmsKeyArn"]["Fn::If"][0], "HasKmsKey");
    let policies = kind(&template, "AWS::IAM::Role")[0].1["Policies"].as_array().unwrap();
    let decrypts = policies.iter().find(|policy| policy["Fn::If"][0] == "HasKmsKey").unwrap();
    let statement = &decrypts["Fn::If"][1]["PolicyDocument"]["Statement"][0];
    assert_eq!(statement["Action"], json!(["kms:Decrypt"]));
    assert_eq!(statement["Resource"], json!({"Ref": "KmsKeyArn"}));
}

#[test]
fn the_dashboard_shows_every_queue_and_fills_one_row_after_the_other() {
    let template = large(Form::Serverless).template().unwrap();
    let body = &kind(&template, "AWS::CloudWatch::Dashboard")[0].1["DashboardBody"]["Fn::Sub"];
    let body: Value = serde_json::from_str(body[0].as_str().unwrap()).unwrap();
    let mut places = BTreeSet::new();
    for widget in body["widgets"].as_array().unwrap() {
        assert!(places.insert((widget["y"].as_u64(), widget["x"].as_u64())), "{widget}");
    }
    let waits = body["widgets"].as_array().unwrap().iter();
    let waits: Vec<&Value> = waits
        .flat_map(|widget| widget["properties"]["metrics"].as_array().into_iter().flatten())
        .filter(|metric| metric[1] == "LongestQueueWaitTime")
        .map(|metric| &metric[7])
        .collect();
    assert_eq!(waits, ["msp-emergency", "general"]);
}

#[test]
fn a_template_refers_only_to_what_is_in_it() {
    fn walk<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::Object(fields) => {
                if let Some(name) = fields.get("Ref").and_then(Value::as_str) {
                    found.push(name);
                }
                if let Some(name) = fields.get("Fn::GetAtt").and_then(|att| att[0].as_str()) {
                    found.push(name);
                }
                fields.values().for_each(|value| walk(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(value, found)),
            _ => {}
        }
    }
    for stack in all() {
        let template = stack.template().unwrap();
        let mut found = Vec::new();
        walk(&template, &mut found);
        for name in found {
            let there = name.starts_with("AWS::")
                || !template["Parameters"][name].is_null()
                || !template["Resources"][name].is_null();
            assert!(there, "{name}");
        }
        assert_eq!(stack.template().unwrap().to_string(), template.to_string(), "the same twice");
    }
}

#[test]
fn what_does_not_fit_together_is_told() {
    let told = |spoil: fn(&mut Stack)| {
        let mut stack = large(Form::Serverless);
        spoil(&mut stack);
        stack.template().unwrap_err().to_string()
    };
    let day = |day: u32| Override {
        date: format!("2027-01-{day:02}"),
        day: Day::Monday,
        name: String::new(),
        windows: Vec::new(),
    };
    let mut long = stack(Form::Bridge);
    long.hours[0].overrides = (1..=51).map(day).collect();
    insta::assert_yaml_snapshot!([
        told(|stack| stack.queues[1].hours = Some("ofice".to_owned())),
        told(|stack| stack.profiles[0].voice.push("genral".to_owned())),
        told(|stack| stack.profiles[0].outbound = "nobody".to_owned()),
        told(|stack| stack.profiles[0].voice = vec!["general".to_owned(); 10]),
        told(|stack| {
            stack.profiles[0].voice.clear();
            stack.profiles[0].chat.clear();
        }),
        told(|stack| stack.services.lex_bots.push("default".to_owned())),
        told(|stack| stack.services.lex_bots.push("default=BOT/ALIAS".to_owned())),
        told(|stack| stack.services.guardrails.push("default=abcdefghij/draft".to_owned())),
        told(|stack| stack.services.models.push("*".to_owned())),
        told(|stack| {
            stack.services.models = vec!["amazon.nova-lite-v1:0".to_owned(); 2];
        }),
        told(|stack| stack.services.secrets.push("${x}".to_owned())),
        told(|stack| stack.bridge.fallback_queue = "nobody".to_owned()),
        long.template().unwrap_err().to_string(),
    ]);
}

#[test]
fn queues_whose_names_differ_in_signs_only_have_resources_of_their_own() {
    let mut stack = stack(Form::Bridge);
    stack.queues.extend([queue("a-b", 2, None), queue("a_b", 2, None)]);
    let template = stack.template().unwrap();
    let ids: Vec<&str> = kind(&template, "AWS::Connect::Queue").iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, ["QueueMspEmergency", "QueueGeneral", "QueueAB", "QueueAB2"]);
    assert_eq!(lint(&flow(&template)), []);
}
