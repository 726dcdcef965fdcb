//! The certificates: a CA made anew for each world, and every way in which a chain can be bad.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints,
    PKCS_RSA_SHA256, SanType, date_time_ymd,
};
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::error::WorldError;
use crate::facts::UnixTime;
use crate::fakes::{Certificate, CertificateFault, ChainPart, KeyKind, Life, UNKNOWN_EXTENSION};

const MONTH: Duration = Duration::from_secs(30 * 86_400);
const TEN_YEARS: Duration = Duration::from_secs(3_653 * 86_400);

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
        let intermediate = make_intermediate("Stickler Lab Intermediate", &root)?;
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
        let chain = self.sign(spec, &params, &key)?;
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
        set_life(&mut params, spec.life(self.start));
        params.key_usages = match spec.fault {
            Some(CertificateFault::NoDigitalSignature) => vec![KeyUsagePurpose::DataEncipherment],
            Some(CertificateFault::KeyEnciphermentOnly) => vec![KeyUsagePurpose::KeyEncipherment],
            Some(_) | None => vec![KeyUsagePurpose::DigitalSignature],
        };
        params.extended_key_usages = vec![if spec.fault == Some(CertificateFault::WrongEku) {
            ExtendedKeyUsagePurpose::ClientAuth
        } else {
            ExtendedKeyUsagePurpose::ServerAuth
        }];
        params.use_authority_key_identifier_extension = true;
        params
            .distinguished_name
            .push(DnType::CommonName, spec.subject());
        params.subject_alt_names = alternative_names(spec)?;
        if matches!(
            spec.fault,
            Some(CertificateFault::SelfSignedCa | CertificateFault::CaLeaf)
        ) {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        if spec.fault == Some(CertificateFault::UnknownCriticalExtension) {
            let arcs: Vec<u64> = UNKNOWN_EXTENSION
                .split('.')
                .filter_map(|arc| arc.parse().ok())
                .collect();
            // NULL in DER.
            let mut extension = CustomExtension::from_oid_content(&arcs, vec![5, 0]);
            extension.set_criticality(true);
            params.custom_extensions.push(extension);
        }
        Ok(params)
    }

    /// Signs the leaf and returns the chain that the server will show.
    fn sign(
        &self,
        spec: &Certificate,
        leaf: &CertificateParams,
        key: &KeyPair,
    ) -> Result<Vec<CertificateDer<'static>>, WorldError> {
        use CertificateFault as Fault;

        let signed = |issuer: &Issuer| -> Result<CertificateDer<'static>, WorldError> {
            Ok(leaf.signed_by(key, issuer)?.der().clone())
        };
        // The issuers from the root down: the last one signs.
        let below = |issuers: &[Issuer]| -> Result<Vec<CertificateDer<'static>>, WorldError> {
            let signer = issuers.last().unwrap_or(&self.root);
            let above = issuers.iter().rev().map(|issuer| issuer.der().clone());
            Ok(std::iter::once(signed(signer)?).chain(above).collect())
        };
        match spec.fault {
            Some(Fault::SelfSigned | Fault::SelfSignedCa) => {
                Ok(vec![leaf.self_signed(key)?.der().clone()])
            }
            Some(Fault::UntrustedRoot) => {
                let root = make_root("Somebody Else's Root")?;
                below(&[make_intermediate("Somebody Else's Intermediate", &root)?])
            }
            Some(Fault::MissingIntermediate) => Ok(vec![signed(&self.intermediate)?]),
            Some(
                Fault::ExpiredIntermediate
                | Fault::EarlyIntermediate
                | Fault::NameConstraints
                | Fault::NoKeyCertSign
                | Fault::PathLength
                | Fault::SevenIntermediates
                | Fault::SameNamedIssuers
                | Fault::Sha1Signature,
            ) => {
                let mut chain = below(&self.issuers(spec.fault)?)?;
                if spec.fault == Some(Fault::Sha1Signature)
                    && let Some(leaf) = chain.first_mut()
                {
                    *leaf = renamed_to_sha1(leaf);
                }
                if spec.fault == Some(Fault::SameNamedIssuers) {
                    // The one that signed comes last, so that the others are tried before it.
                    chain[1..].reverse();
                }
                Ok(chain)
            }
            Some(Fault::BadSignature) => {
                let mut leaf = signed(&self.intermediate)?.to_vec();
                if let Some(last) = leaf.last_mut() {
                    *last ^= 1;
                }
                Ok(vec![leaf.into(), self.intermediate.der().clone()])
            }
            Some(Fault::Garbled) => {
                let whole = signed(&self.intermediate)?;
                let cut = whole[..whole.len() / 2].to_vec();
                Ok(vec![cut.into(), self.intermediate.der().clone()])
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
                | Fault::NoDigitalSignature
                | Fault::KeyEnciphermentOnly
                | Fault::CaLeaf
                | Fault::UnknownCriticalExtension
                | Fault::IpSanOnly,
            ) => Ok(vec![
                signed(&self.intermediate)?,
                self.intermediate.der().clone(),
            ]),
            None => spec
                .chain
                .iter()
                .map(|part| match part {
                    ChainPart::Leaf => signed(&self.intermediate),
                    ChainPart::Intermediate => Ok(self.intermediate.der().clone()),
                    ChainPart::Root => Ok(self.root.der().clone()),
                    ChainPart::Stranger => Ok(make_root("Stickler Lab Stranger")?.der().clone()),
                })
                .collect(),
        }
    }

    /// Makes the issuers of a chain that is bad above the leaf, from the root down.
    fn issuers(&self, fault: Option<CertificateFault>) -> Result<Vec<Issuer>, WorldError> {
        use CertificateFault as Fault;

        let name = "Stickler Lab Intermediate";
        let issuer = |name: &str, change: &dyn Fn(&mut CertificateParams)| {
            changed_intermediate(name, &self.root, KeyKind::Ecdsa, change)
        };
        match fault {
            Some(Fault::ExpiredIntermediate) => Ok(vec![issuer(
                "Stickler Lab Expired Intermediate",
                &|params| {
                    let life = Life {
                        not_before: self.start.saturating_sub(TEN_YEARS),
                        not_after: self.start.saturating_sub(MONTH),
                    };
                    set_life(params, life);
                },
            )?]),
            Some(Fault::EarlyIntermediate) => Ok(vec![issuer(
                "Stickler Lab Early Intermediate",
                &|params| {
                    set_life(params, Life::usual(Some(Fault::NotYetValid), self.start));
                },
            )?]),
            Some(Fault::NameConstraints) => Ok(vec![issuer(
                "Stickler Lab Constrained Intermediate",
                &|params| {
                    params.name_constraints = Some(NameConstraints {
                        permitted_subtrees: vec![GeneralSubtree::DnsName("permitted.test".into())],
                        excluded_subtrees: Vec::new(),
                    });
                },
            )?]),
            Some(Fault::NoKeyCertSign) => Ok(vec![issuer(
                "Stickler Lab Intermediate That May Not Sign",
                &|params| params.key_usages = vec![KeyUsagePurpose::CrlSign],
            )?]),
            Some(Fault::PathLength) => {
                let last = issuer("Stickler Lab Last Intermediate", &|params| {
                    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
                })?;
                let further = make_intermediate("Stickler Lab Further Intermediate", &last)?;
                Ok(vec![last, further])
            }
            Some(Fault::SevenIntermediates) => {
                let mut issuers: Vec<Issuer> = Vec::new();
                for number in 1..=7 {
                    let above = issuers.last().unwrap_or(&self.root);
                    issuers.push(make_intermediate(&format!("{name} {number}"), above)?);
                }
                Ok(issuers)
            }
            Some(Fault::SameNamedIssuers) => (0..9)
                .map(|_| make_intermediate(name, &self.root))
                .collect(),
            Some(Fault::Sha1Signature) => Ok(vec![changed_intermediate(
                "Stickler Lab RSA Intermediate",
                &self.root,
                KeyKind::Rsa,
                &|_params| {},
            )?]),
            Some(_) | None => Ok(Vec::new()),
        }
    }
}

/// Returns what stands in subjectAltName.
fn alternative_names(spec: &Certificate) -> Result<Vec<SanType>, WorldError> {
    let ascii = |name: &str| {
        name.to_owned()
            .try_into()
            .map_err(|_not_ascii| WorldError::CertificateName(name.into()))
    };
    let mut names = Vec::new();
    for name in spec.dns_names() {
        names.push(SanType::DnsName(ascii(&name)?));
    }
    names.extend(spec.addresses().into_iter().map(SanType::IpAddress));
    for uri in &spec.uri_names {
        names.push(SanType::URI(ascii(uri)?));
    }
    for mailbox in &spec.mail_names {
        names.push(SanType::Rfc822Name(ascii(mailbox)?));
    }
    Ok(names)
}

/// Returns the certificate, signed with RSA over SHA-256, as one that says SHA-1: no library signs so any more,
/// and a verifier refuses the algorithm before it looks at the signature.
fn renamed_to_sha1(der: &CertificateDer<'_>) -> CertificateDer<'static> {
    /// sha256WithRSAEncryption, 1.2.840.113549.1.1.11, as it is encoded; the last octet of SHA-1's is 5.
    const SHA256: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];

    let mut octets = der.to_vec();
    for at in 0..octets.len().saturating_sub(SHA256.len()) {
        if octets[at..].starts_with(&SHA256) {
            octets[at + SHA256.len() - 1] = 5;
        }
    }
    octets.into()
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

fn make_intermediate(name: &str, above: &Issuer) -> Result<Issuer, WorldError> {
    changed_intermediate(name, above, KeyKind::Ecdsa, &|_params| {})
}

fn changed_intermediate(
    name: &str,
    above: &Issuer,
    key: KeyKind,
    change: &dyn Fn(&mut CertificateParams),
) -> Result<Issuer, WorldError> {
    let mut params = ca_params(name);
    params.use_authority_key_identifier_extension = true;
    change(&mut params);
    Ok(Issuer::signed_by(params, make_key(key)?, above)?)
}

fn set_life(params: &mut CertificateParams, life: Life) {
    let since_1970 = |time: UnixTime| Duration::from_secs(time.as_secs());
    params.not_before = date_time_ymd(1970, 1, 1) + since_1970(life.not_before);
    params.not_after = date_time_ymd(1970, 1, 1) + since_1970(life.not_after);
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
            // The first caller sets it; a second key made meanwhile is as good.
            RSA_KEY.get_or_init(|| key.serialize_der());
            Ok(key)
        }
    }
}
