//! The layers of the configuration: defaults, file and environment. Each one overrides the layers below it, key by key.
//!
//! The type of a key's default decides how an environment variable is read: `00123` stays text if the default is text.

use std::{collections::BTreeMap, fs, path::Path};

use toml::{Table, Value};

use super::{
    AuthMode, Config, DEFAULTS,
    error::{Error, KeyError, Origin},
    similar_key::similar_key,
    white_space,
};

/// A value and where it was set.
#[derive(Clone)]
pub(super) struct Setting {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// The merged layers. Keys include their section, as in `http.address`.
pub(super) struct Layers {
    defaults: BTreeMap<String, Value>,
    settings: BTreeMap<String, Setting>,
    errors: Vec<KeyError>,
}

/// The section of librdkafka's settings. Its keys are not checked here, and they contain dots.
const CLIENT: &str = "kafka.client";

/// Keys whose default is false with `auth.mode = "identity-header"`: they help during development.
const OFF_WITH_IDENTITY_HEADER: [&str; 2] = ["http.graphiql", "limits.introspection"];

const VARIABLE_PREFIX: &str = "INSIGHTS_RESULTS_AGGREGATOR__";

impl Layers {
    /// Returns the defaults, the lowest layer.
    pub(super) fn from_defaults() -> Result<Self, Error> {
        let mut defaults = BTreeMap::new();
        collect_values("", parse(DEFAULTS, &Origin::Default)?, &mut defaults);
        let settings = defaults.iter().map(|(key, value)| (key.clone(), default_setting(value))).collect();
        Ok(Self { defaults, settings, errors: Vec::new() })
    }

    /// Adds the settings of a file.
    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), Error> {
        let text = fs::read_to_string(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
        let origin = Origin::File(path.to_owned());
        let table = parse(&text, &origin)?;
        self.add_table("", table, &origin);
        Ok(())
    }

    /// Adds the settings of environment variables.
    ///
    /// A setting has two underscores after the program's name: Kubernetes sets variables such as
    /// `INSIGHTS_RESULTS_AGGREGATOR_SERVICE_HOST` for a service of that name.
    pub(super) fn add_environment(&mut self, environment: &BTreeMap<String, String>) {
        for (name, text) in environment {
            let Some(path) = name.strip_prefix(VARIABLE_PREFIX) else { continue };
            let key = key_of_variable(path);
            let value = self.defaults.get(&key).map_or_else(|| Value::from(text.as_str()), |kind| read_as(kind, text));
            self.set(key, value, &Origin::Environment(name.clone()));
        }
    }

    /// Sets the defaults that depend on `auth.mode`. After all layers, because any of them may set the mode.
    pub(super) fn apply_mode(&mut self) {
        let mode = self.settings.get("auth.mode").and_then(|setting| setting.value.as_str()?.parse().ok());
        if mode != Some(AuthMode::IdentityHeader) {
            return;
        }
        for key in OFF_WITH_IDENTITY_HEADER {
            if let Some(setting) = self.settings.get_mut(key).filter(|setting| setting.origin == Origin::Default) {
                *setting = Setting { value: Value::Boolean(false), origin: Origin::DefaultWithIdentityHeader };
            }
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

    /// Whether the keys of a table are added instead of the table itself. The table is reported if a value is expected
    /// instead, or if it is unknown and has no keys to report.
    fn is_walked(&self, key: &str, table: &Table) -> bool {
        self.is_section(key) || !(table.is_empty() || self.defaults.contains_key(key))
    }

    fn set(&mut self, key: String, value: Value, origin: &Origin) {
        let origin = origin.clone();
        let checked = if is_client_setting(&key) { client_text(value) } else { self.check_kind(&key, value) };
        let checked = checked.and_then(|value| white_space::problem(&value).map_or(Ok(value), Err));
        match checked {
            Ok(value) => {
                self.settings.insert(key, Setting { value, origin });
            }
            Err(reason) => self.errors.push(KeyError { key, origin, reason }),
        }
    }

    /// Checks that the key exists and that the value has the type of its default.
    fn check_kind(&self, key: &str, value: Value) -> Result<Value, String> {
        match self.defaults.get(key) {
            Some(default) if default.same_type(&value) => Ok(value),
            Some(default) => Err(with_default(&format!("must be {}", kind(default)), default)),
            None if self.is_section(key) => Err(format!("is a section: write its keys below [{key}]")),
            None => Err(match similar_key(key, self.defaults.keys().map(String::as_str)) {
                Some(similar) => format!("is not a known key; did you mean `{similar}`?"),
                None => "is not a known key; the command `config` prints all known keys".to_owned(),
            }),
        }
    }

    fn is_section(&self, key: &str) -> bool {
        key == CLIENT || self.defaults.keys().any(|known| is_within(known, key))
    }

    /// Reads the settings as typed values. Records every invalid value and replaces it with the default, so that the
    /// values can be checked together.
    pub(super) fn read(&mut self) -> Result<Config, Error> {
        for (key, default) in &self.defaults {
            let setting = self.settings.get_mut(key).filter(|setting| setting.origin != Origin::Default);
            let Some(setting) = setting else { continue };
            // Read alone, because serde stops at the first error.
            let alone = self.defaults.iter().map(|(k, default)| (k, if k == key { &setting.value } else { default }));
            if let Err(error) = read(alone) {
                let refused = std::mem::replace(setting, default_setting(default));
                let reason = with_default(&expected(default, &error), default);
                self.errors.push(KeyError { key: key.clone(), origin: refused.origin, reason });
            }
        }
        read(self.settings.iter().map(|(key, setting)| (key, &setting.value)))
            .map_err(|error| invalid_toml("", &Origin::Default, &error))
    }

    /// Records an error of the values as a whole. It is left out if `key` or the related key already has an error:
    /// the value that was checked was then the default.
    pub(super) fn add_error(&mut self, key: &str, related: Option<&str>, reason: &str) {
        if self.errors.iter().any(|error| error.key == key || Some(error.key.as_str()) == related) {
            return;
        }
        let origin = self.settings.get(key).map_or(Origin::Default, |setting| setting.origin.clone());
        self.errors.push(KeyError { key: key.to_owned(), origin, reason: reason.to_owned() });
    }

    /// Returns the settings, or all errors.
    pub(super) fn finish(self) -> Result<BTreeMap<String, Setting>, Error> {
        if self.errors.is_empty() { Ok(self.settings) } else { Err(Error::InvalidKeys(self.errors)) }
    }
}

fn default_setting(value: &Value) -> Setting {
    Setting { value: value.clone(), origin: Origin::Default }
}

/// Reads settings, written as TOML, as typed values.
fn read<'a>(settings: impl Iterator<Item = (&'a String, &'a Value)>) -> Result<Config, toml::de::Error> {
    let lines: Vec<_> = settings.map(|(key, value)| format!("{} = {value}", toml_key(key))).collect();
    toml::from_str(&lines.join("\n"))
}

/// Returns what a value must be, given the error of reading another one. serde's own messages repeat the value, so only
/// those of `parse` are used, which reads all values that are written as text. They begin with "must be".
fn expected(default: &Value, error: &toml::de::Error) -> String {
    match default {
        Value::String(_) => error.message().to_owned(),
        // serde's own messages begin with other words.
        Value::Array(_) if error.message().starts_with("must be ") => error.message().to_owned(),
        Value::Integer(_) => "must be a whole number, not negative and not too large".to_owned(),
        default => format!("must be {}", kind(default)),
    }
}

/// Writes a key as in a TOML file. A setting of librdkafka is a single key, including its dots.
pub(super) fn toml_key(key: &str) -> String {
    match key.strip_prefix(CLIENT).and_then(|rest| rest.strip_prefix('.')) {
        Some(setting) => format!("{CLIENT}.{}", Value::from(setting)),
        None => key.to_owned(),
    }
}

/// Parses a TOML file.
fn parse(text: &str, origin: &Origin) -> Result<Table, Error> {
    toml::from_str(text).map_err(|error| invalid_toml(text, origin, &error))
}

/// Returns the error with line and column but without the text of the line, which may contain a password.
fn invalid_toml(text: &str, origin: &Origin, error: &toml::de::Error) -> Error {
    let before = &text[..error.span().map_or(0, |span| text.floor_char_boundary(span.start))];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Error::InvalidToml {
        origin: origin.clone(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        reason: error.message().to_owned(),
    }
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

fn is_client_setting(key: &str) -> bool {
    is_within(key, CLIENT)
}

/// Returns the key of a variable: `KAFKA__SECURITY__PROTOCOL` is `kafka.security.protocol`. In librdkafka's names an
/// underscore is a dot, which a variable cannot have.
fn key_of_variable(path: &str) -> String {
    let key = path.to_lowercase().replace("__", ".");
    if is_client_setting(&key) { key.replace('_', ".") } else { key }
}

/// Reads the text of an environment variable as the type of the default. A text that cannot be read stays text, and is
/// then refused because it has the wrong type.
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

/// Converts a setting of librdkafka to text, the only type that librdkafka takes.
fn client_text(value: Value) -> Result<Value, String> {
    match value {
        Value::String(_) => Ok(value),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => Ok(Value::from(value.to_string())),
        _ => Err("must be text, a number, true or false".to_owned()),
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

/// Appends the default, which shows how a value of the key is written.
fn with_default(reason: &str, default: &Value) -> String {
    format!("{reason}; the default is {default}")
}
