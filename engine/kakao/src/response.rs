//! A turn's directives as a `SkillResponse`.

use dialgraph_flow::template::ssml_as_text;
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::plugin::Speech;
use dialgraph_kernel::show::{Card, Choice, Link, Shown};
use serde::Serialize;

use crate::fit::{parts, shorten};
use crate::limits;

/// What KakaoTalk shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SkillResponse {
    version: &'static str,
    template: Template,
}

/// Bubbles, and the answers to choose below them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    pub outputs: Vec<Output>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quick_replies: Vec<QuickReply>,
}

/// A bubble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Output {
    SimpleText {
        text: String,
    },
    TextCard {
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        buttons: Vec<Button>,
    },
    BasicCard {
        title: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        thumbnail: Thumbnail,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        buttons: Vec<Button>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Thumbnail {
    pub image_url: String,
}

/// A button of a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "camelCase")]
pub enum Button {
    #[serde(rename_all = "camelCase")]
    WebLink { label: String, web_link_url: String },
    #[serde(rename_all = "camelCase")]
    Phone { label: String, phone_number: String },
    /// Hands the chat to the people of the channel.
    Operator { label: String },
}

/// An answer to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuickReply {
    pub label: String,
    pub action: &'static str,
    /// What the person says by it.
    pub message_text: String,
}

/// The words of the engine on this channel, in the language of the call.
#[derive(Debug, Clone, Copy)]
struct Words {
    go_on: &'static str,
    agent: &'static str,
    nothing: &'static str,
    choices: &'static str,
    sorry: &'static str,
}

fn words(locale: &str) -> Words {
    if locale.split('-').next() == Some("ko") {
        Words {
            go_on: "계속하기",
            agent: "상담원 연결",
            nothing: "네, 확인했습니다.",
            choices: "다음 가운데 골라 주세요:",
            sorry: "죄송합니다. 지금은 답을 드릴 수 없습니다. 잠시 후 다시 말씀해 주세요.",
        }
    } else {
        Words {
            go_on: "Go on",
            agent: "Talk to an agent",
            nothing: "All right.",
            choices: "Please choose one of these:",
            sorry: "Sorry, I cannot answer you now. Please write again in a moment.",
        }
    }
}

impl SkillResponse {
    /// What a turn says and asks.
    ///
    /// A question's choices become quick replies. More than ten, or such as cannot be told apart
    /// when they are shortened, are listed in words as well. Whoever waits for something slow gets
    /// a quick reply to go on with, and whoever is queued a button to the channel's people.
    pub fn of(say: &[Speech], then: &Then, locale: &str) -> Self {
        let words = words(locale);
        let mut bubbles = Vec::new();
        for speech in say {
            bubbles.extend(bubbles_of(speech));
        }
        let mut quick_replies = Vec::new();
        match then {
            Then::Ask(accept) => {
                quick_replies = replies(&accept.choices);
                if must_be_listed(&accept.choices, &quick_replies) {
                    let lines = accept.choices.iter().map(|choice| format!("- {}", choice.label));
                    let lines: Vec<_> =
                        std::iter::once(words.choices.to_owned()).chain(lines).collect();
                    bubbles.push(Bubble::Text(lines.join("\n")));
                }
            }
            Then::Wait { .. } => quick_replies = replies(&[Choice::of(words.go_on)]),
            Then::Queue(_) => bubbles.push(Bubble::Queue),
            Then::Callback { .. } | Then::HangUp => {}
            Then::Transfer { number, .. } => {
                let url = format!("tel:{number}");
                let link = Link { url, label: words.agent.to_owned() };
                bubbles.push(Bubble::Card(None, None, vec![link]));
            }
        }
        let outputs = outputs(bubbles, words);
        let template = Template { outputs, quick_replies };
        Self { version: "2.0", template }
    }

    /// For somebody whom the engine cannot answer now.
    pub fn sorry(locale: &str) -> Self {
        let text = words(locale).sorry.to_owned();
        let outputs = vec![Output::SimpleText { text }];
        let template = Template { outputs, quick_replies: Vec::new() };
        Self { version: "2.0", template }
    }
}

/// A bubble that is not yet made to fit.
#[derive(Debug, Clone)]
enum Bubble {
    Text(String),
    /// Title, text and buttons.
    Card(Option<String>, Option<String>, Vec<Link>),
    /// The same with a picture.
    Picture(Card),
    Queue,
}

/// Words, and what is shown with them. A link goes to the words that speak of it.
fn bubbles_of(speech: &Speech) -> Vec<Bubble> {
    let mut text =
        if speech.ssml { ssml_as_text(&speech.text) } else { speech.text.trim().to_owned() };
    let (mut links, mut cards) = (Vec::new(), Vec::new());
    for shown in &speech.shown {
        match shown {
            Shown::Link(link) if can_be_pressed(link) => links.push(link.clone()),
            Shown::Link(_) => {
                text.push_str(if text.is_empty() { "" } else { "\n" });
                text.push_str(&shown.written());
            }
            Shown::Card(card) => cards.push(card.clone()),
        }
    }
    let mut bubbles = Vec::new();
    if links.is_empty() {
        bubbles.extend((!text.is_empty()).then_some(Bubble::Text(text)));
    } else if text.chars().count() <= limits::TEXT_CARD {
        bubbles.push(Bubble::Card(None, (!text.is_empty()).then_some(text), links));
    } else {
        bubbles.extend([Bubble::Text(text), Bubble::Card(None, None, links)]);
    }
    bubbles.extend(cards.into_iter().map(|card| match card {
        Card { image: Some(ref image), .. } if is_web(image) => Bubble::Picture(card),
        Card { title, text, buttons, .. } => Bubble::Card(Some(title), text, buttons),
    }));
    bubbles
}

/// At most three bubbles: texts that follow one another share one, then cards become words, and
/// what is still too much is shortened in front of the last, which asks the question.
fn outputs(mut bubbles: Vec<Bubble>, words: Words) -> Vec<Output> {
    let fits = |bubbles: &[Bubble]| bubbles.iter().map(room).sum::<usize>() <= limits::OUTPUTS;
    if !fits(&bubbles) {
        bubbles = joined(bubbles);
    }
    while !fits(&bubbles) {
        let card = bubbles
            .iter()
            .position(|bubble| matches!(bubble, Bubble::Card(..) | Bubble::Picture(_)));
        let Some(at) = card else { break };
        bubbles[at] = Bubble::Text(written(&bubbles[at]));
        bubbles = joined(bubbles);
    }
    let mut outputs: Vec<Output> =
        bubbles.into_iter().flat_map(|bubble| output(bubble, words)).collect();
    if outputs.len() > limits::OUTPUTS {
        let last = outputs.split_off(outputs.len() - 1);
        outputs.truncate(limits::OUTPUTS - 1);
        if let Some(Output::SimpleText { text }) = outputs.last_mut() {
            *text = shorten(&format!("{text} ……"), limits::SIMPLE_TEXT);
        }
        outputs.extend(last);
    }
    if outputs.is_empty() {
        outputs.push(Output::SimpleText { text: words.nothing.to_owned() });
    }
    outputs
}

/// How many bubbles of Kakao's it takes.
fn room(bubble: &Bubble) -> usize {
    match bubble {
        Bubble::Text(text) => text.chars().count().div_ceil(limits::SIMPLE_TEXT).max(1),
        Bubble::Card(..) | Bubble::Picture(_) | Bubble::Queue => 1,
    }
}

fn joined(bubbles: Vec<Bubble>) -> Vec<Bubble> {
    let mut joined: Vec<Bubble> = Vec::new();
    for bubble in bubbles {
        match (joined.last_mut(), bubble) {
            (Some(Bubble::Text(before)), Bubble::Text(text)) => {
                before.push_str("\n\n");
                before.push_str(&text);
            }
            (_, bubble) => joined.push(bubble),
        }
    }
    joined
}

/// In words, with addresses written out.
fn written(bubble: &Bubble) -> String {
    let lines = |title: &Option<String>, text: &Option<String>, links: &[Link]| {
        let links = links.iter().map(|link| format!("{}: {}", link.label, link.url));
        let words = title.iter().chain(text).cloned();
        words.chain(links).collect::<Vec<_>>().join("\n")
    };
    match bubble {
        Bubble::Text(text) => text.clone(),
        Bubble::Card(title, text, links) => lines(title, text, links),
        Bubble::Picture(card) => lines(&Some(card.title.clone()), &card.text, &card.buttons),
        Bubble::Queue => String::new(),
    }
}

fn output(bubble: Bubble, words: Words) -> Vec<Output> {
    match bubble {
        Bubble::Text(text) => {
            let texts = parts(&text, limits::SIMPLE_TEXT);
            texts.into_iter().map(|text| Output::SimpleText { text }).collect()
        }
        Bubble::Card(title, text, links) => {
            let buttons = buttons(&links);
            let title = title.and_then(|title| words_in(&title, limits::CARD_TITLE));
            let room = limits::TEXT_CARD - title.as_ref().map_or(0, |title| title.chars().count());
            let description = text.and_then(|text| words_in(&text, room));
            // Kakao takes no card without words.
            let description = match (&title, description) {
                (None, None) => Some(shorten(
                    &links.first().map_or_else(String::new, |link| link.label.clone()),
                    room,
                )),
                (_, description) => description,
            };
            vec![Output::TextCard { title, description, buttons }]
        }
        Bubble::Picture(Card { title, text, image, buttons: links }) => {
            let buttons = buttons(&links);
            vec![Output::BasicCard {
                title: shorten(&title, limits::CARD_TITLE),
                description: text.and_then(|text| words_in(&text, limits::BASIC_CARD)),
                thumbnail: Thumbnail { image_url: image.unwrap_or_default() },
                buttons,
            }]
        }
        Bubble::Queue => vec![Output::TextCard {
            title: None,
            description: Some(words.agent.to_owned()),
            buttons: vec![Button::Operator { label: shorten(words.agent, limits::LABEL) }],
        }],
    }
}

/// The words in at most `most` characters, if there are any.
fn words_in(text: &str, most: usize) -> Option<String> {
    Some(shorten(text, most)).filter(|text| !text.is_empty())
}

fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// Whether Kakao has a button for it: for pages and telephone numbers.
fn can_be_pressed(link: &Link) -> bool {
    is_web(&link.url) || link.url.starts_with("tel:")
}

fn buttons(links: &[Link]) -> Vec<Button> {
    let button = |link: &Link| {
        let label = shorten(&link.label, limits::LABEL);
        match link.url.strip_prefix("tel:") {
            Some(number) => Button::Phone { label, phone_number: number.to_owned() },
            None => Button::WebLink { label, web_link_url: link.url.clone() },
        }
    };
    let links = links.iter().filter(|link| can_be_pressed(link));
    links.take(limits::BUTTONS).map(button).collect()
}

fn replies(choices: &[Choice]) -> Vec<QuickReply> {
    let reply = |choice: &Choice| QuickReply {
        label: shorten(&choice.label, limits::LABEL),
        action: "message",
        message_text: choice.value.clone(),
    };
    choices.iter().take(limits::QUICK_REPLIES).map(reply).collect()
}

/// Whether quick replies alone do not tell what can be chosen.
fn must_be_listed(choices: &[Choice], replies: &[QuickReply]) -> bool {
    let labels: std::collections::BTreeSet<_> = replies.iter().map(|reply| &reply.label).collect();
    choices.len() > replies.len() || labels.len() < replies.len()
}
