//! Each fault by its name, on the model and on the lab: both must tell the same.

use futures_util::stream::{self, StreamExt as _};
use stickler::fakes::{
    CertificateFault, HttpsFault, Named as _, Rcode, RecordFault, SmtpFault, TlsVersions, Transfer,
};
use stickler::replay::Networks;

/// How many scenarios run at once: most of them wait for deadlines.
const AT_ONCE: usize = 24;

/// Three domains with one MX host: under an enforced policy, under one in testing, without any.
fn story(enforced: &str, trial: &str, txt: &str, server: &str) -> String {
    let mx = r#"mx = { records = ["10 mx.corp.test"] }"#;
    format!(
        r#"
id    = "fault"
title = "One thing is wrong"
start = "2026-03-02T08:00:00Z"

[domains."corp.test"]
txt    = {{ records = ["v=STSv1; id=1;"]{txt} }}
policy = {{ mode = "enforce", mx = ["mx.corp.test"], max_age = "7d"{enforced} }}
{mx}

[domains."trial.test"]
txt    = {{ records = ["v=STSv1; id=1;"]{txt} }}
policy = {{ mode = "testing", mx = ["mx.corp.test"], max_age = "7d"{trial} }}
{mx}

[domains."plain.test"]
{mx}

[servers."mx.corp.test"]
{server}

[senders]
strict  = {{ class = "strict", deadlines = {DEADLINES} }}
lenient = {{ class = "no-sts", deadlines = {DEADLINES} }}

[[step]]
at = "0s"
{expectations}
"#,
        expectations = ["corp.test", "trial.test", "plain.test"]
            .map(|domain| format!(
                "[[step.expect]]\ndomain = \"{domain}\"\nasked = \"MX {domain}\"\n\
                 [[step.check]]\ndomain = \"{domain}\"\nno_finding = \"MX-NULL\"\ndeadlines = {DEADLINES}\n"
            ))
            .concat()
    )
}

/// What stands in a story where its deadlines do.
const DEADLINES: &str = "DEADLINES";

/// How long is waited for a peer that never answers.
const SHORT: &str = "2s";

/// How long is waited where each peer answers: one on a machine with other things to do is slow, and not silent.
const LONG: &str = "30s";

/// Who may be silent, by the name of the deadline that is waited for then.
const DNS: &str = "dns";
const FETCH: &str = "fetch";
const SMTP: &str = "smtp";

fn with_deadlines(story: &str, silent: Option<&str>) -> String {
    let deadlines = [DNS, FETCH, SMTP].map(|peer| {
        let deadline = if silent == Some(peer) { SHORT } else { LONG };
        format!("{peer} = {deadline:?}")
    });
    story.replace(DEADLINES, &format!("{{ {} }}", deadlines.join(", ")))
}

/// Returns whether somebody in a story waits for a deadline, as the model has it, on which no time passes.
async fn has_silence(story: &str) -> bool {
    let told = super::play(&with_deadlines(story, None), Networks::Model).await;
    let told = serde_json::to_string(&told).unwrap();
    told.contains("in time")
}

/// Checks each story; where somebody waits in one, it is for `peer`.
async fn assert_agreement(peer: &str, stories: impl IntoIterator<Item = (String, String)>) {
    let differences: Vec<String> = stream::iter(stories)
        .map(|(name, story)| async move {
            let silent = has_silence(&story).await.then_some(peer);
            let text = with_deadlines(&story, silent);
            let replayed = super::play(&text, Networks::Both).await;
            let told = replayed.complaints().into_iter();
            told.map(|complaint| format!("{name}: {complaint}"))
                .collect::<Vec<_>>()
        })
        .buffer_unordered(AT_ONCE)
        .flat_map(stream::iter)
        .collect()
        .await;
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[tokio::test]
async fn every_fault_of_a_server_is_the_same_on_both_networks() {
    assert_agreement(
        SMTP,
        SmtpFault::all().map(|fault| {
            let server = format!("fault = \"{fault}\"");
            (format!("server {fault}"), story("", "", "", &server))
        }),
    )
    .await;
}

#[tokio::test]
async fn every_fault_of_a_policy_host_is_the_same_on_both_networks() {
    assert_agreement(
        FETCH,
        HttpsFault::all().map(|fault| {
            let key = format!(", fault = \"{fault}\"");
            (format!("policy host {fault}"), story(&key, &key, "", ""))
        }),
    )
    .await;
}

#[tokio::test]
async fn every_fault_of_a_certificate_is_the_same_on_both_networks() {
    let of_servers = CertificateFault::ALL.iter().map(|fault| {
        let server = format!("certificate = {{ fault = \"{fault}\" }}");
        (
            format!("server's certificate {fault}"),
            story("", "", "", &server),
        )
    });
    let of_hosts = CertificateFault::ALL.iter().map(|fault| {
        let key = format!(", certificate = {{ fault = \"{fault}\" }}");
        (
            format!("policy host's certificate {fault}"),
            story(&key, &key, "", ""),
        )
    });
    let other = [
        "key = \"rsa\"",
        "sni_only = true",
        "names = [\"other.test\"]",
        "not_after = \"-1d\"",
        "not_before = \"1d\"",
    ];
    let others = other.iter().map(|what| {
        let key = format!(", certificate = {{ {what} }}");
        let server = format!("certificate = {{ {what} }}");
        (
            format!("certificate {what}"),
            story(&key, &key, "", &server),
        )
    });
    assert_agreement(FETCH, of_servers.chain(of_hosts).chain(others)).await;
}

#[tokio::test]
async fn every_way_of_a_body_is_the_same_on_both_networks() {
    let transfers = Transfer::ALL.iter().map(|transfer| {
        let key = format!(", transfer = \"{transfer}\"");
        (format!("transfer {transfer}"), story(&key, &key, "", ""))
    });
    let versions = TlsVersions::ALL.iter().map(|versions| {
        let key = format!(", tls = \"{versions}\"");
        let server = format!("tls = \"{versions}\"");
        (format!("tls {versions}"), story(&key, &key, "", &server))
    });
    let answers = [
        "status = 404",
        "status = 500",
        "status = 301, location = \"https://mta-sts.trial.test/.well-known/mta-sts.txt\"",
        "status = 204",
        "status = 206",
        "content_type = \"text/html\"",
        "content_type = false",
        "content_type = \"text/plain; charset=utf-8\"",
        "headers = { Content-Type = \"text/html\" }",
        "headers = { Age = \"40000\" }",
        "pad_to = 65536",
        "pad_to = 65537",
        "encoding = \"utf-16\"",
    ]
    .into_iter()
    .map(|what| {
        let key = format!(", {what}");
        (format!("answer {what}"), story(&key, &key, "", ""))
    });
    assert_agreement(FETCH, transfers.chain(versions).chain(answers)).await;
}

#[tokio::test]
async fn every_fault_of_a_dns_answer_is_the_same_on_both_networks() {
    let records = RecordFault::ALL.iter().map(|fault| {
        let key = format!(", fault = \"{fault}\"");
        (format!("TXT {fault}"), story("", "", &key, ""))
    });
    let addresses = [
        "rcode = \"nxdomain\"",
        "rcode = \"servfail\"",
        "rcode = \"refused\"",
        "silence = true",
        "nodata = true",
    ]
    .into_iter()
    .flat_map(|what| {
        let of_hosts = format!(", a = {{ {what} }}");
        let of_servers = format!("a = {{ {what} }}");
        [
            (
                format!("policy host's A {what}"),
                story(&of_hosts, &of_hosts, "", ""),
            ),
            (format!("server's A {what}"), story("", "", "", &of_servers)),
        ]
    });
    let rcodes = Rcode::ALL
        .iter()
        .map(|rcode| format!("rcode = \"{rcode}\""));
    let whole = ["silence = true", "nodata = true"].map(str::to_owned);
    let whole = rcodes.chain(whole).flat_map(|what| {
        let with = |from: &str| story("", "", "", "").replace(from, &format!("{{ {what} }}"));
        [
            (
                format!("TXT {what}"),
                with(r#"{ records = ["v=STSv1; id=1;"] }"#),
            ),
            (
                format!("MX {what}"),
                // Nothing leads to the server then.
                with(r#"{ records = ["10 mx.corp.test"] }"#)
                    .replace("[servers.\"mx.corp.test\"]", ""),
            ),
        ]
    });
    assert_agreement(DNS, records.chain(addresses).chain(whole)).await;
}
