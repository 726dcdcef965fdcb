//! What reached the fake servers.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Something that reached a server. It is recorded before the server answers, so a client that has the answer finds
/// the request in the history. Connections to closed and blackholed ports leave no trace.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Request {
    /// A DNS question.
    Question {
        /// The resolver that was asked; `None` is the one that everybody has.
        view: Option<String>,
        /// The name, in lower case, without the final dot.
        name: String,
        /// The type, as `MX` or `TYPE65280`.
        record_type: String,
        /// How it came.
        transport: Transport,
    },
    /// A connection to an HTTPS server.
    HttpsConnect {
        /// The server's address.
        address: IpAddr,
    },
    /// The beginning of a TLS handshake with an HTTPS server.
    HttpsHandshake {
        /// The server's address.
        address: IpAddr,
        /// The name that the client asked for.
        sni: Option<String>,
    },
    /// An HTTPS request.
    Get {
        /// The server's address.
        address: IpAddr,
        /// The method; usually, as the name says, `GET`.
        method: String,
        /// The name in `Host`, in lower case, without a port; empty if there was none.
        host: String,
        /// The request target.
        path: String,
        /// The name that the client asked for in the handshake.
        sni: Option<String>,
        /// The version of TLS, as `TLSv1.3`.
        tls: String,
        /// The header `User-Agent`.
        user_agent: Option<String>,
    },
    /// A connection to an address that no state has declared and no DNS answer gave (see
    /// [`World::elsewhere`](super::World::elsewhere)).
    StrayConnect,
    /// A connection to an SMTP receiver.
    SmtpConnect {
        /// The receiver's name; empty if no receiver has this address any more.
        server: String,
        /// The receiver's address.
        address: IpAddr,
    },
    /// The beginning of a TLS handshake with an SMTP receiver.
    SmtpHandshake {
        /// The receiver's name.
        server: String,
        /// The receiver's address.
        address: IpAddr,
        /// The name that the client asked for.
        sni: Option<String>,
    },
    /// A message that an SMTP receiver accepted.
    SmtpReceived {
        /// The receiver's name.
        server: String,
        /// The receiver's address.
        address: IpAddr,
        /// The version of TLS, as `TLSv1.3`; `None` is clear text.
        tls: Option<String>,
        /// The client's name in EHLO or HELO.
        helo: String,
        /// The envelope sender; empty is the null sender.
        mail_from: String,
        /// The envelope recipients.
        rcpt_to: Vec<String>,
        /// The message, dots no longer doubled.
        #[serde(with = "text")]
        data: Vec<u8>,
    },
}

/// A message's octets as text, which those of mail are as a rule; what is not UTF-8 is not told.
mod text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        octets: &[u8],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(octets))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        Ok(String::deserialize(deserializer)?.into_bytes())
    }
}

/// How a DNS question came.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Over TCP.
    Tcp,
    /// Over UDP.
    Udp,
}

/// The requests of one world, in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct History(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    requests: Vec<Request>,
    unannounced: Vec<Request>,
}

impl History {
    /// Records a request that the state has an answer for.
    pub(super) fn record(&self, request: Request) {
        self.entries().requests.push(request);
    }

    /// Records a request that nobody declared.
    pub(super) fn record_unannounced(&self, request: Request) {
        let mut entries = self.entries();
        entries.requests.push(request.clone());
        entries.unannounced.push(request);
    }

    /// Records that an announced request led to what nobody declared.
    pub(super) fn mark_unannounced(&self, request: Request) {
        self.entries().unannounced.push(request);
    }

    /// Takes the requests since the last call.
    pub(super) fn drain(&self) -> Vec<Request> {
        std::mem::take(&mut self.entries().requests)
    }

    /// Returns the unannounced requests since the start.
    pub(super) fn unannounced(&self) -> Vec<Request> {
        self.entries().unannounced.clone()
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Entries> {
        // A list is whole whenever the lock is free: a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
