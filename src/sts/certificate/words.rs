//! What webpki says in names, in words.

/// Says in words what webpki says in names.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "webpki's errors are non-exhaustive; the rare ones keep its name for them"
)]
pub(super) fn described(error: &webpki::Error) -> String {
    match error {
        webpki::Error::BadDer | webpki::Error::BadDerTime | webpki::Error::TrailingData(_) => {
            "it is not valid DER".into()
        }
        webpki::Error::UnsupportedCertVersion => "it is not of X.509 version 3".into(),
        _ => {
            let words: String = format!("{error:?}").chars().take(120).collect();
            format!("webpki says {words}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::described;

    #[test]
    fn rare_breaches_of_a_chain_are_told_in_words() {
        for (error, expected) in [
            (webpki::Error::BadDer, "it is not valid DER"),
            (webpki::Error::BadDerTime, "it is not valid DER"),
            (
                webpki::Error::UnsupportedCertVersion,
                "it is not of X.509 version 3",
            ),
            (
                webpki::Error::InvalidCertValidity,
                "webpki says InvalidCertValidity",
            ),
        ] {
            assert_eq!(described(&error), expected);
        }
    }
}
