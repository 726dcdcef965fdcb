//! A mail server under test, by the port of its adapter.
//!
//! | request | what the adapter does |
//! |---|---|
//! | `GET /health` | `200` once the mail server takes mail |
//! | `POST /send?to=ADDRESS` | hands over a message |
//! | `POST /flush` | runs the queue |
//! | `GET /words` | gives what the mail server's log says of its messages: a list of [`Word`]s |

use std::io;
use std::net::SocketAddr;

use serde::Deserialize;

use super::exchange::exchange;

/// A mail server under test.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mta {
    /// Its name.
    pub name: Box<str>,
    /// Whether it is to be held to policies.
    pub kind: MtaKind,
    /// Where its adapter listens.
    pub adapter: SocketAddr,
}

/// What a mail server under test is expected to know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MtaKind {
    /// MTA-STS: it plays the story's sender of class `strict`.
    Strict,
    /// Nothing of it: it plays the sender of class `no-sts`.
    Lenient,
}

/// What a log says of a message, once.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(super) struct Word {
    /// The recipient.
    pub(super) to: String,
    /// What became of it.
    pub(super) result: WordResult,
    /// What the log says besides.
    pub(super) why: Box<str>,
}

/// What became of a message by the word of its log.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WordResult {
    /// It went out over TLS to a host whose certificate was found good.
    Protected,
    /// It went out without that.
    Open,
    /// It waits.
    Deferred,
    /// It went back.
    Bounced,
}

impl Mta {
    pub(super) async fn send(&self, to: &str) -> io::Result<()> {
        self.post(&format!("/send?to={to}")).await
    }

    pub(super) async fn flush(&self) -> io::Result<()> {
        self.post("/flush").await
    }

    pub(super) async fn words(&self) -> io::Result<Vec<Word>> {
        let words = exchange(self.adapter, "GET", "/words", b"").await?;
        Ok(serde_json::from_slice(&words)?)
    }

    async fn post(&self, target: &str) -> io::Result<()> {
        exchange(self.adapter, "POST", target, b"").await.map(drop)
    }
}
