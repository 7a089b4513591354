//! ARNs that the flow needs, told from those that are easily taken for them.

use super::BridgeError;

/// What an ARN must be of.
pub(super) struct Wanted {
    what: &'static str,
    service: &'static str,
    form: &'static str,
    fits: fn(&[&str]) -> bool,
}

pub(super) const FUNCTION: Wanted = Wanted {
    what: "a Lambda function",
    service: "lambda",
    form: "arn:aws:lambda:REGION:ACCOUNT:function:NAME",
    fits: |parts| matches!(parts, ["function", _] | ["function", _, _]),
};

pub(super) const QUEUE: Wanted = Wanted {
    what: "a queue",
    service: "connect",
    form: "arn:aws:connect:REGION:ACCOUNT:instance/…/queue/…",
    fits: |parts| matches!(parts, ["instance", _, "queue", _]),
};

pub(super) const FLOW: Wanted = Wanted {
    what: "a contact flow",
    service: "connect",
    form: "arn:aws:connect:REGION:ACCOUNT:instance/…/contact-flow/…",
    fits: |parts| {
        matches!(parts, ["instance", _, "contact-flow", _] | ["instance", _, "contact-flow", _, _])
    },
};

pub(super) const BOT_ALIAS: Wanted = Wanted {
    what: "an alias of a Lex V2 bot",
    service: "lex",
    form: "arn:aws:lex:REGION:ACCOUNT:bot-alias/BOT/ALIAS",
    fits: |parts| matches!(parts, ["bot-alias", _, _]),
};

/// What is known by the service and the first words of its resource.
const KNOWN: [(&str, &[&str], &str); 16] = [
    ("lambda", &["function"], "a Lambda function"),
    ("lambda", &["layer"], "a Lambda layer"),
    ("lambda", &["event-source-mapping"], "an event source mapping"),
    ("connect", &["instance", "*", "queue", "agent"], "the queue of one agent"),
    ("connect", &["instance", "*", "queue"], "a queue"),
    ("connect", &["instance", "*", "agent"], "an agent"),
    ("connect", &["instance", "*", "contact-flow"], "a contact flow"),
    ("connect", &["instance", "*", "flow-module"], "a flow module"),
    ("connect", &["instance", "*", "routing-profile"], "a routing profile"),
    ("connect", &["instance", "*", "operating-hours"], "hours of operation"),
    ("connect", &["instance", "*", "transfer-destination"], "a quick connect"),
    ("connect", &["instance"], "a whole instance"),
    ("connect", &["phone-number"], "a phone number"),
    ("lex", &["bot-alias"], "an alias of a Lex V2 bot"),
    ("lex", &["bot", "*", "*"], "a Lex V1 bot"),
    ("lex", &["bot"], "a bot, none of whose aliases is named"),
];

/// That `value` is an ARN of what is wanted; partitions such as `aws-us-gov` are fine.
pub(super) fn arn(wanted: &Wanted, value: &str) -> Result<(), BridgeError> {
    let Wanted { what, service, form: expected, fits } = *wanted;
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    let well_formed = matches!(
        parts.as_slice(),
        ["arn", partition, found, region, account, resource]
            if partition.starts_with("aws")
                && !found.is_empty()
                && !region.is_empty()
                && account.len() == 12
                && account.bytes().all(|digit| digit.is_ascii_digit())
                && !resource.is_empty()
    );
    let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "-_/:.$".contains(c));
    let resource: Vec<&str> = parts.last().copied().unwrap_or_default().split(['/', ':']).collect();
    if !well_formed || !plain || resource.iter().any(|part| part.is_empty()) {
        return Err(BridgeError::Arn { what, value: value.to_owned(), expected });
    }
    // A queue of one agent has `agent` where a queue has its id.
    let agents = matches!(resource.as_slice(), ["instance", _, "queue", "agent", ..]);
    if parts[2] == service && fits(&resource) && !agents {
        return Ok(());
    }
    let begins = |known: &[&str]| {
        known.len() <= resource.len()
            && known.iter().zip(&resource).all(|(known, part)| *known == "*" || known == part)
    };
    let found =
        KNOWN.iter().find(|(of, known, found)| *of == parts[2] && *found != what && begins(known));
    Err(match found {
        Some((_, _, found)) => {
            BridgeError::OtherArn { what, value: value.to_owned(), found, expected }
        }
        None => BridgeError::Arn { what, value: value.to_owned(), expected },
    })
}
