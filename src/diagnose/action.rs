//! What mends a finding, as a kind.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::DnsName;

/// What kind of thing mends a finding: a fix says how it is done.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Let every address of the policy host serve the same policy.
    AlignEdges,
    /// Change a CNAME, or what stands at its end.
    ChangeAlias,
    /// Publish a new id: the body is right already.
    ChangeId,
    /// Check from another host or network: what failed may be ours.
    CheckElsewhere,
    /// See to the network or the resolver of this host: nothing could be looked up.
    CheckNetwork,
    /// Compare the domain's name with what was meant.
    CheckSpelling,
    /// Change the MX records, or the addresses of the names in them.
    CorrectMx,
    /// Correct the policy that is served.
    CorrectPolicy,
    /// Publish or correct the TXT record at `_mta-sts`.
    CorrectRecord,
    /// Publish or correct the TLSRPT record.
    CorrectTlsRpt,
    /// Have the name servers or the signatures of a zone repaired.
    MendDns,
    /// Let the policy host serve a policy.
    MendPolicyHost,
    /// Mend STARTTLS or TLS at an MX host.
    MendTls,
    /// Give a host a certificate that senders accept.
    ReplaceCertificate,
    /// Serve a policy that lists the MX hosts, then publish a new id.
    ServePolicy,
    /// Change nothing until senders have let go of an old policy.
    Wait,
}

impl Action {
    /// Returns whether it gets us to see more, rather than a receiver to do better.
    #[must_use]
    pub const fn is_to_see(self) -> bool {
        matches!(
            self,
            Self::CheckElsewhere | Self::CheckNetwork | Self::MendDns
        )
    }
}

/// What to do first about a domain.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct FirstAction {
    /// What kind of thing it is.
    pub action: Action,
    /// The host at which it is done; null if it is none in particular.
    pub host: Option<DnsName>,
    /// The code of the first finding that it mends, whose fix says how; null if no finding asks for it.
    pub finding: Option<String>,
}

impl FirstAction {
    /// Makes one that no finding asks for.
    #[must_use]
    pub const fn without_finding(action: Action) -> Self {
        Self {
            action,
            host: None,
            finding: None,
        }
    }
}
