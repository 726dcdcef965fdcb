//! Reports as `check` makes them, by hand: one story each.

use std::time::Duration;

use stickler::diagnose::command::ZoneRecord;
use stickler::diagnose::document::{
    AddressReport, CacheReport, CertificateReport, DestinationReport, DomainReport, EdgeReport,
    FetchReport, Finding, MxReport, MxVerdict, PolicyErrorReport, PolicySourceReport, PortReport,
    PortState, RecordReport, SenderReport, SentReport, Severity, TlsRptReport, TraceReport,
    UntilEvent, Why,
};
use stickler::diagnose::findings::codes;
use stickler::diagnose::first::first_action;
use stickler::diagnose::fix::Fix;
use stickler::diagnose::steps::steps;
use stickler::diagnose::vantage::Vantage;
use stickler::facts::UnixTime;
use stickler::facts::dns::Exchange;
use stickler::report::{Context, Run, text};
use stickler::sender::{Families, Verdict};
use stickler::sts::policy;
use stickler::sts::reading::Reading;
use stickler::sts::transport::Certainty;

use super::places::{self, edge};
use super::policies::{both_readings, policy};

/// 2026-03-04T10:00:00Z, two hours after the cutover.
pub(crate) fn now() -> UnixTime {
    "2026-03-04T10:00:00Z".parse().unwrap()
}

pub(crate) fn run() -> Run {
    Run {
        stickler_version: "0.0.0".to_owned(),
        ..Run::new(now(), "127.0.0.1:5353")
    }
}

/// All samples, by name.
pub(crate) fn all() -> [(&'static str, DomainReport); 7] {
    [
        ("well", well()),
        ("stale", stale()),
        ("warm", warm()),
        ("tolerant_split", tolerant_split()),
        ("undetermined", undetermined()),
        ("null_mx", null_mx()),
        ("hostile", hostile()),
    ]
    .map(|(name, report)| (name, with_steps(&report, "")))
}

/// Returns a report with the steps that follow from it.
pub(crate) fn with_steps(report: &DomainReport, repeat: &str) -> DomainReport {
    let mut vantage = Vantage::default();
    repeat.clone_into(&mut vantage.repeat);
    DomainReport {
        steps: steps(report, &vantage).into(),
        first_action: first_action(report),
        ..report.clone()
    }
}

/// Returns a report as text.
pub(crate) fn text(report: &DomainReport, context: &Context) -> String {
    text::domain(&with_steps(report, ""), context)
}

/// The addresses of the policy host.
const ADDRESSES: [&str; 2] = ["192.0.2.11", "2001:db8::11"];

/// Policy, MX and certificates agree.
pub(crate) fn well() -> DomainReport {
    DomainReport {
        domain: "corp.test".parse().unwrap(),
        for_domains: Vec::new(),
        checked_at: now(),
        verdict: Verdict::Deliver,
        certainty: Certainty::Definite,
        reason: "mx.new.test is listed by the policy (mode enforce) and its certificate holds"
            .into(),
        first_action: None,
        senders: senders(&SenderReport {
            class: "strict".to_owned(),
            cache: CacheReport::Empty,
            address_families: Families::Both,
            reading: Reading::Letter,
            verdict: Verdict::Deliver,
            certainty: Certainty::Definite,
            stored: None,
            policy: PolicySourceReport::Live,
            policy_sha256: None,
            delivered_via: Some("mx.new.test".parse().unwrap()),
            until: None,
            until_event: None,
            reason: "mx.new.test is listed by the policy (mode enforce) and its certificate holds"
                .into(),
        }),
        record: record("20260301T080000"),
        fetch: FetchReport {
            url: "https://mta-sts.corp.test/.well-known/mta-sts.txt".to_owned(),
            cname: vec!["mta-sts.provider.test".parse().unwrap()],
            hosting: places::unknown(),
            edges: ADDRESSES.map(|text| edge(text, "mx.new.test")).into(),
            edges_not_tried: 0,
            id_safe_from: None,
            error: None,
        },
        zone: None,
        policies: both_readings(&policy("mx.new.test", "mx.new.test")),
        mx: vec![mx("mx.new.test", &["192.0.2.26", "192.0.2.27"])],
        cut_short: None,
        mx_left_out: 0,
        smtp: PortReport {
            port: 25,
            state: PortState::Open,
            addresses_tried: 1,
            addresses_answered: 1,
        },
        mx_error: None,
        tlsrpt: TlsRptReport {
            texts: vec!["v=TLSRPTv1; rua=mailto:tls@corp.test".to_owned()],
            record: Some("v=TLSRPTv1; rua=mailto:tls@corp.test".to_owned()),
            cname: Vec::new(),
            error: None,
            destinations: vec![DestinationReport {
                uri: "mailto:tls@corp.test".to_owned(),
                error: None,
            }],
        },
        findings: Vec::new(),
        intended: None,
        waited: None,
        steps: Vec::new(),
        sent: None,
        trace: vec![TraceReport {
            sender: "strict, empty cache".to_owned(),
            at: now(),
            asked: "TXT _mta-sts.corp.test".to_owned(),
            answered: "v=STSv1; id=20260301T080000;".to_owned(),
            concluded: "one record".to_owned(),
            rfc: "8461 §3.1".to_owned(),
        }],
    }
}

/// The MX moved, the policy still lists the old host.
pub(crate) fn stale() -> DomainReport {
    let reason = Why::from("the policy (mode enforce) does not list mx.new.test, the only MX host");
    let mut report = well();
    report.verdict = Verdict::Defer;
    report.reason.clone_from(&reason);
    for sender in &mut report.senders {
        sender.verdict = Verdict::Defer;
        sender.delivered_via = None;
        sender.reason.clone_from(&reason);
    }
    report.fetch.edges = ADDRESSES.map(|text| edge(text, "mx.old.test")).into();
    let mut stale = policy("mx.old.test", "mx.new.test");
    stale.unused_patterns = vec!["mx.old.test".to_owned()];
    report.policies = both_readings(&stale);
    report.tlsrpt.record = None;
    report.findings = vec![
        finding(
            ("STS-PATTERN-UNUSED", Severity::Note, 5, "8461 §3.2"),
            "a pattern matches no MX host",
            "mx.old.test",
            None,
        ),
        finding(
            ("STS-MX-UNCOVERED", Severity::Error, 2, "8461 §4.1"),
            "an MX host is not listed by the policy",
            "mx.new.test has preference 10 and matches none of: mx.old.test",
            Some(
                Fix::from(
                    "Only if these hosts are yours: an unlisted MX is also what an attack looks like.",
                )
                .body(
                    policy::parse(
                        b"version: STSv1\nmode: enforce\nmx: mx.old.test\nmx: mx.new.test\nmax_age: 604800\n",
                        Reading::Letter,
                    )
                    .unwrap(),
                ),
            ),
        ),
    ];
    report
}

/// Body corrected, id not: what was cached before still counts, for some until tomorrow.
pub(crate) fn warm() -> DomainReport {
    let mut report = well();
    report.verdict = Verdict::Defer;
    report.reason =
        "a sender that cached the policy before still applies it, and it lists mx.old.test only"
            .into();
    for sender in &mut report.senders {
        if sender.cache == CacheReport::Stored {
            let (until, event) = if sender.class == "strict" {
                (13_260, UntilEvent::DailyRefresh)
            } else {
                (432_000, UntilEvent::MaxAge)
            };
            sender.verdict = Verdict::Defer;
            sender.policy = PolicySourceReport::Stored;
            sender.delivered_via = None;
            sender.until = Some(now().saturating_add(Duration::from_secs(until)));
            sender.until_event = Some(event);
            sender.reason = "the stored policy does not list mx.new.test".into();
        }
    }
    let mut stored = policy("mx.old.test", "mx.new.test");
    stored.source = PolicySourceReport::Stored;
    stored.fetched_at = Some(now().saturating_sub(Duration::from_secs(172_800)));
    stored.expires_at = Some(now().saturating_add(Duration::from_secs(432_000)));
    stored.gone_by = Some(now().saturating_sub(Duration::from_secs(86_400)));
    stored.held_certainly_until = stored.expires_at;
    stored.held_possibly_until = Some(now().saturating_add(Duration::from_secs(518_400)));
    stored.unused_patterns = vec!["mx.old.test".to_owned()];
    report.policies.extend(both_readings(&stored));
    report.findings = vec![finding(
        ("STS-ID-STALE", Severity::Error, 5, "8461 §3.1"),
        "the body changed, the id did not",
        "senders that cached id 20260301T080000 do not fetch before their refresh",
        Some(Fix::default().publish(ZoneRecord::sts(&report.domain, now()))),
    )];
    report
}

/// A blank line hides an outage from those who read to the letter.
pub(crate) fn tolerant_split() -> DomainReport {
    let mut report = stale();
    report.domain = "split.test".parse().unwrap();
    report.reason = "tolerant senders read the policy, and it does not list mx.new.test".into();
    for sender in &mut report.senders {
        match sender.reading {
            Reading::Letter => {
                sender.verdict = Verdict::DeliverUnprotected;
                sender.policy = PolicySourceReport::None;
                sender.delivered_via = Some("mx.new.test".parse().unwrap());
                sender.reason = "the policy cannot be used: line 5 is blank".into();
            }
            Reading::Tolerant => sender.reason.clone_from(&report.reason),
        }
    }
    for edge in &mut report.fetch.edges {
        edge.error = Some("policy line 5: a blank line".into());
    }
    let letter = &mut report.policies[0];
    letter.valid = false;
    letter.mode = None;
    letter.max_age_secs = None;
    letter.mx.clear();
    letter.mx_matches.clear();
    letter.unused_patterns.clear();
    letter.error = Some(PolicyErrorReport {
        line: Some(5),
        message: "a blank line".to_owned(),
    });
    report
}

/// The policy host never answered us.
pub(crate) fn undetermined() -> DomainReport {
    let mut report = well();
    report.domain = "silent.test".parse().unwrap();
    report.verdict = Verdict::Undetermined;
    report.certainty = Certainty::Ours;
    report.reason = "the policy host did not answer us within 60 s".into();
    for sender in &mut report.senders {
        sender.verdict = Verdict::Undetermined;
        sender.certainty = Certainty::Ours;
        sender.policy = PolicySourceReport::None;
        sender.delivered_via = None;
        sender.reason.clone_from(&report.reason);
    }
    report.policies.clear();
    report.fetch.edges = vec![EdgeReport {
        address: "192.0.2.11".parse().unwrap(),
        status: None,
        content_type: None,
        body: None,
        age_secs: None,
        cache_control: None,
        kept_until: None,
        body_sha256: None,
        certificate: None,
        error: Some("no answer within 60 s".into()),
    }];
    report
}

/// The domain takes no mail, and says so.
pub(crate) fn null_mx() -> DomainReport {
    let mut report = well();
    report.domain = "nomail.test".parse().unwrap();
    report.verdict = Verdict::Bounce;
    report.reason = "the domain accepts no mail: null MX".into();
    for sender in &mut report.senders {
        sender.verdict = Verdict::Bounce;
        sender.policy = PolicySourceReport::None;
        sender.delivered_via = None;
        sender.reason.clone_from(&report.reason);
    }
    report.record = RecordReport {
        texts: Vec::new(),
        id: None,
        ttl_secs: None,
        cname: Vec::new(),
        error: Some("no record".into()),
        tolerant_only: false,
    };
    report.fetch.edges.clear();
    report.fetch.cname.clear();
    report.fetch.error = Some("NXDOMAIN".into());
    report.policies.clear();
    report.mx.clear();
    report.findings = vec![finding(
        ("MX-NULL", Severity::Note, 4, "7505 §3"),
        "the domain takes no mail",
        "MX 0 .",
        None,
    )];
    report
}

/// Every text that a stranger can choose tries to do harm.
pub(crate) fn hostile() -> DomainReport {
    let evil = |text: &str| format!("{text}\x1b[2J\u{9b}31m\u{202e}\n\r\0\u{7}\u{fffe}<&\"]]>");
    let mut report = stale();
    report.domain = "evil.test".parse().unwrap();
    report.reason = evil("reason").into();
    for sender in &mut report.senders {
        sender.class = evil(&sender.class);
        sender.reason = evil("because").into();
    }
    report.record.texts = vec![evil("v=STSv1"); 40];
    report.record.error = Some(evil("error").into());
    report.fetch.url = evil("https://");
    report.fetch.error = Some(evil("fetch").into());
    report.fetch.hosting = places::hostile(evil);
    for edge in &mut report.fetch.edges {
        edge.content_type = Some(evil("text/plain"));
        edge.body = Some(evil("body"));
        edge.body_sha256 = Some(evil("digest"));
        edge.error = Some(evil("edge").into());
        let certificate = edge.certificate.as_mut().unwrap();
        certificate.issuer = Some(evil("issuer"));
        certificate.faults = vec![evil("fault").into()];
    }
    for policy in &mut report.policies {
        policy.id = Some(evil("id"));
        policy.mx = vec![evil("pattern"); 3_000];
        policy.unused_patterns = policy.mx.clone();
        policy.error = Some(PolicyErrorReport {
            line: Some(1),
            message: evil("message"),
        });
        policy.mx_matches[0].pattern = Some(evil("pattern"));
    }
    let host = &mut report.mx[0];
    host.host = Exchange::NotAHostName("$(touch /tmp/owned);\x1b]0;mx\x07.evil.test".into());
    host.error = Some(evil("host").into());
    for address in &mut host.addresses {
        address.detail = evil(&"long ".repeat(1_000)).into();
        address.tls_version = Some(evil("TLS"));
        let certificate = address.certificate.as_mut().unwrap();
        certificate.subject_alt_names = vec![evil("name"); 500];
        certificate.issuer = Some(evil("issuer"));
        certificate.faults = vec![evil("fault").into()];
    }
    report.mx_error = Some(evil("mx").into());
    report.tlsrpt.record = Some(evil("record"));
    report.tlsrpt.error = Some(evil("tlsrpt").into());
    for finding in &mut report.findings {
        finding.code = evil(&finding.code);
        finding.rfc = evil(&finding.rfc);
        finding.title = evil("title");
        finding.detail = evil("detail").into();
        finding.fix = Some(evil("fix").into());
    }
    report.sent = Some(SentReport {
        delivered: false,
        host: None,
        address: None,
        reply: evil("451"),
        message_id: evil("<id>"),
    });
    for step in &mut report.trace {
        step.sender = evil("sender");
        step.asked = evil("asked");
        step.answered = evil("answered");
        step.concluded = evil("concluded");
        step.rfc = evil("rfc");
    }
    report
}

/// Every conforming sender: class × cache × reading.
fn senders(model: &SenderReport) -> Vec<SenderReport> {
    let mut senders = Vec::new();
    for class in ["strict", "lazy"] {
        for cache in [CacheReport::Empty, CacheReport::Stored] {
            for reading in [Reading::Letter, Reading::Tolerant] {
                senders.push(SenderReport {
                    class: class.to_owned(),
                    cache,
                    reading,
                    ..model.clone()
                });
            }
        }
    }
    senders
}

fn record(id: &str) -> RecordReport {
    RecordReport {
        texts: vec![format!("v=STSv1; id={id};")],
        id: Some(id.to_owned()),
        ttl_secs: Some(3_600),
        cname: Vec::new(),
        error: None,
        tolerant_only: false,
    }
}

fn mx(host: &str, addresses: &[&str]) -> MxReport {
    MxReport {
        host: Exchange::Host(host.parse().unwrap()),
        preference: 10,
        ttl_secs: Some(3_600),
        implicit: false,
        verdict: MxVerdict::Accepted,
        would_pass_if_listed: Some(true),
        addresses: addresses
            .iter()
            .map(|text| AddressReport {
                address: text.parse().unwrap(),
                verdict: MxVerdict::Accepted,
                result_types: Vec::new(),
                starttls: Some(true),
                tls_version: Some("TLSv1.3".to_owned()),
                cipher_suite: Some("TLS_AES_256_GCM_SHA384".to_owned()),
                key_exchange: Some("X25519MLKEM768".to_owned()),
                certificate: Some(certificate(host)),
                detail: "the certificate is valid for the host".into(),
                certificate_matches_patterns: Some(true),
            })
            .collect(),
        addresses_not_tried: 0,
        addresses_bad: 0,
        address_families: Families::Both,
        has_tlsa: false,
        cname: Vec::new(),
        error: None,
    }
}

pub(super) fn certificate(name: &str) -> CertificateReport {
    CertificateReport {
        subject_alt_names: vec![name.to_owned()],
        issuer: Some("CN=Lab CA".to_owned()),
        not_before: Some(now().saturating_sub(Duration::from_secs(86_400))),
        not_after: Some(now().saturating_add(Duration::from_secs(60 * 86_400))),
        names_left_out: 0,
        chain: vec![Default::default(); 2],
        chain_left_out: 0,
        faults: Vec::new(),
    }
}

fn finding(
    (code, severity, step, rfc): (&str, Severity, u8, &str),
    title: &str,
    detail: &str,
    fix: Option<Fix>,
) -> Finding {
    let known = codes::ALL.iter().find(|known| known.code == code);
    Finding {
        code: code.to_owned(),
        severity,
        step,
        rfc: rfc.to_owned(),
        host: None,
        title: title.to_owned(),
        detail: detail.into(),
        action: known.unwrap().action,
        fix,
    }
}
