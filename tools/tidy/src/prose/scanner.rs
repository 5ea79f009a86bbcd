//! Separates comments from code, in one pass over a file.

/// A pass over a text. It copies the prose to `out`, and of everything else only line breaks.
pub(super) struct Scanner<'a> {
    rest: &'a str,
    before: char,
    out: String,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, before: '\n', out: String::new() }
    }

    /// Comments after `//` and in `/* */`. In Rust `'` begins a character or a lifetime, elsewhere it is a quote.
    pub(super) fn slashes(&mut self, is_rust: bool) -> String {
        while let Some(next) = self.rest.chars().next() {
            if self.rest.starts_with("//") {
                self.line_comment(&['/', '!']);
            } else if self.rest.starts_with("/*") {
                self.block_comment(is_rust);
            } else if let Some(end) = self.raw_string_end().filter(|_| is_rust) {
                self.skip_past(&end);
            } else if next == '\'' && is_rust {
                self.character();
            } else if next == '"' || (!is_rust && matches!(next, '\'' | '`')) {
                self.skip_string(next);
            } else {
                self.skip();
            }
        }
        std::mem::take(&mut self.out)
    }

    /// Comments after `--`.
    pub(super) fn dashes(&mut self) -> String {
        while let Some(next) = self.rest.chars().next() {
            match next {
                '-' if self.rest.starts_with("--") => self.line_comment(&['-']),
                '\'' | '"' => self.skip_string(next),
                _ => self.skip(),
            }
        }
        std::mem::take(&mut self.out)
    }

    /// Comments after `#` at the beginning of a word. Quotes are closed at the end of the line at the latest.
    pub(super) fn hashes(&mut self) -> String {
        let mut quote = None;
        while let Some(next) = self.rest.chars().next() {
            match next {
                '#' if self.rest.starts_with("#!") => self.skip_line(),
                '#' if quote.is_none() && (self.before.is_whitespace() || self.before == '@') => {
                    self.line_comment(&['#']);
                }
                '\n' => {
                    quote = None;
                    self.skip();
                }
                '\'' | '"' if quote.is_none_or(|quote| quote == next) && self.before != '\\' => {
                    quote = quote.is_none().then_some(next);
                    self.skip();
                }
                _ => self.skip(),
            }
        }
        std::mem::take(&mut self.out)
    }

    /// Comments after `#`, and descriptions in `"""`.
    pub(super) fn graphql(&mut self) -> String {
        while let Some(next) = self.rest.chars().next() {
            match next {
                '#' => self.line_comment(&['#']),
                '"' if self.rest.starts_with("\"\"\"") => {
                    self.skip_many(3);
                    while !self.rest.is_empty() && !self.rest.starts_with("\"\"\"") {
                        self.keep();
                    }
                    self.skip_many(3);
                }
                '"' => self.skip_string('"'),
                _ => self.skip(),
            }
        }
        std::mem::take(&mut self.out)
    }

    fn line_comment(&mut self, markers: &[char]) {
        while self.rest.starts_with(markers) {
            self.skip();
        }
        while !self.rest.is_empty() && !self.rest.starts_with('\n') {
            self.keep();
        }
    }

    fn block_comment(&mut self, is_nested: bool) {
        let mut depth = 0;
        loop {
            if self.rest.starts_with("/*") && (is_nested || depth == 0) {
                depth += 1;
                self.skip_many(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.skip_many(2);
            } else if self.rest.starts_with('*') {
                self.skip();
            } else {
                self.keep();
            }
            if depth == 0 || self.rest.is_empty() {
                return;
            }
        }
    }

    /// The end of the raw string that begins here: `"##` for `r##"`.
    fn raw_string_end(&self) -> Option<String> {
        let is_prefixed = matches!(self.before, 'b' | 'c') || !(self.before.is_alphanumeric() || self.before == '_');
        let hashes = self.rest.strip_prefix('r').filter(|_| is_prefixed)?;
        let string = hashes.trim_start_matches('#');
        string.starts_with('"').then(|| format!("\"{}", &hashes[..hashes.len() - string.len()]))
    }

    /// Skips a raw string that ends with `end`.
    fn skip_past(&mut self, end: &str) {
        let start = self.rest.find('"').map_or(self.rest.len(), |quote| quote + 1);
        let length = self.rest[start..].find(end).map_or(self.rest.len(), |at| start + at + end.len());
        self.skip_many(self.rest[..length].chars().count());
    }

    /// Skips a character literal, or the `'` of a lifetime.
    fn character(&mut self) {
        let mut following = self.rest.chars().skip(1);
        match (following.next(), following.next()) {
            (Some('\\'), _) => self.skip_string('\''),
            (Some(_), Some('\'')) => self.skip_many(3),
            _ => self.skip(),
        }
    }

    fn skip_string(&mut self, quote: char) {
        self.skip();
        while let Some(next) = self.rest.chars().next() {
            self.skip_many(if next == '\\' { 2 } else { 1 });
            if next == quote {
                return;
            }
        }
    }

    fn skip_line(&mut self) {
        while !self.rest.is_empty() && !self.rest.starts_with('\n') {
            self.skip();
        }
    }

    fn skip_many(&mut self, characters: usize) {
        for _ in 0..characters {
            self.skip();
        }
    }

    fn skip(&mut self) {
        if let Some('\n') = self.advance() {
            self.out.push('\n');
        }
    }

    fn keep(&mut self) {
        let next = self.advance();
        self.out.extend(next);
    }

    fn advance(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = &self.rest[next.len_utf8()..];
        self.before = next;
        Some(next)
    }
}
