//! Whether the places where records live can be asked, for whoever watches the engine.
//!
//! Who asks gets what is known at once, however slow a place is; that it was asked has the places
//! looked at anew behind its back.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use dialgraph_kernel::ports::HostError;

/// What is known is looked at anew after this.
const FRESH: Duration = Duration::from_secs(5);

/// A place of records that can be asked how it is.
#[async_trait]
pub trait Probe: Send + Sync {
    /// Whether it answers, and is as the project says.
    ///
    /// # Errors
    /// What is wrong, in words for an operator.
    async fn check(&self) -> Result<(), HostError>;
}

/// How the places are. One for a process; it keeps no place alive.
#[derive(Default)]
pub struct SourceStates {
    /// By collection, those of every release that is held: one that is looked at and refused takes
    /// nobody's place.
    probes: Mutex<BTreeMap<String, Vec<Weak<dyn Probe>>>>,
    known: Mutex<Known>,
    looking: AtomicBool,
}

/// Somebody looks. Also one that breaks off ends this, or nobody would ever look again.
struct Looking(Arc<SourceStates>);

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.looking.store(false, Ordering::Release);
    }
}

#[derive(Default)]
struct Known {
    at: Option<Instant>,
    /// What is wrong, by collection.
    troubles: BTreeMap<String, String>,
}

impl fmt::Debug for SourceStates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceStates").finish_non_exhaustive()
    }
}

impl SourceStates {
    /// Looks after the place of a collection, as long as it is there.
    pub fn watch(self: &Arc<Self>, collection: &str, probe: Weak<dyn Probe>) {
        let mut probes = self.probes.lock().unwrap_or_else(PoisonError::into_inner);
        probes.values_mut().for_each(|all| all.retain(|one| one.strong_count() > 0));
        probes.retain(|_, all| !all.is_empty());
        probes.entry(collection.to_owned()).or_default().push(probe);
        drop(probes);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).at = None;
        self.look();
    }

    /// What is wrong with the places, as far as it is known now.
    pub fn troubles(self: &Arc<Self>) -> BTreeMap<String, String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let troubles = known.troubles.clone();
        let is_fresh = known.at.is_some_and(|at| at.elapsed() < FRESH);
        drop(known);
        if !is_fresh {
            self.look();
        }
        troubles
    }

    /// Looks at all places, unless somebody does, or there is no runtime to do it on.
    fn look(self: &Arc<Self>) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.looking.swap(true, Ordering::AcqRel) {
            return;
        }
        let looking = Looking(Arc::clone(self));
        runtime.spawn(async move { drop(looking.0.look_at_all().await) });
    }

    /// Looks at all places at once, remembers what is wrong, and gives it.
    pub async fn look_at_all(&self) -> BTreeMap<String, String> {
        let probes = self.probes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let all = probes.into_iter().flat_map(|(collection, probes)| {
            let there = probes.into_iter().filter_map(|probe| probe.upgrade());
            there.map(move |probe| (collection.clone(), probe)).collect::<Vec<_>>()
        });
        let looks = all.map(async |(collection, probe)| {
            let wrong = probe.check().await.err()?;
            Some((collection, wrong.message))
        });
        let looked = futures::future::join_all(looks).await;
        let troubles: BTreeMap<String, String> = looked.into_iter().flatten().collect();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (collection, why) in &troubles {
            if known.troubles.get(collection) != Some(why) {
                tracing::warn!(collection, why, "the place where records live cannot be used");
            }
        }
        for collection in known.troubles.keys().filter(|one| !troubles.contains_key(*one)) {
            tracing::info!(collection, "the place where records live can be used again");
        }
        *known = Known { at: Some(Instant::now()), troubles: troubles.clone() };
        troubles
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place(Mutex<Result<(), HostError>>);

    #[async_trait]
    impl Probe for Place {
        async fn check(&self) -> Result<(), HostError> {
            self.0.lock().unwrap().clone()
        }
    }

    #[tokio::test]
    async fn troubles_come_and_go_and_a_place_that_is_gone_has_none() {
        let states = Arc::<SourceStates>::default();
        let place = Arc::new(Place(Mutex::new(Err(HostError::unavailable("x", "it is down")))));
        let watched: Arc<dyn Probe> = place.clone();
        states.watch("customers", Arc::downgrade(&watched));
        // A release that is refused had it looked at, too.
        let refused: Arc<dyn Probe> = Arc::new(Place(Mutex::new(Ok(()))));
        states.watch("customers", Arc::downgrade(&refused));
        drop(refused);
        states.look_at_all().await;
        assert_eq!(states.troubles(), BTreeMap::from([("customers".into(), "it is down".into())]));
        *place.0.lock().unwrap() = Ok(());
        states.look_at_all().await;
        assert_eq!(states.troubles(), BTreeMap::new());
        *place.0.lock().unwrap() = Err(HostError::unavailable("x", "it is down"));
        drop((place, watched));
        states.look_at_all().await;
        assert_eq!(states.troubles(), BTreeMap::new());
    }
}
