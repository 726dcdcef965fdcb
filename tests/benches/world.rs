//! The fake Internet in a process of its own: started, asked where things are, asked what it saw.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stickler::facts::UnixTime;
use stickler::fakes::{
    Answer, Certificate, Edge, Identity, Internet, Name, NameServer, Receiver, RecordData,
    RecordKind, Response,
};
use stickler::world::{Listen, Request, World};

/// The word on the command line that makes this program the world; what the domains have follows.
pub(crate) const ROLE: &str = "--serve-world";

/// What each domain has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Hosts {
    /// A policy host and MX hosts.
    All,
    /// A policy host; the MX hosts are names in the DNS.
    PolicyAlone,
    /// A policy host and MX hosts under names of their own, at addresses that many domains share: there are not
    /// sockets enough for thousands of domains otherwise.
    Shared,
}

/// How many addresses of each kind there are where domains share them.
const SHARED: usize = 100;

/// The name servers, which every domain has, and where they are.
pub(crate) const NAME_SERVERS: [(&str, Ipv4Addr); 2] = [
    ("ns1.servers.test", Ipv4Addr::new(198, 19, 255, 1)),
    ("ns2.servers.test", Ipv4Addr::new(198, 19, 255, 2)),
];

impl Hosts {
    const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::PolicyAlone => "policy-alone",
            Self::Shared => "shared",
        }
    }
}

/// The beginning of the story: 2026-03-02T08:00:00Z.
pub(crate) const START: UnixTime = UnixTime::from_secs(1_772_438_400);

const TTL: Duration = Duration::from_secs(3_600);

/// What reached the servers during one run.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Counts {
    pub(crate) questions: usize,
    pub(crate) https_handshakes: usize,
    pub(crate) gets: usize,
    pub(crate) smtp_connections: usize,
    pub(crate) smtp_handshakes: usize,
    pub(crate) unannounced: usize,
}

/// Where things are.
#[derive(Debug, Deserialize, Serialize)]
struct Directory {
    dns: SocketAddr,
    routes: Vec<(IpAddr, u16, SocketAddr)>,
    ca_pem: String,
}

/// The domain with this number.
pub(crate) fn domain(number: usize) -> String {
    format!("d{number}.test")
}

/// The MX hosts of the domain with this number.
pub(crate) fn mx_hosts(number: usize) -> [String; 2] {
    ["mx1", "mx2"].map(|host| format!("{host}.{}", domain(number)))
}

/// The world's process, seen from the side that measures.
pub(crate) struct FakeInternet {
    process: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    pub(crate) dns: SocketAddr,
    pub(crate) routes: HashMap<(IpAddr, u16), SocketAddr>,
    pub(crate) ca_pem: String,
}

impl FakeInternet {
    pub(crate) fn start(domains: usize, hosts: Hosts) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut process = Command::new(program)
            .args([ROLE, hosts.word(), "--domains", &domains.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the world can be started");
        let orders = process.stdin.take();
        let answers = process.stdout.take().expect("it was piped");
        let mut answers = BufReader::new(answers);
        let directory: Directory = read(&mut answers);
        Self {
            process,
            orders,
            answers,
            dns: directory.dns,
            routes: directory
                .routes
                .into_iter()
                .map(|(address, port, to)| ((address, port), to))
                .collect(),
            ca_pem: directory.ca_pem,
        }
    }

    /// Takes what the world counted since the last time.
    pub(crate) fn take_counts(&mut self) -> Counts {
        if let Some(orders) = &mut self.orders {
            writeln!(orders, "count").expect("the world listens");
        }
        let counts: Counts = read(&mut self.answers);
        assert_eq!(counts.unannounced, 0, "requests for what is not there");
        counts
    }
}

impl Drop for FakeInternet {
    fn drop(&mut self) {
        // The end of its orders is the end of the world.
        drop(self.orders.take());
        drop(self.process.wait());
    }
}

fn read<T: for<'a> Deserialize<'a>>(answers: &mut BufReader<ChildStdout>) -> T {
    let mut line = String::new();
    answers.read_line(&mut line).expect("the world answers");
    serde_json::from_str(&line).expect("the world speaks JSON")
}

/// Is the world, until standard input ends, if the words of the command line say so; returns whether they did.
pub(crate) async fn serve(words: &[String], domains: usize) -> bool {
    let Some(at) = words.iter().position(|word| word == ROLE) else {
        return false;
    };
    let told = words.get(at + 1);
    let hosts = [Hosts::All, Hosts::PolicyAlone, Hosts::Shared]
        .into_iter()
        .find(|hosts| told.is_some_and(|told| told == hosts.word()))
        .expect("it is told what domains have");
    let world = World::start(Listen::FreePorts, &state(domains, hosts), START)
        .await
        .expect("the state can be served");
    let routes = world.routes();
    tell(&Directory {
        dns: world.dns_address(),
        routes: routes
            .iter()
            .map(|route| (route.address, route.port, route.to))
            .collect(),
        ca_pem: world.ca_pem().to_owned(),
    });
    let (orders, mut heard) = tokio::sync::mpsc::channel(1);
    let listener = tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if orders.blocking_send(line).is_err() {
                break;
            }
        }
    });
    while heard.recv().await.is_some() {
        tell(&count(&world));
    }
    listener.await.expect("reading lines does not panic");
    world.shutdown().await.expect("the world ends well");
    true
}

fn tell(value: &impl Serialize) {
    println!(
        "{}",
        serde_json::to_string(value).expect("it is plain data")
    );
}

fn count(world: &World) -> Counts {
    let mut counts = Counts {
        unannounced: world.unannounced().len(),
        ..Counts::default()
    };
    for request in world.drain_history() {
        match request {
            Request::Question { .. } => counts.questions += 1,
            Request::HttpsHandshake { .. } => counts.https_handshakes += 1,
            Request::Get { .. } => counts.gets += 1,
            Request::SmtpConnect { .. } => counts.smtp_connections += 1,
            Request::SmtpHandshake { .. } => counts.smtp_handshakes += 1,
            Request::HttpsConnect { .. } | Request::StrayConnect | Request::SmtpReceived { .. } => {
            }
        }
    }
    counts
}

/// Makes domains that share nothing but their name servers: each has a policy host and two MX hosts of its own, at
/// addresses of their own unless `hosts` says otherwise.
fn state(domains: usize, hosts: Hosts) -> Internet {
    let mut state = Internet::default();
    let mut addresses = (0_u32..).map(|offset| {
        // 198.18.0.0/15 is kept for benchmarks (RFC 2544), and holds 131,072 addresses.
        Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 0)) + 1 + offset)
    });
    for (host, address) in NAME_SERVERS {
        let at = Answer::new([RecordData::A(address)], TTL);
        let name = Name::new([(RecordKind::A, at)]);
        state.dns.names.insert(host.to_owned(), name);
        let server = NameServer::default();
        state.name_servers.insert(IpAddr::V4(address), server);
    }
    let mut shared: Vec<[Ipv4Addr; 3]> = Vec::new();
    for number in 0..domains {
        let domain = domain(number);
        let [first, second] = mx_hosts(number);
        let mut say = |name: String, record: RecordData| {
            let answer = Answer::new([record.clone()], TTL);
            let name = state.dns.names.entry(name).or_default();
            let answers = &mut name.answers;
            answers
                .entry(record.kind())
                .and_modify(|answer| answer.records.push(record))
                .or_insert(answer);
        };
        say(
            format!("_mta-sts.{domain}"),
            RecordData::txt("v=STSv1; id=20260301T080000;"),
        );
        say(
            format!("_smtp._tls.{domain}"),
            RecordData::txt(format!("v=TLSRPTv1; rua=mailto:tlsrpt@{domain}")),
        );
        for (host, _) in NAME_SERVERS {
            say(domain.clone(), RecordData::Ns(host.into()));
        }
        say(domain.clone(), RecordData::mx(10, first.as_str()));
        say(domain.clone(), RecordData::mx(20, second.as_str()));
        let place = number % SHARED;
        let own = if hosts == Hosts::Shared && number >= SHARED {
            shared[place]
        } else {
            let own = [(); 3].map(|()| addresses.next().expect("there are enough addresses"));
            shared.push(own);
            own
        };
        let policy_host = format!("mta-sts.{domain}");
        for (name, address) in [&policy_host, &first, &second].into_iter().zip(own) {
            say(name.clone(), RecordData::A(address));
        }
        let [edge, at_first, at_second] = own.map(IpAddr::V4);
        if hosts != Hosts::PolicyAlone {
            for (host, address) in [(&first, at_first), (&second, at_second)] {
                let receiver = state.smtp.entry(address).or_insert_with(|| {
                    let mut receiver = Receiver::new(host.parse().expect("it is a name"));
                    receiver.identity = Identity::default();
                    receiver
                });
                show_for(&mut receiver.identity, host);
            }
        }
        let body =
            format!("version: STSv1\nmode: enforce\nmx: {first}\nmx: {second}\nmax_age: 604800\n");
        let edge = state.https.entry(edge).or_insert_with(|| Edge {
            identity: Identity::default(),
            ..Edge::default()
        });
        show_for(&mut edge.identity, &policy_host);
        edge.pages.insert(policy_host, Response::ok(body).into());
        for host in [first, second] {
            // There is the name, and no TLSA record.
            let name = Name::new(Vec::<(RecordKind, Answer)>::new());
            state.dns.names.insert(format!("_25._tcp.{host}"), name);
        }
    }
    state
}

/// Lets a server show a certificate for `name` to clients that ask for it.
fn show_for(identity: &mut Identity, name: &str) {
    let certificate = Certificate::new([name]);
    identity.by_name.insert(name.to_owned(), vec![certificate]);
}
