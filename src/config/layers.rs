//! The layers of the configuration, each checked by itself and laid over the one below, key by key.
//!
//! A key's default says of which kind its value is: `00123` in the environment stays text where text is wanted.

use std::{collections::BTreeMap, fs, path::Path};

use figment::Figment;
use toml::{Table, Value};

use super::{
    DEFAULTS,
    error::{ConfigError, Origin, Problem},
    validate,
};

/// A value and where it was set.
#[derive(Clone)]
pub(super) struct Setting {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// Keys with their sections and dots, as `http.address`, and what is set for them so far.
pub(super) struct Layers {
    defaults: BTreeMap<String, Value>,
    settings: BTreeMap<String, Setting>,
    problems: Vec<Problem>,
}

/// The one section whose keys are not ours to know: those of librdkafka, which have dots of their own.
const CLIENT: &str = "kafka.client";

const VARIABLE_PREFIX: &str = "INSIGHTS_RESULTS_AGGREGATOR__";

impl Layers {
    /// The lowest layer.
    pub(super) fn of_defaults() -> Result<Self, ConfigError> {
        let mut defaults = BTreeMap::new();
        collect_values("", parse(DEFAULTS, &Origin::Default)?, &mut defaults);
        let setting = |value: &Value| Setting { value: value.clone(), origin: Origin::Default };
        let settings = defaults.iter().map(|(key, value)| (key.clone(), setting(value))).collect();
        Ok(Self { defaults, settings, problems: Vec::new() })
    }

    /// Lays a file over what is there.
    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text =
            fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let origin = Origin::File(path.to_owned());
        let table = parse(&text, &origin)?;
        self.add_table("", table, &origin);
        Ok(())
    }

    /// Lays the environment over what is there.
    ///
    /// Only names with two underscores after ours are meant for us: Kubernetes makes variables such as
    /// `INSIGHTS_RESULTS_AGGREGATOR_SERVICE_HOST` of its own accord.
    pub(super) fn add_environment(&mut self, environment: &BTreeMap<String, String>) {
        for (name, text) in environment {
            let Some(path) = name.strip_prefix(VARIABLE_PREFIX) else { continue };
            let key = key_of_variable(path);
            let value = self.defaults.get(&key).map_or_else(|| Value::from(text.as_str()), |kind| read_as(kind, text));
            self.set(key, value, &Origin::Environment(name.clone()));
        }
    }

    fn add_table(&mut self, section: &str, table: Table, origin: &Origin) {
        for (name, value) in table {
            let key = join(section, &name);
            match value {
                Value::Table(table) if self.is_walked(&key, &table) => self.add_table(&key, table, origin),
                value => self.set(key, value, origin),
            }
        }
    }

    /// Whether to look into a table: not where a value should stand, nor where it is unknown and has no key to complain
    /// of but its own.
    fn is_walked(&self, key: &str, table: &Table) -> bool {
        self.is_section(key) || !(table.is_empty() || self.defaults.contains_key(key))
    }

    fn set(&mut self, key: String, value: Value, origin: &Origin) {
        let origin = origin.clone();
        let checked = if is_client_setting(&key) { client_text(value) } else { self.of_right_kind(&key, value) };
        match checked {
            Ok(value) => {
                self.settings.insert(key, Setting { value, origin });
            }
            Err(Misfit::Value(fault)) => self.problems.push(Problem::Value { key, origin, fault }),
            Err(Misfit::Unknown) => {
                let known: Vec<_> = self.defaults.keys().map(String::as_str).collect();
                self.problems.push(Problem::unknown(key, origin, &known));
            }
        }
    }

    fn of_right_kind(&self, key: &str, value: Value) -> Result<Value, Misfit> {
        match self.defaults.get(key) {
            Some(default) if default.same_type(&value) => Ok(value),
            Some(default) => Err(Misfit::Value(with_default(&format!("must be {}", kind(default)), default))),
            None if self.is_section(key) => Err(Misfit::Value(format!("is a section: write its keys below [{key}]"))),
            None => Err(Misfit::Unknown),
        }
    }

    fn is_section(&self, key: &str) -> bool {
        key == CLIENT || self.defaults.keys().any(|known| is_within(known, key))
    }

    /// All that is set, ready to be read as a typed value.
    pub(super) fn figment(&self) -> Figment {
        let (client, ours): (Vec<_>, Vec<_>) = self.settings.iter().partition(|(key, _)| is_client_setting(key));
        let client: BTreeMap<_, _> =
            client.into_iter().map(|(key, setting)| (&key[CLIENT.len() + 1..], &setting.value)).collect();
        ours.into_iter()
            .fold(Figment::from((CLIENT, client)), |figment, (key, setting)| figment.merge((key, &setting.value)))
    }

    /// Notes that the value at `path` cannot be taken, and puts the default in its place so that the others can be
    /// looked at. False when the default itself is the one at fault.
    pub(super) fn refuse(&mut self, path: &str, fault: &str) -> bool {
        let at_fault = |(key, _): &(&String, &mut Setting)| path == *key || is_within(path, key);
        let Some((key, setting)) = self.settings.iter_mut().find(at_fault) else { return false };
        let Some(default) = self.defaults.get(key) else { return false };
        let default = Setting { value: default.clone(), origin: Origin::Default };
        let fault = with_default(fault, &default.value);
        let refused = std::mem::replace(setting, default);
        let was_set = refused.origin != Origin::Default;
        self.problems.push(Problem::Value { key: key.clone(), origin: refused.origin, fault });
        was_set
    }

    /// Notes a fault that only the whole shows. Not where a key that it is about is known to be wrong already: what was
    /// looked at then was the default.
    pub(super) fn add_fault(&mut self, fault: validate::Fault) {
        let validate::Fault { key, beside, text } = fault;
        let is_settled = |problem: &Problem| problem.key() == key || Some(problem.key()) == beside;
        if !self.problems.iter().any(is_settled) {
            let origin = self.settings.get(&key).map_or(Origin::Default, |setting| setting.origin.clone());
            self.problems.push(Problem::Value { key, origin, fault: text });
        }
    }

    /// What is set, or everything that is wrong with it.
    pub(super) fn finish(self) -> Result<BTreeMap<String, Setting>, ConfigError> {
        if self.problems.is_empty() { Ok(self.settings) } else { Err(ConfigError::Unsound(self.problems)) }
    }
}

/// Why a setting cannot be laid over the others.
enum Misfit {
    Unknown,
    Value(String),
}

/// Reads TOML. The message has line and column but, unlike the parser's own, not the line: it may be a password's.
fn parse(text: &str, origin: &Origin) -> Result<Table, ConfigError> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let before = &text[..error.span().map_or(0, |span| text.floor_char_boundary(span.start))];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        ConfigError::NotToml {
            origin: origin.clone(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            reason: error.message().to_owned(),
        }
    })
}

fn collect_values(section: &str, table: Table, values: &mut BTreeMap<String, Value>) {
    for (name, value) in table {
        let key = join(section, &name);
        match value {
            Value::Table(table) => collect_values(&key, table, values),
            value => {
                values.insert(key, value);
            }
        }
    }
}

fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

fn is_within(path: &str, section: &str) -> bool {
    path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'))
}

pub(super) fn is_client_setting(key: &str) -> bool {
    is_within(key, CLIENT)
}

/// `KAFKA__SECURITY__PROTOCOL` is `kafka.security.protocol`. librdkafka's names have dots where a variable cannot.
fn key_of_variable(path: &str) -> String {
    let key = path.to_lowercase().replace("__", ".");
    if is_client_setting(&key) { key.replace('_', ".") } else { key }
}

/// Reads an environment variable's text as the kind of value that the default is. What cannot be read stays text, and
/// is refused as being of the wrong kind.
fn read_as(default: &Value, text: &str) -> Value {
    let read = match default {
        Value::Integer(_) => text.trim().parse().ok().map(Value::Integer),
        Value::Boolean(_) => text.trim().parse().ok().map(Value::Boolean),
        Value::Array(_) => Some(list(text)),
        _ => None,
    };
    read.unwrap_or_else(|| Value::from(text))
}

fn list(text: &str) -> Value {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Value::Array(items.map(Value::from).collect())
}

/// librdkafka takes texts only; a number or a truth value is what people write.
fn client_text(value: Value) -> Result<Value, Misfit> {
    match value {
        Value::String(_) => Ok(value),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => Ok(Value::from(value.to_string())),
        _ => Err(Misfit::Value("must be text, a number, true or false, as librdkafka takes it".to_owned())),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date or time",
        Value::Array(_) => "a list of texts",
        Value::Table(_) => "a table",
    }
}

/// The default shows how a value of the key is written.
fn with_default(fault: &str, default: &Value) -> String {
    format!("{fault}; the default is {default}")
}
