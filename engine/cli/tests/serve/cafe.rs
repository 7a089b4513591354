//! The café of `flows/cafe`, ordered from in KakaoTalk and paid with KakaoPay, through kills: the
//! money is taken once, and points move when it has been.
//!
//! KakaoPay is a stand-in on a socket, made from the published shapes of its single payment: it
//! asks for the merchant's secret, and takes the money of a payment once.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};

use crate::server::{Server, Site};

const SKILL: &str = "0123456789abcdef0123456789abcdef";
const KEY: &str = "SECRET_KEY DEVexample";

#[derive(Debug, Default)]
struct Book {
    /// By `tid`: the order, the amount, and how far it is.
    payments: BTreeMap<String, (String, i64, &'static str)>,
    approval_urls: BTreeMap<String, String>,
    taken: usize,
    given_back: i64,
    /// Answers to approvals are on their way for as long as this holds.
    holds: bool,
}

#[derive(Debug)]
struct KakaoPay {
    url: String,
    book: Arc<(Mutex<Book>, Condvar)>,
}

impl KakaoPay {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let book = Arc::<(Mutex<Book>, Condvar)>::default();
        let shared = Arc::clone(&book);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let book = Arc::clone(&shared);
                // A client that was killed breaks the connection off.
                std::thread::spawn(move || serve(stream, &book).is_ok());
            }
        });
        Self { url, book }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Book) -> T) -> T {
        let done = look(&mut self.book.0.lock().unwrap());
        self.book.1.notify_all();
        done
    }

    /// The path to which the customer of an order is sent once they have paid.
    fn sent_back(&self, order: &str) -> String {
        let url = self.with(|book| book.approval_urls[order].clone());
        let path = url.strip_prefix("https://cafe.example").unwrap().to_owned();
        format!("{path}?pg_token=pg")
    }

    fn wait_until_taken(&self) {
        let (book, changed) = &*self.book;
        let _taken = changed.wait_while(book.lock().unwrap(), |book| book.taken == 0).unwrap();
    }
}

fn serve(mut stream: TcpStream, shared: &(Mutex<Book>, Condvar)) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut length, mut key) = (String::new(), 0, String::new());
    reader.read_line(&mut line)?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        match &*name.to_ascii_lowercase() {
            "content-length" => length = value.trim().parse().unwrap(),
            "authorization" => value.trim().clone_into(&mut key),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body: Value = serde_json::from_slice(&body).unwrap();
    let what = line.split(' ').nth(1).unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let (status, answer) = if key == KEY {
        answer(shared, what, &body)
    } else {
        (401, json!({"error_code": -401, "error_message": "unauthorized"}))
    };
    let text = answer.to_string();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{text}",
        text.len()
    )
}

fn answer(shared: &(Mutex<Book>, Condvar), what: &str, body: &Value) -> (u16, Value) {
    let (book, changed) = shared;
    let mut book = book.lock().unwrap();
    let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
    if what == "ready" {
        let tid = format!("T{}", book.payments.len() + 1);
        let order = text("partner_order_id");
        book.approval_urls.insert(order.clone(), text("approval_url"));
        let amount = body["total_amount"].as_i64().unwrap();
        book.payments.insert(tid.clone(), (order, amount, "AUTH_PASSWORD"));
        return (
            200,
            json!({
                "tid": tid, "next_redirect_mobile_url": "https://pay.example/m",
                "next_redirect_app_url": "https://pay.example/a",
                "next_redirect_pc_url": "https://pay.example/p", "created_at": "2026-11-20T10:00:00",
            }),
        );
    }
    let tid = text("tid");
    let (order, amount, state) = book.payments[&tid].clone();
    let refused = (400, json!({"error_code": -702, "error_message": "not now"}));
    let state = match (what, state) {
        ("approve", "AUTH_PASSWORD") if body["pg_token"] == "pg" => {
            book.taken += 1;
            "SUCCESS_PAYMENT"
        }
        ("cancel", "SUCCESS_PAYMENT") => {
            book.given_back += body["cancel_amount"].as_i64().unwrap();
            "CANCEL_PAYMENT"
        }
        ("order", state) => state,
        _ => return refused,
    };
    book.payments.get_mut(&tid).unwrap().2 = state;
    changed.notify_all();
    if what == "approve" {
        drop(changed.wait_while(book, |book| book.holds).unwrap());
    }
    let amount = json!({"total": amount, "tax_free": 0});
    let mut told = json!({
        "tid": tid, "partner_order_id": order, "payment_method_type": "MONEY", "amount": amount,
        "approved_at": "2026-11-20T10:01:00",
    });
    if what != "approve" {
        told["status"] = json!(state);
    }
    (200, told)
}

/// The shipped café, open all day, with KakaoPay at `url`.
fn site(url: &str) -> Site {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../flows/cafe");
    let site = Site::copy_of(&shipped);
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let days: Vec<String> =
        days.iter().map(|day| format!("    {day}: [[\"00:00\", \"24:00\"]]\n")).collect();
    let calendar = format!("cafe:\n  zone: Asia/Seoul\n  weekly:\n{}", days.concat());
    std::fs::write(site.project().join("data/calendars.yaml"), calendar).unwrap();
    for (file, from, to) in [
        ("dialgraph.yaml", "http: [open-api.kakaopay.com]", format!("http: [\"{url}\"]")),
        ("pay.flow.yaml", "cid: TC0ONETIME}", format!("cid: TC0ONETIME, base_url: \"{url}\"}}")),
        ("leave.flow.yaml", "cid: TC0ONETIME}", format!("cid: TC0ONETIME, base_url: \"{url}\"}}")),
        ("cancel.flow.yaml", "cid: TC0ONETIME}", format!("cid: TC0ONETIME, base_url: \"{url}\"}}")),
    ] {
        let path = site.project().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file}");
        std::fs::write(path, text.replace(from, &to)).unwrap();
    }
    site.set("DIALGRAPH_KAKAO__SECRETS", SKILL)
        .set("DIALGRAPH_SECRET_KAKAOPAY_SECRET_KEY", KEY)
        .set("DIALGRAPH_SERVER__URL", "https://cafe.example")
}

/// Somebody writes in KakaoTalk; what they then read, as one text.
fn write(server: &Server, words: &str) -> String {
    let body = json!({
        "userRequest": {"utterance": words, "lang": "ko", "user": {"id": "somebody"}},
        "bot": {"id": "bot"}, "action": {"params": {}, "clientExtra": {}},
    });
    let headers = [("content-type", "application/json"), ("x-skill-secret", SKILL)];
    let reply = server.request("POST", "/v1/kakao/skill", &headers, body.to_string().as_bytes());
    assert_eq!(reply.status, 200, "{reply:?}");
    let response = reply.json();
    dialgraph_kakao::testing::check(&response).unwrap_or_else(|why| panic!("{why}: {response}"));
    response["template"].to_string()
}

/// Orders two large americanos, up to the link.
fn order(server: &Server) {
    let steps = [
        ("안녕하세요", "무엇을 도와드릴까요"),
        ("주문하기", "무엇을 드릴까요"),
        ("아메리카노", "크기를"),
        ("큰 것", "몇 개를"),
        ("두 잔이요", "포인트를 쌓으시겠어요"),
        ("네", "휴대폰 번호"),
        ("010-0000-0101", "보관해도"),
        ("동의합니다", "8,000원"),
        ("네 주문할게요", "https://pay.example/m"),
    ];
    for (words, heard) in steps {
        let read = write(server, words);
        assert!(read.contains(heard), "{words}: {read}");
    }
}

fn record(server: &Server, collection: &str, key: &str) -> Value {
    let key = key.replace('+', "%2B");
    server.get(&format!("/v1/collections/{collection}/records/{key}")).json()["data"].clone()
}

#[test]
fn an_order_is_paid_in_three_processes_that_are_killed_in_between() {
    let bank = KakaoPay::start();
    let site = site(&bank.url);
    let server = site.start();
    order(&server);
    assert_eq!(record(&server, "orders", "1")["state"], "open");
    server.kill();

    // KakaoPay sends the customer back while nobody waits for them.
    let server = site.start();
    let page = server.get(&bank.sent_back("1"));
    assert!(page.status == 200 && page.text.contains("카카오톡으로 돌아가"), "{page:?}");
    server.kill();

    let server = site.start();
    let read = write(&server, "결제했어요");
    assert!(read.contains("주문번호 1") && read.contains("쌓인 포인트 800"), "{read}");
    assert_eq!(bank.with(|book| (book.taken, book.given_back)), (1, 0));
    let order = record(&server, "orders", "1");
    assert_eq!((&order["state"], &order["paid"]), (&json!("paid"), &json!(8000)));
    assert_eq!(record(&server, "points", "+821000000101")["balance"], 800);

    // Before it is made, it can be cancelled: all goes back.
    for (words, heard) in [
        ("안녕하세요", "무엇을 도와드릴까요"),
        ("주문 취소", "주문번호를"),
        ("1번", "취소할까요"),
        ("취소해 주세요", "8,000원을 돌려"),
    ] {
        let read = write(&server, words);
        assert!(read.contains(heard), "{words}: {read}");
    }
    assert_eq!(bank.with(|book| (book.taken, book.given_back)), (1, 8000));
    assert_eq!(record(&server, "orders", "1")["state"], "cancelled");
    assert_eq!(record(&server, "points", "+821000000101")["balance"], 0);
}

#[test]
fn a_kill_between_the_approval_and_its_answer_takes_the_money_once() {
    let bank = KakaoPay::start();
    let site = site(&bank.url);
    let server = site.start();
    order(&server);
    assert_eq!(server.get(&bank.sent_back("1")).status, 200);
    bank.with(|book| book.holds = true);
    let address = server.address();
    let body = json!({
        "userRequest": {"utterance": "결제했어요", "lang": "ko", "user": {"id": "somebody"}},
        "bot": {"id": "bot"}, "action": {"params": {}, "clientExtra": {}},
    })
    .to_string();
    let writer = std::thread::spawn(move || {
        let Ok(stream) = TcpStream::connect(address) else { return };
        let headers = [("content-type", "application/json"), ("x-skill-secret", SKILL)];
        crate::server::send(stream, "POST", "/v1/kakao/skill", &headers, body.as_bytes());
    });
    bank.wait_until_taken();
    server.kill();
    writer.join().unwrap();
    bank.with(|book| book.holds = false);

    let server = site.start();
    let read = write(&server, "결제했어요");
    assert!(read.contains("주문번호 1") && read.contains("쌓인 포인트 800"), "{read}");
    assert_eq!(bank.with(|book| (book.taken, book.given_back)), (1, 0));
    assert_eq!(record(&server, "points", "+821000000101")["balance"], 800);
}

#[test]
fn whoever_leaves_without_paying_has_paid_nothing() {
    let bank = KakaoPay::start();
    let server = site(&bank.url).start();
    order(&server);
    let read = write(&server, "그만할래요");
    assert!(read.contains("결제되지 않아"), "{read}");
    assert_eq!(record(&server, "orders", "1")["state"], "unpaid");
    // Who pays after all is told by the page that nobody waits, and the money is never taken.
    assert_eq!(server.get(&bank.sent_back("1")).status, 410);
    assert_eq!(bank.with(|book| book.taken), 0);
}
