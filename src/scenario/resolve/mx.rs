//! MX records as a file writes them.

use crate::facts::DnsNameError;
use crate::facts::dns::{Exchange, MxRecord};

/// Reads an MX record in the presentation format.
pub(in crate::scenario) fn parse_mx(text: &str) -> Result<MxRecord, &'static str> {
    let mut words = text.split_ascii_whitespace();
    let (Some(preference), Some(host), None) = (words.next(), words.next(), words.next()) else {
        return Err("it has not two words");
    };
    let Ok(preference) = preference.parse() else {
        return Err("its preference is no number up to 65535");
    };
    let exchange = if host == "." {
        Exchange::Root
    } else {
        match host.parse() {
            Ok(name) => Exchange::Host(name),
            Err(DnsNameError::Character { .. } | DnsNameError::NotIdna { .. }) => {
                Exchange::NotAHostName(host.into())
            }
            Err(
                DnsNameError::Empty
                | DnsNameError::EmptyLabel
                | DnsNameError::LabelTooLong { .. }
                | DnsNameError::TooLong { .. },
            ) => return Err("the DNS can hold no such name"),
        }
    };
    Ok(MxRecord {
        preference,
        exchange,
    })
}
