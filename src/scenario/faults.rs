//! The names of the faults that a scenario can give to a server, a policy host or a certificate.
//!
//! A fault that is only data has no name here: an HTTP status, a redirect, a media type, a broken body, a
//! wrong record are written out as what the server says.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

/// Defines an enum of names: its variants, each with its one spelling, `ALL`, `Display` and `FromStr`.
macro_rules! names {
    ($(#[$meta:meta])* $name:ident, $what:literal { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every name, in the order of the reference page.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Returns the name as a scenario spells it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|name| name.as_str() == text)
                    .ok_or_else(|| UnknownName {
                        found: text.chars().take(64).collect(),
                        what: $what,
                    })
            }
        }
    };
}
pub(super) use names;

names! {
    /// What an edge of a policy host suffers on the wire; what it answers is the policy table's affair.
    HttpsFault, "a policy host's fault" {
        /// The port is closed: a connection gets RST.
        Refused = "refused",
        /// Packets vanish: a connection is never answered.
        Blackhole = "blackhole",
        /// The connection is accepted, then nothing is ever said.
        Silence = "silence",
        /// The connection is accepted, then reset.
        Reset = "reset",
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
    /// What an MX host suffers on the wire.
    SmtpFault, "a server's fault" {
        /// The port is closed: a connection gets RST.
        Refused = "refused",
        /// Packets vanish: a connection is never answered.
        Blackhole = "blackhole",
        /// The connection is accepted, then nothing is ever said.
        Silence = "silence",
        /// The connection is accepted, then reset.
        Reset = "reset",
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

names! {
    /// What is wrong with a certificate.
    CertificateFault, "a certificate's fault" {
        /// It expired a month before the scenario starts.
        Expired = "expired",
        /// It becomes valid ten years after the scenario starts.
        NotYetValid = "not-yet-valid",
        /// It is made out to `wrong-name.test`.
        WrongName = "wrong-name",
        /// The name stands in the subject's common name; there is no DNS name.
        CnOnly = "cn-only",
        /// It is made out to the name without its first label.
        ApexCertOnly = "apex-cert-only",
        /// It has `*` for the first label: not a fault.
        Wildcard = "wildcard",
        /// It has one `*` for the first two labels.
        WildcardTwoLevels = "wildcard-two-levels",
        /// It has `*` for all but the first letter of the first label.
        PartialWildcard = "partial-wildcard",
        /// It is its own issuer.
        SelfSigned = "self-signed",
        /// It is its own issuer and says that it is an authority.
        SelfSignedCa = "self-signed-ca",
        /// Its chain ends at a root that nobody trusts.
        UntrustedRoot = "untrusted-root",
        /// The server leaves the intermediate certificate out.
        MissingIntermediate = "missing-intermediate",
        /// The intermediate certificate expired a month before the scenario starts.
        ExpiredIntermediate = "expired-intermediate",
        /// It is for clients only.
        WrongEku = "wrong-eku",
        /// The intermediate may only issue for another name.
        NameConstraints = "name-constraints",
        /// It names addresses and nothing else.
        IpSanOnly = "ip-san-only",
        /// Its encoding is cut short.
        Garbled = "garbled",
    }
}

names! {
    /// The kind of a certificate's key.
    KeyKind, "a kind of key" {
        /// ECDSA over P-256.
        Ecdsa = "ecdsa",
        /// RSA of 2048 bits.
        Rsa = "rsa",
    }
}

names! {
    /// The versions of TLS that a server speaks; older ones are a fault.
    TlsVersions, "a set of TLS versions" {
        /// TLS 1.2 and 1.3.
        Both = "both",
        /// TLS 1.2 alone.
        Tls12 = "1.2",
        /// TLS 1.3 alone.
        Tls13 = "1.3",
    }
}

names! {
    /// How a body travels.
    Transfer, "a way for a body to travel" {
        /// At once, its length announced.
        Plain = "plain",
        /// In chunks, without a length.
        Chunked = "chunked",
        /// Without a length, ended by the end of the connection.
        Close = "close",
        /// Packed with gzip, asked for or not.
        Gzip = "gzip",
        /// In drops, slower than any deadline allows.
        Slow = "slow",
        /// Nothing comes after its first half; the connection stays open.
        Stall = "stall",
        /// The connection is closed after its first half.
        Cut = "cut",
    }
}

names! {
    /// How the octets of a body stand for its text.
    Encoding, "an encoding" {
        /// UTF-8, no mark before it.
        Utf8 = "utf-8",
        /// UTF-16, most significant octet first, after a byte order mark.
        Utf16 = "utf-16",
    }
}

names! {
    /// The RCODE of a DNS answer that holds no records.
    Rcode, "an RCODE" {
        /// The name does not exist.
        Nxdomain = "nxdomain",
        /// The resolver failed.
        Servfail = "servfail",
        /// The resolver refuses to answer.
        Refused = "refused",
    }
}

names! {
    /// What a DNS answer suffers beside its records.
    RecordFault, "a fault of an answer" {
        /// Over UDP the answer is cut to nothing; over TCP it is whole.
        Truncated = "truncated",
        /// The answer is cut over TCP as well.
        TruncatedOnTcp = "truncated-on-tcp",
        /// The records stand under another name than the one asked for.
        WrongOwner = "wrong-owner",
        /// The records are of another type than the one asked for.
        WrongType = "wrong-type",
        /// Besides the records, some of another type and some of another name.
        ExtraRecords = "extra-records",
    }
}

/// A word that is not among the names it was looked up in.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{found}` is not {what}")]
pub struct UnknownName {
    /// The word, its first 64 characters.
    pub found: Box<str>,
    /// What was looked for.
    pub what: &'static str,
}

#[cfg(test)]
mod tests {
    use super::{
        CertificateFault, Encoding, HttpsFault, KeyKind, Rcode, RecordFault, SmtpFault,
        TlsVersions, Transfer,
    };

    #[test]
    fn every_name_is_read_as_it_is_written() {
        fn check<T: Copy + std::fmt::Debug + PartialEq + std::str::FromStr + ToString>(all: &[T])
        where
            T::Err: std::fmt::Debug + PartialEq,
        {
            for name in all {
                assert_eq!(name.to_string().parse::<T>(), Ok(*name));
            }
        }
        check(HttpsFault::ALL);
        check(Encoding::ALL);
        check(RecordFault::ALL);
        check(TlsVersions::ALL);
        check(Transfer::ALL);
        check(SmtpFault::ALL);
        check(CertificateFault::ALL);
        check(KeyKind::ALL);
        check(Rcode::ALL);
    }

    #[test]
    fn an_unknown_name_is_told_with_what_was_looked_for() {
        let error = "Expired".parse::<CertificateFault>().unwrap_err();
        assert_eq!(error.to_string(), "`Expired` is not a certificate's fault");
    }
}
