//! What differs from account to account.

use serde_json::{Map, Value, json};

use crate::{Form, Stack, cfn};
use dialgraph_contact_flow::bridge::Bridge;

/// Days that CloudWatch Logs can keep lines for.
const RETENTION_DAYS: [u32; 13] = [1, 3, 5, 7, 14, 30, 60, 90, 180, 365, 731, 1827, 3653];

/// Bots that listen for Connect: a parameter for each, with the ARN it was given as.
pub(super) struct Bots {
    /// Name of the parameter, ARN.
    pub(super) bots: Vec<(String, String)>,
}

impl Bots {
    /// Those of all languages, each once.
    pub(super) fn of(bridge: &Bridge) -> Self {
        let mut bots: Vec<(String, String)> = Vec::new();
        for language in &bridge.languages {
            let Some(arn) = &language.lex_bot_alias_arn else { continue };
            if !bots.iter().any(|(_, known)| known == arn) {
                let name = format!("LexBotAliasArn{}", cfn::pascal(&language.locale));
                bots.push((name, arn.clone()));
            }
        }
        Self { bots }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.bots.iter().map(|(name, _)| name.as_str())
    }
}

pub(super) fn parameters(stack: &Stack, bots: &Bots) -> Value {
    let mut all = Map::new();
    let mut put = |name: &str, parameter: Value| {
        all.insert(name.to_owned(), parameter);
    };
    put(
        "ConnectInstanceArn",
        json!({
            "Type": "String",
            "Description": "ARN of the Amazon Connect instance.",
            "AllowedPattern": "^arn:aws[-a-z0-9]*:connect:[-a-z0-9]*:[0-9]{12}:instance/[-a-zA-Z0-9]*$",
        }),
    );
    put(
        "CallerNumberArn",
        json!({
            "Type": "String",
            "Description": "ARN of the instance's phone number that call backs and agents' calls come from; empty: set one by hand, or nobody is called back.",
            "Default": "",
            "AllowedPattern": "^(arn:aws[-a-z0-9]*:connect:[-a-z0-9]*:[0-9]{12}:phone-number/[-a-zA-Z0-9]+)?$",
        }),
    );
    put(
        "CallerName",
        json!({"Type": "String", "Description": "Name that is shown with that number, where networks show one; else empty.", "Default": "", "MaxLength": 255}),
    );
    for (name, arn) in &bots.bots {
        put(
            name,
            json!({
                "Type": "String",
                "Description": "ARN of the alias of the Lex V2 bot that listens.",
                "Default": arn,
                "AllowedPattern": "^arn:aws[-a-z0-9]*:lex:[-a-z0-9]*:[0-9]{12}:bot-alias/.+$",
            }),
        );
    }
    put(
        "CodeBucket",
        json!({"Type": "String", "Description": "Bucket with the function's archive, in this region.", "MinLength": 3}),
    );
    put(
        "CodeKey",
        json!({"Type": "String", "Description": "The archive's key in the bucket. A new archive needs a new key, or a version.", "MinLength": 1}),
    );
    put(
        "CodeVersion",
        json!({"Type": "String", "Description": "The archive's version in a bucket that has versions; else empty.", "Default": ""}),
    );
    let (architecture, memory) = match stack.form {
        Form::Bridge => ("arm64", 256),
        // One whole processor: a cold start reads machine code and trains the recogniser.
        Form::Serverless => ("x86_64", 1769),
    };
    put(
        "Architecture",
        json!({
            "Type": "String",
            "Description": "What the archive was built for.",
            "Default": architecture,
            "AllowedValues": ["arm64", "x86_64"],
        }),
    );
    put(
        "MemorySize",
        json!({"Type": "Number", "Description": "Memory of the function in MB; processor time grows with it.", "Default": memory, "MinValue": 128, "MaxValue": 10240}),
    );
    put(
        "KmsKeyArn",
        json!({
            "Type": "String",
            "Description": "KMS key that the function's variables are encrypted with, the signing key among them; empty: Lambda's own.",
            "Default": "",
            "AllowedPattern": "^(arn:aws[-a-z0-9]*:kms:[-a-z0-9]*:[0-9]{12}:key/[-a-zA-Z0-9]+)?$",
        }),
    );
    if stack.form == Form::Bridge {
        put(
            "EngineUrl",
            json!({
                "Type": "String",
                "Description": "Where the engine is, https://host[:port], without a path.",
                "AllowedPattern": "^https?://[^/@?#]+$",
            }),
        );
        put(
            "SigningKeyId",
            json!({"Type": "String", "Description": "Id of the signing key, as in the engine's connect.keys.", "Default": "connect-1", "AllowedPattern": "^[A-Za-z0-9._-]{1,64}$"}),
        );
        put(
            "SubnetIds",
            json!({"Type": "CommaDelimitedList", "Description": "Subnets from which a private engine is reached; empty: none.", "Default": ""}),
        );
        put(
            "SecurityGroupIds",
            json!({"Type": "CommaDelimitedList", "Description": "Security groups of the function in those subnets.", "Default": ""}),
        );
    }
    if !stack.services.secrets.is_empty() {
        put(
            "SecretsPrefix",
            json!({"Type": "String", "Description": "What stands before the names of plugins' secrets in Secrets Manager.", "Default": "dialgraph/", "AllowedPattern": "^[A-Za-z0-9/_+=.@-]*$"}),
        );
    }
    put(
        "LogRetentionDays",
        json!({"Type": "Number", "Description": "How long lines are kept.", "Default": 90, "AllowedValues": RETENTION_DAYS}),
    );
    put(
        "NobodyOnDutySeconds",
        json!({"Type": "Number", "Description": "An alarm goes off when a caller waits so long in a queue that nobody can be on duty there, whatever was promised.", "Default": 3600, "MinValue": 60}),
    );
    put(
        "BusyShare",
        json!({"Type": "Number", "Description": "An alarm goes off when calls at the same time take more than this share of the instance's quota.", "Default": 0.8, "MinValue": 0.01, "MaxValue": 1}),
    );
    put(
        "AlarmTopicArn",
        json!({"Type": "String", "Description": "SNS topic that alarms are sent to; empty: see AlarmEmail.", "Default": "", "AllowedPattern": "^(arn:aws[-a-z0-9]*:sns:.+)?$"}),
    );
    put(
        "AlarmEmail",
        json!({"Type": "String", "Description": "Without a topic, one is made for this address; empty: alarms tell nobody.", "Default": "", "AllowedPattern": "^([^@ ]+@[^@ ]+)?$"}),
    );
    all.into()
}

pub(super) fn conditions(stack: &Stack) -> Value {
    let empty = |parameter: &str| json!({"Fn::Equals": [cfn::reference(parameter), ""]});
    let mut all = json!({
        "HasCodeVersion": {"Fn::Not": [empty("CodeVersion")]},
        "HasCallerNumber": {"Fn::Not": [empty("CallerNumberArn")]},
        "HasCallerName": {"Fn::Not": [empty("CallerName")]},
        "HasKmsKey": {"Fn::Not": [empty("KmsKeyArn")]},
        "HasTopic": {"Fn::Not": [empty("AlarmTopicArn")]},
        "MakesTopic": {"Fn::And": [empty("AlarmTopicArn"), {"Fn::Not": [empty("AlarmEmail")]}]},
    });
    if stack.form == Form::Bridge {
        let subnets = json!({"Fn::Join": ["", cfn::reference("SubnetIds")]});
        all["InVpc"] = json!({"Fn::Not": [{"Fn::Equals": [subnets, ""]}]});
    }
    all
}

/// How the console groups the parameters.
pub(super) fn interface(stack: &Stack, bots: &Bots) -> Value {
    let group = |label: &str, parameters: Vec<&str>| json!({"Label": {"default": label}, "Parameters": parameters});
    let mut connect = vec!["ConnectInstanceArn", "CallerNumberArn", "CallerName"];
    connect.extend(bots.names());
    let mut groups = vec![
        group("Amazon Connect", connect),
        group(
            "The function",
            vec!["CodeBucket", "CodeKey", "CodeVersion", "Architecture", "MemorySize", "KmsKeyArn"],
        ),
    ];
    if stack.form == Form::Bridge {
        let engine = vec!["EngineUrl", "SigningKeyId", "SubnetIds", "SecurityGroupIds"];
        groups.push(group("The engine", engine));
    }
    if !stack.services.secrets.is_empty() {
        groups.push(group("Plugins' secrets", vec!["SecretsPrefix"]));
    }
    groups.push(group(
        "Who is told what",
        vec!["LogRetentionDays", "NobodyOnDutySeconds", "BusyShare", "AlarmTopicArn", "AlarmEmail"],
    ));
    json!({"AWS::CloudFormation::Interface": {"ParameterGroups": groups}})
}
