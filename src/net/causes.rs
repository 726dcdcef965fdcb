//! Reads the chains of causes that libraries wrap around what really happened.

use std::error::Error;
use std::io;

use rustls::InvalidMessage;

use super::tls::to_alert;

/// The longest text of a cause chain that is kept, in characters.
const MAX_DETAIL_CHARS: usize = 400;

/// An error and what caused it, outermost first.
///
/// The error inside an [`io::Error`] is visited too: its `source` skips it, and `rustls::Error` sits there.
pub(super) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// Finds the first cause of one type.
pub(super) fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// Writes the chain as one line, leaving out what an outer cause has already said.
pub(super) fn describe(error: &(dyn Error + 'static)) -> Box<str> {
    join(causes(error).filter(speaks_for_itself).map(in_words))
}

/// Returns whether an error says something of its own: one of input and output says what the error inside it says.
fn speaks_for_itself(error: &&(dyn Error + 'static)) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_none_or(|error| error.get_ref().is_none())
}

/// As [`describe`], for a fetch: without what reqwest and its connector wrap around each cause, the URL that
/// every reader has, and where in the client it happened.
pub(super) fn describe_fetch(error: &reqwest::Error) -> Box<str> {
    let inner = join(
        causes(error)
            .filter(|cause| !cause.is::<reqwest::Error>())
            .filter(speaks_for_itself)
            .map(in_words)
            .filter(|cause| !cause.starts_with("client error (")),
    );
    if inner.is_empty() {
        describe(error)
    } else {
        inner
    }
}

/// Says what an error says, and where a limit was met which limit that is.
fn in_words(error: &(dyn Error + 'static)) -> String {
    if let Some(error) = error.downcast_ref::<io::Error>()
        && SocketFault::of(error) == SocketFault::Exhausted
    {
        return "too many open files: raise `ulimit -n`, or lower --jobs".to_owned();
    }
    if let Some(rustls::Error::InvalidMessage(
        InvalidMessage::HandshakePayloadTooLarge | InvalidMessage::CertificatePayloadTooLarge,
    )) = error.downcast_ref()
    {
        return "the server's certificates have more than 64 KiB, which is all that this client takes".to_owned();
    }
    if let Some(rustls::Error::AlertReceived(alert)) = error.downcast_ref() {
        return format!("TLS alert {}", to_alert(*alert));
    }
    if is_head_too_large(error) {
        return "more than 100 headers, or 400 kB of them".to_owned();
    }
    error.to_string()
}

/// Returns whether this is hyper's word for a head over its limits, which it has no method for in a client.
pub(super) fn is_head_too_large(error: &(dyn Error + 'static)) -> bool {
    error
        .downcast_ref::<hyper::Error>()
        .is_some_and(|error| error.is_parse() && error.to_string() == "message head is too large")
}

/// Joins causes, without what says nothing to those who did not write the library: the error's number beside its
/// name, where a manual explains it, that it was TCP which could not connect.
fn join(causes: impl Iterator<Item = String>) -> Box<str> {
    let mut text = String::new();
    for cause in causes {
        let cause = without_number(without_manual(&cause));
        if cause == "tcp connect error" {
            continue;
        }
        if !text.contains(cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(cause);
        }
    }
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_DETAIL_CHARS)
        .collect()
}

fn without_manual(cause: &str) -> &str {
    cause
        .split_once(": https://docs.rs/")
        .map_or(cause, |(said, _url)| said)
}

fn without_number(cause: &str) -> &str {
    cause
        .strip_suffix(')')
        .and_then(|cause| cause.rsplit_once(" (os error "))
        .filter(|(_, number)| number.bytes().all(|octet| octet.is_ascii_digit()))
        .map_or(cause, |(said, _number)| said)
}

/// What an error of a socket says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum SocketFault {
    /// The peer ended the connection properly.
    Closed,
    /// Nobody listens there.
    Refused,
    /// The peer, or something between, broke the connection.
    Reset,
    /// The system gave up waiting.
    TimedOut,
    /// This process, or this host, has no file descriptor left.
    Exhausted,
    /// Nothing left this host: no route, no permission, no address family, no free port.
    Local,
}

impl SocketFault {
    /// Finds the first error of a socket in a chain that says more than that something failed.
    pub(super) fn find(error: &(dyn Error + 'static)) -> Option<Self> {
        let faults = || causes(error).filter_map(|cause| cause.downcast_ref().map(Self::of));
        faults()
            .find(|fault| *fault != Self::Local)
            .or_else(|| faults().next())
    }

    pub(super) fn of(error: &io::Error) -> Self {
        // EMFILE and ENFILE, which the standard library has no kind for.
        if matches!(error.raw_os_error(), Some(23 | 24)) {
            return Self::Exhausted;
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Self::Reset,
            io::ErrorKind::UnexpectedEof => Self::Closed,
            io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Local,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{SocketFault, describe, find};

    #[test]
    fn an_error_inside_an_io_error_is_found() {
        let inner = rustls::Error::HandshakeNotComplete;
        let error = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, inner.clone()));
        assert_eq!(find::<rustls::Error>(&error), Some(&inner));
        assert_eq!(&*describe(&error), "handshake not complete");
        assert!(find::<SilentError>(&error).is_none());
    }

    #[test]
    fn the_telling_error_of_a_socket_is_found() {
        let eof = io::Error::new(io::ErrorKind::UnexpectedEof, "handshake eof");
        let wrapped = io::Error::other(eof);
        assert_eq!(SocketFault::find(&wrapped), Some(SocketFault::Closed));
        let plain = io::Error::other("odd");
        assert_eq!(SocketFault::find(&plain), Some(SocketFault::Local));
        assert_eq!(SocketFault::find(&SilentError), None);
    }

    #[derive(Debug, thiserror::Error)]
    #[error("silent")]
    struct SilentError;

    #[test]
    fn a_description_is_one_short_line() {
        let error = io::Error::other(format!("a\r\nb{}", "c".repeat(10_000)));
        let text = describe(&error);
        assert_eq!(text.chars().count(), 400);
        assert!(text.starts_with("a  bc"));
    }

    #[test]
    fn a_description_leaves_out_numbers_and_manuals() {
        let unexpected_eof =
            "peer closed connection without sending TLS close_notify: https://docs.rs/rustls/x";
        for (error, expected) in [
            (io::Error::from_raw_os_error(111), "Connection refused"),
            (
                io::Error::new(io::ErrorKind::UnexpectedEof, unexpected_eof),
                "peer closed connection without sending TLS close_notify",
            ),
            (io::Error::other("odd (os error x)"), "odd (os error x)"),
            (
                io::Error::other(rustls::Error::AlertReceived(
                    rustls::AlertDescription::UnrecognisedName,
                )),
                "TLS alert unrecognized_name",
            ),
        ] {
            assert_eq!(&*describe(&error), expected);
        }
    }

    #[test]
    fn errors_of_the_system_are_told_apart() {
        for (errno, expected) in [
            (111, SocketFault::Refused),
            (104, SocketFault::Reset),
            (32, SocketFault::Reset),
            (110, SocketFault::TimedOut),
            (24, SocketFault::Exhausted),
            (23, SocketFault::Exhausted),
            (101, SocketFault::Local),
            (113, SocketFault::Local),
            (97, SocketFault::Local),
            (13, SocketFault::Local),
            (99, SocketFault::Local),
        ] {
            let error = io::Error::from_raw_os_error(errno);
            assert_eq!(SocketFault::of(&error), expected, "{error}");
        }
    }
}
