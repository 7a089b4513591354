//! The function, what it may do, and who may call it.

use serde_json::{Map, Value, json};

use crate::cfn::{allow, att, depend, literal, put, put_lasting, reference, sub, when};
use crate::parameters::Bots;
use crate::{Form, Stack, store};

pub(super) const FUNCTION: &str = "Function";
pub(super) const LOGS: &str = "FunctionLogs";
pub(super) const SIGNING_KEY: &str = "SigningKey";
pub(super) const ASSOCIATION: &str = "FunctionAssociation";
const ROLE: &str = "FunctionRole";

/// News that the engine could not be told.
pub(super) const LOST_NEWS: &str = "LostNews";
const HANG_UPS: &str = "HangUps";

/// Seconds after which Connect gives up, and so does Lambda.
const TIMEOUT: u32 = 8;

/// Most that Lambda tries again, and most seconds for which it keeps what it cannot deliver.
const RETRIES: u32 = 2;
const KEPT_BY_LAMBDA: u32 = 21_600;

/// The longest that a queue keeps a message: two weeks, in seconds.
const KEPT_IN_QUEUE: u32 = 1_209_600;

pub(super) fn resources(stack: &Stack, bots: &Bots, into: &mut Map<String, Value>) {
    put_lasting(
        into,
        LOGS,
        "AWS::Logs::LogGroup",
        json!({"RetentionInDays": reference("LogRetentionDays")}),
    );
    if stack.form == Form::Bridge {
        put_lasting(
            into,
            SIGNING_KEY,
            "AWS::SecretsManager::Secret",
            json!({
                "Description": "Signs what the function asks the engine: 32 bytes in hexadecimal.",
                "GenerateSecretString": {
                    "PasswordLength": 64,
                    "ExcludePunctuation": true,
                    "ExcludeUppercase": true,
                    "ExcludeCharacters": "ghijklmnopqrstuvwxyz",
                    "RequireEachIncludedType": true,
                },
            }),
        );
    }
    role(stack, into);
    put(into, FUNCTION, "AWS::Lambda::Function", function(stack));
    callers(bots, into);
    news(into);
    events(stack, into);
}

fn role(stack: &Stack, into: &mut Map<String, Value>) {
    let mut statements = vec![
        allow(&["logs:CreateLogStream", "logs:PutLogEvents"], att(LOGS, "Arn")),
        allow(&["sqs:SendMessage"], att(LOST_NEWS, "Arn")),
    ];
    if stack.form == Form::Serverless {
        statements.extend(store::engine_statements(stack));
    }
    let mut policies =
        vec![json!({"PolicyName": "function", "PolicyDocument": document(&statements)})];
    let key = allow(&["kms:Decrypt"], reference("KmsKeyArn"));
    let policy = json!({"PolicyName": "variables", "PolicyDocument": document(&[key])});
    policies.push(when("HasKmsKey", policy, None));
    if stack.form == Form::Bridge {
        // The interfaces have no names before they are made, so these actions cannot name them.
        let network = allow(
            &[
                "ec2:AssignPrivateIpAddresses",
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSubnets",
                "ec2:UnassignPrivateIpAddresses",
            ],
            "*".into(),
        );
        let policy = json!({"PolicyName": "network", "PolicyDocument": document(&[network])});
        policies.push(when("InVpc", policy, None));
    }
    put(
        into,
        ROLE,
        "AWS::IAM::Role",
        json!({
            "Description": "What the Dialgraph function may do.",
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }],
            },
            "Policies": policies,
        }),
    );
}

/// A policy of these statements.
pub(super) fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn function(stack: &Stack) -> Value {
    let mut properties = json!({
        "Description": "Answers Amazon Connect for Dialgraph.",
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
        "Architectures": [reference("Architecture")],
        "Code": {
            "S3Bucket": reference("CodeBucket"),
            "S3Key": reference("CodeKey"),
            "S3ObjectVersion": when("HasCodeVersion", reference("CodeVersion"), None),
        },
        "Role": att(ROLE, "Arn"),
        "MemorySize": reference("MemorySize"),
        "Timeout": TIMEOUT,
        // The function writes JSON itself; Lambda is to leave its lines as they are.
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": reference(LOGS)},
        "Environment": {"Variables": environment(stack)},
        "KmsKeyArn": when("HasKmsKey", reference("KmsKeyArn"), None),
        // As they came, so that they can be sent again as they are.
        "DeadLetterConfig": {"TargetArn": att(LOST_NEWS, "Arn")},
    });
    if stack.form == Form::Bridge {
        let vpc = json!({
            "SubnetIds": reference("SubnetIds"),
            "SecurityGroupIds": reference("SecurityGroupIds"),
        });
        properties["VpcConfig"] = when("InVpc", vpc, None);
    }
    properties
}

/// The variables that `engine/lambda` and `engine/serverless` read.
fn environment(stack: &Stack) -> Value {
    let mut variables = Map::new();
    let mut set = |name: &str, value: Value| {
        variables.insert(name.to_owned(), value);
    };
    set("DIALGRAPH_FALLBACK_QUEUE", stack.bridge.fallback_queue.as_str().into());
    if let Some(first) = stack.bridge.languages.first() {
        set("DIALGRAPH_FALLBACK_LOCALE", first.locale.as_str().into());
    }
    for language in &stack.bridge.languages {
        let locale = language.locale.replace('-', "_").to_uppercase();
        set(&format!("DIALGRAPH_FALLBACK_TEXT_{locale}"), language.apology.as_str().into());
    }
    match stack.form {
        Form::Bridge => {
            set("DIALGRAPH_URL", reference("EngineUrl"));
            set("DIALGRAPH_KEY_ID", reference("SigningKeyId"));
            let key = format!("{{{{resolve:secretsmanager:${{{SIGNING_KEY}}}:SecretString}}}}");
            set("DIALGRAPH_KEY", sub(&key));
        }
        Form::Serverless => {
            set("DIALGRAPH_STORE__TABLE", reference(store::TABLE));
            let services = &stack.services;
            let list = |values: &[String]| Value::from(values.join(","));
            if !services.secrets.is_empty() {
                set("DIALGRAPH_PROVIDERS__SECRETS", "secrets-manager".into());
                set("DIALGRAPH_AWS__SECRETS_PREFIX", reference("SecretsPrefix"));
            }
            if !services.lex_bots.is_empty() {
                set("DIALGRAPH_PROVIDERS__NLU", "lex".into());
                set("DIALGRAPH_AWS__LEX_BOTS", list(&services.lex_bots));
            }
            let (named, usual): (Vec<_>, Vec<_>) =
                services.models.iter().partition(|given| given.contains('='));
            if !services.models.is_empty() {
                set("DIALGRAPH_PROVIDERS__GENAI", "bedrock".into());
            }
            if let Some(model) = usual.first() {
                set("DIALGRAPH_AWS__MODEL", model.as_str().into());
            }
            if !named.is_empty() {
                let named: Vec<String> = named.into_iter().cloned().collect();
                set("DIALGRAPH_AWS__MODELS", list(&named));
            }
            if !services.guardrails.is_empty() {
                set("DIALGRAPH_AWS__GUARDRAILS", list(&services.guardrails));
            }
            if let Some(model) = &services.embedding_model {
                set("DIALGRAPH_PROVIDERS__KNOWLEDGE", "hybrid".into());
                set("DIALGRAPH_AWS__EMBEDDING_MODEL", model.as_str().into());
            }
        }
    }
    variables.into()
}

/// Connect, and Lex if it listens.
fn callers(bots: &Bots, into: &mut Map<String, Value>) {
    permission(
        into,
        "ConnectPermission",
        "connect.amazonaws.com",
        reference("ConnectInstanceArn"),
        true,
    );
    put(
        into,
        ASSOCIATION,
        "AWS::Connect::IntegrationAssociation",
        json!({
            "InstanceId": reference("ConnectInstanceArn"),
            "IntegrationType": "LAMBDA_FUNCTION",
            "IntegrationArn": att(FUNCTION, "Arn"),
        }),
    );
    depend(into, ASSOCIATION, &["ConnectPermission"]);
    for name in bots.names() {
        let suffix = name.trim_start_matches("LexBotAliasArn");
        let lex = format!("LexPermission{suffix}");
        permission(into, &lex, "lexv2.amazonaws.com", reference(name), true);
        put(
            into,
            &format!("LexAssociation{suffix}"),
            "AWS::Connect::IntegrationAssociation",
            json!({
                "InstanceId": reference("ConnectInstanceArn"),
                "IntegrationType": "LEX_BOT",
                "IntegrationArn": reference(name),
            }),
        );
    }
}

/// News of hang-ups come without anybody who waits for an answer. An engine that is down for hours
/// gets them afterwards: Lambda tries again, and what it gives up, like what never reaches it, is
/// kept to be sent again.
fn news(into: &mut Map<String, Value>) {
    put_lasting(
        into,
        LOST_NEWS,
        "AWS::SQS::Queue",
        json!({"MessageRetentionPeriod": KEPT_IN_QUEUE, "SqsManagedSseEnabled": true}),
    );
    put(
        into,
        "LostNewsPolicy",
        "AWS::SQS::QueuePolicy",
        json!({
            "Queues": [reference(LOST_NEWS)],
            "PolicyDocument": document(&[json!({
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": att(LOST_NEWS, "Arn"),
                "Condition": {"ArnEquals": {"aws:SourceArn": att(HANG_UPS, "Arn")}},
            })]),
        }),
    );
    put(
        into,
        "FunctionRetries",
        "AWS::Lambda::EventInvokeConfig",
        json!({
            "FunctionName": reference(FUNCTION),
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": RETRIES,
            "MaximumEventAgeInSeconds": KEPT_BY_LAMBDA,
        }),
    );
}

/// What comes without a caller's asking: that one hung up, and, for an engine without clockwork,
/// that a minute is over.
fn events(stack: &Stack, into: &mut Map<String, Value>) {
    let target = json!([{"Id": "function", "Arn": att(FUNCTION, "Arn")}]);
    let mut told = target.clone();
    // A day, as long as EventBridge tries at most.
    told[0]["RetryPolicy"] =
        json!({"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86_400});
    told[0]["DeadLetterConfig"] = json!({"Arn": att(LOST_NEWS, "Arn")});
    put(
        into,
        HANG_UPS,
        "AWS::Events::Rule",
        json!({
            "Description": literal("Tells the engine what becomes of contacts beyond their flows."),
            "EventPattern": {
                "source": ["aws.connect"],
                "detail-type": ["Amazon Connect Contact Event"],
                "detail": {
                    "eventType": ["QUEUED", "CONNECTED_TO_AGENT", "DISCONNECTED"],
                    "instanceArn": [reference("ConnectInstanceArn")],
                },
            },
            "Targets": told,
        }),
    );
    permission(into, "HangUpsPermission", "events.amazonaws.com", att(HANG_UPS, "Arn"), false);
    if stack.form == Form::Serverless {
        put(
            into,
            "Rounds",
            "AWS::Events::Rule",
            json!({
                "Description": "Has the engine look after calls and releases.",
                "ScheduleExpression": "rate(1 minute)",
                "Targets": target,
            }),
        );
        permission(into, "RoundsPermission", "events.amazonaws.com", att("Rounds", "Arn"), false);
    }
}

fn permission(
    into: &mut Map<String, Value>,
    id: &str,
    principal: &str,
    source: Value,
    account: bool,
) {
    let mut properties = json!({
        "FunctionName": reference(FUNCTION),
        "Action": "lambda:InvokeFunction",
        "Principal": principal,
        "SourceArn": source,
    });
    if account {
        properties["SourceAccount"] = reference("AWS::AccountId");
    }
    put(into, id, "AWS::Lambda::Permission", properties);
}
