//! The table with its key, and what the engine may do with Amazon's services.

use serde_json::{Map, Value, json};

use crate::cfn::{allow, att, put, put_lasting, sub};
use crate::function::document;
use crate::{Form, Stack, StackError};

pub(super) const TABLE: &str = "Table";
pub(super) const ENGINE_POLICY: &str = "EnginePolicy";
const KEY: &str = "Key";

/// The table as the store wants it, without what is the account's own: for whoever makes one by
/// other means.
pub fn table_properties() -> Value {
    json!({
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "B"},
        ],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
        "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": true},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true},
        "DeletionProtectionEnabled": true,
    })
}

pub(super) fn resources(stack: &Stack, into: &mut Map<String, Value>) -> Result<(), StackError> {
    check(stack)?;
    if stack.has_table() {
        let root = sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root");
        let own = json!({
            "Sid": "RolesOfTheAccountByTheirPolicies",
            "Effect": "Allow",
            "Principal": {"AWS": root},
            "Action": "kms:*",
            "Resource": "*",
        });
        put_lasting(
            into,
            KEY,
            "AWS::KMS::Key",
            json!({
                "Description": "Seals Dialgraph's table.",
                "EnableKeyRotation": true,
                "PendingWindowInDays": 30,
                "KeyPolicy": document(&[own]),
            }),
        );
        let mut table = table_properties();
        table["SSESpecification"] = json!({
            "SSEEnabled": true,
            "SSEType": "KMS",
            "KMSMasterKeyId": att(KEY, "Arn"),
        });
        put_lasting(into, TABLE, "AWS::DynamoDB::Table", table);
    }
    if has_engine_policy(stack) {
        put(
            into,
            ENGINE_POLICY,
            "AWS::IAM::ManagedPolicy",
            json!({
                "Description": "What a self-hosted Dialgraph engine may do.",
                "PolicyDocument": document(&engine_statements(stack)),
            }),
        );
    }
    Ok(())
}

/// Whether an engine elsewhere needs permissions of this account.
pub(super) fn has_engine_policy(stack: &Stack) -> bool {
    stack.form == Form::Bridge && (stack.table || !stack.services.is_empty())
}

fn check(stack: &Stack) -> Result<(), StackError> {
    const BOT: &str = "NAME=BOT_ID/ALIAS_ID, both ids of ten letters and digits,";
    const GUARDRAIL: &str = "NAME=ID/VERSION, where VERSION is a number or DRAFT,";
    const MODEL: &str =
        "the id of a Bedrock model or inference profile, NAME=ID but for the first,";
    let services = &stack.services;
    // As the engine reads them when it starts.
    let is_id = |id: &str| id.len() == 10 && id.chars().all(|c| c.is_ascii_alphanumeric());
    for given in &services.lex_bots {
        pair(given)
            .filter(|(bot, alias)| is_id(bot) && is_id(alias))
            .ok_or_else(|| StackError::Form { given: given.clone(), form: BOT })?;
    }
    let is_version =
        |version: &str| version == "DRAFT" || version.chars().all(|c| c.is_ascii_digit());
    for given in &services.guardrails {
        pair(given)
            .filter(|(_, version)| is_version(version))
            .ok_or_else(|| StackError::Form { given: given.clone(), form: GUARDRAIL })?;
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '_');
    let is_model = |id: &str| !id.is_empty() && id.chars().all(fits);
    for (number, given) in services.models.iter().enumerate() {
        let (name, id) = named_model(given);
        // What has no name is the one for requests that name none, and there is one of these.
        if !is_model(id)
            || name.is_some_and(|name| name.is_empty() || name.contains(','))
            || (name.is_none() && number > 0)
        {
            return Err(StackError::Form { given: given.clone(), form: MODEL });
        }
    }
    if let Some(given) = services.embedding_model.as_ref().filter(|id| !is_model(id)) {
        return Err(StackError::Form { given: given.clone(), form: "the id of a Bedrock model" });
    }
    for given in &services.secrets {
        let fits = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
        if given.is_empty() || !given.chars().all(fits) {
            return Err(StackError::Form {
                given: given.clone(),
                form: "the name of a secret, of letters, digits and /_+=.@-,",
            });
        }
    }
    Ok(())
}

/// `NAME` and `ID` of `NAME=ID`, or of `ID` alone.
pub(super) fn named_model(given: &str) -> (Option<&str>, &str) {
    given.split_once('=').map_or((None, given), |(name, id)| (Some(name), id))
}

/// `ID` and `VERSION` of `NAME=ID/VERSION`.
fn pair(given: &str) -> Option<(&str, &str)> {
    let plain = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let (_, pair) = given.split_once('=').filter(|(name, _)| !name.is_empty())?;
    pair.split_once('/').filter(|(id, version)| plain(id) && plain(version))
}

/// What the engine may do, wherever it runs.
pub(super) fn engine_statements(stack: &Stack) -> Vec<Value> {
    let mut statements = Vec::new();
    if stack.has_table() {
        let mut actions = vec![
            "dynamodb:ConditionCheckItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        ];
        if stack.form == Form::Bridge {
            // A server purges and erases when it is asked to, and looks at every row for that.
            actions.push("dynamodb:Scan");
        }
        statements.push(allow(&actions, att(TABLE, "Arn")));
        // DynamoDB asks for these in the caller's name.
        let mut by_dynamodb = allow(
            &[
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey*",
                "kms:ReEncrypt*",
            ],
            att(KEY, "Arn"),
        );
        by_dynamodb["Condition"] = json!({
            "StringEquals": {"kms:ViaService": sub("dynamodb.${AWS::Region}.${AWS::URLSuffix}")},
        });
        statements.push(by_dynamodb);
    }
    let services = &stack.services;
    let regional = |resource: &str| {
        sub(&format!(
            "arn:${{AWS::Partition}}:{}",
            resource.replace("REGION:ACCOUNT", "${AWS::Region}:${AWS::AccountId}",)
        ))
    };
    let all = |resources: Vec<Value>| Value::Array(resources);
    if !services.secrets.is_empty() {
        // Secrets Manager puts six characters of its own behind a name.
        let secrets = services.secrets.iter().map(|secret| {
            regional(&format!(
                "secretsmanager:REGION:ACCOUNT:secret:${{SecretsPrefix}}{secret}-??????"
            ))
        });
        statements.push(allow(&["secretsmanager:GetSecretValue"], all(secrets.collect())));
    }
    if !services.lex_bots.is_empty() {
        let bots = services.lex_bots.iter().filter_map(|given| pair(given));
        let arns = bots
            .map(|(bot, alias)| regional(&format!("lex:REGION:ACCOUNT:bot-alias/{bot}/{alias}")));
        statements.push(allow(&["lex:RecognizeText"], all(arns.collect())));
    }
    if !services.models.is_empty() {
        let arns = services.models.iter().flat_map(|given| model_arns(named_model(given).1));
        let actions = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"];
        statements.push(allow(&actions, all(arns.collect())));
    }
    if let Some(model) = &services.embedding_model {
        statements.push(allow(&["bedrock:InvokeModel"], all(model_arns(model))));
    }
    if !services.guardrails.is_empty() {
        let guardrails = services.guardrails.iter().filter_map(|given| pair(given));
        let arns =
            guardrails.map(|(id, _)| regional(&format!("bedrock:REGION:ACCOUNT:guardrail/{id}")));
        statements.push(allow(&["bedrock:ApplyGuardrail"], all(arns.collect())));
    }
    if services.polly {
        // Speech has no resource but lexicons, and none is used.
        statements.push(allow(&["polly:SynthesizeSpeech"], "*".into()));
    }
    statements
}

/// A model by its id; an inference profile (`apac.VENDOR.MODEL`), and the model behind it in all
/// regions that it may take.
fn model_arns(id: &str) -> Vec<Value> {
    const AREAS: [&str; 8] = ["us", "us-gov", "ca", "eu", "apac", "jp", "au", "global"];
    match id.split_once('.') {
        Some((area, model)) if AREAS.contains(&area) => vec![
            sub(&format!(
                "arn:${{AWS::Partition}}:bedrock:${{AWS::Region}}:${{AWS::AccountId}}:inference-profile/{id}"
            )),
            sub(&format!("arn:${{AWS::Partition}}:bedrock:*::foundation-model/{model}")),
        ],
        _ => vec![sub(&format!(
            "arn:${{AWS::Partition}}:bedrock:${{AWS::Region}}::foundation-model/{id}"
        ))],
    }
}
