//! A story through a mail server that is not ours: which is told from which by what arrives alone.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::join_all;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use stickler::clock::Clock;
use stickler::facts::DnsName;
use stickler::facts::smtp::Message;
use stickler::net::routes::Routes;
use stickler::net::{Live, LiveConfig, ResolverConfig};
use stickler::replay::far::outcome::FarReplayed;
use stickler::replay::far::through::{Through, ThroughError};
use stickler::replay::on_lab::LabStage;
use stickler::replay::outside::{Outside, QueueRun};
use stickler::sender::{Families, Limits, Mail, PolicyState, Sender, SenderClass, Verdict};
use stickler::sts::certificate::Roots;
use stickler::world::Listen;
use tempfile::NamedTempFile;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

use super::read;
use crate::support::script::Talk;

/// Two hours before the correction mail waits.
const CUTOVER: &str = r#"
id    = "cutover"
title = "The MX moves, the policy follows"
start = "2026-03-02T08:00:00Z"

[domains."corp.test"]
txt    = { records = ["v=STSv1; id=1;"], ttl = "1m" }
policy = { mode = "enforce", mx = ["mx.old.test"], max_age = "7d" }
mx     = { records = ["10 mx.old.test"], ttl = "1m" }

[servers."mx.old.test"]
[servers."mx.new.test"]

[[step]]
at = "0s"
[[step.expect]]
verdict = "deliver"
via     = "mx.old.test"

[[step]]
at = "2h"
set.domains."corp.test".mx.records = ["10 mx.new.test"]
[[step.expect]]
verdict = "defer"

[[step]]
at = "4h"
set.domains."corp.test".policy.mx   = ["mx.new.test"]
set.domains."corp.test".txt.records = ["v=STSv1; id=2;"]
[[step.flush]]
verdict = "deliver"
via     = "mx.new.test"
[[step.expect]]
verdict = "deliver"
via     = "mx.new.test"
"#;

/// What is held of corp.test runs out at 4 h; the step before the last, at 2 h, takes longer than until then.
const SLOW: &str = r#"
id    = "slow"
title = "A policy that is held is enforced"
start = "2026-03-02T08:00:00Z"

[domains."corp.test"]
txt    = { records = ["v=STSv1; id=1;"], ttl = "1m" }
policy = { mode = "enforce", mx = ["mx.old.test"], max_age = "4h" }
mx     = { records = ["10 mx.old.test"], ttl = "1m" }
[domains."dead.test"]
mx     = { records = ["10 mx.dead.test"], ttl = "1m" }

[servers."mx.old.test"]
[servers."mx.new.test"]
[servers."mx.dead.test"]
fault = "refused"

[[step]]
at = "0s"
[[step.expect]]
domain  = "corp.test"
verdict = "deliver"

[[step]]
at = "2h"
unset = ['domains."corp.test".txt']
set.domains."corp.test".policy.fault = "refused"
set.domains."corp.test".mx.records = ["10 mx.new.test"]
[[step.expect]]
domain  = "dead.test"
verdict = "defer"

[[step]]
at = "3h"
[[step.expect]]
domain  = "corp.test"
verdict = "defer"
"#;

/// How often the queue is run before mail counts as waiting.
const RUNS: u64 = 2;

/// From the last run of the queue: long after the mail counts as waiting, and before the step at 12 h.
const A_WHILE: Duration = QUIET.saturating_mul(2);

/// What becomes of a message: it arrives at the old MX, or nowhere.
const OLD: &str = "arrived mx.old.test TLS 1.3";
const WAITS: &str = "DEFERRED it has reached no server, and has not come back";
const QUIET: Duration = Duration::from_millis(1200);

/// How a mail server treats its mail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Behaviour {
    /// It enforces, and keeps what cannot go.
    Enforces,
    /// It knows no MTA-STS.
    Lenient,
    /// It forgets MTA-STS when it tries again.
    EnforcesOnce,
    /// It forgets MTA-STS of a message that has waited for long.
    EnforcesForAWhile,
    /// It enforces, and gives up at once.
    GivesUp,
    /// It enforces, and sends all mail twice.
    Twice,
}

/// A message that waits.
struct Waiting {
    message: Message,
    is_first: bool,
}

/// A mail server: it takes all mail, and tries what waits again and again.
struct MailServer {
    behaviour: Behaviour,
    network: Live,
    queue: Mutex<Vec<Waiting>>,
    /// An octet for each run of the queue.
    runs: NamedTempFile,
    /// When the last run was seen before mail counts as waiting.
    last_run: OnceLock<Instant>,
}

impl MailServer {
    fn new(behaviour: Behaviour, stage: &LabStage) -> Arc<Self> {
        let ca_pem = stage.world().ca_pem().as_bytes();
        let ca: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(ca_pem).collect();
        let roots = Roots::none().with(&ca.unwrap()).unwrap();
        let network = Live::new(LiveConfig {
            resolver: ResolverConfig::Addresses(vec![stage.world().dns_address()]),
            routes: Routes::new(stage.routes()),
            ..LiveConfig::new(Clock::system(), roots)
        });
        Arc::new(Self {
            behaviour,
            network: network.unwrap(),
            queue: Mutex::default(),
            runs: NamedTempFile::new().unwrap(),
            last_run: OnceLock::new(),
        })
    }

    /// Returns whether its mail has waited for long.
    fn is_tired(&self) -> bool {
        let runs = self.runs.as_file().metadata().unwrap().len();
        runs >= RUNS && self.last_run.get_or_init(Instant::now).elapsed() > A_WHILE
    }

    /// Serves until it is dropped.
    async fn start(self: Arc<Self>) -> (SocketAddr, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&self).send());
        tasks.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                self.take(Talk::new(stream)).await;
            }
        });
        (at, tasks)
    }

    async fn take(&self, mut talk: Talk<TcpStream>) {
        let (mut from, mut to) = (String::new(), String::new());
        talk.say("220 mta.test ESMTP\r\n").await;
        loop {
            let line = talk.line().await;
            let address = || line[line.find('<').unwrap() + 1..line.find('>').unwrap()].to_owned();
            match line.get(..4) {
                Some("MAIL") => from = address(),
                Some("RCPT") => to = address(),
                Some("DATA") => {
                    talk.say("354 go on\r\n").await;
                    let mut content = String::new();
                    loop {
                        let line = talk.line().await;
                        if line == "." {
                            break;
                        }
                        content.push_str(&format!("{line}\r\n"));
                    }
                    let message = Message {
                        mail_from: Some(from.as_str().into()),
                        rcpt_to: to.as_str().into(),
                        content: content.into_bytes().into(),
                    };
                    let copies = if self.behaviour == Behaviour::Twice {
                        2
                    } else {
                        1
                    };
                    let waiting = || Waiting {
                        message: message.clone(),
                        is_first: true,
                    };
                    let mut queue = self.queue.lock().await;
                    queue.extend(std::iter::repeat_with(waiting).take(copies));
                }
                Some("QUIT") | None => break,
                Some(_) => {}
            }
            talk.say("250 mta.test\r\n").await;
        }
    }

    /// Tries what waits, for good.
    async fn send(self: Arc<Self>) {
        let mut state = PolicyState::default();
        let mut ticks = interval(QUIET / 8);
        for tick in 1.. {
            ticks.tick().await;
            let is_tired = self.is_tired();
            let waiting = std::mem::take(&mut *self.queue.lock().await);
            for mut waiting in waiting {
                // Between two runs of the queue it is quiet for long enough.
                if waiting.is_first || tick % 16 == 0 {
                    let enforces = match self.behaviour {
                        Behaviour::Lenient => false,
                        Behaviour::EnforcesOnce => waiting.is_first,
                        Behaviour::EnforcesForAWhile => !is_tired,
                        Behaviour::Enforces | Behaviour::GivesUp | Behaviour::Twice => true,
                    };
                    let attempt = self.attempt(&waiting, enforces, &mut state);
                    if attempt.await != Verdict::Defer {
                        continue;
                    }
                    waiting.is_first = false;
                    if self.behaviour == Behaviour::GivesUp {
                        waiting.message = returned(&waiting.message);
                    }
                }
                self.queue.lock().await.push(waiting);
            }
        }
    }

    async fn attempt(&self, waiting: &Waiting, enforces: bool, state: &mut PolicyState) -> Verdict {
        let domain = waiting.message.rcpt_to.rsplit_once('@').unwrap().1;
        let domain: DnsName = domain.parse().unwrap();
        let class = if enforces {
            SenderClass::strict()
        } else {
            SenderClass::by_name("no-sts").unwrap()
        };
        let sender = Sender {
            network: &self.network,
            class,
            limits: Limits::default(),
            families: Families::Both,
        };
        let mail = Mail {
            message: Some(&waiting.message),
            ..Mail::probe(&domain)
        };
        // Of one domain alone a policy is held here: the others have none.
        let mut of_none = PolicyState::default();
        let state = if domain.as_str() == "corp.test" {
            state
        } else {
            &mut of_none
        };
        let attempt = sender.attempt(mail, state).await;
        for change in &attempt.changes {
            state.apply(change);
        }
        attempt.verdict
    }
}

fn returned(message: &Message) -> Message {
    let report =
        "Subject: undeliverable\r\n\r\nAction: failed\r\nDiagnostic-Code: smtp; 550 5.7.1 no\r\n";
    Message {
        mail_from: None,
        rcpt_to: message.mail_from.clone().unwrap(),
        content: report.as_bytes().into(),
    }
}

/// Plays a story: the queue is run, or the server's own tries are waited for so long.
async fn play(story: &str, behaviour: Behaviour, own_tries: Option<Duration>) -> FarReplayed {
    let factor = NonZeroU32::new(3600).unwrap();
    let story = read(story).story;
    let through = Through::start(&story, factor, Listen::FreePorts);
    let through = through.await.unwrap();
    let server = MailServer::new(behaviour, through.stage());
    let queue_run = own_tries.map_or_else(
        || QueueRun::Command(format!("printf . >>'{}'", server.runs.path().display()).into()),
        QueueRun::Within,
    );
    let (at, _running) = server.start().await;
    let outside = Outside::new(at, queue_run).unwrap();
    through.play(&outside, QUIET).await.unwrap()
}

/// What became of each message, and what is wrong with that.
fn told(played: &FarReplayed) -> (Vec<String>, Vec<&str>) {
    let cells = &played.cells;
    (
        cells.iter().map(|cell| cell.fate.to_string()).collect(),
        cells
            .iter()
            .flat_map(|cell| &cell.faults)
            .map(String::as_str)
            .collect(),
    )
}

#[tokio::test]
async fn what_arrives_tells_a_mail_server_that_enforces_from_those_that_do_not() {
    const NEW: &str = "arrived mx.new.test TLS 1.3";
    const NOTHING: &str = "nothing heard";
    let none_waits = "no message waits, so none can be flushed";
    let let_go = "verdict defer was expected, it is deliver or deliver-unprotected";
    let by_itself = Some(QUIET * 4);
    let later = "it was to wait, and later in the step: arrived mx.new.test TLS 1.3";
    // How it treats mail, how long its own tries are waited for, what becomes of each message, what is wrong.
    type Case<'a> = (Behaviour, Option<Duration>, [&'a str; 4], &'a [&'a str]);
    let cases: [Case<'_>; 7] = [
        (Behaviour::Enforces, None, [OLD, WAITS, NEW, NEW], &[]),
        (Behaviour::Enforces, by_itself, [OLD, WAITS, NEW, NEW], &[]),
        (
            Behaviour::Lenient,
            None,
            [OLD, NEW, NOTHING, NEW],
            &[let_go, none_waits],
        ),
        (
            Behaviour::EnforcesOnce,
            None,
            [OLD, NEW, NOTHING, NEW],
            &[let_go, none_waits],
        ),
        (
            Behaviour::EnforcesForAWhile,
            None,
            [OLD, NEW, NEW, NEW],
            &[later],
        ),
        (
            Behaviour::GivesUp,
            None,
            [OLD, "BOUNCED smtp; 550 5.7.1 no", NOTHING, NEW],
            &["verdict defer was expected, it is bounce", none_waits],
        ),
        (
            Behaviour::Twice,
            None,
            [OLD, WAITS, NEW, NEW],
            &["it arrived 2 times"; 3],
        ),
    ];
    let plays = cases.map(|(behaviour, own_tries, fates, faults)| async move {
        let story = if behaviour == Behaviour::EnforcesForAWhile {
            CUTOVER.replace("4h", "12h")
        } else {
            CUTOVER.to_owned()
        };
        let played = play(&story, behaviour, own_tries).await;
        assert_eq!(
            told(&played),
            (fates.map(str::to_owned).to_vec(), faults.to_vec()),
            "{behaviour:?}: {played:#?}"
        );
        assert_eq!(played.holds(), faults.is_empty(), "{behaviour:?}");
        assert_eq!(played.left_out, [], "{behaviour:?}");
    });
    join_all(plays).await;
}

#[tokio::test]
async fn what_a_slow_step_made_impossible_is_left_out_and_said() {
    let played = play(SLOW, Behaviour::Enforces, None).await;
    assert!(played.holds(), "{played:#?}");
    let (fates, _) = told(&played);
    assert_eq!(fates, [OLD, WAITS]);
    let [left_out] = &played.left_out[..] else {
        panic!("{:#?}", played.left_out);
    };
    let why = "the step came late, and so it would fail at this pace: strict to corp.test: verdict defer was expected";
    assert!(left_out.why.starts_with(why), "{left_out:?}");
}

#[tokio::test]
async fn a_mail_server_that_takes_no_mail_and_a_story_that_expects_nothing_of_it_are_refused() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let outside = Outside::new(
        nobody.local_addr().unwrap(),
        QueueRun::Command("true".into()),
    )
    .unwrap();
    drop(nobody);
    let of_lenient = "[senders]\nlenient = { class = \"no-sts\" }\n[servers.\"mx.old.test\"]";
    let lenient = CUTOVER
        .replace("[servers.\"mx.old.test\"]", of_lenient)
        .replace("verdict = \"deliver\"", "verdict = \"deliver-unprotected\"")
        .replace("verdict = \"defer\"", "verdict = \"deliver-unprotected\"");
    let lenient = lenient.split("[[step.flush]]").next().unwrap();
    for (story, expected) in [
        (CUTOVER, "did not take a message: connection refused"),
        (lenient, "it expects nothing of a mail server at this pace"),
    ] {
        let factor = NonZeroU32::new(3600).unwrap();
        let story = read(story).story;
        let through = Through::start(&story, factor, Listen::FreePorts);
        let error: ThroughError = through
            .await
            .unwrap()
            .play(&outside, QUIET)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}
