//! The operations of the calls API.

use serde_json::json;

use super::Method::{Get, Post, Put};
use super::{Access, Answer, Content, JSON, Method, Operation, Shape, json_of};
use crate::Role::{Designer, Viewer};
use crate::calls::{
    self, Call, CallId, CallList, ContactNews, Event, ListQuery, ShowQuery, ShownCall, Start,
};
use crate::connect::{ConnectAnswer, ConnectEvent};
use crate::health::{Health, Readiness};
use crate::hooks::{HookHeard, HookValue};
use crate::kakao::{SkillAnswer, SkillPayload};
use crate::problem::Problem;
use crate::tickets::{TicketHeard, TicketNews, ZendeskNews};

/// Every operation of the calls API.
pub fn calls() -> Vec<Operation> {
    let call = |operation: Operation| operation.tag("calls");
    let other = |operation: Operation| operation.tag("operations");
    vec![
        call(list()),
        call(start()),
        call(show()),
        call(event()),
        call(contact()),
        connect(),
        kakao(),
        webhook(),
        zendesk(),
        hook(Post, "tellCall"),
        hook(Put, "putToCall"),
        hook_page(),
        other(health()),
        other(readiness()),
        other(metrics()),
        other(document()),
    ]
}

fn list() -> Operation {
    let what = "Calls that their flows are handling.";
    Operation::new(Get, "/v1/calls", "listCalls", Access::Role(Viewer), what)
        .query::<ListQuery>()
        .answers::<CallList>(200, "The calls, in no particular order.")
}

fn start() -> Operation {
    let path = "/v1/calls";
    let mut begun = Answer::new(201, "The call has begun.", vec![json_of::<calls::Answer>()]);
    begun.headers.push((
        "Location",
        json!({
            "description": "Where the call is.",
            "required": true,
            "schema": {"type": "string"},
        }),
    ));
    let same = json!({"id": "$response.body#/call"});
    begun.links = Some(json!({
        "turn": {"operationId": "handleEvent", "parameters": same},
        "call": {"operationId": "showCall", "parameters": same},
    }));
    Operation::new(Post, path, "startCall", Access::Role(Designer), "Begins a call.")
        .describe(
            "If you begin a call again with the same id, you get the answer to its first turn.",
        )
        .takes::<Start>()
        .answers::<calls::Answer>(
            200,
            "The call had already begun; this is the answer to its first turn.",
        )
        .answer(begun)
        .fails(&[409, 415])
}

fn show() -> Operation {
    let what = "A call's state, path and journal.";
    Operation::new(Get, "/v1/calls/{id}", "showCall", Access::Role(Viewer), what)
        .describe("What its flows mark as sensitive is left out.")
        .path_part::<CallId>("id", "The call.")
        .query::<ShowQuery>()
        .answers::<ShownCall>(200, "The call.")
        .fails(&[404])
}

fn event() -> Operation {
    let path = "/v1/calls/{id}/turns";
    let what = "Something happened in a call.";
    Operation::new(Post, path, "handleEvent", Access::Role(Designer), what)
        .describe("The event answers the turn it names. Delivered again, it gets the same answer and is not executed again.")
        .path_part::<CallId>("id", "The call.")
        .takes::<Event>()
        .answers::<calls::Answer>(200, "What to do next.")
        .fails(&[404, 409, 415])
}

fn contact() -> Operation {
    let path = "/v1/calls/{id}/contact";
    let what = "What became of a contact that its flow has given away.";
    Operation::new(Post, path, "tellContact", Access::Role(Designer), what)
        .describe(
            "Channels report that a contact waits in a queue, that an agent has taken it, and that \
            it is over; then the `after` flow runs. While a flow has \
            the call in hand, only its end can be reported.",
        )
        .path_part::<CallId>("id", "The call.")
        .takes::<ContactNews>()
        .answers::<Call>(200, "The call as it stands.")
        .fails(&[404, 409, 415])
}

fn connect() -> Operation {
    let path = "/v1/connect/turn";
    let what = "Amazon Connect's Lambda event, answered by its flat string map.";
    Operation::new(Post, path, "connectTurn", Access::Signature, what)
        .tag("connect")
        .describe(
            "Signed by the Lambda bridge (headers x-dialgraph-key, -timestamp, -nonce, \
            -signature). Also takes Connect's contact events (EventBridge) of the types QUEUED, \
            CONNECTED_TO_AGENT and DISCONNECTED. \
            Any answer that helps a caller has the status 200.",
        )
        .takes::<ConnectEvent>()
        .answers::<ConnectAnswer>(200, "What the bridge flow must do.")
}

fn kakao() -> Operation {
    let path = "/v1/kakao/skill";
    let what = "A message to a KakaoTalk chatbot, answered by what KakaoTalk shows.";
    Operation::new(Post, path, "kakaoSkill", Access::Kakao, what)
        .tag("kakao")
        .describe(
            "For a skill of Kakao's chatbot admin centre, whose settings add the header \
            x-skill-secret. Any answer that somebody can read has the status 200.",
        )
        .takes::<SkillPayload>()
        .answers::<SkillAnswer>(200, "What KakaoTalk shows.")
        .fails(&[404])
}

fn webhook() -> Operation {
    let path = "/v1/tickets/webhook";
    let what = "A desk elsewhere tells what was done with a ticket.";
    Operation::new(Post, path, "tellTicket", Access::Webhook, what)
        .tag("tickets")
        .describe(
            "Signed as the Standard Webhooks specification has it (headers webhook-id, \
            webhook-timestamp, webhook-signature). A message that was taken before gets the same \
            answer and has no further effect, for two days.",
        )
        .takes::<TicketNews>()
        .answers::<TicketHeard>(200, "It was taken.")
        .fails(&[404, 409])
}

fn zendesk() -> Operation {
    let path = "/v1/tickets/zendesk";
    let what = "Zendesk tells how a ticket stands.";
    Operation::new(Post, path, "tellZendeskTicket", Access::Zendesk, what)
        .tag("tickets")
        .describe(
            "Sent by triggers with a webhook that has a signing secret (headers \
            x-zendesk-webhook-signature, -timestamp).",
        )
        .takes::<ZendeskNews>()
        .answers::<TicketHeard>(200, "It was taken.")
        .fails(&[404])
}

const HOOK: &str = "/v1/hooks/{name}/{token}";

fn hook(method: Method, id: &'static str) -> Operation {
    let what = "Somebody outside tells a call what it waits for.";
    Operation::new(method, HOOK, id, Access::Everybody, what)
        .tag("hooks")
        .describe(
            "The address is made by a node `hook` of a flow. Who tells proves it as the hook \
            declares: by a signature, a secret header, or the address alone. The body is JSON or a \
            form. An address takes one value; whoever sends the same again gets the same answer. \
            404: there is no such address. 410: it takes nothing any more. 503 with `retry-after`: \
            the turn that made it is not over.",
        )
        .path_part::<String>("name", "The hook.")
        .path_part::<String>("token", "What the address ends in.")
        .takes::<HookValue>()
        .answers::<HookHeard>(200, "The call has it.")
        .fails(&[401, 404, 410, 500])
}

fn hook_page() -> Operation {
    let what = "The caller's browser tells a call what it waits for.";
    let html = Content { media: "text/html", shape: Shape::Plain(json!({"type": "string"})) };
    Operation::new(Get, HOOK, "visitHook", Access::Everybody, what)
        .tag("hooks")
        .describe(
            "Only for hooks with a `page`. The parameters of the address are the value, as texts. \
            Whoever comes again sees the same page, and nothing more is told.",
        )
        .path_part::<String>("name", "The hook.")
        .path_part::<String>("token", "What the address ends in.")
        .answer(Answer::new(200, "The page.", vec![html]))
        .fails(&[404, 410, 500])
}

fn health() -> Operation {
    Operation::new(Get, "/healthz", "health", Access::Everybody, "Whether the process is running.")
        .answers::<Health>(200, "It is running.")
}

fn readiness() -> Operation {
    let what = "Whether calls should be sent here, and why not.";
    let problem = Content { media: "application/problem+json", ..json_of::<Problem>() };
    Operation::new(Get, "/readyz", "readiness", Access::Everybody, what)
        .answers::<Readiness>(200, "Calls can be sent here.")
        .answer(Answer::new(
            503,
            "Calls should not be sent here, or the server did not answer in time.",
            vec![json_of::<Readiness>(), problem],
        ))
}

fn metrics() -> Operation {
    let text = Content { media: "text/plain", shape: Shape::Plain(json!({"type": "string"})) };
    Operation::new(Get, "/metrics", "figures", Access::Metrics, "Figures for Prometheus.")
        .answer(Answer::new(200, "The figures.", vec![text]))
}

fn document() -> Operation {
    let any = Content { media: JSON, shape: Shape::Plain(json!({"type": "object"})) };
    Operation::new(Get, "/openapi.json", "openapi", Access::Everybody, "This document.")
        .answer(Answer::new(200, "The document.", vec![any]))
}
