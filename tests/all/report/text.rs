//! What people read: one snapshot a story, and what holds for all of them.

use insta::assert_snapshot;
use jiff::tz::{Offset, TimeZone};
use proptest::prelude::{any, prop_assert, proptest};
use stickler::diagnose::document::{CacheReport, DomainReport, MxReport, MxVerdict, UntilEvent};
use stickler::facts::dns::Exchange;
use stickler::report::{Charset, Company, Context, Detail, Format, Style, text};

use super::{json, samples};

#[test]
fn all_is_well_in_a_few_lines() {
    assert_snapshot!(plain(&samples::well()), @r#"
    corp.test: deliver
      mx.new.test is listed by the policy (mode enforce) and its certificate holds

        senders   strict and lazy, either cache, both readings: deliver via mx.new.test
        policy    enforce, id 20260301T080000, max_age 7 d; from 192.0.2.11, 2001:db8::11
        mx        10 mx.new.test: accepted, TLSv1.3, certificate until 2026-05-03 10:00 +00:00 (in 60 d)
        tlsrpt    v=TLSRPTv1; rua=mailto:tls@corp.test
    "#);
}

#[test]
fn a_stale_policy_after_the_cutover() {
    assert_snapshot!(plain(&samples::stale()), @r#"
    corp.test: defer
      the policy (mode enforce) does not list mx.new.test, the only MX host

      Senders
        strict and lazy, either cache, both readings: defer

      MX hosts
        pref  host         live policy  transport  passes if listed
        10    mx.new.test  NOT LISTED   accepted   yes
        unused in the live policy, no MX host matches: mx.old.test

      Transport
        mx.new.test (preference 10, TTL 1 h)
          accepted 192.0.2.26, 192.0.2.27: the certificate is valid for the host; TLSv1.3
            certificate for mx.new.test; issuer CN=Lab CA; until 2026-05-03 10:00 +00:00 (in 60 d)

      Policy
        record    v=STSv1; id=20260301T080000; (TTL 1 h)
        live      enforce, id 20260301T080000, max_age 7 d
                  mx: mx.old.test
        url       https://mta-sts.corp.test/.well-known/mta-sts.txt
                  really hosted at mta-sts.provider.test (CNAME)
        from      192.0.2.11, 2001:db8::11: status 200, text/plain, sha256 9f86d081884c
        tlsrpt    no record: nobody reports failures to you

      Findings
        error STS-MX-UNCOVERED (step 2, RFC 8461 §4.1): an MX host is not listed by the policy
          mx.new.test has preference 10 and matches none of: mx.old.test
          fix:

    Only if these hosts are yours: an unlisted MX is also what an attack looks like.

    version: STSv1
    mode: enforce
    mx: mx.old.test
    mx: mx.new.test
    max_age: 604800

        note STS-PATTERN-UNUSED (step 5, RFC 8461 §3.2): a pattern matches no MX host
          mx.old.test

      What to do
        1 done fetch the live policy and note the hosts that it lists
               it lists mx.old.test
               curl -sS https://mta-sts.corp.test/.well-known/mta-sts.txt
        2 ACT  compare them with the hosts that are meant to take the mail
               see STS-MX-UNCOVERED above
               not listed: mx.new.test
               curl -sS https://mta-sts.corp.test/.well-known/mta-sts.txt | stickler lint policy - --mx mx.new.test
        3 done find where the policy is really hosted
               at mta-sts.provider.test (192.0.2.11, 2001:db8::11)
               dig +noall +answer mta-sts.corp.test A mta-sts.corp.test AAAA
        4 look compare the live MX records with the hosts that are meant
               now 10 mx.new.test
               dig +short MX corp.test
        5 then correct the policy at its source: first the body, at every address, then the id
               the corrected policy stands at STS-MX-UNCOVERED above
               _mta-sts.corp.test. 3600 IN TXT "v=STSv1; id=20260304T100000;"
        6 then verify that every address of the policy host serves the correction
               curl -sS --resolve 'mta-sts.corp.test:443:192.0.2.11' https://mta-sts.corp.test/.well-known/mta-sts.txt
               curl -sS --resolve 'mta-sts.corp.test:443:[2001:db8::11]' https://mta-sts.corp.test/.well-known/mta-sts.txt
        7 then test the mail path again
               stickler check corp.test
        8 then check the domains that moved in the same phase or share the policy's host
               write them into a file, one domain a line
               stickler check --input FILE
        9 then record the final alignment
               stickler check --format json --output corp.test.json corp.test
    "#);
}

#[test]
fn a_warm_cache_on_a_terminal_in_another_time_zone() {
    let context = Context {
        time_zone: TimeZone::fixed(Offset::constant(1)),
        width: Some(100),
        charset: Charset::Utf8,
        ..Context::plain(samples::now())
    };
    let warm = samples::with_steps(&samples::warm(), "--resolver 127.0.0.1:5353");
    assert_snapshot!(text::domain(&warm, &context), @r#"
    corp.test: defer
      a sender that cached the policy before still applies it, and it lists mx.old.test only

      Senders
       ┌──────────────┬────────┬──────────────────┬─────────┬────────┬─────────────┬──────────────────┐
       │ sender       ┆ cache  ┆ reading          ┆ verdict ┆ policy ┆ via         ┆ until            │
       ╞══════════════╪════════╪══════════════════╪═════════╪════════╪═════════════╪══════════════════╡
       │ strict, lazy ┆ empty  ┆ letter, tolerant ┆ deliver ┆ live   ┆ mx.new.test ┆ -                │
       │ strict       ┆ stored ┆ letter, tolerant ┆ defer   ┆ stored ┆ -           ┆ 2026-03-04 14:41 │
       │              ┆        ┆                  ┆         ┆        ┆             ┆ +01:00 (in 3 h   │
       │              ┆        ┆                  ┆         ┆        ┆             ┆ 41 min): daily   │
       │              ┆        ┆                  ┆         ┆        ┆             ┆ refresh          │
       │ lazy         ┆ stored ┆ letter, tolerant ┆ defer   ┆ stored ┆ -           ┆ 2026-03-09 11:00 │
       │              ┆        ┆                  ┆         ┆        ┆             ┆ +01:00 (in 5 d): │
       │              ┆        ┆                  ┆         ┆        ┆             ┆ max_age ends     │
       └──────────────┴────────┴──────────────────┴─────────┴────────┴─────────────┴──────────────────┘
        strict and lazy, empty cache, both readings: mx.new.test is listed by the policy (mode enforce)
        and its certificate holds
        strict, stored cache, both readings; lazy, stored cache, both readings: the stored policy does
        not list mx.new.test

      MX hosts
       ┌──────┬─────────────┬─────────────┬───────────────┬───────────┬──────────────────┐
       │ pref ┆ host        ┆ live policy ┆ stored policy ┆ transport ┆ passes if listed │
       ╞══════╪═════════════╪═════════════╪═══════════════╪═══════════╪══════════════════╡
       │ 10   ┆ mx.new.test ┆ mx.new.test ┆ NOT LISTED    ┆ accepted  ┆ yes              │
       └──────┴─────────────┴─────────────┴───────────────┴───────────┴──────────────────┘
        unused in the stored policy, no MX host matches: mx.old.test

      Transport
        mx.new.test (preference 10, TTL 1 h)
          accepted 192.0.2.26, 192.0.2.27: the certificate is valid for the host; TLSv1.3
            certificate for mx.new.test; issuer CN=Lab CA; until 2026-05-03 11:00 +01:00 (in 60 d)

      Policy
        record    v=STSv1; id=20260301T080000; (TTL 1 h)
        live      enforce, id 20260301T080000, max_age 7 d
                  mx: mx.new.test
        stored    enforce, id 20260301T080000, max_age 7 d, gone by 2026-03-03 11:00 +01:00 (1 d ago),
                  held until 2026-03-09 11:00 +01:00 (in 5 d), possibly until 2026-03-10 11:00 +01:00
                  (in 6 d)
                  mx: mx.old.test
        url       https://mta-sts.corp.test/.well-known/mta-sts.txt
                  really hosted at mta-sts.provider.test (CNAME)
        from      192.0.2.11, 2001:db8::11: status 200, text/plain, sha256 9f86d081884c
        tlsrpt    v=TLSRPTv1; rua=mailto:tls@corp.test

      Findings
        error STS-ID-STALE (step 5, RFC 8461 §3.1): the body changed, the id did not
          senders that cached id 20260301T080000 do not fetch before their refresh
          fix:
            _mta-sts.corp.test. 3600 IN TXT "v=STSv1; id=20260304T100000;"

      What to do
        1 done fetch the live policy and note the hosts that it lists
               it lists mx.new.test
               curl -sS https://mta-sts.corp.test/.well-known/mta-sts.txt
        2 done compare them with the hosts that are meant to take the mail
               curl -sS https://mta-sts.corp.test/.well-known/mta-sts.txt | stickler lint policy - --mx mx.new.test
        3 done find where the policy is really hosted
               at mta-sts.provider.test (192.0.2.11, 2001:db8::11)
               dig +noall +answer mta-sts.corp.test A mta-sts.corp.test AAAA
        4 look compare the live MX records with the hosts that are meant
               now 10 mx.new.test
               dig +short MX corp.test
        5 ACT  correct the policy at its source: first the body, at every address, then the id
               see STS-ID-STALE above
        6 then verify that every address of the policy host serves the correction
               curl -sS --resolve 'mta-sts.corp.test:443:192.0.2.11' https://mta-sts.corp.test/.well-known/mta-sts.txt
               curl -sS --resolve 'mta-sts.corp.test:443:[2001:db8::11]' https://mta-sts.corp.test/.well-known/mta-sts.txt
        7 then test the mail path again
               stickler check --resolver 127.0.0.1:5353 corp.test
        8 then check the domains that moved in the same phase or share the policy's host
               write them into a file, one domain a line
               stickler check --resolver 127.0.0.1:5353 --input FILE
        9 then record the final alignment
               stickler check --resolver 127.0.0.1:5353 --format json --output corp.test.json corp.test
    "#);
}

#[test]
fn readings_that_split() {
    assert_snapshot!(until_findings(&plain(&samples::tolerant_split())), @r#"
    split.test: defer
      tolerant senders read the policy, and it does not list mx.new.test

      Senders
        sender        cache          reading   verdict              policy  via          until
        strict, lazy  empty, stored  letter    deliver-unprotected  none    mx.new.test  -
        strict, lazy  empty, stored  tolerant  defer                live    -            -
        strict and lazy, either cache, read to the letter: the policy cannot be used: line 5 is blank

      MX hosts
        pref  host         live policy (tolerant)  transport  passes if listed
        10    mx.new.test  NOT LISTED              accepted   yes
        unused in the live policy (tolerant), no MX host matches: mx.old.test

      Transport
        mx.new.test (preference 10, TTL 1 h)
          accepted 192.0.2.26, 192.0.2.27: the certificate is valid for the host; TLSv1.3
            certificate for mx.new.test; issuer CN=Lab CA; until 2026-05-03 10:00 +00:00 (in 60 d)

      Policy
        record    v=STSv1; id=20260301T080000; (TTL 1 h)
        live      id 20260301T080000, cannot be used: line 5: a blank line (letter)
        live      enforce, id 20260301T080000, max_age 7 d (tolerant)
                  mx: mx.old.test
        url       https://mta-sts.corp.test/.well-known/mta-sts.txt
                  really hosted at mta-sts.provider.test (CNAME)
        from      192.0.2.11, 2001:db8::11: status 200, text/plain, sha256 9f86d081884c, policy line 5: a blank line
        tlsrpt    no record: nobody reports failures to you
    "#);
}

#[test]
fn what_only_we_failed_to_see() {
    assert_snapshot!(plain(&samples::undetermined()), @r#"
    silent.test: undetermined (seen from here only)
      the policy host did not answer us within 60 s

      Senders
        strict and lazy, either cache, both readings: undetermined (seen from here only)

      MX hosts
        pref  host         transport
        10    mx.new.test  accepted

      Transport
        mx.new.test (preference 10, TTL 1 h)
          accepted 192.0.2.26, 192.0.2.27: the certificate is valid for the host; TLSv1.3
            certificate for mx.new.test; issuer CN=Lab CA; until 2026-05-03 10:00 +00:00 (in 60 d)

      Policy
        record    v=STSv1; id=20260301T080000; (TTL 1 h)
        url       https://mta-sts.corp.test/.well-known/mta-sts.txt
                  really hosted at mta-sts.provider.test (CNAME)
        from      192.0.2.11: no answer within 60 s
        tlsrpt    v=TLSRPTv1; rua=mailto:tls@corp.test

      What to do
        What failed may be our own network: repeat the check from another host, or with another --resolver or --source, or a longer --timeout, before you change anything.
        1 look fetch the live policy and note the hosts that it lists
               curl -sS https://mta-sts.silent.test/.well-known/mta-sts.txt
        2 look compare them with the hosts that are meant to take the mail
               curl -sS https://mta-sts.silent.test/.well-known/mta-sts.txt | stickler lint policy - --mx mx.new.test
        3 done find where the policy is really hosted
               at mta-sts.provider.test (192.0.2.11)
               dig +noall +answer mta-sts.silent.test A mta-sts.silent.test AAAA
        4 look compare the live MX records with the hosts that are meant
               now 10 mx.new.test
               dig +short MX silent.test
        5 look correct the policy at its source: first the body, at every address, then the id
        6 look verify that every address of the policy host serves the correction
               curl -sS --resolve 'mta-sts.silent.test:443:192.0.2.11' https://mta-sts.silent.test/.well-known/mta-sts.txt
        7 look test the mail path again
               stickler check silent.test
        8 look check the domains that moved in the same phase or share the policy's host
               write them into a file, one domain a line
               stickler check --input FILE
        9 look record the final alignment
               stickler check --format json --output silent.test.json silent.test
    "#);
}

#[test]
fn a_domain_that_takes_no_mail() {
    assert_snapshot!(plain(&samples::null_mx()), @r#"
    nomail.test: bounce
      the domain accepts no mail: null MX

        senders   strict and lazy, either cache, both readings: bounce
        tlsrpt    v=TLSRPTv1; rua=mailto:tls@corp.test
        note MX-NULL (step 4, RFC 7505 §3): the domain takes no mail
    "#);
}

#[test]
fn the_full_text_has_the_trace_and_all_sections() {
    let context = Context {
        detail: Detail::Full,
        ..Context::plain(samples::now())
    };
    let text = samples::text(&samples::well(), &context);
    for part in [
        "\n  Senders\n",
        "\n  MX hosts\n",
        "\n  Transport\n",
        "\n  Policy\n",
        "\n  What to do\n",
        "\n  Trace\n    strict, empty cache\n      2026-03-04T10:00:00Z TXT _mta-sts.corp.test: \
         v=STSv1; id=20260301T080000;; one record (RFC 8461 §3.1)\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn colour_is_only_a_coat_of_paint() {
    for (name, report) in samples::all() {
        let mut context = Context::plain(samples::now());
        let plain = samples::text(&report, &context);
        context.style = Style::Colour;
        let coloured = samples::text(&report, &context);
        assert_ne!(coloured, plain, "{name}");
        assert_eq!(strip(&coloured), plain, "{name}");
    }
}

#[test]
fn what_is_to_be_pasted_keeps_its_lines_at_any_width() {
    let mut context = Context::plain(samples::now());
    context.width = Some(20);
    let text = samples::text(&samples::stale(), &context);
    for part in [
        "\n\nversion: STSv1\nmode: enforce\nmx: mx.old.test\nmx: mx.new.test\nmax_age: 604800\n",
        " _mta-sts.corp.test. 3600 IN TXT \"v=STSv1; id=20260304T100000;\"\n",
        " curl -sS https://mta-sts.corp.test/.well-known/mta-sts.txt | stickler lint policy - --mx mx.new.test\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn no_stranger_reaches_the_terminal_or_the_shell() {
    for detail in [Detail::Brief, Detail::Full] {
        let context = Context {
            detail,
            ..Context::plain(samples::now())
        };
        let text = samples::text(&samples::hostile(), &context);
        assert_eq!(text.chars().find(|c| is_harmful(*c)), None, "{detail:?}");
        // The name that would run a command is shown, and stands in no line to paste.
        assert!(text.contains("$(touch /tmp/owned)"));
        for line in text.lines().map(str::trim_start) {
            let is_command = ["curl ", "dig ", "stickler "]
                .iter()
                .any(|command| line.starts_with(command));
            assert!(!(is_command && line.contains('$')), "{line}");
        }
        // However much they send, it is read in one go.
        assert!(text.len() < 200_000, "{} octets", text.len());
    }
}

#[test]
fn a_domain_that_looks_like_an_option_is_in_no_command() {
    let mut report = samples::stale();
    report.domain = "-x.test".parse().unwrap();
    let text = plain(&report);
    assert!(!text.contains("stickler check"), "{text}");
    assert!(text.contains("test the mail path again"), "{text}");
}

/// A change to a report and how the nine steps stand after it.
type StepCase = (&'static str, fn(&mut DomainReport), [&'static str; 9]);

#[test]
fn the_steps_stand_as_the_findings_and_the_facts_say() {
    let cases: [StepCase; 7] = [
        (
            "all is well",
            |_| {},
            [
                "done", "done", "done", "look", "done", "done", "done", "look", "look",
            ],
        ),
        (
            "no policy was read",
            |report| report.policies.clear(),
            [
                "look", "look", "done", "look", "look", "done", "done", "look", "look",
            ],
        ),
        (
            "an unlisted host that no finding names",
            |report| report.policies[0].mx_matches[0].pattern = None,
            [
                "done", "look", "done", "look", "look", "done", "done", "look", "look",
            ],
        ),
        (
            "two bodies",
            |report| report.fetch.edges[0].body_sha256 = Some("0".repeat(64)),
            [
                "done", "done", "done", "look", "done", "look", "done", "look", "look",
            ],
        ),
        (
            "no edge",
            |report| report.fetch.edges.clear(),
            [
                "done", "done", "look", "look", "done", "look", "done", "look", "look",
            ],
        ),
        (
            "bad MX records",
            |report| report.mx_error = Some("SERVFAIL".into()),
            [
                "done", "done", "done", "ACT", "done", "then", "then", "then", "then",
            ],
        ),
        (
            "a finding of the sixth step",
            |report| {
                report.findings = samples::stale().findings;
                report.findings[1].step = 6;
                report.findings[1].fix = None;
            },
            [
                "done", "done", "done", "look", "done", "ACT", "then", "then", "then",
            ],
        ),
    ];
    let context = Context {
        detail: Detail::Full,
        ..Context::plain(samples::now())
    };
    for (name, change, expected) in cases {
        let mut report = samples::well();
        change(&mut report);
        let text = samples::text(&report, &context);
        let (_, steps) = text.split_once("\n  What to do\n").unwrap();
        let words: Vec<_> = steps
            .lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let _number: u8 = words.next()?.parse().ok()?;
                words.next()
            })
            .collect();
        assert_eq!(words, expected, "{name}");
    }
}

#[test]
fn a_thousand_mx_hosts_are_counted() {
    let mut report = samples::stale();
    let template = report.mx[0].clone();
    report.mx = (0..1_000)
        .map(|number| MxReport {
            host: Exchange::Host(format!("mx{number}.new.test").parse().unwrap()),
            verdict: MxVerdict::NotTried,
            addresses: Vec::new(),
            ..template.clone()
        })
        .collect();
    let text = plain(&report);
    assert!(text.contains("\n    and 960 more\n"), "{text}");
    assert!(text.lines().count() < 150, "{text}");
}

#[test]
fn what_to_do_is_said_of_a_domain_alone_or_in_full() {
    for (company, detail, expected) in [
        (Company::Alone, Detail::Brief, true),
        (Company::Many, Detail::Brief, false),
        (Company::Many, Detail::Full, true),
    ] {
        let context = Context {
            company,
            detail,
            ..Context::plain(samples::now())
        };
        let text = samples::text(&samples::stale(), &context);
        assert_eq!(text.contains("What to do"), expected, "{text}");
        assert!(text.contains("version: STSv1"), "the fix stays: {text}");
    }
}

#[test]
fn a_moment_at_which_nothing_changes_is_not_told() {
    let mut report = samples::well();
    for sender in &mut report.senders {
        if sender.cache == CacheReport::Stored {
            sender.until = Some(samples::now());
            sender.until_event = Some(UntilEvent::DailyRefresh);
        }
    }
    assert_eq!(plain(&report), plain(&samples::well()));
}

#[test]
fn a_run_over_many_domains_ends_with_the_bad_ones() {
    let reports = samples::all().map(|(_, report)| report);
    let text = json::write(Format::Text, &reports[..6]);
    let (_, summary) = text.rsplit_once("\n\n").unwrap();
    assert_snapshot!(summary, @r#"
    6 domains: 1 bounce, 3 defer, 1 undetermined, 1 deliver
      defer corp.test: STS-MX-UNCOVERED
      defer corp.test: STS-ID-STALE
      defer split.test: STS-MX-UNCOVERED
      undetermined silent.test: the policy host did not answer us within 60 s
      What to do, step by step: check one of them alone, or all with -v.
    "#);
    let one = json::write(Format::Text, &reports[..1]);
    assert_eq!(one, plain(&reports[0]));
}

proptest! {
    #[test]
    fn any_text_at_any_width_is_harmless(text in any::<String>(), width in 0_u16..200) {
        let mut report = samples::stale();
        report.reason = text.as_str().into();
        report.record.texts = vec![text.clone()];
        report.mx[0].host = Exchange::NotAHostName(text.as_str().into());
        report.policies[0].mx = vec![text.clone()];
        report.findings[0].detail = text.as_str().into();
        report.findings[1].fix = Some(text.into());
        let context = Context {
            width: Some(width),
            charset: Charset::Utf8,
            detail: Detail::Full,
            ..Context::plain(samples::now())
        };
        let out = samples::text(&report, &context);
        prop_assert!(!out.chars().any(is_harmful), "{out:?}");
    }
}

fn plain(report: &DomainReport) -> String {
    samples::text(report, &Context::plain(samples::now()))
}

fn until_findings(text: &str) -> &str {
    text.split_once("\n  Findings\n").unwrap().0
}

/// Returns whether a terminal would do something else than show the character.
fn is_harmful(character: char) -> bool {
    (character.is_control() && character != '\n')
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Takes the colours out.
fn strip(text: &str) -> String {
    let mut parts = text.split('\x1b');
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        out.push_str(part.split_once('m').unwrap().1);
    }
    out
}
