//! Amazon Connect's events and their answers, as the document describes them.
//!
//! These have shapes and no fields: the event's are Amazon's, the answer's are the bridge flow's,
//! and the crate `connect` reads the one and writes the other.

use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ObjectBuilder, SchemaType, Type,
};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::values::{one_of_values, text};

/// An event of Amazon Connect.
#[derive(Debug)]
pub enum ConnectEvent {}

impl PartialSchema for ConnectEvent {
    fn schema() -> RefOr<Schema> {
        let object = || ObjectBuilder::new().schema_type(SchemaType::new(Type::Object));
        let scalar = || {
            let kinds = [Type::String, Type::Number, Type::Boolean];
            ObjectBuilder::new().schema_type(SchemaType::from_iter(kinds))
        };
        let any =
            |what| ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(Some(what));
        let contact = object()
            .property("ContactId", scalar())
            .required("ContactId")
            .property("Channel", any("VOICE or CHAT; others are given to people."));
        let passed = "What the bridge flow passes: did, turn, input, confidence, flow, locale, attributes, attr_NAME.";
        let details = object()
            .property("ContactData", contact)
            .required("ContactData")
            .property("Parameters", any(passed));
        let of_flow = object()
            .title(Some("ContactFlowEvent"))
            .property("Details", details)
            .required("Details");
        let detail = object()
            .property("contactId", scalar())
            .required("contactId")
            .property(
                "eventType",
                one_of_values(Type::String, ["QUEUED", "CONNECTED_TO_AGENT", "DISCONNECTED"]),
            )
            .required("eventType");
        let news = one_of_values(Type::String, ["Amazon Connect Contact Event"]);
        let of_contact = object()
            .title(Some("Contact event"))
            .property("detail-type", news)
            .required("detail-type")
            .property("detail", detail)
            .required("detail");
        AnyOfBuilder::new().description(Some(EVENT)).item(of_flow).item(of_contact).into()
    }
}

const EVENT: &str = "As Amazon Connect gives it to a Lambda function, or a contact event of Amazon \
    EventBridge. Unknown, absent and null fields are ignored; numbers and booleans are read as \
    text.";

impl ToSchema for ConnectEvent {}

/// What the bridge flow must do.
#[derive(Debug)]
pub enum ConnectAnswer {}

impl PartialSchema for ConnectAnswer {
    fn schema() -> RefOr<Schema> {
        let word = text().min_length(Some(1)).build();
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Object))
            .description(Some("What the bridge flow must do, as a flat map of texts."))
            .required("action")
            .additional_properties(Some(AdditionalProperties::from(Schema::Object(word))))
            .into()
    }
}

impl ToSchema for ConnectAnswer {}
