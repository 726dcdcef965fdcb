//! §3.2: the fields that mean something.

use std::fmt;

/// A field that means something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Field {
    /// `max_age`.
    MaxAge,
    /// `mode`.
    Mode,
    /// `mx`.
    Mx,
    /// `version`.
    Version,
}

impl Field {
    const ALL: [Self; 4] = [Self::MaxAge, Self::Mode, Self::Mx, Self::Version];

    /// Returns the field that somebody meant by another name: `MX`, `nmx`, `max-age`, `modes`.
    #[must_use]
    pub fn meant_by(name: &str) -> Option<Self> {
        let fold = |name: &str| name.to_ascii_lowercase().replace(['-', '.', '_'], "");
        let folded = fold(name);
        Self::ALL.into_iter().find(|field| {
            let known = fold(&field.to_string());
            // A slip is a letter too many, too few, wrong, or in its neighbour's place.
            let slips = match field {
                Self::Mx => 0,
                Self::Mode => 1,
                Self::MaxAge | Self::Version => 2,
            };
            strsim::osa_distance(&folded, &known) <= slips
                || match field {
                    Self::MaxAge => folded.starts_with("max"),
                    Self::Mx => {
                        folded.starts_with("mx") || (folded.len() <= 4 && folded.ends_with("mx"))
                    }
                    Self::Mode => folded == "modes",
                    Self::Version => false,
                }
        })
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MaxAge => "max_age",
            Self::Mode => "mode",
            Self::Mx => "mx",
            Self::Version => "version",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Field;

    #[test]
    fn a_misspelt_name_means_the_field_that_it_is_near() {
        use Field::{MaxAge, Mode, Mx, Version};
        for (name, expected) in [
            ("MX", Some(Mx)),
            ("nmx", Some(Mx)),
            ("mxs", Some(Mx)),
            ("mx1", Some(Mx)),
            ("mx_host", Some(Mx)),
            ("max_ag", Some(MaxAge)),
            ("max-age", Some(MaxAge)),
            ("maxage", Some(MaxAge)),
            ("Max_Age", Some(MaxAge)),
            ("max", Some(MaxAge)),
            ("Mode", Some(Mode)),
            ("modes", Some(Mode)),
            ("mdoe", Some(Mode)),
            ("Version", Some(Version)),
            ("verison", Some(Version)),
            ("id", None),
            ("x", None),
            ("remark", None),
            ("contact", None),
            ("", None),
        ] {
            assert_eq!(Field::meant_by(name), expected, "{name:?}");
        }
    }
}
