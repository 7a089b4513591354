//! What flow files and project files may hold. See [`shape`](super::shape) for what reads this.

mod hooks;

use std::time::Duration;

use dialgraph_base::Medium;
use dialgraph_base::index::IndexKind;
use dialgraph_base::phone::Country;

use super::shape::{Field, Object, Shape};
use crate::kinds::KINDS;

pub(crate) const fn must(
    key: &'static str,
    shape: Shape,
    doc: &'static str,
    example: &'static str,
) -> Field {
    Field { key, doc, required: true, shape, example }
}

pub(crate) const fn may(
    key: &'static str,
    shape: Shape,
    doc: &'static str,
    example: &'static str,
) -> Field {
    Field { key, doc, required: false, shape, example }
}

/// What the caller hears or reads, by locale.
pub(crate) const PROMPT: Shape =
    Shape::Map(&Shape::Locale, &Shape::Either(&[Shape::Text, Shape::Object(&BY_MEDIUM)]));
/// Words that are read alone, by locale.
pub(crate) const TITLE: Shape = Shape::Map(&Shape::Locale, &Shape::Text);
/// Keys of [`BY_MEDIUM`].
pub(crate) const HEARD: &str = "voice";
pub(crate) const READ: &str = "text";
const BY_MEDIUM: Object = Object {
    name: "by-medium",
    doc: "A prompt whose words differ by medium.",
    fields: &[
        must(HEARD, Shape::Text, "What a caller hears.", r#""Press 1 for billing.""#),
        must(READ, Shape::Text, "What a chat shows.", r#""What is it about?""#),
    ],
    one_of: &[],
};
pub(crate) const EXPRS: Shape = Shape::Map(&Shape::Name, &Shape::Expr);
pub(crate) const ASSIGNMENTS: Shape = Shape::Map(&Shape::Identifier, &Shape::Expr);
pub(crate) const TYPES: &[&str] = &["string", "number", "boolean", "list", "map", "any"];
const TYPE: Shape = Shape::Words(TYPES);
/// Words before something else.
pub(crate) const SAY: Field = may(
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
            "Node for every port `error` that is not wired, and for every node without such a port of which an expression fails in a call.",
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

const INDEX: Object = Object {
    name: "index",
    doc: "How records are found without looking through all of them.",
    fields: &[
        may(
            "kind",
            Shape::Words(&IndexKind::WORDS),
            "What values are compared by. `exact`: as they are, all fields together. `phone`: as telephone numbers in E.164, read as numbers of the project's `country`, in any of the fields. `name`: as names of companies, the same and similar ones, in any of the fields. Default: exact.",
            r#""phone""#,
        ),
        must(
            "fields",
            Shape::List(&Shape::Text),
            "One to four fields (`a.b` for nested ones). A field that holds a list counts with each of its elements.",
            r#"["contact_info.phone"]"#,
        ),
    ],
    one_of: &[],
};

/// Fields of records, each with its name elsewhere; a list where both have one name.
const MAPPED: Shape =
    Shape::Either(&[Shape::List(&Shape::Text), Shape::Map(&Shape::Text, &Shape::Text)]);

const FROM: Field = must(
    "from",
    Shape::Name,
    "The source's name in the section `sources` of dialgraph.toml, which says how it is reached.",
    r#""crm""#,
);

const SOURCE: Object = Object {
    name: "source",
    doc: "Where the records of a collection live, if not in the engine's store.",
    fields: &[
        may(
            "postgresql",
            Shape::Object(&Object {
                name: "source-postgresql",
                doc: "A table or a view of PostgreSQL.",
                fields: &[
                    FROM,
                    must(
                        "table",
                        Shape::Text,
                        "The table or view, with its schema if it is not in the user's search path.",
                        r#""public.customers""#,
                    ),
                    must(
                        "key",
                        Shape::Text,
                        "The column that holds the key of a record.",
                        r#""customer_no""#,
                    ),
                    may(
                        "version",
                        Shape::Text,
                        "A column with a whole number that grows with every change of a row. Default: the number of the transaction that wrote the row.",
                        r#""row_version""#,
                    ),
                    may(
                        "updated",
                        Shape::Text,
                        "A column with the time of a row's last change.",
                        r#""updated_at""#,
                    ),
                    must(
                        "fields",
                        MAPPED,
                        "Fields of a record (`a.b` for nested ones), each with its column; a list where both have one name.",
                        r#"{"company_name": "name", "contact_info.phone": "phone"}"#,
                    ),
                    may(
                        "read_only",
                        Shape::Flag,
                        "Nobody writes there, whatever plugins are granted. Default: false; a view is never written.",
                        "true",
                    ),
                ],
                one_of: &[],
            }),
            "A table or a view of PostgreSQL.",
            r#"{"from": "crm", "table": "customers", "key": "id", "fields": ["company_name"]}"#,
        ),
        may(
            "dynamodb",
            Shape::Object(&Object {
                name: "source-dynamodb",
                doc: "A table of DynamoDB that others made.",
                fields: &[
                    FROM,
                    must(
                        "key",
                        Shape::Text,
                        "The attribute that holds the key of a record: the table's partition key, a text.",
                        r#""customer_id""#,
                    ),
                    may(
                        "sort",
                        Shape::Object(&Object {
                            name: "sort-key",
                            doc: "The table's sort key, a text.",
                            fields: &[
                                must(
                                    "attribute",
                                    Shape::Text,
                                    "The attribute that is the sort key.",
                                    r#""SK""#,
                                ),
                                may(
                                    "value",
                                    Shape::Text,
                                    "What all items of this collection have there; others are no records of it.",
                                    r#""PROFILE""#,
                                ),
                                may(
                                    "separator",
                                    Shape::Text,
                                    "What stands between partition key and sort key in the key of a record. No partition key contains it.",
                                    r#""/""#,
                                ),
                            ],
                            one_of: &["value", "separator"],
                        }),
                        "What a table with a sort key has besides.",
                        r#"{"attribute": "SK", "value": "PROFILE"}"#,
                    ),
                    may(
                        "version",
                        Shape::Text,
                        "An attribute with a whole number that grows with every change of an item. Default: none; nobody then writes only if a record has not changed.",
                        r#""version""#,
                    ),
                    may(
                        "indexes",
                        Shape::Map(&Shape::Text, &Shape::Text),
                        "Fields by which records are found, each with the global secondary index whose partition key is its attribute. The index projects all attributes.",
                        r#"{"aws_account_id": "account-index"}"#,
                    ),
                    must(
                        "fields",
                        MAPPED,
                        "Fields of a record (`a.b` for nested ones), each with its attribute; a list where both have one name.",
                        r#"{"company_name": "name", "aws_account_id": "account"}"#,
                    ),
                    may(
                        "read_only",
                        Shape::Flag,
                        "Nobody writes there, whatever plugins are granted. Default: false.",
                        "true",
                    ),
                ],
                one_of: &[],
            }),
            "A table of DynamoDB that others made.",
            r#"{"from": "legacy", "key": "id", "fields": ["company_name"]}"#,
        ),
        may(
            "http",
            Shape::Object(&Object {
                name: "source-http",
                doc: "A system of record that answers over HTTP with JSON.",
                fields: &[
                    FROM,
                    must(
                        "get",
                        Shape::Text,
                        "Path of one record, behind the source's address; `{key}` stands for its key.",
                        r#""/customers/{key}""#,
                    ),
                    may(
                        "find",
                        Shape::Map(&Shape::Text, &Shape::Text),
                        "By field, the path of the list of records with one value; `{value}` stands for it.",
                        r#"{"aws_account_id": "/customers?account={value}"}"#,
                    ),
                    may(
                        "list",
                        Shape::Text,
                        "Where in such an answer the list is (`a.b` for nested fields). Default: the answer is the list.",
                        r#""data.items""#,
                    ),
                    may(
                        "next",
                        Shape::Text,
                        "Where in such an answer the path or address of the next page is. Default: there is one page.",
                        r#""links.next""#,
                    ),
                    may(
                        "put",
                        Shape::Text,
                        "Path to which a record is sent with PUT; `{key}` stands for its key. Default: nobody writes there.",
                        r#""/customers/{key}""#,
                    ),
                    may(
                        "delete",
                        Shape::Text,
                        "Path of a record that DELETE removes; `{key}` stands for its key. Default: nobody removes one there.",
                        r#""/customers/{key}""#,
                    ),
                    may(
                        "empty_is_404",
                        Shape::Flag,
                        "It answers with 404 where a list is empty. Default: false; 404 then says that the path is wrong.",
                        "true",
                    ),
                    must(
                        "key",
                        Shape::Text,
                        "Where in a record of an answer its key is.",
                        r#""id""#,
                    ),
                    must(
                        "fields",
                        MAPPED,
                        "Fields of a record (`a.b` for nested ones), each with that of the answer; a list where both have one name.",
                        r#"{"company_name": "name", "contact_info.phone": "phone.main"}"#,
                    ),
                ],
                one_of: &[],
            }),
            "A system of record that answers over HTTP with JSON.",
            r#"{"from": "desk", "get": "/customers/{key}", "key": "id", "fields": ["company_name"]}"#,
        ),
    ],
    one_of: &["postgresql", "dynamodb", "http"],
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
        may(
            "references",
            Shape::Map(&Shape::Text, &Shape::Name),
            "Fields (`a.b` for nested ones) that hold the key of a record of another collection, or a list of such keys, each with that collection.",
            r#"{"assigned_engineer": "engineers"}"#,
        ),
        may(
            "indexes",
            Shape::Map(&Shape::Name, &Shape::Object(&INDEX)),
            "Indexes by name, at most eight: how plugins find records (`records-search`), at the same cost however many there are.",
            r#"{"phone": {"kind": "phone", "fields": ["contact_info.phone"]}}"#,
        ),
        may(
            "sensitive",
            Shape::List(&Shape::Text),
            "Fields (`a.b` for nested ones) that few may see. The role agent does not see them, and the record of a call shows nothing of a visit that reads or writes records of the collection.",
            r#"["contact_info.phone"]"#,
        ),
        may(
            "retention",
            Shape::Time(Duration::from_hours(24), Duration::from_hours(24 * 36_500)),
            "How long a record is kept after it was last written; `store purge` removes older ones. Default: for ever. Records of the seed stay.",
            r#""400d""#,
        ),
        may(
            "source",
            Shape::Object(&SOURCE),
            "Where its records live. Default: in the engine's store.",
            r#"{"postgresql": {"from": "crm", "table": "customers", "key": "id", "fields": ["company_name"]}}"#,
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

const ENGINEERS: Object = Object {
    name: "engineers",
    doc: "Who works on calls and tickets: what `dialgraph engineers` shows and changes.",
    fields: &[
        must(
            "collection",
            Shape::Name,
            "The collection of engineers, with the fields `is_available`, `current_load`, and if you like `engineer_id`, `name`, `max_load`.",
            r#""engineers""#,
        ),
        may(
            "token",
            Shape::Text,
            "The field of an engineer's record that holds the name of their token: with it, they change their own availability. Default: the record's key is that name.",
            r#""email""#,
        ),
        may(
            "duty",
            Shape::Name,
            "The collection that tells who is on duty: by date (`2026-12-25`) or weekday (`friday`), with the field `engineer_id`.",
            r#""duty""#,
        ),
        may(
            "work",
            Shape::Name,
            "The collection that counts who works on what, with the fields `engineer_id`, `call_id` and `since`. Open tickets of the engine's own desk count in it.",
            r#""assignments""#,
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
        may(
            "after",
            Shape::Name,
            "The flow that runs, in the background, once a contact is over: after its time in a queue and with an agent, if it had any. It knows `call.agent`, `call.answered`, `call.waited`, `call.ended_at`, `call.ended_by` and `call.transcript`.",
            r#""call-closed""#,
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
            "channels",
            Shape::List(&Shape::Words(&Medium::WORDS)),
            "Channels that contacts come by. `check` warns of what none of them shows. Default: all.",
            r#"["voice"]"#,
        ),
        may(
            "country",
            Shape::Words(Country::codes()),
            "Country of telephone numbers that are written without a country code (ISO 3166-1 alpha-2). Default: that of the first locale.",
            r#""KR""#,
        ),
        may(
            "zone",
            Shape::Text,
            "IANA time zone of the business: which day a caller's “tomorrow” is. Default: that of `country`, if it has one alone.",
            r#""Asia/Seoul""#,
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
            "hooks",
            Shape::Map(&Shape::Name, &Shape::Object(&hooks::HOOK)),
            "What may happen outside, by name: a node `hook` makes an address for one call, a node `await` waits for what arrives there.",
            r#"{"payment": {"expires": "15m", "signed": {"standard_webhooks": {"secret": "payment-webhook"}}}}"#,
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
        may(
            "engineers",
            Shape::Object(&ENGINEERS),
            "Who works on calls and tickets: what `dialgraph engineers` shows and changes.",
            r#"{"collection": "engineers", "duty": "duty", "work": "assignments"}"#,
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
            TITLE,
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
            TITLE,
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
