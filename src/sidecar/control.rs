//! The control socket: for the administrator of this host, one line asks, JSON lines answer.
//!
//! ```text
//! query example.com mx1.example.com
//! {"schema":"stickler/query/1",…}
//! ```
//!
//! | line | answer |
//! |---|---|
//! | `query DOMAIN [MX]` | what holds for a domain, and why |
//! | `alive` | `{"alive":true}` |
//! | `dump` | the same of every domain in memory, a line each |
//! | `forget DOMAIN` | `{"forgotten":true}`, or false where nothing was held |
//!
//! What cannot be done is answered with `{"error":"…"}`.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::sync::watch;
use tokio::time::timeout;

use super::desk::Desk;
use super::explain::explain;
use super::listen::Serve;
use crate::facts::DnsName;
use crate::sender::Network;

/// The longest line, in octets.
const MAX_LINE_OCTETS: u64 = 4_096;

/// How long a line may take to arrive, and an answer to be taken.
const STEP: Duration = Duration::from_secs(10);

/// A question of the administrator.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Command {
    /// Whether somebody answers.
    Alive,
    /// What is in memory.
    Dump,
    /// To forget a domain.
    Forget(DnsName),
    /// What holds for a domain, and what its policy says of an MX host.
    Query(DnsName, Option<DnsName>),
}

impl Command {
    /// Reads a line.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(line: &str) -> Result<Self, String> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let name = |text: &str| {
            text.parse()
                .map_err(|error| format!("`{text}` is no domain: {error}"))
        };
        match words.as_slice() {
            ["alive"] => Ok(Self::Alive),
            ["dump"] => Ok(Self::Dump),
            ["forget", domain] => Ok(Self::Forget(name(domain)?)),
            ["query", domain] => Ok(Self::Query(name(domain)?, None)),
            ["query", domain, mx] => Ok(Self::Query(name(domain)?, Some(name(mx)?))),
            _ => Err("there are: query DOMAIN [MX], alive, dump, forget DOMAIN".to_owned()),
        }
    }
}

/// Talks to the administrator.
#[derive(Debug)]
pub struct Control<N>(pub Arc<Desk<N>>);

impl<N: Network + Send + 'static> Control<N> {
    /// Carries out a command and gives each line of the answer to `write`.
    async fn answer<W: AsyncWrite + Unpin>(
        &self,
        command: Command,
        stream: &mut W,
    ) -> std::io::Result<()> {
        let desk = self.0.uncounted();
        let keeper = desk.keeper();
        match command {
            Command::Alive => {
                let answer = serde_json::json!({ "alive": true });
                write(stream, &answer.to_string()).await
            }
            Command::Query(domain, mx) => {
                let told = explain(&desk, &domain, mx.as_ref()).await;
                write(stream, &json(&told)).await
            }
            Command::Dump => {
                let mut domains = keeper.domains();
                domains.sort();
                for domain in domains {
                    // What was forgotten since is not looked up anew.
                    if keeper
                        .inspect(&domain)
                        .is_some_and(|found| found.standing.is_some())
                    {
                        let told = explain(&desk, &domain, None).await;
                        write(stream, &json(&told)).await?;
                    }
                }
                Ok(())
            }
            Command::Forget(domain) => {
                let answer = match keeper.forget(&domain).await {
                    Ok(forgotten) => {
                        if forgotten {
                            tracing::info!(%domain, "forgotten at the administrator's word");
                        }
                        serde_json::json!({ "forgotten": forgotten })
                    }
                    Err(error) => failure(&error.to_string()),
                };
                write(stream, &answer.to_string()).await
            }
        }
    }
}

fn failure(error: &str) -> serde_json::Value {
    serde_json::json!({ "error": error })
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| failure(&error.to_string()).to_string())
}

async fn write<W: AsyncWrite + Unpin>(stream: &mut W, line: &str) -> std::io::Result<()> {
    let line = format!("{line}\n");
    match timeout(STEP, stream.write_all(line.as_bytes())).await {
        Ok(written) => written,
        Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
    }
}

impl<N: Network + Send + 'static> Serve for Control<N> {
    async fn serve<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
        self: Arc<Self>,
        stream: S,
        _ends: watch::Receiver<bool>,
    ) {
        let (read, mut stream) = tokio::io::split(stream);
        let mut line = String::new();
        let mut read = BufReader::new(read.take(MAX_LINE_OCTETS));
        let Ok(Ok(1..)) = timeout(STEP, read.read_line(&mut line)).await else {
            return;
        };
        let done = match Command::parse(&line) {
            Ok(command) => self.answer(command, &mut stream).await,
            Err(error) => write(&mut stream, &failure(&error).to_string()).await,
        };
        // A client that went away does not miss the answer.
        let _gone = done.and(stream.shutdown().await);
    }
}

#[cfg(test)]
mod tests {
    use super::Command;

    #[test]
    fn commands_are_read_from_lines() {
        let name = |text: &str| text.parse().unwrap();
        for (line, expected) in [
            ("alive\n", Some(Command::Alive)),
            ("dump\n", Some(Command::Dump)),
            (
                "query Corp.test\n",
                Some(Command::Query(name("corp.test"), None)),
            ),
            (
                "query corp.test mx.corp.test",
                Some(Command::Query(
                    name("corp.test"),
                    Some(name("mx.corp.test")),
                )),
            ),
            (
                "forget corp.test\n",
                Some(Command::Forget(name("corp.test"))),
            ),
            ("", None),
            ("query", None),
            ("query a..b", None),
            ("forget", None),
            ("QUERY corp.test", None),
        ] {
            assert_eq!(Command::parse(line).ok(), expected, "{line:?}");
        }
    }
}
