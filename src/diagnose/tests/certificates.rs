//! Certificates that are refused: each cause has its own title and remedy, for MX hosts and policy hosts.

use std::collections::BTreeSet;

use super::report;
use crate::diagnose::document::{DomainReport, Finding, Severity};
use crate::facts::certificate::{CertificateFault as F, ChainFault as C};
use crate::model::stage::{START, Stage};
use crate::sender::Verdict;

fn finding<'r>(report: &'r DomainReport, code: &str) -> &'r Finding {
    let mut findings = report.findings.iter();
    findings
        .find(|finding| finding.code == code)
        .unwrap_or_else(|| panic!("{code}: {:#?}", report.findings))
}

fn fix(finding: &Finding) -> String {
    finding.fix.as_ref().expect("it has a fix").to_string()
}

/// Both MX hosts, or the policy host, with this fault.
async fn seen(fault: &F, is_of_mx: bool) -> DomainReport {
    let mut stage = Stage::new();
    if is_of_mx {
        for address in ["192.0.2.1", "192.0.2.2"] {
            stage.at(address, |mx| {
                mx.certificate.chain_faults = vec![fault.clone()];
            });
        }
    } else {
        stage.edge(|edge| edge.certificate.chain_faults = vec![fault.clone()]);
    }
    report(&stage, None).await
}

/// What everybody refuses, with what its title and its remedy say.
fn refused() -> [(F, &'static str, &'static str); 15] {
    let issuer = || "CN=R1".into();
    [
        (
            F::Expired { not_after: START },
            "has expired",
            "renewed on disk? Then reload the server",
        ),
        (
            F::IssuerExpired,
            "comes with an intermediate that has expired",
            "intermediate certificates that mx1.corp.test sends",
        ),
        (
            F::NotYetValid { not_before: START },
            "is not valid yet",
            "until this one begins",
        ),
        (
            F::IssuerNotYetValid { not_before: START },
            "comes with an intermediate that is not valid yet",
            "until this one begins",
        ),
        (
            F::NameMismatch {
                expected: "mx1.corp.test".into(),
                presented: vec!["web.corp.test".into()],
            },
            "is for another name",
            "where web.corp.test is the same server",
        ),
        (
            F::NameMismatch {
                expected: "mx1.corp.test".into(),
                presented: Vec::new(),
            },
            "has no DNS name",
            "a common name does not count",
        ),
        (
            F::IssuerNotSent {
                sent: 1,
                issuer: issuer(),
            },
            "is sent without its issuer's",
            "full chain",
        ),
        (
            F::UnknownIssuer { issuer: issuer() },
            "is from a CA that senders do not know",
            "senders do not know CN=R1",
        ),
        (
            F::SelfSigned,
            "is self-signed",
            "in the place of the self-signed one",
        ),
        (F::WrongPurpose, "is not for TLS servers", "serverAuth"),
        (
            F::NotForSignatures {
                senders_split: true,
            },
            "may not sign handshakes",
            "Senders with GnuTLS refuse this one, those with OpenSSL do not.",
        ),
        (
            F::IssuerMayNotSign { issuer: issuer() },
            "is from an issuer that may not sign",
            "intermediate CN=R1 anew, with keyCertSign",
        ),
        (
            F::BadChain(C::HandshakeSignature { detail: "".into() }),
            "does not belong to the server's key",
            "do not belong together",
        ),
        (
            F::BadChain(C::ShortKey { bits: 1024 }),
            "has a key that is too short",
            "1024 bits are too few",
        ),
        (
            F::Unreadable { detail: "".into() },
            "cannot be read",
            "is no certificate",
        ),
    ]
}

#[tokio::test]
async fn each_cause_has_its_own_title_and_remedy() {
    let mut titles = BTreeSet::new();
    for (fault, title, remedy) in refused() {
        let of_mx = seen(&fault, true).await;
        assert_eq!(of_mx.verdict, Verdict::Defer, "{fault}");
        let found = finding(&of_mx, "STS-MX-CERTIFICATE");
        assert_eq!(found.severity, Severity::Error);
        assert_eq!(found.title, format!("an MX host's certificate {title}"));
        assert!(fix(found).contains(remedy), "{}", fix(found));
        assert!(fix(found).contains("openssl s_client"), "{}", fix(found));
        assert!(found.detail.to_string().contains(&fault.to_string()));
        titles.insert(title);

        let of_host = seen(&fault, false).await;
        let found = finding(&of_host, "STS-POLICY-HOST-CERTIFICATE");
        let expected = format!("the policy host's certificate {title}");
        assert_eq!(found.title, expected);
        assert!(fix(found).contains("mta-sts.corp.test"), "{}", fix(found));
    }
    assert_eq!(titles.len(), refused().len());
}

#[tokio::test]
async fn what_only_we_refuse_is_no_refusal() {
    for (fault, remedy) in [
        (C::CaAsServer, "that is not a CA's"),
        (C::TooLarge, "and no others"),
        (C::Unsupported { what: "x".into() }, "as the CA gives them"),
    ] {
        let fault = F::BadChain(fault);
        let of_mx = seen(&fault, true).await;
        assert_eq!(of_mx.verdict, Verdict::Undetermined, "{fault}");
        let found = finding(&of_mx, "MX-UNDETERMINED");
        assert_eq!(found.severity, Severity::Warning, "{fault}");
        assert!(fix(found).contains(remedy), "{}", fix(found));

        let of_host = seen(&fault, false).await;
        assert_eq!(of_host.verdict, Verdict::Undetermined, "{fault}");
        let found = finding(&of_host, "STS-FETCH-UNKNOWN");
        assert_eq!(found.severity, Severity::Warning, "{fault}");

        // Beside what everybody refuses it changes nothing.
        let mut stage = Stage::new();
        for address in ["192.0.2.1", "192.0.2.2"] {
            stage.at(address, |mx| {
                mx.certificate.chain_faults = vec![fault.clone(), F::SelfSigned];
            });
        }
        let both = report(&stage, None).await;
        assert_eq!(both.verdict, Verdict::Defer, "{fault}");
        let found = finding(&both, "STS-MX-CERTIFICATE");
        assert_eq!(found.title, "an MX host's certificate is self-signed");
    }
}

#[tokio::test]
async fn all_mx_with_one_unknown_issuer_may_be_somebody_between_us_and_them() {
    let question = "is something between us and them";
    let unknown = F::UnknownIssuer {
        issuer: "CN=Gateway CA".into(),
    };
    let both = seen(&unknown, true).await;
    let said = fix(finding(&both, "STS-MX-CERTIFICATE"));
    assert!(said.contains(question), "{said}");

    let mut stage = Stage::new();
    stage.at("192.0.2.1", |mx| {
        mx.certificate.chain_faults = vec![unknown.clone()];
    });
    let one = report(&stage, None).await;
    let said = fix(finding(&one, "STS-MX-CERTIFICATE"));
    assert!(!said.contains(question), "one of two: {said}");

    stage.mx(&["10 mx1.corp.test"]);
    let alone = report(&stage, None).await;
    let said = fix(finding(&alone, "STS-MX-CERTIFICATE"));
    assert!(!said.contains(question), "the only one: {said}");
}

#[tokio::test]
async fn what_cannot_be_read_has_no_dates_and_no_issuer() {
    let report = seen(&F::Unreadable { detail: "".into() }, true).await;
    let shown = report.mx[0].addresses[0].certificate.as_ref().unwrap();
    assert_eq!(
        (&shown.issuer, shown.not_before, shown.not_after),
        (&None, None, None)
    );
    assert_eq!(shown.chain.len(), 1);
    assert_eq!(shown.chain[0].subject, None);

    let good = super::report(&Stage::new(), None).await;
    let shown = good.mx[0].addresses[0].certificate.as_ref().unwrap();
    let leaf = &shown.chain[0];
    assert_eq!(leaf.subject.as_deref(), Some("CN=mx1.corp.test"));
    assert_eq!(leaf.issuer, shown.issuer);
    assert_eq!(leaf.subject_alt_names, ["mx1.corp.test"]);
}
