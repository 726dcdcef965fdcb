//! `serve` and `query`: the sidecar as mail servers and administrators meet it.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStderr, Stdio};
use std::time::Duration;

use super::lab::Lab;
use super::{Program, Run, signal};
use crate::sidecar::pages::{metrics, operators};
use crate::support::schema::Validator;

const STORY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/scenarios/migration/stale-policy-after-cutover.toml"
);

/// How long an answer may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A sidecar that runs beside the test.
struct Sidecar {
    child: Child,
    log: BufReader<ChildStderr>,
    socketmap: String,
}

impl Sidecar {
    /// Starts one in the program's folder, with sockets and state in it, and waits until it is asked.
    fn start(program: &Program, words: &[&str]) -> Self {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("stickler"));
        command
            .args([
                "serve",
                "--socketmap",
                "127.0.0.1:0",
                "--http",
                "unix:http.sock",
            ])
            .args(words)
            .stdin(Stdio::null());
        Self::spawn(program, &mut command)
    }

    fn spawn(program: &Program, command: &mut std::process::Command) -> Self {
        let mut child = command
            .current_dir(program.folder())
            .env_clear()
            .env("HOME", program.folder())
            .env("XDG_STATE_HOME", program.folder())
            .env("XDG_RUNTIME_DIR", program.folder())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let mut log = BufReader::new(child.stderr.take().expect("it is piped"));
        let line = read_to(&mut log, "Postfix is answered at ");
        let socketmap = line
            .trim_end()
            .rsplit(' ')
            .next()
            .expect("it ends with the address");
        let socketmap = socketmap.to_owned();
        read_to(&mut log, "policies are kept ");
        Self {
            child,
            log,
            socketmap,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.socketmap).expect("it listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("it is a socket");
        stream
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = self.connect();
        write!(stream, "{}:{request},", request.len()).expect("it reads");
        read_netstring(&mut stream)
    }

    /// Ends it with a signal, and returns its exit code.
    fn end(mut self, by: &str) -> Option<i32> {
        signal(by, &self.child);
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        // Where a test fails the sidecar must not outlive it; where it has ended there is nothing to kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Reads up to the line that contains `end`, and returns that line.
fn read_to(log: &mut BufReader<ChildStderr>, end: &str) -> String {
    let mut all = String::new();
    loop {
        let before = all.len();
        let length = log.read_line(&mut all).expect("it writes UTF-8");
        assert!(length > 0, "it ended before `{end}`: {all}");
        if all[before..].contains(end) {
            return all[before..].to_owned();
        }
    }
}

fn read_netstring(stream: &mut impl std::io::Read) -> String {
    let mut length = String::new();
    loop {
        let mut octet = [0];
        stream.read_exact(&mut octet).expect("it answers");
        match octet {
            [b':'] => break,
            [digit] => length.push(digit.into()),
        }
    }
    let mut payload = vec![0; length.parse::<usize>().expect("it is a length") + 1];
    stream.read_exact(&mut payload).expect("it answers");
    assert_eq!(payload.pop(), Some(b','));
    String::from_utf8(payload).expect("answers are UTF-8")
}

fn exim(program: &Program, line: &str) -> String {
    let mut stream =
        UnixStream::connect(program.folder().join("stickler/exim.sock")).expect("it listens");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("it is a socket");
    stream.write_all(line.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

fn page(program: &Program, path: &str) -> String {
    let mut stream = UnixStream::connect(program.folder().join("http.sock")).expect("it listens");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

/// Starts the story's servers, and returns the options that lead to them.
fn lab(program: &Program) -> (Lab, Vec<String>) {
    let mut lab = Lab::up(program, &[STORY, "--env", "env"]);
    lab.read_to("quit");
    let words = program
        .read("env")
        .lines()
        .filter_map(|line| line.split_once('='))
        .flat_map(|(name, value)| {
            let option = name.strip_prefix("STICKLER_").expect("it is ours");
            [
                format!("--{}", option.to_ascii_lowercase().replace('_', "-")),
                value.trim_matches('\'').to_owned(),
            ]
        })
        .collect();
    (lab, words)
}

fn strs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// Runs `query` against the sidecar of the program's folder.
fn query(program: &Program, words: &[&str]) -> Run {
    let words = [&["query"], words].concat();
    let mut command = program.command(&words);
    Run::of(command.env("XDG_RUNTIME_DIR", program.folder()))
}

#[test]
fn postfix_exim_and_the_administrator_are_answered() {
    let program = Program::new();
    let (_lab, network) = lab(&program);
    let mut sidecar = Sidecar::start(&program, &strs(&network));
    for (request, expected) in [
        (
            "postfix corp.test",
            "OK secure match=mx.old.test servername=hostname",
        ),
        (
            "QUERY [corp.test]:587",
            "OK secure match=no-mx-host-of-the-policy.invalid servername=hostname",
        ),
        ("postfix .corp.test", "NOTFOUND "),
        ("postfix [192.0.2.1]", "NOTFOUND "),
        ("postfix a b", "NOTFOUND "),
        ("mx-filter corp.test. 0 IN MX 10 mx.new.test.", "OK IGNORE"),
        ("mx-filter corp.test. 0 IN MX 10 MX.Old.test.", "NOTFOUND "),
        ("mx-filter corp.test. 0 IN A 192.0.2.1", "NOTFOUND "),
    ] {
        let answer = sidecar.ask(request);
        assert!(answer.starts_with(expected), "{request}: {answer}");
    }
    let reported = sidecar.ask("postfix310 CORP.test.");
    assert!(
        reported.contains("policy_type=sts policy_domain=corp.test"),
        "{reported}"
    );
    assert!(
        sidecar
            .ask("other corp.test")
            .starts_with("PERM no such map")
    );
    assert_eq!(
        exim(&program, "policy corp.test\n"),
        "mode=enforce mx_re=^(?i:mx\\.old\\.test)$\n"
    );
    assert_eq!(exim(&program, "hello\n"), "mode=tempfail\n");
    query(&program, &["--alive"]).check(0, &[], &"alive");
    query(&program, &["corp.test", "mx.new.test"]).check(
        1,
        &[
            "corp.test: a policy holds",
            "mode enforce",
            "mx.new.test is not listed",
            "mx        mx.old.test",
        ],
        &"query",
    );
    let told = query(&program, &["corp.test", "mx.old.test", "--format", "json"]);
    told.check(0, &[], &"query in JSON");
    let schema = program.run(&["schema", "query"]).json();
    Validator::closed(schema).assert_accepts(&told.json());
    query(&program, &["--all", "--export", "postfix"]).check(
        0,
        &["corp.test\tsecure match=mx.old.test servername=hostname\n"],
        &"a static map",
    );
    assert!(page(&program, "/livez").ends_with("alive\n"));
    assert!(page(&program, "/readyz").ends_with("ready\n"));
    let metrics = page(&program, "/metrics");
    assert!(
        metrics.contains("\nstickler_policies_fetched_total 1\n"),
        "{metrics}"
    );
    query(&program, &["corp.test", "--forget"]).check(0, &["!forgotten"], &"forget");
    read_to(&mut sidecar.log, "forgotten at the administrator's word");
    assert_eq!(sidecar.end("TERM"), Some(0));
    query(&program, &["corp.test"]).check(2, &["!no sidecar answers at "], &"nobody");
    query(&program, &["--alive"]).check(2, &["!no sidecar answers at "], &"nobody is alive");
}

#[test]
fn what_was_answered_once_is_answered_after_a_kill_whatever_the_network_does() {
    let program = Program::new();
    let (lab, network) = lab(&program);
    let expected = "OK secure match=mx.old.test servername=hostname";
    let sidecar = Sidecar::start(&program, &strs(&network));
    assert_eq!(sidecar.ask("postfix corp.test"), expected);
    assert_eq!(sidecar.end("KILL"), None);
    drop(lab);
    let sidecar = Sidecar::start(&program, &strs(&network));
    assert_eq!(sidecar.ask("postfix corp.test"), expected);
    assert_eq!(sidecar.end("INT"), Some(0));
}

#[test]
fn requests_in_one_packet_are_answered_in_order_and_garbage_ends_its_own_connection_alone() {
    let program = Program::new();
    let (_lab, network) = lab(&program);
    let sidecar = Sidecar::start(&program, &strs(&network));
    let mut bystander = sidecar.connect();
    let mut flooded = sidecar.connect();
    // A length that no request has; what is written after the end may fail.
    drop(flooded.write_all(&vec![b'9'; 1 << 20]));
    let mut rest = Vec::new();
    drop(flooded.read_to_end(&mut rest));
    assert_eq!(rest, b"");
    bystander
        .write_all(b"15:postfix .a.test,17:postfix corp.test,15:postfix .b.test,17:post")
        .unwrap();
    assert_eq!(read_netstring(&mut bystander), "NOTFOUND ");
    assert!(read_netstring(&mut bystander).starts_with("OK secure "));
    assert_eq!(read_netstring(&mut bystander), "NOTFOUND ");
    bystander.write_all(b"fix corp.test,").unwrap();
    assert!(read_netstring(&mut bystander).starts_with("OK secure "));
    assert!(page(&program, "/metrics").contains("\nstickler_connections_closed_total 1\n"));
}

#[test]
fn options_are_read_again_and_refused_whole_if_one_is_wrong() {
    let program = Program::new();
    // Nobody answers, and nobody is waited for.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let resolver = silent.local_addr().unwrap().to_string();
    program.write("serve.toml", "patience = '1ms'\nunknown = 'notfound'\n");
    let mut sidecar = Sidecar::start(
        &program,
        &[
            "--config",
            "serve.toml",
            "--resolver",
            &resolver,
            "--state",
            "none",
        ],
    );
    assert_eq!(sidecar.ask("postfix corp.test"), "NOTFOUND ");
    for (file, log, answer) in [
        ("patience = '1ms'\nunknown = 'temp'\n", "reloaded", "TEMP "),
        (
            "patience = '1ms'\nunknown = 'maybe'\n",
            "not reloaded",
            "TEMP ",
        ),
        ("patience = '2ms'\n", "takes a restart", "NOTFOUND "),
    ] {
        program.write("serve.toml", file);
        signal("HUP", &sidecar.child);
        read_to(&mut sidecar.log, log);
        if log == "takes a restart" {
            read_to(&mut sidecar.log, "reloaded");
        }
        let answered = sidecar.ask("postfix corp.test");
        assert!(answered.starts_with(answer), "{file}: {answered}");
    }
}

#[test]
fn every_metric_is_explained() {
    let program = Program::new();
    let _sidecar = Sidecar::start(&program, &["--resolver", "127.0.0.1:1"]);
    let text = page(&program, "/metrics");
    let shown = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .map(str::to_owned);
    assert_eq!(shown.collect::<BTreeSet<String>>(), metrics());
    let said = text
        .lines()
        .filter_map(|line| line.split("said=\"").nth(1)?.split('"').next());
    let said: Vec<&str> = said.collect();
    assert!(
        operators().contains(&format!("(`said`: {})", said.join(", "))),
        "{said:?}"
    );
}

#[test]
fn what_the_administrator_asks_is_not_counted_as_mail() {
    let program = Program::new();
    let sidecar = Sidecar::start(&program, &["--resolver", "127.0.0.1:1", "--patience", "1s"]);
    assert_eq!(sidecar.ask("postfix .test"), "NOTFOUND ");
    let told = query(&program, &["corp.test"]);
    assert!(told.stdout.starts_with("corp.test: "), "{}", told.stderr);
    let text = page(&program, "/metrics");
    let answers: u64 = text
        .lines()
        .filter(|line| line.starts_with("stickler_answers_total{"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum();
    assert_eq!(answers, 1, "{text}");
}

#[test]
fn sockets_that_somebody_else_has_bound_are_taken_over() {
    let program = Program::new();
    let bound = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = bound.local_addr().unwrap().to_string();
    let mut command = std::process::Command::new("sh");
    command
        .args([
            "-c",
            "exec env LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=socketmap \"$0\" serve --http none --resolver 127.0.0.1:1 3<&0 </dev/null",
        ])
        .arg(assert_cmd::cargo::cargo_bin!("stickler"))
        .stdin(Stdio::from(OwnedFd::from(bound)));
    let sidecar = Sidecar::spawn(&program, &mut command);
    assert_eq!(sidecar.socketmap, address);
    assert_eq!(sidecar.ask("postfix .test"), "NOTFOUND ");
}

#[test]
fn requests_behind_one_that_waits_are_looked_up_meanwhile() {
    let program = Program::new();
    // A resolver that is asked and never answers.
    let resolver = UdpSocket::bind("127.0.0.1:0").unwrap();
    resolver.set_read_timeout(Some(PATIENCE)).unwrap();
    let at = resolver.local_addr().unwrap().to_string();
    let sidecar = Sidecar::start(
        &program,
        &["--resolver", &at, "--patience", "10m", "--timeout", "5m"],
    );
    let mut stream = sidecar.connect();
    write!(stream, "14:postfix a.test,14:postfix b.test,").unwrap();
    let mut missing = BTreeSet::from([
        &b"\x08_mta-sts\x01a\x04test"[..],
        b"\x08_mta-sts\x01b\x04test",
    ]);
    while !missing.is_empty() {
        let mut octets = [0; 512];
        let (length, _) = resolver.recv_from(&mut octets).expect("both are asked for");
        let question = octets[..length].to_ascii_lowercase();
        missing.retain(|name| !question.windows(name.len()).any(|part| part == *name));
    }
}

#[test]
fn what_cannot_be_served_is_refused_at_the_start() {
    let program = Program::new();
    program.write("damaged", b"SQLite format 3\0 and then nothing of the kind");
    program.write("stranger", b"no database at all");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (words, fragment) in [
        (
            &["--socketmap", "0.0.0.0:0"][..],
            "0.0.0.0:0 can be reached by other hosts",
        ),
        (
            &["--http", "192.0.2.1:1"],
            "192.0.2.1:1 can be reached by other hosts",
        ),
        (&["--socketmap", &taken], "cannot listen at 127.0.0.1:"),
        (
            &["--socketmap", "localhost"],
            "listen at an address with a port",
        ),
        (
            &["--state", "stranger", "--check-config"],
            "it is no SQLite database",
        ),
        (
            &["--state", "stranger"],
            "--state stranger: `stranger` is not a store of stickler: it is no SQLite database",
        ),
        (&["--state", "damaged"], "damaged"),
        (&["--state", "damaged", "--check-config"], "damaged"),
        (&["--salt", "a b}"], "--salt"),
        (&["--ca-file", "none.pem"], "--ca-file"),
    ] {
        let all = [
            &[
                "serve",
                "--resolver",
                "127.0.0.1:1",
                "--socketmap",
                "127.0.0.1:0",
            ],
            words,
        ]
        .concat();
        program
            .run(&all)
            .check(2, &[&format!("!{fragment}")], &words);
    }
    let good = [
        "serve",
        "--check-config",
        "--state",
        "state",
        "--resolver",
        "127.0.0.1:1",
    ];
    program
        .run(&good)
        .check(0, &["!the configuration can be used"], &"a good one");
    assert!(!program.names().contains(&"state".to_owned()));
}
