//! What discovery finds: a policy or none, and why.
//!
//! D6 and the like are numbers of requirements: `sts/requirements.md` lists them.

use std::fmt;
use std::time::Duration;

use super::state::CacheChange;
use crate::facts::dns::DnsFailure;
use crate::facts::{Say, Sentence, UnixTime};
use crate::sts::cache::CachedPolicy;
use crate::sts::fetch::FetchError;
use crate::sts::record::{RecordId, SelectError};
use crate::sts::transport::Certainty;

/// What discovery found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Discovery {
    /// The policy to apply, or why there is none.
    pub policy: PolicyInUse,
    /// What the caller should remember.
    pub change: CacheChange,
    /// What the TXT record said; `None` if it was not asked for.
    pub record: Option<RecordSeen>,
    /// How long what was said of the record may be believed: the TTL of the answer; `None` if it was not asked
    /// for, failed, or came without a TTL.
    pub record_ttl: Option<Duration>,
    /// What went wrong with the fetch; `None` if none was made or it went well.
    pub fetch_error: Option<FetchError>,
}

impl Discovery {
    /// Returns whether other senders with the same memory find the same policy, or may find another one
    /// because a question or a fetch failed on our side.
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        let is_unseen = match &self.record {
            Some(RecordSeen::Unknown(failure)) => failure.kind.is_ours(),
            Some(RecordSeen::Id(_) | RecordSeen::NoRecord | RecordSeen::Unusable(_)) | None => {
                false
            }
        };
        let is_unfetched = self.fetch_error.as_ref().is_some_and(FetchError::is_ours);
        Certainty::ours_if(is_unseen || is_unfetched)
    }

    /// Returns whether a cached policy is applied although there is no usable record for it any more.
    ///
    /// Q: is that a fetch failure to be reported? A: Yes: without a cached policy only those of HTTPS are, with
    /// one those of any kind (§6).
    #[must_use]
    pub fn misses_record(&self) -> bool {
        let is_missing = match &self.record {
            Some(RecordSeen::NoRecord | RecordSeen::Unusable(_)) => true,
            // Of our own network nothing is reported (RFC 8460, Section 4.3.4).
            Some(RecordSeen::Unknown(failure)) => !failure.kind.is_ours(),
            Some(RecordSeen::Id(_)) | None => false,
        };
        is_missing && self.policy.policy().is_some()
    }
}

/// What a sender saw at `_mta-sts`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RecordSeen {
    /// One usable record.
    Id(RecordId),
    /// No record that begins with `v=STSv1;`.
    NoRecord,
    /// Records that cannot be used (D6).
    Unusable(SelectError),
    /// No answer.
    Unknown(DnsFailure),
}

/// The policy that a sender applies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PolicyInUse {
    /// A policy, of any mode.
    Policy {
        /// The policy.
        policy: CachedPolicy,
        /// Where it comes from.
        source: PolicySource,
    },
    /// None: the sender goes on as if MTA-STS did not exist.
    None(NoPolicy),
}

impl PolicyInUse {
    /// Returns the policy, if there is one.
    #[must_use]
    pub const fn policy(&self) -> Option<&CachedPolicy> {
        match self {
            Self::Policy { policy, .. } => Some(policy),
            Self::None(_) => None,
        }
    }
}

/// Where a policy comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PolicySource {
    /// Fetched before.
    Cached,
    /// Fetched just now.
    Live,
}

/// Why no policy applies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum NoPolicy {
    /// The record's id failed to fetch less than five minutes ago (F9).
    BackedOff {
        /// When the next fetch may be made.
        until: UnixTime,
    },
    /// The fetch failed (F11).
    FetchFailed(FetchError),
    /// No policy applies to the message: it is a report on TLS (RFC 8460, Section 5.3).
    MailIsTlsReport,
    /// There is no record.
    NoRecord,
    /// The records cannot be used (D6).
    RecordUnusable(SelectError),
    /// The question had no answer, so there may be a policy.
    RecordUnknown(DnsFailure),
    /// The sender does not know MTA-STS.
    SenderIgnoresSts,
}

impl NoPolicy {
    /// Returns whether the lack is a fact about the domain, or may be about our own vantage.
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        let is_ours = match self {
            Self::FetchFailed(error) => error.is_ours(),
            Self::RecordUnknown(failure) => failure.kind.is_ours(),
            Self::BackedOff { .. }
            | Self::MailIsTlsReport
            | Self::NoRecord
            | Self::RecordUnusable(_)
            | Self::SenderIgnoresSts => false,
        };
        Certainty::ours_if(is_ours)
    }
}

impl Say for NoPolicy {
    fn say(&self, sentence: &mut Sentence) {
        match self {
            Self::BackedOff { until } => sentence
                .words("the last fetch failed, the next may be made at ")
                .moment(*until),
            Self::FetchFailed(error @ FetchError::Policy(_)) => {
                sentence.words("the policy cannot be used: ").add(error)
            }
            Self::FetchFailed(error) => sentence
                .words("the policy could not be fetched: ")
                .add(error),
            Self::MailIsTlsReport => sentence.words(
                "it is a TLS report, which goes out whatever a policy says (RFC 8460, Section 5.3)",
            ),
            Self::NoRecord => sentence.words("there is no MTA-STS record"),
            Self::RecordUnusable(error) => sentence
                .words("the MTA-STS record cannot be used: ")
                .add(error),
            Self::RecordUnknown(failure) => sentence
                .words("the MTA-STS record could not be looked up: ")
                .add(failure),
            Self::SenderIgnoresSts => sentence.words("the sender does not know MTA-STS"),
        };
    }
}

impl Discovery {
    /// A discovery that somebody else made, and of which the policy alone is known: a sidecar's answer.
    #[must_use]
    pub const fn given(policy: PolicyInUse) -> Self {
        Self::without_asking(policy)
    }

    pub(super) const fn without_asking(policy: PolicyInUse) -> Self {
        Self {
            policy,
            change: CacheChange::Keep,
            record: None,
            record_ttl: None,
            fetch_error: None,
        }
    }
}

impl PolicyInUse {
    pub(super) fn cached(policy: &CachedPolicy) -> Self {
        Self::Policy {
            policy: policy.clone(),
            source: PolicySource::Cached,
        }
    }
}

impl fmt::Display for RecordSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "id {id}"),
            Self::NoRecord => f.write_str("no record that begins with `v=STSv1;`"),
            Self::Unusable(error) => error.fmt(f),
            Self::Unknown(failure) => failure.fmt(f),
        }
    }
}
