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
        /// A hello with a post-quantum key share is answered with the alert `internal_error`, a smaller one as
        /// usual.
        LargeHelloRefused = "large-hello-refused",
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
    /// The alert that a handshake is answered with (RFC 8446, Section 6).
    AlertFault, "an alert" {
        /// The handshake is answered with the alert `unexpected_message`.
        UnexpectedMessage = "alert-unexpected-message",
        /// The handshake is answered with the alert `bad_record_mac`.
        BadRecordMac = "alert-bad-record-mac",
        /// The handshake is answered with the alert `record_overflow`.
        RecordOverflow = "alert-record-overflow",
        /// The handshake is answered with the alert `handshake_failure`.
        HandshakeFailure = "alert-handshake-failure",
        /// The handshake is answered with the alert `bad_certificate`.
        BadCertificate = "alert-bad-certificate",
        /// The handshake is answered with the alert `unsupported_certificate`.
        UnsupportedCertificate = "alert-unsupported-certificate",
        /// The handshake is answered with the alert `certificate_revoked`.
        CertificateRevoked = "alert-certificate-revoked",
        /// The handshake is answered with the alert `certificate_expired`.
        CertificateExpired = "alert-certificate-expired",
        /// The handshake is answered with the alert `certificate_unknown`.
        CertificateUnknown = "alert-certificate-unknown",
        /// The handshake is answered with the alert `illegal_parameter`.
        IllegalParameter = "alert-illegal-parameter",
        /// The handshake is answered with the alert `unknown_ca`.
        UnknownCa = "alert-unknown-ca",
        /// The handshake is answered with the alert `access_denied`.
        AccessDenied = "alert-access-denied",
        /// The handshake is answered with the alert `decode_error`.
        DecodeError = "alert-decode-error",
        /// The handshake is answered with the alert `decrypt_error`.
        DecryptError = "alert-decrypt-error",
        /// The handshake is answered with the alert `protocol_version`.
        ProtocolVersion = "alert-protocol-version",
        /// The handshake is answered with the alert `insufficient_security`.
        InsufficientSecurity = "alert-insufficient-security",
        /// The handshake is answered with the alert `internal_error`.
        InternalError = "alert-internal-error",
        /// The handshake is answered with the alert `inappropriate_fallback`.
        InappropriateFallback = "alert-inappropriate-fallback",
        /// The handshake is answered with the alert `missing_extension`.
        MissingExtension = "alert-missing-extension",
        /// The handshake is answered with the alert `unsupported_extension`.
        UnsupportedExtension = "alert-unsupported-extension",
        /// The handshake is answered with the alert `unrecognized_name`.
        UnrecognizedName = "alert-unrecognized-name",
        /// The handshake is answered with the alert `bad_certificate_status_response`.
        BadCertificateStatusResponse = "alert-bad-certificate-status-response",
        /// The handshake is answered with the alert `unknown_psk_identity`.
        UnknownPskIdentity = "alert-unknown-psk-identity",
        /// The handshake is answered with the alert `certificate_required`.
        CertificateRequired = "alert-certificate-required",
        /// The handshake is answered with the alert `no_application_protocol`.
        NoApplicationProtocol = "alert-no-application-protocol",
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
        /// EHLO is answered by the end of the connection.
        EhloClose = "ehlo-close",
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
        /// In the place of a handshake.
        Alert(AlertFault),
    }
}

union! {
    /// What an MX host suffers on the wire.
    SmtpFault, "a server's fault" {
        /// Before the greeting.
        Listener(ListenerFault),
        /// During the handshake.
        Tls(TlsFault),
        /// In the place of a handshake.
        Alert(AlertFault),
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
            Self::Tls(_) | Self::Alert(_) => None,
        }
    }
}

impl SmtpFault {
    /// Returns the fault that a connection suffers before the greeting.
    #[must_use]
    pub const fn listener(self) -> Option<ListenerFault> {
        match self {
            Self::Listener(fault) => Some(fault),
            Self::Tls(_) | Self::Alert(_) | Self::Dialogue(_) => None,
        }
    }
}

impl AlertFault {
    /// Returns the number of the alert.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::UnexpectedMessage => 10,
            Self::BadRecordMac => 20,
            Self::RecordOverflow => 22,
            Self::HandshakeFailure => 40,
            Self::BadCertificate => 42,
            Self::UnsupportedCertificate => 43,
            Self::CertificateRevoked => 44,
            Self::CertificateExpired => 45,
            Self::CertificateUnknown => 46,
            Self::IllegalParameter => 47,
            Self::UnknownCa => 48,
            Self::AccessDenied => 49,
            Self::DecodeError => 50,
            Self::DecryptError => 51,
            Self::ProtocolVersion => 70,
            Self::InsufficientSecurity => 71,
            Self::InternalError => 80,
            Self::InappropriateFallback => 86,
            Self::MissingExtension => 109,
            Self::UnsupportedExtension => 110,
            Self::UnrecognizedName => 112,
            Self::BadCertificateStatusResponse => 113,
            Self::UnknownPskIdentity => 115,
            Self::CertificateRequired => 116,
            Self::NoApplicationProtocol => 120,
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
    use super::{AlertFault, DialogueFault, HttpsFault, ListenerFault, SmtpFault, TlsFault};
    use crate::fakes::Named as _;

    /// One list for listeners, one for handshakes, one for alerts, one for dialogues: a server suffers each, an
    /// edge all but the last.
    #[test]
    fn a_fault_belongs_to_listener_handshake_or_dialogue() {
        let listener = ListenerFault::ALL.iter().map(|fault| {
            let (fault, name) = (*fault, fault.as_str());
            (name, Some(fault), Some(fault.into()), fault.into())
        });
        let handshake = TlsFault::ALL
            .iter()
            .map(|fault| (fault.as_str(), None, Some((*fault).into()), (*fault).into()));
        let alert = AlertFault::ALL
            .iter()
            .map(|fault| (fault.as_str(), None, Some((*fault).into()), (*fault).into()));
        let dialogue = DialogueFault::ALL
            .iter()
            .map(|fault| (fault.as_str(), None, None, (*fault).into()));
        let table = listener.chain(handshake).chain(alert).chain(dialogue);
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
