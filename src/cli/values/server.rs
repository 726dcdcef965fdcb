//! Where a mail server takes mail.

use std::net::SocketAddr;
use std::str::FromStr;

/// What a mail server's address begins with.
const SCHEME: &str = "smtp://";

/// Where a mail server takes mail: `smtp://ADDR:PORT`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ServerUrl(pub SocketAddr);

impl ServerUrl {
    /// Returns whether a text is meant as one.
    #[must_use]
    pub fn is_meant_by(text: &str) -> bool {
        text.starts_with(SCHEME)
    }
}

impl FromStr for ServerUrl {
    type Err = ServerUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let server = text.strip_prefix(SCHEME).ok_or(ServerUrlError)?;
        let server = server.strip_suffix('/').unwrap_or(server);
        server
            .parse()
            .map(Self)
            .map_err(|_no_socket| ServerUrlError)
    }
}

/// A text that does not say where a mail server takes mail.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "a mail server is an address with a port, as in smtp://127.0.0.1:25 or smtp://[::1]:25, not a name"
)]
pub struct ServerUrlError;

#[cfg(test)]
mod tests {
    use super::ServerUrl;

    #[test]
    fn a_mail_server_is_an_address_with_a_port() {
        for (text, expected) in [
            ("smtp://127.0.0.1:25", Some("127.0.0.1:25")),
            ("smtp://127.0.0.1:2525/", Some("127.0.0.1:2525")),
            ("smtp://[::1]:25", Some("[::1]:25")),
            ("smtp://127.0.0.1", None),
            ("smtp://localhost:25", None),
            ("127.0.0.1:25", None),
            ("smtps://127.0.0.1:465", None),
        ] {
            let expected = expected.map(|socket| ServerUrl(socket.parse().unwrap()));
            assert_eq!(text.parse().ok(), expected, "{text}");
        }
    }
}
