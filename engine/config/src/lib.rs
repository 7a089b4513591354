//! What an operator can set, where it comes from, and what it is when nothing is set.
//!
//! Whatever opens a store or runs an engine reads the same settings: the server, the function that
//! contains the engine, and the commands. They are their own crate so that none of those needs
//! another for them.
//!
//! Every key is declared once, in its section's file in `sections`: name, type, default, meaning,
//! bounds, and whether it is a secret. From that come the field of the struct, what
//! `--print-config` prints ([`Config::print`]), `docs/reference/configuration.md` and the JSON
//! Schema of `dialgraph.toml` ([`schema()`]).
//!
//! A TOML file is read first, then the environment (`DIALGRAPH_SECTION__KEY`). All that is wrong is
//! told at once, each with its place and what to write instead. What the values of one key may be
//! stands in its declaration; what several must be together is in `check`.
//!
//! What it must not know: HTTP, calls, how anything is done with what is set.

#[macro_use]
mod declare;
mod check;
mod credentials;
mod load;
mod print;
#[cfg(test)]
mod reference;
mod schema;
mod sections;
mod setting;
#[cfg(test)]
mod tests;

pub use load::{ConfigError, Problem, Sources, usual_file};
pub use schema::schema;
pub use sections::*;
pub use setting::ByteSize;

config! {
    server: ServerSection,
    tls: TlsSection,
    project: ProjectSection,
    store: StoreSection,
    sources: SourcesSection,
    turns: TurnsSection,
    calls: CallsSection,
    connect: ConnectSection,
    kakao: KakaoSection,
    api: ApiSection,
    deploy: DeploySection,
    tickets: TicketsSection,
    providers: ProvidersSection,
    aws: AwsSection,
    plugins: PluginsSection,
    log: LogSection,
    otlp: OtlpSection,
}
