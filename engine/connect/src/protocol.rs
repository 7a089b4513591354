//! The words that the engine's answers and the bridge flow share. `docs/connect-protocol.md`
//! explains them.

use dialgraph_base::Medium;

/// What the flow must do.
pub mod action {
    /// Play the pieces, then come back at once.
    pub const SPEAK: &str = "speak";
    /// Chat: wait `wait_seconds`, then come back.
    pub const WAIT: &str = "wait";
    /// Voice: one key.
    pub const MENU: &str = "menu";
    /// Voice: several keys.
    pub const DIGITS: &str = "digits";
    /// Voice: speech, and keys when `keys` is `yes`.
    pub const LISTEN: &str = "listen";
    /// Chat: what the customer writes.
    pub const READ: &str = "read";
    /// Chat: the same, with buttons to choose from.
    pub const CHOOSE: &str = "choose";
    pub const QUEUE: &str = "queue";
    pub const CALLBACK: &str = "callback";
    pub const TRANSFER: &str = "transfer";
    pub const FLOW: &str = "flow";
    pub const DISCONNECT: &str = "disconnect";
    pub const FALLBACK: &str = "fallback";
}

/// The parameter by which a flow says what it can show, and its word for buttons. A flow of an
/// earlier version says nothing of it.
pub const SHOWS: (&str, &str) = ("shows", "choices");

/// The attribute of Lex's session that holds the message with buttons until the code hook has sent
/// it.
pub const BUTTONS: &str = "buttons";

/// What Lex is told first in the place of a customer's words, so that its code hook is asked.
pub const SHOW_BUTTONS: &str = "show-buttons";

/// `detail-type` of what Amazon EventBridge tells of contacts.
pub const CONTACT_EVENT: &str = "Amazon Connect Contact Event";

/// Largest event read, in bytes. Connect's own are a few KB, with 32 KB of attributes at most.
pub const MAX_EVENT_BYTES: usize = 256 * 1024;

/// Most attributes that may be asked for at once.
pub const MAX_ATTRIBUTES: usize = 64;

/// `language` when the contact has the right one already.
pub const SAME_LANGUAGE: &str = "same";

/// `say` when there is nothing to play.
pub const NOTHING: &str = "none";

/// Most pieces played one after another before an action; more text is left out.
pub const MAX_PIECES: usize = 6;

/// Connect's words for the channels that flows serve; others, such as `TASK`, are refused.
pub const CHANNELS: [(&str, Medium); 2] = [("VOICE", Medium::Voice), ("CHAT", Medium::Chat)];

/// What Connect's word for a channel stands for, if flows serve it.
pub fn medium(channel: &str) -> Option<Medium> {
    let known = CHANNELS.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(channel));
    known.map(|(_, medium)| medium)
}

/// `say` when there are so many pieces to play, spoken or shown.
pub fn say_word(medium: Medium, pieces: usize) -> String {
    format!("{medium}-{pieces}")
}

/// How targets of `transfer` that are contact flows begin.
pub const FLOW_SCHEME: &str = "connect-flow:";

/// Seconds for which a flow can wait for the first key. Connect wants a constant, so the flow has a
/// block for each.
pub const KEY_TIMEOUTS: [u32; 6] = [3, 5, 8, 12, 20, 60];

/// The same for a chat. Whoever types needs longer than whoever speaks, whatever the flow allows
/// for speech.
pub const CHAT_TIMEOUTS: [u32; 4] = [120, 300, 900, 1_800];

/// Keys that can end a number, and their words in `keys_end`.
pub const TERMINATORS: [(char, &str); 2] = [('#', "hash"), ('*', "star")];

/// Seconds for which somebody outside can be rung. Connect wants a constant here, too.
pub const RING_SECONDS: [u32; 7] = [5, 10, 15, 20, 30, 45, 60];

/// Seconds between two keys after which a number counts as complete.
pub const INTERDIGIT_SECONDS: u32 = 5;

/// Attempts of Connect to reach a caller who is to be called back.
pub const CALLBACK_ATTEMPTS: u32 = 3;

/// Name under which an attribute is answered.
pub fn attribute_key(name: &str) -> String {
    format!("attr_{name}")
}

/// The smallest of `seconds` that is no shorter than `millis`; the largest if there is none.
pub fn round_up(millis: u32, seconds: &[u32]) -> u32 {
    let wanted = millis.div_ceil(1_000);
    let fitting = seconds.iter().copied().find(|seconds| *seconds >= wanted);
    fitting.or(seconds.last().copied()).unwrap_or(wanted)
}
