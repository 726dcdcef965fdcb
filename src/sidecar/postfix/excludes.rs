//! `exclude=`: a salt for Postfix's TLS session cache.

use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::sts::policy::Mode;

/// The ciphers that main.cf excludes, to which an answer adds its salt.
///
/// A cached TLS session outlives a change of policy: its key has the next hop, the host, level and ciphers, and not
/// what `match=` says. So on TLS 1.3 a host that the policy no longer lists stays "Verified", and on 1.2 one that
/// it now lists stays refused, for an hour. The name of a cipher that does not exist ends in that key too.
///
/// The attribute takes the place of `smtp_tls_exclude_ciphers` and `smtp_tls_mandatory_exclude_ciphers` in main.cf,
/// so an answer carries what these say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Excludes(Vec<Box<str>>);

impl Excludes {
    /// Returns the attribute for an answer, with a space before it.
    ///
    /// The salt is made of what the answer demands and not of the policy's id: bodies change under one id.
    pub(super) fn salted(&self, mode: Mode, names: &[String]) -> String {
        let mut hash = Sha256::new();
        hash.update(format!("{mode} {}", names.join(":")));
        let hash = hash.finalize();
        let mut value = " exclude=".to_owned();
        for cipher in &self.0 {
            value.push_str(cipher);
            value.push(':');
        }
        value.push_str("STS");
        for octet in hash.iter().take(8) {
            value.push_str(&format!("{octet:02X}"));
        }
        value
    }
}

impl FromStr for Excludes {
    type Err = ExcludesError;

    /// Reads both of main.cf's lists, one behind the other: names between commas, colons and white space.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split([',', ':', ' ', '\t', '\r', '\n'])
            .filter(|name| !name.is_empty())
            .map(|name| {
                let is_name = name
                    .bytes()
                    .all(|octet| octet.is_ascii_alphanumeric() || b"-_.+=".contains(&octet));
                // Postfix refuses the operators of OpenSSL before a name.
                if is_name && !name.starts_with(['-', '+']) {
                    Ok(name.into())
                } else {
                    Err(ExcludesError { name: name.into() })
                }
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// A word that is no cipher's name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{name}` is no cipher that Postfix can exclude")]
pub struct ExcludesError {
    /// The word.
    pub name: Box<str>,
}

#[cfg(test)]
mod tests {
    use super::{Excludes, ExcludesError};
    use crate::sts::policy::Mode;

    fn salted(lists: &str, mode: Mode, names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        lists.parse::<Excludes>().unwrap().salted(mode, &names)
    }

    #[test]
    fn the_salt_comes_behind_what_main_cf_excludes() {
        let salt = "STSABF614D0063326A1";
        for (lists, expected) in [
            ("", format!(" exclude={salt}")),
            ("aNULL", format!(" exclude=aNULL:{salt}")),
            (
                "aNULL, DES ,RC4:MD5\tkECDH+aECDSA\n",
                format!(" exclude=aNULL:DES:RC4:MD5:kECDH+aECDSA:{salt}"),
            ),
        ] {
            assert_eq!(
                salted(lists, Mode::Enforce, &["a.test"]),
                expected,
                "{lists:?}"
            );
        }
    }

    #[test]
    fn the_salt_changes_with_mode_and_names_alone() {
        let first = salted("", Mode::Enforce, &["a.test", "b.test"]);
        assert_eq!(first, salted("", Mode::Enforce, &["a.test", "b.test"]));
        for (mode, names) in [
            (Mode::Testing, &["a.test", "b.test"][..]),
            (Mode::Enforce, &["a.test"]),
            (Mode::Enforce, &["b.test", "a.test"]),
            (Mode::Enforce, &["a.test", "b.test", "c.test"]),
        ] {
            assert_ne!(first, salted("", mode, names), "{mode} {names:?}");
        }
    }

    #[test]
    fn what_is_no_cipher_is_refused() {
        for (lists, name) in [
            ("aNULL !DES", "!DES"),
            ("-DES", "-DES"),
            ("+DES", "+DES"),
            ("@STRENGTH", "@STRENGTH"),
            ("a{b}", "a{b}"),
            ("DES;RC4", "DES;RC4"),
            ("d\u{e9}s", "d\u{e9}s"),
        ] {
            let refused = ExcludesError { name: name.into() };
            assert_eq!(lists.parse::<Excludes>(), Err(refused), "{lists}");
        }
    }
}
