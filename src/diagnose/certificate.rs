//! A certificate as reports print it, with the chain as it was sent.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::{Sentence, UnixTime};

/// A certificate; but for `chain` and `faults` what is said is that of the server's own, the first one sent.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct CertificateReport {
    /// The DNS names, the first of them where there are very many; none if it cannot be read.
    pub subject_alt_names: Vec<String>,
    /// How many more DNS names it has.
    pub names_left_out: usize,
    /// The issuer; null if it cannot be read.
    pub issuer: Option<String>,
    /// From when it is valid; null if it cannot be read.
    pub not_before: Option<UnixTime>,
    /// Until when it is valid; null if it cannot be read.
    pub not_after: Option<UnixTime>,
    /// The certificates that were sent, in order, the first of them where there are very many.
    pub chain: Vec<ChainedCertificateReport>,
    /// How many more were sent.
    pub chain_left_out: usize,
    /// What is wrong with it, all of it.
    pub faults: Vec<Sentence>,
}

/// One of the certificates that were sent; all of it null or empty if it cannot be read.
#[derive(Clone, Debug, Default, Eq, JsonSchema, PartialEq, Serialize)]
pub struct ChainedCertificateReport {
    /// Whom it is for.
    pub subject: Option<String>,
    /// Who issued it.
    pub issuer: Option<String>,
    /// From when it is valid.
    pub not_before: Option<UnixTime>,
    /// Until when it is valid.
    pub not_after: Option<UnixTime>,
    /// Its DNS names, at most four.
    pub subject_alt_names: Vec<String>,
    /// Its other names, at most four, each after its kind: `IP:192.0.2.1`.
    pub other_names: Vec<String>,
    /// Whether it is a CA's.
    pub is_ca: Option<bool>,
    /// How many further CAs may follow below it; null if any number may.
    pub path_length: Option<u32>,
    /// What its key may be used for, as in RFC 5280: `digitalSignature`; null if it does not say.
    pub key_usage: Option<Vec<&'static str>>,
    /// For which purposes it is: `serverAuth`; null if it does not say.
    pub extended_key_usage: Option<Vec<String>>,
    /// The kind and the size of its key.
    pub key: Option<String>,
    /// The algorithm that it is signed with.
    pub signature_algorithm: Option<String>,
}
