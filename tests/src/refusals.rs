//! Which codes each operation may answer, read from the code: whatever its handler reaches, from
//! its extractors to the last function it calls; and which permit its handler asks for, and whether
//! it takes an `Idempotency-Key`. No list stands beside it that could go stale.
//!
//! Names are followed, not types. A code that this misses is found by the first test that is
//! answered it, for answers are held against the document.

use crate::document;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use shared::{models::Role, tenancy::PERMITS, web::Code};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// What any request may be answered: it is no request, or something is wrong on our side.
const ANYWAY: [Code; 3] =
    [Code::MalformedRequest, Code::InternalError, Code::DependencyUnavailable];

/// The variants of `Error` that always have the same code.
const FIXED: [(&str, Code); 7] = [
    ("Unauthenticated", Code::Unauthenticated),
    ("Forbidden", Code::Forbidden),
    ("NotFound", Code::NotFound),
    ("Invalid", Code::ValidationFailed),
    ("TooMany", Code::TooManyRequests),
    ("Unavailable", Code::DependencyUnavailable),
    ("Internal", Code::InternalError),
];

/// What the code says of an operation.
#[derive(Debug)]
pub struct Operation {
    /// With which codes it refuses, in the order in which they are declared.
    pub codes: Vec<Code>,
    /// The permit its handler asks for; without one it is for anybody.
    pub permit: Option<&'static str>,
    /// Whether it takes an `Idempotency-Key`.
    pub keyed: bool,
    /// The names in its handler's arguments.
    pub(crate) arguments: BTreeSet<String>,
}

impl Operation {
    /// Who has the permit it asks for.
    pub fn roles(&self) -> Option<&'static [Role]> {
        let permit = PERMITS.iter().find(|(name, _)| Some(*name) == self.permit);
        permit.map(|(_, roles)| *roles)
    }
}

/// What the code says of each operation, by `METHOD /path`.
pub fn by_operation() -> &'static BTreeMap<String, Operation> {
    static READ: LazyLock<BTreeMap<String, Operation>> = LazyLock::new(read_operations);
    &READ
}

fn read_operations() -> BTreeMap<String, Operation> {
    let sources = Sources::read();
    let of_keys = sources.reached(sources.items.iter().filter(|item| item.name == "once"));
    let handlers = sources.items.iter().filter_map(|item| Some((item.route.clone()?, item)));
    let all = handlers.map(|(route, handler)| {
        let permit = handler.permit();
        let function = sources.files.get(handler.file).map_or("", File::package);
        let keyed =
            route.starts_with("POST ") && permit.is_some() && document::takes_keys(function);
        let mut names = sources.reached(std::iter::once(handler));
        names.extend(ANYWAY.map(variant));
        if keyed {
            names.extend(of_keys.iter().cloned());
        }
        let codes = Code::ALL.iter().copied().filter(|code| names.contains(&variant(*code)));
        let codes = codes.collect();
        (route, Operation { codes, permit, keyed, arguments: handler.arguments.clone() })
    });
    all.collect()
}

/// The variants of a table of codes that the code uses anywhere.
pub fn named(table: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let sources = sources(&["functions", "shared/src"]);
    let mut left: Vec<TokenStream> = sources.into_iter().map(|(_, text)| parsed(&text)).collect();
    while let Some(stream) = left.pop() {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Ident(name) if name == table => {
                    found.extend(name_after(&tokens, index));
                }
                TokenTree::Group(group) => left.push(group.stream()),
                _ => {}
            }
        }
    }
    found
}

fn variant(code: Code) -> String {
    format!("{code:?}")
}

/// A function or a constant.
#[derive(Debug, Default)]
struct Item {
    file: usize,
    name: String,
    /// The type it belongs to.
    owner: Option<String>,
    takes_self: bool,
    /// `METHOD /path`, if it is a handler.
    route: Option<String>,
    /// The names in its arguments, extractors among them.
    arguments: BTreeSet<String>,
    mentions: BTreeSet<Mention>,
    /// Codes by their variants' names.
    codes: BTreeSet<String>,
}

/// A name in a body, and how it stands there.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mention {
    /// `name`
    Free(String),
    /// `.name`
    Method(String),
    /// `of::name`
    Of(String, String),
}

#[derive(Debug)]
struct File {
    /// Its modules, from the outermost.
    path: Vec<String>,
    /// The names it imports.
    uses: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Sources {
    files: Vec<File>,
    items: Vec<Item>,
    /// What becomes an error by `?`, with its code.
    from: BTreeMap<String, BTreeSet<String>>,
}

/// The words that begin an item.
const ITEMS: [&str; 10] =
    ["use", "fn", "const", "impl", "trait", "mod", "struct", "enum", "type", "macro_rules"];

/// What makes answers.
const ANSWERING: [&str; 5] = [
    "functions",
    "shared/src/web",
    "shared/src/tenancy",
    "shared/src/settlement",
    "shared/src/settlement.rs",
];

/// The files in these places, but for tests.
fn sources(places: &[&str]) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut left: Vec<PathBuf> = places.iter().map(|place| root.join(place)).collect();
    let mut found = Vec::new();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
            left.extend(entries.map(|entry| entry.path()));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let name = path.strip_prefix(&root).unwrap_or(&path).to_owned();
            if !name.to_string_lossy().contains("tests") {
                found.push((name, text));
            }
        }
    }
    found.sort();
    found
}

fn parsed(text: &str) -> TokenStream {
    text.parse().unwrap_or_default()
}

fn ident(token: Option<&TokenTree>) -> Option<String> {
    match token {
        Some(TokenTree::Ident(name)) => Some(name.to_string()),
        _ => None,
    }
}

fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

fn group(token: Option<&TokenTree>, kind: Delimiter) -> Option<TokenStream> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == kind => Some(group.stream()),
        _ => None,
    }
}

/// The name in `Before::Name`, for the index of `Before`.
fn name_after(tokens: &[TokenTree], index: usize) -> Option<String> {
    let path = is_punct(tokens.get(index + 1), ':') && is_punct(tokens.get(index + 2), ':');
    ident(tokens.get(index + 3)).filter(|_| path)
}

impl Sources {
    fn read() -> Self {
        let mut all = Self::default();
        for (path, text) in sources(&ANSWERING) {
            let parts = path.with_extension("");
            let path = parts.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            all.files.push(File { path, uses: BTreeSet::new() });
            all.items_of(parsed(&text), None);
        }
        all
    }

    /// Reads items, one after the other; `owner` is the type they belong to.
    fn items_of(&mut self, stream: TokenStream, owner: Option<&str>) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let (mut index, mut of_tests, mut route) = (0, false, None);
        while let Some(token) = tokens.get(index) {
            let word = ident(Some(token)).unwrap_or_default();
            let end = |from: usize| {
                let is_end = |token: &TokenTree| {
                    is_punct(Some(token), ';') || group(Some(token), Delimiter::Brace).is_some()
                };
                let rest = tokens.iter().skip(from);
                from + rest.take_while(|token| !is_end(token)).count()
            };
            if is_punct(Some(token), '#') {
                if let Some(attribute) = group(tokens.get(index + 1), Delimiter::Bracket) {
                    of_tests |= attribute.to_string().replace(' ', "").contains("cfg(test)");
                    route = route.or_else(|| route_of(attribute));
                    index += 1;
                }
            } else if ITEMS.contains(&word.as_str()) {
                let until = end(index);
                let head = tokens.get(index..until).unwrap_or_default();
                let body = group(tokens.get(until), Delimiter::Brace);
                // `const fn` is a function.
                if word == "const" && ident(tokens.get(index + 1)).is_some_and(|w| w == "fn") {
                    index += 1;
                    continue;
                }
                if !of_tests {
                    self.item(&word, head, body, owner, route.take());
                }
                (of_tests, route, index) = (false, None, until);
            }
            index += 1;
        }
    }

    fn item(
        &mut self,
        word: &str,
        head: &[TokenTree],
        body: Option<TokenStream>,
        owner: Option<&str>,
        route: Option<String>,
    ) {
        let file = self.files.len().saturating_sub(1);
        match word {
            "use" => {
                let mut names = BTreeSet::new();
                words(head.iter().cloned().chain(body.into_iter().flatten()), &mut names);
                if let Some(file) = self.files.last_mut() {
                    file.uses.extend(names);
                }
            }
            "impl" | "trait" | "mod" => {
                let of = (word != "mod").then(|| type_of(head)).flatten();
                let Some(body) = body else { return };
                if let Some(name) = source_of(head).filter(|_| of.as_deref() == Some("Error")) {
                    let mut item = Item { owner: of, ..Item::default() };
                    item.takes_in(body);
                    self.from.insert(name, item.codes);
                    return;
                }
                self.items_of(body, of.as_deref().or(owner));
            }
            "fn" | "const" => {
                let mut item = Item {
                    file,
                    name: ident(head.get(1)).unwrap_or_default(),
                    owner: owner.map(str::to_owned),
                    route,
                    ..Item::default()
                };
                let arguments = head.iter().find_map(|it| group(Some(it), Delimiter::Parenthesis));
                if let Some(arguments) = arguments.filter(|_| word == "fn") {
                    words(arguments, &mut item.arguments);
                    item.takes_self = item.arguments.contains("self");
                }
                if word == "const" {
                    item.takes_in(head.iter().skip(2).cloned().collect());
                }
                item.takes_in(body.unwrap_or_default());
                self.items.push(item);
            }
            _ => {}
        }
    }

    /// All codes that can be reached from some items.
    fn reached<'a>(&'a self, from: impl Iterator<Item = &'a Item>) -> BTreeSet<String> {
        let mut left: Vec<&Item> = from.collect();
        let (mut seen, mut codes) = (Vec::new(), BTreeSet::new());
        while let Some(item) = left.pop() {
            if seen.iter().any(|one| std::ptr::eq(*one, item)) {
                continue;
            }
            seen.push(item);
            codes.extend(item.codes.iter().cloned());
            for mention in &item.mentions {
                if let Mention::Free(name) = mention {
                    codes.extend(self.from.get(name).into_iter().flatten().cloned());
                }
                left.extend(self.meant(item, mention));
            }
            let extracts = |to: &&Item| {
                item.route.is_some()
                    && to.name.starts_with("from_request")
                    && to.owner.as_ref().is_some_and(|owner| item.arguments.contains(owner))
            };
            left.extend(self.items.iter().filter(extracts));
        }
        codes
    }

    /// What an item means by a name: what is nearest to it, if several have that name.
    fn meant(&self, from: &Item, mention: &Mention) -> Vec<&Item> {
        let fitting = self.items.iter().filter(|to| self.fits(from, mention, to));
        let near = fitting.map(|to| (self.nearness(from, to), to)).collect::<Vec<_>>();
        let nearest = near.iter().map(|(steps, _)| *steps).max();
        near.into_iter().filter(|(steps, _)| Some(*steps) == nearest).map(|(_, to)| to).collect()
    }

    /// How many modules two items have in common.
    fn nearness(&self, one: &Item, other: &Item) -> usize {
        let path = |item: &Item| self.files.get(item.file).map(|file| file.path.as_slice());
        let (one, other) = (path(one).unwrap_or_default(), path(other).unwrap_or_default());
        one.iter().zip(other).take_while(|(one, other)| one == other).count()
    }

    /// Whether a name that an item mentions can be this other item's.
    fn fits(&self, from: &Item, mention: &Mention, to: &Item) -> bool {
        let (Some(here), Some(there)) = (self.files.get(from.file), self.files.get(to.file)) else {
            return false;
        };
        if there.package() != here.package() && there.package() != "shared" {
            return false;
        }
        let (Mention::Free(name) | Mention::Method(name) | Mention::Of(_, name)) = mention;
        // Nobody calls a handler.
        if *name != to.name || to.route.is_some() {
            return false;
        }
        match mention {
            Mention::Free(name) => {
                to.owner.is_none() && (from.file == to.file || here.uses.contains(name))
            }
            // What an error says of itself matters at the edge alone.
            Mention::Method(_) => to.takes_self && there.module() != "error",
            Mention::Of(of, _) if of == "Self" => from.owner == to.owner,
            Mention::Of(of, _) => match &to.owner {
                Some(owner) => owner == of,
                None => there.module() == of,
            },
        }
    }
}

impl File {
    /// The function's folder, or `shared`.
    fn package(&self) -> &str {
        let first = self.path.first().map_or("", String::as_str);
        if first == "shared" { first } else { self.path.get(1).map_or("", String::as_str) }
    }

    fn module(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

impl Item {
    /// The permit a handler asks for, by its arguments.
    fn permit(&self) -> Option<&'static str> {
        let asks = self.arguments.contains("Grant");
        let mut permits = PERMITS.iter().map(|(permit, _)| *permit).filter(|_| asks);
        permits.find(|permit| self.arguments.contains(*permit))
    }

    /// Notes what is said in a body.
    fn takes_in(&mut self, body: TokenStream) {
        let tokens: Vec<TokenTree> = body.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|before| tokens.get(before));
            if let TokenTree::Group(group) = token {
                // What something is compared with is not answered.
                let compares = is_punct(before, '!') && follows(&tokens, index, "matches");
                let inner = group.stream().into_iter();
                let inner = inner.take_while(|token| !compares || !is_punct(Some(token), ','));
                self.takes_in(inner.collect());
            }
            let Some(name) = ident(Some(token)) else { continue };
            if let Some(after) = name_after(&tokens, index) {
                let of_error =
                    name == "Error" || (name == "Self" && self.owner.as_deref() == Some("Error"));
                if name == "Code" {
                    self.codes.insert(after);
                } else if let Some((_, code)) =
                    FIXED.iter().find(|(variant, _)| of_error && *variant == after)
                {
                    self.codes.insert(variant(*code));
                } else {
                    self.mentions.insert(Mention::Of(name, after));
                }
            } else if is_punct(before, '.') {
                let called = group(tokens.get(index + 1), Delimiter::Parenthesis).is_some();
                if called {
                    self.mentions.insert(Mention::Method(name));
                }
            } else if !is_punct(before, ':') || !is_path(&tokens, index) {
                self.mentions.insert(Mention::Free(name));
            }
        }
    }
}

/// Whether this word stands two places before an index: `word!(…)`.
fn follows(tokens: &[TokenTree], index: usize, word: &str) -> bool {
    let two = index.checked_sub(2).and_then(|before| tokens.get(before));
    ident(two).is_some_and(|name| name == word)
}

/// Whether what stands at an index comes after `::`.
fn is_path(tokens: &[TokenTree], index: usize) -> bool {
    let two = index.checked_sub(2).and_then(|before| tokens.get(before));
    is_punct(two, ':')
}

/// All names, however deep.
fn words(tokens: impl IntoIterator<Item = TokenTree>, to: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                to.insert(name.to_string());
            }
            TokenTree::Group(group) => words(group.stream(), to),
            _ => {}
        }
    }
}

/// The type an `impl` or a trait is about: behind `for`, or the first after the generics.
fn type_of(head: &[TokenTree]) -> Option<String> {
    let word = |index: usize| ident(head.get(index));
    let mut depth = 0;
    let mut first = None;
    for (index, token) in head.iter().enumerate().skip(1) {
        // An arrow ends no generics.
        let arrow = index.checked_sub(1).is_some_and(|before| is_punct(head.get(before), '-'));
        match token {
            TokenTree::Punct(sign) if sign.as_char() == '<' => depth += 1,
            TokenTree::Punct(sign) if sign.as_char() == '>' && !arrow => depth -= 1,
            TokenTree::Ident(name) if depth == 0 && *name == "for" => return word(index + 1),
            TokenTree::Ident(_) if depth == 0 && first.is_none() => first = word(index),
            _ => {}
        }
    }
    first
}

/// `METHOD /path` of an annotation `utoipa::path(post, path = "/slots/book", …)`.
fn route_of(attribute: TokenStream) -> Option<String> {
    let tokens: Vec<TokenTree> = attribute.into_iter().collect();
    if ident(tokens.first())? != "utoipa" || name_after(&tokens, 0)? != "path" {
        return None;
    }
    let said: Vec<TokenTree> = group(tokens.last(), Delimiter::Parenthesis)?.into_iter().collect();
    let at = said.iter().position(|token| ident(Some(token)).is_some_and(|word| word == "path"))?;
    let path = said.get(at + 2)?.to_string();
    Some(format!("{} {}", ident(said.first())?.to_uppercase(), path.trim_matches('"')))
}

/// What an `impl From<…>` makes something of: `Forbidden`.
fn source_of(head: &[TokenTree]) -> Option<String> {
    let from = head.iter().position(|token| ident(Some(token)).is_some_and(|it| it == "From"))?;
    let end = head.iter().position(|token| is_punct(Some(token), '>'))?;
    head.get(from..end)?.iter().rev().find_map(|token| ident(Some(token)))
}
