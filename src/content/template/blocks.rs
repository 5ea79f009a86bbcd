//! Parses a template to nodes: texts, values, conditions and loops.
//!
//! What is not known stays text. A block whose head is not known is text as a whole; of a block that is not closed only
//! its tags are.

use std::ops::Range;

use super::{
    MAX_BLOCKS, MAX_PROBLEMS,
    expression::{self, Expression},
    tags::{LoopHead, Part, Parts, Tag},
};

/// Most characters of a construct that a problem quotes.
const MAX_QUOTED: usize = 60;

/// A part of a template. `written` is the whole construct in the text.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Text as it was written.
    Text(Range<usize>),
    Value {
        value: Expression,
        is_escaped: bool,
        written: Range<usize>,
    },
    /// The first branch whose condition is met.
    If {
        branches: Vec<Branch>,
        written: Range<usize>,
    },
    Loop {
        list: Expression,
        value: String,
        index: Option<String>,
        body: Vec<Node>,
        written: Range<usize>,
    },
    /// The text ends here, because its blocks are too deep.
    Cut,
}

/// A branch of a condition.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    /// `None` for `else`.
    pub(super) condition: Option<Expression>,
    pub(super) nodes: Vec<Node>,
    tag: Range<usize>,
}

/// A position in a text, and what is wrong there.
type Unknown = (usize, String);

/// Parses a text. Recurses nowhere; nodes are at most [`MAX_BLOCKS`] deep.
pub(super) fn parse(source: &str) -> (Vec<Node>, Vec<Unknown>) {
    let mut parser = Parser { source, blocks: Vec::new(), root: Vec::new(), too_deep: 0, unknown: Vec::new() };
    for part in Parts::of(source) {
        parser.add(part);
    }
    while let Some(block) = parser.blocks.pop() {
        parser.dissolve(block);
    }
    parser.unknown.sort();
    parser.unknown.truncate(MAX_PROBLEMS);
    (parser.root, parser.unknown)
}

/// A block that is not closed yet.
struct Block {
    head: Head,
    start: usize,
    /// Whether it is text as a whole.
    is_unknown: bool,
    /// At least one. A loop has one.
    branches: Vec<Branch>,
}

enum Head {
    If { has_else: bool },
    Loop { list: Option<Expression>, value: String, index: Option<String> },
}

struct Parser<'a> {
    source: &'a str,
    blocks: Vec<Block>,
    root: Vec<Node>,
    /// Blocks below the bound that are not closed yet. Their content is skipped.
    too_deep: usize,
    unknown: Vec<Unknown>,
}

impl<'a> Parser<'a> {
    fn add(&mut self, part: Part<'a>) {
        if self.too_deep > 0 {
            match part {
                Part::Tag(Tag::If(_) | Tag::Loop(_) | Tag::NamelessLoop, _) => self.too_deep += 1,
                Part::Tag(Tag::EndIf | Tag::EndLoop, _) => self.too_deep -= 1,
                _ => {}
            }
            return;
        }
        match part {
            Part::Text(range) => self.push(Node::Text(range)),
            Part::Unclosed(range) => {
                self.report(&range, "is not closed by `}}`");
                self.push(Node::Text(range));
            }
            Part::Tag(tag, range) => self.add_tag(tag, range),
        }
    }

    fn add_tag(&mut self, tag: Tag<'a>, range: Range<usize>) {
        match tag {
            Tag::Value { expression, is_escaped } => {
                let node = match self.expression(expression, &range) {
                    Some(value) => Node::Value { value, is_escaped, written: range },
                    None => Node::Text(range),
                };
                self.push(node);
            }
            Tag::If(condition) => {
                let condition = self.expression(condition, &range);
                self.open(Head::If { has_else: false }, condition.is_none(), condition, range);
            }
            Tag::Loop(LoopHead { list, value, index }) => {
                let list = self.expression(list, &range);
                let is_unknown = list.is_none();
                let head = Head::Loop { list, value: value.to_owned(), index: index.map(str::to_owned) };
                self.open(head, is_unknown, None, range);
            }
            Tag::NamelessLoop => {
                self.report(&range, "has no name for the items of the list");
                self.open(Head::Loop { list: None, value: String::new(), index: None }, true, None, range);
            }
            Tag::ElseIf(condition) => {
                let condition = self.expression(condition, &range);
                self.branch(condition.is_none(), condition, range);
            }
            Tag::Else => self.branch(false, None, range),
            Tag::EndIf => self.close(|head| matches!(head, Head::If { .. }), range),
            Tag::EndLoop => self.close(|head| matches!(head, Head::Loop { .. }), range),
            Tag::Unknown => {
                self.report(&range, "is not known");
                self.push(Node::Text(range));
            }
        }
    }

    fn expression(&mut self, text: &str, range: &Range<usize>) -> Option<Expression> {
        let names = |name: &str| {
            let in_loop = |block: &Block| match &block.head {
                Head::Loop { value, index, .. } => value == name || index.as_deref() == Some(name),
                Head::If { .. } => false,
            };
            name == "pydata" || self.blocks.iter().any(in_loop)
        };
        let parsed = expression::parse(text, &names);
        parsed.map_err(|reason| self.report(range, &format!("is not known: {reason}"))).ok()
    }

    fn report(&mut self, range: &Range<usize>, reason: &str) {
        if self.unknown.len() < 2 * MAX_PROBLEMS {
            let construct = &self.source[range.clone()];
            let quoted: String = construct.chars().take(MAX_QUOTED).collect();
            let dots = if quoted.len() < construct.len() { "…" } else { "" };
            self.unknown.push((range.start, format!("`{quoted}{dots}` {reason}: it stays as written")));
        }
    }

    fn push(&mut self, node: Node) {
        let branch = self.blocks.last_mut().and_then(|block| block.branches.last_mut());
        branch.map_or(&mut self.root, |branch| &mut branch.nodes).push(node);
    }

    fn open(&mut self, head: Head, is_unknown: bool, condition: Option<Expression>, tag: Range<usize>) {
        if self.blocks.len() == MAX_BLOCKS {
            let reason = format!("more than {MAX_BLOCKS} blocks are inside each other: the text ends here");
            self.unknown.push((tag.start, reason));
            self.too_deep = 1;
            return self.push(Node::Cut);
        }
        let start = tag.start;
        self.blocks.push(Block {
            head,
            start,
            is_unknown,
            branches: vec![Branch { condition, nodes: Vec::new(), tag }],
        });
    }

    /// Dissolves the blocks inside the innermost one of a kind. Returns whether there is one.
    fn reach(&mut self, is_kind: impl Fn(&Head) -> bool, range: &Range<usize>) -> bool {
        let Some(position) = self.blocks.iter().rposition(|block| is_kind(&block.head)) else {
            self.report(range, "has no opening tag");
            self.push(Node::Text(range.clone()));
            return false;
        };
        while self.blocks.len() > position + 1 {
            if let Some(block) = self.blocks.pop() {
                self.dissolve(block);
            }
        }
        true
    }

    fn branch(&mut self, is_unknown: bool, condition: Option<Expression>, range: Range<usize>) {
        if !self.reach(|head| matches!(head, Head::If { .. }), &range) {
            return;
        }
        let is_else = condition.is_none() && !is_unknown;
        let Some(block) = self.blocks.last_mut() else { return };
        let Head::If { has_else } = &mut block.head else { return };
        let is_after_else = std::mem::replace(has_else, *has_else || is_else);
        block.is_unknown |= is_unknown || is_after_else;
        block.branches.push(Branch { condition, nodes: Vec::new(), tag: range.clone() });
        if is_after_else {
            self.report(&range, "follows `{{??}}`");
        }
    }

    fn close(&mut self, is_kind: impl Fn(&Head) -> bool, range: Range<usize>) {
        if !self.reach(is_kind, &range) {
            return;
        }
        let Some(Block { head, start, is_unknown, mut branches }) = self.blocks.pop() else { return };
        let written = start..range.end;
        self.push(match head {
            _ if is_unknown => Node::Text(written),
            Head::If { .. } => Node::If { branches, written },
            Head::Loop { list, value, index } => match (list, branches.pop()) {
                (Some(list), Some(branch)) => Node::Loop { list, value, index, body: branch.nodes, written },
                _ => Node::Text(written),
            },
        });
    }

    /// Makes the tags of a block text, because it is not closed.
    fn dissolve(&mut self, block: Block) {
        if let Some(first) = block.branches.first() {
            self.report(&first.tag.clone(), "is not closed");
        }
        for branch in block.branches {
            self.push(Node::Text(branch.tag));
            for node in branch.nodes {
                self.push(node);
            }
        }
    }
}
