//! What is held for a domain, told to somebody who asks why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::desk::Desk;
use super::key::Key;
use crate::facts::{DnsName, Say as _, UnixTime};
use crate::keeper::Standing;
use crate::sender::Network;
use crate::sts::cache::CachedPolicy;

/// The name and version of the format.
pub const SCHEMA: &str = "stickler/query/1";

/// What is held for a domain, and what is answered.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Explained {
    /// The name and version of the format.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: Box<str>,
    /// The time, by the clock of the sidecar.
    pub at: UnixTime,
    /// The policy domain.
    #[schemars(with = "String")]
    pub domain: Box<str>,
    /// What holds.
    pub standing: Kind,
    /// Why there is no policy, or none is known; null if one holds.
    pub why: Option<Box<str>>,
    /// The policy that holds, or held last; null if none did.
    pub policy: Option<HeldPolicy>,
    /// The fetches that failed since the last successful one; null if none did.
    pub failing: Option<FailingTold>,
    /// When the record was last looked at; null if it was not yet.
    pub looked_at: Option<UnixTime>,
    /// Until when what was seen then is believed; later requests are answered the same, and a look follows.
    pub believed_until: Option<UnixTime>,
    /// When a refresh, or a fetch that is held back, is due though nobody asks; null if none is.
    pub due: Option<UnixTime>,
    /// Whether a look-up or a fetch runs.
    pub is_at_work: bool,
    /// What is answered in each protocol.
    pub answers: Answers,
    /// What the policy says of the MX host that was asked about; null if none was, or there is no policy.
    pub mx: Option<MxTold>,
    /// The last changes since the start of the sidecar, the oldest first.
    pub changes: Vec<ChangeTold>,
}

/// What holds.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// No policy applies.
    None,
    /// Nothing is known yet.
    Pending,
    /// A policy applies, of any mode.
    Policy,
    /// The store cannot be read.
    Unreadable,
}

/// A policy that is held.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct HeldPolicy {
    /// The id of the record that the fetch followed.
    pub id: Box<str>,
    /// Its mode.
    pub mode: Box<str>,
    /// Its patterns.
    pub mx: Vec<Box<str>>,
    /// How long it counts from its fetch on, in seconds.
    pub max_age_secs: u64,
    /// When the last successful fetch was.
    pub fetched_at: UnixTime,
    /// The last second in which it counts.
    pub expires_at: UnixTime,
}

/// Fetches of a policy that failed in a row.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct FailingTold {
    /// When the first of them failed.
    pub since: UnixTime,
    /// Why the last did.
    pub error: Box<str>,
}

/// What is answered in each protocol.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Answers {
    /// To Postfix, from the map `postfix`.
    pub postfix: Box<str>,
    /// To Postfix 3.10 and later, from the map `postfix310`.
    pub postfix310: Box<str>,
    /// To Exim.
    pub exim: Box<str>,
}

/// What a policy says of an MX host.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct MxTold {
    /// The host.
    pub host: Box<str>,
    /// The pattern that lists it; null if none does.
    pub pattern: Option<Box<str>>,
}

/// A change of what holds.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct ChangeTold {
    /// When.
    pub at: UnixTime,
    /// What holds since.
    pub now: Box<str>,
}

impl From<&CachedPolicy> for HeldPolicy {
    fn from(cached: &CachedPolicy) -> Self {
        let policy = &cached.policy;
        Self {
            id: cached.id.as_str().into(),
            mode: policy.mode().to_string().into(),
            mx: policy
                .patterns()
                .iter()
                .map(|pattern| pattern.to_string().into())
                .collect(),
            max_age_secs: policy.max_age().as_duration().as_secs(),
            fetched_at: cached.fetched_at,
            expires_at: cached.expires_at(),
        }
    }
}

/// Asks the desk about a domain, as a mail server would, and tells why it answers so.
pub async fn explain<N: Network>(
    desk: &Desk<N>,
    domain: &DnsName,
    mx: Option<&DnsName>,
) -> Explained {
    let standing = desk.keeper().ask(domain).await;
    let inspected = desk.keeper().inspect(domain);
    let (kind, why) = match &standing {
        Standing::Policy(_) => (Kind::Policy, None),
        Standing::None(why) => (Kind::None, Some(why.sentence().to_string())),
        Standing::Pending { until: Some(until) } => (
            Kind::Pending,
            Some(format!(
                "its policy was fetched often of late; the next fetch may be made at {until}"
            )),
        ),
        Standing::Pending { until: None } => {
            (Kind::Pending, Some("its look-up still runs".to_owned()))
        }
        Standing::Unreadable => (
            Kind::Unreadable,
            Some("the store cannot be read".to_owned()),
        ),
    };
    let answer = async |map: &str| {
        let request = format!("{map} {domain}");
        desk.socketmap(request.as_bytes()).await.payload().into()
    };
    let key = Key::parse(domain.as_str().as_bytes());
    let answers = Answers {
        postfix: answer("postfix").await,
        postfix310: answer("postfix310").await,
        exim: desk.exim(&key).await.trim_end().into(),
    };
    let held = inspected.as_ref().map(|inspected| &inspected.held);
    Explained {
        schema: SCHEMA.into(),
        at: desk.keeper().now(),
        domain: domain.as_str().into(),
        standing: kind,
        why: why.map(Into::into),
        policy: held
            .and_then(|held| held.policy())
            .map(|policy| HeldPolicy::from(&**policy)),
        failing: held
            .and_then(|held| held.failing())
            .map(|failing| FailingTold {
                since: failing.since,
                error: failing.error.sentence().to_string().into(),
            }),
        looked_at: held.and_then(|held| held.looked()).map(|(at, _)| at),
        believed_until: held.and_then(|held| held.looked()).map(|(_, until)| until),
        due: inspected.as_ref().and_then(|inspected| inspected.due),
        is_at_work: inspected
            .as_ref()
            .is_some_and(|inspected| inspected.is_at_work),
        answers,
        mx: standing.policy().zip(mx).map(|(cached, host)| MxTold {
            host: host.as_str().into(),
            pattern: cached
                .policy
                .matching(host)
                .map(|pattern| pattern.to_string().into()),
        }),
        changes: held
            .into_iter()
            .flat_map(|held| held.history().iter())
            .map(|(at, change)| ChangeTold {
                at: *at,
                now: change.to_string().into(),
            })
            .collect(),
    }
}
