//! Waiting until what is intended is everywhere, on both networks, with a clock that nobody has to wait for.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use stickler::clock::Clock;
use stickler::diagnose::intended::{Intention, Phase, ToPublish, WaitFor};
use stickler::diagnose::wait::{Round, Rounds, Wait, Waiting, check_when_there};
use stickler::diagnose::{Checked, Options};
use stickler::facts::{DnsName, UnixTime};
use stickler::fakes::{Internet, Page, Transfer};
use stickler::replay::on_lab::LabStage;
use stickler::replay::on_model::ModelStage;
use stickler::replay::stage::{Client, Stage};
use stickler::scenario;
use stickler::sender::Network as _;
use stickler::sender::memo::Probes;
use stickler::story::state::Deadlines;
use stickler::story::{State, Story};
use stickler::world::Listen;
use tokio::sync::Semaphore;

const BOTH: &str =
    "version: STSv1\nmode: enforce\nmx: mx.old.test\nmx: mx.new.test\nmax_age: 604800\n";

/// An address that answers three requests as before, a name server that answers two.
const STORY: &str = "scenarios/migration/servers-hear-late.toml";

/// What came of a wait: what was told, how often was looked, how long that took, what was missing at the end.
struct Waited {
    told: Vec<Vec<String>>,
    looks: usize,
    secs: u64,
    checked: Checked,
}

/// Rounds on a stage. Who looks holds the one permit, so that the clock stands still meanwhile.
struct OnStage<'s, S> {
    stage: &'s S,
    looks: Arc<Semaphore>,
}

impl<S: Stage> Rounds for OnStage<'_, S>
where
    S::Network: Send,
{
    type Network = S::Network;

    async fn join(&self, _number: usize) -> Round<S::Network> {
        let permit = Arc::clone(&self.looks).acquire_owned().await;
        Round {
            network: self.stage.network(Client::Observer(Deadlines {
                fetch: Duration::from_millis(500),
                ..Deadlines::default()
            })),
            shared: Arc::default(),
            permit: permit.ok(),
        }
    }
}

/// Waits on a stage, second by second as long as nobody looks.
async fn wait_with<S: Stage, T: Fn(&DnsName, &Wait) + Sync>(
    stage: &S,
    options: &Options,
    patience: Duration,
    tell: T,
) -> Checked
where
    S::Network: Send,
{
    let start = stage.network(Client::Observer(Deadlines::default())).now();
    let clock = Clock::manual(start);
    let rounds = OnStage {
        stage,
        looks: Arc::new(Semaphore::new(1)),
    };
    let probes = Probes::default();
    let waiting = Waiting {
        rounds: &rounds,
        probes: &probes,
        options,
        tell,
    };
    let domain: DnsName = "corp.test".parse().unwrap();
    let pass = async {
        loop {
            let looking = rounds.looks.acquire().await.unwrap();
            clock.advance_to(clock.now().saturating_add(Duration::from_secs(1)));
            drop(looking);
            tokio::task::yield_now().await;
        }
    };
    let wait = Wait::new(clock.stopwatch(), patience);
    tokio::select! {
        biased;
        checked = check_when_there(&waiting, &domain, None, wait) => checked,
        never = pass => never,
    }
}

/// Waits on a stage, and notes what is told.
async fn wait_on<S: Stage>(stage: &S, options: &Options, patience: Duration) -> Waited
where
    S::Network: Send,
{
    let told = Mutex::new(Vec::new());
    let tell = |_: &DnsName, wait: &Wait| {
        let places = wait.missing().iter().map(|missing| match missing.address {
            Some(address) => format!("{address}"),
            None => missing.why.to_string(),
        });
        told.lock().unwrap().push(places.collect());
    };
    let checked = wait_with(stage, options, patience, tell).await;
    let report = checked.report.waited.clone().unwrap();
    assert_eq!(report.missing, checked.missing);
    Waited {
        told: told.into_inner().unwrap(),
        looks: report.looks,
        secs: report.waited_secs,
        checked,
    }
}

fn story() -> Story {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(STORY);
    scenario::load(&path).unwrap().story
}

fn options(intention: Intention) -> Options {
    Options {
        intentions: [("corp.test".parse().unwrap(), intention)].into(),
        wait_for: Some(WaitFor::Id),
        ..Options::default()
    }
}

/// Returns a state in which every server has heard of it.
fn without_lag(state: &State) -> State {
    let mut state = state.clone();
    let internet = Arc::make_mut(&mut state.internet);
    for edge in internet.https.values_mut() {
        edge.lag = None;
    }
    for server in internet.name_servers.values_mut() {
        server.lag = None;
    }
    state
}

/// Waits on both networks, which have to come to the same, in the second step of the story as `change` has it.
async fn wait_in(change: impl Fn(&mut Internet), intention: Intention, patience: u64) -> Waited {
    Box::pin(async {
        let story = story();
        let [before, after] = &story.moments[..] else {
            panic!("the story has two steps");
        };
        let mut state: State = after.state.clone();
        change(Arc::make_mut(&mut state.internet));
        let options = options(intention);
        let patience = Duration::from_secs(patience);
        let start: UnixTime = story.start;
        let model = ModelStage::new(start, BTreeMap::new());
        model.apply(&before.state).await.unwrap();
        model.apply(&state).await.unwrap();
        let on_model = wait_on(&model, &options, patience).await;
        let lab = LabStage::start(Listen::FreePorts, start, &before.state, BTreeMap::new())
            .await
            .unwrap();
        lab.apply(&state).await.unwrap();
        let on_lab = wait_on(&lab, &options, patience).await;
        assert_eq!(on_model.told, on_lab.told);
        assert_eq!(on_model.looks, on_lab.looks);
        lab.shutdown().await.unwrap();
        on_lab
    })
    .await
}

fn meant() -> Intention {
    let mut intention = Intention::new(["mx.new.test".parse().unwrap()]).unwrap();
    intention.policy = Some(ToPublish::parse(BOTH.as_bytes()).unwrap());
    intention
}

fn codes(waited: &Waited) -> Vec<&str> {
    let findings = waited.checked.report.findings.iter();
    findings.map(|finding| &*finding.code).collect()
}

#[tokio::test]
async fn it_comes_once_the_edge_that_lags_and_the_server_that_lags_have_heard() {
    let waited = wait_in(|_| {}, meant(), 600).await;
    assert_eq!(
        waited.told,
        [
            // The name server has newer MX records, and the other one has not.
            vec!["192.0.2.12".to_owned(), "192.0.2.54".to_owned()],
            vec!["192.0.2.12".to_owned()],
            vec![],
        ]
    );
    // Looks at 0, 1, 3 and 7 s, and the check itself.
    assert_eq!((waited.looks, waited.secs), (5, 7));
    assert!(!codes(&waited).contains(&"INTENDED-NOT-IN-TIME"));
}

#[tokio::test]
async fn patience_runs_out_and_what_is_missing_is_named() {
    let stays = |internet: &mut Internet| {
        for edge in internet.https.values_mut() {
            if let Some(lag) = &mut edge.lag {
                lag.requests = 1_000;
            }
        }
    };
    let waited = wait_in(stays, meant(), 200).await;
    assert_eq!(waited.told.len(), 2);
    // After 0, 1, 3, 7, 15, 31, 63, 123 and 183 s, at the end, and the check.
    assert_eq!((waited.looks, waited.secs), (11, 200));
    let missing: Vec<String> = waited
        .checked
        .missing
        .iter()
        .map(|missing| format!("{} {}", missing.host, missing.why))
        .collect();
    assert_eq!(missing, ["mta-sts.corp.test serves another policy"]);
    assert!(codes(&waited).contains(&"INTENDED-NOT-IN-TIME"));
}

#[tokio::test]
async fn the_id_and_the_mx_hosts_are_waited_for_where_they_are_meant() {
    let late = |internet: &mut Internet| {
        for edge in internet.https.values_mut() {
            edge.lag = None;
        }
    };
    let mut with_id = meant();
    with_id.id = Some("2".parse().unwrap());
    let waited = wait_in(late, with_id, 2).await;
    let why = |waited: &Waited| -> Vec<String> {
        let missing = waited.checked.missing.iter();
        missing.map(|missing| missing.why.to_string()).collect()
    };
    assert_eq!(why(&waited), ["says id 1, not 2"; 2]);
    let mut elsewhere = meant();
    elsewhere.phase = Some(Phase::After);
    assert_eq!(
        why(&wait_in(late, elsewhere, 2).await),
        Vec::<String>::new()
    );
    let mut elsewhere = Intention::new(["mx.other.test".parse().unwrap()]).unwrap();
    elsewhere.policy = meant().policy;
    elsewhere.phase = Some(Phase::After);
    let lost = |internet: &mut Internet| {
        late(internet);
        let name = internet.dns.names["mx.new.test"].clone();
        internet
            .dns
            .names
            .insert("mx.other.test".to_owned(), name.clone());
        internet.dns.names.insert(
            "_25._tcp.mx.other.test".to_owned(),
            stickler::fakes::Name::default(),
        );
    };
    assert_eq!(
        why(&wait_in(lost, elsewhere, 2).await),
        ["has no MX record that names mx.other.test"; 2]
    );
}

#[tokio::test]
async fn an_edge_in_drops_one_that_asks_for_time_and_servers_that_do_not_serve_the_zone() {
    // What each change leaves missing, by what is said of it, and how often is looked within ten seconds.
    fn at_edge(change: fn(&mut Page)) -> impl Fn(&mut Internet) {
        move |internet: &mut Internet| {
            for edge in internet.https.values_mut() {
                if edge.lag.take().is_some() {
                    edge.pages.values_mut().for_each(change);
                }
            }
            for server in internet.name_servers.values_mut() {
                server.lag = None;
            }
        }
    }
    fn slow(page: &mut Page) {
        if let Page::Response(response) = page {
            response.transfer = Transfer::Slow;
        }
    }
    fn busy(page: &mut Page, until: &[u8]) {
        if let Page::Response(response) = page {
            response.status = 503;
            let header = ("Retry-After".into(), until.into());
            response.headers.push(header);
        }
    }
    let for_a_while: fn(&mut Page) = |page: &mut Page| busy(page, b"30");
    // Half a minute after the start of the story, whose clock stands still.
    let until_a_date: fn(&mut Page) =
        |page: &mut Page| busy(page, b"Mon, 02 Mar 2026 08:00:30 GMT");
    for busy in [for_a_while, until_a_date] {
        let waited = wait_in(at_edge(busy), meant(), 10).await;
        assert_eq!(waited.looks, 3, "0 s, 10 s, the check: {:?}", waited.told);
    }
    let waited = wait_in(at_edge(slow), meant(), 2).await;
    assert_eq!(waited.told, [["192.0.2.12"]]);
    let lame = |internet: &mut Internet| {
        at_edge(|_| {})(internet);
        for server in internet.name_servers.values_mut().take(1) {
            server.lame = true;
        }
    };
    let waited = wait_in(lame, meant(), 10).await;
    assert_eq!(
        waited.checked.missing,
        [],
        "a lame server gives nobody an old answer"
    );
    assert!(codes(&waited).contains(&"DNS-SERVER-LAME"));
}

#[tokio::test]
async fn an_address_that_answers_differently_each_time_is_looked_at_again() {
    let story = story();
    let stage = ModelStage::new(story.start, BTreeMap::new());
    let steady = without_lag(&story.moments[1].state);
    let apply = |state: &State| {
        let applied = stage.apply(state).now_or_never();
        applied.expect("the model waits for nothing").unwrap();
    };
    apply(&steady);
    let options = options(meant());
    let told = Mutex::new(Vec::new());
    let tell = |_: &DnsName, wait: &Wait| {
        let mut told = told.lock().unwrap();
        told.push(wait.missing().len());
        // The look finds all there, and the check another server behind the same address, once.
        match told.as_slice() {
            [0] => apply(&story.moments[0].state),
            _ => apply(&steady),
        }
    };
    let checked = wait_with(&stage, &options, Duration::from_secs(60), tell).await;
    assert_eq!(checked.missing, []);
    let told = told.into_inner().unwrap();
    assert_eq!((told[0], told[2], told.len()), (0, 0, 3), "{told:?}");
    assert!(told[1] > 0, "{told:?}");
}
