//! What people read, sentence by sentence: told once, of whom it is true, in their time, within their width.

use stickler::diagnose::document::{
    CacheReport, DomainReport, MxVerdict, PolicyReport, PolicySourceReport, StoredReport, Why,
};
use stickler::facts::certificate::CertificateFault;
use stickler::facts::dns::{DnsFailure, DnsFailureKind};
use stickler::facts::{Say, Sentence};
use stickler::report::{Charset, Context, Detail, Steps};
use stickler::sender::{Families, Verdict};
use stickler::sts::fetch::FetchError;
use stickler::sts::ledger::Holding;
use stickler::sts::reading::Reading;

use super::{is_to_paste, samples};

fn plain(report: &DomainReport) -> String {
    samples::text(report, &Context::plain(samples::now()))
}

fn full(report: &DomainReport) -> String {
    let context = Context {
        detail: Detail::Full,
        ..Context::plain(samples::now())
    };
    samples::text(report, &context)
}

#[test]
fn an_empty_cache_is_never_under_the_stored_policy() {
    let mut report = samples::stale();
    report.reason = "no MX host can be used: mx.new.test is not in the policy".into();
    for sender in &mut report.senders {
        sender.reason.clone_from(&report.reason);
    }
    let same = full(&report);
    assert!(!same.contains("all of them: no MX"), "{same}");
    for sender in &mut report.senders {
        if sender.cache == CacheReport::Stored {
            sender.reason.stored = Some(StoredReport {
                id: "1".to_owned(),
                body_sha256: String::new(),
                held: Holding::Certain,
                is_live: false,
            });
        }
    }
    // The prefix alone is no news.
    assert_eq!(full(&report), same);
    for sender in &mut report.senders {
        if sender.cache == CacheReport::Stored {
            sender.reason.cause = "something else".into();
        }
    }
    let text = full(&report);
    assert!(
        text.contains(
            "    those that hold the stored policy: under the stored policy (id 1): something else\n"
        ),
        "{text}"
    );
    assert!(!text.contains("all of them: under"), "{text}");
}

#[test]
fn one_silent_server_is_told_in_full_once() {
    let failure = DnsFailure {
        kind: DnsFailureKind::TimedOut,
        detail: "127.0.0.1:9 was silent for 1s".into(),
    };
    let mut report = samples::undetermined();
    report.reason = because(after(
        "cannot tell: the MX records could not be looked up: ",
        &failure,
    ));
    report.record.texts.clear();
    report.record.error = Some(failure.sentence());
    report.mx.clear();
    report.mx_error = Some(failure.sentence());
    report.fetch.edges.clear();
    report.fetch.error = Some(FetchError::HostLookup(failure.clone()).sentence());
    report.tlsrpt.record = None;
    report.tlsrpt.error = Some(failure.sentence());
    report.findings = samples::stale().findings;
    for finding in &mut report.findings {
        finding.detail = after("TXT _mta-sts.silent.test: ", &failure);
        finding.detail.words("; senders keep what they have");
    }
    let failure = &*failure.to_string();
    let text = plain(&report);
    assert_eq!(text.matches(failure).count(), 1, "{text}");
    assert!(
        text.contains("TXT _mta-sts.silent.test: no reply in time; senders"),
        "{text}"
    );
    assert!(!text.contains("\n  MX "), "{text}");
}

fn because(cause: Sentence) -> Why {
    Why {
        cause,
        ..Why::default()
    }
}

fn after(words: &str, said: &impl Say) -> Sentence {
    let mut sentence = Sentence::from(words);
    sentence.add(said);
    sentence
}

#[test]
fn moments_in_sentences_are_local_with_their_distance() {
    let mut report = samples::stale();
    report.findings[1].detail = Sentence::from("it lasts until ");
    let end = "2026-03-09T08:00:00Z".parse().unwrap();
    report.findings[1].detail.moment(end);
    let fault = CertificateFault::Expired {
        not_after: "2026-03-03T10:00:00Z".parse().unwrap(),
    };
    report.fetch.edges[0].certificate.as_mut().unwrap().faults = vec![fault.sentence()];
    let text = full(&report);
    assert!(
        text.contains("until 2026-03-09 08:00 +00:00 (in 4 d 22 h)\n"),
        "{text}"
    );
    assert!(
        text.contains("expired at 2026-03-03 10:00 +00:00 (1 d ago)\n"),
        "{text}"
    );
    assert!(!text.contains("T08:00:00Z"), "{text}");
}

#[test]
fn until_when_the_stored_policy_lasts_is_told_though_all_deliver() {
    let mut report = samples::well();
    let live = report.policies[0].clone();
    report.policies.push(PolicyReport {
        source: PolicySourceReport::Stored,
        gone_by: live.fetched_at,
        held_certainly_until: live.expires_at,
        ..live
    });
    let text = plain(&report);
    let line = text
        .lines()
        .find(|line| line.trim_start().starts_with("held "))
        .unwrap();
    assert!(
        line.contains("held until 2026-03-11 10:00 +00:00 (in 7 d)"),
        "{line}"
    );
}

#[test]
fn a_status_is_told_once() {
    let mut report = samples::stale();
    for edge in &mut report.fetch.edges {
        edge.status = Some(404);
        edge.error = Some("status 404".into());
    }
    let text = full(&report);
    assert_eq!(text.matches("status 404").count(), 1, "{text}");
}

#[test]
fn a_cname_without_a_record_stands_at_the_record() {
    let mut report = samples::stale();
    report.record.texts.clear();
    report.record.cname = vec!["_mta-sts.provider.test".parse().unwrap()];
    let text = full(&report);
    assert!(
        text.contains("\n    record    by CNAME from _mta-sts.provider.test\n"),
        "{text}"
    );
}

#[test]
fn clear_text_is_called_so() {
    let mut report = samples::well();
    report.verdict = Verdict::DeliverUnprotected;
    report.mx[0].verdict = MxVerdict::Refused;
    for address in &mut report.mx[0].addresses {
        address.verdict = MxVerdict::Refused;
        address.starttls = Some(false);
        address.certificate = None;
        address.tls_version = None;
        address.detail = "STARTTLS is not offered".into();
    }
    let text = plain(&report);
    assert!(
        text.contains("10 mx.new.test   listed   no STARTTLS\n"),
        "{text}"
    );
    assert!(!text.contains("refused"), "{text}");
}

#[test]
fn one_reading_that_all_share_is_not_named() {
    let mut report = samples::stale();
    let both = plain(&report);
    report
        .senders
        .retain(|sender| sender.reading == Reading::Letter);
    report.policies.truncate(1);
    assert_eq!(plain(&report), both);
}

#[test]
fn at_eighty_columns_no_number_is_repeated_and_no_word_broken() {
    for charset in [Charset::Ascii, Charset::Utf8] {
        for (name, report) in samples::all() {
            if name == "hostile" {
                continue;
            }
            let context = Context {
                width: Some(80),
                charset,
                steps: Steps::Shown,
                ..Context::plain(samples::now())
            };
            let text = samples::text(&report, &context);
            for line in text.lines().filter(|line| line.chars().count() > 80) {
                let line = line.trim_start();
                assert!(
                    !line.contains(' ') || is_to_paste(line),
                    "{name}: {line:?} in {text}"
                );
            }
            if text.contains("What to do") {
                for number in 1..=9 {
                    let start = format!("    {number} ");
                    let lines = text.lines().filter(|line| line.starts_with(&start));
                    assert_eq!(lines.count(), 1, "{name}: {text}");
                }
            }
            for word in ["deliver-unprotected", "undetermined"] {
                let broken = &word[..word.len() - 3];
                assert_eq!(
                    text.matches(broken).count(),
                    text.matches(word).count(),
                    "{name}: {text}"
                );
            }
        }
    }
}

#[test]
fn the_table_says_of_a_host_which_of_its_addresses_are_bad() {
    let mut report = samples::stale();
    report.mx[0].addresses_bad = 1;
    for (verdict, families, expected) in [
        (
            MxVerdict::Accepted,
            Families::Both,
            "accepted, 1 of 2 addresses bad",
        ),
        (
            MxVerdict::Refused,
            Families::Ipv4,
            "refused over IPv4 alone, 1 of 2 addresses bad",
        ),
    ] {
        report.mx[0].verdict = verdict;
        report.mx[0].address_families = families;
        let text = full(&report);
        let table = text.split_once("  Transport\n").unwrap().0;
        assert!(table.contains(expected), "{text}");
    }
}
