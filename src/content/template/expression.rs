//! Parses expressions: the part of JavaScript's that templates use.

use super::tokens::{self, Token};

/// Most parentheses, indices, arguments, negations and choices inside each other.
const MAX_DEPTH: usize = 32;

/// An expression. A value of [`tokens`]'s bound on tokens bounds its depth.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    /// `pydata` or the name of a loop.
    Name(String),
    /// A value and steps from it.
    Path(Box<Expression>, Vec<Step>),
    Not(Box<Expression>),
    Negative(Box<Expression>),
    /// `a && b && ..`
    All(Vec<Expression>),
    /// `a || b || ..`
    Any(Vec<Expression>),
    /// `a + b + ..`
    Sum(Vec<Expression>),
    Compare(Comparison, Box<[Expression; 2]>),
    /// `condition ? then : otherwise`
    Choice(Box<[Expression; 3]>),
}

/// A step from a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// `.name`
    Member(String),
    /// `[index]`
    Item(Expression),
    /// `.includes(value)`
    Includes(Expression),
    /// `.join(separator)`
    Join(Option<Expression>),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Identical,
    NotIdentical,
    Less,
    Greater,
    AtMost,
    AtLeast,
}

/// Parses an expression that may use these names.
///
/// # Errors
/// Why it is not known.
pub(super) fn parse(text: &str, is_name: &dyn Fn(&str) -> bool) -> Result<Expression, String> {
    let mut parser = Parser { tokens: &tokens::split(text)?, is_name };
    let expression = parser.choice(0)?;
    match parser.tokens.first() {
        None => Ok(expression),
        Some(token) => Err(format!("{} is not expected", describe(token))),
    }
}

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    is_name: &'a dyn Fn(&str) -> bool,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Result<&'a Token<'a>, String> {
        let (first, rest) = self.tokens.split_first().ok_or("it ends too early")?;
        self.tokens = rest;
        Ok(first)
    }

    fn operator(&self) -> Option<&'static str> {
        if let Some(Token::Operator(operator)) = self.tokens.first() { Some(operator) } else { None }
    }

    fn accept(&mut self, operator: &str) -> bool {
        let is_next = self.operator() == Some(operator);
        if is_next {
            self.tokens = &self.tokens[1..];
        }
        is_next
    }

    fn expect(&mut self, operator: &str) -> Result<(), String> {
        if self.accept(operator) { Ok(()) } else { Err(format!("`{operator}` is missing")) }
    }

    fn choice(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > MAX_DEPTH {
            return Err(format!("it is nested more than {MAX_DEPTH} deep"));
        }
        let condition = self.binary(0, depth)?;
        if !self.accept("?") {
            return Ok(condition);
        }
        let then = self.choice(depth + 1)?;
        self.expect(":")?;
        let otherwise = self.choice(depth + 1)?;
        Ok(Expression::Choice(Box::new([condition, then, otherwise])))
    }

    /// Parses operators of at least this precedence.
    fn binary(&mut self, least: u8, depth: usize) -> Result<Expression, String> {
        let mut left = self.unary(depth)?;
        while let Some(operator) = self.operator() {
            let Some(precedence) = precedence(operator).filter(|precedence| *precedence >= least) else { break };
            self.tokens = &self.tokens[1..];
            let right = self.binary(precedence + 1, depth)?;
            left = combine(operator, left, right);
        }
        Ok(left)
    }

    fn unary(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > MAX_DEPTH {
            return Err(format!("it is nested more than {MAX_DEPTH} deep"));
        }
        if self.accept("!") {
            return Ok(Expression::Not(Box::new(self.unary(depth + 1)?)));
        }
        if self.accept("-") {
            return Ok(Expression::Negative(Box::new(self.unary(depth + 1)?)));
        }
        let start = self.primary(depth)?;
        let mut steps = Vec::new();
        loop {
            if self.accept(".") {
                steps.push(self.member(depth)?);
            } else if self.accept("[") {
                steps.push(Step::Item(self.choice(depth + 1)?));
                self.expect("]")?;
            } else if self.accept("(") {
                return Err("the call is not known".to_owned());
            } else {
                return Ok(if steps.is_empty() { start } else { Expression::Path(Box::new(start), steps) });
            }
        }
    }

    fn member(&mut self, depth: usize) -> Result<Step, String> {
        let Token::Name(name) = self.next()? else { return Err("a name is missing after `.`".to_owned()) };
        if !self.accept("(") {
            return Ok(Step::Member((*name).to_owned()));
        }
        let argument = if self.operator() == Some(")") { None } else { Some(self.choice(depth + 1)?) };
        self.expect(")")?;
        match (*name, argument) {
            ("includes", Some(value)) => Ok(Step::Includes(value)),
            ("join", separator) => Ok(Step::Join(separator)),
            (name, _) => Err(format!("the call of `{name}` is not known")),
        }
    }

    fn primary(&mut self, depth: usize) -> Result<Expression, String> {
        Ok(match self.next()? {
            Token::Number(number) => Expression::Number(*number),
            Token::Text(text) => Expression::Text(text.clone()),
            Token::Name(name) if (self.is_name)(name) => Expression::Name((*name).to_owned()),
            Token::Name("true") => Expression::Bool(true),
            Token::Name("false") => Expression::Bool(false),
            Token::Name("null") => Expression::Null,
            Token::Name("undefined") => Expression::Undefined,
            Token::Operator("(") => {
                let inner = self.choice(depth + 1)?;
                self.expect(")")?;
                inner
            }
            token => return Err(format!("{} is not known here", describe(token))),
        })
    }
}

fn precedence(operator: &str) -> Option<u8> {
    Some(match operator {
        "||" => 0,
        "&&" => 1,
        "==" | "!=" | "===" | "!==" => 2,
        "<" | ">" | "<=" | ">=" => 3,
        "+" => 4,
        _ => return None,
    })
}

/// Chains of one operator make one node, so that they are not deep.
fn combine(operator: &str, left: Expression, right: Expression) -> Expression {
    use Expression::{All, Any, Compare, Sum};
    let comparison = match operator {
        "==" => Comparison::Equal,
        "!=" => Comparison::NotEqual,
        "===" => Comparison::Identical,
        "!==" => Comparison::NotIdentical,
        "<" => Comparison::Less,
        ">" => Comparison::Greater,
        "<=" => Comparison::AtMost,
        ">=" => Comparison::AtLeast,
        _ => {
            return match (operator, left) {
                ("&&", All(terms)) => All(with(terms, right)),
                ("||", Any(terms)) => Any(with(terms, right)),
                ("+", Sum(terms)) => Sum(with(terms, right)),
                ("&&", left) => All(vec![left, right]),
                ("||", left) => Any(vec![left, right]),
                (_, left) => Sum(vec![left, right]),
            };
        }
    };
    Compare(comparison, Box::new([left, right]))
}

fn with(mut terms: Vec<Expression>, last: Expression) -> Vec<Expression> {
    terms.push(last);
    terms
}

fn describe(token: &Token<'_>) -> String {
    match token {
        Token::Name(name) => format!("`{name}`"),
        Token::Number(number) => format!("the number {number}"),
        Token::Text(_) => "a quoted text".to_owned(),
        Token::Operator(operator) => format!("`{operator}`"),
    }
}
