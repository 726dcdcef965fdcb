//! Scenario files: what is read, and what is said about what cannot be.

mod certificates;
mod ignored;
mod once;
mod schema;
mod vain;

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use stickler::diagnose::findings::codes;
use stickler::fakes::{CertificateFault, DnsFault, Edge, Name, Page, Rcode, RecordKind};
use stickler::scenario::{self, Scenario};
use stickler::story::{Moment, State};
use stickler::tlsrpt::result_type::ResultType;

use crate::support::mutations::files;
use crate::support::tokens::Tokens;
use crate::support::xorshift::Xorshift;

/// A whole scenario, which the tables below break.
const GOOD: &str = r#"id = "a/b"
title = "t"
start = "2026-03-02T08:00:00Z"
[domains."corp.test"]
txt = { records = ["v=STSv1; id=1;"] }
policy = { mode = "enforce", mx = ["mx.old.test"], max_age = "7d" }
mx = { records = ["10 mx.old.test"] }
[servers."mx.old.test"]
[senders]
warm = { class = "strict" }
[[step]]
at = "0s"
[[step.expect]]
verdict = "deliver"
[[step]]
at = "2d"
set.domains."corp.test".mx.ttl = "5m"
[[step.expect]]
sender = "warm"
verdict = "defer"
"#;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

fn load(text: &str) -> Scenario {
    scenario::load_str(text, Path::new("s.toml")).expect("a whole scenario")
}

/// Returns each problem with its help.
fn problems(text: &str) -> Vec<String> {
    match scenario::load_str(text, Path::new("s.toml")) {
        Ok(_) => Vec::new(),
        Err(error) => error
            .problems
            .iter()
            .map(|problem| match &problem.help {
                Some(help) => format!("{problem} [{help}]"),
                None => problem.to_string(),
            })
            .collect(),
    }
}

#[test]
fn a_mistake_is_shown_where_it_was_made() {
    assert_eq!(problems(GOOD), Vec::<String>::new());
    let servers = "[there is `mx.old.test`]";
    for (good, bad, expected) in [
        ("id = \"a/b\"\n", "", "s.toml:1:1: `id` is missing".to_owned()),
        ("\"a/b\"", "\"A b\"", "s.toml:1:6: `A b` is no id [use lower-case letters, digits and hyphens, with a slash after each folder]".into()),
        ("title = \"t\"", "titel = \"t\"", "s.toml:2:1: unknown key `titel` [did you mean `title`?]".into()),
        ("title = \"t\"", "title = 7", "s.toml:2:9: found a number, expected a text, as in `\"…\"`".into()),
        ("title = \"t\"", "title = \"t\"\nrfc = \"8461 4.1\"", "s.toml:3:7: `8461 4.1` is no section of an RFC [write it as in `8461 §4.1`]".into()),
        ("\"2026-03-02T08:00:00Z\"", "\"tomorrow\"", "s.toml:3:9: `tomorrow`: `tomorrow` is not a time like 2026-03-02T08:00:00Z:".into()),
        ("[senders]", "[sender]", "s.toml:9:2: unknown key `sender` [did you mean `senders`?]".into()),
        ("txt = {", "text = {", "s.toml:5:1: unknown key `text` [did you mean `txt`?]".into()),
        ("mode = \"enforce\"", "mode = \"enforced\"", "s.toml:6:19: `enforced` is not known here [did you mean `enforce`?]".into()),
        ("mode = \"enforce\", ", "", "s.toml:6:10: the policy has no `mode` [give `mode`, `mx` and `max_age`; to serve a broken one, write its `body`]".into()),
        ("max_age = \"7d\"", "max_age = -1", "s.toml:6:62: max_age is -1; to publish a negative one, write the `body`".into()),
        ("max_age = \"7d\"", "max_age = \"1 month\"", "s.toml:6:62: `1 month`: a month and a year have no fixed length; write it like `90m`, `2d2h` or `-6d`".into()),
        ("max_age = \"7d\"", "max_age = \"7d\", body = \"x\"", "s.toml:6:68: `body` stands beside `mode` [they say one thing in different ways: keep one of them]".into()),
        ("[\"10 mx.old.test\"]", "[\"mx.old.test\"]", "s.toml:7:19: `mx.old.test` is no MX record: it has not two words [write a preference and a host, as in `10 mx.corp.test`]".into()),
        ("[\"10 mx.old.test\"]", "[\"10 mx.odl.test\"]", "s.toml:7:19: nothing declares `mx.odl.test` [did you mean `mx.old.test`?]".into()),
        ("[\"10 mx.old.test\"]", "[\"10 mx.outlook.com\"]", "s.toml:7:19: `mx.outlook.com` may belong to somebody [use a name below `.test` or `.example`; to tell of a real provider, append `.test` to its names]".into()),
        ("[servers.\"mx.old.test\"]", "[servers.\"mx.old.test\"]\naddresses = [\"192.0.3.1\"]", "s.toml:9:14: 192.0.3.1 may belong to somebody [use 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 198.18.0.0/15 or 2001:db8::/32]".into()),
        ("[servers.\"mx.old.test\"]", "[servers.\"mx.old.test\"]\nfault = \"starttls-abent\"", "s.toml:9:9: `starttls-abent` is not known here [did you mean `starttls-absent`?]".into()),
        ("[servers.\"mx.old.test\"]", "[servers.\"mx.old.test\"]\naddresses.\"192.0.2.1\" = { ttl = \"1h\" }", "s.toml:9:11: `ttl` cannot differ at one address [write it beside the other keys of the host]".into()),
        ("[servers.\"mx.old.test\"]", "[servers.\"mx.old.test\"]\nstarttls = 220", "s.toml:9:12: STARTTLS is not refused with 220 [write a code from 200 to 599 other than 220, with which TLS begins]".into()),
        ("[servers.\"mx.old.test\"]", "[servers.\"mx.old.test\"]\nstarttls = 454\nfault = \"reset\"", "s.toml:10:1: `fault` stands beside `starttls` [they say one thing in different ways: keep one of them]".into()),
        ("mode = \"enforce\", mx = [\"mx.old.test\"], max_age = \"7d\"", "body_base64 = \"%%%\"", "s.toml:6:26: `%%%`: Invalid symbol 37, offset 0.".into()),
        ("mode = \"enforce\", mx = [\"mx.old.test\"], max_age = \"7d\"", "body_base64 = \"AA==\", encoding = \"utf-16\"", "s.toml:6:34: `encoding` stands beside `body_base64` [they say one thing in different ways: keep one of them]".into()),
        ("verdict = \"deliver\"\n", "verdict = \"deliver\"\n[[step.check]]\nclass = \"no-refresh\"\nverdict = \"deliver\"\n", "s.toml:16:9: `check` judges no class `no-refresh` [expected `strict` or `lazy`]".into()),
        ("verdict = \"deliver\"\n", "verdict = \"deliver\"\n[[step.check]]\nphase = \"after\"\n", "s.toml:16:9: `phase` says something of intended hosts, and there are none [add `intended_mx`]".into()),
        ("verdict = \"deliver\"\n", "verdict = \"deliver\"\n[[step.check]]\nfinding = \"INTENDED-MX-UNCOVERED\"\n", "s.toml:16:11: this check is told of no intended host, so `INTENDED-MX-UNCOVERED` never comes up [add `intended_mx`]".into()),
        ("verdict = \"deliver\"\n", "verdict = \"deliver\"\n[[step.check]]\nintended_mx = \"mx.odl.test\"\n", "s.toml:16:15: no name `mx.odl.test` is declared [did you mean `mx.old.test`?]".into()),
        ("verdict = \"deliver\"\n", "verdict = \"deliver\"\n[[step.check]]\nintended_mx = \"mx.old.test\"\nintended_policy = \"version: STSv1\"\n", "s.toml:17:19: line 1 of the policy: ".into()),
        ("\"strict\"", "\"strickt\"", "s.toml:10:18: no class of sender is named `strickt` [did you mean `strict`?]".into()),
        ("class = \"strict\"", "resolver = \"x\"", "s.toml:10:21: no resolver is named `x` [there is nothing]".into()),
        ("class = \"strict\"", "edge = \"192.0.2.9\"", "s.toml:10:17: no policy host ever has the address 192.0.2.9 [there is `".into()),
        ("class = \"strict\"", "class = \"no-sts\", edge = \"192.0.2.2\"", "s.toml:10:35: this edge is never asked: a `no-sts` sender fetches no policy [take `edge` away, or let the class be another]".into()),
        ("class = \"strict\"", "edge = \"here\"", "s.toml:10:17: `here`: invalid IP address syntax".into()),
        ("class = \"strict\"", "cached.\"crop.test\" = { id = \"1\", fetched = \"-1d\", policy = { mode = \"none\", max_age = 1 } }", "s.toml:10:17: no domain is named `crop.test` [did you mean `corp.test`?]".into()),
        ("class = \"strict\"", "cached.\"corp.test\" = { id = \"1\", fetched = \"1d\", policy = { mode = \"none\", max_age = 1 } }", "s.toml:10:53: a policy held at the start cannot be fetched after it [write a span before the start, as in `-6d`]".into()),
        ("at = \"0s\"", "at = \"soon\"", "s.toml:12:6: `soon`: not a span of time; write it like `90m`, `2d2h` or `-6d`".into()),
        ("at = \"0s\"", "at = \"-1d\"", "s.toml:12:6: a step cannot lie before the start".into()),
        ("at = \"2d\"", "at = \"0s\"", "s.toml:16:6: this step lies at the same moment as the one above it [make one step of them, or move one]".into()),
        ("verdict = \"deliver\"", "verdcit = \"deliver\"", "s.toml:14:1: unknown key `verdcit` [did you mean `verdict`?]".into()),
        ("verdict = \"deliver\"", "verdict = \"undetermined\"", "s.toml:14:11: a sender is never undetermined, it defers: `undetermined` is for a `check`".into()),
        ("verdict = \"deliver\"", "verdict = \"deliver\"\nvia = \"mx.new.test\"", format!("s.toml:15:7: no server is named `mx.new.test` {servers}").replace("[there is `mx.old.test`]", "[did you mean `mx.old.test`?]")),
        ("verdict = \"deliver\"", "verdict = \"deliver\"\nasked = \"TXT mta-sts.crop.test\"", "s.toml:15:9: no name `mta-sts.crop.test` is declared [did you mean `mta-sts.corp.test`?]".into()),
        ("verdict = \"deliver\"", "verdict = \"deliver\"\nasked = \"GET mta-sts.corp.test\"\nnot_asked = \"GET mta-sts.corp.test\"", "s.toml:15:9: `GET mta-sts.corp.test` is expected and ruled out at once".into()),
        ("verdict = \"deliver\"", "domain = \"crop.test\"", "s.toml:14:10: no domain is named `crop.test` [did you mean `corp.test`?]".into()),
        ("verdict = \"deliver\"\n", "", "s.toml:13:1: this expects nothing [add a `verdict`]".into()),
        ("set.domains.\"corp.test\".mx.ttl", "set.domains.\"corp.test\".mx.tll", "s.toml:17:28: unknown key `tll` [did you mean `ttl`?]".into()),
        ("set.domains.\"corp.test\".mx.ttl = \"5m\"", "set.domains.\"corp.test\".mx.records = [\"10 mx.new.test\"]", "s.toml:17:39: nothing declares `mx.new.test` [did you mean `mx.old.test`?]".into()),
        ("set.domains.\"corp.test\".mx.ttl = \"5m\"", "set.title = \"x\"", "s.toml:17:5: `set` cannot change `title` [expected `domains`, `hosts`, `names`, `wildcards`, `servers`, `nameservers`, `senders` or `resolvers`]".into()),
        ("set.domains.\"corp.test\".mx.ttl = \"5m\"", "unset = \"domains.\\\"corp.test\\\".tlsrpt\"", "s.toml:17:9: there is no `domains.\"corp.test\".tlsrpt` to take away".into()),
        ("set.domains.\"corp.test\".mx.ttl = \"5m\"", "unset = \"a b\"", "s.toml:17:9: `a b` is no path [write it as in `domains.\"corp.test\".txt`]".into()),
        ("sender = \"warm\"", "sender = \"worm\"", "s.toml:19:10: no sender is named `worm` [did you mean `warm`?]".into()),
        ("verdict = \"defer\"", "verdict = \"defer\"\nvia = \"mx.old.test\"", "s.toml:20:11: `defer` and a server that takes the mail".into()),
        ("verdict = \"defer\"", "verdict = \"defer\"\nresult_type = \"mx-mismatch\"", "s.toml:21:15: `mx-mismatch` is not known here [expected".into()),
        ("verdict = \"defer\"", "verdict = \"defer\"\n[[step.flush]]\nverdict = \"deliver\"", "s.toml:21:1: `warm` has no mail for corp.test in its queue [an earlier step must expect `defer` of it]".into()),
        ("verdict = \"defer\"", "verdict = \"defer\"\n[[step.check]]\nfinding = \"uncovered\"", "s.toml:22:11: `uncovered` is no code of a finding [expected `STS-NO-RECORD`, ".into()),
        ("verdict = \"defer\"", "verdict = \"defer\"\n[[step.check]]\nverdict = \"defer\"\nexit = 0", "s.toml:23:8: the exit code is 0, but with `defer` it is 1".into()),
        ("warm = {", "idle = { class = \"lazy\" }\nwarm = {", "".into()),
        ("[[step]]\nat = \"2d\"", "[[step]]\nat = \"2d\"\nat = \"3d\"", "s.toml:17:1: duplicate key".into()),
        ("\"a/b\"", "\"a/b", "s.toml:1:10: invalid basic string".into()),
    ] {
        assert!(GOOD.contains(good), "{good:?} is not in the scenario");
        let text = GOOD.replacen(good, bad, 1);
        let found = problems(&text);
        if expected.is_empty() {
            // Every sender is expected of by the first step, which names none.
            assert_eq!(found, Vec::<String>::new(), "{bad}");
        } else {
            assert!(
                found.iter().any(|problem| problem.starts_with(&expected)),
                "for\n{bad}\nexpected\n{expected}\nfound\n{found:#?}"
            );
        }
    }
}

#[test]
fn a_sender_of_which_nothing_is_expected_is_a_problem() {
    let text = GOOD
        .replace("warm = {", "idle = { class = \"lazy\" }\nwarm = {")
        .replace(
            "verdict = \"deliver\"",
            "sender = \"warm\"\nverdict = \"deliver\"",
        );
    assert_eq!(
        problems(&text),
        [
            "s.toml:10:1: nothing is expected of the sender `idle` [expect something of it, or take it away]"
        ]
    );
}

#[test]
fn a_class_that_validates_nothing_never_delivers_validated() {
    let text = GOOD.replace("\"strict\"", "\"no-sts\"");
    assert_eq!(
        problems(&text),
        [
            "s.toml:14:11: `warm` is of the class `no-sts` and validates nothing [expect `deliver-unprotected` of it]"
        ]
    );
}

#[test]
fn an_id_is_the_path_below_the_folder() {
    for (file, expected) in [
        ("scenarios/a/b.toml", None),
        ("/x/scenarios/old/scenarios/a/b.toml", None),
        ("elsewhere/c.toml", None),
        ("scenarios/a/c.toml", Some("write `a/c`, or move the file")),
        ("scenarios/b.toml", Some("write `b`, or move the file")),
    ] {
        let help = scenario::load_str(GOOD, Path::new(file))
            .err()
            .and_then(|error| error.problems.into_iter().next()?.help);
        assert_eq!(help.as_deref(), expected, "{file}");
    }
}

#[test]
fn each_step_has_the_world_whole() {
    let text = GOOD
        .replace(
            "[senders]",
            "[servers.\"mx.new.test\"]\naddresses.\"192.0.2.2\" = { certificate.fault = \"expired\" }\n[senders]",
        )
        .replace(
            "set.domains.\"corp.test\".mx.ttl = \"5m\"",
            "unset = [\"domains.\\\"corp.test\\\".txt\"]\nset.names.\"a.test\".addresses = [\"192.0.2.2\"]\nset.domains.\"corp.test\".mx.rcode = \"servfail\"",
        );
    let scenario = load(&text);
    let [first, second] = scenario.story.moments.as_slice() else {
        panic!("{:#?}", scenario.story.moments);
    };
    assert_eq!(second.after, Duration::from_secs(2 * 86_400));
    assert_eq!(second.at.to_string(), "2026-03-04T08:00:00Z");
    assert_eq!((first.origin.number(), second.origin.number()), (13, 17));

    let said = |moment: &Moment, name: &str| moment.state.internet.dns.names[name].clone();
    let txt = &said(first, "_mta-sts.corp.test").answers[&RecordKind::Txt];
    assert_eq!((txt.records.len(), txt.fault), (1, None));
    assert_eq!(
        said(second, "_mta-sts.corp.test"),
        Name::faulty(DnsFault::Rcode(Rcode::Nxdomain))
    );
    assert_eq!(
        said(second, "corp.test").answers[&RecordKind::Mx].fault,
        Some(DnsFault::Rcode(Rcode::Servfail))
    );

    let receivers = &second.state.internet.smtp;
    let addresses: Vec<String> = receivers
        .iter()
        .map(|(address, mx)| format!("{address} {:?}", mx.identity.default[0].fault))
        .collect();
    assert_eq!(
        addresses,
        [
            "192.0.2.1 None".to_owned(),
            format!("192.0.2.2 {:?}", Some(CertificateFault::Expired))
        ]
    );
    assert_eq!(
        served(&first.state),
        [
            "192.0.2.3 mta-sts.corp.test 200 61 octets, certificate for mta-sts.corp.test \
             version: STSv1\nmode: enforce\nmx: mx.old.test\nmax_age: 604800\n"
        ]
    );
}

/// Tells what each edge serves, with which certificate.
fn served(state: &State) -> Vec<String> {
    let told = |(address, edge): (&IpAddr, &Edge)| {
        let names = edge.identity.default[0].names.join(", ");
        let told = |(host, page): (&String, &Page)| {
            let Page::Response(response) = page else {
                panic!("{page:?}");
            };
            format!(
                "{address} {host} {} {} octets, certificate for {names} {}",
                response.status,
                response.body.len(),
                std::str::from_utf8(&response.body).unwrap(),
            )
        };
        edge.pages.iter().map(told).collect::<Vec<_>>()
    };
    state.internet.https.iter().flat_map(told).collect()
}

#[test]
fn a_shared_policy_host_serves_each_domain_its_own_body() {
    let text = GOOD.replace(
        "policy = { mode = \"enforce\", ",
        "policy = { cname = \"mta-sts.provider.test\", mode = \"enforce\", ",
    ) + r#"
[hosts."mta-sts.provider.test"]
addresses = ["192.0.2.80", "192.0.2.81"]
edges."192.0.2.81".status = 503
[domains."brand.test"]
policy = { cname = "mta-sts.provider.test", body = "x", status = 404 }
"#;
    let text = text.replace("verdict = \"de", "domain = \"corp.test\"\nverdict = \"de");
    let state = load(&text).story.moments.remove(0).state;
    let policy = "version: STSv1\nmode: enforce\nmx: mx.old.test\nmax_age: 604800\n";
    let told = |address, host, what, body| {
        format!(
            "{address} {host} {what} octets, certificate for mta-sts.corp.test, mta-sts.brand.test {body}"
        )
    };
    assert_eq!(
        served(&state),
        [
            told("192.0.2.80", "mta-sts.brand.test", "404 1", "x"),
            told("192.0.2.80", "mta-sts.corp.test", "200 61", policy),
            told("192.0.2.81", "mta-sts.brand.test", "503 1", "x"),
            told("192.0.2.81", "mta-sts.corp.test", "503 61", policy),
        ]
    );
}

#[test]
fn the_shipped_scenarios_are_whole() {
    let files = scenario::discover(&[folder()]).unwrap();
    let scenarios = scenario::load_all(&files).unwrap();
    assert!(scenarios.len() >= 80, "{} scenarios", scenarios.len());
    let stories = scenarios
        .iter()
        .filter(|scenario| scenario.story.id.starts_with("migration/"))
        .count();
    assert!(stories >= 15, "{stories} migration stories");
}

#[test]
fn the_reference_page_has_every_key_and_a_whole_example() {
    fn collect(schema: &Value, words: &mut BTreeSet<String>) {
        match schema {
            Value::Object(entries) => {
                for (key, value) in entries {
                    match (key.as_str(), value) {
                        ("properties", Value::Object(properties)) => {
                            words.extend(properties.keys().cloned());
                        }
                        ("const", Value::String(word)) => {
                            words.insert(word.clone());
                        }
                        ("enum", Value::Array(found)) => {
                            words.extend(found.iter().filter_map(Value::as_str).map(str::to_owned));
                        }
                        _ => {}
                    }
                    collect(value, words);
                }
            }
            Value::Array(elements) => {
                for element in elements {
                    collect(element, words);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut words = BTreeSet::new();
    collect(&scenario::schema(), &mut words);
    assert!(words.len() > 100, "the schema has only {words:?}");
    let page = fs::read_to_string(folder().join("README.md")).unwrap();
    // The result types are RFC 8460's, which the page cites.
    let own = |word: &&String| {
        ResultType::ALL
            .iter()
            .all(|name| name.as_str() != word.as_str())
    };
    let missing: Vec<&String> = words
        .iter()
        .filter(own)
        .filter(|word| {
            let forms = [
                format!("`{word}`"),
                format!("[{word}]"),
                format!("`[[{word}]]`"),
                format!("`\"{word}\"`"),
                format!("{word} ="),
                format!("[{word}."),
            ];
            !forms.iter().any(|form| page.contains(form.as_str()))
        })
        .collect();
    assert!(missing.is_empty(), "the page does not have {missing:?}");
    for code in codes::ALL {
        assert!(
            page.contains(&format!("`{}`", code.code)),
            "the page does not have the finding {}",
            code.code
        );
    }

    let (_, rest) = page.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    load(example);
}

#[test]
fn no_mutated_text_makes_the_reader_panic() {
    /// Every so many a whole file as it is shipped, which takes long; the others are of parts.
    const WHOLE: usize = 40;
    const NOISE: &[&str] = &[
        "'",
        "\"",
        "[",
        "]",
        "[[",
        "{",
        "}",
        "=",
        ".",
        "\n",
        "#",
        "-",
        "9",
        "\u{e9}",
        "\u{0}",
        "at",
        "set.",
        "unset=",
        "1e9",
        "true",
        "'''",
        "99999999999999999999",
    ];
    /// Parts of a file: most mutants of a whole one take long to say the same.
    const PARTS: &[&str] = &[
        "id = 'a'\ntitle = 't'\nstart = '2026-03-02T08:00:00Z'\n[domains.'c.test']\nmx.records = ['0 .']\n\
         [[step]]\nat = '1h'\n[[step.expect]]\nverdict = 'bounce'",
        "id = 'a'\ntitle = 't'",
        "[domains.'c.test']\ntxt.cname = 'd.test'",
        "[servers.a]\nfault = 'reset'",
        "[senders]\nw.class = 'lazy'",
        "[[step]]\nat = '1h'\nunset = 'a.b'",
        "[[step]]\nset.names.'x.test'.ttl = '1d'",
    ];
    let texts = files();
    assert!(problems(PARTS[0]).is_empty(), "{:?}", problems(PARTS[0]));
    let files: Vec<String> = scenario::discover(&[folder()])
        .unwrap()
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let (whole, parts) = (Tokens::new(&files, NOISE), Tokens::new(PARTS, NOISE));
    let path = Path::new("s.toml");
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let run = |thread: usize| {
        let mut random = Xorshift::new(0x9e37_79b9_7f4a_7c15 ^ ((thread as u64) << 8));
        let mut read = [0; 2];
        for number in 0..texts.div_ceil(threads) {
            let is_whole = number % WHOLE == 0;
            let seeds = if is_whole { &whole } else { &parts };
            let text = seeds.mutate(&mut random);
            match scenario::load_str(&text, path) {
                Ok(_) => read[usize::from(is_whole)] += 1,
                // Shown with its line and carets, whatever octets they are.
                Err(error) => assert!(!error.to_string().is_empty(), "{text}"),
            }
        }
        read
    };
    let read = thread::scope(|scope| {
        let runs: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn({
                    let run = &run;
                    move || run(thread)
                })
            })
            .collect();
        runs.into_iter()
            .map(|run| run.join().unwrap())
            .fold([0; 2], |[a, b], [c, d]| [a + c, b + d])
    });
    let [of_parts, of_whole] = read;
    assert!(
        of_whole > texts / WHOLE / 3,
        "only {of_whole} whole files could be read"
    );
    assert!(of_parts > texts / 25, "only {of_parts} parts could be read");
}
