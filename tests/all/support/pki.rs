//! A root of our own and what it issues.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::PrivateKeyDer;
use stickler::sts::certificate::Roots;

/// All versions that rustls speaks.
pub(crate) const ALL_VERSIONS: &[&SupportedProtocolVersion] =
    &[&rustls::version::TLS13, &rustls::version::TLS12];

pub(crate) struct Pki {
    root: CertifiedIssuer<'static, KeyPair>,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "Test Root");
        let key = KeyPair::generate().unwrap();
        Self {
            root: CertifiedIssuer::self_signed(params, key).unwrap(),
        }
    }

    pub(crate) fn roots(&self) -> Roots {
        Roots::none().with([self.root.der()]).unwrap()
    }

    /// Makes a server's side of TLS for `name`, valid in the years given, last one excluded.
    pub(crate) fn server(&self, name: &str, years: (i32, i32)) -> Arc<ServerConfig> {
        self.server_with(name, years, Key::Own, ALL_VERSIONS)
    }

    pub(crate) fn server_with(
        &self,
        name: &str,
        years: (i32, i32),
        key: Key,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let own = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        let certificate = params.signed_by(&own, &self.root).unwrap();
        let signing = match key {
            Key::Own => own,
            Key::Another => KeyPair::generate().unwrap(),
        };
        let private = PrivateKeyDer::try_from(signing.serialize_der()).unwrap();
        let signing = provider.key_provider.load_private_key(private).unwrap();
        let chain = vec![certificate.der().clone()];
        let one = OneKey(Arc::new(CertifiedKey::new(chain, signing)));
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(one));
        Arc::new(config)
    }
}

/// Which key a server signs its handshake with.
#[derive(Clone, Copy)]
pub(crate) enum Key {
    Own,
    /// One that is not the certificate's: the signature does not stand.
    Another,
}

#[derive(Debug)]
struct OneKey(Arc<CertifiedKey>);

impl ResolvesServerCert for OneKey {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
