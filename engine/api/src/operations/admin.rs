//! The operations of the admin API.

use serde_json::json;

use super::Method::{Delete, Get, Post, Put};
use super::{Access, Answer, Content, Operation, Shape, bytes, json_of};
use crate::Done;
use crate::Role::{Agent, Designer, Operator, Viewer};
use crate::access::{AccessList, AccessQuery};
use crate::changes::{Back, CanaryChange, ChangeQuery, Outcome, Push};
use crate::engineers::{
    Duty, DutyChange, DutyList, EngineerChange, EngineerList, EngineerQuery, ShownEngineer,
};
use crate::records::{
    CollectionList, FindRecords, FoundRecords, ImportRecords, Record, RecordData, RecordList,
    RecordQuery, RecordWritten, RecordsImported,
};
use crate::releases::{
    AuditList, ContentQuery, FlowList, PageQuery, PluginList, ReleaseList, Status, VersionList,
};
use crate::store::{Backup, Erase, Purge, StoreJob, Verify};
use crate::tickets::{ShownTicket, Ticket, TicketChange, TicketList, TicketQuery};
use crate::tokens::{MadeToken, NewToken, TokenList};

/// The `.minisig` of a plugin that is pushed as a body: Base64 of its text.
pub const SIGNATURE: &str = "x-dialgraph-minisig";

/// Every operation of the admin API.
pub fn admin() -> Vec<Operation> {
    let groups = [
        ("releases", releases()),
        ("tokens", tokens()),
        ("flows", items(&FLOWS)),
        ("plugins", items(&PLUGINS)),
        ("records", records()),
        ("tickets", tickets()),
        ("engineers", engineers()),
        ("store", store()),
    ];
    let tagged = |(tag, group): (_, Vec<Operation>)| group.into_iter().map(move |o| o.tag(tag));
    groups.into_iter().flat_map(tagged).collect()
}

fn releases() -> Vec<Operation> {
    let viewer = |path, id, what| Operation::new(Get, path, id, Access::Role(Viewer), what);
    let designer = |path, id, what| Operation::new(Post, path, id, Access::Role(Designer), what);
    vec![
        viewer("/v1/releases", "listReleases", "Releases that were made, the newest first.")
            .query::<PageQuery>()
            .answers::<ReleaseList>(200, "The releases."),
        designer(
            "/v1/releases",
            "pushRelease",
            "Makes several things live at once, or none of them.",
        )
        .takes::<Push>()
        .answers::<Outcome>(200, "The outcome.")
        .fails(&[409, 422]),
        viewer(
            "/v1/releases/live",
            "showLive",
            "What is live: the release, its canary, pins, and the releases that calls still have.",
        )
        .answers::<Status>(200, "What is live."),
        designer(
            "/v1/releases/rollback",
            "rollBackRelease",
            "Goes back to an earlier release as a whole.",
        )
        .may_take::<Back>()
        .answers::<Outcome>(200, "The outcome.")
        .fails(&[404, 409, 422]),
        viewer("/v1/audit", "listAudit", "The audit log, the newest first.")
            .query::<PageQuery>()
            .answers::<AuditList>(200, "Its lines."),
        designer(
            "/v1/canary",
            "changeCanary",
            "Changes the canary's share, promotes it or withdraws it.",
        )
        .takes::<CanaryChange>()
        .answers::<Status>(200, "What is live after the change.")
        .fails(&[409]),
    ]
}

fn tokens() -> Vec<Operation> {
    let operator =
        |method, path, id, what| Operation::new(method, path, id, Access::Role(Operator), what);
    vec![
        operator(Get, "/v1/tokens", "listTokens", "Tokens that were made while the engine ran.")
            .answers::<TokenList>(200, "The tokens, without their secrets."),
        operator(Post, "/v1/tokens", "makeToken", "Makes a token; it is shown this once.")
            .takes::<NewToken>()
            .answers::<MadeToken>(200, "The token."),
        operator(Delete, "/v1/tokens/{id}", "revokeToken", "Revokes a token.")
            .path_part::<String>("id", "The token's id.")
            .answers::<Done>(200, "It is done.")
            .fails(&[404]),
    ]
}

/// How the two kinds of items differ.
struct Kind {
    all: &'static str,
    one: &'static str,
    content: &'static str,
    rollback: &'static str,
    pin: &'static str,
    /// Names of the operations, in the order of [`items`].
    ids: [&'static str; 8],
    live: &'static str,
    name: &'static str,
    media: &'static str,
}

const FLOWS: Kind = Kind {
    all: "/v1/flows",
    one: "/v1/flows/{name}",
    content: "/v1/flows/{name}/content",
    rollback: "/v1/flows/{name}/rollback",
    pin: "/v1/flows/{name}/pin",
    ids: [
        "listFlows",
        "listFlowVersions",
        "pushFlow",
        "removeFlow",
        "readFlow",
        "rollBackFlow",
        "pinFlow",
        "unpinFlow",
    ],
    live: "The flows that are live.",
    name: "Name of the flow.",
    media: "application/yaml",
};

const PLUGINS: Kind = Kind {
    all: "/v1/plugins",
    one: "/v1/plugins/{name}",
    content: "/v1/plugins/{name}/content",
    rollback: "/v1/plugins/{name}/rollback",
    pin: "/v1/plugins/{name}/pin",
    ids: [
        "listPlugins",
        "listPluginVersions",
        "pushPlugin",
        "removePlugin",
        "readPlugin",
        "rollBackPlugin",
        "pinPlugin",
        "unpinPlugin",
    ],
    live: "The plugins that are live.",
    name: "Name of the plugin.",
    media: "application/wasm",
};

fn items(kind: &Kind) -> Vec<Operation> {
    let [list, versions, push, remove, read, back, pin, unpin] = kind.ids;
    let one = |method, path, id, role, what| {
        let operation = Operation::new(method, path, id, Access::Role(role), what);
        operation.path_part::<String>("name", kind.name)
    };
    let ordered = "Sorted by name.";
    let listed = Operation::new(Get, kind.all, list, Access::Role(Viewer), kind.live);
    let pushed = one(Put, kind.one, push, Designer, "Makes a new version live.")
        .query::<ChangeQuery>()
        .takes_bytes(kind.media);
    let is_plugin = kind.media == PLUGINS.media;
    // YAML may be read as what it says, which can be anything.
    let read_bytes = if is_plugin {
        bytes(kind.media)
    } else {
        Content { media: kind.media, shape: Shape::Plain(json!({})) }
    };
    let mut content = Answer::new(200, "The bytes; `etag` is their digest.", vec![read_bytes]);
    content.headers.push((
        "ETag",
        json!({
            "description": "Digest of the bytes, in quotes.",
            "required": true,
            "schema": {"type": "string", "pattern": "^\"sha256:[0-9a-f]{64}\"$"},
        }),
    ));
    vec![
        if is_plugin {
            listed.answers::<PluginList>(200, ordered)
        } else {
            listed.answers::<FlowList>(200, ordered)
        },
        one(Get, kind.one, versions, Viewer, "Its versions, the newest first.")
            .answers::<VersionList>(200, "The versions.")
            .fails(&[404]),
        if is_plugin {
            pushed.header(SIGNATURE, "Text of its .minisig in Base64.")
        } else {
            pushed
        }
        .answers::<Outcome>(200, "The outcome.")
        .fails(&[409, 422]),
        one(Delete, kind.one, remove, Designer, "Removes it from what is live.")
            .query::<ChangeQuery>()
            .answers::<Outcome>(200, "The outcome.")
            .fails(&[409, 422]),
        one(Get, kind.content, read, Viewer, "Its bytes.")
            .query::<ContentQuery>()
            .answer(content)
            .fails(&[404]),
        one(Post, kind.rollback, back, Designer, "Goes back to an earlier version.")
            .may_take::<Back>()
            .answers::<Outcome>(200, "The outcome.")
            .fails(&[404, 409, 422]),
        one(Put, kind.pin, pin, Designer, "Pins it to the version that is live.")
            .answers::<Done>(200, "It is done.")
            .fails(&[404, 409]),
        one(Delete, kind.pin, unpin, Designer, "Unpins it, so that pushes can change it again.")
            .answers::<Done>(200, "It is done.")
            .fails(&[404]),
    ]
}

/// An answer with a version as `etag`.
fn tagged(mut answer: Answer) -> Answer {
    let tag = json!({
        "description": "The version, in quotes.",
        "required": true,
        "schema": {"type": "string", "pattern": "^\"[0-9]+\"$"},
    });
    answer.headers.push(("ETag", tag));
    answer
}

const IF_MATCH: &str = "Does it only if the version is this, as `etag` had it.";

fn tickets() -> Vec<Operation> {
    let one = |method, id, what| {
        let operation = Operation::new(method, "/v1/tickets/{id}", id, Access::Role(Agent), what);
        operation.path_part::<String>("id", "The ticket's id.").fails(&[404])
    };
    vec![
        Operation::new(
            Get,
            "/v1/access-log",
            "listAccesses",
            Access::Role(Viewer),
            "Who asked for records and tickets, the newest first; each line is kept for 400 days.",
        )
        .query::<AccessQuery>()
        .answers::<AccessList>(200, "The lines."),
        Operation::new(
            Get,
            "/v1/tickets",
            "listTickets",
            Access::Role(Agent),
            "Tickets of the engine's own desk, the newest first.",
        )
        .query::<TicketQuery>()
        .answers::<TicketList>(200, "The tickets."),
        one(Get, "showTicket", "A ticket, with what people did with it.")
            .answer(tagged(Answer::new(200, "The ticket.", vec![json_of::<ShownTicket>()]))),
        one(Post, "changeTicket", "Assigns a ticket, comments, closes or reopens it.")
            .header("if-match", IF_MATCH)
            .takes::<TicketChange>()
            .answer(tagged(Answer::new(
                200,
                "The ticket after the change.",
                vec![json_of::<Ticket>()],
            )))
            .fails(&[409, 412]),
    ]
}

fn engineers() -> Vec<Operation> {
    let of = |method, path, id, role, what| {
        Operation::new(method, path, id, Access::Role(role), what).fails(&[409])
    };
    let one = |method, id, what| {
        let operation = of(method, "/v1/engineers/{key}", id, Agent, what);
        operation.path_part::<String>("key", "Key of the engineer's record.").fails(&[404])
    };
    let day = |method, id, what| {
        let operation = of(method, "/v1/duty/{day}", id, Designer, what);
        operation.path_part::<String>("day", "A date such as `2026-12-25`, or a weekday.")
    };
    vec![
        of(
            Get,
            "/v1/engineers",
            "listEngineers",
            Agent,
            "Engineers of the live project, whether they take calls and how much they have to do.",
        )
        .query::<EngineerQuery>()
        .answers::<EngineerList>(200, "The engineers."),
        one(Get, "showEngineer", "An engineer, with what they work on.")
            .answers::<ShownEngineer>(200, "The engineer."),
        one(
            Post,
            "changeEngineer",
            "Says whether an engineer takes calls, from the next call on. With the role agent, only of oneself.",
        )
        .takes::<EngineerChange>()
        .answers::<ShownEngineer>(200, "The engineer after the change."),
        of(Get, "/v1/duty", "listDuty", Agent, "Who is on duty on which day.")
            .query::<EngineerQuery>()
            .answers::<DutyList>(200, "The days."),
        day(Put, "changeDuty", "Puts somebody on duty, from the next call on.")
            .takes::<DutyChange>()
            .answers::<Duty>(200, "The day."),
        day(Delete, "removeDuty", "Takes a day out of the plan.")
            .answers::<Done>(200, "It is done.")
            .fails(&[404]),
    ]
}

fn records() -> Vec<Operation> {
    let of = |method, path, id, role, what| {
        let operation = Operation::new(method, path, id, Access::Role(role), what);
        operation.path_part::<String>("collection", "Name of the collection.").fails(&[404])
    };
    let one = |method, id, role, what| {
        let path = "/v1/collections/{collection}/records/{key}";
        of(method, path, id, role, what).path_part::<String>("key", "Key of the record.")
    };
    vec![
        Operation::new(
            Get,
            "/v1/collections",
            "listCollections",
            Access::Role(Viewer),
            "The collections of the live project.",
        )
        .answers::<CollectionList>(200, "The collections."),
        of(
            Get,
            "/v1/collections/{collection}/records",
            "listRecords",
            Agent,
            "Records in the order of their keys.",
        )
        .query::<RecordQuery>()
        .answers::<RecordList>(200, "The records.")
        .fails(&[409]),
        one(Get, "readRecord", Agent, "A record.").fails(&[409]).answer(tagged(Answer::new(
            200,
            "The record.",
            vec![json_of::<Record>()],
        ))),
        one(Put, "writeRecord", Designer, "Writes a record whole: it replaces all fields.")
            .header("if-match", IF_MATCH)
            .header("if-none-match", "`*`: writes only if there is no such record.")
            .takes::<RecordData>()
            .answer(tagged(Answer::new(200, "It is written.", vec![json_of::<RecordWritten>()])))
            .fails(&[409, 412]),
        one(Delete, "deleteRecord", Designer, "Removes a record.")
            .header("if-match", IF_MATCH)
            .answers::<Done>(200, "It is removed.")
            .fails(&[409, 412]),
        of(
            Post,
            "/v1/collections/{collection}/find",
            "findRecords",
            Agent,
            "Finds records by an index.",
        )
        .takes::<FindRecords>()
        .answers::<FoundRecords>(200, "The records, the best first.")
        .fails(&[409]),
        of(
            Post,
            "/v1/collections/{collection}/import",
            "importRecords",
            Designer,
            "Writes many records; those that cannot be records of the collection are told.",
        )
        .takes::<ImportRecords>()
        .answers::<RecordsImported>(200, "What was written, and what not.")
        .fails(&[409]),
    ]
}

fn store() -> Vec<Operation> {
    let begun = "It has begun; `GET /v1/store/job` tells how far it is.";
    let begins = |path, id, what| {
        Operation::new(Post, path, id, Access::Role(Operator), what)
            .answers::<StoreJob>(202, begun)
            .fails(&[409])
    };
    vec![
        begins(
            "/v1/store/purge",
            "purgeStore",
            "Removes calls that ended long ago, and if asked old records and tickets; not while another such task is under way.",
        )
        .takes::<Purge>(),
        begins(
            "/v1/store/erase",
            "eraseCustomer",
            "Removes everything of one customer, as the live project's `erase:` finds it.",
        )
        .takes::<Erase>(),
        begins(
            "/v1/store/backup",
            "backUpStore",
            "Backs an embedded store up into the folder that `store.backup` names, while calls go on; not while another such task is under way.",
        )
        .takes::<Backup>(),
        begins(
            "/v1/store/verify",
            "verifyStore",
            "Reads the whole store: whether every row can be read, and indexes, counts, checksums and the commit log agree. Calls go on.",
        )
        .takes::<Verify>(),
        Operation::new(
            Get,
            "/v1/store/job",
            "storeJob",
            Access::Role(Operator),
            "The task that this process carries out in the store now, or did last.",
        )
        .answers::<StoreJob>(200, "The task.")
        .fails(&[404]),
    ]
}
