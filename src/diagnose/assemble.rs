//! Facts and judgements, laid out as the document that reports print.

use sha2::{Digest, Sha256};

use super::document::{
    AddressReport, CertaintyReport, CertificateReport, DomainReport, EdgeReport, FetchReport,
    MxMatchReport, MxReport, MxVerdict, PolicyErrorReport, PolicyReport, PolicySourceReport,
    ReadingReport, RecordReport, SenderReport, TlsRptReport, TraceReport,
};
use super::findings;
use super::judge::Row;
use super::survey::{MxHost, PolicyHost, Survey};
use crate::facts::certificate::PeerCertificate;
use crate::facts::dns::{DnsAnswer, DnsOutcome};
use crate::facts::http::HttpExchange;
use crate::facts::smtp::SmtpExchange;
use crate::facts::{DnsName, UnixTime};
use crate::sender::Verdict;
use crate::sender::candidates::Exchangers;
use crate::sender::discover::{PolicyInUse, no_edge};
use crate::sts::cache::{CachedPolicy, StoredPolicy};
use crate::sts::certificate::matches_patterns;
use crate::sts::fetch::{self, FetchError, Fetched};
use crate::sts::mx::MxPattern;
use crate::sts::policy::{Mode, Policy, PolicyError};
use crate::sts::reading::Reading;
use crate::sts::record::{self, RecordId, Selection};
use crate::sts::transport::{self, Certainty, Transport};
use crate::tlsrpt;
use crate::tlsrpt::result_type::ResultType;

/// How much of a policy body a report shows, in octets.
const SHOWN_BODY_BYTES: usize = 4_096;

/// How many octets of a TXT record a report shows.
const SHOWN_TEXT_BYTES: usize = 1_024;

/// What was seen and judged of one domain, before it is laid out.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The policy domain.
    pub domain: &'a DnsName,
    /// The time.
    pub now: UnixTime,
    /// The facts.
    pub survey: &'a Survey,
    /// The senders.
    pub rows: &'a [Row],
    /// What the store held.
    pub stored: Option<&'a StoredPolicy>,
    /// The live policy in each reading, from the first edge that gives one.
    pub live: Vec<(Reading, Result<Fetched, FetchError>)>,
}

impl<'a> Case<'a> {
    /// Takes the facts and the rows, and reads the live policy in both ways.
    #[must_use]
    pub fn new(
        domain: &'a DnsName,
        now: UnixTime,
        survey: &'a Survey,
        rows: &'a [Row],
        stored: Option<&'a StoredPolicy>,
    ) -> Self {
        let live = Reading::BOTH
            .into_iter()
            .filter_map(|reading| Some((reading, read_live(survey, reading)?)))
            .collect();
        Self {
            domain,
            now,
            survey,
            rows,
            stored,
            live,
        }
    }

    /// Returns the live policy in one reading.
    #[must_use]
    pub fn live_in(&self, reading: Reading) -> Option<&Result<Fetched, FetchError>> {
        self.live
            .iter()
            .find(|(of, _)| *of == reading)
            .map(|(_, policy)| policy)
    }

    /// Returns the live policy, read to the letter if it can be, else as tolerant senders do.
    #[must_use]
    pub fn live_policy(&self) -> Option<&Policy> {
        Reading::BOTH
            .into_iter()
            .find_map(|reading| self.live_in(reading)?.as_ref().ok())
            .map(|fetched| &fetched.policy)
    }

    /// Returns the id of the live record, read to the letter if it can be, else as tolerant senders do.
    #[must_use]
    pub fn live_id(&self) -> Option<RecordId> {
        Reading::BOTH
            .into_iter()
            .find_map(|reading| live_id(self.survey, reading))
    }

    /// Returns the stored policy, read to the letter if it can be, else as tolerant senders do, while its
    /// life lasts.
    #[must_use]
    pub fn stored_policy(&self) -> Option<CachedPolicy> {
        let stored = self.stored?;
        Reading::BOTH
            .into_iter()
            .find_map(|reading| stored.read(reading).ok())
            .filter(|cached| cached.is_fresh(self.now))
    }

    /// Returns the worst row, the one that gives the domain its verdict.
    #[must_use]
    pub fn worst_row(&self) -> Option<&Row> {
        // The first of the worst: rows that read to the letter, with an empty cache, come first.
        self.rows.iter().rev().max_by_key(|row| row.verdict)
    }

    /// Lays everything out.
    #[must_use]
    pub fn report(&self) -> DomainReport {
        let worst = self.worst_row();
        DomainReport {
            domain: self.domain.clone(),
            for_domains: Vec::new(),
            checked_at: self.now,
            verdict: worst.map_or(Verdict::Undetermined, |row| row.verdict),
            certainty: worst.map_or(CertaintyReport::Ours, |row| {
                certainty(row.attempt.certainty)
            }),
            reason: worst.map_or_else(String::new, Row::reason),
            senders: self.rows.iter().map(sender).collect(),
            record: record_report(self.survey.record.as_ref()),
            fetch: fetch_report(self.domain, self.survey.policy_host.as_ref()),
            policies: self.policies(),
            mx: self.mx_reports(),
            mx_error: mx_error(&self.survey.exchangers),
            tlsrpt: tlsrpt_report(self.survey.tlsrpt.as_ref()),
            findings: findings::find(self),
            sent: None,
            trace: self.rows.iter().flat_map(trace).collect(),
        }
    }

    fn policies(&self) -> Vec<PolicyReport> {
        let mut reports = Vec::new();
        for (reading, live) in &self.live {
            let report = match live {
                Ok(fetched) => PolicyReport {
                    id: live_id(self.survey, *reading).map(|id| id.to_string()),
                    fetched_at: Some(self.now),
                    expires_at: Some(
                        self.now
                            .saturating_add(fetched.policy.max_age().as_duration()),
                    ),
                    ..self.policy(PolicySourceReport::Live, *reading, &fetched.policy)
                },
                Err(error) => {
                    let FetchError::Policy(error) = error else {
                        continue;
                    };
                    unusable(PolicySourceReport::Live, *reading, error)
                }
            };
            reports.push(report);
        }
        if let Some(stored) = self.stored {
            for reading in Reading::BOTH {
                reports.push(match stored.read(reading) {
                    Ok(cached) => PolicyReport {
                        id: Some(cached.id.to_string()),
                        fetched_at: Some(cached.fetched_at),
                        expires_at: Some(cached.expires_at()),
                        ..self.policy(PolicySourceReport::Stored, reading, &cached.policy)
                    },
                    Err(error) => unusable(PolicySourceReport::Stored, reading, &error),
                });
            }
        }
        // A tolerant reading that says what the letter says is no news.
        let mut told: Vec<PolicyReport> = Vec::new();
        for report in reports {
            let is_repetition = told.iter().any(|earlier| {
                *earlier
                    == PolicyReport {
                        reading: earlier.reading,
                        ..report.clone()
                    }
            });
            if !is_repetition {
                told.push(report);
            }
        }
        told
    }

    fn policy(
        &self,
        source: PolicySourceReport,
        reading: Reading,
        policy: &Policy,
    ) -> PolicyReport {
        let patterns = policy.patterns();
        PolicyReport {
            source,
            reading: reading_report(reading),
            valid: true,
            mode: Some(policy.mode().to_string()),
            id: None,
            max_age_secs: Some(policy.max_age().as_secs()),
            mx: patterns.iter().map(ToString::to_string).collect(),
            fetched_at: None,
            expires_at: None,
            error: None,
            unused_patterns: self
                .unused_patterns(patterns)
                .map(ToString::to_string)
                .collect(),
            mx_matches: self
                .survey
                .hosts
                .iter()
                .map(|host| MxMatchReport {
                    host: host.candidate.exchange.to_string(),
                    pattern: host
                        .candidate
                        .host()
                        .and_then(|name| policy.matching(name))
                        .map(ToString::to_string),
                })
                .collect(),
        }
    }

    /// Returns the patterns that match no live MX host; none where the MX records are not known.
    pub fn unused_patterns<'p>(
        &self,
        patterns: &'p [MxPattern],
    ) -> impl Iterator<Item = &'p MxPattern> {
        let hosts: Vec<&DnsName> = self
            .survey
            .hosts
            .iter()
            .filter_map(|host| host.candidate.host())
            .collect();
        patterns.iter().filter(move |pattern| {
            !hosts.is_empty() && !hosts.iter().any(|host| pattern.matches(host))
        })
    }

    fn mx_reports(&self) -> Vec<MxReport> {
        let ttl_secs = self.survey.mx.ttl().map(|ttl| ttl.as_secs());
        let (implicit, not_tried) = match &self.survey.exchangers {
            Exchangers::Candidates {
                implicit,
                not_tried,
                ..
            } => (*implicit, not_tried.as_slice()),
            Exchangers::NullMx | Exchangers::NoDomain | Exchangers::Unknown(_) => {
                (false, [].as_slice())
            }
        };
        let patterns = self.live_policy().map(Policy::patterns);
        let mut reports: Vec<MxReport> = self
            .survey
            .hosts
            .iter()
            .map(|host| {
                let verdict = host_verdict(host);
                MxReport {
                    host: host.candidate.exchange.to_string(),
                    preference: host.candidate.preference,
                    ttl_secs,
                    implicit,
                    verdict,
                    would_pass_if_listed: match verdict {
                        MxVerdict::Accepted => Some(true),
                        MxVerdict::Refused => Some(false),
                        MxVerdict::Undetermined
                        | MxVerdict::RejectedUs
                        | MxVerdict::Unreachable
                        | MxVerdict::NotTried => None,
                    },
                    addresses: host
                        .probes
                        .iter()
                        .map(|probe| address(probe, patterns))
                        .collect(),
                    has_tlsa: host.has_tlsa,
                    error: host_error(host),
                }
            })
            .collect();
        reports.extend(not_tried.iter().map(|candidate| MxReport {
            host: candidate.exchange.to_string(),
            preference: candidate.preference,
            ttl_secs,
            implicit: false,
            verdict: MxVerdict::NotTried,
            would_pass_if_listed: None,
            addresses: Vec::new(),
            has_tlsa: false,
            error: None,
        }));
        reports
    }
}

/// What a sender gets from the policy host: where the edges give different policies, one that leaves an MX
/// host out, for that is what gives the domain its verdict, whatever the order of the addresses today; where
/// none gives a policy, the first answer that is none, or else why there was no answer; `None` without a policy
/// host.
#[must_use]
pub fn read_live(survey: &Survey, reading: Reading) -> Option<Result<Fetched, FetchError>> {
    let host = survey.policy_host.as_ref()?;
    let mut last = no_edge(&host.name, &host.addresses);
    let mut answer = None;
    let mut first = None;
    for edge in &host.edges {
        match fetch::judge(edge, reading) {
            Ok(fetched) if leaves_out(&fetched.policy, survey) => return Some(Ok(fetched)),
            Ok(fetched) => first = first.or(Some(fetched)),
            // As a sender goes on, and with its preference: see `Sender::fetch`.
            Err(error) if edge.is_before_connection() => {
                if !last.is_ours() {
                    last = error;
                }
            }
            Err(error) => answer = answer.or(Some(error)),
        }
    }
    Some(first.ok_or(answer.unwrap_or(last)))
}

fn leaves_out(policy: &Policy, survey: &Survey) -> bool {
    policy.mode() != Mode::None
        && survey
            .hosts
            .iter()
            .filter_map(|host| host.candidate.host())
            .any(|host| policy.matching(host).is_none())
}

/// The id of the live record in one reading.
#[must_use]
pub fn live_id(survey: &Survey, reading: Reading) -> Option<RecordId> {
    let answer = survey.record.as_ref()?;
    match record::select(answer.texts(), reading) {
        Selection::Record(record) => Some(record.id().clone()),
        Selection::NoRecord | Selection::Unusable(_) => None,
    }
}

/// What an MX host is worth by its transport alone: accepted if any of its addresses is, refused if one is and
/// others too could use none.
#[must_use]
pub fn host_verdict(host: &MxHost) -> MxVerdict {
    let verdicts: Vec<MxVerdict> = host.probes.iter().map(probe_verdict).collect();
    let Some(first) = verdicts.first().copied() else {
        return MxVerdict::Unreachable;
    };
    let is_definite = host
        .probes
        .iter()
        .all(|probe| transport::judge(probe).certainty() == Certainty::Definite);
    if verdicts.contains(&MxVerdict::Accepted) {
        MxVerdict::Accepted
    } else if verdicts.iter().all(|verdict| *verdict == first) {
        first
    } else if is_definite {
        // Some broken, some refused: no sender gets mail to this host.
        MxVerdict::Refused
    } else {
        // Some addresses refused, others unknown to us: they might have been accepted elsewhere.
        MxVerdict::Undetermined
    }
}

/// What one address is worth.
#[must_use]
pub fn probe_verdict(probe: &SmtpExchange) -> MxVerdict {
    match transport::judge(probe) {
        Transport::Accepted(_) => MxVerdict::Accepted,
        Transport::Refused(_) => MxVerdict::Refused,
        Transport::RejectedUs(_) => MxVerdict::RejectedUs,
        Transport::Undetermined { .. } => MxVerdict::Undetermined,
        Transport::Unreachable { .. } => MxVerdict::Unreachable,
    }
}

fn host_error(host: &MxHost) -> Option<String> {
    match &host.addresses {
        None => Some("the MX record does not name a host".to_owned()),
        Some(found) if found.addresses.is_empty() => Some(match &found.failure {
            Some(failure) => format!("its address could not be looked up: {failure}"),
            None => "it has no address".to_owned(),
        }),
        Some(_) => None,
    }
}

fn address(probe: &SmtpExchange, patterns: Option<&[MxPattern]>) -> AddressReport {
    let judged = transport::judge(probe);
    let mut result_types: Vec<String> = Vec::new();
    let detail = match &judged {
        Transport::Accepted(_) => "TLS with a valid certificate".to_owned(),
        Transport::Refused(faults) => {
            for fault in faults {
                let name = ResultType::from(fault).to_string();
                if !result_types.contains(&name) {
                    result_types.push(name);
                }
            }
            let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
            texts.join("; ")
        }
        Transport::RejectedUs(reply) => format!("it greets us with {reply}"),
        Transport::Undetermined { detail } => detail.to_string(),
        Transport::Unreachable { failure, .. } => failure.to_string(),
    };
    let peer = probe.tls.as_ref().and_then(|tls| tls.certificate.as_ref());
    AddressReport {
        address: probe.address,
        verdict: probe_verdict(probe),
        result_types,
        starttls: probe.ehlo.as_ref().map(|_| probe.offers_starttls()),
        tls_version: probe
            .tls
            .as_ref()
            .and_then(|tls| tls.outcome.as_ref().ok())
            .map(|session| session.version.to_string()),
        certificate: peer.map(certificate),
        detail,
        certificate_matches_patterns: peer
            .zip(patterns)
            .map(|(peer, patterns)| matches_patterns(peer, patterns)),
    }
}

fn certificate(peer: &PeerCertificate) -> CertificateReport {
    CertificateReport {
        subject_alt_names: peer
            .subject_alt_names
            .iter()
            .map(ToString::to_string)
            .collect(),
        issuer: peer.issuer.to_string(),
        not_before: peer.not_before,
        not_after: peer.not_after,
        faults: peer.faults.iter().map(ToString::to_string).collect(),
    }
}

fn mx_error(exchangers: &Exchangers) -> Option<String> {
    match exchangers {
        Exchangers::Candidates { .. } => None,
        Exchangers::NullMx => Some("null MX: the domain takes no mail".to_owned()),
        Exchangers::NoDomain => Some("the domain does not exist (NXDOMAIN)".to_owned()),
        Exchangers::Unknown(failure) => Some(failure.to_string()),
    }
}

fn sender(row: &Row) -> SenderReport {
    SenderReport {
        class: row.class.name.to_owned(),
        cache: row.cache,
        reading: reading_report(row.reading),
        verdict: row.verdict,
        certainty: certainty(row.attempt.certainty),
        policy: match &row.attempt.discovery.policy {
            PolicyInUse::None(_) => PolicySourceReport::None,
            PolicyInUse::Policy { .. } if row.uses_stored() => PolicySourceReport::Stored,
            PolicyInUse::Policy { .. } => PolicySourceReport::Live,
        },
        delivered_via: match row.attempt.certainty {
            Certainty::Definite => row.attempt.walk.via.as_ref().map(|via| via.host.clone()),
            Certainty::Ours => None,
        },
        until: row.until.map(|(until, _)| until),
        until_event: row.until.map(|(_, event)| event),
        reason: row.reason(),
    }
}

fn trace(row: &Row) -> impl Iterator<Item = TraceReport> {
    let sender = row.name();
    row.attempt
        .trace
        .steps()
        .iter()
        .map(move |step| TraceReport {
            sender: sender.clone(),
            at: step.at,
            asked: step.asked.to_string(),
            answered: step.answered.to_string(),
            concluded: step.concluded.to_string(),
            rfc: step.rfc.to_owned(),
        })
}

const fn certainty(certainty: Certainty) -> CertaintyReport {
    match certainty {
        Certainty::Definite => CertaintyReport::Definite,
        Certainty::Ours => CertaintyReport::Ours,
    }
}

const fn reading_report(reading: Reading) -> ReadingReport {
    match reading {
        Reading::Letter => ReadingReport::Letter,
        Reading::Tolerant => ReadingReport::Tolerant,
    }
}

fn unusable(source: PolicySourceReport, reading: Reading, error: &PolicyError) -> PolicyReport {
    PolicyReport {
        source,
        reading: reading_report(reading),
        valid: false,
        mode: None,
        id: None,
        max_age_secs: None,
        mx: Vec::new(),
        fetched_at: None,
        expires_at: None,
        error: Some(PolicyErrorReport {
            line: u64::try_from(error.line).ok(),
            message: error.kind.to_string(),
        }),
        unused_patterns: Vec::new(),
        mx_matches: Vec::new(),
    }
}

fn record_report(answer: Option<&DnsAnswer>) -> RecordReport {
    let Some(answer) = answer else {
        return RecordReport {
            texts: Vec::new(),
            id: None,
            ttl_secs: None,
            cname: Vec::new(),
            error: Some("the name is too long to have a record at _mta-sts".to_owned()),
            tolerant_only: false,
        };
    };
    let letter = record::select(answer.texts(), Reading::Letter);
    let tolerant = record::select(answer.texts(), Reading::Tolerant);
    let error = match (&answer.outcome, &letter) {
        (DnsOutcome::Failed(failure), _) => Some(failure.to_string()),
        (_, Selection::Record(_)) => None,
        (_, Selection::Unusable(error)) => Some(error.to_string()),
        (DnsOutcome::NxDomain { .. }, Selection::NoRecord) => Some("NXDOMAIN".to_owned()),
        (DnsOutcome::NoData { .. }, Selection::NoRecord) => Some("no TXT record".to_owned()),
        (DnsOutcome::Records { .. }, Selection::NoRecord) => {
            Some("no TXT record begins with `v=STSv1;`".to_owned())
        }
    };
    RecordReport {
        texts: answer
            .texts()
            .map(|text| {
                let octets = text.joined();
                let shown = octets.get(..SHOWN_TEXT_BYTES).unwrap_or(&octets);
                shown.escape_ascii().to_string()
            })
            .collect(),
        id: letter
            .record()
            .or(tolerant.record())
            .map(|record| record.id().to_string()),
        ttl_secs: answer.ttl().map(|ttl| ttl.as_secs()),
        cname: answer
            .aliases
            .iter()
            .map(|alias| alias.target.clone())
            .collect(),
        error,
        tolerant_only: letter.record().is_none() && tolerant.record().is_some(),
    }
}

fn fetch_report(domain: &DnsName, host: Option<&PolicyHost>) -> FetchReport {
    let url = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
    let Some(host) = host else {
        return FetchReport {
            url,
            cname: Vec::new(),
            edges: Vec::new(),
            error: Some("the name is too long to have a policy host".to_owned()),
        };
    };
    FetchReport {
        url,
        cname: host.aliases.clone(),
        edges: host.edges.iter().map(edge).collect(),
        error: host
            .edges
            .is_empty()
            .then(|| no_edge(&host.name, &host.addresses).to_string()),
    }
}

fn edge(exchange: &HttpExchange) -> EdgeReport {
    let response = exchange.outcome.as_ref().ok();
    EdgeReport {
        address: exchange.address,
        status: response.map(|response| response.status),
        content_type: response
            .and_then(|response| response.content_types.first())
            .map(|value| value.escape_ascii().to_string()),
        body: response.map(|response| {
            let shown = response
                .body
                .get(..SHOWN_BODY_BYTES)
                .unwrap_or(&response.body);
            String::from_utf8_lossy(shown).into_owned()
        }),
        body_sha256: response.map(|response| {
            Sha256::digest(&response.body)
                .iter()
                .map(|octet| format!("{octet:02x}"))
                .collect()
        }),
        certificate: exchange.certificate.as_ref().map(certificate),
        error: fetch::judge(exchange, Reading::Letter)
            .err()
            .map(|error| error.to_string()),
    }
}

fn tlsrpt_report(answer: Option<&DnsAnswer>) -> TlsRptReport {
    let Some(answer) = answer else {
        return TlsRptReport {
            record: None,
            error: None,
        };
    };
    let failure = match &answer.outcome {
        DnsOutcome::Failed(failure) => Some(failure.to_string()),
        DnsOutcome::Records { .. } | DnsOutcome::NxDomain { .. } | DnsOutcome::NoData { .. } => {
            None
        }
    };
    match tlsrpt::record::select(answer.texts()) {
        tlsrpt::record::Selection::NoRecord => TlsRptReport {
            record: None,
            error: failure,
        },
        tlsrpt::record::Selection::Record(record) => TlsRptReport {
            record: Some(record.to_string()),
            error: None,
        },
        tlsrpt::record::Selection::Unusable(error) => TlsRptReport {
            record: None,
            error: Some(error.to_string()),
        },
    }
}
