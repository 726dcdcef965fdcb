//! What a file says about the answer to one question.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::facts::DnsName;
use crate::fakes::{Rcode, RecordFault};
use crate::scenario::located::{Located, OneOrMany, Text};
use crate::scenario::span::TimeSpan;

/// The answer to a TXT question. Of `records`, `cname`, `rcode`, `silence` and `nodata` one is set.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TxtAnswer {
    /// The records: each a text, or a list of texts for a record of several strings.
    pub(crate) records: Option<Vec<OneOrMany<Located<String>>>>,
    /// The name is an alias of this one, which `names` must declare.
    pub(crate) cname: Option<Located<Text<DnsName>>>,
    /// No records, and this RCODE.
    pub(crate) rcode: Option<Rcode>,
    /// No answer at all.
    pub(crate) silence: bool,
    /// The name exists, without such a record.
    pub(crate) nodata: bool,
    /// What the answer suffers beside its records.
    pub(crate) fault: Option<RecordFault>,
    /// How long the answer may be kept; one hour unless said.
    pub(crate) ttl: Option<TimeSpan>,
}

/// The answer to an MX question. Of `records`, `cname`, `rcode`, `silence` and `nodata` one is set.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MxAnswer {
    /// The records, as in `10 mx.corp.test`; `0 .` alone is a null MX.
    pub(crate) records: Option<Vec<Located<String>>>,
    /// The domain is an alias of this name, which `names` must declare.
    pub(crate) cname: Option<Located<Text<DnsName>>>,
    /// No records, and this RCODE.
    pub(crate) rcode: Option<Rcode>,
    /// No answer at all.
    pub(crate) silence: bool,
    /// The name exists, without such a record.
    pub(crate) nodata: bool,
    /// What the answer suffers beside its records.
    pub(crate) fault: Option<RecordFault>,
    /// How long the answer may be kept; one hour unless said.
    pub(crate) ttl: Option<TimeSpan>,
}

/// The answer to a TLSA question. Of `records`, `rcode`, `silence` and `nodata` one is set.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TlsaAnswer {
    /// The records, as in `3 1 1 8cb0…`.
    pub(crate) records: Option<Vec<Located<String>>>,
    /// No records, and this RCODE.
    pub(crate) rcode: Option<Rcode>,
    /// No answer at all.
    pub(crate) silence: bool,
    /// The name exists, without such a record.
    pub(crate) nodata: bool,
    /// How long the answer may be kept; one hour unless said.
    pub(crate) ttl: Option<TimeSpan>,
}

/// What goes wrong with the answer to a question for addresses of one family.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AddressAnswer {
    /// No records, and this RCODE.
    pub(crate) rcode: Option<Rcode>,
    /// No answer at all.
    pub(crate) silence: bool,
    /// The name exists, without such a record.
    pub(crate) nodata: bool,
    /// What the answer suffers beside its records.
    pub(crate) fault: Option<RecordFault>,
}
