//! The certificates: a CA made anew for each world, and every way in which a chain can be bad.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints, PKCS_RSA_SHA256, SanType,
    date_time_ymd,
};
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::error::WorldError;
use crate::facts::UnixTime;
use crate::fakes::{Certificate, CertificateFault, KeyKind};

const MONTH: Duration = Duration::from_secs(30 * 86_400);
const TEN_YEARS: Duration = Duration::from_secs(3_653 * 86_400);

/// The longest common name (RFC 5280, Appendix A: `ub-common-name`).
const MAX_COMMON_NAME: usize = 64;

/// What an IP address certificate is for unless it is told.
const SOME_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// The one RSA key of the process, in PKCS #8: it takes long to make, and no test needs two.
static RSA_KEY: OnceLock<Vec<u8>> = OnceLock::new();

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// A root that is trusted, an intermediate, and what they issued.
pub(super) struct Pki {
    start: UnixTime,
    provider: Arc<CryptoProvider>,
    root: Issuer,
    intermediate: Issuer,
    ca_pem: String,
    issued: Mutex<HashMap<Certificate, Arc<CertifiedKey>>>,
}

impl Pki {
    /// Makes a new root and intermediate; lives are counted from `start`.
    pub(super) fn new(start: UnixTime, provider: Arc<CryptoProvider>) -> Result<Self, WorldError> {
        let root = make_root("Stickler Lab Root")?;
        let intermediate = make_intermediate("Stickler Lab Intermediate", &root, |_params| {})?;
        Ok(Self {
            start,
            provider,
            ca_pem: root.pem(),
            root,
            intermediate,
            issued: Mutex::default(),
        })
    }

    /// Returns the trusted root.
    pub(super) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Returns the provider of the algorithms.
    pub(super) const fn provider(&self) -> &Arc<CryptoProvider> {
        &self.provider
    }

    /// Returns the certificate that `spec` describes, with its chain and key: the same one for the same spec.
    pub(super) fn issue(&self, spec: &Certificate) -> Result<Arc<CertifiedKey>, WorldError> {
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(certificate) = issued.get(spec) {
            return Ok(Arc::clone(certificate));
        }
        let certificate = Arc::new(self.make(spec)?);
        issued.insert(spec.clone(), Arc::clone(&certificate));
        Ok(certificate)
    }

    fn make(&self, spec: &Certificate) -> Result<CertifiedKey, WorldError> {
        let key = make_key(spec.key)?;
        let params = self.leaf_params(spec)?;
        let chain = self.sign(spec.fault, &params, &key)?;
        let private = PrivateKeyDer::try_from(key.serialize_der())
            .map_err(|detail| WorldError::Key(detail.into()))?;
        let signing = self
            .provider
            .key_provider
            .load_private_key(private)
            .map_err(|error| WorldError::Key(error.to_string().into()))?;
        Ok(CertifiedKey::new(chain, signing))
    }

    fn leaf_params(&self, spec: &Certificate) -> Result<CertificateParams, WorldError> {
        let mut params = CertificateParams::default();
        let life = spec.life(self.start);
        params.not_before = date_time_ymd(1970, 1, 1) + since_1970(life.not_before);
        params.not_after = date_time_ymd(1970, 1, 1) + since_1970(life.not_after);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![if spec.fault == Some(CertificateFault::WrongEku) {
            ExtendedKeyUsagePurpose::ClientAuth
        } else {
            ExtendedKeyUsagePurpose::ServerAuth
        }];
        params.use_authority_key_identifier_extension = true;
        let names = spec.dns_names();
        let has_sans = spec.fault != Some(CertificateFault::CnOnly);
        let common_name = if has_sans { &names } else { &spec.names }
            .first()
            .map_or("Stickler Lab", |name| name);
        params.distinguished_name.push(
            DnType::CommonName,
            common_name
                .chars()
                .take(MAX_COMMON_NAME)
                .collect::<String>(),
        );
        for name in names {
            let ascii = name
                .to_string()
                .try_into()
                .map_err(|_not_ascii| WorldError::CertificateName(name))?;
            params.subject_alt_names.push(SanType::DnsName(ascii));
        }
        let addresses = if !has_sans {
            &[]
        } else if spec.fault == Some(CertificateFault::IpSanOnly) && spec.ip_names.is_empty() {
            &[SOME_ADDRESS][..]
        } else {
            &spec.ip_names
        };
        params
            .subject_alt_names
            .extend(addresses.iter().copied().map(SanType::IpAddress));
        if spec.fault == Some(CertificateFault::SelfSignedCa) {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        Ok(params)
    }

    /// Signs the leaf and returns the chain that the server will show.
    fn sign(
        &self,
        fault: Option<CertificateFault>,
        leaf: &CertificateParams,
        key: &KeyPair,
    ) -> Result<Vec<CertificateDer<'static>>, WorldError> {
        use CertificateFault as Fault;

        let under = |issuer: &Issuer| -> Result<Vec<CertificateDer<'static>>, WorldError> {
            Ok(vec![
                leaf.signed_by(key, issuer)?.der().clone(),
                issuer.der().clone(),
            ])
        };
        match fault {
            Some(Fault::SelfSigned | Fault::SelfSignedCa) => {
                Ok(vec![leaf.self_signed(key)?.der().clone()])
            }
            Some(Fault::UntrustedRoot) => {
                let root = make_root("Somebody Else's Root")?;
                let name = "Somebody Else's Intermediate";
                under(&make_intermediate(name, &root, |_params| {})?)
            }
            Some(Fault::MissingIntermediate) => {
                let mut chain = under(&self.intermediate)?;
                chain.truncate(1);
                Ok(chain)
            }
            Some(Fault::ExpiredIntermediate) => {
                let name = "Stickler Lab Expired Intermediate";
                under(&make_intermediate(name, &self.root, |params| {
                    params.not_before = date_time_ymd(1970, 1, 1)
                        + since_1970(self.start.saturating_sub(TEN_YEARS));
                    params.not_after =
                        date_time_ymd(1970, 1, 1) + since_1970(self.start.saturating_sub(MONTH));
                })?)
            }
            Some(Fault::NameConstraints) => {
                let name = "Stickler Lab Constrained Intermediate";
                under(&make_intermediate(name, &self.root, |params| {
                    params.name_constraints = Some(NameConstraints {
                        permitted_subtrees: vec![GeneralSubtree::DnsName("permitted.test".into())],
                        excluded_subtrees: Vec::new(),
                    });
                })?)
            }
            Some(Fault::Garbled) => {
                let chain = under(&self.intermediate)?;
                let cut = |der: CertificateDer<'static>| {
                    let whole = der.as_ref();
                    CertificateDer::from(whole[..whole.len() / 2].to_vec())
                };
                let mut chain = chain.into_iter();
                Ok(chain.next().map(cut).into_iter().chain(chain).collect())
            }
            Some(
                Fault::Expired
                | Fault::NotYetValid
                | Fault::WrongName
                | Fault::CnOnly
                | Fault::ApexCertOnly
                | Fault::Wildcard
                | Fault::WildcardTwoLevels
                | Fault::PartialWildcard
                | Fault::WrongEku
                | Fault::IpSanOnly,
            )
            | None => under(&self.intermediate),
        }
    }
}

impl std::fmt::Debug for Pki {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pki")
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}

fn make_root(name: &str) -> Result<Issuer, WorldError> {
    Ok(Issuer::self_signed(ca_params(name), KeyPair::generate()?)?)
}

fn make_intermediate(
    name: &str,
    root: &Issuer,
    change: impl FnOnce(&mut CertificateParams),
) -> Result<Issuer, WorldError> {
    let mut params = ca_params(name);
    params.use_authority_key_identifier_extension = true;
    change(&mut params);
    Ok(Issuer::signed_by(params, KeyPair::generate()?, root)?)
}

const fn since_1970(time: UnixTime) -> Duration {
    Duration::from_secs(time.as_secs())
}

/// Returns a CA that outlives every story.
fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(1975, 1, 1);
    params.not_after = date_time_ymd(4096, 1, 1);
    params
}

fn make_key(kind: KeyKind) -> Result<KeyPair, WorldError> {
    match kind {
        KeyKind::Ecdsa => Ok(KeyPair::generate()?),
        KeyKind::Rsa => {
            if let Some(key) = RSA_KEY.get() {
                return Ok(KeyPair::try_from(key.as_slice())?);
            }
            let key = KeyPair::generate_for(&PKCS_RSA_SHA256)?;
            // Whoever comes first sets it; a second key made meanwhile is as good.
            RSA_KEY.get_or_init(|| key.serialize_der());
            Ok(key)
        }
    }
}
