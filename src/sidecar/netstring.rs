//! Netstrings, the frame of a socketmap's requests and replies: `11:postfix a.b,`.
//!
//! The length in decimal digits, ":", the octets, ",". [Postfix's own reader] takes leading zeros; its writer
//! never sends them, and neither does any other client, so here they are a fault.
//!
//! [Postfix's own reader]: https://www.postfix.org/socketmap_table.5.html

/// The longest request that Postfix sends, in octets (`socketmap_max_query_size`, Postfix 3.12).
pub const MAX_REQUEST_OCTETS: usize = 10_000;

/// Takes the requests of one connection apart, as their octets arrive.
///
/// It holds at most one request that is not whole yet: the limit and a few octets of frame.
#[derive(Clone, Debug)]
pub struct Decoder {
    limit: usize,
    /// The beginning of a request, as it came; all of it only until the next one is asked for.
    partial: Vec<u8>,
    /// Whether `partial` is a whole request, which was handed out.
    is_handed_out: bool,
    fault: Option<Fault>,
}

impl Decoder {
    /// Makes a decoder that takes requests of at most `limit` octets.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            partial: Vec::new(),
            is_handed_out: false,
            fault: None,
        }
    }

    /// Takes octets as they came off the connection, and returns the requests that are whole by now.
    ///
    /// The caller owes to ask for requests until there is none: those it does not ask for are lost.
    pub const fn feed<'a>(&'a mut self, octets: &'a [u8]) -> Requests<'a> {
        Requests {
            decoder: self,
            octets,
        }
    }

    /// Returns whether a request has begun and is not whole: an end of the connection cuts it off.
    #[must_use]
    pub const fn is_within_request(&self) -> bool {
        !self.partial.is_empty() && !self.is_handed_out
    }
}

/// The requests that are whole, in their order.
#[derive(Debug)]
pub struct Requests<'a> {
    decoder: &'a mut Decoder,
    /// What was not looked at yet.
    octets: &'a [u8],
}

impl Requests<'_> {
    /// Returns the next request without its frame; `None` where more octets are needed.
    ///
    /// # Errors
    ///
    /// When the octets are no netstring, or one above the limit. Where the next one begins is not known then,
    /// so the connection can only be closed; every later call says the same.
    // An iterator cannot lend what it holds itself.
    #[expect(clippy::should_implement_trait, reason = "a request is lent")]
    pub fn next(&mut self) -> Result<Option<&[u8]>, Fault> {
        if self.decoder.is_handed_out {
            self.decoder.is_handed_out = false;
            // Thousands of connections that are idle keep no room for a long request that each once sent.
            self.decoder.partial = Vec::new();
        }
        if let Some(fault) = self.decoder.fault {
            return Err(fault);
        }
        match self.advance() {
            Ok(Place::Here(request)) => Ok(Some(request)),
            Ok(Place::Partial { header }) => {
                self.decoder.is_handed_out = true;
                let request = self.decoder.partial.get(header..);
                Ok(request.and_then(|request| request.split_last().map(|(_, request)| request)))
            }
            Ok(Place::Nowhere) => Ok(None),
            Err(fault) => {
                self.decoder.partial = Vec::new();
                self.decoder.fault = Some(fault);
                Err(fault)
            }
        }
    }
}

/// Where a whole request lies.
enum Place<'a> {
    /// Among the octets that just came.
    Here(&'a [u8]),
    /// In what the decoder holds, behind so many octets of header and before the comma.
    Partial { header: usize },
    /// There is none yet.
    Nowhere,
}

impl<'a> Requests<'a> {
    fn advance(&mut self) -> Result<Place<'a>, Fault> {
        let limit = self.decoder.limit;
        if self.decoder.partial.is_empty() {
            let octets = self.octets;
            let header = read_header(octets, limit)?;
            if let Some(Header { octets: skip, size }) = header
                && let Some((request, rest)) = octets
                    .get(skip..)
                    .and_then(|rest| rest.split_at_checked(size))
                && let Some((&end, rest)) = rest.split_first()
            {
                self.octets = rest;
                return check_end(end).map(|()| Place::Here(request));
            }
        }
        // The header first, so that no more is taken over than this request needs.
        let mut header = read_header(&self.decoder.partial, limit)?;
        while header.is_none() {
            let Some((&octet, rest)) = self.octets.split_first() else {
                return Ok(Place::Nowhere);
            };
            self.octets = rest;
            self.decoder.partial.push(octet);
            header = read_header(&self.decoder.partial, limit)?;
        }
        let Some(Header { octets: skip, size }) = header else {
            return Ok(Place::Nowhere);
        };
        let whole = skip.saturating_add(size).saturating_add(1);
        let missing = whole.saturating_sub(self.decoder.partial.len());
        let (taken, rest) = self
            .octets
            .split_at_checked(missing)
            .unwrap_or((self.octets, &[]));
        self.octets = rest;
        self.decoder.partial.extend_from_slice(taken);
        if taken.len() < missing {
            return Ok(Place::Nowhere);
        }
        let end = self.decoder.partial.last().copied().unwrap_or_default();
        check_end(end).map(|()| Place::Partial { header: skip })
    }
}

/// The length of a netstring and ":".
struct Header {
    /// How many octets it has itself.
    octets: usize,
    /// How many octets are announced.
    size: usize,
}

/// Reads a header; `None` where its ":" has not come yet.
fn read_header(octets: &[u8], limit: usize) -> Result<Option<Header>, Fault> {
    let mut size: usize = 0;
    for (place, &octet) in octets.iter().enumerate() {
        match octet {
            b':' if place == 0 => return Err(Fault::NoLength),
            b':' => {
                return Ok(Some(Header {
                    octets: place.saturating_add(1),
                    size,
                }));
            }
            b'0'..=b'9' if place > 0 && size == 0 => return Err(Fault::LeadingZero),
            b'0'..=b'9' => {
                size = size
                    .saturating_mul(10)
                    .saturating_add(usize::from(octet.wrapping_sub(b'0')));
                if size > limit {
                    return Err(Fault::TooLong { limit });
                }
            }
            _ => return Err(Fault::NotADigit { octet }),
        }
    }
    Ok(None)
}

const fn check_end(octet: u8) -> Result<(), Fault> {
    match octet {
        b',' => Ok(()),
        _ => Err(Fault::NoComma { octet }),
    }
}

/// Why octets are no netstring.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Fault {
    /// A length that begins with 0 and goes on.
    #[error("the length of a netstring begins with 0")]
    LeadingZero,
    /// Something other than "," behind the octets announced.
    #[error("a netstring ends with 0x{octet:02x}, not with a comma")]
    NoComma {
        /// What stands there.
        octet: u8,
    },
    /// ":" without a length before it.
    #[error("a netstring has no length")]
    NoLength,
    /// Neither a digit nor ":" where a length is due: another protocol, as a rule.
    #[error("the length of a netstring holds 0x{octet:02x}, which is no digit")]
    NotADigit {
        /// What stands there.
        octet: u8,
    },
    /// More octets announced than are taken.
    #[error("a netstring is longer than {limit} octets")]
    TooLong {
        /// The limit.
        limit: usize,
    },
}

/// Appends `payload` in its frame to `out`.
pub fn encode(payload: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(payload.len().to_string().as_bytes());
    out.push(b':');
    out.extend_from_slice(payload);
    out.push(b',');
}

#[cfg(test)]
mod tests {
    use super::{Decoder, Fault, encode};

    /// Feeds `pieces` one after the other; returns all requests, and the fault that ended them.
    fn decode(limit: usize, pieces: &[&[u8]]) -> (Vec<String>, Option<Fault>) {
        let mut decoder = Decoder::new(limit);
        let mut found = Vec::new();
        for piece in pieces {
            let mut requests = decoder.feed(piece);
            loop {
                match requests.next() {
                    Ok(Some(request)) => found.push(String::from_utf8(request.into()).unwrap()),
                    Ok(None) => break,
                    Err(fault) => {
                        assert_eq!(requests.next(), Err(fault), "a fault stays");
                        assert_eq!(decoder.feed(b"1:a,").next(), Err(fault), "a fault stays");
                        return (found, Some(fault));
                    }
                }
            }
        }
        (found, None)
    }

    #[test]
    fn requests_come_out_in_order_wherever_the_reads_cut_them() {
        // Captured from Postfix: a policy domain, its parent, a U-label.
        let stream = "20:postfix example.test,13:postfix .test,20:postfix b\u{fc}cher.test,0:,1:,,";
        let expected = [
            "postfix example.test",
            "postfix .test",
            "postfix b\u{fc}cher.test",
            "",
            ",",
        ];
        let octets = stream.as_bytes();
        let whole = decode(100, &[octets]);
        assert_eq!(whole, (expected.map(str::to_owned).to_vec(), None));
        for first in 0..=octets.len() {
            for second in first..=octets.len() {
                let pieces = [&octets[..first], &octets[first..second], &octets[second..]];
                assert_eq!(decode(100, &pieces), whole, "cut at {first} and {second}");
            }
        }
        let single: Vec<&[u8]> = octets.chunks(1).collect();
        assert_eq!(decode(100, &single), whole, "octet by octet");
    }

    #[test]
    fn what_is_no_netstring_is_a_fault_at_its_first_octet() {
        use Fault as F;
        for (octets, before, fault) in [
            ("GET / HTTP/1.1\r\n", 0, F::NotADigit { octet: b'G' }),
            ("1 :a,", 0, F::NotADigit { octet: b' ' }),
            ("-1:a,", 0, F::NotADigit { octet: b'-' }),
            ("+1:a,", 0, F::NotADigit { octet: b'+' }),
            ("\n1:a,", 0, F::NotADigit { octet: b'\n' }),
            (":a,", 0, F::NoLength),
            ("01:a,", 0, F::LeadingZero),
            ("00:,", 0, F::LeadingZero),
            ("1:ab,", 0, F::NoComma { octet: b'b' }),
            ("2:a,3:abc,", 0, F::NoComma { octet: b'3' }),
            ("1:a,1:b;1:c,", 1, F::NoComma { octet: b';' }),
            ("1:a,\n", 1, F::NotADigit { octet: b'\n' }),
            ("11:", 0, F::TooLong { limit: 10 }),
            ("1:a,999", 1, F::TooLong { limit: 10 }),
            ("99999999999999999999999999", 0, F::TooLong { limit: 10 }),
        ] {
            let octets = octets.as_bytes();
            let single: Vec<&[u8]> = octets.chunks(1).collect();
            for pieces in [vec![octets], single] {
                let (found, found_fault) = decode(10, &pieces);
                assert_eq!(
                    (found.len(), found_fault),
                    (before, Some(fault)),
                    "{}",
                    octets.escape_ascii()
                );
            }
        }
    }

    #[test]
    fn a_request_of_the_limit_is_taken_and_one_above_refused_before_it_is_read() {
        let mut octets = Vec::new();
        encode(&[b'x'; 10], &mut octets);
        assert_eq!(octets, b"10:xxxxxxxxxx,");
        assert_eq!(decode(10, &[&octets]), (vec!["x".repeat(10)], None));
        let refused = (vec![], Some(Fault::TooLong { limit: 9 }));
        assert_eq!(decode(9, &[b"10"]), refused);
        assert_eq!(decode(0, &[b"0:,"]), (vec![String::new()], None));
    }

    #[test]
    fn no_more_than_one_request_is_held_however_much_comes() {
        let mut decoder = Decoder::new(1_000);
        let mut stream = Vec::new();
        for _ in 0..900 {
            encode(&[b'x'; 997], &mut stream);
        }
        let mut requests_found = 0;
        for _ in 0..10 {
            // Reads of a size that cuts each request in another place.
            for piece in stream.chunks(1_999) {
                let mut requests = decoder.feed(piece);
                while let Ok(Some(request)) = requests.next() {
                    assert_eq!(request.len(), 997);
                    requests_found += 1;
                }
                assert!(decoder.partial.capacity() <= 2_048, "{decoder:?}");
            }
        }
        assert_eq!(requests_found, 9_000);
        assert!(!decoder.is_within_request());
        assert_eq!(decoder.partial.capacity(), 0);
        // Garbage is kept nowhere, however much of it comes.
        let garbage = vec![0xff; 1 << 20];
        for _ in 0..100 {
            let mut requests = decoder.feed(&garbage);
            assert_eq!(requests.next(), Err(Fault::NotADigit { octet: 0xff }));
        }
        assert_eq!(decoder.partial.capacity(), 0);
    }
}
