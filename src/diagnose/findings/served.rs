//! What is served in the place of a policy.

use std::fmt;

use crate::diagnose::judged::Edge;

/// A body that is no policy with a mistake in it, but something else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Served {
    /// Compressed, which no sender asked for.
    Compressed,
    /// JSON.
    Json,
    /// The fields of a policy, all on one line.
    Joined,
    /// Octets that are not UTF-8.
    NotUtf8,
    /// The TXT record, which has its place in the DNS.
    Record,
    /// UTF-16, as some editors save.
    Utf16,
    /// HTML: an error page with status 200, a login, a challenge to browsers.
    WebPage,
}

impl Served {
    /// Recognises what the policy host serves with status 200, at the first address where it is no policy.
    pub(super) fn find(edges: &[Edge<'_>]) -> Option<Self> {
        edges
            .iter()
            .filter_map(|edge| edge.exchange.outcome.as_ref().ok())
            .filter(|response| response.status == 200)
            .find_map(|response| Self::recognise(&response.body))
    }

    /// Recognises a body.
    pub(in crate::diagnose) fn recognise(body: &[u8]) -> Option<Self> {
        match body {
            [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Compressed),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, 0, _, ..] | [_, 0, _, 0, ..] => {
                Some(Self::Utf16)
            }
            _ => match str::from_utf8(body) {
                Err(_not_utf8) => Some(Self::NotUtf8),
                Ok(text) => Self::recognise_text(text.trim_start_matches('\u{feff}').trim()),
            },
        }
    }

    fn recognise_text(text: &str) -> Option<Self> {
        let begins = |start: &str| {
            text.get(..start.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(start))
        };
        let has_field = |name| text.contains(&format!("{name}:"));
        if text.starts_with('<') {
            Some(Self::WebPage)
        } else if text.starts_with(['{', '[']) {
            Some(Self::Json)
        } else if ["v=STSv1", "\"v=STSv1", "_mta-sts"].into_iter().any(begins) {
            Some(Self::Record)
        } else if !text.contains(['\n', '\r'])
            && has_field("version")
            && (has_field("mode") || has_field("max_age"))
        {
            Some(Self::Joined)
        } else {
            None
        }
    }

    /// Says what to change.
    pub(in crate::diagnose) const fn advice(self) -> &'static str {
        match self {
            Self::Compressed => {
                "Serve it as it is: senders that do not ask for compression cannot read it. Switch \
                 compression off for this file."
            }
            Self::Json => {
                "Serve the policy as lines of `name: value`, as in `mode: enforce`: senders read nothing else."
            }
            Self::Joined => {
                "Give each field a line of its own: something between the editor and here takes the line ends \
                 away."
            }
            Self::Record => {
                "Publish this as a TXT record at _mta-sts.<domain>. What is served here is the policy: lines of \
                 `name: value`, `version: STSv1` among them."
            }
            Self::NotUtf8 => {
                "Save the file as plain UTF-8, or switch off what encodes it on the way (compression, say)."
            }
            Self::Utf16 => "Save the file as UTF-8, without a byte order mark.",
            Self::WebPage => {
                "Serve the policy file itself at this address: no error page with status 200, no login, no \
                 challenge for browsers."
            }
        }
    }
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compressed => "it is served compressed",
            Self::Json => "this is JSON, not a policy",
            Self::Joined => "the fields of the policy are joined in one line",
            Self::Record => "this is the TXT record, not the policy",
            Self::NotUtf8 => "it is not UTF-8",
            Self::Utf16 => "it is UTF-16, not UTF-8",
            Self::WebPage => "this is a web page, not a policy",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Served;

    #[test]
    fn what_is_no_policy_at_all_is_recognised() {
        use Served::{Compressed, Joined, Json, NotUtf8, Record, Utf16, WebPage};
        for (body, expected) in [
            (&b"\x1f\x8b\x08\0"[..], Some(Compressed)),
            (b"\xff\xfev\0e\0", Some(Utf16)),
            (b"v\0e\0r\0", Some(Utf16)),
            (b"\0v\0e\0r", Some(Utf16)),
            (b"version: \xe9", Some(NotUtf8)),
            (b"\n <!doctype html>", Some(WebPage)),
            (b"{\"version\": \"STSv1\"}", Some(Json)),
            (b"v=STSv1; id=1;\n", Some(Record)),
            (b"\"V=STSV1; id=1;\"", Some(Record)),
            (
                b"version: STSv1 mode: enforce mx: a.test max_age: 1\n",
                Some(Joined),
            ),
            (b"version: STSv1\\nmode: enforce\\nmx: a.test", Some(Joined)),
            (b"version: STSv1\nmode: enforce mx: a.test", None),
            (b"version: STSv1", None),
            (b"", None),
        ] {
            assert_eq!(Served::recognise(body), expected, "{}", body.escape_ascii());
        }
    }
}
