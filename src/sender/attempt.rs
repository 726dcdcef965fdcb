//! One attempt to get a message to a domain: discovery, candidates, delivery, and what it all means.
//!
//! A4 and the like are numbers of requirements: `sts/requirements.md` lists them.

use std::time::Duration;

use super::candidates::{Candidate, Exchangers, find_exchangers};
use super::deliver::{Delivery, Try};
use super::discover::{Occasion, Sender};
use super::found::{Discovery, NoPolicy, PolicyInUse, PolicySource};
use super::network::Network;
use super::reason::Reason;
use super::state::{CacheChange, PolicyState};
use super::trace::Trace;
use super::verdict::Verdict;
use crate::facts::DnsName;
use crate::facts::smtp::Message;
use crate::sts::cache::CachedPolicy;
use crate::sts::policy::Mode;
use crate::sts::transport::Certainty;
use crate::tlsrpt::result_type::ResultType;

/// What is to be attempted.
#[derive(Clone, Copy, Debug)]
pub struct Mail<'a> {
    /// The next hop: the recipient's domain or, with a smart host, the smart host's name. It is the policy
    /// domain (D12).
    pub next_hop: &'a DnsName,
    /// The message; `None` probes every hop up to the second EHLO and sends nothing.
    pub message: Option<&'a Message>,
    /// How long the message has been queued.
    pub queued_for: Duration,
    /// What kind of message it is.
    pub kind: MailKind,
    /// Rotates each group of equal preferences by so many places: senders choose among equals at random.
    pub rotation: usize,
}

/// What kind of message is attempted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum MailKind {
    /// One to which policies apply.
    #[default]
    Ordinary,
    /// A report on TLS, which has to go out although TLS fails: no policy applies to it, and its own session is
    /// not reported ([RFC 8460, Section 5.3] and Section 3).
    ///
    /// [RFC 8460, Section 5.3]: https://www.rfc-editor.org/rfc/rfc8460#section-5.3
    TlsReport,
}

impl<'a> Mail<'a> {
    /// A fresh attempt that sends nothing.
    #[must_use]
    pub const fn probe(next_hop: &'a DnsName) -> Self {
        Self {
            next_hop,
            message: None,
            queued_for: Duration::ZERO,
            kind: MailKind::Ordinary,
            rotation: 0,
        }
    }
}

/// What came of an attempt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attempt {
    /// What becomes of the message.
    pub verdict: Verdict,
    /// Whether the verdict hangs on something that only we failed to see.
    pub certainty: Certainty,
    /// Why.
    pub reason: Reason,
    /// The discovery that decided.
    pub discovery: Discovery,
    /// Where mail may go.
    pub exchangers: Exchangers,
    /// What was tried under the policy that decided.
    pub delivery: Delivery,
    /// What a TLSRPT report would name, without repetition, in order of appearance (R1).
    pub result_types: Vec<ResultType>,
    /// What the caller should remember, in order.
    pub changes: Vec<CacheChange>,
    /// Every step.
    pub trace: Trace,
}

impl<N: Network> Sender<'_, N> {
    /// Attempts a delivery, from discovery to the verdict.
    ///
    /// The state is read, never written: apply [`Attempt::changes`] to it.
    pub async fn attempt(&self, mail: Mail<'_>, state: &PolicyState) -> Attempt {
        let mut trace = Trace::default();
        let discovery = match mail.kind {
            MailKind::Ordinary => {
                self.discover(mail.next_hop, state, Occasion::Delivery, &mut trace)
                    .await
            }
            MailKind::TlsReport => {
                Discovery::without_asking(PolicyInUse::None(NoPolicy::MailIsTlsReport))
            }
        };
        let (mut attempt, candidates) = self.deliver(mail, discovery, trace).await;
        let is_queue_life_over = mail.queued_for >= self.class.queue_life;
        if attempt.wants_another_look(is_queue_life_over) {
            self.look_again(mail, state, &candidates, &mut attempt)
                .await;
        }
        attempt.conclude(is_queue_life_over);
        attempt
    }

    /// Attempts a delivery under a policy that somebody else found: no record is looked at.
    pub async fn attempt_under(&self, mail: Mail<'_>, discovery: Discovery) -> Attempt {
        let (mut attempt, _candidates) = self.deliver(mail, discovery, Trace::default()).await;
        attempt.conclude(mail.queued_for >= self.class.queue_life);
        attempt
    }

    /// Finds the candidates and tries them.
    async fn deliver(
        &self,
        mail: Mail<'_>,
        discovery: Discovery,
        mut trace: Trace,
    ) -> (Attempt, Vec<Candidate>) {
        let exchangers = find_exchangers(
            self.network,
            mail.next_hop,
            (self.limits, self.class.implicit_mx),
            &mut trace,
        )
        .await;
        let candidates = match &exchangers {
            Exchangers::Candidates { candidates, .. } => rotate(candidates, mail.rotation),
            Exchangers::NullMx | Exchangers::NoDomain | Exchangers::Unknown(_) => Vec::new(),
        };
        let delivery = self
            .try_candidates(
                &candidates,
                discovery.policy.policy(),
                mail.message,
                &mut trace,
            )
            .await;
        let mut attempt = Attempt {
            verdict: Verdict::Defer,
            certainty: Certainty::Definite,
            reason: Reason::NoUsableHost { tries: Vec::new() },
            changes: vec![discovery.change.clone()],
            result_types: Vec::new(),
            discovery,
            exchangers,
            delivery,
            trace,
        };
        attempt.note_result_types();
        (attempt, candidates)
    }

    /// A4: "A message delivery attempt MUST NOT be permanently failed until the sender has first checked for
    /// the presence of a new policy (as indicated by the id field in the _mta-sts TXT record)" (§5.1).
    async fn look_again(
        &self,
        mail: Mail<'_>,
        state: &PolicyState,
        candidates: &[Candidate],
        attempt: &mut Attempt,
    ) {
        let again = self
            .discover(
                mail.next_hop,
                state,
                Occasion::AfterFailure,
                &mut attempt.trace,
            )
            .await;
        attempt.changes.push(again.change.clone());
        let is_new = matches!(
            again.policy,
            PolicyInUse::Policy {
                source: PolicySource::Live,
                ..
            }
        );
        attempt.discovery = again;
        if is_new {
            attempt.delivery = self
                .try_candidates(
                    candidates,
                    attempt.discovery.policy.policy(),
                    mail.message,
                    &mut attempt.trace,
                )
                .await;
        }
        attempt.note_result_types();
    }
}

impl Attempt {
    /// Returns the policy that was applied, if any.
    #[must_use]
    pub const fn policy(&self) -> Option<&CachedPolicy> {
        self.discovery.policy.policy()
    }

    fn mode(&self) -> Option<Mode> {
        self.policy().map(|cached| cached.policy.mode())
    }

    /// Returns whether an enforced policy kept the message from a host that might have taken it; a message
    /// that a receiver rejected was stopped by that.
    #[must_use]
    pub fn is_stopped_by_policy(&self) -> bool {
        self.mode() == Some(Mode::Enforce)
            && self.delivery.via.is_none()
            && self.delivery.rejected.is_none()
            && self.delivery.tries.iter().any(Try::is_refused_by_policy)
    }

    /// Returns whether the id is still to be looked up before the attempt ends: an enforced policy of which
    /// only the cache is known kept the message from a host, and nobody took it; or it is about to bounce.
    fn wants_another_look(&self, is_queue_life_over: bool) -> bool {
        self.discovery.record.is_none()
            && self.mode() == Some(Mode::Enforce)
            && self.delivery.via.is_none()
            && (is_queue_life_over || self.delivery.tries.iter().any(Try::is_refused_by_policy))
    }

    fn note_result_types(&mut self) {
        let mut seen = Vec::new();
        seen.extend(self.discovery.fetch_error.as_ref().map(ResultType::from));
        if self.discovery.misses_record() && self.mode() != Some(Mode::None) {
            seen.push(ResultType::StsPolicyFetchError);
        }
        // R1: nothing is reported of hosts under no policy, or under one of mode none.
        if matches!(self.mode(), Some(Mode::Enforce | Mode::Testing)) {
            for tried in &self.delivery.tries {
                if tried.is_listed == Some(false) {
                    seen.push(ResultType::MX_MISMATCH);
                }
                for address in &tried.addresses {
                    seen.extend(&address.result_types);
                }
            }
        }
        for kind in seen {
            if !self.result_types.contains(&kind) {
                self.result_types.push(kind);
            }
        }
    }

    fn conclude(&mut self, is_queue_life_over: bool) {
        let (verdict, certainty, reason) = match &self.exchangers {
            Exchangers::NullMx => (Verdict::Bounce, Certainty::Definite, Reason::NullMx),
            Exchangers::NoDomain => (Verdict::Bounce, Certainty::Definite, Reason::NoDomain),
            Exchangers::Unknown(failure) => (
                Verdict::Defer,
                Certainty::ours_if(failure.kind.is_ours()),
                Reason::MxUnknown(failure.clone()),
            ),
            Exchangers::Candidates { .. } => self.conclude_tries(),
        };
        self.verdict = verdict;
        self.certainty = certainty;
        self.reason = reason;
        if self.discovery.certainty() == Certainty::Ours {
            self.doubt_policy();
        }
        if is_queue_life_over && self.verdict == Verdict::Defer {
            self.verdict = Verdict::Bounce;
            self.reason = Reason::WaitedTooLong(Box::new(self.reason.clone()));
        }
    }

    /// Takes the certainty away if the verdict hangs on the policy, because others may hold another one.
    ///
    /// A policy only ever takes hosts away. So a message that no host took, though no policy stood in the
    /// way, is not taken under any other policy.
    pub fn doubt_policy(&mut self) {
        if self.delivery.via.is_some() || self.is_stopped_by_policy() {
            self.certainty = Certainty::Ours;
        }
    }

    /// Takes the certainty away from a message that no host took, if it was kept from one by a connection that was
    /// refused: for the caller who knows that every MX host of the domain refuses ours, which a firewall on our
    /// own side does too.
    pub fn doubt_refusals(&mut self) {
        if self.delivery.via.is_none()
            && self
                .delivery
                .tries
                .iter()
                .any(|tried| !tried.addresses.is_empty())
        {
            self.certainty = Certainty::Ours;
        }
    }

    fn conclude_tries(&self) -> (Verdict, Certainty, Reason) {
        if let Some(reply) = &self.delivery.rejected {
            let reason = Reason::Rejected(reply.clone());
            return (Verdict::Bounce, Certainty::Definite, reason);
        }
        if let Some(via) = &self.delivery.via {
            return self.conclude_delivered(&via.host, via.validated);
        }
        if self.leads_nowhere() {
            return (
                Verdict::Bounce,
                Certainty::Definite,
                Reason::NoAddress {
                    tries: self.delivery.tries.clone(),
                },
            );
        }
        // A host that only we could not speak to may well take mail from others, if the policy lets it.
        let may_be_ours =
            self.delivery.tries.iter().any(Try::may_be_ours) || self.leaves_hosts_untried();
        let tries = self.delivery.tries.clone();
        (
            Verdict::Defer,
            Certainty::ours_if(may_be_ours),
            Reason::NoUsableHost { tries },
        )
    }

    /// Returns whether there is no address to send mail to, of any MX host or of the domain itself.
    ///
    /// "If MX records are present, but none of them are usable, or the implicit MX is unusable, this situation
    /// MUST be reported as an error" ([RFC 5321, Section 5.1]). Without an address no later attempt fares better
    /// unless somebody changes the DNS: it is permanent, as for a domain that does not exist.
    ///
    /// [RFC 5321, Section 5.1]: https://www.rfc-editor.org/rfc/rfc5321#section-5.1
    fn leads_nowhere(&self) -> bool {
        matches!(&self.exchangers, Exchangers::Candidates { not_tried, .. } if not_tried.is_empty())
            && self.delivery.tries.iter().all(Try::has_no_address)
    }

    /// Returns whether there are more MX hosts than we try, and the policy lets mail go to one of those.
    fn leaves_hosts_untried(&self) -> bool {
        self.hosts_not_tried()
            .iter()
            .filter_map(Candidate::host)
            .any(|host| match self.policy() {
                Some(cached) if cached.policy.mode() == Mode::Enforce => {
                    cached.policy.matching(host).is_some()
                }
                Some(_) | None => true,
            })
    }

    fn hosts_not_tried(&self) -> &[Candidate] {
        match &self.exchangers {
            Exchangers::Candidates { not_tried, .. } => not_tried,
            Exchangers::NullMx | Exchangers::NoDomain | Exchangers::Unknown(_) => &[],
        }
    }

    /// Returns whether a sender may begin with an MX host that we do not try: one as much preferred as the
    /// last that we did.
    fn may_begin_untried(&self) -> bool {
        let last = self.delivery.tries.last();
        let next = self.hosts_not_tried().first();
        last.zip(next)
            .is_some_and(|(last, next)| next.preference <= last.candidate.preference)
    }

    fn conclude_delivered(&self, host: &DnsName, validated: bool) -> (Verdict, Certainty, Reason) {
        let is_assumed = self.delivery.is_assumed();
        let certainty = if is_assumed {
            Certainty::Assumed
        } else {
            Certainty::Definite
        };
        // In testing the first host counts that takes the mail, and for others that may be an earlier one,
        // or the same one inside TLS.
        let in_testing = certainty.max(Certainty::ours_if(
            self.delivery.tries.iter().any(Try::may_be_ours) || self.may_begin_untried(),
        ));
        let last = self.delivery.tries.last();
        let is_listed = last.is_some_and(|tried| tried.is_listed == Some(true));
        let host = host.clone();
        match (&self.discovery.policy, self.mode()) {
            (PolicyInUse::None(why), _) => {
                let why = why.clone();
                (
                    Verdict::DeliverUnprotected,
                    certainty,
                    Reason::WithoutPolicy { host, why },
                )
            }
            (_, Some(Mode::None) | None) => (
                Verdict::DeliverUnprotected,
                certainty,
                Reason::ModeNone { host },
            ),
            (_, Some(Mode::Enforce)) if is_assumed => {
                (Verdict::Deliver, certainty, Reason::Listed { host })
            }
            (_, Some(Mode::Enforce)) => (Verdict::Deliver, certainty, Reason::Validated { host }),
            (_, Some(Mode::Testing)) if is_assumed && is_listed => {
                (Verdict::Deliver, in_testing, Reason::Listed { host })
            }
            (_, Some(Mode::Testing)) if validated => {
                (Verdict::Deliver, in_testing, Reason::PassesTesting { host })
            }
            (_, Some(Mode::Testing)) => {
                let tried = last.cloned().map(Box::new);
                (
                    Verdict::DeliverUnprotected,
                    in_testing,
                    Reason::OnlyTesting { host, tried },
                )
            }
        }
    }
}

/// Rotates each group of equal preferences by `places`.
fn rotate(candidates: &[Candidate], places: usize) -> Vec<Candidate> {
    let mut rotated = candidates.to_vec();
    for group in rotated.chunk_by_mut(|a, b| a.preference == b.preference) {
        let places = places.checked_rem(group.len()).unwrap_or(0);
        group.rotate_left(places);
    }
    rotated
}
