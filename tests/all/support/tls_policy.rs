//! Reads what a policy map answers as Postfix does (`smtp_tls_policy.c`), to see what an answer means to it.

/// What Postfix takes from one value of `smtp_tls_policy_maps`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TlsPolicy {
    /// The security level.
    pub(crate) level: String,
    /// The attributes, in their order; names in lower case.
    pub(crate) attributes: Vec<(String, String)>,
}

impl TlsPolicy {
    /// Reads a value. What Postfix would not take, and so defer the mail, is an error.
    pub(crate) fn read(value: &str) -> Result<Self, String> {
        let mut words = words(value).into_iter();
        let level = words.next().ok_or("no level")?;
        let attributes = words
            .map(|word| {
                let pair = match word.strip_prefix('{') {
                    Some(rest) => rest
                        .strip_suffix('}')
                        .ok_or_else(|| format!("no closing brace in {word:?}"))?,
                    None => &word,
                };
                let (name, value) = pair
                    .split_once('=')
                    .ok_or_else(|| format!("no `=` in {word:?}"))?;
                let name = name.trim().to_ascii_lowercase();
                if name.is_empty() || name.contains(char::is_whitespace) {
                    return Err(format!("no name in {word:?}"));
                }
                Ok((name, value.trim().to_owned()))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { level, attributes })
    }

    /// Returns the values of an attribute.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let named = self.attributes.iter().filter(|(known, _)| known == name);
        named.map(|(_, value)| value.as_str()).collect()
    }
}

/// Splits at commas and white space outside of braces (`mystrtokq` with `CHARS_COMMA_SP` and `CHARS_BRACE`).
fn words(value: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut depth = 0_usize;
    for character in value.chars() {
        match character {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | ' ' | '\t' | '\r' | '\n' if depth == 0 => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            _ => {}
        }
        word.push(character);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[test]
fn what_the_existing_sidecars_send_is_read_as_postfix_reads_it() {
    let read = |value: &str| {
        let policy = TlsPolicy::read(value).unwrap();
        let attributes = policy.attributes.iter();
        let shown = attributes.map(|(name, value)| format!("{name}|{value}"));
        (policy.level.clone(), shown.collect::<Vec<String>>())
    };
    // A pattern with white space, and a line with braces: both have been sent.
    assert_eq!(
        read("secure match=mx1.a.test protocols=SSLv3 ciphers=null servername=hostname"),
        (
            "secure".into(),
            [
                "match|mx1.a.test",
                "protocols|SSLv3",
                "ciphers|null",
                "servername|hostname"
            ]
            .map(str::to_owned)
            .into()
        )
    );
    assert_eq!(
        read("secure { policy_string = brace: a } ciphers=null { policy_string = mx: b }"),
        (
            "secure".into(),
            [
                "policy_string|brace: a",
                "ciphers|null",
                "policy_string|mx: b"
            ]
            .map(str::to_owned)
            .into()
        )
    );
    for value in [
        "",
        " , ",
        "secure match",
        "secure { }",
        "secure { a = b",
        "secure =b",
        "secure {a=b}c",
    ] {
        assert!(TlsPolicy::read(value).is_err(), "{value:?}");
    }
}
