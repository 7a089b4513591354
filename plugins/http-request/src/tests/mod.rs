//! A node that asks for an order, and the request that it sends or the reason why it sends none.

mod answers;
mod configuration;
mod requests;

use std::cell::RefCell;
use std::rc::Rc;

use dialgraph_plugin::http::{Request, Response};
use dialgraph_plugin::testing::{TestCall, check_schemas};
use serde_json::{Value, json};

use crate::HttpRequest;

/// A configuration that asks for an order, with more settings or other ones.
fn config(more: Value) -> Value {
    let mut config = json!({"base_url": "https://orders.example.com", "path": "/orders/{order}"});
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    config
}

fn call(more: Value, input: Value) -> TestCall<HttpRequest> {
    let call = TestCall::<HttpRequest>::new(config(more)).input(input);
    call.host().grant_secret("orders-token");
    call
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    Response {
        status,
        headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        body: body.as_bytes().to_vec(),
    }
}

/// The request that the node sends; the server has nothing to say.
fn sent(more: Value, input: Value) -> Request {
    let mut call = call(more, input);
    let sent = Rc::new(RefCell::new(None::<Request>));
    let seen = Rc::clone(&sent);
    call.host().http(move |request| {
        *seen.borrow_mut() = Some(request.clone());
        Ok(response(204, &[], ""))
    });
    call.enter().done();
    sent.borrow_mut().take().unwrap()
}

/// The code of the error that keeps a request from being sent.
fn unsent(more: Value, input: Value) -> String {
    let mut call = call(more, input);
    let reply = call.enter();
    assert_eq!(call.host().count("http.send"), 0);
    reply.error().info().code.clone()
}

#[test]
fn the_shipped_schemas_are_those_of_the_types() {
    check_schemas::<HttpRequest>();
}
