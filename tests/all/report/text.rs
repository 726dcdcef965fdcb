//! What people read: one snapshot a story, and what holds for all of them.

use insta::assert_snapshot;
use jiff::tz::{Offset, TimeZone};
use proptest::prelude::{any, prop_assert, proptest};
use stickler::diagnose::document::{
    Action, CacheReport, DomainReport, FirstAction, MxReport, MxVerdict, PortState, Severity,
    UntilEvent,
};
use stickler::facts::dns::Exchange;
use stickler::report::{Charset, Company, Context, Detail, Format, Steps, Style, text};

use super::{json, samples};

#[test]
fn all_is_well_in_a_few_lines() {
    assert_snapshot!(plain(&samples::well()), @r#"
    corp.test: deliver   mx.new.test is listed by the policy (mode enforce) and its certificate holds
      MX       10 mx.new.test   listed   TLS 1.3, certificate until 2026-05-03 (in 60 d)
      policy   enforce, id 20260301T080000, max_age 7 d; lists mx.new.test
      also     details (-v)
    "#);
}

#[test]
fn a_stale_policy_after_the_cutover() {
    assert_snapshot!(plain(&samples::stale()), @r#"
    corp.test: DEFER   strict senders (Gmail, Outlook) keep the mail, then bounce it
      because  the policy (mode enforce) does not list mx.new.test, the only MX host
      error    STS-MX-UNCOVERED (RFC 8461 §4.1): mx.new.test has preference 10 and matches none of: mx.old.test
      do now   Only if these hosts are yours: an unlisted MX is also what an attack looks like.
    version: STSv1
    mode: enforce
    mx: mx.old.test
    mx: mx.new.test
    max_age: 604800
      then     stickler check corp.test
      MX       10 mx.new.test   NOT LISTED   TLS 1.3, certificate until 2026-05-03 (in 60 d)
      policy   enforce, id 20260301T080000, max_age 7 d; lists mx.old.test
      also     1 note and details (-v), the nine steps (--steps)
    corp.test: DEFER, 1 error: serve the new policy first
    "#);
}

#[test]
fn the_nine_steps_stand_where_they_are_asked_for() {
    let context = Context {
        steps: Steps::Shown,
        ..Context::plain(samples::now())
    };
    let text = samples::text(&samples::stale(), &context);
    let (_, steps) = text.split_once("\n\n  What to do\n").unwrap();
    assert_snapshot!(steps, @r#"
        1 done fetch the live policy and note the hosts that it lists
               it lists mx.old.test
               curl -sS https://mta-sts.corp.test/.well-known/mta-sts.txt
        2 ACT  compare them with the intended MX hosts
               see STS-MX-UNCOVERED above
               not listed: mx.new.test
               curl -sS https://mta-sts.corp.test/.well-known/mta-sts.txt | stickler lint policy - --mx mx.new.test
        3 look find where the policy is really hosted
               at mta-sts.provider.test (192.0.2.11, 2001:db8::11); cannot tell at which place: no name, address, header, certificate or body that is known of any; the policy is delegated, the id is not
               ask the operator of mta-sts.provider.test where the file is kept
               dig +noall +answer mta-sts.corp.test A mta-sts.corp.test AAAA
        4 look compare the live MX records with the intended hosts
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
      also     1 note and details (-v)
    corp.test: DEFER, 1 error: serve the new policy first
    "#);
}

#[test]
fn a_warm_cache_on_a_terminal_in_another_time_zone() {
    let context = Context {
        time_zone: TimeZone::fixed(Offset::constant(1)),
        width: Some(80),
        charset: Charset::Utf8,
        ..Context::plain(samples::now())
    };
    let warm = samples::with_steps(&samples::warm(), "--resolver 127.0.0.1:5353");
    assert_snapshot!(text::domain(&warm, &context), @r#"
    corp.test: DEFER   some strict senders (Gmail, Outlook) keep the mail, then
      bounce it
      because  a sender that cached the policy before still applies it, and it lists
               mx.old.test only
      error    STS-ID-STALE (RFC 8461 §3.1): senders that cached id 20260301T080000
               do not fetch before their refresh
      do now   publish a new id at _mta-sts.corp.test:
    _mta-sts.corp.test. 3600 IN TXT "v=STSv1; id=20260304T100000;"
      then     stickler check --resolver 127.0.0.1:5353 corp.test
      senders  deliver   those that have no policy yet
               DEFER     those that hold the stored policy and fetch it anew each
                         day, until 2026-03-04 14:41 +01:00 (in 3 h 41 min): daily
                         refresh
               DEFER     those that hold the stored policy and keep it until max_age
                         ends, until 2026-03-09 11:00 +01:00 (in 5 d): max_age ends
      MX       10 mx.new.test   NOT LISTED (held policy)
                  TLS 1.3, certificate until 2026-05-03 (in 60 d)
      policy   enforce, id 20260301T080000, max_age 7 d; lists mx.new.test
      held     enforce, id 20260301T080000, max_age 7 d, gone by 2026-03-03 11:00
               +01:00 (1 d ago), held until 2026-03-09 11:00 +01:00 (in 5 d),
               possibly until 2026-03-10 11:00 +01:00 (in 6 d); lists mx.old.test
      also     details (-v), the nine steps (--steps)
    corp.test: DEFER, 1 error: publish a new id at _mta-sts.corp.test
    "#);
}

#[test]
fn readings_that_split() {
    assert_snapshot!(plain(&samples::tolerant_split()), @r#"
    split.test: DEFER   some strict senders (Gmail, Outlook) keep the mail, then bounce it
      because  tolerant senders read the policy, and it does not list mx.new.test
      error    STS-MX-UNCOVERED (RFC 8461 §4.1): mx.new.test has preference 10 and matches none of: mx.old.test
      do now   Only if these hosts are yours: an unlisted MX is also what an attack looks like.
    version: STSv1
    mode: enforce
    mx: mx.old.test
    mx: mx.new.test
    max_age: 604800
      then     stickler check split.test
      senders  deliver-unprotected   those that read to the letter
               DEFER                 those that read tolerantly
      MX       10 mx.new.test   NOT LISTED   TLS 1.3, certificate until 2026-05-03 (in 60 d)
      policy   enforce, id 20260301T080000, max_age 7 d (tolerant); lists mx.old.test
      also     1 note and details (-v), the nine steps (--steps)
    split.test: DEFER, 1 error: serve the new policy first
    "#);
}

#[test]
fn what_only_we_failed_to_see() {
    assert_snapshot!(plain(&samples::undetermined()), @r#"
    silent.test: undetermined   what strict senders do cannot be told from here
      because  the policy host did not answer us within 60 s
      do now   check from another host or network
               What failed may be our own network: check from another host, or with another --resolver or --source, or a longer --timeout, before you change anything.
      MX       10 mx.new.test   TLS 1.3, certificate until 2026-05-03 (in 60 d)
      also     details (-v), the nine steps (--steps)
    silent.test: undetermined: check from another host or network
    "#);
}

#[test]
fn a_host_that_nobody_waited_for_is_not_called_unreachable() {
    let mut report = samples::undetermined();
    report.mx[0].verdict = MxVerdict::Unreachable;
    report.smtp.addresses_answered = 0;
    for (state, word) in [
        (PortState::Unknown, "no answer yet"),
        (PortState::SeemsBlocked, "unreachable"),
        (PortState::Open, "unreachable"),
    ] {
        report.smtp.state = state;
        let row = format!("10 mx.new.test   {word}");
        assert!(
            plain(&report).contains(&row),
            "{state:?}: {}",
            plain(&report)
        );
    }
}

#[test]
fn a_domain_that_takes_no_mail() {
    assert_snapshot!(plain(&samples::null_mx()), @r#"
    nomail.test: bounce   the domain accepts no mail: null MX
      also     1 note and details (-v)
    "#);
}

#[test]
fn of_many_domains_the_good_ones_take_a_line() {
    let context = Context {
        company: Company::Many,
        ..Context::plain(samples::now())
    };
    for report in [samples::well(), samples::null_mx()] {
        let text = samples::text(&report, &context);
        assert_eq!(text.lines().count(), 1, "{text}");
    }
    let mut warned = samples::well();
    warned.findings = samples::warm().findings;
    warned.findings[0].severity = Severity::Warning;
    assert_eq!(
        samples::text(&warned, &context),
        "corp.test: deliver   mx.new.test is listed by the policy (mode enforce) and its certificate holds; \
         1 warning: the body changed, the id did not\n"
    );
    let alone = plain(&samples::stale());
    assert_eq!(samples::text(&samples::stale(), &context), alone);
}

#[test]
fn a_delivery_that_fails_a_run_says_why_in_the_first_line() {
    let mut report = samples::well();
    report.findings = samples::stale().findings;
    for (severity, fail_on, expected) in [
        (
            Severity::Error,
            Severity::Error,
            "corp.test: deliver, but 1 error: an MX host is not listed by the policy\n",
        ),
        (
            Severity::Warning,
            Severity::Warning,
            "corp.test: deliver, but 1 warning: an MX host is not listed by the policy\n",
        ),
        (
            Severity::Warning,
            Severity::Error,
            "corp.test: deliver   mx.new.test is listed by the policy (mode enforce) and its certificate holds\n",
        ),
    ] {
        report.findings[1].severity = severity;
        let context = Context {
            fail_on,
            ..Context::plain(samples::now())
        };
        let text = samples::text(&report, &context);
        assert!(
            text.starts_with(expected),
            "{severity:?} {fail_on:?}: {text}"
        );
    }
    let mut not_sent = samples::well();
    not_sent.sent = samples::hostile().sent;
    let text = plain(&not_sent);
    assert!(
        text.starts_with("corp.test: deliver, but the probe message was not taken: 451"),
        "{text}"
    );
}

#[test]
fn a_typo_or_a_missing_network_takes_two_lines() {
    let mut report = samples::null_mx();
    report.findings[0].code = "MX-NO-DOMAIN".to_owned();
    report.findings[0].action = Action::CheckSpelling;
    report.findings[0].severity = Severity::Error;
    report.mx_error = Some("the domain does not exist (NXDOMAIN)".into());
    assert_eq!(
        plain(&report),
        "nomail.test: BOUNCE   the domain does not exist (NXDOMAIN)\n  do now   check the spelling\n"
    );
    let mut cut_off = samples::with_steps(&samples::undetermined(), "");
    cut_off.mx_error = Some("no reply in time".into());
    cut_off.first_action = Some(FirstAction::without_finding(Action::CheckNetwork));
    assert_eq!(
        text::domain(&cut_off, &Context::plain(samples::now())),
        "silent.test: undetermined   no reply in time\n  do now   see to the network of this host, or name \
         another resolver with --resolver\n"
    );
}

#[test]
fn what_several_hosts_have_in_common_is_told_once() {
    let mut report = samples::stale();
    let host = |name: &str| {
        let mut finding = report.findings[1].clone();
        finding.code = "STS-MX-STARTTLS".to_owned();
        finding.action = Action::MendTls;
        finding.host = Some(name.parse().unwrap());
        finding.detail = format!("{name}: STARTTLS is not offered").into();
        finding.fix = Some("Switch STARTTLS on.".into());
        finding
    };
    report.findings = ["mx1.new.test", "mx2.new.test"].map(host).into();
    let text = plain(&report);
    assert_eq!(text.matches("Switch STARTTLS on.").count(), 1, "{text}");
    for name in ["mx1.new.test", "mx2.new.test"] {
        assert!(
            text.contains(&format!("{name}: STARTTLS is not offered\n")),
            "{text}"
        );
    }
    assert!(
        text.ends_with("\ncorp.test: DEFER, 2 errors: mend STARTTLS at mx1.new.test\n"),
        "{text}"
    );
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
        "; TLS 1.3 (TLS_AES_256_GCM_SHA384, key exchange X25519MLKEM768)\n",
        "\n  Trace\n    strict, empty cache\n      2026-03-04 10:00 +00:00 TXT _mta-sts.corp.test: \
         v=STSv1; id=20260301T080000;; one record (RFC 8461 §3.1)\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(!text.contains("What to do"), "{text}");
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
    context.steps = Steps::Shown;
    let text = samples::text(&samples::stale(), &context);
    for part in [
        "\nversion: STSv1\nmode: enforce\nmx: mx.old.test\nmx: mx.new.test\nmax_age: 604800\n",
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
    let context = Context {
        steps: Steps::Shown,
        ..Context::plain(samples::now())
    };
    let text = samples::text(&report, &context);
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
                "done", "done", "look", "look", "done", "done", "done", "look", "look",
            ],
        ),
        (
            "no policy was read",
            |report| report.policies.clear(),
            [
                "look", "look", "look", "look", "look", "done", "done", "look", "look",
            ],
        ),
        (
            "an unlisted host that no finding names",
            |report| report.policies[0].mx_matches[0].pattern = None,
            [
                "done", "look", "look", "look", "look", "done", "done", "look", "look",
            ],
        ),
        (
            "two bodies",
            |report| report.fetch.edges[0].body_sha256 = Some("0".repeat(64)),
            [
                "done", "done", "look", "look", "done", "look", "done", "look", "look",
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
                "done", "done", "look", "ACT", "done", "then", "then", "then", "then",
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
                "done", "done", "look", "look", "done", "ACT", "then", "then", "then",
            ],
        ),
    ];
    let context = Context {
        steps: Steps::Shown,
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
    for (detail, expected, lines) in [
        (Detail::Brief, "\n           and 988 more\n", 40),
        (Detail::Full, "\n    and 960 more\n", 300),
    ] {
        let context = Context {
            detail,
            ..Context::plain(samples::now())
        };
        let text = samples::text(&report, &context);
        assert!(text.contains(expected), "{text}");
        assert!(text.lines().count() < lines, "{text}");
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
      DEFER corp.test: serve the new policy first
      DEFER corp.test: publish a new id at _mta-sts.corp.test
      DEFER split.test: serve the new policy first
      undetermined silent.test: check from another host or network
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
            steps: Steps::Shown,
            ..Context::plain(samples::now())
        };
        let out = samples::text(&report, &context);
        prop_assert!(!out.chars().any(is_harmful), "{out:?}");
    }
}

fn plain(report: &DomainReport) -> String {
    samples::text(report, &Context::plain(samples::now()))
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
