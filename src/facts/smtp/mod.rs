//! What an MX host answered.

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::DnsName;
use super::certificate::PeerCertificate;
use super::tls::{Alert, AlertReceived};

/// What a sender asks of one SMTP session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SmtpRequest {
    /// The MX host: the name in the MX record, also for SNI (RFC 8461, Section 7.1).
    pub host: DnsName,
    /// The address to connect to, as the DNS gave it.
    pub address: IpAddr,
    /// What TLS is for in this session.
    pub tls: TlsUse,
    /// The message to deliver; `None` ends the session after the second EHLO.
    pub message: Option<Message>,
}

/// The port of an MX host or a smart host: 25 unless set otherwise.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SmtpPort(pub u16);

impl Default for SmtpPort {
    fn default() -> Self {
        Self(25)
    }
}

impl fmt::Display for SmtpPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What TLS is for in a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TlsUse {
    /// TLS if offered, whatever the certificate; a message goes in clear text if TLS is not offered or fails.
    Opportunistic,
    /// A certificate with a fault ends the handshake, and nothing is ever sent in clear text.
    Verified,
}

/// A message to deliver.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// The envelope sender; `None` is the null sender, `<>`.
    pub mail_from: Option<Box<str>>,
    /// The envelope recipient.
    pub rcpt_to: Box<str>,
    /// The message, headers and body, lines ended by CR LF, dots not yet doubled.
    pub content: Box<[u8]>,
}

/// One SMTP session with one address of an MX host, as far as it got.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SmtpExchange {
    /// The MX host.
    pub host: DnsName,
    /// The address spoken to, as the DNS gave it.
    pub address: IpAddr,
    /// The greeting.
    pub greeting: Option<Reply>,
    /// The reply to the first EHLO.
    pub ehlo: Option<Reply>,
    /// The reply to STARTTLS; `None` if it was not asked for, for want of an offer or because the session
    /// ended before.
    pub starttls: Option<Reply>,
    /// Whether octets came after the reply to STARTTLS and before the handshake: somebody tried to have
    /// them believed (RFC 3207, Section 6; the session ends there).
    pub injected: Option<Box<[u8]>>,
    /// What is known of TLS; `None` if no handshake began.
    pub tls: Option<TlsExchange>,
    /// The reply to EHLO inside TLS.
    pub ehlo_after_tls: Option<Reply>,
    /// What became of the message; `None` if there was none or it was not begun.
    pub delivery: Option<MessageExchange>,
    /// What ended the session before its time; `None` if it went as asked, refusals in replies included.
    pub failure: Option<SmtpFailure>,
    /// The lines of the session in order, at most [`SmtpExchange::MAX_TRANSCRIPT`] of them and
    /// [`SmtpExchange::MAX_TRANSCRIPT_OCTETS`] of text; what is said after that is not kept.
    pub transcript: Vec<TranscriptLine>,
}

impl SmtpExchange {
    /// Returns whether the address answered the connection, were it with a refusal.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.failure.as_ref().is_none_or(SmtpFailure::is_answer)
    }

    /// The longest transcript that is kept, in lines.
    pub const MAX_TRANSCRIPT: usize = 512;

    /// The longest transcript that is kept, in octets of text. With four replies of 16 KiB it bounds a session
    /// without a message to 128 KiB, its certificates aside.
    pub const MAX_TRANSCRIPT_OCTETS: usize = 65_536;

    /// Returns the certificate that was presented, if a handshake got there.
    #[must_use]
    pub fn certificate(&self) -> Option<&PeerCertificate> {
        self.tls.as_ref().and_then(|tls| tls.certificate.as_ref())
    }

    /// Starts an empty exchange: nothing has been seen yet.
    #[must_use]
    pub const fn new(host: DnsName, address: IpAddr) -> Self {
        Self {
            host,
            address,
            greeting: None,
            ehlo: None,
            starttls: None,
            injected: None,
            tls: None,
            ehlo_after_tls: None,
            delivery: None,
            failure: None,
            transcript: Vec::new(),
        }
    }

    /// Makes an exchange that never began: no connection was made.
    #[must_use]
    pub fn without_connection(
        request: &SmtpRequest,
        kind: SmtpFailureKind,
        detail: Box<str>,
    ) -> Self {
        let mut exchange = Self::new(request.host.clone(), request.address);
        exchange.failure = Some(SmtpFailure {
            kind,
            during: SmtpStep::Connect,
            detail,
        });
        exchange
    }

    /// Returns whether the reply to the first EHLO offers STARTTLS.
    #[must_use]
    pub fn offers_starttls(&self) -> bool {
        self.ehlo
            .as_ref()
            .is_some_and(|reply| reply.has_keyword("STARTTLS"))
    }

    /// Returns whether the host does not know EHLO, so that it has no extensions, and clients fall back to
    /// HELO ([RFC 5321, Section 3.2]: "command not recognized", 500 or 502).
    ///
    /// [RFC 5321, Section 3.2]: https://www.rfc-editor.org/rfc/rfc5321#section-3.2
    #[must_use]
    pub fn lacks_ehlo(&self) -> bool {
        self.ehlo
            .as_ref()
            .is_some_and(|reply| matches!(reply.code, 500 | 502))
    }
}

/// A TLS handshake inside SMTP.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsExchange {
    /// The certificate presented, accepted or refused; `None` if the handshake did not get there.
    pub certificate: Option<PeerCertificate>,
    /// What came of it.
    pub outcome: Result<TlsSession, TlsFailure>,
}

/// An established TLS session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsSession {
    /// The version, as `TLSv1.2` or `TLSv1.3`.
    pub version: Box<str>,
    /// The cipher suite, by its IANA name.
    pub cipher_suite: Box<str>,
    /// The group of the key exchange, by its IANA name; `None` if that is not known.
    pub key_exchange: Option<Box<str>>,
}

/// Why a handshake failed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsFailure {
    /// What kind of failure.
    pub kind: TlsFailureKind,
    /// The cause chain.
    pub detail: Box<str>,
}

/// The kinds of failed handshake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TlsFailureKind {
    /// The peer sent an alert, other than `protocol_version`.
    Alert(AlertReceived),
    /// We refused the certificate; its faults stand beside it.
    CertificateRefused,
    /// The peer closed the connection in the middle, without a word.
    Closed,
    /// It may be no more than that we have no version, cipher suite or size of messages in common.
    NoCommonParameters,
    /// The peer proved that it speaks no version from 1.2 on.
    OldVersion,
    /// The peer broke the TLS protocol, or speaks something else.
    Protocol,
    /// The connection was reset.
    Reset,
    /// The handshake did not end in time.
    TimedOut,
}

impl fmt::Display for TlsFailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alert(received) => return received.fmt(f),
            Self::CertificateRefused => "certificate refused",
            Self::Closed => "connection closed during the handshake",
            Self::NoCommonParameters => "no TLS parameters in common",
            Self::OldVersion => "server speaks no TLS version from 1.2 on",
            Self::Protocol => "not a valid TLS handshake",
            Self::Reset => "connection reset during the handshake",
            Self::TimedOut => "handshake not finished in time",
        })
    }
}

/// A reply: its code and the text of its lines.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// The text of each line after the code and its separator; octets beyond ASCII are replaced.
    pub lines: Vec<Box<str>>,
}

impl Reply {
    /// Returns whether the code is of the class that `first_digit` names (2, 4, 5).
    #[must_use]
    pub const fn is_class(&self, first_digit: u16) -> bool {
        self.code / 100 == first_digit
    }

    /// Returns whether a line after the first begins with an EHLO keyword, in any case.
    #[must_use]
    pub fn has_keyword(&self, keyword: &str) -> bool {
        self.lines.iter().skip(1).any(|line| {
            line.split_ascii_whitespace()
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case(keyword))
        })
    }
}

impl fmt::Display for Reply {
    /// Writes the code and the first line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lines.first() {
            Some(text) if !text.is_empty() => write!(f, "{} {text}", self.code),
            _ => write!(f, "{}", self.code),
        }
    }
}

/// What became of a message; a reply that is missing was not reached.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MessageExchange {
    /// The reply to MAIL.
    pub mail: Option<Reply>,
    /// The reply to RCPT.
    pub rcpt: Option<Reply>,
    /// The reply to DATA.
    pub data: Option<Reply>,
    /// The reply to the final dot: a 2xx here is the receiver's promise.
    pub end_of_data: Option<Reply>,
}

impl MessageExchange {
    /// Returns the last reply, which decided the message's fate.
    #[must_use]
    pub fn decisive(&self) -> Option<&Reply> {
        self.end_of_data
            .as_ref()
            .or(self.data.as_ref())
            .or(self.rcpt.as_ref())
            .or(self.mail.as_ref())
    }

    /// Returns whether the receiver took the message.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        self.end_of_data
            .as_ref()
            .is_some_and(|reply| reply.is_class(2))
    }
}

/// What ended a session before its time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SmtpFailure {
    /// What kind of failure.
    pub kind: SmtpFailureKind,
    /// What was waited for.
    pub during: SmtpStep,
    /// The cause chain.
    pub detail: Box<str>,
}

impl SmtpFailure {
    /// Returns whether the address answered before: a connection was made, or it was refused.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        self.during != SmtpStep::Connect || self.kind == SmtpFailureKind::Refused
    }

    /// Returns whether no SYN was answered.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        self.during == SmtpStep::Connect && self.kind == SmtpFailureKind::TimedOut
    }

    /// Returns whether the failure may lie on our side: another vantage might have got an answer.
    ///
    /// Before its greeting a server knows nothing of a client but the address, so one that hangs up, breaks the
    /// connection or says something else there may be turning this address away; one that does so in the place of
    /// an answer to EHLO, the name. That the connection itself was refused holds for everybody.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        match (self.kind, self.during) {
            (SmtpFailureKind::Protocol, SmtpStep::Greeting)
            | (
                SmtpFailureKind::Closed | SmtpFailureKind::Reset,
                SmtpStep::Greeting | SmtpStep::Ehlo,
            ) => true,
            (kind, _) => kind.is_ours(),
        }
    }
}

impl fmt::Display for SmtpFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} during {}", self.kind, self.during)?;
        if self.detail.is_empty() || self.detail.eq_ignore_ascii_case(&self.kind.to_string()) {
            Ok(())
        } else {
            write!(f, " ({})", self.detail)
        }
    }
}

/// The kinds of failure below SMTP. A failed handshake stands in [`TlsExchange`] instead.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SmtpFailureKind {
    /// The peer sent a TLS alert after the handshake, as one does that wants a certificate of the client.
    Alert(Alert),
    /// The peer closed the connection.
    Closed,
    /// An option excludes addresses of this family: nothing left this host.
    FamilyOff,
    /// We gave up before the connection was made, for want of time or because the run was stopped: nothing was
    /// learnt.
    GivenUp,
    /// The peer's octets are no SMTP reply.
    Protocol,
    /// Nobody was to speak to MX hosts: nothing left this host.
    NotAsked,
    /// The address is not one of the Internet at large, so nobody connected to it: see
    /// [`special_purpose`](super::special::special_purpose).
    NotGlobal,
    /// The address means the machine that connects, whichever it is: loopback, or unspecified.
    OwnAddress,
    /// The connection was refused (RST).
    Refused,
    /// The connection was reset after it was made.
    Reset,
    /// No answer in time.
    TimedOut,
    /// A reply is longer than this client takes; another may take more.
    TooLong,
    /// No route, no permission, no address family: nothing left this host.
    Unreachable,
}

impl SmtpFailureKind {
    /// Returns whether nothing left this host, as without IPv6: that says nothing about the address.
    #[must_use]
    pub const fn is_out_of_reach(self) -> bool {
        matches!(self, Self::FamilyOff | Self::Unreachable)
    }

    /// Returns whether the failure may lie on our side, whenever it happens; see [`SmtpFailure::is_ours`].
    #[must_use]
    pub const fn is_ours(self) -> bool {
        match self {
            Self::FamilyOff
            | Self::GivenUp
            | Self::NotAsked
            | Self::NotGlobal
            | Self::TimedOut
            | Self::TooLong
            | Self::Unreachable => true,
            Self::Alert(_)
            | Self::Closed
            | Self::OwnAddress
            | Self::Protocol
            | Self::Refused
            | Self::Reset => false,
        }
    }
}

impl fmt::Display for SmtpFailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alert(alert) => return write!(f, "TLS alert {alert}"),
            Self::Closed => "connection closed",
            Self::FamilyOff => "address family is switched off",
            Self::GivenUp => "given up",
            Self::NotAsked => "not looked at",
            Self::NotGlobal => "special-purpose address, not connected to",
            Self::OwnAddress => "address is the sender's own, never another host's",
            Self::Protocol => "not a valid SMTP reply",
            Self::Refused => "connection refused",
            Self::Reset => "connection reset",
            Self::TimedOut => "no answer in time",
            Self::TooLong => "reply is longer than this client takes",
            Self::Unreachable => "address unreachable from here",
        })
    }
}

/// The steps of a session.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SmtpStep {
    /// The TCP connection.
    Connect,
    /// The greeting.
    Greeting,
    /// The first EHLO.
    Ehlo,
    /// STARTTLS, up to its reply.
    Starttls,
    /// EHLO inside TLS.
    EhloAfterTls,
    /// MAIL, RCPT, DATA and the message.
    Message,
}

impl fmt::Display for SmtpStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connect",
            Self::Greeting => "greeting",
            Self::Ehlo => "EHLO",
            Self::Starttls => "STARTTLS",
            Self::EhloAfterTls => "EHLO after TLS",
            Self::Message => "message",
        })
    }
}

/// One line of a session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TranscriptLine {
    /// How long after the connection was made.
    pub after: Duration,
    /// Who said it.
    pub from: Speaker,
    /// The line without its end, octets beyond printable ASCII replaced.
    pub text: Box<str>,
}

/// Who said a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Speaker {
    /// We, the sender.
    Client,
    /// The MX host.
    Server,
}
