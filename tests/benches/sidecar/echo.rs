//! The bare echo: the same frames, one answer to everything, on the same runtime.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Serves until it is killed: the answer comes in the first line of standard input, the port goes to standard output.
pub(crate) fn run() {
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .expect("the answer comes first");
    let answer = answer.trim_end_matches('\n');
    let framed = format!("{}:{answer},", answer.len()).into_bytes();
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        println!("{}", listener.local_addr().expect("it is bound"));
        let mut tasks = tokio::task::JoinSet::new();
        while let Ok((stream, _peer)) = listener.accept().await {
            stream.set_nodelay(true).expect("it is a socket");
            tasks.spawn(echo(stream, framed.clone()));
        }
    });
}

/// Answers each frame, as they come.
async fn echo(mut stream: TcpStream, framed: Vec<u8>) {
    let mut octets = Vec::new();
    let mut buffer = [0; 4_096];
    let mut answers = Vec::new();
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        octets.extend(buffer.iter().take(length));
        let mut taken = 0;
        while let Some(end) = frame_end(octets.get(taken..).unwrap_or_default()) {
            taken += end;
            answers.extend_from_slice(&framed);
        }
        octets.drain(..taken);
        if stream.write_all(&answers).await.is_err() {
            return;
        }
        answers.clear();
    }
}

/// Returns where the first frame ends; `None` if not all of it is there.
pub(crate) fn frame_end(octets: &[u8]) -> Option<usize> {
    let colon = octets.iter().position(|octet| *octet == b':')?;
    let digits = std::str::from_utf8(octets.get(..colon)?).ok()?;
    let end = colon + 1 + digits.parse::<usize>().ok()? + 1;
    (octets.len() >= end).then_some(end)
}
