//! Mutants that are still text of a language: values change places with values, lines with lines.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::xorshift::Xorshift;

/// Texts of lines `key = value`, cut into what can change places.
pub(crate) struct Tokens<'a> {
    /// The lines of each text.
    texts: Vec<Vec<&'a str>>,
    /// All the values that a key has anywhere.
    values: BTreeMap<&'a str, Vec<&'a str>>,
    words: Vec<&'a str>,
    /// What may come in anywhere.
    noise: &'a [&'a str],
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(texts: &[&'a str], noise: &'a [&'a str]) -> Self {
        let mut values: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (key, value) in texts.iter().flat_map(|text| text.lines()).filter_map(cut) {
            values.entry(key).or_default().push(value);
        }
        Self {
            texts: texts.iter().map(|text| text.lines().collect()).collect(),
            values,
            words: texts
                .iter()
                .flat_map(|text| text.split(is_between))
                .filter(|word| !word.is_empty())
                .collect(),
            noise,
        }
    }

    /// Takes one of the texts and makes one or two changes, most of them of a value.
    pub(crate) fn mutate(&self, random: &mut Xorshift) -> String {
        let text = &self.texts[random.below(self.texts.len())];
        let mut lines: Vec<Cow<'a, str>> = text.iter().map(|line| Cow::Borrowed(*line)).collect();
        for _ in 0..=random.below(2) {
            self.change(&mut lines, random);
        }
        lines.join("\n")
    }

    fn change(&self, lines: &mut Vec<Cow<'a, str>>, random: &mut Xorshift) {
        let place = random.below(lines.len() + 1);
        let Some(line) = lines.get_mut(place) else {
            let other = &self.texts[random.below(self.texts.len())];
            lines.push(Cow::Borrowed(random.pick(other)));
            return;
        };
        match random.below(10) {
            0..5 => {
                let Some((key, value)) = cut(line) else {
                    return;
                };
                let other = self.values.get(key).map_or(value, |all| random.pick(all));
                *line = Cow::Owned(format!("{key} = {other}"));
            }
            5 => {
                lines.remove(place);
            }
            6 => {
                let other = random.below(lines.len());
                lines.swap(place, other);
            }
            7 => {
                let other = &self.texts[random.below(self.texts.len())];
                lines.insert(place, Cow::Borrowed(random.pick(other)));
            }
            8 => {
                let word = line.split(is_between).nth(random.below(6));
                if let Some(word) = word.filter(|word| !word.is_empty()) {
                    *line = Cow::Owned(line.replacen(word, random.pick(&self.words), 1));
                }
            }
            _ => {
                let mut at = random.below(line.len() + 1);
                while !line.is_char_boundary(at) {
                    at -= 1;
                }
                line.to_mut().insert_str(at, random.pick(self.noise));
            }
        }
    }
}

/// Cuts a line at its equals sign.
fn cut(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once('=')?;
    Some((key.trim(), value.trim()))
}

fn is_between(c: char) -> bool {
    !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.' | ':')
}
