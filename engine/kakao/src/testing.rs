//! Kakao's own look at a response, as its skill guide states it: a stand-in for a service that
//! cannot be had without an account. It is as strict as the guide is written; whether the service
//! is less so has not been tried.

use serde_json::{Map, Value};

use crate::limits;

/// Holds a response against shape and limits.
///
/// # Errors
/// What Kakao would refuse, and where.
///
/// ```
/// use dialgraph_kakao::testing::check;
/// use serde_json::json;
///
/// let text = |text: &str| json!({"version": "2.0", "template": {"outputs": [{"simpleText": {"text": text}}]}});
/// assert_eq!(check(&text("안녕하세요")), Ok(()));
/// assert!(check(&text("")).is_err());
/// ```
pub fn check(response: &Value) -> Result<(), String> {
    let response = object(response, "the response")?;
    only(response, &["version", "template", "context", "data", "useCallback"], "the response")?;
    if response.get("version") != Some(&Value::from("2.0")) {
        return Err("without `version` 2.0 it is taken for one of another form".to_owned());
    }
    match (response.get("template"), response.get("useCallback")) {
        (Some(_), Some(Value::Bool(true))) => Err("a template beside `useCallback`".to_owned()),
        (None, Some(Value::Bool(true))) => Ok(()),
        (Some(template), None | Some(Value::Bool(false))) => template_fits(template),
        _ => Err("neither a template nor `useCallback`".to_owned()),
    }
}

fn template_fits(template: &Value) -> Result<(), String> {
    let template = object(template, "template")?;
    only(template, &["outputs", "quickReplies"], "template")?;
    let outputs = list(template.get("outputs"), "outputs", 1, limits::OUTPUTS)?;
    for output in outputs {
        let output = object(output, "an output")?;
        let mut kinds = output.iter();
        let (Some((kind, body)), None) = (kinds.next(), kinds.next()) else {
            return Err("an output has one kind".to_owned());
        };
        let body = object(body, kind)?;
        match kind.as_str() {
            "simpleText" => {
                only(body, &["text"], kind)?;
                text(body, "text", 1, limits::SIMPLE_TEXT)?;
            }
            "textCard" => {
                only(body, &["title", "description", "buttons"], kind)?;
                let title = optional(body, "title", limits::CARD_TITLE)?;
                let description = optional(body, "description", limits::TEXT_CARD)?;
                if title + description == 0 || title + description > limits::TEXT_CARD {
                    return Err(format!("a textCard of {} characters", title + description));
                }
                buttons(body)?;
            }
            "basicCard" => {
                only(body, &["title", "description", "thumbnail", "buttons"], kind)?;
                optional(body, "title", limits::CARD_TITLE)?;
                optional(body, "description", limits::BASIC_CARD)?;
                let thumbnail = object(body.get("thumbnail").unwrap_or(&Value::Null), "thumbnail")?;
                address(thumbnail, "imageUrl")?;
                buttons(body)?;
            }
            other => return Err(format!("`{other}` is no kind of output")),
        }
    }
    let Some(replies) = template.get("quickReplies") else { return Ok(()) };
    for reply in list(Some(replies), "quickReplies", 1, limits::QUICK_REPLIES)? {
        let reply = object(reply, "a quick reply")?;
        only(reply, &["label", "action", "messageText"], "a quick reply")?;
        text(reply, "label", 1, limits::LABEL)?;
        if reply.get("action") != Some(&Value::from("message")) {
            return Err("a quick reply that is no message".to_owned());
        }
        text(reply, "messageText", 1, usize::MAX)?;
    }
    Ok(())
}

fn buttons(card: &Map<String, Value>) -> Result<(), String> {
    let Some(buttons) = card.get("buttons") else { return Ok(()) };
    for button in list(Some(buttons), "buttons", 1, limits::BUTTONS)? {
        let button = object(button, "a button")?;
        text(button, "label", 1, limits::LABEL)?;
        match button.get("action").and_then(Value::as_str) {
            Some("webLink") => address(button, "webLinkUrl")?,
            Some("phone") => {
                text(button, "phoneNumber", 1, 20)?;
            }
            Some("operator") => {}
            other => return Err(format!("a button that does {other:?}")),
        }
    }
    Ok(())
}

fn object<'v>(value: &'v Value, what: &str) -> Result<&'v Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("{what} is no object"))
}

fn only(object: &Map<String, Value>, known: &[&str], what: &str) -> Result<(), String> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("{what} has no `{key}`")),
        None => Ok(()),
    }
}

fn list<'v>(
    value: Option<&'v Value>,
    what: &str,
    least: usize,
    most: usize,
) -> Result<&'v [Value], String> {
    let list = value.and_then(Value::as_array).ok_or_else(|| format!("{what} is no list"))?;
    if (least..=most).contains(&list.len()) {
        Ok(list)
    } else {
        Err(format!("{} of {what}, not {least} to {most}", list.len()))
    }
}

/// Characters of a text.
fn text(
    object: &Map<String, Value>,
    name: &str,
    least: usize,
    most: usize,
) -> Result<usize, String> {
    let text = object.get(name).and_then(Value::as_str).ok_or_else(|| format!("no `{name}`"))?;
    let length = text.chars().count();
    let blank = least > 0 && text.trim().is_empty();
    if blank || length > most {
        return Err(format!("`{name}` has {length} characters, not {least} to {most}"));
    }
    Ok(length)
}

fn optional(object: &Map<String, Value>, name: &str, most: usize) -> Result<usize, String> {
    if object.contains_key(name) { text(object, name, 1, most) } else { Ok(0) }
}

fn address(object: &Map<String, Value>, name: &str) -> Result<(), String> {
    let url = object.get(name).and_then(Value::as_str).unwrap_or_default();
    if url.starts_with("https://") || url.starts_with("http://") {
        Ok(())
    } else {
        Err(format!("`{name}` is no address: {url:?}"))
    }
}
