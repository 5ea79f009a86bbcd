//! Splits an expression into tokens.

/// Operators, longer ones first.
const OPERATORS: [&str; 21] =
    ["===", "!==", "==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "?", ":", "+", "-", "(", ")", "[", "]", ".", ","];
/// Most tokens of an expression, which bounds the depth of its tree. Public templates have 14.
const MAX_TOKENS: usize = 256;

/// A token of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// A name, such as `pydata`.
    Name(&'a str),
    /// A number.
    Number(f64),
    /// A quoted text without its quotes and escapes.
    Text(String),
    /// One of [`OPERATORS`].
    Operator(&'static str),
}

/// Splits an expression.
///
/// # Errors
/// Why it is not known.
pub(super) fn split(mut text: &str) -> Result<Vec<Token<'_>>, String> {
    let mut tokens = Vec::new();
    loop {
        text = text.trim_start();
        let Some(first) = text.chars().next() else { return Ok(tokens) };
        if tokens.len() == MAX_TOKENS {
            return Err(format!("it has more than {MAX_TOKENS} names, values and operators"));
        }
        let (token, length) = if first == '"' || first == '\'' {
            quoted(text, first)?
        } else if first.is_ascii_digit() {
            number(text)?
        } else if is_name(first) {
            let length = text.find(|c| !is_name(c)).unwrap_or(text.len());
            (Token::Name(&text[..length]), length)
        } else {
            let operator = OPERATORS.into_iter().find(|operator| text.starts_with(operator));
            let operator = operator.ok_or_else(|| format!("`{}` is not known", first.escape_debug()))?;
            (Token::Operator(operator), operator.len())
        };
        tokens.push(token);
        text = &text[length..];
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn number(text: &str) -> Result<(Token<'_>, usize), String> {
    let length = text.find(|c: char| !is_name(c) && c != '.').unwrap_or(text.len());
    let written = &text[..length];
    let is_decimal = written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = written.parse().ok().filter(|_| is_decimal);
    Ok((Token::Number(number.ok_or_else(|| format!("`{written}` is not a known number"))?), length))
}

/// Reads a quoted text and returns its length with quotes.
fn quoted(text: &str, quote: char) -> Result<(Token<'_>, usize), String> {
    let mut content = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((position, c)) = chars.next() {
        content.push(match c {
            c if c == quote => return Ok((Token::Text(content), position + 1)),
            '\\' => match chars.next() {
                Some((_, 'n')) => '\n',
                Some((_, 't')) => '\t',
                Some((_, c @ ('\\' | '\'' | '"' | '`'))) => c,
                _ => return Err("an escape in a quoted text is not known".to_owned()),
            },
            // doT replaces line breaks inside a tag by spaces.
            '\n' | '\r' | '\t' => ' ',
            c => c,
        });
    }
    Err("a quoted text is not closed".to_owned())
}
