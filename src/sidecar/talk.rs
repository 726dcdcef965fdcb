//! One connection in each protocol: bounded in octets and in time, answered in order.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::timeout;

use super::desk::Desk;
use super::exim::{self, Line};
use super::listen::Serve;
use super::netstring::Decoder;
use crate::sender::Network;

/// How many octets are read at once.
const READ_OCTETS: usize = 4_096;

/// The limits of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The longest request, in octets, without its frame.
    pub request: usize,
    /// How long a connection may stay open without a request. Postfix leaves its own open for up to 100 s.
    pub idle: Duration,
    /// How long a request may take to arrive once it has begun, and an answer to be taken.
    pub step: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request: super::netstring::MAX_REQUEST_OCTETS,
            idle: Duration::from_secs(600),
            step: Duration::from_secs(10),
        }
    }
}

/// Talks to Postfix.
#[derive(Debug)]
pub struct Socketmap<N>(pub Arc<Desk<N>>, pub Limits);

impl<N: Network + Send + 'static> Serve for Socketmap<N> {
    async fn serve<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
        self: Arc<Self>,
        mut stream: S,
        mut ends: watch::Receiver<bool>,
    ) {
        let Self(desk, limits) = &*self;
        let mut decoder = Decoder::new(limits.request);
        let mut buffer = [0; READ_OCTETS];
        let mut replies = Vec::new();
        loop {
            let is_within = decoder.is_within_request();
            let patience = if is_within { limits.step } else { limits.idle };
            let read = tokio::select! {
                biased;
                // What has begun to arrive is answered; else the peer finds the connection closed between two
                // requests, which Postfix does not mind.
                _ = ends.wait_for(|ends| *ends), if !is_within => return,
                read = timeout(patience, stream.read(&mut buffer)) => read,
            };
            let octets = match read {
                Ok(Ok(length @ 1..)) => buffer.get(..length).unwrap_or_default(),
                Ok(Ok(0) | Err(_)) | Err(_) => return,
            };
            let mut requests = decoder.feed(octets);
            loop {
                match requests.next() {
                    Ok(Some(request)) => desk.socketmap(request).await.encode(&mut replies),
                    Ok(None) => break,
                    Err(fault) => {
                        desk.tally().closed.add();
                        tracing::debug!("a connection is closed: {fault}");
                        return;
                    }
                }
            }
            if !replies.is_empty() {
                match timeout(limits.step, stream.write_all(&replies)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) | Err(_) => return,
                }
                replies.clear();
            }
        }
    }
}

/// Talks to Exim: one line, one answer.
#[derive(Debug)]
pub struct Exim<N>(pub Arc<Desk<N>>, pub Limits);

impl<N: Network + Send + 'static> Serve for Exim<N> {
    async fn serve<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
        self: Arc<Self>,
        mut stream: S,
        _ends: watch::Receiver<bool>,
    ) {
        let Self(desk, limits) = &*self;
        let mut line = Line::default();
        let mut buffer = [0; READ_OCTETS];
        let asked = async {
            loop {
                let octets = match stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => return None,
                    Ok(octets) => buffer.get(..octets)?,
                };
                match line.feed(octets) {
                    Ok(Some(key)) => return Some(Ok(key)),
                    Ok(None) => {}
                    Err(fault) => return Some(Err(fault)),
                }
            }
        };
        let answer = match timeout(limits.step, asked).await {
            Ok(Some(Ok(key))) => desk.exim(&key).await,
            Ok(Some(Err(fault))) => {
                desk.tally().closed.add();
                tracing::debug!("a line is not answered: {fault}");
                exim::Answer::NotKnown.to_string()
            }
            Ok(None) | Err(_) => return,
        };
        let said = timeout(limits.step, async {
            stream.write_all(answer.as_bytes()).await?;
            stream.shutdown().await
        });
        // Whoever went away does not miss the answer.
        let _gone = said.await;
    }
}
