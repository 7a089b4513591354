//! The action types of flow language 2019-10-30: what each takes, how each can fail, where each
//! leads.

/// How a parameter may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Words as they stand; no reference.
    Static,
    /// Words as they stand, or one reference.
    One,
    /// One reference and nothing else.
    Path,
    /// Words with any number of references in them.
    Text,
    /// Digits as they stand.
    Number,
    /// Digits as they stand, or one reference.
    NumberOrOne,
    /// An object or a list.
    Object,
}

use Kind::{Number, NumberOrOne, Object, One, Path, Static, Text};

/// What may be compared after an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcomes {
    /// No conditions.
    None,
    /// Conditions of any of the operators.
    Any,
    /// Only `Equals`.
    Equals,
    /// Only `Equals`, with these operands, all of which must be there.
    Exactly(&'static [&'static str]),
    /// Only `Equals`, with one key of a telephone.
    Key,
    /// `NumberLessThan` only.
    LessThan,
}

/// One action type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ActionType {
    pub(crate) name: &'static str,
    /// The flow ends here; nothing follows.
    pub(crate) terminal: bool,
    pub(crate) required: &'static [(&'static str, Kind)],
    pub(crate) optional: &'static [(&'static str, Kind)],
    /// Exactly one of these must be given.
    pub(crate) one_of: &'static [(&'static str, Kind)],
    /// With this parameter, none of `one_of` is needed.
    pub(crate) or: Option<&'static str>,
    pub(crate) errors: &'static [&'static str],
    pub(crate) optional_errors: &'static [&'static str],
    pub(crate) outcomes: Outcomes,
    /// Parameters have been described completely: others are mistakes.
    pub(crate) complete: bool,
}

const GENERAL: &[&str] = &["NoMatchingError"];
const NO_MATCH: &[&str] = &["NoMatchingCondition"];
const PROMPT: &[(&str, Kind)] =
    &[("PromptId", One), ("Text", Text), ("SSML", Text), ("Media", Object)];
const QUEUE_OR_AGENT: &[(&str, Kind)] = &[("QueueId", One), ("AgentId", One)];

const fn action(name: &'static str) -> ActionType {
    ActionType {
        name,
        terminal: false,
        required: &[],
        optional: &[],
        one_of: &[],
        or: None,
        errors: &[],
        optional_errors: &[],
        outcomes: Outcomes::None,
        complete: true,
    }
}

/// An action of which only its way out is described.
const fn opaque(name: &'static str, errors: &'static [&'static str]) -> ActionType {
    ActionType {
        errors,
        complete: false,
        outcomes: Outcomes::Any,
        optional_errors: NO_MATCH,
        ..action(name)
    }
}

/// All that can be said of flow language in one place, by name.
pub(crate) const ACTIONS: &[ActionType] = &[
    ActionType {
        one_of: PROMPT,
        optional: &[("SkipWhenDTMFBufferEnabled", Static)],
        errors: GENERAL,
        ..action("MessageParticipant")
    },
    ActionType {
        one_of: PROMPT,
        required: &[("InputTimeLimitSeconds", Number), ("StoreInput", Static)],
        optional: &[
            ("InputValidation", Object),
            ("InputEncryption", Object),
            ("DTMFConfiguration", Object),
        ],
        errors: GENERAL,
        optional_errors: &["NoMatchingCondition", "InputTimeLimitExceeded", "InvalidPhoneNumber"],
        outcomes: Outcomes::Key,
        ..action("GetParticipantInput")
    },
    ActionType {
        one_of: PROMPT,
        // A bot that is told something first answers to it.
        or: Some("LexInitializationData"),
        optional: &[
            ("LexV2Bot", Object),
            ("LexBot", Object),
            ("LexSessionAttributes", Object),
            ("LexInitializationData", Object),
            ("LexTimeoutSeconds", Object),
        ],
        errors: &["NoMatchingError", "NoMatchingCondition"],
        optional_errors: &["InputTimeLimitExceeded"],
        outcomes: Outcomes::Equals,
        ..action("ConnectParticipantWithLexBot")
    },
    ActionType { terminal: true, ..action("DisconnectParticipant") },
    ActionType { terminal: true, ..action("EndFlowExecution") },
    ActionType { terminal: true, complete: false, ..action("EndFlowModuleExecution") },
    ActionType {
        required: &[("Messages", Object)],
        optional: &[("InterruptFrequencySeconds", Number)],
        errors: GENERAL,
        outcomes: Outcomes::Exactly(&["MessagesInterrupted"]),
        ..action("MessageParticipantIteratively")
    },
    ActionType {
        errors: &["NoMatchingError", "NoMatchingCondition", "TimeLimitExceeded"],
        outcomes: Outcomes::Equals,
        ..opaque("ShowView", &[])
    },
    ActionType {
        required: &[("ThirdPartyPhoneNumber", One)],
        optional: &[
            ("ThirdPartyConnectionTimeLimitSeconds", Number),
            ("ContinueFlowExecution", Static),
            ("ThirdPartyDTMFDigits", One),
            ("CallerId", Object),
        ],
        errors: GENERAL,
        optional_errors: &["CallFailed", "ConnectionTimeLimitExceeded"],
        ..action("TransferParticipantToThirdParty")
    },
    ActionType {
        required: &[("ComparisonValue", Path)],
        errors: NO_MATCH,
        outcomes: Outcomes::Any,
        ..action("Compare")
    },
    ActionType {
        optional: &[("HoursOfOperationId", One)],
        errors: GENERAL,
        outcomes: Outcomes::Exactly(&["True", "False"]),
        ..action("CheckHoursOfOperation")
    },
    ActionType {
        required: &[("MetricType", Static)],
        optional: &[("QueueId", One), ("AgentId", One)],
        errors: &["NoMatchingError", "NoMatchingCondition"],
        outcomes: Outcomes::Any,
        ..action("CheckMetricData")
    },
    opaque("GetMetricData", GENERAL),
    ActionType {
        errors: NO_MATCH,
        outcomes: Outcomes::LessThan,
        ..action("DistributeByPercentage")
    },
    ActionType {
        required: &[("LoopCount", NumberOrOne)],
        optional: &[("LoopName", Static)],
        outcomes: Outcomes::Exactly(&["ContinueLooping", "DoneLooping"]),
        ..action("Loop")
    },
    ActionType {
        required: &[("TimeLimitSeconds", NumberOrOne)],
        optional: &[
            ("Events", Object),
            ("ContinueExecution", Static),
            ("MinimumWaitTimeSeconds", NumberOrOne),
        ],
        errors: GENERAL,
        // Exported flows have it; the bridge flow does without.
        optional_errors: &["ParticipantNotFound"],
        outcomes: Outcomes::Equals,
        ..action("Wait")
    },
    ActionType { required: &[("ContactFlowId", One)], errors: GENERAL, ..action("TransferToFlow") },
    ActionType {
        required: &[("FlowAttributes", Object)],
        errors: GENERAL,
        ..action("UpdateFlowAttributes")
    },
    ActionType {
        required: &[("FlowLoggingBehavior", Static)],
        ..action("UpdateFlowLoggingBehavior")
    },
    opaque("UpdateContactRoutingCriteria", GENERAL),
    opaque("CheckOutboundCallStatus", GENERAL),
    opaque("CheckVoiceId", GENERAL),
    opaque("StartVoiceIdStream", GENERAL),
    ActionType {
        required: &[("LambdaFunctionARN", One), ("InvocationTimeLimitSeconds", Number)],
        optional: &[
            ("InvocationType", Static),
            ("LambdaInvocationAttributes", Object),
            ("ResponseValidation", Object),
        ],
        errors: GENERAL,
        ..action("InvokeLambdaFunction")
    },
    ActionType {
        optional: &[
            ("QueueId", One),
            ("AgentId", One),
            ("InitialCallDelaySeconds", Number),
            ("MaximumConnectionAttempts", Number),
            ("RetryDelaySeconds", Number),
            ("ContactFlowId", One),
            ("CallerId", Object),
        ],
        errors: GENERAL,
        ..action("CreateCallbackContact")
    },
    opaque("CreateCustomerProfile", GENERAL),
    opaque("GetCustomerProfile", &["NoMatchingError", "MultipleFoundError", "NoneFoundError"]),
    opaque("UpdateCustomerProfile", GENERAL),
    opaque("GetCustomerProfileObject", GENERAL),
    opaque("GetCalculatedAttributesForCustomerProfile", GENERAL),
    opaque("AssociateContactToCustomerProfile", GENERAL),
    ActionType {
        required: &[("Attributes", Object)],
        optional: &[("TargetContact", Static)],
        errors: GENERAL,
        ..action("UpdateContactAttributes")
    },
    ActionType {
        optional: &[
            ("LanguageCode", One),
            ("Name", Text),
            ("Description", Text),
            ("CustomerId", One),
            ("IsVoiceIdEnabled", Static),
            ("WisdomSessionArn", One),
            ("TargetContact", Static),
        ],
        errors: GENERAL,
        ..action("UpdateContactData")
    },
    ActionType { one_of: QUEUE_OR_AGENT, errors: GENERAL, ..action("UpdateContactTargetQueue") },
    ActionType {
        errors: &["QueueAtCapacity", "NoMatchingError"],
        ..action("TransferContactToQueue")
    },
    ActionType {
        one_of: QUEUE_OR_AGENT,
        errors: &["QueueAtCapacity", "NoMatchingError"],
        ..action("DequeueContactAndTransferToQueue")
    },
    ActionType { terminal: true, complete: false, ..action("TransferContactToAgent") },
    ActionType {
        required: &[("CallbackNumber", Path)],
        errors: &["InvalidCallbackNumber", "CallbackNumberNotDialable"],
        ..action("UpdateContactCallbackNumber")
    },
    ActionType {
        required: &[("EventHooks", Object)],
        optional: &[("EventHooksConfiguration", Object)],
        errors: GENERAL,
        ..action("UpdateContactEventHooks")
    },
    ActionType {
        one_of: &[("QueuePriority", Number), ("QueueTimeAdjustmentSeconds", Number)],
        ..action("UpdateContactRoutingBehavior")
    },
    ActionType {
        required: &[("TextToSpeechVoice", One)],
        optional: &[("TextToSpeechEngine", Static), ("TextToSpeechStyle", Static)],
        errors: GENERAL,
        ..action("UpdateContactTextToSpeechVoice")
    },
    opaque("UpdateContactRecordingBehavior", &[]),
    opaque("UpdateContactRecordingAndAnalyticsBehavior", &["NoMatchingError", "ChannelMismatch"]),
    opaque("UpdateContactMediaStreamingBehavior", GENERAL),
    opaque("UpdateContactMediaProcessing", &["NoMatchingError", "ChannelMismatch"]),
    opaque("UpdatePreviousContactParticipantState", GENERAL),
    opaque("InvokeFlowModule", GENERAL),
    opaque("CreateTask", GENERAL),
    opaque("CreateCase", GENERAL),
    opaque("GetCase", GENERAL),
    opaque("UpdateCase", GENERAL),
    opaque("CreateWisdomSession", GENERAL),
    opaque("StartOutboundChatContact", GENERAL),
    opaque("TagContact", &[]),
    opaque("UntagContact", GENERAL),
    opaque("CompleteOutboundCall", &[]),
    opaque("ResumeContact", GENERAL),
];

/// Names that older tools and careless hands write for an action type.
pub(crate) const MISNAMED: &[(&str, &str)] = &[
    ("TransferToQueue", "TransferContactToQueue"),
    ("TransferContactToFlow", "TransferToFlow"),
    ("GetCustomerInput", "GetParticipantInput"),
    ("GetUserInput", "GetParticipantInput"),
    ("StoreUserInput", "GetParticipantInput"),
    ("StoreCustomerInput", "GetParticipantInput"),
    ("CheckAttribute", "Compare"),
    ("SetVoice", "UpdateContactTextToSpeechVoice"),
    ("SetAttributes", "UpdateContactAttributes"),
    ("SetQueue", "UpdateContactTargetQueue"),
    ("SetWorkingQueue", "UpdateContactTargetQueue"),
    ("SetCallbackNumber", "UpdateContactCallbackNumber"),
    ("CheckStaffing", "CheckMetricData"),
    ("PlayPrompt", "MessageParticipant"),
    ("InvokeExternalResource", "InvokeLambdaFunction"),
    ("UnTagContact", "UntagContact"),
    ("UpdateRoutingCriteria", "UpdateContactRoutingCriteria"),
    ("Disconnect", "DisconnectParticipant"),
];

/// The action type of this name.
pub(crate) fn find(name: &str) -> Option<&'static ActionType> {
    ACTIONS.iter().find(|action| action.name == name)
}
