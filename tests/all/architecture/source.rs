//! Reads sources as far as a test of the architecture needs: without comments, texts and tests.

use std::path::{Path, PathBuf};

use super::files::rust_files;

/// One source file of the library.
pub(super) struct Source {
    /// Its path below `src`.
    pub(super) path: PathBuf,
    /// What is compiled into the program: comments, the insides of strings and test modules are blanks.
    pub(super) code: String,
    /// The paths of the test modules that it declares beside itself.
    tests: Vec<PathBuf>,
}

impl Source {
    /// Reads every file of the library; `main.rs` and `lib.rs` are no room.
    pub(super) fn library() -> Vec<Self> {
        let mut sources: Vec<Self> = rust_files("src")
            .into_iter()
            .map(|path| {
                let code = std::fs::read_to_string(super::root().join(&path)).unwrap();
                Self::new(path.strip_prefix("src").unwrap().to_owned(), &code)
            })
            .collect();
        let tests: Vec<PathBuf> = sources
            .iter()
            .flat_map(|source| source.tests.clone())
            .collect();
        sources.retain(|source| {
            let is_test = |test: &PathBuf| {
                source.path.starts_with(test) || source.path == test.with_extension("rs")
            };
            !source.is_root() && !tests.iter().any(is_test)
        });
        sources
    }

    /// Reads one file, whose path is the one below `src`.
    pub(super) fn new(path: PathBuf, code: &str) -> Self {
        let mut source = Self {
            path,
            code: blank_texts(code),
            tests: Vec::new(),
        };
        source.tests = source.cut_tests();
        source
    }

    fn is_root(&self) -> bool {
        ["lib.rs", "main.rs"]
            .iter()
            .any(|root| self.path.as_os_str() == *root)
    }

    /// Returns the room that the file belongs to: its top-level module.
    pub(super) fn room(&self) -> String {
        let first = self.path.components().next().unwrap();
        let first: &Path = first.as_ref();
        first.file_stem().unwrap().to_str().unwrap().to_owned()
    }

    /// Blanks the test modules in the file, and returns the paths of those beside it.
    ///
    /// Tests may reach up: the sender's stand on the model. What is shipped may not.
    fn cut_tests(&mut self) -> Vec<PathBuf> {
        const MARK: &str = "#[cfg(test)]";
        let mut beside = Vec::new();
        let mut at = 0;
        while let Some(found) = self.code[at..].find(MARK) {
            let begin = at + found;
            at = begin + MARK.len();
            let words = self.code[at..].trim_start();
            let words = words.strip_prefix("pub(crate) ").unwrap_or(words);
            let Some(rest) = words.strip_prefix("mod ") else {
                continue;
            };
            let name: String = rest.chars().take_while(|c| is_word(*c)).collect();
            if rest[name.len()..].trim_start().starts_with(';') {
                let stem = self.path.file_stem().unwrap();
                let folder = if stem == "mod" {
                    self.path.parent().unwrap().to_owned()
                } else {
                    self.path.with_extension("")
                };
                beside.push(folder.join(name));
            } else {
                let end = at + end_of_block(&self.code[at..]);
                let blanks = " ".repeat(end - begin);
                self.code.replace_range(begin..end, &blanks);
                at = end;
            }
        }
        beside
    }

    /// Returns the paths that begin with `crate::`, as far as their first two names.
    pub(super) fn crate_paths(&self) -> Vec<(String, Option<String>)> {
        let mut paths = Vec::new();
        for (at, mark) in self.code.match_indices("crate::") {
            for path in first_names(&self.code[at + mark.len()..]) {
                let second = path.rest.strip_prefix("::").map(first_names);
                match second {
                    None => paths.push((path.name.to_owned(), None)),
                    Some(seconds) => paths.extend(
                        seconds
                            .iter()
                            .map(|second| (path.name.to_owned(), Some(second.name.to_owned()))),
                    ),
                }
            }
        }
        paths
    }
}

/// One name of a path or of a `{…}` list, and what follows it.
struct Name<'a> {
    name: &'a str,
    rest: &'a str,
}

/// Returns the name that `text` begins with, or those of its list.
fn first_names(text: &str) -> Vec<Name<'_>> {
    let Some(list) = text.strip_prefix('{') else {
        let length = text.find(|c| !is_word(c)).unwrap_or(text.len());
        let (name, rest) = text.split_at(length);
        return vec![Name { name, rest }];
    };
    let mut names = Vec::new();
    let mut depth = 0_usize;
    let mut begins = true;
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            c if begins && is_word(c) => {
                names.extend(first_names(&list[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    names
}

pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Returns where the first `{…}` of `code` ends.
fn end_of_block(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

/// Puts blanks in the place of comments and of the insides of strings and characters.
fn blank_texts(code: &str) -> String {
    let mut left = code;
    let mut result = String::with_capacity(code.len());
    while let Some(first) = left.chars().next() {
        let length = match first {
            '/' if left.starts_with("//") => left.find('\n').unwrap_or(left.len()),
            '/' if left.starts_with("/*") => left.find("*/").map_or(left.len(), |at| at + 2),
            '"' => quoted(left, '"'),
            'r' if !result.ends_with(is_word) || result.ends_with('b') => raw(left),
            '\'' => character(left),
            _ => 0,
        };
        if length == 0 {
            result.push(first);
            left = &left[first.len_utf8()..];
        } else {
            result.extend(
                left[..length]
                    .chars()
                    .map(|c| if c == '\n' { c } else { ' ' }),
            );
            left = &left[length..];
        }
    }
    result
}

/// Returns the length of the quoted text that `code` begins with.
fn quoted(code: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, c) in code.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == mark => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// Returns the length of the raw string that `code` begins with; 0 if there is none.
fn raw(code: &str) -> usize {
    let hashes = code[1..].chars().take_while(|c| *c == '#').count();
    if !code[1 + hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let inside = 2 + hashes;
    code[inside..]
        .find(&end)
        .map_or(code.len(), |at| inside + at + end.len())
}

/// Returns the length of the character that `code` begins with; 0 if it is a lifetime.
fn character(code: &str) -> usize {
    let mut chars = code.chars().skip(1);
    match (chars.next(), chars.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => quoted(code, '\''),
        _ => 0,
    }
}

#[test]
fn only_code_is_left() {
    let code = "use a::{b};\n// crate::x\nlet c = '\\''; let s = \"crate::y \\\" {\"; fn f<'a>(r: &'a str) {}\n\
                let r = r#\"crate::z \" \"#; /* crate::w */ use crate::v;\n\
                #[cfg(test)]\nmod tests { use crate::u; mod more {} }\n#[cfg(test)]\nmod far;\n";
    let source = Source::new("a/mod.rs".into(), code);
    assert_eq!(source.tests, [PathBuf::from("a/far")]);
    assert_eq!(source.crate_paths(), [("v".to_owned(), None)]);
    let lists = "use crate::{a, b::{c, d::e}, f::g};";
    let expected = [
        ("a", None),
        ("b", Some("c")),
        ("b", Some("d")),
        ("f", Some("g")),
    ]
    .map(|(first, second)| (first.to_owned(), second.map(str::to_owned)));
    assert_eq!(
        Source::new("a/mod.rs".into(), lists).crate_paths(),
        expected
    );
}
