//! Lets the SDK read answers with slots that are not filled.
//!
//! Lex says `"City": null` for such a slot. The service's model does not allow a map's value to be
//! null, and the SDK takes the model at its word: it refuses the whole answer ("dense map cannot
//! contain null values"). So an answer is changed before it is read: a slot of `null` becomes a
//! slot of `{}`, which says the same and keeps its name. An attribute of `null` is dropped. What is
//! no JSON is passed on as it is, for the SDK to complain about.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::Value;

/// An HTTP client that does so.
#[derive(Debug)]
pub(super) struct Tolerant {
    inner: SharedHttpClient,
}

impl Tolerant {
    pub(super) fn new(inner: SharedHttpClient) -> Self {
        Self { inner }
    }
}

impl HttpClient for Tolerant {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(TolerantConnector { inner })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.inner.validate_base_client_config(components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.inner.validate_final_config(components, config)
    }
}

#[derive(Debug)]
struct TolerantConnector {
    inner: SharedHttpConnector,
}

impl HttpConnector for TolerantConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let mut response: HttpResponse = answer.await?;
            let body = ByteStream::new(response.take_body()).collect().await;
            let body = body.map_err(|error| ConnectorError::io(error.into()))?.into_bytes();
            *response.body_mut() = match fill(&body) {
                Some(filled) => SdkBody::from(filled),
                None => SdkBody::from(body),
            };
            Ok(response)
        })
    }
}

/// None: there is nothing to change.
fn fill(body: &[u8]) -> Option<Vec<u8>> {
    // Most answers have none, and none of them need be taken apart.
    body.windows(4).find(|part| part == b"null")?;
    let mut answer: Value = serde_json::from_slice(body).ok()?;
    visit(&mut answer);
    serde_json::to_vec(&answer).ok()
}

fn visit(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(visit),
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                match field {
                    Value::Object(slots) if matches!(name.as_str(), "slots" | "subSlots") => {
                        slots.values_mut().for_each(empty);
                    }
                    Value::Array(slots) if name == "values" => slots.iter_mut().for_each(empty),
                    Value::Object(pairs) if name.ends_with("Attributes") => {
                        pairs.retain(|_, text| !text.is_null());
                    }
                    _ => {}
                }
                visit(field);
            }
        }
        _ => {}
    }
}

fn empty(slot: &mut Value) {
    if slot.is_null() {
        *slot = Value::Object(serde_json::Map::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slots_that_are_not_filled_and_empty_attributes_are_changed() {
        let answer = r#"{"sessionState":{"intent":{"slots":{"City":null,"Trip":{"value":null,"shape":"Composite","subSlots":{"To":null}},"Days":{"values":[null]}}},"sessionAttributes":{"a":null,"b":"null"}},"messages":null}"#;
        insta::assert_snapshot!(String::from_utf8(fill(answer.as_bytes()).unwrap()).unwrap(), @r#"{"sessionState":{"intent":{"slots":{"City":{},"Trip":{"value":null,"shape":"Composite","subSlots":{"To":{}}},"Days":{"values":[{}]}}},"sessionAttributes":{"b":"null"}},"messages":null}"#);
        assert_eq!(fill(br#"{"messages":[]}"#), None);
        assert_eq!(fill(b"null, but no JSON"), None);
    }
}
