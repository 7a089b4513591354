//! What Connect knows of one contact, and how flows refer to it.

use std::collections::BTreeMap;

use dialgraph_base::Medium;
use dialgraph_simulator::session::CallSetup;
use serde_json::{Map, Value, json};

/// Size at which Connect refuses attributes.
const MAX_ATTRIBUTES: usize = 32 * 1024;

/// One contact.
#[derive(Debug, Clone)]
pub struct Contact {
    pub id: String,
    pub channel: Medium,
    pub customer: Option<String>,
    pub system: Option<String>,
    pub language: String,
    pub voice: String,
    pub attributes: BTreeMap<String, String>,
    /// The last answer of the Lambda.
    pub external: BTreeMap<String, String>,
    pub stored_input: Option<String>,
    pub lex: BTreeMap<String, String>,
    /// ARN and priority, once they are set.
    pub queue: Option<String>,
    pub priority: Option<String>,
    pub callback_number: Option<String>,
}

impl Contact {
    /// A contact as it enters the flow: in English, as Connect has it until it is told otherwise.
    pub fn new(setup: &CallSetup) -> Self {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Self {
            id: setup.id.to_string(),
            channel: setup.channel.medium,
            customer: setup.from.clone(),
            system: setup.to.clone(),
            language: "en-US".to_owned(),
            voice: "Joanna".to_owned(),
            attributes: setup
                .attributes
                .iter()
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            external: BTreeMap::new(),
            stored_input: None,
            lex: BTreeMap::new(),
            queue: None,
            priority: None,
            callback_number: None,
        }
    }

    /// The value of a reference such as `$.External.action`; none when nothing is there.
    pub fn resolve(&self, reference: &str) -> Option<String> {
        let path =
            reference.strip_prefix("$.").unwrap_or_else(|| panic!("`{reference}` is no reference"));
        let (root, leaf) =
            path.split_once('.').map_or((path, None), |(root, leaf)| (root, Some(leaf)));
        match (root, leaf) {
            ("External", Some(key)) => self.external.get(key).cloned(),
            ("Attributes", Some(key)) => self.attributes.get(key).cloned(),
            ("Lex", Some(path)) => {
                let key = path
                    .strip_prefix("SessionAttributes.")
                    .unwrap_or_else(|| panic!("`{reference}` is not known of Lex here"));
                self.lex.get(key).cloned()
            }
            ("StoredCustomerInput", None) => self.stored_input.clone(),
            ("LanguageCode", None) => Some(self.language.clone()),
            ("Channel", None) => Some(channel(self.channel).to_owned()),
            ("ContactId", None) => Some(self.id.clone()),
            _ => panic!("`{reference}`: this reference is not known here"),
        }
    }

    /// A parameter's text: a constant, or what its reference gives.
    ///
    /// # Panics
    /// When the reference gives nothing: what is played or dialled must be there.
    pub fn text(&self, parameter: &str, value: &Value) -> String {
        let text = value.as_str().unwrap_or_else(|| panic!("`{parameter}` is {value}, no string"));
        if !text.contains("$.") {
            return text.to_owned();
        }
        assert!(
            text.starts_with("$.") && !text.contains(' '),
            "`{parameter}`: `{text}` is more than one reference"
        );
        let found =
            self.resolve(text).unwrap_or_else(|| panic!("`{parameter}`: `{text}` gives nothing"));
        assert!(!found.is_empty(), "`{parameter}`: `{text}` gives an empty string");
        found
    }

    /// Sets attributes; false when there is no room for them.
    pub fn set_attributes(&mut self, attributes: BTreeMap<String, String>) -> bool {
        let mut all = self.attributes.clone();
        all.extend(attributes);
        let size: usize = all.iter().map(|(name, value)| name.len() + value.len()).sum();
        let fits = size <= MAX_ATTRIBUTES;
        if fits {
            self.attributes = all;
        }
        fits
    }

    /// The event that the Lambda is given.
    pub fn event(&self, parameters: &Map<String, Value>) -> Value {
        let endpoint = |address: &Option<String>| match (self.channel, address) {
            (Medium::Voice, Some(address)) => {
                json!({"Address": address, "Type": "TELEPHONE_NUMBER"})
            }
            (Medium::Voice, None) => json!({"Address": "anonymous", "Type": "TELEPHONE_NUMBER"}),
            _ => Value::Null,
        };
        json!({
            "Name": "ContactFlowEvent",
            "Details": {
                "ContactData": {
                    "Attributes": self.attributes,
                    "AwsRegion": "ap-northeast-2",
                    "Channel": channel(self.channel),
                    "ContactId": self.id,
                    "InitialContactId": self.id,
                    "PreviousContactId": self.id,
                    "RelatedContactId": null,
                    "CustomerEndpoint": endpoint(&self.customer),
                    "SystemEndpoint": endpoint(&self.system),
                    "CustomerId": null,
                    "Description": null,
                    "Name": null,
                    "InitiationMethod": if self.channel == Medium::Chat { "API" } else { "INBOUND" },
                    "InstanceARN": "arn:aws:connect:ap-northeast-2:111122223333:instance/i",
                    "LanguageCode": self.language,
                    "MediaStreams": {"Customer": {"Audio": null}},
                    "Queue": null,
                    "References": {},
                    "SegmentAttributes": {},
                    "Tags": {},
                },
                "Parameters": parameters,
            },
        })
    }
}

fn channel(channel: Medium) -> &'static str {
    match channel {
        Medium::Voice => "VOICE",
        Medium::Chat => "CHAT",
    }
}
