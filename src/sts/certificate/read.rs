//! What a certificate says, as facts for people and for the search for faults.

use std::net::IpAddr;

use x509_parser::objects::{oid_registry, oid2sn};
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate, X509Name};
use x509_parser::public_key::PublicKey;

use super::names::san_matches_pattern;
use crate::facts::certificate::{Certificate, KeyUsages, PeerCertificate};
use crate::facts::{DnsName, UnixTime};

/// The longest text that is kept, in characters: no longer name stands for a host, with a wildcard's star.
const MAX_TEXT: usize = 255;

/// How many names of an issuer are kept; few have any.
const MAX_ISSUER_NAMES: usize = 4;

/// How many purposes are kept beside those that have names.
const MAX_PURPOSES: usize = 8;

/// The purpose of TLS servers, as the RFC spells it.
pub(super) const SERVER_AUTH: &str = "serverAuth";

/// Reads one certificate.
pub(super) fn parse<'a>(der: &'a [u8]) -> Option<X509Certificate<'a>> {
    X509Certificate::from_der(der)
        .ok()
        .map(|(_, certificate)| certificate)
}

/// Takes the facts from the certificate of `host`, or from that of an issuer.
pub(super) fn facts(certificate: &X509Certificate<'_>, host: Option<&DnsName>) -> Certificate {
    let names = match certificate.subject_alternative_name() {
        Ok(Some(extension)) => extension.value.general_names.as_slice(),
        Ok(None) | Err(_) => &[],
    };
    let (is_ca, path_length) = match certificate.basic_constraints() {
        Ok(Some(extension)) => (extension.value.ca, extension.value.path_len_constraint),
        Ok(None) | Err(_) => (false, None),
    };
    let most = match host {
        Some(_) => PeerCertificate::MAX_NAMES,
        None => MAX_ISSUER_NAMES,
    };
    let (not_before, not_after) = life(certificate);
    let (dns_names, names_left_out) = dns_names(names, most, host);
    Certificate {
        subject: name(certificate.subject()),
        issuer: name(certificate.issuer()),
        not_before,
        not_after,
        dns_names,
        names_left_out,
        other_names: names.iter().filter_map(other_name).take(most).collect(),
        is_ca,
        path_length,
        key_usages: key_usages(certificate),
        purposes: purposes(certificate),
        key: match certificate.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()).into(),
            Ok(PublicKey::EC(key)) => format!("EC {}", key.key_size()).into(),
            Ok(_) | Err(_) => oid_name(&certificate.public_key().algorithm.algorithm),
        },
        signature_algorithm: oid_name(&certificate.signature_algorithm.algorithm),
    }
}

/// Returns the beginning and the end of its life.
pub(super) fn life(certificate: &X509Certificate<'_>) -> (UnixTime, UnixTime) {
    let validity = certificate.validity();
    (
        moment(validity.not_before.timestamp()),
        moment(validity.not_after.timestamp()),
    )
}

/// Keeps at most `most` DNS names, one for `host` among them if there is one, and counts the rest.
fn dns_names(
    names: &[GeneralName<'_>],
    most: usize,
    host: Option<&DnsName>,
) -> (Vec<Box<str>>, usize) {
    let all = || names.iter().filter_map(dns_name);
    let mut kept: Vec<Box<str>> = all().take(most).map(escaped).collect();
    let left_out = all().skip(most).count();
    if let Some(Ok(pattern)) = host.map(|host| host.as_str().parse())
        && !kept.iter().any(|name| san_matches_pattern(name, &pattern))
        && let Some(own) = all().find(|name| san_matches_pattern(name, &pattern))
        && let Some(last) = kept.last_mut()
    {
        *last = escaped(own);
    }
    (kept, left_out)
}

/// Returns the key usages; none of them where the extension cannot be read, so that it permits nothing.
pub(super) fn key_usages(certificate: &X509Certificate<'_>) -> Option<KeyUsages> {
    match certificate.key_usage() {
        Ok(None) => None,
        Ok(Some(extension)) => Some(KeyUsages(extension.value.flags)),
        Err(_unreadable) => Some(KeyUsages::default()),
    }
}

/// An extension that cannot be read, an empty one say, names no purpose.
fn purposes(certificate: &X509Certificate<'_>) -> Option<Vec<Box<str>>> {
    let usage = match certificate.extended_key_usage() {
        Ok(None) => return None,
        Ok(Some(extension)) => extension.value,
        Err(_unreadable) => return Some(Vec::new()),
    };
    let known = [
        (usage.any, "anyExtendedKeyUsage"),
        (usage.server_auth, SERVER_AUTH),
        (usage.client_auth, "clientAuth"),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
    ];
    let known = known.into_iter().filter(|(is_there, _)| *is_there);
    Some(
        known
            .map(|(_, name)| name.into())
            .chain(usage.other.iter().take(MAX_PURPOSES).map(oid_name))
            .collect(),
    )
}

/// Returns the name of an algorithm or a purpose, or else its number.
pub(super) fn oid_name(oid: &Oid<'_>) -> Box<str> {
    oid2sn(oid, oid_registry()).map_or_else(|_unknown| escaped(&oid.to_id_string()), Into::into)
}

/// Returns a distinguished name in text.
pub(super) fn name(name: &X509Name<'_>) -> Box<str> {
    escaped(&name.to_string())
}

fn dns_name<'a>(name: &GeneralName<'a>) -> Option<&'a str> {
    if let GeneralName::DNSName(name) = name {
        Some(name)
    } else {
        None
    }
}

fn other_name(name: &GeneralName<'_>) -> Option<Box<str>> {
    let text = match name {
        GeneralName::IPAddress(octets) => format!("IP:{}", address(octets)?),
        GeneralName::RFC822Name(mailbox) => format!("email:{mailbox}"),
        GeneralName::URI(uri) => format!("URI:{uri}"),
        GeneralName::DNSName(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EDIPartyName(_)
        | GeneralName::Invalid(..)
        | GeneralName::OtherName(..)
        | GeneralName::RegisteredID(_)
        | GeneralName::X400Address(_) => return None,
    };
    Some(escaped(&text))
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(octets)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
        .ok()
}

fn escaped(text: &str) -> Box<str> {
    let text = match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => text.get(..end).unwrap_or_default(),
        None => text,
    };
    if text.chars().any(char::is_control) {
        text.escape_debug().to_string().into()
    } else {
        text.into()
    }
}

/// A time before 1970 becomes 1970.
fn moment(timestamp: i64) -> UnixTime {
    UnixTime::from_secs(u64::try_from(timestamp).unwrap_or(0))
}
