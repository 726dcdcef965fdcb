//! The versions of TLS as people write them, and its alerts ([RFC 8446, Section 6]) as a peer sends them.
//!
//! [RFC 8446, Section 6]: https://www.rfc-editor.org/rfc/rfc8446#section-6

use std::fmt;

/// Returns a version as the RFCs write it, `TLS 1.3`, given the name that programs have for it, `TLSv1.3`.
#[must_use]
pub fn version_in_words(name: &str) -> String {
    name.replacen("TLSv", "TLS ", 1)
}

/// An alert, by its number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Alert(pub u8);

impl Alert {
    /// `handshake_failure`.
    pub const HANDSHAKE_FAILURE: Self = Self(40);
    /// `access_denied`.
    pub const ACCESS_DENIED: Self = Self(49);
    /// `insufficient_security`.
    pub const INSUFFICIENT_SECURITY: Self = Self(71);
    /// `internal_error`.
    pub const INTERNAL_ERROR: Self = Self(80);
    /// `certificate_required`.
    pub const CERTIFICATE_REQUIRED: Self = Self(116);

    /// Returns the RFC's name; of those that only older versions have, theirs. `None` if IANA lists none.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "close_notify",
            10 => "unexpected_message",
            20 => "bad_record_mac",
            21 => "decryption_failed",
            22 => "record_overflow",
            30 => "decompression_failure",
            40 => "handshake_failure",
            41 => "no_certificate",
            42 => "bad_certificate",
            43 => "unsupported_certificate",
            44 => "certificate_revoked",
            45 => "certificate_expired",
            46 => "certificate_unknown",
            47 => "illegal_parameter",
            48 => "unknown_ca",
            49 => "access_denied",
            50 => "decode_error",
            51 => "decrypt_error",
            60 => "export_restriction",
            70 => "protocol_version",
            71 => "insufficient_security",
            80 => "internal_error",
            86 => "inappropriate_fallback",
            90 => "user_canceled",
            100 => "no_renegotiation",
            109 => "missing_extension",
            110 => "unsupported_extension",
            111 => "certificate_unobtainable",
            112 => "unrecognized_name",
            113 => "bad_certificate_status_response",
            114 => "bad_certificate_hash_value",
            115 => "unknown_psk_identity",
            116 => "certificate_required",
            120 => "no_application_protocol",
            121 => "ech_required",
            _ => return None,
        })
    }

    /// Returns whether a server that cannot take a client's hello may say so by this alert: a hello with a
    /// post-quantum key share fills more than one packet, which some servers and boxes before them do not expect.
    #[must_use]
    pub const fn may_be_about_the_hello(self) -> bool {
        // unexpected_message, illegal_parameter, decode_error, internal_error
        matches!(self.0, 10 | 47 | 50 | 80)
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "number {}", self.0),
        }
    }
}

/// An alert that ended a handshake, and what came of a second one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AlertReceived {
    /// The alert.
    pub alert: Alert,
    /// What came of a second handshake, without a post-quantum key share.
    pub smaller_hello: SmallerHello,
}

/// What came of a second handshake, without a post-quantum key share.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SmallerHello {
    /// This alert.
    Alert(Alert),
    /// It got further, or ended in another way.
    EndedOtherwise,
    /// None was made: the alert, or the moment it came at, has nothing to do with the hello.
    NotTried,
}

impl AlertReceived {
    /// Makes an alert that no second handshake followed.
    #[must_use]
    pub const fn once(alert: Alert) -> Self {
        Self {
            alert,
            smaller_hello: SmallerHello::NotTried,
        }
    }

    /// Returns whether another client may get further.
    ///
    /// Only `handshake_failure` and `insufficient_security` can hang on which cipher suites a client has (RFC
    /// 8446, Section 6.2); what may be about our hello does unless a smaller one meets the same alert. Any other
    /// is the peer's definite answer.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        match (self.alert, self.smaller_hello) {
            (Alert::HANDSHAKE_FAILURE | Alert::INSUFFICIENT_SECURITY, _)
            | (_, SmallerHello::EndedOtherwise) => true,
            (first, SmallerHello::Alert(second)) => first.0 != second.0,
            (_, SmallerHello::NotTried) => false,
        }
    }
}

impl fmt::Display for AlertReceived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TLS alert {}", self.alert)?;
        match self.smaller_hello {
            SmallerHello::Alert(second) if second != self.alert => {
                write!(f, " ({second} without a post-quantum key share)")
            }
            SmallerHello::EndedOtherwise => f.write_str(
                " (not without a post-quantum key share, so it is about the size of the hello)",
            ),
            SmallerHello::Alert(_) | SmallerHello::NotTried => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Alert, AlertReceived, SmallerHello as Smaller};

    #[test]
    fn only_two_alerts_can_be_about_cipher_suites_and_four_about_the_hello() {
        let is_ours = |alert, smaller_hello| {
            AlertReceived {
                alert: Alert(alert),
                smaller_hello,
            }
            .is_ours()
        };
        let ours: Vec<u8> = (0..=255)
            .filter(|alert| is_ours(*alert, Smaller::NotTried))
            .collect();
        assert_eq!(ours, [40, 71]);
        let about_the_hello: Vec<u8> = (0..=255)
            .filter(|alert| Alert(*alert).may_be_about_the_hello())
            .collect();
        assert_eq!(about_the_hello, [10, 47, 50, 80]);
        for (second, expected) in [
            (Smaller::Alert(Alert(80)), false),
            (Smaller::Alert(Alert(112)), true),
            (Smaller::EndedOtherwise, true),
        ] {
            assert_eq!(is_ours(80, second), expected, "{second:?}");
        }
    }

    #[test]
    fn each_alert_that_iana_lists_has_its_name() {
        let listed = "0 close_notify, 10 unexpected_message, 20 bad_record_mac, 21 decryption_failed, \
                      22 record_overflow, 30 decompression_failure, 40 handshake_failure, 41 no_certificate, \
                      42 bad_certificate, 43 unsupported_certificate, 44 certificate_revoked, \
                      45 certificate_expired, 46 certificate_unknown, 47 illegal_parameter, 48 unknown_ca, \
                      49 access_denied, 50 decode_error, 51 decrypt_error, 60 export_restriction, \
                      70 protocol_version, 71 insufficient_security, 80 internal_error, \
                      86 inappropriate_fallback, 90 user_canceled, 100 no_renegotiation, \
                      109 missing_extension, 110 unsupported_extension, 111 certificate_unobtainable, \
                      112 unrecognized_name, 113 bad_certificate_status_response, \
                      114 bad_certificate_hash_value, 115 unknown_psk_identity, 116 certificate_required, \
                      120 no_application_protocol, 121 ech_required";
        let named: Vec<String> = (0..=255)
            .filter_map(|number| Some(format!("{number} {}", Alert(number).name()?)))
            .collect();
        assert_eq!(named.join(", "), listed);
    }

    #[test]
    fn alerts_bear_the_names_of_the_rfc() {
        let received = |alert, smaller_hello| AlertReceived {
            alert: Alert(alert),
            smaller_hello,
        };
        for (alert, expected) in [
            (
                received(112, Smaller::NotTried),
                "TLS alert unrecognized_name",
            ),
            (received(200, Smaller::NotTried), "TLS alert number 200"),
            (
                received(80, Smaller::Alert(Alert(80))),
                "TLS alert internal_error",
            ),
            (
                received(80, Smaller::Alert(Alert(50))),
                "TLS alert internal_error (decode_error without a post-quantum key share)",
            ),
            (
                received(80, Smaller::EndedOtherwise),
                "TLS alert internal_error (not without a post-quantum key share, so it is about the size of \
                 the hello)",
            ),
        ] {
            assert_eq!(alert.to_string(), expected);
        }
    }
}
