//! The whole deployment as one CloudFormation template.
//!
//! It exists because the parts of a deployment name each other, and whoever makes them by hand
//! forgets a permission: a function and all that it needs, what Connect needs to call it, the desk
//! behind it (hours, queues, routing profiles, the bridge flow), and what tells when something is
//! wrong. What an account has of its own comes in as parameters, so one template serves every
//! account.
//!
//! **Invariants.** The same stack gives the same text. Nothing in it is secret. Every permission
//! names what it is for, where the service lets it. What holds data outlives the stack. The contact
//! flow in it is one that [`lint`] accepts.
//!
//! **Must not know** how a template is printed or deployed, what Connect and the engine say to each
//! other, or which companies there are.
//!
//! [`lint`]: dialgraph_contact_flow::lint::lint

mod cfn;
mod desk;
mod function;
mod parameters;
mod store;
mod watch;

use serde_json::{Map, Value, json};

use dialgraph_contact_flow::bridge::{Bridge, BridgeError};

pub use self::desk::{Day, Hours, Moment, Override, Profile, Queue, Window};
pub use self::store::table_properties;

/// Most resources in one template.
const MAX_RESOURCES: usize = 500;

/// What the function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// It asks an engine elsewhere over HTTP.
    Bridge,
    /// The engine is in it.
    Serverless,
}

/// What is deployed.
#[derive(Debug, Clone)]
pub struct Stack {
    pub form: Form,
    /// The contact flow; the ARNs of its function and of its queues are put in by the template,
    /// whatever stands there.
    pub bridge: Bridge,
    /// The desk's queues, each with the name that it has in the flows.
    pub queues: Vec<Queue>,
    /// Calendars that queues name.
    pub hours: Vec<Hours>,
    pub profiles: Vec<Profile>,
    /// Also makes a table for engines that share one; the serverless form always has it.
    pub table: bool,
    pub services: Services,
}

/// Amazon's services that the engine itself asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Services {
    /// Secrets that plugins are granted, without the prefix.
    pub secrets: Vec<String>,
    /// Lex V2 bots that understand callers: `NAME=BOT_ID/ALIAS_ID` each.
    pub lex_bots: Vec<String>,
    /// Bedrock models: `NAME=ID` each, but the one for requests that name none, which comes first:
    /// `ID`.
    pub models: Vec<String>,
    /// Bedrock guardrails: `NAME=GUARDRAIL_ID/VERSION` each.
    pub guardrails: Vec<String>,
    /// The Bedrock model for embeddings, if articles are found by them.
    pub embedding_model: Option<String>,
    /// Whether prompts are spoken by Polly.
    pub polly: bool,
}

impl Services {
    /// None of them is asked.
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Why there can be no such template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StackError {
    #[error(transparent)]
    Bridge(#[from] BridgeError),
    #[error("{what} names {kind} `{name}`, which is not there")]
    Unknown { what: String, kind: &'static str, name: String },
    #[error(
        "routing profile `{profile}` has {count} pairs of queue and channel; Amazon Connect takes {most} when one is made"
    )]
    TooManyPairs { profile: String, count: usize, most: usize },
    #[error("routing profile `{0}` serves no queue; name some under `voice` or `chat`")]
    NoPairs(String),
    #[error(
        "calendar `{calendar}` has {count} days with hours of their own; Amazon Connect takes {most}, so take a shorter time"
    )]
    TooManyOverrides { calendar: String, count: usize, most: usize },
    #[error("`{given}`: {form} is expected")]
    Form { given: String, form: &'static str },
    #[error("the template would have {count} resources, and CloudFormation takes {MAX_RESOURCES}")]
    TooManyResources { count: usize },
}

impl Stack {
    /// The template.
    ///
    /// # Errors
    /// When names do not fit together, or a limit of a service is passed.
    pub fn template(&self) -> Result<Value, StackError> {
        let bots = parameters::Bots::of(&self.bridge);
        let names = desk::Names::of(self);
        let mut resources = Map::new();
        function::resources(self, &bots, &mut resources);
        store::resources(self, &mut resources)?;
        desk::resources(self, &names, &bots, &mut resources)?;
        watch::resources(self, &mut resources);
        if resources.len() > MAX_RESOURCES {
            return Err(StackError::TooManyResources { count: resources.len() });
        }
        Ok(json!({
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": match self.form {
                Form::Bridge => "Dialgraph: Amazon Connect asks a self-hosted engine. Made by `dialgraph connect deploy-template`.",
                Form::Serverless => "Dialgraph: Amazon Connect asks an engine in AWS Lambda. Made by `dialgraph connect deploy-template`.",
            },
            "Metadata": parameters::interface(self, &bots),
            "Parameters": parameters::parameters(self, &bots),
            "Conditions": parameters::conditions(self),
            "Resources": resources,
            "Outputs": outputs(self, &names),
        }))
    }

    /// Whether there is a table in it.
    fn has_table(&self) -> bool {
        self.table || self.form == Form::Serverless
    }
}

fn outputs(stack: &Stack, names: &desk::Names) -> Value {
    let mut outputs = Map::new();
    let mut put = |name: &str, description: &str, value: Value| {
        outputs.insert(name.to_owned(), json!({"Description": description, "Value": value}));
    };
    put(
        "FlowArn",
        "The bridge flow; give it a phone number.",
        cfn::att(desk::FLOW, "ContactFlowArn"),
    );
    put("FunctionArn", "The function that Connect asks.", cfn::att(function::FUNCTION, "Arn"));
    put("LogGroupName", "Where the function logs.", cfn::reference(function::LOGS));
    for (queue, id) in stack.queues.iter().zip(&names.queues) {
        put(&format!("{id}Arn"), &format!("Queue {}.", queue.name), cfn::att(id, "QueueArn"));
    }
    for (profile, id) in stack.profiles.iter().zip(&names.profiles) {
        let description = format!("Routing profile {}.", profile.name);
        put(&format!("{id}Arn"), &description, cfn::att(id, "RoutingProfileArn"));
    }
    if stack.form == Form::Bridge {
        let description =
            "The secret with the signing key; the engine's `connect.keys` must have it.";
        put("SigningKeyArn", description, cfn::reference(function::SIGNING_KEY));
    }
    if stack.has_table() {
        put("TableName", "For `store.table`.", cfn::reference(store::TABLE));
    }
    if store::has_engine_policy(stack) {
        let description = "To be attached to the role that the self-hosted engine runs as.";
        put("EnginePolicyArn", description, cfn::reference(store::ENGINE_POLICY));
    }
    outputs.into()
}

#[cfg(test)]
mod tests;
