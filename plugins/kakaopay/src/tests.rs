//! An order is paid once and given back once, whatever is lost on the way and however often it is
//! asked for. KakaoPay is a stand-in here, made from its documentation.

use std::cell::RefCell;
use std::rc::Rc;

use dialgraph_plugin::HostError;
use dialgraph_plugin::http::{Request, Response};
use dialgraph_plugin::testing::{
    Reply, START, TestCall, TestHost, check, check_holds, check_schemas,
};
use serde_json::{Value, json};

use crate::KakaoPay;

/// What KakaoPay knows, and how it answers the next requests.
#[derive(Default)]
struct Bank {
    status: Option<&'static str>,
    total: i64,
    tax_free: i64,
    asked: Vec<(String, Value)>,
    /// Answers that never arrive: the request is carried out, or not even that.
    lost: Vec<(&'static str, Lost)>,
    refuses: Option<(u16, Value)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lost {
    Request,
    Answer,
}

struct Desk {
    host: TestHost,
    bank: Rc<RefCell<Bank>>,
}

fn config(action: &str) -> Value {
    json!({"do": action, "collection": "payments", "cid": "TC0ONETIME"})
}

fn bill() -> Value {
    json!({
        "order": "o-1", "user": 7, "item": "Americano", "quantity": 2, "amount": 9000, "tax_free": 1000,
        "approval_url": "https://desk.example.com/v1/hooks/paid/token",
    })
}

fn answer(status: u16, body: &Value) -> Response {
    Response { status, headers: Vec::new(), body: body.to_string().into_bytes() }
}

impl Bank {
    fn take(&mut self, request: &Request) -> Result<Response, HostError> {
        let what = request.url.strip_prefix("https://open-api.kakaopay.com/online/v1/payment/");
        let what = what.expect("the published address").to_owned();
        let body: Value = serde_json::from_slice(request.body.as_deref().unwrap()).unwrap();
        self.asked.push((what.clone(), body.clone()));
        let late = || Err(HostError::unavailable("timeout", "there was no answer"));
        let lost = self.lost.iter().position(|(lost, _)| *lost == what);
        let lost = lost.map(|at| self.lost.remove(at).1);
        if lost == Some(Lost::Request) {
            return late();
        }
        if let Some((status, body)) = self.refuses.take_if(|_| what != "order") {
            return Ok(answer(status, &body));
        }
        let answered = self.answer(&what, &body);
        if lost == Some(Lost::Answer) { late() } else { Ok(answered) }
    }

    fn answer(&mut self, what: &str, body: &Value) -> Response {
        match what {
            "ready" => {
                self.status = Some("AUTH_PASSWORD");
                self.total = body["total_amount"].as_i64().unwrap();
                self.tax_free = body["tax_free_amount"].as_i64().unwrap();
                return answer(
                    200,
                    &json!({
                        "tid": "T1234567890123456789", "next_redirect_mobile_url": "https://pay.example.com/m",
                        "next_redirect_app_url": "https://pay.example.com/app", "next_redirect_pc_url": "https://pay.example.com/pc",
                        "android_app_scheme": "kakaotalk://x", "ios_app_scheme": "kakaotalk://x",
                        "created_at": "2026-11-20T10:00:00",
                    }),
                );
            }
            "approve" if self.status == Some("AUTH_PASSWORD") && body["pg_token"] == "pg" => {
                self.status = Some("SUCCESS_PAYMENT");
            }
            "cancel" if self.status == Some("SUCCESS_PAYMENT") => {
                assert_eq!(body["cancel_amount"], self.total);
                assert_eq!(body["cancel_tax_free_amount"], self.tax_free);
                self.status = Some("CANCEL_PAYMENT");
            }
            "order" => {}
            _ => {
                let extras = json!({"method_result_code": "E", "method_result_message": "not now"});
                let body = json!({"error_code": -702, "error_message": "payment is already done", "extras": extras});
                return answer(400, &body);
            }
        }
        let mut told = json!({
            "cid": "TC0ONETIME", "aid": "A1234567890123456789", "tid": "T1234567890123456789",
            "partner_order_id": "o-1", "partner_user_id": "7", "payment_method_type": "MONEY",
            "amount": {"total": self.total, "tax_free": self.tax_free, "vat": 727, "point": 0, "discount": 0},
            "item_name": "Americano", "quantity": 2, "approved_at": "2026-11-20T10:01:00",
        });
        if what != "approve" {
            told["status"] = json!(self.status);
        }
        answer(200, &told)
    }
}

impl Desk {
    fn new() -> Self {
        let call = TestCall::<KakaoPay>::new(config("ready"));
        let host = call.host();
        host.collection("payments");
        host.grant_secret("kakaopay-secret-key");
        let bank = Rc::new(RefCell::new(Bank::default()));
        let shared = Rc::clone(&bank);
        host.http(move |request| shared.borrow_mut().take(request));
        Self { host, bank }
    }

    /// With an order that the caller has paid for.
    fn paid() -> Self {
        let desk = Self::new();
        assert_eq!(desk.ready(), "ready");
        desk
    }

    fn visit(&self, action: &str, input: Value) -> Reply {
        TestCall::<KakaoPay>::new(config(action)).world(&self.host).input(input).enter()
    }

    /// `outcome`, with `not` before it on port `not_done`, and `again` behind it; or the code of an
    /// error.
    fn does(&self, action: &str, input: Value) -> String {
        let reply = self.visit(action, input);
        if let Reply::Failed(error) = &reply {
            return error.info().code.clone();
        }
        let output = reply.output();
        let not = if reply.port() == "done" { "" } else { "not " };
        let again = if output["repeated"] == true { " again" } else { "" };
        format!("{not}{}{again}", output["outcome"].as_str().unwrap())
    }

    fn ready(&self) -> String {
        self.does("ready", bill())
    }

    fn approve(&self) -> String {
        self.does("approve", json!({"order": "o-1", "pg_token": "pg"}))
    }

    fn cancel(&self) -> String {
        self.does("cancel", json!({"order": "o-1"}))
    }

    fn status(&self) -> String {
        self.does("status", json!({"order": "o-1"}))
    }

    fn loses(&self, what: &'static str, lost: Lost) {
        self.bank.borrow_mut().lost.push((what, lost));
    }

    /// How often KakaoPay was asked for this.
    fn asked(&self, what: &str) -> usize {
        self.bank.borrow().asked.iter().filter(|(asked, _)| asked == what).count()
    }

    fn state(&self) -> Value {
        self.host.stored("payments", "o-1").map_or(Value::Null, |payment| payment["state"].clone())
    }
}

#[test]
fn the_shipped_schemas_are_those_of_the_types() {
    check_schemas::<KakaoPay>();
}

#[test]
fn a_payment_is_begun_taken_and_given_back() {
    let desk = Desk::new();
    let begun = desk.visit("ready", bill());
    assert_eq!(begun.output()["link"], "https://pay.example.com/m");
    assert_eq!(begun.output()["amount"], 9000);
    assert_eq!(
        desk.bank.borrow().asked[0].1,
        json!({
            "cid": "TC0ONETIME", "partner_order_id": "o-1", "partner_user_id": "7", "item_name": "Americano",
            "quantity": 2, "total_amount": 9000, "tax_free_amount": 1000,
            "approval_url": "https://desk.example.com/v1/hooks/paid/token",
            "cancel_url": "https://desk.example.com/v1/hooks/paid/token",
            "fail_url": "https://desk.example.com/v1/hooks/paid/token",
        })
    );
    assert_eq!(desk.status(), "ready");
    let taken = desk.visit("approve", json!({"order": "o-1", "pg_token": "pg"}));
    assert_eq!((taken.port(), &taken.output()["method"]), ("done", &json!("MONEY")));
    assert_eq!(taken.output()["link"], Value::Null, "nobody is to pay again");
    assert_eq!(desk.status(), "approved");
    assert_eq!(desk.cancel(), "cancelled");
    assert_eq!(desk.status(), "cancelled");
    assert_eq!((desk.asked("ready"), desk.asked("approve"), desk.asked("cancel")), (1, 1, 1));
}

#[test]
fn whatever_is_asked_for_again_is_done_once() {
    let desk = Desk::paid();
    assert_eq!(desk.ready(), "ready again");
    assert_eq!((desk.approve(), desk.approve()), ("approved".into(), "approved again".into()));
    assert_eq!(desk.ready(), "not approved", "what is paid is not paid again");
    assert_eq!((desk.cancel(), desk.cancel()), ("cancelled".into(), "cancelled again".into()));
    assert_eq!(desk.approve(), "not cancelled");
    assert_eq!((desk.asked("ready"), desk.asked("approve"), desk.asked("cancel")), (1, 1, 1));
}

#[test]
fn a_lost_answer_is_asked_for_before_anything_is_sent_again() {
    for lost in [Lost::Request, Lost::Answer] {
        let desk = Desk::paid();
        desk.loses("approve", lost);
        assert_eq!((&*desk.approve(), desk.state()), ("timeout", json!("approving")));
        assert_eq!(desk.ready(), "unsettled", "no second payment is begun meanwhile");
        assert_eq!(desk.approve(), "approved");
        let sent = if lost == Lost::Request { 2 } else { 1 };
        assert_eq!(
            desk.asked("approve"),
            sent,
            "an approval that was carried out is not sent again"
        );

        desk.loses("cancel", lost);
        assert_eq!((&*desk.cancel(), desk.state()), ("timeout", json!("cancelling")));
        assert_eq!(desk.cancel(), "cancelled");
        assert_eq!(desk.asked("cancel"), sent);
        assert_eq!(desk.bank.borrow().status, Some("CANCEL_PAYMENT"));
    }
}

#[test]
fn a_payment_that_was_taken_and_never_heard_of_can_be_asked_about_and_given_back() {
    let desk = Desk::paid();
    desk.loses("approve", Lost::Answer);
    desk.approve();
    assert_eq!(desk.status(), "approved");
    let other = Desk::paid();
    other.loses("approve", Lost::Answer);
    other.approve();
    assert_eq!(other.cancel(), "cancelled");
    assert_eq!(other.bank.borrow().status, Some("CANCEL_PAYMENT"));
}

#[test]
fn whoever_gives_up_or_is_refused_has_paid_nothing() {
    let desk = Desk::paid();
    desk.bank.borrow_mut().status = Some("QUIT_PAYMENT");
    assert_eq!(desk.approve(), "not failed");
    assert_eq!(desk.status(), "failed");
    assert_eq!(desk.ready(), "ready", "they can begin anew");

    let desk = Desk::paid();
    let wrong = desk.visit("approve", json!({"order": "o-1", "pg_token": "guessed"}));
    let output = wrong.output();
    assert_eq!((wrong.port(), &output["outcome"]), ("not_done", &json!("refused")));
    assert_eq!(output["reason"], "-702: payment is already done: not now");
    assert_eq!(desk.approve(), "approved", "a wrong token spoils nothing");
}

#[test]
fn another_amount_than_was_asked_for_is_no_approval_and_can_be_given_back() {
    let desk = Desk::paid();
    desk.bank.borrow_mut().total = 900;
    assert_eq!(desk.approve(), "not differs");
    assert_eq!((desk.approve(), desk.ready()), ("not differs".into(), "not differs".into()));
    assert_eq!(desk.cancel(), "cancelled");
    assert_eq!(desk.bank.borrow().status, Some("CANCEL_PAYMENT"));
}

#[test]
fn what_was_not_taken_is_cancelled_without_asking_anybody() {
    let desk = Desk::paid();
    assert_eq!(desk.cancel(), "cancelled");
    assert_eq!((desk.asked("cancel"), desk.asked("order")), (0, 0));
    assert_eq!(desk.approve(), "not cancelled", "nor can it be taken any more");
    assert_eq!(desk.asked("approve"), 0);
}

#[test]
fn links_that_are_old_or_for_something_else_are_made_anew() {
    let desk = Desk::paid();
    let mut other = bill();
    other["amount"] = json!(9500);
    assert_eq!(desk.does("ready", other.clone()), "ready");
    assert_eq!(desk.does("ready", other.clone()), "ready again");
    desk.host.set_now(START + 10 * 60 * 1_000);
    assert_eq!(desk.does("ready", other), "ready");
    assert_eq!(desk.asked("ready"), 3);
}

#[test]
fn both_forms_of_errors_are_told() {
    for (status, body, expected) in [
        (400, json!({"error_code": -1, "error_message": "bad"}), "-1: bad"),
        (400, json!({"code": -710, "msg": "too much"}), "-710: too much"),
        (412, json!("?"), "it gives no reason"),
    ] {
        let desk = Desk::new();
        desk.bank.borrow_mut().refuses = Some((status, body));
        let refused = desk.visit("ready", bill());
        assert_eq!(refused.output()["reason"], expected);
        assert_eq!(refused.output()["outcome"], "refused");
        assert_eq!(desk.state(), Value::Null);
    }
    for (status, code) in [
        (401, "access-denied"),
        (403, "access-denied"),
        (404, "no-kakaopay"),
        (302, "no-kakaopay"),
        (429, "rate-limited"),
        (500, "kakaopay-down"),
        (503, "kakaopay-down"),
    ] {
        let desk = Desk::new();
        desk.bank.borrow_mut().refuses = Some((status, json!({})));
        assert_eq!(desk.ready(), code, "{status}");
    }
    let desk = Desk::new();
    desk.bank.borrow_mut().refuses = Some((200, json!({"tid": 1})));
    assert_eq!(desk.ready(), "unreadable-answer");
}

#[test]
fn what_a_flow_does_not_know_is_not_paid() {
    let desk = Desk::new();
    for action in ["approve", "cancel", "status"] {
        assert_eq!(desk.does(action, json!({"order": "o-9", "pg_token": "pg"})), "not unknown");
    }
    let with = |name: &str, value: Value| {
        let mut input = bill();
        input[name] = value;
        desk.does("ready", input)
    };
    for name in ["order", "user", "item", "amount"] {
        assert_eq!(with(name, Value::Null), "missing-input", "{name}");
    }
    for (name, value) in [
        ("order", json!(" ")),
        ("order", json!("가".repeat(101))),
        ("amount", json!(0)),
        ("amount", json!(4500.5)),
        ("amount", json!(-1)),
        ("quantity", json!(0)),
        ("tax_free", json!(9001)),
        ("approval_url", json!("")),
        ("approval_url", json!("javascript:alert(1)")),
    ] {
        assert_eq!(with(name, value.clone()), "bad-input", "{name}: {value}");
    }
    assert_eq!(desk.does("approve", json!({"order": "o-1"})), "missing-input");
    assert_eq!(desk.bank.borrow().asked, []);
}

#[test]
fn a_rival_call_pays_first_and_the_second_finds_that() {
    let desk = Desk::paid();
    let mut paid = desk.host.stored("payments", "o-1").unwrap();
    paid["state"] = json!("approved");
    desk.host.rival("payments", "o-1", paid);
    assert_eq!(desk.approve(), "approved again");
    assert_eq!(desk.asked("approve"), 0);
}

#[test]
fn a_merchants_code_and_addresses_are_looked_at() {
    let mut wrong = config("ready");
    wrong["cid"] = json!("TC0 ONE IM");
    wrong["base_url"] = json!("https://user@pay.example.com");
    wrong["secret"] = json!(" ");
    assert_eq!(check::<KakaoPay>(&wrong, &["ko-KR"]).len(), 3);
    check_holds::<KakaoPay>(&[config("ready"), config("status")], |call| {
        call.host().collection("payments");
        call.host().grant_secret("kakaopay-secret-key");
        call.host().http(|_| Ok(answer(500, &json!({}))));
        call.input(bill())
    });
}
