//! KakaoTalk, as a chatbot's *skill server* meets it: what a message's payload says, and a turn's
//! directives as the response that KakaoTalk shows.
//!
//! Why it exists: Kakao refuses the whole of a response that breaks one of its limits, and the
//! person reads nothing. So whatever a flow says is made to fit here: texts are cut into bubbles,
//! or shortened at a word, and what cannot be shown becomes words.
//!
//! The shapes and limits are those of the skill guide ([responses]); [`testing`] holds a
//! response against them as strictly as they are written, in the place of a service that cannot be
//! had.
//!
//! It must not know HTTP, stores, calls in progress or who may ask.
//!
//! [responses]: https://kakaobusiness.gitbook.io/main/tool/chatbot/skill_guide/answer_json_format

mod fit;
pub mod limits;
pub mod payload;
pub mod response;
pub mod testing;

pub use payload::{Message, PayloadError};
pub use response::SkillResponse;

#[cfg(test)]
mod tests;
