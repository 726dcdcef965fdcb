//! What servers suffer on the wire. A fault that is only data (a status, a redirect, a broken body, a wrong
//! record) has no name: it is written out as what the server says.

use super::names::{names, union};

names! {
    /// What becomes of a connection before a byte of the protocol is spoken.
    ListenerFault, "a listener's fault" {
        /// The port is closed: a connection gets RST.
        Refused = "refused",
        /// Packets vanish: a connection is never answered.
        Blackhole = "blackhole",
        /// The connection is accepted, then nothing is ever said.
        Silence = "silence",
        /// The connection is accepted, then reset.
        Reset = "reset",
    }
}

names! {
    /// What a TLS handshake suffers after its `ClientHello`.
    TlsFault, "a handshake's fault" {
        /// The server speaks TLS 1.0 alone.
        Tls10Only = "tls1.0-only",
        /// The server speaks TLS 1.1 alone.
        Tls11Only = "tls1.1-only",
        /// The handshake is answered with the alert `protocol_version`.
        AlertProtocolVersion = "alert-protocol-version",
        /// The handshake is answered with the alert `handshake_failure`.
        AlertHandshakeFailure = "alert-handshake-failure",
        /// The connection is reset in the middle of the handshake.
        HandshakeReset = "handshake-reset",
        /// The connection is closed in the middle of the handshake.
        HandshakeClose = "handshake-close",
        /// The handshake is never answered.
        HandshakeSilence = "handshake-silence",
        /// The handshake is answered with text.
        NotTls = "not-tls",
    }
}

names! {
    /// What an SMTP dialogue suffers.
    DialogueFault, "a dialogue's fault" {
        /// EHLO offers no STARTTLS.
        StarttlsAbsent = "starttls-absent",
        /// Something on the way writes over the offer of STARTTLS and refuses the command.
        StarttlsStripped = "starttls-stripped",
        /// STARTTLS is answered with 454.
        Starttls454 = "starttls-454",
        /// STARTTLS is answered with 554.
        Starttls554 = "starttls-554",
        /// STARTTLS is answered with 250, which is not 220.
        Starttls250 = "starttls-250",
        /// More replies follow the 220 in the same segment: octets that somebody wants believed.
        InjectedSameSegment = "injected-same-segment",
        /// More replies follow the 220 once the handshake has begun.
        InjectedLater = "injected-later",
        /// The greeting is 421.
        Greeting421 = "greeting-421",
        /// The greeting is 554.
        Greeting554 = "greeting-554",
        /// Every reply comes later than any deadline allows.
        Tarpit = "tarpit",
        /// The greeting has a first line at once and its last line late.
        GreetingMultiline = "greeting-multiline",
        /// The greeting is a line that never ends.
        EndlessLine = "endless-line",
        /// The greeting is a reply whose lines never end.
        EndlessReply = "endless-reply",
        /// EHLO is answered with 502.
        Ehlo502 = "ehlo-502",
        /// EHLO is answered with 502 and then nothing is ever said.
        Ehlo502Silence = "ehlo-502-silence",
        /// RCPT is answered with 450 the first time that a sender names a recipient.
        Greylist = "greylist",
        /// RCPT is answered with 550.
        Reject = "reject",
        /// The end of the message is answered with 451.
        MessageDeferred = "message-deferred",
        /// The end of the message is answered with 554.
        MessageRejected = "message-rejected",
    }
}

union! {
    /// What an edge of a policy host suffers on the wire; what it answers is the policy table's affair.
    HttpsFault, "a policy host's fault" {
        /// Before TLS.
        Listener(ListenerFault),
        /// During the handshake.
        Tls(TlsFault),
    }
}

union! {
    /// What an MX host suffers on the wire.
    SmtpFault, "a server's fault" {
        /// Before the greeting.
        Listener(ListenerFault),
        /// During the handshake.
        Tls(TlsFault),
        /// In the dialogue.
        Dialogue(DialogueFault),
    }
}

impl HttpsFault {
    /// Returns the fault that a connection suffers before TLS.
    #[must_use]
    pub const fn listener(self) -> Option<ListenerFault> {
        match self {
            Self::Listener(fault) => Some(fault),
            Self::Tls(_) => None,
        }
    }
}

impl SmtpFault {
    /// Returns the fault that a connection suffers before the greeting.
    #[must_use]
    pub const fn listener(self) -> Option<ListenerFault> {
        match self {
            Self::Listener(fault) => Some(fault),
            Self::Tls(_) | Self::Dialogue(_) => None,
        }
    }
}

impl ListenerFault {
    /// Returns whether no server sees the connection.
    #[must_use]
    pub const fn is_unseen(self) -> bool {
        match self {
            Self::Refused | Self::Blackhole => true,
            Self::Silence | Self::Reset => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DialogueFault, HttpsFault, ListenerFault, SmtpFault, TlsFault};
    use crate::fakes::Named as _;

    /// One list for listeners, one for handshakes, one for dialogues: a server suffers each, an edge the
    /// first two.
    #[test]
    fn a_fault_belongs_to_listener_handshake_or_dialogue() {
        let listener = ListenerFault::ALL.iter().map(|fault| {
            let (fault, name) = (*fault, fault.as_str());
            (name, Some(fault), Some(fault.into()), fault.into())
        });
        let handshake = TlsFault::ALL
            .iter()
            .map(|fault| (fault.as_str(), None, Some((*fault).into()), (*fault).into()));
        let dialogue = DialogueFault::ALL
            .iter()
            .map(|fault| (fault.as_str(), None, None, (*fault).into()));
        let table = listener.chain(handshake).chain(dialogue);
        for (name, listener, of_edge, of_server) in table.clone() {
            let _: (Option<HttpsFault>, SmtpFault) = (of_edge, of_server);
            assert_eq!(name.parse().ok(), of_edge, "{name}");
            assert_eq!(name.parse(), Ok(of_server));
            assert_eq!(of_server.listener(), listener, "{name}");
            assert_eq!(of_edge.and_then(HttpsFault::listener), listener, "{name}");
        }
        assert_eq!(
            HttpsFault::all().count(),
            table.clone().filter_map(|row| row.2).count()
        );
        assert_eq!(SmtpFault::all().count(), table.count());
    }

    #[test]
    fn only_a_connection_that_is_made_is_seen() {
        let unseen = ListenerFault::ALL.iter().filter(|fault| fault.is_unseen());
        assert_eq!(
            unseen.copied().collect::<Vec<_>>(),
            [ListenerFault::Refused, ListenerFault::Blackhole]
        );
    }
}
