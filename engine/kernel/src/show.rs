//! What a channel shows beside words: choices, links and cards.
//!
//! Whether it can is the [channel](dialgraph_base::Channel)'s to say. For one that cannot, a turn
//! makes words of it, so that nobody who carries out directives has to.

use serde::{Deserialize, Serialize};

/// An answer to choose: a button where there are such.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What is on the button.
    pub label: String,
    /// What the caller says by choosing it. The words of an answer that is typed mean the same.
    pub value: String,
}

impl Choice {
    /// A button that says what is on it.
    pub fn of(label: impl Into<String>) -> Self {
        let label = label.into();
        Self { value: label.clone(), label }
    }
}

/// What stands beside words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    Link(Link),
    Card(Card),
}

/// Somewhere to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub url: String,
    /// What is to be pressed, in words.
    pub label: String,
}

/// A thing with a title: an article, an item on offer, a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Address of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Link>,
}

impl Shown {
    /// In words to be read: addresses are written out.
    pub fn written(&self) -> String {
        let link = |link: &Link| format!("{}: {}", link.label, link.url);
        match self {
            Self::Link(one) => link(one),
            Self::Card(card) => {
                let lines = [Some(card.title.clone()), card.text.clone()];
                let links = card.buttons.iter().map(|one| Some(link(one)));
                lines.into_iter().chain(links).flatten().collect::<Vec<_>>().join("\n")
            }
        }
    }

    /// In words to be heard; none where there are none. Nobody can follow an address by ear.
    pub fn spoken(&self) -> Option<String> {
        match self {
            Self::Link(_) => None,
            Self::Card(card) => {
                let lines = [Some(&*card.title), card.text.as_deref()];
                let sentence = |line: &str| {
                    let line = line.trim();
                    if line.ends_with(['.', '!', '?', '。']) {
                        line.to_owned()
                    } else {
                        format!("{line}.")
                    }
                };
                Some(lines.into_iter().flatten().map(sentence).collect::<Vec<_>>().join(" "))
            }
        }
    }
}
