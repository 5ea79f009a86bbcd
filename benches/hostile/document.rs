//! GraphQL documents as trees that can be changed, and their text.

use std::{
    collections::{BTreeMap, HashMap, HashSet, hash_map::DefaultHasher},
    fmt::Write as _,
    hash::{Hash, Hasher as _},
};

use serde_json::{Value, json};

/// Longer lists are sent as variables, so that they do not count as tokens of the query.
const MAX_INLINE_ITEMS: usize = 8;

/// An operation and its fragments. A fragment spreads only later ones.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) root: SelectionSet,
    pub(crate) fragments: Vec<SelectionSet>,
}

/// A selection set and the type it selects from.
#[derive(Clone, Debug)]
pub(crate) struct SelectionSet {
    pub(crate) on: String,
    pub(crate) items: Vec<Selection>,
}

#[derive(Clone, Debug)]
pub(crate) enum Selection {
    Field(Field),
    Inline(SelectionSet),
    /// The spread of the fragment with this index.
    Spread(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) arguments: Vec<(String, Literal)>,
    /// Fields that differ only in this number have different aliases.
    pub(crate) copy: usize,
    pub(crate) has_directive: bool,
    /// `None` for a scalar.
    pub(crate) selections: Option<SelectionSet>,
}

/// The value of an argument.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Literal {
    /// A scalar as it is written in GraphQL.
    Scalar(String),
    /// Strings, and the type of the list.
    List(String, Vec<String>),
    Object(Vec<(String, Self)>),
}

impl Document {
    /// The query, and the values of its variables.
    pub(crate) fn render(&self) -> (String, Value) {
        let mut writer = Writer::default();
        writer.set(&self.root);
        let mut written = HashSet::new();
        while let Some(index) = writer.spread.iter().copied().find(|index| !written.contains(index)) {
            written.insert(index);
            let _ = write!(writer.text, " fragment F{index} on {} ", self.fragments[index].on);
            writer.set(&self.fragments[index]);
        }
        let declared: Vec<_> = writer.variables.iter().map(|(name, (ty, _))| format!("${name}: {ty}")).collect();
        let head = if declared.is_empty() { String::new() } else { format!("query({}) ", declared.join(" ")) };
        let values = writer.variables.into_iter().map(|(name, (_, items))| (name, json!(items))).collect();
        (head + &writer.text, Value::Object(values))
    }

    /// The number of selection sets as written.
    pub(crate) fn sets(&self) -> usize {
        self.definitions().map(SelectionSet::sets).sum()
    }

    /// The selection set with this number, and the first fragment that it may spread.
    pub(crate) fn set_mut(&mut self, number: usize) -> Option<(usize, &mut SelectionSet)> {
        let mut left = number;
        let definitions = std::iter::once(&mut self.root).chain(&mut self.fragments).enumerate();
        for (index, definition) in definitions {
            if let Some(set) = definition.nth(&mut left) {
                return Some((index, set));
            }
        }
        None
    }

    fn definitions(&self) -> impl Iterator<Item = &SelectionSet> {
        std::iter::once(&self.root).chain(&self.fragments)
    }
}

impl SelectionSet {
    fn sets(&self) -> usize {
        1 + self.items.iter().filter_map(Selection::set).map(Self::sets).sum::<usize>()
    }

    fn nth(&mut self, left: &mut usize) -> Option<&mut Self> {
        if *left == 0 {
            return Some(self);
        }
        *left -= 1;
        self.items.iter_mut().filter_map(Selection::set_mut).find_map(|set| set.nth(left))
    }
}

impl Selection {
    fn set(&self) -> Option<&SelectionSet> {
        match self {
            Self::Field(field) => field.selections.as_ref(),
            Self::Inline(set) => Some(set),
            Self::Spread(_) => None,
        }
    }

    fn set_mut(&mut self) -> Option<&mut SelectionSet> {
        match self {
            Self::Field(field) => field.selections.as_mut(),
            Self::Inline(set) => Some(set),
            Self::Spread(_) => None,
        }
    }
}

/// A field of a type with these arguments, which needs no alias.
type Unaliased = HashMap<(String, String), Vec<(String, Literal)>>;

#[derive(Default)]
struct Writer {
    text: String,
    unaliased: Unaliased,
    /// By name: the type and the items.
    variables: BTreeMap<String, (String, Vec<String>)>,
    spread: Vec<usize>,
}

impl Writer {
    fn set(&mut self, set: &SelectionSet) {
        self.text.push('{');
        for item in &set.items {
            match item {
                Selection::Field(field) => self.field(&set.on, field),
                Selection::Inline(inline) => {
                    let _ = write!(self.text, "... on {} ", inline.on);
                    self.set(inline);
                }
                Selection::Spread(index) => {
                    let _ = write!(self.text, "...F{index} ");
                    self.spread.push(*index);
                }
            }
        }
        self.text.push('}');
    }

    /// Fields under one key must have the same arguments, so the alias is derived from these. The first arguments of a
    /// field need no alias.
    fn field(&mut self, parent: &str, field: &Field) {
        let Field { name, arguments, copy, .. } = field;
        let first = self.unaliased.entry((parent.to_owned(), name.clone())).or_insert_with(|| arguments.clone());
        if *copy > 0 || first != arguments {
            let _ = write!(self.text, "a{:x}: ", hash(&(name, arguments, copy)));
        }
        self.text.push_str(name);
        if !arguments.is_empty() {
            self.text.push('(');
            self.members(arguments);
            self.text.push(')');
        }
        if field.has_directive {
            self.text.push_str(" @include(if: true)");
        }
        match &field.selections {
            Some(set) => self.set(set),
            None => self.text.push(' '),
        }
    }

    fn members(&mut self, members: &[(String, Literal)]) {
        for (name, value) in members {
            let _ = write!(self.text, "{name}: ");
            self.value(value);
            self.text.push(' ');
        }
    }

    fn value(&mut self, value: &Literal) {
        match value {
            Literal::Scalar(text) => self.text.push_str(text),
            Literal::List(_, items) if items.len() <= MAX_INLINE_ITEMS => self.text.push_str(&json!(items).to_string()),
            Literal::List(ty, items) => {
                let name = format!("v{:x}", hash(&(ty, items)));
                let _ = write!(self.text, "${name}");
                self.variables.insert(name, (ty.clone(), items.clone()));
            }
            Literal::Object(members) => {
                self.text.push('{');
                self.members(members);
                self.text.push('}');
            }
        }
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish() >> 32
}
