//! The faults of the wire, by the names that a scenario file uses.

use std::fmt;
use std::str::FromStr;

/// Makes an enum whose variants have names: `ALL`, `Display` and `FromStr` from one list.
macro_rules! named {
    (
        $(#[$meta:meta])*
        pub enum $enum:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $name:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum $enum {
            $($(#[$variant_meta])* #[doc = concat!("\n\nIts name is `", $name, "`.")] $variant,)+
        }

        impl $enum {
            /// Every variant, in the order of their definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }

        impl ::std::fmt::Display for $enum {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl ::std::str::FromStr for $enum {
            type Err = $crate::world::fault::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|variant| variant.name() == text)
                    .ok_or_else(|| $crate::world::fault::UnknownName::new(text))
            }
        }
    };
}
pub(super) use named;

named! {
    /// What a DNS answer suffers.
    pub enum DnsFault {
        /// The name does not exist.
        Nxdomain = "nxdomain",
        /// The name exists, records of this type do not.
        Nodata = "nodata",
        /// The resolver failed.
        Servfail = "servfail",
        /// The resolver refuses to answer.
        Refused = "refused",
        /// The question is swallowed.
        Timeout = "timeout",
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

named! {
    /// What becomes of a connection before a byte of the protocol is spoken.
    pub enum ListenerFault {
        /// The port is closed: RST.
        Refused = "refused",
        /// SYNs are dropped.
        Blackhole = "blackhole",
        /// The connection is accepted, then nothing is ever said.
        Silence = "silence",
        /// The connection is accepted, then reset.
        Reset = "reset",
    }
}

named! {
    /// What a TLS handshake suffers.
    pub enum TlsFault {
        /// The server speaks TLS 1.0 alone: it answers with a canned `ServerHello` of that version.
        Tls10Only = "tls1.0-only",
        /// The server speaks TLS 1.1 alone: it answers with a canned `ServerHello` of that version.
        Tls11Only = "tls1.1-only",
        /// The `ClientHello` is answered with the alert `protocol_version` (70).
        AlertProtocolVersion = "alert-protocol-version",
        /// The `ClientHello` is answered with the alert `handshake_failure` (40).
        AlertHandshakeFailure = "alert-handshake-failure",
        /// The connection is reset after the `ClientHello`.
        HandshakeReset = "handshake-reset",
        /// The connection is closed after the `ClientHello`.
        HandshakeClose = "handshake-close",
        /// The `ClientHello` is never answered.
        HandshakeSilence = "handshake-silence",
        /// The `ClientHello` is answered with text.
        NotTls = "not-tls",
    }
}

named! {
    /// What an SMTP dialogue suffers.
    pub enum DialogueFault {
        /// EHLO does not offer STARTTLS.
        StarttlsAbsent = "starttls-absent",
        /// A man in the middle blanked the offer, as `XXXXXXXX`, and refuses the command.
        StarttlsStripped = "starttls-stripped",
        /// STARTTLS is answered with 454.
        Starttls454 = "starttls-454",
        /// STARTTLS is answered with 554.
        Starttls554 = "starttls-554",
        /// STARTTLS is answered with 250, which is not 220.
        Starttls250 = "starttls-250",
        /// More replies follow the 220 in the same segment.
        InjectedSameSegment = "injected-same-segment",
        /// More replies follow the 220 once the handshake has begun.
        InjectedLater = "injected-later",
        /// The greeting is 421.
        Greeting421 = "greeting-421",
        /// The greeting is 554.
        Greeting554 = "greeting-554",
        /// Every reply comes late, line by line (see [`Receiver::pace`](super::Receiver::pace)).
        Tarpit = "tarpit",
        /// The greeting has a first line at once and its last line late, as postscreen does.
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

/// Makes an enum out of several enums with names, whose names do not overlap.
macro_rules! union {
    ($(#[$meta:meta])* pub enum $enum:ident { $($(#[$variant_meta:meta])* $variant:ident($inner:ident),)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum $enum {
            $($(#[$variant_meta])* $variant($inner),)+
        }

        impl $enum {
            /// Returns every fault, by kind.
            pub fn all() -> impl Iterator<Item = Self> {
                [].into_iter()$(.chain($inner::ALL.iter().copied().map(Self::$variant)))+
            }

            /// Returns the name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant(fault) => fault.name(),)+
                }
            }
        }

        impl fmt::Display for $enum {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $enum {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::all()
                    .find(|fault| fault.name() == text)
                    .ok_or_else(|| UnknownName::new(text))
            }
        }

        $(impl From<$inner> for $enum {
            fn from(fault: $inner) -> Self {
                Self::$variant(fault)
            }
        })+
    };
}

union! {
    /// What an edge of a policy host suffers on the wire; what it answers is its pages' affair.
    pub enum HttpsFault {
        /// Before TLS.
        Listener(ListenerFault),
        /// During the handshake.
        Tls(TlsFault),
    }
}

union! {
    /// What an SMTP receiver suffers on the wire.
    pub enum SmtpFault {
        /// Before the greeting.
        Listener(ListenerFault),
        /// During the handshake.
        Tls(TlsFault),
        /// In the dialogue.
        Dialogue(DialogueFault),
    }
}

/// A text that names no fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is not a known name")]
pub struct UnknownName {
    /// The text, its first 64 characters.
    pub text: Box<str>,
}

impl UnknownName {
    /// Keeps the first 64 characters of `text`.
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.chars().take(64).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{DnsFault, HttpsFault, SmtpFault, UnknownName};

    #[test]
    fn a_fault_is_found_by_its_name() {
        for fault in SmtpFault::all() {
            assert_eq!(fault.to_string().parse(), Ok(fault), "{fault}");
        }
        for fault in HttpsFault::all() {
            assert_eq!(fault.to_string().parse(), Ok(fault), "{fault}");
        }
        for fault in DnsFault::ALL {
            assert_eq!(fault.to_string().parse(), Ok(*fault), "{fault}");
        }
        assert_eq!(
            "Refused".parse::<DnsFault>(),
            Err(UnknownName::new("Refused"))
        );
    }

    #[test]
    fn no_two_faults_of_a_server_share_a_name() {
        let names: Vec<_> = SmtpFault::all().map(SmtpFault::name).collect();
        let distinct: BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
    }
}
