//! Opens secrets as handles: a plugin holds their names, and their texts never come into its reach.

use dialgraph_kernel::ports::{HostAnswer, HostCall, SecretName};
use wasmtime::component::Resource;

use crate::bindings::dialgraph::plugin::{secrets, types};
use crate::imports::{invalid, refusal};
use crate::run::{Run, mismatch};

/// Secrets that one run may hold open at a time.
const MOST: usize = 256;

/// The host's side of the contract's resource `secret`. Its representation is an index into
/// [`Secrets`].
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the bindings re-export it, which needs the word")]
pub struct Secret;

/// Names of the secrets that a run holds; their texts are never here.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Vec<Option<String>>);

impl Secrets {
    fn open(&mut self, name: String) -> Option<Resource<Secret>> {
        let index = match self.0.iter().position(Option::is_none) {
            Some(free) => free,
            None if self.0.len() < MOST => {
                self.0.push(None);
                self.0.len() - 1
            }
            None => return None,
        };
        self.0[index] = Some(name);
        Some(Resource::new_own(index as u32))
    }

    /// The name of a secret that the plugin holds.
    pub(crate) fn name(&self, secret: &Resource<Secret>) -> wasmtime::Result<String> {
        self.0
            .get(secret.rep() as usize)
            .and_then(Clone::clone)
            .ok_or_else(|| wasmtime::Error::msg("the plugin used a secret that it does not hold"))
    }

    fn close(&mut self, secret: &Resource<Secret>) {
        if let Some(slot) = self.0.get_mut(secret.rep() as usize) {
            *slot = None;
        }
    }
}

impl secrets::HostSecret for Run {
    fn name(&mut self, secret: Resource<Secret>) -> wasmtime::Result<String> {
        self.secrets.name(&secret)
    }

    fn drop(&mut self, secret: Resource<Secret>) -> wasmtime::Result<()> {
        self.secrets.close(&secret);
        Ok(())
    }
}

impl secrets::Host for Run {
    fn open(
        &mut self,
        name: String,
    ) -> wasmtime::Result<Result<Resource<Secret>, types::HostError>> {
        match self.ask(HostCall::SecretsOpen(SecretName { name: name.clone() }))? {
            Ok(HostAnswer::SecretsOpen) => Ok(self.secrets.open(name).ok_or_else(|| {
                invalid("too-many-secrets", format!("{MOST} secrets are open; drop one first"))
            })),
            Ok(other) => Err(mismatch("secrets.open", &other)),
            Err(error) => Ok(Err(refusal(error))),
        }
    }
}
