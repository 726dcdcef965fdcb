//! Trusted roots from outside: a PEM file (`--ca-file`) and this system's own.
//!
//! Mozilla's, which are built in, are [`Roots::mozilla`].

use std::io;
use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{self, PemObject};

use crate::sts::certificate::{RootError, Roots};

/// The largest PEM file that is read: ten times what a system's whole store takes.
const MAX_PEM_BYTES: u64 = 4 << 20;

/// Trusts the certificates of a PEM file besides `roots`.
///
/// # Errors
///
/// When the file cannot be read, is no PEM, or holds no certificate.
pub fn with_pem_file(roots: &Roots, path: &Path) -> Result<Roots, RootsError> {
    let path_buf = || path.to_owned();
    let read = |error| RootsError::File {
        path: path_buf(),
        error,
    };
    if std::fs::metadata(path).map_err(read)?.len() > MAX_PEM_BYTES {
        return Err(RootsError::FileTooLarge { path: path_buf() });
    }
    let octets = std::fs::read(path).map_err(read)?;
    let certificates: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(&octets)
        .collect::<Result<_, _>>()
        .map_err(|error| RootsError::Pem {
            path: path_buf(),
            error,
        })?;
    if certificates.is_empty() {
        return Err(RootsError::NoCertificate { path: path_buf() });
    }
    roots
        .with(&certificates)
        .map_err(|error| RootsError::Certificate {
            path: path_buf(),
            error,
        })
}

/// Trusts this system's roots besides `roots`; single certificates that cannot be read are left out.
///
/// # Errors
///
/// When the system has none.
pub fn with_system(roots: &Roots) -> Result<Roots, RootsError> {
    let found = rustls_native_certs::load_native_certs();
    let usable: Vec<CertificateDer<'_>> = found
        .certs
        .into_iter()
        .filter(|certificate| webpki::anchor_from_trusted_cert(certificate).is_ok())
        .collect();
    if usable.is_empty() {
        return Err(RootsError::NoSystemRoots {
            detail: found.errors.first().map_or_else(
                || "no store was found".into(),
                |error| error.to_string().into(),
            ),
        });
    }
    roots
        .with(&usable)
        .map_err(|error| RootsError::NoSystemRoots {
            detail: error.to_string().into(),
        })
}

/// Why there are no roots.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// A certificate of the file cannot be a root.
    #[error("`{}`: {error}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Which certificate, and why.
        error: RootError,
    },
    /// The file cannot be read.
    #[error("`{}` cannot be read: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file is larger than any list of roots.
    #[error("`{}` is larger than 4 MiB: is it a list of root certificates?", path.display())]
    FileTooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no certificate.
    #[error("`{}` holds no certificate in PEM form", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The system has no roots.
    #[error("this system has no trusted roots: {detail}")]
    NoSystemRoots {
        /// Why.
        detail: Box<str>,
    },
    /// The file is no PEM.
    #[error("`{}` is not in PEM form: {error:?}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        error: pem::Error,
    },
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tempfile::NamedTempFile;

    use super::{Roots, RootsError, with_pem_file, with_system};

    fn file(text: &str) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn the_certificates_of_a_file_are_trusted_besides_the_others() {
        let key = rcgen::generate_simple_self_signed(["ca.test".to_owned()]).unwrap();
        let pem = format!("# a comment\n{0}\n{0}", key.cert.pem());
        let roots = with_pem_file(&Roots::mozilla(), file(&pem).path()).unwrap();
        assert_eq!(roots.len(), Roots::mozilla().len() + 2);
    }

    #[test]
    fn a_file_that_is_no_list_of_roots_is_named_with_the_reason() {
        let begin = "-----BEGIN CERTIFICATE-----\n";
        let end = "-----END CERTIFICATE-----\n";
        let large = "x".repeat(5 << 20);
        for (text, reason) in [
            ("", "holds no certificate in PEM form"),
            ("hello", "holds no certificate in PEM form"),
            (&format!("{begin}!!!\n{end}"), "is not in PEM form"),
            (
                &format!("{begin}aGVsbG8=\n{end}"),
                "certificate 1 cannot be a trusted root",
            ),
            (&large, "is larger than 4 MiB"),
        ] {
            let file = file(text);
            let error = with_pem_file(&Roots::none(), file.path()).unwrap_err();
            let shown = error.to_string();
            assert!(shown.contains(reason), "{shown}");
            assert!(
                shown.contains(&file.path().display().to_string()),
                "{shown}"
            );
        }
        let missing = with_pem_file(&Roots::none(), "/nonexistent/ca.pem".as_ref());
        assert!(matches!(missing, Err(RootsError::File { .. })));
    }

    #[test]
    fn the_systems_roots_come_on_top_or_are_missed() {
        match with_system(&Roots::none()) {
            Ok(roots) => assert!(!roots.is_empty()),
            Err(error) => assert!(matches!(error, RootsError::NoSystemRoots { .. })),
        }
    }
}
