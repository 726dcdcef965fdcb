//! The grammar's white space: SP and HTAB.

/// Returns whether the octet is the grammar's WSP.
pub(crate) const fn is_wsp(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// Takes white space off both ends.
pub(crate) const fn trim(octets: &[u8]) -> &[u8] {
    trim_start(trim_end(octets))
}

/// Takes white space off the front.
pub(crate) const fn trim_start(mut octets: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = octets {
        if !is_wsp(*first) {
            break;
        }
        octets = rest;
    }
    octets
}

/// Takes white space off the end.
pub(crate) const fn trim_end(mut octets: &[u8]) -> &[u8] {
    while let [rest @ .., last] = octets {
        if !is_wsp(*last) {
            break;
        }
        octets = rest;
    }
    octets
}
