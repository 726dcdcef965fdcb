//! What webpki's errors say of a chain.

use crate::facts::UnixTime;
use crate::facts::certificate::CertificateFault;

/// Maps what webpki says at a moment of the leaf's life: a time fault is then an issuer's.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "webpki's errors are non-exhaustive; the rest are breaches of a chain's rules"
)]
pub(super) fn fault(error: &webpki::Error) -> CertificateFault {
    match error {
        webpki::Error::CertExpired { .. } => CertificateFault::IssuerExpired,
        webpki::Error::UnknownIssuer => CertificateFault::UnknownIssuer,
        webpki::Error::EmptyEkuExtension | webpki::Error::RequiredEkuNotFoundContext(_) => {
            CertificateFault::WrongPurpose
        }
        _ => CertificateFault::BadChain {
            detail: described(error).into(),
        },
    }
}

/// Says in words what webpki says in names.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "webpki's errors are non-exhaustive; the rare ones keep its name for them"
)]
pub(super) fn described(error: &webpki::Error) -> String {
    match error {
        webpki::Error::BadDer | webpki::Error::BadDerTime | webpki::Error::TrailingData(_) => {
            "a certificate is not valid DER".into()
        }
        webpki::Error::CaUsedAsEndEntity => "a CA's certificate is used as a server's".into(),
        webpki::Error::CertNotValidYet { not_before, .. } => format!(
            "an issuer's certificate is not valid before {}",
            UnixTime::from_secs(not_before.as_secs())
        ),
        webpki::Error::EndEntityUsedAsCa => {
            "a certificate was signed by one that is not a CA's".into()
        }
        webpki::Error::InvalidSignatureForPublicKey => "a signature does not verify".into(),
        webpki::Error::NameConstraintViolation => {
            "a name lies outside of what an issuer may sign (name constraints)".into()
        }
        webpki::Error::PathLenConstraintViolated => {
            "there are more issuers than one of them allows (path length)".into()
        }
        webpki::Error::UnsupportedCertVersion => "it is not of X.509 version 3".into(),
        webpki::Error::UnsupportedSignatureAlgorithmContext(_)
        | webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            "a signature algorithm is not trusted (too old or unknown)".into()
        }
        _ => {
            let words: String = format!("{error:?}").chars().take(120).collect();
            format!("webpki says {words}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::described;

    #[test]
    fn rare_breaches_of_a_chain_are_told_in_words() {
        for (error, expected) in [
            (
                webpki::Error::UnsupportedCertVersion,
                "it is not of X.509 version 3",
            ),
            (
                webpki::Error::UnsupportedSignatureAlgorithmContext(
                    webpki::UnsupportedSignatureAlgorithmContext {
                        signature_algorithm_id: Vec::new(),
                        supported_algorithms: Vec::new(),
                    },
                ),
                "a signature algorithm is not trusted (too old or unknown)",
            ),
            (
                webpki::Error::MaximumPathBuildCallsExceeded,
                "webpki says MaximumPathBuildCallsExceeded",
            ),
        ] {
            assert_eq!(described(&error), expected);
        }
    }
}
