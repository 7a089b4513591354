//! What the flow gives, and what it must give.

use dialgraph_plugin::NodeError;
use dialgraph_plugin::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use plugin_common::text::shortened;
use serde::Deserialize;
use serde_json::Value;

use crate::payment::Payment;

/// KakaoPay takes no longer texts.
const MOST_CHARS: usize = 100;
/// No sum of won is larger than what JSON numbers hold exactly.
const MOST: i64 = (1 << 53) - 1;

/// Which order, and what it costs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Input {
    /// Number of the order: a text of up to 100 characters, or a whole number.
    #[schemars(schema_with = "name_schema")]
    order: Option<Value>,
    /// `ready`: who pays, as the desk knows them: a text of up to 100 characters, or a whole
    /// number. No name and no telephone number: KakaoPay keeps it.
    #[schemars(schema_with = "name_schema")]
    user: Option<Value>,
    /// `ready`: what is bought, as the caller reads it at KakaoPay; shortened to 100 characters.
    item: Option<String>,
    /// `ready`: how many. Left out: 1.
    #[schemars(schema_with = "number_schema")]
    quantity: Option<Value>,
    /// `ready`: what all of it costs, in whole won, tax included.
    #[schemars(schema_with = "number_schema")]
    amount: Option<Value>,
    /// `ready`: so much of it is free of tax, in whole won. Left out: 0.
    #[schemars(schema_with = "number_schema")]
    tax_free: Option<Value>,
    /// `ready`: where KakaoPay sends the caller who has paid, with `pg_token` as a parameter.
    approval_url: Option<String>,
    /// `ready`: where it sends the caller who has given up. Left out: `approval_url`.
    cancel_url: Option<String>,
    /// `ready`: where it sends the caller whose time is up. Left out: `approval_url`.
    fail_url: Option<String>,
    /// `approve`: what KakaoPay gave to `approval_url`.
    pg_token: Option<String>,
}

fn name_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "number", "null"]})
}

fn number_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["number", "null"]})
}

/// The addresses that KakaoPay sends a caller to.
pub(crate) struct Ways<'a> {
    pub approval: &'a str,
    pub cancel: &'a str,
    pub fail: &'a str,
}

impl Input {
    pub(crate) fn order(&self) -> Result<String, NodeError> {
        name("order", self.order.as_ref(), "order: order_number")
    }

    pub(crate) fn pg_token(&self) -> Result<String, NodeError> {
        let token = self.pg_token.as_deref().map(str::trim).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| missing("pg_token", "pg_token: paid.pg_token"))?;
        if token.len() > 200 {
            return Err(bad("pg_token", "is longer than any that KakaoPay gives"));
        }
        Ok(token.to_owned())
    }

    /// What is to be paid, as a record that is ready but for KakaoPay's part of it.
    pub(crate) fn payment(&self, order: &str) -> Result<Payment, NodeError> {
        let item = self.item.as_deref().map(str::trim).filter(|item| !item.is_empty());
        let item = item.ok_or_else(|| missing("item", "item: '\"Americano\"'"))?;
        let amount = number("amount", self.amount.as_ref())?
            .ok_or_else(|| missing("amount", "amount: total"))?;
        let tax_free = number("tax_free", self.tax_free.as_ref())?.unwrap_or(0);
        let quantity = number("quantity", self.quantity.as_ref())?.unwrap_or(1);
        if amount < 1 || quantity < 1 {
            return Err(bad(
                "amount",
                "or `quantity` is less than 1; what costs nothing is not paid",
            ));
        }
        if tax_free > amount {
            return Err(bad("tax_free", "is more than `amount`"));
        }
        Ok(Payment {
            order: order.to_owned(),
            user: name("user", self.user.as_ref(), "user: customer_id")?,
            item: shortened(item, MOST_CHARS),
            quantity,
            amount,
            tax_free,
            ..Payment::default()
        })
    }

    pub(crate) fn ways(&self) -> Result<Ways<'_>, NodeError> {
        let approval = self.approval_url.as_deref().unwrap_or_default().trim();
        let others = [&self.cancel_url, &self.fail_url];
        let [cancel, fail] =
            others.map(|url| url.as_deref().map(str::trim).filter(|url| !url.is_empty()));
        let ways =
            Ways { approval, cancel: cancel.unwrap_or(approval), fail: fail.unwrap_or(approval) };
        for (name, url) in
            [("approval_url", ways.approval), ("cancel_url", ways.cancel), ("fail_url", ways.fail)]
        {
            if !(url.starts_with("https://") || url.starts_with("http://")) || url.len() > 255 {
                return Err(bad(
                    name,
                    "is no address that begins with `https://`, of up to 255 bytes",
                ));
            }
        }
        Ok(ways)
    }
}

fn name(which: &str, value: Option<&Value>, example: &str) -> Result<String, NodeError> {
    let text = match value.filter(|value| !value.is_null()) {
        None => return Err(missing(which, example)),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(other) => match whole(other) {
            Some(number) => number.to_string(),
            None => return Err(bad(which, "is neither a text nor a whole number")),
        },
    };
    // A record's key has up to 256 bytes.
    if text.is_empty() || text.chars().count() > MOST_CHARS || text.len() > 256 {
        return Err(bad(which, "is empty, or has more than 100 characters"));
    }
    Ok(text)
}

fn number(which: &str, value: Option<&Value>) -> Result<Option<i64>, NodeError> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    match whole(value) {
        Some(number) if number >= 0 => Ok(Some(number)),
        _ => Err(bad(which, "is no whole number from 0; won have no fractions")),
    }
}

/// The whole number that a value is, `3.0` included, as long as it is exact.
fn whole(value: &Value) -> Option<i64> {
    let number = match value.as_i64() {
        Some(number) => number,
        None => {
            let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
            #[allow(clippy::cast_precision_loss, reason = "2^53 - 1 is exact")]
            let exact = number.abs() <= MOST as f64;
            #[allow(clippy::cast_possible_truncation, reason = "it is whole and in range")]
            exact.then_some(number as i64)?
        }
    };
    (-MOST..=MOST).contains(&number).then_some(number)
}

fn missing(name: &str, example: &str) -> NodeError {
    NodeError::other(
        "missing-input",
        format!("with: `{name}` is not given; add it, such as `{example}`"),
    )
}

fn bad(name: &str, what: &str) -> NodeError {
    NodeError::other("bad-input", format!("with: `{name}` {what}"))
}
