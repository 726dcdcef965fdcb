//! What webpki's errors say of a chain.

use x509_parser::der_parser::asn1_rs::{FromDer as _, Oid};
use x509_parser::extensions::{GeneralName, NameConstraints};
use x509_parser::prelude::X509Certificate;
use x509_parser::public_key::PublicKey;

use super::read;
use super::way::Way;
use super::words::described;
use crate::facts::UnixTime;
use crate::facts::certificate::{CertificateFault, ChainFault};

/// The shortest RSA key that webpki, `GnuTLS` and OpenSSL at its usual security level trust, in bits.
const MIN_RSA_BITS: usize = 2048;

/// The longest one that webpki looks at; OpenSSL takes longer ones.
const MAX_RSA_BITS: usize = 8192;

/// Maps what webpki says of a chain at a moment of the leaf's life: a time fault is then an issuer's.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "webpki's errors are non-exhaustive; the rare ones keep its words"
)]
pub(super) fn fault(error: &webpki::Error, way: &Way<'_>) -> CertificateFault {
    use webpki::Error as E;

    let is_leaf_alone = way.issuers().next().is_none();
    CertificateFault::BadChain(match error {
        E::CertExpired { .. } => return CertificateFault::IssuerExpired,
        E::CertNotValidYet { not_before, .. } => {
            return CertificateFault::IssuerNotYetValid {
                not_before: UnixTime::from_secs(not_before.as_secs()),
            };
        }
        E::UnknownIssuer | E::InvalidSignatureForPublicKey if way.is_cut() => ChainFault::TooLarge,
        E::UnknownIssuer => return way.end(),
        E::BadDer | E::BadDerTime | E::TrailingData(_) if is_leaf_alone || way.reaches_root => {
            ChainFault::Malformed
        }
        E::BadDer | E::BadDerTime | E::TrailingData(_) => return way.end(),
        E::EmptyEkuExtension | E::RequiredEkuNotFoundContext(_) => ChainFault::IssuerPurpose,
        E::CaUsedAsEndEntity => ChainFault::CaAsServer,
        E::EndEntityUsedAsCa => ChainFault::IssuerNotCa,
        E::InvalidSignatureForPublicKey => way
            .issuers()
            .find_map(key_fault)
            .unwrap_or(ChainFault::BadSignature),
        E::MaximumNameConstraintComparisonsExceeded
        | E::MaximumPathBuildCallsExceeded
        | E::MaximumPathDepthExceeded
        | E::MaximumSignatureChecksExceeded => ChainFault::TooLarge,
        E::NameConstraintViolation => name_constraints(way),
        E::PathLenConstraintViolated => ChainFault::PathLength,
        E::UnsupportedCriticalExtension => critical_extension(way),
        E::UnsupportedSignatureAlgorithmContext(context) => {
            algorithm(&context.signature_algorithm_id)
        }
        E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => ChainFault::Unsupported {
            what: "the kind of a key".into(),
        },
        other => ChainFault::Other {
            detail: described(other).into(),
        },
    })
}

/// Returns the fault of a key that webpki makes nothing of because of its size.
pub(super) fn key_fault(certificate: &X509Certificate<'_>) -> Option<ChainFault> {
    let Ok(PublicKey::RSA(key)) = certificate.public_key().parsed() else {
        return None;
    };
    match key.key_size() {
        bits if bits < MIN_RSA_BITS => Some(ChainFault::ShortKey { bits }),
        bits if bits > MAX_RSA_BITS => Some(ChainFault::Unsupported {
            what: format!("an RSA key of {bits} bits").into(),
        }),
        _ => None,
    }
}

/// webpki reads name constraints of DNS names and addresses, and refuses where there are others.
fn name_constraints(way: &Way<'_>) -> ChainFault {
    let is_unread = |constraints: &NameConstraints<'_>| {
        let permitted = constraints.permitted_subtrees.iter().flatten();
        let excluded = constraints.excluded_subtrees.iter().flatten();
        permitted.chain(excluded).any(|subtree| {
            !matches!(
                subtree.base,
                GeneralName::DNSName(_) | GeneralName::IPAddress(_)
            )
        })
    };
    let has_unread = way.issuers().any(|issuer| {
        issuer
            .name_constraints()
            .is_ok_and(|found| found.is_some_and(|found| is_unread(found.value)))
    });
    if has_unread {
        ChainFault::Unsupported {
            what: "a name constraint for other names than those of hosts".into(),
        }
    } else {
        ChainFault::NameConstraints
    }
}

/// MD2, MD4, MD5 and SHA-1 with RSA, SHA-1 with ECDSA and DSA.
const WEAK: [&str; 6] = [
    "1.2.840.113549.1.1.2",
    "1.2.840.113549.1.1.3",
    "1.2.840.113549.1.1.4",
    "1.2.840.113549.1.1.5",
    "1.2.840.10045.4.1",
    "1.2.840.10040.4.3",
];

fn algorithm(identifier: &[u8]) -> ChainFault {
    let Ok((_, oid)) = Oid::from_der(identifier) else {
        return ChainFault::Malformed;
    };
    let name = read::oid_name(&oid);
    if WEAK.contains(&oid.to_id_string().as_str()) {
        ChainFault::WeakAlgorithm { algorithm: name }
    } else {
        ChainFault::Unsupported {
            what: format!("the signature algorithm {name}").into(),
        }
    }
}

/// The extensions that webpki reads, as their numbers stand.
const READ_BY_WEBPKI: [&str; 6] = [
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.19",
    "2.5.29.30",
    "2.5.29.31",
    "2.5.29.37",
];

/// Those that OpenSSL reads besides (`X509_supported_extension`).
const READ_BY_OPENSSL: [&str; 8] = [
    "1.3.6.1.5.5.7.1.7",
    "1.3.6.1.5.5.7.1.8",
    "1.3.6.1.5.5.7.48.1.5",
    "2.16.840.1.113730.1.1",
    "2.5.29.32",
    "2.5.29.33",
    "2.5.29.36",
    "2.5.29.54",
];

fn critical_extension(way: &Way<'_>) -> ChainFault {
    let unread: Vec<String> = way
        .certificates()
        .flat_map(|certificate| certificate.extensions())
        .filter(|extension| extension.critical)
        .map(|extension| extension.oid.to_id_string())
        .filter(|oid| !READ_BY_WEBPKI.contains(&oid.as_str()))
        .collect();
    let unknown = unread
        .iter()
        .find(|oid| !READ_BY_OPENSSL.contains(&oid.as_str()));
    match (unknown, unread.first()) {
        (Some(oid), _) => ChainFault::CriticalExtension {
            oid: oid.as_str().into(),
        },
        (None, Some(oid)) => ChainFault::Unsupported {
            what: format!("the critical extension {oid}").into(),
        },
        (None, None) => ChainFault::Malformed,
    }
}
