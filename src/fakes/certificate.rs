//! Which certificate a server shows, to whom, and over which versions of TLS.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::names::names;
use crate::facts::UnixTime;

/// The certificates of one server: which one is shown depends on the SNI and on the client's algorithms.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Identity {
    /// By server name, in lower case; `*.corp.test` stands for any one label below `corp.test` that has no
    /// entry. The first whose key the client can check is shown.
    pub by_name: BTreeMap<String, Vec<Certificate>>,
    /// For clients that name no server, or another one; if empty, these are refused with an alert.
    pub default: Vec<Certificate>,
}

impl Identity {
    /// Makes an identity that shows `certificate` to everybody.
    #[must_use]
    pub fn of(certificate: Certificate) -> Self {
        Self {
            by_name: BTreeMap::new(),
            default: vec![certificate],
        }
    }

    /// Makes an identity that shows `certificate` to clients that ask for one of its names, and one for
    /// `default.test` to the others.
    #[must_use]
    pub fn by_name_only(certificate: &Certificate) -> Self {
        let names = certificate.names.iter();
        Self {
            by_name: names
                .map(|name| (name.to_ascii_lowercase(), vec![certificate.clone()]))
                .collect(),
            default: vec![Certificate::new(["default.test"])],
        }
    }

    /// Returns the certificates for a client that asks for `name`, in lower case.
    #[must_use]
    pub fn for_name(&self, name: &str) -> &[Certificate] {
        let wildcard = || {
            let (_, parent) = name.split_once('.')?;
            self.by_name.get(&format!("*.{parent}"))
        };
        self.by_name
            .get(name)
            .or_else(wildcard)
            .unwrap_or(&self.default)
    }

    /// Returns every certificate.
    pub fn all(&self) -> impl Iterator<Item = &Certificate> {
        self.by_name.values().flatten().chain(&self.default)
    }
}

/// A certificate that the fake Internet's own authority makes.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Certificate {
    /// The names in subjectAltName, as they stand, before any fault about names.
    pub names: Vec<Box<str>>,
    /// The addresses in subjectAltName.
    pub ip_names: Vec<IpAddr>,
    /// The URIs in subjectAltName.
    pub uri_names: Vec<Box<str>>,
    /// The mail addresses in subjectAltName.
    pub mail_names: Vec<Box<str>>,
    /// The common name of its subject; `None`: its first name.
    pub common_name: Option<Box<str>>,
    /// The kind of key.
    pub key: KeyKind,
    /// From when to when it is valid; `None`: as its fault says ([`Life::usual`]).
    pub life: Option<Life>,
    /// What the server sends, in order, unless its fault says otherwise.
    pub chain: Vec<ChainPart>,
    /// What is wrong with it.
    pub fault: Option<CertificateFault>,
}

impl Certificate {
    /// Makes a certificate for `names` with an ECDSA key and no fault.
    #[must_use]
    pub fn new<T: Into<Box<str>>>(names: impl IntoIterator<Item = T>) -> Self {
        Self {
            names: names.into_iter().map(Into::into).collect(),
            ip_names: Vec::new(),
            uri_names: Vec::new(),
            mail_names: Vec::new(),
            common_name: None,
            key: KeyKind::Ecdsa,
            life: None,
            chain: vec![ChainPart::Leaf, ChainPart::Intermediate],
            fault: None,
        }
    }

    /// Returns the same certificate with `fault`.
    #[must_use]
    pub fn with_fault(self, fault: CertificateFault) -> Self {
        Self {
            fault: Some(fault),
            ..self
        }
    }

    /// Returns its life in a story that starts at `start`.
    #[must_use]
    pub fn life(&self, start: UnixTime) -> Life {
        self.life.unwrap_or_else(|| Life::usual(self.fault, start))
    }

    /// Returns the addresses that stand in subjectAltName, as its fault spoils them.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        match self.fault {
            Some(CertificateFault::CnOnly) => Vec::new(),
            Some(CertificateFault::IpSanOnly) if self.ip_names.is_empty() => vec![SOME_ADDRESS],
            Some(_) | None => self.ip_names.clone(),
        }
    }

    /// Returns the common name of its subject.
    #[must_use]
    pub fn subject(&self) -> String {
        let names = match self.fault {
            Some(CertificateFault::CnOnly) => self.names.clone(),
            Some(_) | None => self.dns_names(),
        };
        let name = self.common_name.as_ref().or(names.first());
        name.map_or("Stickler Lab", |name| name)
            .chars()
            .take(MAX_COMMON_NAME)
            .collect()
    }

    /// Returns the DNS names that stand in subjectAltName, as its fault spoils them.
    #[must_use]
    pub fn dns_names(&self) -> Vec<Box<str>> {
        use CertificateFault as Fault;

        let parent = |name: &str| {
            let rest = name.split_once('.').map(|(_first, rest)| rest);
            rest.unwrap_or(name).to_owned()
        };
        let each = |change: &dyn Fn(&str) -> String| -> Vec<Box<str>> {
            self.names.iter().map(|name| change(name).into()).collect()
        };
        match self.fault {
            Some(Fault::WrongName) => vec!["wrong-name.test".into()],
            Some(Fault::CnOnly | Fault::IpSanOnly) => Vec::new(),
            Some(Fault::ApexCertOnly) => each(&parent),
            Some(Fault::Wildcard) => each(&|name| format!("*.{}", parent(name))),
            Some(Fault::WildcardTwoLevels) => each(&|name| format!("*.{}", parent(&parent(name)))),
            Some(Fault::PartialWildcard) => each(&|name| {
                let first: String = name.chars().take(1).collect();
                format!("{first}*.{}", parent(name))
            }),
            Some(
                Fault::Expired
                | Fault::NotYetValid
                | Fault::SelfSigned
                | Fault::SelfSignedCa
                | Fault::UntrustedRoot
                | Fault::MissingIntermediate
                | Fault::ExpiredIntermediate
                | Fault::EarlyIntermediate
                | Fault::WrongEku
                | Fault::NameConstraints
                | Fault::PathLength
                | Fault::SevenIntermediates
                | Fault::SameNamedIssuers
                | Fault::NoKeyCertSign
                | Fault::NoDigitalSignature
                | Fault::KeyEnciphermentOnly
                | Fault::CaLeaf
                | Fault::UnknownCriticalExtension
                | Fault::BadSignature
                | Fault::Sha1Signature
                | Fault::Garbled,
            )
            | None => self.names.clone(),
        }
    }
}

/// The critical extension of a certificate that has one that nobody knows: below the number that RFC 5612 keeps for examples.
pub const UNKNOWN_EXTENSION: &str = "1.3.6.1.4.1.32473.1";

/// The longest common name (RFC 5280, Appendix A: `ub-common-name`).
const MAX_COMMON_NAME: usize = 64;

/// What an IP address certificate is for unless it is told.
const SOME_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// A certificate's life.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Life {
    /// The first moment at which it is valid.
    pub not_before: UnixTime,
    /// The last moment at which it is valid.
    pub not_after: UnixTime,
}

impl Life {
    /// Returns the life of a certificate with this fault in a story that starts at `start`: unless the fault
    /// says otherwise, from a month before the start to ten years after it.
    #[must_use]
    pub fn usual(fault: Option<CertificateFault>, start: UnixTime) -> Self {
        const MONTH: Duration = Duration::from_secs(30 * 86_400);
        const TEN_YEARS: Duration = Duration::from_secs(3_650 * 86_400);

        let (not_before, not_after) = match fault {
            Some(CertificateFault::Expired) => {
                (start.saturating_sub(MONTH * 2), start.saturating_sub(MONTH))
            }
            Some(CertificateFault::NotYetValid) => (
                start.saturating_add(TEN_YEARS),
                start.saturating_add(TEN_YEARS * 2),
            ),
            Some(_) | None => (start.saturating_sub(MONTH), start.saturating_add(TEN_YEARS)),
        };
        Self {
            not_before,
            not_after,
        }
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
    /// One of the certificates that a server sends.
    ChainPart, "a part of a chain" {
        /// The server's own, which must be the first.
        Leaf = "leaf",
        /// Its issuer.
        Intermediate = "intermediate",
        /// The root, which senders know.
        Root = "root",
        /// A CA's that has nothing to do with it.
        Stranger = "stranger",
    }
}

names! {
    /// The versions of TLS that a server speaks; older ones are a fault.
    #[derive(Default)]
    TlsVersions, "a set of TLS versions" {
        /// TLS 1.2 and 1.3.
        #[default]
        Both = "both",
        /// TLS 1.2 alone.
        Tls12 = "1.2",
        /// TLS 1.3 alone.
        Tls13 = "1.3",
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
        /// The intermediate certificate becomes valid ten years after the scenario starts.
        EarlyIntermediate = "early-intermediate",
        /// It is for clients only.
        WrongEku = "wrong-eku",
        /// The intermediate may only issue for another name.
        NameConstraints = "name-constraints",
        /// The intermediate allows no other below it, and there is one.
        PathLength = "path-length",
        /// There are seven intermediates, one above the other.
        SevenIntermediates = "seven-intermediates",
        /// Nine intermediates of one name are sent, the last of which is its issuer.
        SameNamedIssuers = "same-named-issuers",
        /// The intermediate's key usage leaves out keyCertSign.
        NoKeyCertSign = "no-key-cert-sign",
        /// Its key usage has nothing that TLS needs.
        NoDigitalSignature = "no-digital-signature",
        /// Its key usage is keyEncipherment alone.
        KeyEnciphermentOnly = "key-encipherment-only",
        /// It says that it is an authority.
        CaLeaf = "ca-leaf",
        /// It has a critical extension that nobody knows.
        UnknownCriticalExtension = "unknown-critical-extension",
        /// Its signature does not verify.
        BadSignature = "bad-signature",
        /// It is signed with SHA-1.
        Sha1Signature = "sha1-signature",
        /// It names addresses and nothing else.
        IpSanOnly = "ip-san-only",
        /// Its encoding is cut short.
        Garbled = "garbled",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Certificate, CertificateFault as Fault, Identity, Life};
    use crate::facts::UnixTime;

    #[test]
    fn the_server_name_chooses_the_certificates() {
        let of = |name: &str| vec![Certificate::new([name])];
        let both = Certificate::new(["MX1.corp.test", "mx2.corp.test"]);
        let everybody = Identity::of(both.clone());
        let by_name_only = Identity::by_name_only(&both);
        let wildcard = Identity {
            by_name: BTreeMap::from([
                ("*.corp.test".into(), of("wild")),
                ("mx1.corp.test".into(), of("own")),
            ]),
            default: of("other"),
        };
        for (identity, asked, expected) in [
            (&everybody, "mx1.corp.test", vec![both.clone()]),
            (&everybody, "strange.test", vec![both.clone()]),
            (&by_name_only, "mx1.corp.test", vec![both.clone()]),
            (&by_name_only, "mx2.corp.test", vec![both.clone()]),
            (&by_name_only, "mx3.corp.test", of("default.test")),
            (&wildcard, "mx1.corp.test", of("own")),
            (&wildcard, "mx2.corp.test", of("wild")),
            (&wildcard, "a.mx2.corp.test", of("other")),
            (&wildcard, "corp.test", of("other")),
            (&wildcard, "corp", of("other")),
            (&Identity::default(), "mx1.corp.test", vec![]),
        ] {
            assert_eq!(identity.for_name(asked), expected, "{asked} {identity:?}");
        }
        let all = [of("wild"), of("own"), of("other")].concat();
        assert_eq!(wildcard.all().cloned().collect::<Vec<_>>(), all);
    }

    #[test]
    fn a_fault_spoils_the_dns_names() {
        let spoiled = |fault| match fault {
            Fault::WrongName => &["wrong-name.test"][..],
            Fault::CnOnly | Fault::IpSanOnly => &[],
            Fault::ApexCertOnly => &["corp.test", "test"],
            Fault::Wildcard => &["*.corp.test", "*.test"],
            Fault::WildcardTwoLevels => &["*.test", "*.test"],
            Fault::PartialWildcard => &["m*.corp.test", "b*.test"],
            Fault::Expired
            | Fault::NotYetValid
            | Fault::SelfSigned
            | Fault::SelfSignedCa
            | Fault::UntrustedRoot
            | Fault::MissingIntermediate
            | Fault::ExpiredIntermediate
            | Fault::EarlyIntermediate
            | Fault::WrongEku
            | Fault::NameConstraints
            | Fault::PathLength
            | Fault::SevenIntermediates
            | Fault::SameNamedIssuers
            | Fault::NoKeyCertSign
            | Fault::NoDigitalSignature
            | Fault::KeyEnciphermentOnly
            | Fault::CaLeaf
            | Fault::UnknownCriticalExtension
            | Fault::BadSignature
            | Fault::Sha1Signature
            | Fault::Garbled => &["mx.corp.test", "b.test"],
        };
        let certificate = Certificate::new(["mx.corp.test", "b.test"]);
        assert_eq!(certificate.dns_names(), certificate.names);
        for fault in Fault::ALL.iter().copied() {
            let names: Vec<Box<str>> = spoiled(fault).iter().copied().map(Into::into).collect();
            let faulty = certificate.clone().with_fault(fault);
            assert_eq!(faulty.dns_names(), names, "{fault}");
        }
    }

    #[test]
    fn the_subject_and_the_addresses_are_as_the_fault_and_the_story_say() {
        let plain = Certificate::new(["mx.corp.test"]);
        let with = |ip: &str| Certificate {
            ip_names: vec![ip.parse().unwrap()],
            ..plain.clone()
        };
        let named = Certificate {
            common_name: Some("Mail Gateway".into()),
            ..plain.clone()
        };
        let fault = |fault| plain.clone().with_fault(fault);
        for (certificate, subject, addresses) in [
            (plain.clone(), "mx.corp.test", &[][..]),
            (named, "Mail Gateway", &[]),
            (Certificate::new(Vec::<String>::new()), "Stickler Lab", &[]),
            (fault(Fault::WrongName), "wrong-name.test", &[]),
            (fault(Fault::CnOnly), "mx.corp.test", &[]),
            (fault(Fault::IpSanOnly), "Stickler Lab", &["192.0.2.1"]),
            (with("192.0.2.7"), "mx.corp.test", &["192.0.2.7"]),
            (
                with("192.0.2.7").with_fault(Fault::IpSanOnly),
                "Stickler Lab",
                &["192.0.2.7"],
            ),
            (
                with("192.0.2.7").with_fault(Fault::CnOnly),
                "mx.corp.test",
                &[],
            ),
        ] {
            let texts: Vec<String> = certificate
                .addresses()
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(certificate.subject(), subject, "{certificate:?}");
            assert_eq!(texts, addresses, "{certificate:?}");
        }
    }

    #[test]
    fn a_certificate_lives_for_ten_years_unless_its_fault_or_it_says_otherwise() {
        let day = |days: u64| UnixTime::from_secs(days * 86_400);
        let life = |not_before, not_after| Life {
            not_before: day(not_before),
            not_after: day(not_after),
        };
        let certificate = Certificate::new(["mx.corp.test"]);
        let dated = Certificate {
            life: Some(life(1, 2)),
            ..certificate.clone()
        };
        for (certificate, expected) in [
            (certificate.clone(), life(9_970, 13_650)),
            (
                certificate.clone().with_fault(Fault::SelfSigned),
                life(9_970, 13_650),
            ),
            (
                certificate.clone().with_fault(Fault::Expired),
                life(9_940, 9_970),
            ),
            (
                certificate.with_fault(Fault::NotYetValid),
                life(13_650, 17_300),
            ),
            (dated.clone(), life(1, 2)),
            (dated.with_fault(Fault::Expired), life(1, 2)),
        ] {
            assert_eq!(certificate.life(day(10_000)), expected, "{certificate:?}");
        }
    }
}
