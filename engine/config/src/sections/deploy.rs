//! How flows and plugins are changed while calls are up.

use std::time::Duration;

use super::Backend;
use crate::Config;
use crate::setting::ByteSize;

section! {
    /// How flows and plugins change while calls are up.
    pub struct DeploySection, see "releases.md" {
        /// Whether flows and plugins can be changed over HTTP: "on", "off", or "auto": if only this
        /// machine can reach the server, or tokens are wanted and there are such.
        admin: Admin = Admin::Auto;

        /// When the project folder is taken in: "always": what changed in it, at every start and
        /// while it is watched; "first": only when nothing is live yet; "auto": "first" if
        /// processes share the store, which may have folders that differ, or else "always".
        take_in: Import = Import::Auto;

        /// Takes in what changes in the project folder and its `plugins/` while the server runs,
        /// unless `deploy.take_in` is or comes to "first".
        watch: bool = true;

        /// How often the folder is looked at; a change is live within three looks and its check.
        // Without a pause the server would do nothing else than look.
        watch_interval: Duration = Duration::from_millis(250), more_than_zero;

        /// How often the server looks whether another process changed what is live, how a canary
        /// does, and which releases have no more calls.
        interval: Duration = Duration::from_secs(2), more_than_zero;

        /// A push, a rollback or a dry run waits so long for a place, and then so long for its
        /// check, with the compiling of its plugins; after that it is given up.
        /// `server.request_timeout` does not cut it off.
        change_timeout: Duration = Duration::from_secs(5 * 60), more_than_zero;

        /// Largest body of a request to the admin API.
        max_body: ByteSize = ByteSize(96 << 20);

        /// Takes no plugin without a good signature, but for those that come with dialgraph.
        require_signed: bool = false;

        /// Whose signatures of plugins are good: `NAME:KEY` each, with the last line of a
        /// minisign.pub.
        trusted_keys: Vec<String> = Vec::new();

        /// A canary is judged by its errors once so many calls have tried it.
        canary_min_calls: u32 = 20;

        /// By how many of a hundred plugin visits more than in the live release may end in `error`
        /// before a canary is taken back.
        canary_more_errors: u32 = 5, percent;

        /// So many traps of plugins are borne in a canary, unless the live release traps as often.
        canary_traps: u32 = 0;

        /// Releases, and versions of each flow and plugin, to which one can go back. Content that
        /// neither they nor calls in progress need is removed from the disk, once an hour; 0:
        /// never.
        keep_releases: u32 = 20;

        /// What was live within this time stays in any case: a call that was given away may come
        /// back so long.
        keep_for: Duration = Duration::from_secs(7 * 24 * 60 * 60),
            at_least(
                Duration::from_hours(1),
                "engine processes hear of each other's changes late, and calls come back late"
            );
    }
}

words! {
    /// Whether the admin API is served.
    pub enum Admin {
        /// If only this machine can reach the server, or there are tokens that requests must have.
        Auto = "auto",
        On = "on",
        Off = "off",
    }
}

words! {
    /// When the project folder is taken in.
    pub enum Import {
        /// [`Always`](Self::Always) with a store of its own, [`First`](Self::First) with one that
        /// processes share.
        Auto = "auto",
        /// At every start, and while it is watched.
        Always = "always",
        /// When nothing is live yet.
        First = "first",
    }
}

impl Config {
    /// Whether the admin API is there at all.
    pub fn serves_admin(&self) -> bool {
        match self.deploy.admin {
            Admin::Auto if self.is_exposed() => self.must_authenticate() && self.api.has_tokens(),
            Admin::Auto => true,
            // Anybody could put anything live.
            Admin::On => !self.is_exposed() || self.must_authenticate(),
            Admin::Off => false,
        }
    }

    /// Whether changes in the project folder go live by themselves. Processes that share a store
    /// may have folders that differ, and one with an old one must not put that live for all.
    pub fn takes_in_changes(&self) -> bool {
        match self.deploy.take_in {
            Import::Auto => self.store.backend == Backend::Sled,
            Import::Always => true,
            Import::First => false,
        }
    }
}
