//! What somebody outside tells calls: whom an address is for, and the keeping of what arrives.
//!
//! Nothing here runs a turn. What arrives is kept in the store, where the call's next turn on any
//! process finds it: the channel of a call that waits comes back by itself or with the caller's
//! next message, and only a channel that has come can be told what to do.

use std::sync::Arc;

use dialgraph_base::{CallId, Name};
use dialgraph_flow::Release;
use dialgraph_flow::model::Hook;
use dialgraph_kernel::outside::{Addressee, Addresses, Arrival, KEY_BYTES};
use dialgraph_store::Store;
use serde_json::Value;

use crate::Clock;
use crate::calls::{Calls, Loaded, Stands, deployment_key};
use crate::engine::{Engine, EngineError};

/// Where addresses begin if nobody says.
const BASE: &str = "http://127.0.0.1:8080/v1/hooks";

/// How an engine makes addresses.
#[derive(Debug)]
pub(crate) struct Addressing {
    base: Arc<str>,
    made: tokio::sync::OnceCell<Arc<Addresses>>,
}

impl Default for Addressing {
    fn default() -> Self {
        Self { base: BASE.into(), made: tokio::sync::OnceCell::new() }
    }
}

/// Whom an address is for, and what may be told there.
#[derive(Debug)]
pub enum Addressed {
    /// It was not made by this deployment, or the release of its call has no such hook.
    Unknown,
    /// It is genuine, and the turn that made it is not stored: it is about to be, or its call was
    /// removed long after it was over.
    NotYet,
    /// Nothing is taken there any more, and nothing was.
    Closed(Target),
    /// It takes something, or has taken it.
    Open(Target),
}

/// A hook of one call.
#[derive(Debug, Clone)]
pub struct Target {
    pub call: CallId,
    pub visit: u32,
    pub release: Arc<Release>,
    pub hook: Arc<Hook>,
    /// That of the call.
    pub locale: dialgraph_base::Locale,
    /// What has arrived there, taken by the call or not.
    pub arrived: Option<Value>,
}

/// What became of what was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It is durable, and the call learns of it.
    Taken,
    /// The same had been told before, and was taken then.
    Repeated,
    /// Something else had been told before.
    Used,
    /// Nothing is taken there any more.
    Closed,
}

impl Told {
    /// All words.
    pub const WORDS: [&'static str; 4] = ["taken", "repeated", "used", "closed"];

    /// Its word in scripts, logs and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Repeated => "repeated",
            Self::Used => "used",
            Self::Closed => "closed",
        }
    }
}

impl Engine {
    /// Has addresses begin with `base`, such as `https://desk.example/v1/hooks`.
    #[must_use]
    pub fn reached_at(mut self, base: &str) -> Self {
        self.addressing.base = base.into();
        self
    }

    /// Makes addresses under a key that everybody may know, so that they are the same in every run:
    /// for a simulation.
    #[must_use]
    pub fn with_open_addresses(mut self) -> Self {
        let addresses = Addresses::new(&self.addressing.base, [0; KEY_BYTES]);
        self.addressing.made = tokio::sync::OnceCell::new_with(Some(Arc::new(addresses)));
        self
    }

    /// What makes addresses; under a key that the store keeps.
    pub(crate) async fn addresses(&self) -> Result<Arc<Addresses>, EngineError> {
        let make = async || {
            let store: &dyn Store = self.calls().store();
            let key = deployment_key::<KEY_BYTES>(store).await.map_err(crate::CallsError::from)?;
            Ok::<_, EngineError>(Arc::new(Addresses::new(&self.addressing.base, key)))
        };
        self.addressing.made.get_or_try_init(make).await.cloned()
    }

    /// The address that a visit of a call made.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn address(
        &self,
        call: &CallId,
        hook: &str,
        visit: u32,
    ) -> Result<String, EngineError> {
        Ok(self.addresses().await?.url(hook, call, visit))
    }

    /// Whom the address `hook`/`token` is for.
    ///
    /// # Errors
    /// If the store fails, or the release of the call cannot be had.
    pub async fn addressed(&self, hook: &str, token: &str) -> Result<Addressed, EngineError> {
        let Some(Addressee { call: id, visit }) = self.addresses().await?.read(hook, token) else {
            return Ok(Addressed::Unknown);
        };
        let calls: &Calls = self.calls();
        let Some(Loaded { call, .. }) = calls.load(&id).await? else {
            return Ok(Addressed::NotYet);
        };
        let release = self.release_of(&call).await?;
        let Some(hook) = release.hooks.get(hook).cloned() else { return Ok(Addressed::Unknown) };
        let stands = calls.stands(&id, visit).await?;
        let is_open = call.hooks.get(&hook.name).is_some_and(|open| {
            open.visit == visit && (self.clock().now() < open.until || stands.is_some())
        });
        // A visit that the stored call has not come to is one of the turn that runs now.
        let is_ahead = visit > call.visits && stands.is_none();
        let locale = call.locale.clone();
        let arrived = match stands {
            Some(Stands::Arrived(arrival)) => Some(arrival.value),
            Some(Stands::Closed) | None => None,
        };
        let was_told = arrived.is_some();
        let target = Target { call: id, visit, release, hook, locale, arrived };
        Ok(match () {
            () if was_told => Addressed::Open(target),
            () if is_ahead && call.is_in_flow() => Addressed::NotYet,
            () if is_open && call.is_in_flow() => Addressed::Open(target),
            () => Addressed::Closed(target),
        })
    }

    /// Tells a call something. The value must have been [checked](Hook::check).
    ///
    /// # Errors
    /// If the store fails; it may then be told again.
    pub async fn tell(&self, target: &Target, value: Value) -> Result<Told, EngineError> {
        let hook: Name = target.hook.name.clone();
        let sensitive = target.hook.sensitive;
        let at = self.clock().now();
        let arrival = Arrival { hook, visit: target.visit, at, value: value.clone(), sensitive };
        let stands = self.calls().keep_arrival(&target.call, arrival).await?;
        Ok(match stands {
            None => Told::Taken,
            Some(Stands::Arrived(before)) if before.value == value => Told::Repeated,
            Some(Stands::Arrived(_)) => Told::Used,
            Some(Stands::Closed) => Told::Closed,
        })
    }

    fn clock(&self) -> &dyn Clock {
        &*self.clock
    }
}
