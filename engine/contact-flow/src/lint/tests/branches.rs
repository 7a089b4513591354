//! One case for each thing that is asked of a single type of action: an action that is good as it
//! stands, and the one finding when it is changed in one place.

use super::*;

const GENERAL: &[&str] = &["NoMatchingError"];

/// An action that leads to the end, for a test to spoil.
fn action(kind: &str, parameters: Value, errors: &[&str]) -> Value {
    let errors: Vec<Value> = errors.iter().map(|name| error(name)).collect();
    json!({
        "Identifier": "which", "Type": kind, "Parameters": parameters,
        "Transitions": {"NextAction": "end", "Errors": errors, "Conditions": []},
    })
}

fn error(name: &str) -> Value {
    json!({"ErrorType": name, "NextAction": "end"})
}

/// The same with outcomes, an operator and an operand each.
fn deciding(mut action: Value, outcomes: &[(&str, &str)]) -> Value {
    let conditions = outcomes.iter().map(|(operator, operand)| {
        json!({"NextAction": "end", "Condition": {"Operator": operator, "Operands": [operand]}})
    });
    action["Transitions"]["Conditions"] = conditions.collect();
    action
}

/// That nothing is found in a flow with this action.
#[track_caller]
fn is_good(action: &Value) {
    assert_eq!(spoilt(|flow| flow["Actions"][2] = action.clone()), [], "{action}");
}

/// That `action` is good, and that the only finding is `told` once `change` was made in it.
#[track_caller]
fn tells(action: &Value, change: impl FnOnce(&mut Value), told: &str) {
    is_good(action);
    let mut action = action.clone();
    change(&mut action);
    let findings = spoilt(|flow| flow["Actions"][2] = action);
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings, [format!("which: {told}")]);
}

/// As [`tells`], with `value` at `path` within the parameters.
#[track_caller]
fn tells_of(action: &Value, path: &str, value: impl Into<Value>, told: &str) {
    let change = |action: &mut Value| {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = if parent.is_empty() { String::new() } else { format!("/{parent}") };
        action["Parameters"].pointer_mut(&parent).unwrap()[name] = value.into();
    };
    tells(action, change, told);
}

/// That `least` and `most` are good in `action`, and that what is next to them is not.
#[track_caller]
fn is_between(action: &Value, name: &str, least: u64, most: u64) {
    let with = |number: u64| {
        let mut action = action.clone();
        action["Parameters"][name] = number.to_string().into();
        action
    };
    is_good(&with(least));
    is_good(&with(most));
    let wrong = |number: String| {
        let told = format!("value: `{name}` must be between {least} and {most}, not {number}");
        tells_of(action, name, number, &told);
    };
    if least > 0 {
        wrong((least - 1).to_string());
    }
    wrong((most + 1).to_string());
    wrong("9".repeat(30));
}

/// Removes an error of the action.
fn without_error(name: &str) -> impl FnOnce(&mut Value) {
    move |action| {
        let errors = action["Transitions"]["Errors"].as_array_mut().unwrap();
        let before = errors.len();
        errors.retain(|error| error["ErrorType"] != name);
        assert_eq!(errors.len(), before - 1, "{name} was there");
    }
}

/// Adds an error to the action.
fn with_error(name: &str) -> impl FnOnce(&mut Value) {
    move |action| action["Transitions"]["Errors"].as_array_mut().unwrap().push(error(name))
}

fn lambda(more: Value) -> Value {
    let mut parameters = json!({"LambdaFunctionARN": "arn", "InvocationTimeLimitSeconds": "8"});
    parameters.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    action("InvokeLambdaFunction", parameters, GENERAL)
}

#[test]
fn a_function_is_waited_for_8_seconds_or_60_when_nobody_waits() {
    is_between(&lambda(json!({})), "InvocationTimeLimitSeconds", 1, 8);
    let synchronous = lambda(json!({"InvocationType": "SYNCHRONOUS"}));
    is_between(&synchronous, "InvocationTimeLimitSeconds", 1, 8);
    let asynchronous = lambda(json!({"InvocationType": "ASYNCHRONOUS"}));
    is_between(&asynchronous, "InvocationTimeLimitSeconds", 1, 60);
}

#[test]
fn a_function_is_invoked_and_its_answer_read_in_one_of_two_ways() {
    tells_of(
        &lambda(json!({"InvocationType": "SYNCHRONOUS"})),
        "InvocationType",
        "SYNC",
        "value: `InvocationType` must be one of SYNCHRONOUS, ASYNCHRONOUS, not `SYNC`",
    );
    let validated = lambda(json!({"ResponseValidation": {"ResponseType": "STRING_MAP"}}));
    tells_of(
        &validated,
        "ResponseValidation/ResponseType",
        "XML",
        "value: `ResponseType` must be one of STRING_MAP, JSON, not `XML`",
    );
    is_good(&lambda(json!({"ResponseValidation": {"ResponseType": "JSON"}})));
}

fn lex() -> Value {
    let parameters = json!({"Text": "Hello", "LexV2Bot": {"AliasArn": "arn"}});
    action("ConnectParticipantWithLexBot", parameters, &["NoMatchingError", "NoMatchingCondition"])
}

#[test]
fn a_customer_talks_to_exactly_one_bot_that_is_named() {
    tells(
        &lex(),
        |action| {
            action["Parameters"].as_object_mut().unwrap().remove("LexV2Bot");
        },
        "one-of: exactly one of LexV2Bot, LexBot is needed, not 0",
    );
    tells_of(
        &lex(),
        "LexBot",
        json!({"Name": "desk", "Region": "ap-northeast-2", "Alias": "live"}),
        "one-of: exactly one of LexV2Bot, LexBot is needed, not 2",
    );
    tells_of(
        &lex(),
        "LexV2Bot",
        json!({"Arn": "arn"}),
        "missing-parameter: `LexV2Bot.AliasArn` is missing",
    );
}

#[test]
fn a_bot_that_gives_up_waiting_leads_somewhere() {
    tells_of(
        &lex(),
        "LexTimeoutSeconds",
        json!({"Text": "300"}),
        "missing-error: nothing is said of error `InputTimeLimitExceeded`",
    );
    let mut timed = lex();
    timed["Parameters"]["LexTimeoutSeconds"] = json!({"Text": "300"});
    with_error("InputTimeLimitExceeded")(&mut timed);
    is_good(&timed);
}

fn third_party(parameters: Value, errors: &[&str]) -> Value {
    let mut all = json!({"ThirdPartyPhoneNumber": "+821000000101"});
    all.as_object_mut().unwrap().extend(parameters.as_object().cloned().unwrap());
    action("TransferParticipantToThirdParty", all, errors)
}

const CONTINUED: &[&str] = &["NoMatchingError", "CallFailed", "ConnectionTimeLimitExceeded"];

#[test]
fn a_third_party_is_rung_for_ten_minutes_at_most() {
    is_between(&third_party(json!({}), GENERAL), "ThirdPartyConnectionTimeLimitSeconds", 0, 600);
}

#[test]
fn a_flow_goes_on_after_a_third_party_or_does_not() {
    let ends = third_party(json!({"ContinueFlowExecution": "False"}), GENERAL);
    tells_of(
        &ends,
        "ContinueFlowExecution",
        "Yes",
        "value: `ContinueFlowExecution` must be one of True, False, not `Yes`",
    );
    let goes_on = third_party(json!({"ContinueFlowExecution": "True"}), CONTINUED);
    for name in ["CallFailed", "ConnectionTimeLimitExceeded"] {
        let told = format!("missing-error: nothing is said of error `{name}`");
        tells(&goes_on, without_error(name), &told);
        let told = format!("unknown-error: `{name}` cannot happen as the parameters are");
        tells(&ends, with_error(name), &told);
        tells(&third_party(json!({}), GENERAL), with_error(name), &told);
    }
}

#[test]
fn keys_for_a_third_party_are_at_most_50_keys_and_pauses() {
    let with = |digits: &str| third_party(json!({"ThirdPartyDTMFDigits": digits}), GENERAL);
    let longest = "0123456789".repeat(5);
    for digits in ["1,,22*#", longest.as_str(), "$.Attributes.extension"] {
        is_good(&with(digits));
    }
    let longer = format!("{longest}0");
    for wrong in ["12a", "1 2", "1;2", longer.as_str()] {
        let told =
            format!("value: `ThirdPartyDTMFDigits` is at most 50 of `0-9,*#`, not `{wrong}`");
        tells_of(&with("1"), "ThirdPartyDTMFDigits", wrong, &told);
    }
}

#[test]
fn a_wait_and_a_loop_have_their_bounds() {
    let wait = action("Wait", json!({"TimeLimitSeconds": "5"}), GENERAL);
    let wait = deciding(wait, &[("Equals", "WaitCompleted")]);
    is_between(&wait, "TimeLimitSeconds", 1, 604_800);
    let rounds = deciding(
        action("Loop", json!({"LoopCount": "3"}), &[]),
        &[("Equals", "ContinueLooping"), ("Equals", "DoneLooping")],
    );
    is_between(&rounds, "LoopCount", 0, 100);
}

#[test]
fn a_wait_leads_on_from_every_event_that_ends_it() {
    let wait = deciding(
        action(
            "Wait",
            json!({"TimeLimitSeconds": "5", "Events": ["CustomerReturned"]}),
            &["NoMatchingError", "ParticipantNotFound"],
        ),
        &[("Equals", "WaitCompleted"), ("Equals", "CustomerReturned")],
    );
    for (index, outcome) in ["WaitCompleted", "CustomerReturned"].iter().enumerate() {
        let remove = |action: &mut Value| {
            action["Transitions"]["Conditions"].as_array_mut().unwrap().remove(index);
        };
        tells(&wait, remove, &format!("outcome: outcome `{outcome}` leads nowhere"));
    }
}

#[test]
fn a_callback_is_made_within_three_days_and_tried_at_most_ten_times() {
    let callback = action("CreateCallbackContact", json!({}), GENERAL);
    is_between(&callback, "InitialCallDelaySeconds", 0, 259_200);
    is_between(&callback, "RetryDelaySeconds", 0, 259_200);
    is_between(&callback, "MaximumConnectionAttempts", 1, 10);
}

#[test]
fn an_event_hook_is_set_and_is_one() {
    let hook = json!({"EventHooks": {"CustomerQueue": "flow"}});
    let hook = action("UpdateContactEventHooks", hook, GENERAL);
    for (hooks, count) in [(json!({}), 0), (json!({"AgentHold": "f", "CustomerHold": "f"}), 2)] {
        let told = format!("one-of: `EventHooks` must have exactly one hook, not {count}");
        tells_of(&hook, "EventHooks", hooks, &told);
    }
}

#[test]
fn contact_data_is_updated_with_something() {
    let named = action("UpdateContactData", json!({"Name": "desk"}), GENERAL);
    let told = "missing-parameter: at least one thing to update is needed";
    for nothing in [json!({}), json!({"TargetContact": "Current"})] {
        tells(&named, |action| action["Parameters"] = nothing, told);
    }
}

#[test]
fn a_voice_speaks_with_a_known_engine_and_in_a_known_style() {
    let voice = |engine: &str, style: &str| {
        let parameters = json!({
            "TextToSpeechVoice": "Seoyeon", "TextToSpeechEngine": engine, "TextToSpeechStyle": style,
        });
        action("UpdateContactTextToSpeechVoice", parameters, GENERAL)
    };
    // The console writes `Neural`, documentation of the API `neural`.
    for engine in ["standard", "neural", "Neural", "Long-form", "long-form", "generative"] {
        for style in ["None", "Conversational", "Newscaster"] {
            is_good(&voice(engine, style));
        }
    }
    let good = voice("neural", "None");
    tells_of(
        &good,
        "TextToSpeechEngine",
        "Neutral",
        "value: `TextToSpeechEngine` must be one of Standard, Neural, Long-form, Generative, not `Neutral`",
    );
    tells_of(
        &good,
        "TextToSpeechStyle",
        "newscaster",
        "value: `TextToSpeechStyle` must be one of None, Conversational, Newscaster, not `newscaster`",
    );
}

#[test]
fn a_log_is_written_or_not() {
    let logging =
        |word: &str| action("UpdateFlowLoggingBehavior", json!({"FlowLoggingBehavior": word}), &[]);
    is_good(&logging("Disabled"));
    tells_of(
        &logging("Enabled"),
        "FlowLoggingBehavior",
        "enabled",
        "value: `FlowLoggingBehavior` must be one of Enabled, Disabled, not `enabled`",
    );
}

#[test]
fn attributes_have_plain_names_and_belong_to_a_contact() {
    let attributes = json!({"Attributes": {"a-b_c.d": "1"}, "TargetContact": "Related"});
    let set = action("UpdateContactAttributes", attributes, GENERAL);
    tells_of(
        &set,
        "TargetContact",
        "Previous",
        "value: `TargetContact` must be one of Current, Related, not `Previous`",
    );
    for name in ["", "a b", "이름", "a/b"] {
        let told = format!("value: attribute `{name}`: letters, digits, `-`, `_` and `.` only");
        tells_of(&set, "Attributes", json!({name: "1"}), &told);
    }
}

fn metric(name: &str) -> Value {
    let errors = &["NoMatchingError", "NoMatchingCondition"];
    let check = action("CheckMetricData", json!({"MetricType": name, "QueueId": "q"}), errors);
    deciding(check, &[("NumberGreaterThan", "0")])
}

#[test]
fn a_metric_is_a_known_one_of_a_queue_or_of_an_agent() {
    let waiting = metric("NumberOfContactsInQueue");
    tells_of(
        &waiting,
        "MetricType",
        "ContactsInQueue",
        "value: `MetricType` must be one of NumberOfAgentsAvailable, NumberOfAgentsStaffed, NumberOfAgentsOnline, OldestContactInQueueAgeSeconds, NumberOfContactsInQueue, not `ContactsInQueue`",
    );
    tells_of(
        &waiting,
        "AgentId",
        "a",
        "one-of: at most one of QueueId, AgentId is taken, not both",
    );
    let mut of_the_target_queue = waiting;
    of_the_target_queue["Parameters"].as_object_mut().unwrap().remove("QueueId");
    is_good(&of_the_target_queue);
}

#[test]
fn of_agents_it_can_only_be_asked_whether_there_are_any() {
    let other = [("NumberGreaterThan", "1"), ("NumberLessThan", "0"), ("Equals", "0")];
    for name in ["NumberOfAgentsAvailable", "NumberOfAgentsStaffed", "NumberOfAgentsOnline"] {
        for (operator, operand) in other {
            let told = format!(
                "outcome: agents are compared by `NumberGreaterThan 0` only, not `{operator} {operand}`"
            );
            let change =
                |action: &mut Value| *action = deciding(action.clone(), &[(operator, operand)]);
            tells(&metric(name), change, &told);
        }
        tells(
            &metric(name),
            without_error("NoMatchingCondition"),
            "missing-error: nothing is said of error `NoMatchingCondition`",
        );
    }
    for name in ["OldestContactInQueueAgeSeconds", "NumberOfContactsInQueue"] {
        for outcome in other {
            is_good(&deciding(metric(name), &[outcome]));
        }
    }
}

#[test]
fn calls_are_shared_out_by_what_is_less_than_a_number() {
    let shares = action("DistributeByPercentage", json!({}), &["NoMatchingCondition"]);
    let shares = deciding(shares, &[("NumberLessThan", "31"), ("NumberLessThan", "61")]);
    tells(
        &shares,
        |action| action["Transitions"]["Conditions"][1]["Condition"]["Operator"] = "Equals".into(),
        "outcome: only `NumberLessThan` is taken",
    );
    tells(
        &shares,
        without_error("NoMatchingCondition"),
        "missing-error: nothing is said of error `NoMatchingCondition`",
    );
}

/// A menu, whose conditions are keys.
fn menu() -> Value {
    let errors = &["NoMatchingError", "NoMatchingCondition", "InputTimeLimitExceeded"];
    let parameters =
        json!({"Text": "Press 1", "InputTimeLimitSeconds": "5", "StoreInput": "False"});
    deciding(action("GetParticipantInput", parameters, errors), &[("Equals", "1")])
}

/// Keys that are stored, and more of the parameters.
fn stored(more: Value, errors: &[&str]) -> Value {
    let mut parameters =
        json!({"Text": "Number?", "InputTimeLimitSeconds": "5", "StoreInput": "True"});
    parameters.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    action("GetParticipantInput", parameters, errors)
}

#[test]
fn keys_are_waited_for_within_bounds_and_stored_or_not() {
    is_between(&menu(), "InputTimeLimitSeconds", 1, 180);
    tells_of(
        &menu(),
        "StoreInput",
        "true",
        "value: `StoreInput` must be one of True, False, not `true`",
    );
}

#[test]
fn the_pause_between_keys_is_a_number_of_seconds() {
    let with = |seconds: &str| {
        stored(json!({"DTMFConfiguration": {"InterdigitTimeLimitSeconds": seconds}}), GENERAL)
    };
    is_good(&with("1"));
    let path = "DTMFConfiguration/InterdigitTimeLimitSeconds";
    let value = "value: `InterdigitTimeLimitSeconds` must be";
    tells_of(&with("20"), path, "0", &format!("{value} between 1 and 20, not 0"));
    tells_of(&with("20"), path, "21", &format!("{value} between 1 and 20, not 21"));
    tells_of(&with("20"), path, "soon", &format!("{value} a number in digits, not `soon`"));
    tells_of(
        &with("20"),
        path,
        "$.External.pause",
        "dynamic: `InterdigitTimeLimitSeconds` takes a constant only, not `$.External.pause`",
    );
}

#[test]
fn input_ends_with_at_most_five_keys_and_with_a_star_only_if_it_cancels_nothing() {
    let with = |end: &str, cancel: &str| {
        let dtmf = json!({"InputTerminationSequence": end, "DisableCancelKey": cancel});
        stored(json!({"DTMFConfiguration": dtmf}), GENERAL)
    };
    is_good(&with("*1#23", "True"));
    for wrong in ["123456", "1a", "1 2"] {
        let told = format!("value: `InputTerminationSequence` is at most five keys, not `{wrong}`");
        tells_of(&with("#", "False"), "DTMFConfiguration/InputTerminationSequence", wrong, &told);
    }
    let told = "value: `*` ends the input only if `DisableCancelKey` is \"True\"";
    tells_of(&with("*", "True"), "DTMFConfiguration/DisableCancelKey", "False", told);
    tells_of(
        &with("#", "True"),
        "DTMFConfiguration/DisableCancelKey",
        "On",
        "value: `DisableCancelKey` must be one of True, False, not `On`",
    );
}

#[test]
fn input_is_validated_as_one_thing() {
    let phone = json!({"NumberFormat": "E164"});
    let custom = json!({"MaximumLength": "13"});
    let length = stored(json!({"InputValidation": {"CustomValidation": custom}}), GENERAL);
    let told =
        "one-of: `InputValidation` needs exactly one of PhoneNumberValidation, CustomValidation";
    tells_of(&length, "InputValidation", json!({}), told);
    let number = stored(
        json!({"InputValidation": {"PhoneNumberValidation": phone}}),
        &["NoMatchingError", "InvalidPhoneNumber"],
    );
    tells_of(&number, "InputValidation/CustomValidation", custom, told);

    let path = "InputValidation/CustomValidation/MaximumLength";
    let told = "value: `MaximumLength` must be a number in digits, not `long`";
    tells_of(&length, path, "long", told);
    let told = "dynamic: `MaximumLength` takes one reference without words around it, not `1$.Attributes.digits`";
    tells_of(&length, path, "1$.Attributes.digits", told);
    let mut from_an_attribute = length;
    from_an_attribute["Parameters"]["InputValidation"]["CustomValidation"]["MaximumLength"] =
        "$.Attributes.digits".into();
    is_good(&from_an_attribute);

    tells_of(
        &number,
        "InputValidation/PhoneNumberValidation/NumberFormat",
        "Korean",
        "value: `NumberFormat` must be one of Local, E164, not `Korean`",
    );
}

#[test]
fn input_is_encrypted_only_if_its_length_is_known() {
    let encrypted = stored(
        json!({
            "InputValidation": {"CustomValidation": {"MaximumLength": "13"}},
            "InputEncryption": {"EncryptionKeyId": "key", "Key": "pem"},
        }),
        GENERAL,
    );
    let told = "missing-parameter: `InputEncryption` needs `InputValidation.CustomValidation`";
    let remove = |action: &mut Value| {
        action["Parameters"].as_object_mut().unwrap().remove("InputValidation");
    };
    tells(&encrypted, remove, told);
    let number = |action: &mut Value| {
        action["Parameters"]["InputValidation"] =
            json!({"PhoneNumberValidation": {"NumberFormat": "E164"}});
        with_error("InvalidPhoneNumber")(action);
    };
    tells(&encrypted, number, told);
}

#[test]
fn a_menu_says_what_happens_without_a_key_and_with_another_one() {
    for name in ["NoMatchingError", "NoMatchingCondition", "InputTimeLimitExceeded"] {
        let told = format!("missing-error: nothing is said of error `{name}`");
        tells(&menu(), without_error(name), &told);
    }
    tells(
        &menu(),
        with_error("InvalidPhoneNumber"),
        "unknown-error: `InvalidPhoneNumber` cannot happen as the parameters are",
    );
}

#[test]
fn stored_keys_can_only_be_no_telephone_number_and_only_if_that_is_checked() {
    let free = stored(json!({}), GENERAL);
    for name in ["NoMatchingCondition", "InputTimeLimitExceeded", "InvalidPhoneNumber"] {
        let told = format!("unknown-error: `{name}` cannot happen as the parameters are");
        tells(&free, with_error(name), &told);
    }
    let number = stored(
        json!({"InputValidation": {"PhoneNumberValidation": {"NumberFormat": "Local", "CountryCode": "KR"}}}),
        &["NoMatchingError", "InvalidPhoneNumber"],
    );
    for name in ["NoMatchingError", "InvalidPhoneNumber"] {
        let told = format!("missing-error: nothing is said of error `{name}`");
        tells(&number, without_error(name), &told);
    }
    for name in ["NoMatchingCondition", "InputTimeLimitExceeded"] {
        let told = format!("unknown-error: `{name}` cannot happen as the parameters are");
        tells(&number, with_error(name), &told);
    }
}

#[test]
fn an_error_has_a_name_of_the_type_and_one_place_to_go() {
    let lambda = lambda(json!({}));
    tells(
        &lambda,
        with_error("Timeout"),
        "unknown-error: InvokeLambdaFunction never fails with `Timeout`",
    );
    tells(
        &lambda,
        with_error("NoMatchingError"),
        "duplicate-error: `NoMatchingError` leads to two places",
    );
    let nameless = |action: &mut Value| {
        let errors = action["Transitions"]["Errors"].as_array_mut().unwrap();
        errors.push(json!({"NextAction": "end"}));
    };
    tells(&lambda, nameless, "unknown-error: an error has no `ErrorType`");
    let nowhere = |action: &mut Value| {
        action["Transitions"]["Errors"][0].as_object_mut().unwrap().remove("NextAction");
    };
    tells(&lambda, nowhere, "missing-next-action: error `NoMatchingError` leads nowhere");
}
