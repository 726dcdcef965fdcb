//! The roots that chains must lead to.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls_pki_types::{CertificateDer, TrustAnchor};

use super::words::described;

/// Trusted roots, with the signature algorithms that are trusted below them. Cheap to clone.
#[derive(Clone)]
pub struct Roots {
    anchors: Arc<[TrustAnchor<'static>]>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Roots {
    /// Trusts nobody.
    #[must_use]
    pub fn none() -> Self {
        Self {
            anchors: Arc::default(),
            algorithms: aws_lc_rs::default_provider().signature_verification_algorithms,
        }
    }

    /// Trusts the roots of Mozilla's programme that were built in.
    #[must_use]
    pub fn mozilla() -> Self {
        Self {
            anchors: webpki_roots::TLS_SERVER_ROOTS.into(),
            ..Self::none()
        }
    }

    /// Trusts these certificates too.
    ///
    /// # Errors
    ///
    /// When one of them is no certificate that can be read.
    pub fn with<'a>(
        &self,
        certificates: impl IntoIterator<Item = &'a CertificateDer<'a>>,
    ) -> Result<Self, RootError> {
        let mut anchors = self.anchors.to_vec();
        for (position, certificate) in (1..).zip(certificates) {
            let anchor =
                webpki::anchor_from_trusted_cert(certificate).map_err(|error| RootError {
                    position,
                    detail: described(&error).into(),
                })?;
            anchors.push(anchor.to_owned());
        }
        Ok(Self {
            anchors: anchors.into(),
            algorithms: self.algorithms,
        })
    }

    /// Returns how many roots are trusted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.anchors.len()
    }

    /// Returns whether nobody is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }

    /// Returns the roots.
    #[must_use]
    pub fn anchors(&self) -> &[TrustAnchor<'static>] {
        &self.anchors
    }

    /// Returns the signature algorithms.
    #[must_use]
    pub const fn algorithms(&self) -> WebPkiSupportedAlgorithms {
        self.algorithms
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roots")
            .field("anchors", &self.anchors.len())
            .finish_non_exhaustive()
    }
}

/// A certificate that cannot be a root.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("certificate {position} cannot be a trusted root: {detail}")]
pub struct RootError {
    /// Which one, from 1.
    pub position: usize,
    /// What the reader said.
    pub detail: Box<str>,
}
