//! What a policy host answers, and with which certificate.

use std::net::IpAddr;

use crate::facts::UnixTime;
use crate::fakes::{Certificate, Identity, KeyKind, Life, Response, Transfer};
use crate::scenario::file::{
    CertificateTable, ContentType, Encoding, MaxAge, ModeWord, Moment, PolicyTable,
};
use crate::scenario::located::{Located, OneOrMany};

/// The media type of a policy (RFC 8461, Section 3.2).
const MEDIA_TYPE: &str = "text/plain";

/// The status of a response that says nothing of it.
const OK: u16 = 200;

impl PolicyTable {
    /// Returns this table with what it leaves open taken from `base`; what belongs to a host as a whole is
    /// not inherited.
    pub(in crate::scenario) fn inherit(&self, base: &Self) -> Self {
        let whole = self.has_body();
        let parts = self.mode.is_some() || self.mx.is_some() || self.max_age.is_some();
        // A body and the fields of a policy are two ways to say one thing.
        let (base_body, base_parts) = match (whole, parts) {
            (true, _) => (None, None),
            (false, true) => (None, Some(base)),
            (false, false) => (Some(base), Some(base)),
        };
        Self {
            mode: self.mode.clone().or_else(|| base_parts?.mode.clone()),
            mx: self.mx.clone().or_else(|| base_parts?.mx.clone()),
            max_age: self.max_age.clone().or_else(|| base_parts?.max_age.clone()),
            body: self.body.clone().or_else(|| base_body?.body.clone()),
            body_base64: self
                .body_base64
                .clone()
                .or_else(|| base_body?.body_base64.clone()),
            encoding: self.encoding.or(base.encoding),
            pad_to: self.pad_to.clone().or_else(|| base.pad_to.clone()),
            status: self.status.clone().or_else(|| base.status.clone()),
            reason: self.reason.clone().or_else(|| base.reason.clone()),
            content_type: self
                .content_type
                .clone()
                .or_else(|| base.content_type.clone()),
            location: self.location.clone().or_else(|| base.location.clone()),
            headers: if self.headers.is_empty() {
                base.headers.clone()
            } else {
                self.headers.clone()
            },
            transfer: self.transfer.or(base.transfer),
            lag: self.lag.or(base.lag),
            fault: self.fault.or(base.fault),
            tls: self.tls.or(base.tls),
            certificate: CertificateTable::inherit(
                self.certificate.as_ref(),
                base.certificate.as_ref(),
            ),
            ..Self::default()
        }
    }

    /// Returns the host's addresses in the order in which a sender takes them: those of `addresses`, then
    /// those that only `edges` has.
    pub(in crate::scenario) fn all_addresses(&self) -> Vec<IpAddr> {
        let listed = self
            .addresses
            .iter()
            .flatten()
            .map(|address| address.value.0);
        let edges = self.edges.iter().map(|(address, _)| address.value.0);
        let mut addresses = Vec::new();
        for address in listed.chain(edges) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses
    }

    /// Returns whether the table has a whole body.
    pub(in crate::scenario) const fn has_body(&self) -> bool {
        self.body.is_some() || self.body_base64.is_some()
    }

    /// Returns what is served where this table holds.
    pub(super) fn response(&self) -> Response {
        let status = self.status.as_ref().map_or(OK, |status| status.value);
        let text = match (&self.body, &self.mode, &self.max_age) {
            (Some(body), _, _) => body.value.clone(),
            (None, Some(mode), Some(max_age)) => {
                policy_body(mode.value, self.mx.as_ref(), max_age.value)
            }
            (None, _, _) => String::new(),
        };
        let mut body = match (&self.body_base64, self.encoding.unwrap_or(Encoding::Utf8)) {
            (Some(octets), _) => octets.value.0.0.clone(),
            (None, Encoding::Utf8) => text.into_bytes(),
            (None, Encoding::Utf16) => [0xfeff]
                .into_iter()
                .chain(text.encode_utf16())
                .flat_map(u16::to_be_bytes)
                .collect(),
        };
        if let Some(octets) = &self.pad_to {
            pad(
                &mut body,
                usize::try_from(octets.value).unwrap_or(usize::MAX),
            );
        }
        let reason = self.reason.as_ref();
        let mut response = Response::new(
            status,
            reason.map_or(usual_reason(status), |reason| reason.as_str()),
        );
        match self.content_type.as_ref().map(|found| &found.value) {
            None => response = response.with_header("Content-Type", MEDIA_TYPE),
            Some(ContentType::Absent) => {}
            Some(ContentType::Value(value)) => {
                response = response.with_header("Content-Type", value);
            }
        }
        if let Some(location) = &self.location {
            response = response.with_header("Location", location.as_str());
        }
        for (name, values) in self.headers.iter() {
            for value in values.iter() {
                response = response.with_header(name, value.as_str());
            }
        }
        Response {
            body: body.into(),
            transfer: self.transfer.unwrap_or(Transfer::Plain),
            ..response
        }
    }
}

impl CertificateTable {
    pub(super) fn inherit(this: Option<&Self>, base: Option<&Self>) -> Option<Self> {
        let (Some(this), Some(base)) = (this, base) else {
            return this.or(base).cloned();
        };
        Some(Self {
            fault: match (this.fault, &this.chain) {
                (None, None) => base.fault,
                (fault, _) => fault,
            },
            names: this.names.clone().or_else(|| base.names.clone()),
            ip_names: either(&this.ip_names, &base.ip_names),
            uri_names: either(&this.uri_names, &base.uri_names),
            mail_names: either(&this.mail_names, &base.mail_names),
            cn: this.cn.clone().or_else(|| base.cn.clone()),
            chain: match (&this.chain, this.fault) {
                // What an address says of either takes back what its host says of both.
                (None, None) => base.chain.clone(),
                (chain, _) => chain.clone(),
            },
            not_before: this.not_before.clone().or_else(|| base.not_before.clone()),
            not_after: this.not_after.clone().or_else(|| base.not_after.clone()),
            key: this.key.or(base.key),
            sni_only: this.sni_only || base.sni_only,
        })
    }

    /// Returns the certificates of a host of these names, in a scenario that starts at `start`.
    pub(super) fn resolve(
        this: Option<&Self>,
        names: impl FnOnce() -> Vec<Box<str>>,
        start: UnixTime,
    ) -> Identity {
        let fault = this.and_then(|this| this.fault);
        let usual = Life::usual(fault, start);
        let moment = |moment: Option<&Located<Moment>>, usual| {
            moment.map_or(usual, |moment| moment.value.resolve(start))
        };
        let texts = |of: fn(&Self) -> &OneOrMany<Located<String>>| -> Vec<Box<str>> {
            this.iter()
                .flat_map(|this| of(this).iter())
                .map(|text| text.as_str().into())
                .collect()
        };
        let mut certificate = Certificate {
            ip_names: this
                .iter()
                .flat_map(|this| this.ip_names.iter())
                .map(|address| address.value.0)
                .collect(),
            uri_names: texts(|this| &this.uri_names),
            mail_names: texts(|this| &this.mail_names),
            common_name: this
                .and_then(|this| this.cn.as_ref())
                .map(|name| name.as_str().into()),
            key: this.and_then(|this| this.key).unwrap_or(KeyKind::Ecdsa),
            life: Some(Life {
                not_before: moment(
                    this.and_then(|this| this.not_before.as_ref()),
                    usual.not_before,
                ),
                not_after: moment(
                    this.and_then(|this| this.not_after.as_ref()),
                    usual.not_after,
                ),
            }),
            fault,
            ..Certificate::new(match this.and_then(|this| this.names.as_ref()) {
                Some(names) => names.iter().map(|name| name.as_str().into()).collect(),
                None => names(),
            })
        };
        if let Some(chain) = this.and_then(|this| this.chain.as_ref()) {
            certificate.chain.clone_from(&chain.value);
        }
        if this.is_some_and(|this| this.sni_only) {
            Identity::by_name_only(&certificate)
        } else {
            Identity::of(certificate)
        }
    }
}

fn either<T: Clone>(this: &OneOrMany<T>, base: &OneOrMany<T>) -> OneOrMany<T> {
    if this.is_empty() { base } else { this }.clone()
}

/// Writes a policy as the RFC's own example does.
pub(in crate::scenario) fn policy_body(
    mode: ModeWord,
    mx: Option<&OneOrMany<Located<String>>>,
    max_age: MaxAge,
) -> String {
    let mut body = format!("version: STSv1\nmode: {}\n", mode.as_str());
    for pattern in mx.iter().flat_map(|mx| mx.iter()) {
        body.push_str("mx: ");
        body.push_str(pattern);
        body.push('\n');
    }
    body.push_str(&format!("max_age: {}\n", max_age.0));
    body
}

/// Lengthens a body to `octets` with an extension field, which the grammar lets be as long as it likes.
fn pad(body: &mut Vec<u8>, octets: usize) {
    if !body.is_empty() && !body.ends_with(b"\n") {
        body.push(b'\n');
    }
    body.extend_from_slice(b"padding: ");
    while body.len() + 1 < octets {
        body.push(b'x');
    }
    body.push(b'\n');
}

/// Returns the reason phrase that usually goes with a status.
const fn usual_reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        410 => "Gone",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unnamed",
    }
}
