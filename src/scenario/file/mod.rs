//! What a scenario file may say, as it says it: nothing is filled in.
//!
//! These types are also where the JSON Schema comes from; the first sentence on each field is what an editor
//! shows. The reference page is `scenarios/README.md`.

mod answer;
mod dns;
mod policy;
mod sender;
mod server;
mod step;
mod world;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use self::answer::{AddressAnswer, MxAnswer, TlsaAnswer, TxtAnswer};
pub(crate) use self::dns::{DomainTable, NameTable};
pub use self::policy::Encoding;
pub(crate) use self::policy::{
    CertificateTable, ContentType, MaxAge, ModeWord, Moment, PolicyTable,
};
pub(crate) use self::sender::{CacheWord, CachedTable, DeadlinesTable, SenderTable};
pub(crate) use self::server::{Addresses, ServerTable};
pub(crate) use self::step::{CheckTable, ExpectTable, MailWord, ReceivedTls, StepTable};
pub(crate) use self::world::WorldTables;
use super::located::{Located, OneOrMany, Text};
use crate::facts::UnixTime;

/// What the file says about itself.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    /// The path of the file below `scenarios/`, without `.toml`.
    pub(crate) id: Located<String>,
    /// What happens, in a sentence.
    pub(crate) title: Located<String>,
    /// The sections that the story is about, as in `8461 §4.1`.
    #[serde(default)]
    pub(crate) rfc: OneOrMany<Located<String>>,
    /// The virtual time at which the story starts, in RFC 3339.
    pub(crate) start: Located<Text<UnixTime>>,
    /// Restricts the story to one network.
    pub(crate) network: Option<NetworkTable>,
    /// Why the story is known to fail; when it passes, the run fails.
    pub(crate) xfail: Option<Located<String>>,
}

impl Head {
    /// The keys, which stand beside the world's at the top of a file.
    pub(crate) const KEYS: &[&str] = &["id", "title", "rfc", "start", "network", "xfail"];
}

/// A story that cannot be played on every network.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NetworkTable {
    /// The one network that can play it.
    pub(crate) only: NetworkWord,
    /// Why the other cannot.
    pub(crate) reason: Located<String>,
}

/// A network on which scenarios run.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NetworkWord {
    /// Real sockets on loopback.
    Lab,
    /// Memory.
    Model,
}

/// A scenario file.
#[derive(Clone, Debug, JsonSchema)]
pub(crate) struct ScenarioFile {
    /// What the file says about itself.
    #[schemars(flatten)]
    pub(crate) head: Head,
    /// The fake Internet at the start.
    #[schemars(flatten)]
    #[expect(
        dead_code,
        reason = "read by way of each step's world; here for the schema"
    )]
    pub(crate) world: WorldTables,
    /// What happens, and what must then hold, in order of time.
    #[schemars(rename = "step")]
    pub(crate) steps: Vec<Located<StepTable>>,
}
