//! Natural language understanding. Shaped so that Lex V2 `RecognizeText` fits without loss.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Extra;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<RecognizerSession>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_attributes: Extra,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recognition {
    /// Best first; never empty.
    pub interpretations: Vec<Interpretation>,
    #[serde(default)]
    pub session: RecognizerSession,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_attributes: Extra,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Extra,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interpretation {
    pub intent: Intent,
    /// 0 to 1; none for an intent that means "none of them".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<Sentiment>,
    /// `lex`, `bedrock` or `local`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Extra,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    pub name: String,
    /// `in-progress`, `ready-for-fulfillment`, `fulfilled`, `fulfillment-in-progress`, `waiting`,
    /// `failed`.
    #[serde(default = "ready")]
    pub state: String,
    /// `none`, `confirmed` or `denied`.
    #[serde(default = "none")]
    pub confirmation: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<Slot>,
}

fn ready() -> String {
    "ready-for-fulfillment".to_owned()
}

fn none() -> String {
    "none".to_owned()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// `Name`, `Name[0]`, `Name.Part`.
    pub path: String,
    /// `scalar`, `list` or `composite`.
    #[serde(default = "scalar")]
    pub shape: String,
    #[serde(default)]
    pub value: Option<SlotValue>,
}

fn scalar() -> String {
    "scalar".to_owned()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlotValue {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
    pub interpreted: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolved: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sentiment {
    /// `positive`, `negative`, `neutral` or `mixed`.
    pub label: String,
    pub positive: f64,
    pub negative: f64,
    pub neutral: f64,
    pub mixed: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// `plain-text`, `ssml`, `custom-payload` or `image-response-card`.
    pub content_type: String,
    pub content: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Value>,
}

/// The conversation with the recogniser, handed back at the next request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RecognizerSession {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Extra,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot_to_elicit: Option<String>,
    /// The rest of the provider's state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Value>,
}
