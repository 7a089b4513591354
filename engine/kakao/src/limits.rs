//! What Kakao takes at most, from its skill guide. Characters are Unicode scalar values.

/// Bubbles of one response.
pub const OUTPUTS: usize = 3;
/// Characters of a text on its own. KakaoTalk folds what is beyond 500.
pub const SIMPLE_TEXT: usize = 1_000;
/// Characters of a card's title.
pub const CARD_TITLE: usize = 50;
/// Characters of the text of a card without a picture, its title among them.
pub const TEXT_CARD: usize = 400;
/// Characters of the text of a card with a picture.
pub const BASIC_CARD: usize = 230;
/// Buttons of a card, one below the other.
pub const BUTTONS: usize = 3;
/// Characters on a button, and on a quick reply.
pub const LABEL: usize = 14;
/// Quick replies of one response.
pub const QUICK_REPLIES: usize = 10;
/// Characters of the id of a bot's user.
pub const USER: usize = 70;
