//! A KakaoTalk chatbot's skill server: whoever writes reads something that Kakao takes, in a chat
//! that goes on in any process, and one message has one answer.

use dialgraph_kakao::testing::check;
use serde_json::{Value, json};

use crate::server::{Reply, Server, Site};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

const DESK: &str = "\
flow: desk
summary: Takes an order.
locales: [en-US]
attributes:
  drink: {type: string, default: \"\"}
  shop: {type: string, default: nowhere}
  cups: {type: number, default: 0}
  kakao_user: {type: string, default: \"\", sensitive: true}
start: hello
nodes:
  hello:
    say: {en-US: 'Welcome to ${shop}.'}
    card:
      title: {en-US: Today}
      image: https://cafe.example/today.jpg
      buttons: [{url: 'https://cafe.example/menu', label: {en-US: See the menu}}]
    next: drink
  drink:
    ask:
      prompt: {en-US: What would you like?}
      phrases:
        coffee: {en-US: [coffee, americano]}
        tea: {en-US: [tea]}
        person: {en-US: [somebody]}
        ring: {en-US: [call me]}
      choices: {coffee: {en-US: Coffee}, tea: {en-US: Tea}}
    save: {drink: output.text}
    on: {coffee: cups, tea: cups, person: people, ring: ring, no_input: bye, no_match: bye}
  cups:
    ask:
      prompt: {en-US: How many?}
      expects: number
    save: {cups: output.value}
    on: {value: done, no_input: bye, no_match: bye}
  done:
    end:
      disposition: ordered
      say: {en-US: '${cups} of ${drink}, thank you.'}
  people:
    queue: {to: general, say: {en-US: One moment.}}
    on: {error: bye}
  ring:
    transfer:
      number: '\"+12025550123\"'
      within: 20s
      say: {en-US: I am calling.}
    on: {no_answer: bye, answered: bye, error: cannot}
  cannot:
    say: {en-US: Nobody can be called from here.}
    next: drink
  bye: {end: {disposition: gone}}
";

fn site() -> Site {
    Site::desk("http://127.0.0.1:9", "1s")
        .file("desk.flow.yaml", DESK)
        .set("DIALGRAPH_KAKAO__SECRETS", SECRET)
        .set("DIALGRAPH_KAKAO__BOT", "bot-1")
}

fn payload(user: &str, words: &str) -> Value {
    json!({
        "intent": {"id": "i", "name": "desk"},
        "userRequest": {
            "timezone": "Asia/Seoul", "params": {"surface": "Kakaotalk.plusfriend"}, "lang": "ko",
            "block": {"id": "b", "name": "order"}, "utterance": words,
            "user": {"id": user, "type": "botUserKey", "properties": {"botUserKey": user}},
        },
        "contexts": [], "bot": {"id": "bot-1!", "name": "cafe"},
        "action": {"id": "a", "name": "order", "params": {"unknown": "x"}, "detailParams": {}, "clientExtra": {"shop": "the south shop"}},
    })
}

fn post(server: &Server, secret: &str, body: &Value) -> Reply {
    let headers = [("content-type", "application/json"), ("x-skill-secret", secret)];
    server.request("POST", "/v1/kakao/skill", &headers, body.to_string().as_bytes())
}

/// What somebody reads, if Kakao takes it: the words of the bubbles, then the quick replies.
fn write(server: &Server, user: &str, words: &str) -> (Vec<String>, Vec<String>) {
    let reply = post(server, SECRET, &payload(user, words));
    assert_eq!(reply.status, 200, "{reply:?}");
    read(&reply.json())
}

fn read(response: &Value) -> (Vec<String>, Vec<String>) {
    check(response).unwrap_or_else(|why| panic!("{why}: {response}"));
    let template = &response["template"];
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let bubbles = list(&template["outputs"])
        .iter()
        .map(|output| {
            let card = output["basicCard"].as_object().or_else(|| output["textCard"].as_object());
            match card {
                Some(card) => {
                    word(card.get("title").or(card.get("description")).unwrap_or(&Value::Null))
                }
                None => word(&output["simpleText"]["text"]),
            }
        })
        .collect();
    let replies = list(&template["quickReplies"]);
    (bubbles, replies.iter().map(|reply| word(&reply["messageText"])).collect())
}

/// Ids and statuses of the chats of `user`, in their order.
fn chats(server: &Server) -> Vec<Value> {
    server.get("/v1/calls").json()["calls"].as_array().unwrap().clone()
}

#[test]
fn an_order_goes_on_in_another_process_after_a_kill() {
    let site = site();
    let server = site.start();
    let (bubbles, replies) = write(&server, "u-1", "hello there");
    assert_eq!(bubbles, ["Welcome to the south shop.", "Today", "What would you like?"]);
    assert_eq!(replies, ["Coffee", "Tea", "somebody", "call me"]);
    server.kill();

    let server = site.start();
    assert_eq!(write(&server, "u-1", "Coffee").0, ["How many?"]);
    let (other, _) = write(&server, "u-2", "hi");
    assert_eq!(other[0], "Welcome to the south shop.", "somebody else has a chat of their own");
    server.kill();

    let server = site.start();
    assert_eq!(write(&server, "u-1", "two please").0, ["2 of Coffee, thank you."]);
    assert_eq!(write(&server, "u-1", "hello again").0[0], "Welcome to the south shop.");
    let log = server.log();
    assert!(!log.contains("u-1") && !log.contains(SECRET), "nobody can be told by the log");
}

#[test]
fn whoever_is_not_kakao_is_refused_and_starts_nothing() {
    let server = site().start();
    let message = payload("u-1", "hello");
    for secret in ["", "0123456789abcdef0123456789abcdeF", "x"] {
        let reply = post(&server, secret, &message);
        assert_eq!(reply.status, 401, "{secret}");
    }
    let mut other = message.clone();
    other["bot"]["id"] = json!("bot-2");
    assert_eq!(post(&server, SECRET, &other).status, 403);
    let mut nobody = message;
    nobody["userRequest"]["user"]["id"] = json!("");
    let reply = post(&server, SECRET, &nobody);
    assert_eq!(reply.status, 400);
    assert!(reply.text.contains("userRequest.user.id"), "{reply:?}");
    assert_eq!(post(&server, SECRET, &json!([])).status, 400);
    assert_eq!(chats(&server), [] as [Value; 0]);
    drop(server);
    let without = Site::desk("http://127.0.0.1:9", "1s").start();
    assert_eq!(post(&without, SECRET, &payload("u-1", "hello")).status, 404);
}

#[test]
fn a_message_that_comes_many_times_at_once_has_one_answer_and_one_turn() {
    let server = site().start();
    write(&server, "u-1", "hello");
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let one = || post(&server, SECRET, &payload("u-1", "tea")).json();
        let all: Vec<_> = (0..16).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|answer| answer.join().unwrap()).collect()
    });
    // Who came after the first was answered answers the next question, and is not understood.
    assert!(answers.iter().all(|answer| check(answer).is_ok()));
    assert!(answers.iter().any(|answer| read(answer).0 == ["How many?"]));

    // And a chat begins once, too.
    let begun: Vec<Value> = std::thread::scope(|scope| {
        let one = || post(&server, SECRET, &payload("u-2", "hello")).json();
        let all: Vec<_> = (0..16).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|answer| answer.join().unwrap()).collect()
    });
    assert!(begun.iter().any(|answer| read(answer).0[0] == "Welcome to the south shop."));
    assert!(begun.iter().all(|answer| check(answer).is_ok()));
    let open = chats(&server).len();
    assert!(open <= 2, "{open} chats of two people");
}

#[test]
fn who_comes_back_after_a_while_begins_anew() {
    let server = site().set("DIALGRAPH_KAKAO__IDLE_LIMIT", "1ms").start();
    for _ in 0..5 {
        assert_eq!(write(&server, "u-1", "tea").0[0], "Welcome to the south shop.");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(chats(&server).len(), 1, "those before are over");
}

#[test]
fn people_are_a_button_away_and_nobody_is_rung() {
    let server = site().start();
    write(&server, "u-1", "hello");
    let (bubbles, replies) = write(&server, "u-1", "call me");
    assert_eq!(
        bubbles,
        ["I am calling.", "Nobody can be called from here.", "What would you like?"]
    );
    assert_eq!(replies.len(), 4);
    let reply = post(&server, SECRET, &payload("u-1", "somebody"));
    assert_eq!(read(&reply.json()).0[0], "One moment.");
    let button = &reply.json()["template"]["outputs"][1]["textCard"]["buttons"][0];
    assert_eq!(button["action"], "operator");
    assert_eq!(write(&server, "u-1", "are you there?").0[0], "Welcome to the south shop.");
}
