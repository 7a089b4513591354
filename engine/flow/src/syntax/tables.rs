//! What flow files and project files may hold. See [`shape`](super::shape) for what reads this.

use std::time::Duration;

use super::shape::{Field, Kind, Object, Shape};

const fn must(key: &'static str, shape: Shape, doc: &'static str, example: &'static str) -> Field {
    Field { key, doc, required: true, shape, example }
}

const fn may(key: &'static str, shape: Shape, doc: &'static str, example: &'static str) -> Field {
    Field { key, doc, required: false, shape, example }
}

/// What the caller hears, by locale.
pub(crate) const PROMPT: Shape = Shape::Map(&Shape::Locale, &Shape::Text);
const EXPRS: Shape = Shape::Map(&Shape::Name, &Shape::Expr);
const ASSIGNMENTS: Shape = Shape::Map(&Shape::Identifier, &Shape::Expr);
const TARGETS: Shape = Shape::Map(&Shape::Name, &Shape::Name);
pub(crate) const TYPES: &[&str] = &["string", "number", "boolean", "list", "map", "any"];
const TYPE: Shape = Shape::Words(TYPES);
const WAIT: Shape = Shape::Time(Duration::from_secs(1), Duration::from_secs(60));

const NEXT: Field = must("next", Shape::Name, "Node that comes next.", r#""goodbye""#);
const ON: Field = may(
    "on",
    TARGETS,
    "Which node each port (exit) of this node leads to. Every port must be wired.",
    r#"{"open": "menu", "closed": "after-hours", "error": "to-agent"}"#,
);
const SAVE: Field = may(
    "save",
    ASSIGNMENTS,
    "Attributes to set when the node is left, each by an expression over `output`.",
    r#"{"account_id": "output.account_id"}"#,
);
const WITH: Field = may(
    "with",
    EXPRS,
    "Inputs: a text is an expression; numbers, truth values, lists and maps stand for themselves.",
    r#"{"account_id": "account_id"}"#,
);
const SAY: Field = may(
    "say",
    PROMPT,
    "Said first, by locale.",
    r#"{"ko-KR": "잠시만 기다려 주세요.", "en-US": "One moment please."}"#,
);

const ATTRIBUTE: Object = Object {
    name: "attribute",
    doc: "An attribute of the call.",
    fields: &[
        must("type", TYPE, "What its values are.", r#""string""#),
        may(
            "sensitive",
            Shape::Flag,
            "Its value appears in no transcript and no log. Default: false.",
            "true",
        ),
        may("default", Shape::Any, "Its value before anything sets it. Default: null.", "0"),
    ],
    one_of: &[],
};

const DIGITS: Object = Object {
    name: "digits",
    doc: "Keys accepted as a number; leaves by port `digits`.",
    fields: &[
        must("min", Shape::Whole(1, 64), "At least so many digits.", "12"),
        must("max", Shape::Whole(1, 64), "At most so many digits.", "12"),
        may("terminator", Shape::Key, "The key that ends the input early.", r##""#""##),
    ],
    one_of: &[],
};

const ASK: Object = Object {
    name: "ask",
    doc: "A question to the caller. It must accept something: `menu`, `phrases`, `digits` or `speech`.",
    fields: &[
        must(
            "prompt",
            PROMPT,
            "The question, by locale.",
            r#"{"ko-KR": "장애 문의는 1번을 눌러 주세요.", "en-US": "For an outage press 1."}"#,
        ),
        may(
            "menu",
            Shape::Map(&Shape::Key, &Shape::Name),
            "Key of the telephone to port.",
            r#"{"1": "emergency", "2": "general"}"#,
        ),
        may(
            "phrases",
            Shape::Map(&Shape::Name, &Shape::Map(&Shape::Locale, &Shape::List(&Shape::Text))),
            "Port to the words, by locale, that mean it when the caller says them.",
            r#"{"emergency": {"ko-KR": ["긴급", "장애"], "en-US": ["emergency"]}}"#,
        ),
        may(
            "digits",
            Shape::Object(&DIGITS),
            "A number to be keyed in; leaves by port `digits`.",
            r##"{"min": 12, "max": 12, "terminator": "#"}"##,
        ),
        may(
            "speech",
            Shape::Flag,
            "Any words are accepted; leaves by port `said`. Default: false.",
            "true",
        ),
        may("timeout", WAIT, "Silence that counts as no answer. Default: 5s.", r#""5s""#),
        may(
            "tries",
            Shape::Whole(1, 10),
            "How often the caller may fail to answer before `no_input` or `no_match` is taken. Default: 3.",
            "3",
        ),
        may(
            "no_input",
            Shape::List(&PROMPT),
            "Said instead of the prompt after the first, second … silence; the last repeats.",
            r#"[{"ko-KR": "다시 말씀해 주세요.", "en-US": "Please say it again."}]"#,
        ),
        may(
            "no_match",
            Shape::List(&PROMPT),
            "Said instead of the prompt after the first, second … answer that fits nothing; the last repeats.",
            r#"[{"ko-KR": "이해하지 못했습니다.", "en-US": "I did not get that."}]"#,
        ),
        may(
            "sensitive",
            Shape::Flag,
            "Neither words nor keys of the answer appear in transcripts and logs. Default: false.",
            "true",
        ),
    ],
    one_of: &[],
};

const CASE: Object = Object {
    name: "case",
    doc: "A case of a switch.",
    fields: &[
        must(
            "when",
            Shape::Expr,
            "Expression that is true or false.",
            r#""customer_class == \"msp\"""#,
        ),
        NEXT,
    ],
    one_of: &[],
};

const FLOW_REF: Object = Object {
    name: "flow-reference",
    doc: "Another flow.",
    fields: &[must("flow", Shape::Name, "Name of the flow.", r#""customer-auth""#)],
    one_of: &[],
};

const TO_QUEUE: Object = Object {
    name: "to-queue",
    doc: "A queue and what is said before.",
    fields: &[must("to", Shape::Name, "Name of the queue.", r#""msp-emergency""#), SAY],
    one_of: &[],
};

const CALLBACK: Object = Object {
    name: "callback",
    doc: "A promise to call back.",
    fields: &[
        must("queue", Shape::Name, "Queue that calls back.", r#""callback""#),
        must("number", Shape::Expr, "Expression for the number to call.", r#""call.from""#),
        SAY,
    ],
    one_of: &[],
};

const TRANSFER: Object = Object {
    name: "transfer",
    doc: "A telephone number outside.",
    fields: &[
        must(
            "number",
            Shape::Expr,
            "Expression for the number, E.164.",
            r#""\"+82-2-0000-0000\"""#,
        ),
        SAY,
    ],
    one_of: &[],
};

const END: Object = Object {
    name: "end",
    doc: "The end: of the call (`disposition`) or of this flow (`return`).",
    fields: &[
        may(
            "disposition",
            Shape::Name,
            "Hang up; this word goes into the call's record.",
            r#""resolved""#,
        ),
        may(
            "return",
            Shape::Name,
            "Back to the calling flow, by this one of the flow's `returns`.",
            r#""msp""#,
        ),
        may("with", EXPRS, "The values that this return gives.", r#"{"company": "company"}"#),
        SAY,
    ],
    one_of: &["disposition", "return"],
};

const FLOW_NAME: Shape = Shape::Either(&[Shape::Name, Shape::Object(&FLOW_REF)]);

/// The node kinds.
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        word: "say",
        doc: "Speaks and goes on. A text that starts with `<speak>` is SSML; `${…}` holds an expression.",
        shape: PROMPT,
        beside: &[NEXT],
        example: r#"{"say": {"ko-KR": "안녕하세요.", "en-US": "Hello."}, "next": "menu"}"#,
    },
    Kind {
        word: "ask",
        doc: "Speaks, waits for the caller and leaves by a port: those of `menu` and `phrases`, `digits`, `said`, and `no_input` and `no_match` after `tries` vain tries.",
        shape: Shape::Object(&ASK),
        beside: &[SAVE, ON],
        example: r#"{"ask": {"prompt": {"ko-KR": "1번을 눌러 주세요.", "en-US": "Press 1."}, "menu": {"1": "one"}}, "on": {"one": "first", "no_input": "to-agent", "no_match": "to-agent"}}"#,
    },
    Kind {
        word: "switch",
        doc: "Goes on by the first case that holds, else by `next`.",
        shape: Shape::List(&Shape::Object(&CASE)),
        beside: &[NEXT],
        example: r#"{"switch": [{"when": "tries > 2", "next": "to-agent"}], "next": "again"}"#,
    },
    Kind {
        word: "set",
        doc: "Gives attributes new values. `locale` switches the language of the call.",
        shape: ASSIGNMENTS,
        beside: &[NEXT],
        example: r#"{"set": {"tries": "tries + 1"}, "next": "again"}"#,
    },
    Kind {
        word: "use",
        doc: "Runs a plugin and leaves by one of its ports, or by `error`.",
        shape: Shape::Name,
        beside: &[
            may(
                "config",
                Shape::Map(&Shape::Text, &Shape::Any),
                "Configuration, as the plugin's schema says. Static: no expressions.",
                r#"{"calendar": "seoul-office"}"#,
            ),
            WITH,
            may(
                "timeout",
                Shape::Time(Duration::from_millis(100), Duration::from_secs(60)),
                "For everything that the plugin waits for in one visit. Default: 8s.",
                r#""8s""#,
            ),
            SAVE,
            ON,
        ],
        example: r#"{"use": "hours-check", "config": {"calendar": "seoul-office"}, "on": {"open": "menu", "closed": "closed", "error": "to-agent"}}"#,
    },
    Kind {
        word: "call",
        doc: "Runs another flow and goes on by the port it returns.",
        shape: FLOW_NAME,
        beside: &[WITH, SAVE, ON],
        example: r#"{"call": "customer-auth", "with": {"reason": "\"billing\""}, "on": {"msp": "msp", "general": "general"}}"#,
    },
    Kind {
        word: "goto",
        doc: "Goes on in another flow for good.",
        shape: FLOW_NAME,
        beside: &[],
        example: r#"{"goto": "msp-customer"}"#,
    },
    Kind {
        word: "queue",
        doc: "Hands the caller to a queue. Leaves by `error` only if the channel could not do it.",
        shape: Shape::Either(&[Shape::Name, Shape::Object(&TO_QUEUE)]),
        beside: &[ON],
        example: r#"{"queue": "msp-emergency", "on": {"error": "hang-up"}}"#,
    },
    Kind {
        word: "callback",
        doc: "Promises a call back from a queue and ends the call.",
        shape: Shape::Object(&CALLBACK),
        beside: &[ON],
        example: r#"{"callback": {"queue": "callback", "number": "call.from"}, "on": {"error": "hang-up"}}"#,
    },
    Kind {
        word: "transfer",
        doc: "Hands the caller to a telephone number outside.",
        shape: Shape::Object(&TRANSFER),
        beside: &[ON],
        example: r#"{"transfer": {"number": "\"+82-2-0000-0000\""}, "on": {"error": "hang-up"}}"#,
    },
    Kind {
        word: "end",
        doc: "Hangs up, or returns to the calling flow.",
        shape: Shape::Object(&END),
        beside: &[],
        example: r#"{"end": {"disposition": "resolved", "say": {"ko-KR": "감사합니다.", "en-US": "Goodbye."}}}"#,
    },
];

/// A flow file, `NAME.flow.yaml`.
const FLOW: Object = Object {
    name: "flow",
    doc: "A contact flow: a graph of nodes that a call walks.",
    fields: &[
        must(
            "flow",
            Shape::Name,
            "Name of the flow; the same as the file's.",
            r#""customer-auth""#,
        ),
        may(
            "summary",
            Shape::Text,
            "What the flow is for, in one sentence.",
            r#""Finds out who is calling.""#,
        ),
        may(
            "locales",
            Shape::List(&Shape::Locale),
            "Locales in which every prompt of the flow must be written. Default: those of the project.",
            r#"["ko-KR", "en-US"]"#,
        ),
        may(
            "attributes",
            Shape::Map(&Shape::Identifier, &Shape::Either(&[TYPE, Shape::Object(&ATTRIBUTE)])),
            "Attributes of the call that this flow reads or sets. All flows of a call share them.",
            r#"{"account_id": {"type": "string", "sensitive": true}, "tries": "number"}"#,
        ),
        may(
            "inputs",
            Shape::Map(&Shape::Identifier, &TYPE),
            "Values that a calling flow must give; read as `input.NAME`.",
            r#"{"reason": "string"}"#,
        ),
        may(
            "returns",
            Shape::Map(&Shape::Name, &Shape::Map(&Shape::Identifier, &TYPE)),
            "Ports by which the flow returns to a calling flow, with the values that each gives.",
            r#"{"msp": {"company": "string"}, "general": {}}"#,
        ),
        must("start", Shape::Name, "The first node.", r#""welcome""#),
        may(
            "on_error",
            Shape::Name,
            "Node for every port `error` that is not wired.",
            r#""to-agent""#,
        ),
        must(
            "nodes",
            Shape::Map(&Shape::Name, &Shape::Node(KINDS)),
            "The nodes by name.",
            r#"{"welcome": {"say": {"ko-KR": "안녕하세요.", "en-US": "Hello."}, "next": "bye"}, "bye": {"end": {"disposition": "resolved"}}}"#,
        ),
    ],
    one_of: &[],
};

/// Capabilities that a plugin can be granted: the interfaces of the plugin contract.
pub(crate) const CAPABILITIES: &[&str] = &[
    "log",
    "clock",
    "random",
    "records-read",
    "records-write",
    "nlu",
    "genai",
    "knowledge",
    "tickets",
    "secrets",
    "http",
];

const FALLBACK: Object = Object {
    name: "fallback",
    doc: "Where a call goes when the engine can do nothing else with it.",
    fields: &[must("queue", Shape::Name, "Name of the queue.", r#""general""#), SAY],
    one_of: &[],
};

const LIMITS: Object = Object {
    name: "limits",
    doc: "Bounds that keep a wrong flow from running away.",
    fields: &[
        may(
            "nodes_per_turn",
            Shape::Whole(1, 100_000),
            "Nodes visited in one turn. Default: 200.",
            "200",
        ),
        may("turns_per_call", Shape::Whole(1, 100_000), "Turns of one call. Default: 500.", "500"),
        may(
            "attribute_bytes",
            Shape::Whole(1, 60_000),
            "Bytes of all attributes as JSON. Default: 32768.",
            "32768",
        ),
        may("depth", Shape::Whole(1, 64), "Sub-flows within sub-flows. Default: 16.", "16"),
    ],
    one_of: &[],
};

const COLLECTION: Object = Object {
    name: "collection",
    doc: "A collection of records.",
    fields: &[
        may(
            "seed",
            Shape::Text,
            "File with the records to begin with: key to record.",
            r#""data/collections/customers.yaml""#,
        ),
        may(
            "schema",
            Shape::Text,
            "File with the JSON Schema (draft-07) that every record is valid by.",
            r#""data/collections/customers.schema.yaml""#,
        ),
    ],
    one_of: &[],
};

const NAMES: Shape = Shape::List(&Shape::Name);

const PLUGIN: Object = Object {
    name: "plugin",
    doc: "What a plugin may do. Nothing is granted by default.",
    fields: &[
        may(
            "grants",
            Shape::List(&Shape::Text),
            "Capabilities that it may use: `log`, `clock`, `random`, `records-read`, `records-write`, `nlu`, `genai`, `knowledge`, `tickets`, `secrets`, `http`.",
            r#"["log", "records-read"]"#,
        ),
        may(
            "collections",
            Shape::Object(&Object {
                name: "collection-grants",
                doc: "Collections of records that it may use.",
                fields: &[
                    may("read", NAMES, "Those it may read.", r#"["customers"]"#),
                    may("write", NAMES, "Those it may write.", r#"["call_logs"]"#),
                ],
                one_of: &[],
            }),
            "Collections of records that it may use.",
            r#"{"read": ["customers"]}"#,
        ),
        may(
            "http",
            Shape::List(&Shape::Text),
            "Hosts it may call: `api.example.com`, `*.example.com`; a scheme other than https and a port must be written out.",
            r#"["*.example.com"]"#,
        ),
        may("secrets", NAMES, "Secrets it may use, never read.", r#"["desk-token"]"#),
        may(
            "limits",
            Shape::Object(&Object {
                name: "plugin-limits",
                doc: "Bounds of one run.",
                fields: &[
                    may(
                        "wall_ms",
                        Shape::Whole(1, 60_000),
                        "Milliseconds of running. Default: 1000.",
                        "2000",
                    ),
                    may(
                        "memory_bytes",
                        Shape::Whole(65_536, 1 << 30),
                        "Bytes of linear memory. Default: 16777216.",
                        "33554432",
                    ),
                    may(
                        "table_elements",
                        Shape::Whole(1, 1_000_000),
                        "Elements of each table. Default: 10000.",
                        "10000",
                    ),
                    may(
                        "host_call_bytes",
                        Shape::Whole(1, 64 << 20),
                        "Bytes passed between engine and plugin. Default: 1048576.",
                        "1048576",
                    ),
                    may("host_calls", Shape::Whole(0, 10_000), "Host calls. Default: 64.", "64"),
                    may(
                        "output_bytes",
                        Shape::Whole(1, 1 << 20),
                        "Bytes of the outcome. Default: 65536.",
                        "65536",
                    ),
                ],
                one_of: &[],
            }),
            "Bounds of one run.",
            r#"{"wall_ms": 2000}"#,
        ),
    ],
    one_of: &[],
};

const ERASE: Object = Object {
    name: "erase",
    doc: "Where a customer is named: what `dialgraph store erase --customer ID` goes by.",
    fields: &[
        may(
            "attributes",
            Shape::List(&Shape::Identifier),
            "Attributes of calls that hold the customer's id.",
            r#"["customer_id"]"#,
        ),
        may(
            "collections",
            Shape::Map(&Shape::Name, &Shape::Text),
            "Collections with records about customers, each with the field (`a.b` for nested ones) that holds the customer's id.",
            r#"{"customers": "customer_id", "call_logs": "customer_id"}"#,
        ),
        may(
            "callers",
            Shape::Map(&Shape::Name, &Shape::Text),
            "Of such a collection the field with the telephone number: calls from there that name no other customer are the customer's, too.",
            r#"{"customers": "contact_info.phone"}"#,
        ),
        may(
            "tickets",
            Shape::List(&Shape::Text),
            "Fields of tickets that hold the customer's id.",
            r#"["customer_id"]"#,
        ),
    ],
    one_of: &[],
};

/// The project file, `dialgraph.yaml`.
const PROJECT: Object = Object {
    name: "project",
    doc: "A project: flows that work together, with the data and the plugins that they use.",
    fields: &[
        must("entry", Shape::Name, "The flow in which a call begins.", r#""main-entry""#),
        may(
            "finally",
            Shape::Name,
            "The flow that runs, without a word to the caller, whenever a call ends.",
            r#""call-wrapup""#,
        ),
        must(
            "fallback",
            Shape::Object(&FALLBACK),
            "Where a call goes when the engine can do nothing else with it.",
            r#"{"queue": "general", "say": {"ko-KR": "상담원에게 연결합니다.", "en-US": "Connecting you to an agent."}}"#,
        ),
        may(
            "comfort",
            PROMPT,
            "Said, by locale, when a provider takes longer than a turn may wait. Default: words of the engine in ko-KR and en-US, and nothing in others.",
            r#"{"ko-KR": "확인하고 있습니다.", "en-US": "One moment please."}"#,
        ),
        must(
            "locales",
            Shape::List(&Shape::Locale),
            "Locales that calls may have; the first is the default.",
            r#"["ko-KR", "en-US"]"#,
        ),
        may(
            "limits",
            Shape::Object(&LIMITS),
            "Bounds that keep a wrong flow from running away.",
            r#"{"nodes_per_turn": 200}"#,
        ),
        may(
            "collections",
            Shape::Map(&Shape::Name, &Shape::Object(&COLLECTION)),
            "Collections of records by name.",
            r#"{"customers": {"seed": "data/collections/customers.yaml"}, "call_logs": {}}"#,
        ),
        may(
            "plugins",
            Shape::Map(&Shape::Name, &Shape::Object(&PLUGIN)),
            "What each plugin may do, by name.",
            r#"{"auth": {"grants": ["log", "records-read"], "collections": {"read": ["customers"]}}}"#,
        ),
        may(
            "erase",
            Shape::Object(&ERASE),
            "Where a customer is named: what `dialgraph store erase --customer ID` goes by.",
            r#"{"attributes": ["customer_id"], "collections": {"customers": "customer_id", "call_logs": "customer_id"}}"#,
        ),
    ],
    one_of: &[],
};

/// An entry of `data/queues.yaml`.
const QUEUE: Object = Object {
    name: "queue",
    doc: "A queue of the contact centre.",
    fields: &[
        must(
            "title",
            PROMPT,
            "What people call it, by locale.",
            r#"{"ko-KR": "일반 문의", "en-US": "General"}"#,
        ),
        must("priority", Shape::Whole(1, 99), "1 is served first.", "3"),
        may(
            "sla",
            Shape::Time(Duration::from_secs(1), Duration::from_hours(24 * 30)),
            "How long a caller may wait at most.",
            r#""15m""#,
        ),
        may("staff", Shape::Text, "Who serves it, in words.", r#""TS engineers""#),
        may(
            "hours",
            Shape::Name,
            "The calendar of `data/calendars.yaml` by which it is staffed, for Amazon Connect. Default: always.",
            r#""seoul-office""#,
        ),
    ],
    one_of: &[],
};

/// An entry of `data/routing-profiles.yaml`.
const ROUTING_PROFILE: Object = Object {
    name: "routing-profile",
    doc: "A kind of agent: which queues they serve. In Amazon Connect, a routing profile.",
    fields: &[
        must(
            "title",
            PROMPT,
            "What people call it, by locale.",
            r#"{"ko-KR": "전체 상담", "en-US": "Everything"}"#,
        ),
        may("voice", QUEUE_NAMES, "Queues whose calls they take.", r#"["general", "callback"]"#),
        may("chat", QUEUE_NAMES, "Queues whose chats they take.", r#"["general"]"#),
        may(
            "chats_at_once",
            Shape::Whole(1, 10),
            "Chats that one agent holds at the same time. Default: 2.",
            "3",
        ),
        must("outbound", Shape::Name, "The queue in whose name they call out.", r#""general""#),
    ],
    one_of: &[],
};
const QUEUE_NAMES: Shape = Shape::List(&Shape::Name);

/// A flow file.
pub(crate) const FLOW_FILE: Shape = Shape::Object(&FLOW);
/// `dialgraph.yaml`.
pub(crate) const PROJECT_FILE: Shape = Shape::Object(&PROJECT);
/// `data/queues.yaml`.
pub(crate) const QUEUES: Shape = Shape::Map(&Shape::Name, &Shape::Object(&QUEUE));
/// `data/routing-profiles.yaml`.
pub(crate) const ROUTING_PROFILES: Shape =
    Shape::Map(&Shape::Name, &Shape::Object(&ROUTING_PROFILE));
/// `data/calendars.yaml`.
pub(crate) const CALENDARS: Shape =
    Shape::Map(&Shape::Name, &Shape::Map(&Shape::Text, &Shape::Any));
/// A seed file.
pub(crate) const RECORDS: Shape = Shape::Map(&Shape::Text, &Shape::Map(&Shape::Text, &Shape::Any));
