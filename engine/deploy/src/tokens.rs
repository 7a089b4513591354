//! Who may use the admin API: bearer tokens, of which only hashes are kept.
//!
//! A token is 256 bits of chance, so its hash needs neither salt nor slowness. Those in the
//! configuration are for the beginning and for machines; others are made, listed and revoked while
//! the engine runs.

use serde::{Deserialize, Serialize};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use dialgraph_access::{ConfiguredTokens, MAX_TOKEN_BYTES, Role, TokenHash, Who};
use dialgraph_store::{
    Expect, Key, Op, Part, Query, Schema, Sort, StoreError, UnixMillis, Upgrade, get_value,
};

use crate::chance::random_hex;
use crate::deploy::Deploy;
use crate::error::{DeployError, needs};
use crate::found::Found;
use crate::rows::{Action, AuditEntry};

/// What every token begins with, so that it is known where it turns up.
const PREFIX: &str = "dgt_";
/// A token that was made while the engine ran. The token itself is shown once and kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    pub id: String,
    pub who: Who,
    hash: String,
    pub made_at: UnixMillis,
    pub made_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixMillis>,
}

impl Schema for TokenRow {
    const KIND: &'static str = "admin-token";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

/// Tells who holds a token.
#[derive(Debug, Clone)]
pub struct Tokens {
    deploy: Deploy,
    configured: ConfiguredTokens,
}

fn part() -> Result<Part, StoreError> {
    Part::new("deploy/tokens")
}

fn key(id: &str) -> Result<Key, StoreError> {
    Key::new(&part()?, Sort::text(id))
}

/// A fresh token: `dgt_`, its id, and 256 bits of chance.
fn fresh() -> (String, String) {
    let id = random_hex()[..12].to_owned();
    let mut secret = [0; 32];
    #[expect(clippy::expect_used, reason = "the system has a source of chance, or nothing works")]
    getrandom::fill(&mut secret).expect("the system's source of chance answers");
    let token = format!("{PREFIX}{id}_{}", URL_SAFE_NO_PAD.encode(secret));
    (id, token)
}

/// A token for the configuration: the token itself, and the hash to write down.
pub fn new_token() -> (String, TokenHash) {
    let (_, token) = fresh();
    let hash = TokenHash::of(&token);
    (token, hash)
}

impl Tokens {
    pub fn new(deploy: Deploy, configured: impl Into<ConfiguredTokens>) -> Self {
        Self { deploy, configured: configured.into() }
    }

    /// Who holds `token`; none when nobody does, or does no longer.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn who(&self, token: &str) -> Result<Option<Who>, DeployError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Ok(None);
        }
        let hash = TokenHash::of(token);
        if let Some(who) = self.configured.who(token) {
            return Ok(Some(who));
        }
        let id = token.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_'));
        let Some((id, _)) = id.filter(|(id, _)| !id.is_empty()) else { return Ok(None) };
        let inner = &self.deploy.0;
        let row = get_value::<TokenRow>(inner.ledger.store(), &key(id)?).await?;
        let Some(row) = row.map(|typed| typed.value) else { return Ok(None) };
        let good = TokenHash::from_hex(&row.hash).is_ok_and(|known| known.is(hash));
        let expired = row.expires_at.is_some_and(|at| at <= inner.now());
        Ok((good && !expired).then_some(row.who))
    }

    /// Makes a token, valid for `valid_ms` milliseconds or for good, and gives it: nobody can have
    /// it again.
    ///
    /// # Errors
    /// [`DeployError::Forbidden`] unless `by` is an operator.
    pub async fn make(
        &self,
        by: &Who,
        who: Who,
        valid_ms: Option<u64>,
    ) -> Result<(String, TokenRow), DeployError> {
        needs(by, Role::Operator, "giving out tokens")?;
        let inner = &self.deploy.0;
        let (id, token) = fresh();
        let now = inner.now();
        let row = TokenRow {
            id: id.clone(),
            who,
            hash: TokenHash::of(&token).to_hex(),
            made_at: now,
            made_by: by.name.clone(),
            expires_at: valid_ms.map(|ms| now.plus(ms)),
        };
        let make = Op::put_value(key(&id)?, &row, Expect::Absent)?;
        self.commit(make, by, Action::TokenMade, described(&row)).await?;
        Ok((token, row))
    }

    /// Makes a token worthless.
    ///
    /// # Errors
    /// [`DeployError::Unknown`] when there is none with this id, [`DeployError::Forbidden`] unless
    /// `by` is an operator.
    pub async fn revoke(&self, by: &Who, id: &str) -> Result<(), DeployError> {
        needs(by, Role::Operator, "giving out tokens")?;
        let inner = &self.deploy.0;
        let none = || DeployError::Unknown(format!("there is no token `{id}`"));
        let (expect, what) = match get_value::<TokenRow>(inner.ledger.store(), &key(id)?).await {
            Ok(row) => {
                let row = row.ok_or_else(none)?;
                (Expect::Version(row.version), described(&row.value))
            }
            // One that cannot be read lets nobody in, and is still listed until it is revoked.
            Err(error) if error.is_damage() => {
                (Expect::Any, format!("token {id}, which could not be read"))
            }
            Err(error) => return Err(error.into()),
        };
        self.commit(Op::delete(key(id)?, expect), by, Action::TokenRevoked, what).await
    }

    /// Tokens that were made while engines ran, expired ones included.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self) -> Result<Found<TokenRow>, DeployError> {
        let mut query = Query::new(part()?).limit(1000);
        let mut found = Found::default();
        loop {
            let page = self.deploy.0.ledger.store().query_past(&query).await?;
            found.add_page(&page)?;
            match page.0.next {
                Some(next) => query = query.after(Some(next)),
                None => return Ok(found),
            }
        }
    }

    /// Does `op` together with its line in the audit log.
    async fn commit(
        &self,
        op: Op,
        by: &Who,
        action: Action,
        why: String,
    ) -> Result<(), DeployError> {
        let inner = &self.deploy.0;
        let entry = |state: &_| AuditEntry::of(state, inner.now(), by, action, Some(why.clone()));
        inner.ledger.note(&[op], entry).await
    }
}

fn described(row: &TokenRow) -> String {
    format!("token {} of {}, {}", row.id, row.who.name, row.who.role)
}
