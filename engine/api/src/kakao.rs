//! A Kakao skill's payloads and responses, as the document describes them.
//!
//! These have shapes and no fields: both are Kakao's, and the crate `kakao` reads the one and
//! writes the other.

use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::values::{one_of_values, text};

/// What Kakao posts to a skill server.
#[derive(Debug)]
pub enum SkillPayload {}

impl PartialSchema for SkillPayload {
    fn schema() -> RefOr<Schema> {
        let object = || ObjectBuilder::new().schema_type(SchemaType::new(Type::Object));
        let user = object()
            .property(
                "id",
                text().min_length(Some(1)).max_length(Some(70)).description(Some("Who writes.")),
            )
            .required("id");
        let request = object()
            .property("utterance", text().description(Some("What they wrote.")))
            .property("user", user)
            .required("user");
        let bot = object().property("id", text().description(Some("Which bot."))).required("id");
        object()
            .description(Some("As Kakao's skill guide has it; unknown fields are ignored."))
            .property("userRequest", request)
            .required("userRequest")
            .property("bot", bot)
            .required("bot")
            .into()
    }
}

impl ToSchema for SkillPayload {}

/// What KakaoTalk shows.
#[derive(Debug)]
pub enum SkillAnswer {}

impl PartialSchema for SkillAnswer {
    fn schema() -> RefOr<Schema> {
        let object = || ObjectBuilder::new().schema_type(SchemaType::new(Type::Object));
        object()
            .description(Some("A SkillResponse of Kakao's skill guide."))
            .property("version", one_of_values(Type::String, ["2.0"]))
            .required("version")
            .property(
                "template",
                object().additional_properties(Some(AdditionalProperties::FreeForm(true))),
            )
            .required("template")
            .into()
    }
}

impl ToSchema for SkillAnswer {}
