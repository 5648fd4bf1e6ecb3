//! Finds the imports in Rust sources. An import is a `use` statement or a path. It may be inside a macro, and it may
//! begin with `super::`.
//!
//! Items under `#[cfg(test)]` are skipped, and also the fuzz targets, which are compiled like tests.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

pub(super) struct File {
    pub(super) path: String,
    /// The path of the module in the crate: `store::sqlite` for `store/sqlite.rs`, and empty for `lib.rs`.
    pub(super) module: Vec<String>,
    pub(super) tokens: TokenStream,
}

impl File {
    /// Parses a file. `root` is the source folder of the crate, such as `server/src`.
    pub(super) fn parse(root: &str, path: &str, text: &str) -> anyhow::Result<File> {
        let tokens = text.parse().map_err(|error| anyhow::anyhow!("{path}: {error}"))?;
        let inner = path.strip_prefix(root).and_then(|path| path.strip_prefix('/')).and_then(|path| path.strip_suffix(".rs"));
        let inner = inner.ok_or_else(|| anyhow::anyhow!("{path} is not in {root}"))?;
        let module = if inner == "lib" { Vec::new() } else { inner.split('/').map(str::to_owned).collect() };
        Ok(File { path: path.to_owned(), module, tokens })
    }
}

#[derive(Debug)]
pub(super) struct Import {
    pub(super) path: String,
    pub(super) line: usize,
    /// The module that contains the import.
    pub(super) module: Vec<String>,
    /// The names of the imported path from the root of the crate: first modules, then an item.
    pub(super) names: Vec<String>,
    /// Whether the path begins with a plain name. Such a path counts as an import only if the file has `use super::*`.
    needs_glob: bool,
}

/// Where a path was found.
struct Place<'a> {
    file: &'a File,
    module: &'a [String],
    needs_glob: bool,
}

#[derive(Default)]
struct Scan {
    imports: Vec<Import>,
    /// Modules that are compiled for tests only.
    tests: Vec<Vec<String>>,
    /// Files with `use super::*`.
    globs: BTreeSet<String>,
}

/// Returns the imports in the files of one crate.
pub(super) fn imports(files: &[File]) -> Vec<Import> {
    let mut scan = Scan::default();
    for file in files {
        scan.scan(file, &file.module, file.tokens.clone());
    }
    let Scan { mut imports, tests, globs } = scan;
    imports.retain(|import| !tests.iter().any(|tests| import.module.starts_with(tests)));
    imports.retain(|import| !import.needs_glob || globs.contains(&import.path));
    imports
}

impl Scan {
    fn scan(&mut self, file: &File, module: &[String], tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            if is_test_attribute(&tokens[at..]) {
                at = self.skip_item(module, &tokens, at + 2);
                continue;
            }
            match &tokens[at] {
                TokenTree::Ident(name) if name == "mod" => {
                    if let Some((TokenTree::Ident(inner), TokenTree::Group(body))) = tokens.get(at + 1).zip(tokens.get(at + 2)) {
                        self.scan(file, &[module, &[inner.to_string()]].concat(), body.stream());
                        at += 2;
                    }
                }
                TokenTree::Ident(name) if !follows_path(&tokens, at) && is_separator(&tokens[at + 1..]) => {
                    let name = name.to_string();
                    let needs_glob = !["crate", "webhooks_server", "super", "self"].contains(&&*name);
                    let (from, next) = match &*name {
                        "crate" | "webhooks_server" => (Vec::new(), at + 1),
                        "super" => {
                            let (mut depth, mut next) = (1, at + 1);
                            while is_separator(&tokens[next..])
                                && matches!(tokens.get(next + 2), Some(TokenTree::Ident(name)) if name == "super")
                            {
                                (depth, next) = (depth + 1, next + 3);
                            }
                            (module[..module.len().saturating_sub(depth)].to_vec(), next)
                        }
                        "self" => (module.to_vec(), at + 1),
                        sibling => ([&module[..module.len().saturating_sub(1)], &[sibling.to_owned()]].concat(), at + 1),
                    };
                    if name == "super" && matches!(tokens.get(next + 2), Some(TokenTree::Punct(star)) if star.as_char() == '*') {
                        self.globs.insert(file.path.clone());
                    }
                    let place = Place { file, module, needs_glob };
                    self.path(&place, from, None, &tokens[next..]);
                }
                TokenTree::Group(group) => self.scan(file, module, group.stream()),
                _ => {}
            }
            at += 1;
        }
    }

    /// Reads the rest of a path after the names in `from`. The rest has more names, or a list of paths in braces.
    fn path(&mut self, place: &Place<'_>, mut from: Vec<String>, mut line: Option<usize>, mut tokens: &[TokenTree]) {
        while is_separator(tokens) {
            match tokens.get(2) {
                Some(TokenTree::Ident(name)) => {
                    line.get_or_insert(name.span().start().line);
                    from.push(name.to_string());
                    tokens = &tokens[3..];
                }
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    for part in inner.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')) {
                        let Some(TokenTree::Ident(name)) = part.first() else { continue };
                        let from = if name == "self" { from.clone() } else { [&from[..], &[name.to_string()]].concat() };
                        self.path(place, from, Some(name.span().start().line), &part[1..]);
                    }
                    return;
                }
                _ => break,
            }
        }
        if let Some(line) = line {
            self.import(place, &from, line);
        }
    }

    fn import(&mut self, place: &Place<'_>, names: &[String], line: usize) {
        let Place { file, module, needs_glob } = *place;
        self.imports.push(Import { path: file.path.clone(), line, module: module.to_owned(), names: names.to_owned(), needs_glob });
    }

    /// Skips the item that follows an attribute. Returns the index of the next token.
    fn skip_item(&mut self, module: &[String], tokens: &[TokenTree], mut at: usize) -> usize {
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Ident(name) if name == "mod" => {
                    if let Some(TokenTree::Ident(inner)) = tokens.get(at + 1) {
                        self.tests.push([module, &[inner.to_string()]].concat());
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => return at + 1,
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return at + 1,
                _ => {}
            }
            at += 1;
        }
        at
    }
}

/// Whether the tokens begin with `#[cfg(test)]` or with the attribute of fuzz targets.
pub(super) fn is_test_attribute(tokens: &[TokenTree]) -> bool {
    let [TokenTree::Punct(hash), TokenTree::Group(attribute), ..] = tokens else { return false };
    let attribute = attribute.stream().to_string().replace(' ', "");
    hash.as_char() == '#' && ["cfg(test)", "cfg(any(test,feature=\"fuzzing\"))"].contains(&attribute.as_str())
}

fn is_separator(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(first), TokenTree::Punct(second), ..] if first.as_char() == ':' && second.as_char() == ':')
}

fn follows_path(tokens: &[TokenTree], at: usize) -> bool {
    at >= 2 && is_separator(&tokens[at - 2..])
}
