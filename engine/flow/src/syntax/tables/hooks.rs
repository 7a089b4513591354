//! What the project file may say of hooks.

use std::time::Duration;

use super::{TITLE, may, must};
use crate::hook::Encoding;
use crate::syntax::shape::{Field, Object, Shape};

const SECRET: Field = must(
    "secret",
    Shape::Name,
    "Name of the secret, as the server finds secrets of plugins.",
    r#""payment-webhook""#,
);

const HEADER: Shape = Shape::Text;

const SIGNED: Object = Object {
    name: "signed",
    doc: "How the sender is known.",
    fields: &[
        may(
            "standard_webhooks",
            Shape::Object(&Object {
                name: "signed-standard-webhooks",
                doc: "Signed as Standard Webhooks are: `webhook-id`, `webhook-timestamp`, `webhook-signature`.",
                fields: &[SECRET],
                one_of: &[],
            }),
            "Signed as Standard Webhooks are. The secret is written `whsec_` and base64.",
            r#"{"secret": "signing-webhook"}"#,
        ),
        may(
            "hmac_sha256",
            Shape::Object(&Object {
                name: "signed-hmac",
                doc: "The HMAC-SHA256 of the body in a header.",
                fields: &[
                    SECRET,
                    must("header", HEADER, "Name of the header.", r#""x-signature""#),
                    may(
                        "encoding",
                        Shape::Words(&Encoding::WORDS),
                        "How the HMAC is written there. Default: hex.",
                        r#""base64""#,
                    ),
                    may(
                        "prefix",
                        Shape::Text,
                        "What stands in the header before it. Default: nothing.",
                        r#""sha256=""#,
                    ),
                ],
                one_of: &[],
            }),
            "The HMAC-SHA256 of the body in a header. A repeated message has the same, so only the address, which takes one, keeps it from being heard twice.",
            r#"{"secret": "payment-webhook", "header": "x-signature"}"#,
        ),
        may(
            "header",
            Shape::Object(&Object {
                name: "signed-header",
                doc: "A header that holds the secret itself.",
                fields: &[
                    SECRET,
                    must("name", HEADER, "Name of the header.", r#""x-webhook-token""#),
                ],
                one_of: &[],
            }),
            "A header that holds the secret itself.",
            r#"{"secret": "payment-webhook", "name": "x-webhook-token"}"#,
        ),
    ],
    one_of: &["standard_webhooks", "hmac_sha256", "header"],
};

pub(super) const HOOK: Object = Object {
    name: "hook",
    doc: "Something that happens outside, and that somebody tells a call.",
    fields: &[
        may(
            "expires",
            Shape::Time(Duration::from_secs(1), Duration::from_hours(24 * 7)),
            "How long an address is good. Default: 1h.",
            r#""15m""#,
        ),
        may(
            "schema",
            Shape::Text,
            "File with the JSON Schema (draft-07) that what arrives is valid by. Default: any JSON.",
            r#""data/payment.schema.yaml""#,
        ),
        may(
            "sensitive",
            Shape::Flag,
            "What arrives appears in no transcript and no log. Default: false.",
            "true",
        ),
        may(
            "signed",
            Shape::Object(&SIGNED),
            "How the sender of a POST or PUT is known. Default: by the address, which nobody can guess.",
            r#"{"standard_webhooks": {"secret": "signing-webhook"}}"#,
        ),
        may(
            "page",
            TITLE,
            "What a browser shows that is sent to the address (GET), by locale; the parameters of the address are what arrives, as texts. A browser cannot sign, so `signed` cannot stand beside. Default: GET is refused.",
            r#"{"ko-KR": "결제가 끝났습니다. 채팅으로 돌아가 주세요.", "en-US": "Your payment is complete. Please go back to the chat."}"#,
        ),
    ],
    one_of: &[],
};
