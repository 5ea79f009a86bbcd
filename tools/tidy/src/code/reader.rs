//! Collects the content of a file in one pass over its tokens.

use std::mem;

use proc_macro2::{Delimiter, Group, Literal, Punct, TokenStream, TokenTree};

use super::{Code, Located, Path};

/// Keywords before a path, which are not its first segment.
const KEYWORDS: [&str; 16] = [
    "as", "break", "dyn", "else", "for", "if", "impl", "in", "let", "match", "move", "mut", "ref", "return", "use",
    "where",
];

/// The pass, with the content found so far.
pub(super) struct Reader {
    code: Code,
    /// The current module.
    module: Vec<String>,
    in_test: bool,
    /// Whether the next item has the attribute `#[cfg(test)]`.
    next_is_test: bool,
}

impl Reader {
    pub(super) fn new(path: &str) -> Self {
        Self { code: Code::default(), module: module(path), in_test: false, next_is_test: false }
    }

    pub(super) fn into_code(self) -> Code {
        self.code
    }

    pub(super) fn read(&mut self, stream: TokenStream) {
        let tokens: Vec<_> = stream.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at = match token {
                TokenTree::Ident(name) => self.name(&name.to_string(), &tokens, at),
                TokenTree::Punct(punct) => self.punct(punct, &tokens, at),
                TokenTree::Literal(literal) => self.literal(literal, at),
                TokenTree::Group(group) => self.group(group, at),
            };
        }
    }

    // Each of these reads the item that begins at token `at`, and returns the index of the token after it.

    fn name(&mut self, name: &str, tokens: &[TokenTree], at: usize) -> usize {
        if let [TokenTree::Ident(module), TokenTree::Group(body), ..] = &tokens[at + 1..]
            && name == "mod"
        {
            return self.module(&module.to_string(), body, at + 3);
        }
        let is_used = tokens[..at].last().is_some_and(|before| is_ident(before, "use"));
        let is_path = is_used || is_separator(&tokens[at + 1..]);
        if is_path && !KEYWORDS.contains(&name) && !is_method(&tokens[..at]) {
            return self.path(tokens, at, &[]);
        }
        self.call(name, tokens, at);
        at + 1
    }

    fn module(&mut self, name: &str, body: &Group, end: usize) -> usize {
        self.code.modules.push(self.located(name.to_owned(), body.span().start().line));
        self.module.push(name.to_owned());
        self.group(body, end);
        self.module.pop();
        end
    }

    fn punct(&mut self, punct: &Punct, tokens: &[TokenTree], at: usize) -> usize {
        match (punct.as_char(), &tokens[at + 1..]) {
            ('#', [TokenTree::Group(attribute), ..]) => self.attribute(attribute, at + 2),
            ('#', [bang, TokenTree::Group(attribute), ..]) if is_punct(bang, '!') => self.attribute(attribute, at + 3),
            // `::a` is a crate, but not after `<A as B>` or `Vec::<A>`.
            (':', [second, TokenTree::Ident(_), ..]) if is_punct(second, ':') && !is_type(&tokens[..at]) => {
                self.path(tokens, at + 2, &[])
            }
            (':', [second, ..]) if is_punct(second, ':') => at + 2,
            (';', _) => {
                self.next_is_test = false;
                at + 1
            }
            _ => at + 1,
        }
    }

    fn attribute(&mut self, group: &Group, end: usize) -> usize {
        let words: Vec<_> = group.stream().into_iter().collect();
        // The lexer turns doc comments into the attribute `doc`.
        if let Some(TokenTree::Ident(name)) = words.first()
            && name != "doc"
        {
            self.code.attributes.push(self.located(name.to_string(), name.span().start().line));
            // The name of an attribute with arguments is not a call.
            let skipped = usize::from(matches!(words.get(1), Some(TokenTree::Group(_))));
            self.read(words[skipped..].iter().cloned().collect());
            self.next_is_test |= group.to_string().replace(' ', "") == "[cfg(test)]";
        }
        end
    }

    fn group(&mut self, group: &Group, at: usize) -> usize {
        let (was_test, next_is_test) = (self.in_test, mem::take(&mut self.next_is_test));
        let ends_item = group.delimiter() == Delimiter::Brace;
        self.in_test |= next_is_test && ends_item;
        self.read(group.stream());
        self.in_test = was_test;
        self.next_is_test = next_is_test && !ends_item;
        at + 1
    }

    fn literal(&mut self, literal: &Literal, at: usize) -> usize {
        let written = literal.to_string();
        if let Some((prefix, text)) = written.split_once('"')
            && !prefix.contains('\'')
        {
            let text = text.trim_end_matches('#').strip_suffix('"').unwrap_or(text);
            self.code.strings.push(self.located(text.to_owned(), literal.span().start().line));
        }
        at + 1
    }

    /// A path after the segments `before`.
    fn path(&mut self, tokens: &[TokenTree], mut at: usize, before: &[String]) -> usize {
        let mut segments = before.to_vec();
        let line = tokens[at].span().start().line;
        while let Some(TokenTree::Ident(name)) = tokens.get(at) {
            segments.push(name.to_string());
            if !is_separator(&tokens[at + 1..]) {
                self.call(&name.to_string(), tokens, at);
                at += 1;
                break;
            }
            at += 3;
            if let Some(TokenTree::Group(group)) = tokens.get(at) {
                self.paths(group, &segments);
                return at + 1;
            }
        }
        let path = self.resolved(segments);
        self.code.paths.push(self.located(path, line));
        at
    }

    /// The paths in the braces of a `use`, which share the segments `before`.
    fn paths(&mut self, group: &Group, before: &[String]) {
        let tokens: Vec<_> = group.stream().into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = self.path(&tokens, at, before);
            let comma = tokens[at..].iter().position(|token| is_punct(token, ','));
            at = comma.map_or(tokens.len(), |comma| at + comma + 1);
        }
    }

    fn resolved(&self, segments: Vec<String>) -> Path {
        let ups = segments.iter().take_while(|segment| *segment == "super").count();
        let (base, skipped) = match segments.first().map(String::as_str) {
            Some("crate") => (0, 1),
            Some("self") => (self.module.len(), 1),
            Some("super") => (self.module.len().saturating_sub(ups), ups),
            _ => return Path::Outside(segments),
        };
        let rest = segments.into_iter().skip(skipped);
        Path::Inside(self.module[..base].iter().cloned().chain(rest).collect())
    }

    /// Records a name before parentheses.
    fn call(&mut self, name: &str, tokens: &[TokenTree], at: usize) {
        if let Some(TokenTree::Group(group)) = tokens.get(at + 1)
            && group.delimiter() == Delimiter::Parenthesis
        {
            self.code.calls.push(self.located(name.to_owned(), tokens[at].span().start().line));
        }
    }

    fn located<T>(&self, value: T, line: usize) -> Located<T> {
        Located { value, line, in_test: self.in_test }
    }
}

/// The module of a file: `a::b` for `src/a/b.rs`.
fn module(path: &str) -> Vec<String> {
    let within = path.split_once("src/").map_or(path, |(_, within)| within);
    let within = within.strip_suffix(".rs").unwrap_or(within);
    let names = within.split('/').filter(|name| !matches!(*name, "lib" | "main"));
    names.map(str::to_owned).collect()
}

/// Whether these begin with `::`.
fn is_separator(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [first, second, ..] if is_punct(first, ':') && is_punct(second, ':'))
}

/// Whether these end with a type in angle brackets, not with an arrow.
fn is_type(before: &[TokenTree]) -> bool {
    match before {
        [.., first, last] => is_punct(last, '>') && !is_punct(first, '-') && !is_punct(first, '='),
        _ => false,
    }
}

/// Whether these end with the dot of a method or field, not with the dots of a range.
fn is_method(before: &[TokenTree]) -> bool {
    match before {
        [.., first, last] => is_punct(last, '.') && !is_punct(first, '.'),
        _ => false,
    }
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

fn is_ident(token: &TokenTree, name: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == name)
}
