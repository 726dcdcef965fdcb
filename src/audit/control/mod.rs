//! Senders that are wrong in a known way: a suite that one of them passes shows nothing.
//!
//! The first few are whole senders. Each of the others is the strict sender with one fact falsified on its way in: a
//! [`Mutant`] stands between it and the network, so that everything else, the proofs of a delivery included, is made
//! by the sender's own code.

mod exchange;
mod fetch;
mod policy;
mod record;
mod session;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::facts::dns::{DnsAnswer, Question, RecordType};
use crate::facts::http::HttpExchange;
use crate::facts::smtp::{SmtpExchange, SmtpRequest};
use crate::facts::{DnsName, UnixTime};
use crate::fakes::Internet;
use crate::fakes::names::names;
use crate::sender::Network;

names! {
    /// A sender that is wrong in one way.
    Control, "a control" {
        /// It knows no MTA-STS.
        NeverEnforces = "never-enforces",
        /// It sends nothing that is not validated, whether there is a policy or not.
        RefusesOddities = "refuses-oddities",
        /// It enforces at the first attempt of a message, and no more when it tries again.
        EnforcesOnce = "enforces-once",
        /// It gives a message back as soon as a policy keeps it from its host.
        BouncesAtOnce = "bounces-at-once",

        /// The version of a record may stand anywhere.
        VersionAnywhere = "version-anywhere",
        /// The version of a record may be in any case.
        VersionInAnyCase = "version-in-any-case",
        /// Any version that begins as the known one is taken for it.
        VersionPrefix = "version-prefix",
        /// A record whose second field is not the id is passed over.
        IdSecondOnly = "id-second-only",
        /// A record without a usable id gets one.
        InventsIds = "invents-ids",
        /// The strings of a record are joined with a space.
        JoinsWithSpaces = "joins-with-spaces",
        /// Any other record beside the right one spoils it.
        WantsOneRecord = "wants-one-record",
        /// Of two records the first one is taken.
        TakesTheFirstRecord = "takes-the-first-record",
        /// The policy is fetched whether there is a record or not.
        FetchesWithoutRecord = "fetches-without-record",
        /// Aliases at `_mta-sts` are not followed.
        IgnoresAliases = "ignores-aliases",
        /// Records and policies with unknown fields are passed over.
        RefusesUnknownFields = "refuses-unknown-fields",
        /// Without a record the policy of the parent zone is taken.
        AsksTheParent = "asks-the-parent",
        /// Without a record what is cached is dropped.
        ForgetsWithoutRecord = "forgets-without-record",
        /// A record is looked at once, and never again.
        NeverLooksAgain = "never-looks-again",
        /// An id that sorts before the one seen is old.
        OrdersIds = "orders-ids",

        /// Any certificate of the policy host will do that has expired.
        PolicyHostExpired = "policy-host-expired",
        /// Any certificate of the policy host will do, whatever name it has.
        PolicyHostAnyName = "policy-host-any-name",
        /// Any certificate of the policy host will do, of any issuer.
        PolicyHostAnyIssuer = "policy-host-any-issuer",
        /// A certificate with a wildcard is none of the policy host's.
        PolicyHostNoWildcard = "policy-host-no-wildcard",
        /// The policy host is not named in the handshake.
        PolicyHostNoSni = "policy-host-no-sni",
        /// Any status gives a policy.
        AnyStatus = "any-status",
        /// Redirects are followed.
        FollowsRedirects = "follows-redirects",
        /// Any media type is a policy's.
        AnyMediaType = "any-media-type",
        /// Mail waits where a policy cannot be fetched.
        WaitsForThePolicy = "waits-for-the-policy",
        /// A failed fetch ends the cached policy.
        ForgetsAfterFailedFetch = "forgets-after-failed-fetch",
        /// A response is cached as HTTP allows.
        CachesHttp = "caches-http",
        /// The clock races, so that no pause after a failed fetch is kept.
        FetchesAgainAtOnce = "fetches-again-at-once",

        /// A policy without version has the known one.
        MendsVersion = "mends-version",
        /// A policy whose mode cannot be read is enforced.
        MendsMode = "mends-mode",
        /// A policy whose life cannot be read has one.
        MendsMaxAge = "mends-max-age",
        /// A policy without MX hosts lists nobody.
        MendsMx = "mends-mx",
        /// Of duplicate fields the last one counts.
        LastDuplicateCounts = "last-duplicate-counts",
        /// Lines end in LF alone.
        LfOnly = "lf-only",
        /// The version of a policy is its first line, or it has none.
        PolicyVersionFirst = "policy-version-first",
        /// A policy has one MX host.
        FirstPatternOnly = "first-pattern-only",
        /// A policy of mode none needs MX hosts.
        NoneNeedsMx = "none-needs-mx",
        /// Mode none is enforced.
        EnforcesNone = "enforces-none",
        /// Mode testing is enforced.
        EnforcesTesting = "enforces-testing",
        /// A policy lives for ten days at least.
        RaisesMaxAge = "raises-max-age",
        /// The clock stands, so that no policy ends.
        NeverExpires = "never-expires",

        /// Every MX host is listed.
        AnyHost = "any-host",
        /// A wildcard stands for any number of labels.
        WildcardAnyDepth = "wildcard-any-depth",
        /// A wildcard covers the name below which it stands.
        WildcardCoversApex = "wildcard-covers-apex",
        /// There are no wildcards.
        NoWildcards = "no-wildcards",
        /// A pattern covers all names below it.
        SuffixMatches = "suffix-matches",
        /// Patterns are compared with care for case.
        MatchesCase = "matches-case",
        /// An MX host that is an alias is listed if its target is.
        MatchesTargets = "matches-targets",
        /// A domain without MX records is its own MX host, listed or not.
        ExemptsImplicitMx = "exempts-implicit-mx",
        /// The first MX host is the only one.
        FirstHostOnly = "first-host-only",

        /// Mail goes in clear text where there is no TLS.
        ClearText = "clear-text",
        /// Certificates do not expire.
        AnyTime = "any-time",
        /// Whatever name a certificate has is right.
        AnyName = "any-name",
        /// Any issuer of a certificate is trusted.
        AnyIssuer = "any-issuer",
        /// A certificate for the policy domain is right.
        NameOfPolicyDomain = "name-of-policy-domain",
        /// A certificate that any pattern matches is right.
        NameOfAnyPattern = "name-of-any-pattern",
        /// A certificate with a wildcard is nobody's.
        NoWildcardCertificates = "no-wildcard-certificates",
        /// The MX host is not named in the handshake.
        NoSni = "no-sni",
    }
}

/// A network on which one fact is not as it is.
#[derive(Debug)]
pub(super) struct Mutant<N> {
    inner: N,
    control: Control,
    /// What is served, for facts that the network itself refuses to look at.
    internet: Arc<Internet>,
    memory: Mutex<Memory>,
}

/// What a control remembers.
#[derive(Debug, Default)]
struct Memory {
    /// The first answer to each question about a record.
    answers: HashMap<Question, DnsAnswer>,
    /// The first response of each policy host.
    pages: HashMap<DnsName, HttpExchange>,
    /// The time when the clock stopped.
    stopped: Option<UnixTime>,
    /// How often the time was asked for.
    asked: u32,
}

/// How far a racing clock runs each time that somebody looks at it.
const LEAP: Duration = Duration::from_secs(400);

impl<N: Network> Mutant<N> {
    pub(super) fn new(inner: N, control: Control, internet: Arc<Internet>) -> Self {
        Self {
            inner,
            control,
            internet,
            memory: Mutex::default(),
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(&self, control: Control) -> bool {
        self.control == control
    }
}

impl<N: Network> Network for Mutant<N> {
    fn now(&self) -> UnixTime {
        let now = self.inner.now();
        if self.is(Control::NeverExpires) {
            return *self.memory().stopped.get_or_insert(now);
        }
        if self.is(Control::FetchesAgainAtOnce) {
            let mut memory = self.memory();
            memory.asked += 1;
            return now.saturating_add(LEAP * memory.asked);
        }
        now
    }

    async fn lookup(&self, question: &Question) -> DnsAnswer {
        match question.record_type {
            RecordType::Txt => self.record(question).await,
            RecordType::Mx => self.exchangers(question).await,
            RecordType::A
            | RecordType::Aaaa
            | RecordType::Ns
            | RecordType::Soa
            | RecordType::Tlsa => self.addresses(question).await,
        }
    }

    async fn get_policy(&self, host: &DnsName, address: IpAddr) -> HttpExchange {
        let exchange = self.fetch(host, address).await;
        self.rewrite_policy(host, exchange).await
    }

    async fn smtp(&self, request: &SmtpRequest) -> SmtpExchange {
        Box::pin(self.session(request)).await
    }
}

/// Returns the domain that a name such as `_mta-sts.corp.test` belongs to.
fn domain_of(name: &DnsName) -> Option<DnsName> {
    let (_, parent) = name.split_first_label()?;
    parent.parse().ok()
}
