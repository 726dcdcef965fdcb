//! Finds the file that a name in the code comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::slice;

use super::source::{Source, is_word};

/// The names of a path: `crate::sts::mx` has three.
type Names = Vec<String>;

/// Words before the name of an item.
const ITEMS: [&str; 9] = [
    "const",
    "enum",
    "fn",
    "macro_rules",
    "static",
    "struct",
    "trait",
    "type",
    "union",
];

/// The most re-exports on the way to a definition.
const MAX_REEXPORTS: usize = 16;

/// The files of the library, by the paths of their modules below the crate.
pub(super) struct Modules(BTreeMap<Names, Module>);

impl Modules {
    /// Reads the files.
    pub(super) fn read(sources: &[Source]) -> Self {
        let modules = sources
            .iter()
            .map(|source| (module_path(&source.path), Module::read(source)));
        Self(modules.collect())
    }

    /// Returns which file names which things of which other file: user, used, names.
    pub(super) fn imports(&self) -> BTreeMap<(PathBuf, PathBuf), BTreeSet<String>> {
        let mut imports = BTreeMap::<_, BTreeSet<String>>::new();
        for (path, user) in &self.0 {
            for names in &user.named {
                if let Some((used, name)) = self.definition(path, names, MAX_REEXPORTS)
                    && used != user.file
                {
                    let pair = (user.file.clone(), used.to_owned());
                    imports.entry(pair).or_default().insert(name);
                }
            }
        }
        imports
    }

    /// Returns the file that defines what `names` stand for in the module `path`, and its name there.
    ///
    /// A module by itself is no definition; what is named through it is. A name that its module neither
    /// defines nor imports was made by a macro there.
    fn definition(
        &self,
        path: &[String],
        names: &[String],
        reexports: usize,
    ) -> Option<(&Path, String)> {
        let mut path = path.to_vec();
        let mut is_relative = true;
        for (at, name) in names.iter().enumerate() {
            match name.as_str() {
                "crate" => path.clear(),
                "self" => {}
                "super" => drop(path.pop()),
                _ => {
                    let rest = &names[at + 1..];
                    let child = [path.as_slice(), slice::from_ref(name)].concat();
                    let is_module = self.0.contains_key(&child);
                    // No file is the root of the crate: it has modules alone.
                    if is_module && (path.is_empty() || !rest.is_empty()) {
                        path = child;
                        is_relative = false;
                        continue;
                    }
                    let module = self.0.get(&path)?;
                    if module.defined.contains(name) {
                        return Some((&module.file, name.clone()));
                    } else if let Some(import) = module.imported.get(name) {
                        let names = [import, rest].concat();
                        return self.definition(&path, &names, reexports.checked_sub(1)?);
                    } else if is_module || is_relative {
                        return None;
                    } else {
                        return Some((&module.file, name.clone()));
                    }
                }
            }
            is_relative = false;
        }
        None
    }
}

/// Returns the path of the module that a file below `src` is.
fn module_path(file: &Path) -> Names {
    let path = file.with_extension("");
    let names = path.iter().map(|name| name.to_str().unwrap().to_owned());
    names.filter(|name| name != "mod").collect()
}

/// What one file says.
#[derive(Default)]
struct Module {
    file: PathBuf,
    /// The items at its top level.
    defined: BTreeSet<String>,
    /// The names that `use` brings, and what they stand for.
    imported: BTreeMap<String, Names>,
    /// The paths in its code. What a re-export names is not among them, unless the code names it too.
    named: BTreeSet<Names>,
}

impl Module {
    fn read(source: &Source) -> Self {
        let mut module = Self {
            file: source.path.clone(),
            ..Self::default()
        };
        let tokens = tokens(&source.code);
        let token = |at: usize| tokens.get(at).copied().unwrap_or_default();
        let mut depth = 0_usize;
        let mut at = 0;
        while at < tokens.len() {
            let before = at.checked_sub(1).map_or("", token);
            match token(at) {
                "{" => depth += 1,
                "}" => depth -= 1,
                "use" if token(at + 1) != "<" => {
                    let end = at + tokens[at..].iter().position(|token| *token == ";").unwrap();
                    let is_public = ["pub", ")"].contains(&before);
                    module.import(&[], &tokens[at + 1..end], is_public);
                    at = end;
                }
                "mod" => at += 1,
                item if depth == 0 && ITEMS.contains(&item) => {
                    let skipped = if token(at + 1) == "!" { 2 } else { 1 };
                    module.defined.insert(token(at + skipped).to_owned());
                }
                word if word.starts_with(is_word) && !["::", "."].contains(&before) => {
                    let mut names = vec![word.to_owned()];
                    while token(at + 1) == "::" && token(at + 2).starts_with(is_word) {
                        names.push(token(at + 2).to_owned());
                        at += 2;
                    }
                    // A single word in small letters may be a variable's name, or a field's.
                    let is_small = word.starts_with(|c: char| c.is_ascii_lowercase());
                    if names.len() > 1 || !is_small || ["(", "!"].contains(&token(at + 1)) {
                        module.named.insert(names);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        module
    }

    /// Takes the tree of a `use`, without its `;`.
    fn import(&mut self, before: &[String], tree: &[&str], is_public: bool) {
        let mut names = before.to_vec();
        let mut alias = None;
        let mut at = 0;
        while at < tree.len() {
            match tree[at] {
                "::" => {}
                "{" => {
                    for branch in branches(&tree[at + 1..tree.len() - 1]) {
                        self.import(&names, branch, is_public);
                    }
                    return;
                }
                "as" => {
                    alias = Some(tree[at + 1].to_owned());
                    at += 1;
                }
                "self" if !names.is_empty() => {}
                "*" => panic!("{}: what a `*` imports is not known", self.file.display()),
                name => names.push(name.to_owned()),
            }
            at += 1;
        }
        let Some(last) = names.last() else { return };
        let name = alias.unwrap_or_else(|| last.clone());
        // An import that nothing uses does not compile.
        if !is_public {
            self.named.insert(names.clone());
        }
        self.imported.insert(name, names);
    }
}

/// Returns the branches of the list of a `use`.
fn branches<'a, 'b>(list: &'a [&'b str]) -> Vec<&'a [&'b str]> {
    let mut depth = 0_usize;
    list.split(|token| {
        match *token {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        depth == 0 && *token == ","
    })
    .filter(|branch| !branch.is_empty())
    .collect()
}

/// Returns the words, `::` and `..` in `code`, and its other characters one by one; no lifetimes.
fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut left = code.trim_start();
    while let Some(first) = left.chars().next() {
        let word = |text: &str| text.find(|c| !is_word(c)).unwrap_or(text.len());
        let length = match first {
            '\'' => 1 + word(&left[1..]),
            c if is_word(c) => word(left),
            _ if left.starts_with("::") || left.starts_with("..") => 2,
            c => c.len_utf8(),
        };
        if first != '\'' {
            tokens.push(&left[..length]);
        }
        left = left[length..].trim_start();
    }
    tokens
}
