//! Who may use the admin API: bearer tokens, of which only hashes are kept.
//!
//! A token is 256 bits of chance, so its hash needs neither salt nor slowness. Those in the configuration are for
//! the beginning and for machines; others are made, listed and revoked while the engine runs.

use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use dialgraph_store::{
    Expect, Key, Op, Part, Query, Schema, Sort, StoreError, UnixMillis, Upgrade, decode, get_value,
};

use crate::deploy::Deploy;
use crate::error::DeployError;
use crate::rows::{Action, AuditEntry};
use crate::store::random_hex;
use crate::who::{Role, Who};

/// What every token begins with, so that it is known where it turns up.
const PREFIX: &str = "dgt_";
/// Longest text that is looked at as a token.
const MAX_TOKEN_BYTES: usize = 256;

/// SHA-256 of a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

impl TokenHash {
    /// The hash of a token.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// From the 64 hexadecimal digits that `sha256sum` prints.
    ///
    /// # Errors
    /// When it is something else.
    pub fn from_hex(text: &str) -> Result<Self, String> {
        let digest: dialgraph_flow::Digest =
            format!("sha256:{}", text.trim()).parse().map_err(|_| {
                "a token's hash is 64 hexadecimal digits (sha256 of the token)".to_owned()
            })?;
        Ok(Self(*digest.as_bytes()))
    }

    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn is(self, other: Self) -> bool {
        bool::from(self.0.ct_eq(&other.0))
    }
}

/// A token from the configuration.
#[derive(Debug, Clone)]
pub struct ConfiguredToken {
    pub who: Who,
    pub hash: TokenHash,
}

/// The tokens of the configuration, which may change while engines run; clones are one.
#[derive(Debug, Clone, Default)]
pub struct ConfiguredTokens(Arc<RwLock<Arc<[ConfiguredToken]>>>);

impl From<Vec<ConfiguredToken>> for ConfiguredTokens {
    fn from(tokens: Vec<ConfiguredToken>) -> Self {
        let all = Self::default();
        all.replace(tokens);
        all
    }
}

impl ConfiguredTokens {
    /// From now on it is these and no others.
    pub fn replace(&self, tokens: Vec<ConfiguredToken>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = tokens.into();
    }

    /// Who holds `token`.
    pub fn who(&self, token: &str) -> Option<Who> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let hash = TokenHash::of(token);
        let all = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        // All of them, so that the time tells nothing of which one it was.
        let found = all.iter().fold(None, |found, configured| {
            if configured.hash.is(hash) { Some(&configured.who) } else { found }
        });
        found.cloned()
    }
}

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
        let row = get_value::<TokenRow>(&inner.ledger.0, &key(id)?).await?;
        let Some(row) = row.map(|typed| typed.value) else { return Ok(None) };
        let good = TokenHash::from_hex(&row.hash).is_ok_and(|known| known.is(hash));
        let expired = row.expires_at.is_some_and(|at| at <= inner.now());
        Ok((good && !expired).then_some(row.who))
    }

    /// Makes a token, valid for `valid_ms` milliseconds or for good, and gives it: nobody can have it again.
    ///
    /// # Errors
    /// [`DeployError::Forbidden`] unless `by` is an operator.
    pub async fn make(
        &self,
        by: &Who,
        who: Who,
        valid_ms: Option<u64>,
    ) -> Result<(String, TokenRow), DeployError> {
        operator(by)?;
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
        self.commit(make, by, Action::TokenMade, &row).await?;
        Ok((token, row))
    }

    /// Makes a token worthless.
    ///
    /// # Errors
    /// [`DeployError::Unknown`] when there is none with this id, [`DeployError::Forbidden`] unless `by` is an
    /// operator.
    pub async fn revoke(&self, by: &Who, id: &str) -> Result<(), DeployError> {
        operator(by)?;
        let inner = &self.deploy.0;
        let none = || DeployError::Unknown(format!("there is no token `{id}`"));
        let row = get_value::<TokenRow>(&inner.ledger.0, &key(id)?).await?.ok_or_else(none)?;
        let revoke = Op::delete(key(id)?, Expect::Version(row.version));
        self.commit(revoke, by, Action::TokenRevoked, &row.value).await
    }

    /// Tokens that were made while engines ran, expired ones included.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self) -> Result<Vec<TokenRow>, DeployError> {
        let mut query = Query::new(part()?).limit(1000);
        let mut found = Vec::new();
        loop {
            let page = self.deploy.0.ledger.0.query(&query).await?;
            for row in &page.rows {
                found.push(decode(&row.value)?);
            }
            match page.next {
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
        row: &TokenRow,
    ) -> Result<(), DeployError> {
        let inner = &self.deploy.0;
        let why = format!("token {} of {}, {}", row.id, row.who.name, row.who.role);
        let entry = |state: &crate::rows::State| -> AuditEntry {
            inner.line(state, by, action, None, Some(why.clone()))
        };
        inner.note(&[op], entry).await
    }
}

fn operator(by: &Who) -> Result<(), DeployError> {
    if by.role >= Role::Operator {
        return Ok(());
    }
    Err(DeployError::Forbidden {
        name: by.name.clone(),
        role: by.role,
        needs: Role::Operator,
        what: "giving out tokens".to_owned(),
    })
}
