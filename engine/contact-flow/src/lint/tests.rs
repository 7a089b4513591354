//! A good flow has no findings, and each way to spoil it breaks exactly the rule that forbids it.

use super::*;

use serde_json::json;

mod branches;

/// A flow in which nothing is wrong, for each test to spoil.
fn good() -> Value {
    let actions = json!([
        {
            "Identifier": "ask", "Type": "InvokeLambdaFunction",
            "Parameters": {
                "LambdaFunctionARN": "arn:aws:lambda:ap-northeast-2:111122223333:function:x",
                "InvocationTimeLimitSeconds": "8",
                "LambdaInvocationAttributes": {"turn": "$.External.turn"},
            },
            "Transitions": {"NextAction": "menu", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}], "Conditions": []},
        },
        {
            "Identifier": "menu", "Type": "GetParticipantInput",
            "Parameters": {"Text": "Press 1", "InputTimeLimitSeconds": "5", "StoreInput": "False"},
            "Transitions": {
                "NextAction": "end",
                "Errors": [
                    {"ErrorType": "NoMatchingError", "NextAction": "end"},
                    {"ErrorType": "NoMatchingCondition", "NextAction": "end"},
                    {"ErrorType": "InputTimeLimitExceeded", "NextAction": "end"},
                ],
                "Conditions": [{"NextAction": "which", "Condition": {"Operator": "Equals", "Operands": ["1"]}}],
            },
        },
        {
            "Identifier": "which", "Type": "Compare",
            "Parameters": {"ComparisonValue": "$.External.action"},
            "Transitions": {
                "NextAction": "end",
                "Errors": [{"ErrorType": "NoMatchingCondition", "NextAction": "end"}],
                "Conditions": [{"NextAction": "end", "Condition": {"Operator": "Equals", "Operands": ["x"]}}],
            },
        },
        {"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}},
    ]);
    let place = json!({"position": {"x": 1, "y": 2}});
    json!({
        "Version": "2019-10-30",
        "StartAction": "ask",
        "Metadata": {
            "entryPointPosition": {"x": 0, "y": 0},
            "ActionMetadata": {"ask": place, "menu": place, "which": place, "end": place},
        },
        "Actions": actions,
    })
}

/// The findings of a good flow with one thing changed.
fn spoilt(spoil: impl FnOnce(&mut Value)) -> Vec<LintFinding> {
    let mut flow = good();
    spoil(&mut flow);
    lint(&flow)
}

/// That the only rule broken is `rule`, and what is told.
#[track_caller]
fn breaks(rule: Rule, spoil: impl FnOnce(&mut Value)) -> String {
    let findings = spoilt(spoil);
    let rules: BTreeSet<Rule> = findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, BTreeSet::from([rule]), "{findings:#?}");
    findings[0].to_string()
}

/// Replaces the third action, which is reached from the menu, by one that leads to the end.
fn with_action(kind: &str, parameters: Value, errors: &[&str]) -> impl FnOnce(&mut Value) {
    let errors: Vec<Value> =
        errors.iter().map(|error| json!({"ErrorType": error, "NextAction": "end"})).collect();
    let action = json!({
        "Identifier": "which", "Type": kind, "Parameters": parameters,
        "Transitions": {"NextAction": "end", "Errors": errors, "Conditions": []},
    });
    move |flow| flow["Actions"][2] = action
}

#[test]
fn a_good_flow_has_no_findings() {
    assert_eq!(lint(&good()), []);
}

#[test]
fn the_document_must_be_a_flow_of_this_version() {
    breaks(Rule::Document, |flow| flow["Version"] = "2020-01-01".into());
    assert_eq!(lint(&json!([]))[0].rule, Rule::Document);
    assert!(
        lint(&json!({"Version": VERSION})).iter().any(|finding| finding.rule == Rule::Document)
    );
}

#[test]
fn the_start_must_be_there() {
    breaks(Rule::StartAction, |flow| {
        flow["StartAction"] = "nowhere".into();
        flow["Actions"] = json!([]);
        flow["Metadata"]["ActionMetadata"] = json!({});
    });
    let findings = spoilt(|flow| flow["StartAction"] = Value::Null);
    assert_eq!(findings[0].rule, Rule::StartAction);
}

#[test]
fn there_are_at_most_250_actions() {
    breaks(Rule::TooManyActions, |flow| {
        for number in 0..MAX_ACTIONS {
            let name = format!("n{number}");
            let next = format!("n{}", number + 1);
            let next = if number + 1 == MAX_ACTIONS { "end" } else { &next };
            let action = json!({
                "Identifier": name, "Type": "UpdateFlowLoggingBehavior",
                "Parameters": {"FlowLoggingBehavior": "Enabled"}, "Transitions": {"NextAction": next},
            });
            flow["Actions"].as_array_mut().unwrap().push(action);
            flow["Metadata"]["ActionMetadata"][name] = json!({"position": {"x": 0, "y": 0}});
        }
        flow["Actions"][2]["Transitions"]["NextAction"] = "n0".into();
    });
}

#[test]
fn a_flow_cannot_be_larger_than_the_service_takes() {
    breaks(Rule::TooLarge, |flow| {
        flow["Actions"][1]["Parameters"]["Text"] = "x".repeat(MAX_CHARACTERS).into();
    });
}

#[test]
fn identifiers_are_short_plain_and_unique() {
    for name in ["a:b", "a/b", "{x}", "constructor", &"x".repeat(51)] {
        breaks(Rule::Identifier, |flow| {
            flow["Actions"][3]["Identifier"] = name.into();
            let text = flow.to_string().replace("\"end\"", &json!(name).to_string());
            *flow = serde_json::from_str(&text).unwrap();
        });
    }
    breaks(Rule::DuplicateIdentifier, |flow| {
        let twin = flow["Actions"][3].clone();
        flow["Actions"].as_array_mut().unwrap().push(twin);
    });
    let findings = spoilt(|flow| flow["Actions"][3]["Identifier"] = Value::Null);
    assert!(findings.iter().any(|finding| finding.rule == Rule::Identifier));
}

#[test]
fn unknown_types_are_told_with_the_one_that_was_meant() {
    for (wrong, right) in actions::MISNAMED {
        let told = breaks(Rule::UnknownType, |flow| flow["Actions"][3]["Type"] = (*wrong).into());
        assert!(told.contains(&format!("did you mean `{right}`?")), "{told}");
        assert!(actions::find(right).is_some(), "{right}");
    }
    let told = breaks(Rule::UnknownType, |flow| {
        flow["Actions"][3]["Type"] = "DisconnectParticipent".into();
    });
    assert!(told.contains("DisconnectParticipant"), "{told}");
}

#[test]
fn all_types_of_flow_language_are_known_once() {
    let names: BTreeSet<&str> = actions::ACTIONS.iter().map(|action| action.name).collect();
    assert_eq!(names.len(), actions::ACTIONS.len());
    assert_eq!(names.len(), 57);
}

#[test]
fn parameters_are_those_of_the_type() {
    breaks(Rule::MissingParameter, |flow| {
        flow["Actions"][0]["Parameters"].as_object_mut().unwrap().remove("LambdaFunctionARN");
    });
    breaks(Rule::UnknownParameter, |flow| flow["Actions"][0]["Parameters"]["Retry"] = "1".into());
    breaks(Rule::OneOf, |flow| {
        flow["Actions"][1]["Parameters"]["SSML"] = "<speak>x</speak>".into();
    });
    breaks(Rule::OneOf, |flow| {
        flow["Actions"][1]["Parameters"].as_object_mut().unwrap().remove("Text");
    });
    breaks(
        Rule::OneOf,
        with_action(
            "UpdateContactTargetQueue",
            json!({"QueueId": "q", "AgentId": "a"}),
            &["NoMatchingError"],
        ),
    );
    breaks(
        Rule::OneOf,
        with_action(
            "UpdateContactRoutingBehavior",
            json!({"QueuePriority": "1", "QueueTimeAdjustmentSeconds": "1"}),
            &[],
        ),
    );
}

#[test]
fn every_scalar_is_a_string_and_none_is_empty() {
    breaks(Rule::NotAString, |flow| {
        flow["Actions"][1]["Parameters"]["InputTimeLimitSeconds"] = 5.into();
    });
    breaks(Rule::NotAString, |flow| {
        flow["Actions"][0]["Parameters"]["LambdaInvocationAttributes"]["x"] = json!({"y": true});
    });
    breaks(Rule::EmptyString, |flow| {
        flow["Actions"][0]["Parameters"]["LambdaInvocationAttributes"]["x"] = "".into();
    });
    breaks(Rule::EmptyString, |flow| {
        flow["Actions"][2]["Transitions"]["Conditions"][0]["Condition"]["Operands"][0] = "".into();
    });
    breaks(Rule::NotAString, |flow| {
        flow["Actions"][2]["Transitions"]["Conditions"][0]["Condition"]["Operands"][0] = 1.into();
    });
    assert_eq!(spoilt(|flow| flow["Actions"][1]["Parameters"]["Text"] = " ".into()), []);
}

#[test]
fn references_stand_only_where_they_are_taken() {
    breaks(Rule::Dynamic, |flow| {
        flow["Actions"][1]["Parameters"]["InputTimeLimitSeconds"] = "$.External.timeout".into();
    });
    breaks(Rule::Dynamic, |flow| {
        flow["Actions"][2]["Parameters"]["ComparisonValue"] = "action".into();
    });
    breaks(
        Rule::Dynamic,
        with_action(
            "TransferToFlow",
            json!({"ContactFlowId": "x$.External.flow"}),
            &["NoMatchingError"],
        ),
    );
    breaks(
        Rule::Dynamic,
        with_action(
            "UpdateContactCallbackNumber",
            json!({"CallbackNumber": "+821000000101"}),
            &["InvalidCallbackNumber", "CallbackNumberNotDialable"],
        ),
    );
    breaks(Rule::BadReference, |flow| {
        flow["Actions"][2]["Parameters"]["ComparisonValue"] = "$.External".into();
    });
    let told = breaks(Rule::BadReference, |flow| {
        flow["Actions"][1]["Parameters"]["Text"] = "Hi $.System.Name".into();
    });
    assert!(told.contains("no `$.System`"), "{told}");
}

#[test]
fn values_are_in_their_range() {
    breaks(Rule::Value, |flow| {
        flow["Actions"][0]["Parameters"]["InvocationTimeLimitSeconds"] = "9".into();
    });
    breaks(Rule::Value, |flow| {
        flow["Actions"][1]["Parameters"]["InputTimeLimitSeconds"] = "181".into();
    });
    breaks(Rule::Value, |flow| {
        flow["Actions"][1]["Parameters"]["InputTimeLimitSeconds"] = "soon".into();
    });
    breaks(Rule::Value, |flow| {
        flow["Actions"][1]["Parameters"]["DTMFConfiguration"] =
            json!({"InterdigitTimeLimitSeconds": "21"});
    });
    breaks(Rule::Value, |flow| {
        flow["Actions"][1]["Parameters"]["DTMFConfiguration"] =
            json!({"InputTerminationSequence": "*"});
    });
    breaks(
        Rule::Value,
        with_action("UpdateFlowLoggingBehavior", json!({"FlowLoggingBehavior": "On"}), &[]),
    );
    breaks(
        Rule::Value,
        with_action(
            "UpdateContactAttributes",
            json!({"Attributes": {"a b": "c"}}),
            &["NoMatchingError"],
        ),
    );
}

#[test]
fn exactly_one_event_hook_is_set() {
    let hooks = json!({"EventHooks": {"AgentHold": "f", "CustomerHold": "f"}});
    breaks(Rule::OneOf, with_action("UpdateContactEventHooks", hooks, &["NoMatchingError"]));
}

#[test]
fn contact_data_is_updated_with_something_and_not_with_references() {
    breaks(
        Rule::MissingParameter,
        with_action("UpdateContactData", json!({"TargetContact": "Current"}), &["NoMatchingError"]),
    );
    breaks(
        Rule::UnknownParameter,
        with_action(
            "UpdateContactData",
            json!({"Name": "x", "References": {"a": "b"}}),
            &["NoMatchingError"],
        ),
    );
}

#[test]
fn every_action_but_the_last_leads_on_and_the_last_does_not() {
    breaks(Rule::MissingNextAction, |flow| {
        flow["Actions"][0]["Transitions"].as_object_mut().unwrap().remove("NextAction");
        flow["Actions"][0]["Transitions"]["Errors"][0]["NextAction"] = "menu".into();
    });
    breaks(Rule::Terminal, |flow| flow["Actions"][3]["Transitions"]["NextAction"] = "ask".into());
    breaks(Rule::Dangling, |flow| flow["Actions"][2]["Transitions"]["NextAction"] = "gone".into());
    breaks(Rule::MissingNextAction, with_action("Loop", json!({"LoopCount": "3"}), &[]).and(|flow| {
        flow["Actions"][2]["Transitions"] = json!({"Conditions": [
            {"NextAction": "end", "Condition": {"Operator": "Equals", "Operands": ["ContinueLooping"]}},
            {"NextAction": "end", "Condition": {"Operator": "Equals", "Operands": ["DoneLooping"]}},
        ]});
    }));
    breaks(Rule::Unreachable, |flow| {
        flow["Actions"][1]["Transitions"]["Conditions"][0]["NextAction"] = "end".into();
    });
}

/// Two changes, one after the other.
trait And: FnOnce(&mut Value) + Sized {
    fn and(self, other: impl FnOnce(&mut Value)) -> impl FnOnce(&mut Value) {
        move |flow| {
            self(flow);
            other(flow);
        }
    }
}

impl<F: FnOnce(&mut Value)> And for F {}

#[test]
fn every_error_that_can_happen_leads_somewhere_and_no_other() {
    breaks(Rule::MissingError, |flow| flow["Actions"][0]["Transitions"]["Errors"] = json!([]));
    breaks(Rule::MissingError, |flow| {
        flow["Actions"][1]["Transitions"]["Errors"].as_array_mut().unwrap().pop();
    });
    breaks(Rule::UnknownError, |flow| {
        let errors = flow["Actions"][0]["Transitions"]["Errors"].as_array_mut().unwrap();
        errors.push(json!({"ErrorType": "Timeout", "NextAction": "end"}));
    });
    breaks(Rule::DuplicateError, |flow| {
        let errors = flow["Actions"][0]["Transitions"]["Errors"].as_array_mut().unwrap();
        errors.push(errors[0].clone());
    });
    let continued =
        json!({"ThirdPartyPhoneNumber": "$.External.number", "ContinueFlowExecution": "True"});
    breaks(
        Rule::MissingError,
        with_action("TransferParticipantToThirdParty", continued, &["NoMatchingError"]),
    );
}

#[test]
fn stored_input_has_neither_a_timeout_nor_conditions() {
    let stored = json!({"Text": "Number?", "InputTimeLimitSeconds": "5", "StoreInput": "True"});
    assert_eq!(
        spoilt(with_action("GetParticipantInput", stored.clone(), &["NoMatchingError"])),
        []
    );
    breaks(
        Rule::UnknownError,
        with_action(
            "GetParticipantInput",
            stored.clone(),
            &["NoMatchingError", "InputTimeLimitExceeded"],
        ),
    );
    breaks(Rule::Outcome, with_action("GetParticipantInput", stored, &["NoMatchingError"]).and(|flow| {
        flow["Actions"][2]["Transitions"]["Conditions"] =
            json!([{"NextAction": "end", "Condition": {"Operator": "Equals", "Operands": ["1"]}}]);
    }));
}

#[test]
fn conditions_have_one_operand_and_a_plain_operator() {
    let condition = "/Actions/2/Transitions/Conditions/0/Condition";
    breaks(Rule::Operands, |flow| {
        flow.pointer_mut(condition).unwrap()["Operands"] = json!(["a", "b"]);
    });
    breaks(Rule::Operands, |flow| flow.pointer_mut(condition).unwrap()["Operands"] = json!([]));
    breaks(Rule::Operator, |flow| {
        flow.pointer_mut(condition).unwrap()["Operator"] = "NumericLessThan".into();
    });
    for operator in ["And", "Or", "Not"] {
        breaks(Rule::Operator, |flow| {
            flow.pointer_mut(condition).unwrap()["Operator"] = operator.into();
        });
    }
    breaks(Rule::DuplicateCondition, |flow| {
        let conditions = flow["Actions"][2]["Transitions"]["Conditions"].as_array_mut().unwrap();
        conditions.push(conditions[0].clone());
    });
}

#[test]
fn outcomes_are_those_of_the_type() {
    breaks(Rule::Outcome, |flow| {
        flow["Actions"][1]["Transitions"]["Conditions"][0]["Condition"]["Operands"][0] =
            "12".into();
    });
    breaks(Rule::Outcome, with_action("CheckHoursOfOperation", json!({}), &["NoMatchingError"]));
    breaks(
        Rule::Outcome,
        with_action("Wait", json!({"TimeLimitSeconds": "5"}), &["NoMatchingError"]),
    );
    breaks(Rule::Outcome, with_action("Loop", json!({"LoopCount": "2"}), &[]).and(|flow| {
        flow["Actions"][2]["Transitions"]["Conditions"] = json!([
            {"NextAction": "end", "Condition": {"Operator": "Equals", "Operands": ["Looping"]}},
            {"NextAction": "end", "Condition": {"Operator": "Equals", "Operands": ["ContinueLooping"]}},
            {"NextAction": "end", "Condition": {"Operator": "Equals", "Operands": ["DoneLooping"]}},
        ]);
    }));
}

#[test]
fn every_block_has_its_place() {
    breaks(Rule::Position, |flow| {
        flow["Metadata"]["ActionMetadata"].as_object_mut().unwrap().remove("menu");
    });
    breaks(Rule::Position, |flow| flow["Metadata"]["ActionMetadata"]["gone"] = json!({}));
    breaks(Rule::Position, |flow| flow["Metadata"]["entryPointPosition"] = Value::Null);
}

#[test]
fn nothing_makes_it_panic() {
    for actions in [
        json!([null]),
        json!([1, "x", [], {}]),
        json!([{"Identifier": 1, "Type": [], "Transitions": 3}]),
    ] {
        assert!(
            !lint(
                &json!({"Version": VERSION, "StartAction": 3, "Metadata": [], "Actions": actions})
            )
            .is_empty()
        );
    }
}

#[test]
fn a_flow_is_measured_as_it_is_imported() {
    let mut flow = good();
    let text = |flow: &Value| lint_text(&flow.to_string()).unwrap();
    assert_eq!(text(&flow), []);
    flow["Actions"][1]["Parameters"]["Text"] = "x".repeat(MAX_CHARACTERS - 5_000).into();
    assert_eq!(text(&flow), [], "it fits as it is");
    let spaced =
        format!("{flow:#}{}", " ".repeat(10)).replace(": ", &format!(":{}", " ".repeat(60)));
    let findings = lint_text(&spaced).unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].rule, Rule::TooLarge);
    assert!(findings[0].message.contains("without its spaces and lines it would fit"));
    flow["Actions"][1]["Parameters"]["Text"] = "x".repeat(MAX_CHARACTERS).into();
    assert_eq!(text(&flow).len(), 1, "it is told once");
    assert!(lint_text("{").is_err());
}
