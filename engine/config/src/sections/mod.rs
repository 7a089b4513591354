//! The sections, one file each: keys with all that is to be said of them, and what follows from
//! their values.

mod api;
mod aws;
mod calls;
mod connect;
mod deploy;
mod kakao;
mod log;
mod otlp;
mod plugins;
mod project;
mod providers;
mod server;
mod sources;
mod store;
mod tickets;
mod tls;
mod turns;

pub use api::ApiSection;
pub use aws::AwsSection;
pub use calls::CallsSection;
pub use connect::ConnectSection;
pub use deploy::{Admin, DeploySection, Import};
pub use kakao::KakaoSection;
pub use log::{LogFormat, LogSection};
pub use otlp::OtlpSection;
pub use plugins::PluginsSection;
pub use project::ProjectSection;
pub use providers::{
    GenaiProvider, KnowledgeProvider, NluProvider, ProvidersSection, SecretsProvider,
};
pub use server::ServerSection;
pub use sources::{Reached, Sent, SourcesSection};
pub use store::{Backend, StoreSection};
pub use tickets::TicketsSection;
pub use tls::TlsSection;
pub use turns::TurnsSection;

words! {
    /// Whether requests must prove where they come from.
    pub enum Guard {
        /// Required if there is something to prove it with, or the address can be reached from
        /// other machines.
        Auto = "auto",
        Required = "required",
        Off = "off",
    }
}
