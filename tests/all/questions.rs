//! How many questions a check asks of the DNS, on both networks.

use std::collections::BTreeMap;
use std::sync::Arc;

use stickler::diagnose::{Options, check};
use stickler::replay::on_lab::LabStage;
use stickler::replay::on_model::ModelStage;
use stickler::replay::stage::{Client, Seen, Stage};
use stickler::scenario;
use stickler::sender::memo::Probes;
use stickler::story::state::Deadlines;
use stickler::story::{Asked, Story};
use stickler::world::Listen;

/// What a domain with two MX hosts of its own costs without its name servers.
const WITHOUT_SERVERS: usize = 11;

/// Whether resolvers send the addresses of name servers along.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Addresses {
    Sent,
    LeftOut,
}

/// `a.test`, whose zone has `own` servers of its own and the `shared` ones, and `b.test`, which has the shared ones alone.
fn story(own: usize, shared: usize) -> Story {
    let shared: Vec<String> = (1..=shared)
        .map(|number| format!("ns{number}.shared.test"))
        .collect();
    let mut all: Vec<String> = (1..=own)
        .map(|number| format!("ns{number}.a.test"))
        .collect();
    all.extend(shared.clone());
    let mut text = "id = 'questions'\ntitle = 'questions'\nrfc = ['8461 §4.1']\n\
                    start = '2026-03-02T08:00:00Z'\n"
        .to_owned();
    for server in &all {
        text.push_str(&format!("[nameservers.'{server}']\n"));
    }
    for (domain, servers) in [("a.test", &all), ("b.test", &shared)] {
        let hosts = ["mx1", "mx2"].map(|host| format!("{host}.{domain}"));
        let [first, second] = &hosts;
        text.push_str(&format!(
            "[servers.'{first}']\n\
             [servers.'{second}']\n\
             [domains.'{domain}']\n\
             txt.records = ['v=STSv1; id=1;']\n\
             tlsrpt.records = ['v=TLSRPTv1; rua=mailto:tls@{domain}']\n\
             policy = {{ mode = 'enforce', mx = {hosts:?}, max_age = '7d' }}\n\
             mx.records = ['10 {first}', '20 {second}']\n"
        ));
        if !servers.is_empty() {
            text.push_str(&format!("ns = {servers:?}\n"));
        }
    }
    text.push_str("[[step]]\nat = '0s'\n[[step.check]]\ndomain = 'a.test'\nexit = 0\n");
    match scenario::load_str(&text, "questions.toml") {
        Ok(scenario) => scenario.story,
        Err(error) => panic!("{error}\n{text}"),
    }
}

/// Checks one domain after the other in one run; returns the questions about each, sorted.
async fn ask<S: Stage>(stage: &S) -> Vec<Vec<String>> {
    let network = stage.network(Client::Observer(Deadlines::default()));
    let probes = Probes::default();
    let mut asked = Vec::new();
    for domain in ["a.test", "b.test"] {
        let domain = domain.parse().unwrap();
        check(&network, &probes, &domain, None, &Options::default()).await;
        let mut questions: Vec<String> = (stage.drain().into_iter())
            .filter_map(|seen| match seen {
                Seen::Asked(Asked::Dns(question)) => Some(question.to_string()),
                Seen::Asked(_) | Seen::Received { .. } => None,
            })
            .collect();
        questions.sort();
        asked.push(questions);
    }
    asked
}

/// Checks both domains on both networks, which have to ask the same.
async fn ask_on_both(story: &Story, addresses: Addresses) -> Vec<Vec<String>> {
    let mut state = story.moments[0].state.clone();
    let internet = Arc::make_mut(&mut state.internet);
    internet.dns.sends_addresses = addresses == Addresses::Sent;
    let model = ModelStage::new(story.start, BTreeMap::new());
    model.apply(&state).await.unwrap();
    let lab = LabStage::start(Listen::FreePorts, story.start, &state, BTreeMap::new());
    let lab = Box::pin(lab).await.unwrap();
    let on_model = Box::pin(ask(&model)).await;
    assert_eq!(Box::pin(ask(&lab)).await, on_model);
    lab.shutdown().await.unwrap();
    on_model
}

#[tokio::test]
async fn five_servers_of_a_zone_at_most_double_the_questions_about_a_domain() {
    use Addresses::{LeftOut, Sent};
    // How many servers of its own a domain has, and shared ones; what it costs, and another with the shared ones.
    for (own, shared, addresses, expected) in [
        (0, 0, Sent, [12, 12]),
        (2, 0, Sent, [16, 12]),
        (3, 0, Sent, [18, 12]),
        (4, 0, Sent, [20, 12]),
        (5, 0, Sent, [22, 12]),
        (8, 0, Sent, [28, 12]),
        (9, 0, Sent, [28, 12]),
        (0, 4, Sent, [20, 20]),
        (2, 3, Sent, [22, 18]),
        // One more for each server of which nobody has asked before.
        (2, 0, LeftOut, [18, 12]),
        (3, 0, LeftOut, [21, 12]),
        (4, 0, LeftOut, [24, 12]),
        (5, 0, LeftOut, [27, 12]),
        (8, 0, LeftOut, [36, 12]),
        (0, 4, LeftOut, [24, 20]),
        (2, 3, LeftOut, [27, 18]),
    ] {
        let asked = ask_on_both(&story(own, shared), addresses).await;
        let counts: Vec<usize> = asked.iter().map(Vec::len).collect();
        let what = format!("{own} own, {shared} shared, addresses {addresses:?}");
        assert_eq!(counts, expected, "{what}: {asked:#?}");
        if addresses == Sent && own + shared <= 5 {
            assert!(counts.iter().all(|count| *count <= 2 * WITHOUT_SERVERS));
        }
    }
}
